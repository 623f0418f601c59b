//! On each ground of each document the first lawful moment of each measure, and what the document touches.

use jiff::Timestamp;
use tenure_domain::capability::Preset;
use tenure_domain::period::Period;
use tenure_domain::terms::explain::{Course, Explanation, Grade, Touch};
use tenure_domain::terms::{Process, Terms};

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../../deploy/terms/", $name, ".yaml"))
    };
}

const ALL: [(&str, &str); 5] = [
    ("hyperscaler-2020", example!("hyperscaler-2020")),
    ("hyperscaler-today", example!("hyperscaler-today")),
    ("eu-provider", example!("eu-provider")),
    ("small-host", example!("small-host")),
    ("strict", example!("strict")),
];

fn terms(name: &str) -> Terms {
    let (_, text) = ALL.iter().find(|(n, _)| *n == name).unwrap();
    Terms::parse(text).unwrap_or_else(|errors| panic!("{name}: {errors}")).0
}

fn explained(name: &str, example: &str) -> (Terms, Explanation) {
    let terms = terms(name);
    let explanation = terms.explain(example.parse::<Timestamp>().unwrap());
    (terms, explanation)
}

/// `POWER PRESET LOCAL-TIME` for each way on a ground, in the order of the ladder.
fn ways(terms: &Terms, explanation: &Explanation, ground: &str) -> Vec<String> {
    let ways = &explanation.grounds[&ground.parse().unwrap()];
    ways.iter()
        .map(|way| {
            let at = match &way.course {
                Course::Noticed { earliest, .. } => earliest.as_ref().unwrap(),
                Course::Emergency { lifts_at, .. } => lifts_at.as_ref().unwrap(),
            };
            format!("{} {} {}", way.power, way.permits, terms.calendar.local(at.at))
        })
        .collect()
}

fn findings(explanation: &Explanation, grade: Grade) -> Vec<(Touch, String)> {
    let of = explanation.findings.iter().filter(|f| f.grade == grade);
    of.map(|f| {
        let powers: Vec<&str> = f.powers.iter().map(tenure_domain::name::PowerId::as_str).collect();
        (f.touches, powers.join(" "))
    })
    .collect()
}

#[track_caller]
fn warns(explanation: &Explanation, expected: &[(Touch, &str)]) {
    let expected: Vec<(Touch, String)> = expected.iter().map(|(t, p)| (*t, (*p).to_owned())).collect();
    assert_eq!(findings(explanation, Grade::Warning), expected);
}

#[test]
fn every_document_is_named_as_its_file_and_grants_its_floors() {
    for (name, _) in ALL {
        let terms = terms(name);
        assert_eq!(terms.id.as_str(), name);
        for power in &terms.powers {
            if let Some(retrieval) = power.retrieval {
                let excepted = terms.floors.retrieval_except.contains(&power.id);
                assert!(excepted || retrieval.is_at_least(&terms.floors.retrieval), "{name} {}", power.id);
                assert!(!retrieval.is_zero());
            }
        }
    }
}

/// Friday, 8 January 2021, 17:00 in Los Angeles. The 18th is a holiday.
#[test]
fn hyperscaler_2020_two_business_days_an_item_thirty_days_for_cause_and_at_once_after_a_suspension() {
    let (terms, explained) = explained("hyperscaler-2020", "2021-01-09T01:00:00Z");
    assert_eq!(
        ways(&terms, &explained, "incitement"),
        [
            "4.2 isolate 2021-01-12T17:00 PST",
            "6.1 suspend 2021-01-12T17:00 PST",
            "7.2(b)(ii) terminate 2021-01-12T17:00 PST",
        ]
    );
    assert_eq!(
        ways(&terms, &explained, "process_failure"),
        [
            "6.1 suspend 2021-01-12T17:00 PST",
            "7.2(b)(i) terminate 2021-02-07T17:00 PST",
            "7.2(b)(ii) terminate 2021-01-12T17:00 PST",
        ]
    );
    assert_eq!(ways(&terms, &explained, "material_breach"), ["7.2(b)(i) terminate 2021-02-07T17:00 PST"]);
    assert_eq!(
        ways(&terms, &explained, "non_payment"),
        ["6.1-payment suspend 2021-02-07T17:00 PST", "7.2(b)(i) terminate 2021-02-07T17:00 PST"]
    );
    assert_eq!(ways(&terms, &explained, "imminent_violence"), ["4.2-emergency isolate 2021-01-09T17:00 PST"]);
    let at_once = terms.power(&"7.2(b)(ii)".parse().unwrap()).unwrap();
    assert_eq!(at_once.after, Some(Preset::Suspend), "at once only for what led to a suspension");
    // Retrieval of 30 days, except for cause.
    let retrieval = |id: &str| terms.power(&id.parse().unwrap()).unwrap().retrieval.unwrap();
    assert_eq!(retrieval("7.2(a)"), Period::Days(30));
    assert_eq!((retrieval("7.2(b)(i)"), retrieval("7.2(b)(ii)")), (Period::Days(3), Period::Days(3)));
    assert!(
        findings(&explained, Grade::Warning)
            .contains(&(Touch::RetrievalExcepted, "7.2(b)(i) 7.2(b)(ii)".to_owned()))
    );
    assert!(
        findings(&explained, Grade::Warning).contains(&(Touch::TerminationNotice, "7.2(b)(ii)".to_owned()))
    );
}

