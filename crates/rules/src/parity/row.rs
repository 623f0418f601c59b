//! A case as others are compared with it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::account::Account;
use tenure_domain::account::case::{Case, CaseState};
use tenure_domain::account::command::Command;
use tenure_domain::account::notice::Notice;
use tenure_domain::capability::{Preset, rung};
use tenure_domain::name::{AccountId, CaseId, Ground, PowerId};
use tenure_domain::scope::{Scope, ScopeKind};
use tenure_domain::terms::{Terms, TermsRef};

use super::compare::Subject;

/// A case, by what it is compared by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NearCase {
    /// Which.
    pub case: CaseId,
    /// Whose.
    pub account: AccountId,
    /// On which ground.
    pub ground: Ground,
    /// Under which terms.
    pub terms: TermsRef,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The harshest measure that took effect in it, or else that was proposed in it; none where an order commanded it.
    pub measure: Option<Preset>,
    /// From what kind of scope that measure withholds.
    pub scope: Option<ScopeKind>,
    /// From service of the notice of intent to the effect, in seconds; 0 where there was no notice.
    pub notice_seconds: Option<i64>,
    /// From service of the violation notice to the effect, in seconds; 0 where there was none.
    pub cure_seconds: Option<i64>,
    /// How it ended, or `open`.
    pub outcome: String,
    /// Whether a measure in it deviated from what others met with, for a written reason.
    pub deviated: bool,
}

/// The row of a case. Whether it deviated is known where its comparison is, and not here.
pub fn case_row(account: &Account, case: &Case) -> NearCase {
    let mut measures: Vec<_> =
        account.measures.iter().filter(|m| m.proposal.case.as_ref() == Some(&case.id)).collect();
    // What an order commands is no practice of the provider: such a case is compared with nothing.
    measures.retain(|_| case.order.is_none());
    let any_took_effect = measures.iter().any(|m| m.took_effect.is_some());
    measures.retain(|m| !any_took_effect || m.took_effect.is_some());
    let harshest = measures
        .into_iter()
        .max_by_key(|m| (rung(m.proposal.preset, &m.proposal.withholds), m.proposal.scope.kind()));
    let spans = harshest.map(|m| {
        let at = m.took_effect.unwrap_or(m.proposal.effective);
        m.proposal.power.as_ref().map_or((0, 0), |power| spans(account, &case.id, power, at))
    });
    let outcome = match &case.state {
        CaseState::Closed { outcome, .. } => word(outcome),
        CaseState::Open | CaseState::Notified { .. } | CaseState::Lapsed { .. } => "open".to_owned(),
    };
    NearCase {
        case: case.id.clone(),
        account: account.id.clone(),
        ground: case.ground.clone(),
        terms: harshest.map_or_else(|| account.governing(case).clone(), |m| m.proposal.terms.clone()),
        opened_at: case.opened_at,
        measure: harshest.map(|m| rung(m.proposal.preset, &m.proposal.withholds)),
        scope: harshest.map(|m| m.proposal.scope.kind()),
        notice_seconds: spans.map(|(notice, _)| notice),
        cure_seconds: spans.map(|(_, cure)| cure),
        outcome,
        deviated: false,
    }
}

/// The outcome's name in the record, whichever there are.
fn word(outcome: &impl std::fmt::Debug) -> String {
    format!("{outcome:?}").to_lowercase()
}

/// How long before a moment the notice of intent and the violation notice under a power were served, in seconds.
fn spans(account: &Account, case: &CaseId, power: &PowerId, at: Timestamp) -> (i64, i64) {
    let since = |served: Option<Timestamp>| {
        served.map_or(0, |served| at.as_second().saturating_sub(served.as_second()).max(0))
    };
    let first = |cure: bool| {
        let of = |n: &&Notice| {
            let starts = if cure { n.kind.starts_cure() } else { n.kind.starts_notice() };
            starts == Some(power)
        };
        account.notices_of(case).filter(of).filter_map(Notice::served_at).min()
    };
    (since(first(false)), since(first(true)))
}

/// What a command proposes, where it proposes something that the terms know in a case that exists. The signals are the
/// number of reports on the ground in the comparator's window.
pub fn subject(account: &Account, terms: &Terms, command: &Command, now: Timestamp) -> Option<Subject> {
    let (case, power, scope, effective): (&CaseId, &PowerId, &Scope, Timestamp) = match command {
        Command::ProposeMeasure(p) | Command::ProposeUntil { proposal: p, .. } => {
            (&p.case, &p.power, &p.scope, p.effective.unwrap_or(now).max(now))
        }
        Command::ApplyEmergency { case, power, scope, .. } => (case, power, scope, now),
        _ => return None,
    };
    let found = account.case(case).ok()?;
    // A list of capabilities is compared as what it amounts to.
    let preset = terms.power(power)?.rung();
    let (notice_seconds, cure_seconds) = spans(account, case, power, effective);
    Some(Subject {
        account: account.id.clone(),
        ground: found.ground.clone(),
        terms: account.governing(found).clone(),
        preset,
        scope: scope.kind(),
        notice_seconds,
        cure_seconds,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenure_domain::account::command::RecordRemoval;
    use tenure_domain::account::{Book, Context};
    use tenure_domain::text::{Blob, Words};
    use tenure_domain::workload::Plan;

    use super::*;

    #[test]
    fn what_an_order_commanded_is_no_measure_to_compare_with() {
        let text = include_str!("../../../../deploy/terms/cloud-agreement-2020-04.yaml");
        let (terms, reference) = Terms::parse(text).unwrap();
        let mut book = Book::default();
        book.insert(reference.clone(), Arc::new(terms));
        let now: Timestamp = "2021-01-04T17:00:00Z".parse().unwrap();
        let words = || Words::try_from(format!("sha256s:{}", "0".repeat(64))).unwrap();
        let blob = || Blob::try_from(format!("sha256:{}", "0".repeat(64))).unwrap();
        let plan = Plan { cpu_millis: 1_000, memory_mib: 1_000, storage_mib: 1_000, pods: 10 };
        let removal = RecordRemoval {
            scope: "environment/web".parse().unwrap(),
            locator: words(),
            authority: words(),
            document: blob(),
            deadline: None,
            why_not_less: Some(words()),
            letter: blob(),
        };
        let commands = [
            ("person/pia", Command::Open { terms: reference, plan }),
            ("person/pia", Command::CreateEnvironment { environment: "web".parse().unwrap(), plan }),
            ("person/lena", Command::RecordRemoval(removal)),
        ];
        let id: AccountId = "parley".parse().unwrap();
        let mut state = None;
        for (actor, command) in commands {
            let actor = actor.parse().unwrap();
            let context = Context { now, actor: &actor, book: &book };
            for recorded in Account::decide(&id, state.as_ref(), command, &context).unwrap() {
                state = Some(Account::apply(&id, state.take(), &recorded).unwrap());
            }
        }
        let account = state.unwrap();
        assert!(account.measures[0].took_effect.is_some());
        let row = case_row(&account, &account.cases[0]);
        assert_eq!((row.measure, row.scope, row.notice_seconds, row.cure_seconds), (None, None, None, None));
        assert_eq!((row.ground.as_str(), row.outcome.as_str()), ("legal_order", "open"));
    }
}
