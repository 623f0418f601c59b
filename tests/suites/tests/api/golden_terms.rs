//! Golden stories of terms and payments, through the API on the simulated clock.

use serde_json::{Value, json};
use tenured::story;

use crate::ask::Caller;
use crate::house::{House, seen};

const EU: &str = include_str!("../../../../deploy/terms/eu-provider.yaml");

/// An account of its own under these terms, with an owner and an environment, and nothing else.
async fn tenant(house: &House, text: &str, account: &str, terms: &Value) {
    house.caller("administrator").yaml("/v1/terms", text).await;
    let plan = json!({"cpuMillis": 1000, "memoryMib": 512, "storageMib": 128, "pods": 10});
    let open = json!({"account": account, "terms": terms, "plan": plan});
    house.caller("platform").post("/v1/accounts", &open).await.is(201);
}

async fn advance(house: &House, by: &str) {
    house.caller("administrator").post("/dev/clock", &json!({"advance": by})).await.is(200);
}

async fn now(house: &House) -> String {
    house.caller("administrator").get("/dev/clock").await.is(200).field("now")
}

fn events(answer: &Value) -> Vec<String> {
    let types = answer["events"].as_array().unwrap().iter();
    types.map(|e| e["eventType"].as_str().unwrap_or_else(|| e["type"].as_str().unwrap()).to_owned()).collect()
}

/// What the billing system says of the one invoice, for now.
async fn say(house: &House, billing: &Caller, paid: u64, credited: u64, disputed: u64) -> Vec<String> {
    advance(house, "PT1S").await;
    let facts = json!({"invoice": "2020-0917", "amount": 12_000, "currency": "USD", "due": "2020-10-31", "paid": paid, "credited": credited, "disputed": disputed, "asOf": now(house).await});
    let answer = billing.post("/v1/accounts/parley/invoices", &facts).await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
    let answer = answer.json();
    house.settle().await;
    events(&answer)
}

/// `parley` owes an invoice, and the notice that asks for it is served.
async fn owing() -> (House, Caller, Caller, Caller) {
    let house = House::open().await;
    let (analyst, owner, billing) =
        (house.caller("analyst"), house.caller("parley/owner"), house.caller("billing"));
    say(&house, &billing, 0, 0, 0).await;
    let case =
        json!({"account": "parley", "ground": "non_payment", "why": "The invoice of October is overdue"});
    analyst.post("/v1/cases", &case).await.is(201);
    let items = json!([{"id": "october", "ask": "Pay 120.00 USD", "invoice": "2020-0917"}]);
    let notice = json!({"power": "6.1", "starts": "both", "why": "Nothing came in", "items": items});
    analyst.post("/v1/cases/parley.c1/notices", &notice).await.is(201);
    house.settle().await;
    owner
        .send("POST", "/v1/accounts/parley/notices/parley.n1/acknowledgement", &[], Vec::new())
        .await
        .is(200);
    (house, analyst, owner, billing)
}

async fn propose(analyst: &Caller) -> crate::ask::Answer {
    let measure = json!({"power": "6.1", "scope": "environment/web", "why": "Nothing came in", "whyNotLess": "Nothing less is in the terms"});
    analyst.post("/v1/cases/parley.c1/measures", &measure).await
}

fn guards(answer: &crate::ask::Answer) -> Vec<String> {
    let json = answer.json();
    let guards = json["guards"].as_array().unwrap().iter();
    guards.map(|g| g["guard"].as_str().unwrap().to_owned()).collect()
}

/// A part is paid, twice. The case stands where it stood, its periods end when they ended, and the suspension still needs
/// its notice, its cure period and its consents. When the rest comes in everything ends at once.
#[tokio::test]
async fn golden_a_partial_payment_never_skips_a_stage() {
    let (house, analyst, owner, billing) = owing().await;
    let notice = "/v1/accounts/parley/notices/parley.n1";
    let before = owner.get(notice).await.is(200).json();
    for paid in [4_000, 11_999] {
        advance(&house, "P3D").await;
        assert_eq!(say(&house, &billing, paid, 0, 0).await, ["invoice.recorded"]);
        let after = owner.get(notice).await.is(200).json();
        assert_eq!((&after["noticeEnds"], &after["cureEnds"]), (&before["noticeEnds"], &before["cureEnds"]));
        let case = owner.get("/v1/cases/parley.c1").await.is(200).json();
        assert_eq!((&case["state"], &case["items"][0]["state"]), (&json!("notified"), &json!("due")));
        let refused = propose(&analyst).await.is(409);
        assert_eq!(guards(&refused), ["cure_run", "notice_run", "approved"]);
    }
    let invoice = owner.get("/v1/accounts/parley/invoices/2020-0917").await.is(200).json();
    assert_eq!((&invoice["outstanding"], &invoice["dueNow"]), (&json!(1), &json!(1)));
    advance(&house, "P31D").await;
    assert_eq!(owner.get("/v1/cases/parley.c1").await.is(200).json()["state"], "lapsed");
    propose(&analyst).await.is(201);
    let last = say(&house, &billing, 11_999, 1, 0).await;
    assert_eq!(last, ["invoice.recorded", "cure.accepted", "case.closed", "measure.withdrawn"]);
    let standing = owner.get("/v1/accounts/parley/standing").await.is(200).json();
    assert_eq!((&standing["standing"], &standing["measures"]), (&json!("clear"), &json!([])));
    house.close().await;
}

