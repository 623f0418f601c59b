//! The guards of a measure: everything that has to be true at the moment it takes effect.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::case::{Case, ItemState};
use super::legal::{Appeal, Order};
use super::measure::{Approval, Basis, LiftReason, Measure, MeasureState, Proposal};
use super::{Account, Context, Kept};
use crate::capability::{Capability, Preset};
use crate::name::{AppealId, CaseId, PersonId, PowerId};
use crate::permit::Permit;
use crate::refusal::{Guard, Refusal, Rejected, Unmet};
use crate::terms::{ApproverRole, Power, Process, Terms};

/// The grace of pods where the power names none, in seconds: Kubernetes' own default.
pub(super) const DEFAULT_POD_GRACE_SECONDS: u32 = 30;

/// For how long whoever applied an emergency measure that stayed theirs alone cannot apply another to the same
/// scope, in hours: long enough that whatever still goes on then is known to more than one person.
const AGAIN_HOURS: i64 = 30 * 24;

impl Account {
    /// The proof that this measure may be applied now, or every guard that is not met.
    ///
    /// The only place where a [`Permit`] is made. `context.now` is the legal moment of the application.
    pub fn permit(&self, id: &crate::name::MeasureId, context: &Context<'_>) -> Result<Permit, Rejected> {
        let measure = self.measure(id)?;
        let mut unmet = Vec::new();
        if !measure.is_effective() {
            unmet.push(Unmet::new(
                Guard::InState,
                format!("{id} is {}", measure.state_name()),
                "a measure has a permit only while it is applying or in force",
            ));
        }
        unmet.extend(self.measure_guards(measure, context)?);
        if !unmet.is_empty() {
            return Err(Rejected::Refused(Refusal { guards: unmet }));
        }
        Ok(Permit {
            account: self.id.clone(),
            measure: id.clone(),
            scope: measure.proposal.scope.clone(),
            withholds: measure.proposal.withholds.clone(),
            throttle: measure.proposal.throttle,
            load_balancers: measure.proposal.load_balancers,
            pod_grace_seconds: measure.pod_grace_seconds,
            keeps: self.kept_under(&measure.proposal),
            minted_at: context.now,
        })
    }

    /// Everything unmet for a recorded measure to be in effect at `context.now`.
    pub(super) fn measure_guards(
        &self,
        measure: &Measure,
        context: &Context<'_>,
    ) -> Result<Vec<Unmet>, Rejected> {
        let proposal = &measure.proposal;
        let terms = self.terms_for(proposal, context.book)?;
        let mut unmet = self.order_guards(proposal, measure.is_effective());
        unmet.extend(self.basis_guards(proposal));
        // What took effect has gone through its stages, also where an order undid it for a while.
        if measure.took_effect.is_none() {
            unmet.extend(self.stage_guards(proposal, terms));
        } else if let Some(case) = proposal.case.as_ref().filter(|_| !measure.is_effective()) {
            unmet.extend(self.dispute_guard(case));
        }
        // What took effect is not given back because of what the cluster turns out to be unable to, and an order is followed
        // as far as the cluster can.
        if !measure.is_effective() && measure.took_effect.is_none() && proposal.basis.is_power() {
            unmet.extend(self.ability_guard(proposal, context.book));
        }
        // What was stopped has nothing left that a hold on what runs could preserve.
        if !matches!(measure.state, MeasureState::InForce { .. }) {
            unmet.extend(self.hold_guards(proposal));
        }
        if let Some(emergency) = &measure.emergency {
            if emergency.ratified.is_none() && context.now >= emergency.ratify_by {
                unmet.push(Unmet::new(
                    Guard::Ratified,
                    format!(
                        "{} was not ratified before {}",
                        measure.id,
                        terms.calendar.local(emergency.ratify_by)
                    ),
                    "nothing: it lifts by itself; apply a new one if the emergency still stands",
                ));
            }
            unmet.extend(self.power_guards(proposal, terms));
            return Ok(unmet);
        }
        if !proposal.basis.is_power() {
            return Ok(unmet);
        }
        unmet.extend(self.power_guards(proposal, terms));
        if let (Some(case), Some(power)) = (&proposal.case, &proposal.power) {
            unmet.extend(self.period_guards(case, power, terms, context.now, context.now));
            // What is in effect already rests on periods that have run: neither stopping clocks lifts it, nor a remedy for
            // something else that awaits a decision.
            if !measure.is_effective() {
                unmet.extend(self.undecided_guard(case, power));
                unmet.extend(self.paused_guard(case, terms));
            }
        }
        unmet.extend(due_guard(measure, terms, context.now));
        if let Some(case) = proposal.case.as_ref().filter(|_| !measure.is_effective()) {
            unmet.extend(self.appeal_guard(case));
        }
        unmet.extend(approval_guard(measure));
        Ok(unmet)
    }

