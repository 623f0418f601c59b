//! Golden scenarios of clocks and cure, as the provider's people and members live through them: service that fails, nights
//! in which clocks change, holidays, false positives, and what verifies itself.

use std::fs;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::ask::{Answer, Caller};
use crate::house::{House, seen, workload};

/// Moves legal time to a moment.
async fn until(house: &House, moment: &str) {
    house.caller("administrator").post("/dev/clock", &json!({"set": moment})).await.is(200);
}

async fn pass(house: &House, time: &str) {
    house.caller("administrator").post("/dev/clock", &json!({"advance": time})).await.is(200);
}

/// Opens a case on a ground; its id.
async fn open_case(house: &House, account: &str, ground: &str) -> String {
    let case = json!({"account": account, "ground": ground, "why": "It stays up"});
    house.caller("analyst").post("/v1/cases", &case).await.is(201).field("id")
}

/// Issues a notice with one item; its path.
async fn issue(house: &House, case: &str, power: &str, starts: &str, items: Value) -> String {
    let notice =
        json!({"power": power, "starts": starts, "why": "It stays up", "items": items, "facts": [seen()]});
    let written = house.caller("analyst").post(&format!("/v1/cases/{case}/notices"), &notice).await.is(201);
    written.field("href")
}

fn one() -> Value {
    json!([{"id": "post", "ask": "Remove it"}])
}

async fn propose(house: &House, case: &str, power: &str, scope: &str) -> Answer {
    let why_not_less = "Nothing less would do";
    let body = json!({"power": power, "scope": scope, "why": "It stays up", "whyNotLess": why_not_less});
    house.caller("analyst").post(&format!("/v1/cases/{case}/measures"), &body).await
}

/// Uploads something to show with reports; its id.
async fn evidence(house: &House) -> String {
    let text = [("content-type", "text/plain")];
    house.caller("analyst").send("POST", "/v1/evidence", &text, b"a post".to_vec()).await.is(201).field("id")
}

/// The guards of a refusal, with the moment that each names.
fn guards(answer: &Answer) -> Vec<(String, Option<String>)> {
    assert_eq!(answer.status, 409, "{}", answer.text());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let guards = answer.json()["guards"].as_array().unwrap().clone();
    guards.iter().map(|g| (text(&g["guard"]).unwrap(), text(&g["notBefore"]))).collect()
}

async fn notice(house: &House, path: &str) -> Value {
    house.caller("analyst").get(path).await.is(200).json()
}

/// The kinds of what can happen next.
fn kinds(view: &Value) -> Vec<String> {
    view["next"].as_array().unwrap().iter().map(|n| n["kind"].as_str().unwrap().to_owned()).collect()
}

/// An account whose terms serve by mail alone, and its owner.
async fn served_by_mail(house: &House) -> Caller {
    let admin = house.caller("administrator");
    let terms = tenured::story::TERMS
        .replace("version: \"2020-04\"", "version: \"2020-05\"")
        .replace("channels: [email, inbox]", "channels: [email]");
    admin.yaml("/v1/terms", terms).await.is(201);
    let plan = json!({"cpuMillis": 1000, "memoryMib": 512, "storageMib": 128, "pods": 10});
    let terms = json!({"id": "cloud-agreement", "version": "2020-05"});
    house
        .caller("platform")
        .post("/v1/accounts", &json!({"account": "rook", "terms": terms, "plan": plan}))
        .await
        .is(201);
    admin.json("PUT", "/v1/accounts/rook/members/rita", &[], &json!({"roles": ["owner"]})).await.is(200);
    let token = admin.post("/v1/tokens", &json!({"subject": "member/rook/rita"})).await.is(201);
    Caller::new(house.url(), Some(&token.field("token")))
}

