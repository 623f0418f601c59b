//! What terms may say besides powers, and what holds them to the regulations that they name.

use tenure_domain::document::DocumentError;
use tenure_domain::terms::Terms;

const TODAY: &str = include_str!("../../../../deploy/terms/hyperscaler-today.yaml");
const EU: &str = include_str!("../../../../deploy/terms/eu-provider.yaml");
const OF_2020: &str = include_str!("../../../../deploy/terms/hyperscaler-2020.yaml");
const CLOUD: &str = include_str!("../../../../deploy/terms/cloud-agreement-2020-04.yaml");

fn faults(text: &str, from: &str, to: &str) -> Vec<DocumentError> {
    assert!(text.contains(from), "{from:?} must be there");
    let changed = text.replacen(from, to, 1);
    Terms::parse(&changed).expect_err(&changed).into_iter().collect()
}

/// Exactly one fault, on the line on which `to` stands, about this field, with these words.
#[track_caller]
fn one_fault(text: &str, from: &str, to: &str, field: &str, words: &str) {
    let found = faults(text, from, to);
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{shown:#?}");
    assert_eq!(found[0].field, field, "{shown:#?}");
    assert!(found[0].message.contains(words), "{shown:#?}");
    assert!(found[0].line > 0, "{shown:#?}");
}

#[test]
fn documents_of_before_read_as_before() {
    let (terms, reference) = Terms::parse(CLOUD).unwrap();
    assert_eq!(reference.hash, "b2f128782ab8076da1ca3acc1b2423bd44501fe99828054ef3bf6113ea53a490");
    assert_eq!((terms.changes, terms.switching), (None, None));
    assert!(terms.regulations.is_empty() && terms.floors.retrieval_except.is_empty());
    assert!(terms.powers.iter().all(|p| p.after.is_none() && p.exception.is_none()));
    // Nor does what they are shown as have anything new in it.
    let json = serde_json::to_string(&terms).unwrap();
    for field in ["changes", "switching", "regulations", "retrievalExcept", "after\"", "exception"] {
        assert!(!json.contains(field), "{field}: {json}");
    }
}

#[test]
fn how_terms_change_and_how_an_account_leaves_is_read_strictly() {
    one_fault(TODAY, "changes: {notice: P30D}", "changes: {}", "changes.notice", "missing");
    one_fault(TODAY, "changes: {notice: P30D}", "changes:", "changes", "empty");
    one_fault(TODAY, "changes: {notice: P30D}", "changes: {notice: \"\"}", "changes.notice", "blank");
    one_fault(
        TODAY,
        "changes: {notice: P30D}",
        "changes: {period: P1D, notice: P1D}",
        "changes.period",
        "unknown",
    );
    one_fault(TODAY, "transition: P30D", "transition: P0D", "switching.transition", "longer than zero");
    one_fault(TODAY, ", transition: P30D", "", "switching.transition", "missing");
    one_fault(TODAY, "[\"2022/2065\", ", "[\"2016/679\", ", "regulations[0]", "none of 2019/1150");
    one_fault(TODAY, "[\"2022/2065\", \"2023/2854\"]", "[]", "regulations", "at least one");
}

#[test]
fn a_power_that_presupposes_a_measure_needs_one_that_can_come_first() {
    one_fault(TODAY, "after: suspend", "after: terminate", "powers[7].after", "less than terminate");
    one_fault(TODAY, "after: suspend", "after: warn", "powers[7].after", "withholds something");
    one_fault(TODAY, "after: suspend", "after: freeze", "powers[7].after", "no power here permits freeze");
    one_fault(
        OF_2020,
        "emergency: {ratifyWithin: PT24H, noticeWithin: PT1H}",
        "emergency: {ratifyWithin: PT24H, noticeWithin: PT1H}\n    after: freeze",
        "powers[1].after",
        "comes first",
    );
    one_fault(
        OF_2020,
        "grounds: [incitement, malware, process_failure]\n    after",
        "grounds: [incitement, material_breach]\n    after",
        "powers[6].after",
        "on the ground material_breach",
    );
}

#[test]
fn the_floor_of_retrieval_is_excepted_for_terminations_that_exist_and_never_to_zero() {
    one_fault(
        OF_2020,
        "[\"7.2(b)(i)\", ",
        "[\"7.2(b)(iii)\", \"7.2(b)(i)\", ",
        "floors.retrievalExcept",
        "no power here",
    );
    one_fault(
        OF_2020,
        "[\"7.2(b)(i)\", ",
        "[\"6.1\", \"7.2(b)(i)\", ",
        "floors.retrievalExcept",
        "permits terminate",
    );
    one_fault(OF_2020, "[\"7.2(b)(i)\", ", "[", "powers[5].retrieval", "floor");
    one_fault(OF_2020, "retrieval: P3D", "retrieval: PT0S", "powers[5].retrieval", "longer than zero");
}

#[test]
fn what_a_document_names_it_is_held_to() {
    one_fault(
        EU,
        "notice: P30D\n    cure: P30D",
        "notice: P29D\n    cure: P30D",
        "powers[6].notice",
        "Article 4(2)",
    );
    one_fault(EU, "    exception: repeated_infringement\n", "", "powers[7].notice", "Article 4(4)");
    one_fault(
        EU,
        "exception: repeated_infringement",
        "exception: haste",
        "powers[7].exception",
        "none of legal_duty",
    );
    one_fault(EU, "changes: {notice: P30D}", "changes: {notice: P14D}", "changes.notice", "Article 3(2)");
    one_fault(EU, "switching: {notice: P2M, transition: P30D}\n", "", "switching", "Article 25");
    one_fault(EU, "{notice: P2M,", "{notice: P3M,", "switching.notice", "Article 25(2)(d)");
    // Two months can be as short as 59 days.
    one_fault(EU, "{notice: P2M,", "{notice: P60D,", "switching.notice", "longer than the two months");
    one_fault(EU, "transition: P30D", "transition: P31D", "switching.transition", "Article 25(2)(a)");
    one_fault(EU, "appealWindow: P6M", "appealWindow: P150D", "floors.appealWindow", "Article 20(1)");
    one_fault(
        EU,
        "floors: {retrieval: P30D",
        "floors: {retrieval: P29D",
        "floors.retrieval",
        "Article 25(2)(g)",
    );
    let excepted =
        EU.replace("retrieval: P30D\nfloors: {", "retrieval: P7D\nfloors: {retrievalExcept: [\"14(2)\"], ");
    one_fault(&excepted, "approvals: 3", "approvals: 3", "floors.retrievalExcept", "leave it out here");
    // What it does not name it may promise otherwise.
    let unnamed = EU.replace("regulations: [\"2019/1150\", \"2022/2065\", \"2023/2854\"]\n", "");
    Terms::parse(&unnamed.replace("notice: P30D\n    cure: P30D", "notice: P1D\n    cure: P1D")).unwrap();
}

#[test]
fn an_exception_is_for_terminations_only() {
    one_fault(
        EU,
        "podGrace: PT60S",
        "podGrace: PT60S\n    exception: legal_duty",
        "powers[4].exception",
        "only a power that permits terminate",
    );
}
