use tenure_store::ReportRow;

use crate::{Shop, append};

#[tokio::test]
async fn whole_tables_come_in_pages() {
    let shop = Shop::open().await;
    for slug in ["parley", "quince"] {
        append(&shop.store, &format!("account/{slug}"), 1, 1).await;
    }
    let mut write = shop.write().await;
    for n in 1..=3_u8 {
        write.put_blob(&format!("sha256:{n}"), "text/plain", &[n], 1).await.unwrap();
        write.put_words(&format!("sha256s:{n}"), [n; 16], "words").await.unwrap();
    }
    for (account, number) in [("quince", 1), ("parley", 2), ("parley", 1)] {
        let row = ReportRow {
            account: account.into(),
            number,
            ground: "spam".into(),
            filed_at: 1,
            remediated_at: None,
        };
        write.put_report(&row).await.unwrap();
    }
    write.commit().await.unwrap();

    let store = &shop.store;
    let aggregates = store.every_aggregate("account/parley", 10).await.unwrap();
    assert_eq!(aggregates.len(), 1);
    assert_eq!((aggregates[0].0.as_str(), aggregates[0].1.stream.as_str()), ("account", "account/quince"));

    let reports = store.every_report(("parley", 1), 10).await.unwrap();
    let named: Vec<_> = reports.iter().map(|r| (r.account.as_str(), r.number)).collect();
    assert_eq!(named, [("parley", 2), ("quince", 1)]);

    let blobs = store.every_blob("sha256:1", 1).await.unwrap();
    assert_eq!(
        (blobs.len(), blobs[0].0.as_str(), blobs[0].1.bytes.as_slice()),
        (1, "sha256:2", [2].as_slice())
    );

    let words = store.every_words("sha256s:2", 10).await.unwrap();
    assert_eq!(
        (words.len(), words[0].id.as_str(), words[0].salt.as_slice()),
        (1, "sha256s:3", [3; 16].as_slice())
    );
}
