//! What happens next, and why not yet: what people ask of a process that runs, answered from the state and by the code
//! that judges.

use jiff::Timestamp;

use super::case::{Case, CaseState, ItemState};
use super::clock::PauseCause;
use super::legal::Order;
use super::measure::{Measure, MeasureState, StayedFrom};
use super::notice::NoticeState;
use super::timer::TimerKey;
use super::{Account, Book, Context};
use crate::capability::Capability;
use crate::name::{AppealId, CaseId, ItemId, MeasureId, NoticeId, OrderId, PowerId};
use crate::refusal::{Rejected, Unmet};
use crate::scope::Scope;
use crate::terms::{Process, Terms};

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Nobody's: it happens by itself.
    Tenure,
    /// The account's.
    Account,
    /// The provider's.
    Provider,
    /// That of whoever gave an order.
    Authority,
}

/// Something that can happen next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A deadline comes due.
    Due(TimerKey),
    /// A notice is issued that starts a cure period.
    IssueNotice(CaseId),
    /// A letter is put on its channels.
    Deliver(NoticeId),
    /// A notice reaches nobody: somebody looks why.
    Reach(NoticeId),
    /// A person lets the clocks go on that a person stopped.
    Resume(CaseId),
    /// A member confirms having a letter.
    Acknowledge(NoticeId),
    /// The account puts something right.
    HandIn(CaseId, ItemId),
    /// A remedy is decided on.
    DecideCure(CaseId, ItemId),
    /// What the account is asked to pay and disputes is decided.
    DecideDispute(CaseId),
    /// A measure is proposed, or the case is withdrawn.
    Propose(CaseId),
    /// Somebody else consents.
    Approve(MeasureId),
    /// Whoever proposed it names another moment.
    Amend(MeasureId),
    /// Somebody else makes a provisional measure last.
    Ratify(MeasureId),
    /// The cluster is brought there, until it is observed.
    Enforce(MeasureId),
    /// The cluster is brought back, until it is observed.
    Restore(MeasureId),
    /// Somebody who took no part says what happened in an emergency, and whether it was right.
    ReviewEmergency(MeasureId),
    /// Somebody who took no part is named to decide an appeal.
    AssignAppeal(AppealId),
    /// An appeal is decided.
    DecideAppeal(AppealId),
    /// What an order commands is observed to be done.
    Follow(OrderId),
    /// A gag is renewed or ended.
    Recheck(OrderId),
    /// It is decided which of two orders that contradict each other is followed.
    DecideConflict(OrderId, OrderId),
    /// An order ceases to stand.
    Vacate(OrderId),
    /// Another system says that it withholds this, or has given it back.
    Confirm(MeasureId, Capability),
    /// Somebody looks at a measure again that has been in force for a while.
    ReviewMeasure(MeasureId),
    /// Nobody did so in time.
    ReviewOverdue(MeasureId),
    /// A suspension that is a termination in all but name is lifted, given conditions or an end, or made one.
    Resolve(MeasureId),
    /// The account fetches its data.
    Retrieve(MeasureId),
    /// The deletion is proposed.
    ProposeDeletion(MeasureId),
    /// Others consent to the deletion.
    ConsentToDeletion(MeasureId),
    /// What the account has is deleted.
    Delete(MeasureId),
}

impl What {
    /// Whose turn it is.
    pub fn turn(&self) -> Turn {
        match self {
            Self::Due(_)
            | Self::Deliver(_)
            | Self::Enforce(_)
            | Self::Restore(_)
            | Self::Follow(_)
            | Self::Delete(_) => Turn::Tenure,
            Self::Acknowledge(_) | Self::HandIn(..) | Self::Retrieve(_) => Turn::Account,
            Self::IssueNotice(_)
            | Self::Reach(_)
            | Self::Resume(_)
            | Self::DecideCure(..)
            | Self::DecideDispute(_)
            | Self::Propose(_)
            | Self::Approve(_)
            | Self::Amend(_)
            | Self::Ratify(_)
            | Self::ReviewEmergency(_)
            | Self::AssignAppeal(_)
            | Self::Recheck(_)
            | Self::DecideConflict(..)
            | Self::Confirm(..)
            | Self::ReviewMeasure(_)
            | Self::ReviewOverdue(_)
            | Self::Resolve(_)
            | Self::ProposeDeletion(_)
            | Self::ConsentToDeletion(_)
            | Self::DecideAppeal(_) => Turn::Provider,
            Self::Vacate(_) => Turn::Authority,
        }
    }

