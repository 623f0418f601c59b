//! `/v1/clusters`: whether the clusters answer, and what can be withheld there.

use axum::Json;
use tenure_access::{Action, Principal};
use tenure_domain::cluster::{Offer, Probed, offers};
use tenure_domain::name::ClusterId;
use tenure_engine::{Amounts, Capacity, ClusterState};
use tenure_wire::Problem;
use tenure_wire::cluster::{AmountsView, CapacityView, ClusterOfferView, ClusterProbedView, ClusterView};
use tenure_wire::request::PageQuery;
use tenure_wire::view::Page;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Call, Path, Query};
use crate::problem::Failure;
use crate::{App, page};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// List the clusters: whether they answer, and what can be withheld there.
#[utoipa::path(get, operation_id = "listClusters", path = "/v1/clusters", tag = "operation", params(PageQuery),
    responses((status = 200, body = Page<ClusterView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<PageQuery>) -> Result<Json<Page<ClusterView>>, Failure> {
    call.may_at_provider(Action::ReadClusters)?;
    let all = call.engine.clusters();
    Ok(Json(page::slice(all.iter().map(view), &query.0, |cluster| cluster.id.clone())?))
}

/// Read one cluster: whether it answers, what it has, and what can be withheld there.
#[utoipa::path(get, operation_id = "getCluster", path = "/v1/clusters/{cluster}", tag = "operation", params(("cluster" = String, Path)),
    responses((status = 200, body = ClusterView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(cluster): Path<ClusterId>) -> Result<Json<ClusterView>, Failure> {
    call.may_at_provider(Action::ReadClusters)?;
    let all = call.engine.clusters();
    let found = all.iter().find(|known| known.id == cluster).ok_or_else(Failure::not_found)?;
    // How much there is, and how much all accounts were promised, is the provider's affair.
    let capacity = match call.principal {
        Principal::Person { .. } => call.engine.capacity(&cluster).await,
        Principal::Member { .. } => None,
    };
    Ok(Json(ClusterView { capacity: capacity.map(capacity_view), ..view(found) }))
}

fn view(cluster: &ClusterState) -> ClusterView {
    let (health, detail) = match cluster.answers {
        Some(true) => ("ok", "it answers"),
        Some(false) => ("degraded", "it does not answer: what is pending waits for it"),
        None => ("degraded", "it was not asked yet"),
    };
    let found = cluster.probed.as_ref().map(|probed| &probed.found);
    ClusterView {
        id: cluster.id.to_string(),
        health: health.to_owned(),
        detail: detail.to_owned(),
        since: cluster.since,
        last_answer: cluster.last_answer,
        capacity: None,
        probed: cluster.probed.as_deref().map(probed),
        offers: offers(found).iter().map(offer).collect(),
    }
}

fn capacity_view(capacity: Capacity) -> CapacityView {
    let amounts = |amounts: Amounts| AmountsView {
        cpu_millis: amounts.cpu_millis,
        memory_mib: amounts.memory_mib,
        pods: amounts.pods,
    };
    CapacityView {
        nodes: capacity.nodes,
        ready: capacity.ready,
        allocatable: amounts(capacity.allocatable),
        environments: capacity.environments,
        promised: amounts(capacity.promised),
        complete: capacity.complete,
    }
}

fn probed(probed: &Probed) -> ClusterProbedView {
    let found = &probed.found;
    ClusterProbedView {
        since: probed.since,
        version: found.version.clone(),
        supported: found.supported,
        simulation: found.simulation,
        holds_jobs: found.holds_jobs,
        cron_jobs: found.cron_jobs.clone(),
        asks_nodes: found.asks_nodes,
        webhooks: found.webhooks,
        freeze: found.freeze,
        network_policies: found.network_policies.as_str().to_owned(),
        load_balancers: found.load_balancers.as_str().to_owned(),
        ingress_classes: found.ingress_classes.as_ref().map(|all| all.iter().cloned().collect()),
        gateways: found.gateways,
    }
}

fn offer(offer: &Offer) -> ClusterOfferView {
    ClusterOfferView {
        capability: offer.capability.to_string(),
        environment: offer.environment.to_string(),
        scope: offer.scope.to_string(),
        offered: offer.lacks.is_none(),
        lacks: offer.lacks.map(str::to_owned),
    }
}
