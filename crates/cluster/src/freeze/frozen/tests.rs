use serde_json::json;

use super::*;

const NAMESPACE: &str = "shop--web";

fn freezes(frozen: Frozen) -> Freezes {
    let freezes = Freezes::new([7; 32]);
    freezes.set(NAMESPACE, frozen);
    freezes
}

fn whole() -> Frozen {
    Frozen {
        whose: "shop/web".to_owned(),
        standing: "/v1/accounts/shop/standing".to_owned(),
        whole: Some("shop/m-1".to_owned()),
        workloads: BTreeMap::new(),
    }
}

fn one(workload: &str) -> Frozen {
    let workloads = [(workload.parse().unwrap(), "shop/m-2".to_owned())].into();
    Frozen { whole: None, workloads, ..whole() }
}

fn ask(freezes: &Freezes, user: &str, groups: &[&str], object: &Value) -> Verdict {
    let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
    let name = text(object, "/metadata/name");
    let (before, groups) = (&Value::Null, groups.as_slice());
    freezes.judge(&Change { namespace: NAMESPACE, name, object, before, user, groups })
}

fn deployment(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

fn is_refused(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Refused(_))
}

#[test]
fn a_change_in_a_frozen_environment_is_refused_with_the_measure_and_where_to_read_more() {
    let Verdict::Refused(why) = ask(&freezes(whole()), "eve", &["staff"], &deployment("feed")) else {
        panic!("it was let through")
    };
    assert!(why.contains("shop/web by shop/m-1"), "{why}");
    assert!(why.contains("GET /v1/accounts/shop/standing"), "{why}");
}

#[test]
fn nodes_and_the_clusters_own_controllers_go_on() {
    let freezes = freezes(whole());
    let pod = deployment("feed-1");
    let nodes = ask(&freezes, "system:node:a", &["system:nodes"], &pod);
    assert_eq!(nodes, Verdict::Allowed);
    let replicas = "system:serviceaccount:kube-system:replicaset-controller";
    let own = ["system:serviceaccounts", "system:serviceaccounts:kube-system"];
    assert_eq!(ask(&freezes, replicas, &own, &pod), Verdict::Allowed);
    assert_eq!(ask(&freezes, "system:kube-controller-manager", &[], &pod), Verdict::Allowed);
    let tool = "system:serviceaccount:argocd:controller";
    let others = ["system:serviceaccounts", "system:serviceaccounts:argocd"];
    assert!(is_refused(&ask(&freezes, tool, &others, &pod)));
    assert!(is_refused(&ask(&freezes, "admin", &["system:masters"], &pod)));
}

#[test]
fn a_trial_of_ours_is_refused_and_tells_who_we_are() {
    let freezes = freezes(whole());
    assert!(is_refused(&ask(&freezes, "tenure", &[], &deployment("feed"))), "nobody is known yet");
    let trial = json!({"metadata": {"annotations": {names::FREEZE_PROOF: freezes.proof()}}});
    assert!(is_refused(&ask(&freezes, "tenure", &[], &trial)));
    assert_eq!(ask(&freezes, "tenure", &[], &deployment("feed")), Verdict::Allowed);
    assert!(is_refused(&ask(&freezes, "tenure", &[], &trial)), "a trial is refused, also of us");
}

#[test]
fn who_repeats_a_trial_or_makes_one_up_is_not_taken_for_us() {
    let freezes = freezes(whole());
    let seen = json!({"metadata": {"annotations": {names::FREEZE_PROOF: freezes.proof()}}});
    ask(&freezes, "tenure", &[], &seen);
    let made_up = json!({"metadata": {"annotations": {names::FREEZE_PROOF: "00"}}});
    for trial in [seen, made_up] {
        assert!(is_refused(&ask(&freezes, "eve", &[], &trial)));
        assert!(is_refused(&ask(&freezes, "eve", &[], &deployment("feed"))));
    }
}

#[test]
fn of_one_frozen_workload_only_what_belongs_to_it_is_refused() {
    let freezes = freezes(one("feed"));
    let owned = |owner: &str, labels: Value| json!({"metadata": {"name": "x", "labels": labels, "ownerReferences": [{"name": owner}]}});
    let of_it = [
        deployment("feed"),
        json!({"metadata": {"name": "other", "labels": {names::WORKLOAD: "feed"}}}),
        json!({"metadata": {"name": "o"}, "spec": {"template": {"metadata": {"labels": {names::WORKLOAD: "feed"}}}}}),
        owned("feed", json!({})),
        owned("feed-5d4", json!({"pod-template-hash": "5d4"})),
    ];
    for object in &of_it {
        assert!(is_refused(&ask(&freezes, "eve", &[], object)), "{object}");
        let change = Change {
            namespace: NAMESPACE,
            name: "",
            object: &Value::Null,
            before: object,
            user: "eve",
            groups: &[],
        };
        assert!(is_refused(&freezes.judge(&change)), "its deletion, or taking its label away: {object}");
    }
    let others = [
        deployment("feed-2"),
        json!({"metadata": {"name": "page", "labels": {names::WORKLOAD: "page"}}}),
        owned("feed-2-5d4", json!({"pod-template-hash": "5d4"})),
    ];
    for object in &others {
        assert_eq!(ask(&freezes, "eve", &[], object), Verdict::Allowed, "{object}");
    }
}

#[test]
fn what_is_not_known_is_refused_and_what_was_lifted_is_let_through_at_once() {
    let freezes = freezes(whole());
    freezes.set(NAMESPACE, Frozen::default());
    assert_eq!(ask(&freezes, "eve", &[], &deployment("feed")), Verdict::Allowed);
    freezes.forget();
    assert!(is_refused(&ask(&freezes, "eve", &[], &deployment("feed"))), "another process decides now");
}
