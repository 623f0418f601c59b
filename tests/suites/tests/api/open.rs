//! Open environments over the wire: a plan is enlarged and divided, and members deploy with credentials of their own.

use serde_json::{Value, json};

use crate::ask::Caller;
use crate::house::{House, workload};

const ACCOUNT: &str = "/v1/accounts/parley";

/// Somebody who has only a kubeconfig, and the token in it.
fn with(kubeconfig: &str) -> (Caller, String) {
    let line = |key: &str| -> Value {
        let found = kubeconfig.lines().find_map(|line| line.strip_prefix(&format!("{key}: ")));
        serde_json::from_str(found.unwrap()).unwrap()
    };
    let token = line("users")[0]["user"]["token"].as_str().unwrap().to_owned();
    assert_eq!(line("contexts")[0]["context"]["namespace"], "parley--pen");
    (Caller::new(line("clusters")[0]["cluster"]["server"].as_str().unwrap(), Some(&token)), token)
}

async fn config_map(tools: &Caller, name: &str) -> u16 {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    tools.post("/api/v1/namespaces/parley--pen/configmaps", &map).await.status
}

/// `parley` with a plan twice as large, half of which is the open environment `pen`.
async fn opened() -> House {
    let house = House::open().await;
    let owner = house.caller("parley/owner");
    let plan = json!({"cpuMillis": 1000, "memoryMib": 512, "storageMib": 128, "pods": 10});
    let pen = json!({"environment": "pen", "kind": "open", "plan": plan});
    let refused = owner.post(&format!("{ACCOUNT}/environments"), &pen).await.is(409).problem();
    let told: Vec<&str> = refused.guards.iter().map(|guard| guard.detail.as_str()).collect();
    assert_eq!(told[0], "cpuMillis: 1000 asked, 0 left of the plan of parley");

    let larger = json!({"cpuMillis": 2000, "memoryMib": 1024, "storageMib": 256, "pods": 20});
    let asked = json!({"plan": larger, "loadBalancers": 1, "hostnames": 2, "why": "We grow"});
    let requests = format!("{ACCOUNT}/quota-requests");
    house.caller("parley/viewer").post(&requests, &asked).await.is(403);
    let request = owner.post(&requests, &asked).await.is(201).field("id");
    let decision = format!("{requests}/{request}/decision");
    let platform = house.caller("platform");
    assert_eq!(platform.post(&decision, &json!({"grant": false})).await.is(422).at(), "/why");
    platform.post(&decision, &json!({"grant": true})).await.is(200);
    assert_eq!(owner.get(&format!("{requests}/{request}")).await.is(200).field("state"), "granted");
    let left = owner.get(&format!("{ACCOUNT}/plan")).await.is(200).json()["left"].clone();
    assert_eq!((&left["plan"]["pods"], &left["loadBalancers"]), (&json!(10), &json!(1)));

    owner.post(&format!("{ACCOUNT}/environments"), &pen).await.is(201);
    house.settle().await;
    house
}

async fn credentials(house: &House, who: &str, role: &str) -> (u16, Value) {
    let path = format!("{ACCOUNT}/environments/pen/kubeconfigs");
    let answer = house.caller(who).post(&path, &json!({"role": role, "lastsSeconds": 600})).await;
    (answer.status, answer.json())
}

