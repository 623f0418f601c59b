//! What is tried in every state: tables of makers of commands, [`COURSE`] for the course of a case and those of
//! `commands_further` and `commands_legal` for the rest. A new command of the domain gets a maker in one of them, and a line in `table`; a maker
//! keeps the world small by making at most a few of each thing.

use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::account::measure::{Measure, MeasureState};
use tenure_domain::account::notice::{Notice, NoticeKind};
use tenure_domain::account::{Account, Book, Command};
use tenure_domain::name::CaseId;
use tenure_domain::terms::Channel;

use crate::world::{blob, emergency, issue, open_case, words};

/// Where the world stands.
pub struct View<'a> {
    pub account: &'a Account,
    pub book: &'a Book,
    pub now: Timestamp,
}

/// A command with the name of whoever gives it.
pub type Asked = (&'static str, Command);

/// Makes what is tried of one kind.
pub type Maker = fn(&View<'_>) -> Vec<Asked>;

/// Makers, each with what it makes.
pub type Makers = &'static [(&'static str, Maker)];

/// The course of a case: notices, cures, measures, and what stands against them.
pub const COURSE: Makers = &[
    ("open a case", open),
    ("a rule acts", rule),
    ("withdraw a case", withdraw),
    ("issue a notice", notice),
    ("attempt delivery", attempt),
    ("acknowledge", acknowledge),
    ("cure", cure),
    ("propose", proposal),
    ("emergency", at_once),
    ("amend", amend),
    ("approve", approve),
    ("deny", deny),
    ("pause", pause),
    ("ratify", ratify),
    ("lift", lift),
    ("observe", observe),
    ("order", order),
    ("hold", hold),
    ("appeal", appeal),
    ("workloads", workloads),
    ("deadlines", deadlines),
];

pub const INES: &str = "person/ines";
pub const OMAR: &str = "person/omar";
pub const NOA: &str = "person/noa";
pub const LENA: &str = "person/lena";
pub const ADA: &str = "member/parley/ada";

pub fn open_cases<'a>(view: &'a View<'_>) -> impl Iterator<Item = CaseId> + 'a {
    view.account.cases.iter().filter(|c| !c.is_closed()).map(|c| c.id.clone())
}

pub fn open_measures<'a>(view: &'a View<'_>) -> impl Iterator<Item = &'a Measure> + 'a {
    view.account.measures.iter().filter(|m| !m.is_over())
}

pub fn unserved<'a>(view: &'a View<'_>) -> impl Iterator<Item = &'a Notice> + 'a {
    view.account.notices.iter().filter(|n| n.served_at().is_none())
}

fn open(view: &View<'_>) -> Vec<Asked> {
    let ground = ["abuse", "debt"].get(view.account.cases.len());
    ground.map(|ground| (INES, open_case(ground))).into_iter().collect()
}

/// Law 12: a rule tries all that a person may do.
fn rule(view: &View<'_>) -> Vec<Asked> {
    let rule = "rule/flood";
    let mut asked = Vec::new();
    if view.account.cases.is_empty() {
        let (id, ground) = ("flood".parse().unwrap(), "abuse".parse().unwrap());
        let facts = std::collections::BTreeMap::new();
        asked.push((rule, Command::RecordMatch { rule: id, ground, opens: true, facts, why: words() }));
    }
    if let Some(case) = open_cases(view).next().filter(|_| view.account.measures.len() < 2) {
        asked.push((rule, crate::world::propose(&case, "1.3", "account", true)));
        asked.push((rule, emergency(&case, "1.4", "environment/web")));
    }
    for measure in open_measures(view) {
        let command_hash = measure.command_hash.clone();
        asked.push((rule, Command::ApproveMeasure { measure: measure.id.clone(), command_hash }));
    }
    asked
}

fn withdraw(view: &View<'_>) -> Vec<Asked> {
    open_cases(view).map(|case| (INES, Command::WithdrawCase { case, why: words(), clears: None })).collect()
}

