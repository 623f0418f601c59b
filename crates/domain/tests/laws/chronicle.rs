//! What the events alone say: a second, plain reading of the record, by which the laws are judged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::clock::PauseCause;
use tenure_domain::account::cure::Found;
use tenure_domain::account::event::Event;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::measure::Proposal;
use tenure_domain::account::notice::NoticeKind;
use tenure_domain::account::{Actor, Recorded};
use tenure_domain::name::{AppealId, CaseId, Ground, HoldId, ItemId, MeasureId, NoticeId, OrderId, PersonId};
use tenure_domain::scope::Scope;
use tenure_domain::terms::TermsRef;

#[derive(Debug, Clone)]
pub struct CaseSeen {
    pub ground: Ground,
    pub closed: bool,
    pub lapsed: bool,
    /// What stops its clocks, and since when they stand still.
    pub causes: Vec<PauseCause>,
    pub still_since: Option<Timestamp>,
    /// The times for which they stood still.
    pub still: Vec<(Timestamp, Timestamp)>,
}

impl CaseSeen {
    /// How much of the time between two moments its clocks ran.
    pub fn ran(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        let open = self.still_since.map(|since| (since, to));
        self.still.iter().copied().chain(open).fold(to.duration_since(from), |ran, (a, b)| {
            let (a, b) = (a.clamp(from, to), b.clamp(from, to));
            ran - b.duration_since(a)
        })
    }
}

#[derive(Debug, Clone)]
pub struct NoticeSeen {
    pub case: CaseId,
    pub kind: NoticeKind,
    pub issued_at: Timestamp,
    pub items: Vec<ItemId>,
    pub first_attempt: Option<Timestamp>,
    pub served_at: Option<Timestamp>,
    pub failures: Vec<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemSeen {
    Due,
    Submitted(Timestamp),
    Met,
}

#[derive(Debug, Clone)]
pub struct MeasureSeen {
    pub proposal: Proposal,
    pub hash: String,
    pub proposer: Actor,
    pub proposed_at: Timestamp,
    pub needed: u8,
    pub ratify_by: Option<Timestamp>,
    /// The measure in whose place an appeal put it.
    pub replaces: Option<MeasureId>,
    pub ratified_by: Option<PersonId>,
    /// Consents since the measure was proposed or last amended.
    pub consents: Vec<(PersonId, String)>,
    /// Everyone who ever had a part in it.
    pub parts: BTreeSet<PersonId>,
    /// The type of the last event that says where it stands.
    pub phase: &'static str,
    /// Where it stood when it was stayed.
    pub stayed_from: &'static str,
    /// The moment that it was scheduled for last.
    pub scheduled: Option<Timestamp>,
    pub took_effect: Option<Timestamp>,
}

impl MeasureSeen {
    pub fn is_effective(&self) -> bool {
        matches!(self.phase, "applying" | "in_force")
    }
    pub fn is_over(&self) -> bool {
        matches!(self.phase, "lifting" | "lifted" | "withdrawn")
    }
}

#[derive(Debug, Clone, Default)]
pub struct Chronicle {
    pub terms: Option<TermsRef>,
    pub cases: BTreeMap<CaseId, CaseSeen>,
    pub notices: BTreeMap<NoticeId, NoticeSeen>,
    pub items: BTreeMap<(CaseId, ItemId), ItemSeen>,
    pub measures: BTreeMap<MeasureId, MeasureSeen>,
    pub orders: BTreeMap<OrderId, (OrderKind, Scope)>,
    pub holds: BTreeMap<HoldId, (Scope, bool)>,
    pub appeals: BTreeMap<AppealId, MeasureId>,
    /// Who decided an appeal of which measure.
    pub reviews: BTreeSet<(MeasureId, PersonId)>,
}

impl Chronicle {
    /// The measure itself, or the first of those in whose place an appeal put it.
    pub fn first<'a>(&'a self, mut id: &'a MeasureId) -> &'a MeasureId {
        while let Some(old) = &self.measures[id].replaces {
            id = old;
        }
        id
    }

    pub fn of(events: &[Recorded]) -> Self {
        let mut chronicle = Self::default();
        for recorded in events {
            chronicle.read(recorded);
        }
        chronicle
    }

