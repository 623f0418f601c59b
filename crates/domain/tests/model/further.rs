//! What the record says beyond the course of a case: the terms that bind, conflicts of orders, gags, strikes and fees, what
//! an appeal put in the place of what, and the end of an account. Read from the events alone, like the chronicle.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::case::Outcome;
use tenure_domain::account::event::Event;
use tenure_domain::account::legal::AppealOutcome;
use tenure_domain::account::measure::{Basis, Proposal};
use tenure_domain::account::notice::NoticeKind;
use tenure_domain::account::{Actor, Recorded};
use tenure_domain::name::{
    AppealId, CaseId, EnvironmentId, FeeId, Ground, MeasureId, NoticeId, OrderId, PersonId, TermsNoticeId,
};
use tenure_domain::period::Period;
use tenure_domain::terms::TermsRef;

use crate::chronicle::{Chronicle, MeasureSeen, touches};

/// The end of an account, from the termination's effect on.
#[derive(Debug, Clone)]
pub struct ClosingSeen {
    pub measure: MeasureId,
    /// The notices of the time to fetch the data, by their numbers.
    pub notices: BTreeMap<u8, NoticeId>,
    pub deletion: Option<DeletionSeen>,
}

/// A deletion that is asked for.
#[derive(Debug, Clone)]
pub struct DeletionSeen {
    pub proposer: Actor,
    pub hash: String,
    /// Those who consented to exactly this.
    pub consents: BTreeSet<PersonId>,
    /// Whether it was begun.
    pub begun: bool,
}

/// New terms that the account was told of.
#[derive(Debug, Clone)]
pub struct TermsSeen {
    pub terms: TermsRef,
    pub first_attempt: Option<Timestamp>,
    pub served_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
pub struct Further {
    /// The terms that bind now.
    pub binding: Option<TermsRef>,
    /// Those that bound when each case was opened.
    pub of_case: BTreeMap<CaseId, TermsRef>,
    pub told: BTreeMap<TermsNoticeId, TermsSeen>,
    /// By how much the notice period and the cure period of a notice were made longer.
    pub extended: BTreeMap<NoticeId, (SignedDuration, SignedDuration)>,
    /// What a gag delays.
    pub delayed: BTreeSet<NoticeId>,
    /// Which of two orders is followed; none while nobody decided.
    pub conflicts: BTreeMap<(OrderId, OrderId), Option<OrderId>>,
    /// The measure in whose place each one was put.
    pub replaced: BTreeMap<MeasureId, MeasureId>,
    /// How each closed case ended; one that was overturned later counts as overturned.
    pub ended: BTreeMap<CaseId, Outcome>,
    /// The strikes that stand.
    pub strikes: BTreeMap<CaseId, Ground>,
    /// The fees that stand.
    pub fees: BTreeMap<FeeId, CaseId>,
    /// Appeals that nobody has decided.
    pub open_appeals: BTreeSet<AppealId>,
    pub closing: Option<ClosingSeen>,
    pub closed: bool,
    /// When the account asked for the deletion of an environment, while that stands.
    pub asked_deletions: BTreeMap<EnvironmentId, Timestamp>,
    /// Those that were begun.
    pub begun_deletions: BTreeSet<EnvironmentId>,
}

impl Further {
    /// Whether the deletion of what the account has was begun.
    pub fn deletion_begun(&self) -> bool {
        self.closing.as_ref().and_then(|c| c.deletion.as_ref()).is_some_and(|d| d.begun)
    }

    pub fn of(events: &[Recorded]) -> Self {
        let (mut seen, mut further) = (Chronicle::default(), Self::default());
        for recorded in events {
            further.read(&seen, recorded);
            seen.read(recorded);
        }
        further
    }

