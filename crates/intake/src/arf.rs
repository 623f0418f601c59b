//! ARF mail ([RFC 5965]): a `multipart/report` of type `feedback-report` with three parts: a text for people, the
//! fields for machines, and the message that is complained about, or its header.
//!
//! Where the thing is: the first `Reported-URI`, else the id of the message complained about, else the `Source-IP`. A
//! report within another mail is not looked for: forward it as it is.
//!
//! [RFC 5965]: https://www.rfc-editor.org/rfc/rfc5965

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use mail_parser::{Address, Message};
use tenure_domain::name::Format;

use crate::mime::{Entity, fields};
use crate::{BYTES_MAX, Fault, LOCATOR_MAX, Received, Refused, clipped};

/// Of the text for people, so many characters.
const TEXT_MAX: usize = 10_000;

/// Of a field, so many characters.
const FIELD_MAX: usize = 500;

/// The most fields of one name that are told.
const REPEATED_MAX: usize = 10;

/// The versions of the format: the standard's, and the draft's that large senders never left.
const VERSIONS: [&str; 2] = ["1", "0.1"];

/// The fields that go into the statement, in this order, where they are there.
const TOLD: [&str; 9] = [
    "Feedback-Type",
    "Reported-URI",
    "Reported-Domain",
    "Source-IP",
    "Original-Mail-From",
    "Arrival-Date",
    "Reporting-MTA",
    "Incidents",
    "User-Agent",
];

/// The fields of the second part, by their names.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = name.to_ascii_lowercase();
        self.0.iter().filter(move |(n, v)| *n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// A field that has to be there once.
    fn one(&self, name: &str, faults: &mut Vec<Fault>) -> Option<&str> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            (None, _) => {
                faults.push(Fault::new(name, "this field is missing in the part message/feedback-report"));
                None
            }
            (Some(_), Some(_)) => {
                faults
                    .push(Fault::new(name, "this field may stand once in the part message/feedback-report"));
                None
            }
        }
    }
}

/// Reads a report, or tells every fault.
pub fn read(bytes: &[u8]) -> Result<Received, Refused> {
    if bytes.len() > BYTES_MAX {
        return Err(Refused::at("", format!("at most {BYTES_MAX} bytes")));
    }
    let mail = Entity::read(bytes)
        .filter(|mail| !mail.header().headers().is_empty())
        .ok_or_else(|| Refused::Malformed(Fault::new("", "no mail: it has no header (RFC 5322)")))?;
    let report_type = mail.parameter("report-type").unwrap_or_default();
    if mail.media_type() != "multipart/report" || !report_type.eq_ignore_ascii_case("feedback-report") {
        return Err(Refused::at(
            "Content-Type",
            "send the report itself: a multipart/report with report-type=feedback-report (RFC 5965)",
        ));
    }
    let parts = mail.parts().map_err(|broken| Refused::at("Content-Type", broken.to_string()))?;
    let mut faults = Vec::new();
    let part = |n: usize| parts.get(n).and_then(|bytes| Entity::read(bytes));
    let (text, report, original) = (part(0), part(1), part(2));
    if text.as_ref().is_none_or(|part| part.media_type() != "text/plain") {
        faults.push(Fault::new("part 1", "missing: a text for people, of type text/plain"));
    }
    let report = report.filter(|part| part.media_type() == "message/feedback-report");
    if report.is_none() {
        faults.push(Fault::new("part 2", "missing: the fields, of type message/feedback-report"));
    }
    let original = original.filter(|part| {
        matches!(
            part.media_type().as_str(),
            "message/rfc822" | "message/global" | "text/rfc822-headers" | "message/rfc822-headers"
        )
    });
    if original.is_none() {
        faults.push(Fault::new(
            "part 3",
            "missing: the message complained about, of type message/rfc822, or its header, of type text/rfc822-headers",
        ));
    }
    let (Some(text), Some(report), Some(original), true) = (text, report, original, faults.is_empty()) else {
        return Err(Refused::Invalid(faults));
    };
    let decoded = |part: &Entity<'_>, name: &str, faults: &mut Vec<Fault>| {
        let bytes = part.decoded();
        if bytes.is_none() {
            faults.push(Fault::new(name, "its Content-Transfer-Encoding is not one that it is in"));
        }
        bytes.unwrap_or_default()
    };
    let text = decoded(&text, "part 1", &mut faults);
    let report = decoded(&report, "part 2", &mut faults);
    let original = decoded(&original, "part 3", &mut faults);
    let report = Fields(fields(&String::from_utf8_lossy(&report)));
    let format = feedback_type(&report, &mut faults);
    let version = report.one("Version", &mut faults);
    if version.is_some_and(|v| !VERSIONS.contains(&v)) {
        faults.push(Fault::new("Version", format!("known are {}", VERSIONS.join(" and "))));
    }
    report.one("User-Agent", &mut faults);
    let original = Entity::read(&original);
    let original = original.as_ref().map(Entity::header);
    let locator = locator(&report, original, &mut faults);
    match (format, locator, faults.is_empty()) {
        (Some(format), Some(locator), true) => Ok(Received {
            format,
            locator,
            statement: statement(&String::from_utf8_lossy(&text), &report, original),
            observed_at: ["Arrival-Date", "Received-Date"].iter().find_map(|name| moment(&report, name)),
            contact: mail
                .header()
                .from()
                .and_then(Address::first)
                .and_then(|a| a.address())
                .map(|a| clipped(a, FIELD_MAX)),
            reference: mail.header().message_id().map(|id| clipped(id, FIELD_MAX)),
            evidence: Vec::new(),
        }),
        _ => Err(Refused::Invalid(faults)),
    }
}

