//! Law 9: measures stack.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tenure_domain::account::command::{Command, Starts};
use tenure_domain::account::standing::Standing;
use tenure_domain::account::{Actor, Context};
use tenure_domain::capability::Capability;
use tenure_domain::name::ItemId;
use tenure_domain::scope::Scope;

use crate::chronicle::Chronicle;
use crate::history::check;
use crate::world::{HOUSE, World, propose, words};

#[test]
fn law_09_lifting_one_measure_leaves_the_others_their_permits() {
    let cluster: Actor = "system/cluster".parse().unwrap();
    check(150, |history| {
        for (n, moment) in history.moments.iter().enumerate() {
            let Some(before) = &moment.before else { continue };
            let until = history.moments.get(n + 1).map_or(history.world.events.len(), |next| next.from);
            let events = &history.world.events[moment.from..until];
            let named = serde_json::to_string(events).unwrap();
            let context = Context { now: moment.now, actor: &cluster, book: &history.world.book };
            for measure in &before.measures {
                if named.contains(&format!("{:?}", measure.id.to_string())) {
                    continue;
                }
                let had = before.permit(&measure.id, &context).is_ok();
                prop_assert_eq!(
                    had,
                    moment.permits.contains(&measure.id),
                    "{} does not name {} and changes its permit",
                    moment.command.name(),
                    measure.id
                );
            }
        }
        Ok(())
    });
}

/// What a measure rests on is put right while something else that was asked for awaits a decision: only that decides.
#[test]
fn law_09_a_measure_in_force_keeps_its_permit_until_the_last_remedy_is_decided_on() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["stop"]);
    world.pass_hours(30);
    world.ok("person/ines", propose(&case, "1.1", "environment/web", true));
    world.approve("ruth", 1);
    world.until(world.now);
    world.confirm(1);
    world.serve(&case, Starts::Cure, "1.1", &["hide"]);
    let hide: ItemId = "hide".parse().unwrap();
    let submit = Command::SubmitCure { case: case.clone(), item: hide.clone(), remedy: words() };
    world.ok("member/parley/ada", submit);
    world.pass_hours(4 * 24);
    world.cure(&case, "stop");
    assert_eq!(world.state_of(1), "in_force");
    assert!(world.permit(&world.m(1)).is_ok(), "{:?}", world.permit(&world.m(1)));
    world.ok("person/ines", Command::AcceptCure { case, item: hide });
    assert_eq!(world.state_of(1), "lifting");
    assert!(world.permit(&world.m(1)).is_err());
}

#[test]
fn law_09_standing_is_what_the_measures_in_effect_make_it() {
    check(100, |history| {
        let states = history.moments.iter().filter_map(|m| Some((m.before.as_ref()?, m.from)));
        for (account, until) in states.chain([(history.world.account(), history.world.events.len())]) {
            let seen = Chronicle::of(&history.world.events[..until]);
            let effective = || seen.measures.values().filter(|m| m.is_effective());
            let mut expected = Standing::Clear;
            for measure in effective().filter(|m| !m.proposal.withholds.is_empty()) {
                let stopped = measure.phase == "in_force"
                    && measure.proposal.scope == Scope::Account
                    && measure.proposal.withholds.contains(&Capability::Compute);
                expected = expected.max(if stopped { Standing::Suspended } else { Standing::Limited });
            }
            prop_assert_eq!(account.standing(), expected);
            for of in ["account", "environment/web", "workload/web/feed", "environment/batch"] {
                let over = effective().filter(|m| lies_in(of, &m.proposal.scope.to_string()));
                let withheld: BTreeSet<_> = over.flat_map(|m| m.proposal.withholds.iter().copied()).collect();
                prop_assert_eq!(account.withheld(&of.parse().unwrap()), withheld);
            }
        }
        Ok(())
    });
}

/// Whether one scope lies in another, by their text alone.
fn lies_in(inner: &str, outer: &str) -> bool {
    let environment = outer.strip_prefix("environment/");
    outer == "account"
        || inner == outer
        || environment.is_some_and(|e| inner.starts_with(&format!("workload/{e}/")))
}
