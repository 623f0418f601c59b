use proptest::prelude::*;

use super::*;
use crate::document::{BYTES_MAX, DocumentError, FAULTS_MAX};

#[test]
fn a_clause_is_printed_where_the_document_prints_it() {
    let (bare, _) = Terms::parse(EXAMPLE).unwrap();
    assert!(bare.powers.iter().all(|p| p.text.is_none()), "documents without it still read");
    let power = r#"{id: "6.1", permits"#;
    let text = EXAMPLE.replace(power, r#"{id: "6.1", text: " We may suspend for cause. ", permits"#);
    let (printed, _) = Terms::parse(&text).unwrap();
    let power_id = "6.1".parse().unwrap();
    assert_eq!(printed.power(&power_id).unwrap().text.as_deref(), Some("We may suspend for cause."));
    for blank in ["\"\"", "\"  \"", "7", "[a]"] {
        let text = EXAMPLE.replace(power, &format!(r#"{{id: "6.1", text: {blank}, permits"#));
        Terms::parse(&text).expect_err(blank);
    }
}

const EXAMPLE: &str = include_str!("../../../../deploy/terms/cloud-agreement-2020-04.yaml");

fn p(text: &str) -> Period {
    text.parse().unwrap()
}

/// The faults of the example in which `from`, found once, is replaced.
fn faults(from: &str, to: &str) -> Vec<DocumentError> {
    assert_eq!(EXAMPLE.matches(from).count(), 1, "{from:?} must be in the example once");
    let text = EXAMPLE.replace(from, to);
    Terms::parse(&text).expect_err(&text).into_iter().collect()
}

/// Asserts that the change gives exactly one fault, on this line and field, whose message contains the words.
#[track_caller]
fn one_fault(from: &str, to: &str, line: u32, field: &str, words: &str) {
    let faults = faults(from, to);
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 1, "{shown:#?}");
    assert_eq!((faults[0].line, faults[0].field.as_str()), (line, field), "{shown:#?}");
    assert!(faults[0].message.contains(words), "{shown:#?}");
}

#[test]
fn the_example_terms_read() {
    let (terms, reference) = Terms::parse(EXAMPLE).unwrap();
    assert_eq!(reference.to_string(), "cloud-agreement 2020-04");
    assert_eq!(reference.hash.len(), 64);
    assert_eq!(terms.calendar.time_zone, "America/Los_Angeles");
    assert_eq!((terms.calendar.business_days.len(), terms.calendar.holidays.len()), (5, 4));
    assert_eq!(terms.service.channels, [Channel::Email, Channel::Inbox].into());
    assert_eq!(terms.service.deemed_after, Some(p("PT72H")));
    assert_eq!(terms.floors.appeal_window, p("P6M"));

    let terminate = terms.power(&"7.2(b)(i)".parse().unwrap()).unwrap();
    assert_eq!(terminate.permits, Preset::Terminate);
    assert_eq!(terminate.scopes, [ScopeKind::Account].into());
    assert_eq!(terminate.retrieval, Some(p("P30D")));

    let suspend = terms.power(&"6.1".parse().unwrap()).unwrap();
    assert_eq!(suspend.process, Process::Noticed { notice: p("P14D"), cure: p("P30D"), approvals: 2 });
    assert_eq!(
        (suspend.pod_grace_seconds, suspend.constructive_termination_after),
        (Some(60), Some(p("P30D")))
    );

    let isolate = terms.power(&"svc-1.4".parse().unwrap()).unwrap();
    assert_eq!(isolate.process, Process::Noticed { notice: p("PT0S"), cure: p("2bd"), approvals: 1 });
    assert_eq!((isolate.pod_grace_seconds, isolate.retrieval), (None, None));

    let emergency = terms.power(&"6.1-emergency".parse().unwrap()).unwrap();
    assert_eq!(emergency.process, Process::Emergency { ratify_within: p("PT24H"), notice_within: p("PT1H") });
    assert!(terms.power(&"9.9".parse().unwrap()).is_none());
}

#[test]
fn every_byte_of_the_document_is_in_the_hash() {
    let (terms, one) = Terms::parse(EXAMPLE).unwrap();
    let (same_terms, other) = Terms::parse(&format!("{EXAMPLE}# a remark\n")).unwrap();
    assert_eq!(terms, same_terms);
    assert_ne!(one.hash, other.hash);
    let json = serde_json::to_string(&one).unwrap();
    assert_eq!(serde_json::from_str::<TermsRef>(&json).unwrap(), one);
    assert_eq!(one.hash, "b2f128782ab8076da1ca3acc1b2423bd44501fe99828054ef3bf6113ea53a490");
}

#[test]
fn service_may_never_be_deemed_but_not_at_once() {
    let (terms, _) = Terms::parse(&EXAMPLE.replace("deemedAfter: PT72H", "deemedAfter: never")).unwrap();
    assert_eq!(terms.service.deemed_after, None);
    one_fault("deemedAfter: PT72H", "deemedAfter: PT0S", 5, "service.deemedAfter", "every attempt");
    one_fault(", deemedAfter: PT72H", "", 5, "service.deemedAfter", "missing");
}

#[test]
fn a_missing_field_is_named() {
    one_fault("notice: P14D, ", "", 8, "powers[1].notice", "missing");
    one_fault("cure: 2bd, ", "", 9, "powers[2].cure", "missing");
    one_fault(", approvals: 1", "", 9, "powers[2].approvals", "missing");
    one_fault("grounds: [incitement, phishing], ", "", 9, "powers[2].grounds", "missing");
    one_fault("scopes: [workload, hostname], ", "", 9, "powers[2].scopes", "missing");
    one_fault("podGrace: PT60S, ", "", 8, "powers[1].podGrace", "missing");
    one_fault(
        ", constructiveTerminationAfter: P30D",
        "",
        8,
        "powers[1].constructiveTerminationAfter",
        "missing",
    );
    one_fault("approvals: 2, retrieval: P30D", "approvals: 2", 7, "powers[0].retrieval", "missing");
    one_fault("{ratifyWithin: PT24H, ", "{", 10, "powers[3].emergency.ratifyWithin", "missing");
    one_fault(", evidenceRetention: P180D", "", 11, "floors.evidenceRetention", "missing");
    one_fault(", coversUntil: \"2021-12-31\"", "", 4, "calendar.coversUntil", "missing");
    one_fault("kind: Terms\n", "", 1, "kind", "missing");
    one_fault("id: cloud-agreement\n", "", 1, "id", "missing");
}

#[test]
fn an_unknown_or_repeated_field_is_named() {
    one_fault("notice: P14D", "notise: P1D, notice: P14D", 8, "powers[1].notise", "unknown");
    one_fault("notice: P14D", "notice: P1D, notice: P14D", 8, "powers[1].notice", "twice");
    one_fault("kind: Terms", "kind: Terms\nkind: Terms", 2, "kind", "twice");
    one_fault("approvals: 1", "approvals: 1, podGrace: PT60S", 9, "powers[2].podGrace", "suspend");
    one_fault("approvals: 1", "approvals: 1, retrieval: P30D", 9, "powers[2].retrieval", "terminate");
}

#[test]
fn a_blank_or_null_field_is_named() {
    one_fault("notice: P14D", "notice: \"\"", 8, "powers[1].notice", "blank");
    one_fault("notice: P14D", "notice: \"  \"", 8, "powers[1].notice", "blank");
    one_fault("notice: P14D", "notice: null", 8, "powers[1].notice", "empty");
    one_fault("notice: P14D", "notice: ", 8, "powers[1].notice", "empty");
    one_fault("notice: P14D", "notice: ~", 8, "powers[1].notice", "empty");
    one_fault("id: cloud-agreement", "id:", 2, "id", "empty");
    one_fault("[incitement, phishing]", "[]", 9, "powers[2].grounds", "at least one");
    one_fault("channels: [email, inbox]", "channels: []", 5, "service.channels", "at least one");
}

#[test]
fn a_wrong_value_is_named_where_it_stands() {
    one_fault("kind: Terms", "kind: Rule", 1, "kind", "Terms");
    one_fault("\"2020-04\"", "2020", 3, "version", "quotes");
    one_fault("\"2020-04\"", "\"2020 04\"", 3, "version", "without spaces");
    one_fault("id: \"6.1\"", "id: 6.1", 8, "powers[1].id", "quotes");
    one_fault("America/Los_Angeles", "america/los_angeles", 4, "calendar.timeZone", "America/Los_Angeles");
    one_fault("America/Los_Angeles", "Etc/Nowhere", 4, "calendar.timeZone", "not a time zone");
    one_fault("thu, fri]", "thu, friday]", 4, "calendar.businessDays[4]", "weekday");
    one_fault("thu, fri]", "thu, thu]", 4, "calendar.businessDays[4]", "twice");
    one_fault("\"2021-01-18\"", "\"2021-02-30\"", 4, "calendar.holidays[3]", "date");
    one_fault("\"2021-01-18\"", "\"2021-1-18\"", 4, "calendar.holidays[3]", "date");
    one_fault("\"2021-01-18\"", "\"2022-01-17\"", 4, "calendar.holidays[3]", "coversUntil");
    one_fault("notice: P14D", "notice: 14", 8, "powers[1].notice", "quotes");
    one_fault("notice: P14D", "notice: P1M2D", 8, "powers[1].notice", "mixes");
    one_fault("notice: P14D", "notice: [P14D]", 8, "powers[1].notice", "a list");
    one_fault("approvals: 1", "approvals: 0", 9, "powers[2].approvals", "from 1 to 16");
    one_fault("approvals: 1", "approvals: 257", 9, "powers[2].approvals", "from 1 to 16");
    one_fault("approvals: 1", "approvals: 1.5", 9, "powers[2].approvals", "from 1 to 16");
    one_fault("[incitement, phishing]", "[incitement, Phishing]", 9, "powers[2].grounds[1]", "reason code");
    one_fault("[incitement, phishing]", "incitement", 9, "powers[2].grounds", "a list");
    one_fault("podGrace: PT60S", "podGrace: PT61M", 8, "powers[1].podGrace", "at most PT1H");
    one_fault("podGrace: PT60S", "podGrace: P1D", 8, "powers[1].podGrace", "exact time");
    one_fault("permits: suspend", "permits: banish", 8, "powers[1].permits", "none of warn");
    one_fault("appealDecision: P7D", "appealDecision: P0D", 11, "floors.appealDecision", "longer than zero");
    one_fault("id: \"6.1\"", "id: svc-1.4", 9, "powers[2]", "already on line 8");
}

#[test]
fn what_a_kind_of_power_may_not_do_is_refused() {
    one_fault("PT24H", "PT25H", 10, "powers[3].emergency.ratifyWithin", "at most PT24H");
    one_fault("PT24H", "P1D", 10, "powers[3].emergency.ratifyWithin", "exact time");
    one_fault("PT24H", "PT0S", 10, "powers[3].emergency.ratifyWithin", "no time");
    one_fault("PT1H}", "PT61M}", 10, "powers[3].emergency.noticeWithin", "at most PT1H");
    one_fault("emergency: {", "notice: PT0S, emergency: {", 10, "powers[3].notice", "either");
    one_fault("emergency: {", "approvals: 1, emergency: {", 10, "powers[3].approvals", "either");
    one_fault("[workload, environment]", "[workload, account]", 10, "powers[3].scopes[1]", "smallest scope");
    one_fault("[workload, hostname]", "[workload, site]", 9, "powers[2].scopes[1]", "none of account");
    one_fault("[account, environment]", "[account, hostname]", 8, "powers[1].scopes[1]", "hostname");
    one_fault(
        "permits: terminate,",
        "permits: terminate, scopes: [environment],",
        7,
        "powers[0].scopes[0]",
        "whole account",
    );
    one_fault(
        "approvals: 2, retrieval: P30D",
        "approvals: 2, retrieval: P29D",
        7,
        "powers[0].retrieval",
        "floor",
    );
    let found = faults("permits: isolate, scopes: [workload, environment]", "permits: terminate");
    assert!(
        found.iter().any(|fault| fault.field == "powers[3].permits" && fault.message.contains("provisional"))
    );
}

#[test]
fn several_faults_are_reported_at_once_in_the_order_of_lines() {
    let text = EXAMPLE.replace("PT72H", "soon").replace("cure: 2bd, ", "").replace("P180D", "P180");
    let errors = Terms::parse(&text).unwrap_err();
    let places: Vec<(u32, &str)> = errors.iter().map(|e| (e.line, e.field.as_str())).collect();
    assert_eq!(places, [(5, "service.deemedAfter"), (9, "powers[2].cure"), (11, "floors.evidenceRetention")]);
    assert!(errors.to_string().starts_with("line 5, service.deemedAfter: "), "{errors}");
    assert_eq!(errors.to_string().lines().count(), 3);
}

#[test]
fn what_is_no_single_plain_yaml_document_is_refused() {
    for (text, words) in [
        (String::new(), "empty"),
        ("# only a remark\n".to_owned(), ""),
        ("- kind: Terms\n".to_owned(), "a list"),
        ("Terms".to_owned(), "a text"),
        ("null".to_owned(), "null"),
        (format!("{EXAMPLE}---\n{EXAMPLE}"), "one document"),
        (EXAMPLE.replace("kind: Terms", "kind: &k Terms"), "without anchors"),
        (EXAMPLE.replace("kind: Terms", "kind: *k"), ""),
        (EXAMPLE.replace("kind: Terms", "kind: !secret Terms"), ""),
        (EXAMPLE.replace("kind: Terms", "<<: {kind: Terms}"), ""),
        (EXAMPLE.replace("kind: Terms", "kind: [Terms"), ""),
        (EXAMPLE.replace("kind: Terms", "[kind]: Terms"), ""),
        (format!("{EXAMPLE}{}", "#".repeat(BYTES_MAX)), "256 KiB"),
        (format!("kind: {}Terms{}", "[".repeat(40), "]".repeat(40)), ""),
        (format!("kind: {}", "{a: ".repeat(40)), ""),
    ] {
        let errors = Terms::parse(&text).expect_err(&text).to_string();
        assert!(errors.contains(words), "{:?}: {errors}", text.chars().take(80).collect::<String>());
    }
}

#[test]
fn a_flood_of_faults_is_cut_off() {
    let lines: Vec<String> = (0..1_000).map(|i| format!("field{i}: 1")).collect();
    assert_eq!(Terms::parse(&lines.join("\n")).unwrap_err().as_slice().len(), FAULTS_MAX);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = Terms::parse(&text);
    }

    #[test]
    fn no_damage_to_the_example_makes_the_reader_panic_or_lose_the_place(
        at in 0..EXAMPLE.len(), len in 0..40_usize, put in "[\\[\\]{}:,&*!#|>\"' \na-zP0-9-]{0,6}",
    ) {
        if let (Some(before), Some(after)) = (EXAMPLE.get(..at), EXAMPLE.get((at + len).min(EXAMPLE.len())..)) {
            let text = format!("{before}{put}{after}");
            if let Err(errors) = Terms::parse(&text) {
                prop_assert!(!errors.as_slice().is_empty());
                for error in &errors {
                    prop_assert!(error.line > 0 || error.field.is_empty(), "{error}");
                }
            }
        }
    }
}

#[test]
fn terms_may_say_what_published_formats_allege() {
    let grounds = "grounds: [{id: scam, reportedAs: [\"xarf:content/phishing\", \"arf:fraud\"]}, {id: spam, reportedAs: [\"arf:opt-out\"]}]\n";
    let (terms, _) = Terms::parse(&format!("{EXAMPLE}{grounds}")).unwrap();
    let reported: Vec<String> = terms.reported.iter().map(|(f, g)| format!("{f} {g}")).collect();
    assert_eq!(reported, ["arf:fraud scam", "arf:opt-out spam", "xarf:content/phishing scam"]);
    assert!(Terms::parse(EXAMPLE).unwrap().0.reported.is_empty());
    for (from, to, words) in [
        ("arf:opt-out", "arf:fraud", "arf:fraud is already a report of scam"),
        ("arf:opt-out", "ARF:abuse", "is not a format of reports"),
        ("arf:opt-out", "xarf:spam", "is not a format of reports"),
        ("id: spam", "id: Spam", "is not a reason code"),
        ("[\"arf:opt-out\"]", "[]", "at least one"),
        ("{id: spam, ", "{", "id"),
    ] {
        let text = format!("{EXAMPLE}{}", grounds.replace(from, to));
        let faults: Vec<String> =
            Terms::parse(&text).unwrap_err().into_iter().map(|f| f.to_string()).collect();
        assert!(faults.len() == 1 && faults[0].contains(words), "{from} {to}: {faults:?}");
    }
}

#[test]
fn an_appeal_stops_clocks_only_where_the_floors_say_so() {
    let text = include_str!("../../../../deploy/terms/cloud-agreement-2020-04.yaml");
    let read = |word: &str| {
        Terms::parse(&text.replace("appealDecision: P7D", &format!("appealDecision: P7D{word}")))
    };
    assert!(!read("").unwrap().0.floors.appeal_stops_clocks);
    assert!(!read(", appealStops: nothing").unwrap().0.floors.appeal_stops_clocks);
    assert!(read(", appealStops: clocks").unwrap().0.floors.appeal_stops_clocks);
    assert!(read(", appealStops: everything").is_err());
}