fn feedback_type(report: &Fields, faults: &mut Vec<Fault>) -> Option<Format> {
    let named = report.one("Feedback-Type", faults)?;
    let format = format!("arf:{}", named.to_ascii_lowercase()).parse().ok();
    if format.is_none() {
        faults.push(Fault::new("Feedback-Type", "no feedback type: send a word such as abuse"));
    }
    format
}

fn locator(report: &Fields, original: Option<&Message<'_>>, faults: &mut Vec<Fault>) -> Option<String> {
    let id = original.and_then(Message::message_id).map(str::trim).filter(|id| !id.is_empty());
    let place = report
        .all("Reported-URI")
        .next()
        .map(str::to_owned)
        // RFC 2392: a message by its id.
        .or_else(|| id.map(|id| format!("mid:{id}")))
        .or_else(|| report.all("Source-IP").next().map(str::to_owned));
    let Some(place) = place else {
        faults.push(Fault::new(
            "Reported-URI",
            "nothing says what is complained about: send this field, the original's Message-ID, or Source-IP",
        ));
        return None;
    };
    if place.contains('\0') || place.chars().count() > LOCATOR_MAX {
        faults.push(Fault::new(
            "Reported-URI",
            format!("say where in 1 to {LOCATOR_MAX} characters, without NUL"),
        ));
        return None;
    }
    Some(place)
}

/// A date that does not read is left out: mailers write them in many ways, and the mail itself is kept.
fn moment(report: &Fields, name: &str) -> Option<Timestamp> {
    let text = report.all(name).next()?;
    rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()
}

fn statement(text: &str, report: &Fields, original: Option<&Message<'_>>) -> String {
    let mut lines = Vec::new();
    let text = clipped(text, TEXT_MAX);
    if !text.is_empty() {
        lines.push(text);
    }
    for name in TOLD {
        for value in report.all(name).take(REPEATED_MAX) {
            lines.push(format!("{name}: {}", clipped(value, FIELD_MAX)));
        }
    }
    if let Some(subject) = original.and_then(Message::subject) {
        lines.push(format!("Subject: {}", clipped(subject, FIELD_MAX)));
    }
    lines.join("\n")
}
