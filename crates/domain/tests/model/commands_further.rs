//! What is tried beyond the course of a case: delivery, other powers, conditions and reviews, money, terms and signals.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::command::{Clears, ProposeMeasure, Starts};
use tenure_domain::account::cure::{Found, Verifier};
use tenure_domain::account::event::Asked;
use tenure_domain::account::invoice::InvoiceFacts;
use tenure_domain::account::measure::{Finding, MeasureState};
use tenure_domain::account::notice::NoticeKind;
use tenure_domain::account::parity::Comparison;
use tenure_domain::account::strike::Amount;
use tenure_domain::account::watch::Lifts;
use tenure_domain::authority::Authority;
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::name::{CaseId, ItemId};
use tenure_domain::period::Period;
use tenure_domain::scope::Scope;
use tenure_domain::terms::Channel;
use tenure_domain::workload::Plan;

use crate::commands::{ADA, Asked as Tried, INES, LENA, Makers, NOA, OMAR, View};
use crate::commands::{open_cases, open_measures, unserved};
use crate::world::{blob, item, propose, put, reasons, words};

/// Everything that is not in the course of a case.
pub const FURTHER: Makers = &[
    ("delivery", delivery),
    ("extend", extend),
    ("verifiers", verifiers),
    ("called for", called),
    ("propose further", proposals),
    ("conditions", conditions),
    ("reviews", reviews),
    ("enforcers", enforcers),
    ("fees", fees),
    ("invoices", invoices),
    ("terms", terms),
    ("signals", signals),
    ("declare", declare),
    ("a rule alone", rule),
];

pub fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

pub fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn delivery(view: &View<'_>) -> Vec<Tried> {
    let untried = unserved(view).filter(|n| n.failed.is_empty() && n.attempts.is_empty());
    let fail = |n: &tenure_domain::account::notice::Notice| Command::RecordFailure {
        notice: n.id.clone(),
        channel: Channel::Email,
        why: "550 no such user".to_owned(),
    };
    let mut asked: Vec<Tried> = untried.map(|n| ("system/delivery", fail(n))).collect();
    asked.extend(unserved(view).map(|n| (ADA, Command::ReadNotice { notice: n.id.clone() })));
    // Also where the channel has not taken it.
    asked.extend(unserved(view).map(|n| {
        let (notice, channel, evidence) = (n.id.clone(), Channel::Inbox, blob());
        (INES, Command::ProveDelivery { notice, channel, evidence })
    }));
    asked
}

fn extend(view: &View<'_>) -> Vec<Tried> {
    let begun = view.account.notices.iter().filter(|n| n.notice_ends().or(n.cure_ends()).is_some());
    begun
        .map(|n| {
            let (notice, by) = (n.id.clone(), Period::Days(1));
            (INES, Command::ExtendNotice { notice, by, why: words() })
        })
        .collect()
}

/// A notice whose item facts decide on, and what they say.
fn verifiers(view: &View<'_>) -> Vec<Tried> {
    let quiet: ItemId = parse("quiet");
    let mut asked = Vec::new();
    for case in open_cases(view) {
        let facts = BTreeMap::new();
        if view.account.case(&case).unwrap().item(&quiet).is_some() {
            let (item, found) = (quiet.clone(), Found::Crossed { facts });
            asked.push(("system/verifier", Command::RecordCheck { case, item, found, why: None }));
        } else if view.account.notices.len() < 2 {
            let bound = "reports(\"abuse\", \"P7D\").filed < 5".to_owned();
            let items = vec![Asked { verifier: Verifier::Fact { bound }, ..item("quiet") }];
            let (starts, power, reasons) = (Starts::Both, parse("1.3"), reasons());
            asked.push((INES, Command::IssueNotice { case, starts, power, why: words(), items, reasons }));
        }
    }
    asked
}

/// The notices that what became of measures and appeals calls for, each once.
fn called(view: &View<'_>) -> Vec<Tried> {
    let mut kinds = Vec::new();
    for measure in view.account.measures.iter().filter(|m| m.proposal.basis.is_power()) {
        let (number, id) = (u64::from(measure.id.number()), || measure.id.clone());
        if measure.took_effect.is_some() && measure.emergency.is_none() && measure.terminates() {
            kinds.push((100 + number, NoticeKind::Termination { measure: id() }));
        } else if measure.took_effect.is_some() && measure.emergency.is_none() {
            kinds.push((200 + number, NoticeKind::Suspension { measure: id() }));
        }
        if measure.is_over() {
            kinds.push((300 + number, NoticeKind::Lift { measure: id() }));
        }
    }
    let free = |event: &u64| view.account.notices.iter().all(|n| n.called_by != Some(*event));
    let told = kinds.into_iter().filter(|(event, _)| free(event));
    told.map(|(event, kind)| ("system/clerk", Command::IssueCalled { event, kind, reasons: reasons() }))
        .collect()
}

