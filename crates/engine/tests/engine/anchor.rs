//! The log against a database that lost, changed or doubled what was signed.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tenure_engine::anchor::{Anchor, AnchorError, FileAnchor};
use tenure_engine::entropy::Entropy;
use tenure_engine::verify::verify;
use tenure_engine::{Batching, LogRefusal, adopt, check_log};
use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::tree;
use tenure_test_database::Database;

use crate::office::{Office, log_key, verifier};

/// How long to wait for something that has to happen.
const PATIENCE: Duration = Duration::from_mins(1);

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what} did not happen");
}

async fn refusal(office: &Office) -> LogRefusal {
    until("a refusal", async || office.engine.log_refusal().is_some()).await;
    office.engine.log_refusal().unwrap()
}

async fn size(office: &Office) -> u64 {
    let note = office.engine.checkpoint().await.unwrap();
    note.map_or(0, |note| Checkpoint::open(&note, &verifier()).unwrap().size)
}

/// An office with a log of a few events, stopped, and a copy of its database.
async fn with_backup() -> (Office, Database, u64) {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    let old = size(&office).await;
    office.engine.stop().await;
    let backup = office.database.copy().await;
    (office.crash().await, backup, old)
}

#[tokio::test]
async fn a_restored_backup_is_not_signed_on_and_says_why() {
    let (office, backup, old) = with_backup().await;
    office.place_hold("parley").await.unwrap();
    office.engine.settle().await.unwrap();
    assert_eq!(size(&office).await, old + 1);
    office.engine.stop().await;

    let office = office.with_database(backup).crash().await;
    assert_eq!(refusal(&office).await, LogRefusal::Restored { signed: old + 1, present: old });
    let said = refusal(&office).await.to_string();
    assert!(said.contains("older copy") && said.contains("tenured log adopt --reason"), "{said}");
    // What does not restrict goes on, and waits for the log.
    office.place_hold("parley").await.unwrap();
    assert_eq!(size(&office).await, old);
    office.engine.stop().await;

    // Adopted with a reason, the log goes on, and the reason stands on the record.
    let store = office.database.open().await;
    let anchor = office.anchor();
    let signed = anchor.read().await.unwrap();
    let why = "The disk of 12 January is gone.";
    let adopted = adopt(&store, &log_key(), &anchor, why, &Entropy::seeded(5)).await.unwrap().unwrap();
    assert_eq!((adopted.size, adopted.refusal.name()), (old, "restored"));
    assert_eq!(adopt(&store, &log_key(), &anchor, why, &Entropy::seeded(6)).await.unwrap(), None);
    store.close().await;
    let office = office.crash().await;
    office.engine.settle().await.unwrap();
    assert_eq!(office.engine.log_refusal(), None);
    assert_eq!(size(&office).await, old + 2, "the hold, and the adoption");
    let events = office.engine.stream("log/anchor", 1, 10).await.unwrap();
    assert_eq!((events.len(), events[0].actor.as_str()), (1, "system/keeper"));
    assert_eq!(events[0].body["found"], "restored");
    assert_eq!(events[0].body["anchor"].as_str(), signed.as_deref());
    let words = events[0].body["why"].as_str().unwrap();
    assert_eq!(office.engine.read_words(words).await.unwrap().as_deref(), Some(why));
    assert_eq!(verify(&office.store, &verifier()).await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test]
async fn an_empty_database_beside_an_anchor_is_not_signed_on() {
    let (office, _, old) = with_backup().await;
    office.engine.stop().await;
    let office = office.with_database(Database::fresh().await).crash().await;
    office.publish_terms().await;
    assert_eq!(refusal(&office).await, LogRefusal::Restored { signed: old, present: 0 });
}

#[tokio::test]
async fn of_two_servers_on_copies_of_one_database_the_second_refuses() {
    let (first, backup, old) = with_backup().await;
    let second = Office::on(backup, Some(Arc::new(first.anchor()))).await;
    first.place_hold("parley").await.unwrap();
    first.engine.settle().await.unwrap();
    second.place_hold("parley").await.unwrap();
    let found = refusal(&second).await;
    assert!(
        matches!(found, LogRefusal::Forked { .. } | LogRefusal::Restored { .. })
            && size(&second).await == old,
        "{found:?}"
    );
    // The first goes on.
    first.place_hold("parley").await.unwrap();
    first.engine.settle().await.unwrap();
    assert_eq!((size(&first).await, first.engine.log_refusal()), (old + 2, None));
    // The same number of other events is no better.
    second.engine.stop().await;
    let again = second.crash().await;
    again.place_hold("parley").await.unwrap();
    let found = refusal(&again).await;
    assert!(matches!(found, LogRefusal::Forked { .. } | LogRefusal::Restored { .. }), "{found:?}");
    assert_eq!(size(&again).await, old);
}

#[tokio::test]
async fn of_two_servers_that_sign_at_the_same_moment_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = FileAnchor::new(&folder.path().join("log.anchor"));
    anchor.advance(None, "first").await.unwrap();
    let (a, b) = tokio::join!(anchor.advance(Some("first"), "a"), anchor.advance(Some("first"), "b"));
    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
    let (won, lost) = if a.is_ok() { ("a", b) } else { ("b", a) };
    assert!(matches!(lost, Err(AnchorError::Moved)));
    assert_eq!(anchor.read().await.unwrap().as_deref(), Some(won));
}

