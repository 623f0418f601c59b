//! Bodies and parameters that are wrong, each in every way that its schema can be left.

use serde_json::{Value, json};

use crate::ask::{Answer, Caller};
use crate::house::{House, report};
use crate::operations::{self, Operation, existing};

/// A change at one place of a body.
struct Wrong {
    /// Where the fault is to be found.
    pointer: String,
    /// Whether it may be found below that too.
    within: bool,
    body: Value,
    what: String,
}

/// Every way of leaving the schema, at every place of a body that keeps to it.
fn wrongs(document: &Value, schema: &Value, whole: &Value, at: &str) -> Vec<Wrong> {
    let here = whole.pointer(at).unwrap_or_else(|| panic!("the example has nothing at {at:?}"));
    let schema = resolve(document, schema, here);
    let mut wrongs = Vec::new();
    let mut put = |value: Value, what: &str| {
        let mut body = whole.clone();
        *body.pointer_mut(at).unwrap() = value;
        wrongs.push(Wrong { pointer: at.to_owned(), within: false, body, what: what.to_owned() });
    };
    let nullable = schema["type"].as_array().is_some_and(|types| types.contains(&json!("null")));
    if !nullable && !at.is_empty() {
        put(Value::Null, "null");
    }
    match here {
        Value::String(_) => {
            put(json!(7), "a number for a text");
            put(json!(["x"]), "a list for a text");
            put(json!({"x": 1}), "an object for a text");
        }
        Value::Number(_) => {
            // Amounts of money may be larger than what fits four bytes.
            let most = schema["maximum"].as_u64().unwrap_or(0);
            for (value, what) in [
                (json!("7"), "a text for a number"),
                (json!(-1), "below zero"),
                (json!(4_294_967_296_u64.max(most + 1)), "too large"),
                (json!(1.5), "a fraction"),
                (json!(true), "a truth for a number"),
            ] {
                put(value, what);
            }
        }
        Value::Bool(_) => {
            put(json!("true"), "a text for a truth");
            put(json!(1), "a number for a truth");
        }
        Value::Array(items) => {
            put(json!("x"), "a text for a list");
            put(json!({}), "an object for a list");
            for n in 0..items.len().min(1) {
                wrongs.extend(self::wrongs(document, &schema["items"], whole, &format!("{at}/{n}")));
            }
        }
        Value::Object(fields) => {
            put(json!("x"), "a text for an object");
            put(json!(7), "a number for an object");
            // What is named freely: every entry is of one form, and no name is one too many.
            if schema["additionalProperties"].is_object() {
                for name in fields.keys() {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    let entry = &schema["additionalProperties"];
                    wrongs.extend(self::wrongs(document, entry, whole, &format!("{at}/{name}")));
                }
                return wrongs;
            }
            let mut surplus = whole.clone();
            surplus.pointer_mut(at).unwrap()["surplus"] = json!(1);
            wrongs.push(Wrong {
                pointer: format!("{at}/surplus"),
                within: false,
                body: surplus,
                what: "a field too many".to_owned(),
            });
            for (name, property) in schema["properties"].as_object().unwrap() {
                assert!(fields.contains_key(name), "the example lacks {at}/{name}");
                if schema["required"].as_array().is_some_and(|required| required.contains(&json!(name))) {
                    let mut missing = whole.clone();
                    missing.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(name);
                    wrongs.push(Wrong {
                        pointer: at.to_owned(),
                        within: false,
                        body: missing,
                        what: format!("missing field `{name}`"),
                    });
                }
                wrongs.extend(self::wrongs(document, property, whole, &format!("{at}/{name}")));
            }
        }
        Value::Null => panic!("the example says nothing at {at:?}"),
    }
    // The fields of a shape that its tag names are read together: what is wrong in one is told of the shape.
    if schema["properties"]["by"]["enum"].is_array() {
        for wrong in &mut wrongs {
            at.clone_into(&mut wrong.pointer);
            wrong.within = true;
        }
    }
    wrongs
}

fn resolve(document: &Value, schema: &Value, here: &Value) -> Value {
    let reference = |schema: &Value| {
        schema["$ref"].as_str().map(|r| document.pointer(r.trim_start_matches('#')).unwrap().clone())
    };
    if let Some(schema) = reference(schema) {
        return resolve(document, &schema, here);
    }
    // An object of one of several shapes: that of the example, which its tag names.
    let shapes = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let tagged = |shape: &&Value| shape["properties"]["by"]["enum"][0] == here["by"];
    if let Some(shape) = shapes.iter().filter(|s| s["properties"]["by"].is_object()).find(tagged) {
        return shape.clone();
    }
    // One of a schema and null: the schema, with null among its types.
    if let Some(choices) = schema["oneOf"].as_array() {
        let mut schema = choices.iter().find_map(reference).unwrap();
        schema["type"] = json!(["object", "null"]);
        return schema;
    }
    schema.clone()
}

