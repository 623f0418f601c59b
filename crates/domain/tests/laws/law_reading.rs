//! Law 15: a member can always acknowledge, answer and appeal, whatever is withheld.

use proptest::prelude::*;
use tenure_domain::account::case::{Item, ItemState};
use tenure_domain::account::measure::MeasureState;
use tenure_domain::account::{Account, Actor, Command, Context};
use tenure_domain::refusal::{Guard, Rejected};

use crate::history::check;
use crate::world::words;

#[test]
fn law_15_a_member_can_always_acknowledge_answer_and_appeal() {
    let ada: Actor = "member/parley/ada".parse().unwrap();
    check(150, |history| {
        let world = &history.world;
        let account = world.account();
        let context = Context { now: world.now, actor: &ada, book: &world.book };
        let ask = |command: Command| Account::decide(&world.id, Some(account), command, &context);
        // What a court forbids telling yet is not there for the account; all else of the law holds meanwhile.
        for notice in account.notices.iter().filter(|n| n.delayed.is_none()) {
            let answer = ask(Command::AcknowledgeNotice { notice: notice.id.clone() });
            prop_assert!(answer.is_ok(), "{} cannot be acknowledged: {:?}", notice.id, answer);
        }
        for case in account.cases.iter().filter(|c| !c.is_closed()) {
            // Nor is what such a notice asks for.
            let told = |i: &&Item| !account.hides_item(&case.id, &i.id);
            let due = |i: &&Item| matches!(i.state, ItemState::Due { .. });
            for item in case.items.iter().filter(due).filter(told) {
                let (case, item) = (case.id.clone(), item.id.clone());
                let answer = ask(Command::SubmitCure { case, item, remedy: words() });
                prop_assert!(answer.is_ok(), "a remedy cannot be handed in: {:?}", answer);
            }
        }
        for measure in &account.measures {
            let open = account.appeals.iter().any(|a| a.measure == measure.id && a.decided.is_none());
            // Law 6: what nobody consented to is not decided, also while an order stays it.
            let decided =
                !measure.awaits_approval() && !matches!(measure.state, MeasureState::Withdrawn { .. });
            let young = world.now < measure.proposed_at + jiff::SignedDuration::from_hours(180 * 24);
            if decided && !open && young {
                let answer = ask(Command::FileAppeal { measure: measure.id.clone(), grounds: words() });
                prop_assert!(answer.is_ok(), "{} cannot be appealed: {:?}", measure.id, answer);
            }
        }
        Ok(())
    });
}

#[test]
fn law_15_what_a_member_says_is_never_refused_because_something_is_withheld() {
    check(150, |history| {
        for moment in &history.moments {
            let says = matches!(
                moment.command,
                Command::AcknowledgeNotice { .. } | Command::SubmitCure { .. } | Command::FileAppeal { .. }
            );
            let ours = matches!(&moment.actor, Actor::Member(of, _) if of == &history.world.id);
            if let Err(Rejected::Refused(refusal)) = &moment.outcome
                && says
                && ours
            {
                for unmet in &refusal.guards {
                    prop_assert!(matches!(unmet.guard, Guard::InState | Guard::Moment), "{:?}", unmet);
                }
            }
        }
        Ok(())
    });
}
