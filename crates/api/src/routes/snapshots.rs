//! `/v1/accounts/{account}/environments/{environment}/snapshots`: of volumes, asked for, listed and released.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::account::snapshot::{Snapshot, Snapshots};
use tenure_domain::name::{AccountId, EnvironmentId, SnapshotId, VolumeId, WorkloadId};
use tenure_engine::submission::{Act, Done};
use tenure_engine::{Observed, SnapshotState};
use tenure_wire::Problem;
use tenure_wire::request::PageQuery;
use tenure_wire::snapshot::{RequestSnapshot, SnapshotStateName, SnapshotView};
use tenure_wire::view::{Page, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(request)).routes(routes!(release))
}

/// List the snapshots of an environment's volumes, as last observed.
#[utoipa::path(get, operation_id = "listSnapshots", path = "/v1/accounts/{account}/environments/{environment}/snapshots", tag = "workloads",
    params(("account" = String, Path), ("environment" = String, Path), PageQuery),
    responses((status = 200, body = Page<SnapshotView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    Path((id, name)): Path<(AccountId, EnvironmentId)>,
    query: Query<PageQuery>,
) -> Result<Json<Page<SnapshotView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    if !account.environments.contains_key(&name) {
        return Err(Failure::not_found());
    }
    let observed = call.engine.observed(&id, &name).await?;
    let views = account.snapshots_of(&name).map(|(id, snapshot)| view(id, snapshot, &observed));
    Ok(Json(page::slice(views, &query.0, |snapshot| snapshot.id.clone())?))
}

fn view(id: &SnapshotId, snapshot: &Snapshot, observed: &Observed) -> SnapshotView {
    let seen = observed.snapshots.get(id);
    let state = match seen.map(|seen| seen.state) {
        _ if snapshot.lost.is_some() => SnapshotStateName::Lost,
        None | Some(SnapshotState::Pending) => SnapshotStateName::Pending,
        Some(SnapshotState::Ready) => SnapshotStateName::Ready,
        Some(SnapshotState::Failed) => SnapshotStateName::Failed,
        Some(SnapshotState::Lost) => SnapshotStateName::Lost,
    };
    SnapshotView {
        id: id.to_string(),
        workload: snapshot.workload.to_string(),
        volume: snapshot.volume.to_string(),
        pod: snapshot.pod,
        size_mib: snapshot.size_mib,
        asked_at: snapshot.asked_at,
        asked_by: snapshot.asked_by.to_string(),
        state,
        message: seen.and_then(|seen| seen.message.clone()),
        restore_size: seen.and_then(|seen| seen.restore_size.clone()),
        taken_at: seen.and_then(|seen| seen.taken_at),
    }
}

/// Ask for a snapshot of a volume, where the cluster takes any. What it holds is what the storage has of the volume at that
/// moment: what pods have not written yet is not in it. An account has as many as its plan allows.
#[utoipa::path(post, operation_id = "requestSnapshot", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/volumes/{volume}/snapshots",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path), ("volume" = String, Path)),
    request_body = RequestSnapshot,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn request(
    call: Call,
    Path((id, environment, workload, volume)): Path<(AccountId, EnvironmentId, WorkloadId, VolumeId)>,
    body: Body<RequestSnapshot>,
) -> Result<Response, Failure> {
    call.may(Action::RequestSnapshot, &id)?;
    let writing = Writing::new(&call, body.hash);
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let unable = call.engine.unable_to_snapshot(&id, &environment).await?;
    let href = format!("/v1/accounts/{id}/environments/{environment}/snapshots");
    let pod = body.value.pod;
    let command = Command::Snapshots(Snapshots::Request { environment, workload, volume, pod, unable });
    let act = Act::Account(id.clone(), command);
    let made = move |done: &Done| {
        let number = done.account().map_or(0, |account| account.snapshots.asked);
        (SnapshotId::new(id.clone(), number).to_string(), href.clone())
    };
    writing.submit(act, true, made).await
}

/// Release a snapshot: what it kept is deleted, unless the cluster's class of it says otherwise. Refused while a hold or an
/// order preserves what its workload has, and while a volume is declared to be made from it.
#[utoipa::path(delete, operation_id = "releaseSnapshot", path = "/v1/accounts/{account}/environments/{environment}/snapshots/{snapshot}",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("snapshot" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn release(
    call: Call,
    Path((id, environment, snapshot)): Path<(AccountId, EnvironmentId, SnapshotId)>,
) -> Result<Response, Failure> {
    let (made, href) =
        (snapshot.to_string(), format!("/v1/accounts/{id}/environments/{environment}/snapshots"));
    let command = Command::Snapshots(Snapshots::Release { environment, snapshot });
    let writing = Writing::new(&call, "");
    writing.submit(Act::Account(id, command), false, move |_| (made.clone(), href.clone())).await
}
