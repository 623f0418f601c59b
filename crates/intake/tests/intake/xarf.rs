use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tenure_intake::{Received, Refused, xarf};

use crate::places;

/// A report of a category and type with what these ask for.
fn report(category: &str, kind: &str, more: Value) -> Value {
    let mut report = json!({
        "xarf_version": "4.2.0",
        "report_id": "0b1f6a4e-7f0d-4c7e-9c53-3a1d6a6d7c11",
        "timestamp": "2021-01-08T19:20:00Z",
        "reporter": {"org": "Hearth Watch", "contact": "desk@hearthwatch.example", "domain": "hearthwatch.example"},
        "sender": {"org": "Relay Desk", "contact": "out@relay.example", "domain": "relay.example"},
        "source_identifier": "192.0.2.17",
        "category": category,
        "type": kind,
    });
    let Value::Object(more) = more else { panic!("an object") };
    report.as_object_mut().unwrap().extend(more);
    report
}

fn phishing() -> Value {
    report("content", "phishing", json!({"url": "https://parley.example/login"}))
}

fn read(report: &Value) -> Result<Received, Refused> {
    xarf::read(report.to_string().as_bytes())
}

fn piece(bytes: &[u8]) -> Value {
    json!({"content_type": "text/plain; charset=utf-8", "payload": STANDARD.encode(bytes)})
}

#[test]
fn a_report_of_each_category_is_read_with_its_place() {
    let table = [
        (
            "messaging",
            "spam",
            json!({"protocol": "smtp", "smtp_from": "deals@parley.example", "source_port": 25, "message_id": "<77@parley.example>", "subject": "Last chance"}),
            "mid:77@parley.example",
        ),
        ("messaging", "bulk_messaging", json!({"protocol": "sms", "recipient_count": 4000}), "192.0.2.17"),
        (
            "connection",
            "ddos",
            json!({"protocol": "udp", "first_seen": "2021-01-08T19:00:00Z", "source_port": 53}),
            "192.0.2.17",
        ),
        (
            "connection",
            "port_scan",
            json!({"protocol": "tcp", "first_seen": "2021-01-08T19:00:00Z", "source_port": 40112}),
            "192.0.2.17",
        ),
        (
            "content",
            "phishing",
            json!({"url": "https://parley.example/login"}),
            "https://parley.example/login",
        ),
        (
            "content",
            "malware",
            json!({"url": "http://cdn.parley.example/a.exe"}),
            "http://cdn.parley.example/a.exe",
        ),
        (
            "copyright",
            "copyright",
            json!({"infringing_url": "https://parley.example/film"}),
            "https://parley.example/film",
        ),
        ("vulnerability", "open_service", json!({"service": "memcached"}), "192.0.2.17"),
        (
            "infrastructure",
            "compromised_server",
            json!({"compromise_method": "stolen_credentials"}),
            "192.0.2.17",
        ),
        ("reputation", "blocklist", json!({"threat_type": "spam_source"}), "192.0.2.17"),
    ];
    for (category, kind, more, place) in table {
        let received =
            read(&report(category, kind, more)).unwrap_or_else(|e| panic!("{category}/{kind}: {e:?}"));
        assert_eq!(received.format.as_str(), format!("xarf:{category}/{kind}"));
        assert_eq!(received.locator, place, "{category}/{kind}");
        assert!(received.statement.contains(kind), "{}", received.statement);
        assert_eq!(received.observed_at, Some("2021-01-08T19:20:00Z".parse().unwrap()));
        let contact = "Hearth Watch <desk@hearthwatch.example>, sent by Relay Desk <out@relay.example>";
        assert_eq!(received.contact.as_deref(), Some(contact));
        assert_eq!(received.reference.as_deref(), Some("0b1f6a4e-7f0d-4c7e-9c53-3a1d6a6d7c11"));
        assert!(received.evidence.is_empty());
    }
}

/// The schemas come with examples of their own. Some payloads in them are cut off with dots, some tags
/// are none, and some lack what the schema asks for since.
#[test]
fn the_examples_of_the_published_schemas_are_read() {
    let mut read_all = 0;
    for (category, kind) in ::xarf::schemas::registry().known_combinations() {
        let schema = ::xarf::schemas::registry().type_schema(category, kind).unwrap();
        for example in schema["examples"].as_array().into_iter().flatten() {
            let mut example = example.clone();
            for surplus in ["evidence", "tags"] {
                example.as_object_mut().unwrap().remove(surplus);
            }
            for (field, value) in
                [("first_seen", json!("2021-01-08T19:00:00Z")), ("source_port", json!(4_000))]
            {
                if example.get(field).is_none() {
                    example[field] = value;
                }
            }
            match read(&example) {
                Ok(received) => assert_eq!(received.format.as_str(), format!("xarf:{category}/{kind}")),
                Err(refused) => panic!("{category}/{kind}: {refused:?}"),
            }
            read_all += 1;
        }
    }
    assert!(read_all >= 20, "only {read_all} examples");
}

