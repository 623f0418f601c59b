//! An account's state is kept now and then, and folded from there: nobody can tell.

use tenure_engine::verify::verify;

use crate::office::{Office, slug, verifier};

#[tokio::test]
async fn an_account_of_any_age_is_the_same_to_whoever_reads_it_whatever_of_it_was_kept() {
    let mut office = Office::open().await;
    let mut kept_at = Vec::new();
    while office.account("parley").await.version < 60 {
        office.place_hold("parley").await.unwrap();
        let row = office.store.aggregate("account/parley").await.unwrap().unwrap();
        assert!(row.last - row.version < 16, "{} events after the state at {}", row.last, row.version);
        kept_at.push(row.version);
        if row.last % 7 == 0 {
            let before = office.account("parley").await;
            office = office.crash().await;
            assert_eq!(office.account("parley").await, before, "read anew");
            let listed = office.engine.accounts(None, 10).await.unwrap();
            assert_eq!(*listed[0], before, "read in a list");
        }
    }
    kept_at.dedup();
    assert_eq!(kept_at, [1, 17, 33, 49]);
    office.engine.settle().await.unwrap();
    assert_eq!(verify(&office.store, &verifier()).await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test]
async fn what_a_group_did_to_an_account_before_one_of_it_failed_stands_and_nothing_of_what_failed() {
    let office = Office::open().await;
    let before = office.account("parley").await;
    let stale = |name: &str| {
        let mut submission = office.hold(name, "too late");
        submission.if_version = Some(1_000);
        submission
    };
    let good = |why: &str| office.hold("parley", why);
    let group = vec![good("first"), stale("parley"), good("second"), stale("parley"), good("third")];
    let outcomes =
        futures_util::future::join_all(group.into_iter().map(|one| office.engine.submit(one))).await;
    let done: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false, true, false, true]);
    let after = office.account("parley").await;
    // The two that were refused stand on the record, since every refused decision does.
    assert_eq!((after.holds.len(), after.version), (3, before.version + 3 + 2));
    assert_eq!(office.times_of("parley", "command.refused").await.len(), 2);
    let office = office.crash().await;
    assert_eq!(office.engine.account(&slug("parley")).await.unwrap().holds, after.holds);
}
