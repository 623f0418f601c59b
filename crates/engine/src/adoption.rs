//! A person's decision to continue from a database that does not provably continue the log: explicit, with a reason, and
//! on the record before anything is signed.

use tenure_domain::book;
use tenure_ledger::note;
use tenure_store::Store;

use crate::anchor::{Anchor as _, FileAnchor};
use crate::continuity::{LogRefusal, check, read_anchor};
use crate::entropy::Entropy;
use crate::inner::LogKey;
use crate::integrate::head;
use crate::kept::Kept;
use crate::{EngineError, keys};

/// What was adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Why nothing was signed before.
    pub refusal: LogRefusal,
    /// How many events the head covers from which the log continues.
    pub size: u64,
}

/// Makes the database's head the one that the log continues from, whatever the anchor says; none where nothing stands in
/// the way. No server runs beside.
///
/// What was signed and is not in this database stays signed: who holds such a checkpoint can show it. The event
/// `log.adopted` says why. A key that is not this log's, or was replaced, cannot be helped by this.
pub async fn adopt(
    store: &Store,
    key: &LogKey,
    anchor: &FileAnchor,
    why: &str,
    entropy: &Entropy,
) -> Result<Option<Adopted>, EngineError> {
    let refusal = match check(store, key, anchor).await {
        Ok(()) => return Ok(None),
        Err(EngineError::Log(refusal)) => refusal,
        Err(error) => return Err(error),
    };
    if matches!(refusal, LogRefusal::OtherKey { .. } | LogRefusal::Superseded { .. }) {
        return Err(refusal.into());
    }
    let chain = keys::chain(store, key).await?;
    let head = head(store, &chain).await?;
    let anchored = anchor.read().await?;
    // What the anchor held stays on the record in full where it is a note: others may hold the same.
    let signed =
        anchored.filter(|anchored| note::text(anchored).is_ok() && read_anchor(anchored, &chain).is_ok());
    let mut kept = Kept::default();
    let words = kept.words(entropy, why)?;
    let size = head.as_ref().map_or(0, |head| head.checkpoint.size);
    let event =
        book::Event::LogAdopted { found: refusal.name().to_owned(), why: words, size, anchor: signed };
    keys::record(store, entropy, &book::Entry::LogAnchor, event, &kept).await?;
    anchor.replace(head.as_ref().map(|head| head.note.as_str())).await?;
    Ok(Some(Adopted { refusal, size }))
}
