//! Terms and rules that cannot be read.

use std::fmt::Write as _;

use tenured::story::{RULE, TERMS};

use crate::house::House;

/// The document with one text in the place of another.
fn with(document: &str, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(document.matches(from).count(), 1, "{from:?}");
    document.replacen(from, to, 1).into_bytes()
}

fn bomb(document: &str) -> Vec<u8> {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..20 {
        let each = vec![format!("*a{}", n - 1); 9].join(", ");
        writeln!(text, "a{n}: &a{n} [{each}]").unwrap();
    }
    (text + document).into_bytes()
}

#[tokio::test]
async fn a_fault_in_terms_or_in_a_rule_is_named_by_line_and_field_and_nothing_is_published() {
    let house = House::open().await;
    let before = house.record().await;
    let admin = house.caller("administrator");
    let not_text = [RULE.as_bytes(), b"# \xff\xfe"].concat();
    let unreadable: [(&str, Vec<u8>, u16, &str); 22] = [
        ("/v1/terms", with(TERMS, "version: \"2020-04\"\n", ""), 422, "version"),
        ("/v1/terms", with(TERMS, "notice: P14D, ", ""), 422, "line 8, powers[1].notice"),
        ("/v1/terms", with(TERMS, "notice: P14D", "notice: \"\""), 422, "line 8, powers[1].notice"),
        ("/v1/terms", with(TERMS, "notice: P14D", "notice:"), 422, "line 8, powers[1].notice"),
        ("/v1/terms", with(TERMS, "notice: P14D", "notice: 14 days"), 422, "line 8, powers[1].notice"),
        (
            "/v1/terms",
            with(TERMS, "notice: P14D", "notice: P14D, notise: P14D"),
            422,
            "line 8, powers[1].notise",
        ),
        (
            "/v1/terms",
            with(TERMS, "notice: P14D", "notice: P14D, notice: P1D"),
            422,
            "line 8, powers[1].notice",
        ),
        (
            "/v1/terms",
            with(TERMS, "deemedAfter: PT72H", "deemedAfter: \" \""),
            422,
            "line 5, service.deemedAfter",
        ),
        ("/v1/terms", with(TERMS, "America/Los_Angeles", "Mars/Olympus"), 422, "line 4, calendar.timeZone"),
        ("/v1/terms", with(TERMS, "powers:\n", "powers:\n\t- x\n"), 422, "line 7"),
        ("/v1/terms", bomb(TERMS), 422, "line 1"),
        ("/v1/terms", b"".to_vec(), 422, ""),
        ("/v1/terms", b"- a\n- b\n".to_vec(), 422, "line 1"),
        ("/v1/terms", format!("{TERMS}#{}", "x".repeat(300 * 1024)).into_bytes(), 413, ""),
        ("/v1/rules", with(RULE, "mode: notify\n", ""), 422, "mode"),
        ("/v1/rules", with(RULE, "mode: notify", "mode: sometimes"), 422, "line 4, mode"),
        ("/v1/rules", with(RULE, "mode: notify", "mode: notify\nmood: good"), 422, "line 5, mood"),
        ("/v1/rules", with(RULE, "filed >= 50", "filed >="), 422, "line"),
        ("/v1/rules", with(RULE, "filed >= 50", "filed >= \"50\""), 422, "line"),
        ("/v1/rules", with(RULE, "caps: {perDay: 10", "caps: {perDay: 0"), 422, "line 8, caps.perDay"),
        ("/v1/rules", bomb(RULE), 422, "line 1"),
        ("/v1/rules", not_text, 400, "line 9"),
    ];
    for (path, document, status, at) in unreadable {
        let shown: String = String::from_utf8_lossy(&document).chars().take(3_000).collect();
        let answer = admin.yaml(path, document).await;
        assert_eq!(answer.status, status, "{}\n{shown}", answer.text());
        if status == 413 {
            assert_eq!(answer.kind(), "too-large");
            continue;
        }
        let found = answer.at();
        assert!(
            found == at || found.starts_with(at) || found.ends_with(at),
            "{found:?} is not {at:?}: {}",
            answer.text()
        );
        assert!(!answer.problem().faults[0].detail.is_empty());
    }
    for media_type in ["", "application/json", "text/plain"] {
        for path in ["/v1/terms", "/v1/rules"] {
            let answer =
                admin.send("POST", path, &[("content-type", media_type)], TERMS.into()).await.is(415);
            assert_eq!(answer.kind(), "media-type");
        }
    }
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[tokio::test]
async fn published_terms_never_change() {
    let house = House::open().await;
    let admin = house.caller("administrator");
    let before = house.record().await;
    for (path, text) in [("/v1/terms", TERMS), ("/v1/rules", RULE)] {
        let same = admin.yaml(path, text).await.is(200);
        assert_eq!(same.json()["events"].as_array().unwrap().len(), 0, "the same text changes nothing");
        assert_eq!(same.header("location"), "", "nothing was made");
    }
    let other = admin.yaml("/v1/terms", TERMS.replace("P14D", "P1D")).await.is(409);
    assert_eq!(other.problem().guards[0].guard, "name_free");
    assert_eq!(house.record().await, before);
    house.close().await;
}