#[test]
fn evidence_is_decoded_and_its_hashes_are_checked() {
    let page = b"<title>Sign in</title>";
    let mut item = piece(page);
    item["size"] = json!(page.len());
    item["hash"] = json!(format!("sha256:{}", hex::encode_upper(Sha256::digest(page))));
    let mut md5 = piece(b"");
    md5["payload"] = json!(STANDARD.encode(b"abc"));
    md5["hash"] = json!("md5:900150983cd24fb0d6963f7d28e17f72");
    let mut with = phishing();
    with["evidence"] = json!([item, md5]);
    let received = read(&with).unwrap();
    assert_eq!(received.evidence.len(), 2);
    assert_eq!(
        (received.evidence[0].media_type.as_str(), received.evidence[0].bytes.as_slice()),
        ("text/plain", &page[..])
    );
}

#[test]
fn every_kind_of_fault_is_told_where_it_is() {
    /// Changes a report of phishing with a piece of evidence.
    type Change = fn(&mut Value);
    let table: [(&str, Change, &str, &str); 24] = [
        ("another version", |r| r["xarf_version"] = json!("3.0.0"), "/xarf_version", "does not match"),
        (
            "no version",
            |r| drop(r.as_object_mut().unwrap().remove("xarf_version")),
            "",
            "\"xarf_version\" is a required property",
        ),
        ("no url", |r| drop(r.as_object_mut().unwrap().remove("url")), "", "\"url\" is a required property"),
        (
            "no contact",
            |r| drop(r["reporter"].as_object_mut().unwrap().remove("contact")),
            "/reporter",
            "\"contact\" is a required",
        ),
        ("no mail address", |r| r["sender"]["contact"] = json!("nobody"), "/sender/contact", "email"),
        ("a field too many", |r| r["reporter"]["fax"] = json!("1"), "/reporter", "fax"),
        ("no id", |r| r["report_id"] = json!("7"), "/report_id", "uuid"),
        ("no moment", |r| r["timestamp"] = json!("yesterday"), "/timestamp", "date-time"),
        ("a number for a text", |r| r["source_identifier"] = json!(7), "/source_identifier", "string"),
        (
            "no source",
            |r| {
                r["source_identifier"] = json!(" ");
                r["url"] = json!("mid:1");
            },
            "",
            "",
        ),
        ("unsure", |r| r["confidence"] = json!(1.5), "/confidence", "maximum"),
        ("an unknown type", |r| r["type"] = json!("incitement"), "/type", "POST /v1/reports"),
        ("a type of another category", |r| r["type"] = json!("spam"), "/type", "brand_infringement, csam"),
        ("an unknown category", |r| r["category"] = json!("violence"), "/category", "POST /v1/reports"),
        ("no type", |r| drop(r.as_object_mut().unwrap().remove("type")), "", "\"type\" is a required"),
        ("no base64", |r| r["evidence"][0]["payload"] = json!("a post"), "/evidence/0/payload", "base64"),
        (
            "base64 without padding",
            |r| r["evidence"][0]["payload"] = json!("YQ"),
            "/evidence/0/payload",
            "base64",
        ),
        ("nothing sent", |r| r["evidence"][0]["payload"] = json!(""), "/evidence/0/payload", "1 to"),
        (
            "another hash",
            |r| r["evidence"][0]["hash"] = json!(format!("sha256:{}", "0".repeat(64))),
            "/evidence/0/hash",
            "another hash",
        ),
        (
            "a hash cut short",
            |r| r["evidence"][0]["hash"] = json!("sha1:00"),
            "/evidence/0/hash",
            "another hash",
        ),
        (
            "an unknown hash",
            |r| r["evidence"][0]["hash"] = json!("crc32:00"),
            "/evidence/0/hash",
            "does not match",
        ),
        ("another size", |r| r["evidence"][0]["size"] = json!(3), "/evidence/0/size", "announced"),
        (
            "no media type",
            |r| r["evidence"][0]["content_type"] = json!("a text"),
            "/evidence/0/content_type",
            "media type",
        ),
        ("no list", |r| r["evidence"] = json!({}), "/evidence", "array"),
    ];
    for (what, change, at, words) in table {
        let mut broken = phishing();
        broken["evidence"] = json!([piece(b"a post")]);
        change(&mut broken);
        if words.is_empty() {
            // The place of content is its URL, whatever its source says.
            read(&broken).unwrap();
            continue;
        }
        let refused = read(&broken).expect_err(what);
        let Refused::Invalid(faults) = &refused else { panic!("{what}: {refused:?}") };
        assert_eq!(places(&refused), [at], "{what}: {refused:?}");
        assert!(faults.iter().any(|f| f.detail.contains(words)), "{what}: {refused:?}");
    }
}

