//! What every handler takes from a request: who calls, under which conditions, and the body.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tenure_access::{Action, Principal, Resource, Role};
use tenure_domain::name::AccountId;
use tenure_engine::submission::Caller;
use tenure_engine::{Engine, EngineError};
use tenure_intake::is_media_type;
use tenure_wire::Problem;

use crate::bounds::{Bounds, Peer};
use crate::problem::Failure;
use crate::{App, Limits, digest, limits, telemetry};

/// An authenticated call.
pub struct Call {
    /// The engine.
    pub engine: Engine,
    /// Who calls.
    pub principal: Principal,
    /// The `Idempotency-Key`, where one was sent.
    pub key: Option<String>,
    /// The version named by `If-Match`.
    pub if_match: Option<u64>,
    /// Whether `If-None-Match: *` was sent.
    pub if_none: bool,
    /// What a reader has at hand.
    at_hand: AtHand,
    /// Method and path, for telling requests under one key apart.
    pub target: String,
}

impl Call {
    /// The principal as a caller of the engine.
    pub fn caller(&self) -> Caller {
        Caller::Principal(self.principal.clone())
    }

    /// Whether the caller may do this with this account; to members, other accounts do not exist.
    pub fn may(&self, action: Action, account: &AccountId) -> Result<(), Failure> {
        Ok(self.engine.check(&self.principal, action, Resource::Account(account.as_str()))?)
    }

    /// Whether the caller may do this with what belongs to the provider.
    pub fn may_at_provider(&self, action: Action) -> Result<(), Failure> {
        Ok(self.engine.check(&self.principal, action, Resource::Provider)?)
    }

    /// A member's view ends at the member's account: there, every other is hidden, whatever is asked for.
    pub fn sees(&self, account: &AccountId) -> Result<(), Failure> {
        match &self.principal {
            Principal::Member { account: own, .. } if own != account.as_str() => Err(Failure::not_found()),
            Principal::Member { .. } | Principal::Person { .. } => Ok(()),
        }
    }

    /// Shows a thing that is at a version. Its tag is the version and a digest of what is shown, since some of it is
    /// observed or looked up beside the version; a reader who has just that at hand is told so.
    pub fn show(&self, version: u64, view: &impl Serialize) -> Result<Response, Failure> {
        let json = serde_json::to_vec(view)
            .map_err(|e| EngineError::Defect { what: "a view".into(), detail: e.to_string() })?;
        let digest: String = hex::encode(Sha256::digest(&json)).chars().take(DIGEST).collect();
        let tag = format!("\"{version}.{digest}\"");
        let headers = [(header::CONTENT_TYPE, "application/json".to_owned())];
        Ok(self.tagged(&tag, || (headers, json).into_response()))
    }

    /// An answer under a tag, or that the caller has it.
    pub fn tagged(&self, tag: &str, answer: impl FnOnce() -> Response) -> Response {
        let mut response =
            if self.at_hand.has(tag) { StatusCode::NOT_MODIFIED.into_response() } else { answer() };
        if let Ok(tag) = HeaderValue::from_str(tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }

    /// Whether what a gag covers is kept from the caller: from members, and from other systems, which hold no role but
    /// `enforcer` and learn what they are to withhold and nothing of why.
    pub fn is_kept_out(&self) -> bool {
        match &self.principal {
            Principal::Member { .. } => true,
            Principal::Person { roles, .. } => roles.iter().all(|role| *role == Role::Enforcer),
        }
    }

    /// Whether the caller is a member of an account.
    pub fn is_member(&self) -> bool {
        matches!(self.principal, Principal::Member { .. })
    }
}

/// The token that a request speaks with.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Failure> {
    headers
        .get(name)
        .map(|v| v.to_str().map_err(|_| Failure::parameter(name, "use visible ASCII characters")))
        .transpose()
}

