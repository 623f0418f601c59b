//! Query parameters.

use std::collections::HashMap;

use axum::extract::Query;
use axum::http::Uri;

use crate::status::{ApiError, Outcome};

/// A request's query parameters; the last of several with one name counts.
#[derive(Debug, Default)]
pub struct Params(HashMap<String, String>);

impl Params {
    /// From a request's URI.
    pub fn read(uri: &Uri) -> Outcome<Self> {
        let pairs: Query<Vec<(String, String)>> = Query::try_from_uri(uri)
            .map_err(|e| ApiError::bad_request(format!("the query cannot be read: {e}")))?;
        Ok(Self(pairs.0.into_iter().collect()))
    }

    /// A parameter's text, empty where absent.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// A flag.
    pub fn flag(&self, name: &str) -> bool {
        ["true", "1"].contains(&self.text(name))
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Outcome<Option<i64>> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                ApiError::bad_request(format!("the parameter {name} is not a number: {text:?}"))
            }),
        }
    }

    /// Whether this is a dry run.
    pub fn dry_run(&self) -> Outcome<bool> {
        match self.text("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            other => Err(ApiError::new(
                422,
                "Invalid",
                format!("dryRun: Unsupported value: {other:?}: supported values: \"All\""),
            )),
        }
    }
}
