//! Queries: what is, read from one committed state.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tenure_access::Principal;
use tenure_domain::account::Account;
use tenure_domain::account::case::Case;
use tenure_domain::book;
use tenure_domain::name::{AccountId, EnvironmentId, ReportId};
use tenure_domain::report::{self, Allegation, Report};
use tenure_ledger::Hash;
use tenure_ledger::bundle::Receipt;
use tenure_ledger::leaf::Leaf;
use tenure_ledger::tree::{self, TileId};
use tenure_store::{Answer, BlobRow, EventRow, ReportRow, TileRow, UndeliverableRow};

use crate::continuity::LogRefusal;
use crate::engine::Engine;
use crate::integrate::Head;
use crate::reconcile::Observed;
use crate::stream::Decoded;
use crate::{EngineError, keys, moves, sequencer, state, stream};

/// An event as readers see it.
#[derive(Debug, Clone, PartialEq)]
pub struct EventSeen {
    /// Its place in the order of commits; a cursor.
    pub position: i64,
    /// Its stream.
    pub stream: String,
    /// Its number in the stream, from 1.
    pub n: u64,
    /// Its index in the log, once it is there.
    pub index: Option<u64>,
    /// The legal moment.
    pub at: Timestamp,
    /// Who acted.
    pub actor: String,
    /// Its type.
    pub event_type: String,
    /// Its body.
    pub body: Map<String, Value>,
}

/// What says the same as a report and was joined to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The number of its event in the report's stream.
    pub n: u64,
    /// The legal moment.
    pub at: Timestamp,
    /// Who brought it in.
    pub by: String,
    /// What is alleged.
    pub allegation: Allegation,
}

/// Whether an event's receipt can be had.
#[derive(Debug, Clone)]
pub enum Inclusion {
    /// It is in the log, and this proves it.
    Proved(Box<Receipt>),
    /// It is committed, and the log does not cover it yet.
    NotYet,
    /// There is no such event.
    None,
}

impl Engine {
    /// An account.
    pub async fn account(&self, id: &AccountId) -> Result<Arc<Account>, EngineError> {
        self.inner.account(id).await
    }

