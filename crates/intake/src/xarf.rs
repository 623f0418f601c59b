//! XARF v4: a JSON document that keeps to the published schemas at <https://xarf.org>.
//!
//! Where the thing is: `url` for content, `infringing_url` for copyright, the `message_id` for messaging, and else the
//! `source_identifier`. Evidence is decoded and compared with the sizes and hashes that it comes with; URLs in a report
//! are not fetched. `_internal` is never used.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use tenure_domain::name::Format;
use xarf::schemas::{SchemaRegistry, registry};
use xarf::{EvidenceOptions, HashAlgorithm, create_evidence_with_options};

use crate::{
    BYTES_MAX, FAULTS_MAX, Fault, LOCATOR_MAX, Piece, Received, Refused, clipped, is_media_type, json,
};

/// The largest piece of evidence in a report, decoded: what XARF allows.
pub const PIECE_MAX: usize = 5 * 1024 * 1024;

/// Of a field that goes into the statement, so many characters.
const FIELD_MAX: usize = 500;

/// The fields that go into the statement beside the description, in this order, where they are there.
const TOLD: [&str; 13] = [
    "source_identifier",
    "source_port",
    "evidence_source",
    "confidence",
    "subject",
    "smtp_from",
    "target_brand",
    "work_title",
    "rights_holder",
    "service",
    "cve_id",
    "first_seen",
    "tags",
];

/// Reads a report, or tells every fault.
pub fn read(bytes: &[u8]) -> Result<Received, Refused> {
    if bytes.len() > BYTES_MAX {
        return Err(Refused::at("", format!("at most {BYTES_MAX} bytes")));
    }
    let report = json::read(bytes)?;
    known(&report)?;
    keeps_to_schema(&report)?;
    let mut faults = Vec::new();
    let observed_at = observed(&report, &mut faults);
    let locator = locator(&report, &mut faults);
    let evidence = evidence(&report, &mut faults);
    let format = format!("xarf:{}/{}", text(&report, "category"), text(&report, "type")).parse::<Format>();
    match (observed_at, locator, format, faults.is_empty()) {
        (Some(observed_at), Some(locator), Ok(format), true) => Ok(Received {
            statement: statement(&report),
            contact: Some(contact(&report)),
            reference: Some(text(&report, "report_id").to_lowercase()),
            format,
            locator,
            observed_at: Some(observed_at),
            evidence,
        }),
        (_, _, Err(error), _) => Err(Refused::at("/type", error.to_string())),
        _ => {
            faults.truncate(FAULTS_MAX);
            Err(Refused::Invalid(faults))
        }
    }
}

fn text<'a>(report: &'a Value, field: &str) -> &'a str {
    report.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A category or type that XARF does not have can be judged by no schema, so it is told by itself.
fn known(report: &Value) -> Result<(), Refused> {
    const ELSEWHERE: &str = "for any other ground bring the report in by Tenure's own form, POST /v1/reports";
    if report.get("xarf_version").is_none()
        && (report.get("ReporterInfo").is_some() || report.get("Report").is_some())
    {
        return Err(Refused::at("/xarf_version", "this reads like XARF 3: send the report as XARF 4"));
    }
    let (Some(category), Some(kind)) =
        (report.get("category").and_then(Value::as_str), report.get("type").and_then(Value::as_str))
    else {
        // What is missing or no text is for the schema to tell.
        return Ok(());
    };
    let all: Vec<(&str, &str)> = registry().known_combinations().collect();
    if all.contains(&(category, kind)) {
        return Ok(());
    }
    let types: Vec<&str> = all.iter().filter(|(c, _)| *c == category).map(|(_, t)| *t).collect();
    if types.is_empty() {
        let categories: BTreeSet<&str> = all.iter().map(|(c, _)| *c).collect();
        let categories: Vec<&str> = categories.into_iter().collect();
        let detail = format!(
            "XARF 4 has no category {:?}; it has {}; {ELSEWHERE}",
            clipped(category, 64),
            categories.join(", ")
        );
        return Err(Refused::at("/category", detail));
    }
    let detail = format!(
        "XARF 4 has no type {:?} in {category}; it has {}; {ELSEWHERE}",
        clipped(kind, 64),
        types.join(", ")
    );
    Err(Refused::at("/type", detail))
}

fn keeps_to_schema(report: &Value) -> Result<(), Refused> {
    let schema = SchemaRegistry::master_validator(registry(), false)
        .map_err(|error| Refused::at("", format!("the published schema does not read: {error}")))?;
    let mut told = BTreeSet::new();
    let mut faults = Vec::new();
    for error in schema.iter_errors(report) {
        // Masked: the detail does not repeat what was sent.
        let fault = Fault::new(error.instance_path().as_str(), error.masked().to_string());
        if told.insert((fault.at.clone(), fault.detail.clone())) {
            faults.push(fault);
        }
        if faults.len() == FAULTS_MAX {
            break;
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refused::Invalid(faults)) }
}

