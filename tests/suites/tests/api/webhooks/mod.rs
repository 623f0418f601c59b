//! Webhooks as the systems behind them meet them: a real receiver, real requests, signatures computed by another hand.

mod receiver;

use serde_json::{Value, json};

use crate::ask::Caller;
use crate::golden_measures::Market;
use receiver::{Answers, Got, Receiver};

const HOOK: &str = "/v1/webhooks/pay-hook";
const ALL: [&str; 4] = ["standing.changed", "measure.applied", "measure.lifted", "notice.issued"];

/// A market whose payments another system enforces, behind a webhook.
struct Trade {
    market: Market,
    admin: Caller,
    receiver: Receiver,
    secret: String,
}

/// Who enforces is told of measures and standings; who does not, of everything.
fn settings(url: &str, enforces: &[&str]) -> Value {
    let (events, principal) =
        if enforces.is_empty() { (&ALL[..], json!(null)) } else { (&ALL[..3], json!("enforcer")) };
    json!({"url": url, "events": events, "enforces": enforces, "principal": principal})
}

async fn register(admin: &Caller, path: &str, settings: &Value) -> String {
    admin.json("PUT", path, &[("if-none-match", "*")], settings).await.is(201);
    admin.post(&format!("{path}/secrets"), &json!({})).await.is(201).field("secret")
}

fn kinds(got: &[Got]) -> Vec<String> {
    got.iter().map(Got::kind).collect()
}

impl Trade {
    async fn open(answers: Answers) -> Self {
        let market = Market::open().await;
        let admin = market.house.caller("administrator");
        let receiver = Receiver::open(answers).await;
        let secret = register(&admin, HOOK, &settings(&receiver.url, &["payments"])).await;
        Self { market, admin, receiver, secret }
    }

    /// Payments are to be withheld from the account: a measure under the power, with everything that comes before.
    async fn withhold(&self) -> (String, String) {
        let case = self.market.open_case("fraud").await;
        self.market.notice(&case, "4.1", &["sellers"]).await;
        self.market.advance("P2D").await;
        self.receiver.got();
        let proposal = json!({"power": "4.1", "scope": "account", "why": "Sellers were not paid"});
        (self.market.measure(&case, &proposal, &["approver"]).await, case)
    }

    async fn state(&self, measure: &str) -> String {
        self.market.read(measure).await["state"].as_str().unwrap().to_owned()
    }

    async fn hook(&self) -> Value {
        self.admin.get(HOOK).await.is(200).json()
    }

    async fn change(&self, with: impl FnOnce(&mut Value)) {
        let read = self.admin.get(HOOK).await.is(200);
        let mut set = settings(&self.receiver.url, &["payments"]);
        with(&mut set);
        self.admin.json("PUT", HOOK, &[("if-match", read.header("etag"))], &set).await.is(200);
        self.market.house.settle().await;
    }

    async fn deliveries(&self) -> Vec<Value> {
        let page = self.admin.get(&format!("{HOOK}/deliveries?pageSize=200")).await.is(200).json();
        page["items"].as_array().unwrap().clone()
    }

    /// The newest message about the measure's effect.
    async fn applied(&self) -> Value {
        let all = self.deliveries().await;
        all.into_iter().find(|d| d["type"] == "measure.applied").unwrap()
    }
}

