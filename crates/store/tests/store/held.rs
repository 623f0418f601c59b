//! What a write holds back until it ends is seen in it as if it were there, and taken back as if it had been.

use tenure_store::{Answer, StoreError};

use crate::{Shop, append, event};

fn answer(body: &str) -> Answer {
    Answer { request: "r".into(), status: 200, headers: "{}".into(), body: body.into() }
}

#[tokio::test]
async fn a_write_sees_what_it_wrote() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 2).await;
    let mut write = shop.write().await;

    write.mark().await.unwrap();
    write.append("account", "account/parley", 2, &[event("account/parley", 3)], "{\"n\":3}").await.unwrap();
    write.put_blob("sha256:1", "text/plain", b"x", 1).await.unwrap();
    write.put_answer("person/ines", "k", &answer("first"), 1).await.unwrap();
    assert_eq!(write.count("reports/parley", 1).await.unwrap(), 1);
    write.keep().await.unwrap();

    write.mark().await.unwrap();
    let seen = write.aggregate("account/parley").await.unwrap().unwrap();
    assert_eq!((seen.version, seen.state.as_str()), (3, "{\"n\":3}"));
    assert!(write.has_blob("sha256:1").await.unwrap());
    assert_eq!(write.answer("person/ines", "k").await.unwrap(), Some(answer("first")));
    assert_eq!(write.count("reports/parley", 1).await.unwrap(), 2);
    let stale = write.append("account", "account/parley", 2, &[event("account/parley", 3)], "{}").await;
    assert!(matches!(stale, Err(StoreError::Conflict { expected: 2, .. })), "{stale:?}");
    write.append("account", "account/parley", 3, &[event("account/parley", 4)], "{\"n\":4}").await.unwrap();
    write.keep().await.unwrap();
    assert_eq!(write.last_position().await.unwrap(), 4);
    write.commit().await.unwrap();

    let stands = shop.store.aggregate("account/parley").await.unwrap().unwrap();
    assert_eq!((stands.version, stands.state.as_str()), (4, "{\"n\":4}"));
    let events = shop.store.stream("account/parley", 1, 10).await.unwrap();
    assert!(events.iter().map(|e| e.n).eq(1..=4));
    assert_eq!(shop.write().await.count("reports/parley", 0).await.unwrap(), 2);
}

#[tokio::test]
async fn what_the_database_has_seen_is_taken_back_as_well_and_what_was_kept_before_stays() {
    let shop = Shop::open().await;
    append(&shop.store, "account/parley", 1, 1).await;
    let mut write = shop.write().await;
    write.mark().await.unwrap();
    write.append("account", "account/parley", 1, &[event("account/parley", 2)], "{\"n\":2}").await.unwrap();
    write.keep().await.unwrap();

    write.mark().await.unwrap();
    write.append("account", "account/parley", 2, &[event("account/parley", 3)], "{\"n\":3}").await.unwrap();
    assert_eq!(write.last_position().await.unwrap(), 3, "the database has it");
    write.append("account", "account/parley", 3, &[event("account/parley", 4)], "{\"n\":4}").await.unwrap();
    write.undo().await.unwrap();

    assert_eq!(write.aggregate("account/parley").await.unwrap().unwrap().version, 2);
    write.append("account", "account/parley", 2, &[event("account/parley", 3)], "{\"n\":33}").await.unwrap();
    write.commit().await.unwrap();
    let stands = shop.store.aggregate("account/parley").await.unwrap().unwrap();
    assert_eq!((stands.version, stands.state.as_str()), (3, "{\"n\":33}"));
    assert_eq!(shop.store.backlog().await.unwrap().0, 3);
}

#[tokio::test]
async fn of_several_in_one_write_the_last_timers_and_jobs_and_the_first_words_and_bytes_count() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    write.set_timers("account/parley", &[("a".into(), 1), ("b".into(), 2)]).await.unwrap();
    write.commit().await.unwrap();

    let mut write = shop.write().await;
    for (bytes, timers) in
        [("1", vec![("a".to_owned(), 1)]), ("2", vec![("b".to_owned(), 5), ("c".to_owned(), 6)])]
    {
        write.mark().await.unwrap();
        write.set_timers("account/parley", &timers).await.unwrap();
        write.put_blob("sha256:1", "text/plain", bytes.as_bytes(), 1).await.unwrap();
        write.put_words("sha256s:1", [0; 16], bytes).await.unwrap();
        write.enqueue("evaluate", "parley").await.unwrap();
        write.enqueue("evaluate", bytes).await.unwrap();
        write.keep().await.unwrap();
    }
    write.commit().await.unwrap();

    let timers = shop.store.timers_of("account/parley").await.unwrap();
    assert_eq!(timers, [("b".to_owned(), 5), ("c".to_owned(), 6)]);
    let jobs: Vec<String> = shop.store.jobs(10).await.unwrap().into_iter().map(|job| job.subject).collect();
    assert_eq!(jobs, ["1", "parley", "2"]);
    assert_eq!(shop.store.blob("sha256:1").await.unwrap().unwrap().bytes, b"1");
    assert_eq!(shop.store.words("sha256s:1").await.unwrap().as_deref(), Some("1"));
}

#[tokio::test]
async fn more_rows_than_fit_one_statement_keep_their_order() {
    let shop = Shop::open().await;
    let mut write = shop.write().await;
    let streams: Vec<String> = (0..300).map(|n| format!("account/a{n:03}")).collect();
    write.expect(&streams).await.unwrap();
    for stream in &streams {
        write.append("account", stream, 0, &[event(stream, 1), event(stream, 2)], "{}").await.unwrap();
    }
    write.commit().await.unwrap();
    let events = shop.store.events(0, 1_000).await.unwrap();
    assert_eq!(events.len(), 600);
    let expected = streams.iter().flat_map(|stream| [(stream.clone(), 1), (stream.clone(), 2)]);
    assert!(events.into_iter().map(|e| (e.stream, e.n)).eq(expected));
}
