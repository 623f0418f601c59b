use tenure_store::{Store, StoreError};
use tenure_test_database::Database;

use crate::{Shop, append};

#[tokio::test]
async fn a_database_that_has_data_is_migrated_again_without_change() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 3).await;
    shop.store.close().await;

    for _ in 0..2 {
        let again = shop.again().await;
        assert_eq!(again.aggregate("account/parley").await.unwrap().unwrap().version, 3);
        assert_eq!(again.backlog().await.unwrap(), (3, 3));
        again.close().await;
    }
}

#[tokio::test]
async fn what_names_no_database_is_refused_with_what_would() {
    for url in
        ["mysql://ines:secret@db.example/tenure", "postgres://ines:secret@db.example:port/x", "tenure.db", ""]
    {
        let error = Store::open(url).await.unwrap_err();
        assert!(matches!(error, StoreError::Url { .. }), "{error:?}");
        assert!(error.to_string().contains("use sqlite:PATH or postgres://"), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_closed_store_fails_instead_of_waiting() {
    let shop = Shop::open().await;
    shop.store.close().await;
    assert!(matches!(shop.store.write().await, Err(StoreError::Database(_))));
    assert!(matches!(shop.store.backlog().await, Err(StoreError::Database(_))));
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_may_open_a_new_database_at_once() {
    for _ in 0..20 {
        let database = Database::fresh().await;
        let (first, second) = tokio::join!(database.open(), database.open());
        append(&first, "account/parley", 1, 1).await;
        assert_eq!(second.count_aggregates("account").await.unwrap(), 1);
    }
}
