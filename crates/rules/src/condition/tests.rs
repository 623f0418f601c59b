use jiff::Timestamp;
use proptest::prelude::*;
use tenure_domain::calendar::{Calendar, Weekday};

use super::*;
use crate::facts::ReportFact;
use crate::verdict::FactUsed;

fn calendar() -> Calendar {
    Calendar {
        time_zone: "UTC".to_owned(),
        business_days: Weekday::ALL.into(),
        holidays: [].into(),
        covers_until: "2021-12-31".parse().unwrap(),
    }
}

/// The verdict on an account with three reports of phishing in the last day, none of them remedied.
fn verdict(text: &str) -> Verdict {
    let filed_at: Timestamp = "2021-01-28T22:00:00Z".parse().unwrap();
    let reports = vec![ReportFact { ground: "phishing".parse().unwrap(), filed_at, remediated_at: None }; 3];
    let now: Timestamp = "2021-01-29T20:00:00Z".parse().unwrap();
    let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    condition.evaluate(&Facts { now, calendar: &calendar(), reports: &reports })
}

fn holds(text: &str) -> bool {
    match verdict(text) {
        Verdict::Match(_) => true,
        Verdict::NoMatch(_) => false,
        Verdict::CannotDecide(why) => panic!("{text}: {why}"),
    }
}

#[track_caller]
fn undecided(text: &str, words: &str) {
    match verdict(text) {
        Verdict::CannotDecide(why) => assert!(why.contains(words), "{text}: {why}"),
        decided => panic!("{text}: {decided:?}"),
    }
}

