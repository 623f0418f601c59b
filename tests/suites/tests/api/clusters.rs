//! What the cluster was found to be able to do, as people read it.

use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn everybody_reads_what_can_be_withheld_on_the_cluster() {
    let house = House::open().await;
    for holder in ["auditor", "platform", "parley/viewer"] {
        let caller = house.caller(holder);
        let page = caller.get("/v1/clusters").await.is(200).json();
        let cluster = caller.get("/v1/clusters/main").await.is(200).json();
        // What it has room for is asked of one cluster at a time, and told to the provider's people.
        let mut listed = cluster.clone();
        let capacity = listed.as_object_mut().unwrap().remove("capacity");
        assert_eq!(capacity.is_some(), holder != "parley/viewer", "{holder}");
        assert_eq!(page["items"], json!([listed]), "{holder}");
        assert_eq!((&cluster["id"], &cluster["health"]), (&json!("main"), &json!("ok")));
        assert_eq!(cluster["probed"]["simulation"], true);
        assert_eq!(cluster["probed"]["networkPolicies"], "unknown");
        let offers = cluster["offers"].as_array().unwrap();
        let egress = |offer: &&serde_json::Value| offer["capability"] == "egress";
        assert!(offers.iter().filter(egress).all(|offer| offer["offered"] == true), "nobody knows better");
        // No freeze webhook is served for the simulation.
        let missing: Vec<_> = offers.iter().filter(|offer| offer["offered"] == false).collect();
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert_eq!(
            (&missing[0]["capability"], &missing[0]["environment"], &missing[0]["scope"]),
            (&json!("deploy"), &json!("open"), &json!("workload"))
        );
        caller.get("/v1/clusters/other").await.is(404);
    }
    house.caller("reporter").get("/v1/clusters").await.is(403);
    let told = house.record().await;
    assert_eq!(told.iter().filter(|event| event["eventType"] == "cluster.probed").count(), 1);
    house.close().await;
}
