//! Courts and appeals, as the people of a provider and of an account live through them: over the wire, on the simulated
//! clock and cluster.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::ask::Caller;
use crate::house::{House, seen, workload};

/// Terms that count strikes: the second one on `abuse` opens the harsher power, to which legal consents too.
const COUNTED: &str = "kind: Terms
id: counted-agreement
version: \"1\"
calendar: {timeZone: America/Los_Angeles, businessDays: [mon, tue, wed, thu, fri], holidays: [], coversUntil: \"2021-12-31\"}
service: {channels: [inbox], deemedAfter: never}
powers:
  - {id: \"2.1\", permits: freeze, scopes: [environment], grounds: [abuse], notice: PT0S, cure: P1D, approvals: 1}
  - {id: \"2.2\", permits: isolate, scopes: [environment, workload], grounds: [abuse], notice: PT0S, cure: P1D, approvals: 2, approverRoles: [approver, legal], strikes: {atLeast: 2, byCure: kept}}
floors: {retrieval: P30D, appealWindow: P6M, appealDecision: P7D, evidenceRetention: P180D}
";

const SITE: &str = "/v1/accounts/parley/environments/web/workloads/site";

/// The people of the story.
struct Cast {
    house: House,
    owner: Caller,
    ines: Caller,
    omar: Caller,
    noa: Caller,
    lena: Caller,
}

impl Cast {
    /// `parley` runs its site.
    async fn gathered() -> Self {
        let house = House::open().await;
        let by = |role: &str| house.caller(role);
        let (owner, ines, omar) = (by("parley/owner"), by("analyst"), by("approver"));
        let (noa, lena) = (by("second-approver"), by("legal"));
        owner.json("PUT", SITE, &[("if-none-match", "*")], &workload()).await.is(201);
        Self { house, owner, ines, omar, noa, lena }
    }

    async fn now(&self) -> Timestamp {
        let clock = self.house.caller("administrator").get("/dev/clock").await.is(200);
        clock.field("now").parse().unwrap()
    }

    async fn pass(&self, by: &str) {
        self.house.caller("administrator").post("/dev/clock", &json!({"advance": by})).await.is(200);
    }

    async fn get(&self, path: &str) -> Value {
        self.lena.get(path).await.is(200).json()
    }

    async fn state(&self, measure: &str) -> String {
        self.get(&format!("/v1/measures/{measure}")).await["state"].as_str().unwrap().to_owned()
    }

    async fn standing(&self) -> Value {
        self.owner.get("/v1/accounts/parley/standing").await.is(200).json()
    }

    /// A case whose violation notice and intent are served.
    async fn served(&self, ground: &str, power: &str) -> String {
        let case =
            json!({"account": "parley", "ground": ground, "why": "Reports outpace what is taken down"});
        let case = self.ines.post("/v1/cases", &case).await.is(201).field("id");
        let items = json!([{"id": "answer", "ask": "Answer reports"}]);
        let notice = json!({"power": power, "starts": "both", "why": "Too many stay unanswered", "items": items, "facts": [seen()]});
        let notice = self.ines.post(&format!("/v1/cases/{case}/notices"), &notice).await.is(201).field("id");
        self.house.settle().await;
        let read = format!("/v1/accounts/parley/notices/{notice}/acknowledgement");
        self.owner.post(&read, &json!({})).await.is(200);
        case
    }

    async fn propose(&self, case: &str, power: &str, effective: Option<Timestamp>) -> String {
        let measure = json!({"power": power, "scope": "environment/web", "why": "It goes on", "whyNotLess": "Less was tried", "effective": effective});
        self.ines.post(&format!("/v1/cases/{case}/measures"), &measure).await.is(201).field("id")
    }

    async fn approve(&self, by: &Caller, measure: &str) -> crate::ask::Answer {
        let hash = self.get(&format!("/v1/measures/{measure}")).await["commandHash"].clone();
        by.post(&format!("/v1/measures/{measure}/approvals"), &json!({"commandHash": hash})).await
    }

    async fn document(&self) -> String {
        let text = [("content-type", "text/plain")];
        self.lena.send("POST", "/v1/evidence", &text, b"An order.".to_vec()).await.is(201).field("id")
    }

    async fn order(&self, mut order: Value) -> String {
        order["account"] = json!("parley");
        order["authority"] = json!("District court, 2:21-cv-00031");
        order["document"] = json!(self.document().await);
        let id = self.lena.post("/v1/orders", &order).await.is(201).field("id");
        self.house.settle().await;
        id
    }

    /// The guards that refuse something.
    fn guards(refused: &crate::ask::Answer) -> Vec<String> {
        assert_eq!((refused.status, refused.kind().as_str()), (409, "refused"), "{}", refused.text());
        refused.problem().guards.iter().map(|g| g.guard.clone()).collect()
    }
}

#[tokio::test]
async fn golden_a_court_stay_minutes_before_the_effective_time_and_reinstatement_by_deadline() {
    let cast = Cast::gathered().await;
    let case = cast.served("process_failure", "6.1").await;
    cast.pass("P31D").await;
    let effective = cast.now().await + SignedDuration::from_hours(1);
    let measure = cast.propose(&case, "6.1", Some(effective)).await;
    // Legal consents only where the terms name it; the proposer never does.
    assert_eq!(Cast::guards(&cast.approve(&cast.lena, &measure).await), ["role_consents"]);
    cast.approve(&cast.omar, &measure).await.is(201);
    cast.approve(&cast.noa, &measure).await.is(201);
    assert_eq!(cast.state(&measure).await, "scheduled");

    // Four minutes before, the court stays it. Its moment passes, and nothing happens.
    cast.pass("PT56M").await;
    let stay = cast.order(json!({"kind": "stay", "scope": "account"})).await;
    cast.pass("PT3H").await;
    assert_eq!(cast.state(&measure).await, "stayed");
    let standing = cast.standing().await;
    assert_eq!((&standing["standing"], &standing["withheld"]), (&json!("clear"), &json!({})));
    assert_eq!(cast.owner.get(SITE).await.is(200).json()["ready"], 1);

    // The stay is vacated: what was due takes effect on a fresh permit, and everything of `web` stops.
    cast.lena
        .post(&format!("/v1/orders/{stay}/vacatur"), &json!({"why": "The hearing was held"}))
        .await
        .is(200);
    cast.house.settle().await;
    assert_eq!(cast.state(&measure).await, "in_force");
    assert_eq!(cast.owner.get(SITE).await.is(200).json()["ready"], 0);

    // The appeals court orders service back within half an hour. What is observed is compared with that.
    let deadline = cast.now().await + SignedDuration::from_mins(30);
    // One that does not say by when could not be counted.
    let document = cast.document().await;
    let endless = json!({"account": "parley", "kind": "reinstate", "scope": "account", "authority": "The same court", "document": document});
    let asked = cast.lena.post("/v1/orders", &endless).await.is(422).problem();
    assert_eq!(asked.faults[0].at, "/deadline");
    let order = json!({"kind": "reinstate", "scope": "account", "deadline": deadline});
    let reinstatement = cast.order(order).await;
    let told = cast.get(&format!("/v1/orders/{reinstatement}")).await;
    assert_eq!((&told["overdue"], &told["marginSeconds"]), (&json!(false), &json!(1800)), "{told}");
    assert!(told["followedAt"].is_string(), "{told}");
    assert_eq!(cast.state(&measure).await, "stayed");
    assert_eq!(cast.owner.get(SITE).await.is(200).json()["ready"], 1);
    assert_eq!(cast.standing().await["standing"], "clear");
    // One that came too late to be met says by how much it was missed.
    let passed = cast.now().await - SignedDuration::from_mins(10);
    let late = cast.order(json!({"kind": "reinstate", "scope": "account", "deadline": passed})).await;
    let told = cast.get(&format!("/v1/orders/{late}")).await;
    assert_eq!((&told["overdue"], &told["marginSeconds"]), (&json!(true), &json!(-600)), "{told}");
    // And while they stand nothing else takes effect.
    let again = json!({"power": "6.1", "scope": "environment/web", "why": "Nothing has been taken down since", "whyNotLess": "Less was tried"});
    let refused = cast.ines.post(&format!("/v1/cases/{case}/measures"), &again).await;
    assert_eq!(Cast::guards(&refused), ["clocks_run", "no_order", "no_order", "approved"]);
    cast.house.close().await;
}

#[tokio::test]
async fn golden_an_overturned_appeal_removes_the_strike() {
    let cast = Cast::gathered().await;
    let admin = cast.house.caller("administrator");
    admin.yaml("/v1/terms", COUNTED).await.is(201);
    // An account under these terms, with the same people.
    let plan = json!({"cpuMillis": 1000, "memoryMib": 512, "storageMib": 128, "pods": 10});
    let terms = json!({"id": "counted-agreement", "version": "1"});
    let open = json!({"account": "tally", "terms": terms, "plan": plan});
    cast.house.caller("platform").post("/v1/accounts", &open).await.is(201);
    cast.house
        .caller("platform")
        .post("/v1/accounts/tally/environments", &json!({"environment": "web", "plan": plan}))
        .await
        .is(201);
    admin.json("PUT", "/v1/accounts/tally/members/owner", &[], &json!({"roles": ["owner"]})).await.is(200);
    let token = admin.post("/v1/tokens", &json!({"subject": "member/tally/owner"})).await.is(201);
    let owner = Caller::new(cast.house.url(), Some(&token.field("token")));
    let standing = async || owner.get("/v1/accounts/tally/standing").await.is(200).json();
    let serve = async |power: &str| {
        let case = json!({"account": "tally", "ground": "abuse", "why": "It mails strangers"});
        let case = cast.ines.post("/v1/cases", &case).await.is(201).field("id");
        let notice = json!({"power": power, "starts": "both", "why": "It mails strangers", "items": [{"id": "stop", "ask": "Stop it"}], "facts": [seen()]});
        let notice = cast.ines.post(&format!("/v1/cases/{case}/notices"), &notice).await.is(201).field("id");
        cast.house.settle().await;
        owner.post(&format!("/v1/accounts/tally/notices/{notice}/acknowledgement"), &json!({})).await.is(200);
        cast.pass("P2D").await;
        case
    };

    // The first case lapses: a strike, a freeze, a fee. It is cured then, and the strike stays.
    let first = serve("2.1").await;
    assert_eq!(standing().await["strikes"][0]["ground"], "abuse");
    let freeze = cast.propose(&first, "2.1", None).await;
    cast.approve(&cast.omar, &freeze).await.is(201);
    cast.house.settle().await;
    let fee = json!({"minorUnits": 5000, "currency": "USD", "why": "Three hours of work"});
    cast.ines.post(&format!("/v1/cases/{first}/fees"), &fee).await.is(201);
    assert_eq!(standing().await["fees"][0]["minorUnits"], 5000);
    owner
        .post(
            &format!("/v1/cases/{first}/cures"),
            &json!({"item": "stop", "remedy": "It was a leaked password"}),
        )
        .await
        .is(201);
    cast.ines.post(&format!("/v1/cases/{first}/cures/stop/decision"), &json!({"accept": true})).await.is(200);
    let now = standing().await;
    assert_eq!((now["strikes"].as_array().unwrap().len(), &now["fees"]), (1, &json!([])), "{now}");

    // The second strike opens the harsher power, with the consent of legal.
    let second = serve("2.2").await;
    let isolation = cast.propose(&second, "2.2", None).await;
    cast.approve(&cast.omar, &isolation).await.is(201);
    cast.approve(&cast.noa, &isolation).await.is(201);
    assert_eq!(cast.state(&isolation).await, "proposed", "two approvers, and nobody of legal");
    cast.approve(&cast.lena, &isolation).await.is(201);
    cast.house.settle().await;
    assert_eq!(cast.state(&isolation).await, "in_force");

    // The account appeals the first: it never mailed anybody. Whoever took part neither decides nor is assigned.
    let appeal = owner
        .post(&format!("/v1/measures/{freeze}/appeals"), &json!({"grounds": "It was not us"}))
        .await
        .is(201)
        .field("id");
    let assign = |reviewer: &str| json!({"reviewer": reviewer});
    let path = format!("/v1/appeals/{appeal}/assignment");
    assert_eq!(Cast::guards(&cast.lena.post(&path, &assign("approver")).await), ["another_person"]);
    cast.lena.post(&path, &assign("second-approver")).await.is(200);
    let decision = json!({"outcome": "overturned", "why": "The logs show another sender"});
    let path = format!("/v1/appeals/{appeal}/decision");
    assert_eq!(Cast::guards(&cast.omar.post(&path, &decision).await), ["another_person", "another_person"]);
    cast.noa.post(&path, &decision).await.is(200);
    cast.house.settle().await;

    // In one decision: the strike is gone, and what needed it ends.
    let now = standing().await;
    assert_eq!((now["strikes"].as_array().unwrap().len(), &now["standing"]), (1, &json!("clear")), "{now}");
    assert_eq!(now["strikes"][0]["case"], second.as_str());
    assert_eq!(cast.state(&isolation).await, "lifted");
    let again = json!({"power": "2.2", "scope": "environment/web", "why": "It mails strangers again", "whyNotLess": "Less was tried"});
    let refused = cast.ines.post(&format!("/v1/cases/{second}/measures"), &again).await;
    assert_eq!(Cast::guards(&refused), ["struck", "approved"]);
    cast.house.close().await;
}

#[tokio::test]
async fn a_removal_under_a_gag_is_told_when_the_gag_ends_and_not_before() {
    let cast = Cast::gathered().await;
    let until = cast.now().await + SignedDuration::from_hours(20 * 24);
    let gag = cast.order(json!({"kind": "gag", "scope": "workload/web/site", "until": until})).await;
    let removal =
        json!({"kind": "remove", "scope": "workload/web/site", "locator": "https://parley.example/posts/7"});
    let removal = cast.order(removal).await;
    let told = cast.get(&format!("/v1/orders/{removal}")).await;
    assert!(told["followedAt"].is_string() && told["marginSeconds"].as_i64() > Some(3500), "{told}");
    let measure = "parley.m1";
    assert_eq!(cast.state(measure).await, "in_force");

    // The account sees its standing, law 15, and neither the notice nor the orders.
    let inbox = "/v1/accounts/parley/notices";
    let notice = "/v1/accounts/parley/notices/parley.n1";
    let standing = cast.standing().await;
    assert_eq!((&standing["measures"][0]["id"], &standing["orders"]), (&json!(measure), &json!([])));
    assert_eq!(cast.owner.get(inbox).await.is(200).json()["items"], json!([]));
    cast.owner.get(notice).await.is(404);
    cast.owner.post(&format!("{notice}/acknowledgement"), &json!({})).await.is(404);
    for order in [&gag, &removal] {
        cast.owner.get(&format!("/v1/orders/{order}")).await.is(404);
    }
    assert!(!standing["next"].to_string().contains(&gag), "{standing}");
    let events = async |who: &Caller| {
        let page = who.get("/v1/events?stream=account%2Fparley&pageSize=200").await.is(200).json();
        let types =
            page["items"].as_array().unwrap().iter().map(|e| e["eventType"].as_str().unwrap().to_owned());
        types.collect::<Vec<_>>()
    };
    // What is refused meanwhile is on the record, and the account does not see what was tried.
    let passed = cast.now().await - SignedDuration::from_hours(1);
    let document = cast.document().await;
    let second = json!({"account": "parley", "kind": "gag", "scope": "account", "authority": "The same court", "document": document, "until": passed});
    assert_eq!(Cast::guards(&cast.lena.post("/v1/orders", &second).await), ["moment"]);
    let (theirs, ours) = (events(&cast.owner).await, events(&cast.lena).await);
    assert_eq!(theirs.len(), ours.len(), "numbers have no gaps");
    assert!(ours.contains(&"command.refused".to_owned()), "{ours:?}");
    for (n, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        let names_the_order = ours == "case.opened" || ours == "measure.proposed";
        let covered = ours.starts_with("order.")
            || ours.starts_with("notice.")
            || names_the_order
            || ours == "command.refused";
        assert_eq!(theirs == "event.withheld", covered, "{ours}");
        if covered {
            cast.owner.get(&format!("/v1/events/account%2Fparley/{}/receipt", n + 1)).await.is(404);
        }
    }
    let seen = cast.get(notice).await;
    assert_eq!((&seen["attempts"], &seen["state"]), (&json!([]), &json!("issued")));

    // Nobody but the order's giver ends the removal; the gag is looked at again, and ends as it was written.
    let lift =
        cast.omar.post(&format!("/v1/measures/{measure}/lift"), &json!({"why": "It looks fine"})).await;
    assert_eq!(Cast::guards(&lift), ["no_order"]);
    cast.lena
        .post(&format!("/v1/orders/{gag}/renewal"), &json!({"why": "They still look for him"}))
        .await
        .is(200);
    cast.pass("P20D").await;
    let seen = cast.get(notice).await;
    assert!(!seen["attempts"].as_array().unwrap().is_empty() && seen["servedAt"].is_null(), "{seen}");
    assert_eq!(events(&cast.owner).await, events(&cast.lena).await, "all of it is told now");
    cast.owner.post(&format!("{notice}/acknowledgement"), &json!({})).await.is(200);
    cast.lena.post(&format!("/v1/orders/{removal}/vacatur"), &json!({"why": "Set aside"})).await.is(200);
    cast.house.settle().await;
    assert_eq!(cast.state(measure).await, "lifted");
    cast.house.close().await;
}

#[tokio::test]
async fn whoever_broke_the_glass_waits_for_the_review_at_every_account() {
    let cast = Cast::gathered().await;
    let emergency = json!({"power": "6.1-emergency", "scope": "environment/web", "why": "It names the hour", "whyNotLess": "It is everywhere", "emergency": true, "facts": [seen()]});
    let open = async |account: &str| {
        let case = json!({"account": account, "ground": "imminent_violence", "why": "It names the hour"});
        cast.ines.post("/v1/cases", &case).await.is(201).field("id")
    };
    let case = open("parley").await;
    cast.ines.post(&format!("/v1/cases/{case}/measures"), &emergency).await.is(201);
    cast.pass("P1D").await;
    // Nobody ratified it: it has lifted by itself, and waits for its review.
    let rival = open(crate::house::RIVAL).await;
    let refused = cast.ines.post(&format!("/v1/cases/{rival}/measures"), &emergency).await;
    assert_eq!(Cast::guards(&refused), ["reviewed"]);
    cast.pass("P8D").await;
    assert_eq!(cast.get("/v1/measures/parley.m1").await["emergencyReview"]["overdue"], true);
    let review = json!({"finding": "wrong", "why": "It was a line of a play"});
    cast.omar.post("/v1/measures/parley.m1/emergency-review", &review).await.is(200);
    let told = cast.get("/v1/measures/parley.m1").await["emergencyReview"].clone();
    assert_eq!((&told["finding"], &told["by"]), (&json!("wrong"), &json!("person/approver")));
    cast.ines.post(&format!("/v1/cases/{rival}/measures"), &emergency).await.is(201);
    cast.house.close().await;
}