#[tokio::test]
async fn golden_service_of_notice_fails_for_a_week() {
    let house = House::open().await;
    let rita = served_by_mail(&house).await;
    let mail = house.data().join("mail");
    if mail.exists() {
        fs::remove_dir_all(&mail).unwrap();
    }
    fs::write(&mail, "the drop is gone").unwrap();

    until(&house, "2021-01-04T17:00:00Z").await;
    let case = open_case(&house, "rook", "process_failure").await;
    let path = issue(&house, &case, "6.1", "both", one()).await;
    pass(&house, "P7D").await;

    let stuck = notice(&house, &path).await;
    assert_eq!(stuck["state"], "undeliverable");
    assert_eq!(stuck["undeliverableSince"], "2021-01-07T17:00:00Z");
    assert_eq!((stuck["attempts"].as_array().unwrap().len(), &stuck["servedAt"]), (0, &Value::Null));
    let failed = stuck["failed"].as_array().unwrap();
    assert!((15..30).contains(&failed.len()), "less and less often: {failed:?}");
    assert!(stuck["cureEnds"].is_null() && stuck["noticeEnds"].is_null(), "no clock runs");
    // Whoever asks is told: the operators' list, the standing, what is next, and why not yet.
    let list = house.caller("support").get("/v1/notices/undeliverable").await.is(200).json();
    assert_eq!(list["items"][0]["id"], "rook.n1");
    let standing = house.caller("support").get("/v1/accounts/rook/standing").await.is(200).json();
    assert_eq!(standing["undeliverable"], json!(["rook.n1"]));
    let next = kinds(&standing);
    assert!(next.contains(&"reach".to_owned()) && next.contains(&"retry".to_owned()), "{next:?}");
    let refused = guards(&propose(&house, &case, "6.1", "account").await);
    assert!(refused.iter().any(|(guard, _)| guard == "cure_run"), "{refused:?}");
    let raised = house.record().await.iter().filter(|e| e["eventType"] == "notice.undeliverable").count();
    assert_eq!(raised, 1);
    house.caller("parley/owner").get("/v1/notices/undeliverable").await.is(403);

    // The drop is back: the next attempt is taken, and only from then on the deemed rule counts.
    fs::remove_file(&mail).unwrap();
    pass(&house, "PT12H").await;
    let taken = notice(&house, &path).await;
    assert_eq!((taken["attempts"].as_array().unwrap().len(), &taken["state"]), (1, &json!("undeliverable")));
    pass(&house, "P1D").await;
    assert!(notice(&house, &path).await["servedAt"].is_null());
    // The owner reads the letter: that is service, and the whole period runs from here.
    rita.get(&path).await.is(200);
    let served = notice(&house, &path).await;
    assert_eq!((&served["state"], &served["servedBy"]), (&json!("served"), &json!("read")));
    assert_eq!(
        (&served["servedAt"], &served["cureEnds"]),
        (&json!("2021-01-13T05:00:00Z"), &json!("2021-02-12T05:00:00Z"))
    );
    let list = house.caller("support").get("/v1/notices/undeliverable").await.is(200).json();
    assert_eq!(list["items"], json!([]));
    house.close().await;
}