#[test]
fn all_faults_are_told_at_once_and_no_more_than_can_be_read() {
    let mut broken = phishing();
    broken["report_id"] = json!("7");
    broken["reporter"] = json!({});
    broken["url"] = json!("no url");
    let refused = read(&broken).unwrap_err();
    for at in ["/report_id", "/reporter", "/url"] {
        assert!(places(&refused).contains(&at.to_owned()), "{refused:?}");
    }
    broken["evidence"] = json!(vec![json!({}); 2_000]);
    let Refused::Invalid(faults) = read(&broken).unwrap_err() else { panic!() };
    assert_eq!(faults.len(), tenure_intake::FAULTS_MAX);
}

#[test]
fn what_is_no_json_too_deep_too_much_or_has_nul_is_refused() {
    for text in ["", "{", "nul", "{'a': 1}", "{} {}", "\u{feff}{}"] {
        assert!(matches!(xarf::read(text.as_bytes()), Err(Refused::Malformed(_))), "{text:?}");
    }
    assert!(matches!(xarf::read(b"\xff\xfe"), Err(Refused::Malformed(_))));
    let deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));
    let mut within = phishing().to_string();
    within.insert_str(1, &format!("\"x\": {deep}, "));
    assert!(places(&xarf::read(within.as_bytes()).unwrap_err())[0].starts_with("/x/0/0"));
    for endless in ["[".repeat(1_000_000), "{\"a\":".repeat(1_000_000)] {
        xarf::read(endless.as_bytes()).unwrap_err();
    }
    let mut many = phishing();
    many["x"] = json!(vec![0; 10_001]);
    let refused = read(&many).unwrap_err();
    assert!(places(&refused)[0].starts_with("/x/9"), "{refused:?}");
    let mut nul = phishing();
    nul["description"] = json!("a\0b");
    assert_eq!(places(&read(&nul).unwrap_err()), ["/description"]);
    let twice = phishing().to_string().replacen('{', "{\"url\": \"https://other.example\", ", 1);
    let refused = xarf::read(twice.as_bytes()).unwrap_err();
    assert!(format!("{refused:?}").contains("duplicate field `url`"), "{refused:?}");
    assert_eq!(places(&xarf::read(b"[]").unwrap_err()), [""]);
    let large = vec![b' '; tenure_intake::BYTES_MAX + 1];
    assert_eq!(places(&xarf::read(&large).unwrap_err()), [""]);
    let mut large = phishing();
    large["evidence"] = json!([piece(&vec![7; xarf::PIECE_MAX + 1])]);
    assert_eq!(places(&read(&large).unwrap_err()), ["/evidence/0/payload"]);
    let v3 = json!({"Version": "3", "ReporterInfo": {}, "Report": {}});
    assert_eq!(places(&read(&v3).unwrap_err()), ["/xarf_version"]);
}

#[test]
fn what_is_internal_is_not_used() {
    let mut with = phishing();
    with["_internal"] = json!({"analyst": "ines"});
    assert!(!format!("{:?}", read(&with).unwrap()).contains("ines"));
}

/// Any JSON, with names that XARF knows among its own.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "[a-z_]{0,12}",
        Just("url".to_owned()),
        Just("evidence".to_owned()),
        Just("category".to_owned()),
        Just("payload".to_owned())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(xarf::read(&bytes));
    }

    #[test]
    fn any_field_may_be_anything(field in "[a-z_]{1,12}|url|evidence|reporter|timestamp|tags|source_identifier|source_port|description", value in any_json()) {
        let mut report = phishing();
        report[&field] = value;
        if let Ok(received) = read(&report) {
            prop_assert!(!received.locator.is_empty() && !received.statement.contains('\0'));
        }
    }
}
