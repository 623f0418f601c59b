//! Showing the domain's things as the API's views. Words are looked up here; where they were erased, nothing is shown.

pub mod account;
pub mod agreement;
pub mod case;
pub mod clock;
pub mod hostname;
pub mod legal;
pub mod measure;
pub mod next;
pub mod plan;
pub mod standing;

use serde::Serialize;
use tenure_domain::terms::TermsRef;
use tenure_domain::text::Words;
use tenure_engine::Engine;
use tenure_wire::view::TermsView;

use crate::problem::Failure;

/// The words behind a commitment.
pub async fn text(engine: &Engine, words: &Words) -> Result<Option<String>, Failure> {
    Ok(engine.read_words(words.as_str()).await?)
}

/// The same for words that may be missing.
pub async fn maybe_text(engine: &Engine, words: Option<&Words>) -> Result<Option<String>, Failure> {
    match words {
        Some(words) => text(engine, words).await,
        None => Ok(None),
    }
}

/// A unit variant's name in the API.
pub fn name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

pub fn terms(reference: &TermsRef) -> TermsView {
    TermsView {
        id: reference.id.to_string(),
        version: reference.version.clone(),
        hash: reference.hash.clone(),
    }
}