#[tokio::test]
async fn golden_payments_withheld_only_is_acknowledged_by_webhook_and_lifted() {
    let trade = Trade::open(Answers::Acknowledges).await;
    let (measure, case) = trade.withhold().await;
    // The system that pays said so in its answer; nobody had to ask for anything.
    assert_eq!(trade.state(&measure).await, "in_force");
    let got = trade.receiver.got();
    let applied = got.iter().find(|g| g.kind() == "measure.applied").unwrap();
    assert_eq!((applied.signed_by(&trade.secret), applied.signatures()), (1, 1));
    let version = applied.json()["data"]["accountVersion"].clone();
    assert!(version.as_u64().unwrap() > 0);
    let moment = applied.json()["timestamp"].clone();
    assert_eq!(
        applied.json(),
        json!({"version": 1, "type": "measure.applied", "timestamp": moment, "data": {
            "account": "market", "accountVersion": version, "measure": measure, "scope": "account",
            "capabilities": ["payments"], "acknowledge": ["payments"],
        }})
    );
    assert_eq!(applied.header("content-type"), "application/json");
    // A receiver compares the moment of sending with its own clock, which is no legal time.
    let sent: i64 = applied.header("webhook-timestamp").parse().unwrap();
    let machine = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(i64::try_from(machine).unwrap() - sent < 60, "{sent}");
    // Everything else goes on.
    let standing = trade.market.standing().await;
    assert_eq!(standing["standing"], "limited");

    trade.market.cure(&case, "sellers").await;
    assert_eq!(trade.state(&measure).await, "lifted", "and it gave back");
    let kinds = kinds(&trade.receiver.got());
    assert!(kinds.contains(&"measure.lifted".to_owned()), "{kinds:?}");
    let record = trade.market.house.record().await;
    let said: Vec<_> = record.iter().filter(|e| e["eventType"] == "enforcer.acknowledged").collect();
    assert_eq!(said.len(), 2);
    assert!(said.iter().all(|e| e["body"]["via"] == "pay-hook" && e["body"]["by"] == "enforcer"), "{said:?}");
    assert!(said.iter().all(|e| e["actor"] == "system/delivery"));
    // No secret is anywhere on the record, nor in what is kept of requests.
    let told = serde_json::to_string(&record).unwrap();
    assert!(!told.contains("whsec_") && !told.contains(trade.secret.trim_start_matches("whsec_")));
    trade.market.house.close().await;
}