    /// Laws 1 and 3, at the moment `effective`; times for notices not served yet are counted as if served at `now`.
    pub(super) fn period_guards(
        &self,
        case: &CaseId,
        power: &PowerId,
        terms: &Terms,
        effective: Timestamp,
        now: Timestamp,
    ) -> Vec<Unmet> {
        let Some(power) = terms.power(power) else { return Vec::new() };
        let Process::Noticed { notice, cure, .. } = &power.process else { return Vec::new() };
        let clocks = self.clocks(case, &power.id);
        let calendar = &terms.calendar;
        // A clock that stood still before its end has not run, whatever the time is now.
        let stopped = self.case(case).ok().and_then(|c| c.paused.as_ref()).map(|p| p.since);
        let stands = |ends: Timestamp| stopped.is_some_and(|since| ends > since);
        let mut unmet = Vec::new();
        let mut judge = |guard,
                         clock: Option<(&super::notice::Notice, Timestamp)>,
                         period: &crate::period::Period,
                         what: &str,
                         word: &str| {
            match clock {
                Some((_, ends)) if effective >= ends && !stands(ends) => {}
                Some((served, ends)) if stands(ends) => unmet.push(Unmet::new(
                    guard,
                    format!(
                        "the clocks of {} stand still: {} was served on {}, power {} promises {word} {period}",
                        served.case,
                        served.id,
                        calendar.local(served.served_at().unwrap_or(now)),
                        power.id
                    ),
                    "wait until the clocks go on and what is left of the period has run".to_owned(),
                )),
                Some((served, ends)) => unmet.push(
                    Unmet::new(
                        guard,
                        format!(
                            "not before {}: {} was served on {}, power {} promises {word} {period}",
                            calendar.local(ends),
                            served.id,
                            calendar.local(served.served_at().unwrap_or(now)),
                            power.id
                        ),
                        "wait until then".to_owned(),
                    )
                    .not_before(ends),
                ),
                None => {
                    let pending = clocks
                        .pending
                        .map(|n| format!("; {} is issued and not served yet", n.id))
                        .unwrap_or_default();
                    match calendar.deadline(now, period) {
                        Ok(_) if stopped.is_some() => unmet.push(Unmet::new(
                            guard,
                            format!("no {what} under power {} is served in {case}{pending}; the power promises {word} {period}", power.id),
                            format!("serve a {what}: its period runs when the clocks of {case} go on"),
                        )),
                        Ok(deadline) => unmet.push(
                            Unmet::new(
                                guard,
                                format!("no {what} under power {} is served in {}{pending}; the power promises {word} {period}", power.id, case),
                                format!("serve a {what}: earliest {} if it is served now", calendar.local(deadline.at)),
                            )
                            .not_before(deadline.at),
                        ),
                        Err(error) => unmet.push(Unmet::new(Guard::CalendarKnown, error.to_string(), "publish terms whose calendar knows these days, and have the account accept them")),
                    }
                }
            }
        };
        judge(Guard::CureRun, clocks.cure, cure, "violation notice", "a cure period of");
        // `tests/seeded` builds this crate without the guard, to show that the model checker misses it.
        if !notice.is_zero() && !cfg!(seeded_violation) {
            judge(Guard::NoticeRun, clocks.notice, notice, "notice of intent", "notice of");
        }
        unmet
    }

