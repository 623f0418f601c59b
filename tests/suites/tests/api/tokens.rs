//! Tokens: what is kept of them, and when they stop to speak for anyone.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::house::House;

/// What the server logs, kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|w| w == secret.as_bytes())
}

#[tokio::test]
async fn neither_the_servers_files_nor_its_logs_hold_a_secret_that_it_gave_out() {
    let log = Log::default();
    let writer = log.clone();
    let logged = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("tenure=trace"))
        .with_writer(move || writer.clone())
        .try_init();
    let house = House::furnished().await;
    let forged = format!("tenure_{}", "7".repeat(64));
    house.stranger().with(Some(&forged)).get("/v1/accounts").await.is(401);
    let secrets = house.secrets();
    assert!(secrets.len() > 10);
    house.settle().await;
    let administrator = house.token("administrator").to_owned();
    let (folder, database) = house.close().await;
    assert!(std::fs::metadata(&database).unwrap().len() > 10_000);
    let mut files = 0;
    let mut folders = vec![folder.path().to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            files += 1;
            let bytes = std::fs::read(entry.path()).unwrap();
            // In this one file `tenured dev` keeps the administrator's token, for its owner to read.
            let kept = entry.file_name() == "tokens.json";
            for secret in &secrets {
                let expected = kept && *secret == administrator;
                assert_eq!(holds(&bytes, secret), expected, "{} holds a secret", entry.path().display());
            }
        }
    }
    assert!(files >= 3, "the database, the key and the tokens of dev");
    logged.expect("each test has a process of its own");
    let log = log.0.lock().unwrap();
    assert!(holds(&log, "/v1/accounts"), "requests are logged");
    for secret in secrets.iter().chain([&forged]) {
        assert!(!holds(&log, secret), "the log holds a secret");
    }
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
        assert!(!answer.text().contains("rule/") && !answer.text().contains("system/"), "{}", answer.text());
    }
    house.close().await;
}