#[tokio::test]
async fn only_who_speaks_for_the_endpoint_acknowledges_through_the_api() {
    let trade = Trade::open(Answers::With(200, r#"{"acknowledged": false}"#)).await;
    let (measure, _) = trade.withhold().await;
    assert_eq!(trade.state(&measure).await, "applying", "it was delivered, and nothing is withheld yet");
    assert_eq!(trade.applied().await["outcome"], "delivered");
    let path = format!("/v1/measures/{measure}/acknowledgements");
    let body = json!({"capability": "payments", "withheld": true});
    // Another person with the same role.
    let admin = &trade.admin;
    admin.json("PUT", "/v1/people/eve", &[], &json!({"roles": ["enforcer"]})).await.is(200);
    let token = admin.post("/v1/tokens", &json!({"subject": "person/eve"})).await.is(201).field("token");
    let eve = Caller::new(trade.market.house.url(), Some(&token));
    let refused = eve.post(&path, &body).await.is(409).problem();
    assert_eq!(refused.guards[0].guard, "enforces");
    trade.market.house.caller("analyst").post(&path, &body).await.is(403);
    trade.market.house.caller("enforcer").post(&path, &body).await.is(201);
    trade.market.house.settle().await;
    assert_eq!(trade.state(&measure).await, "in_force");
    trade.market.house.close().await;
}

#[tokio::test]
async fn what_an_endpoint_does_not_take_is_sent_again_in_order_and_under_the_same_id() {
    let trade = Trade::open(Answers::With(500, "down")).await;
    let (measure, case) = trade.withhold().await;
    let first = trade.receiver.got();
    assert_eq!(kinds(&first), ["measure.applied"], "of one account the first that waits alone is sent");
    assert_eq!(trade.state(&measure).await, "applying");
    let told = trade.deliveries().await;
    let head = told.iter().find(|d| d["id"] == first[0].id()).unwrap();
    assert_eq!((&head["state"], &head["status"]), (&json!("waiting"), &json!(500)), "{head}");

    // Garbage in a good answer is no acknowledgement, but a delivery.
    trade.receiver.answers(Answers::With(200, "<html>Welcome!"));
    trade.market.advance("PT15M").await;
    let again = trade.receiver.got();
    assert_eq!(again[0].id(), first[0].id());
    assert_eq!(again[0].body, first[0].body, "byte for byte");
    let versions: Vec<u64> =
        again.iter().map(|g| g.json()["data"]["accountVersion"].as_u64().unwrap()).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    assert!(kinds(&again).contains(&"measure.applied".to_owned()));
    assert_eq!(trade.state(&measure).await, "applying");

    // It is sent once more by hand, and now acknowledged.
    trade.receiver.answers(Answers::Acknowledges);
    let applied = trade.applied().await;
    let path = format!("{HOOK}/deliveries/{}", applied["id"].as_str().unwrap());
    assert_eq!(trade.admin.get(&path).await.is(200).json(), applied);
    trade.market.house.caller("platform").post(&format!("{path}/redelivery"), &json!(null)).await.is(200);
    trade.market.house.settle().await;
    assert_eq!(trade.state(&measure).await, "in_force");
    assert_eq!(trade.applied().await["outcome"], "delivered and acknowledged");

    // Sent again after it was lifted, an old message acknowledges nothing.
    trade.market.cure(&case, "sellers").await;
    assert_eq!(trade.state(&measure).await, "lifted");
    trade.admin.post(&format!("{path}/redelivery"), &json!(null)).await.is(200);
    trade.market.house.settle().await;
    assert_eq!(trade.state(&measure).await, "lifted");
    let outcome = trade.applied().await["outcome"].as_str().unwrap().to_owned();
    assert!(outcome.contains("a later message"), "{outcome}");
    trade.market.house.close().await;
}

#[tokio::test]
async fn a_message_that_is_never_taken_is_given_up_after_three_days_raised_and_on_the_record() {
    let trade = Trade::open(Answers::With(503, "")).await;
    let (measure, _) = trade.withhold().await;
    assert_eq!(trade.hook().await["raised"], json!([]));
    trade.market.advance("P4D").await;
    let hook = trade.hook().await;
    assert!(hook["givenUp"].as_u64().unwrap() > 0, "{hook}");
    assert!(hook["raised"][0].as_str().unwrap().contains("given up"), "{hook}");
    let ready = trade.admin.get("/readyz").await.is(200).json();
    let webhooks = ready["conditions"].as_array().unwrap().iter().find(|c| c["name"] == "webhooks").unwrap();
    assert_eq!(webhooks["state"], "degraded");
    let list = format!("{HOOK}/deliveries?state=given_up");
    let given_up = trade.admin.get(&list).await.is(200).json()["items"].as_array().unwrap().clone();
    // The first was tried for three days; those behind it were as old when their turn came.
    assert!(given_up.last().unwrap()["attempts"].as_u64().unwrap() > 100, "{given_up:?}");
    let record = trade.market.house.record().await;
    let told: Vec<_> = record.iter().filter(|e| e["eventType"] == "webhook.gave_up").collect();
    assert_eq!(told.len(), given_up.len());
    assert!(told.iter().all(|e| e["stream"] == "delivering/pay-hook"));
    // What was given up does not hold up what comes after it, and each can be sent again.
    trade.receiver.answers(Answers::Acknowledges);
    trade.market.advance("P4D").await;
    for message in given_up {
        let path = format!("{HOOK}/deliveries/{}/redelivery", message["id"].as_str().unwrap());
        trade.admin.post(&path, &json!(null)).await.is(200);
    }
    trade.market.house.settle().await;
    assert_eq!(trade.hook().await["raised"], json!([]));
    assert_eq!(trade.state(&measure).await, "in_force");
    trade.market.house.close().await;
}

#[tokio::test]
async fn where_an_answer_leads_is_not_followed_and_what_is_gone_is_disabled() {
    let elsewhere = Receiver::open(Answers::Acknowledges).await;
    let trade = Trade::open(Answers::Leads(elsewhere.url.clone())).await;
    let (measure, _) = trade.withhold().await;
    assert_eq!(trade.receiver.count(), 1);
    assert_eq!(elsewhere.count(), 0, "nobody else is told");
    let told = trade.deliveries().await;
    let head = told.iter().find(|d| d["status"] == 307).unwrap();
    assert!(head["outcome"].as_str().unwrap().contains("not followed"), "{head}");

    trade.receiver.answers(Answers::With(410, ""));
    trade.market.advance("PT1H").await;
    let hook = trade.hook().await;
    assert_eq!(hook["enabled"], false);
    assert!(hook["raised"][0].as_str().unwrap().contains("disabled"), "{hook}");
    trade.receiver.got();
    trade.market.advance("PT1H").await;
    assert_eq!(trade.receiver.count(), 0, "nothing is sent to what is disabled");
    trade.receiver.answers(Answers::Acknowledges);
    trade.change(|_| {}).await;
    assert_eq!(trade.state(&measure).await, "in_force", "what waited is sent when it is enabled again");
    trade.market.house.close().await;
}

#[tokio::test]
async fn a_system_that_hangs_holds_up_nobody_else_and_one_that_is_slow_is_waited_for() {
    let trade = Trade::open(Answers::Late(std::time::Duration::from_millis(300))).await;
    let quick = Receiver::open(Answers::Acknowledges).await;
    register(&trade.admin, "/v1/webhooks/quick", &settings(&quick.url, &[])).await;
    let (measure, _) = trade.withhold().await;
    assert_eq!(trade.state(&measure).await, "in_force");
    trade.receiver.answers(Answers::Hangs);
    quick.got();
    let path = format!("/v1/measures/{measure}/lift");
    trade.market.house.caller("analyst").post(&path, &json!({"why": "The sellers were paid"})).await.is(200);
    let waits = std::time::Instant::now();
    while quick.count() < 2 {
        assert!(waits.elapsed().as_secs() < 8, "the one that hangs holds the other up");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // It is cut off, and told again.
    trade.market.house.settle().await;
    let told = trade.deliveries().await;
    let head = told.iter().find(|d| d["state"] == "waiting" && d["attempts"] == 1).unwrap();
    assert!(head["outcome"].as_str().unwrap().contains("within 10 seconds"), "{head}");
    assert!(!head["outcome"].as_str().unwrap().contains("unseen"), "its URL is told to nobody");
    trade.receiver.answers(Answers::Acknowledges);
    trade.market.advance("PT1M").await;
    assert_eq!(trade.state(&measure).await, "lifted");
    trade.market.house.close().await;
}

#[tokio::test]
async fn a_secret_is_changed_over_with_both_signing_in_between() {
    let trade = Trade::open(Answers::With(204, "")).await;
    let ping = async || {
        let written = trade.admin.post(&format!("{HOOK}/ping"), &json!(null)).await.is(201);
        trade.market.house.settle().await;
        let got = trade.receiver.got();
        assert_eq!(
            (got.len(), got[0].kind().as_str(), got[0].id()),
            (1, "ping", written.field("id").as_str())
        );
        assert_eq!(got[0].json()["data"], json!({}));
        let read = trade.admin.get(&written.field("href")).await.is(200).json();
        assert_eq!((&read["state"], &read["outcome"]), (&json!("delivered"), &json!("delivered")));
        got[0].clone()
    };
    let secrets = format!("{HOOK}/secrets");
    let old = trade.secret.clone();
    let before = ping().await;
    assert_eq!((before.signed_by(&old), before.signatures()), (1, 1));
    let made = trade.admin.post(&secrets, &json!({"overlap": "P2D"})).await.is(201);
    let new = made.field("secret");
    let both = ping().await;
    assert_eq!((both.signed_by(&new), both.signed_by(&old), both.signatures()), (1, 1, 2));
    assert!(both.header("webhook-signature").starts_with("v1,"));
    assert_eq!(trade.hook().await["keys"].as_array().unwrap().len(), 2);
    trade.market.advance("P2D").await;
    let after = ping().await;
    assert_eq!((after.signed_by(&new), after.signatures()), (1, 1));
    // One that became known ends at once.
    let newest = trade.admin.post(&secrets, &json!({"overlap": "PT0S"})).await.is(201).field("secret");
    let last = ping().await;
    assert_eq!((last.signed_by(&newest), last.signed_by(&new), last.signatures()), (1, 0, 1));
    // Nobody reads a secret again.
    let read = trade.admin.get(HOOK).await.text() + &trade.admin.get("/v1/webhooks").await.text();
    for secret in [&old, &new, &newest] {
        assert!(!read.contains(secret.trim_start_matches("whsec_")));
    }
    for wrong in ["P8D", "-PT1S", "two days", "P1M", ""] {
        let answer = trade.admin.post(&secrets, &json!({"overlap": wrong})).await.is(422);
        assert_eq!(answer.at(), "/overlap", "{wrong}");
    }
    trade.market.house.close().await;
}

#[tokio::test]
async fn what_stands_already_is_told_to_who_begins_to_enforce_it() {
    let market = Market::open().await;
    let admin = market.house.caller("administrator");
    let case = market.open_case("fraud").await;
    market.notice(&case, "4.1", &["sellers"]).await;
    market.advance("P2D").await;
    let proposal = json!({"power": "4.1", "scope": "account", "why": "Sellers were not paid"});
    let measure = market.measure(&case, &proposal, &["approver"]).await;
    let receiver = Receiver::open(Answers::Acknowledges).await;
    admin.json("PUT", HOOK, &[("if-none-match", "*")], &settings(&receiver.url, &["payments"])).await.is(201);
    market.house.settle().await;
    assert_eq!(receiver.count(), 0, "nothing is sent unsigned");
    let hook = admin.get(HOOK).await.json();
    assert!(hook["raised"][0].as_str().unwrap().contains("no secret"), "{hook}");
    admin.post(&format!("{HOOK}/secrets"), &json!({})).await.is(201);
    market.house.settle().await;
    assert_eq!(kinds(&receiver.got()), ["measure.applied", "standing.changed"], "and it is in force");
    assert_eq!(market.read(&measure).await["state"], "in_force");
    market.house.close().await;
}

#[tokio::test]
async fn an_endpoint_is_registered_changed_and_removed_by_who_saw_it() {
    let trade = Trade::open(Answers::Acknowledges).await;
    let (admin, url) = (&trade.admin, trade.receiver.url.as_str());
    let good = settings(url, &[]);
    let path = "/v1/webhooks/crm";
    assert_eq!(admin.json("PUT", path, &[], &good).await.is(428).kind(), "precondition-required");
    let made = admin.json("PUT", path, &[("if-none-match", "*")], &good).await.is(201);
    assert_eq!(made.header("location"), path);
    assert_eq!(admin.json("PUT", path, &[("if-none-match", "*")], &good).await.is(412).kind(), "exists");
    let tag = admin.get(path).await.is(200).header("etag").to_owned();
    admin.send("GET", path, &[("if-none-match", &tag)], Vec::new()).await.is(304);
    assert_eq!(admin.json("PUT", path, &[("if-match", "\"77\"")], &good).await.is(412).kind(), "stale");
    let same = admin.json("PUT", path, &[("if-match", &tag)], &good).await.is(200).json();
    assert_eq!(same["events"], json!([]), "the same again changes nothing");

    // Each field, wrong.
    let invalid = async |change: Value, at: &str| {
        let mut set = good.clone();
        set.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = admin.json("PUT", path, &[("if-match", &tag)], &set).await.is(422);
        assert_eq!(answer.at(), at, "{change}");
    };
    for wrong in [
        "",
        "ftp://pay.example",
        "https://ann:pw@pay.example",
        "not a url",
        "https://",
        "https://pay.example/#x",
    ] {
        invalid(json!({"url": wrong}), "/url").await;
    }
    invalid(json!({"url": format!("https://pay.example/{}", "x".repeat(3_000))}), "/url").await;
    invalid(json!({"events": []}), "/events").await;
    invalid(json!({"events": ["ping"]}), "/events").await;
    invalid(json!({"events": ["measure.eaten"]}), "/events/0").await;
    invalid(json!({"enforces": ["compute"], "principal": "enforcer"}), "/enforces").await;
    invalid(json!({"enforces": ["flight"]}), "/enforces/0").await;
    invalid(json!({"enforces": ["storage.write"], "principal": null}), "/principal").await;
    invalid(json!({"principal": "No One"}), "/principal").await;
    invalid(json!({"enabled": "yes"}), "/enabled").await;
    invalid(json!({"secret": "whsec_mine"}), "/secret").await;
    let refused = async |change: Value| {
        let mut set = settings(url, &[]);
        set.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let problem = admin.json("PUT", path, &[("if-match", &tag)], &set).await.is(409).problem();
        problem.guards[0].guard.clone()
    };
    assert_eq!(refused(json!({"enforces": ["payments"], "principal": "enforcer"})).await, "name_free");
    assert_eq!(refused(json!({"principal": "analyst"})).await, "known");
    assert_eq!(refused(json!({"principal": "nobody"})).await, "known");

    assert_eq!(admin.send("DELETE", path, &[], Vec::new()).await.is(428).kind(), "precondition-required");
    admin.send("DELETE", path, &[("if-match", &tag)], Vec::new()).await.is(200);
    admin.get(path).await.is(404);
    admin.post(&format!("{path}/ping"), &json!(null)).await.is(404);
    admin.post(&format!("{path}/secrets"), &json!({})).await.is(404);
    admin.get(&format!("{path}/deliveries")).await.is(404);
    admin.send("DELETE", path, &[("if-match", &tag)], Vec::new()).await.is(404);
    // The name is free again, and what it had is gone.
    admin.json("PUT", path, &[("if-none-match", "*")], &good).await.is(201);
    assert_eq!(admin.get(path).await.is(200).json()["keys"], json!([]));
    // A message of one endpoint is not found at another.
    let message = admin.post(&format!("{HOOK}/ping"), &json!(null)).await.is(201).field("id");
    admin.get(&format!("{path}/deliveries/{message}")).await.is(404);
    admin.post(&format!("{path}/deliveries/{message}/redelivery"), &json!(null)).await.is(404);
    assert_eq!(admin.get(&format!("{HOOK}/deliveries?state=eaten")).await.is(400).at(), "state");
    trade.market.house.close().await;
}

#[tokio::test]
async fn the_capability_passes_to_another_endpoint_when_the_first_lets_go() {
    let trade = Trade::open(Answers::Acknowledges).await;
    let other = Receiver::open(Answers::Acknowledges).await;
    let path = "/v1/webhooks/other";
    let take = settings(&other.url, &["payments"]);
    trade.admin.json("PUT", path, &[("if-none-match", "*")], &take).await.is(409);
    trade.change(|set| set["enforces"] = json!([])).await;
    register(&trade.admin, path, &take).await;
    let (measure, _) = trade.withhold().await;
    assert_eq!(trade.state(&measure).await, "in_force");
    let got = other.got();
    let applied = got.iter().find(|g| g.kind() == "measure.applied").unwrap();
    assert_eq!(applied.json()["data"]["acknowledge"], json!(["payments"]));
    // The first is still told, and asked for nothing; that it says yes to everything counts for nothing.
    let got = trade.receiver.got();
    let applied = got.iter().find(|g| g.kind() == "measure.applied").unwrap();
    assert!(applied.json()["data"].get("acknowledge").is_none());
    let said = trade.market.house.record().await;
    let said: Vec<_> = said.iter().filter(|e| e["eventType"] == "enforcer.acknowledged").collect();
    assert_eq!((said.len(), &said[0]["body"]["via"]), (1, &json!("other")));
    trade.market.house.close().await;
}

#[tokio::test]
async fn a_gag_keeps_messages_from_all_but_who_enforces() {
    let trade = Trade::open(Answers::Acknowledges).await;
    let crm = Receiver::open(Answers::With(200, "")).await;
    register(&trade.admin, "/v1/webhooks/crm", &settings(&crm.url, &[])).await;
    trade.change(|set| set["events"] = json!(ALL)).await;
    let legal = trade.market.house.caller("legal");
    let case = trade.market.open_case("fraud").await;
    trade.market.notice(&case, "4.1", &["sellers"]).await;
    trade.market.advance("P2D").await;
    let text = [("content-type", "text/plain")];
    let document = legal.send("POST", "/v1/evidence", &text, b"By order.".to_vec()).await.is(201).field("id");
    let now = trade.admin.get("/dev/clock").await.is(200).field("now");
    let until: jiff::Timestamp = now.parse().unwrap();
    let until = until + jiff::SignedDuration::from_hours(20 * 24);
    let gag = json!({"account": "market", "kind": "gag", "scope": "account", "authority": "Tribunal of Whispers", "document": document, "until": until});
    let gag = legal.post("/v1/orders", &gag).await.is(201).field("id");
    trade.market.house.settle().await;
    trade.receiver.got();
    crm.got();
    let proposal = json!({"power": "4.1", "scope": "account", "why": "Sellers were not paid"});
    let measure = trade.market.measure(&case, &proposal, &["approver"]).await;
    // It is enforced all the same; the one who enforces learns what to withhold and nothing of why.
    assert_eq!(trade.state(&measure).await, "in_force");
    let got = trade.receiver.got();
    assert!(kinds(&got).contains(&"measure.applied".to_owned()));
    for message in &got {
        for secret in [gag.as_str(), case.as_str(), "Whispers", "gag", "fraud", "sellers"] {
            assert!(!message.body.contains(secret), "{}", message.body);
        }
        assert_ne!(message.kind(), "notice.issued", "that there is a notice is no matter of enforcing");
    }
    assert_eq!(crm.got().len(), 0, "nobody else hears of anything");
    // Nor does who enforces read it with the token: what is to be withheld, and not that there is an order.
    let enforcer = trade.market.house.caller("enforcer");
    let standing = "/v1/accounts/market/standing";
    let read = enforcer.get(standing).await.is(200);
    assert!(!read.text().contains(&gag) && legal.get(standing).await.text().contains(&gag));
    assert_eq!(read.json()["withheld"]["account"], json!(["payments"]));
    enforcer.get(&format!("/v1/orders/{gag}")).await.is(404);
    let seen = |caller: &Caller| {
        let caller = caller.clone();
        async move {
            caller.get("/v1/accounts/market/notices").await.is(200).json()["items"].as_array().unwrap().len()
        }
    };
    assert!(seen(&enforcer).await < seen(&legal).await);
    // When it ends the others are told what is then the case.
    legal.post(&format!("/v1/orders/{gag}/vacatur"), &json!({"why": "It is public"})).await.is(200);
    trade.market.house.settle().await;
    let told = kinds(&crm.got());
    for kind in ["measure.applied", "standing.changed", "notice.issued"] {
        assert!(told.contains(&kind.to_owned()), "{kind}: {told:?}");
    }
    trade.market.house.close().await;
}

#[tokio::test]
async fn messages_name_one_account_each_and_members_learn_of_no_endpoint() {
    let trade = Trade::open(Answers::Acknowledges).await;
    let (measure, _) = trade.withhold().await;
    for message in trade.receiver.got() {
        assert!(!message.body.contains("parley") && !message.body.contains("agora"), "{}", message.body);
    }
    let owner = trade.market.house.caller("parley/owner");
    for path in ["/v1/webhooks".to_owned(), HOOK.to_owned(), format!("{HOOK}/deliveries")] {
        owner.get(&path).await.is(403);
    }
    owner.get(&format!("/v1/measures/{measure}")).await.is(404);
    // The endpoint's stream is for auditors.
    let stream = owner.get("/v1/events?stream=webhook%2Fpay-hook").await;
    assert!(matches!(stream.status, 403 | 404), "{}", stream.status);
    trade.market.house.close().await;
}
