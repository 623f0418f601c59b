use serde_json::json;

use super::*;

fn service(version: u64, port: u16) -> Value {
    json!({
        "metadata": {"name": "feed", "namespace": "parley--web", "uid": "u", "resourceVersion": version.to_string(),
            "labels": {ACCOUNT: "parley", ENVIRONMENT: "web"}},
        "spec": {"ports": [{"port": port}]},
    })
}

fn namespace() -> Value {
    json!({"metadata": {"name": "parley--web", "uid": "n", "resourceVersion": "1", "labels": {ENVIRONMENT: "web"}}})
}

/// A feed that has listed everything at version 10: a namespace with a service.
fn watched(cache: &Cache) -> Feed {
    let feed = cache.feed();
    for kind in [Kind::Namespace, Kind::Pod, Kind::Service] {
        feed.lists(kind);
        match kind {
            Kind::Namespace => assert!(feed.is_there(kind, namespace()).is_some()),
            Kind::Service => assert!(feed.is_there(kind, service(5, 80)).is_some()),
            _ => {}
        }
        feed.is_told(kind, "10");
        feed.is_watched(kind);
    }
    feed
}

fn seen(cache: &Cache) -> Option<Seen> {
    cache.seen("parley--web", &[Kind::Service].into())
}

fn port(cache: &Cache) -> Option<u64> {
    let key = ObjectKey::new(Kind::Service, "feed");
    seen(cache).unwrap().objects.get(&key)?.pointer("/spec/ports/0/port")?.as_u64()
}

#[test]
fn nothing_is_believed_before_everything_was_listed_nor_while_changes_may_be_missing() {
    let cache = Cache::default();
    let feed = cache.feed();
    feed.lists(Kind::Namespace);
    feed.is_there(Kind::Namespace, namespace());
    assert!(seen(&cache).is_none(), "services are not listed yet");
    drop(feed);
    let feed = watched(&cache);
    assert!(seen(&cache).is_some());
    for kind in [Kind::Namespace, Kind::Pod, Kind::Service] {
        feed.is_interrupted(kind);
        assert!(seen(&cache).is_none(), "{}", kind.as_str());
        feed.is_watched(kind);
        assert!(seen(&cache).is_some());
    }
    assert!(cache.seen("parley--web", &[Kind::Deployment].into()).is_none(), "nobody watches those");
    assert!(cache.seen("parley--other", &[Kind::Service].into()).is_none(), "there is no such namespace");
    feed.lists(Kind::Service);
    assert!(seen(&cache).is_none(), "it is listed anew");
}

#[test]
fn what_a_watch_told_is_forgotten_with_it_and_the_last_one_is_believed() {
    let cache = Cache::default();
    let first = watched(&cache);
    let second = watched(&cache);
    first.is_there(Kind::Service, service(11, 81));
    assert_eq!(port(&cache), Some(80), "another one tells now");
    drop(first);
    assert_eq!(port(&cache), Some(80));
    drop(second);
    assert!(seen(&cache).is_none());
    cache.wrote(Kind::Service, &service(12, 82));
    assert_eq!(cache.lock().places.len(), 0, "nothing is kept while nobody watches");
}

#[test]
fn our_own_writes_are_known_at_once_and_their_echo_is_no_news() {
    let cache = Cache::default();
    let feed = watched(&cache);
    cache.wrote(Kind::Service, &service(12, 82));
    assert_eq!(port(&cache), Some(82));
    assert_eq!(feed.is_there(Kind::Service, service(11, 81)), None, "what was before it");
    assert_eq!(port(&cache), Some(82));
    assert_eq!(feed.is_there(Kind::Service, service(12, 82)), None, "its echo");
    assert_eq!(feed.is_there(Kind::Service, service(13, 82)), None, "a version that changed nothing");
    let news = feed.is_there(Kind::Service, service(14, 80));
    assert_eq!((news.as_deref(), port(&cache)), (Some("parley--web"), Some(80)));
}

