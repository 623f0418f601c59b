//! What members of an account learn while a gag covers it: their standing, and nothing of what the gag covers.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::ask::{Answer, Caller};
use crate::house::{House, seen};
use crate::operations::{self, Operation, existing, missing};
use crate::streams;

const AUTHORITY: &str = "Tribunal of Whispers, 9 Q 41";
const LOCATOR: &str = "https://parley.example/unspeakable";
const ITEM: &str = "quiet-item";
const ASK: &str = "Hand over the diary";
const ACCOUNT: &str = "/v1/accounts/parley";
const SITE: &str = "/v1/accounts/parley/environments/web/workloads/site";
const MEMBERS: [&str; 3] = ["parley/owner", "parley/developer", "parley/viewer"];

/// The account with one of everything, a measure that is scheduled, and then a gag over all of it: under the gag an
/// emergency measure, a removal, a violation notice and a stay.
struct Hush {
    house: House,
    owner: Caller,
    lena: Caller,
    /// How many notices the account saw before.
    told: usize,
    /// The document of the orders under the gag.
    document: String,
    gag: String,
    removal: String,
    stay: String,
    scheduled: String,
    emergency: String,
    removes: String,
}

impl Hush {
    async fn falls() -> Self {
        let house = House::furnished().await;
        let (owner, ines, lena) =
            (house.caller("parley/owner"), house.caller("analyst"), house.caller("legal"));
        let (omar, noa) = (house.caller("approver"), house.caller("second-approver"));
        let hash = async |measure: &str| {
            let seen = lena.get(&format!("/v1/measures/{measure}")).await.is(200).json();
            json!({"commandHash": seen["commandHash"]})
        };
        omar.post("/v1/measures/parley.m1/ratification", &hash("parley.m1").await).await.is(200);
        let review = json!({"finding": "right", "why": "It was what it looked like"});
        noa.post("/v1/measures/parley.m1/emergency-review", &review).await.is(200);
        owner.post(&format!("{ACCOUNT}/notices/parley.n1/acknowledgement"), &json!({})).await.is(200);
        pass(&house, "P5D").await;
        let later = now(&house).await + SignedDuration::from_hours(48);
        let measure = json!({"power": "svc-1.4", "scope": "workload/web/site", "why": "The post is still there", "whyNotLess": "Less was tried", "effective": later});
        let scheduled = ines.post("/v1/cases/parley.c1/measures", &measure).await.is(201).field("id");
        let consent = hash(&scheduled).await;
        omar.post(&format!("/v1/measures/{scheduled}/approvals"), &consent).await.is(201);
        house.settle().await;

        let text = [("content-type", "text/plain")];
        let document = lena.send("POST", "/v1/evidence", &text, b"By order.".to_vec()).await.is(201);
        let document = document.field("id");
        let order = async |mut order: Value| {
            order["account"] = json!("parley");
            order["authority"] = json!(AUTHORITY);
            order["document"] = json!(document);
            let id = lena.post("/v1/orders", &order).await.is(201).field("id");
            house.settle().await;
            id
        };
        let told = notices(&lena).await.len();
        let until = now(&house).await + SignedDuration::from_hours(20 * 24);
        let gag = order(json!({"kind": "gag", "scope": "account", "until": until})).await;
        let emergency = json!({"power": "6.1-emergency", "scope": "environment/web", "why": "It names the hour again", "whyNotLess": "It is everywhere", "emergency": true, "facts": [operations::fact(&house)]});
        let emergency = ines.post("/v1/cases/parley.c2/measures", &emergency).await.is(201).field("id");
        house.settle().await;
        let removal =
            order(json!({"kind": "remove", "scope": "workload/web/site", "locator": LOCATOR})).await;
        let case =
            json!({"account": "parley", "ground": "process_failure", "why": "Reports stay unanswered"});
        let case = ines.post("/v1/cases", &case).await.is(201).field("id");
        let notice = json!({"power": "6.1", "starts": "cure", "why": "Too many stay unanswered", "items": [{"id": ITEM, "ask": ASK}], "facts": [seen()]});
        ines.post(&format!("/v1/cases/{case}/notices"), &notice).await.is(201);
        let stay = order(json!({"kind": "stay", "scope": "account"})).await;
        let removes = lena.get(&format!("{ACCOUNT}/standing")).await.is(200).json()["measures"]
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["basis"] == "order")
            .unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { house, owner, lena, told, document, gag, removal, stay, scheduled, emergency, removes }
    }

    /// The ids of the notices that are delayed.
    async fn delayed(&self) -> Vec<String> {
        notices(&self.lena).await.split_off(self.told)
    }

    /// Everything that no member is to read.
    async fn secrets(&self) -> Vec<String> {
        let mut secrets = self.delayed().await;
        assert!(secrets.len() >= 3, "of the emergency, the removal and the violation: {secrets:?}");
        // An order from before the gag lies in its scope too.
        secrets.extend(["parley.o1".to_owned(), self.gag.clone(), self.removal.clone(), self.stay.clone()]);
        secrets.extend([AUTHORITY, LOCATOR, ITEM, ASK].map(str::to_owned));
        secrets.push(self.document.clone());
        secrets
    }

    /// What there is in the account for a parameter, hidden or not.
    async fn candidates(&self, parameter: &str) -> Vec<String> {
        let numbered =
            |letter: char, most: usize| (1..=most).map(|n| format!("parley.{letter}{n}")).collect();
        match parameter {
            "case" => numbered('c', 4),
            "measure" => numbered('m', 4),
            "notice" => notices(&self.lena).await,
            "order" => numbered('o', 4),
            "n" => (1..=events(&self.lena).await.len()).map(|n| n.to_string()).collect(),
            "item" => vec!["post-1".to_owned(), ITEM.to_owned()],
            "id" => {
                let mut bytes = vec![self.house.evidence.clone(), self.document.clone()];
                for measure in ["parley.m1", &self.emergency, &self.removes] {
                    let seen = self.lena.get(&format!("/v1/measures/{measure}")).await.is(200).json();
                    bytes.extend(seen["receipt"].as_str().map(str::to_owned));
                }
                for event in events(&self.lena).await {
                    let named = ["letter", "statement"].map(|name| event["body"][name].as_str());
                    bytes.extend(named.into_iter().flatten().map(str::to_owned));
                }
                bytes
            }
            other => vec![existing(&self.house, other)],
        }
    }

    /// The paths of an operation with everything that there is in the place of its parameters, and what was put there.
    async fn paths(&self, operation: &Operation) -> Vec<(String, Vec<String>)> {
        let mut all = vec![Vec::<(String, String)>::new()];
        for parameter in operation.parameters() {
            let candidates = self.candidates(parameter).await;
            let with = |put: &Vec<(String, String)>| {
                let put = put.clone();
                candidates.iter().map(move |value| {
                    let mut put = put.clone();
                    put.push((parameter.to_owned(), value.clone()));
                    put
                })
            };
            all = all.iter().flat_map(with).collect();
        }
        all.into_iter()
            .map(|put| {
                let value = |name: &str| {
                    let named = put.iter().find(|(parameter, _)| parameter == name);
                    named.map_or_else(|| existing(&self.house, name), |(_, value)| value.clone())
                };
                (operation.at(value), put.iter().map(|(_, value)| value.clone()).collect())
            })
            .collect()
    }

    /// Asks for everything that can be read, as a member: what of the hidden is told.
    async fn walk(&self, holder: &str, secrets: &[String]) -> Vec<String> {
        let mut told = Vec::new();
        let member = self.house.caller(holder);
        let seen = events(&member).await;
        for operation in operations::all().iter().filter(|o| o.method == "GET") {
            for (path, asked) in self.paths(operation).await {
                let mut page = path.clone();
                loop {
                    let answer = operation.send(&member, &page, Vec::new()).await;
                    assert!(answer.status < 500, "{}: {}", answer.asked, answer.text());
                    told.extend(leaks(&answer, &asked, secrets));
                    if operation.id == "getReceipt" && answer.status == 200 {
                        // The leaf is in base64, and says what the event does.
                        let n: usize = asked.iter().find_map(|name| name.parse().ok()).unwrap();
                        if seen[n - 1]["eventType"] == "event.withheld" {
                            told.push(format!("{path} proves what is withheld"));
                        }
                    }
                    let next = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
                    let Some(token) = next["nextPageToken"].as_str() else { break };
                    page = format!("{path}{}pageToken={token}", if path.contains('?') { '&' } else { '?' });
                }
            }
        }
        let last = events(&self.lena).await.len();
        let path = "/v1/events?stream=account%2Fparley";
        let mut stream = streams::open(self.house.url(), self.house.token(holder), path, None).await;
        let streamed = streams::until(&mut stream, &format!("id: {last}\n")).await;
        assert!(streamed.contains("event: event.withheld"), "{streamed}");
        told.extend(named_in(&streamed, path, secrets));
        told
    }
}

