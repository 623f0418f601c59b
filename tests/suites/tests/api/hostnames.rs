//! Hostnames over the wire: claimed, told how they are proved, declared by a workload, released.

use serde_json::json;

use crate::house::{House, workload};

const HOSTNAMES: &str = "/v1/accounts/parley/hostnames";
const WWW: &str = "www.parley.example";

#[tokio::test]
async fn a_hostname_is_claimed_and_told_how_it_is_proved() {
    let house = House::open().await;
    let owner = house.caller("parley/owner");
    let claim = |name: &str| json!({"hostname": name});
    house.caller("parley/viewer").post(HOSTNAMES, &claim(WWW)).await.is(403);
    for wrong in ["*.parley.example", "Www.parley.example", "parley", "m\u{fc}nchen.example"] {
        assert_eq!(owner.post(HOSTNAMES, &claim(wrong)).await.is(422).at(), "/hostname", "{wrong}");
    }
    for nobodys in ["10.0.0.1", "web.local", "kubernetes.default.svc"] {
        assert_eq!(owner.post(HOSTNAMES, &claim(nobodys)).await.is(422).at(), "/hostname", "{nobodys}");
    }
    let made = owner.post(HOSTNAMES, &claim(WWW)).await.is(201);
    assert_eq!(made.field("href"), format!("{HOSTNAMES}/{WWW}"));
    let view = house.caller("parley/viewer").get(&format!("{HOSTNAMES}/{WWW}")).await.is(200).json();
    assert_eq!(view["state"], "claimed");
    let url = view["challenge"]["url"].as_str().unwrap();
    assert!(url.starts_with("http://www.parley.example/.well-known/tenure-challenge/"), "{url}");
    assert_eq!(view["challenge"]["text"].as_str().map(str::len), Some(64));
    assert_eq!(owner.get(HOSTNAMES).await.is(200).json()["items"][0], view);

    // Nothing answers there, and the refusal says what is to.
    let refused =
        owner.send("POST", &format!("{HOSTNAMES}/{WWW}/proof"), &[], vec![]).await.is(409).problem();
    assert_eq!(refused.guards[0].guard, "challenge_answered");
    assert!(refused.guards[0].satisfied_by.contains(view["challenge"]["text"].as_str().unwrap()));
    owner.send("POST", &format!("{HOSTNAMES}/shop.parley.example/proof"), &[], vec![]).await.is(404);

    // Declared by a workload it is not given up, and what is not claimed cannot be declared.
    let web = "/v1/accounts/parley/environments/web";
    let mut spec = workload();
    spec["hostnames"] = json!([WWW]);
    let site = format!("{web}/workloads/site");
    owner.json("PUT", &site, &[("if-none-match", "*")], &workload()).await.is(201);
    let at = owner.get(&site).await.is(200).header("etag").to_owned();
    let put = |spec: serde_json::Value, at: String| {
        let owner = &owner;
        let site = &site;
        async move {
            let headers = [("if-match", at.as_str()), ("content-type", "application/json")];
            owner.send("PUT", site, &headers, serde_json::to_vec(&spec).unwrap()).await
        }
    };
    let refused = put(spec.clone(), at.clone()).await.is(409).problem();
    assert_eq!(refused.guards[0].detail, "hostnames: 1 asked, 0 left of the share of web");
    spec["hostnames"] = json!(["www.market.example"]);
    let refused = put(spec, at).await.is(409).problem();
    let told: Vec<&str> = refused.guards.iter().map(|guard| guard.detail.as_str()).collect();
    assert_eq!(told[1], "parley has not claimed www.market.example");

    owner.send("DELETE", &format!("{HOSTNAMES}/{WWW}"), &[], vec![]).await.is(200);
    owner.get(&format!("{HOSTNAMES}/{WWW}")).await.is(404);
    house.close().await;
}
