use jiff::Timestamp;
use tenure_engine::clock::ClockKind;
use tenure_engine::{Engine, Settings};

use crate::office::{Office, at, hours, is_system, start};

#[tokio::test]
async fn everything_due_on_the_way_happens_in_order_and_at_its_own_moment() {
    let office = Office::open().await;
    office.open_account("quince").await;
    let first = office.open_case("parley").await;
    office.issue_notice(&first).await;
    office.engine.advance_to(start() + hours(1)).await.unwrap();
    let second = office.open_case("quince").await;
    office.issue_notice(&second).await;

    let served = start() + hours(72);
    let end = served + hours(30 * 24 + 48);
    assert_eq!(office.engine.advance_to(end).await.unwrap(), end);

    let moments = |served: Timestamp| {
        vec![
            (served, "notice.served".to_owned()),
            (served + hours(15 * 24), "notice.reminded".to_owned()),
            (served + hours(29 * 24), "notice.reminded".to_owned()),
            (served + hours(30 * 24), "case.lapsed".to_owned()),
        ]
    };
    for (name, served) in [("parley", served), ("quince", served + hours(1))] {
        let by_time: Vec<_> = office
            .events(name)
            .await
            .into_iter()
            .filter(|e| e.actor == "system/timer")
            .map(|e| (e.at, e.event_type))
            .collect();
        assert_eq!(by_time, moments(served), "{name}");
    }
    let all = office.engine.events(0, 10_000).await.unwrap();
    assert!(all.is_sorted_by_key(|e| e.at), "the record is in the order of legal time");
    assert!(all.iter().any(|e| is_system(&e.actor)));
}

#[tokio::test]
async fn legal_time_goes_on_where_it_stood() {
    let office = Office::open().await;
    let stood = start() + hours(50);
    office.engine.advance_to(stood).await.unwrap();
    let office = office.restart().await;
    assert_eq!(office.engine.now(), stood);
    let office = office.crash().await;
    assert_eq!(office.engine.now(), stood);
    assert_eq!(office.engine.advance_to(start()).await.unwrap(), stood, "it never runs backwards");
}

/// Whatever the settings or the machine's clock say: nothing happens before what is on the record.
#[tokio::test]
async fn legal_time_never_begins_before_the_last_event() {
    let office = Office::open().await;
    let last = office.engine.events(0, 100).await.unwrap().last().unwrap().at;
    assert_eq!(last, start());
    for (kind, from) in
        [(ClockKind::Simulated, "2019-01-01T00:00:00Z"), (ClockKind::Real, "2019-01-01T00:00:00Z")]
    {
        let settings = Settings { lease: tenure_engine::LEASE, ..office.settings(kind, at(from), 9) };
        let engine = Engine::start(office.store.clone(), settings).await.unwrap();
        assert!(engine.now() >= last, "{kind:?}: {}", engine.now());
    }
}

#[tokio::test]
async fn a_deadline_that_cannot_be_fired_holds_up_no_other() {
    let office = Office::open().await;
    office.open_account("aster").await;
    for name in ["aster", "parley"] {
        let case = office.open_case(name).await;
        office.issue_notice(&case).await;
    }
    office.engine.settle().await.unwrap();
    office.sql("UPDATE aggregates SET state = '{' WHERE stream = 'account/aster'").await;
    let end = start() + hours(80);
    assert_eq!(office.engine.advance_to(end).await.unwrap(), end);
    assert_eq!(office.times_of("parley", "notice.served").await, [start() + hours(72)]);
}

#[tokio::test]
async fn a_timer_that_is_not_the_states_has_no_effect_and_stops_nothing() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    office.engine.settle().await.unwrap();
    office.sql("UPDATE timers SET due = 0").await;
    let end = start() + hours(71);
    assert_eq!(office.engine.advance_to(end).await.unwrap(), end);
    assert!(office.times_of("parley", "notice.served").await.is_empty(), "early never");
}
