//! What holds for every operation of a kind, written into the document once: the forms of names, the headers, and every
//! status that can be answered. `docs/api.md` says the same in words.

use std::collections::BTreeMap;

use tenure_wire::schema::{Clause, GroundCode, Slug, Text};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{Components, ContentBuilder, ObjectBuilder, Ref, RefOr, Required, Schema, Type};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::limits;

/// The writes whose answer is not kept: a secret is shown once, and time moves on.
const NOT_ONCE: [&str; 4] = ["issueToken", "issueKubeconfig", "setClock", "makeWebhookSecret"];

/// The writes that compare no version: there is nothing that could have changed in between.
const NO_VERSION: [&str; 9] = [
    "issueToken",
    "issueKubeconfig",
    "setClock",
    "uploadEvidence",
    "fileReport",
    "fileXarfReport",
    "fileArfReport",
    "pingWebhook",
    "redeliverMessage",
];

/// The writes that are done only by those who say what they saw.
const UPDATES: [&str; 6] =
    ["putWorkload", "removeWorkload", "changeEnvironment", "setPlan", "putWebhook", "removeWebhook"];

/// The writes that nothing in the state can refuse.
const NOT_REFUSED: [&str; 6] =
    ["pingWebhook", "issueToken", "revokeToken", "setClock", "uploadEvidence", "publishRule"];

/// The reads of one thing that has a version.
const VERSIONED: [&str; 25] = [
    "getAccount",
    "getPlan",
    "getQuotaRequest",
    "getHostname",
    "getTermsNotice",
    "getInvoice",
    "getStanding",
    "getEnvironment",
    "getWorkload",
    "getMember",
    "getPerson",
    "getWebhook",
    "getReport",
    "getCase",
    "getNotice",
    "getStatement",
    "getLetter",
    "getTransparency",
    "getMeasure",
    "previewMeasure",
    "getParity",
    "getAppeal",
    "getOrder",
    "getHold",
    "getEvidence",
];

/// The operations that name an account or another thing in the query or the body, and not in the path.
const NAMES_A_THING: [&str; 9] = [
    "listCases",
    "listReports",
    "listEvents",
    "fileReport",
    "fileXarfReport",
    "fileArfReport",
    "openCase",
    "recordOrder",
    "placeHold",
];

/// The form of a hostname.
const HOSTNAME: &str = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$";

/// A status, the name of its response, and when it is answered.
type Told = (u16, &'static str, &'static str);

const PROBLEMS: [Told; 15] = [
    (
        400,
        "BadRequest",
        "A parameter or header is not valid, or the body cannot be read. `faults` names the place.",
    ),
    (401, "Unauthenticated", "There is no token, or it speaks for nobody."),
    (403, "Forbidden", "None of the caller's roles may do this."),
    (
        404,
        "NotFound",
        "There is nothing here that the caller can see: it does not exist, or it is another account's.",
    ),
    (408, "TooSlow", "The body did not come in time."),
    (
        409,
        "Refused",
        "A guard is not met: `guards` lists every one with what would meet it. Nothing was done.",
    ),
    (412, "Stale", "It changed since the version in `If-Match`, or it exists against `If-None-Match: *`."),
    (413, "TooLarge", "The body is too large."),
    (415, "MediaType", "The body is of another media type than this operation takes."),
    (
        422,
        "Invalid",
        "The body is not valid, or its idempotency key was sent with another request. `faults` names the place.",
    ),
    (428, "PreconditionRequired", "Neither `If-Match` nor `If-None-Match` says what the caller saw."),
    (429, "RateLimited", "Asked too often. `Retry-After` says in how many seconds to ask again."),
    (431, "HeadersTooLarge", "The header is too large."),
    (500, "Defect", "A defect of the server. It is in its log under the request's id."),
    (
        503,
        "Unavailable",
        "Not now: too many requests, a stop, the store, or the time that a request may take. Ask again after `Retry-After` seconds, a write with the same idempotency key.",
    ),
];

/// What an operation is like, as far as conventions go.
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own about an operation")]
struct Kind<'a> {
    id: &'a str,
    reads: bool,
    public: bool,
    named: bool,
    body: bool,
}

impl Kind<'_> {
    fn once(&self) -> bool {
        !self.reads && !NOT_ONCE.contains(&self.id)
    }

    fn compares(&self) -> bool {
        !self.reads && !NO_VERSION.contains(&self.id)
    }

    fn is_answered(&self, status: u16) -> bool {
        match status {
            401 | 403 => !self.public,
            404 => self.named || NAMES_A_THING.contains(&self.id) || self.id == "getCheckpoint",
            408 | 413 | 415 => self.body,
            409 => !self.reads && !NOT_REFUSED.contains(&self.id),
            412 => self.compares(),
            422 => !self.reads,
            428 => UPDATES.contains(&self.id),
            _ => true,
        }
    }
}

