//! The log's keys over time: which they are, and how one takes over from another.

use tenure_domain::account::{Actor, System};
use tenure_domain::book;
use tenure_ledger::bundle::Receipt;
use tenure_ledger::chain::{KeyChain, STREAM};
use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::tree;
use tenure_store::{EventRow, Store};

use crate::anchor::Anchor;
use crate::continuity::LogRefusal;
use crate::engine::clock_of;
use crate::entropy::Entropy;
use crate::inner::LogKey;
use crate::integrate::{Head, Integration, head};
use crate::kept::Kept;
use crate::sequencer::read_tiles;
use crate::{EngineError, stream};

/// How many events are integrated at once while a key is replaced.
const MOST: u32 = 1_024;

/// How many steps a rotation takes at most: announced, integrated, taken over, and once more where an earlier one was
/// given up.
const ATTEMPTS: usize = 5;

/// The keys of the log in this store, to which this key belongs.
pub async fn chain(store: &Store, key: &LogKey) -> Result<KeyChain, EngineError> {
    KeyChain::through(&key.verifier, &transitions(store).await?)
        .map_err(|error| LogRefusal::OtherKey { detail: error.to_string() }.into())
}

/// The rotations so far, as others verify them ([`KeyChain`]).
pub async fn transitions(store: &Store) -> Result<Vec<Receipt>, EngineError> {
    let read = |json: String| {
        Receipt::from_json(json.as_bytes()).map_err(|e| EngineError::defect("a key's transition", &e))
    };
    store.key_transitions().await?.into_iter().map(read).collect()
}

/// Puts an event of Tenure's own about the log on the record, outside any engine: no server runs beside.
pub(crate) async fn record(
    store: &Store,
    entropy: &Entropy,
    entry: &book::Entry,
    event: book::Event,
    kept: &Kept,
) -> Result<(), EngineError> {
    let name = entry.to_string();
    let clock = clock_of(store).await?;
    let actor = Actor::System(System::Keeper);
    let mut write = store.write().await?;
    let state = write.aggregate(&name).await?;
    let state: Option<book::State> = state
        .map(|row| serde_json::from_str(&row.state).map_err(|e| EngineError::defect(&name, &e)))
        .transpose()?;
    let before = state.as_ref().map_or(0, |s| s.version);
    let recorded = book::Recorded { at: clock.now(), actor, event };
    let nonce = entropy.draw_16()?;
    let leaf = stream::encode(&name, before + 1, recorded.at, &recorded.actor, &recorded.event, nonce)?;
    let after = book::State::apply(state, &recorded);
    let json = serde_json::to_string(&after).map_err(|e| EngineError::defect(&name, &e))?;
    write.append("log", &name, before, &[leaf], &json).await?;
    for (id, salt, text) in &kept.words {
        write.put_words(id.as_str(), *salt, text).await?;
    }
    Ok(write.commit().await?)
}

/// The receipt of an event that has this index, at a head that covers it.
pub(crate) async fn receipt(
    store: &Store,
    event: EventRow,
    index: u64,
    head: Head,
) -> Result<Receipt, EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("ledger", e);
    let size = head.checkpoint.size;
    let ids = tree::tiles_for_inclusion(index, size).map_err(|e| defect(&e))?;
    let tiles = read_tiles(store, &ids).await?;
    let proof = tree::inclusion_proof(index, size, &tiles).map_err(|e| defect(&e))?;
    Ok(Receipt { leaf: event.leaf, index, size, proof, checkpoint: head.note })
}

/// Lets `new` take over from `old`: the change is an event, the checkpoint that first covers it is signed by both, and
/// from then on `new` signs alone. Returns that checkpoint's size.
///
/// No server runs beside. Cut off at any point, it is finished by being called again with the same two keys; until
/// then nothing else may sign.
pub async fn rotate(
    store: &Store,
    old: &LogKey,
    new: &LogKey,
    anchor: &dyn Anchor,
    entropy: &Entropy,
) -> Result<u64, EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("the log's keys", e);
    if new.origin != old.origin || new.verifier == old.verifier {
        return Err(defect(&"the new key has to be another one, under the same name"));
    }
    let chain = chain(store, old).await?;
    if let Some(size) = chain.replaced_at(&old.verifier) {
        return if *chain.present() == new.verifier {
            Ok(size)
        } else {
            Err(LogRefusal::Superseded { size }.into())
        };
    }
    let alone = Integration { store, key: old, chain: &chain, anchor, successor: None, epoch: None };
    let both = Integration { successor: Some(new), ..alone };
    let rotated = book::Event::LogKeyRotated { from: old.verifier.to_string(), to: new.verifier.to_string() };
    for _ in 0..ATTEMPTS {
        let published = head(store, &chain).await?;
        let size = published.as_ref().map_or(0, |head| head.checkpoint.size);
        match (announced(store, &rotated).await?, published) {
            (Some(EventRow { leaf_index: Some(index), .. }), Some(head)) if index < size => {
                if Checkpoint::open(&head.note, &new.verifier).is_ok() {
                    return take_over(store, new, &rotated, head).await;
                }
                // An earlier try was given up, and the old key signed on.
                record(store, entropy, &book::Entry::LogKey, rotated.clone(), &Kept::default()).await?;
            }
            (Some(_), _) => while both.step(MOST).await?.1 > 0 {},
            (None, _) => {
                while alone.step(MOST).await?.1 > 0 {}
                record(store, entropy, &book::Entry::LogKey, rotated.clone(), &Kept::default()).await?;
            }
        }
    }
    Err(defect(&"the rotation does not come into the log: stop every other server, and run it again"))
}

/// The latest event about the key, where it is this one.
async fn announced(store: &Store, rotated: &book::Event) -> Result<Option<EventRow>, EngineError> {
    let Some(state) = store.aggregate(STREAM).await? else { return Ok(None) };
    let read: book::State =
        serde_json::from_str(&state.state).map_err(|e| EngineError::defect(STREAM, &e))?;
    if read.latest.event != *rotated {
        return Ok(None);
    }
    Ok(store.stream(STREAM, state.version, 1).await?.into_iter().next())
}

/// Keeps the transition, from which on the new key counts.
async fn take_over(
    store: &Store,
    new: &LogKey,
    rotated: &book::Event,
    head: Head,
) -> Result<u64, EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("the log's keys", e);
    let event = announced(store, rotated).await?;
    let Some((event, index)) = event.and_then(|e| e.leaf_index.map(|index| (e, index))) else {
        return Err(defect(&"the rotation is not in the log"));
    };
    let size = head.checkpoint.size;
    let transition = receipt(store, event, index, head).await?;
    let mut all = transitions(store).await?;
    all.push(transition);
    // What cannot be followed is not kept.
    KeyChain::through(&new.verifier, &all).map_err(|e| defect(&e))?;
    let json = serde_json::to_string(&all.last()).map_err(|e| defect(&e))?;
    let mut write = store.write().await?;
    write.put_key_transition(size, &json).await?;
    write.commit().await?;
    Ok(size)
}
