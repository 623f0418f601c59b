//! Measures: proposing in a case, and deciding on one.

use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::watch::Lifts;
use tenure_domain::account::{Command, command};
use tenure_domain::authority::Authority;
use tenure_domain::name::{CaseId, MeasureId};
use tenure_engine::EngineError;
use tenure_engine::reasons::Said;
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::request::{Amend, Consent, ProposeMeasure, Reason, Until};
use tenure_wire::view::{MeasureView, PreviewView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::routes::statements::facts;
use crate::submit::Writing;
use crate::{App, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(propose))
        .routes(routes!(get))
        .routes(routes!(preview))
        .routes(routes!(amend))
        .routes(routes!(approve))
        .routes(routes!(ratify))
        .routes(routes!(lift))
}

pub(super) fn newest(done: &Done) -> (String, String) {
    let id = done.account().and_then(|a| a.measures.last()).map(|m| m.id.to_string()).unwrap_or_default();
    let href = format!("/v1/measures/{id}");
    (id, href)
}

/// Propose a measure under a power of the accepted terms; with `emergency`, apply it at once and provisionally.
///
/// Refused with every guard that is not met: which notice is missing, which period still runs and until when.
#[utoipa::path(post, operation_id = "proposeMeasure", path = "/v1/cases/{case}/measures", tag = "measures", params(("case" = String, Path)),
    request_body = ProposeMeasure, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn propose(
    call: Call,
    Path(case): Path<CaseId>,
    body: Body<ProposeMeasure>,
) -> Result<Response, Failure> {
    let asked = body.value;
    let account_id = case.account().clone();
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    let why_not_less = writing.maybe_words("/whyNotLess", asked.why_not_less.as_deref())?;
    writing.compared_with(asked.parity)?;
    if !asked.emergency {
        for (given, at) in [(!asked.reports.is_empty(), "/reports"), (!asked.facts.is_empty(), "/facts")] {
            if given {
                return Err(Failure::invalid(
                    at,
                    "the case's notices name what the measure rests on: leave it out",
                ));
            }
        }
        let proposal = command::ProposeMeasure {
            case,
            power: asked.power,
            scope: asked.scope,
            effective: asked.effective,
            why,
            why_not_less,
        };
        let command = match asked.until {
            Some(until) => Command::ProposeUntil { proposal, lifts: lifts(until) },
            None => Command::ProposeMeasure(proposal),
        };
        return writing.submit(Act::Account(account_id, command), true, newest).await;
    }
    call.may(Action::ApplyEmergency, &account_id)?;
    if asked.until.is_some() {
        return Err(Failure::invalid(
            "/until",
            "an emergency measure lifts by itself unless it is ratified: leave it out",
        ));
    }
    if asked.effective.is_some() {
        return Err(Failure::invalid(
            "/effective",
            "an emergency measure takes effect at once: leave it out",
        ));
    }
    let account = call.engine.account(&account_id).await?;
    let said = Said {
        why: asked.why.trim().to_owned(),
        why_not_less: asked.why_not_less.map(|text| text.trim().to_owned()),
        reports: asked.reports.into_iter().collect(),
        facts: facts(asked.facts)?,
        ..Said::default()
    };
    let found = account.case(&case).map_err(EngineError::from)?;
    let reasons = call.engine.reasons(&account, found, said).await?;
    let command =
        Command::ApplyEmergency { case, power: asked.power, scope: asked.scope, why, why_not_less, reasons };
    writing.submit(Act::Account(account_id, command), true, newest).await
}

/// Read a measure.
#[utoipa::path(get, operation_id = "getMeasure", path = "/v1/measures/{measure}", tag = "measures", params(("measure" = String, Path)),
    responses((status = 200, body = MeasureView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<MeasureId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, id.account())?;
    let account = call.engine.account(id.account()).await?;
    let measure = account.measure(&id).map_err(EngineError::from)?;
    call.show(
        account.version,
        &views::measure::measure(&call.engine, &account, measure, call.is_kept_out()).await?,
    )
}

/// What a measure would do if it took effect now, what it would lose, and why it cannot yet.
#[utoipa::path(get, operation_id = "previewMeasure", path = "/v1/measures/{measure}/preview", tag = "measures", params(("measure" = String, Path)),
    responses((status = 200, body = PreviewView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn preview(call: Call, Path(id): Path<MeasureId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, id.account())?;
    let account = call.engine.account(id.account()).await?;
    let measure = account.measure(&id).map_err(EngineError::from)?;
    call.show(account.version, &views::measure::preview(&call.engine, &account, measure, call.engine.now())?)
}

pub(super) fn about(id: &MeasureId) -> impl Fn(&Done) -> (String, String) + Send + Sync + 'static + use<> {
    let (name, href) = (id.to_string(), format!("/v1/measures/{id}"));
    move |_| (name.clone(), href.clone())
}

/// Name another moment of effect. The approvals given so far are void.
#[utoipa::path(post, operation_id = "amendMeasure", path = "/v1/measures/{measure}/amendment", tag = "measures", params(("measure" = String, Path)),
    request_body = Amend, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn amend(call: Call, Path(id): Path<MeasureId>, body: Body<Amend>) -> Result<Response, Failure> {
    let made = about(&id);
    let command = Command::AmendMeasure { measure: id.clone(), effective: body.value.effective };
    Writing::new(&call, body.hash).submit(Act::Account(id.account().clone(), command), false, made).await
}

/// Consent to exactly the command that was read. With the last approval needed the measure is scheduled.
#[utoipa::path(post, operation_id = "approveMeasure", path = "/v1/measures/{measure}/approvals", tag = "measures", params(("measure" = String, Path)),
    request_body = Consent, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn approve(call: Call, Path(id): Path<MeasureId>, body: Body<Consent>) -> Result<Response, Failure> {
    let made = about(&id);
    let command = Command::ApproveMeasure { measure: id.clone(), command_hash: body.value.command_hash };
    Writing::new(&call, body.hash).submit(Act::Account(id.account().clone(), command), true, made).await
}

/// Make a provisional emergency measure last; another person than the one who applied it.
#[utoipa::path(post, operation_id = "ratifyMeasure", path = "/v1/measures/{measure}/ratification", tag = "measures",
    params(("measure" = String, Path)), request_body = Consent,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn ratify(call: Call, Path(id): Path<MeasureId>, body: Body<Consent>) -> Result<Response, Failure> {
    let made = about(&id);
    let command = Command::RatifyMeasure { measure: id.clone(), command_hash: body.value.command_hash };
    Writing::new(&call, body.hash).submit(Act::Account(id.account().clone(), command), false, made).await
}

/// The domain's word for when a measure lifts by itself.
pub(super) fn lifts(until: Until) -> Lifts {
    Lifts { ends: until.ends, when: until.items }
}

/// End a measure, in the name of the highest authority that the caller's roles give; an owner ends what the account asked
/// for itself. Others that stand beside it stay.
#[utoipa::path(post, operation_id = "liftMeasure", path = "/v1/measures/{measure}/lift", tag = "measures", params(("measure" = String, Path)),
    request_body = Reason, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn lift(call: Call, Path(id): Path<MeasureId>, body: Body<Reason>) -> Result<Response, Failure> {
    let made = about(&id);
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let authority = if call.may(Action::LiftLegalMeasure, id.account()).is_ok() {
        Authority::Legal
    } else if call.may(Action::LiftMeasure, id.account()).is_ok() {
        Authority::Abuse
    } else {
        Authority::AccountHolder
    };
    let command = Command::LiftUnder { measure: id.clone(), authority, why };
    writing.submit(Act::Account(id.account().clone(), command), false, made).await
}