impl FromRequestParts<App> for Call {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let bounds = parts.extensions.get::<Arc<Bounds>>().cloned();
        let headers = &parts.headers;
        let token = bearer(headers);
        let mut principal = token.and_then(|token| app.engine.authenticate(token));
        if principal.is_none() {
            if let Some(bounds) = &bounds {
                bounds.stranger(parts.extensions.get::<Peer>().copied())?;
            }
            if let Some(token) = token {
                principal = app.engine.authenticate_anew(token).await?;
            }
        }
        let Some(principal) = principal else { return Err(Failure::unauthenticated()) };
        if let Some(bounds) = &bounds {
            bounds.principal(&principal)?;
        }
        if let Some(noted) = parts.extensions.get::<telemetry::Principal>() {
            noted.is(&principal);
        }
        let key = text(headers, "idempotency-key")?.map(str::to_owned);
        let fits =
            |k: &String| (1..=limits::KEY).contains(&k.len()) && k.bytes().all(|b| b.is_ascii_graphic());
        if key.as_ref().is_some_and(|k| !fits(k)) {
            return Err(Failure::parameter(
                "Idempotency-Key",
                format!("use 1 to {} visible ASCII characters, without blanks", limits::KEY),
            ));
        }
        let if_match = match text(headers, header::IF_MATCH.as_str())? {
            None => None,
            Some(tag) => Some(version_of(tag).ok_or_else(|| {
                Failure::parameter("If-Match", "send one entity tag as it was received, such as \"12\"")
            })?),
        };
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let (mut if_none, mut at_hand) = (false, AtHand::default());
        match text(headers, header::IF_NONE_MATCH.as_str())? {
            None => {}
            Some(tags) if reads => at_hand = AtHand::read(tags)?,
            Some("*") if if_match.is_none() => if_none = true,
            Some("*") => return Err(Failure::parameter("If-None-Match", "send it or If-Match, not both")),
            Some(_) => return Err(Failure::parameter("If-None-Match", "only * is understood here")),
        }
        let target = format!("{} {}", parts.method, parts.uri.path());
        Ok(Self { engine: app.engine.clone(), principal, key, if_match, if_none, at_hand, target })
    }
}

/// The entity tags that a reader has at hand (RFC 9110, section 13.1.2).
#[derive(Debug, Default)]
enum AtHand {
    #[default]
    Nothing,
    Anything,
    Tags(Vec<String>),
}

impl AtHand {
    fn read(text: &str) -> Result<Self, Failure> {
        if text == "*" {
            return Ok(Self::Anything);
        }
        let unfit = || Failure::parameter("If-None-Match", "send entity tags as they were received, or *");
        let tags: Option<Vec<String>> = text.split(',').map(|tag| opaque(tag.trim())).collect();
        tags.map(Self::Tags).ok_or_else(unfit)
    }

    fn has(&self, tag: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Anything => true,
            Self::Tags(tags) => opaque(tag).is_some_and(|tag| tags.contains(&tag)),
        }
    }
}

/// What is between the quotes; whether the tag is weak makes no difference to a reader.
fn opaque(tag: &str) -> Option<String> {
    let tag = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
    (!tag.is_empty() && tag.bytes().all(|b| b.is_ascii_graphic() && b != b'"')).then(|| tag.to_owned())
}

/// A writer's tag: the version, and perhaps the digest that a read put behind it, which no write depends on.
fn version_of(tag: &str) -> Option<u64> {
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    let (version, digest) = tag.split_once('.').unwrap_or((tag, ""));
    let read = digest.is_empty() && !tag.ends_with('.')
        || digest.len() == DIGEST && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (read && version.bytes().all(|b| b.is_ascii_digit())).then(|| version.parse().ok())?
}

/// How many hexadecimal digits of a representation's digest its tag bears.
const DIGEST: usize = 16;

/// The `ETag` of a version.
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

async fn bytes(request: Request, limit: usize) -> Result<Vec<u8>, Failure> {
    let time =
        request.extensions().get::<Arc<Bounds>>().map_or(Limits::default().body_time, |b| b.limits.body_time);
    tokio::time::timeout(time, all_bytes(request, limit)).await.unwrap_or_else(|_| {
        Err(Problem::new("too-slow", "The body came too slowly", 408)
            .detail(format!("It has to be there within {} s.", time.as_secs_f32()))
            .into())
    })
}

async fn all_bytes(request: Request, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut body = request.into_body();
    let mut taken = Vec::new();
    let mut surplus = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            Problem::new("incomplete", "The body ended early", 400).detail("Send the whole body.")
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if surplus == 0 && data.len() <= limit - taken.len() {
            taken.extend_from_slice(&data);
            continue;
        }
        // Heard out for a while, the client comes to read the answer; cut off at once, it would see a broken connection.
        taken = Vec::new();
        surplus += data.len();
        if surplus > limits::HEARD_OUT {
            break;
        }
    }
    if surplus > 0 {
        return Err(Problem::new("too-large", "The body is too large", 413)
            .detail(format!("At most {limit} bytes."))
            .into());
    }
    Ok(taken)
}

