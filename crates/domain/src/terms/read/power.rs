//! Reading one power of a terms document: each kind has its own required fields.

use std::collections::BTreeSet;

use super::super::{Exception, Floors, Power, Process};
use super::{balancing, consent, exact_seconds, listed, period, slowing, some_time};
use crate::authority::Authority;
use crate::capability::{Capability, Preset, rung};
use crate::document::{Faults, Fields, Item};
use crate::name::{Ground, PowerId};
use crate::period::Period;
use crate::scope::ScopeKind;

const FIELDS: [&str; 19] = [
    "id",
    "text",
    "permits",
    "throttle",
    "loadBalancers",
    "authority",
    "scopes",
    "grounds",
    "notice",
    "cure",
    "approvals",
    "emergency",
    "podGrace",
    "constructiveTerminationAfter",
    "retrieval",
    "after",
    "exception",
    "approverRoles",
    "strikes",
];
const SCOPES: [(&str, ScopeKind); 4] = [
    ("account", ScopeKind::Account),
    ("environment", ScopeKind::Environment),
    ("workload", ScopeKind::Workload),
    ("hostname", ScopeKind::Hostname),
];
const TEXT_MAX: usize = 10_000;
const GROUNDS_MAX: usize = 100;
const APPROVALS_MAX: u8 = 16;
const HOUR: u32 = 3_600;
const RATIFY_SECONDS_MAX: u32 = 24 * HOUR;
const NOTICE_SECONDS_MAX: u32 = HOUR;
const POD_GRACE_SECONDS_MAX: u32 = HOUR;

pub(super) fn power(item: &Item<'_>, floors: Option<&Floors>, faults: &mut Faults) -> Option<Power> {
    let fields = item.fields(&FIELDS, faults)?;
    let id: Option<PowerId> = fields.required("id", faults).and_then(|item| item.parsed(faults));
    let text = match fields.optional("text", faults) {
        Some(item) => Some(clause_text(&item, faults)?),
        None => None,
    };
    let permits = fields.required("permits", faults).and_then(|item| listed::permits(&item, faults));
    let words = Authority::OF_POWERS.map(|authority| (authority.as_str(), authority));
    let authority = match fields.optional("authority", faults) {
        Some(item) => Some(item.word(&words, faults)?),
        None => None,
    };
    let grounds = fields
        .required("grounds", faults)
        .and_then(|item| item.set(GROUNDS_MAX, faults, Item::parsed::<Ground>));
    let process = process(&fields, faults);
    let (permits, listed) = permits?;
    let throttle = slowing::throttle(&fields, permits, faults);
    let load_balancers = balancing::load_balancers(&fields, permits, &listed, faults);
    let emergency = fields.has("emergency");
    let scopes = scopes(&fields, permits, &listed, emergency, faults);
    if emergency && permits == Preset::Terminate {
        faults.about(&fields, "permits", "an emergency measure is provisional, and a termination is not");
    }
    if emergency && permits == Preset::WithholdPayments {
        faults.about(
            &fields,
            "permits",
            "payments concern the whole account, and an emergency measure takes the smallest scope",
        );
    }

    let suspend_only = "only a power that permits suspend, or lists compute, has this field";
    let (pod_grace_seconds, constructive_termination_after) = if rung(permits, &listed) == Preset::Suspend {
        let grace = fields.required("podGrace", faults);
        let grace = grace.and_then(|item| exact_seconds(&item, POD_GRACE_SECONDS_MAX, faults));
        (grace, some_time(&fields, "constructiveTerminationAfter", faults))
    } else {
        fields.forbid("podGrace", suspend_only, faults);
        fields.forbid("constructiveTerminationAfter", suspend_only, faults);
        (None, None)
    };
    let retrieval = if permits == Preset::Terminate {
        retrieval(&fields, id.as_ref(), floors, faults)
    } else {
        fields.forbid("retrieval", "only a power that permits terminate has this field", faults);
        None
    };
    let after = match fields.optional("after", faults) {
        Some(item) => Some(after(&item, permits, emergency, faults)?),
        None => None,
    };
    let exception = match fields.optional("exception", faults) {
        Some(item) if permits == Preset::Terminate => Some(item.word(&Exception::ALL, faults)?),
        Some(item) => {
            faults.at(&item, "only a power that permits terminate has this field");
            None
        }
        None => None,
    };
    let approver_roles = match &process {
        Some(process) => consent::roles(&fields, process, faults),
        None => Some(BTreeSet::new()),
    };
    let strikes = consent::strikes(&fields, faults);
    // A required field that is `None` here has its fault recorded, and no terms come out of a reading with faults.
    Some(Power {
        id: id?,
        text,
        permits,
        listed,
        throttle: throttle?,
        load_balancers: load_balancers?,
        authority,
        scopes: scopes?,
        grounds: grounds?,
        process: process?,
        pod_grace_seconds,
        constructive_termination_after,
        retrieval,
        after,
        exception,
        approver_roles: approver_roles?,
        strikes: strikes?,
    })
}

