//! The Tenure server.
fn main() {}
