//! Golden scenarios: the January 2021 case, a customer who is not comparable, a runaway rule, a log that refuses.

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tenure_api::{App, Limits};
use tenure_engine::anchor::{Anchor, AnchorError, FileAnchor};
use tenure_engine::clock::ClockKind;
use tenure_engine::entropy::Entropy;
use tenure_engine::{Engine, Settings};
use tenure_store::Store;
use tenured::{dev, keys};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::ask::{Answer, Caller};
use crate::house::{House, RIVAL, report_about, seen, workload};

async fn set_clock(house: &House, to: &Value) {
    house.caller("administrator").post("/dev/clock", to).await.is(200);
}

async fn declare_site(house: &House) {
    let site = "/v1/accounts/parley/environments/web/workloads/site";
    house.caller("parley/owner").json("PUT", site, &[("if-none-match", "*")], &workload()).await.is(201);
    house.settle().await;
}

/// Opens a case against an account; its id.
async fn open_case(house: &House, account: &str, ground: &str) -> String {
    let case = json!({"account": account, "ground": ground, "why": "Reports outpace what is taken down"});
    house.caller("analyst").post("/v1/cases", &case).await.is(201).field("id")
}

/// A notice that starts these periods under a power, and that the owner acknowledges.
async fn serve(house: &House, case: &str, starts: &str, power: &str) {
    let items = json!([{"id": "clean-up", "ask": "Answer reports within two business days"}]);
    let notice = json!({"power": power, "starts": starts, "why": "Reports stay unanswered", "items": items, "facts": [seen()]});
    let id =
        house.caller("analyst").post(&format!("/v1/cases/{case}/notices"), &notice).await.is(201).field("id");
    let account = case.split('.').next().unwrap();
    let path = format!("/v1/accounts/{account}/notices/{id}/acknowledgement");
    house.caller(&format!("{account}/owner")).post(&path, &json!({})).await.is(200);
}

fn suspension(effective: Option<&str>) -> Value {
    let mut asked = json!({"power": "6.1", "scope": "account", "why": "98 reports, and the clean-up falls behind", "whyNotLess": "What is reported is everywhere in it"});
    if let Some(effective) = effective {
        asked["effective"] = json!(effective);
    }
    asked
}

async fn approve(caller: &Caller, measure: &str) -> Answer {
    let read = caller.get(&format!("/v1/measures/{measure}")).await.is(200);
    let consent = json!({"commandHash": read.field("commandHash")});
    caller.post(&format!("/v1/measures/{measure}/approvals"), &consent).await
}

async fn state_of(house: &House, measure: &str) -> String {
    house.settle().await;
    house.caller("auditor").get(&format!("/v1/measures/{measure}")).await.is(200).field("state")
}

/// The unmet guards of a refusal, by name.
fn guards(answer: &Answer) -> Vec<String> {
    answer.problem().guards.iter().map(|g| g.guard.clone()).collect()
}

