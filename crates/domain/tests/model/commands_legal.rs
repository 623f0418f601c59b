//! What is tried of courts, reviewers and the end of an account: orders of all kinds, what the account asks for itself,
//! appeals that modify, the time to fetch data, and deletion.

use jiff::Timestamp;
use tenure_domain::account::Command;
use tenure_domain::account::command::RecordRemoval;
use tenure_domain::account::erasure::Included;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::capability::Preset;
use tenure_domain::scope::Scope;

use crate::commands::{ADA, Asked as Tried, INES, LENA, Makers, NOA, OMAR, View};
use crate::commands_further::{enforcers, hours, parse};
use crate::world::{blob, words};

/// Orders of all kinds, and what the account asks for itself.
pub const COURTS: Makers = &[
    ("orders", orders),
    ("apply an order", apply_order),
    ("conflicts", conflicts),
    ("gags", gags),
    ("ask", ask),
];

/// Appeals that are assigned and modify.
pub const APPEALS: Makers = &[("assign and modify", modify)];

/// The end of an account.
pub const ENDING: Makers = &[
    ("retrieval", retrieval),
    ("deletion", deletion),
    ("deletion of an environment", of_environment),
    ("enforcers", enforcers),
];

/// Orders and holds on the account as a whole, beside a deletion.
pub const WHOLE: Makers = &[("orders on the whole", whole)];

fn orders(view: &View<'_>) -> Vec<Tried> {
    if view.account.orders.len() >= 3 {
        return Vec::new();
    }
    let free = |kind| view.account.orders.iter().all(|o| o.kind != kind || !o.stands());
    let mut asked = Vec::new();
    if free(OrderKind::Preserve) {
        let (kind, scope) = (OrderKind::Preserve, parse("environment/web"));
        asked.push((LENA, Command::RecordOrder { kind, scope, authority: words(), document: blob() }));
    }
    if free(OrderKind::Reinstate) {
        let (authority, document, deadline) = (words(), blob(), view.now + hours(1));
        let (kind, scope) = (OrderKind::Reinstate, Scope::Account);
        asked.push((LENA, Command::RecordTimedOrder { kind, scope, authority, document, deadline }));
    }
    if free(OrderKind::Remove) {
        let removal = RecordRemoval {
            scope: parse("workload/web/feed"),
            locator: words(),
            authority: words(),
            document: blob(),
            deadline: None,
            why_not_less: None,
            letter: blob(),
        };
        asked.push((LENA, Command::RecordRemoval(removal)));
    }
    asked
}

fn apply_order(view: &View<'_>) -> Vec<Tried> {
    if view.account.measures.len() >= 3 {
        return Vec::new();
    }
    let apply = |order| {
        let (preset, scope) = (Preset::Freeze, parse("environment/web"));
        Command::ApplyOrder { order, preset, scope, why: words() }
    };
    let standing = view.account.orders.iter().filter(|o| o.stands());
    standing.map(|o| (LENA, apply(o.id.clone()))).collect()
}

fn conflicts(view: &View<'_>) -> Vec<Tried> {
    let mut asked = Vec::new();
    for conflict in view.account.open_conflicts() {
        let (a, b) = conflict.between.clone();
        for (order, over) in [(a.clone(), b.clone()), (b, a)] {
            asked.push((LENA, Command::DecideConflict { order, over, why: words() }));
        }
    }
    asked
}

fn gags(view: &View<'_>) -> Vec<Tried> {
    let gag = |until: Timestamp| {
        let (scope, case) = (Scope::Account, None);
        Command::RecordGag { scope, case, authority: words(), document: blob(), until }
    };
    let mut asked = Vec::new();
    if view.account.orders.iter().all(|o| o.gag.is_none()) {
        asked.push((LENA, gag(view.now + hours(48))));
    }
    for order in view.account.orders.iter().filter(|o| o.gag.is_some() && o.stands()) {
        let (order, until, document) = (order.id.clone(), Some(view.now + hours(72)), Some(blob()));
        asked.push((LENA, Command::RenewGag { order, until, document, why: words() }));
    }
    asked
}

