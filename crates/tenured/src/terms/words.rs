//! The words for what a document means.

use std::collections::BTreeSet;

use tenure_domain::calendar::Weekday;
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::name::PowerId;
use tenure_domain::period::Period;
use tenure_domain::scope::ScopeKind;
use tenure_domain::terms::explain::{Finding, Grade, Touch};
use tenure_domain::terms::{Exception, Terms};
use tenure_domain::throttle::Throttle;

/// `1 fault`, `2 faults`.
pub fn counted(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed<S: AsRef<str>>(items: &[S], and: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {and} {}", first.join(", "), last.as_ref())
        }
    }
}

/// `Monday to Friday`, or the days one by one.
pub fn week(days: &BTreeSet<Weekday>) -> String {
    let name = |day: &Weekday| match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    };
    let names: Vec<&str> = days.iter().map(name).collect();
    let from_monday = days.iter().eq(Weekday::ALL.iter().take(days.len()));
    match names.as_slice() {
        [first, _, .., last] if from_monday => format!("{first} to {last}"),
        names => listed(names, "and"),
    }
}

/// What a measure is; `throttle` is how much throttling leaves, and `withheld` the list of a power that writes one.
pub fn measure(preset: Preset, throttle: Option<Throttle>, withheld: &BTreeSet<Capability>) -> String {
    let what = match preset {
        Preset::Warn => "nothing is withheld; the warning stands on the record",
        Preset::Throttle => {
            return throttle.map_or_else(
                || "less computing time; it does not say how much, so that it cannot be used".to_owned(),
                |stays| format!("{stays} of the declared computing time stays; everything goes on running"),
            );
        }
        Preset::Freeze => "nothing new is deployed; what runs goes on",
        Preset::WithholdPayments => "no payouts; everything goes on running",
        Preset::Isolate => "cut off from the network; it goes on running",
        Preset::Suspend => "stopped; all data is kept",
        Preset::Terminate => "ended; data can be fetched for a time, then it is deleted",
        Preset::Listed => {
            let names: Vec<&str> = withheld.iter().map(|capability| capability.as_str()).collect();
            return format!("{} withheld, and nothing else", listed(&names, "and"));
        }
    };
    what.to_owned()
}

/// Upon what a power reaches.
pub fn scopes<'a>(scopes: impl IntoIterator<Item = &'a ScopeKind>) -> String {
    let kinds: Vec<&str> = scopes
        .into_iter()
        .map(|kind| match kind {
            ScopeKind::Account => "the whole account",
            ScopeKind::Environment => "an environment",
            ScopeKind::Workload => "a workload",
            ScopeKind::Hostname => "a hostname",
        })
        .collect();
    listed(&kinds, "or")
}

/// What must run before a noticed measure.
pub fn periods(notice: Period, cure: Period, approvals: u8) -> String {
    let cure = if cure.is_zero() {
        "No time to put things right (written as zero)".to_owned()
    } else {
        format!("{} to put things right", capital(&cure.in_words()))
    };
    let notice = if notice.is_zero() {
        "no notice of intent in advance (written as zero)".to_owned()
    } else {
        format!("{} after a notice of intent", notice.in_words())
    };
    let consents = match approvals {
        1 => "one person besides whoever proposes it consents".to_owned(),
        n => format!("{n} people besides whoever proposes it consent"),
    };
    format!("{cure}; {notice}; {consents}.")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What a finding touches, as a heading.
pub fn touched(touch: Touch) -> &'static str {
    match touch {
        Touch::TerminationNotice => "Regulation (EU) 2019/1150 (platform-to-business), Article 4(2)",
        Touch::TerminationException => "Regulation (EU) 2019/1150 (platform-to-business), Article 4(4)",
        Touch::ChangeNotice => "Regulation (EU) 2019/1150 (platform-to-business), Article 3(2)",
        Touch::Reasons => {
            "Regulation (EU) 2022/2065 (Digital Services Act), Article 17; Regulation (EU) 2019/1150, Article 4(1)"
        }
        Touch::Complaints => "Regulation (EU) 2022/2065 (Digital Services Act), Article 20(1)",
        Touch::SwitchingNotice => "Regulation (EU) 2023/2854 (Data Act), Article 25(2)(d)",
        Touch::SwitchingTransition => "Regulation (EU) 2023/2854 (Data Act), Article 25(2)(a)",
        Touch::SwitchingRetrieval => "Regulation (EU) 2023/2854 (Data Act), Article 25(2)(g)",
        Touch::RetrievalExcepted => "The document's own floor of retrieval",
        Touch::NoPeriod => "Law 11 of the house: every duration is explicit",
        Touch::Emergency => "Law 5 of the house: emergency measures are provisional",
        Touch::NeverDeemed | Touch::SoonDeemed => "Law 2 of the house: no clock starts before service",
        Touch::Unsupported => "Law 1 of the house: nothing takes effect without a permit",
        Touch::CalendarEnds => "The document's own calendar",
    }
}

