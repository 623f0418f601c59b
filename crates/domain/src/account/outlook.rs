//! What happens next, and why not yet: what people ask of a process that runs, answered from the state and by the code
//! that judges.

use jiff::Timestamp;

use super::case::{Case, CaseState, ItemState};
use super::clock::PauseCause;
use super::legal::Order;
use super::measure::{Measure, MeasureState, StayedFrom};
use super::notice::NoticeState;
use super::timer::TimerKey;
use super::{Account, Context};
use crate::name::{AppealId, CaseId, ItemId, MeasureId, NoticeId, OrderId, PowerId};
use crate::refusal::{Rejected, Unmet};
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
    /// An appeal is decided.
    DecideAppeal(AppealId),
    /// An order ceases to stand.
    Vacate(OrderId),
}

impl What {
    /// Whose turn it is.
    pub fn turn(&self) -> Turn {
        match self {
            Self::Due(_) | Self::Deliver(_) | Self::Enforce(_) | Self::Restore(_) => Turn::Tenure,
            Self::Acknowledge(_) | Self::HandIn(..) => Turn::Account,
            Self::IssueNotice(_)
            | Self::Reach(_)
            | Self::Resume(_)
            | Self::DecideCure(..)
            | Self::DecideDispute(_)
            | Self::Propose(_)
            | Self::Approve(_)
            | Self::Amend(_)
            | Self::Ratify(_)
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
            Self::DecideAppeal(_) => "decide_appeal",
            Self::Vacate(_) => "vacate_order",
        }
    }
}

/// What happens next in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// In which case.
    pub case: CaseId,
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
            .filter_map(|timer| {
                let case = timer.key.case(self)?.clone();
                Some(Next { case, what: What::Due(timer.key), due: Some(timer.due) })
            })
            .collect();
        for case in self.cases.iter().filter(|c| !c.is_closed()) {
            self.steps_of_case(case, &mut steps);
        }
        for measure in self.measures.iter().filter(|m| !m.is_over()) {
            self.steps_of_measure(measure, &mut steps);
        }
        for appeal in self.appeals.iter().filter(|a| a.decided.is_none()) {
            if let Ok(measure) = self.measure(&appeal.measure) {
                let what = What::DecideAppeal(appeal.id.clone());
                steps.push(Next { case: measure.proposal.case.clone(), what, due: None });
            }
        }
        // The stable order keeps what belongs together, and two orders that stay one measure are each named once.
        steps.sort_by_key(|step| (step.due.is_none(), step.due));
        steps
    }

    fn steps_of_case(&self, case: &Case, steps: &mut Vec<Next>) {
        let mut add = |what, due| steps.push(Next { case: case.id.clone(), what, due });
        let mut on_its_way = false;
        for notice in self.notices_of(&case.id).filter(|n| n.served_at().is_none()) {
            on_its_way = on_its_way || notice.kind.starts_cure().is_some();
            if notice.attempts.is_empty() && notice.failed.is_empty() {
                add(What::Deliver(notice.id.clone()), None);
            }
            if matches!(notice.state, NoticeState::Undeliverable { .. }) {
                add(What::Reach(notice.id.clone()), None);
            }
            add(What::Acknowledge(notice.id.clone()), None);
        }
        if case.state == CaseState::Open && !on_its_way {
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
        let under_way = self.measures.iter().any(|m| m.proposal.case == case.id && !m.is_over());
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
            let stays = |o: &&Order| {
                o.vacated.is_none() && o.kind.stays_measures() && o.scope.touches(&measure.proposal.scope)
            };
            for order in self.orders.iter().filter(stays) {
                add(What::Vacate(order.id.clone()), None);
            }
        }
        let lifting = matches!(measure.state, MeasureState::Lifting { .. });
        if let Some(emergency) = measure.emergency.as_ref().filter(|e| e.ratified.is_none() && !lifting) {
            add(What::Ratify(id.clone()), Some(emergency.ratify_by));
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
            let guards = self.measure_guards(measure, context)?;
            if !guards.is_empty() {
                all.push(WhyNotYet {
                    case: measure.proposal.case.clone(),
                    power: measure.proposal.power.clone(),
                    measure: Some(measure.id.clone()),
                    guards,
                });
            }
        }
        for case in self.cases.iter().filter(|c| !c.is_closed()) {
            let terms = self.terms_of(case, context.book)?;
            for power in self.powers_at_hand(case, terms) {
                let mut guards = self.period_guards(&case.id, &power, terms, context.now, context.now);
                guards.extend(self.dispute_guard(&case.id));
                guards.extend(self.paused_guard(&case.id, terms));
                if !guards.is_empty() {
                    all.push(WhyNotYet { case: case.id.clone(), power, measure: None, guards });
                }
            }
        }
        Ok(all)
    }

    fn powers_at_hand(&self, case: &Case, terms: &Terms) -> Vec<PowerId> {
        let used = |power: &PowerId| {
            self.measures
                .iter()
                .any(|m| m.proposal.case == case.id && m.proposal.power == *power && !m.is_over())
        };
        let noticed = |power: &PowerId| {
            self.notices_of(&case.id)
                .any(|n| n.kind.starts_cure() == Some(power) || n.kind.starts_notice() == Some(power))
        };
        let allowed = || {
            terms.powers.iter().filter(|p| {
                p.grounds.contains(&case.ground)
                    && p.permits.is_supported()
                    && matches!(p.process, Process::Noticed { .. })
            })
        };
        let any = allowed().any(|p| noticed(&p.id));
        allowed().filter(|p| (!any || noticed(&p.id)) && !used(&p.id)).map(|p| p.id.clone()).collect()
    }
}
