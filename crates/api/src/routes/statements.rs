//! A notice's statement of reasons and its renderings.

use axum::body::Body as ResponseBody;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use tenure_access::Action;
use tenure_domain::name::{AccountId, NoticeId};
use tenure_domain::statement::{Fact, Source, Statement};
use tenure_engine::EngineError;
use tenure_wire::Problem;
use tenure_wire::request::SaidFact;
use tenure_wire::statement::StatementView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Call, Path};
use crate::problem::Failure;
use crate::routes::notices::read_by_member;
use crate::{App, limits};

/// The most facts that are named with a notice beside reports.
const MOST_SAID: usize = 100;
/// The most evidence of one of them.
const MOST_EVIDENCE: usize = 5;
/// The longest id of one, in characters.
const ID_MAX: usize = 200;
/// The longest locator of one, in characters.
const LOCATOR_MAX: usize = 2_000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(statement)).routes(routes!(letter)).routes(routes!(transparency))
}

/// The facts that a request names. What one lacks is for the linter to find; what cannot be kept is refused here.
pub fn facts(said: Vec<SaidFact>) -> Result<Vec<Fact>, Failure> {
    if said.len() > MOST_SAID {
        return Err(Failure::invalid(
            "/facts",
            format!("at most {MOST_SAID}; file reports, of which there can be more"),
        ));
    }
    let mut facts = Vec::with_capacity(said.len());
    for (n, fact) in said.into_iter().enumerate() {
        let text = |name: &str, text: Option<String>, most: usize| {
            let text = text.unwrap_or_default().trim().to_owned();
            if text.chars().count() > most || text.contains('\0') {
                return Err(Failure::invalid(
                    format!("/facts/{n}/{name}"),
                    format!("at most {most} characters, without NUL"),
                ));
            }
            Ok(text)
        };
        if fact.evidence.len() > MOST_EVIDENCE {
            return Err(Failure::invalid(format!("/facts/{n}/evidence"), format!("at most {MOST_EVIDENCE}")));
        }
        facts.push(Fact {
            id: text("id", fact.id, ID_MAX)?,
            at: fact.at,
            locator: text("locator", fact.locator, LOCATOR_MAX)?,
            what: Some(text("what", fact.what, limits::WORDS)?).filter(|what| !what.is_empty()),
            evidence: fact.evidence.into_iter().collect(),
            source: Source::Finding,
            automated: fact.automated,
        });
    }
    Ok(facts)
}

/// The statement of a notice, and the name of its bytes.
async fn stated(call: &Call, id: &AccountId, notice: &NoticeId) -> Result<(Statement, String), Failure> {
    call.may(Action::ReadAccount, id)?;
    let account = call.engine.account(id).await?;
    let notice = super::notices::seen(call, &account, notice)?;
    let none = || Failure::not_found();
    let statement = call.engine.statement(notice).await?.ok_or_else(none)?;
    let name = notice.statement.as_ref().map(ToString::to_string).ok_or_else(none)?;
    Ok((statement, name))
}