/// The account disputes the invoice for forty days. No stage is gone through meanwhile, and then what was left is left.
#[tokio::test]
async fn golden_a_dispute_pauses_and_skips_nothing() {
    let (house, analyst, owner, billing) = owing().await;
    advance(&house, "P10D").await;
    assert_eq!(say(&house, &billing, 0, 0, 12_000).await, ["invoice.recorded", "case.paused"]);
    advance(&house, "P40D").await;
    let case = owner.get("/v1/cases/parley.c1").await.is(200).json();
    assert_eq!(case["state"], "notified");
    assert!(case["next"].as_array().unwrap().iter().any(|n| n["kind"] == "decide_dispute"), "{case}");
    assert!(guards(&propose(&analyst).await.is(409)).contains(&"undisputed".to_owned()));
    assert_eq!(say(&house, &billing, 0, 0, 0).await, ["invoice.recorded", "case.resumed"]);
    advance(&house, "P19D").await;
    assert_eq!(owner.get("/v1/cases/parley.c1").await.is(200).json()["state"], "notified");
    advance(&house, "P2D").await;
    assert_eq!(owner.get("/v1/cases/parley.c1").await.is(200).json()["state"], "lapsed");
    house.close().await;
}

/// A duration that is blank, missing or null is an error that names line and field, and nothing is published.
#[tokio::test]
async fn golden_a_blank_duration_is_refused_with_line_and_field() {
    let house = House::open().await;
    let admin = house.caller("administrator");
    let before = admin.get("/v1/terms").await.is(200).json();
    for (from, to, line, field) in [
        ("notice: P14D", "notice: \"\"", "line 8", "powers[1].notice"),
        ("notice: P14D", "notice: ", "line 8", "powers[1].notice"),
        ("notice: P14D, ", "", "line 8", "powers[1].notice"),
        ("retrieval: P30D}\n", "retrieval: null}\n", "line 7", "powers[0].retrieval"),
        ("deemedAfter: PT72H", "deemedAfter: \"  \"", "line 5", "service.deemedAfter"),
    ] {
        let text = story::TERMS.replace("\"2020-04\"", "\"2021-09\"").replacen(from, to, 1);
        let answer = admin.yaml("/v1/terms", text.as_str()).await.is(422);
        let told = answer.text();
        assert!(told.contains(line) && told.contains(field), "{told}");
    }
    let wrong = EU.replacen("notice: P30D\n    cure", "notice: P29D\n    cure", 1);
    let told = admin.yaml("/v1/terms", wrong.as_str()).await.is(422).text();
    assert!(told.contains("Article 4(2)"), "{told}");
    assert_eq!(admin.get("/v1/terms").await.is(200).json(), before);
    house.close().await;
}

