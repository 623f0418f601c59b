//! An account's state: what was kept of it last, with the events since then folded on top.
//!
//! A state is kept when the stream has grown by a part of itself, so that neither the bytes that an event costs nor the
//! events that a reader folds grow with the account's age.

use std::collections::HashMap;
use std::sync::Arc;

use tenure_domain::account::{self, Account};
use tenure_domain::name::AccountId;
use tenure_store::{Aggregate, EventRow, Store, Write};

use crate::EngineError;
use crate::inner::Inner;
use crate::stream::{self, Decoded};

/// The fewest and the most events that come between two states that are kept.
const FEWEST: u64 = 16;
const MOST: u64 = 256;

/// How many events are read at once.
const PAGE: u32 = 256;

/// Whether the state at `version` is to be kept, where the last one that was is at `kept`.
pub(crate) fn is_kept(version: u64, kept: u64) -> bool {
    version.saturating_sub(kept) >= (kept / 4).clamp(FEWEST, MOST)
}

/// Folds further events of an account, in order, on top of a state.
pub(crate) fn fold<'a>(
    id: &AccountId,
    state: Option<Account>,
    leaves: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<Account>, EngineError> {
    let name = stream::account(id);
    leaves.into_iter().try_fold(state, |state, leaf| {
        let Decoded { fields, at, actor, event } = stream::decode(leaf)?;
        let next = state.as_ref().map_or(0, |account| account.version) + 1;
        if fields.stream != name || fields.n != next {
            return Err(EngineError::defect(
                &name,
                &format!("event {next} is missing, or is that of another"),
            ));
        }
        let recorded = account::Recorded { at, actor, event };
        Account::apply(id, state, &recorded).map(Some).map_err(|e| EngineError::defect(&name, &e))
    })
}

/// The state that a row holds.
fn kept(row: &Aggregate) -> Result<Account, EngineError> {
    let account: Account =
        serde_json::from_str(&row.state).map_err(|e| EngineError::defect(&row.stream, &e))?;
    if account.version != row.version || row.version > row.last {
        return Err(EngineError::defect(
            &row.stream,
            &format!("its state is at version {}, and it has {} events", row.version, row.last),
        ));
    }
    Ok(account)
}

/// An account as it is committed; none where there is none.
pub(crate) async fn committed(inner: &Inner, id: &AccountId) -> Result<Option<Arc<Account>>, EngineError> {
    let name = stream::account(id);
    let Some(known) = inner.known.get(&name) else {
        return match inner.store.aggregate(&name).await? {
            Some(row) => of_row(inner, id, &row).await.map(Some),
            None => Ok(None),
        };
    };
    match inner.store.last_of(&name).await? {
        Some(last) if known.version < last => {
            caught_up(inner, id, Arc::unwrap_or_clone(known), last).await.map(Some)
        }
        Some(_) => Ok(Some(known)),
        None => Ok(None),
    }
}

/// An account whose row was read, at the last event that there was then or a later one.
pub(crate) async fn of_row(
    inner: &Inner,
    id: &AccountId,
    row: &Aggregate,
) -> Result<Arc<Account>, EngineError> {
    match inner.known.get(&row.stream) {
        Some(known) if known.version >= row.last => Ok(known),
        Some(known) => caught_up(inner, id, Arc::unwrap_or_clone(known), row.last).await,
        None => caught_up(inner, id, kept(row)?, row.last).await,
    }
}

/// An account with its events up to number `last` folded on top, kept for whoever asks next.
async fn caught_up(
    inner: &Inner,
    id: &AccountId,
    account: Account,
    last: u64,
) -> Result<Arc<Account>, EngineError> {
    let account = Arc::new(up_to(&inner.store, id, account, last).await?);
    inner.known.keep(&stream::account(id), Arc::clone(&account));
    Ok(account)
}

/// An account whose row was read, at the last event that there was then or a later one, where no engine knows it.
pub(crate) async fn of_row_alone(store: &Store, row: &Aggregate) -> Result<Account, EngineError> {
    let account = kept(row)?;
    let id = account.id.clone();
    up_to(store, &id, account, row.last).await
}

async fn up_to(
    store: &Store,
    id: &AccountId,
    mut account: Account,
    last: u64,
) -> Result<Account, EngineError> {
    let name = stream::account(id);
    while account.version < last {
        let next = account.version + 1;
        let page: Vec<EventRow> = store.stream(&name, next, PAGE).await?;
        let folded = fold(id, Some(account), page.iter().map(|event| event.leaf.as_slice()))?;
        account = folded
            .filter(|account| account.version >= next)
            .ok_or_else(|| EngineError::defect(&name, &format!("event {next} is missing")))?;
    }
    Ok(account)
}

/// The accounts of a write, as they stand in it. They follow its marks.
#[derive(Debug, Default)]
pub(crate) struct States {
    /// Read, or changed and kept.
    kept: HashMap<String, Arc<Account>>,
    /// Changed since the mark.
    marked: HashMap<String, Arc<Account>>,
}

impl States {
    /// Takes an account out, to be changed or put back; none where there is none.
    pub async fn take(
        &mut self,
        inner: &Inner,
        write: &mut Write,
        id: &AccountId,
    ) -> Result<Option<Arc<Account>>, EngineError> {
        let name = stream::account(id);
        if let Some(account) = self.marked.get(&name) {
            return Ok(Some(Arc::clone(account)));
        }
        if let Some(account) = self.kept.remove(&name) {
            return Ok(Some(account));
        }
        let known = inner.known.take(&name);
        let Some((last, _)) = write.version(&name).await? else {
            return match write.aggregate(&name).await? {
                None => Ok(None),
                Some(row) => kept(&row).map(|account| Some(Arc::new(account))),
            };
        };
        let base = match known {
            Some(known) if known.version == last => return Ok(Some(known)),
            Some(known) if known.version < last => Arc::unwrap_or_clone(known),
            Some(_) | None => match write.aggregate(&name).await? {
                Some(row) => kept(&row)?,
                None => return Ok(None),
            },
        };
        let leaves = write.leaves_after(&name, base.version).await?;
        Ok(fold(id, Some(base), leaves.iter().map(Vec::as_slice))?.map(Arc::new))
    }

    /// Puts back an account that was not changed.
    pub fn put_back(&mut self, account: Arc<Account>) {
        let name = stream::account(&account.id);
        if !self.marked.contains_key(&name) {
            self.kept.insert(name, account);
        }
    }

    /// Takes over an account that was changed in the write.
    pub fn change(&mut self, account: Arc<Account>) {
        self.marked.insert(stream::account(&account.id), account);
    }

    /// Forgets what was changed since the mark. An account that was taken out for it is read again when asked for.
    pub fn undo(&mut self) {
        self.marked.clear();
    }

    /// Keeps what was changed since the mark.
    pub fn keep(&mut self) {
        self.kept.extend(self.marked.drain());
    }

    /// The write was committed: from now on everybody can go by these.
    pub fn committed(self, inner: &Inner) {
        for (name, account) in self.kept {
            inner.known.keep(&name, account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_kept;

    #[test]
    fn what_is_written_for_an_event_and_folded_by_a_reader_stays_small_however_old_the_account() {
        let (mut kept, mut states, mut most_behind) = (1_u64, 0_u64, 0_u64);
        for version in 2..=100_000 {
            if is_kept(version, kept) {
                states += 1;
                kept = version;
            }
            most_behind = most_behind.max(version - kept);
        }
        assert!(most_behind < 256, "a reader folds {most_behind} events");
        assert!(states < 100_000 / 200, "{states} states for 100,000 events");
    }
}
