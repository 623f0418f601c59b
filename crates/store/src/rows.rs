//! The rows as the engine sees them.

/// An aggregate's state as it was kept last. Events may have come after it: they are to be folded on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// Its stream, such as `account/parley`.
    pub stream: String,
    /// How many events made the state.
    pub version: u64,
    /// The state as JSON.
    pub state: String,
    /// The number of the stream's last event; at least `version`.
    pub last: u64,
}

/// An event to be appended.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Its number in its stream, from 1.
    pub n: u64,
    /// The legal moment, in microseconds UTC.
    pub at: i64,
    /// Its type.
    pub event_type: String,
    /// The exact bytes of its leaf.
    pub leaf: Vec<u8>,
}

/// An event as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its place in the order of commits; a cursor for readers.
    pub position: i64,
    /// Its stream.
    pub stream: String,
    /// Its number in the stream, from 1.
    pub n: u64,
    /// The exact bytes of its leaf.
    pub leaf: Vec<u8>,
    /// Its index in the log, once the sequencer has integrated it.
    pub leaf_index: Option<u64>,
}

/// What an event is about, without its leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHeader {
    /// Its place in the order of commits; a cursor for readers.
    pub position: i64,
    /// Its stream.
    pub stream: String,
    /// The legal moment, in microseconds UTC.
    pub at: i64,
    /// Its type.
    pub event_type: String,
}

/// A deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerRow {
    /// Whose.
    pub stream: String,
    /// Which.
    pub key: String,
    /// When, in microseconds UTC.
    pub due: i64,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its row.
    pub id: i64,
    /// What.
    pub kind: String,
    /// With what.
    pub subject: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// Immutable bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRow {
    /// Their media type.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A report, as lists and rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// About which account.
    pub account: String,
    /// Its number within the account, from 1.
    pub number: u32,
    /// The ground it alleges.
    pub ground: String,
    /// When it came in, in microseconds UTC.
    pub filed_at: i64,
    /// When the account answered, in microseconds UTC.
    pub remediated_at: Option<i64>,
}

/// An answer already given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// SHA-256 of the request that it answered.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers that a repetition repeats, as JSON.
    pub headers: String,
    /// The body.
    pub body: String,
}

/// A tile of the Merkle tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileRow {
    /// Its level.
    pub level: u8,
    /// Its index in the level.
    pub index: u64,
    /// How many hashes it has.
    pub width: u16,
    /// The hashes.
    pub bytes: Vec<u8>,
}