#[test]
fn an_answer_that_comes_after_the_objects_end_was_told_brings_nothing_back() {
    let cache = Cache::default();
    let feed = watched(&cache);
    feed.is_there(Kind::Service, service(12, 82));
    assert_eq!(feed.is_gone(Kind::Service, &service(13, 82)).as_deref(), Some("parley--web"));
    cache.wrote(Kind::Service, &service(12, 82));
    assert_eq!(port(&cache), None);
    // One that we made anew meanwhile stays.
    cache.wrote(Kind::Service, &service(15, 85));
    assert_eq!(feed.is_gone(Kind::Service, &service(14, 82)), None);
    assert_eq!(port(&cache), Some(85));
    // While changes may be missing, an answer may be older than what nobody told.
    feed.is_interrupted(Kind::Service);
    cache.wrote(Kind::Service, &service(17, 87));
    feed.is_watched(Kind::Service);
    assert_eq!(port(&cache), Some(85));
}

#[test]
fn whoever_is_listed_anew_is_told_of_also_where_nothing_is_left() {
    let cache = Cache::default();
    let feed = watched(&cache);
    assert_eq!(feed.lists(Kind::Service), ["parley--web"]);
    feed.is_told(Kind::Service, "3");
    feed.is_watched(Kind::Service);
    assert_eq!(port(&cache), None, "the cluster was set back to before it was made");
    let identity = json!({"metadata": {"name": "parley--web--viewer", "namespace": ACCESS, "resourceVersion": "4",
        "labels": {ACCOUNT: "parley", ENVIRONMENT: "web"}}});
    feed.is_watched(Kind::ServiceAccount);
    assert_eq!(feed.is_there(Kind::ServiceAccount, identity.clone()).as_deref(), Some("parley--web"));
    let key = ObjectKey::new(Kind::ServiceAccount, "parley--web--viewer");
    assert!(cache.holds(ACCESS, &key));
    assert_eq!(feed.is_gone(Kind::ServiceAccount, &identity).as_deref(), Some("parley--web"));
    assert!(!cache.holds(ACCESS, &key));
    feed.is_there(Kind::ServiceAccount, identity);
    assert_eq!(feed.lists(Kind::ServiceAccount), ["parley--web"]);
}

#[test]
fn versions_in_no_order_are_not_believed() {
    let cache = Cache::default();
    let feed = watched(&cache);
    let mut odd = service(11, 81);
    odd["metadata"]["resourceVersion"] = json!("eleven");
    assert!(feed.is_there(Kind::Service, odd).is_some());
    assert!(seen(&cache).is_none());
}

#[test]
fn every_change_of_a_pod_that_is_no_workloads_is_told() {
    let cache = Cache::default();
    let feed = watched(&cache);
    let pod = |version: u32, labels: Value| {
        json!({"metadata": {"name": "p", "namespace": "shop", "resourceVersion": version.to_string(), "labels": labels},
            "status": {"phase": "Running"}})
    };
    for version in 11..13 {
        assert_eq!(feed.is_there(Kind::Pod, pod(version, json!({}))).as_deref(), Some("shop"));
    }
    assert_eq!(feed.is_gone(Kind::Pod, &pod(13, json!({}))).as_deref(), Some("shop"));
    assert!(!cache.lock().places.contains_key("shop"), "nothing of it is kept");
    let of_a_workload = || json!({WORKLOAD: "feed"});
    assert!(feed.is_there(Kind::Pod, pod(14, of_a_workload())).is_some());
    assert_eq!(feed.is_there(Kind::Pod, pod(15, of_a_workload())), None, "nothing of it changed");
    assert!(feed.is_there(Kind::Pod, pod(16, json!({}))).is_some(), "it lost its label");
    assert!(!cache.lock().places.contains_key("shop"));
}

#[test]
fn an_account_takes_little_and_one_with_too_much_is_not_kept() {
    let cache = Cache::default();
    let feed = watched(&cache);
    let bytes = cache.lock().bytes;
    assert!((1..2_000).contains(&bytes), "{bytes}");
    for n in 0..=MOST_OBJECTS as u64 {
        let mut one = service(20 + n, 80);
        one["metadata"]["name"] = json!(format!("s-{n}"));
        feed.is_there(Kind::Service, one);
    }
    assert!(seen(&cache).is_none());
    assert_eq!(cache.lock().bytes, 0, "nothing of it is kept");
    assert!(feed.is_there(Kind::Service, service(9_999, 80)).is_some(), "everything is told of it");
    // What was kept and is gone is not counted any more.
    drop(feed);
    let feed = watched(&cache);
    feed.is_gone(Kind::Service, &service(11, 80));
    feed.is_gone(Kind::Namespace, &namespace());
    let state = cache.lock();
    assert_eq!(state.places.len(), 0);
    assert_eq!(state.bytes, 0);
}
