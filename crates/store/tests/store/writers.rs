use std::time::Duration;

use tenure_store::Store;

use crate::{Shop, append, event};

async fn add_one(store: &Store) {
    let mut write = store.write().await.unwrap();
    let before = write.aggregate("account/parley").await.unwrap().map_or(0, |a| a.version);
    let events = [event("account/parley", before + 1)];
    write.append("account", "account/parley", before, &events, "{}").await.unwrap();
    write.commit().await.unwrap();
}

#[tokio::test]
async fn a_second_writer_waits_until_the_first_is_done() {
    let shop = Shop::open().await;
    let first = shop.write().await;
    let store = shop.store.clone();
    let second = tokio::spawn(async move { add_one(&store).await });
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    assert_eq!(shop.store.backlog().await.unwrap(), (0, 0));
    first.commit().await.unwrap();
    second.await.unwrap();
    assert_eq!(shop.store.backlog().await.unwrap(), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_two_processes_wait_for_each_other() {
    let shop = Shop::open().await;
    let other = shop.again().await;
    let one = async {
        for _ in 0..25 {
            add_one(&shop.store).await;
        }
    };
    let two = async {
        for _ in 0..25 {
            add_one(&other).await;
        }
    };
    tokio::join!(one, two);
    assert_eq!(shop.store.aggregate("account/parley").await.unwrap().unwrap().version, 50);
    let numbers: Vec<u64> =
        shop.store.stream("account/parley", 1, 100).await.unwrap().iter().map(|e| e.n).collect();
    assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn readers_see_what_was_committed_while_a_write_is_open() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 1).await;
    let mut write = shop.write().await;
    write.append("account", "account/parley", 1, &[event("account/parley", 2)], "{}").await.unwrap();

    let readers = (0..20).map(|_| {
        let store = shop.store.clone();
        tokio::spawn(async move { store.aggregate("account/parley").await.unwrap().unwrap().version })
    });
    let all = async {
        for reader in readers {
            assert_eq!(reader.await.unwrap(), 1);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.expect("no reader waits for the writer");
    write.commit().await.unwrap();
    assert_eq!(shop.store.aggregate("account/parley").await.unwrap().unwrap().version, 2);
}
