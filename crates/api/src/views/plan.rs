//! Plans, requests for more, and usage.

use tenure_domain::account::Account;
use tenure_domain::account::provision::QuotaRequest;
use tenure_domain::name::EnvironmentId;
use tenure_engine::{Engine, Observed};
use tenure_wire::plan::{PlanView, QuotaRequestView, UsageView};

use super::text;
use crate::problem::Failure;

pub fn plan(account: &Account) -> PlanView {
    let (allowed, divided) = (account.allowed(), account.divided(None));
    let mut left = allowed.without(divided);
    if allowed.exposure.hostnames == u32::MAX {
        // What nothing bounds is not less for what was taken of it.
        left.exposure.hostnames = u32::MAX;
    }
    PlanView {
        allowed: allowed.into(),
        divided: divided.into(),
        left: left.into(),
        allowances: account.allowances.as_deref().map(|allowances| allowances.clone().into()),
    }
}

pub fn usage(id: &EnvironmentId, observed: Observed) -> UsageView {
    let quota = observed.quota.unwrap_or_default();
    UsageView { environment: id.to_string(), hard: quota.hard, used: quota.used }
}

pub async fn request(engine: &Engine, request: &QuotaRequest) -> Result<QuotaRequestView, Failure> {
    let decided = request.decided.as_ref();
    let denied = decided.and_then(|decided| decided.denied.as_ref());
    Ok(QuotaRequestView {
        id: request.id.to_string(),
        asked: request.asked.into(),
        why: text(engine, &request.why).await?,
        asked_at: request.asked_at,
        asked_by: request.asked_by.to_string(),
        state: match (decided, denied) {
            (None, _) => "open",
            (Some(_), None) => "granted",
            (Some(_), Some(_)) => "denied",
        }
        .to_owned(),
        decided_at: decided.map(|decided| decided.at),
        denied_why: match denied {
            Some(why) => text(engine, why).await?,
            None => None,
        },
    })
}
