//! The operations of the API, from its document, and requests to each.

use serde_json::{Value, json};

use crate::ask::{Answer, Caller};
use crate::house::{House, workload};

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: String,
    pub method: String,
    /// The path with its parameters in braces.
    pub path: String,
    pub spec: Value,
}

/// The document as JSON.
pub fn document() -> Value {
    serde_json::to_value(tenure_api::openapi()).unwrap()
}

/// All operations.
pub fn all() -> Vec<Operation> {
    let document = document();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, spec) in methods.as_object().unwrap() {
            let id = spec["operationId"].as_str().unwrap().to_owned();
            all.push(Operation { id, method: method.to_uppercase(), path: path.clone(), spec: spec.clone() });
        }
    }
    assert!(all.len() > 50, "the document holds the API");
    all
}

impl Operation {
    /// Whether it needs no token.
    pub fn is_public(&self) -> bool {
        self.spec["security"] == json!([{}])
    }

    /// The media type of the body, where it has one.
    pub fn media_type(&self) -> Option<&str> {
        self.spec["requestBody"]["content"]
            .as_object()
            .and_then(|content| content.keys().next())
            .map(String::as_str)
    }

    /// The name of the schema of a JSON body.
    pub fn schema(&self) -> Option<String> {
        let reference = self.spec["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()?;
        Some(reference.trim_start_matches("#/components/schemas/").to_owned())
    }

    /// The names of the path's parameters.
    pub fn parameters(&self) -> Vec<&str> {
        self.path.split(['{', '}']).skip(1).step_by(2).collect()
    }

    /// The path with something in the place of each parameter.
    pub fn at(&self, value: impl Fn(&str) -> String) -> String {
        let parts = self.path.split(['{', '}']).enumerate();
        let path: String =
            parts.map(|(n, part)| if n % 2 == 0 { part.to_owned() } else { value(part) }).collect();
        match self.id.as_str() {
            "listCases" | "listReports" | "fileXarfReport" | "fileArfReport" => {
                format!("{path}?account={}", value("account"))
            }
            "rehearseScope" => format!("{path}?scope=account&withholds=compute,ingress"),
            "getImportPreflight" => format!("{path}?namespace=shop"),
            "getParityReport" => format!("{path}?month=2021-01"),
            "listEvents" => format!("{path}?stream={}", value("stream")),
            "getConsistency" => format!("{path}?older=1"),
            // Only the second notice restricts something.
            "getTransparency" => path.replace(".n1/", ".n2/"),
            _ => path,
        }
    }

    /// Sends it, with the headers that it needs.
    pub async fn send(&self, caller: &Caller, path: &str, body: Vec<u8>) -> Answer {
        let mut headers = vec![("content-type", self.media_type().unwrap_or("application/json"))];
        match self.id.as_str() {
            "putWorkload" | "putWebhook" => headers.push(("if-none-match", "*")),
            "removeWorkload" | "changeEnvironment" | "setPlan" => headers.push(("if-match", "\"1\"")),
            "removeWebhook" => headers.push(("if-match", "\"77\"")),
            _ => {}
        }
        caller.send(&self.method, path, &headers, body).await
    }

    /// A body that can be read, about the account named.
    /// A body that could be carried out, as bytes.
    pub fn body(&self, house: &House, account: &str) -> Vec<u8> {
        match (self.media_type(), self.id.as_str()) {
            (None, _) => Vec::new(),
            (_, "recordOrder") => {
                // What belongs to a gag makes another order wrong.
                let mut order = self.example(house, account);
                order
                    .as_object_mut()
                    .unwrap()
                    .retain(|field, _| !["until", "case"].contains(&field.as_str()));
                serde_json::to_vec(&order).unwrap()
            }
            (_, "putWorkload") => serde_json::to_vec(&workload()).unwrap(),
            (Some("application/json"), _) => serde_json::to_vec(&self.example(house, account)).unwrap(),
            (_, "publishTerms") => tenured::story::TERMS.into(),
            (_, "publishRule") => tenured::story::RULE.into(),
            (_, "uploadEvidence") => b"bytes".to_vec(),
            (_, "fileArfReport") => crate::intake::ARF.into(),
            (_, id) => panic!("no body for {id}: add one"),
        }
    }

    /// A JSON body with every field, optional ones too.
    pub fn example(&self, house: &House, account: &str) -> Value {
        let plan = json!({"cpuMillis": 1, "memoryMib": 1, "storageMib": 1, "pods": 1});
        let reports = json!([format!("{account}.r1")]);
        match self.id.as_str() {
            "openAccount" => {
                json!({"account": account, "terms": {"id": "cloud-agreement", "version": "2020-04"}, "plan": plan})
            }
            "createEnvironment" => {
                json!({"environment": "web", "cluster": "main", "plan": plan, "kind": "open", "loadBalancers": 0, "hostnames": 0})
            }
            "importEnvironment" => {
                json!({"environment": "shop", "namespace": "shop", "uid": "6f2c1f0e", "plan": plan, "loadBalancers": 0, "hostnames": 0, "accept": ["over_share"]})
            }
            "moveEnvironment" => json!({"cluster": "west", "why": "The nodes of main are full"}),
            "changeEnvironment" => json!({"plan": plan, "loadBalancers": 0, "hostnames": 0}),
            "setPlan" => {
                json!({"plan": plan, "loadBalancers": 1, "hostnames": 1, "allowances": {"podSecurity": "baseline", "storageClasses": ["standard"], "ingressClasses": ["nginx"], "priorityClasses": ["low"], "runtimeClasses": ["gvisor"], "registries": ["docker.io"], "pullPolicy": "Always", "nodePool": {"labels": [{"key": "pool", "value": "tenants"}], "taints": [{"key": "pool", "value": "tenants"}]}, "snapshots": 3, "snapshotClass": "fast", "egress": ["0.0.0.0/0"]}})
            }
            "requestQuota" => {
                json!({"plan": plan, "loadBalancers": 3, "hostnames": 3, "why": "We grow"})
            }
            "claimHostname" => json!({"hostname": "shop.parley.example"}),
            "decideQuotaRequest" => json!({"grant": false, "why": "The pool is full until March"}),
            "issueKubeconfig" => json!({"role": "viewer", "lastsSeconds": 600}),
            "putWorkload" => {
                let mut spec = workload();
                spec["command"] = json!(["httpd"]);
                spec["volume"] = json!({"path": "/www", "sizeMib": 1, "from": format!("{account}.s1")});
                for (field, value) in every_field().as_object().unwrap() {
                    spec[field] = value.clone();
                }
                spec
            }
            "scaleWorkload" => json!({"replicas": 1}),
            "rollBackWorkload" => json!({"revision": 4}),
            "requestSnapshot" => json!({"pod": 0}),
            "setSecret" => json!({"values": {"password": "correct horse"}}),
            "setMember" => json!({"roles": ["viewer"]}),
            "setPerson" => json!({"roles": ["support"]}),
            "issueToken" => json!({"subject": "person/support"}),
            "putWebhook" => {
                json!({"url": "http://127.0.0.1:9/hook", "events": ["measure.applied", "measure.lifted"], "enforces": ["storage.write"], "principal": "enforcer", "enabled": true})
            }
            "makeWebhookSecret" => json!({"overlap": "PT1H"}),
            "fileReport" => {
                json!({"account": account, "ground": "incitement", "locator": "here", "statement": "this", "evidence": [house.evidence], "observedAt": "2021-01-04T17:00:00Z", "contact": "rex@parley.example", "language": "en", "reference": "case 7"})
            }
            "notifyTerms" => {
                json!({"terms": {"id": "cloud-agreement", "version": "2021-03"}, "why": "It says how it changes"})
            }
            "acceptTerms" => json!({"hash": "0".repeat(64)}),
            "recordInvoice" => {
                json!({"invoice": "2021-0118", "amount": 12_000, "currency": "USD", "due": "2020-11-30", "paid": 0, "credited": 0, "disputed": 0, "asOf": "2020-11-02T17:00:00Z"})
            }
            "fileXarfReport" => crate::intake::xarf(),
            "remediateReport" => json!({"answer": "It is gone"}),
            "openCase" => {
                json!({"account": account, "ground": "phishing", "why": "It stays up", "reports": reports})
            }
            "issueNotice" => {
                json!({"power": "svc-1.4", "starts": "cure", "why": "It stays up", "items": [{"id": "post-2", "ask": "Remove it", "report": format!("{account}.r1"), "invoice": "2021-0117", "verifier": {"by": "fact", "bound": "reports(\"incitement\", \"P7D\").filed < 5"}}], "reports": reports, "facts": [fact(house)]})
            }
            "pauseCase" | "resumeCase" => json!({"why": "We look at it again"}),
            "proveDelivery" => json!({"channel": "inbox", "evidence": house.evidence}),
            "extendNotice" => json!({"by": "P7D", "why": "They asked for it"}),
            "withdrawCase" => json!({"why": "It was satire", "falseFor": "P7D"}),
            "clearSignal" => {
                json!({"ground": "phishing", "rule": "reports-outpace-cleanup", "why": "It was satire", "falseFor": "P7D"})
            }
            "submitCure" => json!({"item": "post-1", "remedy": "It is gone"}),
            "decideCure" => json!({"accept": false, "why": "It is still there"}),
            "proposeMeasure" => {
                json!({"power": "svc-1.4", "scope": "workload/web/site", "effective": "2021-01-09T19:00:00Z", "why": "It stays up", "whyNotLess": "Nothing less would do", "emergency": false, "until": {"ends": "2021-01-19T19:00:00Z", "items": ["post-1"]}, "parity": {"answers": [{"account": crate::house::RIVAL, "sameService": true, "sameContentLocus": false, "why": "Its posts lie elsewhere"}], "deviation": "It was warned twice"}, "reports": [], "facts": []})
            }
            "undoRule" => {
                json!({"since": "2021-01-09T19:00:00Z", "version": tenure_domain::document::hash(tenured::story::RULE), "why": "It counts spam twice"})
            }
            "amendMeasure" => json!({"effective": "2021-01-09T19:00:00Z"}),
            "approveMeasure" | "ratifyMeasure" | "consentToDeletion" => json!({"commandHash": "0"}),
            "denyMeasure" => json!({"commandHash": "0", "why": "Nothing was tried before"}),
            "reviewEmergency" => json!({"finding": "right", "why": "It was what it looked like"}),
            "chargeFee" => {
                json!({"measure": format!("{account}.m1"), "minorUnits": 5000, "currency": "USD", "why": "Three hours of work"})
            }
            "assignAppeal" => json!({"reviewer": "ruth"}),
            "renewGag" => {
                json!({"until": "2021-06-09T19:00:00Z", "document": house.evidence, "why": "The investigation goes on"})
            }
            "decideConflict" => json!({"over": format!("{account}.o2"), "why": "It is the later one"}),
            "confirmClock" => json!({"moment": "2021-01-09T19:00:00Z", "why": "Compared with the wall"}),
            "liftMeasure" | "releaseHold" | "vacateOrder" => json!({"why": "It is over"}),
            "askMeasure" => {
                json!({"preset": "freeze", "scope": "environment/web", "ends": "2021-01-19T19:00:00Z", "why": "We move"})
            }
            "applyOrder" => json!({"preset": "freeze", "scope": "environment/web", "why": "As ordered"}),
            "setConditions" => {
                json!({"until": {"ends": "2021-01-19T19:00:00Z", "items": []}, "why": "By then it is settled"})
            }
            "reviewMeasure" => json!({"lift": false, "why": "Nothing has changed"}),
            "acknowledgeEnforcement" => json!({"capability": "payments", "withheld": true}),
            "proposeDeletion" => {
                json!({"why": "The time to fetch the data has run", "including": [{"environment": "web", "object": "ConfigMap/theirs", "uid": "6f2c1f0e"}]})
            }
            "deleteEnvironment" => {
                json!({"confirm": "web", "why": "We move", "including": [{"environment": "web", "object": "ConfigMap/theirs", "uid": "6f2c1f0e"}]})
            }
            "denyDeletion" => json!({"commandHash": "0", "why": "Not yet"}),
            "fileAppeal" => json!({"grounds": "It was satire"}),
            "decideAppeal" => {
                json!({"outcome": "modified", "why": "One place is enough", "instead": {"preset": "isolate", "scope": "workload/web/site"}})
            }
            "recordOrder" => {
                json!({"account": account, "kind": "remove", "scope": "workload/web/site", "authority": "A court", "document": house.evidence, "deadline": "2021-01-09T19:00:00Z", "locator": "/posts/7", "whyNotLess": "There is nothing smaller", "until": "2021-06-09T19:00:00Z", "case": format!("{account}.c1")})
            }
            "placeHold" => {
                json!({"account": account, "scope": "account", "runningState": false, "why": "A hearing"})
            }
            id => panic!("no body for {id}: add one"),
        }
    }
}

/// What can be declared of a workload beside what each has: more than one workload can have together.
fn every_field() -> Value {
    let key = json!({"name": "db", "key": "password"});
    let probe = json!({"tcp": {"port": 8080}, "http": {"port": 8080, "path": "/"}, "exec": {"command": ["true"]}, "periodSeconds": 5, "timeoutSeconds": 1, "failures": 3});
    json!({
        "kind": "service",
        "requests": {"cpuMillis": 1, "memoryMib": 1},
        "volumes": {"data": {"path": "/data", "sizeMib": 1, "from": "parley.s1"}},
        "env": {"GREETING": {"value": "hello", "secret": key}},
        "files": {"/etc/app.conf": {"text": "greeting = hello", "kept": format!("sha256:{}", "0".repeat(64)), "secret": key}},
        "probes": {"liveness": probe, "readiness": probe, "startup": probe},
        "autoscale": {"least": 1, "most": 2, "cpuPercent": 80},
        "disruption": {"minAvailable": 1, "maxUnavailable": 1},
        "rollout": {"maxSurge": 1, "maxUnavailable": 0, "minReadySeconds": 0, "deadlineSeconds": 60},
        "run": {"completions": 1, "retries": 0, "deadlineSeconds": 60},
        "hostnames": ["www.parley.example"],
        "entry": {"class": "nginx", "tls": true},
        "schedule": {"cron": "15 3 * * *", "overlap": "skip", "lateSeconds": 60},
    })
}

/// A complete fact that is no report.
pub fn fact(house: &House) -> Value {
    json!({"id": "ticket-7", "at": "2020-11-01T12:00:00Z", "locator": "https://parley.example/first", "what": "It names the hour", "evidence": [house.evidence], "automated": false})
}

/// What there is in `parley`, for each parameter.
pub fn existing(house: &House, parameter: &str) -> String {
    named(house, parameter, "parley", "1")
}

/// What there is not, in an account that there is not.
pub fn missing(house: &House, parameter: &str) -> String {
    named(house, parameter, "nosuch", "77")
}

fn named(house: &House, parameter: &str, account: &str, number: &str) -> String {
    let there = account == "parley";
    let letter = |letter: &str| format!("{account}.{letter}{number}");
    match parameter {
        "account" => account.to_owned(),
        "environment" => if there { "web" } else { "none" }.to_owned(),
        "workload" => if there { "site" } else { "none" }.to_owned(),
        "hostname" => if there { "www.parley.example" } else { "www.nosuch.example" }.to_owned(),
        "secret" => if there { "db" } else { "none" }.to_owned(),
        "volume" => if there { "data" } else { "none" }.to_owned(),
        "snapshot" => letter("s"),
        "member" => if there { "viewer" } else { "nobody" }.to_owned(),
        // Nobody whose roles a test relies on.
        "person" => if there { "zoe" } else { "nobody" }.to_owned(),
        "item" => if there { "post-1" } else { "none" }.to_owned(),
        "termsNotice" => letter("t"),
        "invoice" => if there { "2021-0117" } else { "none" }.to_owned(),
        "appeal" => letter("a"),
        "quotaRequest" => letter("q"),
        "case" => letter("c"),
        "hold" => letter("h"),
        "measure" => letter("m"),
        "notice" => letter("n"),
        "order" => letter("o"),
        "report" => letter("r"),
        "id" => {
            if there {
                house.evidence.clone()
            } else {
                format!("sha256:{}", "0".repeat(64))
            }
        }
        "webhook" => if there { "crm" } else { "none" }.to_owned(),
        "message" => {
            if there {
                house.message.clone()
            } else {
                format!("msg_{}", "0".repeat(32))
            }
        }
        "cluster" => if there { "main" } else { "none" }.to_owned(),
        "rule" => if there { "reports-outpace-cleanup" } else { "no-such-rule" }.to_owned(),
        "token" => {
            if there {
                house.spare_token.clone()
            } else {
                "0".repeat(16)
            }
        }
        "stream" => format!("account%2F{account}"),
        "n" => number.to_owned(),
        "path" => if there { "0/000.p/1" } else { "0/999" }.to_owned(),
        other => panic!("nothing is known of the parameter {other}: add it"),
    }
}