/// What a finding touches, in short.
pub fn short(touch: Touch) -> &'static str {
    match touch {
        Touch::TerminationNotice => "2019/1150 Art. 4(2)",
        Touch::TerminationException => "2019/1150 Art. 4(4)",
        Touch::ChangeNotice => "2019/1150 Art. 3(2)",
        Touch::Reasons => "2022/2065 Art. 17",
        Touch::Complaints => "2022/2065 Art. 20(1)",
        Touch::SwitchingNotice => "2023/2854 Art. 25(2)(d)",
        Touch::SwitchingTransition => "2023/2854 Art. 25(2)(a)",
        Touch::SwitchingRetrieval => "2023/2854 Art. 25(2)(g)",
        Touch::RetrievalExcepted => "the floor of retrieval",
        Touch::NoPeriod => "law 11",
        Touch::Emergency => "law 5",
        Touch::NeverDeemed | Touch::SoonDeemed => "law 2",
        Touch::Unsupported => "law 1",
        Touch::CalendarEnds => "the end of the calendar",
    }
}

/// What is known of a finding.
pub fn known(finding: &Finding, terms: &Terms) -> String {
    let powers: Vec<&str> = finding.powers.iter().map(PowerId::as_str).collect();
    let powers = listed(&powers, "and");
    let has = finding.has.map(|p| p.in_words()).unwrap_or_default();
    let fine = finding.grade == Grade::Fine;
    match finding.touches {
        Touch::TerminationNotice if fine => {
            format!("At least 30 days lie between the reasons for a termination and its effect. Power {powers} gives {has}.")
        }
        Touch::TerminationNotice => format!(
            "At least 30 days lie between the reasons for a termination and its effect, unless an exception of Article 4(4) holds. Power {powers} gives {has} and names no exception."
        ),
        Touch::TerminationException => exception(finding, terms, &powers, &has),
        Touch::ChangeNotice if finding.has.is_none() => {
            "Changed terms bind after at least 15 days' notice. Under this document they bind only when the account accepts them.".to_owned()
        }
        Touch::ChangeNotice => {
            format!("Changed terms bind after at least 15 days' notice. This document gives {has}.")
        }
        Touch::Reasons => {
            "Who is restricted gets a statement of reasons, no later than the restriction takes effect. Tenure applies no measure without its notice, and every measure can be appealed.".to_owned()
        }
        Touch::Complaints => {
            format!("Complaints against a decision are taken for at least six months. This document takes appeals for {has}.")
        }
        Touch::SwitchingNotice | Touch::SwitchingTransition if finding.has.is_none() => {
            let what = if finding.touches == Touch::SwitchingNotice {
                "How long before leaving a customer has to say so, at most two months"
            } else {
                "How long the move takes, at most 30 days"
            };
            format!("{what}, is said in the contract. This document says nothing about leaving: write switching: {{notice: P2M, transition: P30D}}, or shorter.")
        }
        Touch::SwitchingNotice => {
            format!("A customer who leaves has to say so at most two months before. This document asks for {has}.")
        }
        Touch::SwitchingTransition => {
            format!("The move to another provider takes at most 30 days. This document allows {has}.")
        }
        Touch::SwitchingRetrieval if powers.is_empty() => {
            format!("Data can be retrieved for at least 30 days after the end. This document grants {has}.")
        }
        Touch::SwitchingRetrieval => format!(
            "Data can be retrieved for at least 30 days after the end. This document grants {has}; {powers} may be used for less."
        ),
        Touch::RetrievalExcepted => format!(
            "The floor of {has} does not hold for {powers}. What they grant instead is written in them, and law 7 deletes nothing before it has run."
        ),
        Touch::NoPeriod => format!(
            "{powers}: usable as soon as the notices are served, before anybody can answer. That is written and not implied, so it is read."
        ),
        Touch::Emergency => format!(
            "{powers}: the measure comes first, without consent, and lifts by itself unless another person ratifies it in time. Its notice goes out with it."
        ),
        Touch::NeverDeemed => "Nothing counts as served until a member of the account confirms it. Periods of an account that never answers never begin.".to_owned(),
        Touch::SoonDeemed => format!(
            "Where nobody confirms, a notice counts as served {has} after the first attempt: it may have been read by nobody."
        ),
        Touch::Unsupported => format!(
            "Nothing enforces the measure of {powers} yet: proposing it is refused."
        ),
        Touch::CalendarEnds => format!(
            "The holidays are known until {}. From the example moment the periods of {powers} reach past that, and Tenure guesses no day.",
            terms.calendar.covers_until
        ),
    }
}

fn exception(finding: &Finding, terms: &Terms, powers: &str, has: &str) -> String {
    let rests = finding.powers.first().and_then(|id| terms.power(id)).and_then(|p| p.exception);
    let (letter, what) = match rests {
        Some(Exception::LegalDuty) => ('a', "a legal duty that does not allow for the period"),
        Some(Exception::ImperativeReason) => ('b', "an imperative reason under national law"),
        Some(Exception::RepeatedInfringement) => {
            ('c', "repeated infringement, which the provider has to be able to show")
        }
        None => ('?', "an exception"),
    };
    format!(
        "The 30 days before a termination need not run in three cases. Power {powers} gives {has} and rests on case ({letter}): {what}. Whether that holds is for each use of it."
    )
}