/// Publishing binds nobody. The account is told; the period of its own terms runs from the service of that; and the case
/// that is open when the new version binds goes on under the old one.
#[tokio::test]
async fn golden_a_new_version_binds_after_its_own_notice_and_the_old_one_governs_open_cases() {
    let house = House::open().await;
    let first = format!("{}changes: {{notice: P30D}}\n", story::TERMS.replace("\"2020-04\"", "\"2021-01\""));
    let second = first
        .replace("\"2021-01\"\n", "\"2021-02\"\n")
        .replace("notice: P14D, cure: P30D, approvals: 2", "notice: PT0S, cure: PT0S, approvals: 1");
    tenant(&house, &first, "quince", &json!({"id": "cloud-agreement", "version": "2021-01"})).await;
    let (admin, legal, analyst) =
        (house.caller("administrator"), house.caller("legal"), house.caller("analyst"));
    admin.json("PUT", "/v1/accounts/quince/members/owner", &[], &json!({"roles": ["owner"]})).await.is(200);
    let token =
        admin.post("/v1/tokens", &json!({"subject": "member/quince/owner"})).await.is(201).field("token");
    let owner = Caller::new(house.url(), Some(&token));
    let version = |account: Value| account["terms"]["version"].as_str().unwrap().to_owned();

    admin.yaml("/v1/terms", second.as_str()).await.is(201);
    advance(&house, "P20D").await;
    assert_eq!(version(owner.get("/v1/accounts/quince").await.is(200).json()), "2021-01");

    let case = json!({"account": "quince", "ground": "process_failure", "why": "Reports stay unanswered"});
    analyst.post("/v1/cases", &case).await.is(201);
    let asks =
        json!({"terms": {"id": "cloud-agreement", "version": "2021-02"}, "why": "Suspension without notice"});
    legal.post("/v1/accounts/quince/terms-notices", &asks).await.is(201);
    house.settle().await;
    let notice = "/v1/accounts/quince/terms-notices/quince.t1";
    let told = owner.get(notice).await.is(200).json();
    assert_eq!(told["document"], json!(second));
    assert!(told["letter"].as_str().unwrap().contains("bind when 30 days have run"), "{told}");
    assert_eq!(told["attempts"].as_array().unwrap().len(), 2, "mail and inbox");
    owner.send("POST", &format!("{notice}/acknowledgement"), &[], Vec::new()).await.is(200);
    let standing = owner.get("/v1/accounts/quince/standing").await.is(200).json();
    let kinds: Vec<&str> =
        standing["next"].as_array().unwrap().iter().map(|n| n["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"bind_terms") && kinds.contains(&"accept_terms"), "{kinds:?}");
    advance(&house, "P29D").await;
    assert_eq!(version(owner.get("/v1/accounts/quince").await.is(200).json()), "2021-01");
    advance(&house, "P2D").await;
    assert_eq!(version(owner.get("/v1/accounts/quince").await.is(200).json()), "2021-02");
    assert_eq!(owner.get(notice).await.is(200).field("state"), "bound");

    // The case was opened under the old version: 14 days of notice, 30 of cure, two consents.
    assert_eq!(version(owner.get("/v1/cases/quince.c1").await.is(200).json()), "2021-01");
    let items = json!([{"id": "backlog", "ask": "Answer the reports"}]);
    let violation = json!({"power": "6.1", "starts": "both", "why": "Nothing is answered", "items": items, "facts": [seen()]});
    analyst.post("/v1/cases/quince.c1/notices", &violation).await.is(201);
    owner
        .send("POST", "/v1/accounts/quince/notices/quince.n1/acknowledgement", &[], Vec::new())
        .await
        .is(200);
    let measure = json!({"power": "6.1", "scope": "account", "why": "Nothing is answered", "whyNotLess": "Nothing less helps"});
    let refused = analyst.post("/v1/cases/quince.c1/measures", &measure).await.is(409);
    assert_eq!(guards(&refused), ["cure_run", "notice_run", "approved"]);
    // One that is opened now is under the new one, which promises nothing.
    let case = json!({"account": "quince", "ground": "non_payment", "why": "Nothing came in"});
    analyst.post("/v1/cases", &case).await.is(201);
    assert_eq!(version(owner.get("/v1/cases/quince.c2").await.is(200).json()), "2021-02");
    analyst.post("/v1/cases/quince.c2/notices", &violation).await.is(201);
    owner
        .send("POST", "/v1/accounts/quince/notices/quince.n2/acknowledgement", &[], Vec::new())
        .await
        .is(200);
    analyst.post("/v1/cases/quince.c2/measures", &measure).await.is(201);
    house.close().await;
}

/// A member may accept earlier, and accepts exactly the text that the notice names.
#[tokio::test]
async fn an_account_accepts_new_terms_with_the_hash_of_what_it_read() {
    let house = House::furnished().await;
    let owner = house.caller("parley/owner");
    let notice = "/v1/accounts/parley/terms-notices/parley.t1";
    let hash = owner.get(notice).await.is(200).json()["terms"]["hash"].as_str().unwrap().to_owned();
    let wrong = owner.post(&format!("{notice}/acceptance"), &json!({"hash": "0".repeat(64)})).await.is(409);
    assert_eq!(guards(&wrong), ["same_command"]);
    owner.post(&format!("{notice}/acceptance"), &json!({"hash": hash})).await.is(200);
    let account = owner.get("/v1/accounts/parley").await.is(200).json();
    assert_eq!(account["terms"]["version"], "2021-02");
    // The provisional measure of the open case stands on the terms of its case.
    assert_eq!(owner.get("/v1/cases/parley.c2").await.is(200).json()["terms"]["version"], "2020-04");
    house.close().await;
}
