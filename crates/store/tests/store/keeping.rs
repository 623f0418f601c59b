use tenure_store::{Answer, ReportRow, TimerRow};

use crate::Shop;

fn timers(pairs: &[(&str, i64)]) -> Vec<(String, i64)> {
    pairs.iter().map(|(key, due)| ((*key).to_owned(), *due)).collect()
}

#[tokio::test]
async fn a_streams_timers_become_exactly_those_that_are_named() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    write
        .set_timers("account/parley", &timers(&[("deemed:parley.n1", 50), ("lapse:parley.c1", 90)]))
        .await
        .unwrap();
    write.set_timers("account/quince", &timers(&[("lapse:quince.c1", 70)])).await.unwrap();
    write.commit().await.unwrap();

    let mut write = shop.write().await;
    write
        .set_timers("account/parley", &timers(&[("lapse:parley.c1", 60), ("remind_half:parley.n1", 70)]))
        .await
        .unwrap();
    write.commit().await.unwrap();

    let expected = timers(&[("lapse:parley.c1", 60), ("remind_half:parley.n1", 70)]);
    assert_eq!(shop.store.timers_of("account/parley").await.unwrap(), expected);
    assert_eq!(shop.store.timers_of("account/quince").await.unwrap(), timers(&[("lapse:quince.c1", 70)]));
}

#[tokio::test]
async fn what_is_due_comes_first_due_first_and_in_pages() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    write.set_timers("account/quince", &timers(&[("b", 70), ("a", 70), ("z", -5)])).await.unwrap();
    write.set_timers("account/parley", &timers(&[("c", 70), ("late", 71)])).await.unwrap();
    write.commit().await.unwrap();

    let keys = |due: Vec<TimerRow>| due.into_iter().map(|t| t.key).collect::<Vec<_>>();
    assert_eq!(keys(shop.store.due(69, 10).await.unwrap()), ["z"]);
    assert_eq!(keys(shop.store.due(70, 10).await.unwrap()), ["z", "c", "a", "b"]);
    let page = shop.store.due(70, 2).await.unwrap();
    assert_eq!(keys(shop.store.due_after(&page[1], 70, 10).await.unwrap()), ["a", "b"]);

    assert_eq!(shop.store.next_due(-6, 100).await.unwrap(), Some(-5));
    assert_eq!(shop.store.next_due(-5, 100).await.unwrap(), Some(70));
    assert_eq!(shop.store.next_due(70, 71).await.unwrap(), Some(71));
    assert_eq!(shop.store.next_due(70, 70).await.unwrap(), None);
}

#[tokio::test]
async fn a_key_keeps_the_first_answer_it_was_given() {
    let shop = Shop::open().await;
    let answer =
        |body: &str| Answer { request: "r".into(), status: 201, headers: "{}".into(), body: body.into() };
    let mut write = shop.write().await;
    assert_eq!(write.answer("person/ines", "k").await.unwrap(), None);
    write.put_answer("person/ines", "k", &answer("first"), 1).await.unwrap();
    write.put_answer("person/ines", "k", &answer("second"), 2).await.unwrap();
    assert_eq!(write.answer("person/ines", "k").await.unwrap(), Some(answer("first")));
    assert_eq!(write.answer("person/omar", "k").await.unwrap(), None, "a key belongs to whoever used it");
    write.commit().await.unwrap();
}

#[tokio::test]
async fn kept_bytes_never_change() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    write.put_blob("sha256:1", "text/plain", b"as it was", 1).await.unwrap();
    write.put_blob("sha256:1", "text/html", b"as someone wishes", 2).await.unwrap();
    assert!(write.has_blob("sha256:1").await.unwrap());
    assert!(!write.has_blob("sha256:2").await.unwrap());
    write.commit().await.unwrap();

    let blob = shop.store.blob("sha256:1").await.unwrap().unwrap();
    assert_eq!((blob.media_type.as_str(), blob.bytes.as_slice()), ("text/plain", b"as it was".as_slice()));
    assert_eq!(shop.store.blob("sha256:2").await.unwrap(), None);
}

#[tokio::test]
async fn words_are_found_by_their_commitment() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    write.put_words("sha256s:1", [7; 16], "Ζωή, with \u{1F5DD} and \"quotes\"").await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(
        shop.store.words("sha256s:1").await.unwrap().as_deref(),
        Some("Ζωή, with \u{1F5DD} and \"quotes\"")
    );
    assert_eq!(shop.store.words("sha256s:2").await.unwrap(), None);
}

#[tokio::test]
async fn a_report_that_is_answered_keeps_its_row() {
    let shop = Shop::open().await;
    let row = |number, filed_at, remediated_at| ReportRow {
        account: "parley".into(),
        number,
        ground: "incitement".into(),
        filed_at,
        remediated_at,
    };
    let mut write = shop.write().await;
    for (number, filed_at) in [(1, 10), (2, 30), (3, 20)] {
        write.put_report(&row(number, filed_at, None)).await.unwrap();
    }
    write.put_report(&row(2, 30, Some(40))).await.unwrap();
    write.commit().await.unwrap();

    assert_eq!(shop.store.reports("parley", 20, 10).await.unwrap(), [row(3, 20, None), row(2, 30, Some(40))]);
    assert_eq!(shop.store.reports_after("parley", 1, 1).await.unwrap(), [row(2, 30, Some(40))]);
    assert!(shop.store.reports("quince", 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn facts_of_the_installation_and_of_environments_are_replaced() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    write.put_installation("legal_clock", "then").await.unwrap();
    write.put_installation("legal_clock", "now").await.unwrap();
    write.put_memory("parley", "web", "{\"a\":1}").await.unwrap();
    write.put_observed("parley", "web", "{\"seen\":1}").await.unwrap();
    write.put_memory("parley", "web", "{\"a\":2}").await.unwrap();
    write.commit().await.unwrap();

    assert_eq!(shop.store.installation("legal_clock").await.unwrap().as_deref(), Some("now"));
    let environment = shop.store.environment("parley", "web").await.unwrap().unwrap();
    assert_eq!(environment, ("{\"a\":2}".to_owned(), "{\"seen\":1}".to_owned()));

    let mut write = shop.write().await;
    write.put_memory("parley", "batch", "{}").await.unwrap();
    write.forget_memory("parley", "web").await.unwrap();
    write.commit().await.unwrap();
    assert!(shop.store.environment("parley", "web").await.unwrap().is_none());
    assert!(shop.store.environment("parley", "batch").await.unwrap().is_some(), "and nothing else");
}