async fn now(house: &House) -> Timestamp {
    house.caller("administrator").get("/dev/clock").await.is(200).field("now").parse().unwrap()
}

async fn pass(house: &House, by: &str) {
    house.caller("administrator").post("/dev/clock", &json!({"advance": by})).await.is(200);
}

/// The ids of the account's notices, as somebody sees them.
async fn notices(who: &Caller) -> Vec<String> {
    crate::house::ids(&who.get(&format!("{ACCOUNT}/notices?pageSize=200")).await.is(200))
}

/// The account's events, as somebody sees them.
async fn events(who: &Caller) -> Vec<Value> {
    let page = who.get("/v1/events?stream=account%2Fparley&pageSize=200").await.is(200).json();
    assert!(page["nextPageToken"].is_null(), "all of them");
    page["items"].as_array().unwrap().clone()
}

/// What of the hidden is in a text, with what was asked.
fn named_in(text: &str, asked: &str, secrets: &[String]) -> Vec<String> {
    let named = secrets.iter().filter(|secret| text.contains(secret.as_str()));
    named.map(|secret| format!("{asked} tells of {secret}")).collect()
}

/// What of the hidden is in an answer; in a problem, beyond what was asked for.
fn leaks(answer: &Answer, asked: &[String], secrets: &[String]) -> Vec<String> {
    let mut text = answer.text();
    if answer.status >= 400 {
        for name in asked {
            text = text.replace(name.as_str(), "…");
        }
    }
    for (name, value) in &answer.headers {
        text = format!("{text}\n{name}: {}", value.to_str().unwrap_or_default());
    }
    named_in(&text, &answer.asked, secrets)
}

