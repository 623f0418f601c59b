//! Golden scenarios: looking at what would happen, and an account that has one of its environments deleted.

use serde_json::{Value, json};

use crate::golden_measures::Market;
use crate::house::workload;

const WEB: &str = "/v1/accounts/market/environments/web";

fn ask(confirm: &str) -> Value {
    json!({"confirm": confirm, "why": "We have moved"})
}

async fn types(market: &Market, prefix: &str) -> Vec<String> {
    let mut record = market.house.record().await;
    record.retain(|event| event["stream"] == "account/market");
    let types = record.iter().filter_map(|event| event["eventType"].as_str());
    types.filter(|found| found.starts_with(prefix)).map(str::to_owned).collect()
}

#[tokio::test]
async fn golden_a_stop_and_a_deletion_are_rehearsed_and_nothing_happens() {
    let market = Market::open().await;
    let analyst = market.house.caller("analyst");
    let before = market.house.record().await.len();
    let path = "/v1/accounts/market/rehearsal?scope=environment/web&withholds=compute,ingress";
    let told = analyst.get(path).await.is(200).json();
    assert_eq!((&told["cluster"], &told["unseen"]), (&json!(true), &json!({})));
    let stop = &told["environments"]["web"]["stop"];
    let writes = stop["writes"].as_array().unwrap();
    let gate = writes.iter().find(|write| write["object"] == "ResourceQuota/tenure-gate").unwrap();
    assert_eq!(
        (&gate["verb"], &gate["new"], &gate["refused"]),
        (&json!("apply"), &json!(true), &json!(null))
    );
    assert_eq!(stop["pods"].as_array().unwrap().len(), 1, "{stop}");
    assert!(!stop["pods"][0]["losses"].as_array().unwrap().is_empty());
    assert_eq!(told["environments"]["web"]["lift"]["ready"], json!({"site": 1}));
    for wrong in
        ["scope=environment/web&withholds=everything", "scope=galaxy&withholds=compute", "scope=account"]
    {
        analyst.get(&format!("/v1/accounts/market/rehearsal?{wrong}")).await.is(400);
    }
    let none = analyst.get("/v1/accounts/market/rehearsal?scope=environment/none&withholds=compute").await;
    assert_eq!(none.is(200).json()["environments"], json!({}));

    let preflight = "/v1/accounts/market/deletion/preflight";
    let seen = analyst.get(preflight).await.is(200).json()["environments"]["web"].clone();
    assert!(seen["objects"]["Deployment/site"].is_string(), "{seen}");
    assert_eq!((&seen["foreign"], &seen["blockers"], &seen["pods"]), (&json!([]), &json!([]), &json!(1)));
    for path in [path, preflight] {
        market.owner.get(path).await.is(403);
        market.house.caller("parley/owner").get(path).await.is(404);
    }
    assert_eq!(market.house.record().await.len(), before, "nothing is on the record of what did not happen");
    market.house.close().await;
}

#[tokio::test]
async fn golden_an_account_has_an_environment_deleted_after_a_day_to_think_about_it() {
    let market = Market::open().await;
    let deletion = format!("{WEB}/deletion");
    for blank in ["", "batch"] {
        let wrong = market.owner.post(&deletion, &ask(blank)).await.is(422);
        assert_eq!(wrong.problem().faults[0].at, "/confirm");
    }
    market.house.caller("platform").post(&deletion, &ask("web")).await.is(403);
    market.owner.post(&deletion, &ask("web")).await.is(201);
    let asked = market.owner.get(WEB).await.is(200).json();
    assert_eq!(asked["deletion"]["askedBy"], "member/market/olga");
    let next = market.owner.get("/v1/accounts/market/standing").await.is(200).text();
    assert!(next.contains("delete_environment"), "{next}");
    market.owner.post(&format!("{deletion}/withdrawal"), &json!(null)).await.is(200);
    market.advance("P2D").await;
    assert_eq!(market.owner.get(WEB).await.is(200).json()["deletion"], json!(null));

    // A hold that comes in between keeps everything, and the account has to ask again.
    market.owner.post(&deletion, &ask("web")).await.is(201);
    let legal = market.house.caller("legal");
    let hold =
        json!({"account": "market", "scope": "environment/web", "runningState": false, "why": "A hearing"});
    let hold = legal.post("/v1/holds", &hold).await.is(201).field("id");
    market.advance("P2D").await;
    market.house.settle().await;
    assert_eq!(market.owner.get(WEB).await.is(200).json()["deletion"], json!(null));
    market.owner.post(&deletion, &ask("web")).await.is(409);
    legal.post(&format!("/v1/holds/{hold}/release"), &json!({"why": "It is over"})).await.is(200);

    market.owner.post(&deletion, &ask("web")).await.is(201);
    market.advance("P1D").await;
    market.house.settle().await;
    market.owner.get(WEB).await.is(404);
    assert_eq!(
        types(&market, "environment.").await,
        [
            "environment.created",
            "environment.deletion_asked",
            "environment.deletion_ended",
            "environment.deletion_asked",
            "environment.deletion_ended",
            "environment.deletion_asked",
            "environment.deletion_begun",
            "environment.deleted"
        ]
    );
    let record = market.house.record().await;
    let deleted = record.iter().find(|event| event["eventType"] == "environment.deleted").unwrap();
    let certificate = deleted["body"]["certificate"].as_str().unwrap();
    let note =
        market.house.caller("auditor").get(&format!("/v1/evidence/{certificate}")).await.is(200).text();
    for said in ["member/market/olga", "Deployment/site", "Namespace/market--web", "\u{2014} "] {
        assert!(note.contains(said), "{said:?} is not in {note}");
    }

    // The name is free, and what comes under it has nothing of the old.
    let plan = json!({"cpuMillis": 1000, "memoryMib": 512, "storageMib": 128, "pods": 10});
    let web = json!({"environment": "web", "plan": plan});
    market.owner.post("/v1/accounts/market/environments", &web).await.is(201);
    let site = format!("{WEB}/workloads/site");
    market.owner.json("PUT", &site, &[("if-none-match", "*")], &workload()).await.is(201);
    market.house.settle().await;
    let again = market.owner.get(&site).await.is(200).json();
    assert_eq!((&again["ready"], &again["message"]), (&json!(1), &json!(null)));
    market.house.close().await;
}
