use proptest::prelude::*;
use tenure_intake::{Refused, arf};

use crate::places;

/// A report as a feedback loop sends it.
const GOOD: &str = "\
From: Feedback Desk <loop@mailhost.example>\r
To: abuse@provider.example\r
Date: Fri, 8 Jan 2021 19:20:00 +0000\r
Subject: FW: Last chance\r
Message-ID: <loop-7@mailhost.example>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=feedback-report;\r
\tboundary=\"=_part 7\"\r
\r
This line is for readers that know no MIME.\r
--=_part 7\r
Content-Type: text/plain; charset=\"us-ascii\"\r
\r
A person at mailhost.example says that this mail was not asked for.\r
--=_part 7\r
Content-Type: message/feedback-report\r
\r
Feedback-Type: abuse\r
User-Agent: MailhostLoop/2.1\r
Version: 1\r
Original-Mail-From: <deals@parley.example>\r
Arrival-Date: Fri, 8 Jan 2021 18:59:00 +0000\r
Source-IP: 192.0.2.17\r
Reported-Domain: parley.example\r
Incidents: 3\r
\r
--=_part 7\r
Content-Type: message/rfc822\r
\r
From: Deals <deals@parley.example>\r
To: someone@mailhost.example\r
Message-ID: <77@parley.example>\r
Subject: Last chance\r
\r
Buy now.\r
--=_part 7--\r
";

/// The good report with one thing in it, found once, replaced.
fn with(from: &str, to: &str) -> String {
    assert_eq!(GOOD.matches(from).count(), 1, "{from:?} must be there once");
    GOOD.replace(from, to)
}

#[test]
fn a_report_of_a_feedback_loop_is_read() {
    let received = arf::read(GOOD.as_bytes()).unwrap();
    assert_eq!(received.format.as_str(), "arf:abuse");
    assert_eq!(received.locator, "mid:77@parley.example");
    assert_eq!(received.observed_at, Some("2021-01-08T18:59:00Z".parse().unwrap()));
    assert_eq!(received.contact.as_deref(), Some("loop@mailhost.example"));
    assert_eq!(received.reference.as_deref(), Some("loop-7@mailhost.example"));
    for said in ["not asked for", "Source-IP: 192.0.2.17", "Incidents: 3", "Subject: Last chance"] {
        assert!(received.statement.contains(said), "{}", received.statement);
    }
    assert_eq!(arf::read(GOOD.replace("\r\n", "\n").as_bytes()).unwrap().locator, received.locator);
}

#[test]
fn the_place_is_the_uri_or_the_message_or_its_source() {
    let uri = with(
        "Source-IP: 192.0.2.17",
        "Source-IP: 192.0.2.17\r\nReported-URI: https://parley.example/deal\r\nReported-URI: https://parley.example/2",
    );
    let received = arf::read(uri.as_bytes()).unwrap();
    assert_eq!(received.locator, "https://parley.example/deal");
    assert!(received.statement.contains("https://parley.example/2"));
    let no_id = with("Message-ID: <77@parley.example>\r\n", "");
    assert_eq!(arf::read(no_id.as_bytes()).unwrap().locator, "192.0.2.17");
    let nothing = no_id.replace("Source-IP: 192.0.2.17\r\n", "");
    assert_eq!(places(&arf::read(nothing.as_bytes()).unwrap_err()), ["Reported-URI"]);
}

#[test]
fn only_the_header_of_the_original_is_enough_and_parts_may_be_encoded() {
    let header = with("Content-Type: message/rfc822", "Content-Type: text/rfc822-headers")
        .replace("\r\nBuy now.\r\n", "");
    assert_eq!(arf::read(header.as_bytes()).unwrap().locator, "mid:77@parley.example");
    let encoded = with(
        "A person at mailhost.example says that this mail was not asked for.",
        "Keine=20Einwilligung=\r\n gegeben",
    )
    .replace("charset=\"us-ascii\"", "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable");
    assert!(arf::read(encoded.as_bytes()).unwrap().statement.starts_with("Keine Einwilligung gegeben"));
    let fields = "RmVlZGJhY2stVHlwZTogZnJhdWQNClVzZXItQWdlbnQ6IHgNClZlcnNpb246IDAuMQ0K";
    let start = GOOD.find("Feedback-Type").unwrap();
    let end = GOOD.find("\r\n\r\n--=_part 7\r\nContent-Type: message/rfc822").unwrap();
    let encoded = format!("{}{fields}{}", &GOOD[..start], &GOOD[end..]).replace(
        "message/feedback-report\r\n",
        "message/feedback-report\r\nContent-Transfer-Encoding: base64\r\n",
    );
    assert_eq!(arf::read(encoded.as_bytes()).unwrap().format.as_str(), "arf:fraud");
}

