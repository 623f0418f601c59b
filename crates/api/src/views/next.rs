//! What can happen next, and why not yet.

use tenure_domain::account::notice::Reminder;
use tenure_domain::account::outlook::{Next, Turn, What};
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Actor, Context, System};
use tenure_domain::name::CaseId;
use tenure_domain::terms::Terms;
use tenure_engine::{Engine, EngineError};
use tenure_wire::view::{NextView, WhyNotYetView};

use crate::problem::Failure;

/// What can happen next, in one case or in all.
pub fn steps(account: &Account, accepted: &Terms, only: Option<&CaseId>, to_member: bool) -> Vec<NextView> {
    let hidden = |step: &Next| to_member && account.hides_step(&step.what);
    let wanted = |step: &Next| only.is_none_or(|case| step.case.as_ref() == Some(case)) && !hidden(step);
    account
        .next_steps()
        .into_iter()
        .filter(wanted)
        .map(|step| {
            let (what, subject) = words(&step.what);
            NextView {
                case: step.case.as_ref().map(ToString::to_string),
                kind: step.what.name().to_owned(),
                what: what.to_owned(),
                subject,
                turn: turn(step.what.turn()).to_owned(),
                at: step.due,
                local: step.due.map(|due| accepted.calendar.local(due)),
            }
        })
        .collect()
}

/// Why not yet, in one case or in all.
pub fn why_not_yet(
    engine: &Engine,
    account: &Account,
    only: Option<&CaseId>,
) -> Result<Vec<WhyNotYetView>, Failure> {
    let shelf = engine.shelf();
    let actor = Actor::System(System::Cluster);
    let context = Context { now: engine.now(), actor: &actor, book: &shelf.terms };
    let all = account.why_not_yet_of_all(&context).map_err(EngineError::from)?;
    Ok(all
        .into_iter()
        .filter(|why| only.is_none_or(|case| *case == why.case))
        .map(|why| WhyNotYetView {
            case: why.case.to_string(),
            power: why.power.to_string(),
            measure: why.measure.map(|m| m.to_string()),
            guards: why.guards.iter().map(Into::into).collect(),
        })
        .collect())
}

fn turn(turn: Turn) -> &'static str {
    match turn {
        Turn::Tenure => "tenure",
        Turn::Account => "account",
        Turn::Provider => "provider",
        Turn::Authority => "authority",
    }
}

fn words(what: &What) -> (&'static str, String) {
    match what {
        What::Due(key) => due(key),
        What::IssueNotice(id) => ("the provider issues a notice, or takes the case back", id.to_string()),
        What::Deliver(id) => ("the letter is put on its channels", id.to_string()),
        What::Reach(id) => ("the notice reaches nobody: the provider finds another way", id.to_string()),
        What::Resume(id) => ("a person lets the clocks go on", id.to_string()),
        What::Acknowledge(id) => ("a member confirms having the letter", id.to_string()),
        What::HandIn(_, item) => ("the account says what it did about this", item.to_string()),
        What::DecideCure(_, item) => ("the provider decides on the remedy", item.to_string()),
        What::DecideDispute(id) => {
            ("what is disputed is decided, and the invoice recorded again", id.to_string())
        }
        What::Propose(id) => ("the provider proposes a measure, or takes the case back", id.to_string()),
        What::Approve(id) => ("other people of the provider consent", id.to_string()),
        What::Amend(id) => ("whoever proposed it names another moment, or it is lifted", id.to_string()),
        What::Ratify(id) => ("another person of the provider ratifies it", id.to_string()),
        What::Enforce(id) => ("the cluster is brought there, until that is observed", id.to_string()),
        What::Restore(id) => ("everything is brought back, until that is observed", id.to_string()),
        What::ReviewEmergency(id) => (
            "somebody who took no part says what happened in the emergency, and whether it was right",
            id.to_string(),
        ),
        What::AssignAppeal(id) => ("somebody who took no part is named to decide the appeal", id.to_string()),
        What::Follow(id) => ("what the order commands is done, until that is observed", id.to_string()),
        What::Recheck(id) => {
            ("somebody with the legal role says that the gag is still needed, or ends it", id.to_string())
        }
        What::DecideConflict(one, other) => (
            "somebody with the legal role decides which of the two orders is followed",
            format!("{one}, {other}"),
        ),
        What::DecideAppeal(id) => ("somebody who took no part decides the appeal", id.to_string()),
        What::Vacate(id) => ("whoever gave the order vacates it", id.to_string()),
        What::Confirm(_, capability) => {
            ("the system that enforces this says that it is done", capability.to_string())
        }
        What::ReviewMeasure(id) => ("the provider looks at the measure again", id.to_string()),
        What::ReviewOverdue(id) => ("overdue: the provider looks at the measure again", id.to_string()),
        What::Resolve(id) => (
            "a termination in all but name: the provider lifts it, gives it conditions or an end, or notices a termination",
            id.to_string(),
        ),
        What::Retrieve(id) => ("the account fetches its data", id.to_string()),
        What::ProposeDeletion(id) => ("the provider proposes the deletion, once it may", id.to_string()),
        What::ConsentToDeletion(id) => {
            ("other people of the provider consent to the deletion", id.to_string())
        }
        What::Delete(id) => ("the account is closed under a permit", id.to_string()),
    }
}

