//! Deciding: a command and the state give events, or a refusal that lists every unmet guard.

mod appeals;
mod asked;
mod batch;
mod called;
mod cases;
mod catch_up;
mod clearances;
mod clocks;
mod closing;
mod cluster;
mod consent;
mod consequences;
mod day_two;
mod declared;
pub mod delivery;
mod erasure;
mod fees;
mod gags;
mod hostnames;
mod import;
mod legal;
mod measures;
mod moving;
mod notices;
mod payments;
mod provision;
mod removal;
mod secrets;
mod snapshots;
mod standing;
mod terms;
mod timers;
mod verify;

pub(super) use consent::approval_ends;

use super::event::{Event, Recorded};
use super::watch::Lifts;
use super::{Account, Actor, Command, Context, System};
use crate::authority::Authority;
use crate::environment::EnvironmentKind;
use crate::name::{AccountId, ClusterId};
use crate::plan::{Exposure, Share};
use crate::refusal::{Guard, Refusal, Rejected, Unmet};
use crate::statement::Statement;

/// How many refusals of one actor stand on the record in one hour; later ones are answered and not recorded.
pub const REFUSALS_PER_HOUR: u32 = 20;

/// A decision in the making: the state with the events so far folded in, so that later steps see earlier ones.
struct Draft<'a> {
    account: Account,
    context: &'a Context<'a>,
    events: Vec<Recorded>,
    /// The statements of the notices issued so far.
    said: Vec<Statement>,
}

impl Draft<'_> {
    fn emit(&mut self, event: Event) -> Result<(), Rejected> {
        let recorded = Recorded { at: self.context.now, actor: self.context.actor.clone(), event };
        self.account.fold(&recorded).map_err(|error| {
            // A decision that does not fold is a defect of this crate; it is refused rather than recorded.
            Unmet::new(Guard::RecordKept, error.to_string(), "report this as a defect of Tenure")
        })?;
        let event = recorded.event.clone();
        self.events.push(recorded);
        self.follow(&event)
    }

    /// Refuses anyone but this part of Tenure: what was observed, delivered or came due is nobody's word.
    fn part(&self, part: System) -> Result<(), Rejected> {
        let part = Actor::System(part);
        if self.context.actor == &part {
            Ok(())
        } else {
            Err(not_by(self.context.actor, &format!("{part} does this")))
        }
    }
}

/// A refusal because of the state something is in.
fn wrong_state(detail: impl Into<String>, satisfied_by: impl Into<String>) -> Rejected {
    Unmet::new(Guard::InState, detail, satisfied_by).into()
}

/// A refusal because of who acts.
fn not_by(actor: &Actor, satisfied_by: &str) -> Rejected {
    Unmet::new(Guard::AnotherPerson, format!("{actor} has no part in this"), satisfied_by).into()
}

/// Refuses when anything is unmet.
fn all_met(guards: Vec<Unmet>) -> Result<(), Rejected> {
    if guards.is_empty() { Ok(()) } else { Err(Rejected::Refused(Refusal { guards })) }
}

impl Account {
    /// The events that the command gives in this state; none where it has happened already and doing it again would
    /// change nothing. `state` is none before the account is opened.
    pub fn decide(
        id: &AccountId,
        state: Option<&Self>,
        command: Command,
        context: &Context<'_>,
    ) -> Result<Vec<Recorded>, Rejected> {
        Self::decide_and_say(id, state, command, context).map(|(events, _)| events)
    }