#[test]
fn every_fault_is_told_where_it_is() {
    let cut = &GOOD[..GOOD.len() - "--=_part 7--\r\n".len()];
    let from_second = GOOD.find("--=_part 7\r\nContent-Type: message/feedback-report").unwrap();
    let from_third = GOOD.find("--=_part 7\r\nContent-Type: message/rfc822").unwrap();
    let no_original = format!("{}--=_part 7--\r\n", &GOOD[..from_third]);
    let only_text = format!("{}--=_part 7--\r\n", &GOOD[..from_second]);
    let table: Vec<(&str, String, Vec<&str>)> = vec![
        (
            "another kind of report",
            with("report-type=feedback-report", "report-type=delivery-status"),
            vec!["Content-Type"],
        ),
        ("no kind of report", with("report-type=feedback-report;", ""), vec!["Content-Type"]),
        ("a plain mail", with("multipart/report", "text/plain"), vec!["Content-Type"]),
        ("no boundary", with("boundary=\"=_part 7\"", "x=y"), vec!["Content-Type"]),
        ("another boundary", with("boundary=\"=_part 7\"", "boundary=other"), vec!["Content-Type"]),
        ("a mail that was cut off", cut.to_owned(), vec!["Content-Type"]),
        (
            "a boundary too often",
            GOOD.replace("--=_part 7--", &"--=_part 7\r\n\r\n".repeat(20)),
            vec!["Content-Type"],
        ),
        ("no original", no_original, vec!["part 3"]),
        ("only a text", only_text, vec!["part 2", "part 3"]),
        (
            "no parts",
            format!("{}--=_part 7--\r\n", &GOOD[..GOOD.find("--=_part 7\r\n").unwrap()]),
            vec!["part 1", "part 2", "part 3"],
        ),
        ("no text for people", with("text/plain; charset=\"us-ascii\"", "text/html"), vec!["part 1"]),
        ("no fields", with("message/feedback-report", "message/delivery-status"), vec!["part 2"]),
        ("an original of another type", with("message/rfc822", "application/pdf"), vec!["part 3"]),
        ("no type", with("Feedback-Type: abuse\r\n", ""), vec!["Feedback-Type"]),
        ("an empty type", with("Feedback-Type: abuse", "Feedback-Type:"), vec!["Feedback-Type"]),
        ("a type that is no word", with("Feedback-Type: abuse", "Feedback-Type: a b"), vec!["Feedback-Type"]),
        (
            "two types",
            with("Feedback-Type: abuse", "Feedback-Type: abuse\r\nFeedback-Type: fraud"),
            vec!["Feedback-Type"],
        ),
        ("no version", with("Version: 1\r\nOri", "Ori"), vec!["Version"]),
        ("another version", with("Version: 1\r\nOri", "Version: 2\r\nOri"), vec!["Version"]),
        ("no program", with("User-Agent: MailhostLoop/2.1\r\n", ""), vec!["User-Agent"]),
        (
            "an unknown encoding",
            with(
                "Content-Type: message/rfc822",
                "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: uuencode",
            ),
            vec!["part 3"],
        ),
        (
            "a report within a mail",
            format!("From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\n{GOOD}"),
            vec!["Content-Type"],
        ),
        (
            "a report within a list's mail",
            format!(
                "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\nContent-Type: message/rfc822\r\n\r\n{GOOD}--z--\r\n"
            ),
            vec!["Content-Type"],
        ),
        ("too large", format!("{GOOD}{}", " ".repeat(tenure_intake::BYTES_MAX)), vec![""]),
    ];
    for (what, mail, at) in table {
        let refused = arf::read(mail.as_bytes()).expect_err(what);
        assert!(matches!(refused, Refused::Invalid(_)), "{what}: {refused:?}");
        assert_eq!(places(&refused), at, "{what}: {refused:?}");
    }
    for no_mail in [&b""[..], b"\r\n\r\n", b"hello", b"\0\0\0", b"\xff\xfe\xfd"] {
        assert!(arf::read(no_mail).is_err(), "{no_mail:?}");
    }
}

#[test]
fn fields_in_the_original_are_not_those_of_the_report() {
    let forged = with("Buy now.", "Feedback-Type: fraud\r\nReported-URI: https://victim.example/")
        .replace("Version: 1\r\nOri", "Ori");
    assert_eq!(places(&arf::read(forged.as_bytes()).unwrap_err()), ["Version"]);
}

/// A parser that descends would need as much stack as there are levels.
#[test]
fn no_nesting_is_too_deep() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(200_000);
    let deep = with("Buy now.", &nested);
    assert_eq!(arf::read(deep.as_bytes()).unwrap().locator, "mid:77@parley.example");
    let digests = "Content-Type: multipart/digest; boundary=q\r\n\r\n--q\r\n\r\n".repeat(100_000);
    arf::read(with("Buy now.", &digests).as_bytes()).unwrap();
    assert_eq!(places(&arf::read(nested.as_bytes()).unwrap_err()), ["Content-Type"]);
    arf::read("a: b\r\n".repeat(1_000_000).as_bytes()).unwrap_err();
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        drop(arf::read(&bytes));
    }

    #[test]
    fn a_report_that_was_damaged_is_read_or_refused(at in 0..GOOD.len(), removed in 0..200_usize, put in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut mail = GOOD.as_bytes().to_vec();
        let end = (at + removed).min(mail.len());
        mail.splice(at..end, put);
        if let Ok(received) = arf::read(&mail) {
            prop_assert!(!received.locator.is_empty() && !received.locator.contains('\0'));
            prop_assert!(!received.statement.contains('\0'));
        }
    }
}
