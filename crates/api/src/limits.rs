//! The bounds of one request.

use std::num::NonZeroU32;
use std::time::Duration;

/// The largest JSON body, in bytes.
pub const JSON_BODY: usize = 256 * 1024;
/// The largest JSON body that holds files or secrets, in bytes: what is in them takes more room as JSON.
pub const CONTENTS_BODY: usize = 3 * 1024 * 1024;
/// The largest document (terms, rule), in bytes.
pub const DOCUMENT_BODY: usize = 256 * 1024;
/// The largest piece of evidence, or report in a published format, in bytes.
pub const EVIDENCE_BODY: usize = 10 * 1024 * 1024;
/// How much of a body that is too large is read and thrown away before the answer, in bytes.
pub const HEARD_OUT: usize = 10 * 1024 * 1024;
/// The longest words (reasons, statements, answers), in characters.
pub const WORDS: usize = 20_000;

/// The most accounts of which a proposal says whether they are similarly situated.
pub const ANSWERS: usize = 50;
/// The most reports that one case is opened on.
pub const REPORTS: usize = 1_000;
/// The longest idempotency key, in characters.
pub const KEY: usize = 200;
/// The longest `X-Request-Id`, in characters.
pub const REQUEST_ID: usize = 128;

/// How often something may be asked: a bucket that holds `burst` and gains `per_second`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many for each second in the long run.
    pub per_second: NonZeroU32,
    /// How many at once.
    pub burst: NonZeroU32,
}

impl Rate {
    /// So many for each second and so many at once; none counts as one.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self { per_second: at_least_one(per_second), burst: at_least_one(burst) }
    }
}

/// The bounds of connections and requests that can be set. All times are operating time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a request's header may take, from when the connection is made or the answer before is sent.
    pub header_time: Duration,
    /// The largest header, in bytes. One up to 16 KiB larger is answered with a problem; beyond that the connection is
    /// closed after a bare 431. What comes in one piece can be up to twice as large before it is.
    pub header_bytes: usize,
    /// How long a request's body may take, from its header to its end.
    pub body_time: Duration,
    /// How long a request may take in all, up to the beginning of its answer. Moving the simulated clock has its own
    /// bound in the engine.
    pub request_time: Duration,
    /// How long a client may take nothing of its answer before the connection is cut.
    pub write_time: Duration,
    /// How many connections are served at once; more wait to be accepted.
    pub connections: usize,
    /// How many requests are carried out at once; more are told to try again.
    pub requests: usize,
    /// How often one principal may ask.
    pub asks: Rate,
    /// How often requests without a valid token may come from one address.
    pub failed_tokens: Rate,
    /// How many event streams one principal may have open.
    pub streams: usize,
    /// After how long an event stream on which nothing happens says that it is alive.
    pub heartbeat: Duration,
    /// How long requests under way may take when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_time: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            body_time: Duration::from_secs(20),
            request_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            connections: 1_024,
            requests: 512,
            asks: Rate::new(1_000, 5_000),
            failed_tokens: Rate::new(100, 1_000),
            streams: 20,
            heartbeat: Duration::from_secs(15),
            grace: Duration::from_secs(5),
        }
    }
}
