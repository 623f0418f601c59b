//! The story of January 2021, on the simulated cluster and on a real one with real pods.
#![cfg(test)]

mod objects;
mod outage;
mod play;
mod real;
