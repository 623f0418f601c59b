//! Law 9: measures stack.

use proptest::prelude::*;
use tenure_domain::account::standing::Standing;
use tenure_domain::account::{Actor, Context};
use tenure_domain::capability::Capability;
use tenure_domain::scope::Scope;

use crate::chronicle::Chronicle;
use crate::history::check;

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

#[test]
fn law_09_standing_is_what_the_measures_in_effect_make_it() {
    check(150, |history| {
        let seen = Chronicle::of(&history.world.events);
        let mut expected = Standing::Clear;
        for measure in seen.measures.values().filter(|m| m.is_effective() && !m.proposal.withholds.is_empty())
        {
            let stopped = measure.phase == "in_force"
                && measure.proposal.scope == Scope::Account
                && measure.proposal.withholds.contains(&Capability::Compute);
            expected = expected.max(if stopped { Standing::Suspended } else { Standing::Limited });
        }
        prop_assert_eq!(history.world.account().standing(), expected);
        for scope in ["account", "environment/web", "workload/web/feed", "environment/batch"] {
            let scope: Scope = scope.parse().unwrap();
            let mut withheld = std::collections::BTreeSet::new();
            for measure in seen.measures.values().filter(|m| m.is_effective()) {
                let over = measure.proposal.scope.to_string();
                let of = scope.to_string();
                if over == "account"
                    || of == over
                    || over
                        .strip_prefix("environment/")
                        .is_some_and(|e| of.starts_with(&format!("workload/{e}/")))
                {
                    withheld.extend(measure.proposal.withholds.iter().copied());
                }
            }
            prop_assert_eq!(history.world.account().withheld(&scope), withheld);
        }
        Ok(())
    });
}
