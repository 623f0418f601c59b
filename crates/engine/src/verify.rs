//! `tenured verify`: refold all events and compare; rehash all leaves and compare with the signed head.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tenure_domain::account::{self, Account};
use tenure_domain::name::{AccountId, ReportId};
use tenure_domain::{book, report};
use tenure_ledger::chain::KeyChain;
use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::leaf::commitment;
use tenure_ledger::note::VerifierKey;
use tenure_ledger::tree::{self, TileSet};
use tenure_store::{EventRow, Store, UndeliverableRow};

use crate::intake::{Keys, SALT_KEY, Salt};
use crate::kept::blob_id;
use crate::stream::{self, Decoded};
use crate::{EngineError, catch_up, keys, state, turn};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Streams refolded.
    pub streams: u64,
    /// Events read.
    pub events: u64,
    /// Events that the signed head covers.
    pub covered: u64,
    /// Everything that is wrong, in words; empty when all agrees.
    pub faults: Vec<String>,
}

/// How many rows are read at once.
const PAGE: u32 = 1_000;

/// How many blobs are read at once: they can be large.
const BLOBS: u32 = 16;

/// The most faults that are told.
const MOST_FAULTS: usize = 100;

impl Findings {
    fn fault(&mut self, text: impl Into<String>) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(text.into());
        }
    }
}

/// Refolds every stream from its leaves and compares with the stored state, timers and report rows; rebuilds the tree
/// from the leaves and compares it with the signed head, by any one of the log's keys; hashes kept bytes and words and compares with their names.
///
/// Words that are not there were erased, which is no fault. Nobody may write meanwhile: it is several reads.
pub async fn verify(store: &Store, verifier: &VerifierKey) -> Result<Findings, EngineError> {
    let mut findings = Findings::default();
    let mut streams: BTreeMap<String, Vec<EventRow>> = BTreeMap::new();
    let mut leaves: BTreeMap<u64, tenure_ledger::Hash> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = store.events(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for event in page {
            findings.events += 1;
            if let Some(index) = event.leaf_index {
                leaves.insert(index, tree::leaf_hash(&event.leaf));
            }
            streams.entry(event.stream.clone()).or_default().push(event);
        }
    }
    // Where no engine of this version has led since the deadlines have this form, they are made up when one does.
    let timed = catch_up::is_done(store).await?;
    for (name, events) in &streams {
        findings.streams += 1;
        refold(store, &mut findings, name, events, timed).await?;
    }
    aggregates(store, &mut findings, &streams).await?;
    timers(store, &mut findings, &streams).await?;
    reports(store, &mut findings, &streams).await?;
    undeliverable(store, &mut findings).await?;
    blobs(store, &mut findings).await?;
    blob_refs(store, &mut findings, &streams).await?;
    report_keys(store, &mut findings, &streams).await?;
    for fault in crate::parity::faults(store).await? {
        findings.fault(fault);
    }
    words(store, &mut findings).await?;
    head(store, verifier, &mut findings, &leaves).await?;
    Ok(findings)
}

type Streams = BTreeMap<String, Vec<EventRow>>;

fn kind_of(stream: &str) -> &str {
    stream.split('/').next().unwrap_or_default()
}

async fn aggregates(store: &Store, findings: &mut Findings, streams: &Streams) -> Result<(), EngineError> {
    let mut after = String::new();
    loop {
        let page = store.every_aggregate(&after, PAGE).await?;
        let Some((_, last)) = page.last() else { return Ok(()) };
        after.clone_from(&last.stream);
        for (kind, aggregate) in &page {
            if !streams.contains_key(&aggregate.stream) {
                findings.fault(format!("{}: a state without any event", aggregate.stream));
            } else if kind != kind_of(&aggregate.stream) {
                findings.fault(format!("{}: listed as {kind:?}, so that nobody finds it", aggregate.stream));
            }
        }
    }
}

async fn timers(store: &Store, findings: &mut Findings, streams: &Streams) -> Result<(), EngineError> {
    let mut page = store.due(i64::MAX, PAGE).await?;
    while let Some(last) = page.last().cloned() {
        for timer in
            page.iter().filter(|t| kind_of(&t.stream) != "account" || !streams.contains_key(&t.stream))
        {
            findings.fault(format!("{}: a timer {} without an account", timer.stream, timer.key));
        }
        page = store.due_after(&last, i64::MAX, PAGE).await?;
    }
    Ok(())
}

async fn reports(store: &Store, findings: &mut Findings, streams: &Streams) -> Result<(), EngineError> {
    let mut after = (String::new(), 0);
    loop {
        let page = store.every_report((&after.0, after.1), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.account.clone(), last.number);
        for row in &page {
            let stream = format!("report/{}.r{}", row.account, row.number);
            if !streams.contains_key(&stream) {
                findings.fault(format!("{stream}: a row for lists without any event"));
            }
        }
    }
}

