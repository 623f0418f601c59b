use tenure_store::{Answer, ReportRow, Store, StoreError, TileRow, Write};

use crate::{Shop, append, event};

/// Writes into every table.
pub async fn write_everything(write: &mut Write) {
    write.append("account", "account/quince", 0, &[event("account/quince", 1)], "{}").await.unwrap();
    write
        .append("account", "account/parley", 1, &[event("account/parley", 2)], "{\"changed\":true}")
        .await
        .unwrap();
    write.set_timers("account/parley", &[("lapse:parley.c1".into(), 5)]).await.unwrap();
    write.enqueue("deliver", "parley.n1").await.unwrap();
    write.put_blob("sha256:1", "text/plain", b"x", 1).await.unwrap();
    write.put_words("sha256s:1", [0; 16], "x").await.unwrap();
    write.count("reports/parley", 1).await.unwrap();
    let report = ReportRow {
        account: "parley".into(),
        number: 1,
        ground: "spam".into(),
        filed_at: 1,
        remediated_at: None,
    };
    write.put_report(&report).await.unwrap();
    let answer = Answer { request: "r".into(), status: 200, headers: "{}".into(), body: "{}".into() };
    write.put_answer("person/ines", "k", &answer, 1).await.unwrap();
    write.put_memory("parley", "web", "{}").await.unwrap();
    write.put_installation("legal_clock", "now").await.unwrap();
    write.put_tile(&TileRow { level: 0, index: 0, width: 1, bytes: vec![0; 32] }).await.unwrap();
    write.put_head(0, 1, "note").await.unwrap();
}

/// Everything that `write_everything` could have left, through the eyes of a reader.
pub async fn is_untouched(store: &Store) {
    assert_eq!(store.backlog().await.unwrap(), (1, 1));
    assert_eq!(store.aggregate("account/parley").await.unwrap().unwrap().state, "{\"version\":1}");
    assert_eq!(store.aggregate("account/quince").await.unwrap(), None);
    assert!(store.due(i64::MAX, 10).await.unwrap().is_empty());
    assert!(store.jobs(10).await.unwrap().is_empty());
    assert_eq!(store.blob("sha256:1").await.unwrap(), None);
    assert_eq!(store.words("sha256s:1").await.unwrap(), None);
    assert!(store.reports_after("parley", 0, 10).await.unwrap().is_empty());
    assert_eq!(store.environment("parley", "web").await.unwrap(), None);
    assert_eq!(store.installation("legal_clock").await.unwrap(), None);
    assert_eq!(store.tile(0, 0).await.unwrap(), None);
    assert_eq!(store.head().await.unwrap(), None);
    let mut write = store.write().await.unwrap();
    assert_eq!(write.answer("person/ines", "k").await.unwrap(), None);
    assert_eq!(write.count("reports/parley", 0).await.unwrap(), 0);
}

#[tokio::test]
async fn a_write_that_is_dropped_changes_nothing() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 1).await;
    let mut write = shop.write().await;
    write_everything(&mut write).await;
    drop(write);
    is_untouched(&shop.store).await;
}

#[tokio::test]
async fn what_is_undone_is_gone_and_the_rest_of_the_write_stays() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 1).await;
    let mut write = shop.write().await;

    write.mark().await.unwrap();
    write.count("kept", 1).await.unwrap();
    write.keep().await.unwrap();

    write.mark().await.unwrap();
    write_everything(&mut write).await;
    write.undo().await.unwrap();

    write.mark().await.unwrap();
    let stale = write.append("account", "account/parley", 7, &[event("account/parley", 8)], "{}").await;
    assert!(matches!(stale, Err(StoreError::Conflict { .. })));
    write.undo().await.unwrap();

    write.commit().await.unwrap();
    is_untouched(&shop.store).await;
    assert_eq!(shop.write().await.count("kept", 0).await.unwrap(), 1);
}
