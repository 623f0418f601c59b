//! Clocks that stand still, and what is left of them.

use tenure_domain::account::Account;
use tenure_domain::account::case::Case;
use tenure_domain::account::clock::PauseCause;
use tenure_domain::terms::Terms;
use tenure_engine::Engine;
use tenure_wire::view::{LeftView, PauseView, PausedView};

use super::text;
use crate::problem::Failure;

/// That the clocks of a case stand still, where they do.
pub async fn paused(
    engine: &Engine,
    account: &Account,
    case: &Case,
    governing: &Terms,
    to_member: bool,
) -> Result<Option<PausedView>, Failure> {
    let Some(paused) = &case.paused else { return Ok(None) };
    let mut pauses = Vec::new();
    for pause in &paused.pauses {
        let (because, subject) = match &pause.cause {
            PauseCause::Operator => ("operator", None),
            PauseCause::Appeal { appeal } => ("appeal", Some(appeal.to_string())),
            PauseCause::Dispute => ("dispute", None),
            PauseCause::Order { order } => (
                "order",
                Some(order).filter(|id| !(to_member && account.hides_order(id))).map(ToString::to_string),
            ),
        };
        pauses.push(PauseView {
            because: because.to_owned(),
            subject,
            by: pause.by.to_string(),
            since: pause.since,
            why: match &pause.why {
                Some(why) => text(engine, why).await?,
                None => None,
            },
        });
    }
    let left = account.left(case, governing);
    Ok(Some(PausedView {
        case: case.id.to_string(),
        since: paused.since,
        pauses,
        left: left
            .into_iter()
            .map(|left| LeftView {
                notice: left.notice.to_string(),
                clock: left.clock.as_str().to_owned(),
                left: left.left.to_string(),
            })
            .collect(),
    }))
}
