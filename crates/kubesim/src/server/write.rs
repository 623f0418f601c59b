//! POST, PUT, PATCH and DELETE.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Response};
use serde_json::{Value, json};

use super::answer::json_answer;
use super::handler::Call;
use super::read::scope;
use super::shared::Shared;
use crate::kinds::Kind;
use crate::object::{int, list, namespace, text, uid};
use crate::patch::PatchKind;
use crate::requests::{self, DeleteOptions, Deleted, Patch, Propagation, Target, Writer};
use crate::status::{ApiError, Cause, Outcome, deleted};

fn writer(call: &Call, subresource: &str) -> Writer {
    Writer { manager: call.manager.clone(), subresource: subresource.to_owned(), now: crate::clock::now() }
}

/// POST to a collection.
pub fn create(shared: &Shared, call: &Call, kind: &'static Kind, space: &str) -> Outcome<Response<Body>> {
    let object = call.json()?;
    let made = shared.write(call.params.dry_run()?, |world| {
        requests::create(world, kind, space, object, &writer(call, ""))
    })?;
    Ok(json_answer(201, &call.form.object(kind, &made)))
}

/// PUT of an object, its status or a namespace's finalizers.
pub fn replace(shared: &Shared, call: &Call, target: &Target, subresource: &str) -> Outcome<Response<Body>> {
    let object = call.json()?;
    let stored = shared.write(call.params.dry_run()?, |world| {
        requests::replace(world, target, object, &writer(call, subresource))
    })?;
    Ok(json_answer(200, &call.form.object(target.kind, &stored)))
}

fn read_patch(call: &Call) -> Outcome<Patch> {
    let kind = PatchKind::from_content_type(&call.content_type).ok_or_else(|| {
        let why = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml \
             (it was {:?})",
            call.content_type
        );
        ApiError::new(415, "UnsupportedMediaType", why)
    })?;
    Ok(Patch { kind, body: call.json()?, force: call.params.flag("force") })
}

/// PATCH of an object or its status.
pub fn patch(shared: &Shared, call: &Call, target: &Target, subresource: &str) -> Outcome<Response<Body>> {
    let patch = read_patch(call)?;
    let (stored, created) = shared.write(call.params.dry_run()?, |world| {
        requests::patch(world, target, &patch, &writer(call, subresource))
    })?;
    Ok(json_answer(if created { 201 } else { 200 }, &call.form.object(target.kind, &stored)))
}

/// PUT or PATCH of a scale.
pub fn scale(shared: &Shared, call: &Call, target: &Target) -> Outcome<Response<Body>> {
    let whole = call.method == Method::PUT;
    let change = if whole {
        Patch { kind: PatchKind::Merge, body: call.json()?, force: false }
    } else {
        read_patch(call)?
    };
    let scale = shared.write(call.params.dry_run()?, |world| {
        requests::write_scale(world, target, &change, &writer(call, "scale"), whole)
    })?;
    Ok(json_answer(200, &scale))
}

/// Delete options come in the body, in the query, or both.
fn delete_options(call: &Call) -> Outcome<(DeleteOptions, bool)> {
    let body = call.json()?;
    let grace = match int(&body, "/gracePeriodSeconds") {
        Some(grace) => Some(grace),
        None => call.params.number("gracePeriodSeconds")?,
    };
    if grace.is_some_and(|g| g < 0) {
        return Err(ApiError::bad_request("gracePeriodSeconds must not be negative"));
    }
    let given = match text(&body, "/propagationPolicy") {
        "" => call.params.text("propagationPolicy"),
        policy => policy,
    };
    let orphan = body.get("orphanDependents").and_then(Value::as_bool) == Some(true);
    let propagation = match given {
        "" if orphan => Propagation::Orphan,
        "" | "Background" => Propagation::Background,
        "Foreground" => Propagation::Foreground,
        "Orphan" => Propagation::Orphan,
        other => {
            return Err(ApiError::new(
                422,
                "Invalid",
                format!(
                    "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: {other:?}"
                ),
            ));
        }
    };
    let some = |pointer: &str| Some(text(&body, pointer).to_owned()).filter(|t| !t.is_empty());
    let options = DeleteOptions {
        grace,
        propagation,
        uid: some("/preconditions/uid"),
        resource_version: some("/preconditions/resourceVersion"),
    };
    let dry_run = list(&body, "/dryRun").iter().any(|d| d == "All") || call.params.dry_run()?;
    Ok((options, dry_run))
}

/// DELETE of an object.
pub fn delete(shared: &Shared, call: &Call, target: &Target) -> Outcome<Response<Body>> {
    let (options, dry_run) = delete_options(call)?;
    let done =
        shared.write(dry_run, |world| requests::delete(world, target, &options, crate::clock::now()))?;
    let body = match done {
        Deleted::Gone(last) if !target.kind.returns_deleted => deleted(target.kind, &target.name, uid(&last)),
        Deleted::Gone(object) | Deleted::Terminating(object) => call.form.object(target.kind, &object),
    };
    Ok(json_answer(200, &body))
}

/// DELETE of a collection: everything selected, one by one.
pub fn delete_collection(
    shared: &Shared,
    call: &Call,
    kind: &'static Kind,
    space: Option<String>,
) -> Outcome<Response<Body>> {
    let (options, dry_run) = delete_options(call)?;
    let scope = scope(call, kind, space)?;
    let (objects, version) = shared.write(dry_run, |world| {
        let mut objects = world.list(kind.resource, scope.namespace.as_deref());
        objects.retain(|o| scope.selection.matches(o));
        for object in &objects {
            let name = crate::object::name(object).to_owned();
            let target = Target { kind, namespace: namespace(object).to_owned(), name };
            requests::delete(world, &target, &options, crate::clock::now())?;
        }
        Ok((objects, world.version()))
    })?;
    let items: Vec<&Value> = objects.iter().map(AsRef::as_ref).collect();
    let metadata = json!({"resourceVersion": version.to_string()});
    Ok(json_answer(200, &call.form.list(kind, &items, &metadata)))
}

/// POST to a service account's `token`: a text that says it is simulated, and for whom it speaks here until when.
pub fn token(shared: &Shared, call: &Call, target: &Target) -> Outcome<Response<Body>> {
    let account = shared.world().get(&target.key()).cloned();
    let account = account.ok_or_else(|| ApiError::not_found(target.kind, &target.name))?;
    let mut request = call.json()?;
    let lasting = int(&request, "/spec/expirationSeconds").unwrap_or(3600);
    let wrong = |detail| {
        let cause = Cause::invalid("spec.expirationSeconds", &Value::from(lasting), detail);
        ApiError::invalid_as(
            "authentication.k8s.io",
            "TokenRequest",
            "TokenRequest.authentication.k8s.io",
            "",
            &[cause],
        )
    };
    if lasting < 600 {
        return Err(wrong("may not specify a duration less than 10 minutes"));
    }
    if lasting > 1 << 32 {
        return Err(wrong("may not specify a duration larger than 2^32 seconds"));
    }
    let now = crate::clock::now();
    let expires = now.checked_add(Duration::from_secs(lasting.unsigned_abs())).unwrap_or(now);
    let token = crate::access::token(&account, expires);
    let status = json!({"token": token, "expirationTimestamp": crate::object::time(expires)});
    crate::object::set(&mut request, &["status"], status);
    Ok(json_answer(201, &request))
}