#[test]
fn numbers_and_logic_work_as_in_cel() {
    for text in [
        "1 + 2 * 3 == 7",
        "(1 + 2) * 3 == 9",
        "7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1",
        "0.5 + 0.25 < 1.0",
        "!(1 > 2) || false",
        "1 < 2 ? 2 >= 2 : false",
        "-(3) < - -3",
        "true == !false && true != false",
        "reports('phishing', 'P1D').filed == 3",
        "reports(\"phishing\", \"PT1H\").filed == 0",
        "reports(\"phishing\", \"P7D\").trend > 5.9",
        "reports(\"phishing\", \"P7D\").remediatedWithin(\"PT1H\") == 0.0",
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn what_has_no_value_cannot_be_decided() {
    let share = "reports(\"spam\", \"P7D\").remediatedWithin(\"2bd\") < 0.5";
    undecided(share, "reports(\"spam\", \"P7D\").remediatedWithin(\"2bd\"): no report");
    undecided(&format!("!({share})"), "no report");
    undecided(&format!("true && {share}"), "no report");
    undecided(&format!("{share} && true"), "no report");
    undecided(&format!("{share} || false"), "no report");
    undecided(&format!("({share}) ? true : true"), "no report");
    undecided("9223372036854775807 + 1 > 0", "too large");
    undecided("1 / 0 == 1", "zero");
    undecided("1 % 0 == 1", "zero");
    undecided("1.0 / 0.0 > 1.0", "zero");
    undecided("1e308 * 10.0 > 1.0", "too large");
    undecided("-(-9223372036854775808) > 0", "too large");
}

#[test]
fn one_decisive_side_is_enough() {
    let share = "reports(\"spam\", \"P7D\").remediatedWithin(\"2bd\") < 0.5";
    assert!(!holds(&format!("false && {share}")));
    assert!(!holds(&format!("{share} && false")));
    assert!(holds(&format!("true || {share}")));
    assert!(holds(&format!("{share} || true")));
    assert!(holds(&format!("false ? {share} : true")));
}

#[test]
fn the_facts_that_were_read_are_on_the_record_once() {
    let text = "reports('phishing', 'P1W').filed > 1 && reports('phishing', 'P7D').filed < 9 && reports('phishing', 'P7D').trend > 0.0";
    let used = |name: &str, value: &str| FactUsed { name: name.to_owned(), value: value.to_owned() };
    assert_eq!(
        verdict(text),
        Verdict::Match(vec![
            used("reports(\"phishing\", \"P7D\").filed", "3"),
            used("reports(\"phishing\", \"P7D\").trend", "6.0"),
        ])
    );
    assert_eq!(
        verdict("reports('spam', 'P7D').filed > 0 && reports('phishing', 'P7D').trend > 0.0"),
        Verdict::NoMatch(vec![used("reports(\"spam\", \"P7D\").filed", "0")])
    );
}

#[test]
fn what_is_not_declared_is_refused_when_it_is_read() {
    let mut wrong = Vec::new();
    for (text, words, near) in [
        ("plan >= 50", "\"plan\" is not declared", "plan"),
        ("true && accounts.filed > 1", "facts read like", "accounts"),
        ("size(1) > 0", "\"size\" is not declared", "(1)"),
        ("reports(\"phishing\", \"P7D\").count > 1", "\"count\" is not declared", ".count"),
        ("reports(\"phishing\", \"P7D\") == 1", "no value of its own", "("),
        ("reports(\"phishing\", \"P7D\").filed.filed > 1", "facts read like", ".filed"),
        ("reports(\"phishing\").filed > 1", "a ground and a window", "("),
        ("reports(\"phishing\", 7).filed > 1", "text in quotes", "7"),
        ("reports(\"phishing\", \"7 days\").filed > 1", "not a period", "\"7 days\""),
        ("reports(\"phishing\", \"P1M\").filed > 1", "not a window", "\"P1M\""),
        ("reports(\"Phishing\", \"P7D\").filed > 1", "reason code", "\"Phishing\""),
        ("reports(\"phish\" + \"ing\", \"P7D\").filed > 1", "text in quotes", "+"),
        ("reports(true ? \"a\" : \"b\", \"P7D\").filed > 1", "text in quotes", "?"),
        ("reports(\"phishing\", \"P7D\").remediatedWithin > 0.5", "takes a period", ".rem"),
        ("reports(\"phishing\", \"P7D\").remediatedWithin() > 0.5", "takes one period", "()"),
        ("reports(\"phishing\", \"P7D\").remediatedWithin(\"0bd\") > 0.5", "no time", "\"0bd\""),
        ("reports(\"phishing\", \"P7D\").remediatedWithin(\"soon\") > 0.5", "not a period", "\"soon\""),
        ("reports(\"phishing\", \"P7D\").filed >= \"50\"", "a text has no value", "\"50\""),
        ("reports(\"phishing\", \"P7D\").filed >= 50.0", "an int and a double", ">="),
        ("reports(\"phishing\", \"P7D\").trend > 0", "a double and an int", ">"),
        ("reports(\"phishing\", \"P7D\").filed", "an int: compare it", ""),
        ("1 && true", "an int: compare it", "1 &&"),
        ("!1", "an int: compare it", "1"),
        ("-true", "write !", "-true"),
        ("true < false", "no order", "<"),
        ("true + true == true", "cannot be calculated", "+"),
        ("1.5 % 0.5 == 0.0", "cannot be calculated", "%"),
        ("true ? 1 : 2.0", "an int and a double", "?"),
        ("5u > 1u", "without u", "5u"),
        ("null == null", "not part of conditions", "null"),
        ("b\"a\" == b\"a\"", "not part of conditions", "b\"a\""),
        ("1 in 2", "lists and maps", "in"),
        ("[1].exists(x, x > 0)", "lists and maps", "[1]"),
        ("{1: 2} == {1: 2}", "lists and maps", "{1"),
        ("reports(\"a\", \"P7D\").exists(x, x > 0)", "macros that loop", ""),
        ("reports(\"a\", \"P7D\").map(x, x) == 1", "macros that loop", ""),
        ("has(reports(\"a\", \"P7D\").filed)", "macros", ""),
        ("a.b.c", "not declared", ""),
        ("true // and more", "remarks", "//"),
        ("true && `x`", "character", "`x`"),
        ("true && \"a\\n\" == 1", "quote", "\"a"),
        ("true && \"a", "quote", "\"a"),
        ("trüe", "character", ""),
        ("1 ==", "ends where more is expected", ""),
        ("(true", "missing ')'", ""),
        ("true true", "", "true"),
        ("99999999999999999999 > 1", "", ""),
        ("1e999 > 1.0", "", ""),
        ("", "blank", ""),
        (" \n ", "blank", ""),
    ] {
        match Condition::parse(text) {
            Err(error)
                if error.message.contains(words)
                    && error.near.clone().unwrap_or_default().starts_with(near)
                    && !error.to_string().contains('\n') => {}
            other => wrong.push((text, other)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn size_and_depth_are_bounded() {
    // None of these may exhaust the stack, whether they are accepted or not.
    for (open, close) in [
        ("(", ")"),
        ("!(", ")"),
        ("f(", ")"),
        ("true.f(", ")"),
        ("(true ? true : ", ")"),
        ("(true ? ", " : true)"),
        ("(", " ? true : true)"),
    ] {
        let text = format!("{}true{}", open.repeat(DEPTH_MAX), close.repeat(DEPTH_MAX));
        let _ = Condition::parse(&text);
    }
    let nested = |n: usize| format!("{}true{}", "(".repeat(n), ")".repeat(n));
    assert!(Condition::parse(&nested(DEPTH_MAX)).is_ok());
    let chain = |n: usize| vec!["1"; n].join("+") + " > 0";
    assert!(Condition::parse(&chain(30)).is_ok());
    let wide = |n: usize| vec!["true"; n].join(" && ");
    assert!(Condition::parse(&wide(NODES_MAX / 2)).is_ok());
    for text in [
        nested(DEPTH_MAX + 1),
        "(".repeat(1_000),
        format!("{}true", "!".repeat(DEPTH_MAX + 1)),
        format!("{}1 > 0", "- ".repeat(DEPTH_MAX + 1)),
        format!("{}true", "true ? true : ".repeat(DEPTH_MAX + 1)),
        chain(DEPTH_MAX + 8),
        chain(500),
        wide(NODES_MAX / 2 + 1),
        format!("true && {}true", " ".repeat(TEXT_MAX)),
        "1 ".repeat(TEXT_MAX / 2),
    ] {
        assert!(Condition::parse(&text).is_err(), "{text}");
    }
}

#[test]
fn the_number_of_different_facts_is_bounded() {
    let facts =
        |n: usize| (1..=n).map(|day| format!("reports('phishing','P{day}D').filed > 0")).collect::<Vec<_>>();
    assert!(holds(&facts(FACTS_MAX).join(" && ")));
    assert!(holds(&[facts(FACTS_MAX), facts(FACTS_MAX)].concat().join(" && ")));
    let error = Condition::parse(&facts(FACTS_MAX + 1).join(" && ")).unwrap_err();
    assert!(error.message.contains("different facts"), "{error}");
}

/// Literal expressions of the two numeric types and bool, as text.
fn expressions() -> impl Strategy<Value = String> {
    let int = prop_oneof![(0..100_i64).prop_map(|n| n.to_string()), Just("9223372036854775807".to_owned())];
    let int = int.prop_recursive(3, 12, 2, |inner| {
        (inner.clone(), proptest::sample::select(&["+", "-", "*", "/", "%"][..]), inner)
            .prop_map(|(a, op, b)| format!("({a} {op} {b})"))
    });
    let double = (0..1_000_i32).prop_map(|n| format!("{:?}", f64::from(n) / 8.0));
    let double = double.prop_recursive(3, 12, 2, |inner| {
        (inner.clone(), proptest::sample::select(&["+", "-", "*"][..]), inner)
            .prop_map(|(a, op, b)| format!("({a} {op} -{b})"))
    });
    let orders = proptest::sample::select(&["<", "<=", ">", ">=", "==", "!="][..]);
    let compared = prop_oneof![
        (int.clone(), orders.clone(), int).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (double.clone(), orders, double).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
    ];
    compared.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("(({a}) ? {b} : {c})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_interpreter_of_the_cel_crate_agrees(text in expressions()) {
        prop_assume!(text.len() <= TEXT_MAX);
        if let Ok(condition) = Condition::parse(&text) {
            let calendar = calendar();
            let facts = Facts { now: Timestamp::UNIX_EPOCH, calendar: &calendar, reports: &[] };
            let expected = cel::Program::compile(&text).unwrap().execute(&cel::Context::default());
            match condition.evaluate(&facts) {
                Verdict::Match(_) => prop_assert_eq!(expected, Ok(cel::Value::Bool(true))),
                Verdict::NoMatch(_) => prop_assert_eq!(expected, Ok(cel::Value::Bool(false))),
                Verdict::CannotDecide(_) => prop_assert!(expected.is_err(), "{:?}", expected),
            }
        }
    }

    #[test]
    fn no_text_makes_reading_or_evaluating_panic(text in "\\PC{0,80}") {
        let _ = Condition::parse(&text);
    }

    #[test]
    fn no_heap_of_words_makes_reading_or_evaluating_panic(
        words in proptest::collection::vec(proptest::sample::select(&[
            "reports(\"phishing\", \"P7D\")", ".filed", ".trend", ".remediatedWithin(\"2bd\")", "reports", "(", ")", ",", "1", "0.5",
            "true", "&&", "||", "!", "-", "+", "*", "/", "%", "<", "==", ">=", "?", ":", "has", "x", ".", "\"P7D\"", "in", "9223372036854775808",
        ][..]), 0..40),
    ) {
        let text = words.join(" ");
        if let Ok(condition) = Condition::parse(&text) {
            let calendar = calendar();
            let _ = condition.evaluate(&Facts { now: Timestamp::MIN, calendar: &calendar, reports: &[] });
        }
    }
}