    /// Its stable name: programs branch on it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Due(TimerKey::Deemed(_) | TimerKey::DeemedTerms(_)) => "deemed",
            Self::Due(TimerKey::Bind(_)) => "bind_terms",
            Self::Due(TimerKey::Retry(_)) => "retry",
            Self::Due(TimerKey::Undeliverable(_)) => "undeliverable",
            Self::Due(TimerKey::Check(_)) => "check",
            Self::Due(TimerKey::Remind(..)) => "remind",
            Self::Due(TimerKey::Lapse(_)) => "lapse",
            Self::Due(TimerKey::Apply(_)) => "apply",
            Self::Due(TimerKey::Ratification(_)) => "lift_unratified",
            Self::Due(TimerKey::Approval(_)) => "approval_expires",
            Self::Due(TimerKey::ReviewEmergency(_)) => "emergency_review_overdue",
            Self::Due(TimerKey::Appeal(_)) => "appeal_overdue",
            Self::Due(TimerKey::Order(_)) => "order_missed",
            Self::Due(TimerKey::Recheck(_)) => "recheck_missed",
            Self::Due(TimerKey::GagEnd(_)) => "gag_ends",
            Self::Due(TimerKey::Expiry(_)) => "expire",
            Self::Due(TimerKey::ReviewMeasure(_)) => "raise_review",
            Self::Due(TimerKey::Constructive(_)) => "raise_constructive_termination",
            Self::Due(TimerKey::ConstructiveEnd(_)) => "lift_constructive_termination",
            Self::Due(TimerKey::RetrievalReminder(..)) => "remind_retrieval",
            Self::Due(TimerKey::DeletionLapse(_)) => "lapse_deletion",
            Self::Due(TimerKey::EnvironmentDeletion(_)) => "delete_environment",
            Self::Due(TimerKey::LapseHostname(_)) => "lapse_hostname",
            Self::Confirm(..) => "confirm",
            Self::ReviewMeasure(_) => "review",
            Self::ReviewOverdue(_) => "review_overdue",
            Self::Resolve(_) => "resolve_constructive_termination",
            Self::Retrieve(_) => "retrieve",
            Self::ProposeDeletion(_) => "propose_deletion",
            Self::ConsentToDeletion(_) => "consent_to_deletion",
            Self::Delete(_) => "delete",
            Self::IssueNotice(_) => "issue_notice",
            Self::Deliver(_) => "deliver",
            Self::Reach(_) => "reach",
            Self::Resume(_) => "resume",
            Self::Acknowledge(_) => "acknowledge",
            Self::HandIn(..) => "hand_in",
            Self::DecideCure(..) => "decide_cure",
            Self::DecideDispute(_) => "decide_dispute",
            Self::Propose(_) => "propose",
            Self::Approve(_) => "approve",
            Self::Amend(_) => "amend",
            Self::Ratify(_) => "ratify",
            Self::Enforce(_) => "enforce",
            Self::Restore(_) => "restore",
            Self::ReviewEmergency(_) => "emergency_review",
            Self::AssignAppeal(_) => "assign_appeal",
            Self::DecideAppeal(_) => "decide_appeal",
            Self::Follow(_) => "follow_order",
            Self::Recheck(_) => "recheck_gag",
            Self::DecideConflict(..) => "decide_conflict",
            Self::Vacate(_) => "vacate_order",
        }
    }

    /// The notice that it is about.
    pub fn notice(&self) -> Option<&NoticeId> {
        match self {
            Self::Deliver(notice) | Self::Reach(notice) | Self::Acknowledge(notice) => Some(notice),
            Self::Due(key) => key.notice(),
            _ => None,
        }
    }

    /// The orders that it is about: the account sees none of it while a gag covers one of them.
    pub fn orders(&self) -> Vec<&OrderId> {
        match self {
            Self::Due(key) => key.order().into_iter().collect(),
            Self::Follow(order) | Self::Recheck(order) | Self::Vacate(order) => vec![order],
            Self::DecideConflict(one, other) => vec![one, other],
            _ => Vec::new(),
        }
    }
}

