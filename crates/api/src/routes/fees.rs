//! Fees: what a breach is charged with.

use axum::response::Response;
use tenure_domain::account::Command;
use tenure_domain::account::strike::Amount;
use tenure_domain::name::CaseId;
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::legal::ChargeFee;
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(charge))
}

/// Charge a fee in a case that has lapsed, or for a measure of it that took effect. Tenure moves no money: whoever bills
/// reads the event, and the one that reverses it.
#[utoipa::path(post, operation_id = "chargeFee", path = "/v1/cases/{case}/fees", tag = "cases", params(("case" = String, Path)),
    request_body = ChargeFee, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn charge(call: Call, Path(case): Path<CaseId>, body: Body<ChargeFee>) -> Result<Response, Failure> {
    let asked = body.value;
    let href = format!("/v1/accounts/{}/standing", case.account());
    let made = move |done: &Done| {
        let fee = done.account().and_then(|a| a.fees.last()).map(|f| f.id.to_string());
        (fee.unwrap_or_default(), href.clone())
    };
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    let account = case.account().clone();
    let amount = Amount { minor_units: asked.minor_units.into(), currency: asked.currency };
    let command = Command::ChargeFee { case, measure: asked.measure, amount, why };
    writing.submit(Act::Account(account, command), true, made).await
}
