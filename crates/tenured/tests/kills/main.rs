//! Kill -9 at any step of the story loses nothing acknowledged, and the next start finishes what was begun.
#![cfg(test)]

mod drill;
mod load;
mod server;
mod steps;
