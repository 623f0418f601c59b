//! Golden scenarios: measures short of a suspension, conditions that lift one, and a termination to its very end.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use crate::ask::Caller;
use crate::house::{House, seen, workload};

const TERMS: &str = include_str!("market.yaml");

/// An account of a market, under terms of its own.
pub struct Market {
    pub house: House,
    pub owner: Caller,
}

impl Market {
    pub async fn open() -> Self {
        let house = House::open().await;
        let admin = house.caller("administrator");
        admin.yaml("/v1/terms", TERMS).await.is(201);
        let plan = json!({"cpuMillis": 1000, "memoryMib": 512, "storageMib": 128, "pods": 10});
        let terms = json!({"id": "market-agreement", "version": "1"});
        let open = json!({"account": "market", "terms": terms, "plan": plan});
        house.caller("platform").post("/v1/accounts", &open).await.is(201);
        let roles = json!({"roles": ["owner"]});
        admin.json("PUT", "/v1/accounts/market/members/olga", &[], &roles).await.is(200);
        let token =
            admin.post("/v1/tokens", &json!({"subject": "member/market/olga"})).await.is(201).field("token");
        let owner = Caller::new(house.url(), Some(&token));
        let web = json!({"environment": "web", "plan": plan});
        owner.post("/v1/accounts/market/environments", &web).await.is(201);
        let site = "/v1/accounts/market/environments/web/workloads/site";
        owner.json("PUT", site, &[("if-none-match", "*")], &workload()).await.is(201);
        let market = Self { house, owner };
        market.house.settle().await;
        market
    }

