use std::time::Duration;

use rustls::crypto::ring::default_provider;

use super::*;
use crate::certificate::issue;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn issued(second: i64) -> Issued {
    issue("freeze.example", at(second), Duration::from_secs(100), &default_provider()).unwrap()
}

fn reached() -> Reached {
    Reached::url("https://10.0.0.5:8443").unwrap()
}

fn bundle(configuration: &Value) -> String {
    let bundle = configuration["webhooks"][0]["clientConfig"]["caBundle"].as_str().unwrap();
    String::from_utf8(STANDARD.decode(bundle).unwrap()).unwrap()
}

#[test]
fn an_outage_is_limited_to_frozen_namespaces_and_to_what_tenants_write() {
    let configuration = wanted(&reached(), &[], [issued(0)].iter(), None, at(0));
    let webhook = &configuration["webhooks"][0];
    assert_eq!(webhook["failurePolicy"], "Fail");
    let selector = json!({"matchExpressions": [{"key": names::FROZEN, "operator": "Exists"}]});
    assert_eq!(webhook["namespaceSelector"], selector);
    for rule in webhook["rules"].as_array().unwrap() {
        assert_eq!(rule["scope"], "Namespaced", "{rule}");
        for resource in rule["resources"].as_array().unwrap().iter().filter_map(Value::as_str) {
            let cluster_s = ["*", "namespaces", "nodes", "events", "leases", "endpoints", "resourcequotas"];
            assert!(!cluster_s.contains(&resource), "{rule}");
            let ours = ["networkpolicies", "roles", "rolebindings", "limitranges", "pods/binding"];
            assert!(!ours.contains(&resource) && !resource.ends_with("/status"), "{rule}");
            assert!(!resource.contains('*'), "{rule}");
        }
    }
}

/// What the API server holds a selector of objects against: the object before, and the object after.
fn is_asked(webhook: &Value, before: &[&str], after: &[&str]) -> bool {
    let expressions = webhook["objectSelector"]["matchExpressions"].as_array().unwrap();
    let keys: Vec<&str> = expressions.iter().map(|expression| expression["key"].as_str().unwrap()).collect();
    assert!(expressions.iter().all(|expression| expression["operator"] == "Exists"));
    [before, after].iter().any(|labels| keys.iter().all(|key| labels.contains(key)))
}

#[test]
fn whoever_takes_the_label_away_is_asked_about_and_an_outage_holds_up_no_other_namespace() {
    let configuration = wanted(&reached(), &[], [issued(0)].iter(), None, at(0));
    let guard = &configuration["webhooks"][1];
    assert_eq!(
        (&guard["name"], &guard["failurePolicy"]),
        (&json!(names::FREEZE_LABEL_WEBHOOK), &json!("Fail"))
    );
    let frozen = [names::FROZEN, names::ACCOUNT, names::ENVIRONMENT];
    for label in [names::FROZEN, names::ACCOUNT] {
        let without: Vec<&str> = frozen.into_iter().filter(|other| *other != label).collect();
        assert!(is_asked(guard, &frozen, &without), "{label} is taken away");
    }
    for harmless in [&["team"][..], &[names::ACCOUNT, names::ENVIRONMENT], &[names::FROZEN]] {
        assert!(!is_asked(guard, harmless, harmless), "{harmless:?} is not frozen, or not ours");
    }
    for rule in guard["rules"].as_array().unwrap() {
        assert_eq!((&rule["scope"], &rule["apiGroups"]), (&json!("Cluster"), &json!([""])), "{rule}");
        let resources = rule["resources"].as_array().unwrap();
        assert!(
            resources.iter().all(|resource| resource.as_str().unwrap().starts_with("namespaces")),
            "{rule}"
        );
        assert!(!rule["operations"].as_array().unwrap().contains(&json!("CREATE")), "{rule}");
    }
}

