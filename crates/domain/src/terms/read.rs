//! Reading a terms document.

mod balancing;
mod consent;
mod grounds;
mod listed;
mod optional;
mod power;
mod regulated;
mod slowing;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Channel, Floors, Power, Service, Terms, TermsRef};
use crate::calendar::{Calendar, Weekday, zone};
use crate::document::{DocumentErrors, Faults, Fields, Item, Node, hash};
use crate::name::{PowerId, TermsId};
use crate::period::Period;

const CHANNELS: [(&str, Channel); 2] = [("email", Channel::Email), ("inbox", Channel::Inbox)];
const POWERS_MAX: usize = 200;
const HOLIDAYS_MAX: usize = 1_000;
const VERSION_MAX: usize = 64;

pub(super) fn terms(text: &str) -> Result<(Terms, TermsRef), DocumentErrors> {
    let document = Node::read(text)?;
    let mut faults = Faults::default();
    let terms = document_terms(&document.root(), &mut faults);
    let terms = faults.into_result(terms)?;
    let reference = TermsRef { id: terms.id.clone(), version: terms.version.clone(), hash: hash(text) };
    Ok((terms, reference))
}

fn document_terms(root: &Item<'_>, faults: &mut Faults) -> Option<Terms> {
    let known = [
        "kind",
        "id",
        "version",
        "calendar",
        "service",
        "powers",
        "floors",
        "grounds",
        "changes",
        "switching",
        "regulations",
    ];
    let fields = root.fields(&known, faults)?;
    let kind = fields.required("kind", faults).and_then(|item| item.word(&[("Terms", ())], faults));
    let id: Option<TermsId> = fields.required("id", faults).and_then(|item| item.parsed(faults));
    let version = fields.required("version", faults).and_then(|item| version(&item, faults));
    let calendar = fields.required("calendar", faults).and_then(|item| calendar(&item, faults));
    let service = fields.required("service", faults).and_then(|item| service(&item, faults));
    let floors = fields.required("floors", faults).and_then(|item| floors(&item, faults));
    let powers = fields.required("powers", faults).and_then(|item| powers(&item, floors.as_ref(), faults));
    let reported = match fields.optional("grounds", faults) {
        Some(item) => grounds::reported(&item, faults),
        None => Some(BTreeMap::new()),
    };
    let optional = optional::optional(&fields, faults);
    kind?;
    let optional = optional?;
    let terms = Terms {
        id: id?,
        version: version?,
        calendar: calendar?,
        service: service?,
        powers: powers?,
        floors: floors?,
        reported: reported?,
        changes: optional.changes,
        switching: optional.switching,
        regulations: optional.regulations,
    };
    regulated::check(root, &terms, faults);
    Some(terms)
}

fn version(item: &Item<'_>, faults: &mut Faults) -> Option<String> {
    let text = item.text(faults)?;
    if text.len() > VERSION_MAX || !text.bytes().all(|b| b.is_ascii_graphic()) {
        faults.at(
            item,
            format!("write 1 to {VERSION_MAX} printable characters without spaces, such as \"2020-04\""),
        );
        return None;
    }
    Some(text.to_owned())
}

fn calendar(item: &Item<'_>, faults: &mut Faults) -> Option<Calendar> {
    let fields = item.fields(&["timeZone", "businessDays", "holidays", "coversUntil"], faults)?;
    let time_zone = fields.required("timeZone", faults).and_then(|item| {
        let name = item.text(faults)?;
        match zone(name) {
            Ok(_) => Some(name.to_owned()),
            Err(error) => {
                faults.at(&item, error.to_string());
                None
            }
        }
    });
    let business_days =
        fields.required("businessDays", faults).and_then(|item| item.set(7, faults, Item::parsed::<Weekday>));
    let covers_until = fields.required("coversUntil", faults).and_then(|item| date(&item, faults));
    let holidays = fields.required("holidays", faults).and_then(|item| {
        item.set_or_none(HOLIDAYS_MAX, faults, |day, faults| {
            let date = date(day, faults)?;
            if covers_until.is_some_and(|end| date > end) {
                faults.at(day, "this holiday is after coversUntil: extend coversUntil or leave it out");
                return None;
            }
            Some(date)
        })
    });
    Some(Calendar {
        time_zone: time_zone?,
        business_days: business_days?,
        holidays: holidays?,
        covers_until: covers_until?,
    })
}