    /// The same, with the statements of the notices that are issued, in their order.
    pub fn decide_and_say(
        id: &AccountId,
        state: Option<&Self>,
        command: Command,
        context: &Context<'_>,
    ) -> Result<(Vec<Recorded>, Vec<Statement>), Rejected> {
        // Law 16: a member of another account is answered as if this one were not there.
        if let Actor::Member(of, _) = context.actor
            && (of != id || state.is_none())
        {
            return Err(Rejected::not_found("account", id));
        }
        let Some(account) = state else {
            return match command {
                Command::Open { terms, plan } => {
                    declared::open(terms, plan, context).map(|events| (events, Vec::new()))
                }
                _ => Err(Rejected::not_found("account", id)),
            };
        };
        let mut draft = Draft { account: account.clone(), context, events: Vec::new(), said: Vec::new() };
        draft.still_open(&command)?;
        match command {
            Command::Open { .. } => {
                return Err(Unmet::new(
                    Guard::NameFree,
                    format!("the account {id} exists"),
                    "choose another name",
                )
                .into());
            }
            Command::CreateEnvironment { environment, plan } => {
                let share = Share { plan, exposure: Exposure::default() };
                draft.create_environment(environment, ClusterId::main(), EnvironmentKind::Managed, share)?;
            }
            Command::Provision(command) => draft.provision(command)?,
            Command::PutWorkload { environment, workload, spec } => {
                draft.put_workload(environment, workload, spec)?;
            }
            Command::ScaleWorkload { environment, workload, replicas } => {
                draft.scale_workload(environment, workload, replicas)?;
            }
            Command::RestartWorkload { environment, workload } => {
                draft.restart_workload(environment, workload)?;
            }
            Command::SetSecret { environment, secret, keys, values } => {
                draft.set_secret(environment, secret, keys, values)?;
            }
            Command::RemoveSecret { environment, secret } => draft.remove_secret(environment, secret)?,
            Command::Snapshots(command) => draft.snapshots(command)?,
            Command::RemoveWorkload { environment, workload } => {
                draft.remove_workload(environment, workload)?;
            }
            Command::NotifyTerms { terms, why, letter } => draft.notify_terms(terms, why, letter)?,
            Command::RecordTermsAttempt { notice, channel, proof } => {
                draft.record_terms_attempt(notice, channel, proof)?;
            }
            Command::AcknowledgeTerms { notice } => draft.acknowledge_terms(&notice)?,
            Command::AcceptTerms { notice, hash } => draft.accept_terms(&notice, &hash)?,
            Command::RecordInvoice { invoice, facts } => draft.record_invoice(invoice, facts)?,
            Command::OpenCase { ground, why, reports } => draft.open_case(ground, why, reports)?,
            Command::RecordMatch { rule, ground, opens, facts, why } => {
                draft.record_match(rule, ground, opens, facts, why)?;
            }
            Command::WithdrawCase { case, why, clears } => draft.withdraw_case(&case, why, clears)?,
            Command::UndoCase { case, rule, by, why, reports } => {
                draft.undo_case(&case, rule, by, why, reports)?;
            }
            Command::ClearSignal { ground, rule, why, clears } => {
                draft.clear_signal(ground, rule, why, clears)?;
            }
            Command::PauseCase { case, why } => draft.pause_case(&case, why)?,
            Command::ResumeCase { case, why } => draft.resume_case(&case, why)?,
            Command::ProveDelivery { notice, channel, evidence } => {
                draft.prove_delivery(&notice, channel, evidence)?;
            }
            Command::ExtendNotice { notice, by, why } => draft.extend_notice(notice, by, why)?,
            Command::SubmitCure { case, item, remedy } => draft.submit_cure(case, item, remedy)?,
            Command::AcceptCure { case, item } => draft.accept_cure(&case, item)?,
            Command::RejectCure { case, item, why } => draft.reject_cure(&case, item, why)?,
            Command::RecordCheck { case, item, found, why } => draft.record_check(&case, item, found, why)?,
            Command::IssueNotice { case, starts, power, why, items, reasons } => {
                draft.issue_notice(&case, starts, &power, why, items, reasons)?;
            }
            Command::IssueCalled { event, kind, reasons } => draft.issue_called(event, kind, reasons)?,
            Command::RecordAttempt { notice, channel, proof } => {
                draft.record_attempt(notice, channel, proof)?;
            }
            Command::RecordFailure { notice, channel, why } => {
                draft.record_failure(notice, channel, why)?;
            }
            Command::ReadNotice { notice } => draft.read_notice(&notice)?,
            Command::AcknowledgeNotice { notice } => draft.acknowledge(&notice)?,
            Command::ProposeMeasure(proposal) => draft.propose(proposal, Lifts::default())?,
            Command::ProposeUntil { proposal, lifts } => draft.propose(proposal, lifts)?,
            Command::ApplyEmergency { case, power, scope, why, why_not_less, reasons } => {
                draft.apply_emergency(case, &power, scope, why, why_not_less, reasons)?;
            }
            Command::Compared { decision, comparison } => draft.compared(*decision, comparison)?,
            Command::AmendMeasure { measure, effective } => draft.amend(&measure, effective)?,
            Command::ApproveMeasure { measure, command_hash } => draft.approve(&measure, &command_hash)?,
            Command::DenyMeasure { measure, command_hash, why } => {
                draft.deny(&measure, &command_hash, why)?;
            }
            Command::ReviewEmergency { measure, finding, account } => {
                draft.review_emergency(&measure, finding, account)?;
            }
            Command::RatifyMeasure { measure, command_hash } => draft.ratify(&measure, &command_hash)?,
            Command::LiftMeasure { measure, why } => draft.lift(&measure, Authority::Abuse, why)?,
            Command::LiftUnder { measure, authority, why } => draft.lift(&measure, authority, why)?,
            Command::AskMeasure { preset, scope, ends, why } => draft.ask(preset, scope, ends, why)?,
            Command::ApplyOrder { order, preset, scope, why } => {
                draft.apply_order(&order, preset, scope, why)?;
            }
            Command::SetConditions { measure, lifts, why } => draft.set_conditions(&measure, lifts, why)?,
            Command::ReviewMeasure { measure, lift, why } => draft.review(&measure, lift, why)?,
            Command::AcknowledgeEnforcement { measure, capability, withheld } => {
                draft.acknowledge_enforcement(&measure, capability, withheld)?;
            }
            Command::AcknowledgeByWebhook { measure, webhook, withheld } => {
                draft.acknowledge_by_webhook(&measure, &webhook, withheld)?;
            }
            Command::IssueRetrievalNotice { measure, number, why, letter } => {
                draft.issue_retrieval_notice(measure, number, why, letter)?;
            }
            Command::ProposeDeletion { why } => draft.propose_deletion(why, Vec::new())?,
            Command::ProposeDeletionOf { why, including } => draft.propose_deletion(why, including)?,
            Command::BeginDeletion { command_hash } => draft.begin_deletion(command_hash)?,
            Command::ConfirmEnvironmentDeleted { environment, certificate } => {
                draft.confirm_environment_deleted(environment, certificate)?;
            }
            Command::AskEnvironmentDeletion { environment, confirm, why, including } => {
                draft.ask_environment_deletion(environment, &confirm, why, including)?;
            }
            Command::EndEnvironmentDeletion { environment } => draft.end_environment_deletion(environment)?,
            Command::ConsentToDeletion { command_hash } => draft.consent_to_deletion(&command_hash)?,
            Command::DenyDeletion { command_hash, why } => draft.deny_deletion(&command_hash, why)?,
            Command::ConfirmDeletion { certificate } => draft.confirm_deletion(certificate)?,
            Command::ConfirmInForce { measure, receipt } => draft.confirm_in_force(&measure, receipt)?,
            Command::ConfirmRestored { measure, receipt } => draft.confirm_restored(&measure, receipt)?,
            Command::RecordRepairs { environment, objects } => draft.record_repairs(environment, objects)?,
            Command::RecordOrder { kind, scope, authority, document } => {
                draft.record_order(kind, &scope, authority, document)?;
            }
            Command::RecordTimedOrder { kind, scope, authority, document, deadline } => {
                draft.record_timed_order(kind, &scope, authority, document, deadline)?;
            }
            Command::RecordRemoval(removal) => draft.record_removal(removal)?,
            Command::RecordGag { scope, case, authority, document, until } => {
                draft.record_gag(&scope, case, authority, document, until)?;
            }
            Command::RenewGag { order, until, document, why } => {
                draft.renew_gag(&order, until, document, why)?;
            }
            Command::DecideConflict { order, over, why } => draft.decide_conflict(&order, &over, why)?,
            Command::VacateOrder { order, why } => draft.vacate_order(&order, why)?,
            Command::PlaceHold { scope, running_state, why } => {
                draft.place_hold(scope, running_state, why)?;
            }
            Command::ReleaseHold { hold, why } => draft.release_hold(&hold, why)?,
            Command::FileAppeal { measure, grounds } => draft.file_appeal(&measure, grounds)?,
            Command::AssignAppeal { appeal, reviewer } => draft.assign_appeal(&appeal, reviewer)?,
            Command::ModifyOnAppeal { appeal, preset, scope, why } => {
                draft.modify_on_appeal(&appeal, preset, scope, why)?;
            }
            Command::ChargeFee { case, measure, amount, why } => {
                draft.charge_fee(case, measure, amount, why)?;
            }
            Command::DecideAppeal { appeal, outcome, why, reports } => {
                draft.decide_appeal(&appeal, outcome, why, reports)?;
            }
            Command::CatchUp => draft.catch_up()?,
            Command::Fire(key) => draft.fire(key)?,
        }
        Ok((draft.events, draft.said))
    }

    /// The event that puts a refused command on the record; none past [`REFUSALS_PER_HOUR`] of one actor.
    pub fn record_refusal(
        &self,
        command: &'static str,
        refusal: &Refusal,
        context: &Context<'_>,
    ) -> Vec<Recorded> {
        if self.refusals_this_hour(context.actor, context.now) >= REFUSALS_PER_HOUR {
            return Vec::new();
        }
        let guards = refusal.guards.iter().map(|g| g.guard).collect();
        let event = Event::CommandRefused { command: command.to_owned(), guards };
        vec![Recorded { at: context.now, actor: context.actor.clone(), event }]
    }
}