fn media_type(request: &Request) -> String {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A JSON body, with the hash of its bytes.
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
}

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        Self::read(request, limits::JSON_BODY).await
    }
}

/// A JSON body that holds files or secrets, and so may be larger.
pub struct Contents<T>(pub Body<T>);

impl<T: DeserializeOwned> FromRequest<App> for Contents<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        Body::read(request, limits::CONTENTS_BODY).await.map(Self)
    }
}

impl<T: DeserializeOwned> Body<T> {
    async fn read(request: Request, limit: usize) -> Result<Self, Failure> {
        if media_type(&request) != "application/json" {
            return Err(Problem::new("media-type", "Not JSON", 415)
                .detail("Send `Content-Type: application/json`.")
                .into());
        }
        let bytes = bytes(request, limit).await?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let parsed: Result<T, _> = serde_path_to_error::deserialize(&mut reader);
        let value = parsed.map_err(|error| unreadable(&error, &bytes))?;
        reader.end().map_err(|error| {
            Failure::from(Problem::new("malformed", "The body is not JSON", 400).fault("", error.to_string()))
        })?;
        Ok(Self { value, hash: hex::encode(Sha256::digest(&bytes)) })
    }
}

/// JSON that says something else than was asked for is told apart from what is no JSON.
fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>, bytes: &[u8]) -> Failure {
    use serde_path_to_error::Segment;
    let inner = error.inner();
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    };
    let pointer: String = error.path().iter().map(step).collect();
    if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
        // The reader of a choice calls any other kind of value a fault of the syntax.
        let detail = if inner.is_data() {
            // The pointer says where.
            let at = format!(" at line {} column {}", inner.line(), inner.column());
            let told = inner.to_string();
            told.strip_suffix(&at).unwrap_or(&told).to_owned()
        } else {
            "another kind of value is expected here".to_owned()
        };
        return Failure::invalid(pointer, detail);
    }
    Problem::new("malformed", "The body is not JSON", 400).fault(pointer, inner.to_string()).into()
}

/// A text document, such as YAML.
pub struct Document(pub String);

impl FromRequest<App> for Document {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        if !matches!(media_type(&request).as_str(), "application/yaml" | "text/yaml" | "application/x-yaml") {
            return Err(Problem::new("media-type", "Not YAML", 415)
                .detail("Send `Content-Type: application/yaml`.")
                .into());
        }
        let bytes = bytes(request, limits::DOCUMENT_BODY).await?;
        String::from_utf8(bytes).map(Self).map_err(|error| {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = good.split(|b| *b == b'\n').count();
            Problem::new("malformed", "The document is not text", 400)
                .fault(format!("line {line}"), "not UTF-8: save the file in that encoding")
                .into()
        })
    }
}

/// Bytes of any type.
pub struct Upload {
    /// Their media type.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl FromRequest<App> for Upload {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let media_type = media_type(&request);
        if !is_media_type(&media_type) {
            return Err(Problem::new("media-type", "No media type", 415)
                .detail("Send the evidence's own media type as `Content-Type`.")
                .into());
        }
        let announced = digest::announced(request.headers())?;
        let bytes = bytes(request, limits::EVIDENCE_BODY).await?;
        if bytes.is_empty() {
            return Err(Problem::new("invalid-request", "The body is empty", 422)
                .detail("Send the evidence's bytes.")
                .into());
        }
        announced.check(&bytes)?;
        Ok(Self { media_type, bytes })
    }
}

/// A query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let query = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        query.map(Self).map_err(|error| {
            let at = match error.path().to_string() {
                path if path == "." || path == "?" => "query".to_owned(),
                name => name,
            };
            Failure::parameter(&at, error.inner().to_string())
        })
    }
}

/// The parameters in the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        // A name that cannot be a name names nothing: the same answer as for one that does not exist.
        let path = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        path.map(|p| Self(p.0)).map_err(|_| Failure::not_found())
    }
}
