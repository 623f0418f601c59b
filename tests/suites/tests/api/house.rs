//! A server with two accounts and somebody in each role; the first account has one of everything.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tenure_access::Role;
use tenure_engine::clock::ClockKind;
use tenured::dev::{self, ClusterChoice, Options, Running};
use tenured::{maintain, story};

use crate::ask::{Answer, Caller};

/// An account whose members see nothing of `parley`.
pub const RIVAL: &str = "agora";

/// The server and who is there.
pub struct House {
    folder: TempDir,
    running: Running,
    /// Tokens by who holds them: a role's name for people, `ACCOUNT/ROLE` for members.
    tokens: BTreeMap<String, String>,
    /// The id of the evidence of the report.
    pub evidence: String,
    /// The id of a message to a webhook endpoint that has no secret, so that none is sent.
    pub message: String,
    /// The id of a token that nobody uses.
    pub spare_token: String,
}

impl House {
    /// An empty server with its administrator, two accounts, and somebody in each role.
    pub async fn open() -> Self {
        tenured::install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let running = dev::start(&options(&folder)).await.unwrap();
        let administrator = running.token(dev::ADMINISTRATOR).unwrap().to_owned();
        let tokens = BTreeMap::from([("administrator".to_owned(), administrator)]);
        let mut house = Self {
            folder,
            running,
            tokens,
            evidence: String::new(),
            message: String::new(),
            spare_token: String::new(),
        };
        house.probed().await;
        house.cast().await;
        house
    }

    /// The same, and `parley` has a workload, a report, a case, a notice, a measure, an order, a hold, an appeal.
    pub async fn furnished() -> Self {
        let mut house = Self::open().await;
        house.furnish().await;
        house
    }