#[test]
fn operators_own_kinds_are_asked_about_in_frozen_namespaces_only_and_an_outage_lets_operators_go_on() {
    let asked = |groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
        wanted(&reached(), &groups, [issued(0)].iter(), None, at(0))["webhooks"].clone()
    };
    assert_eq!(asked(&[]).as_array().unwrap().len(), 2, "where there are none nothing is asked");
    let webhooks = asked(&["kafka.strimzi.io", "postgresql.cnpg.io"]);
    let (changes, kinds) = (&webhooks[0], &webhooks[2]);
    assert_eq!(
        (&kinds["name"], &kinds["failurePolicy"]),
        (&json!(names::FREEZE_KINDS_WEBHOOK), &json!("Ignore"))
    );
    assert_eq!(kinds["namespaceSelector"], changes["namespaceSelector"]);
    let rule = json!({"operations": ["CREATE", "UPDATE", "DELETE"], "apiVersions": ["*"], "scope": "Namespaced",
        "apiGroups": ["kafka.strimzi.io", "postgresql.cnpg.io"], "resources": ["*", "*/scale"]});
    assert_eq!(kinds["rules"], json!([rule]), "no statuses, which operators write");
    // One that comes later is asked about too.
    let (one, two) = (json!({"webhooks": asked(&["kafka.strimzi.io"])}), json!({"webhooks": webhooks}));
    assert!(is_as(&two, &two) && !is_as(&two, &one));
}

#[test]
fn while_certificates_change_both_authorities_are_trusted_and_those_of_other_processes_are_left() {
    let (first, second, other) = (issued(0), issued(60), issued(30));
    let one = wanted(&reached(), &[], [first.clone()].iter(), None, at(0));
    let theirs = wanted(&reached(), &[], [other.clone()].iter(), Some(&one), at(30));
    let both = wanted(&reached(), &[], [first.clone(), second.clone()].iter(), Some(&theirs), at(60));
    for issued in [&first, &second, &other] {
        assert!(bundle(&both).contains(&issued.authority));
    }
    // What we no longer use goes when it ends, and not before: an API server may still go by it.
    let after = wanted(&reached(), &[], [second.clone()].iter(), Some(&both), at(99));
    assert!(bundle(&after).contains(&first.authority));
    let later = wanted(&reached(), &[], [second.clone()].iter(), Some(&after), at(101));
    assert!(!bundle(&later).contains(&first.authority));
    assert!(bundle(&later).contains(&other.authority) && bundle(&later).contains(&second.authority));
}

#[test]
fn processes_that_end_again_and_again_do_not_make_it_grow_for_ever() {
    let mut found = None;
    for second in 0..40 {
        found = Some(wanted(&reached(), &[], [issued(second)].iter(), found.as_ref(), at(second)));
    }
    assert_eq!(bundle(&found.unwrap()).matches("BEGIN CERTIFICATE").count(), OTHERS + 1);
}

#[test]
fn what_others_changed_is_seen_and_what_the_server_filled_in_is_not_taken_for_that() {
    let as_wanted = wanted(&reached(), &[], [issued(0)].iter(), None, at(0));
    let mut found = as_wanted.clone();
    found["metadata"]["uid"] = json!("1");
    found["webhooks"][0]["matchConditions"] = json!([]);
    assert!(is_as(&as_wanted, &found));
    for (path, value) in [
        ("failurePolicy", json!("Ignore")),
        ("objectSelector", json!({"matchLabels": {"never": "there"}})),
        ("matchConditions", json!([{"name": "none", "expression": "false"}])),
        ("rules", json!([])),
        ("namespaceSelector", json!({})),
    ] {
        let mut changed = found.clone();
        changed["webhooks"][0][path] = value;
        assert!(!is_as(&as_wanted, &changed), "{path}");
    }
    found["webhooks"].as_array_mut().unwrap().push(json!({}));
    assert!(!is_as(&as_wanted, &found));
}

#[test]
fn places_are_read_in_one_way_only() {
    assert_eq!(Reached::service("tenure/freeze").unwrap().host(), "freeze.tenure.svc");
    assert_eq!(Reached::url("https://[::1]:8443/").unwrap().host(), "::1");
    for wrong in ["http://a", "https://a/b", "https://u@a", "a", ""] {
        assert!(Reached::url(wrong).is_err(), "{wrong}");
    }
    for wrong in ["tenure", "Tenure/freeze", "tenure/freeze:x", "tenure/freeze:0", "/freeze"] {
        assert!(Reached::service(wrong).is_err(), "{wrong}");
    }
}