fn notice(view: &View<'_>) -> Vec<Asked> {
    let noticed = |n: &&Notice| !matches!(n.kind, NoticeKind::Emergency { .. });
    if view.account.notices.iter().filter(noticed).count() >= 2 {
        return Vec::new();
    }
    let mut asked = Vec::new();
    for case in open_cases(view) {
        let item = ["a", "b"][view.account.case(&case).unwrap().items.len().min(1)];
        asked.push((INES, issue(&case, Starts::Both, "1.3", &[item])));
        asked.push((INES, issue(&case, Starts::Cure, "1.3", &[item])));
        asked.push((INES, issue(&case, Starts::Notice, "1.3", &[])));
    }
    asked
}

fn attempt(view: &View<'_>) -> Vec<Asked> {
    let untried = unserved(view).filter(|n| n.attempts.is_empty());
    let attempt = |n: &Notice| Command::RecordAttempt {
        notice: n.id.clone(),
        channel: Channel::Inbox,
        proof: "kept".into(),
    };
    untried.map(|n| ("system/delivery", attempt(n))).collect()
}

fn acknowledge(view: &View<'_>) -> Vec<Asked> {
    unserved(view).map(|n| (ADA, Command::AcknowledgeNotice { notice: n.id.clone() })).collect()
}

fn cure(view: &View<'_>) -> Vec<Asked> {
    let mut asked = Vec::new();
    for case in open_cases(view) {
        for item in &view.account.case(&case).unwrap().items {
            let (case, item) = (case.clone(), item.id.clone());
            asked
                .push((ADA, Command::SubmitCure { case: case.clone(), item: item.clone(), remedy: words() }));
            asked.push((INES, Command::AcceptCure { case: case.clone(), item: item.clone() }));
            asked.push((INES, Command::RejectCure { case, item, why: words() }));
        }
    }
    asked
}

fn proposal(view: &View<'_>) -> Vec<Asked> {
    let mut asked = Vec::new();
    if view.account.measures.len() >= 2 {
        return asked;
    }
    for case in open_cases(view) {
        let mut propose = |scope: &str, effective, why_not_less: bool| {
            let proposal = ProposeMeasure {
                case: case.clone(),
                power: "1.3".parse().unwrap(),
                scope: scope.parse().unwrap(),
                effective,
                why: words(),
                why_not_less: why_not_less.then(words),
            };
            asked.push((INES, Command::ProposeMeasure(proposal)));
        };
        propose("account", None, true);
        propose("account", None, false);
        propose("environment/web", Some(view.now + SignedDuration::from_hours(48)), true);
    }
    asked
}

fn at_once(view: &View<'_>) -> Vec<Asked> {
    if view.account.measures.len() >= 2 {
        return Vec::new();
    }
    let by = |case: &CaseId, who| (who, emergency(case, "1.4", "environment/web"));
    open_cases(view).flat_map(|case| [by(&case, INES), by(&case, OMAR)]).collect()
}

fn amend(view: &View<'_>) -> Vec<Asked> {
    let effective = view.now + SignedDuration::from_hours(1);
    open_measures(view)
        .filter(|m| m.took_effect.is_none() && m.proposal.effective != effective)
        .map(|m| (INES, Command::AmendMeasure { measure: m.id.clone(), effective }))
        .collect()
}

pub fn approve(view: &View<'_>) -> Vec<Asked> {
    let mut asked = Vec::new();
    for measure in open_measures(view).filter(|m| matches!(m.state, MeasureState::Proposed)) {
        for who in [INES, OMAR, NOA] {
            let command_hash = measure.command_hash.clone();
            asked.push((who, Command::ApproveMeasure { measure: measure.id.clone(), command_hash }));
        }
        let command_hash = "0".repeat(64);
        asked.push((OMAR, Command::ApproveMeasure { measure: measure.id.clone(), command_hash }));
    }
    asked
}

fn deny(view: &View<'_>) -> Vec<Asked> {
    open_measures(view)
        .filter(|m| matches!(m.state, MeasureState::Proposed))
        .map(|m| {
            let command_hash = m.command_hash.clone();
            (OMAR, Command::DenyMeasure { measure: m.id.clone(), command_hash, why: words() })
        })
        .collect()
}

