//! What a statement lacks to be issued.

use jiff::Timestamp;

use super::stationery::{normal, says_nothing};
use super::{Clause, Fact, Reasons, Source, Stationery};
use crate::account::notice::NoticeKind;
use crate::account::{Account, Book, Command};
use crate::name::PowerId;
use crate::refusal::{Guard, Unmet};
use crate::terms::{Terms, TermsRef};

/// The most facts of one statement.
pub const MOST_FACTS: usize = 1_000;

/// The most evidence that a notice names beside that of reports: its event has to fit a leaf of the log.
pub const MOST_EVIDENCE: usize = 500;

impl NoticeKind {
    /// Whether its statement rests on facts: what accuses or restricts does; what gives back, or answers an appeal, rests
    /// on what was decided.
    pub fn needs_facts(&self) -> bool {
        match self {
            Self::Violation { .. }
            | Self::Intent { .. }
            | Self::ViolationAndIntent { .. }
            | Self::Emergency { .. }
            | Self::Suspension { .. }
            | Self::Termination { .. } => true,
            Self::Extension { .. }
            | Self::Lift { .. }
            | Self::AppealOutcome { .. }
            | Self::Removal { .. }
            | Self::Retrieval { .. } => false,
        }
    }

    /// Whether the words why come with it. Those of the others were judged when the decision was made that they tell of
    /// ([`Command::gives_reasons`](crate::account::Command::gives_reasons)).
    pub fn brings_words(&self) -> bool {
        match self {
            Self::Violation { .. }
            | Self::Intent { .. }
            | Self::ViolationAndIntent { .. }
            | Self::Emergency { .. } => true,
            Self::Suspension { .. }
            | Self::Termination { .. }
            | Self::Extension { .. }
            | Self::Lift { .. }
            | Self::AppealOutcome { .. }
            | Self::Removal { .. }
            | Self::Retrieval { .. } => false,
        }
    }
}

/// Everything that facts and words lack for a notice of this kind.
pub fn reasons(kind: &NoticeKind, reasons: &Reasons, house: &Stationery, now: Timestamp) -> Vec<Unmet> {
    let mut unmet = facts(kind, &reasons.facts, now);
    if kind.brings_words() {
        unmet.extend(words(&reasons.why, house));
    }
    unmet
}

/// What facts lack.
pub fn facts(kind: &NoticeKind, facts: &[Fact], now: Timestamp) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    if facts.is_empty() && kind.needs_facts() {
        unmet.push(Unmet::new(
            Guard::FactsComplete,
            format!("the {} rests on no fact", kind.title()),
            "name reports of the case, or facts with id, date and locator",
        ));
    }
    if facts.len() > MOST_FACTS {
        unmet.push(Unmet::new(
            Guard::FactsComplete,
            format!("{} facts are named; a statement holds {MOST_FACTS}", facts.len()),
            "name those that decide",
        ));
    }
    let named = facts.iter().filter(|f| f.source == Source::Finding).map(|f| f.evidence.len()).sum::<usize>();
    if named > MOST_EVIDENCE {
        unmet.push(Unmet::new(
            Guard::FactsComplete,
            format!("{named} pieces of evidence are named; a notice names {MOST_EVIDENCE}"),
            "file reports, which hold more",
        ));
    }
    for (n, fact) in facts.iter().enumerate().take(MOST_FACTS) {
        let mut lacks = Vec::new();
        if fact.id.trim().is_empty() {
            lacks.push("id");
        }
        if fact.at.is_none() {
            lacks.push("date");
        }
        if fact.locator.trim().is_empty() {
            lacks.push("locator");
        }
        let name = if fact.id.trim().is_empty() { format!("fact {}", n + 1) } else { fact.id.clone() };
        if !lacks.is_empty() {
            let lacks = lacks.join(", ");
            let satisfied_by = format!("say its {lacks}");
            unmet.push(Unmet::new(Guard::FactsComplete, format!("{name} lacks {lacks}"), satisfied_by));
        }
        if let Some(at) = fact.at.filter(|at| *at > now) {
            let detail = format!("{name} is dated {at}, which has not come");
            unmet.push(Unmet::new(Guard::FactsComplete, detail, "name what happened"));
        }
        if facts[..n].iter().any(|f| !f.id.trim().is_empty() && f.id == fact.id) {
            let detail = format!("{name} is named twice");
            unmet.push(Unmet::new(Guard::FactsComplete, detail, "name each fact once"));
        }
    }
    unmet
}

/// What words lack that say why.
pub fn words(why: &str, house: &Stationery) -> Option<Unmet> {
    let satisfied_by = "say in this case's own words what happened and why it leads to this";
    if says_nothing(why) {
        return Some(Unmet::new(Guard::ReasonsGiven, format!("{why:?} gives no reason"), satisfied_by));
    }
    house.template_of(why).map(|template| {
        let detail = format!("the reasons are the template {template:?}");
        Unmet::new(Guard::ReasonsGiven, detail, satisfied_by)
    })
}

/// Whether a clause is one of these terms, word for word.
pub fn clause(clause: &Clause, reference: &TermsRef, terms: &Terms) -> Option<Unmet> {
    let holds = terms.power(&clause.id).filter(|p| {
        &clause.terms == reference
            && p.text == clause.text
            && p.permits == clause.permits
            && p.grounds == clause.grounds
    });
    holds.is_none().then(|| {
        Unmet::new(
            Guard::PowerInAcceptedTerms,
            format!("the clause {} is not in the accepted terms {reference} as it is quoted", clause.id),
            "quote a clause of the accepted terms",
        )
    })
}

/// Whether the words why are more than a quotation of the clause.
pub fn quotation(clause: &PowerId, text: Option<&str>, why: &str) -> Option<Unmet> {
    text.is_some_and(|text| normal(text) == normal(why)).then(|| {
        Unmet::new(
            Guard::ReasonsGiven,
            format!("the reasons only repeat clause {clause}"),
            "say what happened that the clause speaks of",
        )
    })
}

impl Account {
    /// What the words why of a command lack beside what [`words`] says of them: those of a proposal are the reasons of the
    /// notices that tell of its effect, which come when nothing can be refused any more.
    pub fn repeats_clause(&self, command: &Command, why: &str, book: &Book) -> Option<Unmet> {
        let (Command::ProposeMeasure(proposal) | Command::ProposeUntil { proposal, .. }) = command else {
            return None;
        };
        let case = self.case(&proposal.case).ok()?;
        let power = self.terms_of(case, book).ok()?.power(&proposal.power)?;
        quotation(&power.id, power.text.as_deref(), why)
    }
}