fn ask(view: &View<'_>) -> Vec<Tried> {
    if view.account.measures.len() >= 2 {
        return Vec::new();
    }
    let ask = |preset, scope| Command::AskMeasure { preset, scope, ends: None, why: words() };
    vec![
        (ADA, ask(Preset::Suspend, parse("environment/web"))),
        (ADA, ask(Preset::WithholdPayments, Scope::Account)),
        (ADA, ask(Preset::Terminate, Scope::Account)),
    ]
}

fn modify(view: &View<'_>) -> Vec<Tried> {
    let mut asked = Vec::new();
    for measure in view.account.measures.iter().filter(|m| m.replaces.is_some()) {
        let measure = measure.id.clone();
        asked.push((ADA, Command::FileAppeal { measure, grounds: words() }));
    }
    for appeal in view.account.appeals.iter().filter(|a| a.decided.is_none()) {
        let id = || appeal.id.clone();
        if appeal.reviewer.is_none() {
            for reviewer in ["omar", "ruth"] {
                asked.push((NOA, Command::AssignAppeal { appeal: id(), reviewer: parse(reviewer) }));
            }
        }
        let less = [(Some(Preset::Isolate), None), (None, Some(parse("environment/web")))];
        for (preset, scope) in less {
            for who in [NOA, OMAR, INES] {
                let scope: Option<Scope> = scope.clone();
                asked.push((who, Command::ModifyOnAppeal { appeal: id(), preset, scope, why: words() }));
            }
        }
    }
    asked
}

fn retrieval(view: &View<'_>) -> Vec<Tried> {
    let Some(closing) = view.account.lifecycle.closing() else { return Vec::new() };
    let missing = (0..=3_u8).filter(|number| closing.notice(*number).is_none());
    let issue = |number| {
        let measure = closing.measure.clone();
        Command::IssueRetrievalNotice { measure, number, why: words(), letter: blob() }
    };
    missing.map(|number| ("system/delivery", issue(number))).collect()
}

fn deletion(view: &View<'_>) -> Vec<Tried> {
    let mut asked = vec![
        (INES, Command::ProposeDeletion { why: words() }),
        ("system/eraser", Command::ConfirmDeletion { certificate: blob() }),
        (INES, Command::ConfirmDeletion { certificate: blob() }),
    ];
    let including =
        vec![Included { environment: parse("web"), object: "ConfigMap/a".into(), uid: "a".into() }];
    asked.push((INES, Command::ProposeDeletionOf { why: words(), including }));
    for environment in view.account.environments.keys().cloned() {
        let certificate = blob();
        asked.push(("system/eraser", Command::ConfirmEnvironmentDeleted { environment, certificate }));
    }
    let proposed = view.account.lifecycle.closing().and_then(|c| c.deletion.as_ref());
    if let Some(command_hash) = proposed.map(|d| d.command_hash.clone()) {
        for who in [INES, OMAR, NOA] {
            let command_hash = command_hash.clone();
            asked.push((who, Command::ConsentToDeletion { command_hash }));
        }
        asked.push(("system/eraser", Command::BeginDeletion { command_hash: command_hash.clone() }));
        asked.push((OMAR, Command::ConsentToDeletion { command_hash: "0".repeat(64) }));
        asked.push((OMAR, Command::DenyDeletion { command_hash, why: words() }));
    }
    asked
}

fn of_environment(view: &View<'_>) -> Vec<Tried> {
    let environment = || parse("web");
    if !view.account.environments.contains_key(&environment()) {
        return Vec::new();
    }
    let ask = |confirm: &str| {
        let (confirm, including) = (confirm.to_owned(), Vec::new());
        Command::AskEnvironmentDeletion { environment: environment(), confirm, why: words(), including }
    };
    let end = || Command::EndEnvironmentDeletion { environment: environment() };
    vec![(ADA, ask("web")), (ADA, ask("feed")), (INES, ask("web")), (ADA, end()), ("system/eraser", end())]
}

fn whole(view: &View<'_>) -> Vec<Tried> {
    if !view.account.orders.is_empty() {
        return Vec::new();
    }
    let order = |kind| {
        let (scope, authority, document) = (Scope::Account, words(), blob());
        (LENA, Command::RecordOrder { kind, scope, authority, document })
    };
    vec![order(OrderKind::Preserve), order(OrderKind::Stay)]
}