#[test]
fn a_holiday_is_no_business_day_of_an_item() {
    // Thursday, 14 January, noon: Friday, then Tuesday, because Monday the 18th is a holiday.
    let (terms, explained) = explained("hyperscaler-2020", "2021-01-14T20:00:00Z");
    assert_eq!(ways(&terms, &explained, "phishing"), ["4.2 isolate 2021-01-19T12:00 PST"]);
}

#[test]
fn hyperscaler_today_warns_first_and_lets_the_account_go_with_its_data() {
    let (terms, explained) = explained("hyperscaler-today", "2026-12-01T20:00:00Z");
    assert_eq!(
        ways(&terms, &explained, "incitement"),
        [
            "4.3-warning warn 2026-12-01T12:00 PST",
            "4.3 isolate 2026-12-03T12:00 PST",
            "6.1 suspend 2026-12-08T12:00 PST",
            "7.2(b)(ii) terminate 2026-12-08T12:00 PST",
        ]
    );
    assert_eq!(
        ways(&terms, &explained, "non_payment"),
        ["6.2 suspend 2026-12-31T12:00 PST", "7.2(b)(i) terminate 2026-12-31T12:00 PST"]
    );
    assert!(terms.floors.retrieval_except.is_empty());
    let fine = findings(&explained, Grade::Fine);
    for touch in
        [Touch::SwitchingNotice, Touch::SwitchingTransition, Touch::SwitchingRetrieval, Touch::Complaints]
    {
        assert!(fine.iter().any(|(t, _)| *t == touch), "{touch:?}");
    }
}

#[test]
fn eu_provider_keeps_the_figures_of_the_three_regulations_it_names() {
    let (terms, explained) = explained("eu-provider", "2026-12-01T09:00:00Z");
    assert_eq!(
        ways(&terms, &explained, "illegal_content"),
        [
            "9(1) warn 2026-12-01T10:00 CET",
            "9(2) isolate 2026-12-04T10:00 CET",
            "10 suspend 2026-12-08T10:00 CET",
            "14(2) terminate 2026-12-08T10:00 CET",
        ]
    );
    assert_eq!(
        ways(&terms, &explained, "non_payment"),
        [
            "9(1) warn 2026-12-01T10:00 CET",
            "11 suspend 2026-12-15T10:00 CET",
            "14(1) terminate 2026-12-31T10:00 CET",
        ]
    );
    let named: Vec<Touch> = explained
        .findings
        .iter()
        .filter(|f| f.named && f.grade == Grade::Warning)
        .map(|f| f.touches)
        .collect();
    assert_eq!(named, [], "nothing that it says it follows is contradicted");
    let fine = findings(&explained, Grade::Fine);
    assert!(fine.contains(&(Touch::TerminationNotice, "14(1)".to_owned())));
    assert!(fine.contains(&(Touch::TerminationException, "14(2)".to_owned())));
    assert!(findings(&explained, Grade::Warning).contains(&(Touch::NeverDeemed, String::new())));
}

