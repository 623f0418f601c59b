//! Compiling a statement from the account's state, the accepted terms, and what the notice brings along.

use super::lint;
use super::{
    About, AppealBy, Automated, Automation, Clause, Cure, CureItem, Data, FORM, Fact, Lasts, Reasons, Source,
    Statement, Tried,
};
use crate::account::case::{Case, ItemState};
use crate::account::event::Asked;
use crate::account::invoice::NON_PAYMENT;
use crate::account::measure::{LiftReason, Measure, MeasureState};
use crate::account::notice::NoticeKind;
use crate::account::{Account, Actor, Context};
use crate::capability::{Capability, Preset, rung};
use crate::name::{CaseId, MeasureId, NoticeId, PowerId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::terms::{Power, Process, Terms, TermsRef};

/// The most invoices of one statement.
const MOST_INVOICES: usize = 100;

/// What a notice is about.
pub struct Subject<'a> {
    /// The notice's id.
    pub notice: NoticeId,
    /// What it says.
    pub kind: &'a NoticeKind,
    /// In which case.
    pub case: &'a CaseId,
    /// What it asks for, beside what the case asks for already.
    pub asked: &'a [Asked],
}

/// The facts of a notice: those it brings along, and those that the account's own record holds.
pub(crate) fn facts(account: &Account, kind: &NoticeKind, case: &Case, reasons: &Reasons) -> Vec<Fact> {
    let mut facts = reasons.facts.clone();
    if let Actor::Rule(rule) = &case.opened_by {
        facts.push(Fact {
            id: format!("rule/{rule}"),
            at: Some(case.opened_at),
            locator: format!("/v1/cases/{}", case.id),
            what: None,
            evidence: std::collections::BTreeSet::new(),
            source: Source::Rule,
            automated: true,
        });
    }
    if case.ground.as_str() == NON_PAYMENT {
        let owed = account.invoices.iter().filter(|(_, invoice)| invoice.facts.outstanding() > 0);
        facts.extend(owed.take(MOST_INVOICES).map(|(id, invoice)| Fact {
            id: format!("invoice/{id}"),
            at: Some(invoice.recorded_at),
            locator: format!("/v1/accounts/{}/invoices", account.id),
            what: None,
            evidence: std::collections::BTreeSet::new(),
            source: Source::Invoice,
            automated: false,
        }));
    }
    if let NoticeKind::Suspension { .. } | NoticeKind::Termination { .. } = kind {
        // That the account was told, and by when nothing had changed, is what the measure rests on too.
        for notice in account.notices_of(&case.id).filter(|n| n.kind.accuses()) {
            let Some(served) = notice.served_at() else { continue };
            facts.push(Fact {
                id: notice.id.to_string(),
                at: Some(served),
                locator: format!("/v1/accounts/{}/notices/{}", account.id, notice.id),
                what: None,
                evidence: [notice.letter.clone()].into(),
                source: Source::Notice,
                automated: false,
            });
        }
    }
    facts
}

impl Statement {
    /// The statement of a notice about the account as it stands.
    pub fn compile(
        account: &Account,
        subject: &Subject<'_>,
        reasons: &Reasons,
        context: &Context<'_>,
    ) -> Result<Self, Rejected> {
        let kind = subject.kind;
        let case = account.case(subject.case)?;
        let measure = measure_of(account, kind)?;
        let reference = measure.map_or_else(|| account.governing(case), |m| &m.proposal.terms);
        let terms = governing(reference, context)?;
        let power = power_of(account, kind, measure)?;
        let granted = terms.power(&power).ok_or_else(|| {
            let detail = format!("the terms {reference} hold no clause {power}");
            Unmet::new(Guard::PowerInAcceptedTerms, detail, "name a clause of the accepted terms")
        })?;
        let about = about(measure, granted);
        let over = matches!(kind, NoticeKind::Lift { .. });
        let facts = facts(account, kind, case, reasons);
        Ok(Self {
            form: FORM,
            notice: subject.notice.clone(),
            kind: kind.clone(),
            account: account.id.clone(),
            case: case.id.clone(),
            ground: case.ground.clone(),
            issued_at: context.now,
            time_zone: terms.calendar.time_zone.clone(),
            lasts: lasts(account, kind, measure, granted)?,
            clause: clause(reference, granted),
            why: reasons.why.clone(),
            why_not_less: reasons.why_not_less.clone(),
            tried: tried(account, &subject.notice, case, &about),
            automation: Automation {
                detection: facts.iter().any(|f| f.automated),
                rule: match &case.opened_by {
                    Actor::Rule(rule) => Some(rule.clone()),
                    Actor::Person(_) | Actor::Member(..) | Actor::System(_) => None,
                },
                decision: decision(kind, measure, context.actor),
            },
            data: data(kind, &about, granted, terms),
            cure: Cure {
                items: if over { Vec::new() } else { items(case, subject.asked, reasons) },
                at: format!("/v1/cases/{}/cures", case.id),
            },
            appeal: AppealBy {
                window: terms.floors.appeal_window,
                decided_within: terms.floors.appeal_decision,
                at: match &about.id {
                    Some(id) => format!("/v1/measures/{id}/appeals"),
                    None => "/v1/measures/{measure}/appeals".to_owned(),
                },
            },
            measure: about,
            facts,
            contacts: context.book.stationery().contacts().to_vec(),
        })
    }

