//! Answers, in the form the client asked for.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::status::ApiError;
use crate::table::{Include, partial, table};

/// In which form objects are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    Plain,
    /// As rows of a table.
    Table(Include),
    /// Their metadata only.
    Metadata,
}

impl Form {
    /// From an `Accept` header and the `includeObject` parameter.
    pub fn read(accept: &str, include: &str) -> Self {
        let first = accept.split(',').next().unwrap_or_default();
        let has = |part: &str| first.split(';').any(|p| p.trim() == part);
        if has("as=Table") {
            Self::Table(match include {
                "None" => Include::None,
                "Object" => Include::Object,
                _ => Include::Metadata,
            })
        } else if has("as=PartialObjectMetadata") || has("as=PartialObjectMetadataList") {
            Self::Metadata
        } else {
            Self::Plain
        }
    }

    /// One object in this form.
    pub fn object(self, kind: &Kind, object: &Value) -> Value {
        match self {
            Self::Plain => object.clone(),
            Self::Metadata => partial(object),
            Self::Table(include) => table(kind, &[object], &json!({}), include, crate::clock::now()),
        }
    }

    /// A list in this form.
    pub fn list(self, kind: &Kind, objects: &[&Value], metadata: &Value) -> Value {
        match self {
            Self::Plain => json!({
                "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": metadata,
                "items": objects,
            }),
            Self::Metadata => json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "items": objects.iter().map(|o| partial(o)).collect::<Vec<_>>(),
            }),
            Self::Table(include) => table(kind, objects, metadata, include, crate::clock::now()),
        }
    }
}

/// A JSON answer.
pub fn json_answer(status: u16, body: &Value) -> Response<Body> {
    answer(status, "application/json", Body::from(body.to_string()))
}

/// A plain-text answer.
pub fn text_answer(status: u16, body: impl Into<String>) -> Response<Body> {
    answer(status, "text/plain; charset=utf-8", Body::from(body.into()))
}

/// An error's answer.
pub fn error_answer(error: &ApiError) -> Response<Body> {
    json_answer(error.code, &error.body())
}

/// Any answer; each says who made it.
pub fn answer(status: u16, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
        .headers_mut()
        .insert(header::SERVER, HeaderValue::from_static("kubesim (a simulated Kubernetes API server)"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}