    /// Reads an event; `seen` is what the record said before it.
    pub fn read(&mut self, seen: &Chronicle, recorded: &Recorded) {
        let Recorded { at, actor, event } = recorded;
        match event {
            Event::AccountOpened { terms, .. } => self.binding = Some(terms.clone()),
            Event::CaseOpened { case, .. } => {
                self.of_case.insert(case.clone(), self.binding.clone().unwrap());
            }
            Event::CaseClosed { case, outcome, .. } => {
                self.ended.insert(case.clone(), *outcome);
            }
            Event::TermsNotified { notice, terms, .. } => {
                let told = TermsSeen { terms: terms.clone(), first_attempt: None, served_at: None };
                self.told.insert(notice.clone(), told);
            }
            Event::TermsAttempted { notice, .. } => {
                self.told.get_mut(notice).unwrap().first_attempt.get_or_insert(*at);
            }
            Event::TermsServed { notice, .. } => {
                self.told.get_mut(notice).unwrap().served_at.get_or_insert(*at);
            }
            Event::TermsAccepted { notice } | Event::TermsBound { notice } => {
                self.binding = Some(self.told[notice].terms.clone());
            }
            Event::NoticeExtended { notice, by, clocks, .. } => {
                let by = by_hours(*by);
                let (longer_notice, longer_cure) = self.extended.entry(notice.clone()).or_default();
                for (ends, longer) in [(&clocks.notice_ends, longer_notice), (&clocks.cure_ends, longer_cure)]
                {
                    *longer += if ends.is_some() { by } else { SignedDuration::ZERO };
                }
            }
            Event::NoticeDelayed { notice, .. } => {
                self.delayed.insert(notice.clone());
            }
            Event::NoticeReleased { notice } => {
                self.delayed.remove(notice);
            }
            Event::OrdersConflicted { order, with, .. } => {
                self.conflicts.insert((order.clone(), with.clone()), None);
            }
            Event::ConflictDecided { order, over, .. } => {
                for ((a, b), prevails) in &mut self.conflicts {
                    if (a == order && b == over) || (a == over && b == order) {
                        *prevails = Some(order.clone());
                    }
                }
            }
            Event::MeasureProposed { measure, replaces: Some(old), .. } => {
                self.replaced.insert(measure.clone(), old.clone());
            }
            Event::AppealFiled { appeal, .. } => {
                self.open_appeals.insert(appeal.clone());
            }
            Event::AppealDecided { appeal, outcome, .. } => {
                self.open_appeals.remove(appeal);
                let case = seen.measures[&seen.appeals[appeal]].proposal.case.as_ref();
                if let (AppealOutcome::Overturned, Some(case)) = (outcome, case) {
                    self.ended.insert(case.clone(), Outcome::Overturned);
                }
            }
            Event::StrikeAdded { case, ground } => {
                self.strikes.insert(case.clone(), ground.clone());
            }
            Event::StrikeRemoved { case, .. } => {
                self.strikes.remove(case);
            }
            Event::FeeCharged { fee, case, .. } => {
                self.fees.insert(fee.clone(), case.clone());
            }
            Event::FeeReversed { fee, .. } => {
                self.fees.remove(fee);
            }
            Event::AccountClosing { measure, .. } => {
                let (measure, notices) = (measure.clone(), BTreeMap::new());
                self.closing = Some(ClosingSeen { measure, notices, deletion: None });
            }
            Event::AccountReopened { .. } => self.closing = None,
            Event::AccountClosed { .. } => (self.closing, self.closed) = (None, true),
            Event::NoticeIssued { notice, kind: NoticeKind::Retrieval { measure, number }, .. } => {
                if let Some(closing) = self.closing.as_mut().filter(|c| &c.measure == measure) {
                    closing.notices.insert(*number, notice.clone());
                }
            }
            Event::DeletionProposed { command_hash, .. } => {
                let (proposer, hash) = (actor.clone(), command_hash.clone());
                let deletion = DeletionSeen { proposer, hash, consents: BTreeSet::new(), begun: false };
                self.closing.as_mut().unwrap().deletion = Some(deletion);
            }
            Event::DeletionConsented { by, command_hash } => {
                let deletion = self.closing.as_mut().unwrap().deletion.as_mut().unwrap();
                if &deletion.hash == command_hash {
                    deletion.consents.insert(by.clone());
                }
            }
            Event::DeletionBegun { .. } => {
                self.closing.as_mut().unwrap().deletion.as_mut().unwrap().begun = true;
            }
            Event::EnvironmentDeletionAsked { environment, .. } => {
                self.asked_deletions.insert(environment.clone(), *at);
            }
            Event::EnvironmentDeletionBegun { environment } => {
                self.begun_deletions.insert(environment.clone());
            }
            Event::EnvironmentDeletionEnded { environment, .. }
            | Event::EnvironmentDeleted { environment, .. } => {
                self.asked_deletions.remove(environment);
                self.begun_deletions.remove(environment);
            }
            Event::DeletionEnded { .. } => self.closing.as_mut().unwrap().deletion = None,
            _ => {}
        }
    }