fn until(view: &View<'_>, case: &CaseId) -> Command {
    let Command::ProposeMeasure(proposal) = propose(case, "1.3", "environment/web", true) else {
        panic!("it proposes")
    };
    let lifts = Lifts { ends: Some(view.now + hours(24)), when: BTreeSet::new() };
    Command::ProposeUntil { proposal: ProposeMeasure { effective: None, ..proposal }, lifts }
}

/// Under the other powers, with an end of their own, and with a comparison.
fn proposals(view: &View<'_>) -> Vec<Tried> {
    let mut asked = Vec::new();
    if view.account.measures.len() >= 2 {
        return asked;
    }
    for case in open_cases(view) {
        asked.push((INES, until(view, &case)));
        asked.push((INES, propose(&case, "1.5", "account", true)));
        asked.push((OMAR, propose(&case, "1.6", "environment/web", true)));
        let decision = Box::new(propose(&case, "1.3", "environment/web", true));
        let deviations = vec!["others were warned".to_owned()];
        for reasoned in [false, true] {
            let (comparator, deviations) = ("0".repeat(64), deviations.clone());
            let comparison = Comparison { comparator, document: blob(), deviations, reasoned };
            asked.push((INES, Command::Compared { decision: decision.clone(), comparison }));
        }
    }
    asked
}

fn conditions(view: &View<'_>) -> Vec<Tried> {
    let mut asked = Vec::new();
    for measure in open_measures(view).filter(|m| m.watch.lifts.is_none()) {
        let mut set = |lifts| {
            asked.push((INES, Command::SetConditions { measure: measure.id.clone(), lifts, why: words() }));
        };
        set(Lifts { ends: Some(view.now + hours(24)), when: BTreeSet::new() });
        set(Lifts { ends: None, when: BTreeSet::from([parse("a")]) });
    }
    asked
}

fn reviews(view: &View<'_>) -> Vec<Tried> {
    let mut asked = Vec::new();
    for found in &view.account.measures {
        let measure = || found.id.clone();
        if matches!(found.state, MeasureState::InForce { .. }) {
            for lift in [true, false] {
                asked.push((OMAR, Command::ReviewMeasure { measure: measure(), lift, why: words() }));
            }
        }
        if found.emergency.is_some() {
            for who in [INES, OMAR, NOA] {
                let (finding, account) = (Finding::Wrong, words());
                asked.push((who, Command::ReviewEmergency { measure: measure(), finding, account }));
            }
        }
        if !found.is_ending() {
            for (who, authority) in
                [(INES, Authority::Billing), (LENA, Authority::Legal), (ADA, Authority::AccountHolder)]
            {
                asked.push((who, Command::LiftUnder { measure: measure(), authority, why: words() }));
            }
        }
    }
    asked
}

/// Other systems say that they withhold, or have given back, what is theirs.
pub fn enforcers(view: &View<'_>) -> Vec<Tried> {
    let mut asked = Vec::new();
    for measure in view.account.measures.iter().filter(|m| m.took_effect.is_some() && !m.is_over()) {
        let declared = [Capability::StorageWrite, Capability::Payments];
        for capability in declared.into_iter().filter(|c| measure.proposal.withholds.contains(c)) {
            for withheld in [true, false] {
                let measure = measure.id.clone();
                asked.push(("person/pay", Command::AcknowledgeEnforcement { measure, capability, withheld }));
            }
        }
        for withheld in [true, false] {
            let (measure, webhook) = (measure.id.clone(), "pay".parse().unwrap());
            asked.push(("system/delivery", Command::AcknowledgeByWebhook { measure, webhook, withheld }));
        }
    }
    asked
}

fn fees(view: &View<'_>) -> Vec<Tried> {
    if !view.account.fees.is_empty() {
        return Vec::new();
    }
    let charge = |case| {
        let amount = Amount { minor_units: 500, currency: "USD".to_owned() };
        Command::ChargeFee { case, measure: None, amount, why: words() }
    };
    open_cases(view).map(|case| (INES, charge(case))).collect()
}

