use tenure_store::StoreError;

use crate::{Shop, append, event};

#[tokio::test]
async fn each_leader_begins_an_epoch_and_the_writes_of_the_one_before_change_nothing() {
    let shop = Shop::open().await;
    let other = shop.again().await;
    let seen = shop.store.lease().await.unwrap();
    assert_eq!((seen.epoch, seen.holder.as_str()), (0, ""));

    let mut write = shop.write().await;
    assert_eq!(write.lead(&seen, "one").await.unwrap(), Some(1));
    write.commit().await.unwrap();

    let mut write = other.write().await.unwrap();
    assert_eq!(write.lead(&seen, "two").await.unwrap(), None, "somebody was faster");
    drop(write);
    let seen = other.lease().await.unwrap();
    let mut write = other.write().await.unwrap();
    assert_eq!(write.lead(&seen, "two").await.unwrap(), Some(2));
    write.commit().await.unwrap();

    let mut late = shop.write().await;
    late.append("account", "account/parley", 0, &[event("account/parley", 1)], "{}").await.unwrap();
    let error = late.fence(1).await.unwrap_err();
    assert!(matches!(error, StoreError::Fenced { epoch: 1 }), "{error:?}");
    drop(late);
    assert_eq!(shop.store.backlog().await.unwrap(), (0, 0));

    let mut write = other.write().await.unwrap();
    write.fence(2).await.unwrap();
    write.commit().await.unwrap();
}

#[tokio::test]
async fn a_leader_that_is_alive_is_seen_to_be() {
    let shop = Shop::open().await;
    let seen = shop.store.lease().await.unwrap();
    let mut write = shop.write().await;
    write.lead(&seen, "one").await.unwrap();
    write.commit().await.unwrap();

    let seen = shop.store.lease().await.unwrap();
    let mut write = shop.write().await;
    write.fence(1).await.unwrap();
    write.commit().await.unwrap();
    assert_ne!(shop.store.lease().await.unwrap(), seen);

    let other = shop.again().await;
    let mut write = other.write().await.unwrap();
    assert_eq!(write.lead(&seen, "two").await.unwrap(), None, "it wrote in between");
}

#[tokio::test]
async fn who_stepped_down_writes_nothing_more_in_its_epoch() {
    let shop = Shop::open().await;
    let seen = shop.store.lease().await.unwrap();
    let mut write = shop.write().await;
    write.lead(&seen, "one").await.unwrap();
    write.step_down(1).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(shop.store.lease().await.unwrap().holder, "");
    let mut write = shop.write().await;
    assert!(matches!(write.fence(1).await, Err(StoreError::Fenced { .. })));
    drop(write);
    append(&shop.store, "account/parley", 1, 1).await;
}