#[tokio::test]
async fn a_database_whose_signed_events_were_changed_is_not_signed_on() {
    let (office, _, old) = with_backup().await;
    office.engine.stop().await;
    // Somebody with the database, and without the key, puts another tree into it whose head an earlier server signed.
    let other = Office::empty().await;
    other.publish_terms().await;
    other.open_account("agora").await;
    other.open_account("parley").await;
    other.engine.settle().await.unwrap();
    other.engine.stop().await;
    let office = office.with_database(other.database.clone()).crash().await;
    office.place_hold("parley").await.unwrap();
    assert_eq!(refusal(&office).await, LogRefusal::Forked { signed: old });
}

#[tokio::test]
async fn a_lost_anchor_needs_a_persons_decision() {
    let (office, _, old) = with_backup().await;
    office.engine.stop().await;
    std::fs::remove_file(office.anchor().path()).unwrap();
    let office = office.crash().await;
    office.place_hold("parley").await.unwrap();
    assert_eq!(refusal(&office).await, LogRefusal::Lost { signed: old });
    office.engine.stop().await;
    let store = office.database.open().await;
    let anchor = office.anchor();
    adopt(&store, &log_key(), &anchor, "It was on the other disk.", &Entropy::seeded(5)).await.unwrap();
    store.close().await;
    let office = office.crash().await;
    office.engine.settle().await.unwrap();
    assert_eq!(size(&office).await, old + 2);
}

#[tokio::test]
async fn a_damaged_anchor_is_not_taken_for_none() {
    let (office, _, old) = with_backup().await;
    let path = office.anchor().path().to_owned();
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[40] ^= 1;
    let damages = [Vec::new(), whole[..whole.len() / 2].to_vec(), vec![0xff; 99], flipped];
    let mut office = office;
    for damaged in damages {
        office.engine.stop().await;
        std::fs::write(&path, &damaged).unwrap();
        office = office.crash().await;
        office.place_hold("parley").await.unwrap();
        let found = refusal(&office).await;
        assert!(matches!(found, LogRefusal::Damaged { .. }), "{found:?}");
        assert_eq!(size(&office).await, old);
    }
    office.engine.stop().await;
    std::fs::write(&path, &whole).unwrap();
    let office = office.crash().await;
    office.engine.settle().await.unwrap();
    assert_eq!(size(&office).await, old + 4, "put back, it counts");
}

#[tokio::test]
async fn a_key_of_another_log_signs_nothing() {
    let (office, _, old) = with_backup().await;
    office.engine.stop().await;
    let office = office.signing_with([8; 32]).crash().await;
    office.place_hold("parley").await.unwrap();
    let found = refusal(&office).await;
    assert!(matches!(found, LogRefusal::OtherKey { .. }), "{found:?}");
    assert_eq!(office.store.head().await.unwrap().unwrap().0, old);
}

