//! `/v1/terms`: the provider's agreements.

use axum::Json;
use axum::response::Response;
use sha2::{Digest, Sha256};
use tenure_access::Action;
use tenure_domain::book::{Entry, Event};
use tenure_domain::terms::Terms;
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::PageQuery;
use tenure_wire::view::{Page, TermsView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Call, Document, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, publish))
}

/// List the published versions.
#[utoipa::path(get, operation_id = "listTerms", path = "/v1/terms", tag = "terms", params(PageQuery),
    responses((status = 200, body = Page<TermsView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<PageQuery>) -> Result<Json<Page<TermsView>>, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    let shelf = call.engine.shelf();
    let mut views: Vec<TermsView> =
        shelf.terms.iter().map(|(reference, _)| views::terms(reference)).collect();
    let key = |terms: &TermsView| format!("{}@{}", terms.id, terms.version);
    views.sort_by_key(key);
    Ok(Json(page::slice(views.into_iter(), &query.0, key)?))
}

/// Publish a version. Published versions never change: publishing the same text again changes nothing, another text
/// under the same version is refused.
#[utoipa::path(post, operation_id = "publishTerms", path = "/v1/terms", tag = "terms",
    request_body(content = String, content_type = "application/yaml"),
    responses((status = 200, description = "The same text stands already", body = Written), (status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn publish(call: Call, document: Document) -> Result<Response, Failure> {
    call.may_at_provider(Action::PublishTerms)?;
    let (_, reference) = Terms::parse(&document.0).map_err(|errors| Failure::document(&errors))?;
    let hash = hex::encode(Sha256::digest(document.0.as_bytes()));
    let mut writing = Writing::new(&call, hash);
    let blob = writing.blob("application/yaml", document.0.into_bytes());
    let id = format!("{}@{}", reference.id, reference.version);
    let act = Act::Book(Entry::Terms(id.clone()), Event::TermsPublished { terms: reference, document: blob });
    writing.submit(act, true, move |_| (id.clone(), "/v1/terms".to_owned())).await
}