fn observed(report: &Value, faults: &mut Vec<Fault>) -> Option<Timestamp> {
    let moment = text(report, "timestamp").parse().ok();
    if moment.is_none() {
        faults.push(Fault::new(
            "/timestamp",
            "no moment that can be kept: send one such as 2021-02-08T19:00:00Z",
        ));
    }
    moment
}

fn locator(report: &Value, faults: &mut Vec<Fault>) -> Option<String> {
    let field = match text(report, "category") {
        "content" => "url",
        "copyright" => "infringing_url",
        "messaging" => "message_id",
        _ => "source_identifier",
    };
    let field = if text(report, field).trim().is_empty() { "source_identifier" } else { field };
    let place = text(report, field).trim();
    if place.is_empty() || place.chars().count() > LOCATOR_MAX {
        faults.push(Fault::new(format!("/{field}"), format!("say where in 1 to {LOCATOR_MAX} characters")));
        return None;
    }
    Some(match field {
        // RFC 2392: a message by its id.
        "message_id" => format!("mid:{}", place.trim_start_matches('<').trim_end_matches('>')),
        _ => place.to_owned(),
    })
}

fn evidence(report: &Value, faults: &mut Vec<Fault>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (n, item) in report.get("evidence").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let mut fault =
            |field: &str, detail: String| faults.push(Fault::new(format!("/evidence/{n}/{field}"), detail));
        let media_type = text(item, "content_type").split(';').next().unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        if !is_media_type(&media_type) {
            fault("content_type", "no media type: send one such as text/plain".into());
        }
        let Ok(bytes) = STANDARD.decode(text(item, "payload")) else {
            fault("payload", "no base64 (RFC 4648, section 4, with padding and without line breaks)".into());
            continue;
        };
        if bytes.is_empty() || bytes.len() > PIECE_MAX {
            fault("payload", format!("send 1 to {PIECE_MAX} bytes"));
            continue;
        }
        if let Some(size) = item.get("size").and_then(Value::as_u64)
            && size != bytes.len() as u64
        {
            fault("size", format!("{size} bytes are announced and {} were sent", bytes.len()));
        }
        if let Some(hash) = item.get("hash").and_then(Value::as_str)
            && !hashes_to(&bytes, hash)
        {
            fault(
                "hash",
                "the payload has another hash: it was changed on the way, or the hash is of something else"
                    .into(),
            );
        }
        pieces.push(Piece { media_type, bytes });
    }
    pieces
}

/// Whether bytes have a hash of the form `sha256:…`; the schema knows no other algorithms than these.
fn hashes_to(bytes: &[u8], hash: &str) -> bool {
    let algorithm = match hash.split_once(':') {
        Some(("md5", _)) => HashAlgorithm::Md5,
        Some(("sha1", _)) => HashAlgorithm::Sha1,
        Some(("sha256", _)) => HashAlgorithm::Sha256,
        Some(("sha512", _)) => HashAlgorithm::Sha512,
        _ => return false,
    };
    let options = EvidenceOptions { hash_algorithm: algorithm, ..EvidenceOptions::default() };
    let computed = create_evidence_with_options("", bytes, options).hash;
    computed.is_some_and(|computed| computed.eq_ignore_ascii_case(hash))
}

fn statement(report: &Value) -> String {
    let mut lines = Vec::new();
    let description = clipped(text(report, "description"), FIELD_MAX * 2);
    if !description.is_empty() {
        lines.push(description);
    }
    lines.push(format!(
        "XARF {} {}/{}",
        clipped(text(report, "xarf_version"), 32),
        text(report, "category"),
        text(report, "type")
    ));
    for field in TOLD {
        let value = match report.get(field) {
            Some(Value::String(value)) => value.clone(),
            Some(Value::Number(value)) => value.to_string(),
            Some(Value::Array(values)) => {
                values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
            }
            _ => continue,
        };
        let value = clipped(&value, FIELD_MAX);
        if !value.is_empty() {
            lines.push(format!("{}: {value}", field.replace('_', " ")));
        }
    }
    lines.join("\n")
}

fn contact(report: &Value) -> String {
    let of = |role: &str| {
        let contact = report.get(role).cloned().unwrap_or_default();
        format!(
            "{} <{}>",
            clipped(text(&contact, "org"), FIELD_MAX),
            clipped(text(&contact, "contact"), FIELD_MAX)
        )
    };
    let (reporter, sender) = (of("reporter"), of("sender"));
    if reporter == sender { reporter } else { format!("{reporter}, sent by {sender}") }
}