    /// Law 4: a remedy that was handed in within the cure period is decided on first.
    pub(super) fn undecided_guard(&self, case: &CaseId, power: &PowerId) -> Option<Unmet> {
        let ends = self.clocks(case, power).cure.map(|(_, ends)| ends);
        cure_undecided(self.case(case).ok()?, ends)
    }

    /// Law 1: the power, the case and the scope.
    pub(super) fn power_guards(&self, proposal: &Proposal, terms: &Terms) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let governing = self.governs(proposal);
        let named = proposal.power.as_ref();
        let granted = named.and_then(|id| terms.power(id)).filter(|_| proposal.terms == *governing);
        let Some(power) = granted else {
            let have: Vec<&str> = terms.powers.iter().map(|p| p.id.as_str()).collect();
            return vec![Unmet::new(
                Guard::PowerInAcceptedTerms,
                format!(
                    "the account accepted {}, which has no power {:?}",
                    governing,
                    named.map_or("", PowerId::as_str)
                ),
                format!("use one of its powers: {}", have.join(", ")),
            )];
        };
        if let Some(Ok(case)) = proposal.case.as_ref().map(|id| self.case(id)) {
            if case.is_closed() {
                unmet.push(Unmet::new(Guard::CaseOpen, format!("{} is closed", case.id), "open a new case"));
            }
            if !power.grounds.contains(&case.ground) {
                let grounds: Vec<&str> = power.grounds.iter().map(crate::name::Ground::as_str).collect();
                unmet.push(Unmet::new(
                    Guard::PowerPermits,
                    format!(
                        "power {} is not for the ground {}, on which {} was opened",
                        power.id, case.ground, case.id
                    ),
                    format!("its grounds are {}", grounds.join(", ")),
                ));
            }
            if let Some(order) = &case.order {
                unmet.push(Unmet::new(
                    Guard::PowerPermits,
                    format!("{} carries out {}", case.id, self.in_words(order)),
                    "open a case of its own",
                ));
            }
            unmet.extend(self.strike_guard(power, &case.ground));
        }
        let kind = proposal.scope.kind();
        if !power.scopes.contains(&kind) {
            let scopes: Vec<String> = power.scopes.iter().map(ToString::to_string).collect();
            unmet.push(Unmet::new(
                Guard::PowerPermits,
                format!("power {} does not reach a scope of kind {kind}", power.id),
                format!("its scopes are {}", scopes.join(", ")),
            ));
        }
        if let Some(why) = power.unsupported(kind) {
            unmet.push(Unmet::new(
                Guard::Supported,
                why,
                "use a power whose measure somebody enforces, on a scope where that can be done",
            ));
        }
        unmet
    }

    /// Law 1: an order that is the basis of a measure stands.
    fn basis_guards(&self, proposal: &Proposal) -> Option<Unmet> {
        let Basis::Order { order } = &proposal.basis else { return None };
        let stands = self.order(order).is_ok_and(Order::stands);
        (!stands).then(|| {
            Unmet::new(
                Guard::PowerPermits,
                format!("{}, on which it rests, no longer stands", self.in_words(order)),
                "nothing: it ends with the order",
            )
        })
    }

    /// Law 8: orders and holds.
    pub(super) fn legal_guards(&self, proposal: &Proposal) -> Vec<Unmet> {
        let mut unmet = self.order_guards(proposal, false);
        unmet.extend(self.hold_guards(proposal));
        unmet
    }

    fn order_guards(&self, proposal: &Proposal, effective: bool) -> Vec<Unmet> {
        let stays = self.orders.iter().filter(|o| self.is_stayed_by(proposal, effective, o));
        stays
            .map(|order| {
                let own = proposal.basis.order();
                let contested =
                    own.is_some_and(|own| self.open_conflicts().any(|c| c.is_between(own, &order.id)));
                let then = if contested {
                    "somebody with the legal role decides which of the two orders is followed"
                } else {
                    "nothing the provider can do: the order has to be vacated by whoever gave it"
                };
                Unmet::new(Guard::NoOrder, self.stands_in_words(order), then)
            })
            .collect()
    }

    /// Law 7: a stop loses what runs.
    pub(super) fn hold_guards(&self, proposal: &Proposal) -> Vec<Unmet> {
        if proposal.withholds.contains(&Capability::Compute) {
            self.preserved(Kept::Running(&proposal.scope))
        } else {
            Vec::new()
        }
    }

    /// Law 5: whoever applied an emergency measure that is over applies no other until it was reviewed.
    pub(super) fn review_guard(&self, by: &PersonId) -> Option<Unmet> {
        let owed =
            |m: &&Measure| m.emergency_review().is_some_and(|r| r.done.is_none() && &r.applied_by == by);
        let measure = self.measures.iter().find(owed)?;
        Some(Unmet::new(
            Guard::Reviewed,
            format!("{by} applied {}, and nobody has reviewed that yet", measure.id),
            "somebody who took no part in it records what happened and whether it was right",
        ))
    }

    /// Law 15: while the decision on an appeal is overdue nothing more takes effect in its case. What is in effect stays:
    /// silence decides nothing.
    pub(super) fn appeal_guard(&self, case: &CaseId) -> Option<Unmet> {
        let overdue = |a: &&Appeal| {
            let of_case = self.measure(&a.measure).is_ok_and(|m| m.proposal.case.as_ref() == Some(case));
            of_case && a.decided.is_none() && a.overdue.is_some()
        };
        let appeal = self.appeals.iter().find(overdue)?;
        Some(Unmet::new(
            Guard::AppealDecided,
            format!("the decision on the appeal {} is overdue", appeal.id),
            "decide it: somebody who took no part in the measure",
        ))
    }

    /// Law 5: nobody makes a provisional measure last by applying it again and again, where nobody else ratified it or
    /// an appeal undid it.
    pub(super) fn again_guard(&self, proposal: &Proposal, by: &PersonId, now: Timestamp) -> Option<Unmet> {
        self.measures.iter().find_map(|m| {
            let emergency = m.emergency.as_ref()?;
            let undone = matches!(
                &m.state,
                MeasureState::Lifting { reason: LiftReason::Overturned { .. }, .. }
                    | MeasureState::Lifted { reason: LiftReason::Overturned { .. }, .. }
                    | MeasureState::Withdrawn { reason: LiftReason::Overturned { .. }, .. }
            );
            let alone = emergency.ratified.is_none() || undone;
            let same = m.proposed_by.person() == Some(by) && m.proposal.scope.touches(&proposal.scope);
            let free = m.proposed_at.checked_add(SignedDuration::from_hours(AGAIN_HOURS)).ok()?;
            (alone && same && now < free).then(|| {
                let why = if undone { "was overturned" } else { "is ratified by nobody else" };
                Unmet::new(
                    Guard::Ratified,
                    format!("{by} applied {} to {}, and it {why}", m.id, m.proposal.scope),
                    "somebody else ratifies that one in time, or judges the emergency and applies the measure",
                )
                .not_before(free)
            })
        })
    }

    /// Law 6: whoever reviewed an appeal of the measure has no other part in it.
    pub(super) fn reviewer_guard(&self, measure: &Measure, by: &PersonId) -> Option<Unmet> {
        let reviewed: &AppealId = self
            .appeals
            .iter()
            .find(|a| {
                let decided = a.decided.as_ref().map(|d| &d.by);
                a.measure == measure.id && (decided == Some(by) || a.reviewer.as_ref() == Some(by))
            })
            .map(|a| &a.id)?;
        Some(Unmet::new(
            Guard::AnotherPerson,
            format!("{by} reviews or has reviewed the appeal {reviewed} against {}", measure.id),
            "somebody who did not review it consents",
        ))
    }
}

