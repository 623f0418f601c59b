//! What is so only where the database is a file.

use tenure_store::Store;

use crate::crashes::{is_untouched, write_everything};
use crate::{Shop, append};

#[tokio::test]
async fn a_process_that_dies_in_a_write_changes_nothing() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 1).await;
    // What another process finds on the disk while the write is open is what it would find had the power failed now:
    // the file and its log.
    let mut write = shop.write().await;
    write_everything(&mut write).await;
    let after_the_cut = tempfile::tempdir().unwrap();
    for file in ["tenure.db", "tenure.db-wal"] {
        std::fs::copy(shop.database.folder().join(file), after_the_cut.path().join(file)).unwrap();
    }
    is_untouched(&Store::open_file(&after_the_cut.path().join("tenure.db")).await.unwrap()).await;
    write.commit().await.unwrap();
    assert_eq!(shop.store.backlog().await.unwrap(), (3, 2));
}

#[tokio::test]
async fn what_was_committed_is_on_the_disk() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 1).await;
    let mut write = shop.write().await;
    write_everything(&mut write).await;
    write.commit().await.unwrap();
    let after_the_cut = tempfile::tempdir().unwrap();
    for file in ["tenure.db", "tenure.db-wal"] {
        std::fs::copy(shop.database.folder().join(file), after_the_cut.path().join(file)).unwrap();
    }
    let found = Store::open_file(&after_the_cut.path().join("tenure.db")).await.unwrap();
    assert_eq!(found.backlog().await.unwrap(), (3, 2));
    assert_eq!(found.aggregate("account/parley").await.unwrap().unwrap().state, "{\"changed\":true}");
    assert_eq!(found.jobs(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_path_is_taken_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b%20c?mode=ro#d.db");
    let store = Store::open_file(&path).await.unwrap();
    append(&store, "account/parley", 1, 1).await;
    assert!(path.exists());
}

#[tokio::test]
async fn who_holds_the_lock_beside_the_file_knows_that_no_other_process_leads() {
    let shop = Shop::open().await;
    let other = shop.again().await;
    assert!(shop.store.claim().unwrap());
    assert!(shop.store.claim().unwrap(), "it still has the lock");
    assert!(!other.claim().unwrap());
    drop(shop.store);
    assert!(other.claim().unwrap(), "the lock went with its process");
    other.let_go();
    assert!(shop.database.open().await.claim().unwrap());
}
