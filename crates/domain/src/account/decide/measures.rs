//! Measures: proposing, approving, applying at once, ratifying, lifting.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{Draft, all_met, wrong_state};
use crate::account::command::ProposeMeasure;
use crate::account::event::Event;
use crate::account::guards::{DEFAULT_POD_GRACE_SECONDS, emergency_ok, missing_approvals};
use crate::account::measure::{Basis, Measure, MeasureState, Proposal};
use crate::account::notice::NoticeKind;
use crate::account::watch::Lifts;
use crate::authority::Authority;
use crate::balancers::Balancers;
use crate::capability::{Capability, Enforcer};
use crate::name::{CaseId, MeasureId, PersonId, PowerId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::statement::Reasons;
use crate::terms::{Power, Process};
use crate::text::Words;

/// How far ahead a measure can be scheduled, in days: further would outlive the reasons for it.
const FURTHEST_DAYS: i64 = 366;

impl Draft<'_> {
    /// The person who acts; rules, members and parts of Tenure cannot decide on measures.
    pub(super) fn person(&self) -> Result<PersonId, Rejected> {
        self.context.actor.person().cloned().ok_or_else(|| {
            Unmet::new(
                Guard::AnotherPerson,
                format!("{} is not a person of the provider", self.context.actor),
                "a person decides this",
            )
            .into()
        })
    }

    pub(super) fn check_scope(&self, scope: &Scope) -> Result<(), Rejected> {
        match scope {
            Scope::Account => Ok(()),
            Scope::Environment(e) => self.account.environment(e).map(|_| ()),
            Scope::Workload(e, w) | Scope::Hostname(e, w, _) => {
                let known = self.account.environment(e)?.workloads.contains_key(w);
                if known { Ok(()) } else { Err(Rejected::not_found("workload", w)) }
            }
        }
    }

    /// The same for a measure that withholds this. What runs in an open environment is not declared here, and a name means what
    /// is called so there: `deploy` can be withheld from that, and nothing else that a cluster would have to see to.
    pub(super) fn check_withheld(
        &self,
        scope: &Scope,
        withholds: &BTreeSet<Capability>,
    ) -> Result<(), Rejected> {
        let frozen = |c: &Capability| *c == Capability::Deploy || c.enforcer() != Enforcer::Cluster;
        match scope {
            Scope::Workload(environment, _)
                if !self.account.environment(environment)?.kind.is_managed()
                    && withholds.iter().all(frozen) =>
            {
                Ok(())
            }
            // Only what leads visitors there can be withheld, and nothing does that of another workload. More is refused as
            // nothing that a cluster could do.
            Scope::Hostname(environment, workload, name) if withholds.iter().eq([&Capability::Ingress]) => {
                self.check_scope(scope)?;
                let declared = self.account.declares(name) == Some((environment, workload));
                if declared { Ok(()) } else { Err(Rejected::not_found("hostname", name)) }
            }
            _ => self.check_scope(scope),
        }
    }

    fn proposal(
        &self,
        case: CaseId,
        power: PowerId,
        scope: Scope,
        effective: Timestamp,
        why: Words,
        why_not_less: Option<Words>,
    ) -> Result<(Proposal, Option<Power>), Rejected> {
        let found = self.account.case(&case)?;
        let ground = found.ground.clone();
        let terms = self.account.terms_of(found, self.context.book)?;
        let governing = self.account.governing(found).clone();
        let granted = terms.power(&power).cloned();
        let withholds = granted.as_ref().map(Power::withholds).unwrap_or_default();
        self.check_withheld(&scope, &withholds)?;
        // A power that the terms do not hold is a guard, named with all the others; `warn` stands in for its measure.
        let preset = granted.as_ref().map_or(crate::capability::Preset::Warn, |p| p.permits);
        let authority = granted.as_ref().map_or_else(Authority::default, |p| p.authority(&ground));
        let proposal = Proposal {
            case: Some(case),
            terms: governing,
            power: Some(power),
            basis: Basis::Power,
            authority,
            preset,
            withholds,
            throttle: granted.as_ref().and_then(|p| p.throttle),
            load_balancers: granted.as_ref().map_or(Balancers::Kept, |p| p.load_balancers),
            scope,
            effective,
            why,
            why_not_less,
            lifts: Lifts::default(),
        };
        Ok((proposal, granted))
    }

    pub(super) fn propose(&mut self, asked: ProposeMeasure, lifts: Lifts) -> Result<(), Rejected> {
        self.person()?;
        let now = self.context.now;
        let effective = asked.effective.unwrap_or(now);
        let (case, power) = (asked.case.clone(), asked.power.clone());
        let (mut proposal, granted) =
            self.proposal(asked.case, asked.power, asked.scope, effective, asked.why, asked.why_not_less)?;
        self.check_items(Some(&case), &lifts)?;
        proposal.lifts = lifts;
        let terms = self.account.terms_for(&proposal, self.context.book)?.clone();
        let mut guards = self.account.power_guards(&proposal, &terms);
        guards.extend(self.account.ability_guard(&proposal, self.context.book));
        guards.extend(self.account.stage_guards(&proposal, &terms));
        guards.extend(moment_guard(effective, now, asked.effective.is_some(), &terms));
        guards.extend(ends_guard(&proposal.lifts, effective, &terms));
        if let Some(Process::Emergency { .. }) = granted.as_ref().map(|p| &p.process) {
            guards.push(Unmet::new(
                Guard::PowerPermits,
                format!("power {power} is an emergency power"),
                "apply it at once as an emergency measure, or propose under another power",
            ));
        }
        guards.extend(self.account.period_guards(&case, &power, &terms, effective, now));
        guards.extend(self.account.undecided_guard(&case, &power));
        guards.extend(self.account.paused_guard(&case, &terms));
        guards.extend(self.account.ladder_guard(&proposal, &terms, self.context.book));
        guards.extend(self.account.appeal_guard(&case));
        guards.extend(self.account.legal_guards(&proposal));
        let needed = match granted.as_ref().map(|p| &p.process) {
            Some(Process::Noticed { approvals, .. }) => *approvals,
            Some(Process::Emergency { .. }) | None => 0,
        };
        if !guards.is_empty() && needed > 0 {
            guards.push(missing_approvals(power.as_str(), needed.into(), 0, &self.context.actor.to_string()));
        }
        all_met(guards)?;
        let measure = self.account.next(self.account.measures.len(), MeasureId::new);
        let command_hash = command_hash(&measure, &proposal);
        let pod_grace_seconds = grace(granted.as_ref());
        self.emit(Event::MeasureProposed {
            measure,
            proposal,
            command_hash,
            approvals_needed: needed,
            pod_grace_seconds,
            ratify_by: None,
            notice_by: None,
            approver_roles: granted.map(|p| p.approver_roles).unwrap_or_default(),
            replaces: None,
        })
    }

    pub(super) fn apply_emergency(
        &mut self,
        case: CaseId,
        power: &PowerId,
        scope: Scope,
        why: Words,
        why_not_less: Option<Words>,
        reasons: Reasons,
    ) -> Result<(), Rejected> {
        let person = self.person()?;
        let now = self.context.now;
        let (proposal, granted) =
            self.proposal(case.clone(), power.clone(), scope, now, why.clone(), why_not_less)?;
        let terms = self.account.terms_for(&proposal, self.context.book)?.clone();
        let mut guards = self.account.power_guards(&proposal, &terms);
        guards.extend(self.account.ability_guard(&proposal, self.context.book));
        guards.extend(self.account.stage_guards(&proposal, &terms));
        let mut clocks = None;
        match granted.as_ref().map(|p| &p.process) {
            Some(Process::Emergency { ratify_within, notice_within }) => {
                let at = |period| terms.calendar.deadline(now, period);
                match (at(ratify_within), at(notice_within)) {
                    (Ok(ratify), Ok(notice)) => clocks = Some((ratify.at, notice.at)),
                    (Err(error), _) | (_, Err(error)) => {
                        guards.push(Unmet::new(
                            Guard::CalendarKnown,
                            error.to_string(),
                            "name the period in hours",
                        ));
                    }
                }
            }
            Some(Process::Noticed { .. }) => guards.push(Unmet::new(
                Guard::PowerPermits,
                format!("power {power} is not an emergency power"),
                "propose the measure, so that its notice and approvals come first",
            )),
            None => {}
        }
        if granted.as_ref().is_some_and(|p| !emergency_ok(p)) {
            guards.push(Unmet::new(
                Guard::PowerPermits,
                format!("{} cannot be done at once and provisionally", proposal.preset),
                "isolate, and propose the rest with its notice",
            ));
        }
        guards.extend(self.account.again_guard(&proposal, &person, now));
        guards.extend(self.account.review_guard(&person));
        guards.extend(self.account.ladder_guard(&proposal, &terms, self.context.book));
        guards.extend(self.account.legal_guards(&proposal));
        let measure = self.account.next(self.account.measures.len(), MeasureId::new);
        let kind = NoticeKind::Emergency { measure: measure.clone() };
        guards.extend(self.lacking(&kind, &case, &reasons)?);
        all_met(guards)?;
        let Some((ratify_by, notice_by)) = clocks else { return Ok(()) };
        let command_hash = command_hash(&measure, &proposal);
        self.emit(Event::MeasureProposed {
            measure: measure.clone(),
            proposal,
            command_hash,
            approvals_needed: 0,
            pod_grace_seconds: grace(granted.as_ref()),
            ratify_by: Some(ratify_by),
            notice_by: Some(notice_by),
            approver_roles: BTreeSet::new(),
            replaces: None,
        })?;
        self.emit(Event::MeasureApplying { measure })?;
        // Law 5 allows an hour; issuing it with the measure leaves nothing to forget.
        self.issue(case, kind, why, Vec::new(), reasons, None)
    }

    pub(super) fn amend(&mut self, id: &MeasureId, effective: Timestamp) -> Result<(), Rejected> {
        let person = self.person()?;
        let measure = self.account.measure(id)?;
        if measure.proposed_by.person() != Some(&person) {
            return Err(Unmet::new(
                Guard::AnotherPerson,
                format!("{} proposed {id}", measure.proposed_by),
                "whoever proposed it amends it",
            )
            .into());
        }
        let open = matches!(
            measure.state,
            MeasureState::Proposed | MeasureState::Approved { .. } | MeasureState::Scheduled { .. }
        );
        let (Some(case), Some(power)) = (&measure.proposal.case, &measure.proposal.power) else {
            return Err(wrong_state(format!("{id} rests on no power"), "nothing: it took effect at once"));
        };
        if !open || measure.emergency.is_some() {
            return Err(wrong_state(format!("{id} is {}", measure.state_name()), "propose another measure"));
        }
        let terms = self.account.terms_for(&measure.proposal, self.context.book)?;
        let mut proposal = measure.proposal.clone();
        proposal.effective = effective;
        let mut guards = self.account.power_guards(&proposal, terms);
        guards.extend(self.account.stage_guards(&proposal, terms));
        guards.extend(moment_guard(effective, self.context.now, true, terms));
        guards.extend(self.account.period_guards(case, power, terms, effective, self.context.now));
        guards.extend(self.account.undecided_guard(case, power));
        guards.extend(self.account.paused_guard(case, terms));
        guards.extend(self.account.legal_guards(&proposal));
        all_met(guards)?;
        let command_hash = command_hash(id, &proposal);
        self.emit(Event::MeasureAmended { measure: id.clone(), effective, command_hash })
    }

    pub(super) fn ratify(&mut self, id: &MeasureId, command_hash: &str) -> Result<(), Rejected> {
        let by = self.person()?;
        let measure = self.account.measure(id)?;
        let Some(emergency) = &measure.emergency else {
            return Err(wrong_state(format!("{id} is not an emergency measure"), "only those are ratified"));
        };
        if emergency.ratified.is_some() {
            return Err(wrong_state(format!("{id} is ratified"), "nothing: it is done"));
        }
        let stands = measure.is_effective() || matches!(measure.state, MeasureState::Stayed { .. });
        if !stands {
            return Err(wrong_state(
                format!("{id} is {}", measure.state_name()),
                "only a standing measure is ratified",
            ));
        }
        let mut guards = Vec::new();
        if measure.proposed_by.person() == Some(&by) {
            guards.push(Unmet::new(
                Guard::AnotherPerson,
                format!("{by} applied {id}"),
                "somebody else ratifies it",
            ));
        } else if measure.involves(&by) {
            guards.push(Unmet::new(
                Guard::AnotherPerson,
                format!("{by} took part in what {id} replaces"),
                "somebody who took no part in it ratifies it",
            ));
        }
        if self.context.now >= emergency.ratify_by {
            guards.push(Unmet::new(
                Guard::Ratified,
                format!("the time for ratifying {id} ended at {}", emergency.ratify_by),
                "nothing: it lifts by itself",
            ));
        }
        guards.extend(self.account.reviewer_guard(measure, &by));
        guards.extend(same_command(id, &measure.command_hash, command_hash));
        all_met(guards)?;
        self.emit(Event::MeasureRatified { measure: id.clone(), by, command_hash: command_hash.to_owned() })
    }

    /// Brings a measure back before its guards that was taken off the schedule: they are all judged again.
    pub(super) fn schedule_again(&mut self, which: impl Fn(&Measure) -> bool) -> Result<(), Rejected> {
        let blocked: Vec<MeasureId> = self
            .account
            .measures
            .iter()
            .filter(|m| matches!(m.state, MeasureState::Approved { blocked: Some(_) }) && which(m))
            .map(|m| m.id.clone())
            .collect();
        for measure in blocked {
            self.emit(Event::MeasureScheduled { measure, at: self.context.now })?;
        }
        Ok(())
    }

    /// Takes a measure off the schedule, or back from where it was being applied.
    pub(super) fn block(&mut self, measure: MeasureId, unmet: &[Unmet]) -> Result<(), Rejected> {
        let guards: BTreeSet<Guard> = unmet.iter().map(|g| g.guard).collect();
        let detail = unmet.iter().map(|g| g.detail.as_str()).collect::<Vec<_>>().join("; ");
        self.emit(Event::MeasureBlocked { measure, guards: guards.into_iter().collect(), detail })
    }

    /// Brings a scheduled measure to effect if every guard is met at this moment, else takes it off the schedule.
    pub(super) fn take_effect(&mut self, id: &MeasureId) -> Result<(), Rejected> {
        let measure = self.account.measure(id)?;
        let case = measure.proposal.case.clone();
        let guards = self.account.measure_guards(measure, self.context)?;
        if guards.is_empty() {
            // Law 4 skips no stage of the case either, where its own deadline is fired after this one.
            if let Some(case) = case
                && self.account.lapses_at(self.account.case(&case)?).is_some_and(|at| at <= self.context.now)
            {
                self.lapse(case)?;
            }
            self.emit(Event::MeasureApplying { measure: id.clone() })?;
            self.bound(id)?;
            return self.begin_closing(id);
        }
        self.block(id.clone(), &guards)
    }
}

