//! What is done with a workload that runs: scaled, started anew, put back, and looked into.

use std::time::Duration;

use axum::Json;
use axum::body::Body as ResponseBody;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::{AccountId, EnvironmentId, WorkloadId};
use tenure_domain::workload::Workload as Declared;
use tenure_engine::EngineError;
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{LogsQuery, PageQuery, RollBack, Scale};
use tenure_wire::view::{ActivityView, ClusterEventView, Page, PodView, RevisionView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::events::follow::Following;
use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page};

/// The most events of the cluster in one answer.
const MOST_EVENTS: usize = 200;
/// The most lines of a log, and how many without being asked.
const MOST_LINES: u32 = 5_000;
const LINES: u32 = 100;
/// The longest time back that logs are asked for, in seconds.
const MOST_SECONDS: u32 = 2_592_000;
/// How long logs are followed. Operating time.
const FOLLOWED: Duration = Duration::from_mins(10);

type Named = (AccountId, EnvironmentId, WorkloadId);

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(scale))
        .routes(routes!(restart))
        .routes(routes!(roll_back))
        .routes(routes!(revisions))
        .routes(routes!(activity))
        .routes(routes!(logs))
}

fn href((account, environment, workload): &Named) -> String {
    format!("/v1/accounts/{account}/environments/{environment}/workloads/{workload}")
}

/// What is declared now, where there is such a workload.
async fn declared(call: &Call, (id, environment, workload): &Named) -> Result<Declared, Failure> {
    let account = call.engine.account(id).await?;
    let found = account.environments.get(environment).and_then(|e| e.workloads.get(workload));
    found.cloned().ok_or_else(Failure::not_found)
}

/// Have so many pods of a workload, without declaring it anew.
#[utoipa::path(post, operation_id = "scaleWorkload", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/scale",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path)), request_body = Scale,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn scale(call: Call, Path(named): Path<Named>, body: Body<Scale>) -> Result<Response, Failure> {
    let (made, href) = (named.2.to_string(), href(&named));
    let (id, environment, workload) = named;
    let command = Command::ScaleWorkload { environment, workload, replicas: body.value.replicas };
    let writing = Writing::new(&call, body.hash);
    writing.submit(Act::Account(id, command), false, move |_| (made.clone(), href.clone())).await
}

/// Start the pods of a workload anew, one after the other where that can be done; of a job, its work.
#[utoipa::path(post, operation_id = "restartWorkload", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/restart",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn restart(call: Call, Path(named): Path<Named>) -> Result<Response, Failure> {
    let (made, href) = (named.2.to_string(), href(&named));
    let (id, environment, workload) = named;
    let command = Command::RestartWorkload { environment, workload };
    let writing = Writing::new(&call, "");
    writing.submit(Act::Account(id, command), false, move |_| (made.clone(), href.clone())).await
}

/// Put an earlier declaration back, as it was; only its volumes stay as large as they are now.
#[utoipa::path(post, operation_id = "rollBackWorkload", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/rollback",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path)), request_body = RollBack,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn roll_back(call: Call, Path(named): Path<Named>, body: Body<RollBack>) -> Result<Response, Failure> {
    call.may(Action::PutWorkload, &named.0)?;
    let writing = Writing::new(&call, body.hash);
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let account = call.engine.account(&named.0).await?;
    if let Some(expected) = call.if_match.filter(|version| *version != account.version) {
        return Err(EngineError::Stale { expected, actual: account.version }.into());
    }
    let now = declared(&call, &named).await?;
    let (made, href) = (named.2.to_string(), href(&named));
    let (id, environment, workload) = named;
    let revisions = call.engine.revisions(&id, &environment, &workload).await?;
    let wanted = revisions.into_iter().find(|revision| revision.n == body.value.revision);
    let mut spec = wanted
        .ok_or_else(|| Failure::invalid("/revision", "no declaration of this workload has this number"))?
        .spec;
    spec.volume = now.volume;
    spec.volumes = now.volumes;
    let command = Command::PutWorkload { environment, workload, spec };
    writing.submit(Act::Account(id, command), false, move |_| (made.clone(), href.clone())).await
}

