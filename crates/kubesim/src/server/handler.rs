//! One request: where it goes and what it may do there.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response, header};
use serde_json::Value;

use super::answer::{Form, error_answer, json_answer, text_answer};
use super::path::{Route, parse};
use super::query::Params;
use super::shared::Shared;
use super::{read, write};
use crate::access::{Ask, Caller};
use crate::discovery;
use crate::kinds::Kind;
use crate::object::text;
use crate::requests::Target;
use crate::status::{ApiError, Outcome};

/// The largest request body, as etcd's.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// What kubectl sends for kinds it knows.
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// A request as the endpoints read it.
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its query.
    pub params: Params,
    /// The form in which the answer is wanted.
    pub form: Form,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The field manager: the parameter, or the client's name.
    pub manager: String,
    /// The body.
    pub body: axum::body::Bytes,
}

impl Call {
    /// The body as JSON; `Null` where it is empty.
    pub fn json(&self) -> Outcome<Value> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        if self.content_type == PROTOBUF {
            let why = "kubesim reads JSON only: use `kubectl apply -f` or `kubectl create -f` instead of `kubectl create KIND`";
            return Err(ApiError::new(415, "UnsupportedMediaType", why));
        }
        serde_json::from_slice(&self.body).map_err(|e| {
            ApiError::bad_request(format!(
                "the request's body is not JSON, the only format kubesim reads: {e}"
            ))
        })
    }
}

/// Answers any request.
pub async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    if let Some(fault) = shared.fault() {
        return error_answer(&fault);
    }
    let writes = request.method() != Method::GET;
    let turn = if writes { shared.turn().await } else { None };
    let result = dispatch(Arc::clone(&shared), request).await;
    drop(turn);
    if writes {
        shared.kept().await;
    }
    match result {
        Ok(response) => response,
        Err(error) => error_answer(&error),
    }
}

async fn dispatch(shared: Arc<Shared>, request: Request) -> Outcome<Response<Body>> {
    let (parts, body) = request.into_parts();
    let text = |name: header::HeaderName| {
        parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    };
    let params = Params::read(&parts.uri)?;
    let form = Form::read(&text(header::ACCEPT), params.text("includeObject"));
    let route = parse(parts.uri.path());
    let body = axum::body::to_bytes(body, MAX_BODY).await.map_err(|_| {
        ApiError::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {MAX_BODY}"))
    })?;
    let agent = text(header::USER_AGENT);
    let named = params.text("fieldManager");
    let applying = text(header::CONTENT_TYPE).starts_with("application/apply-patch");
    let manager = match (named, applying) {
        ("", true) => String::new(),
        ("", false) => match agent.split('/').next().unwrap_or_default() {
            "" => "unknown".to_owned(),
            client => client.chars().take(128).collect(),
        },
        (named, _) => named.to_owned(),
    };
    let call =
        Call { method: parts.method, params, form, content_type: text(header::CONTENT_TYPE), manager, body };
    let caller = crate::access::caller(&shared.world(), &text(header::AUTHORIZATION), crate::clock::now())?;
    permitted(&shared, &caller, &call, &route)?;
    match route {
        Route::Collection { kind, namespace } => collection(&shared, &call, kind, namespace),
        Route::Object { kind, namespace, name, subresource, rest } => {
            let target = Target { kind, namespace, name };
            object(&shared, &call, &target, &subresource, &rest)
        }
        Route::Review if call.method == Method::POST => review(&shared, &caller, &call),
        Route::Review => Err(ApiError::method_not_allowed()),
        Route::Other(segments) => Ok(other(&segments)),
    }
}

fn collection(
    shared: &Arc<Shared>,
    call: &Call,
    kind: &'static Kind,
    namespace: Option<String>,
) -> Outcome<Response<Body>> {
    match call.method {
        Method::GET if call.params.flag("watch") => read::watch(shared, call, kind, namespace),
        Method::GET => read::list(shared, call, kind, namespace),
        Method::POST if kind.namespaced && namespace.is_none() => Err(ApiError::method_not_allowed()),
        Method::POST => write::create(shared, call, kind, &namespace.unwrap_or_default()),
        Method::DELETE if kind.resource == "namespaces" || (kind.namespaced && namespace.is_none()) => {
            Err(ApiError::method_not_allowed())
        }
        Method::DELETE => write::delete_collection(shared, call, kind, namespace),
        _ => Err(ApiError::method_not_allowed()),
    }
}