fn cure_undecided(case: &Case, cure_ends: Option<Timestamp>) -> Option<Unmet> {
    let waiting = case.items.iter().find(|i| match &i.state {
        ItemState::Submitted { at, .. } => cure_ends.is_none_or(|ends| *at < ends),
        ItemState::Due { .. } | ItemState::Met { .. } => false,
    })?;
    Some(Unmet::new(
        Guard::CureDecided,
        format!(
            "the account handed in a remedy for {:?} in time, and nobody has decided on it",
            waiting.id.as_str()
        ),
        "accept it, or reject it with a reason",
    ))
}

/// Law 3: nothing before the moment that was proposed and approved.
fn due_guard(measure: &Measure, terms: &Terms, now: Timestamp) -> Option<Unmet> {
    let due = match measure.state {
        MeasureState::Scheduled { at } => at,
        _ => measure.proposal.effective,
    };
    (now < due).then(|| {
        Unmet::new(
            Guard::Due,
            format!("{} is to take effect on {}", measure.id, terms.calendar.local(due)),
            "wait until then, or have whoever proposed it name another moment",
        )
        .not_before(due)
    })
}

/// Law 6: enough approvals of others, each for the command as it stands.
pub(super) fn approval_guard(measure: &Measure) -> Option<Unmet> {
    let counts =
        |a: &&Approval| a.command_hash == measure.command_hash && measure.proposed_by.person() != Some(&a.by);
    let valid = measure.approvals.iter().filter(counts).count();
    let needed = usize::from(measure.approvals_needed);
    if valid < needed {
        return Some(missing_approvals(power_of(measure), needed, valid, &measure.proposed_by.to_string()));
    }
    let missing = measure
        .approver_roles
        .iter()
        .find(|role| !measure.approvals.iter().filter(counts).any(|a| a.roles.contains(role.as_str())))?;
    Some(Unmet::new(
        Guard::RoleConsents,
        format!("nobody with the role {} has approved {}", missing.as_str(), measure.id),
        "somebody with that role approves exactly this",
    ))
}

