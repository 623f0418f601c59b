use tenure_engine::Inclusion;
use tenure_ledger::bundle::ConsistencyStatement;
use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::tree::{self, TileId};

use crate::office::{Office, verifier};

/// Adds events until the log has this size, and returns its checkpoint as read and as signed.
async fn grow(office: &Office, size: u64) -> (Checkpoint, String) {
    let (have, _) = office.engine.backlog().await.unwrap();
    let more = (have..size).map(|n| office.engine.submit(office.report("parley", "spam", &n.to_string())));
    for outcome in futures_util::future::join_all(more).await {
        outcome.unwrap();
    }
    office.engine.settle().await.unwrap();
    let note = office.engine.checkpoint().await.unwrap().unwrap();
    let checkpoint = Checkpoint::open(&note, &verifier()).unwrap();
    assert_eq!(checkpoint.size, size);
    (checkpoint, note)
}

#[tokio::test]
async fn every_event_is_in_the_log_and_its_receipt_verifies_without_us() {
    let office = Office::open().await;
    office.file_reports("parley", "spam", 3).await;
    grow(&office, 300).await;

    let events = office.engine.events(0, 1_000).await.unwrap();
    let indices: std::collections::BTreeSet<u64> = events.iter().map(|e| e.index.unwrap()).collect();
    assert_eq!(indices, (0..300).collect());
    let some = [0, 1, 2, 3, 127, 128, 254, 255, 256, 257, 298, 299];
    for event in events.iter().filter(|e| some.contains(&e.index.unwrap())) {
        let Inclusion::Proved(receipt) = office.engine.receipt(&event.stream, event.n).await.unwrap() else {
            panic!("{}/{} has no receipt", event.stream, event.n)
        };
        let verified = receipt.verify(&verifier()).unwrap();
        assert_eq!(verified.leaf().fields().stream, event.stream);
        assert_eq!((verified.leaf().fields().n, verified.index()), (event.n, event.index.unwrap()));
    }
    assert!(matches!(office.engine.receipt("account/parley", 9_999).await.unwrap(), Inclusion::None));
    assert!(matches!(office.engine.receipt("account/nobody", 1).await.unwrap(), Inclusion::None));
}

#[tokio::test]
async fn each_checkpoint_extends_every_earlier_one() {
    let office = Office::open().await;
    let mut grown: Vec<(Checkpoint, String)> = Vec::new();
    let sizes = (8..=20).chain([60, 128, 200]).chain(254..=259).chain([300]).chain(511..=514);
    for size in sizes {
        grown.push(grow(&office, size).await);
        let (newer, newer_note) = &grown[grown.len() - 1];
        for (older, older_note) in &grown {
            let (newest, proof, note) = office.engine.consistency(older.size).await.unwrap().unwrap();
            assert_eq!((newest, &note), (size, newer_note));
            tree::verify_consistency(older.size, older.root, newer.size, newer.root, &proof)
                .unwrap_or_else(|e| panic!("{} to {size}: {e}", older.size));
            if newer.size - older.size == 1 {
                let statement = ConsistencyStatement { older: older_note.clone(), newer: note, proof };
                statement.verify(&verifier()).unwrap();
            }
        }
    }
    assert!(office.engine.consistency(515).await.unwrap().is_none(), "a size that the log does not have yet");
}

#[tokio::test]
async fn an_events_receipt_can_be_had_when_a_checkpoint_covers_it() {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    // Keeps the sequencer from writing, as a full disk would.
    office.database.breaks("INSERT ON tiles", None).await;
    let done = office.place_hold("parley").await.unwrap();
    let n = done.before + 1;
    assert!(matches!(office.engine.receipt("account/parley", n).await.unwrap(), Inclusion::NotYet));
    office.database.mended().await;
    office.engine.settle().await.unwrap();
    assert!(matches!(office.engine.receipt("account/parley", n).await.unwrap(), Inclusion::Proved(_)));
}

#[tokio::test]
async fn only_tiles_of_the_published_tree_are_served() {
    let office = Office::open().await;
    grow(&office, 260).await;
    let tile = |level, index, width| TileId::new(level, index, width).unwrap();
    for (id, bytes) in [(tile(0, 0, 256), 256), (tile(0, 1, 4), 4), (tile(0, 1, 2), 2), (tile(1, 0, 1), 1)] {
        assert_eq!(office.engine.tile(id).await.unwrap().map(|b| b.len()), Some(bytes * 32), "{id}");
    }
    for id in [tile(0, 1, 5), tile(0, 2, 1), tile(1, 0, 2), tile(2, 0, 1)] {
        assert_eq!(office.engine.tile(id).await.unwrap(), None, "{id}");
    }
}

#[tokio::test]
async fn a_log_that_does_not_extend_what_was_signed_is_not_signed() {
    let office = Office::open().await;
    let (_, note) = grow(&office, 20).await;
    office.sql("UPDATE tiles SET bytes = zeroblob(32 * width) WHERE level = 0").await;
    let done = office.place_hold("parley").await.unwrap();
    // The engine dies, starts again and stops in order: it integrates what it can at each.
    let office = office.crash().await;
    office.engine.stop().await;
    let store = office.database.open().await;
    assert_eq!(store.head().await.unwrap(), Some((20, note)));
    let waiting = store.unsequenced(10).await.unwrap();
    assert_eq!(waiting.iter().map(|e| e.n).collect::<Vec<_>>(), [done.before + 1]);
}
