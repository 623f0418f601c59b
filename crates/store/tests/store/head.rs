use tenure_store::{StoreError, TileRow};

use crate::{Shop, append};

#[tokio::test]
async fn the_head_is_replaced_only_by_whoever_knew_it() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    write.put_head(0, 3, "three").await.unwrap();
    write.commit().await.unwrap();

    for (before, size) in [(0, 4), (2, 4), (4, 5)] {
        let mut write = shop.write().await;
        let error = write.put_head(before, size, "a fork").await.unwrap_err();
        assert!(matches!(error, StoreError::Head { expected } if expected == before), "{error:?}");
        assert!(error.to_string().contains("another sequencer"), "{error}");
    }
    assert_eq!(shop.store.head().await.unwrap(), Some((3, "three".to_owned())));

    let mut write = shop.write().await;
    write.put_head(3, 5, "five").await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(shop.store.head().await.unwrap(), Some((5, "five".to_owned())));
}

#[tokio::test]
async fn an_event_gets_its_index_once_and_no_index_twice() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 4).await;
    let waiting = shop.store.unsequenced(10).await.unwrap();
    let mut write = shop.write().await;
    write.sequence(waiting[1].position, 0, 2).await.unwrap();
    write.sequence(waiting[2].position, 2, 1).await.unwrap();
    write.commit().await.unwrap();
    let indices: Vec<_> =
        shop.store.events(0, 10).await.unwrap().iter().map(|event| event.leaf_index).collect();
    assert_eq!(indices, [Some(0), Some(1), Some(2), None]);

    for (last, count) in [(waiting[1].position, 2), (waiting[3].position, 2)] {
        let mut write = shop.write().await;
        let other = write.sequence(last, 3, count).await;
        assert!(
            matches!(other, Err(StoreError::Head { expected: 3 })),
            "others wait than were seen: {other:?}"
        );
    }
    let mut write = shop.write().await;
    assert!(matches!(write.sequence(waiting[3].position, 1, 1).await, Err(StoreError::Database(_))));
    drop(write);

    assert_eq!(shop.store.unsequenced(10).await.unwrap(), waiting[3..]);
    assert_eq!(shop.store.indexed().await.unwrap(), 3);
    assert_eq!(shop.store.sequenced(1, 9).await.unwrap()[0].position, waiting[1].position);
    assert_eq!(shop.store.backlog().await.unwrap(), (4, 4), "an index is no signature");
    let mut write = shop.write().await;
    write.put_head(0, 3, "note").await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(shop.store.backlog().await.unwrap(), (4, 1));
    assert_eq!(shop.store.unsequenced_count(9).await.unwrap(), 1);
}

#[tokio::test]
async fn the_widest_version_of_a_tile_is_kept() {
    let shop = Shop::open().await;
    for width in [1_u16, 3, 2] {
        let mut write = shop.write().await;
        let tile = TileRow { level: 0, index: 7, width, bytes: vec![1; usize::from(width) * 32] };
        write.put_tile(&tile).await.unwrap();
        write.commit().await.unwrap();
    }
    let tile = shop.store.tile(0, 7).await.unwrap().unwrap();
    assert_eq!((tile.width, tile.bytes.len()), (3, 96));
    assert_eq!(shop.store.tile(1, 7).await.unwrap(), None);
}
