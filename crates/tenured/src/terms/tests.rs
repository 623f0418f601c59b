use std::path::Path;

use super::*;

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("../../../../deploy/terms/", $name, ".yaml"))
    };
}

const EU: &str = example!("eu-provider");

fn page(text: &str, from: &str) -> String {
    check_text("terms.yaml", text, Some(from.parse().unwrap())).text
}

/// The lines of a page from the one that contains `from`, up to the next blank one.
fn part<'a>(page: &'a str, from: &str) -> Vec<&'a str> {
    page.lines().skip_while(|line| !line.contains(from)).take_while(|line| !line.is_empty()).collect()
}

#[test]
fn a_power_is_told_as_a_legal_desk_reads_it() {
    let page = page(EU, "2027-03-20T09:00:00Z");
    assert_eq!(
        part(&page, "11  SUSPEND"),
        [
            "    11  SUSPEND",
            "      an environment or the whole account: stopped; all data is kept.",
            "      not before    Saturday, 3 April 2027, 11:00 CEST",
            "      14 days to put things right; 14 days after a notice of intent; one person besides whoever",
            "      proposes it consents.",
            "      9(1) is less and comes first, or the record says why it would not do.",
            "      After 60 days without an end it counts as a termination.",
            "      Touches 2022/2065 Art. 17.",
        ]
    );
    assert_eq!(
        part(&page, "9(3)  ISOLATE"),
        [
            "    9(3)  ISOLATE",
            "      a workload or an environment: cut off from the network; it goes on running.",
            "      at once       in an emergency, by one person, provisionally",
            "      notice by     Saturday, 20 March 2027, 11:00 CET",
            "      lifts on      Sunday, 21 March 2027, 10:00 CET",
            "      It lasts longer only where another person ratifies it before that.",
            "      Touches 2022/2065 Art. 17 and law 5.",
        ]
    );
    for line in page.lines() {
        assert!(line.chars().count() <= page::WIDTH, "{line}");
    }
}

#[test]
fn what_a_document_names_is_told_apart_from_what_may_apply() {
    let page = page(EU, "2027-03-20T09:00:00Z");
    assert!(page.contains("Article 4(4) (the document names it)\n"), "{page}");
    assert!(page.contains("rests on case (c): repeated infringement"), "{page}");
    let strict = self::page(example!("strict"), "2026-12-01T18:00:00Z");
    assert!(strict.contains(
        "WARNING  Regulation (EU) 2019/1150 (platform-to-business), Article 4(2) (if it applies to you)"
    ));
    assert!(strict.contains("Power 5 gives no time and names no exception."), "{strict}");
    assert!(strict.ends_with("this is no legal advice.\n"));
}

#[test]
fn days_that_nobody_knows_are_not_guessed() {
    let page = page(example!("hyperscaler-2020"), "2021-12-30T20:00:00Z");
    let lines = part(&page, "4.2  ISOLATE");
    assert_eq!(
        lines[2],
        "      not before    not known: it lies past 2021-12-31, until when the holidays are known"
    );
    assert!(lines.last().unwrap().contains("the end of the calendar (WARNING)"), "{lines:?}");
}

#[test]
fn without_an_example_moment_the_documents_calendar_gives_one() {
    let checked = check_text("terms.yaml", EU, None);
    assert!(checked.text.contains("served on Saturday, 2 October 2027, 19:00 CEST"), "{}", checked.text);
}

#[test]
fn every_example_document_is_explained_and_none_is_refused() {
    for text in [
        example!("hyperscaler-2020"),
        example!("hyperscaler-today"),
        EU,
        example!("small-host"),
        example!("strict"),
        example!("cloud-agreement-2020-04"),
    ] {
        let checked = check_text("terms.yaml", text, None);
        assert!(matches!(checked.verdict, Verdict::Fine | Verdict::Warnings), "{}", checked.text);
        assert_eq!(checked.verdict.code(false), 0);
        for law in ["Article 17", "Article 20(1)", "Article 25(2)(g)"] {
            assert!(checked.text.contains(law), "{law}");
        }
    }
}

#[test]
fn a_refused_document_is_answered_with_line_field_and_what_would_be_right() {
    let wrong = EU.replace("notice: P30D\n    cure: P30D", "notice: \"\"\n    cure: P30");
    let checked = check_text("terms.yaml", &wrong, None);
    assert_eq!((checked.verdict, checked.verdict.code(false)), (Verdict::Refused, 1));
    let lines: Vec<&str> = checked.text.lines().collect();
    assert_eq!(lines[0], "terms.yaml is REFUSED: 2 faults");
    assert_eq!(lines[2], "  line 63, powers[6].notice");
    assert_eq!(lines[3], "      this field is blank");
    assert_eq!(lines[4], "        63 | notice: \"\"");
    assert_eq!(lines[6], "  line 64, powers[6].cure");
    assert!(lines[7].contains("write \"P30D\", \"P6M\", \"PT24H\""), "{}", lines[7]);
}

#[test]
fn what_cannot_be_read_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let missing = check(&folder.path().join("no.yaml"), None);
    assert_eq!((missing.verdict, missing.verdict.code(true)), (Verdict::Unreadable, 2));
    assert_eq!(check(folder.path(), None).verdict, Verdict::Unreadable);
    let file = |bytes: &[u8]| {
        let path = folder.path().join("terms.yaml");
        std::fs::write(&path, bytes).unwrap();
        check(&path, None)
    };
    assert!(file(b"kind: Terms\nid: \xff").text.contains("line 2 is not UTF-8"));
    assert!(file(&vec![b'#'; BYTES_MAX + 1]).text.contains("are the most"));
    assert_eq!(file(EU.as_bytes()).verdict.code(true), 3, "--strict counts warnings");
    assert!(check(Path::new("/dev/null"), None).text.contains("is no file"));
}
