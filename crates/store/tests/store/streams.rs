use tenure_store::StoreError;

use crate::{Shop, append, event};

#[tokio::test]
async fn a_stream_is_read_back_in_order_and_in_pages() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 5).await;
    append(&shop.store, "account/quince", 1, 2).await;
    append(&shop.store, "account/parley", 6, 7).await;

    let page = shop.store.stream("account/parley", 5, 2).await.unwrap();
    assert_eq!(page.iter().map(|e| e.n).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(page[1].leaf, b"account/parley#6");

    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let page = shop.store.events(after, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        seen.extend(page.into_iter().map(|e| String::from_utf8(e.leaf).unwrap()));
    }
    let expected: Vec<String> = (1..=5)
        .map(|n| format!("account/parley#{n}"))
        .chain((1..=2).map(|n| format!("account/quince#{n}")))
        .chain((6..=7).map(|n| format!("account/parley#{n}")))
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(shop.store.latest_at().await.unwrap(), Some(7_000_000));
}

#[tokio::test]
async fn whoever_decided_on_an_older_version_is_told_and_changes_nothing() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 2).await;

    for before in [1, 3] {
        let mut write = shop.write().await;
        let late = [event("account/parley", before + 1)];
        let error =
            write.append("account", "account/parley", before, &late, "{\"late\":true}").await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Conflict { stream, expected } if stream == "account/parley" && *expected == before),
            "{error:?}"
        );
        write.commit().await.unwrap();
    }

    let stands = shop.store.aggregate("account/parley").await.unwrap().unwrap();
    assert_eq!((stands.version, stands.state.as_str()), (2, "{\"version\":2}"));
    assert_eq!(shop.store.backlog().await.unwrap().0, 2);
}

#[tokio::test]
async fn a_stream_that_exists_is_not_opened_again() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 1).await;
    let mut write = shop.write().await;
    let error =
        write.append("account", "account/parley", 0, &[event("account/parley", 1)], "{}").await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { expected: 0, .. }), "{error:?}");
}

#[tokio::test]
async fn aggregates_are_listed_by_kind_in_pages() {
    let shop = Shop::open().await;
    for slug in ["quince", "parley", "rowan"] {
        append(&shop.store, &format!("account/{slug}"), 1, 1).await;
    }
    let mut write = shop.write().await;
    write.append("rule", "rule/q", 0, &[event("rule/q", 1)], "{}").await.unwrap();
    write.commit().await.unwrap();

    let first = shop.store.aggregates("account", "", 2).await.unwrap();
    assert_eq!(
        first.iter().map(|a| a.stream.as_str()).collect::<Vec<_>>(),
        ["account/parley", "account/quince"]
    );
    let rest = shop.store.aggregates("account", "account/quince", 2).await.unwrap();
    assert_eq!(rest.iter().map(|a| a.stream.as_str()).collect::<Vec<_>>(), ["account/rowan"]);
    assert_eq!(shop.store.count_aggregates("account").await.unwrap(), 3);
    assert_eq!(shop.store.count_aggregates("person").await.unwrap(), 0);
}