/// The measure that has to be in force first: less than what the power permits.
fn after(item: &Item<'_>, permits: Preset, emergency: bool, faults: &mut Faults) -> Option<Preset> {
    let presets = Preset::LADDER.map(|preset| (preset.as_str(), preset));
    let preset = item.word(&presets, faults)?;
    if emergency {
        faults.at(item, "an emergency measure comes first: nothing has to be in force before it");
        return None;
    }
    if preset >= permits || preset.withholds().is_empty() {
        faults.at(item, format!("write a measure that withholds something and is less than {permits}"));
        return None;
    }
    Some(preset)
}

/// What only all powers together show: what `after` names has to be within reach on the same ground.
pub(super) fn together(items: &[Item<'_>], powers: &[Power], faults: &mut Faults) {
    for (item, power) in items.iter().zip(powers) {
        let Some(first) = power.after else { continue };
        let Some(fields) = item.mapping() else { continue };
        let out_of_reach =
            |ground: &&Ground| !powers.iter().any(|p| p.permits == first && p.grounds.contains(*ground));
        let grounds: Vec<&str> = power.grounds.iter().filter(out_of_reach).map(Ground::as_str).collect();
        if !grounds.is_empty() {
            let detail = format!(
                "no power here permits {first} on the ground {}: it could never be used there",
                grounds.join(", ")
            );
            faults.about(&fields, "after", detail);
        }
    }
}

/// The words of a clause.
fn clause_text(item: &Item<'_>, faults: &mut Faults) -> Option<String> {
    let text = item.text(faults)?.trim();
    if text.is_empty() || text.chars().count() > TEXT_MAX {
        faults.at(item, format!("print the clause in 1 to {TEXT_MAX} characters"));
        return None;
    }
    Some(text.to_owned())
}

fn process(fields: &Fields<'_>, faults: &mut Faults) -> Option<Process> {
    if !fields.has("emergency") {
        let notice = fields.required("notice", faults).and_then(|item| period(&item, faults));
        let cure = fields.required("cure", faults).and_then(|item| period(&item, faults));
        let approvals =
            fields.required("approvals", faults).and_then(|item| item.integer(1, APPROVALS_MAX, faults));
        return Some(Process::Noticed { notice: notice?, cure: cure?, approvals: approvals? });
    }
    for field in ["notice", "cure", "approvals"] {
        fields.forbid(
            field,
            "a power has either this field or emergency: an emergency measure comes before its notice",
            faults,
        );
    }
    let emergency =
        fields.required("emergency", faults)?.fields(&["ratifyWithin", "noticeWithin"], faults)?;
    let ratify_within = within(&emergency, "ratifyWithin", RATIFY_SECONDS_MAX, faults);
    let notice_within = within(&emergency, "noticeWithin", NOTICE_SECONDS_MAX, faults);
    Some(Process::Emergency { ratify_within: ratify_within?, notice_within: notice_within? })
}

/// Exact time, longer than zero and at most `max` seconds.
fn within(fields: &Fields<'_>, field: &str, max: u32, faults: &mut Faults) -> Option<Period> {
    let item = fields.required(field, faults)?;
    let seconds = exact_seconds(&item, max, faults)?;
    if seconds == 0 {
        faults.at(&item, "nobody can act within no time: write how long");
        return None;
    }
    Some(Period::Seconds(seconds))
}

fn scopes(
    fields: &Fields<'_>,
    permits: Preset,
    listed: &BTreeSet<Capability>,
    emergency: bool,
    faults: &mut Faults,
) -> Option<BTreeSet<ScopeKind>> {
    if permits == Preset::Terminate && !fields.has("scopes") {
        return Some([ScopeKind::Account].into());
    }
    let item = fields.required("scopes", faults)?;
    item.set(SCOPES.len(), faults, |scope, faults| {
        let kind = scope.word(&SCOPES, faults)?;
        let why_not = match (permits, kind) {
            (Preset::Terminate, kind) if kind != ScopeKind::Account => {
                Some("a termination ends the whole account: leave scopes out")
            }
            (Preset::WithholdPayments, kind) if kind != ScopeKind::Account => {
                Some("payments concern the whole account: write [account]")
            }
            (Preset::Suspend | Preset::Freeze, ScopeKind::Hostname) => {
                Some("nothing runs or is deployed on a hostname: permit isolate there")
            }
            (Preset::Listed, kind) if listed::why_not_on(listed, kind).is_some() => {
                listed::why_not_on(listed, kind)
            }
            (_, ScopeKind::Account) if emergency => {
                Some("an emergency measure takes the smallest scope: environment, workload or hostname")
            }
            _ => None,
        };
        if let Some(why_not) = why_not {
            faults.at(scope, why_not);
            return None;
        }
        Some(kind)
    })
}

fn retrieval(
    fields: &Fields<'_>,
    id: Option<&PowerId>,
    floors: Option<&Floors>,
    faults: &mut Faults,
) -> Option<Period> {
    let period = some_time(fields, "retrieval", faults)?;
    let excepted = |floors: &Floors| id.is_some_and(|id| floors.retrieval_except.contains(id));
    if let Some(floors) = floors.filter(|f| !excepted(f) && !period.is_at_least(&f.retrieval)) {
        let floor = floors.retrieval;
        faults.about(
            fields,
            "retrieval",
            format!("{period} may be shorter than the floor for retrieval, {floor}"),
        );
        return None;
    }
    Some(period)
}
