//! Who blocks what and what clears it, and the end of an account.

use std::collections::BTreeMap;

use tenure_domain::account::blockers::Clears;
use tenure_domain::account::closing::Lifecycle;
use tenure_domain::account::measure::Measure;
use tenure_domain::account::{Account, Actor, Context, System};
use tenure_domain::capability::{Capability, Enforcer};
use tenure_domain::name::{CaseId, ItemId, NoticeId};
use tenure_engine::{Engine, EngineError};
use tenure_wire::erasing::{DeletingView, Included};
use tenure_wire::view::{BlockedView, BlockerView, ClosingView, DeletionView};

use super::text;
use crate::problem::Failure;

/// What ends a measure that rests on an order which the account is not to see yet.
pub const UNTOLD: &str =
    "the end of the order on which it rests, by whoever gave it; an appeal can be filed meanwhile";

/// What ends a measure, in words.
pub fn clears(account: &Account, measure: &Measure, to_member: bool) -> Vec<String> {
    let words = |clears: Clears| match clears {
        // What a gag delays asks for nothing yet.
        Clears::Cure(case) if to_member && asks_nothing(account, &case) => None,
        Clears::Cure(case) => Some(format!("doing all that {case} asks")),
        Clears::Conditions(items) => {
            let case = measure.proposal.case.as_ref();
            let seen = |item: &&ItemId| !(to_member && case.is_some_and(|c| account.hides_item(c, item)));
            let items: Vec<&str> = items.iter().filter(seen).map(ItemId::as_str).collect();
            (!items.is_empty()).then(|| format!("meeting its conditions: {}", items.join(", ")))
        }
        Clears::Ends(at) => Some(format!("by itself at {at}")),
        Clears::Appeal => Some("an appeal".to_owned()),
        Clears::Vacated(order) if to_member && account.hides_order(&order) => Some(UNTOLD.to_owned()),
        Clears::Vacated(order) => Some(format!("the end of order {order}")),
        Clears::Lift(authority) => Some(format!("a decision of {}", authority.lifted_by())),
    };
    account.cleared_by(measure).into_iter().filter_map(words).collect()
}

/// Whether all that is still to be done in a case is asked for by notices that the account is not to see yet.
fn asks_nothing(account: &Account, case: &CaseId) -> bool {
    account.case(case).is_ok_and(|found| {
        found.items.iter().filter(|i| !i.is_met()).all(|item| account.hides_item(case, &item.id))
    })
}

/// What is withheld anywhere, and by what.
pub fn blocked(account: &Account, to_member: bool) -> Vec<BlockedView> {
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
                cleared_by: clears(account, measure, to_member),
                lifted_by: measure.proposal.authority.lifted_by().to_owned(),
            })
            .collect(),
    };
    Capability::ALL.iter().map(of).filter(|blocked| !blocked.by.is_empty()).collect()
}

/// The time between the end and the deletion.
pub async fn closing(
    engine: &Engine,
    account: &Account,
    to_member: bool,
) -> Result<Option<ClosingView>, Failure> {
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
            including: deletion
                .including
                .iter()
                .map(|one| Included {
                    environment: one.environment.clone(),
                    object: one.object.clone(),
                    uid: one.uid.clone(),
                })
                .collect(),
            begun: deletion.begun,
            deleting: match deletion.begun {
                Some(_) => deleting(engine, account).await?,
                None => BTreeMap::new(),
            },
        }),
        None => None,
    };
    let seen = |id: &&NoticeId| !(to_member && account.notice(id).is_ok_and(|n| n.delayed.is_some()));
    Ok(Some(ClosingView {
        measure: closing.measure.to_string(),
        since: closing.since,
        notice: closing.notice.as_ref().filter(seen).map(ToString::to_string),
        retrieve_from: closing.retrieve.as_ref().map(|r| r.from),
        retrieve_until: closing.retrieve.as_ref().map(|r| r.ends.at),
        reminders: closing
            .reminders
            .iter()
            .filter_map(|r| r.notice.as_ref().filter(seen).map(ToString::to_string))
            .collect(),
        deletion,
        why_not_deleted: why_not_deleted.iter().map(Into::into).collect(),
    }))
}

async fn deleting(engine: &Engine, account: &Account) -> Result<BTreeMap<String, DeletingView>, Failure> {
    let mut all = BTreeMap::new();
    for name in account.environments.keys() {
        let observed = engine.observed(&account.id, name).await?;
        all.extend(super::account::deleting(observed).map(|deleting| (name.to_string(), deleting)));
    }
    Ok(all)
}

/// The certificate of a closed account.
pub fn certificate(account: &Account) -> Option<String> {
    match &account.lifecycle {
        Lifecycle::Closed { certificate, .. } => Some(certificate.to_string()),
        Lifecycle::Active | Lifecycle::Closing(_) => None,
    }
}