#[tokio::test]
async fn under_a_gag_no_answer_to_a_member_names_what_it_covers() {
    let hush = Hush::falls().await;
    let secrets = hush.secrets().await;
    for holder in MEMBERS {
        assert_eq!(hush.walk(holder, &secrets).await, Vec::<String>::new());
    }

    // Refused or not, what is written tells nothing either.
    let mut told = Vec::new();
    for operation in operations::all().iter().filter(|o| o.method != "GET") {
        for (path, asked) in hush.paths(operation).await {
            let body = operation.body(&hush.house, "parley");
            let answer = operation.send(&hush.owner, &path, body).await;
            assert!(answer.status < 500, "{}: {}", answer.asked, answer.text());
            told.extend(leaks(&answer, &asked, &secrets));
        }
    }
    hush.house.settle().await;
    let secrets = hush.secrets().await;
    told.extend(hush.walk("parley/owner", &secrets).await);
    assert_eq!(told, Vec::<String>::new());
    hush.house.close().await;
}

#[tokio::test]
async fn under_a_gag_what_is_hidden_and_what_is_not_there_are_told_alike() {
    let hush = Hush::falls().await;
    let delayed = hush.delayed().await;
    let missing = |parameter: &str| missing(&hush.house, parameter).replace("nosuch", "parley");
    let alike = async |path: &str, there: &str, not: &str| {
        let there_told = hush.owner.get(&path.replace('*', there)).await.is(404);
        let not_told = hush.owner.get(&path.replace('*', not)).await.is(404);
        let of = |answer: &Answer, name: &str| answer.told().1.to_string().replace(name, "…");
        assert_eq!(of(&there_told, there), of(&not_told, not), "{path}");
    };
    for order in ["parley.o1", &hush.gag, &hush.removal, &hush.stay] {
        alike("/v1/orders/*", order, &missing("order")).await;
    }
    for notice in &delayed {
        for part in ["", "/statement", "/letter", "/transparency"] {
            alike(&format!("{ACCOUNT}/notices/*{part}"), notice, &missing("notice")).await;
        }
        let path = format!("{ACCOUNT}/notices/{notice}/acknowledgement");
        hush.owner.post(&path, &json!({})).await.is(404);
    }
    alike("/v1/evidence/*", &hush.document, &missing("id")).await;
    // Bytes that something else names stay readable.
    hush.owner.get(&format!("/v1/evidence/{}", hush.house.evidence)).await.is(200);
    let cure = async |item: &str| {
        let body = json!({"item": item, "remedy": "It is done"});
        hush.owner
            .post("/v1/cases/parley.c4/cures", &body)
            .await
            .is(404)
            .told()
            .1
            .to_string()
            .replace(item, "…")
    };
    assert_eq!(cure(ITEM).await, cure("none").await);
    hush.house.close().await;
}

