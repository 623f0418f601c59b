//! Reports in published formats. What came is kept as evidence, byte for byte, with the evidence in it.

use std::collections::BTreeMap;

use axum::response::Response;
use sha2::{Digest, Sha256};
use tenure_access::Action;
use tenure_domain::name::{AccountId, Ground};
use tenure_domain::report::Allegation;
use tenure_engine::submission::Act;
use tenure_intake::{Received, Refused, arf, ground, xarf};
use tenure_wire::Problem;
use tenure_wire::request::AboutQuery;
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reports::made;
use crate::App;
use crate::call::{Call, Query, Upload};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(file_xarf)).routes(routes!(file_arf))
}

/// Bring a report in as XARF v4. It has to keep to the published schemas (<https://xarf.org>); every fault is told with its
/// pointer. What XARF has no type for comes by `POST /v1/reports`. At most 10 MiB.
///
/// The ground is the one that the account's terms name for the category and type, or else that of a table. Where the
/// thing is: `url` for content, `infringing_url` for copyright, `message_id` for messaging, else `source_identifier`.
/// Evidence is decoded, its sizes and hashes are checked; URLs are not fetched.
#[utoipa::path(post, operation_id = "fileXarfReport", path = "/v1/reports/xarf", tag = "reports", params(AboutQuery),
    request_body(content = serde_json::Value, content_type = "application/json", description = "A XARF v4 report"),
    responses((status = 200, description = "It was joined to the report that says the same", body = Written), (status = 201, description = "It is a new report", body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn file_xarf(call: Call, query: Query<AboutQuery>, upload: Upload) -> Result<Response, Failure> {
    file(call, query.0, upload, &["application/json"], xarf::read).await
}

/// Bring a report in as ARF mail (RFC 5965), such as feedback loops send: the whole mail, a `multipart/report` of type
/// `feedback-report`. At most 10 MiB.
///
/// The ground is the one that the account's terms name for the `Feedback-Type`, or else that of a table. Where the thing is:
/// the first `Reported-URI`, else the id of the message complained about, else `Source-IP`.
#[utoipa::path(post, operation_id = "fileArfReport", path = "/v1/reports/arf", tag = "reports", params(AboutQuery),
    request_body(content = String, content_type = "message/rfc822", description = "The mail"),
    responses((status = 200, description = "It was joined to the report that says the same", body = Written), (status = 201, description = "It is a new report", body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn file_arf(call: Call, query: Query<AboutQuery>, upload: Upload) -> Result<Response, Failure> {
    file(call, query.0, upload, &["message/rfc822", "message/global"], arf::read).await
}

async fn file(
    call: Call,
    query: AboutQuery,
    upload: Upload,
    media_types: &[&str],
    read: fn(&[u8]) -> Result<Received, Refused>,
) -> Result<Response, Failure> {
    let account = query.account.ok_or_else(|| Failure::parameter("account", "say about which account"))?;
    call.may(Action::FileReport, &account)?;
    if !media_types.contains(&upload.media_type.as_str()) {
        return Err(Problem::new("media-type", "Another media type", 415)
            .detail(format!("Send `Content-Type: {}`.", media_types.first().unwrap_or(&"")))
            .into());
    }
    let received = read(&upload.bytes).map_err(|refused| Failure::report(&refused))?;
    let ground = alleged(&call, &account, &received).await?;
    let hash = hex::encode(Sha256::digest(&upload.bytes));
    // The same bytes about another account are another request.
    let mut writing = Writing::new(&call, format!("{account} {hash}"));
    let mut evidence = BTreeMap::new();
    let whole = (upload.media_type, upload.bytes);
    for (media_type, bytes) in received.evidence.into_iter().map(|p| (p.media_type, p.bytes)).chain([whole]) {
        evidence.insert(writing.blob(&media_type, bytes), media_type);
    }
    let allegation = Allegation {
        ground,
        locator: writing.words("", &received.locator)?,
        statement: writing.words("", &received.statement)?,
        evidence,
        observed_at: received.observed_at,
        contact: writing.maybe_words("", received.contact.as_deref())?,
        language: None,
        reference: writing.maybe_words("", received.reference.as_deref())?,
        format: Some(received.format),
    };
    writing.submit(Act::FileReport(account, allegation), true, made).await
}

/// The ground that a report alleges, by the terms that the account accepted.
async fn alleged(call: &Call, account: &AccountId, received: &Received) -> Result<Ground, Failure> {
    let terms = call.engine.accepted(&*call.engine.account(account).await?)?;
    ground::alleged(&received.format, &terms.reported).ok_or_else(|| {
        let known = ground::feedback_types(&terms.reported).join(", ");
        let detail = format!(
            "this type alleges nothing here; known are {known}; for any other ground bring the report in by Tenure's own form, POST /v1/reports"
        );
        Problem::new("invalid-request", "The report does not keep to its format", 422)
            .fault("Feedback-Type", detail)
            .into()
    })
}