#[tokio::test]
async fn a_server_that_takes_over_moves_its_own_anchor_forward_and_never_back() {
    let (office, backup, old) = with_backup().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let own = FileAnchor::new(&elsewhere.path().join("log.anchor"));
    std::fs::copy(office.anchor().path(), own.path()).unwrap();
    office.place_hold("parley").await.unwrap();
    office.engine.settle().await.unwrap();
    office.engine.stop().await;

    let office = office.anchored_by(Arc::new(own.clone())).crash().await;
    let moved = async || own.read().await.unwrap() == office.engine.checkpoint().await.unwrap();
    office.place_hold("parley").await.unwrap();
    office.engine.settle().await.unwrap();
    until("the anchor's move", moved).await;
    assert_eq!((size(&office).await, office.engine.log_refusal()), (old + 2, None));
    office.engine.stop().await;

    let office = office.with_database(backup).crash().await;
    assert_eq!(refusal(&office).await, LogRefusal::Restored { signed: old + 2, present: old });
}

/// An anchor that dies at a point of the protocol, and remembers every note that was brought to it.
#[derive(Debug)]
struct Dying {
    file: FileAnchor,
    /// 0: alive; 1: dies before it writes; 2: dies when it has written.
    at: AtomicU8,
    brought: Mutex<Vec<String>>,
}

impl Dying {
    fn new(file: &FileAnchor) -> Arc<Self> {
        Arc::new(Self { file: file.clone(), at: AtomicU8::new(0), brought: Mutex::default() })
    }

    fn sizes(&self) -> Vec<u64> {
        let brought = self.brought.lock().unwrap();
        brought.iter().map(|note| Checkpoint::open(note, &verifier()).unwrap().size).collect()
    }
}

#[async_trait]
impl Anchor for Dying {
    async fn read(&self) -> Result<Option<String>, AnchorError> {
        self.file.read().await
    }

    async fn advance(&self, from: Option<&str>, to: &str) -> Result<(), AnchorError> {
        self.brought.lock().unwrap().push(to.to_owned());
        let died = || AnchorError::Io {
            path: self.file.path().to_owned(),
            what: "written",
            source: std::io::Error::other("the power went"),
        };
        if self.at.load(Ordering::SeqCst) == 1 {
            return Err(died());
        }
        self.file.advance(from, to).await?;
        if self.at.load(Ordering::SeqCst) == 2 { Err(died()) } else { Ok(()) }
    }
}

/// What the last head is, checked against every head that was ever signed.
async fn nothing_signed_was_lost(office: &Office, dying: &Dying) {
    let head = Checkpoint::open(&office.engine.checkpoint().await.unwrap().unwrap(), &verifier()).unwrap();
    let brought = dying.brought.lock().unwrap().clone();
    for note in &brought {
        let signed = Checkpoint::open(note, &verifier()).unwrap();
        let (_, proof, _) = office.engine.consistency(signed.size).await.unwrap().expect("a size it had");
        tree::verify_consistency(signed.size, signed.root, head.size, head.root, &proof).unwrap();
    }
}