    /// Everything that it lacks to be issued.
    pub fn findings(&self, context: &Context<'_>) -> Result<Vec<Unmet>, Rejected> {
        let terms = governing(&self.clause.terms, context)?;
        let mut unmet = lint::facts(&self.kind, &self.facts, context.now);
        unmet.extend(lint::clause(&self.clause, &self.clause.terms, terms));
        if self.kind.brings_words() {
            unmet.extend(lint::words(&self.why, context.book.stationery()));
            unmet.extend(lint::quotation(&self.clause.id, self.clause.text.as_deref(), &self.why));
        }
        Ok(unmet)
    }
}

fn governing<'a>(reference: &TermsRef, context: &Context<'a>) -> Result<&'a Terms, Rejected> {
    let terms = context.book.get(reference).ok_or_else(|| {
        Unmet::new(
            Guard::Known,
            format!("the terms {reference} are not in the provider's book"),
            "publish exactly that version again",
        )
    })?;
    Ok(terms)
}

fn measure_of<'a>(account: &'a Account, kind: &NoticeKind) -> Result<Option<&'a Measure>, Rejected> {
    let id: MeasureId = match kind {
        NoticeKind::Emergency { measure }
        | NoticeKind::Suspension { measure }
        | NoticeKind::Termination { measure }
        | NoticeKind::Lift { measure } => measure.clone(),
        NoticeKind::AppealOutcome { appeal } => account.appeal(appeal)?.measure.clone(),
        NoticeKind::Violation { .. }
        | NoticeKind::Intent { .. }
        | NoticeKind::ViolationAndIntent { .. }
        | NoticeKind::Extension { .. }
        | NoticeKind::Removal { .. }
        | NoticeKind::Retrieval { .. } => return Ok(None),
    };
    account.measure(&id).map(Some)
}

fn power_of(account: &Account, kind: &NoticeKind, measure: Option<&Measure>) -> Result<PowerId, Rejected> {
    if let Some(measure) = measure {
        let none = || Rejected::not_found("power of", &measure.id);
        return measure.proposal.power.clone().ok_or_else(none);
    }
    let of_kind = |kind: &NoticeKind| kind.starts_cure().or(kind.starts_notice()).cloned();
    let power = match kind {
        NoticeKind::Extension { notice } => of_kind(&account.notice(notice)?.kind),
        other => of_kind(other),
    };
    power.ok_or_else(|| Rejected::not_found("power of the notice", &account.id))
}

fn about(measure: Option<&Measure>, granted: &Power) -> About {
    About {
        id: measure.map(|m| m.id.clone()),
        preset: measure.map_or(granted.permits, |m| m.proposal.preset),
        withholds: measure.map_or_else(|| granted.withholds(), |m| m.proposal.withholds.clone()),
        throttle: measure.map_or(granted.throttle, |m| m.proposal.throttle),
        load_balancers: measure.map_or(granted.load_balancers, |m| m.proposal.load_balancers),
        scope: measure.map(|m| m.proposal.scope.clone()),
        scopes: granted.scopes.clone(),
    }
}

fn clause(reference: &TermsRef, granted: &Power) -> Clause {
    let (notice, cure) = match &granted.process {
        Process::Noticed { notice, cure, .. } => (Some(*notice), Some(*cure)),
        Process::Emergency { .. } => (None, None),
    };
    Clause {
        terms: reference.clone(),
        id: granted.id.clone(),
        text: granted.text.clone(),
        permits: granted.permits,
        grounds: granted.grounds.clone(),
        notice,
        cure,
    }
}

