//! Whether the database continues the log that was signed. Nothing is signed that does not provably do so.

use tenure_ledger::chain::KeyChain;
use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::tree;
use tenure_store::Store;

use crate::anchor::Anchor;
use crate::inner::LogKey;
use crate::integrate::Integration;
use crate::sequencer::read_tiles;
use crate::{EngineError, keys};

/// Why the log is not extended. Each says what was found, what it means, and what to do. Reading and lifting go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogRefusal {
    /// The database lacks what was signed.
    #[error(
        "the log is not extended: {signed} events were signed (the anchor says so), and this database has only \
         {present} of them. It is an older copy, such as a restored backup, or another server writes beside it. Restore a \
         newer copy or stop the other server; where neither can be, `tenured log adopt --reason …` continues from what \
         is here and puts that on the record"
    )]
    Restored {
        /// How many events the anchor's head covers.
        signed: u64,
        /// How many of them have an index here.
        present: u64,
    },
    /// The database holds other events than those that were signed.
    #[error(
        "the log is not extended: its first {signed} events are not those that were signed (the anchor says so). \
         Somebody changed the record, or two servers wrote to copies of one database. Stop the other server and keep both \
         databases as evidence; `tenured log adopt --reason …` continues from what is here and puts that on the record"
    )]
    Forked {
        /// How many events the anchor's head covers.
        signed: u64,
    },
    /// The anchor is gone.
    #[error(
        "the log is not extended: {signed} events were signed, and the anchor that remembers the last signed head is not \
         there, so that nobody can tell whether this database is the latest. Put the file back; where it is lost, `tenured \
         log adopt --reason …` continues from what is here and puts that on the record"
    )]
    Lost {
        /// How many events the database's head covers.
        signed: u64,
    },
    /// The anchor cannot be understood.
    #[error(
        "the log is not extended: the anchor is damaged ({detail}), so that nobody can tell whether this database is the \
         latest. Put the file back as it was; where that cannot be, `tenured log adopt --reason …` continues from what is \
         here and puts that on the record"
    )]
    Damaged {
        /// What is wrong with it.
        detail: String,
    },
    /// The key is another log's.
    #[error(
        "the log is not extended: its head is not signed by any key that leads to this one ({detail}). The key file is \
         another log's, or the head was altered. Put the right key file in its place"
    )]
    OtherKey {
        /// What does not fit.
        detail: String,
    },
    /// The key was replaced.
    #[error(
        "the log is not extended: this key was replaced at size {size}. Put the new key file in its place: it is where \
         `tenured key rotate` was run"
    )]
    Superseded {
        /// The size of the last checkpoint that the key signed.
        size: u64,
    },
}

impl LogRefusal {
    /// A name for programs, which never changes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Restored { .. } => "restored",
            Self::Forked { .. } => "forked",
            Self::Lost { .. } => "anchor_lost",
            Self::Damaged { .. } => "anchor_damaged",
            Self::OtherKey { .. } => "other_key",
            Self::Superseded { .. } => "key_superseded",
        }
    }
}

/// How the anchor and the database's head stand to each other, where the database continues what was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Continuity {
    /// The anchor holds the head, or neither is there yet.
    Level,
    /// The head extends what the anchor holds: somebody else who has the key signed it, with an anchor elsewhere.
    AnchorBehind,
    /// The anchor holds a head that was signed and not committed: the one who did that died in between. The database
    /// has exactly the events that it covers.
    Unpublished(Checkpoint),
}

/// Reads the anchor's note.
pub(crate) fn read_anchor(note: &str, keys: &KeyChain) -> Result<Checkpoint, LogRefusal> {
    Checkpoint::open(note, keys).map_err(|error| LogRefusal::Damaged { detail: error.to_string() })
}

/// Whether the log in this store can be extended with this key and this anchor; a [`LogRefusal`] where it cannot.
/// Changes nothing.
pub async fn check(store: &Store, key: &LogKey, anchor: &dyn Anchor) -> Result<(), EngineError> {
    let chain = keys::chain(store, key).await?;
    Integration { store, key, chain: &chain, anchor, successor: None, epoch: None }.found().await?;
    Ok(())
}

/// Compares the anchor with the database: `head` is what was published, `indexed` how many events have an index.
pub(crate) async fn judge(
    store: &Store,
    anchor: Option<&Checkpoint>,
    head: Option<&Checkpoint>,
    indexed: u64,
) -> Result<Continuity, EngineError> {
    let published = head.map_or(0, |head| head.size);
    let Some(anchor) = anchor else {
        return match head {
            None => Ok(Continuity::Level),
            Some(head) => Err(LogRefusal::Lost { signed: head.size }.into()),
        };
    };
    if anchor.size > indexed {
        return Err(LogRefusal::Restored { signed: anchor.size, present: indexed }.into());
    }
    if head == Some(anchor) {
        return Ok(Continuity::Level);
    }
    let forked = || EngineError::from(LogRefusal::Forked { signed: anchor.size });
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("ledger", e);
    if anchor.size > published {
        // The tiles of indexed events are there, whether or not a head covers them.
        let tiles = read_tiles(store, &tree::tiles_for_root(anchor.size)).await?;
        let root = tree::root(anchor.size, &tiles).map_err(|e| defect(&e))?;
        return if root == anchor.root { Ok(Continuity::Unpublished(anchor.clone())) } else { Err(forked()) };
    }
    let Some(head) = head else { return Err(forked()) };
    let ids = tree::tiles_for_consistency(anchor.size, head.size).map_err(|e| defect(&e))?;
    let tiles = read_tiles(store, &ids).await?;
    let proof = tree::consistency_proof(anchor.size, head.size, &tiles).map_err(|e| defect(&e))?;
    match tree::verify_consistency(anchor.size, anchor.root, head.size, head.root, &proof) {
        Ok(()) => Ok(Continuity::AnchorBehind),
        Err(_) => Err(forked()),
    }
}
