//! Letters as accounts read them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;

use serde_json::json;
use tenure_domain::name::{AccountId, CaseId, MeasureId, NoticeId};
use tenure_domain::period::Period;
use tenure_domain::scope::Scope;
use tenure_domain::statement::Statement;
use tenure_domain::terms::TermsRef;
use tenure_letters::brief::{Brief, Ends, Tells, Time};
use tenure_letters::{Letters, LettersError};

const EVIL: &str = "</p><script>alert('x')</script>{{ statement }}";

fn statement() -> Statement {
    let hash = "0".repeat(64);
    let value = json!({
        "form": 1, "notice": "parley.n2", "kind": {"kind": "violationAndIntent", "power": "6.1"}, "account": "parley",
        "case": "parley.c1", "ground": "incitement", "issuedAt": "2021-01-10T03:30:00Z", "timeZone": "America/Los_Angeles",
        "measure": {"preset": "suspend", "withholds": ["compute"], "scopes": ["account"]},
        "lasts": {"is": "notBefore", "notice": "P14D", "cure": "P30D"},
        "facts": [{"id": "parley.r1", "at": "2021-01-04T17:00:00Z", "locator": EVIL, "what": EVIL, "evidence": [format!("sha256:{hash}")], "source": "report"}],
        "clause": {"terms": {"id": "cloud-agreement", "version": "2020-04", "hash": hash}, "id": "6.1", "text": EVIL, "permits": "suspend", "grounds": ["incitement"], "notice": "P14D", "cure": "P30D"},
        "why": EVIL, "whyNotLess": EVIL, "tried": [], "automation": {"detection": false, "decision": "not"}, "data": {"is": "kept"},
        "cure": {"items": [{"id": "post-1", "ask": EVIL, "report": "parley.r1"}], "at": "/v1/cases/parley.c1/cures"},
        "appeal": {"window": "P6M", "decidedWithin": "P7D", "at": "/v1/measures/{measure}/appeals"},
        "contacts": [EVIL],
    });
    serde_json::from_value(value).unwrap()
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn refused(folder: &Path) -> String {
    match Letters::load(Some(folder), "en") {
        Err(error @ (LettersError::Unfit { .. } | LettersError::Read { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_letter_tells_everything_in_the_terms_zone() {
    let letters = Letters::built_in().unwrap();
    let text = letters.text(&statement(), "en").unwrap();
    for told in [
        "Notice of violation and of intent",
        "To the account: parley",
        "2021-01-09 19:30:00 PST (2021-01-10T03:30:00Z)",
        "before 30 days have run",
        "before 14 days have run",
        "parley.r1, 2021-01-04 09:00:00 PST",
        "Evidence: sha256:000",
        "Clause 6.1 of the terms permits suspension",
        "People took the decision.",
        "Your volumes are kept.",
        "post-1: ",
        "POST /v1/cases/parley.c1/cures",
        "within 6 months",
        "within 7 days",
        "POST /v1/measures/{measure}/appeals",
        "GET /v1/accounts/parley/standing",
    ] {
        assert!(text.contains(told), "{told:?} in\n{text}");
    }
    assert!(!text.contains("\n\n\n"), "{text}");
    let german = letters.text(&statement(), "de-AT").unwrap();
    assert!(german.contains("30 Tage") && german.contains("Sperre: angehalten"), "{german}");
}

#[test]
fn a_page_needs_nothing_else_and_what_people_wrote_is_only_text_in_it() {
    let page = Letters::built_in().unwrap().html(&statement(), "en").unwrap();
    assert!(!page.contains("<script") && !page.contains("</p><"), "{page}");
    assert_eq!(page.matches("&lt;script&gt;").count(), 7, "{page}");
    for outside in ["http-equiv", "<link", "<img", "src=", "href=", "url(", "@import", " on"] {
        let found = page.match_indices(outside).map(|(n, _)| &page[n..page.len().min(n + 30)]);
        let found: Vec<&str> = found.filter(|f| outside != " on" || f.contains("=\"")).collect();
        assert!(found.is_empty(), "{outside}: {found:?}");
    }
    assert!(page.contains("@media print") && page.contains("@page") && page.contains("<html lang=\"en\">"));
}

#[test]
fn readers_get_the_language_they_ask_for_where_there_are_words() {
    let letters = Letters::built_in().unwrap();
    for (asked, got) in [
        (None, "en"),
        (Some("de"), "de"),
        (Some("de-CH, en;q=0.5"), "de"),
        (Some("fr, de;q=0.4, en;q=0.7"), "en"),
        (Some("fr"), "en"),
        (Some("de;q=0, *"), "en"),
        (Some(";;,q=,\u{0}"), "en"),
    ] {
        assert_eq!(letters.locale_for(asked), got, "{asked:?}");
    }
}

#[test]
fn a_provider_says_it_in_its_own_words_and_order() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "fr/words.json", r#"{"title.violationAndIntent": "Avis", "day.many": "{n} jours"}"#);
    put(folder.path(), "de/letter.txt", "Sehr geehrtes Konto {{ statement.account }},\n{{ why }}\n");
    put(folder.path(), "reasons/standard.txt", "Your site was reported to us.");
    let letters = Letters::load(Some(folder.path()), "fr").unwrap();
    assert_eq!(letters.templates(), ["Your site was reported to us."]);
    let french = letters.text(&statement(), letters.locale()).unwrap();
    assert!(
        french.starts_with("Avis\n") && french.contains("30 jours") && french.contains("Evidence"),
        "{french}"
    );
    let german = letters.text(&statement(), "de").unwrap();
    assert!(german.starts_with("Sehr geehrtes Konto parley,"), "{german}");
    assert!(letters.html(&statement(), "de").unwrap().contains("Anzeige eines Verstoßes"));
}

#[test]
fn what_does_not_compile_or_render_is_refused_when_it_is_read() {
    for (name, text, told) in [
        ("letter.txt", "{% if %}", "letter.txt"),
        ("en/letter.html", "{{ say('no.such.words') }}", "no.such.words"),
        ("de/letter.html", "{{ statement.noSuchField.deeper }}", "undefined"),
        ("letter.html", "{{ when('yesterday') }}", "yesterday"),
        ("xx/words.json", r#"{"title.violation": 1}"#, "invalid type"),
        ("xx/words.json", r#"{"titel": "x"}"#, "no letter says"),
        ("xx/words.json", r#"{"day.one": "{m} day"}"#, "{m}"),
        ("notes.md", "x", "no letter is made of this"),
        ("letter.txt", "{% for a in range(10) %}{% include 'letter.txt' %}{% endfor %}", "letter.txt"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), name, text);
        let error = refused(folder.path());
        assert!(
            error.contains(told) && error.contains(name.split('/').next_back().unwrap()),
            "{name}: {error}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(&folder.path().join("nothing")).contains("nothing"));
    assert!(Letters::load(None, "xx").unwrap_err().to_string().contains("xx"));
}

#[test]
fn a_letter_without_a_statement_speaks_the_language_of_its_locale_too() {
    let account: AccountId = "parley".parse().unwrap();
    let hash = "0".repeat(64);
    let terms: TermsRef =
        serde_json::from_value(json!({"id": "cloud-agreement", "version": "2020-04", "hash": hash})).unwrap();
    let (case, notice, measure) = (
        CaseId::new(account.clone(), 1),
        NoticeId::new(account.clone(), 1),
        MeasureId::new(account.clone(), 1),
    );
    let at: jiff::Timestamp = "2021-01-10T03:30:00Z".parse().unwrap();
    let letters = Letters::built_in().unwrap();
    let say = |tells, locale| {
        let brief = Brief { account: &account, zone: "America/Los_Angeles", tells };
        letters.brief(&brief, locale).unwrap()
    };

    let reminder =
        Tells::Reminder { notice: &notice, kind: "violation", case: &case, ends: Some(Ends::Cure(at)) };
    assert_eq!(
        say(reminder.clone(), "en"),
        "Reminder of parley.n1 (Notice of violation)\n\nTo the account: parley\nCase: parley.c1\n\n\
         The time to put things right ends on 2021-01-09 19:30:00 PST (2021-01-10T03:30:00Z).\n\n\
         You can read this notice and your standing, answer and appeal at any time, also while anything is withheld:\n  \
         GET /v1/accounts/parley/standing\n  GET /v1/accounts/parley/notices/parley.n1\n  POST /v1/cases/parley.c1/cures\n"
    );
    assert!(say(reminder, "de-CH").contains("Die Zeit zur Abhilfe endet am 2021-01-09 19:30:00 PST"));

    let (promised, least) = (Period::Days(1), Period::Days(30));
    let retrieval = Tells::Retrieval {
        at,
        terms: &terms,
        measure: &measure,
        since: at,
        number: 2,
        reminders: 3,
        time: Some(Time::For { promised, least }),
        quorum: 3,
    };
    let german = say(retrieval, "de");
    for told in ["Erinnerung 2 von 3", "1 Tag lang abrufen, nie kürzer als 30 Tage", "3 Personen zustimmen"]
    {
        assert!(german.contains(told), "{told:?} in\n{german}");
    }

    let removal =
        Tells::Removal { at, terms: &terms, scope: &Scope::Account, authority: "a court", locator: EVIL };
    let text = say(removal, "en");
    assert!(text.contains("Applied to: the whole account") && text.contains(EVIL), "{text}");

    let new = Tells::Terms { at, bind: &terms, new: &terms, why: "More notice", after: Some(least) };
    let text = say(new, "de");
    assert!(
        text.contains("Was sich ändert: More notice") && text.contains("30 Tage vergangen sind"),
        "{text}"
    );
    assert!(!text.contains("\n\n\n"), "{text}");
}

#[test]
fn a_provider_writes_letters_without_a_statement_in_its_own_way() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "de/brief.txt", "{{ title }}\n{% for line in line %}{{ line }}{% endfor %}");
    assert!(refused(folder.path()).contains("brief.txt"), "what a template lacks is told when it is read");
    put(folder.path(), "de/brief.txt", "Ihr Anbieter: {{ title }}");
    let letters = Letters::load(Some(folder.path()), "de").unwrap();
    let account: AccountId = "parley".parse().unwrap();
    let (case, notice) = (CaseId::new(account.clone(), 1), NoticeId::new(account.clone(), 1));
    let tells = Tells::Reminder { notice: &notice, kind: "intent", case: &case, ends: None };
    let brief = Brief { account: &account, zone: "UTC", tells };
    let text = letters.brief(&brief, "de").unwrap();
    assert_eq!(text, "Ihr Anbieter: Erinnerung an parley.n1 (Ankündigung einer Maßnahme)\n");
}