/// A date as `2020-11-26` and nothing else.
fn date(item: &Item<'_>, faults: &mut Faults) -> Option<Date> {
    let text = item.text(faults)?;
    let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
    if date.is_none() {
        faults.at(item, "write a date such as \"2020-11-26\"");
    }
    date
}

fn service(item: &Item<'_>, faults: &mut Faults) -> Option<Service> {
    let fields = item.fields(&["channels", "deemedAfter"], faults)?;
    let channels = fields
        .required("channels", faults)
        .and_then(|item| item.set(CHANNELS.len(), faults, |channel, faults| channel.word(&CHANNELS, faults)));
    let deemed_after = fields.required("deemedAfter", faults).and_then(|item| {
        if item.text(faults)? == "never" {
            return Some(None);
        }
        let period = period(&item, faults)?;
        if period.is_zero() {
            faults.at(&item, "zero would count every attempt as service: write how long, or \"never\"");
            return None;
        }
        Some(Some(period))
    });
    Some(Service { channels: channels?, deemed_after: deemed_after? })
}

fn floors(item: &Item<'_>, faults: &mut Faults) -> Option<Floors> {
    let known = [
        "retrieval",
        "appealWindow",
        "appealDecision",
        "appealStops",
        "evidenceRetention",
        "retrievalExcept",
    ];
    let fields = item.fields(&known, faults)?;
    let retrieval = some_time(&fields, "retrieval", faults);
    let appeal_window = some_time(&fields, "appealWindow", faults);
    let appeal_decision = some_time(&fields, "appealDecision", faults);
    let appeal_stops_clocks = match fields.optional("appealStops", faults) {
        Some(item) => item.word(&[("clocks", true), ("nothing", false)], faults),
        None => Some(false),
    };
    let evidence_retention = some_time(&fields, "evidenceRetention", faults);
    let retrieval_except = match fields.optional("retrievalExcept", faults) {
        Some(item) => item.set(POWERS_MAX, faults, Item::parsed::<PowerId>),
        None => Some(BTreeSet::new()),
    };
    Some(Floors {
        retrieval: retrieval?,
        appeal_window: appeal_window?,
        appeal_decision: appeal_decision?,
        appeal_stops_clocks: appeal_stops_clocks?,
        evidence_retention: evidence_retention?,
        retrieval_except: retrieval_except?,
    })
}

fn powers(item: &Item<'_>, floors: Option<&Floors>, faults: &mut Faults) -> Option<Vec<Power>> {
    let items = item.list(POWERS_MAX, faults)?;
    if items.is_empty() {
        faults.at(item, "write at least one power: terms without any permit nothing");
        return None;
    }
    let mut lines: BTreeMap<PowerId, u32> = BTreeMap::new();
    let mut powers = Vec::new();
    for item in &items {
        let Some(power) = power::power(item, floors, faults) else { continue };
        if let Some(line) = lines.insert(power.id.clone(), item.line()) {
            faults.at(item, format!("power {} is already on line {line}", power.id));
        }
        powers.push(power);
    }
    if powers.len() < items.len() {
        return None;
    }
    power::together(&items, &powers, faults);
    Some(powers)
}

/// A period, zero or longer.
fn period(item: &Item<'_>, faults: &mut Faults) -> Option<Period> {
    item.parsed(faults)
}

/// A period that is written and longer than zero.
fn some_time(fields: &Fields<'_>, field: &str, faults: &mut Faults) -> Option<Period> {
    let item = fields.required(field, faults)?;
    let period = period(&item, faults)?;
    if period.is_zero() {
        faults.at(&item, "this must be longer than zero");
        return None;
    }
    Some(period)
}

/// Exact time up to `max` seconds, as seconds.
fn exact_seconds(item: &Item<'_>, max: u32, faults: &mut Faults) -> Option<u32> {
    match period(item, faults)? {
        Period::Seconds(n) if n <= max => Some(n),
        Period::Seconds(_) => {
            faults.at(item, format!("at most {}", Period::Seconds(max)));
            None
        }
        Period::Days(_) | Period::Months(_) | Period::BusinessDays(_) => {
            faults.at(
                item,
                format!("write exact time in hours, minutes or seconds, at most {}", Period::Seconds(max)),
            );
            None
        }
    }
}
