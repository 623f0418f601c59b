//! Parity: what a measure was compared with, what was done in a month, and undoing what a rule began.

use axum::Json;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tenure_access::Action;
use tenure_domain::book::{Entry, Event};
use tenure_domain::name::{MeasureId, RuleId};
use tenure_engine::EngineError;
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::parity::{MonthQuery, ParityReportView, ParityView, UndoRule};
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(compared)).routes(routes!(report)).routes(routes!(undo))
}

/// What a measure was compared with when it was proposed. It names other accounts, and so no member sees it.
#[utoipa::path(get, operation_id = "getParity", path = "/v1/measures/{measure}/parity", tag = "parity", params(("measure" = String, Path)),
    responses((status = 200, body = ParityView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn compared(call: Call, Path(id): Path<MeasureId>) -> Result<Response, Failure> {
    call.sees(id.account())?;
    call.may_at_provider(Action::ReadBook)?;
    let account = call.engine.account(id.account()).await?;
    let kept = call.engine.parity_of(&id).await?.ok_or_else(Failure::not_found)?;
    let view: ParityView = serde_json::from_value(kept)
        .map_err(|e| EngineError::Defect { what: id.to_string(), detail: e.to_string() })?;
    call.show(account.version, &view)
}

/// What was done in the cases that were opened in a month of UTC: by ground the cases, the notice and the time to cure
/// that they had, the measures, the outcomes, and in how many a measure deviated.
#[utoipa::path(get, operation_id = "getParityReport", path = "/v1/parity", tag = "parity", params(MonthQuery),
    responses((status = 200, body = ParityReportView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn report(call: Call, query: Query<MonthQuery>) -> Result<Json<ParityReportView>, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    let wrong = || Failure::parameter("month", "a month of the years 1970 to 9998, such as 2021-01");
    let text = &query.0.month;
    let first: Date = format!("{text}-01").parse().map_err(|_| wrong())?;
    if text.len() != 7 || !(1970..=9998).contains(&first.year()) {
        return Err(wrong());
    }
    let next = first.last_of_month().tomorrow().map_err(|_| wrong())?;
    let start = |day: Date| day.to_zoned(TimeZone::UTC).map(|z| z.timestamp()).map_err(|_| wrong());
    let grounds = call.engine.parity_summary(start(first)?, start(next)?).await?;
    let grounds = serde_json::to_value(grounds)
        .and_then(serde_json::from_value)
        .map_err(|e| EngineError::Defect { what: "parity".into(), detail: e.to_string() })?;
    Ok(Json(ParityReportView { month: text.clone(), grounds }))
}

/// Undo what a rule began: each open case that it opened since a moment is withdrawn on its own account's record, with
/// the reason, and everything done in its name is undone. Cases follow one by one after the answer; given again, it
/// undoes what is left.
#[utoipa::path(post, operation_id = "undoRule", path = "/v1/rules/{rule}/undo", tag = "rules", params(("rule" = String, Path)),
    request_body = UndoRule, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn undo(call: Call, Path(rule): Path<RuleId>, body: Body<UndoRule>) -> Result<Response, Failure> {
    call.may_at_provider(Action::UndoRule)?;
    let asked = body.value;
    if !call.engine.shelf().rules.contains_key(&rule) {
        return Err(Failure::not_found());
    }
    let (mut from, mut until) = (asked.since, None);
    if let Some(hash) = &asked.version {
        let stood = call.engine.text_stood(&rule, hash).await?;
        let (first, last) = stood
            .ok_or_else(|| Failure::invalid("/version", format!("{rule} never had a text of this hash")))?;
        (from, until) = (from.max(first), last);
    }
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    let id = rule.to_string();
    let act = Act::Book(Entry::Undoing(rule.clone()), Event::RuleUndone { rule, from, until, why });
    writing.submit(act, false, move |_| (id.clone(), "/v1/rules".to_owned())).await
}