    /// Waits until it is on the record what the cluster can do, which comes about by itself.
    async fn probed(&self) {
        let started = Instant::now();
        while self.caller("administrator").get("/v1/clusters/main").await.is(200).json()["probed"].is_null() {
            assert!(started.elapsed() < Duration::from_mins(1), "nobody asked the cluster what it can do");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn cast(&mut self) {
        let admin = self.caller("administrator");
        admin.yaml("/v1/terms", story::TERMS).await.is(201);
        admin.yaml("/v1/rules", story::RULE).await.is(201);
        for role in Role::ALL.iter().filter(|r| !r.is_members() && **r != Role::Administrator) {
            self.hire(role.as_str(), role.as_str()).await;
        }
        self.hire("second-approver", "approver").await;
        let plan = json!({"cpuMillis": 1000, "memoryMib": 512, "storageMib": 128, "pods": 10});
        for account in ["parley", RIVAL] {
            let terms = json!({"id": "cloud-agreement", "version": "2020-04"});
            let open = json!({"account": account, "terms": terms, "plan": plan});
            self.caller("platform").post("/v1/accounts", &open).await.is(201);
            for role in Role::ALL.iter().filter(|r| r.is_members()) {
                let path = format!("/v1/accounts/{account}/members/{role}");
                admin.json("PUT", &path, &[], &json!({"roles": [role.as_str()]})).await.is(200);
                self.give_token(&format!("{account}/{role}"), &format!("member/{account}/{role}")).await;
            }
        }
        let web = json!({"environment": "web", "plan": plan});
        for account in ["parley", RIVAL] {
            let path = format!("/v1/accounts/{account}/environments");
            self.caller(&format!("{account}/owner")).post(&path, &web).await.is(201);
        }
    }

    /// A person of the provider with a role.
    async fn hire(&mut self, person: &str, role: &str) {
        let body = json!({"roles": [role]});
        self.caller("administrator").json("PUT", &format!("/v1/people/{person}"), &[], &body).await.is(200);
        self.give_token(person, &format!("person/{person}")).await;
    }

    async fn give_token(&mut self, holder: &str, subject: &str) {
        let issued =
            self.caller("administrator").post("/v1/tokens", &json!({"subject": subject})).await.is(201);
        self.tokens.insert(holder.to_owned(), issued.field("token"));
    }

    async fn furnish(&mut self) {
        let (owner, analyst) = (self.caller("parley/owner"), self.caller("analyst"));
        let site = "/v1/accounts/parley/environments/web/workloads/site";
        owner.json("PUT", site, &[("if-none-match", "*")], &workload()).await.is(201);
        let text = [("content-type", "text/plain")];
        let evidence = analyst.send("POST", "/v1/evidence", &text, b"a post".to_vec()).await.is(201);
        self.evidence = evidence.field("id");
        for post in ["first", "second"] {
            analyst.post("/v1/reports", &report_about(post, &self.evidence)).await.is(201);
        }
        let case = json!({"account": "parley", "ground": "incitement", "why": "It stays up", "reports": ["parley.r1"]});
        analyst.post("/v1/cases", &case).await.is(201);
        let items = json!([{"id": "post-1", "ask": "Remove it", "report": "parley.r1"}]);
        let notice = json!({"power": "svc-1.4", "starts": "cure", "why": "It stays up", "items": items});
        analyst.post("/v1/cases/parley.c1/notices", &notice).await.is(201);
        let case = json!({"account": "parley", "ground": "imminent_violence", "why": "It names the hour"});
        analyst.post("/v1/cases", &case).await.is(201);
        let measure = json!({"power": "6.1-emergency", "scope": "workload/web/site", "why": "It names the hour", "emergency": true, "facts": [crate::operations::fact(self)]});
        analyst.post("/v1/cases/parley.c2/measures", &measure).await.is(201);
        let appeal = json!({"grounds": "It was satire"});
        owner.post("/v1/measures/parley.m1/appeals", &appeal).await.is(201);
        let legal = self.caller("legal");
        let order = json!({"account": "parley", "kind": "preserve", "scope": "environment/web", "authority": "A court", "document": self.evidence});
        legal.post("/v1/orders", &order).await.is(201);
        let hold = json!({"account": "parley", "scope": "environment/web", "runningState": false, "why": "A hearing"});
        legal.post("/v1/holds", &hold).await.is(201);
        let larger = json!({"plan": {"cpuMillis": 2000, "memoryMib": 512, "storageMib": 128, "pods": 10}, "why": "We grow"});
        owner.post("/v1/accounts/parley/quota-requests", &larger).await.is(201);
        owner.post("/v1/accounts/parley/hostnames", &json!({"hostname": "www.parley.example"})).await.is(201);
        self.change_terms().await;
        let invoice = json!({"invoice": "2021-0117", "amount": 12_000, "currency": "USD", "due": "2020-10-31", "paid": 0, "credited": 0, "disputed": 0, "asOf": "2020-11-01T17:00:00Z"});
        self.caller("billing").post("/v1/accounts/parley/invoices", &invoice).await.is(201);
        let admin = self.caller("administrator");
        let hook = json!({"url": "http://127.0.0.1:9/hook", "events": ["notice.issued"]});
        admin.json("PUT", "/v1/webhooks/crm", &[("if-none-match", "*")], &hook).await.is(201);
        self.message = admin.post("/v1/webhooks/crm/ping", &json!(null)).await.is(201).field("id");
        let spare = self
            .caller("administrator")
            .post("/v1/tokens", &json!({"subject": "person/support"}))
            .await
            .is(201);
        self.spare_token = spare.field("id");
        self.settle().await;
    }

    /// Two further versions are published, and `parley` is told of the first.
    async fn change_terms(&self) {
        for version in ["2021-02", "2021-03"] {
            let text = story::TERMS.replace("\"2020-04\"", &format!("\"{version}\""));
            self.caller("administrator").yaml("/v1/terms", text.as_str()).await.is(201);
        }
        let notice =
            json!({"terms": {"id": "cloud-agreement", "version": "2021-02"}, "why": "The number changes"});
        self.caller("legal").post("/v1/accounts/parley/terms-notices", &notice).await.is(201);
    }

    /// Waits until nothing is under way: moving the clock by nothing answers when all is quiet.
    pub async fn settle(&self) {
        self.caller("administrator").post("/dev/clock", &json!({"advance": "PT0S"})).await.is(200);
    }

    /// Whoever holds a token.
    pub fn caller(&self, holder: &str) -> Caller {
        let token = self.tokens.get(holder).unwrap_or_else(|| panic!("nobody is {holder}"));
        Caller::new(&self.running.url, Some(token))
    }

    /// Somebody without a token.
    pub fn stranger(&self) -> Caller {
        Caller::new(&self.running.url, None)
    }

    /// Where the server answers.
    pub fn url(&self) -> &str {
        &self.running.url
    }

    /// The folder in which everything is kept.
    pub fn data(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A kubeconfig that leads to the simulated cluster.
    pub fn kubeconfig(&self) -> &str {
        self.running.simulation.as_deref().unwrap()
    }

    /// A holder's secret.
    pub fn token(&self, holder: &str) -> &str {
        &self.tokens[holder]
    }

    /// The same server, stopped and started again.
    pub async fn restart(self) -> Self {
        self.running.stop().await;
        let running = dev::start(&options(&self.folder)).await.unwrap();
        Self { running, ..self }
    }

    /// All secrets that were given out.
    pub fn secrets(&self) -> Vec<String> {
        self.tokens.values().cloned().collect()
    }

    /// Everything on the record but refusals, as the auditor reads it.
    pub async fn record(&self) -> Vec<Value> {
        self.settle().await;
        let auditor = self.caller("auditor");
        let mut events = Vec::new();
        let mut path = "/v1/events?pageSize=200".to_owned();
        loop {
            let page = auditor.get(&path).await.is(200).json();
            events.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|e| e["eventType"] != "command.refused")
                    .cloned(),
            );
            match page["nextPageToken"].as_str() {
                Some(token) => path = format!("/v1/events?pageSize=200&pageToken={token}"),
                None => return events,
            }
        }
    }

    /// Stops the server; everything stored agrees with the record.
    pub async fn close(self) -> (TempDir, PathBuf) {
        self.running.stop().await;
        let found = maintain::check(self.folder.path()).await.unwrap();
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        assert!(found.events > 0 && found.covered == found.events, "{found:?}");
        let database = self.folder.path().join(dev::DATABASE);
        (self.folder, database)
    }
}

fn options(folder: &TempDir) -> Options {
    Options {
        data: folder.path().to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        clock: ClockKind::Simulated,
        cluster: ClusterChoice::Simulated,
    }
}

/// A workload that fits the plan.
pub fn workload() -> Value {
    json!({"image": "docker.io/library/busybox:1.35", "replicas": 1, "port": 8080, "cpuMillis": 50, "memoryMib": 32})
}

/// A report about `parley`, always of the same post.
/// Something that a notice can rest on and that is no report, before any of the stories begins.
pub fn seen() -> Value {
    json!({"id": "ticket-7", "at": "2020-10-30T12:00:00Z", "locator": "https://parley.example/first", "what": "It stays up"})
}

pub fn report(evidence: &str) -> Value {
    report_about("1", evidence)
}

/// A report about a post of `parley`.
pub fn report_about(post: impl std::fmt::Display, evidence: &str) -> Value {
    json!({"account": "parley", "ground": "incitement", "locator": format!("https://parley.example/{post}"), "statement": "It calls for violence", "evidence": [evidence]})
}

/// The ids of a page's items.
pub fn ids(page: &Answer) -> Vec<String> {
    page.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}
