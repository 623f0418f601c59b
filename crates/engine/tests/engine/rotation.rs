//! The log's key is replaced: cut off anywhere it is finished by the next call, and nothing old stops verifying.

use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use tenure_engine::anchor::{Anchor, AnchorError, FileAnchor};
use tenure_engine::entropy::Entropy;
use tenure_engine::verify::verify;
use tenure_engine::{EngineError, Inclusion, LogKey, LogRefusal, check_log, keys};
use tenure_ledger::bundle::Receipt;
use tenure_ledger::chain::KeyChain;
use tenure_ledger::note;

use crate::office::Office;

fn key(n: u8) -> LogKey {
    LogKey::new("log.provider.example", &[n; 32]).unwrap()
}

async fn receipt(office: &Office, n: u64) -> Receipt {
    match office.engine.receipt("account/parley", n).await.unwrap() {
        Inclusion::Proved(receipt) => *receipt,
        other => panic!("{other:?}"),
    }
}

/// An anchor that dies before it writes (1) or behind that (2), once.
#[derive(Debug)]
struct Dying(FileAnchor, AtomicU8);

#[async_trait]
impl Anchor for Dying {
    async fn read(&self) -> Result<Option<String>, AnchorError> {
        self.0.read().await
    }

    async fn advance(&self, from: Option<&str>, to: &str) -> Result<(), AnchorError> {
        let at = self.1.swap(0, Ordering::SeqCst);
        if at != 1 {
            self.0.advance(from, to).await?;
        }
        if at == 0 { Ok(()) } else { Err(AnchorError::Moved) }
    }
}

#[tokio::test]
async fn receipts_from_before_and_after_a_rotation_verify_by_any_key_of_the_log() {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    let old = receipt(&office, 1).await;
    office.engine.stop().await;
    let store = office.database.open().await;
    let size = keys::rotate(&store, &key(7), &key(8), &office.anchor(), &Entropy::seeded(3)).await.unwrap();
    // Again, it finds all done.
    let again = keys::rotate(&store, &key(7), &key(8), &office.anchor(), &Entropy::seeded(4)).await.unwrap();
    assert_eq!(again, size);
    store.close().await;

    let office = office.signing_with([8; 32]).crash().await;
    office.place_hold("parley").await.unwrap();
    office.engine.settle().await.unwrap();
    assert_eq!(office.engine.log_refusal(), None);
    let new = receipt(&office, 2).await;
    assert_eq!(new.size, size + 1);
    let transitions = office.engine.key_transitions().await.unwrap();
    for trusted in [7, 8] {
        let chain = KeyChain::through(&key(trusted).verifier, &transitions).unwrap();
        old.verify(&chain).unwrap();
        new.verify(&chain).unwrap();
        let found = verify(&office.store, &key(trusted).verifier).await.unwrap();
        assert_eq!((found.covered, found.faults), (size + 1, Vec::new()));
    }
    old.verify(&key(7).verifier).unwrap();
    assert!(new.verify(&key(7).verifier).is_err(), "the old key signs nothing any more");
    let both = &transitions[0].checkpoint;
    assert!(note::open(both, &key(7).verifier).is_ok() && note::open(both, &key(8).verifier).is_ok());
    let events = office.engine.stream("log/key", 1, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].body["to"], key(8).verifier.to_string());

    // And once more.
    office.engine.stop().await;
    let store = office.database.open().await;
    keys::rotate(&store, &key(8), &key(9), &office.anchor(), &Entropy::seeded(5)).await.unwrap();
    store.close().await;
    let office = office.signing_with([9; 32]).crash().await;
    office.place_hold("parley").await.unwrap();
    office.engine.settle().await.unwrap();
    let chain = KeyChain::through(&key(7).verifier, &office.engine.key_transitions().await.unwrap()).unwrap();
    assert_eq!(chain.present(), &key(9).verifier);
    for receipt in [old, new, receipt(&office, 2).await] {
        receipt.verify(&chain).unwrap();
    }
}

#[tokio::test]
async fn a_key_that_was_replaced_signs_nothing_and_says_so() {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    office.engine.stop().await;
    let store = office.database.open().await;
    let size = keys::rotate(&store, &key(7), &key(8), &office.anchor(), &Entropy::seeded(3)).await.unwrap();
    let refused = check_log(&store, &key(7), &office.anchor()).await.unwrap_err();
    assert!(
        matches!(&refused, EngineError::Log(LogRefusal::Superseded { size: at }) if *at == size),
        "{refused:?}"
    );
    let refused = keys::rotate(&store, &key(7), &key(9), &office.anchor(), &Entropy::seeded(4)).await;
    assert!(matches!(refused, Err(EngineError::Log(LogRefusal::Superseded { .. }))), "{refused:?}");
    let refused = check_log(&store, &key(9), &office.anchor()).await.unwrap_err();
    assert!(matches!(refused, EngineError::Log(LogRefusal::OtherKey { .. })), "{refused:?}");
    check_log(&store, &key(8), &office.anchor()).await.unwrap();
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_is_finished_by_the_next_call() {
    // Where it dies: a write of the database, or the anchor.
    let points = [
        (Some("INSERT ON events"), 0),
        (Some("UPDATE OF leaf_index ON events"), 0),
        (None, 1),
        (None, 2),
        (Some("UPDATE ON head"), 0),
        (Some("INSERT ON key_transitions"), 0),
    ];
    for (broken, at) in points {
        let office = Office::open().await;
        office.engine.settle().await.unwrap();
        office.engine.stop().await;
        let store = office.database.open().await;
        if let Some(write) = broken {
            office.database.breaks(write, None).await;
        }
        let anchor = Dying(office.anchor(), AtomicU8::new(at));
        let cut = keys::rotate(&store, &key(7), &key(8), &anchor, &Entropy::seeded(3)).await;
        assert!(cut.is_err(), "{broken:?} {at}");
        assert_eq!(store.key_transitions().await.unwrap(), Vec::<String>::new());
        if broken.is_some() {
            office.database.mended().await;
        }
        store.close().await;
        let store = office.database.open().await;
        let size = keys::rotate(&store, &key(7), &key(8), &office.anchor(), &Entropy::seeded(4)).await;
        let size = size.unwrap_or_else(|e| panic!("{broken:?} {at}: {e}"));
        let found = verify(&store, &key(7).verifier).await.unwrap();
        assert_eq!((found.covered, found.faults), (size, Vec::new()), "{broken:?} {at}");
        check_log(&store, &key(8), &office.anchor()).await.unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn a_rotation_that_was_given_up_can_be_begun_again() {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    office.engine.stop().await;
    let store = office.database.open().await;
    office.database.breaks("UPDATE OF leaf_index ON events", None).await;
    let cut = keys::rotate(&store, &key(7), &key(8), &office.anchor(), &Entropy::seeded(3)).await;
    assert!(cut.is_err());
    office.database.mended().await;
    store.close().await;
    // The server starts with the old key alone, and signs the announcement like any other event.
    let office = office.crash().await;
    office.place_hold("parley").await.unwrap();
    office.engine.settle().await.unwrap();
    office.engine.stop().await;
    let store = office.database.open().await;
    keys::rotate(&store, &key(7), &key(8), &office.anchor(), &Entropy::seeded(5)).await.unwrap();
    assert_eq!(verify(&store, &key(8).verifier).await.unwrap().faults, Vec::<String>::new());
    store.close().await;
}
