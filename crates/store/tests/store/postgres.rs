//! What is so only where the database is on a server. Run by the suite `postgres` of `tests/run`.

use std::time::{Duration, Instant};

use tenure_store::StoreError;

use crate::{Shop, append, event};

#[tokio::test]
#[ignore = "needs TENURE_TEST_POSTGRES"]
async fn a_process_that_stands_still_in_a_write_holds_the_others_up_for_three_seconds_only() {
    let shop = Shop::open().await;
    let other = shop.again().await;
    let mut stands_still = shop.write().await;
    stands_still.append("account", "account/parley", 0, &[event("account/parley", 1)], "{}").await.unwrap();

    let since = Instant::now();
    append(&other, "account/quince", 1, 1).await;
    assert!(since.elapsed() < Duration::from_secs(6), "{:?}", since.elapsed());

    let error = stands_still.commit().await.unwrap_err();
    assert!(matches!(error, StoreError::Database(_)), "{error:?}");
    assert_eq!(other.backlog().await.unwrap(), (1, 1), "nothing of it was written");
    append(&shop.store, "account/parley", 1, 1).await;
}
