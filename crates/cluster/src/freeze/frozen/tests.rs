use serde_json::json;

use super::*;

const NAMESPACE: &str = "shop--web";

fn freezes(frozen: Frozen) -> Freezes {
    let freezes = Freezes::new([7; 32]);
    freezes.set(NAMESPACE, frozen);
    freezes
}

fn freeze(by: &str, keeps: bool) -> Freeze {
    Freeze { by: by.to_owned(), keeps }
}

fn whole() -> Frozen {
    Frozen {
        whose: "shop/web".to_owned(),
        standing: "/v1/accounts/shop/standing".to_owned(),
        whole: Some(freeze("shop/m-1", true)),
        workloads: BTreeMap::new(),
    }
}

fn one(workload: &str) -> Frozen {
    let workloads = [(workload.parse().unwrap(), freeze("shop/m-2", true))].into();
    Frozen { whole: None, workloads, ..whole() }
}

fn ask(freezes: &Freezes, user: &str, groups: &[&str], object: &Value) -> Verdict {
    let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
    let name = text(object, "/metadata/name");
    let (before, groups) = (&Value::Null, groups.as_slice());
    freezes.judge(&Change {
        namespace: NAMESPACE,
        name,
        object,
        before,
        user,
        groups,
        deletes: false,
        of_namespace: false,
    })
}

