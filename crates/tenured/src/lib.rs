//! The parts of the server binary: configuration, wiring, and the story that `dev --demo` plays.

pub mod bootstrap;
pub mod check;
pub mod config;
pub mod dev;
pub mod freeze;
pub mod installation;
pub mod keys;
pub mod logging;
pub mod maintain;
pub mod serve;
pub mod story;
pub mod terms;

#[cfg(seeded_violation)]
compile_error!("a domain that lacks a guard is for tests/seeded alone");

/// Installs the one cryptography provider for TLS. Call it first in `main` and in tests.
pub fn install_crypto() {
    // A second installation in the same process is no fault.
    drop(rustls::crypto::ring::default_provider().install_default());
}