/// The list of notices that reach nobody, compared with the accounts' states.
async fn undeliverable(store: &Store, findings: &mut Findings) -> Result<(), EngineError> {
    let mut said: BTreeSet<UndeliverableRow> = BTreeSet::new();
    let mut after = String::new();
    loop {
        let page = store.every_aggregate(&after, PAGE).await?;
        let Some((_, last)) = page.last() else { break };
        after.clone_from(&last.stream);
        for (_, row) in page.iter().filter(|(kind, _)| kind == "account") {
            match state::of_row_alone(store, row).await {
                Ok(account) => said.extend(turn::undeliverable(Some(&account))),
                Err(EngineError::Store(error)) => return Err(error.into()),
                // One that does not read is told where its events are folded.
                Err(_) => {}
            }
        }
    }
    let mut listed = BTreeSet::new();
    let mut last = UndeliverableRow { since: i64::MIN, account: String::new(), number: 0 };
    loop {
        let page = store.undeliverable(&last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last.clone_from(end);
        listed.extend(page);
    }
    for row in said.symmetric_difference(&listed) {
        findings.fault(format!(
            "account/{}: the list of undeliverable notices and the state differ about {}.n{}",
            row.account, row.account, row.number
        ));
    }
    Ok(())
}

async fn blobs(store: &Store, findings: &mut Findings) -> Result<(), EngineError> {
    let mut after = String::new();
    loop {
        let page = store.every_blob(&after, BLOBS).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for (id, blob) in &page {
            if blob_id(&blob.bytes).as_str() != id {
                findings.fault(format!("{id}: the kept bytes are not those that were kept"));
            }
        }
    }
}

/// Which account names which bytes, as the events say, compared with the rows.
async fn blob_refs(store: &Store, findings: &mut Findings, streams: &Streams) -> Result<(), EngineError> {
    let mut said: BTreeSet<(String, String)> = BTreeSet::new();
    for (name, events) in streams {
        for event in events {
            for (account, blob) in named(name, event) {
                said.insert((account, blob));
            }
        }
    }
    let mut after = (String::new(), String::new());
    loop {
        let page = store.every_blob_ref((&after.0, &after.1), PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(last);
        for row in page {
            if !said.remove(&row) {
                findings.fault(format!("{}: no event names {}", row.0, row.1));
            }
        }
    }
    for (account, blob) in said {
        findings.fault(format!("{account}: it is not noted that its events name {blob}"));
    }
    Ok(())
}

/// The bytes that an event of an account, or of a report about it, names. What does not read is told when refolding.
fn named(stream: &str, event: &EventRow) -> Vec<(String, String)> {
    let pair = |account: &str, blob: &tenure_domain::text::Blob| (account.to_owned(), blob.to_string());
    if let Some(account) = stream.strip_prefix("account/") {
        let decoded: Result<Decoded<account::Event>, _> = stream::decode(&event.leaf);
        return decoded
            .map(|d| d.event.blobs().map(|blob| pair(account, blob)).collect())
            .unwrap_or_default();
    }
    let Some((account, _)) = stream.strip_prefix("report/").and_then(|id| id.split_once('.')) else {
        return Vec::new();
    };
    let decoded: Result<Decoded<report::Event>, _> = stream::decode(&event.leaf);
    let evidence = decoded.ok().and_then(|d| d.event.allegation().map(|a| a.evidence.clone()));
    evidence.unwrap_or_default().keys().map(|blob| pair(account, blob)).collect()
}

/// By what reports are found when the same is said again, as the events and the words that are there say, compared with
/// the rows.
async fn report_keys(store: &Store, findings: &mut Findings, streams: &Streams) -> Result<(), EngineError> {
    let Some(salt) = store.installation(SALT_KEY).await? else { return Ok(()) };
    let Ok(salt) = salt.parse::<Salt>() else {
        findings.fault(format!("the installation's {SALT_KEY} do not read"));
        return Ok(());
    };
    let mut events: Vec<(&str, &EventRow)> = streams
        .iter()
        .filter_map(|(name, events)| Some((name.strip_prefix("report/")?, events)))
        .flat_map(|(id, events)| events.iter().map(move |event| (id, event)))
        .filter(|(_, event)| event.position > salt.since)
        .collect();
    events.sort_by_key(|(_, event)| event.position);
    let mut said: BTreeMap<String, ReportId> = BTreeMap::new();
    let mut of: BTreeMap<ReportId, Vec<String>> = BTreeMap::new();
    // Where words were erased, it cannot be told by what a report is found.
    let mut unknown: BTreeSet<AccountId> = BTreeSet::new();
    for (id, event) in events {
        let Ok(Decoded { actor, event, .. }) = stream::decode::<report::Event>(&event.leaf) else { continue };
        let Ok(id) = id.parse::<ReportId>() else { continue };
        let Some(allegation) = event.allegation() else {
            for key in of.remove(&id).unwrap_or_default() {
                if said.get(&key) == Some(&id) {
                    said.remove(&key);
                }
            }
            continue;
        };
        let mut texts = BTreeMap::new();
        for words in [Some(&allegation.locator), allegation.reference.as_ref()].into_iter().flatten() {
            match store.words(words.as_str()).await? {
                Some(text) => drop(texts.insert(words.clone(), text)),
                None => drop(unknown.insert(id.account().clone())),
            }
        }
        let keys = Keys::new(&salt, id.account(), &actor, allegation, |words| texts.get(words).cloned());
        for key in keys.found_by(&event) {
            of.entry(id.clone()).or_default().push(key.clone());
            said.insert(key, id.clone());
        }
    }
    let mut after = String::new();
    loop {
        let page = store.every_report_key(&after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.key);
        for row in page {
            let id = format!("{}.r{}", row.account, row.number);
            let same = said.remove(&row.key).is_some_and(|by| by.to_string() == id);
            if !same && !unknown.iter().any(|account| account.as_str() == row.account) {
                findings.fault(format!("report/{id}: it is found by what it does not say"));
            }
        }
    }
    for id in said.into_values().filter(|id| !unknown.contains(id.account())) {
        findings.fault(format!("report/{id}: it is not found by what it says"));
    }
    Ok(())
}

async fn words(store: &Store, findings: &mut Findings) -> Result<(), EngineError> {
    let mut after = String::new();
    loop {
        let page = store.every_words(&after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.id);
        for row in &page {
            let salt: Result<[u8; 16], _> = row.salt.as_slice().try_into();
            let same = salt.is_ok_and(|salt| commitment(salt, row.text.as_bytes()).to_string() == row.id);
            if !same {
                findings.fault(format!("{}: the kept words are not those that were committed to", row.id));
            }
        }
    }
}

async fn head(
    store: &Store,
    verifier: &VerifierKey,
    findings: &mut Findings,
    leaves: &BTreeMap<u64, tenure_ledger::Hash>,
) -> Result<(), EngineError> {
    let keys = match keys::transitions(store).await {
        Ok(transitions) => KeyChain::through(verifier, &transitions).map_err(|e| e.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let keys = match keys {
        Ok(keys) => keys,
        Err(error) => {
            findings.fault(format!("the log's keys: {error}"));
            return Ok(());
        }
    };
    let Some((size, note)) = store.head().await? else {
        if !leaves.is_empty() {
            findings.fault("the log: events have indices, and there is no signed head");
        }
        return Ok(());
    };
    let checkpoint = match Checkpoint::open(&note, &keys) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            findings.fault(format!("the log's head: {error}"));
            return Ok(());
        }
    };
    findings.covered = checkpoint.size;
    // A batch that was given its indices and not signed for yet is beyond the head, and in sequence all the same.
    let hashes: Vec<_> = (0..).map_while(|i| leaves.get(&i).copied()).collect();
    if checkpoint.size != size || leaves.len() != hashes.len() || (hashes.len() as u64) < size {
        findings.fault(format!(
            "the log: the head says {} events, {} have an index, {} of them in sequence",
            checkpoint.size,
            leaves.len(),
            hashes.len()
        ));
        return Ok(());
    }
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("ledger", e);
    let mut tiles = TileSet::new();
    for (id, bytes) in tree::append(&TileSet::new(), 0, &hashes).map_err(|e| defect(&e))? {
        tiles.insert(id, &bytes).map_err(|e| defect(&e))?;
        let stored = store.tile(id.level(), id.index()).await?;
        if stored.is_none_or(|row| row.width != id.width() || row.bytes != bytes) {
            findings.fault(format!("the log: {id} is not what the leaves give"));
        }
    }
    let root = tree::root(size, &tiles).map_err(|e| defect(&e))?;
    if root != checkpoint.root {
        findings.fault("the log: the leaves do not give the root that was signed");
    }
    Ok(())
}

async fn refold(
    store: &Store,
    findings: &mut Findings,
    name: &str,
    events: &[EventRow],
    timed: bool,
) -> Result<(), EngineError> {
    for (n, event) in (1..).zip(events) {
        if event.n != n {
            findings.fault(format!("{name}: event {n} is missing"));
            return Ok(());
        }
    }
    let leaves: Vec<&[u8]> = events.iter().map(|event| event.leaf.as_slice()).collect();
    let folded = match folded(name, &leaves) {
        Ok(folded) => folded,
        Err(error) => {
            findings.fault(format!("{name}: {error}"));
            return Ok(());
        }
    };
    match store.aggregate(name).await? {
        None => findings.fault(format!("{name}: its events lead to a state that is not stored")),
        // Of an account, the state is that of some event; of anything else, that of the last.
        Some(stored) => match usize::try_from(stored.version).ok().and_then(|n| leaves.get(..n)) {
            Some(led) if led.len() == leaves.len() || kind_of(name) == "account" && !led.is_empty() => {
                let stored = serde_json::from_str::<serde_json::Value>(&stored.state).ok();
                let same = if led.len() == leaves.len() {
                    stored.as_ref() == Some(&folded.state)
                } else {
                    fold(name, led).is_ok_and(|state| stored.as_ref() == Some(&state))
                };
                if !same {
                    findings.fault(format!("{name}: the stored state is not the fold of its events"));
                }
            }
            _ => findings.fault(format!(
                "{name}: {} events, and the state is at version {}",
                leaves.len(),
                stored.version
            )),
        },
    }
    if let Some(timers) = folded.timers.filter(|_| timed) {
        let stored = store.timers_of(name).await?;
        if stored != timers {
            findings.fault(format!("{name}: the stored timers are not those of its state"));
        }
    }
    if let Some(row) = folded.report {
        let stored = store.reports_after(&row.account, row.number - 1, 1).await?;
        if stored.first() != Some(&row) {
            findings.fault(format!("{name}: the row for lists is not the report's"));
        }
    }
    Ok(())
}

struct Folded {
    state: serde_json::Value,
    timers: Option<Vec<(String, i64)>>,
    report: Option<tenure_store::ReportRow>,
}

/// The state to which the leaves of a stream lead, from its first, as JSON.
pub fn fold(name: &str, leaves: &[&[u8]]) -> Result<serde_json::Value, EngineError> {
    folded(name, leaves).map(|folded| folded.state)
}

fn folded(name: &str, leaves: &[&[u8]]) -> Result<Folded, EngineError> {
    match kind_of(name) {
        "account" => fold_account(name, leaves),
        "report" => fold_report(name, leaves),
        _ => fold_book(name, leaves),
    }
}

/// Reads the leaves of a stream, in order.
fn decode<'a, E: Serialize + DeserializeOwned>(
    name: &'a str,
    leaves: &'a [&[u8]],
) -> impl Iterator<Item = Result<Decoded<E>, EngineError>> + 'a {
    (1..).zip(leaves).map(move |(n, leaf)| {
        let decoded: Decoded<E> = stream::decode(leaf)?;
        if decoded.fields.stream != name || decoded.fields.n != n {
            return Err(EngineError::defect("leaf", &format!("event {n} is the leaf of another")));
        }
        Ok(decoded)
    })
}

