//! `/dev/clock`: legal time, where it is simulated.

use axum::Json;
use jiff::{Span, Timestamp, Unit};
use tenure_access::Action;
use tenure_wire::Problem;
use tenure_wire::request::MoveClock;
use tenure_wire::view::ClockView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Body, Call};
use crate::problem::Failure;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, set))
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
    let invalid = |at: &str, detail: String| {
        Failure::from(Problem::new("invalid-request", "The request is not valid", 422).fault(at, detail))
    };
    let target = match (&body.value.advance, body.value.set) {
        (Some(span), None) => {
            // The library also reads spans in words.
            let span: Span = Some(span)
                .filter(|text| text.starts_with('P'))
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| {
                    invalid("/advance", "send an ISO 8601 duration such as P3D or PT1H".to_owned())
                })?;
            let exact =
                span.total(jiff::SpanTotal::from(Unit::Nanosecond).days_are_24_hours()).map_err(|_| {
                    let detail = "years and months have no fixed length: use weeks, days and smaller units";
                    invalid("/advance", detail.to_owned())
                })?;
            if !(0.0..=1e18).contains(&exact) {
                return Err(invalid("/advance", "time goes forwards, by at most 30 years".to_owned()));
            }
            #[expect(clippy::cast_possible_truncation, reason = "bounded on the line above")]
            let micros = (exact / 1000.0) as i64;
            Timestamp::from_microsecond(now.as_microsecond().saturating_add(micros)).map_err(|_| {
                invalid("/advance", "that is after the last moment that can be kept".to_owned())
            })?
        }
        (None, Some(moment)) if moment >= now => moment,
        (None, Some(_)) => return Err(invalid("/set", format!("it is {now}: time goes forwards"))),
        (Some(_), Some(_)) | (None, None) => {
            return Err(invalid("", "send either `advance` or `set`".to_owned()));
        }
    };
    Ok(Json(view(call.engine.advance_to(target).await?)))
}