#[tokio::test]
async fn a_crash_behind_each_step_is_recovered_from_and_gives_no_event_two_places() {
    // Where it dies: a fault of the database, or of the anchor.
    let points = [
        ("indexing", Some("UPDATE OF leaf_index ON events"), 0),
        ("signing", None, 1),
        ("anchoring", None, 2),
        ("publishing", Some("UPDATE ON head"), 0),
    ];
    for (point, broken, at) in points {
        let office = Office::open().await;
        office.engine.settle().await.unwrap();
        let dying = Dying::new(&office.anchor());
        let office = office.anchored_by(Arc::clone(&dying) as Arc<dyn Anchor>).restart().await;
        let before = size(&office).await;
        if let Some(write) = broken {
            office.database.breaks(write, None).await;
        }
        dying.at.store(at, Ordering::SeqCst);
        office.place_hold("parley").await.unwrap();
        if point == "indexing" {
        } else {
            until(point, async || !dying.sizes().is_empty()).await;
            assert_eq!(office.store.indexed().await.unwrap(), before + 1, "{point}");
        }
        assert_eq!(size(&office).await, before, "{point}: nothing was published");
        assert!(office.engine.backlog().await.unwrap().1 >= 1, "{point}: and that is told");
        // More is committed before it dies.
        office.place_hold("parley").await.unwrap();
        dying.at.store(0, Ordering::SeqCst);
        if broken.is_some() {
            office.database.mended().await;
        }
        let office = office.crash().await;
        office.engine.settle().await.unwrap();
        assert_eq!((size(&office).await, office.engine.log_refusal()), (before + 2, None), "{point}");
        nothing_signed_was_lost(&office, &dying).await;
        let found = verify(&office.store, &verifier()).await.unwrap();
        assert_eq!((found.covered, found.faults), (before + 2, Vec::new()), "{point}");
        check_log(&office.store, &log_key(), &*dying).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_written_is_read_back_before_it_is_signed() {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    let before = size(&office).await;
    let anchored = office.anchor().read().await.unwrap();
    // A disk that gives back something else than it was given: the events are changed once they have their index.
    office.database.breaks("UPDATE ON head", None).await;
    office.place_hold("parley").await.unwrap();
    until("the batch's indices", async || office.store.indexed().await.unwrap() == before + 1).await;
    until("the signature", async || office.anchor().read().await.unwrap() != anchored).await;
    office.engine.stop().await;
    std::fs::write(office.anchor().path(), anchored.unwrap()).unwrap();
    office
        .database
        .sql(&format!(
            "UPDATE events SET leaf = CAST(REPLACE(CAST(leaf AS TEXT), 'person/lena', 'person/mara') AS BLOB)
             WHERE leaf_index = {before}"
        ))
        .await;
    office.database.mended().await;
    // It starts again and stops in order: it integrates what it can at each.
    let office = office.crash().await;
    office.engine.stop().await;
    let store = office.database.open().await;
    assert_eq!(store.head().await.unwrap().unwrap().0, before);
}

#[tokio::test]
async fn a_lone_event_is_signed_for_at_once_and_many_together() {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    let dying = Dying::new(&office.anchor());
    // Nothing but a full batch ends this window.
    let batching = Batching { most: 8, window: Duration::from_hours(1) };
    let office = office.anchored_by(Arc::clone(&dying) as Arc<dyn Anchor>).batching(batching).restart().await;
    let before = size(&office).await;
    office.place_hold("parley").await.unwrap();
    until("the lone event's signature", async || size(&office).await == before + 1).await;
    for _ in 0..batching.most {
        office.place_hold("parley").await.unwrap();
    }
    until("the full batch's signature", async || size(&office).await == before + 9).await;
    assert_eq!(dying.sizes(), [before + 1, before + 9]);
}

#[tokio::test]
async fn a_busy_log_is_signed_once_in_a_window() {
    const EVENTS: u64 = 120;
    for window in [Duration::ZERO, Batching::default().window] {
        let office = Office::open().await;
        office.engine.settle().await.unwrap();
        let dying = Dying::new(&office.anchor());
        let batching = Batching { window, ..Batching::default() };
        let office =
            office.anchored_by(Arc::clone(&dying) as Arc<dyn Anchor>).batching(batching).restart().await;
        let before = size(&office).await;
        let began = std::time::Instant::now();
        for _ in 0..EVENTS {
            office.place_hold("parley").await.unwrap();
        }
        until("the last signature", async || size(&office).await == before + EVENTS).await;
        let took = began.elapsed();
        let signatures = dying.sizes().len();
        println!("window {window:?}: {EVENTS} events in {took:?}, {signatures} signatures");
        if !window.is_zero() {
            let windows = took.as_millis() / window.as_millis();
            assert!(signatures as u128 <= windows + 2, "{signatures} signatures in {windows} windows");
        }
    }
}