/// How many events of a type the record has of which streams.
async fn recorded(house: &House, event_type: &str) -> Vec<String> {
    let events = house.record().await;
    let of_type = events.iter().filter(|e| e["eventType"] == event_type);
    of_type.map(|e| e["stream"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn golden_january_2021_as_it_happened_is_refused_with_the_lawful_timetable() {
    let house = House::open().await;
    declare_site(&house).await;
    // Saturday 9 January 2021, 19:00 in Los Angeles; the letter announced the end of Sunday.
    set_clock(&house, &json!({"set": "2021-01-10T03:00:00Z"})).await;
    let case = open_case(&house, "parley", "process_failure").await;
    let path = format!("/v1/cases/{case}/measures");
    let refused =
        house.caller("analyst").post(&path, &suspension(Some("2021-01-11T07:59:00Z"))).await.is(409);
    assert_eq!(guards(&refused), ["cure_run", "notice_run", "approved"]);
    let problem = refused.problem();
    let when = |guard: &str| {
        let found = problem.guards.iter().find(|g| g.guard == guard).unwrap();
        found.not_before.unwrap().to_string()
    };
    assert_eq!(when("notice_run"), "2021-01-24T03:00:00Z", "14 days of notice");
    assert_eq!(when("cure_run"), "2021-02-09T03:00:00Z", "30 days to cure");
    assert_eq!(problem.earliest.unwrap().to_string(), "2021-02-09T03:00:00Z");
    assert_eq!(
        house.caller("parley/owner").get("/v1/accounts/parley/standing").await.is(200).field("standing"),
        "clear"
    );
    house.close().await;
}

#[tokio::test]
async fn golden_january_2021_as_the_terms_would_have_had_it() {
    let house = House::open().await;
    declare_site(&house).await;
    set_clock(&house, &json!({"set": "2021-01-10T03:00:00Z"})).await;
    let case = open_case(&house, "parley", "process_failure").await;
    serve(&house, &case, "both", "6.1").await;
    let path = format!("/v1/cases/{case}/measures");
    let analyst = house.caller("analyst");
    set_clock(&house, &json!({"set": "2021-02-09T02:59:59Z"})).await;
    let early = analyst.post(&path, &suspension(None)).await.is(409);
    assert_eq!(guards(&early), ["cure_run", "approved"], "a second before the period has run");
    set_clock(&house, &json!({"set": "2021-02-09T03:00:00Z"})).await;
    let measure = analyst.post(&path, &suspension(None)).await.is(201).field("id");
    approve(&house.caller("approver"), &measure).await.is(201);
    assert_eq!(state_of(&house, &measure).await, "proposed", "one approval is not two");
    approve(&house.caller("second-approver"), &measure).await.is(201);
    set_clock(&house, &json!({"advance": "PT1S"})).await;
    assert_eq!(state_of(&house, &measure).await, "in_force");
    let standing = house.caller("parley/owner").get("/v1/accounts/parley/standing").await.is(200);
    assert_eq!(standing.field("standing"), "suspended");
    house.close().await;
}

#[tokio::test]
async fn golden_a_comparable_customer_is_not_similarly_situated() {
    let house = House::open().await;
    declare_site(&house).await;
    let analyst = house.caller("analyst");
    let text = [("content-type", "text/plain")];
    let evidence = analyst.send("POST", "/v1/evidence", &text, b"a post".to_vec()).await.is(201).field("id");
    for account in ["parley", RIVAL] {
        for post in 0..3 {
            let mut report = report_about(format!("{account}-{post}"), &evidence);
            report["account"] = json!(account);
            analyst.post("/v1/reports", &report).await.is(201);
        }
    }
    let case = open_case(&house, "parley", "incitement").await;
    serve(&house, &case, "cure", "svc-1.4").await;
    set_clock(&house, &json!({"advance": "P6D"})).await;

    // The other has the same signals and no case: said before anything is decided, and refused without a reason.
    let path = format!("/v1/cases/{case}/measures");
    let mut asked = json!({"power": "svc-1.4", "scope": "workload/web/site", "why": "The posts stay up"});
    let refused = analyst.post(&path, &asked).await.is(409);
    assert_eq!(guards(&refused), ["treated_alike", "approved"][..1]);
    let problem = refused.problem();
    let said = &problem.guards[0].detail;
    assert_eq!(said, "it deviates: agora has 3 reports on incitement to 3 here, and no case");

    // Answered explicitly: the same service, and its content lies elsewhere.
    let why = "Its feed is served by another provider";
    let answer = json!({"account": RIVAL, "sameService": true, "sameContentLocus": false, "why": why});
    asked["parity"] = json!({"answers": [answer]});
    let measure = analyst.post(&path, &asked).await.is(201).field("id");
    let parity = format!("/v1/measures/{measure}/parity");
    let kept = house.caller("auditor").get(&parity).await.is(200).json();
    let other = &kept["sameSignalsNoCase"][0];
    assert_eq!((other["account"].as_str(), other["signals"].as_u64()), (Some(RIVAL), Some(3)));
    let expected = json!({"sameService": true, "sameContentLocus": false, "sameTerms": true, "similarlySituated": false, "why": why});
    assert_eq!(other["comparable"], expected);
    assert_eq!(kept["said"], "0 similarly situated cases with a measure: too few to say");
    assert_eq!(kept["deviations"], json!([]));
    let text = kept["comparator"].as_str().unwrap();
    assert_eq!(
        kept["comparatorHash"],
        tenure_domain::document::hash(text),
        "whoever has the text can check the hash"
    );

    // Law 16: the account's own record has hashes alone, and no member reads what stands behind them.
    let owner = house.caller("parley/owner");
    owner.get(&parity).await.is(403);
    house.caller(&format!("{RIVAL}/owner")).get(&parity).await.is(404);
    let own = owner.get("/v1/events?stream=account%2Fparley&pageSize=200").await.is(200);
    assert!(!own.text().contains(RIVAL), "{}", own.text());
    let own = own.json();
    let compared =
        own["items"].as_array().unwrap().iter().find(|e| e["eventType"] == "parity.compared").unwrap();
    assert_eq!(compared["body"]["comparator"], kept["comparatorHash"]);
    let document = compared["body"]["document"].as_str().unwrap();
    owner.get(&format!("/v1/evidence/{document}")).await.is(404);

    // What deviates for a written reason goes on, and the month's report counts it.
    asked["parity"] = json!({"deviation": "agora's case is being prepared by the same analyst"});
    analyst.post(&path, &asked).await.is(201);
    house.settle().await;
    let month = house.caller("auditor").get("/v1/parity?month=2020-11").await.is(200).json();
    let ground = &month["grounds"][0];
    assert_eq!((ground["ground"].as_str(), ground["cases"].as_u64()), (Some("incitement"), Some(1)));
    assert_eq!(ground["deviations"], 1);
    assert_eq!(ground["measures"], json!({"isolate": 1}));
    owner.get("/v1/parity?month=2020-11").await.is(403);
    house.caller("auditor").get("/v1/parity?month=2020-13").await.is(400);
    house.close().await;
}

/// Opens a case on an account with a single report of spam; at most twenty accounts a day.
const FLOOD: &str = "kind: Rule\nid: flood\nground: process_failure\nmode: notify\nwhen: >\n  reports(\"spam\", \"P28D\").filed >= 1\ncaps: {perDay: 20, shareOfAccounts: 1}\n";

/// Sends many, so many at once.
async fn all<F: Future<Output = Answer>>(asked: impl IntoIterator<Item = F>) {
    let mut answers = futures_util::stream::iter(asked).buffer_unordered(32);
    while let Some(answer) = answers.next().await {
        answer.is(201);
    }
}

#[tokio::test]
async fn golden_a_rule_that_hits_500_accounts_stops_at_its_cap_and_one_command_undoes_it() {
    let house = House::open().await;
    let (platform, analyst) = (house.caller("platform"), house.caller("analyst"));
    let text = [("content-type", "text/plain")];
    let evidence = analyst.send("POST", "/v1/evidence", &text, b"spam".to_vec()).await.is(201).field("id");
    let plan = json!({"cpuMillis": 1, "memoryMib": 1, "storageMib": 1, "pods": 1});
    let terms = json!({"id": "cloud-agreement", "version": "2020-04"});
    let names: Vec<String> = (0..500).map(|n| format!("tenant-{n:03}")).collect();
    let bodies: Vec<Value> =
        names.iter().map(|name| json!({"account": name, "terms": terms, "plan": plan})).collect();
    all(bodies.iter().map(|body| platform.post("/v1/accounts", body))).await;
    let reports: Vec<Value> = names
        .iter()
        .map(|name| json!({"account": name, "ground": "spam", "locator": format!("https://{name}.example"), "statement": "It is spam", "evidence": [evidence]}))
        .collect();
    all(reports.iter().map(|body| analyst.post("/v1/reports", body))).await;
    house.caller("administrator").yaml("/v1/rules", FLOOD).await.is(201);
    assert_eq!(recorded(&house, "rule.matched").await.len(), 500, "that it matched stands on each record");
    let opened = recorded(&house, "case.opened").await;
    assert_eq!(opened.len(), 20, "and it stops at its cap");

    let undo = json!({"since": "2020-11-02T17:00:00Z", "version": tenure_domain::document::hash(FLOOD), "why": "One report is no pattern"});
    analyst.post("/v1/rules/flood/undo", &undo).await.is(200);
    let mut undone = recorded(&house, "case.undone").await;
    undone.sort();
    let mut expected = opened.clone();
    expected.sort();
    assert_eq!(undone, expected, "each on its own record");
    assert_eq!(recorded(&house, "case.closed").await.len(), 20);
    let account = opened[0].strip_prefix("account/").unwrap();
    let case = house.caller("auditor").get(&format!("/v1/cases/{account}.c1")).await.is(200);
    assert_eq!(case.json()["outcome"], "withdrawn", "{}", case.text());

    // Given again it finds nothing left; nothing else that stands is touched.
    let untouched = names.iter().find(|name| !opened.contains(&format!("account/{name}"))).unwrap();
    let kept = open_case(&house, untouched, "process_failure").await;
    analyst.post("/v1/rules/flood/undo", &undo).await.is(200);
    assert_eq!(recorded(&house, "case.undone").await.len(), 20);
    let kept = house.caller("auditor").get(&format!("/v1/cases/{kept}")).await.is(200).json();
    assert_eq!((&kept["state"], &kept["outcome"]), (&json!("open"), &json!(null)));
    let never = json!({"since": "2020-11-02T17:00:00Z", "version": "0".repeat(64), "why": "Another text"});
    analyst.post("/v1/rules/flood/undo", &never).await.is(422);
    analyst.post("/v1/rules/nosuch/undo", &undo).await.is(404);
    house.close().await;
}

/// An anchor that keeps nothing more, as on a disk that is full.
#[derive(Debug)]
struct Full(FileAnchor);

#[async_trait::async_trait]
impl Anchor for Full {
    async fn read(&self) -> Result<Option<String>, AnchorError> {
        self.0.read().await
    }

    async fn advance(&self, _: Option<&str>, _: &str) -> Result<(), AnchorError> {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        Err(AnchorError::Io { path: self.0.path().to_owned(), what: "written", source })
    }
}

/// A server on a database, whose log can keep no head any more.
async fn with_a_log_that_refuses(data: &Path) -> (String, Engine, CancellationToken) {
    let store = Store::open_file(&data.join(dev::DATABASE)).await.unwrap();
    let key = keys::open(&store, &data.join(dev::KEY), dev::ORIGIN).await.unwrap();
    let settings = Settings {
        clock: ClockKind::Simulated,
        start: "2020-11-02T17:00:00Z".parse().unwrap(),
        entropy: Entropy::Machine,
        key,
        anchor: Arc::new(Full(keys::anchor(&data.join(dev::KEY)))),
        batching: tenure_engine::Batching::default(),
        mail: data.join("mail"),
        letters: tenure_letters::Letters::built_in().unwrap(),
        fetch_private: true,
        fetch_hosts: std::collections::BTreeMap::new(),
        cluster: None,
        clusters: std::collections::BTreeMap::new(),
        most_behind: 1,
        caps: tenure_engine::OperatorCaps::default(),
        lease: tenure_engine::LEASE,
    };
    let engine = Engine::start(store, settings).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stopping = CancellationToken::new();
    let router = tenure_api::router(App::new(engine.clone(), "none".to_owned(), Limits::default()));
    drop(tokio::spawn(tenure_api::serve(listener, router, Limits::default(), stopping.clone())));
    (url, engine, stopping)
}

#[tokio::test]
async fn golden_the_ledger_down_means_nothing_is_done_and_lifting_and_reading_go_on() {
    let house = House::open().await;
    declare_site(&house).await;
    let case = open_case(&house, "parley", "process_failure").await;
    serve(&house, &case, "both", "6.1").await;
    set_clock(&house, &json!({"advance": "P31D"})).await;
    let analyst = house.caller("analyst");
    let measures = format!("/v1/cases/{case}/measures");
    let suspension_id = analyst.post(&measures, &suspension(None)).await.is(201).field("id");
    approve(&house.caller("approver"), &suspension_id).await.is(201);
    let threat = open_case(&house, "parley", "imminent_violence").await;
    let emergency = json!({"power": "6.1-emergency", "scope": "workload/web/site", "why": "It names the hour", "emergency": true, "facts": [seen()]});
    let isolation =
        analyst.post(&format!("/v1/cases/{threat}/measures"), &emergency).await.is(201).field("id");
    assert_eq!(state_of(&house, &isolation).await, "in_force");
    let tokens: Vec<String> = ["legal", "second-approver", "analyst", "approver", "parley/owner"]
        .iter()
        .map(|holder| house.token(holder).to_owned())
        .collect();
    let (folder, _) = house.close().await;

    let (url, engine, stopping) = with_a_log_that_refuses(folder.path()).await;
    let callers: Vec<Caller> = tokens.iter().map(|token| Caller::new(&url, Some(token))).collect();
    let [legal, second, analyst, approver, owner] = &callers[..] else { panic!() };
    let hold =
        json!({"account": "parley", "scope": "environment/web", "runningState": false, "why": "A hearing"});
    legal.post("/v1/holds", &hold).await.is(201);

    // Nothing new is restricted: not approved, not proposed, not at once, not ratified.
    let read = second.get(&format!("/v1/measures/{isolation}")).await.is(200);
    let consent = json!({"commandHash": read.field("commandHash")});
    for refused in [
        approve(second, &suspension_id).await,
        analyst.post(&measures, &suspension(None)).await,
        analyst.post(&format!("/v1/cases/{threat}/measures"), &emergency).await,
        approver.post(&format!("/v1/measures/{isolation}/ratification"), &consent).await,
    ] {
        assert_eq!(guards(&refused.is(409)), ["record_kept"]);
    }
    let state = |measure: String| async move {
        legal.get(&format!("/v1/measures/{measure}")).await.is(200).field("state")
    };
    assert_eq!(state(suspension_id.clone()).await, "proposed", "nothing was done");

    // Lifting, reading, and what the account says go on.
    let standing = owner.get("/v1/accounts/parley/standing").await.is(200);
    assert_eq!(standing.field("standing"), "limited");
    let appeal = json!({"grounds": "It was satire"});
    owner.post(&format!("/v1/measures/{isolation}/appeals"), &appeal).await.is(201);
    let why = json!({"why": "The hour has passed"});
    analyst.post(&format!("/v1/measures/{isolation}/lift"), &why).await.is(200);
    assert_eq!(state(isolation).await, "lifting");
    analyst.post(&format!("/v1/measures/{suspension_id}/lift"), &why).await.is(200);
    assert_eq!(state(suspension_id).await, "withdrawn");
    stopping.cancel();
    engine.stop().await;
}