/// Law 6: whoever consents holds a role that the power names, or is an approver where it names none. Somebody who is not
/// in the book was let in by the policies alone.
pub(super) fn role_guard(measure: &Measure, by: &PersonId, held: Option<&BTreeSet<String>>) -> Option<Unmet> {
    let named = &measure.approver_roles;
    let holds = |role: &ApproverRole| held.is_some_and(|held| held.contains(role.as_str()));
    let may = if named.is_empty() {
        held.is_none() || holds(&ApproverRole::Approver)
    } else {
        named.iter().any(holds)
    };
    if may {
        return None;
    }
    let mut roles: Vec<&str> = named.iter().map(|r| r.as_str()).collect();
    if roles.is_empty() {
        roles.push(ApproverRole::Approver.as_str());
    }
    Some(Unmet::new(
        Guard::RoleConsents,
        format!("{by} holds none of the roles that consent under power {}", power_of(measure)),
        format!("somebody who is {} consents", roles.join(" or ")),
    ))
}

/// The power's name, for people; what rests on none needs nobody's consent.
fn power_of(measure: &Measure) -> &str {
    measure.proposal.power.as_ref().map_or("none", PowerId::as_str)
}

/// The guard of approvals that are still to be given.
pub(super) fn missing_approvals(power: &str, needed: usize, given: usize, proposer: &str) -> Unmet {
    Unmet::new(
        Guard::Approved,
        format!("power {power} needs {needed} approvals; {given} given"),
        format!(
            "{} other than {proposer} approve exactly this",
            if needed - given == 1 { "one person".to_owned() } else { format!("{} people", needed - given) }
        ),
    )
}

/// Whether a power's measure may be applied at once and provisionally.
pub(super) fn emergency_ok(power: &Power) -> bool {
    power.rung() < Preset::Suspend
}