/// Completes an operation's parameters and responses.
pub fn complete(method: &str, operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let parameters = operation.parameters.get_or_insert_default();
    for parameter in parameters.iter_mut() {
        if let RefOr::T(parameter) = parameter {
            describe(parameter);
        }
    }
    let in_path = |p: &RefOr<Parameter>| matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Path);
    let kind = Kind {
        id: &id,
        reads: method == "GET",
        public: operation.security.is_some(),
        named: parameters.iter().any(in_path),
        body: operation.request_body.is_some(),
    };
    let mut takes = |name: &str, description: &str, schema: ObjectBuilder| {
        if !parameters.iter().any(|p| matches!(p, RefOr::T(p) if p.name == name)) {
            let header = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header);
            let header = header.required(Required::False).description(Some(description)).schema(Some(schema));
            parameters.push(header.build().into());
        }
    };
    let text = || ObjectBuilder::new().schema_type(Type::String);
    if kind.once() {
        let key = text().min_length(Some(1)).max_length(Some(limits::KEY)).pattern(Some("^[!-~]+$"));
        takes(
            "Idempotency-Key",
            "Sent again with the same key, the request is answered as the first time and done once. The same key with another request is a 422.",
            key,
        );
    }
    if kind.compares() {
        let tag = text().pattern(Some(r#"^"[0-9]{1,18}(\.[0-9a-f]{16})?"$"#)).examples([r#""12""#]);
        takes("If-Match", "The `ETag` that was read: done only if nothing changed since.", tag);
    }
    if matches!(kind.id, "putWorkload" | "putWebhook" | "setPerson" | "setMember" | "setSecret") {
        takes("If-None-Match", "`*`: done only if it does not exist.", text().enum_values(Some(["*"])));
    }
    if VERSIONED.contains(&kind.id) {
        let tag = text()
            .pattern(Some(r#"^(\*|(W/)?"[!#-+--~]+"(, ?(W/)?"[!#-+--~]+")*)$"#))
            .examples([r#""12.9f86d081884c7d65""#]);
        takes("If-None-Match", "The `ETag` that is at hand: a 304 without a body where it is still so.", tag);
    }
    let responses = &mut operation.responses.responses;
    // A handler says that it can end in a problem; here each is told by its status.
    responses.remove("default");
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response {
            succeed(&kind, status, response);
        }
    }
    for (status, name, _) in PROBLEMS.iter().filter(|(status, ..)| kind.is_answered(*status)) {
        responses.insert(status.to_string(), Ref::from_response_name(*name).into());
    }
    if VERSIONED.contains(&kind.id) {
        let same = ResponseBuilder::new().description("It is still as the `ETag` in `If-None-Match` says.");
        let mut same = same.build();
        same.headers.extend([request_id(), etag()]);
        responses.insert("304".to_owned(), same.into());
    }
}

/// The description and the headers of an answer that is no problem.
fn succeed(kind: &Kind<'_>, status: &str, response: &mut Response) {
    if response.description.is_empty() {
        let told = match (kind.reads, status) {
            (true, _) => "What there is.",
            (false, "201") => "It was made.",
            (false, _) => "It was done, or nothing had to change.",
        };
        told.clone_into(&mut response.description);
    }
    response.headers.extend([request_id()]);
    let keeps = kind.once();
    if VERSIONED.contains(&kind.id) || keeps {
        response.headers.extend([etag()]);
    }
    if keeps {
        let replayed =
            header("`true` where this was done before and the answer is the first one.", text_in(["true"]));
        response.headers.insert("Idempotency-Replayed".to_owned(), replayed);
    }
    if status == "201" {
        response.headers.insert(
            "Location".to_owned(),
            header("Where it is.", ObjectBuilder::new().schema_type(Type::String)),
        );
    }
}

fn text_in<const N: usize>(values: [&str; N]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values))
}

fn header(description: &str, schema: ObjectBuilder) -> RefOr<Header> {
    let schema: RefOr<Schema> = schema.into();
    HeaderBuilder::new().description(Some(description)).schema(Some(schema)).build().into()
}

fn request_id() -> (String, RefOr<Header>) {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(limits::REQUEST_ID));
    ("X-Request-Id".to_owned(), header("The request's id: the one that was sent, or a new one.", schema))
}

fn etag() -> (String, RefOr<Header>) {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r#"^"[!#-~]+"$"#));
    (
        "ETag".to_owned(),
        header("What it is at: for `If-Match` on a write and `If-None-Match` on a read.", schema),
    )
}

/// The problems, as responses to refer to.
pub fn problems() -> BTreeMap<String, RefOr<Response>> {
    let each = PROBLEMS.iter().map(|(status, name, when)| {
        let schema = Ref::from_schema_name("Problem");
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new().description(*when).content("application/problem+json", content);
        let mut response = response.build();
        response.headers.extend([request_id()]);
        if matches!(status, 429 | 503) {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
            response
                .headers
                .insert("Retry-After".to_owned(), header("In how many seconds to ask again.", seconds));
        }
        if *status == 401 {
            let scheme =
                header("The scheme to authenticate with.", ObjectBuilder::new().schema_type(Type::String));
            response.headers.insert("WWW-Authenticate".to_owned(), scheme);
        }
        ((*name).to_owned(), response.into())
    });
    each.collect()
}

/// The forms of names that the schemas refer to.
pub fn names(components: &mut Components) {
    for (name, schema) in [
        (Slug::name(), Slug::schema()),
        (Clause::name(), Clause::schema()),
        (GroundCode::name(), GroundCode::schema()),
        (Text::name(), Text::schema()),
    ] {
        components.schemas.entry(name.into_owned()).or_insert(schema);
    }
}

/// The form of a parameter, by its name.
fn describe(parameter: &mut Parameter) {
    if !matches!(parameter.parameter_in, ParameterIn::Path | ParameterIn::Query) {
        return;
    }
    let text = |pattern: &str, most: usize, example: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).min_length(Some(1));
        text.max_length(Some(most)).examples([example]).build().into()
    };
    let numbered = |letter: &str, example: &str| {
        text(&format!("^[a-z0-9](-?[a-z0-9]){{0,27}}\\.{letter}[1-9][0-9]{{0,8}}$"), 39, example)
    };
    let slug = |example: &str| text("^[a-z0-9](-?[a-z0-9])*$", 28, example);
    let (description, schema): (&str, RefOr<Schema>) = match parameter.name.as_str() {
        "account" => ("The account's slug.", slug("parley")),
        "environment" => ("The environment's slug.", slug("web")),
        "workload" => ("The workload's slug.", slug("feed")),
        "secret" => ("The secret's slug.", slug("db")),
        "volume" => ("The volume's slug.", slug("data")),
        "snapshot" => ("The snapshot's id.", numbered("s", "parley.s1")),
        "hostname" => ("The hostname, in lower case.", text(HOSTNAME, 253, "www.parley.example")),
        "member" => ("The member's name.", slug("jules")),
        "person" => ("The person's name.", slug("ines")),
        "cluster" => ("The cluster's name.", slug("main")),
        "webhook" => ("The webhook endpoint's name.", slug("pay-hook")),
        "message" => {
            ("The message's id.", text("^msg_[0-9a-f]{32}$", 36, "msg_9f86d081884c7d659a2feaa0c55ad015"))
        }
        "item" => ("The name of what is asked, within its case.", slug("post-1")),
        "case" => ("The case's id.", numbered("c", "parley.c1")),
        "notice" => ("The notice's id.", numbered("n", "parley.n1")),
        "termsNotice" => ("The id of the notice of new terms.", numbered("t", "parley.t1")),
        "invoice" => ("The invoice's number.", text("^[A-Za-z0-9][A-Za-z0-9._-]*$", 64, "2021-0117")),
        "measure" => ("The measure's id.", numbered("m", "parley.m1")),
        "order" => ("The order's id.", numbered("o", "parley.o1")),
        "hold" => ("The hold's id.", numbered("h", "parley.h1")),
        "quotaRequest" => ("The request's id.", numbered("q", "parley.q1")),
        "appeal" => ("The appeal's id.", numbered("a", "parley.a1")),
        "report" => ("The report's id.", numbered("r", "parley.r1")),
        "id" => (
            "The SHA-256 of the bytes.",
            text(
                "^sha256:[0-9a-f]{64}$",
                71,
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
        ),
        "token" => (
            "The token's name, as it was given when it was issued.",
            text("^[0-9a-f]{16}$", 16, "9f86d081884c7d65"),
        ),
        "stream" => {
            ("A stream, such as `account/parley`.", text("^[a-z]+/[A-Za-z0-9./@_-]+$", 100, "account/parley"))
        }
        "path" => (
            "The rest of the tile's path.",
            text("^[0-9]+/(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]+)?$", 60, "0/000.p/1"),
        ),
        "n" => {
            let n =
                ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(1_000_000_000));
            ("The event's number in its stream, from 1.", n.examples([1]).build().into())
        }
        "pageToken" => {
            let token = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]*$"));
            (
                "Where to go on: the `nextPageToken` of the page before.",
                token.max_length(Some(200)).build().into(),
            )
        }
        "older" => {
            let older =
                ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(1_000_000_000));
            ("The size of the older log.", older.examples([1]).build().into())
        }
        _ => return,
    };
    parameter.schema = Some(schema);
    if parameter.description.is_none() {
        parameter.description = Some(description.to_owned());
    }
}