#[tokio::test]
async fn law_15_under_a_gag_the_account_sees_its_standing_and_can_appeal_and_the_legal_role_sees_all() {
    let hush = Hush::falls().await;
    let standing = hush.owner.get(&format!("{ACCOUNT}/standing")).await.is(200).json();
    let line = |measure: &str| {
        let measures = standing["measures"].as_array().unwrap().iter();
        measures
            .clone()
            .find(|m| m["id"] == measure)
            .unwrap_or_else(|| panic!("{measure}: {standing}"))
            .clone()
    };
    assert_eq!(
        (&standing["orders"], &standing["withheld"]["workload/web/site"]),
        (&json!([]), &json!(["egress", "ingress"]))
    );
    let removes = line(&hush.removes);
    assert_eq!((&removes["scope"], &removes["state"]), (&json!("workload/web/site"), &json!("in_force")));
    assert!(removes["clearedBy"].as_str().unwrap().contains("an appeal can be filed"), "{removes}");
    for stayed in [&hush.scheduled, &hush.emergency] {
        let line = line(stayed);
        assert_eq!(line["state"], "stayed");
        assert_eq!(line["clearedBy"], "an order suspends its effect");
    }
    let by = &standing["blocked"][0]["by"][0];
    assert_eq!((&by["measure"], &by["liftedBy"].is_string()), (&json!(hush.removes), &true), "{by}");
    let why: Vec<&Value> = standing["whyNotYet"].as_array().unwrap().iter().collect();
    assert!(why.iter().any(|w| w.to_string().contains("an order stands")), "{why:?}");
    assert!(standing["paused"].as_array().unwrap().iter().any(|p| {
        let pauses = p["pauses"].as_array().unwrap();
        pauses.iter().any(|pause| pause["because"] == "order" && pause["subject"].is_null())
    }));
    let seen = hush.owner.get(&format!("/v1/measures/{}", hush.removes)).await.is(200).json();
    assert!(seen["stateAt"].is_string() && seen["why"].is_null() && seen["order"].is_null(), "{seen}");
    assert_eq!(seen["basis"], "order");
    // What it may not do is refused, with the guard and without the order.
    let version = hush.owner.get(SITE).await.is(200).header("etag").to_owned();
    let removed = hush.owner.json("DELETE", SITE, &[("if-match", &version)], &Value::Null).await;
    let path = format!("/v1/measures/{}/lift", hush.removes);
    let lifted = hush.owner.post(&path, &json!({"why": "It is ours"})).await;
    for refused in [removed, lifted] {
        assert_eq!((refused.status, refused.kind().as_str()), (409, "refused"), "{}", refused.text());
        let guards: Vec<String> = refused.problem().guards.iter().map(|g| g.guard.clone()).collect();
        assert!(guards.contains(&"no_order".to_owned()), "{guards:?}");
        assert_eq!(leaks(&refused, &[], &hush.secrets().await), Vec::<String>::new());
    }
    let grounds = json!({"grounds": "We do not know why"});
    hush.owner.post(&format!("/v1/measures/{}/appeals", hush.removes), &grounds).await.is(201);

    told_in_full(&hush, &hush.lena).await;
    // The gag ends as it was written, and the account is told what it was not.
    pass(&hush.house, "P21D").await;
    told_in_full(&hush, &hush.owner).await;
    assert_eq!(events(&hush.owner).await, events(&hush.lena).await);
    assert_eq!(notices(&hush.owner).await, notices(&hush.lena).await);
    hush.house.close().await;
}

/// Whoever may know sees the orders, their words, and the notices.
async fn told_in_full(hush: &Hush, who: &Caller) {
    let get = async |path: &str| who.get(path).await.is(200).text();
    for order in [&hush.gag, &hush.removal, &hush.stay] {
        assert!(get(&format!("/v1/orders/{order}")).await.contains(AUTHORITY));
    }
    let seen = get(&format!("/v1/measures/{}", hush.removes)).await;
    assert!(seen.contains(LOCATOR) && seen.contains(&hush.removal), "{seen}");
    assert!(get("/v1/cases/parley.c3").await.contains(AUTHORITY));
    assert!(get("/v1/cases/parley.c4").await.contains(ASK));
    let standing = get(&format!("{ACCOUNT}/standing")).await;
    for told in [&format!("order {} suspends its effect", hush.stay), ITEM, &hush.removal] {
        assert!(standing.contains(told), "{told}: {standing}");
    }
    let delayed = hush.delayed().await;
    assert!(get(&format!("{ACCOUNT}/notices?pageSize=200")).await.contains(&delayed[0]));
    // The emergency's notice is the first of them, and restricts something.
    for part in ["/statement", "/letter", "/transparency"] {
        get(&format!("{ACCOUNT}/notices/{}{part}", delayed[0])).await;
    }
    get(&format!("/v1/evidence/{}", hush.document)).await;
    let told = events(who).await;
    assert!(told.iter().all(|e| e["eventType"] != "event.withheld"));
    assert!(
        told.iter().any(|e| e["body"]["order"] == hush.stay.as_str() && e["eventType"] == "measure.stayed")
    );
}