/// What happens next in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// In which case; none for what concerns an order by itself, or a measure that rests on no power.
    pub case: Option<CaseId>,
    /// What.
    pub what: What,
    /// When it comes due, or by when it is to be done; none where no deadline runs.
    pub due: Option<Timestamp>,
}

/// Why something has not taken effect yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyNotYet {
    /// In which case.
    pub case: CaseId,
    /// Under which power.
    pub power: PowerId,
    /// Which measure; none where none is proposed.
    pub measure: Option<MeasureId>,
    /// Every guard that is not met.
    pub guards: Vec<Unmet>,
}

impl Account {
    /// Everything that can happen next in the cases of this account: first what has a moment, the earliest first.
    pub fn next_steps(&self) -> Vec<Next> {
        let mut steps: Vec<Next> = self
            .timers()
            .into_iter()
            .map(|timer| {
                let case = timer.key.case(self).cloned();
                Next { case, what: What::Due(timer.key), due: Some(timer.due) }
            })
            .collect();
        for case in self.cases.iter().filter(|c| !c.is_closed()) {
            self.steps_of_case(case, &mut steps);
        }
        for measure in self.measures.iter().filter(|m| !m.is_over()) {
            self.steps_of_measure(measure, &mut steps);
        }
        self.steps_of_closing(&mut steps);
        for appeal in self.appeals.iter().filter(|a| a.decided.is_none()) {
            if let Ok(measure) = self.measure(&appeal.measure) {
                let mut add = |what| {
                    let case = measure.proposal.case.clone();
                    steps.push(Next { case, what, due: appeal.decide_by });
                };
                if appeal.reviewer.is_none() {
                    add(What::AssignAppeal(appeal.id.clone()));
                }
                add(What::DecideAppeal(appeal.id.clone()));
            }
        }
        for measure in &self.measures {
            if let Some(review) = measure.emergency_review().filter(|r| r.done.is_none()) {
                let (case, id) = (measure.proposal.case.clone(), measure.id.clone());
                steps.push(Next { case, what: What::ReviewEmergency(id), due: Some(review.due) });
            }
        }
        self.steps_of_orders(&mut steps);
        // The stable order keeps what belongs together, and two orders that stay one measure are each named once.
        steps.sort_by_key(|step| (step.due.is_none(), step.due));
        steps
    }

    fn steps_of_orders(&self, steps: &mut Vec<Next>) {
        let mut add = |what, due| steps.push(Next { case: None, what, due });
        for order in self.orders.iter().filter(|o| o.stands()) {
            if let Some(due) = order.deadline.filter(|_| order.complied.is_none()) {
                add(What::Follow(order.id.clone()), Some(due));
            }
            if let Some(gag) = &order.gag {
                add(What::Recheck(order.id.clone()), Some(gag.recheck_by));
            }
        }
        for conflict in self.open_conflicts() {
            let (one, other) = conflict.between.clone();
            add(What::DecideConflict(one, other), None);
        }
    }