/// List the declarations of a workload, the latest first.
#[utoipa::path(get, operation_id = "listRevisions", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/revisions", tag = "workloads",
    params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path), PageQuery),
    responses((status = 200, body = Page<RevisionView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn revisions(
    call: Call,
    Path(named): Path<Named>,
    query: Query<PageQuery>,
) -> Result<Json<Page<RevisionView>>, Failure> {
    call.may(Action::ReadAccount, &named.0)?;
    declared(&call, &named).await?;
    let size = page::size(&query.0)?;
    let after: Option<u64> = page::after(&query.0)?;
    let revisions = call.engine.revisions(&named.0, &named.1, &named.2).await?;
    let latest = revisions.first().map(|revision| revision.n);
    let rest = revisions.into_iter().filter(|revision| after.is_none_or(|after| revision.n < after));
    let views = rest.take(size as usize + 1).map(|revision| RevisionView {
        current: Some(revision.n) == latest,
        revision: revision.n,
        at: revision.at,
        by: revision.by,
        spec: revision.spec.into(),
    });
    Ok(Json(page::page(views.collect(), size, |revision| revision.revision.to_string())))
}

/// Read what the cluster tells of a workload now: its pods, and what happened to them.
#[utoipa::path(get, operation_id = "getActivity", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/activity", tag = "workloads",
    params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path)),
    responses((status = 200, body = ActivityView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn activity(call: Call, Path(named): Path<Named>) -> Result<Json<ActivityView>, Failure> {
    call.may(Action::ReadAccount, &named.0)?;
    declared(&call, &named).await?;
    let seen = call.engine.activity(&named.0, &named.1, &named.2).await?;
    let pods = seen.pods.into_iter().map(|pod| PodView {
        name: pod.name,
        phase: pod.phase,
        ready: pod.ready,
        restarts: pod.restarts,
        made_at: pod.made_at,
    });
    let events = seen.events.into_iter().take(MOST_EVENTS).map(|event| ClusterEventView {
        at: event.at,
        object: event.object,
        warning: event.warning,
        reason: event.reason,
        message: event.message,
        count: event.count,
    });
    Ok(Json(ActivityView { pods: pods.collect(), events: events.collect() }))
}

fn within(name: &str, given: Option<u32>, most: u32) -> Result<Option<u32>, Failure> {
    match given {
        Some(n) if !(1..=most).contains(&n) => Err(Failure::parameter(name, format!("use 1 to {most}"))),
        given => Ok(given),
    }
}

/// Read what a workload's container wrote: its output, each line with its time, at most 4 MiB. Followed, the answer goes
/// on for up to 10 minutes.
#[utoipa::path(get, operation_id = "getLogs", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/logs", tag = "workloads",
    params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path), LogsQuery),
    responses((status = 200, body = String, content_type = "text/plain"), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn logs(
    call: Call,
    Path(named): Path<Named>,
    query: Query<LogsQuery>,
    following: Following,
) -> Result<Response, Failure> {
    call.may(Action::ReadLogs, &named.0)?;
    declared(&call, &named).await?;
    let LogsQuery { pod, lines, since_seconds, previous, follow } = query.0;
    let asked = tenure_engine::workloads::LogQuery {
        pod,
        lines: within("lines", lines, MOST_LINES)?.unwrap_or(LINES),
        since_seconds: within("sinceSeconds", since_seconds, MOST_SECONDS)?,
        previous: previous.unwrap_or(false),
        follow: follow.unwrap_or(false),
    };
    let seat = following.seat(&call)?;
    let found = call.engine.logs(&named.0, &named.1, &named.2, &asked).await?;
    let written = found.ok_or_else(Failure::not_found)?;
    let over = async move {
        let (_seat, [stopping, draining]) = &seat;
        tokio::select! {
            () = tokio::time::sleep(FOLLOWED) => {}
            () = stopping.cancelled() => {}
            () = draining.cancelled() => {}
        }
    };
    let body = ResponseBody::from_stream(written.take_until(Box::pin(over)));
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response())
}
