//! `/v1/rules`.

use axum::Json;
use axum::response::Response;
use sha2::{Digest, Sha256};
use tenure_access::Action;
use tenure_domain::book::{Entry, Event};
use tenure_engine::submission::Act;
use tenure_rules::Rule;
use tenure_wire::Problem;
use tenure_wire::request::PageQuery;
use tenure_wire::view::{Page, RuleView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Call, Document, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, publish))
}

/// List the rules.
#[utoipa::path(get, operation_id = "listRules", path = "/v1/rules", tag = "rules", params(PageQuery),
    responses((status = 200, body = Page<RuleView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<PageQuery>) -> Result<Json<Page<RuleView>>, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    let shelf = call.engine.shelf();
    let mut rules = Vec::new();
    for rule in shelf.rules.values() {
        let record = call.engine.rule_record(&rule.id).await?;
        rules.push(RuleView {
            id: rule.id.to_string(),
            ground: rule.ground.to_string(),
            mode: rule.mode.as_str().to_owned(),
            hash: rule.hash().to_owned(),
            matched: record.matched,
            opened: record.opened,
            overturned: record.overturned,
        });
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Json(page::slice(rules.into_iter(), &query.0, |r| r.id.clone())?))
}

/// Publish a rule, or a new text of it.
#[utoipa::path(post, operation_id = "publishRule", path = "/v1/rules", tag = "rules",
    request_body(content = String, content_type = "application/yaml"),
    responses((status = 200, description = "The same text stands already", body = Written), (status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn publish(call: Call, document: Document) -> Result<Response, Failure> {
    call.may_at_provider(Action::PublishRule)?;
    let rule = Rule::parse(&document.0).map_err(|errors| Failure::document(&errors))?;
    let hash = hex::encode(Sha256::digest(document.0.as_bytes()));
    let mut writing = Writing::new(&call, hash);
    let blob = writing.blob("application/yaml", document.0.into_bytes());
    let id = rule.id.to_string();
    let event = Event::RulePublished {
        rule: rule.id.clone(),
        ground: rule.ground.clone(),
        mode: rule.mode.as_str().to_owned(),
        document: blob,
    };
    let act = Act::Book(Entry::Rule(rule.id), event);
    writing.submit(act, true, move |_| (id.clone(), "/v1/rules".to_owned())).await
}
