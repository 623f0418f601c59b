//! The bounds of one request.

use std::time::Duration;

/// The largest JSON body, in bytes.
pub const JSON_BODY: usize = 256 * 1024;
/// The largest document (terms, rule), in bytes.
pub const DOCUMENT_BODY: usize = 256 * 1024;
/// The largest piece of evidence, or report in a published format, in bytes.
pub const EVIDENCE_BODY: usize = 10 * 1024 * 1024;
/// How much of a body that is too large is read and thrown away before the answer, in bytes.
pub const HEARD_OUT: usize = 10 * 1024 * 1024;
/// The longest words (reasons, statements, answers), in characters.
pub const WORDS: usize = 20_000;
/// The most reports that one case is opened on.
pub const REPORTS: usize = 1_000;
/// The longest idempotency key, in characters.
pub const KEY: usize = 200;
/// The longest `X-Request-Id`, in characters.
pub const REQUEST_ID: usize = 128;

/// The bounds of connections. All times are operating time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a request's header may take, from when the connection is made or the answer before is sent.
    pub header_time: Duration,
    /// The size from which a header that is not at its end is refused, in bytes; at least 8 KiB. What comes in one
    /// piece can be up to twice as large.
    pub header_bytes: usize,
    /// How many connections are served at once; more wait to be accepted.
    pub connections: usize,
    /// How long a request may take. Moving the simulated clock has its own bound in the engine.
    pub request_time: Duration,
    /// How long requests under way may take when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_time: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            connections: 1_024,
            request_time: Duration::from_secs(30),
            grace: Duration::from_secs(5),
        }
    }
}