#[tokio::test]
async fn golden_a_clock_change_night() {
    let house = House::open().await;
    let (analyst, owner) = (house.caller("analyst"), house.caller("parley/owner"));
    // Friday noon in Los Angeles; clocks go forward on Sunday at 02:00.
    until(&house, "2021-03-12T20:00:00Z").await;
    let days = open_case(&house, "parley", "process_failure").await;
    let of_days = issue(&house, &days, "6.1", "both", one()).await;
    let business = open_case(&house, "parley", "incitement").await;
    let of_business = issue(&house, &business, "svc-1.4", "cure", one()).await;
    for path in [&of_days, &of_business] {
        owner.post(&format!("{path}/acknowledgement"), &Value::Null).await.is(200);
    }
    // 30 days would end after 29 days and 23 hours at the same local time: they are stretched. Two business days are not.
    assert_eq!(notice(&house, &of_days).await["cureEnds"], "2021-04-11T20:00:00Z");
    assert_eq!(notice(&house, &of_business).await["cureEnds"], "2021-03-16T19:00:00Z");

    // Both stand still over the night, by a person's decision.
    until(&house, "2021-03-13T20:00:00Z").await;
    let why = json!({"why": "We look at it again"});
    for case in [&days, &business] {
        analyst.post(&format!("/v1/cases/{case}/pause"), &why).await.is(200);
    }
    until(&house, "2021-03-14T19:00:00Z").await;
    let still = owner.get("/v1/accounts/parley/standing").await.is(200).json();
    let paused = &still["paused"][0];
    assert_eq!(
        (&paused["since"], &paused["pauses"][0]["because"]),
        (&json!("2021-03-13T20:00:00Z"), &json!("operator"))
    );
    assert_eq!(paused["pauses"][0]["why"], "We look at it again");
    let left: Vec<&Value> = paused["left"].as_array().unwrap().iter().map(|l| &l["left"]).collect();
    assert_eq!(left, [&json!("PT312H"), &json!("PT696H")], "13 and 29 days");
    let told: Vec<Value> = still["whyNotYet"].as_array().unwrap().clone();
    let guards_of = |case: &str| -> Vec<String> {
        let of = told.iter().filter(|w| w["case"] == case);
        of.flat_map(|w| w["guards"].as_array().unwrap())
            .map(|g| g["guard"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(guards_of(&days).contains(&"clocks_run".to_owned()), "{told:?}");
    let next = kinds(&still);
    assert!(!next.iter().any(|k| k == "remind" || k == "lapse"), "nothing fires meanwhile: {next:?}");
    assert!(next.contains(&"resume".to_owned()));

    until(&house, "2021-03-14T20:00:00Z").await;
    for case in [&days, &business] {
        analyst.post(&format!("/v1/cases/{case}/resumption"), &why).await.is(200);
    }
    assert_eq!(notice(&house, &of_days).await["cureEnds"], "2021-04-12T20:00:00Z");
    assert_eq!(notice(&house, &of_business).await["cureEnds"], "2021-03-16T20:00:00Z");
    until(&house, "2021-03-16T19:59:59Z").await;
    let refused = guards(&propose(&house, &business, "svc-1.4", "account").await);
    let cure = refused.iter().find(|(guard, _)| guard == "cure_run").unwrap();
    assert_eq!(cure.1.as_deref(), Some("2021-03-16T20:00:00Z"));
    until(&house, "2021-03-16T20:00:00Z").await;
    let refused = propose(&house, &business, "svc-1.4", "account").await;
    assert!(
        refused.status != 409 || guards(&refused).iter().all(|(g, _)| g != "cure_run"),
        "{}",
        refused.text()
    );

    // Longer by a week, and never shorter.
    let extension = json!({"by": "P7D", "why": "They asked for it"});
    analyst.post(&format!("{of_days}/extension"), &extension).await.is(200);
    assert_eq!(notice(&house, &of_days).await["cureEnds"], "2021-04-19T20:00:00Z");
    analyst.post(&format!("{of_days}/extension"), &json!({"by": "PT0S", "why": "No"})).await.is(422);
    let over = analyst.post(&format!("{of_business}/extension"), &extension).await;
    assert_eq!(guards(&over)[0].0, "in_state", "what has ended is not begun again");
    house.close().await;
}

#[tokio::test]
async fn golden_a_holiday_at_the_deadline() {
    let house = House::open().await;
    let owner = house.caller("parley/owner");
    // Thursday noon; the Monday after is a holiday.
    until(&house, "2021-01-14T20:00:00Z").await;
    let case = open_case(&house, "parley", "incitement").await;
    let path = issue(&house, &case, "svc-1.4", "cure", one()).await;
    owner.post(&format!("{path}/acknowledgement"), &Value::Null).await.is(200);
    assert_eq!(notice(&house, &path).await["cureEnds"], "2021-01-19T20:00:00Z");
    until(&house, "2021-01-18T20:00:00Z").await;
    let refused = guards(&propose(&house, &case, "svc-1.4", "account").await);
    let cure = refused.iter().find(|(guard, _)| guard == "cure_run").unwrap();
    assert_eq!(cure.1.as_deref(), Some("2021-01-19T20:00:00Z"));

    // What is handed in an hour before the end and rejected on the eve of a weekend gets its hour back, on a business day.
    until(&house, "2021-01-19T19:00:00Z").await;
    let remedy = json!({"item": "post", "remedy": "It is gone"});
    owner.post(&format!("/v1/cases/{case}/cures"), &remedy).await.is(201);
    until(&house, "2021-01-23T07:30:00Z").await;
    assert_eq!(house.caller("analyst").get(&format!("/v1/cases/{case}")).await.json()["state"], "notified");
    let rejection = json!({"accept": false, "why": "It is still there"});
    house.caller("analyst").post(&format!("/v1/cases/{case}/cures/post/decision"), &rejection).await.is(200);
    // 23:30 on Friday and an hour is Saturday: the same local time on Monday.
    assert_eq!(notice(&house, &path).await["cureEnds"], "2021-01-25T08:30:00Z");
    house.close().await;
}

#[tokio::test]
async fn golden_a_false_positive_cleared_by_a_person_does_not_re_lock_on_the_same_signal() {
    const RULE: &str = "kind: Rule\nid: hasty\nground: process_failure\nmode: notify\nwhen: >\n  reports(\"spam\", \"P28D\").filed >= 2\ncaps: {perDay: 9, shareOfAccounts: 1}\n";
    let house = House::open().await;
    let analyst = house.caller("analyst");
    house.caller("administrator").yaml("/v1/rules", RULE).await.is(201);
    let shown = evidence(&house).await;
    let report = |n: u8| json!({"account": "parley", "ground": "spam", "locator": format!("https://parley.example/{n}"), "statement": "Spam", "evidence": [shown]});
    let open = |house: &House| {
        let analyst = house.caller("analyst");
        async move {
            let cases = analyst.get("/v1/cases?account=parley").await.is(200).json();
            let open = cases["items"].as_array().unwrap().iter().filter(|c| c["state"] != "closed");
            open.map(|c| c["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    for n in 1..=3 {
        analyst.post("/v1/reports", &report(n)).await.is(201);
    }
    house.settle().await;
    assert_eq!(open(&house).await, ["parley.c1"]);

    // A denial without reasons is refused; one with them clears the signal for a stated time.
    analyst.post("/v1/cases/parley.c1/withdrawal", &json!({})).await.is(422);
    analyst.post("/v1/cases/parley.c1/withdrawal", &json!({"why": "  "})).await.is(422);
    let clear = json!({"why": "A newsletter that its readers asked for", "falseFor": "P7D"});
    analyst.post("/v1/cases/parley.c1/withdrawal", &clear).await.is(200);
    let closed = analyst.get("/v1/cases/parley.c1").await.json();
    assert_eq!(
        (&closed["outcome"], &closed["withdrawnBecause"]),
        (&json!("withdrawn"), &json!("A newsletter that its readers asked for"))
    );

    // The rule is asked again within hours, and a person tries too: nothing is opened.
    pass(&house, "PT3H").await;
    house.caller("administrator").yaml("/v1/rules", format!("{RULE}# again\n")).await.is(201);
    house.settle().await;
    pass(&house, "PT30H").await;
    analyst.post("/v1/reports", &report(4)).await.is(201);
    house.settle().await;
    assert_eq!(open(&house).await, Vec::<String>::new(), "one report is new, and the rule asks for two");
    let again = json!({"account": "parley", "ground": "process_failure", "why": "Once more", "reports": ["parley.r1"]});
    assert_eq!(guards(&analyst.post("/v1/cases", &again).await)[0].0, "not_cleared");

    // What comes later counts as new.
    analyst.post("/v1/reports", &report(5)).await.is(201);
    house.settle().await;
    assert_eq!(open(&house).await, ["parley.c2"]);
    house.close().await;
}

#[tokio::test]
async fn golden_an_overturned_appeal_does_not_re_lock_on_the_same_signal() {
    const RULE: &str = "kind: Rule\nid: hasty\nground: imminent_violence\nmode: notify\nwhen: >\n  reports(\"spam\", \"P28D\").filed >= 2\ncaps: {perDay: 9, shareOfAccounts: 1}\n";
    let house = House::open().await;
    let (analyst, owner) = (house.caller("analyst"), house.caller("parley/owner"));
    let site = "/v1/accounts/parley/environments/web/workloads/site";
    owner.json("PUT", site, &[("if-none-match", "*")], &workload()).await.is(201);
    house.caller("administrator").yaml("/v1/rules", RULE).await.is(201);
    let shown = evidence(&house).await;
    let report = |n: u8| json!({"account": "parley", "ground": "spam", "locator": format!("https://parley.example/{n}"), "statement": "Spam", "evidence": [shown]});
    let opened = async || {
        let cases = analyst.get("/v1/cases?account=parley").await.is(200).json();
        cases["items"].as_array().unwrap().len()
    };
    for n in 1..=3 {
        analyst.post("/v1/reports", &report(n)).await.is(201);
    }
    house.settle().await;
    assert_eq!(opened().await, 1);

    // Something is done in the case, the account appeals, and somebody who took no part finds that it was wrong.
    let emergency = json!({"power": "6.1-emergency", "scope": "workload/web/site", "why": "It names the hour", "emergency": true, "facts": [seen()]});
    let measure = analyst.post("/v1/cases/parley.c1/measures", &emergency).await.is(201).field("id");
    let grounds = json!({"grounds": "It is the programme of a theatre"});
    let appeal = owner.post(&format!("/v1/measures/{measure}/appeals"), &grounds).await.is(201).field("id");
    let decision = json!({"outcome": "overturned", "why": "It is the programme of a theatre"});
    house.caller("approver").post(&format!("/v1/appeals/{appeal}/decision"), &decision).await.is(200);
    house.settle().await;
    let closed = analyst.get("/v1/cases/parley.c1").await.json();
    assert_eq!(closed["outcome"], "overturned");

    // The rule is asked again, at the next report too, and a person tries: nothing is opened on what is known.
    pass(&house, "PT30H").await;
    house.caller("administrator").yaml("/v1/rules", format!("{RULE}# again\n")).await.is(201);
    analyst.post("/v1/reports", &report(4)).await.is(201);
    house.settle().await;
    assert_eq!(opened().await, 1, "one report is new, and the rule asks for two");
    let again = json!({"account": "parley", "ground": "imminent_violence", "why": "Once more", "reports": ["parley.r1"]});
    assert_eq!(guards(&analyst.post("/v1/cases", &again).await)[0].0, "not_cleared");
    analyst.post("/v1/reports", &report(5)).await.is(201);
    house.settle().await;
    assert_eq!(opened().await, 2, "what comes later counts as new");
    house.close().await;
}

/// A page that answers with the next of these statuses, and then the last again; its URL.
async fn page(statuses: Vec<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/post", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut statuses = statuses.into_iter().peekable();
        let mut status = "500 Nothing";
        while let Ok((mut stream, _)) = listener.accept().await {
            status = statuses.next().unwrap_or(status);
            let mut request = vec![0; 4_096];
            drop(stream.read(&mut request).await);
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 6\r\nconnection: close\r\n\r\na post");
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    url
}

#[tokio::test]
async fn golden_what_verifies_itself_lifts_by_itself_when_all_is_met() {
    let house = House::open().await;
    let (analyst, owner) = (house.caller("analyst"), house.caller("parley/owner"));
    until(&house, "2021-01-04T20:00:00Z").await;
    let shown = evidence(&house).await;
    for n in 1..=2 {
        let report = json!({"account": "parley", "ground": "incitement", "locator": format!("https://parley.example/{n}"), "statement": "It calls for violence", "evidence": [shown]});
        analyst.post("/v1/reports", &report).await.is(201);
    }
    let place = page(vec!["200 OK", "410 Gone"]).await;
    let case = open_case(&house, "parley", "incitement").await;
    let wrong = json!([{"id": "few", "ask": "Fewer", "verifier": {"by": "fact", "bound": "reports("}}]);
    let body = json!({"power": "svc-1.4", "starts": "cure", "why": "It stays up", "items": wrong});
    analyst.post(&format!("/v1/cases/{case}/notices"), &body).await.is(422);
    let items = json!([
        {"id": "post", "ask": "Remove it", "verifier": {"by": "gone", "locator": place}},
        {"id": "few", "ask": "Fewer than two reports in a week", "verifier": {"by": "fact", "bound": "reports(\"incitement\", \"P7D\").filed < 2"}},
    ]);
    let path = issue(&house, &case, "svc-1.4", "cure", items).await;
    owner.post(&format!("{path}/acknowledgement"), &Value::Null).await.is(200);
    let ends = notice(&house, &path).await["cureEnds"].clone();

    // It still answers: that is a rejection with the answer as evidence, and no time is lost.
    let remedy = json!({"item": "post", "remedy": "It is gone"});
    owner.post(&format!("/v1/cases/{case}/cures"), &remedy).await.is(201);
    house.settle().await;
    let state = |view: &Value, item: usize| view["items"][item]["state"].as_str().unwrap().to_owned();
    let view = analyst.get(&format!("/v1/cases/{case}")).await.json();
    assert_eq!((state(&view, 0), state(&view, 1)), ("due".to_owned(), "due".to_owned()));
    assert_eq!(view["items"][0]["locator"], json!(place));
    assert_eq!(notice(&house, &path).await["cureEnds"], ends);
    let types: Vec<Value> = house.record().await.iter().map(|e| e["eventType"].clone()).collect();
    assert!(types.contains(&json!("cure.checked")) && types.contains(&json!("cure.rejected")));

    // Now it is gone.
    owner.post(&format!("/v1/cases/{case}/cures"), &remedy).await.is(201);
    house.settle().await;
    let view = analyst.get(&format!("/v1/cases/{case}")).await.json();
    assert_eq!((state(&view, 0), state(&view, 1)), ("met".to_owned(), "due".to_owned()));
    let found = &view["items"][0]["found"];
    assert_eq!(found["status"], 410);
    let evidence =
        analyst.get(&format!("/v1/evidence/{}", found["evidence"].as_str().unwrap())).await.is(200);
    assert!(evidence.text().contains("a post"), "{}", evidence.text());

    // Nobody does anything more: the week passes, the daily look finds the bound crossed, and the case is cured.
    pass(&house, "P9D").await;
    let view = analyst.get(&format!("/v1/cases/{case}")).await.json();
    assert_eq!((&view["state"], &view["outcome"]), (&json!("closed"), &json!("cured")));
    let facts = view["items"][1]["found"]["facts"].as_object().unwrap();
    assert_eq!(facts.values().next().unwrap(), "0");
    house.close().await;
}

/// Delivery that a channel proves serves a notice, and its clocks run from when that is shown.
#[tokio::test]
async fn a_notice_is_served_by_the_proof_that_its_letter_was_delivered() {
    let house = House::open().await;
    let case = open_case(&house, "parley", "incitement").await;
    let path = issue(&house, &case, "svc-1.4", "cure", one()).await;
    house.settle().await;
    let evidence = evidence(&house).await;
    let proof = json!({"channel": "email", "evidence": evidence});
    let shown = format!("{path}/delivery");
    // What was not kept proves nothing, and only who runs cases shows it.
    let unkept = json!({"channel": "email", "evidence": format!("sha256:{}", "0".repeat(64))});
    house.caller("analyst").post(&shown, &unkept).await.is(404);
    house.caller("parley/owner").post(&shown, &proof).await.is(403);
    assert_eq!(notice(&house, &path).await["state"], "issued");
    house.caller("analyst").post(&shown, &proof).await.is(200);
    let served = notice(&house, &path).await;
    assert_eq!((&served["state"], &served["servedBy"]), (&json!("served"), &json!("delivered")));
    assert!(served["cureEnds"].is_string(), "{served}");
    // Shown again it changes nothing.
    house.caller("analyst").post(&shown, &proof).await.is(200);
    assert_eq!(notice(&house, &path).await["servedAt"], served["servedAt"]);
    house.close().await;
}