    /// Reads the standing until the condition holds, without waiting for all to be quiet.
    async fn until_standing(&self, holds: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..2_400 {
            let standing = self.standing().await;
            if holds(&standing) {
                return standing;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it does not come about: {}", self.standing().await);
    }

    /// Somebody who can do anything in the cluster leaves something of theirs in the environment's namespace.
    async fn foreign(&self) -> Value {
        tenured::install_crypto();
        let kubeconfig = Kubeconfig::from_yaml(self.house.kubeconfig()).unwrap();
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        let maps: Api<ConfigMap> = Api::namespaced(Client::try_from(config).unwrap(), "market--web");
        let theirs = serde_json::from_value(json!({"metadata": {"name": "theirs"}})).unwrap();
        let made = maps.create(&PostParams::default(), &theirs).await.unwrap();
        json!({"object": "ConfigMap/theirs", "uid": made.metadata.uid})
    }

    pub async fn advance(&self, by: &str) {
        self.house.caller("administrator").post("/dev/clock", &json!({"advance": by})).await.is(200);
    }

    async fn until(&self, moment: &str) {
        self.house.caller("administrator").post("/dev/clock", &json!({"set": moment})).await.is(200);
    }

    /// A case on the ground, with a notice under the power that asks for items and is acknowledged.
    pub async fn notice(&self, case: &str, power: &str, items: &[&str]) {
        let items: Vec<Value> = items.iter().map(|id| json!({"id": id, "ask": "Put it right"})).collect();
        let notice =
            json!({"power": power, "starts": "both", "why": "It goes on", "items": items, "facts": [seen()]});
        let analyst = self.house.caller("analyst");
        analyst.post(&format!("/v1/cases/{case}/notices"), &notice).await.is(201);
        self.acknowledge_newest().await;
    }

    pub async fn open_case(&self, ground: &str) -> String {
        let case = json!({"account": "market", "ground": ground, "why": "It goes on"});
        self.house.caller("analyst").post("/v1/cases", &case).await.is(201).field("id")
    }

    async fn acknowledge_newest(&self) {
        let inbox = self.owner.get("/v1/accounts/market/notices?pageSize=200").await.is(200).json();
        for notice in inbox["items"].as_array().unwrap().iter().filter(|n| n["state"] == "issued") {
            let id = notice["id"].as_str().unwrap();
            let path = format!("/v1/accounts/market/notices/{id}/acknowledgement");
            self.owner.post(&path, &json!(null)).await.is(200);
        }
    }

    /// Proposes a measure, has it approved, and waits until nothing is under way.
    pub async fn measure(&self, case: &str, proposal: &Value, approvers: &[&str]) -> String {
        let path = format!("/v1/cases/{case}/measures");
        let id = self.house.caller("analyst").post(&path, proposal).await.is(201).field("id");
        let hash = self.read(&id).await["commandHash"].clone();
        for approver in approvers {
            let consent = json!({"commandHash": hash});
            self.house.caller(approver).post(&format!("/v1/measures/{id}/approvals"), &consent).await.is(201);
        }
        self.house.settle().await;
        id
    }

    pub async fn read(&self, measure: &str) -> Value {
        self.owner.get(&format!("/v1/measures/{measure}")).await.is(200).json()
    }

    pub async fn standing(&self) -> Value {
        self.owner.get("/v1/accounts/market/standing").await.is(200).json()
    }

    async fn says(&self, measure: &str, capability: &str, withheld: bool) -> Vec<String> {
        let body = json!({"capability": capability, "withheld": withheld});
        let path = format!("/v1/measures/{measure}/acknowledgements");
        let written = self.house.caller("enforcer").post(&path, &body).await;
        assert!(matches!(written.status, 200 | 201), "{}", written.text());
        let events = written.json()["events"].as_array().unwrap().clone();
        self.house.settle().await;
        events.iter().map(|e| e["eventType"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn cure(&self, case: &str, item: &str) {
        let remedy = json!({"item": item, "remedy": "It is done"});
        self.owner.post(&format!("/v1/cases/{case}/cures"), &remedy).await.is(201);
        let path = format!("/v1/cases/{case}/cures/{item}/decision");
        self.house.caller("analyst").post(&path, &json!({"accept": true})).await.is(200);
        self.house.settle().await;
    }
}

#[tokio::test]
async fn golden_payments_withheld_only() {
    let market = Market::open().await;
    let case = market.open_case("fraud").await;
    market.notice(&case, "4.1", &["sellers"]).await;
    let proposal = json!({"power": "4.1", "scope": "account", "why": "Sellers were not paid"});
    let early = market.house.caller("analyst").post(&format!("/v1/cases/{case}/measures"), &proposal).await;
    assert_eq!((early.status, early.kind().as_str()), (409, "refused"));
    market.advance("P2D").await;
    let id = market.measure(&case, &proposal, &["approver"]).await;

    // The system that pays reads the standing; until it has spoken the measure is not in force.
    let measure = market.read(&id).await;
    assert_eq!((&measure["state"], &measure["unacknowledged"]), (&json!("applying"), &json!(["payments"])));
    let seen = market.house.caller("enforcer").get("/v1/accounts/market/standing").await.is(200).json();
    assert_eq!(
        seen["withheld"],
        json!({
            "account": ["payments"], "environment/web": ["payments"], "workload/web/site": ["payments"],
        })
    );
    assert_eq!(seen["blocked"][0]["enforcer"], "declared");
    let body = json!({"capability": "payments", "withheld": true});
    let path = format!("/v1/measures/{id}/acknowledgements");
    market.house.caller("analyst").post(&path, &body).await.is(403);
    market.owner.post(&path, &body).await.is(403);
    assert_eq!(market.says(&id, "payments", true).await, ["enforcer.acknowledged", "measure.in_force"]);
    assert!(market.says(&id, "payments", true).await.is_empty(), "said twice is done once");

    // Nothing else is touched: what runs goes on, and more can be deployed.
    let standing = market.standing().await;
    assert_eq!((&standing["standing"], &standing["lifecycle"]), (&json!("limited"), &json!("active")));
    let site = market.owner.get("/v1/accounts/market/environments/web/workloads/site").await.is(200).json();
    assert_eq!((&site["ready"], &site["wanted"]), (&json!(1), &json!(1)));
    let mut more = workload();
    more["replicas"] = json!(2);
    let other = "/v1/accounts/market/environments/web/workloads/other";
    market.owner.json("PUT", other, &[("if-none-match", "*")], &more).await.is(201);

    market.cure(&case, "sellers").await;
    assert_eq!(market.read(&id).await["state"], "lifting");
    assert_eq!(market.says(&id, "payments", false).await, ["enforcer.acknowledged", "measure.lifted"]);
    assert_eq!(market.standing().await["standing"], "clear");
    market.house.close().await;
}

#[tokio::test]
async fn golden_lift_on_conditions() {
    let market = Market::open().await;
    let case = market.open_case("moderation").await;
    market.notice(&case, "4.2", &["policy", "staff"]).await;
    market.advance("P1D").await;
    let scope = "environment/web";
    // Conditions name what the account was asked for: an invented one is not found.
    let until = |items: Value| json!({"power": "4.2", "scope": scope, "why": "Nobody moderates the market", "until": {"items": items}});
    let path = format!("/v1/cases/{case}/measures");
    market.house.caller("analyst").post(&path, &until(json!(["unheard"]))).await.is(404);
    let id = market.measure(&case, &until(json!(["policy"])), &["approver"]).await;
    assert_eq!(market.read(&id).await["state"], "in_force");
    let standing = market.standing().await;
    let cleared = standing["blocked"][0]["by"][0]["clearedBy"][0].as_str().unwrap();
    assert_eq!(cleared, "meeting its conditions: policy");
    // The condition stands for a year, and is reviewed meanwhile; nothing makes it harder.
    market.advance("P15D").await;
    let next = market.standing().await["next"].clone();
    assert!(next.as_array().unwrap().iter().any(|n| n["kind"] == "review_overdue"), "{next}");
    let review = json!({"lift": false, "why": "The policy is promised for next week"});
    market.house.caller("approver").post(&format!("/v1/measures/{id}/reviews"), &review).await.is(201);
    let harder = json!({"until": {"items": ["policy", "staff"]}, "why": "More"});
    let refused =
        market.house.caller("analyst").post(&format!("/v1/measures/{id}/conditions"), &harder).await;
    assert_eq!((refused.status, refused.kind().as_str()), (409, "refused"));

    market.cure(&case, "policy").await;
    let measure = market.read(&id).await;
    assert_eq!(measure["state"], "lifted", "{measure}");
    assert_eq!(measure["endedBecause"], "the conditions set for its end are met");
    let open = market.owner.get(&format!("/v1/cases/{case}")).await.is(200).json();
    assert_ne!(open["state"], "closed", "what else was asked is still asked");
    market.house.close().await;
}

#[tokio::test]
async fn golden_a_termination_to_its_end() {
    let market = Market::open().await;
    let case = market.open_case("moderation").await;
    market.notice(&case, "9.1", &["staff"]).await;
    market.advance("P30D").await;
    let why = "Nothing less is left";
    let proposal =
        json!({"power": "9.1", "scope": "account", "why": "Thirty days have run", "whyNotLess": why});
    let id = market.measure(&case, &proposal, &["approver", "second-approver"]).await;
    market.says(&id, "storage.write", true).await;
    market.says(&id, "payments", true).await;
    assert_eq!(market.read(&id).await["state"], "in_force");

    // Everything stops but reading and export.
    let standing = market.standing().await;
    assert_eq!((&standing["lifecycle"], &standing["standing"]), (&json!("closing"), &json!("suspended")));
    let withheld = &standing["withheld"]["account"];
    assert!(!withheld.as_array().unwrap().contains(&json!("storage.read")), "{withheld}");
    let site = "/v1/accounts/market/environments/web/workloads/site";
    let refused = market.owner.json("PUT", site, &[("if-match", "*")], &workload()).await;
    assert!(refused.status >= 400, "{}", refused.text());

    // The time to fetch the data runs from the service of its notice.
    assert_eq!(standing["closing"]["retrieveUntil"], json!(null));
    let analyst = market.house.caller("analyst");
    let (deletion, reason) = ("/v1/accounts/market/deletion", json!({"why": "The time has run"}));
    let guards = |answer: &crate::ask::Answer| -> Vec<String> {
        let problem = answer.problem();
        problem
            .guards
            .iter()
            .map(|g| serde_json::to_value(g).unwrap()["guard"].as_str().unwrap().to_owned())
            .collect()
    };
    let early = analyst.post(deletion, &reason).await.is(409);
    assert!(guards(&early).contains(&"retrieval_run".to_owned()), "{}", early.text());
    market.acknowledge_newest().await;
    let closing = market.standing().await["closing"].clone();
    let ends = closing["retrieveUntil"].as_str().unwrap().to_owned();

    // Three reminders go out; the last one nobody confirms, so that the terms' rule has to serve it.
    for reminder in 1..=3 {
        market.advance("P10D").await;
        market.advance("PT2H").await;
        let issued = market.standing().await["closing"]["reminders"].as_array().unwrap().len();
        assert_eq!(issued, reminder);
        if reminder < 3 {
            market.acknowledge_newest().await;
        }
    }
    let waiting = analyst.post(deletion, &reason).await.is(409);
    assert_eq!(guards(&waiting), ["retrieval_run", "reminders_served", "approved"]);
    market.until(&ends).await;
    assert_eq!(market.standing().await["closing"]["whyNotDeleted"], json!([]));

    // Nothing lapses into a deletion: it is proposed, and others consent to exactly that.
    market.advance("P5D").await;
    assert_eq!(market.standing().await["lifecycle"], "closing");
    let hold = json!({"account": "market", "scope": "account", "runningState": false, "why": "A hearing"});
    let hold = market.house.caller("legal").post("/v1/holds", &hold).await.is(201).field("id");
    let held = analyst.post(deletion, &reason).await.is(409);
    assert_eq!(guards(&held), ["no_hold", "approved"]);
    let release = json!({"why": "The hearing is over"});
    market.house.caller("legal").post(&format!("/v1/holds/{hold}/release"), &release).await.is(200);
    let foreign = market.foreign().await;
    analyst.post(deletion, &reason).await.is(201);
    let hash = market.standing().await["closing"]["deletion"]["commandHash"].clone();
    let consent = json!({"commandHash": hash});
    let consents = "/v1/accounts/market/deletion/consents";
    analyst.post(consents, &consent).await.is(403);
    let wrong = market.house.caller("approver").post(consents, &json!({"commandHash": "0"})).await.is(409);
    assert_eq!(guards(&wrong), ["same_command"]);
    market.house.caller("approver").post(consents, &consent).await.is(201);
    assert_eq!(market.standing().await["lifecycle"], "closing", "one is no quorum");
    let twice = market.house.caller("approver").post(consents, &consent).await.is(409);
    assert_eq!(guards(&twice), ["another_person"]);
    market.house.caller("second-approver").post(consents, &consent).await.is(201);

    // It has begun, and something is there that is not Tenure's: that is named, and nothing is deleted before people
    // decide. Whatever comes in meanwhile still counts: a hold ends it.
    let named = json!([foreign]);
    let told = |standing: &Value| standing["closing"]["deletion"]["deleting"]["web"]["foreign"] == named;
    let standing = market.until_standing(told).await;
    assert_eq!(standing["lifecycle"], "closing");
    assert!(standing["closing"]["deletion"]["begun"].is_string());
    let hold = json!({"account": "market", "scope": "account", "runningState": false, "why": "An appeal"});
    let hold = market.house.caller("legal").post("/v1/holds", &hold).await.is(201).field("id");
    let standing = market.until_standing(|standing| standing["closing"]["deletion"].is_null()).await;
    assert_eq!(standing["lifecycle"], "closing");
    market.house.settle().await;
    market.house.caller("legal").post(&format!("/v1/holds/{hold}/release"), &release).await.is(200);
    let preflight = analyst.get("/v1/accounts/market/deletion/preflight").await.is(200).json();
    assert_eq!(preflight["environments"]["web"]["foreign"], named);
    assert!(
        preflight["environments"]["web"]["objects"]["Deployment/site"].is_string(),
        "nothing was deleted"
    );

    // Proposed anew, the decision names it, and so do the consents.
    let mut included = foreign.clone();
    included["environment"] = json!("web");
    let reason = json!({"why": "The time has run", "including": [included]});
    analyst.post(deletion, &reason).await.is(201);
    let proposed = market.standing().await["closing"]["deletion"].clone();
    assert_eq!(proposed["including"], json!([included]));
    let consent = json!({"commandHash": proposed["commandHash"]});
    for approver in ["approver", "second-approver"] {
        market.house.caller(approver).post(consents, &consent).await.is(201);
    }
    market.house.settle().await;

    // Closed, with a certificate; what was can still be read.
    let standing = market.standing().await;
    assert_eq!(standing["lifecycle"], "closed");
    let certificate = standing["certificate"].as_str().unwrap();
    let note =
        market.house.caller("auditor").get(&format!("/v1/evidence/{certificate}")).await.is(200).text();
    for said in [
        "person/approver",
        "person/second-approver",
        "person/analyst",
        "environment/web",
        "\u{2014} ",
        "web: Deployment/site (uid ",
        "web: Namespace/market--web (uid ",
        "web: ConfigMap/theirs (uid ",
    ] {
        assert!(note.contains(said), "{said:?} is not in {note}");
    }
    market.owner.get("/v1/accounts/market/notices").await.is(200);
    let again = json!({"account": "market", "ground": "moderation", "why": "Again"});
    assert_eq!(guards(&analyst.post("/v1/cases", &again).await.is(409)), ["in_state"]);
    market.house.close().await;
}

#[tokio::test]
async fn golden_an_account_freezes_itself_and_thaws_itself() {
    let market = Market::open().await;
    let ask = json!({"preset": "freeze", "scope": "environment/web", "why": "A key was stolen"});
    let path = "/v1/accounts/market/measures";
    market.house.caller("analyst").post(path, &ask).await.is(403);
    market.house.caller("parley/owner").post(path, &ask).await.is(404);
    let id = market.owner.post(path, &ask).await.is(201).field("id");
    market.house.settle().await;
    let measure = market.read(&id).await;
    assert_eq!(
        (&measure["state"], &measure["basis"], &measure["authority"], &measure["case"]),
        (&json!("in_force"), &json!("account_holder"), &json!("account_holder"), &json!(null))
    );
    let lift = format!("/v1/measures/{id}/lift");
    let why = json!({"why": "The key is changed"});
    for other in ["analyst", "legal"] {
        let refused = market.house.caller(other).post(&lift, &why).await.is(409);
        assert_eq!(refused.problem().guards.len(), 1);
    }
    market.owner.post(&lift, &why).await.is(200);
    market.house.settle().await;
    assert_eq!(market.read(&id).await["state"], "lifted");
    market.house.close().await;
}
