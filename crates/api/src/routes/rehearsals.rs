//! Looking at what would happen before anything does: rehearsals of stops, and the preflight of a deletion. The answers
//! tell of the cluster as it is now, and so have no version.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tenure_access::Action;
use tenure_domain::capability::Capability;
use tenure_domain::name::{AccountId, EnvironmentId, MeasureId};
use tenure_engine::{EngineError, Looked};
use tenure_wire::Problem;
use tenure_wire::erasing::{DeletionPreflightView, RehearsalQuery, RehearsalView};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Call, Path, Query};
use crate::problem::Failure;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(preflight)).routes(routes!(measure)).routes(routes!(scope))
}

/// The engine's words for it are the API's.
pub(super) fn view<T: Serialize, V: DeserializeOwned>(seen: T) -> Result<V, EngineError> {
    let defect =
        |e: serde_json::Error| EngineError::Defect { what: "rehearsal".into(), detail: e.to_string() };
    serde_json::to_value(seen).map_err(defect).and_then(|v| serde_json::from_value(v).map_err(defect))
}

type Seen<V> = (bool, BTreeMap<String, V>, BTreeMap<String, String>);

fn views<T: Serialize, V: DeserializeOwned>(
    looked: Option<BTreeMap<EnvironmentId, Looked<T>>>,
) -> Result<Seen<V>, Failure> {
    let (mut seen, mut unseen) = (BTreeMap::new(), BTreeMap::new());
    let cluster = looked.is_some();
    for (name, looked) in looked.into_iter().flatten() {
        match looked {
            Ok(found) => {
                seen.insert(name.to_string(), view(found)?);
            }
            Err(why) => {
                unseen.insert(name.to_string(), why);
            }
        }
    }
    Ok((cluster, seen, unseen))
}

/// What a deletion of the account's environments would delete, and what would block it: finalizers, webhooks, objects that
/// are none of Tenure's. To be read before a deletion is proposed.
#[utoipa::path(get, operation_id = "getDeletionPreflight", path = "/v1/accounts/{account}/deletion/preflight", tag = "accounts", params(("account" = String, Path)),
    responses((status = 200, body = DeletionPreflightView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn preflight(call: Call, Path(id): Path<AccountId>) -> Result<Json<DeletionPreflightView>, Failure> {
    call.may(Action::Rehearse, &id)?;
    let account = call.engine.account(&id).await?;
    let (cluster, environments, unseen) = views(call.engine.deletion_preflight(&account).await?)?;
    Ok(Json(DeletionPreflightView { cluster, environments, unseen }))
}

/// What a measure would do in the cluster if it took effect now, and what its end would; where it is in effect, only its
/// end. Every write is a server-side dry run: none persists.
#[utoipa::path(get, operation_id = "rehearseMeasure", path = "/v1/measures/{measure}/rehearsal", tag = "measures", params(("measure" = String, Path)),
    responses((status = 200, body = RehearsalView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn measure(call: Call, Path(id): Path<MeasureId>) -> Result<Json<RehearsalView>, Failure> {
    call.may(Action::Rehearse, id.account())?;
    let account = call.engine.account(id.account()).await?;
    let (cluster, environments, unseen) = views(call.engine.rehearse_measure(&account, &id).await?)?;
    Ok(Json(RehearsalView { cluster, environments, unseen }))
}

/// The same for a measure that nobody has proposed: from what, and what is withheld.
#[utoipa::path(get, operation_id = "rehearseScope", path = "/v1/accounts/{account}/rehearsal", tag = "measures",
    params(("account" = String, Path), RehearsalQuery),
    responses((status = 200, body = RehearsalView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn scope(
    call: Call,
    Path(id): Path<AccountId>,
    query: Query<RehearsalQuery>,
) -> Result<Json<RehearsalView>, Failure> {
    call.may(Action::Rehearse, &id)?;
    let account = call.engine.account(&id).await?;
    let RehearsalQuery { scope, withholds } = query.0;
    let named = |one: &str| Capability::ALL.iter().copied().find(|c| c.to_string() == one.trim());
    let withholds: Option<BTreeSet<Capability>> = withholds.split(',').map(named).collect();
    let withholds = withholds.ok_or_else(|| {
        Failure::parameter("withholds", "capabilities, separated by commas, such as compute,ingress")
    })?;
    let (cluster, environments, unseen) =
        views(call.engine.rehearse_scope(&account, scope, withholds).await?)?;
    Ok(Json(RehearsalView { cluster, environments, unseen }))
}