#[test]
fn eu_provider_across_the_night_when_the_clocks_change() {
    // 20 March 2027, 10:00 CET; seven days later the clocks have not changed, fourteen later they have: 28 March.
    let (terms, explained) = explained("eu-provider", "2027-03-20T09:00:00Z");
    assert_eq!(
        ways(&terms, &explained, "malware")[2..4],
        ["9(2) isolate 2027-03-24T10:00 CET".to_owned(), "10 suspend 2027-03-27T10:00 CET".to_owned()]
    );
    // The same local time would be 23 hours short of 14 days: never less than n × 24 hours.
    assert_eq!(ways(&terms, &explained, "non_payment")[1], "11 suspend 2027-04-03T11:00 CEST");
}

#[test]
fn small_host_a_day_for_abuse_two_weeks_for_payment() {
    let (terms, explained) = explained("small-host", "2026-12-01T18:00:00Z");
    assert_eq!(
        ways(&terms, &explained, "spam"),
        [
            "AUP-1 isolate 2026-12-02T00:00 CST",
            "AUP-2 suspend 2026-12-02T12:00 CST",
            "AUP-3 terminate 2026-12-08T12:00 CST",
        ]
    );
    assert_eq!(
        ways(&terms, &explained, "non_payment"),
        ["PAY-1 suspend 2026-12-15T12:00 CST", "PAY-2 terminate 2026-12-15T12:00 CST"]
    );
    let unacknowledged = &explained.grounds[&"non_payment".parse().unwrap()][0].course;
    let Course::Noticed { deemed: Some(Ok(deemed)), .. } = unacknowledged else {
        panic!("{unacknowledged:?}")
    };
    assert_eq!(
        terms.calendar.local(deemed.at),
        "2026-12-16T12:00 CST",
        "a day later where nobody acknowledges"
    );
}

#[test]
fn strict_writes_every_zero_and_gives_no_time_at_all() {
    let (terms, explained) = explained("strict", "2026-12-01T18:00:00Z");
    for power in &terms.powers {
        let Process::Noticed { notice, cure, .. } = &power.process else { panic!("{}", power.id) };
        assert_eq!((*notice, *cure), (Period::Seconds(0), Period::Seconds(0)), "{}", power.id);
    }
    assert_eq!(
        ways(&terms, &explained, "any_breach"),
        [
            "1 warn 2026-12-01T18:00 UTC",
            "2 freeze 2026-12-01T18:00 UTC",
            "3 isolate 2026-12-01T18:00 UTC",
            "4 suspend 2026-12-01T18:00 UTC",
            "5 terminate 2026-12-01T18:00 UTC",
        ]
    );
    let lesser = |n: usize| explained.grounds[&"any_breach".parse().unwrap()][n].lesser.clone();
    assert_eq!(lesser(0), None);
    assert_eq!(lesser(4).unwrap().as_str(), "1", "the ladder holds also where nothing has to run");
    let unsupported = !Preset::Terminate.is_supported();
    let mut expected = vec![
        (Touch::TerminationNotice, "5"),
        (Touch::ChangeNotice, ""),
        (Touch::Complaints, ""),
        (Touch::SwitchingRetrieval, "5"),
    ];
    if unsupported {
        expected.push((Touch::Unsupported, "5"));
    }
    expected.extend([(Touch::NoPeriod, "4 5"), (Touch::SoonDeemed, "")]);
    warns(&explained, &expected);
}

/// A blank duration in any document, in any field that has one, is a fault and no zero.
#[test]
fn golden_a_blank_duration_is_an_error_that_names_line_and_field() {
    for (name, text) in ALL {
        let mut tried = 0;
        for (start, found) in text.match_indices(": P") {
            let line = text[..start].lines().count();
            if text.lines().nth(line - 1).unwrap_or_default().trim_start().starts_with('#') {
                continue;
            }
            let end = start + 2 + text[start + 2..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
            for blank in ["", " ", "\"\"", "\" \"", "null", "~", "0"] {
                let changed = format!("{}: {blank}{}", &text[..start], &text[end..]);
                let errors = Terms::parse(&changed).expect_err(&changed);
                let first = &errors.as_slice()[0];
                assert_eq!(usize::try_from(first.line).unwrap(), line, "{name} {found} {blank:?}: {errors}");
                let field = text[..start].rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
                assert!(first.field.ends_with(field), "{name}: {first} is not about {field}");
            }
            tried += 1;
        }
        assert!(tried >= 10, "{name}: only {tried} durations were found");
    }
}