fn invoices(view: &View<'_>) -> Vec<Tried> {
    if !view.account.invoices.is_empty() {
        return Vec::new();
    }
    let facts = InvoiceFacts {
        amount: 1_000,
        currency: parse("USD"),
        due: parse("2021-02-01"),
        paid: 0,
        credited: 0,
        disputed: 0,
        as_of: view.now,
    };
    vec![("person/bill", Command::RecordInvoice { invoice: parse("INV-1"), facts })]
}

fn terms(view: &View<'_>) -> Vec<Tried> {
    let mut second = view.book.iter().map(|(reference, _)| reference).filter(|r| r.version == "2");
    let mut asked = Vec::new();
    if view.account.terms_notices.is_empty() {
        let terms = second.next().unwrap().clone();
        asked.push((LENA, Command::NotifyTerms { terms, why: words(), letter: blob() }));
    }
    for told in view.account.terms_notices.iter().filter(|n| n.is_pending()) {
        let notice = || told.id.clone();
        let (channel, proof) = (Channel::Inbox, "kept".to_owned());
        asked.push(("system/delivery", Command::RecordTermsAttempt { notice: notice(), channel, proof }));
        for who in [ADA, INES] {
            asked.push((who, Command::AcknowledgeTerms { notice: notice() }));
            let hash = told.terms.hash.clone();
            asked.push((who, Command::AcceptTerms { notice: notice(), hash }));
        }
    }
    asked
}

fn signals(view: &View<'_>) -> Vec<Tried> {
    let mut asked = Vec::new();
    let clears = Clears { within: Period::Days(7), reports: 0 };
    if view.account.cleared.is_empty() {
        asked.push((INES, Command::ClearSignal { ground: parse("debt"), rule: None, why: words(), clears }));
    }
    for case in open_cases(view) {
        let (rule, by) = (parse("flood"), parse("ines"));
        asked.push(("system/batch", Command::UndoCase { case, rule, by, why: words(), reports: None }));
    }
    asked
}

fn declare(view: &View<'_>) -> Vec<Tried> {
    let plan = Plan { cpu_millis: 1, memory_mib: 1, storage_mib: 1, pods: 1 };
    let objects = vec!["Service/feed".to_owned()];
    let mut asked = vec![("system/cluster", Command::RecordRepairs { environment: parse("web"), objects })];
    if view.account.environments.len() < 3 {
        asked.push((ADA, Command::CreateEnvironment { environment: parse("more"), plan }));
    }
    asked.push((ADA, put("media", "registry.example/app:2")));
    asked.extend(day_two(view));
    asked
}

/// What a member does with a workload that runs, and with a secret that nothing reads.
fn day_two(view: &View<'_>) -> Vec<Tried> {
    let web = &view.account.environments[&parse("web")];
    let mut asked = Vec::new();
    if web.workloads.contains_key(&parse("feed")) && web.restarts.is_empty() {
        let (environment, workload) = (parse("web"), parse("feed"));
        asked.push((ADA, Command::RestartWorkload { environment, workload }));
        let (environment, workload) = (parse("web"), parse("feed"));
        asked.push((ADA, Command::ScaleWorkload { environment, workload, replicas: 1 }));
    }
    let (environment, secret) = (parse("web"), parse("db"));
    asked.push(if web.secrets.is_empty() {
        let keys = ["password".to_owned()].into();
        (ADA, Command::SetSecret { environment, secret, keys, values: words() })
    } else {
        (ADA, Command::RemoveSecret { environment, secret })
    });
    asked
}

/// Law 12: a rule tries what restricts, ends and deletes beside measures.
fn rule(view: &View<'_>) -> Vec<Tried> {
    let rule = "rule/flood";
    let mut asked = vec![
        (rule, Command::ProposeDeletion { why: words() }),
        (
            rule,
            Command::AskMeasure { preset: Preset::Suspend, scope: Scope::Account, ends: None, why: words() },
        ),
    ];
    for case in open_cases(view) {
        let (amount, why) = (Amount { minor_units: 500, currency: "USD".to_owned() }, words());
        asked.push((rule, Command::ChargeFee { case: case.clone(), measure: None, amount, why }));
        asked.push((rule, until(view, &case)));
    }
    for order in &view.account.orders {
        let (order, scope) = (order.id.clone(), parse("environment/web"));
        asked.push((rule, Command::ApplyOrder { order, preset: Preset::Freeze, scope, why: words() }));
    }
    asked
}
