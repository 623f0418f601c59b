//! Reads that promise no more than is so.

use crate::house::House;

#[tokio::test]
async fn what_clears_a_measure_names_only_ways_that_are_open() {
    let house = House::furnished().await;
    let standing = house.caller("parley/owner").get("/v1/accounts/parley/standing").await.is(200).json();
    let measure = &standing["measures"][0];
    assert_eq!(measure["id"], "parley.m1");
    let cleared_by = measure["clearedBy"].as_str().unwrap();
    assert!(cleared_by.starts_with("an appeal; "), "its case asks nothing: {cleared_by}");
    house.close().await;
}

#[tokio::test]
async fn a_preview_says_what_is_verified_and_what_is_only_stored() {
    let house = House::furnished().await;
    let preview = house.caller("analyst").get("/v1/measures/parley.m1/preview").await.is(200).json();
    let withholds = preview["withholds"].as_object().unwrap();
    assert!(!withholds.is_empty(), "{preview}");
    for (capability, enforcer) in withholds {
        let enforcer = enforcer.as_str().unwrap();
        let expected = match capability.as_str() {
            "compute" => "verified by observation",
            "deploy" => "changes of workloads are refused",
            "ingress" | "egress" => "enforcement is not verified",
            _ => "nobody",
        };
        assert!(enforcer.contains(expected), "{capability}: {enforcer}");
    }
    house.close().await;
}