fn pause(view: &View<'_>) -> Vec<Asked> {
    let cases = view.account.cases.iter().filter(|c| !c.is_closed());
    cases
        .map(|c| {
            let (case, why) = (c.id.clone(), words());
            if c.paused.is_some() {
                (INES, Command::ResumeCase { case, why })
            } else {
                (INES, Command::PauseCase { case, why })
            }
        })
        .collect()
}

fn ratify(view: &View<'_>) -> Vec<Asked> {
    let mut asked = Vec::new();
    for measure in open_measures(view).filter(|m| m.emergency.as_ref().is_some_and(|e| e.ratified.is_none()))
    {
        for who in [INES, OMAR] {
            let command_hash = measure.command_hash.clone();
            asked.push((who, Command::RatifyMeasure { measure: measure.id.clone(), command_hash }));
        }
    }
    asked
}

pub fn lift(view: &View<'_>) -> Vec<Asked> {
    open_measures(view)
        .map(|m| (INES, Command::LiftMeasure { measure: m.id.clone(), why: words() }))
        .collect()
}

pub fn observe(view: &View<'_>) -> Vec<Asked> {
    let cluster = "system/cluster";
    let mut asked = Vec::new();
    for measure in &view.account.measures {
        let (measure, receipt) = (measure.id.clone(), blob());
        match view.account.measure(&measure).unwrap() {
            m if m.awaits_restoration() => {
                asked.push((cluster, Command::ConfirmRestored { measure, receipt }));
            }
            m if m.is_effective() => asked.push((cluster, Command::ConfirmInForce { measure, receipt })),
            _ => {}
        }
    }
    asked
}

pub fn order(view: &View<'_>) -> Vec<Asked> {
    let standing = view.account.orders.iter().filter(|o| o.vacated.is_none());
    let mut asked: Vec<Asked> =
        standing.map(|o| (LENA, Command::VacateOrder { order: o.id.clone(), why: words() })).collect();
    if view.account.orders.is_empty() {
        let (kind, scope) = (OrderKind::Stay, "environment/web".parse().unwrap());
        asked.push((LENA, Command::RecordOrder { kind, scope, authority: words(), document: blob() }));
    }
    asked
}

pub fn hold(view: &View<'_>) -> Vec<Asked> {
    let standing = view.account.holds.iter().filter(|h| h.released.is_none());
    let mut asked: Vec<Asked> =
        standing.map(|h| (LENA, Command::ReleaseHold { hold: h.id.clone(), why: words() })).collect();
    if view.account.holds.is_empty() {
        let scope = "environment/web".parse().unwrap();
        asked.push((LENA, Command::PlaceHold { scope, running_state: true, why: words() }));
    }
    asked
}

pub fn appeal(view: &View<'_>) -> Vec<Asked> {
    let mut asked = Vec::new();
    if view.account.appeals.is_empty() {
        let measures = view.account.measures.iter();
        asked
            .extend(measures.map(|m| (ADA, Command::FileAppeal { measure: m.id.clone(), grounds: words() })));
    }
    for appeal in view.account.appeals.iter().filter(|a| a.decided.is_none()) {
        for who in [INES, OMAR, NOA] {
            for outcome in [AppealOutcome::Upheld, AppealOutcome::Overturned] {
                asked.push((
                    who,
                    Command::DecideAppeal { appeal: appeal.id.clone(), outcome, why: words(), reports: None },
                ));
            }
        }
    }
    asked
}

fn workloads(view: &View<'_>) -> Vec<Asked> {
    let web = "web".parse().unwrap();
    let declared = view.account.environments.get(&web);
    let feed = declared.and_then(|e| e.workloads.keys().find(|w| w.as_str() == "feed"));
    feed.map(|w| (ADA, Command::RemoveWorkload { environment: web.clone(), workload: w.clone() }))
        .into_iter()
        .collect()
}

/// Every deadline that runs, due or not: what is not due must change nothing.
pub fn deadlines(view: &View<'_>) -> Vec<Asked> {
    view.account.timers().into_iter().map(|t| ("system/timer", Command::Fire(t.key))).collect()
}
