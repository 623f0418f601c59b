//! Reports in published formats, reports that say the same, and how much one reporter brings in.

use serde_json::{Value, json};

use crate::ask::{Answer, Caller};
use crate::house::{House, RIVAL, report_about};

/// A mail as a feedback loop sends it.
pub const ARF: &str = "From: Feedback Desk <loop@mailhost.example>\r\nMessage-ID: <loop-7@mailhost.example>\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=zz\r\n\r\n--zz\r\nContent-Type: text/plain\r\n\r\nThis was not asked for.\r\n--zz\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: MailhostLoop/2.1\r\nVersion: 1\r\nArrival-Date: Fri, 8 Jan 2021 18:59:00 +0000\r\n\r\n--zz\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <77@parley.example>\r\nSubject: Last chance\r\n\r\nBuy now.\r\n--zz--\r\n";

/// A report of phishing as XARF v4, with a piece of evidence.
pub fn xarf() -> Value {
    json!({
        "xarf_version": "4.2.0",
        "report_id": "0b1f6a4e-7f0d-4c7e-9c53-3a1d6a6d7c11",
        "timestamp": "2021-01-08T19:20:00Z",
        "reporter": {"org": "Hearth Watch", "contact": "desk@hearthwatch.example", "domain": "hearthwatch.example"},
        "sender": {"org": "Hearth Watch", "contact": "desk@hearthwatch.example", "domain": "hearthwatch.example"},
        "source_identifier": "192.0.2.17",
        "category": "content",
        "type": "phishing",
        "url": "https://parley.example/login",
        "description": "It asks for passwords",
        "evidence": [{"content_type": "text/html", "payload": "PHRpdGxlPlNpZ24gaW48L3RpdGxlPg=="}],
    })
}

async fn send_xarf(caller: &Caller, account: &str, report: &Value) -> Answer {
    caller.post(&format!("/v1/reports/xarf?account={account}"), report).await
}

async fn send_arf(caller: &Caller, account: &str, mail: impl Into<Vec<u8>>) -> Answer {
    let headers = [("content-type", "message/rfc822")];
    caller.send("POST", &format!("/v1/reports/arf?account={account}"), &headers, mail.into()).await
}

