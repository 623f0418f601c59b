//! Admission: what may change or refuse a new object after validation.

pub mod limits;
pub mod quota;

use serde_json::Value;

use crate::kinds::Kind;
use crate::object::{name, namespace};
use crate::status::{ApiError, Outcome};
use crate::world::World;

/// The namespace must exist and must not be ending.
pub fn namespace_lives(world: &World, kind: &Kind, object: &Value) -> Outcome<()> {
    if !kind.namespaced {
        return Ok(());
    }
    let space = namespace(object);
    match world.namespace_terminating(space) {
        Some(false) => Ok(()),
        Some(true) => {
            let why =
                format!("unable to create new content in namespace {space} because it is being terminated");
            let mut error = ApiError::forbidden(kind, name(object), &why);
            crate::object::set(
                &mut error.details,
                &["causes"],
                serde_json::json!([{
                    "reason": "NamespaceTerminating",
                    "message": format!("namespace {space} is being terminated"),
                    "field": "metadata.namespace",
                }]),
            );
            Err(error)
        }
        None => match crate::kinds::by_resource("namespaces") {
            Some(namespaces) => Err(ApiError::not_found(namespaces, space)),
            None => Err(ApiError::internal("the table of kinds has no namespaces")),
        },
    }
}
