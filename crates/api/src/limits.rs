//! The bounds of one request.

use std::time::Duration;

/// The largest JSON body, in bytes.
pub const JSON_BODY: usize = 256 * 1024;
/// The largest document (terms, rule), in bytes.
pub const DOCUMENT_BODY: usize = 256 * 1024;
/// The largest piece of evidence, in bytes.
pub const EVIDENCE_BODY: usize = 10 * 1024 * 1024;
/// The longest words (reasons, statements, answers), in characters.
pub const WORDS: usize = 20_000;
/// How long a request's header may take.
pub const HEADER_TIME: Duration = Duration::from_secs(10);
/// The largest header, in bytes.
pub const HEADER_BYTES: usize = 32 * 1024;
/// How long a request may take. Moving the simulated clock has its own bound in the engine.
pub const REQUEST_TIME: Duration = Duration::from_secs(30);
/// The longest idempotency key, in characters.
pub const KEY: usize = 200;