/// Read a notice's statement of reasons: the record itself, byte for byte as it was issued. A member who reads it has
/// the notice: it is served from that moment. A notice of before statements were kept has none.
#[utoipa::path(get, operation_id = "getStatement", path = "/v1/accounts/{account}/notices/{notice}/statement", tag = "notices",
    params(("account" = String, Path), ("notice" = String, Path)),
    responses((status = 200, body = StatementView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn statement(call: Call, Path((id, notice)): Path<(AccountId, NoticeId)>) -> Result<Response, Failure> {
    let (_, name) = stated(&call, &id, &notice).await?;
    read_by_member(&call, &id, &notice).await;
    let blob = call.engine.blob(&name).await?.ok_or_else(Failure::not_found)?;
    let headers = [(header::CONTENT_TYPE, "application/json".to_owned())];
    Ok(call.tagged(&format!("\"{name}\""), || (headers, blob.bytes).into_response()))
}

/// Read a notice's letter: a page for a browser or a printer where `Accept` prefers `text/html`, else text; in the language
/// that `Accept-Language` asks for where there are words in it. The letter that was sent is the notice's `letter`. A member
/// who reads it has the notice: it is served from that moment.
#[utoipa::path(get, operation_id = "getLetter", path = "/v1/accounts/{account}/notices/{notice}/letter", tag = "notices",
    params(("account" = String, Path), ("notice" = String, Path),
        ("Accept-Language" = Option<String>, Header, description = "The languages that are wanted (RFC 9110)."),),
    responses((status = 200, content((String = "text/plain"), (String = "text/html"))), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn letter(
    call: Call,
    Path((id, notice)): Path<(AccountId, NoticeId)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (statement, name) = stated(&call, &id, &notice).await?;
    read_by_member(&call, &id, &notice).await;
    let given = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let letters = call.engine.letters();
    let locale = letters.locale_for(given(header::ACCEPT_LANGUAGE));
    let page = prefers_html(given(header::ACCEPT));
    let rendered = if page { letters.html(&statement, &locale) } else { letters.text(&statement, &locale) };
    let text =
        rendered.map_err(|e| EngineError::Defect { what: notice.to_string(), detail: e.to_string() })?;
    let form = if page { "html" } else { "plain" };
    let headers = [
        (header::CONTENT_TYPE, format!("text/{form}; charset=utf-8")),
        (header::CONTENT_LANGUAGE, locale.clone()),
        (header::VARY, "accept, accept-language".to_owned()),
        (
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'; style-src 'unsafe-inline'".to_owned(),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    // Templates can change with the settings, so the tag is the text's own.
    let digest = tenure_engine::kept::blob_id(text.as_bytes());
    let tag = format!("\"{}-{form}-{locale}-{}\"", short(&name), short(digest.as_str()));
    Ok(call.tagged(&tag, || (headers, ResponseBody::from(text)).into_response()))
}

/// What the EU's transparency database is told of a notice (Regulation (EU) 2022/2065, Article 24(5)), in the form of its
/// API. It holds no personal data. A notice that restricts nothing has none.
#[utoipa::path(get, operation_id = "getTransparency", path = "/v1/accounts/{account}/notices/{notice}/transparency", tag = "notices",
    params(("account" = String, Path), ("notice" = String, Path)),
    responses((status = 200, body = Object), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn transparency(
    call: Call,
    Path((id, notice)): Path<(AccountId, NoticeId)>,
) -> Result<Response, Failure> {
    let (statement, name) = stated(&call, &id, &notice).await?;
    let told = statement.transparency().ok_or_else(Failure::not_found)?;
    let json = serde_json::to_vec(&told)
        .map_err(|e| EngineError::Defect { what: notice.to_string(), detail: e.to_string() })?;
    let headers = [(header::CONTENT_TYPE, "application/json".to_owned())];
    let digest = tenure_engine::kept::blob_id(&json);
    let tag = format!("\"{}-{}\"", short(&name), short(digest.as_str()));
    Ok(call.tagged(&tag, || (headers, json).into_response()))
}

/// The first digits of a hash.
fn short(name: &str) -> &str {
    name.trim_start_matches("sha256:").get(..16).unwrap_or(name)
}

/// Whether `Accept` (RFC 9110) prefers a page to text; whoever accepts anything gets text.
fn prefers_html(accept: Option<&str>) -> bool {
    let weight = |kind: &str| {
        accept
            .unwrap_or("*/*")
            .split(',')
            .filter_map(|part| {
                let mut fields = part.split(';').map(str::trim);
                let named = fields.next()?.eq_ignore_ascii_case(kind);
                let q = fields.find_map(|f| f.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
                named.then_some(q.unwrap_or(0.0_f32))
            })
            .fold(0.0_f32, f32::max)
    };
    weight("text/html") > weight("text/plain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_a_page_and_others_text() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for accept in [browser, "text/html", "TEXT/HTML; q=0.5, text/plain;q=0.4"] {
            assert!(prefers_html(Some(accept)), "{accept}");
        }
        for accept in ["", "*/*", "text/plain", "text/plain, text/html", "text/html;q=0", "text/html;q=x"] {
            assert!(!prefers_html(Some(accept)), "{accept}");
        }
        assert!(!prefers_html(None));
    }
}