fn lasts(
    account: &Account,
    kind: &NoticeKind,
    measure: Option<&Measure>,
    granted: &Power,
) -> Result<Lasts, Rejected> {
    let effect = measure.map(|m| (m, m.took_effect.unwrap_or(m.proposal.effective)));
    Ok(match (kind, effect) {
        (NoticeKind::Extension { notice }, _) => {
            let of = account.notice(notice)?;
            Lasts::Extended { notice: notice.clone(), until: of.cure_ends().or(of.notice_ends()) }
        }
        (NoticeKind::AppealOutcome { appeal }, Some((measure, _))) => {
            let decided = account.appeal(appeal)?.decided.as_ref();
            let outcome = decided.map_or_else(String::new, |d| name(&d.outcome));
            let stands = !measure.is_over() && !matches!(measure.state, MeasureState::Lifting { .. });
            Lasts::Appealed { appeal: appeal.clone(), outcome, stands }
        }
        (NoticeKind::Lift { .. }, Some((measure, _))) => Lasts::Over {
            because: ended(measure).map_or_else(String::new, |reason| tag(reason, "because")),
            took_effect: measure.took_effect.is_some(),
        },
        (NoticeKind::Termination { .. }, Some((_, since))) => Lasts::Final { since },
        (_, Some((measure, since))) => match &measure.emergency {
            Some(emergency) if emergency.ratified.is_none() => {
                Lasts::Provisional { ratify_by: emergency.ratify_by }
            }
            _ => Lasts::UntilCleared { since },
        },
        (kind, None) => {
            let (notice, cure) = match &granted.process {
                Process::Noticed { notice, cure, .. } => (Some(*notice), Some(*cure)),
                Process::Emergency { .. } => (None, None),
            };
            Lasts::NotBefore {
                notice: notice.filter(|_| kind.starts_notice().is_some()),
                cure: cure.filter(|_| kind.starts_cure().is_some()),
            }
        }
    })
}

/// Why a measure ended, where it has.
fn ended(measure: &Measure) -> Option<&LiftReason> {
    match &measure.state {
        MeasureState::Lifting { reason, .. }
        | MeasureState::Lifted { reason, .. }
        | MeasureState::Withdrawn { reason, .. } => Some(reason),
        _ => None,
    }
}

fn tried(account: &Account, this: &NoticeId, case: &Case, about: &About) -> Vec<Tried> {
    let notices = account.notices_of(&case.id).filter(|n| &n.id != this && n.kind.accuses());
    let notices = notices
        .filter_map(|n| n.served_at().map(|served_at| Tried::Notice { notice: n.id.clone(), served_at }));
    let lesser = account.measures.iter().filter(|m| {
        let less = rung(m.proposal.preset, &m.proposal.withholds) < rung(about.preset, &about.withholds);
        m.proposal.case.as_ref() == Some(&case.id) && less && Some(&m.id) != about.id.as_ref()
    });
    let lesser = lesser.filter_map(|m| {
        m.took_effect.map(|since| Tried::Measure { measure: m.id.clone(), preset: m.proposal.preset, since })
    });
    notices.chain(lesser).collect()
}

fn decision(kind: &NoticeKind, measure: Option<&Measure>, actor: &Actor) -> Automated {
    match (kind, measure) {
        (NoticeKind::Lift { .. }, Some(measure)) => match ended(measure) {
            Some(LiftReason::NotRatified | LiftReason::Expired | LiftReason::ConstructiveTermination) => {
                Automated::Fully
            }
            _ => Automated::Not,
        },
        (_, None) if matches!(actor, Actor::Rule(_)) => Automated::Fully,
        (_, _) => Automated::Not,
    }
}

fn data(kind: &NoticeKind, about: &About, granted: &Power, terms: &Terms) -> Data {
    let ends = matches!(kind, NoticeKind::Lift { .. });
    match about.preset {
        _ if ends => Data::Untouched,
        Preset::Terminate => Data::Retrieval { period: granted.retrieval.unwrap_or(terms.floors.retrieval) },
        _ if about.withholds.contains(&Capability::Compute) => Data::Kept,
        _ => Data::Untouched,
    }
}

fn items(case: &Case, asked: &[Asked], reasons: &Reasons) -> Vec<CureItem> {
    let due = case.items.iter().filter(|item| !matches!(item.state, ItemState::Met { .. }));
    let due = due.map(|item| (&item.id, &item.report));
    let new = asked.iter().filter(|a| case.item(&a.id).is_none()).map(|asked| (&asked.id, &asked.report));
    due.chain(new)
        .map(|(id, report)| CureItem {
            id: id.clone(),
            ask: reasons.asks.get(id).cloned(),
            report: report.clone(),
        })
        .collect()
}

/// The name under which a value without fields is stored.
fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The name of a variant that is stored under this tag.
fn tag(value: &impl serde::Serialize, tag: &str) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.get(tag).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