    /// Accounts in the order of their slugs, after the one named.
    pub async fn accounts(
        &self,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<Arc<Account>>, EngineError> {
        let after = after.map(stream::account).unwrap_or_default();
        let rows = self.inner.store.aggregates("account", &after, limit).await?;
        let mut accounts = Vec::with_capacity(rows.len());
        for row in rows {
            let slug = row.stream.strip_prefix("account/").unwrap_or_default();
            let id = slug.parse().map_err(|e| EngineError::defect(&row.stream, &e))?;
            accounts.push(state::of_row(&self.inner, &id, &row).await?);
        }
        Ok(accounts)
    }

    /// A report.
    pub async fn report(&self, id: &ReportId) -> Result<Option<Report>, EngineError> {
        let row = self.inner.store.aggregate(&stream::report(id)).await?;
        row.map(|row| serde_json::from_str(&row.state).map_err(|e| EngineError::defect(&row.stream, &e)))
            .transpose()
    }

    /// An account's reports by number, after the one named.
    pub async fn reports(
        &self,
        id: &AccountId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<ReportRow>, EngineError> {
        Ok(self.inner.store.reports_after(id.as_str(), after, limit).await?)
    }

    /// The number of the last report about an account; 0 before the first.
    pub async fn last_report(&self, id: &AccountId) -> Result<u32, EngineError> {
        Ok(self.inner.store.last_report(id.as_str()).await?)
    }

    /// The notices of all accounts that reach nobody, the oldest first, after the one named.
    pub async fn undeliverable(
        &self,
        after: Option<UndeliverableRow>,
        limit: u32,
    ) -> Result<Vec<UndeliverableRow>, EngineError> {
        let first = UndeliverableRow { since: i64::MIN, account: String::new(), number: 0 };
        Ok(self.inner.store.undeliverable(&after.unwrap_or(first), limit).await?)
    }

    /// Whether this is a place that can be looked at; else why not.
    pub fn check_place(place: &str) -> Result<(), String> {
        tenure_fetch::read(place).map(drop).map_err(|e| e.to_string())
    }

    /// What says the same as a report and was joined to it, after the event with number `after`.
    pub async fn joined(&self, id: &ReportId, after: u64, limit: u32) -> Result<Vec<Joined>, EngineError> {
        let mut joined = Vec::new();
        let mut from = after.saturating_add(1);
        loop {
            let rows = self.inner.store.stream(&stream::report(id), from, limit).await?;
            let Some(last) = rows.last() else { return Ok(joined) };
            from = last.n + 1;
            for row in &rows {
                let Decoded { at, actor, event, .. } = stream::decode(&row.leaf)?;
                if let report::Event::Joined(allegation) = event {
                    joined.push(Joined { n: row.n, at, by: actor.to_string(), allegation });
                }
                if joined.len() as u64 == u64::from(limit) {
                    return Ok(joined);
                }
            }
        }
    }

    /// The version of an entry of the provider's book; none where there is no such entry.
    pub async fn version_of(&self, entry: &book::Entry) -> Result<Option<u64>, EngineError> {
        let row = self.inner.store.aggregate(&entry.to_string()).await?;
        let state = row.map(|row| {
            serde_json::from_str::<book::State>(&row.state).map_err(|e| EngineError::defect(&row.stream, &e))
        });
        Ok(state.transpose()?.map(|state| state.version))
    }

    /// What was last observed of an environment.
    pub async fn observed(
        &self,
        account: &AccountId,
        environment: &EnvironmentId,
    ) -> Result<Observed, EngineError> {
        let state = self.account(account).await?;
        let row = moves::home(&state, environment);
        let kept = self.inner.store.environment(account.as_str(), &row).await?;
        kept.map_or_else(
            || Ok(Observed::default()),
            |(_, observed)| serde_json::from_str(&observed).map_err(|e| EngineError::defect("observed", &e)),
        )
    }

    /// Words behind a commitment; none where they were erased.
    pub async fn read_words(&self, id: &str) -> Result<Option<String>, EngineError> {
        Ok(self.inner.store.words(id).await?)
    }

    /// The answer that was given to this principal under an idempotency key.
    pub async fn answer_given(
        &self,
        principal: &Principal,
        key: &str,
    ) -> Result<Option<Answer>, EngineError> {
        Ok(self.inner.store.answer(&principal.to_string(), key).await?)
    }

    /// The media type of kept bytes.
    pub async fn media_type(&self, id: &str) -> Result<Option<String>, EngineError> {
        Ok(self.inner.store.media_type(id).await?)
    }

    /// Kept bytes.
    pub async fn blob(&self, id: &str) -> Result<Option<BlobRow>, EngineError> {
        Ok(self.inner.store.blob(id).await?)
    }

    /// Whether an account's own record names these bytes: the evidence of a report about it, a letter to it, a receipt
    /// or an order about it.
    pub async fn is_named_by(&self, id: &AccountId, blob: &str) -> Result<bool, EngineError> {
        Ok(self.inner.store.names_blob(id.as_str(), blob).await?)
    }

    /// Events of one stream, from number `from`.
    pub async fn stream(&self, stream: &str, from: u64, limit: u32) -> Result<Vec<EventSeen>, EngineError> {
        self.inner.store.stream(stream, from, limit).await?.into_iter().map(seen).collect()
    }

    /// All events after a position, in the order of commits.
    pub async fn events(&self, after: i64, limit: u32) -> Result<Vec<EventSeen>, EngineError> {
        self.inner.store.events(after, limit).await?.into_iter().map(seen).collect()
    }

    /// The proof that an event is in the log.
    pub async fn receipt(&self, stream: &str, n: u64) -> Result<Inclusion, EngineError> {
        let Some(event) = self.inner.store.stream(stream, n, 1).await?.into_iter().find(|e| e.n == n) else {
            return Ok(Inclusion::None);
        };
        let Some((head, note)) = sequencer::head(&self.inner).await? else { return Ok(Inclusion::NotYet) };
        let Some(index) = event.leaf_index.filter(|index| *index < head.size) else {
            return Ok(Inclusion::NotYet);
        };
        let head = Head { checkpoint: head, note };
        let receipt = keys::receipt(&self.inner.store, event, index, head).await?;
        Ok(Inclusion::Proved(Box::new(receipt)))
    }

    /// The rotations of the log's key so far, as [`tenure_ledger::chain::KeyChain`] verifies them.
    pub async fn key_transitions(&self) -> Result<Vec<Receipt>, EngineError> {
        keys::transitions(&self.inner.store).await
    }

    /// The log's last signed checkpoint, as a note; none before the first event.
    pub async fn checkpoint(&self) -> Result<Option<String>, EngineError> {
        Ok(sequencer::head(&self.inner).await?.map(|(_, note)| note))
    }

    /// The proof that the log of the present checkpoint extends the log of size `older`; none where it has no such
    /// size.
    pub async fn consistency(&self, older: u64) -> Result<Option<(u64, Vec<Hash>, String)>, EngineError> {
        let defect = |e: &dyn std::fmt::Display| EngineError::defect("ledger", e);
        let Some((head, note)) = sequencer::head(&self.inner).await?.filter(|(head, _)| older <= head.size)
        else {
            return Ok(None);
        };
        let ids = tree::tiles_for_consistency(older, head.size).map_err(|e| defect(&e))?;
        let tiles = sequencer::read_tiles(&self.inner.store, &ids).await?;
        let proof = tree::consistency_proof(older, head.size, &tiles).map_err(|e| defect(&e))?;
        Ok(Some((head.size, proof, note)))
    }

    /// A tile of the published tree; none where the tree has no such tile.
    pub async fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, EngineError> {
        // The signature is for whoever reads the tile to check; here only the size counts.
        let Some((size, _)) = self.inner.store.head().await? else { return Ok(None) };
        if !id.exists_in(size) {
            return Ok(None);
        }
        let row: Option<TileRow> = self.inner.store.tile(id.level(), id.index()).await?;
        Ok(row.and_then(|row| row.bytes.get(..usize::from(id.width()) * 32).map(<[u8]>::to_vec)))
    }

    /// Why the log is not extended, where it is not. Reading and lifting go on.
    pub fn log_refusal(&self) -> Option<LogRefusal> {
        self.inner.log_refusal.borrow().clone()
    }

    /// How many events there are, and how many of them the log does not cover yet.
    pub async fn backlog(&self) -> Result<(u64, u64), EngineError> {
        Ok(self.inner.store.backlog().await?)
    }

    /// Changes with each commit.
    pub fn commits(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.commits.subscribe()
    }

    /// The terms that govern a case.
    pub fn governing(
        &self,
        account: &Account,
        case: &Case,
    ) -> Result<Arc<tenure_domain::terms::Terms>, EngineError> {
        Ok(Arc::clone(account.terms_of(case, &self.shelf().terms)?))
    }

    /// The terms that an account accepted.
    pub fn accepted(&self, account: &Account) -> Result<Arc<tenure_domain::terms::Terms>, EngineError> {
        Ok(Arc::clone(account.accepted(&self.shelf().terms)?))
    }
}

fn seen(row: EventRow) -> Result<EventSeen, EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("leaf", e);
    let fields = Leaf::parse(&row.leaf).map_err(|e| defect(&e))?.into_fields();
    Ok(EventSeen {
        position: row.position,
        stream: row.stream,
        n: row.n,
        index: row.leaf_index,
        at: fields.at.parse().map_err(|e| defect(&e))?,
        actor: fields.actor,
        event_type: fields.event_type,
        body: fields.body,
    })
}
