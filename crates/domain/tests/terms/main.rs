//! The example documents in `deploy/terms`, each held to what it promises; and what terms may say besides powers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking, and so do their helpers"
)]

mod examples;
mod extended;
