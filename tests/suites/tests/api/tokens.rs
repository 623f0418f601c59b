//! Tokens: what is kept of them, and when they stop to speak for anyone.

use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn no_file_of_the_server_holds_a_secret_that_it_gave_out() {
    let house = House::furnished().await;
    let secrets = house.secrets();
    assert!(secrets.len() > 10);
    house.settle().await;
    let (folder, database) = house.close().await;
    assert!(std::fs::metadata(&database).unwrap().len() > 10_000);
    let mut files = 0;
    let mut folders = vec![folder.path().to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            files += 1;
            let bytes = std::fs::read(entry.path()).unwrap();
            // The one file in which `tenured dev` keeps the administrator's token, for its owner to read.
            let first = usize::from(entry.file_name() == "tokens.json");
            for secret in &secrets {
                let holds = bytes.windows(secret.len()).filter(|w| *w == secret.as_bytes()).count();
                let dev =
                    usize::from(first == 1 && bytes.windows(secret.len()).any(|w| w == secret.as_bytes()));
                assert_eq!(holds, dev, "{} holds a secret", entry.path().display());
            }
        }
    }
    assert!(files >= 3, "the database, the key and the tokens of dev");
}

#[tokio::test]
async fn a_revoked_token_speaks_for_nobody_also_after_a_restart() {
    let house = House::open().await;
    let admin = house.caller("administrator");
    let issued = admin.post("/v1/tokens", &json!({"subject": "person/auditor"})).await.is(201);
    let (id, secret) = (issued.field("id"), issued.field("token"));
    assert_eq!(issued.header("location"), format!("/v1/tokens/{id}"));
    assert!(
        !house.record().await.iter().any(|e| e.to_string().contains(&secret)),
        "the record names no secret"
    );
    let bearer = admin.with(Some(&secret));
    bearer.get("/v1/events").await.is(200);
    house.caller("auditor").send("DELETE", &format!("/v1/tokens/{id}"), &[], Vec::new()).await.is(403);
    admin.send("DELETE", &format!("/v1/tokens/{id}"), &[], Vec::new()).await.is(200);
    bearer.get("/v1/events").await.is(401);
    house.caller("auditor").get("/v1/events").await.is(200);
    let before = house.record().await;
    admin.send("DELETE", &format!("/v1/tokens/{id}"), &[], Vec::new()).await.is(200);
    admin.send("DELETE", "/v1/tokens/0000000000000000", &[], Vec::new()).await.is(404);
    assert_eq!(house.record().await, before, "revoking again changes nothing");
    let house = house.restart().await;
    house.stranger().with(Some(&secret)).get("/v1/events").await.is(401);
    house.caller("auditor").get("/v1/events").await.is(200);
    house.close().await;
}

#[tokio::test]
async fn whoever_has_no_roles_left_may_do_nothing() {
    let house = House::furnished().await;
    let admin = house.caller("administrator");
    for (path, holder) in
        [("/v1/people/analyst", "analyst"), ("/v1/accounts/parley/members/owner", "parley/owner")]
    {
        admin.json("PUT", path, &[], &json!({"roles": []})).await.is(200);
        let nobody = house.caller(holder);
        for path in [
            "/v1/accounts",
            "/v1/accounts/parley",
            "/v1/accounts/parley/standing",
            "/v1/reports?account=parley",
            "/v1/people",
            "/v1/events?stream=account/parley",
            "/v1/events/account%2Fparley/1/receipt",
            "/v1/cases?account=parley",
        ] {
            nobody.get(path).await.is(403);
        }
        nobody.get(&format!("/v1/evidence/{}", house.evidence)).await.is(403);
    }
    house.close().await;
}

#[tokio::test]
async fn roles_that_do_not_exist_and_tokens_for_nobody_are_refused() {
    let house = House::open().await;
    let admin = house.caller("administrator");
    for (path, role) in [
        ("/v1/people/zoe", "god"),
        ("/v1/people/zoe", "owner"),
        ("/v1/accounts/parley/members/zoe", "analyst"),
        ("/v1/people/zoe", ""),
    ] {
        let answer = admin.json("PUT", path, &[], &json!({"roles": [role]})).await.is(422);
        assert_eq!(answer.at(), "/roles");
    }
    admin.json("PUT", "/v1/accounts/nosuch/members/zoe", &[], &json!({"roles": ["viewer"]})).await.is(404);
    for subject in [
        "person/zoe",
        "member/parley/zoe",
        "member/nosuch/owner",
        "system/timer",
        "rule/reports-outpace-cleanup",
        "zoe",
        "",
    ] {
        let answer = admin.post("/v1/tokens", &json!({"subject": subject})).await.is(422);
        assert_eq!(answer.at(), "/subject", "{subject}");
    }
    house.close().await;
}
