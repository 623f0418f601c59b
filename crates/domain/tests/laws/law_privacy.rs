//! Law 16: one tenant never learns that another exists.

use proptest::prelude::*;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::AppealOutcome;
use tenure_domain::account::{Account, Actor, Command, Context};
use tenure_domain::name::{AccountId, AppealId, CaseId, HoldId, MeasureId, NoticeId, OrderId};
use tenure_domain::refusal::Rejected;

use crate::history::check;
use crate::world::{blob, emergency, issue, propose, words};

/// Every command that names a thing by its id, with ids of this account.
fn naming(account: &AccountId, n: u32) -> Vec<Command> {
    let case = CaseId::new(account.clone(), n);
    let measure = MeasureId::new(account.clone(), n);
    let item: tenure_domain::name::ItemId = "it0".parse().unwrap();
    vec![
        Command::WithdrawCase { case: case.clone(), why: words(), clears: None },
        issue(&case, Starts::Both, "1.1", &["x"]),
        Command::AcknowledgeNotice { notice: NoticeId::new(account.clone(), n) },
        Command::SubmitCure { case: case.clone(), item: item.clone(), remedy: words() },
        Command::AcceptCure { case: case.clone(), item: item.clone() },
        Command::RejectCure { case: case.clone(), item, why: words() },
        propose(&case, "1.1", "workload/web/feed", true),
        emergency(&case, "1.4", "workload/web/feed"),
        Command::ApproveMeasure { measure: measure.clone(), command_hash: String::new() },
        Command::RatifyMeasure { measure: measure.clone(), command_hash: String::new() },
        Command::LiftMeasure { measure: measure.clone(), why: words() },
        Command::ConfirmInForce { measure: measure.clone(), receipt: blob() },
        Command::ConfirmRestored { measure: measure.clone(), receipt: blob() },
        Command::VacateOrder { order: OrderId::new(account.clone(), n), why: words() },
        Command::ReleaseHold { hold: HoldId::new(account.clone(), n), why: words() },
        Command::FileAppeal { measure, grounds: words() },
        Command::DecideAppeal {
            appeal: AppealId::new(account.clone(), n),
            outcome: AppealOutcome::Upheld,
            why: words(),
            reports: None,
        },
    ]
}

/// An answer without the id that was asked for.
fn shape(answer: Result<Vec<tenure_domain::account::Recorded>, Rejected>) -> String {
    match answer {
        Err(Rejected::NotFound { what, .. }) => format!("no {what}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn law_16_ids_of_another_account_are_answered_as_ids_that_do_not_exist() {
    let gab: AccountId = "gab".parse().unwrap();
    check(80, |history| {
        let world = &history.world;
        for actor in ["person/ines", "member/parley/ada", "system/cluster"] {
            let actor: Actor = actor.parse().unwrap();
            let context = Context { now: world.now, actor: &actor, book: &world.book };
            let ask = |command| shape(Account::decide(&world.id, Some(world.account()), command, &context));
            for (foreign, missing) in naming(&gab, 1).into_iter().zip(naming(&world.id, 9_999)) {
                let name = foreign.name();
                let answer = ask(foreign);
                prop_assert_eq!(&answer, &ask(missing), "{}", name);
                prop_assert!(!answer.contains("gab"), "{}", answer);
            }
        }
        Ok(())
    });
}

#[test]
fn law_16_a_member_of_another_account_is_answered_as_if_there_were_none() {
    let eve: Actor = "member/gab/eve".parse().unwrap();
    check(80, |history| {
        let world = &history.world;
        let context = Context { now: world.now, actor: &eve, book: &world.book };
        let others = history.moments.iter().map(|m| m.command.clone());
        for command in naming(&world.id, 1).into_iter().chain(others) {
            let here = Account::decide(&world.id, Some(world.account()), command.clone(), &context);
            let nowhere = Account::decide(&world.id, None, command, &context);
            prop_assert_eq!(&here, &nowhere);
            prop_assert!(matches!(here, Err(Rejected::NotFound { what: "account", .. })), "{:?}", here);
        }
        Ok(())
    });
}