fn delete(freezes: &Freezes, user: &str, groups: &[&str], before: &Value) -> Verdict {
    let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
    let name = text(before, "/metadata/name");
    let (object, groups) = (&Value::Null, groups.as_slice());
    freezes.judge(&Change {
        namespace: NAMESPACE,
        name,
        object,
        before,
        user,
        groups,
        deletes: true,
        of_namespace: false,
    })
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
        assert!(is_refused(&delete(&freezes, "eve", &[], object)), "its deletion: {object}");
        let (namespace, name, unlabelled) = (NAMESPACE, "", &json!({}));
        let (before, user, groups) = (object, "eve", &[][..]);
        let change = Change {
            namespace,
            name,
            object: unlabelled,
            before,
            user,
            groups,
            deletes: false,
            of_namespace: false,
        };
        assert!(is_refused(&freezes.judge(&change)), "taking its label away: {object}");
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

/// Deleting is not deploying: only where something is to be kept is it refused, and what keeps an environment is ours.
#[test]
fn what_is_frozen_for_want_of_payment_may_be_deleted_by_whoever_has_the_right_and_not_changed() {
    let (feed, page) = (deployment("feed"), deployment("page"));
    let lenient = Frozen { whole: Some(freeze("shop/m-1", false)), ..whole() };
    let own = freezes(lenient.clone());
    assert_eq!(delete(&own, "eve", &[], &feed), Verdict::Allowed);
    assert!(is_refused(&ask(&own, "eve", &[], &feed)), "changing it is deploying");
    let ours = json!({"metadata": {"name": "workload", "annotations": {names::DECLARED: "00"}}});
    let Verdict::Refused(why) = delete(&own, "eve", &[], &ours) else { panic!("ours was deleted") };
    assert!(why.contains("what is yours you may delete"), "{why}");

    // Kept by another measure, of one workload or of all.
    let both = freezes(Frozen { workloads: one("feed").workloads, ..lenient });
    let Verdict::Refused(why) = delete(&both, "eve", &[], &feed) else { panic!("what is kept was deleted") };
    assert!(why.contains("shop/web/feed by shop/m-2") && why.contains("nothing is deleted"), "{why}");
    assert_eq!(delete(&both, "eve", &[], &page), Verdict::Allowed);
    assert!(is_refused(&delete(&freezes(whole()), "eve", &[], &page)));
}

/// The namespace as it is, with its labels as somebody wants them.
fn relabel(freezes: &Freezes, user: &str, groups: &[&str], after: &Value) -> Verdict {
    let before = json!({names::FROZEN: "environment", names::ACCOUNT: "shop", names::ENVIRONMENT: "web", "team": "blue"});
    relabel_from(freezes, user, groups, &before, after)
}

fn relabel_from(freezes: &Freezes, user: &str, groups: &[&str], before: &Value, after: &Value) -> Verdict {
    let before = &json!({"metadata": {"name": NAMESPACE, "labels": before}});
    let object = &json!({"metadata": {"name": NAMESPACE, "labels": after}});
    let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
    let (namespace, name, groups) = (NAMESPACE, NAMESPACE, groups.as_slice());
    freezes.judge(&Change {
        namespace,
        name,
        object,
        before,
        user,
        groups,
        deletes: false,
        of_namespace: true,
    })
}

#[test]
fn the_labels_by_which_a_frozen_namespace_is_known_are_changed_by_us_alone_and_others_by_anybody() {
    let frozen = freezes(whole());
    frozen.we_are("tenure");
    let labels = |frozen: Value, account: &str, team: &str| json!({names::FROZEN: frozen, names::ACCOUNT: account, names::ENVIRONMENT: "web", "team": team});
    let masters = ["system:masters"];
    assert_eq!(
        relabel(&frozen, "eve", &masters, &labels(json!("environment"), "shop", "red")),
        Verdict::Allowed
    );
    for taken in [
        labels(json!(null), "shop", "blue"),
        labels(json!("workload"), "shop", "blue"),
        labels(json!("environment"), "other", "blue"),
    ] {
        let Verdict::Refused(why) = relabel(&frozen, "eve", &masters, &taken) else { panic!("{taken}") };
        assert!(why.contains("tenure.dev/") && why.contains("shop/m-1"), "{why}");
        assert_eq!(relabel(&frozen, "tenure", &masters, &taken), Verdict::Allowed);
    }
    // What is not known here is not told by anybody's change of the label either; what was lifted is free.
    let unknown = Freezes::new([9; 32]);
    assert!(is_refused(&relabel(&unknown, "eve", &masters, &labels(json!(null), "shop", "blue"))));
    assert_eq!(
        relabel(&unknown, "eve", &masters, &labels(json!("environment"), "shop", "red")),
        Verdict::Allowed
    );
    let lifted = freezes(Frozen::default());
    assert_eq!(relabel(&lifted, "eve", &masters, &labels(json!(null), "shop", "blue")), Verdict::Allowed);
}

/// The first label of all is ours, and comes before any trial has told who we are.
#[test]
fn the_label_of_a_freeze_may_be_put_where_it_is_not_while_nobody_is_known_and_not_be_taken_away_again() {
    let bare = json!({names::ACCOUNT: "shop", names::ENVIRONMENT: "web"});
    let labelled = json!({names::FROZEN: "environment", names::ACCOUNT: "shop", names::ENVIRONMENT: "web"});
    for freezes in [Freezes::new([9; 32]), freezes(whole())] {
        assert_eq!(relabel_from(&freezes, "tenure", &[], &bare, &labelled), Verdict::Allowed);
        assert!(is_refused(&relabel_from(&freezes, "tenure", &[], &labelled, &bare)));
    }
}

#[test]
fn a_namespace_goes_with_the_gate_in_it_and_is_deleted_by_us_alone_while_anything_there_is_frozen() {
    let lenient = Frozen { whole: Some(freeze("shop/m-1", false)), ..whole() };
    for frozen in [lenient, one("feed")] {
        let freezes = freezes(frozen);
        freezes.we_are("tenure");
        let before = &json!({"metadata": {"name": NAMESPACE}});
        let ask = |user: &str| {
            let (namespace, name, object, groups) = (NAMESPACE, NAMESPACE, &Value::Null, &[][..]);
            freezes.judge(&Change {
                namespace,
                name,
                object,
                before,
                user,
                groups,
                deletes: true,
                of_namespace: true,
            })
        };
        let Verdict::Refused(why) = ask("eve") else { panic!("it was deleted") };
        assert!(why.contains("its namespace is not deleted"), "{why}");
        assert_eq!(ask("tenure"), Verdict::Allowed);
    }
}
