//! `/v1/clock`: whether the machine's clock is believed. `/dev/clock`: legal time, where it is simulated.

use axum::Json;
use axum::response::Response;
use jiff::{Span, Timestamp, Unit};
use tenure_access::Action;
use tenure_domain::book::{Entry, Event};
use tenure_engine::clock::ClockKind;
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{ConfirmClock, MoveClock};
use tenure_wire::view::{ClockState, ClockView, DoubtView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read)).routes(routes!(confirm))
}

/// Where legal time is simulated.
pub fn dev_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, set))
}

/// Read the legal clock and the machine's, and whether the machine's is believed.
#[utoipa::path(get, operation_id = "readClock", path = "/v1/clock", tag = "operation", responses((status = 200, body = ClockState), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn read(call: Call) -> Result<Json<ClockState>, Failure> {
    call.may_at_provider(Action::ReadClock)?;
    let look = call.engine.look_at_clock();
    let kind = match call.engine.clock_kind() {
        ClockKind::Real => "real",
        ClockKind::Simulated => "simulated",
    };
    let doubt = look.doubt.map(|doubt| DoubtView {
        jump: views::name(&doubt.jump),
        machine: doubt.machine,
        expected: doubt.expected,
    });
    Ok(Json(ClockState { kind: kind.to_owned(), now: look.now, machine: look.machine, doubt }))
}

/// Confirm that the machine's clock is right, after it was in doubt: deadlines are fired again.
///
/// The moment is `machine` of the clock as it was read and compared, at most ten minutes ago.
#[utoipa::path(post, operation_id = "confirmClock", path = "/v1/clock/confirmation", tag = "operation", request_body = ConfirmClock,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn confirm(call: Call, body: Body<ConfirmClock>) -> Result<Response, Failure> {
    call.may_at_provider(Action::ConfirmClock)?;
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let event = Event::ClockConfirmed { moment: body.value.moment, why };
    writing
        .submit(Act::Book(Entry::Clock, event), false, |_| ("legal".to_owned(), "/v1/clock".to_owned()))
        .await
}

fn view(now: Timestamp) -> ClockView {
    ClockView { now, kind: "simulated".to_owned() }
}

/// The legal moment.
#[utoipa::path(get, operation_id = "getClock", path = "/dev/clock", tag = "operation", responses((status = 200, body = ClockView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call) -> Json<ClockView> {
    Json(view(call.engine.now()))
}

/// Move legal time. Everything due on the way happens in order; the answer comes when all is quiet.
#[utoipa::path(post, operation_id = "setClock", path = "/dev/clock", tag = "operation", request_body = MoveClock,
    responses((status = 200, body = ClockView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn set(call: Call, body: Body<MoveClock>) -> Result<Json<ClockView>, Failure> {
    call.may_at_provider(Action::SetClock)?;
    let now = call.engine.now();
    let target = match (&body.value.advance, body.value.set) {
        (Some(span), None) => {
            // The library also reads spans in words.
            let span: Span = Some(span)
                .filter(|text| text.starts_with('P'))
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| {
                    Failure::invalid("/advance", "send an ISO 8601 duration such as P3D or PT1H")
                })?;
            let exact =
                span.total(jiff::SpanTotal::from(Unit::Nanosecond).days_are_24_hours()).map_err(|_| {
                    let detail = "years and months have no fixed length: use weeks, days and smaller units";
                    Failure::invalid("/advance", detail)
                })?;
            if !(0.0..=1e18).contains(&exact) {
                return Err(Failure::invalid("/advance", "time goes forwards, by at most 30 years"));
            }
            #[expect(clippy::cast_possible_truncation, reason = "bounded on the line above")]
            let micros = (exact / 1000.0) as i64;
            Timestamp::from_microsecond(now.as_microsecond().saturating_add(micros))
                .map_err(|_| Failure::invalid("/advance", "that is after the last moment that can be kept"))?
        }
        (None, Some(moment)) if moment >= now => moment,
        (None, Some(_)) => return Err(Failure::invalid("/set", format!("it is {now}: time goes forwards"))),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Failure::invalid("", "send either `advance` or `set`"));
        }
    };
    Ok(Json(view(call.engine.advance_to(target).await?)))
}