#[tokio::test]
async fn a_xarf_report_is_kept_as_it_came_with_the_evidence_in_it() {
    let house = House::open().await;
    let (reporter, analyst) = (house.caller("reporter"), house.caller("analyst"));
    let filed = send_xarf(&reporter, "parley", &xarf()).await.is(201);
    assert_eq!((filed.field("id").as_str(), filed.json()["joined"].clone()), ("parley.r1", Value::Null));
    assert_eq!(filed.header("location"), "/v1/reports/parley.r1");
    let seen = analyst.get("/v1/reports/parley.r1").await.is(200).json();
    for (field, value) in [
        ("ground", json!("phishing")),
        ("format", json!("xarf:content/phishing")),
        ("locator", json!("https://parley.example/login")),
        ("observedAt", json!("2021-01-08T19:20:00Z")),
        ("contact", json!("Hearth Watch <desk@hearthwatch.example>")),
        ("reference", json!("0b1f6a4e-7f0d-4c7e-9c53-3a1d6a6d7c11")),
        ("filedBy", json!("person/reporter")),
        ("joined", json!(0)),
    ] {
        assert_eq!(seen[field], value, "{field}");
    }
    assert!(seen["statement"].as_str().unwrap().starts_with("It asks for passwords"));
    let evidence = seen["evidence"].as_object().unwrap();
    assert_eq!(evidence.len(), 2);
    for (id, media_type) in evidence {
        let kept = analyst.get(&format!("/v1/evidence/{id}")).await.is(200);
        if media_type == "application/json" {
            assert_eq!(kept.json(), xarf());
        } else {
            assert_eq!(
                (media_type.as_str().unwrap(), kept.text().as_str()),
                ("text/html", "<title>Sign in</title>")
            );
        }
    }
    // The account sees what is alleged and with what evidence, and not by whom.
    let shown = house.caller("parley/owner").get("/v1/reports/parley.r1").await.is(200).json();
    assert_eq!(shown["evidence"], seen["evidence"]);
    for hidden in ["filedBy", "contact", "reference"] {
        assert_eq!(shown[hidden], Value::Null, "{hidden}");
    }
    for event in house.record().await {
        let text = event.to_string();
        for personal in ["hearthwatch", "parley.example", "0b1f6a4e"] {
            assert!(!text.contains(personal), "{personal} is in the record: {text}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn a_xarf_report_that_cannot_be_taken_says_where_and_what_then() {
    let house = House::open().await;
    let reporter = house.caller("reporter");
    let before = house.record().await;
    for (change, at, words) in [
        (json!({"type": "incitement"}), "/type", "POST /v1/reports"),
        (json!({"category": "violence"}), "/category", "POST /v1/reports"),
        (json!({"xarf_version": "5.0.0"}), "/xarf_version", "match"),
        (json!({"reporter": {}}), "/reporter", "required"),
        (
            json!({"evidence": [{"content_type": "text/plain", "payload": "?"}]}),
            "/evidence/0/payload",
            "base64",
        ),
    ] {
        let mut broken = xarf();
        broken.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = send_xarf(&reporter, "parley", &broken).await.is(422);
        assert_eq!((answer.kind().as_str(), answer.at().as_str()), ("invalid-request", at));
        assert!(answer.problem().faults[0].detail.contains(words), "{}", answer.text());
    }
    let json = [("content-type", "application/json")];
    let path = "/v1/reports/xarf?account=parley";
    assert_eq!(reporter.send("POST", path, &json, b"{".to_vec()).await.is(400).kind(), "malformed");
    let yaml = [("content-type", "application/yaml")];
    assert_eq!(reporter.send("POST", path, &yaml, b"a: b".to_vec()).await.is(415).kind(), "media-type");
    let large = vec![b' '; 10 * 1024 * 1024 + 1];
    assert_eq!(reporter.send("POST", path, &json, large).await.is(413).kind(), "too-large");
    assert_eq!(reporter.post("/v1/reports/xarf", &xarf()).await.is(400).at(), "account");
    assert_eq!(send_xarf(&reporter, "nosuch", &xarf()).await.is(404).kind(), "not-found");
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[tokio::test]
async fn arf_mail_is_read_and_what_it_lacks_is_told() {
    let house = House::open().await;
    let (reporter, analyst) = (house.caller("reporter"), house.caller("analyst"));
    let filed = send_arf(&reporter, "parley", ARF).await.is(201);
    let seen = analyst.get(&filed.field("href")).await.is(200).json();
    assert_eq!(
        (&seen["ground"], &seen["format"], &seen["locator"], &seen["contact"]),
        (
            &json!("spam"),
            &json!("arf:abuse"),
            &json!("mid:77@parley.example"),
            &json!("loop@mailhost.example")
        )
    );
    let (id, media_type) = seen["evidence"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(media_type, "message/rfc822");
    assert_eq!(analyst.get(&format!("/v1/evidence/{id}")).await.is(200).text(), ARF);
    for (from, to, at) in [
        ("feedback-report;", "disposition-notification;", "Content-Type"),
        ("--zz--", "", "Content-Type"),
        ("Feedback-Type: abuse\r\n", "", "Feedback-Type"),
        ("Feedback-Type: abuse", "Feedback-Type: not-spam", "Feedback-Type"),
        ("Version: 1\r\n", "", "Version"),
        ("message/rfc822", "application/zip", "part 3"),
    ] {
        let answer = send_arf(&reporter, "parley", ARF.replace(from, to)).await.is(422);
        assert_eq!(answer.at(), at, "{from}");
    }
    let unknown = send_arf(&reporter, "parley", ARF.replace("Type: abuse", "Type: not-spam")).await;
    let detail = &unknown.problem().faults[0].detail;
    assert!(detail.contains("abuse, fraud, virus") && detail.contains("POST /v1/reports"), "{detail}");
    let text = [("content-type", "text/plain")];
    let wrong = reporter.send("POST", "/v1/reports/arf?account=parley", &text, ARF.into()).await.is(415);
    assert_eq!(wrong.kind(), "media-type");
    assert_eq!(send_arf(&reporter, "parley", "\r\n\r\nhello").await.is(400).kind(), "malformed");
    house.close().await;
}

#[tokio::test]
async fn the_ground_is_what_the_accepted_terms_name() {
    let house = House::open().await;
    let grounds = "grounds: [{id: scam, reportedAs: [\"xarf:content/phishing\"]}, {id: nuisance, reportedAs: [\"arf:opt-out\"]}]\n";
    let terms = tenured::story::TERMS.replace("version: \"2020-04\"", "version: \"2021-01\"") + grounds;
    house.caller("administrator").yaml("/v1/terms", terms).await.is(201);
    let plan = json!({"cpuMillis": 1, "memoryMib": 1, "storageMib": 1, "pods": 1});
    let open =
        json!({"account": "quince", "terms": {"id": "cloud-agreement", "version": "2021-01"}, "plan": plan});
    house.caller("platform").post("/v1/accounts", &open).await.is(201);
    let reporter = house.caller("reporter");
    let opt_out = ARF.replace("Type: abuse", "Type: Opt-Out");
    for (answer, ground) in [
        (send_xarf(&reporter, "quince", &xarf()).await, "scam"),
        (send_xarf(&reporter, "parley", &xarf()).await, "phishing"),
        (send_arf(&reporter, "quince", opt_out.clone()).await, "nuisance"),
    ] {
        let seen = house.caller("analyst").get(&answer.is(201).field("href")).await.is(200);
        assert_eq!(seen.field("ground"), ground);
    }
    send_arf(&reporter, "parley", opt_out).await.is(422);
    house.close().await;
}

#[tokio::test]
async fn what_says_the_same_is_joined_whatever_way_it_comes() {
    let house = House::furnished().await;
    let (reporter, analyst) = (house.caller("reporter"), house.caller("analyst"));
    let first = send_xarf(&reporter, "parley", &xarf()).await.is(201).field("id");
    // The same report sent again, the same by another service, and the same by the form.
    let mut another = xarf();
    another["report_id"] = json!("9b1f6a4e-7f0d-4c7e-9c53-3a1d6a6d7c99");
    another["url"] = json!("HTTPS://parley.example:443/login#form");
    let form = json!({"account": "parley", "ground": "phishing", "locator": "https://parley.example/login", "statement": "A trap", "evidence": [house.evidence], "language": "en"});
    for answer in [
        send_xarf(&reporter, "parley", &xarf()).await,
        send_xarf(&analyst, "parley", &another).await,
        analyst.post("/v1/reports", &form).await,
    ] {
        let answer = answer.is(200);
        assert_eq!((answer.field("id"), &answer.json()["joined"]), (first.clone(), &json!(true)));
        assert_eq!(answer.header("location"), "");
        assert_eq!(answer.json()["events"][0]["eventType"], "report.joined");
    }
    let path = format!("/v1/reports/{first}");
    assert_eq!(analyst.get(&path).await.is(200).json()["joined"], 3);
    let joined = analyst.get(&format!("{path}/joined")).await.is(200).json();
    let told: Vec<(&str, &str)> = joined["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|j| (j["by"].as_str().unwrap(), j["locator"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("person/reporter", "https://parley.example/login"),
            ("person/analyst", "HTTPS://parley.example:443/login#form"),
            ("person/analyst", "https://parley.example/login"),
        ]
    );
    let owner = house.caller("parley/owner");
    let shown = owner.get(&format!("{path}/joined?pageSize=2")).await.is(200).json();
    assert_eq!((shown["items"].as_array().unwrap().len(), &shown["items"][0]["by"]), (2, &Value::Null));
    let next = shown["nextPageToken"].as_str().unwrap();
    let rest = owner.get(&format!("{path}/joined?pageToken={next}")).await.is(200).json();
    assert_eq!(
        (rest["items"][0]["statement"].as_str(), &rest["nextPageToken"]),
        (Some("A trap"), &Value::Null)
    );
    house.caller(&format!("{RIVAL}/owner")).get(&format!("{path}/joined")).await.is(404);
    // The account answers once; then the same is news.
    owner.post(&format!("{path}/remediation"), &json!({"answer": "It is gone"})).await.is(200);
    let back = analyst.post("/v1/reports", &form).await.is(201);
    assert_ne!(back.field("id"), first);
    house.close().await;
}

#[tokio::test]
async fn the_same_report_sent_at_once_by_fifty_is_one_report() {
    let house = House::furnished().await;
    let asks: Vec<_> = (0..50)
        .map(|n| {
            let caller = house.caller(if n % 2 == 0 { "reporter" } else { "analyst" });
            let body = report_about("storm", &house.evidence);
            tokio::spawn(async move { caller.post("/v1/reports", &body).await })
        })
        .collect();
    let mut made = 0;
    let mut ids = std::collections::BTreeSet::new();
    for ask in asks {
        let answer = ask.await.unwrap();
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        made += usize::from(answer.status == 201);
        ids.insert(answer.field("id"));
    }
    assert_eq!((made, ids.len()), (1, 1));
    house.close().await;
}

#[tokio::test]
async fn a_key_repeats_its_own_request_and_another_account_is_another_request() {
    let house = House::open().await;
    let reporter = house.caller("reporter");
    let send = async |account: &str| {
        let path = format!("/v1/reports/xarf?account={account}");
        reporter.json("POST", &path, &[("idempotency-key", "k")], &xarf()).await
    };
    let first = send("parley").await.is(201);
    let again = send("parley").await.is(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &first.body));
    assert_eq!(send(RIVAL).await.is(422).kind(), "idempotency-key-reused");
    house.close().await;
}

#[tokio::test]
async fn a_reporter_who_brings_in_too_much_is_told_when_to_go_on() {
    let house = House::furnished().await;
    let evidence = house.evidence.clone();
    let mut asks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (caller, evidence) = (house.caller("reporter"), evidence.clone());
        asks.spawn(async move {
            for post in 0..50 {
                // Half of them are joined: they count as well.
                let body = report_about(format!("flood-{n}-{}", post / 2), &evidence);
                let answer = caller.post("/v1/reports", &body).await;
                assert_eq!(answer.status, if post % 2 == 0 { 201 } else { 200 }, "{}", answer.text());
            }
        });
    }
    asks.join_all().await;
    let reporter = house.caller("reporter");
    let now = house.caller("administrator").get("/dev/clock").await.is(200).field("now");
    let now: jiff::Timestamp = now.parse().unwrap();
    let midnight = jiff::Timestamp::from_second((now.as_second() / 86_400 + 1) * 86_400).unwrap();
    let refused = reporter.post("/v1/reports", &report_about("one-more", &evidence)).await.is(429);
    assert_eq!(refused.kind(), "rate-limited");
    assert_eq!(refused.header("retry-after"), (midnight.as_second() - now.as_second()).to_string());
    assert_eq!(refused.problem().earliest, Some(midnight));
    assert!(refused.text().contains("1000 reports"), "{}", refused.text());
    for answer in [send_xarf(&reporter, "parley", &xarf()).await, send_arf(&reporter, "parley", ARF).await] {
        assert_eq!(answer.is(429).kind(), "rate-limited");
    }
    // Nobody else is stopped, and uploading is bounded by itself.
    house.caller("analyst").post("/v1/reports", &report_about("one-more", &evidence)).await.is(201);
    let text = [("content-type", "text/plain")];
    reporter.send("POST", "/v1/evidence", &text, b"more".to_vec()).await.is(201);
    let tomorrow = json!({"set": midnight.to_string()});
    house.caller("administrator").post("/dev/clock", &tomorrow).await.is(200);
    reporter.post("/v1/reports", &report_about("tomorrow", &evidence)).await.is(201);
    house.close().await;
}
