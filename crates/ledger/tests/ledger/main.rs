//! The ledger against its published formats, their published vectors and naive oracles.
// Marks helpers as test code too, so that they may unwrap as tests do.
#![cfg(test)]

mod chains;
mod leaf_format;
mod log;
mod notes;
mod paths;
mod receipts;
mod rfc6962;
mod secrets;
mod tree;
