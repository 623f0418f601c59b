//! Every error as a problem document (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tenure_access::Denied;
use tenure_domain::document::DocumentErrors;
use tenure_domain::refusal::Rejected;
use tenure_engine::EngineError;
use tenure_intake::Refused;
use tenure_wire::Problem;

/// A problem on its way out.
#[derive(Debug)]
pub struct Failure {
    /// What is told.
    pub problem: Box<Problem>,
    /// After how many seconds it can be asked again, where that is known better than by the status.
    retry_after: Option<u64>,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), retry_after: None }
    }
}

/// After how many seconds to ask again where nothing tells better.
const RETRY_AFTER: u64 = 1;

impl Failure {
    /// The kind for one parameter or header that is wrong.
    pub fn parameter(at: &str, detail: impl Into<String>) -> Self {
        Problem::new("invalid-parameter", "A parameter is not valid", 400).fault(at, detail).into()
    }

    /// The kind for a body of which one place is wrong, by its pointer.
    pub fn invalid(at: impl Into<String>, detail: impl Into<String>) -> Self {
        Problem::new("invalid-request", "The request is not valid", 422).fault(at, detail).into()
    }

    /// Something that is not there, or not for this principal: the two cannot be told apart.
    pub fn not_found() -> Self {
        Problem::new("not-found", "Not found", 404).detail("There is nothing here that you can see.").into()
    }

    /// Without a token that speaks for anyone.
    pub fn unauthenticated() -> Self {
        Problem::new("unauthenticated", "No valid token", 401)
            .detail("Send `Authorization: Bearer TOKEN` with a token that was issued and not revoked.")
            .into()
    }

    /// A report in a published format that was not taken.
    pub fn report(refused: &Refused) -> Self {
        let (problem, faults) = match refused {
            Refused::Malformed(fault) => {
                (Problem::new("malformed", "The report cannot be read", 400), std::slice::from_ref(fault))
            }
            Refused::Invalid(faults) => (
                Problem::new("invalid-request", "The report does not keep to its format", 422),
                faults.as_slice(),
            ),
        };
        faults.iter().fold(problem, |problem, fault| problem.fault(&fault.at, &fault.detail)).into()
    }

    /// Asked for more often than is allowed; it can be asked again after so many seconds.
    pub fn too_many(retry_after_seconds: u64, detail: impl Into<String>) -> Self {
        let problem = Problem::new("rate-limited", "Too many at once", 429).detail(detail);
        Self { problem: Box::new(problem), retry_after: Some(retry_after_seconds.max(1)) }
    }

    /// A document that does not read.
    pub fn document(errors: &DocumentErrors) -> Self {
        let mut problem = Problem::new("invalid-document", "The document is not valid", 422);
        for error in errors {
            let at = match (error.line, error.field.as_str()) {
                (0, field) => field.to_owned(),
                (line, "") => format!("line {line}"),
                (line, field) => format!("line {line}, {field}"),
            };
            problem = problem.fault(at, error.message.clone());
        }
        problem.into()
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let problem = match error {
            EngineError::Denied(Denied::Hidden) => return Self::not_found(),
            EngineError::Denied(denied @ Denied::Role { .. }) => {
                Problem::new("forbidden", "Not allowed", 403).detail(format!("{denied}."))
            }
            EngineError::Rejected(Rejected::NotFound { what, id }) => {
                Problem::new("not-found", "Not found", 404).detail(format!("There is no {what} {id:?}."))
            }
            EngineError::Rejected(Rejected::Invalid { pointer, detail }) => {
                return Self::invalid(pointer, detail);
            }
            EngineError::Rejected(Rejected::Refused(refusal)) => {
                let mut problem = Problem::new("refused", "Refused", 409);
                problem.detail = Some(match refusal.guards.len() {
                    1 => "One guard is not met. Nothing was done; the refusal may stand on the record."
                        .to_owned(),
                    n => format!(
                        "{n} guards are not met. Nothing was done; the refusal may stand on the record."
                    ),
                });
                problem.earliest = refusal.earliest();
                problem.guards = refusal.guards.iter().map(Into::into).collect();
                problem
            }
            EngineError::Stale { expected, actual } => Problem::new("stale", "Changed in between", 412)
                .detail(format!("It is at version {actual}, not {expected}: read it again and decide anew.")),
            EngineError::TooMuch { what, most, until, seconds } => {
                let mut problem = Problem::new("rate-limited", "Enough for today", 429).detail(format!(
                    "At most {most} {what} are taken from one reporter within a day (UTC). Go on at {until}."
                ));
                problem.earliest = Some(until);
                return Self { retry_after: Some(seconds), ..problem.into() };
            }
            EngineError::KeyReused => {
                Problem::new("idempotency-key-reused", "The idempotency key is taken", 422).fault(
                    "Idempotency-Key",
                    "it was sent with another request: use a fresh key for each request",
                )
            }
            error @ EngineError::NotQuiet { .. } => {
                Problem::new("not-quiet", "Not quiet in time", 503).detail(error.to_string())
            }
            error @ (EngineError::Store(_)
            | EngineError::Stopping
            | EngineError::NotLeading
            | EngineError::Entropy(_)) => {
                tracing::error!(%error, source = ?std::error::Error::source(&error), "a request could not be carried out");
                Problem::new("unavailable", "Not available now", 503)
                    .detail("Nothing was changed. Try again in a moment.")
            }
            // The sequencer and the reconcilers have put it into the log of the server.
            error @ (EngineError::Log(_) | EngineError::Anchor(_) | EngineError::Cluster(_)) => {
                Problem::new("unavailable", "Not available now", 503).detail(error.to_string())
            }
            error @ EngineError::Defect { .. } => {
                tracing::error!(%error, "a defect");
                Problem::new("internal", "A defect of the server", 500)
                    .detail("Nothing was changed. It is in the server's log under the request's id.")
            }
        };
        problem.into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after.unwrap_or(RETRY_AFTER)));
        }
        response
    }
}