fn due(key: &TimerKey) -> (&'static str, String) {
    match key {
        TimerKey::Deemed(id) => ("the notice counts as served", id.to_string()),
        TimerKey::DeemedTerms(id) => ("the notice of new terms counts as served", id.to_string()),
        TimerKey::Bind(id) => ("the new terms bind", id.to_string()),
        TimerKey::Retry(id) => ("delivery is tried again on the channels that refused", id.to_string()),
        TimerKey::Undeliverable(id) => ("the notice counts as undeliverable", id.to_string()),
        TimerKey::Check(id) => ("the account's facts are asked what is done", id.to_string()),
        TimerKey::Remind(id, Reminder::Half) => {
            ("a reminder goes out: half of the time has run", id.to_string())
        }
        TimerKey::Remind(id, Reminder::LastDay) => ("a reminder goes out: 24 hours are left", id.to_string()),
        TimerKey::Lapse(id) => ("the time to put things right ends", id.to_string()),
        TimerKey::Apply(id) => ("the measure takes effect, if every guard is met", id.to_string()),
        TimerKey::Ratification(id) => {
            ("the measure lifts by itself, unless another person ratifies it", id.to_string())
        }
        TimerKey::Approval(id) => ("an approval that waits for the others ceases to count", id.to_string()),
        TimerKey::ReviewEmergency(id) => ("the review of the emergency measure is overdue", id.to_string()),
        TimerKey::Appeal(id) => ("the decision on the appeal is overdue", id.to_string()),
        TimerKey::Order(id) => ("the time for following the order ends", id.to_string()),
        TimerKey::Recheck(id) => ("the gag should have been looked at again", id.to_string()),
        TimerKey::GagEnd(id) => ("the gag ends, and what it delayed goes out", id.to_string()),
        TimerKey::Expiry(id) => ("the measure lifts by itself: its end has come", id.to_string()),
        TimerKey::ReviewMeasure(id) => ("a missing review is put on the record", id.to_string()),
        TimerKey::Constructive(id) => {
            ("the suspension counts as a termination in all but name", id.to_string())
        }
        TimerKey::ConstructiveEnd(id) => {
            ("the suspension lifts by itself, unless something was done about it", id.to_string())
        }
        TimerKey::RetrievalReminder(id, _) => {
            ("a reminder of the time to fetch the data goes out", id.to_string())
        }
        TimerKey::EnvironmentDeletion(id) => {
            ("the environment is deleted, as the account asked", format!("environment/{id}"))
        }
        TimerKey::LapseHostname(name) => {
            ("the claim of the hostname ends without its proof", format!("hostname/{name}"))
        }
        TimerKey::DeletionLapse(id) => ("the proposal to delete ends without its quorum", id.to_string()),
    }
}