    fn phase(&mut self, measure: &MeasureId, phase: &'static str) {
        let seen = self.measures.get_mut(measure).unwrap();
        if phase == "stayed" && seen.phase != "stayed" {
            seen.stayed_from = seen.phase;
        }
        seen.phase = phase;
    }

    pub fn read(&mut self, recorded: &Recorded) {
        let Recorded { at, actor, event } = recorded;
        match event {
            Event::AccountOpened { terms, .. } => self.terms = Some(terms.clone()),
            Event::CaseOpened { case, ground, .. } => {
                let seen = CaseSeen {
                    ground: ground.clone(),
                    closed: false,
                    lapsed: false,
                    causes: Vec::new(),
                    still_since: None,
                    still: Vec::new(),
                };
                self.cases.insert(case.clone(), seen);
            }
            Event::CaseLapsed { case } => self.cases.get_mut(case).unwrap().lapsed = true,
            Event::CaseClosed { case, .. } => self.cases.get_mut(case).unwrap().closed = true,
            Event::NoticeIssued { notice, case, kind, items, .. } => {
                for item in items {
                    self.items.insert((case.clone(), item.id.clone()), ItemSeen::Due);
                }
                let seen = NoticeSeen {
                    case: case.clone(),
                    kind: kind.clone(),
                    issued_at: *at,
                    items: items.iter().map(|i| i.id.clone()).collect(),
                    first_attempt: None,
                    served_at: None,
                    failures: Vec::new(),
                };
                self.notices.insert(notice.clone(), seen);
            }
            Event::CasePaused { case, cause, .. } => {
                let seen = self.cases.get_mut(case).unwrap();
                seen.causes.push(cause.clone());
                seen.still_since.get_or_insert(*at);
            }
            Event::CaseResumed { case, cause, .. } => {
                let seen = self.cases.get_mut(case).unwrap();
                seen.causes.retain(|c| c != cause);
                if seen.causes.is_empty() {
                    let since = seen.still_since.take().unwrap();
                    seen.still.push((since, *at));
                }
            }
            Event::NoticeAttemptFailed { notice, .. } => {
                self.notices.get_mut(notice).unwrap().failures.push(*at);
            }
            Event::NoticeAttempted { notice, .. } => {
                self.notices.get_mut(notice).unwrap().first_attempt.get_or_insert(*at);
            }
            Event::NoticeServed { notice, .. } => {
                self.notices.get_mut(notice).unwrap().served_at.get_or_insert(*at);
            }
            Event::CureSubmitted { case, item, .. } => self.item(case, item, ItemSeen::Submitted(*at)),
            Event::CureAccepted { case, item }
            | Event::CureChecked { case, item, found: Found::Crossed { .. } | Found::Gone { .. } } => {
                self.item(case, item, ItemSeen::Met);
            }
            Event::CureRejected { case, item, .. } => self.item(case, item, ItemSeen::Due),
            Event::MeasureProposed {
                measure,
                proposal,
                command_hash,
                approvals_needed,
                ratify_by,
                replaces,
                ..
            } => {
                let before = replaces.iter().flat_map(|old| self.measures[old].parts.clone());
                let seen = MeasureSeen {
                    proposal: proposal.clone(),
                    hash: command_hash.clone(),
                    proposer: actor.clone(),
                    proposed_at: *at,
                    needed: *approvals_needed,
                    ratify_by: *ratify_by,
                    replaces: replaces.clone(),
                    ratified_by: None,
                    consents: Vec::new(),
                    parts: actor.person().cloned().into_iter().chain(before).collect(),
                    phase: "proposed",
                    stayed_from: "",
                    scheduled: None,
                    took_effect: None,
                };
                self.measures.insert(measure.clone(), seen);
            }
            Event::MeasureAmended { measure, effective, command_hash } => {
                self.phase(measure, "proposed");
                let seen = self.measures.get_mut(measure).unwrap();
                seen.proposal.effective = *effective;
                seen.hash.clone_from(command_hash);
                seen.consents.clear();
            }
            Event::ApprovalExpired { measure, by } => {
                self.measures.get_mut(measure).unwrap().consents.retain(|(who, _)| who != by);
            }
            Event::ApprovalDenied { measure, by, .. }
            | Event::EmergencyReviewed { measure, by, .. }
            | Event::MeasureReviewed { measure, by, .. } => {
                self.measures.get_mut(measure).unwrap().parts.insert(by.clone());
            }
            Event::ApprovalGiven { measure, by, command_hash, .. } => {
                let seen = self.measures.get_mut(measure).unwrap();
                seen.consents.push((by.clone(), command_hash.clone()));
                seen.parts.insert(by.clone());
            }
            Event::MeasureRatified { measure, by, .. } => {
                let seen = self.measures.get_mut(measure).unwrap();
                seen.ratified_by = Some(by.clone());
                seen.parts.insert(by.clone());
            }
            Event::MeasureApproved { measure } | Event::MeasureBlocked { measure, .. } => {
                self.phase(measure, "approved");
            }
            Event::MeasureScheduled { measure, at } => {
                self.phase(measure, "scheduled");
                self.measures.get_mut(measure).unwrap().scheduled = Some(*at);
            }
            Event::MeasureApplying { measure } => {
                self.phase(measure, "applying");
                self.measures.get_mut(measure).unwrap().took_effect.get_or_insert(*at);
            }
            Event::MeasureInForce { measure, .. } => self.phase(measure, "in_force"),
            Event::MeasureStayed { measure, .. } => self.phase(measure, "stayed"),
            Event::MeasureResumed { measure, .. } => {
                let back = match self.measures[measure].stayed_from {
                    from @ ("proposed" | "scheduled") => from,
                    _ => "approved",
                };
                self.phase(measure, back);
            }
            Event::MeasureLifting { measure, .. } => self.phase(measure, "lifting"),
            Event::MeasureLifted { measure, .. } => self.phase(measure, "lifted"),
            Event::MeasureWithdrawn { measure, .. } => self.phase(measure, "withdrawn"),
            Event::OrderRecorded { order, kind, scope, .. } => {
                self.orders.insert(order.clone(), (*kind, scope.clone()));
            }
            Event::OrderVacated { order, .. } | Event::GagEnded { order } => {
                self.orders.remove(order);
            }
            Event::HoldPlaced { hold, scope, running_state, .. } => {
                self.holds.insert(hold.clone(), (scope.clone(), *running_state));
            }
            Event::HoldReleased { hold, .. } => {
                self.holds.remove(hold);
            }
            Event::AppealFiled { appeal, measure, .. } => {
                self.appeals.insert(appeal.clone(), measure.clone());
            }
            Event::AppealDecided { appeal, by, .. } => {
                self.reviews.insert((self.appeals[appeal].clone(), by.clone()));
            }
            // What follows from these is told in stories of its own.
            Event::MeasureBounded { .. }
            | Event::MeasureObserved { .. }
            | Event::EnforcerAcknowledged { .. }
            | Event::MeasureConditionsSet { .. }
            | Event::MeasureReviewOverdue { .. }
            | Event::MeasureConstructiveTermination { .. }
            | Event::AccountClosing { .. }
            | Event::AccountReopened { .. }
            | Event::RetrievalStarted { .. }
            | Event::RetrievalReminderDue { .. }
            | Event::DeletionProposed { .. }
            | Event::DeletionConsented { .. }
            | Event::DeletionApproved { .. }
            | Event::DeletionBegun { .. }
            | Event::DeletionEnded { .. }
            | Event::EnvironmentDeletionAsked { .. }
            | Event::EnvironmentDeletionBegun { .. }
            | Event::EnvironmentDeletionEnded { .. }
            | Event::EnvironmentDeleted { .. }
            | Event::AccountClosed { .. }
            | Event::NoticeDelayed { .. }
            | Event::NoticeReleased { .. }
            | Event::EmergencyReviewDue { .. }
            | Event::EmergencyReviewOverdue { .. }
            | Event::OrderComplied { .. }
            | Event::OrderMissed { .. }
            | Event::OrdersConflicted { .. }
            | Event::ConflictDecided { .. }
            | Event::GagRenewed { .. }
            | Event::GagRecheckMissed { .. }
            | Event::AppealAssigned { .. }
            | Event::AppealOverdue { .. }
            | Event::StrikeAdded { .. }
            | Event::StrikeRemoved { .. }
            | Event::FeeCharged { .. }
            | Event::FeeReversed { .. }
            | Event::RuleOverturned { .. }
            | Event::TermsNotified { .. }
            | Event::TermsAttempted { .. }
            | Event::TermsServed { .. }
            | Event::TermsAccepted { .. }
            | Event::TermsBound { .. }
            | Event::InvoiceRecorded { .. }
            | Event::EnvironmentCreated { .. }
            | Event::EnvironmentChanged { .. }
            | Event::EnvironmentImported { .. }
            | Event::EnvironmentAdopted { .. }
            | Event::EnvironmentImportEnded { .. }
            | Event::EnvironmentMoveBegun { .. }
            | Event::EnvironmentMoved { .. }
            | Event::EnvironmentMoveCancelled { .. }
            | Event::EnvironmentMoveEnded { .. }
            | Event::PlanSet { .. }
            | Event::QuotaRequested { .. }
            | Event::QuotaDecided { .. }
            | Event::AccessGranted { .. }
            | Event::HostnameClaimed { .. }
            | Event::HostnameProved { .. }
            | Event::HostnameLapsed { .. }
            | Event::HostnameReleased { .. }
            | Event::WorkloadPut { .. }
            | Event::WorkloadScaled { .. }
            | Event::WorkloadRestarted { .. }
            | Event::SecretSet { .. }
            | Event::SecretRemoved { .. }
            | Event::SnapshotRequested { .. }
            | Event::SnapshotReleased { .. }
            | Event::SnapshotLost { .. }
            | Event::WorkloadRemoved { .. }
            | Event::RuleMatched { .. }
            | Event::NoticeReminded { .. }
            | Event::NoticeRetried { .. }
            | Event::NoticeRefused { .. }
            | Event::NoticeUndeliverable { .. }
            | Event::NoticeExtended { .. }
            | Event::CaseChecked { .. }
            | Event::SignalCleared { .. }
            | Event::MeasureRestored { .. }
            | Event::CaseUndone { .. }
            | Event::ParityCompared { .. }
            | Event::DriftRepaired { .. }
            | Event::CureChecked { found: Found::There { .. }, .. }
            | Event::CommandRefused { .. } => {}
        }
    }