    /// The terms that govern a proposal: those under which its case was opened, or those that bind where it has none.
    pub fn governing(&self, proposal: &Proposal) -> Option<&TermsRef> {
        proposal.case.as_ref().map_or(self.binding.as_ref(), |case| self.of_case.get(case))
    }

    /// Whether an order that stands suspends a measure: those of others, not what the account asked for itself; and where a
    /// measure carries out an order itself, what a person decided between the two. Before anybody did, what is in effect
    /// stays, and nothing else takes effect.
    pub fn stays(&self, seen: &Chronicle, proposal: &Proposal, effective: bool) -> bool {
        let stays = |id: &OrderId| match &proposal.basis {
            Basis::Power => true,
            Basis::AccountHolder => false,
            Basis::Order { order: own } => {
                let between =
                    self.conflicts.iter().find(|((a, b), _)| (a == own && b == id) || (a == id && b == own));
                match between {
                    Some((_, Some(prevails))) => prevails == id,
                    Some((_, None)) => !effective,
                    None => true,
                }
            }
        };
        seen.orders
            .iter()
            .any(|(id, (kind, of))| kind.stays_measures() && touches(of, &proposal.scope) && stays(id))
    }

    /// Everyone who had a part in a measure, or in one in whose place it was put.
    pub fn parts(&self, seen: &Chronicle, id: &MeasureId) -> BTreeSet<PersonId> {
        self.lineage(id).flat_map(|id| seen.measures[id].parts.iter().cloned()).collect()
    }

    /// A measure and those in whose place appeals put it.
    pub fn lineage<'a>(&'a self, id: &'a MeasureId) -> impl Iterator<Item = &'a MeasureId> {
        std::iter::successors(Some(id), |id| self.replaced.get(*id))
    }

    /// How long the clocks of a served notice have run until a moment, and by how much its periods were made longer.
    pub fn ran(&self, seen: &Chronicle, notice: &NoticeId, served: Timestamp, at: Timestamp) -> Ran {
        let (longer_notice, longer_cure) = self.extended.get(notice).copied().unwrap_or_default();
        let ran = seen.cases[&seen.notices[notice].case].ran(served, at);
        Ran { notice: ran - longer_notice, cure: ran - longer_cure }
    }

    /// How many strikes stand on a ground.
    pub fn strikes_on(&self, ground: &Ground) -> usize {
        self.strikes.values().filter(|of| *of == ground).count()
    }
}

/// The ground of a measure's case.
pub fn ground<'a>(seen: &'a Chronicle, found: &MeasureSeen) -> Option<&'a Ground> {
    found.proposal.case.as_ref().map(|case| &seen.cases[case].ground)
}

/// How much of what the terms promise has run of the periods of a notice, without what they were made longer by.
#[derive(Debug, Clone, Copy)]
pub struct Ran {
    pub notice: SignedDuration,
    pub cure: SignedDuration,
}

/// The small world's zone is UTC: a day has 24 hours.
fn by_hours(period: Period) -> SignedDuration {
    match period {
        Period::Days(days) => SignedDuration::from_hours(i64::from(days) * 24),
        other => SignedDuration::from_secs(i64::try_from(other.shortest_seconds()).unwrap()),
    }
}