fn object(
    shared: &Arc<Shared>,
    call: &Call,
    target: &Target,
    subresource: &str,
    rest: &str,
) -> Outcome<Response<Body>> {
    match (subresource, &call.method) {
        ("exec" | "attach" | "portforward", _) => {
            let why = format!("kubesim is a simulation: nothing runs in a pod, so there is no {subresource}");
            Err(ApiError::new(501, "NotImplemented", why))
        }
        ("log", &Method::GET) => {
            let log = crate::proxy::pod_log(&shared.world(), &target.namespace, &target.name)?;
            Ok(text_answer(200, log))
        }
        ("proxy", &Method::GET) => {
            let page = crate::proxy::service_page(&shared.world(), &target.namespace, &target.name, rest)?;
            Ok(text_answer(200, page))
        }
        ("token", &Method::POST) => write::token(shared, call, target),
        ("scale", &Method::GET) => {
            Ok(json_answer(200, &crate::requests::read_scale(&shared.world(), target)?))
        }
        ("scale", &Method::PUT | &Method::PATCH) => write::scale(shared, call, target),
        ("" | "status", &Method::GET) => read::get(shared, call, target),
        ("" | "status" | "finalize", &Method::PUT) => write::replace(shared, call, target, subresource),
        ("" | "status", &Method::PATCH) => write::patch(shared, call, target, subresource),
        ("", &Method::DELETE) => write::delete(shared, call, target),
        _ => Err(ApiError::method_not_allowed()),
    }
}

/// Refuses what no role gives the caller. Documents about the server are for everybody.
fn permitted(shared: &Shared, caller: &Caller, call: &Call, route: &Route) -> Outcome<()> {
    let (kind, namespace, name, subresource) = match route {
        Route::Collection { kind, namespace } => (kind, namespace.as_deref().unwrap_or_default(), "", ""),
        Route::Object { kind, namespace, name, subresource, .. } => {
            (kind, namespace.as_str(), name.as_str(), subresource.as_str())
        }
        Route::Review | Route::Other(_) => return Ok(()),
    };
    let verb = match call.method {
        Method::GET if call.params.flag("watch") => "watch",
        Method::GET if name.is_empty() => "list",
        Method::GET => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if name.is_empty() => "deletecollection",
        Method::DELETE => "delete",
        _ => "unknown",
    };
    let resource = match subresource {
        "" => kind.plural.to_owned(),
        subresource => format!("{}/{subresource}", kind.plural),
    };
    // A namespace is within itself.
    let namespace = if kind.resource == "namespaces" { name } else { namespace };
    let ask = Ask { verb, group: kind.group, resource: &resource, namespace, name };
    caller.check(&shared.world(), kind, &ask)
}

/// An access review.
fn review(shared: &Shared, caller: &Caller, call: &Call) -> Outcome<Response<Body>> {
    // kubectl sends reviews as protobuf; an administrator's answer is the same to every question, so it need not be read.
    let mut review = if call.content_type == PROTOBUF && *caller == Caller::Administrator {
        serde_json::json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"})
    } else {
        call.json()?
    };
    let about = |field: &str| text(&review, &format!("/spec/resourceAttributes/{field}")).to_owned();
    let (verb, group, namespace, name) = (about("verb"), about("group"), about("namespace"), about("name"));
    let resource = match about("subresource").as_str() {
        "" => about("resource"),
        subresource => format!("{}/{subresource}", about("resource")),
    };
    let ask = Ask { verb: &verb, group: &group, resource: &resource, namespace: &namespace, name: &name };
    let allowed = caller.may(&shared.world(), &ask);
    crate::object::set(&mut review, &["status", "allowed"], Value::Bool(allowed));
    if *caller == Caller::Administrator {
        crate::object::set(
            &mut review,
            &["status", "reason"],
            Value::from("kubesim is a simulation and allows everything"),
        );
    }
    Ok(json_answer(201, &review))
}

fn other(segments: &[String]) -> Response<Body> {
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let found = match parts.as_slice() {
        ["version"] => Some(discovery::version()),
        ["api"] => Some(discovery::core_versions()),
        ["api", version] => discovery::resource_list("", version),
        ["apis"] => Some(discovery::group_list()),
        ["apis", group] => discovery::one_group(group),
        ["apis", group, version] => discovery::resource_list(group, version),
        ["openapi", "v3"] => Some(discovery::openapi_index()),
        ["openapi", "v3", rest @ ..] => discovery::openapi_group(&rest.join("/")),
        ["readyz" | "healthz" | "livez"] => return text_answer(200, "ok"),
        _ => None,
    };
    found.map_or_else(|| text_answer(404, "404 page not found\n"), |body| json_answer(200, &body))
}
