//! The OpenAPI document: gathered from the routes, then completed with what holds for all of them.

use std::collections::{BTreeSet, HashMap};

use utoipa::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use crate::routes;

mod conventions;
mod webhooks;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tenure",
        description = "A tenancy control plane with due process. Errors are RFC 9457 problem documents; a refusal is a 409 that lists every guard that is not met, the law it keeps, and what would meet it.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
pub struct Document;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_with(Default::default).add_security_scheme("bearer", scheme);
    }
}

/// The OpenAPI 3.1 document, without the routes that only a simulated clock has.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut document) = routes::described().split_for_parts();
    "1".clone_into(&mut document.info.version);
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        let all = [
            ("GET", &mut item.get),
            ("POST", &mut item.post),
            ("PUT", &mut item.put),
            ("DELETE", &mut item.delete),
        ];
        for (method, operation) in all {
            if let Some(operation) = operation {
                conventions::complete(method, operation);
            }
        }
        // The router's mark for the rest of a path is not the document's.
        document.paths.paths.insert(path.replace("{*", "{"), item);
    }
    let components = document.components.get_or_insert_with(Default::default);
    components.responses.extend(conventions::problems());
    conventions::names(components);
    webhooks::schemas(components);
    document.webhooks = Some(webhooks::described());
    document
}

/// The names of the query parameters of each operation, by method and the router's path.
pub type Queries = HashMap<(&'static str, String), BTreeSet<String>>;

/// What a document says about query parameters.
pub fn queries(document: &utoipa::openapi::OpenApi) -> Queries {
    let each = document.paths.paths.iter().flat_map(|(path, item)| {
        methods(item).into_iter().map(move |(method, operation)| ((method, path.clone()), names(operation)))
    });
    each.collect()
}

fn methods(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    let all = [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?))).collect()
}

fn names(operation: &Operation) -> BTreeSet<String> {
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    parameters.filter(|p| p.parameter_in == ParameterIn::Query).map(|p| p.name.clone()).collect()
}