    fn steps_of_case(&self, case: &Case, steps: &mut Vec<Next>) {
        let mut add = |what, due| steps.push(Next { case: Some(case.id.clone()), what, due });
        let mut on_its_way = false;
        for notice in self.notices_of(&case.id).filter(|n| n.served_at().is_none()) {
            // What a gag delays is on its way for nobody.
            if notice.delayed.is_some() {
                on_its_way = on_its_way || notice.kind.starts_cure().is_some();
                continue;
            }
            on_its_way = on_its_way || notice.kind.starts_cure().is_some();
            if notice.attempts.is_empty() && notice.failed.is_empty() {
                add(What::Deliver(notice.id.clone()), None);
            }
            if matches!(notice.state, NoticeState::Undeliverable { .. }) {
                add(What::Reach(notice.id.clone()), None);
            }
            add(What::Acknowledge(notice.id.clone()), None);
        }
        if case.state == CaseState::Open && !on_its_way && case.order.is_none() {
            add(What::IssueNotice(case.id.clone()), None);
        }
        for item in &case.items {
            let ends = self
                .notices_of(&case.id)
                .filter(|n| n.items.contains(&item.id))
                .filter_map(super::notice::Notice::cure_ends)
                .min()
                // What has ended can still be put right, and has no moment any more; nor while the clocks stand still.
                .filter(|_| matches!(case.state, CaseState::Notified { .. }) && case.paused.is_none());
            match item.state {
                ItemState::Due { .. } => add(What::HandIn(case.id.clone(), item.id.clone()), ends),
                ItemState::Submitted { .. } => {
                    add(What::DecideCure(case.id.clone(), item.id.clone()), None);
                }
                ItemState::Met { .. } => {}
            }
        }
        for pause in case.paused.iter().flat_map(|paused| &paused.pauses) {
            match &pause.cause {
                PauseCause::Operator => add(What::Resume(case.id.clone()), None),
                PauseCause::Dispute => add(What::DecideDispute(case.id.clone()), None),
                PauseCause::Order { order } if !self.measures.iter().any(|m| m.is_stayed_in(&case.id)) => {
                    add(What::Vacate(order.clone()), None);
                }
                // Told with the measure that it is about.
                PauseCause::Order { .. } | PauseCause::Appeal { .. } => {}
            }
        }
        let under_way =
            self.measures.iter().any(|m| m.proposal.case.as_ref() == Some(&case.id) && !m.is_over());
        if matches!(case.state, CaseState::Lapsed { .. }) && !under_way {
            add(What::Propose(case.id.clone()), None);
        }
    }

    fn steps_of_measure(&self, measure: &Measure, steps: &mut Vec<Next>) {
        let id = &measure.id;
        let mut add = |what, due| steps.push(Next { case: measure.proposal.case.clone(), what, due });
        match &measure.state {
            MeasureState::Proposed => add(What::Approve(id.clone()), None),
            MeasureState::Approved { .. } => add(What::Amend(id.clone()), None),
            MeasureState::Applying { .. } => add(What::Enforce(id.clone()), None),
            MeasureState::Lifting { .. }
            | MeasureState::Stayed { from: StayedFrom::Effective { restored: None }, .. } => {
                add(What::Restore(id.clone()), None);
            }
            // Those that are scheduled have a deadline of their own.
            MeasureState::Scheduled { .. }
            | MeasureState::InForce { .. }
            | MeasureState::Stayed { .. }
            | MeasureState::Lifted { .. }
            | MeasureState::Withdrawn { .. } => {}
        }
        if matches!(measure.state, MeasureState::Stayed { .. }) {
            let stays = |o: &&Order| self.is_stayed_by(&measure.proposal, false, o);
            for order in self.orders.iter().filter(stays) {
                add(What::Vacate(order.id.clone()), None);
            }
        }
        let lifting = matches!(measure.state, MeasureState::Lifting { .. });
        if let Some(emergency) = measure.emergency.as_ref().filter(|e| e.ratified.is_none() && !lifting) {
            add(What::Ratify(id.clone()), Some(emergency.ratify_by));
        }
        if measure.is_effective() || measure.awaits_restoration() {
            for capability in measure.unacknowledged() {
                add(What::Confirm(id.clone(), capability), None);
            }
        }
        if let Some(due) = measure.review_due() {
            let overdue = measure.watch.review_overdue.is_some();
            let what =
                if overdue { What::ReviewOverdue(id.clone()) } else { What::ReviewMeasure(id.clone()) };
            add(what, Some(due));
        }
        if measure.constructive_from().is_some()
            && let Some(lifts_at) = measure.watch.constructive
        {
            add(What::Resolve(id.clone()), Some(lifts_at));
        }
    }