fn json(state: &impl Serialize) -> Result<serde_json::Value, EngineError> {
    serde_json::to_value(state).map_err(|e| EngineError::defect("state", &e))
}

fn fold_account(name: &str, leaves: &[&[u8]]) -> Result<Folded, EngineError> {
    let slug = name.strip_prefix("account/").unwrap_or_default();
    let id = slug.parse().map_err(|e| EngineError::defect(name, &e))?;
    let mut state = None;
    for decoded in decode(name, leaves) {
        let Decoded { at, actor, event, .. } = decoded?;
        let recorded = account::Recorded { at, actor, event };
        state = Some(Account::apply(&id, state, &recorded).map_err(|e| EngineError::defect(name, &e))?);
    }
    let mut timers: Vec<(String, i64)> =
        state.iter().flat_map(Account::timers).map(|t| (t.key.to_string(), t.due.as_microsecond())).collect();
    timers.sort();
    Ok(Folded { state: json(&state)?, timers: Some(timers), report: None })
}

fn fold_report(name: &str, leaves: &[&[u8]]) -> Result<Folded, EngineError> {
    let id = name
        .strip_prefix("report/")
        .unwrap_or_default()
        .parse()
        .map_err(|e| EngineError::defect(name, &e))?;
    let mut state = None;
    for decoded in decode(name, leaves) {
        let Decoded { at, actor, event, .. } = decoded?;
        state = report::Report::apply(&id, state, &report::Recorded { at, actor, event });
    }
    let Some(state) = state else { return Err(EngineError::defect(name, &"an event does not fit")) };
    Ok(Folded { state: json(&state)?, timers: None, report: Some(turn::report_row(&state)) })
}

fn fold_book(name: &str, leaves: &[&[u8]]) -> Result<Folded, EngineError> {
    let mut state = None;
    for decoded in decode(name, leaves) {
        let Decoded { at, actor, event, .. } = decoded?;
        state = Some(book::State::apply(state, &book::Recorded { at, actor, event }));
    }
    Ok(Folded { state: json(&state)?, timers: None, report: None })
}