pub(super) fn same_command(id: &MeasureId, stands: &str, given: &str) -> Option<Unmet> {
    (stands != given).then(|| {
        Unmet::new(
            Guard::SameCommand,
            format!("{id} stands at {stands}; the consent is for {given}"),
            format!("read {id} again, and consent to its present commandHash"),
        )
    })
}

fn grace(power: Option<&Power>) -> u32 {
    power.and_then(|p| p.pod_grace_seconds).unwrap_or(DEFAULT_POD_GRACE_SECONDS)
}

fn moment_guard(
    effective: Timestamp,
    now: Timestamp,
    given: bool,
    terms: &crate::terms::Terms,
) -> Option<Unmet> {
    if given && effective < now {
        return Some(Unmet::new(
            Guard::Moment,
            format!("{} has passed", terms.calendar.local(effective)),
            "name a moment to come",
        ));
    }
    let ahead = effective.as_second().saturating_sub(now.as_second());
    (ahead > FURTHEST_DAYS * 86_400).then(|| {
        Unmet::new(
            Guard::Moment,
            format!("{} is more than {FURTHEST_DAYS} days ahead", terms.calendar.local(effective)),
            "name a nearer moment",
        )
    })
}

/// The moment at which a measure lifts by itself comes after its effect, and within reach.
pub(super) fn ends_guard(lifts: &Lifts, from: Timestamp, terms: &crate::terms::Terms) -> Option<Unmet> {
    let ends = lifts.ends?;
    if ends <= from {
        return Some(Unmet::new(
            Guard::Moment,
            format!("it would end on {}, and not last at all", terms.calendar.local(ends)),
            "name a later moment for its end",
        ));
    }
    moment_guard(ends, from, true, terms)
}

/// What an approval is bound to: SHA-256 of the canonical JSON (RFC 8785) of the measure's id and proposal.
pub(super) fn command_hash(id: &MeasureId, proposal: &Proposal) -> String {
    let command = serde_json::json!({ "measure": id, "proposal": proposal });
    // Canonicalization fails on non-finite numbers only, and a proposal holds none.
    let bytes = serde_json_canonicalizer::to_vec(&command).unwrap_or_default();
    hex::encode(Sha256::digest(&bytes))
}
