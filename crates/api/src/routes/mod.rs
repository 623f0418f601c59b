//! The routes, a file for each resource, and the document that describes them.

mod accounts;
mod agreement;
mod appeals;
mod cases;
mod clearances;
mod clock;
mod clocks;
mod clusters;
mod consent;
mod cures;
mod deletion;
mod environments;
mod events;
mod evidence;
mod fees;
mod health;
mod holds;
mod hostnames;
mod imports;
mod intake;
mod invoices;
mod kubeconfigs;
mod ledger;
mod measures;
mod notices;
mod orders;
mod parity;
mod people;
mod plans;
mod rehearsals;
mod reports;
mod rules;
mod secrets;
mod snapshots;
mod standing;
mod statements;
mod terms;
mod tokens;
mod webhooks;
mod workloads;
mod workloads_running;

use axum::Router;
use axum::http::header;
use axum::middleware;
use tenure_engine::clock::ClockKind;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::App;
use crate::around::around;
use crate::document::{self, Document};
use crate::telemetry::told;

/// The routes that every server has, with what describes them.
pub fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(accounts::routes())
        .merge(agreement::routes())
        .merge(plans::routes())
        .merge(hostnames::routes())
        .merge(kubeconfigs::routes())
        .merge(invoices::routes())
        .merge(environments::routes())
        .merge(imports::routes())
        .merge(workloads::routes())
        .merge(workloads_running::routes())
        .merge(secrets::routes())
        .merge(snapshots::routes())
        .merge(people::routes())
        .merge(tokens::routes())
        .merge(terms::routes())
        .merge(webhooks::routes())
        .merge(rules::routes())
        .merge(evidence::routes())
        .merge(reports::routes())
        .merge(intake::routes())
        .merge(cases::routes())
        .merge(notices::routes())
        .merge(statements::routes())
        .merge(cures::routes())
        .merge(clocks::routes())
        .merge(clearances::routes())
        .merge(measures::routes())
        .merge(consent::routes())
        .merge(fees::routes())
        .merge(standing::routes())
        .merge(deletion::routes())
        .merge(rehearsals::routes())
        .merge(parity::routes())
        .merge(appeals::routes())
        .merge(orders::routes())
        .merge(holds::routes())
        .merge(events::routes())
        .merge(ledger::routes())
        .merge(clock::routes())
        .merge(clusters::routes())
        .merge(health::routes())
}

/// All routes.
pub fn router(app: App) -> Router {
    let json = serde_json::to_string(&document::openapi()).unwrap_or_default();
    let mut described = described();
    if app.engine.clock_kind() == ClockKind::Simulated {
        described = described.merge(clock::dev_routes());
    }
    let (router, document) = described.split_for_parts();
    let router = router.route(
        "/openapi.json",
        axum::routing::get(move || async move { ([(header::CONTENT_TYPE, "application/json")], json) }),
    );
    around(router, app.limits, document::queries(&document))
        .layer(middleware::from_fn_with_state(app.clone(), told))
        .with_state(app)
}
