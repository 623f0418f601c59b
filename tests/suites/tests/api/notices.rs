//! Notices and their statements of reasons: what is refused, what follows by itself, and what the account reads.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tenure_wire::statement::StatementView;

use crate::ask::{Answer, Caller};
use crate::house::{House, seen};
use crate::operations::fact;

/// The terms under which a clause is printed, and everything else is as in the example.
fn printed() -> String {
    let clause = r#"{id: "6.1", text: "We may suspend who leaves reports unanswered.", permits"#;
    let text = tenured::story::TERMS
        .replace(r#"version: "2020-04""#, r#"version: "2020-04-printed""#)
        .replace(r#"{id: "6.1", permits"#, clause);
    assert!(text.contains("2020-04-printed") && text.contains(clause));
    text
}

/// The names and details of the guards that refused.
#[track_caller]
fn refused(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.problem();
    assert_eq!((answer.status, answer.kind().as_str()), (409, "refused"), "{}", answer.text());
    assert!(problem.guards.iter().all(|g| g.law.is_some()), "{problem:?}");
    problem.guards.into_iter().map(|g| (g.guard, g.detail)).collect()
}

async fn advance(house: &House, span: &str) {
    house.caller("administrator").post("/dev/clock", &json!({"advance": span})).await.is(200);
}

async fn notices(caller: &Caller, account: &str) -> Vec<Value> {
    let page = caller.get(&format!("/v1/accounts/{account}/notices?pageSize=200")).await.is(200);
    page.json()["items"].as_array().unwrap().clone()
}

/// A notice's statement, which is what the event names, byte for byte.
async fn statement(caller: &Caller, account: &str, notice: &Value) -> StatementView {
    let id = notice["id"].as_str().unwrap();
    let answer = caller.get(&format!("/v1/accounts/{account}/notices/{id}/statement")).await.is(200);
    let digest = tenure_engine::kept::blob_id(&answer.body).to_string();
    assert_eq!(notice["statement"].as_str(), Some(digest.as_str()), "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap_or_else(|e| panic!("{e}: {}", answer.text()))
}

#[tokio::test]
async fn golden_a_denial_without_reasons_is_refused() {
    let house = House::furnished().await;
    let (analyst, owner, approver) =
        (house.caller("analyst"), house.caller("parley/owner"), house.caller("approver"));
    let before = house.record().await;

    // An appeal is not turned down, nor a cure, nor a notice issued, with a text that would do for any case.
    for why in ["Your appeal was reviewed and denied.", "The decision   STANDS!", "no", "see ToS"] {
        let denied =
            approver.post("/v1/appeals/parley.a1/decision", &json!({"outcome": "upheld", "why": why})).await;
        assert_eq!(
            refused(&denied).iter().map(|(g, _)| g.as_str()).collect::<Vec<_>>(),
            ["reasons_given"],
            "{why}"
        );
    }
    owner.post("/v1/cases/parley.c1/cures", &json!({"item": "post-1", "remedy": "It is gone"})).await.is(201);
    let path = "/v1/cases/parley.c1/cures/post-1/decision";
    let denied = analyst.post(path, &json!({"accept": false, "why": "Violation of the terms"})).await;
    assert_eq!(refused(&denied)[0].0, "reasons_given");

    // A notice says everything that it lacks at once: facts without id, date or locator, a clause that the accepted terms
    // do not hold, and reasons that are a template.
    let bare =
        json!([{"locator": "https://parley.example/1"}, {"id": "ticket-9", "at": "2020-11-01T12:00:00Z"}]);
    let notice = json!({"power": "9.9", "starts": "both", "why": "You have violated our terms of service.", "items": [{"id": "x", "ask": "Stop"}], "facts": bare});
    let lacks = refused(&analyst.post("/v1/cases/parley.c1/notices", &notice).await);
    for (guard, detail) in [
        ("power_in_accepted_terms", "9.9"),
        ("facts_complete", "lacks id, date"),
        ("facts_complete", "ticket-9 lacks locator"),
        ("reasons_given", "template"),
    ] {
        assert!(lacks.iter().any(|(g, d)| g == guard && d.contains(detail)), "{guard} {detail} in {lacks:?}");
    }
    // Nor is anybody cut off at once without a fact.
    let bare = json!({"power": "6.1-emergency", "scope": "workload/web/site", "why": "It names the hour", "emergency": true});
    analyst
        .post("/v1/cases", &json!({"account": "parley", "ground": "phishing", "why": "It stays up"}))
        .await
        .is(201);
    let lacks = refused(&analyst.post("/v1/cases/parley.c2/measures", &bare).await);
    assert!(lacks.iter().any(|(g, d)| g == "facts_complete" && d.contains("rests on no fact")), "{lacks:?}");

    let done: Vec<String> = house.record().await[before.len()..]
        .iter()
        .map(|e| e["eventType"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(done, ["cure.submitted", "case.opened"], "what was refused did nothing");

    // With reasons of its own the appeal is decided, and the account has them in a notice of its own.
    let why = "The page names a street and an hour, as the report says";
    approver.post("/v1/appeals/parley.a1/decision", &json!({"outcome": "upheld", "why": why})).await.is(200);
    house.settle().await;
    let all = notices(&owner, "parley").await;
    let told = all.iter().find(|n| n["appeal"] == "parley.a1").expect("a decided appeal has a notice");
    let stated = statement(&owner, "parley", told).await;
    assert_eq!((stated.kind.kind.as_str(), stated.why.as_str()), ("appealOutcome", why));
    assert_eq!(stated.lasts.outcome.as_deref(), Some("upheld"));
    house.close().await;
}

#[tokio::test]
async fn golden_a_batch_of_50_gives_50_separate_notices() {
    const BATCH: usize = 50;
    let house = House::open().await;
    let (analyst, platform) = (house.caller("analyst"), house.caller("platform"));
    house.caller("administrator").yaml("/v1/terms", printed()).await.is(201);
    let text = [("content-type", "text/plain")];
    let evidence = analyst.send("POST", "/v1/evidence", &text, b"pages".to_vec()).await.is(201).field("id");
    let accounts: Vec<String> = (0..BATCH).map(|n| format!("shop-{n}")).collect();
    for account in &accounts {
        let plan = json!({"cpuMillis": 10, "memoryMib": 10, "storageMib": 10, "pods": 1});
        let terms = json!({"id": "cloud-agreement", "version": "2020-04-printed"});
        platform
            .post("/v1/accounts", &json!({"account": account, "terms": terms, "plan": plan}))
            .await
            .is(201);
        let report = json!({"account": account, "ground": "incitement", "locator": format!("https://{account}.example/"), "statement": "It calls for violence", "evidence": [evidence]});
        let report = analyst.post("/v1/reports", &report).await.is(201).field("id");
        let case = json!({"account": account, "ground": "process_failure", "why": "Reports stay unanswered", "reports": [report]});
        analyst.post("/v1/cases", &case).await.is(201);
        let notice = json!({"power": "6.1", "starts": "both", "why": format!("{account} leaves reports unanswered"), "items": [{"id": "reports", "ask": "Answer them"}]});
        analyst.post(&format!("/v1/cases/{account}.c1/notices"), &notice).await.is(201);
    }
    // Nobody acknowledges: the notices count as served after 72 hours, and 30 days later nothing was put right.
    advance(&house, "P35D").await;
    for account in &accounts {
        let measure = json!({"power": "6.1", "scope": "account", "why": format!("{account} answered no report in 30 days"), "whyNotLess": "The terms permit nothing less on this ground"});
        let path = format!("/v1/cases/{account}.c1/measures");
        let id = analyst.post(&path, &measure).await.is(201).field("id");
        let hash = analyst.get(&format!("/v1/measures/{id}")).await.is(200).field("commandHash");
        for approver in ["approver", "second-approver"] {
            let consent = json!({"commandHash": hash});
            house.caller(approver).post(&format!("/v1/measures/{id}/approvals"), &consent).await.is(201);
        }
    }
    advance(&house, "PT1H").await;

    let mut told = Vec::new();
    for account in &accounts {
        let all = notices(&analyst, account).await;
        let about: Vec<&Value> = all.iter().filter(|n| n["measure"].is_string()).collect();
        assert_eq!(about.len(), 1, "{account}: {all:?}");
        let notice = about[0];
        let attempts = notice["attempts"].as_array().unwrap();
        let channels: BTreeSet<&str> = attempts.iter().map(|a| a["channel"].as_str().unwrap()).collect();
        assert_eq!(channels, BTreeSet::from(["email", "inbox"]), "each is delivered by itself: {notice}");
        for proof in attempts.iter().map(|a| a["proof"].as_str().unwrap()) {
            assert!(proof.contains(notice["id"].as_str().unwrap()), "{notice}");
        }
        let stated = statement(&analyst, account, notice).await;
        assert_eq!(stated.measure.id.as_deref(), notice["measure"].as_str());
        assert!(stated.why.starts_with(&format!("{account} answered")), "{}", stated.why);
        assert_eq!(stated.clause.text.as_deref(), Some("We may suspend who leaves reports unanswered."));
        let sources: Vec<&str> = stated.facts.iter().map(|f| f.source.as_str()).collect();
        assert_eq!(sources, ["report", "notice"], "its own report, and the notice that was served");
        assert!(notice["letter"].as_str().unwrap().contains(account.as_str()), "{notice}");
        told.push(notice.clone());
    }
    for field in ["id", "measure", "statement", "letter"] {
        let each: BTreeSet<String> = told.iter().map(|n| n[field].to_string()).collect();
        assert_eq!(each.len(), BATCH, "{field}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_member_who_reads_the_letter_or_the_statement_has_the_notice() {
    let house = House::open().await;
    let (analyst, owner) = (house.caller("analyst"), house.caller("parley/owner"));
    let case = json!({"account": "parley", "ground": "incitement", "why": "It stays up"});
    let case = analyst.post("/v1/cases", &case).await.is(201).field("id");
    // What the transparency database is told is not what the account is told.
    for (form, reads) in [("transparency", false), ("letter", true), ("statement", true)] {
        let items = json!([{"id": form, "ask": "Remove it"}]);
        let notice = json!({"power": "svc-1.4", "starts": "cure", "why": "It stays up", "items": items, "facts": [seen()]});
        let written = analyst.post(&format!("/v1/cases/{case}/notices"), &notice).await.is(201);
        let path = written.field("href");
        house.settle().await;
        analyst.get(&format!("{path}/{form}")).await;
        assert!(
            analyst.get(&path).await.is(200).json()["servedAt"].is_null(),
            "{form}: by nobody of the provider"
        );
        owner.get(&format!("{path}/{form}")).await;
        let told = analyst.get(&path).await.is(200).json();
        let (served, by) = if reads { ("served", json!("read")) } else { ("issued", Value::Null) };
        assert_eq!((&told["state"], &told["servedBy"]), (&json!(served), &by), "{form}");
    }
    house.close().await;
}

#[tokio::test]
async fn an_account_reads_its_letters_as_it_likes_and_nobody_elses() {
    let house = House::furnished().await;
    let owner = house.caller("parley/owner");
    let path = "/v1/accounts/parley/notices/parley.n2";
    let emergency = owner.get(path).await.is(200).json();
    let stated = statement(&owner, "parley", &emergency).await;
    assert_eq!(stated.kind.kind, "emergency");
    assert_eq!(stated.facts.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["ticket-7"]);

    let text = owner.get(&format!("{path}/letter")).await.is(200);
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(text.text(), emergency["letter"].as_str().unwrap(), "the letter as it went out");
    let page = owner
        .send(
            "GET",
            &format!("{path}/letter"),
            &[("accept", "text/html"), ("accept-language", "de-DE, en;q=0.3")],
            Vec::new(),
        )
        .await
        .is(200);
    assert_eq!(
        (page.header("content-type"), page.header("content-language")),
        ("text/html; charset=utf-8", "de")
    );
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let html = page.text();
    assert!(
        html.starts_with("<!doctype html>") && html.contains("Mitteilung einer Sofortmaßnahme"),
        "{html}"
    );
    assert!(html.contains("ticket-7") && !html.contains("<script"), "{html}");
    let same = owner
        .send("GET", &format!("{path}/letter"), &[("if-none-match", text.header("etag"))], Vec::new())
        .await;
    assert_eq!(same.status, 304);

    let told = house.caller("legal").get(&format!("{path}/transparency")).await.is(200);
    assert_eq!(told.json()["decision_provision"], "DECISION_PROVISION_PARTIAL_SUSPENSION");
    assert_eq!(told.json()["category"], "STATEMENT_CATEGORY_VIOLENCE");
    assert!(!told.text().contains("parley"), "{}", told.text());
    // A violation notice restricts nothing.
    owner.get("/v1/accounts/parley/notices/parley.n1/transparency").await.is(404);
    for (rest, rival) in
        [("statement", "agora/owner"), ("letter", "agora/viewer"), ("transparency", "agora/owner")]
    {
        assert_eq!(house.caller(rival).get(&format!("{path}/{rest}")).await.kind(), "not-found");
        owner.get(&format!("/v1/accounts/parley/notices/parley.n77/{rest}")).await.is(404);
    }
    // What is no report can be fetched by the account as well: its evidence is named by the notice.
    owner.get(&format!("/v1/evidence/{}", house.evidence)).await.is(200);
    let missing = json!({"id": "t", "at": "2020-11-01T12:00:00Z", "locator": "here", "evidence": [format!("sha256:{}", "0".repeat(64))]});
    let notice = json!({"power": "svc-1.4", "starts": "notice", "why": "It stays up", "facts": [missing, fact(&house)]});
    assert_eq!(
        house.caller("analyst").post("/v1/cases/parley.c1/notices", &notice).await.kind(),
        "not-found"
    );
    house.close().await;
}
