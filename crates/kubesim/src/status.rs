//! Errors in the shape of Kubernetes' `metav1.Status`.

use serde_json::{Value, json};

use crate::kinds::Kind;

/// One cause in a `Status`: what is wrong with which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueRequired`, `FieldValueInvalid`, `FieldManagerConflict`, …
    pub reason: &'static str,
    /// The sentence about the field.
    pub message: String,
    /// The field's path, such as `spec.selector`.
    pub field: String,
}

impl Cause {
    /// A field that must be there.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        let message =
            if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        Self { reason: "FieldValueRequired", message, field: field.into() }
    }

    /// A field whose value cannot be.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        Self {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {value}: {detail}"),
            field: field.into(),
        }
    }

    /// A value out of a fixed list.
    pub fn unsupported(field: impl Into<String>, value: &str, allowed: &[&str]) -> Self {
        let list = allowed.iter().map(|a| format!("{a:?}")).collect::<Vec<_>>().join(", ");
        Self {
            reason: "FieldValueNotSupported",
            message: format!("Unsupported value: {value:?}: supported values: {list}"),
            field: field.into(),
        }
    }
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code} {reason}: {message}")]
pub struct ApiError {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason such as `NotFound`.
    pub reason: &'static str,
    /// The sentence for people.
    pub message: String,
    /// `details`, or null.
    pub details: Value,
}

/// What every request of this crate answers.
pub type Outcome<T> = Result<T, ApiError>;

impl ApiError {
    /// An error without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    fn about(kind: &Kind, name: &str, code: u16, reason: &'static str, message: String) -> Self {
        let mut details = json!({"kind": kind.plural});
        put(&mut details, "name", name);
        put(&mut details, "group", kind.group);
        Self { code, reason, message, details }
    }

    /// 404 for an object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::about(kind, name, 404, "NotFound", format!("{} {name:?} not found", kind.resource))
    }

    /// 409 for a name in use.
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::about(kind, name, 409, "AlreadyExists", format!("{} {name:?} already exists", kind.resource))
    }

    /// 409 for a stale version or an unmet precondition.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.resource);
        Self::about(kind, name, 409, "Conflict", message)
    }

    /// 409 for a stale `resourceVersion`.
    pub fn stale(kind: &Kind, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    /// 409 for fields of server-side apply that others manage; each conflict is a manager's description and a field.
    pub fn apply_conflict(conflicts: &[(String, String)]) -> Self {
        let mut managers: Vec<&str> = conflicts.iter().map(|(m, _)| m.as_str()).collect();
        managers.sort_unstable();
        managers.dedup();
        let mut parts = Vec::new();
        for manager in managers {
            let fields: Vec<&str> =
                conflicts.iter().filter(|(m, _)| m == manager).map(|(_, f)| f.as_str()).collect();
            match fields.as_slice() {
                [one] => parts.push(format!("conflict with {manager}: {one}")),
                many => parts.push(format!("conflicts with {manager}:\n- {}", many.join("\n- "))),
            }
        }
        let plural = if conflicts.len() == 1 { "" } else { "s" };
        let causes: Vec<Value> = conflicts
            .iter()
            .map(|(manager, field)| {
                json!({"reason": "FieldManagerConflict", "message": format!("conflict with {manager}"), "field": field})
            })
            .collect();
        Self {
            code: 409,
            reason: "Conflict",
            message: format!("Apply failed with {} conflict{plural}: {}", conflicts.len(), parts.join("\n")),
            details: json!({"causes": causes}),
        }
    }

    /// 403 from admission.
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        Self::about(kind, name, 403, "Forbidden", format!("{} {name:?} is forbidden: {why}", kind.resource))
    }

    /// 422 with a cause for each wrong field.
    pub fn invalid(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        Self::invalid_as(kind.group, kind.kind, &kind.qualified_kind(), name, causes)
    }

    /// 422 for something that is not a stored kind, such as request options.
    pub fn invalid_as(group: &str, kind: &str, qualified: &str, name: &str, causes: &[Cause]) -> Self {
        let sentences: Vec<String> = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        let list = match sentences.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes: Vec<Value> = causes
            .iter()
            .map(|c| json!({"reason": c.reason, "message": c.message, "field": c.field}))
            .collect();
        let mut details = json!({"kind": kind, "causes": causes});
        put(&mut details, "name", name);
        put(&mut details, "group", group);
        Self {
            code: 422,
            reason: "Invalid",
            message: format!("{qualified} {name:?} is invalid: {list}"),
            details,
        }
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 405 for a verb that the path does not have.
    pub fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    /// 410 for a version that the watch buffer no longer holds.
    pub fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// 500.
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {what}"))
    }

    /// An error for an injected HTTP status code.
    pub fn injected(code: u16) -> Self {
        let reason = match code {
            400 => "BadRequest",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            409 => "Conflict",
            410 => "Expired",
            422 => "Invalid",
            429 => "TooManyRequests",
            500 => "InternalError",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "Unknown",
        };
        Self::new(code, reason, "kubesim: a fault injected by the test")
    }

    /// The `Status` body.
    pub fn body(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if let (Some(map), false) = (status.as_object_mut(), self.details.is_null()) {
            map.insert("details".to_owned(), self.details.clone());
        }
        status
    }
}

/// The `Status` body of an immediate delete.
pub fn deleted(kind: &Kind, name: &str, uid: &str) -> Value {
    let mut details = json!({"name": name, "kind": kind.plural, "uid": uid});
    put(&mut details, "group", kind.group);
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

fn put(details: &mut Value, key: &str, text: &str) {
    if let (Some(map), false) = (details.as_object_mut(), text.is_empty()) {
        map.insert(key.to_owned(), Value::from(text));
    }
}