fn operations_with_json() -> Vec<(Operation, String)> {
    operations::all().into_iter().filter_map(|o| o.schema().map(|schema| (o, schema))).collect()
}

async fn send(operation: &Operation, house: &House, body: impl Into<Vec<u8>>) -> Answer {
    let caller = house.caller(&crate::matrix::someone_who_may(&operation.id));
    operation.send(&caller, &operation.at(|p| existing(house, p)), body.into()).await
}

#[tokio::test]
async fn every_fault_in_every_body_is_named_by_its_pointer_and_changes_nothing() {
    let house = House::furnished().await;
    let before = house.record().await;
    let document = operations::document();
    let mut tried = 0;
    for (operation, schema) in operations_with_json() {
        let schema = &document["components"]["schemas"][&schema];
        let example = operation.example(&house, "parley");
        for wrong in wrongs(&document, schema, &example, "") {
            let answer = send(&operation, &house, wrong.body.to_string()).await;
            let asked = format!("{}: {} at {:?}: {}", operation.id, wrong.what, wrong.pointer, answer.text());
            assert_eq!(answer.status, 422, "{asked}");
            let problem = answer.problem();
            let at = &problem.faults[0].at;
            let below = at.strip_prefix(&wrong.pointer).filter(|rest| rest.starts_with('/'));
            assert!(*at == wrong.pointer || wrong.within && below.is_some(), "{asked}");
            if wrong.what.starts_with("missing") {
                assert!(problem.faults[0].detail.contains(&wrong.what), "{asked}");
            }
            tried += 1;
        }
    }
    assert!(tried > 300, "only {tried} faults were tried");
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[tokio::test]
async fn words_that_say_nothing_or_too_much_are_refused_where_they_stand() {
    let house = House::furnished().await;
    let before = house.record().await;
    let words = [
        "/why",
        "/whyNotLess",
        "/statement",
        "/locator",
        "/answer",
        "/remedy",
        "/authority",
        "/grounds",
        "/contact",
        "/reference",
        "/items/0/ask",
    ];
    let mut tried = 0;
    for (operation, _) in operations_with_json() {
        let example = operation.example(&house, "parley");
        for pointer in words.iter().filter(|p| example.pointer(p).is_some()) {
            for unfit in [String::new(), " \t\n\u{2003}".to_owned(), "a\0b".to_owned(), "x".repeat(20_001)] {
                let mut body = example.clone();
                *body.pointer_mut(pointer).unwrap() = json!(unfit);
                let answer = send(&operation, &house, body.to_string()).await.is(422);
                assert_eq!(answer.at(), *pointer, "{}", operation.id);
                tried += 1;
            }
        }
    }
    assert!(tried >= 4 * 15, "only {tried} were tried");
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[tokio::test]
async fn bytes_that_are_no_json_are_refused_before_anything_else() {
    let house = House::furnished().await;
    let before = house.record().await;
    let deep = "[".repeat(100_000);
    let deep_object = "{\"why\":".repeat(20_000);
    let unreadable: [&[u8]; 11] = [
        b"",
        b"{",
        b"{\"why\": \"",
        b"nul",
        b"{'why': 1}",
        b"{\"why\": 1e999}",
        b"\xff\xfe{}",
        b"{\"why\": \"\xff\"}",
        b"{\"why\": \"\\ud800\"}",
        deep.as_bytes(),
        deep_object.as_bytes(),
    ];
    for (operation, _) in operations_with_json() {
        for bytes in unreadable {
            let answer = send(&operation, &house, bytes).await;
            assert!(matches!(answer.status, 400 | 422), "{}: {}", answer.asked, answer.text());
            assert!(!answer.problem().faults.is_empty(), "{}", answer.asked);
        }
        let valid = operation.example(&house, "parley").to_string();
        let two = send(&operation, &house, format!("{valid} {valid}")).await.is(400);
        assert_eq!(two.kind(), "malformed");
        // What holds files or secrets may be larger.
        let holds_contents = ["putWorkload", "setSecret"].contains(&operation.id.as_str());
        let surplus = if holds_contents { 3 * 1024 * 1024 } else { 300 * 1024 };
        let large = send(&operation, &house, format!("{valid}{}", " ".repeat(surplus))).await.is(413);
        assert_eq!(large.kind(), "too-large");
        let twice = valid.replacen('{', &format!("{{{},", &valid[1..valid.len() - 1]), 1);
        let repeated = send(&operation, &house, twice).await.is(422);
        assert!(repeated.problem().faults[0].detail.contains("duplicate field"), "{}", repeated.text());
        let caller = house.caller(&crate::matrix::someone_who_may(&operation.id));
        let path = operation.at(|p| existing(&house, p));
        for media_type in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "application/json-patch+json",
        ] {
            let headers = [("content-type", media_type), ("if-none-match", "*")];
            let headers = if matches!(operation.id.as_str(), "putWorkload" | "putWebhook") {
                &headers[..]
            } else {
                &headers[..1]
            };
            let answer = caller.send(&operation.method, &path, headers, valid.clone().into()).await.is(415);
            assert_eq!(answer.kind(), "media-type");
        }
    }
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[tokio::test]
async fn a_problem_stays_small_however_much_it_could_quote() {
    let house = House::open().await;
    // Each character is written out as `\u{ad}`, three times as long.
    let soft = "\u{ad}".repeat(120_000);
    let platform = house.caller("platform");
    for body in [json!({ soft.as_str(): 1 }), json!({"account": soft})] {
        let answer = platform.post("/v1/accounts", &body).await.is(422);
        assert!(
            !answer.problem().faults.is_empty() && answer.body.len() < 40_000,
            "{} bytes",
            answer.body.len()
        );
    }
    let roles = house
        .caller("administrator")
        .json("PUT", "/v1/people/zoe", &[], &json!({"roles": [soft]}))
        .await
        .is(422);
    assert!(roles.at() == "/roles" && roles.body.len() < 40_000);
    house.close().await;
}

#[tokio::test]
async fn more_than_may_be_named_at_once_is_refused() {
    let house = House::furnished().await;
    let analyst = house.caller("analyst");
    let mut many = report(&house.evidence);
    many["evidence"] = json!(vec![house.evidence.clone(); 52]);
    assert_eq!(analyst.post("/v1/reports", &many).await.is(422).at(), "/evidence");
    let reports = vec!["parley.r1"; 1_001];
    let case = json!({"account": "parley", "ground": "phishing", "why": "All of it", "reports": reports});
    assert_eq!(analyst.post("/v1/cases", &case).await.is(422).at(), "/reports");
    house.close().await;
}

#[tokio::test]
async fn parameters_that_are_unknown_or_unfit_are_named() {
    let house = House::furnished().await;
    for operation in operations::all().iter().filter(|o| o.method == "GET") {
        let caller = house.caller(&crate::matrix::someone_who_may(&operation.id));
        let path = operation.at(|p| existing(&house, p));
        let join = if path.contains('?') { '&' } else { '?' };
        caller.get(&path).await;
        let unknown = caller.get(&format!("{path}{join}surplus=1")).await.is(400);
        assert_eq!(unknown.at(), "surplus", "{path}");
        if operation.spec["parameters"]
            .as_array()
            .is_none_or(|all| all.iter().all(|p| p["name"] != "pageSize"))
        {
            continue;
        }
        for (unfit, at) in [
            ("pageSize=0", "pageSize"),
            ("pageSize=201", "pageSize"),
            ("pageSize=-1", "pageSize"),
            ("pageSize=x", "pageSize"),
            ("pageSize=", "pageSize"),
            ("pageSize=99999999999", "pageSize"),
            ("pageSize=1&pageSize=2", "pageSize"),
            ("pageToken=", "pageToken"),
            ("pageToken=%00", "pageToken"),
            ("pageToken=!!", "pageToken"),
            ("pageToken=%F0%9F%A6%80", "pageToken"),
            ("pageToken=__8", "pageToken"),
            ("pageToken=gA", "pageToken"),
        ] {
            let answer = caller.get(&format!("{path}{join}{unfit}")).await;
            // A list of names goes on after any name, also after one that is not there.
            if unfit == "pageToken=" && answer.status == 200 {
                continue;
            }
            assert_eq!(answer.is(400).at(), at, "{path} {unfit}");
        }
    }
    let auditor = house.caller("auditor");
    for older in ["-1", "x", "", "18446744073709551615", "999999"] {
        auditor.get(&format!("/ledger/consistency?older={older}")).await.is(400);
    }
    for older in ["0", "1"] {
        auditor.get(&format!("/ledger/consistency?older={older}")).await.is(200);
    }
    for n in ["0", "18446744073709551615", "9223372036854775808", "-1", "x", "1.0"] {
        auditor.get(&format!("/v1/events/account%2Fparley/{n}/receipt")).await.is(404);
    }
    house.close().await;
}

#[tokio::test]
async fn headers_that_say_nothing_known_are_named() {
    let house = House::furnished().await;
    let before = house.record().await;
    let owner = house.caller("parley/owner");
    let workload = "/v1/accounts/parley/environments/web/workloads/new";
    let put = async |caller: &Caller, headers: &[(&str, &str)]| {
        caller.json("PUT", workload, headers, &crate::house::workload()).await
    };
    let long = "k".repeat(201);
    for (name, value, at) in [
        ("if-match", "12", "If-Match"),
        ("if-match", "*", "If-Match"),
        ("if-match", "W/\"1\"", "If-Match"),
        ("if-match", "\"x\"", "If-Match"),
        ("if-match", "\"-1\"", "If-Match"),
        ("if-match", "\"1\", \"2\"", "If-Match"),
        ("if-match", "", "If-Match"),
        ("if-none-match", "\"1\"", "If-None-Match"),
        ("if-none-match", "", "If-None-Match"),
        ("idempotency-key", "", "Idempotency-Key"),
        ("idempotency-key", long.as_str(), "Idempotency-Key"),
    ] {
        assert_eq!(put(&owner, &[(name, value)]).await.is(400).at(), at, "{name}: {value}");
    }
    let both = [("if-match", "\"1\""), ("if-none-match", "*")];
    assert_eq!(put(&owner, &both).await.is(400).at(), "If-None-Match");
    let legal = house.caller("legal");
    // A reader's condition is none of a writer's.
    legal.send("GET", "/v1/accounts/parley", &[("if-none-match", "\"12\"")], Vec::new()).await.is(200);
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[tokio::test]
async fn the_clock_takes_exact_spans_and_says_plainly_what_it_does_not_take() {
    let house = House::open().await;
    let admin = house.caller("administrator");
    let before = admin.get("/dev/clock").await.is(200).field("now");
    for (body, at) in [
        (json!({"advance": "3 days"}), "/advance"),
        (json!({"advance": ""}), "/advance"),
        (json!({"advance": "P"}), "/advance"),
        (json!({"advance": "-P1D"}), "/advance"),
        (json!({"advance": "P1M"}), "/advance"),
        (json!({"advance": "P31Y"}), "/advance"),
        (json!({"advance": "P20000D"}), "/advance"),
        (json!({"advance": "P99999999999999999999D"}), "/advance"),
        (json!({"set": "9999-12-31T23:59:59Z"}), "/set"),
        (json!({"set": "10000-01-01T00:00:00Z"}), "/set"),
        (json!({"set": "tomorrow"}), "/set"),
        (json!({"set": "2000-01-01T00:00:00Z"}), "/set"),
        (json!({}), ""),
    ] {
        let answer = admin.post("/dev/clock", &body).await.is(422);
        assert_eq!(answer.at(), at, "{body}");
        let detail = &answer.problem().faults[0].detail;
        for inside in ["jiff", "parameter", "failed", " at line "] {
            assert!(!detail.contains(inside), "{body}: {detail}");
        }
    }
    assert_eq!(admin.get("/dev/clock").await.field("now"), before);
    admin.post("/dev/clock", &json!({"advance": "P1DT1H"})).await.is(200);
    house.close().await;
}

#[tokio::test]
async fn a_fault_with_a_pointer_names_no_line_and_column() {
    let house = House::open().await;
    let answer = house.caller("administrator").post("/v1/tokens", &json!({"subject": 7})).await.is(422);
    let fault = answer.problem().faults[0].clone();
    assert_eq!(fault.at, "/subject");
    assert!(fault.detail.starts_with("invalid type") && !fault.detail.contains(" at line "), "{fault:?}");
    let broken = house
        .caller("administrator")
        .send("POST", "/v1/tokens", &[("content-type", "application/json")], b"{\"subject\": ".to_vec())
        .await
        .is(400);
    assert!(broken.text().contains(" at line 1 column"), "{}", broken.text());
    house.close().await;
}
