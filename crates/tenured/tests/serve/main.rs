//! The server as it is run for real: configured, bootstrapped, watched and stopped.
#![cfg(test)]

mod beginning;
mod faults;
mod house;
mod secrets;
mod stopping;
mod telling;
mod tracing;