    fn steps_of_closing(&self, steps: &mut Vec<Next>) {
        let Some(closing) = self.lifecycle.closing() else { return };
        let case = self.measure(&closing.measure).ok().and_then(|m| m.proposal.case.clone());
        let mut add = |what, due| steps.push(Next { case: case.clone(), what, due });
        let measure = || closing.measure.clone();
        let ends = closing.retrieve.as_ref().map(|r| r.ends.at);
        add(What::Retrieve(measure()), ends);
        match &closing.deletion {
            None if ends.is_some() => add(What::ProposeDeletion(measure()), None),
            None => {}
            Some(deletion) if deletion.approved => add(What::Delete(measure()), None),
            Some(_) => add(What::ConsentToDeletion(measure()), None),
        }
    }

    /// Every guard that is not met for this measure at `context.now`; empty where nothing but its state stands between
    /// it and a permit.
    pub fn why_not_yet(&self, id: &MeasureId, context: &Context<'_>) -> Result<Vec<Unmet>, Rejected> {
        self.measure_guards(self.measure(id)?, context)
    }

    /// The same for every measure that is not over and not in effect, and for every power that may be used in an open
    /// case and under which no measure is under way.
    ///
    /// Those are the powers that a notice of the case names, or else all that its ground allows.
    pub fn why_not_yet_of_all(&self, context: &Context<'_>) -> Result<Vec<WhyNotYet>, Rejected> {
        let mut all = Vec::new();
        for measure in &self.measures {
            if measure.is_over()
                || matches!(measure.state, MeasureState::InForce { .. } | MeasureState::Lifting { .. })
            {
                continue;
            }
            // What rests on no power takes effect at once or not at all.
            let (Some(case), Some(power)) = (&measure.proposal.case, &measure.proposal.power) else {
                continue;
            };
            let guards = self.measure_guards(measure, context)?;
            if !guards.is_empty() {
                all.push(WhyNotYet {
                    case: case.clone(),
                    power: power.clone(),
                    measure: Some(measure.id.clone()),
                    guards,
                });
            }
        }
        for case in self.cases.iter().filter(|c| !c.is_closed() && c.order.is_none()) {
            let terms = self.terms_of(case, context.book)?;
            for power in self.powers_at_hand(case, terms, context.book) {
                let mut guards = self.period_guards(&case.id, &power, terms, context.now, context.now);
                guards.extend(self.undecided_guard(&case.id, &power));
                guards.extend(self.dispute_guard(&case.id));
                guards.extend(self.paused_guard(&case.id, terms));
                if !guards.is_empty() {
                    all.push(WhyNotYet { case: case.id.clone(), power, measure: None, guards });
                }
            }
        }
        Ok(all)
    }

    fn powers_at_hand(&self, case: &Case, terms: &Terms, book: &Book) -> Vec<PowerId> {
        let used = |power: &PowerId| {
            self.measures.iter().any(|m| {
                m.proposal.case.as_ref() == Some(&case.id)
                    && m.proposal.power.as_ref() == Some(power)
                    && !m.is_over()
            })
        };
        let noticed = |power: &PowerId| {
            // What a gag delays is not told of by which power is at hand.
            self.notices_of(&case.id)
                .filter(|n| n.delayed.is_none())
                .any(|n| n.kind.starts_cure() == Some(power) || n.kind.starts_notice() == Some(power))
        };
        let allowed = || {
            terms.powers.iter().filter(|p| {
                p.grounds.contains(&case.ground)
                    && p.scopes.iter().any(|kind| {
                        p.unsupported(*kind).is_none()
                            && self.is_within_ability(
                                book,
                                (&p.withholds(), p.throttle),
                                *kind,
                                &Scope::Account,
                            )
                    })
                    && matches!(p.process, Process::Noticed { .. })
            })
        };
        let any = allowed().any(|p| noticed(&p.id));
        allowed().filter(|p| (!any || noticed(&p.id)) && !used(&p.id)).map(|p| p.id.clone()).collect()
    }
}
