//! What the server itself asks of others: the messages to webhook endpoints, in the document's section for them.

use tenure_domain::webhook::MessageKind;
use tenure_wire::webhook::{MessageData, WebhookAnswer, WebhookMessage};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{
    Components, ContentBuilder, ObjectBuilder, PathItem, Paths, PathsBuilder, Ref, Required, ResponseBuilder,
    Type,
};
use utoipa::{PartialSchema as _, ToSchema};

/// The headers of a message.
const HEADERS: [(&str, &str); 3] = [
    (
        "webhook-id",
        "The message's id, the same however often it is sent: what was handled under it is not handled again.",
    ),
    (
        "webhook-timestamp",
        "When it is sent, in seconds since 1970, by the machine's clock: refuse what is minutes old.",
    ),
    (
        "webhook-signature",
        "For each signing key `v1,` and base64 of the HMAC-SHA-256 of `ID.TIMESTAMP.BODY`, separated by blanks; one that is right is enough.",
    ),
];

fn what(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::StandingChanged => "What an account can do changed: read its standing.",
        MessageKind::MeasureApplied => "A measure takes effect: withhold its capabilities, then acknowledge.",
        MessageKind::MeasureLifted => {
            "A measure gives back what it withheld: give it back, then acknowledge."
        }
        MessageKind::NoticeIssued => "A notice was issued.",
        MessageKind::Ping => "Somebody tries the endpoint.",
    }
}

/// The messages, each as an operation of the receiver.
pub fn described() -> Paths {
    let kinds = MessageKind::ALL.into_iter().chain([MessageKind::Ping]);
    kinds.fold(PathsBuilder::new(), |paths, kind| paths.path(kind.as_str(), item(kind))).build()
}

fn item(kind: MessageKind) -> PathItem {
    let content = |name: &str| ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
    let body = RequestBodyBuilder::new()
        .content("application/json", content("WebhookMessage"))
        .required(Some(Required::True))
        .build();
    let taken = ResponseBuilder::new()
        .description("It has the message; where it says so, all of `acknowledge` is done too.")
        .content("application/json", content("WebhookAnswer"))
        .build();
    let other = ResponseBuilder::new()
        .description("Any other 2xx: it has the message. Everything else: it is sent again.")
        .build();
    let operation = HEADERS.iter().fold(OperationBuilder::new(), |operation, (name, description)| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let header = ParameterBuilder::new().name(*name).parameter_in(ParameterIn::Header);
        let header = header.required(Required::True).description(Some(*description)).schema(Some(text));
        operation.parameter(header)
    });
    let operation = operation
        .operation_id(Some(format!("on.{kind}")))
        .tag("webhooks")
        .summary(Some(what(kind)))
        .request_body(Some(body))
        .response("200", taken)
        .response("default", other);
    PathItem::new(HttpMethod::Post, operation)
}

/// The forms of messages and answers.
pub fn schemas(components: &mut Components) {
    for (name, schema) in [
        (WebhookMessage::name(), WebhookMessage::schema()),
        (MessageData::name(), MessageData::schema()),
        (WebhookAnswer::name(), WebhookAnswer::schema()),
    ] {
        components.schemas.entry(name.into_owned()).or_insert(schema);
    }
}