/// What the first environment uses, once the cluster's own controller says so of its quota: it takes its time.
async fn usage_when(owner: &Caller, is_right: impl Fn(&Value) -> bool) -> Value {
    let looked = async {
        loop {
            let usage = owner.get(&format!("{ACCOUNT}/usage")).await.is(200).json()["items"][0].clone();
            if is_right(&usage["hard"]) {
                return usage;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), looked).await.unwrap()
}

#[tokio::test]
async fn members_deploy_in_an_open_environment_with_their_own_tools_until_it_is_frozen() {
    let house = opened().await;
    let owner = house.caller("parley/owner");
    let declared = format!("{ACCOUNT}/environments/pen/workloads/site");
    let refused =
        owner.json("PUT", &declared, &[("if-none-match", "*")], &workload()).await.is(409).problem();
    assert_eq!(refused.guards[0].detail, "pen is open: what runs in it is declared in the cluster");

    // The account's roles say which of the namespace's a member gets; nobody of the provider gets any.
    let path = format!("{ACCOUNT}/environments/pen/kubeconfigs");
    for (who, may) in [("viewer", 1), ("developer", 2), ("owner", 3)] {
        for (n, role) in ["viewer", "editor", "admin"].into_iter().enumerate() {
            let (status, _) = credentials(&house, &format!("parley/{who}"), role).await;
            assert_eq!(status, if n < may { 201 } else { 403 }, "{role} for {who}");
        }
    }
    house.caller("platform").post(&path, &json!({"role": "viewer"})).await.is(403);
    house.caller("agora/owner").post(&path, &json!({"role": "viewer"})).await.is(404);
    let short = owner.post(&path, &json!({"role": "viewer", "lastsSeconds": 599})).await.is(422);
    assert_eq!(short.at(), "/lastsSeconds");

    let (_, issued) = credentials(&house, "parley/developer", "editor").await;
    let (tools, token) = with(issued["kubeconfig"].as_str().unwrap());
    assert_eq!(config_map(&tools, "before").await, 201);
    let quota = "/api/v1/namespaces/parley--pen/resourcequotas/tenure-plan";
    tools.get(quota).await.is(200);
    assert_eq!(tools.send("DELETE", quota, &[], Vec::new()).await.status, 403);
    let usage = usage_when(&owner, |hard| hard["pods"] == "10").await;
    assert_eq!(usage["environment"], "pen");

    // A freeze leaves credentials that are out to read, and gives new ones for reading alone.
    let freeze = json!({"preset": "freeze", "scope": "environment/pen", "why": "We move"});
    let measure = owner.post(&format!("{ACCOUNT}/measures"), &freeze).await.is(201).field("id");
    house.settle().await;
    assert_eq!(owner.get(&format!("/v1/measures/{measure}")).await.is(200).field("state"), "in_force");
    assert_eq!(config_map(&tools, "during").await, 403);
    tools.get("/api/v1/namespaces/parley--pen/configmaps/before").await.is(200);
    assert_eq!(credentials(&house, "parley/owner", "admin").await.0, 409);
    assert_eq!(credentials(&house, "parley/owner", "viewer").await.0, 201);
    owner.post(&format!("/v1/measures/{measure}/lift"), &json!({"why": "We have moved"})).await.is(200);
    house.settle().await;
    assert_eq!(config_map(&tools, "after").await, 201);

    // While nothing may run nobody enters.
    let stop = json!({"preset": "suspend", "scope": "environment/pen", "why": "We move again"});
    owner.post(&format!("{ACCOUNT}/measures"), &stop).await.is(201);
    house.settle().await;
    assert_eq!(credentials(&house, "parley/owner", "viewer").await.0, 409);

    // Who got what and for how long is on the record; what they got is not.
    let record = house.record().await;
    let granted: Vec<&Value> = record.iter().filter(|e| e["eventType"] == "access.granted").collect();
    assert_eq!(granted.len(), 8);
    let developers = granted.iter().filter(|e| e["actor"] == "member/parley/developer");
    let roles: Vec<&Value> = developers.map(|e| &e["body"]["role"]).collect();
    assert_eq!(roles, ["viewer", "editor", "editor"]);
    assert!(granted.iter().all(|e| e["body"]["seconds"] == 600 && e["body"]["environment"] == "pen"));
    assert!(!serde_json::to_string(&record).unwrap().contains(&token), "the token is on the record");
    house.close().await;
}

#[tokio::test]
async fn shares_change_only_for_those_who_say_what_they_saw_and_a_plan_stays_above_them() {
    let house = opened().await;
    let (owner, platform) = (house.caller("parley/owner"), house.caller("platform"));
    let pen = format!("{ACCOUNT}/environments/pen");
    let share = json!({"plan": {"cpuMillis": 500, "memoryMib": 256, "storageMib": 64, "pods": 5}, "loadBalancers": 1});
    owner.json("PUT", &pen, &[], &share).await.is(428);
    owner.json("PUT", &pen, &[("if-match", "\"1\"")], &share).await.is(412);
    let seen = owner.get(&pen).await.is(200).header("etag").to_owned();
    owner.json("PUT", &pen, &[("if-match", &seen)], &share).await.is(200);
    house.settle().await;
    usage_when(&owner, |hard| hard["pods"] == "5" && hard["services.loadbalancers"] == "1").await;

    let allowances =
        json!({"podSecurity": "restricted", "registries": ["registry.example"], "egress": ["0.0.0.0/0"]});
    let small = json!({"cpuMillis": 1499, "memoryMib": 1024, "storageMib": 256, "pods": 20});
    let mut set = json!({"plan": small, "loadBalancers": 1, "hostnames": 1, "allowances": allowances});
    let plan = format!("{ACCOUNT}/plan");
    let seen = platform.get(&plan).await.is(200).header("etag").to_owned();
    owner.json("PUT", &plan, &[("if-match", &seen)], &set).await.is(403);
    let refused = platform.json("PUT", &plan, &[("if-match", &seen)], &set).await.is(409).problem();
    assert_eq!(refused.guards[0].detail, "cpuMillis: the environments have 1500, 1499 asked");
    set["plan"]["cpuMillis"] = json!(1500);
    // The refusal stands on the record.
    let seen = platform.get(&plan).await.is(200).header("etag").to_owned();
    let mut wrong = set.clone();
    wrong["allowances"]["egress"] = json!(["169.254.169.254/32"]);
    let wrong = platform.json("PUT", &plan, &[("if-match", &seen)], &wrong).await.is(422);
    assert_eq!(wrong.at(), "/allowances/egress");
    platform.json("PUT", &plan, &[("if-match", &seen)], &set).await.is(200);
    assert_eq!(owner.get(&plan).await.is(200).json()["allowances"]["podSecurity"], "restricted");

    // What is declared from now on comes from the plan's registries.
    let site = format!("{ACCOUNT}/environments/web/workloads/site");
    let refused = owner.json("PUT", &site, &[("if-none-match", "*")], &workload()).await.is(409).problem();
    assert_eq!(refused.guards[0].guard, "within_plan");
    house.close().await;
}