    fn item(&mut self, case: &CaseId, item: &ItemId, seen: ItemSeen) {
        self.items.insert((case.clone(), item.clone()), seen);
    }

    /// What a notice asks for: its own items, or all that was asked before where it names none.
    pub fn asked(&self, id: &NoticeId) -> Vec<ItemSeen> {
        let notice = &self.notices[id];
        let mut of: Vec<&NoticeSeen> = vec![notice];
        if notice.items.is_empty() {
            let before =
                self.notices.iter().filter(|(n, seen)| n.number() < id.number() && seen.case == notice.case);
            of.extend(before.map(|(_, seen)| seen));
        }
        of.iter().flat_map(|n| &n.items).map(|i| self.items[&(notice.case.clone(), i.clone())]).collect()
    }

    /// The served notices of a case that satisfy a test.
    pub fn served<'a>(
        &'a self,
        case: &'a CaseId,
        which: impl Fn(&NoticeKind) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a NoticeId, Timestamp)> {
        self.notices
            .iter()
            .filter(move |(_, n)| &n.case == case && which(&n.kind))
            .filter_map(|(id, n)| Some((id, n.served_at?)))
    }

    /// Orders that stay what the scope touches.
    pub fn stays(&self, scope: &Scope) -> bool {
        self.orders.values().any(|(kind, of)| kind.stays_measures() && touches(of, scope))
    }
}

/// Whether two scopes have anything in common, by their text alone.
pub fn touches(a: &Scope, b: &Scope) -> bool {
    let parts = |s: &Scope| -> Vec<String> { s.to_string().split('/').skip(1).map(str::to_owned).collect() };
    parts(a).iter().zip(&parts(b)).all(|(a, b)| a == b)
}
