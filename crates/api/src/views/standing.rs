//! Who blocks what and what clears it, and the end of an account.

use tenure_domain::account::blockers::Clears;
use tenure_domain::account::closing::Lifecycle;
use tenure_domain::account::measure::Measure;
use tenure_domain::account::{Account, Actor, Context, System};
use tenure_domain::capability::{Capability, Enforcer};
use tenure_engine::{Engine, EngineError};
use tenure_wire::view::{BlockedView, BlockerView, ClosingView, DeletionView};

use super::text;
use crate::problem::Failure;

/// What ends a measure, in words.
pub fn clears(account: &Account, measure: &Measure) -> Vec<String> {
    let words = |clears: Clears| match clears {
        Clears::Cure(case) => format!("doing all that {case} asks"),
        Clears::Conditions(items) => {
            let items: Vec<&str> = items.iter().map(tenure_domain::name::ItemId::as_str).collect();
            format!("meeting its conditions: {}", items.join(", "))
        }
        Clears::Ends(at) => format!("by itself at {at}"),
        Clears::Appeal => "an appeal".to_owned(),
        Clears::Vacated(order) => format!("the end of order {order}"),
        Clears::Lift(authority) => format!("a decision of {}", authority.lifted_by()),
    };
    account.cleared_by(measure).into_iter().map(words).collect()
}

/// What is withheld anywhere, and by what.
pub fn blocked(account: &Account) -> Vec<BlockedView> {
    let of = |capability: &Capability| BlockedView {
        capability: capability.to_string(),
        enforcer: match capability.enforcer() {
            Enforcer::Cluster => "cluster",
            Enforcer::Declared => "declared",
            Enforcer::None => "none",
        }
        .to_owned(),
        by: account
            .blockers(*capability)
            .into_iter()
            .map(|measure| BlockerView {
                measure: measure.id.to_string(),
                scope: measure.proposal.scope.to_string(),
                authority: measure.proposal.authority.to_string(),
                state: measure.state_name().to_owned(),
                cleared_by: clears(account, measure),
                lifted_by: measure.proposal.authority.lifted_by().to_owned(),
            })
            .collect(),
    };
    Capability::ALL.iter().map(of).filter(|blocked| !blocked.by.is_empty()).collect()
}

/// The time between the end and the deletion.
pub async fn closing(engine: &Engine, account: &Account) -> Result<Option<ClosingView>, Failure> {
    let Some(closing) = account.lifecycle.closing() else { return Ok(None) };
    let actor = Actor::System(System::Eraser);
    let why_not_deleted = {
        let shelf = engine.shelf();
        let context = Context { now: engine.now(), actor: &actor, book: &shelf.terms };
        account.why_not_deleted(&context).map_err(EngineError::from)?
    };
    let deletion = match &closing.deletion {
        Some(deletion) => Some(DeletionView {
            proposed_by: deletion.proposed_by.to_string(),
            why: text(engine, &deletion.why).await?,
            command_hash: deletion.command_hash.clone(),
            consents: closing.valid_consents().iter().map(|c| format!("person/{}", c.by)).collect(),
            needed: closing.quorum,
            approved: deletion.approved,
        }),
        None => None,
    };
    Ok(Some(ClosingView {
        measure: closing.measure.to_string(),
        since: closing.since,
        notice: closing.notice.as_ref().map(ToString::to_string),
        retrieve_from: closing.retrieve.as_ref().map(|r| r.from),
        retrieve_until: closing.retrieve.as_ref().map(|r| r.ends.at),
        reminders: closing
            .reminders
            .iter()
            .filter_map(|r| r.notice.as_ref().map(ToString::to_string))
            .collect(),
        deletion,
        why_not_deleted: why_not_deleted.iter().map(Into::into).collect(),
    }))
}

/// The certificate of a closed account.
pub fn certificate(account: &Account) -> Option<String> {
    match &account.lifecycle {
        Lifecycle::Closed { certificate, .. } => Some(certificate.to_string()),
        Lifecycle::Active | Lifecycle::Closing(_) => None,
    }
}
