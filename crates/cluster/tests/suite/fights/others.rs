//! A stop meets everything that tenants and their tools may have put there, and its end brings it back.

use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::arena::{Arena, makes_pods, pod_spec};
use super::observer::Seen;
use crate::world::World;

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn real_a_stop_meets_all_that_tools_put_there_and_brings_it_back() {
    let world = World::real().await;
    let mut daemon = makes_pods("apps/v1", "DaemonSet", "agent", 0);
    daemon["spec"]["template"]["spec"] = pod_spec();
    let template = |restart: &str| {
        let mut spec = pod_spec();
        spec["restartPolicy"] = json!(restart);
        json!({"spec": spec})
    };
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "import"},
        "spec": {"template": template("Never")}});
    // Its one hour in the year does not come now: a run in the middle would be one more pod than the preview told.
    let nightly = json!({"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "nightly"},
        "spec": {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": template("Never")}}}});
    let mut asleep = nightly.clone();
    asleep["metadata"]["name"] = json!("asleep");
    asleep["spec"]["suspend"] = json!(true);
    let all = [
        makes_pods("apps/v1", "Deployment", "shop", 1),
        makes_pods("apps/v1", "StatefulSet", "db", 2),
        makes_pods("v1", "ReplicationController", "old", 1),
        daemon,
        job.clone(),
        nightly.clone(),
        asleep.clone(),
    ];
    let mut arena = Arena::with(&world, &all).await;
    arena.try_pod("bare").await.unwrap();
    arena.runs(7).await;

    // An operator's own object that owns what makes pods. (Custom resources crash this build of 1.20: a map of an old
    // library in it is iterated as an older compiler laid it out. Any kind that discovery lists does as well.)
    let site = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "site"}});
    let site = arena.apply(&arena.tenant, &site).await.unwrap();
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "site", "controller": true,
        "uid": site.metadata.uid.unwrap()});
    let owned = Patch::Merge(json!({"metadata": {"ownerReferences": [owner]}}));
    let shop = arena.api(&world.client, &all[0]);
    shop.patch("shop", &PatchParams::default(), &owned).await.unwrap();

    let scope = "environment/web".parse().unwrap();
    let (environment, memory) = (arena.driver.environment(), arena.driver.kept.memory());
    let preview = arena.driver.cluster.preview(&environment, &memory, &scope).await.unwrap();
    let (measure, report, since) = arena.suspended().await;
    let names = |pods: &[tenure_cluster::PodLost]| {
        pods.iter().map(|pod| pod.name.clone()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&report.pods_gone), names(&preview), "the preview told what would be lost");
    let gone = |name: &str| report.pods_gone.iter().find(|pod| pod.name.starts_with(name)).unwrap();
    assert_eq!(gone("bare").losses.last().unwrap(), "the pod itself: nothing makes it again");
    assert!(gone("import").losses.iter().any(|loss| loss.contains("Job/import")), "{:?}", gone("import"));
    let above = &gone("shop").owners;
    assert!(above[0].starts_with("ReplicaSet/shop-"), "{above:?}");
    assert_eq!(above[1..], ["Deployment/shop", "ConfigMap/site"]);
    let seen = |name: &str| report.others.iter().find(|other| other.object == name).unwrap();
    assert_eq!(seen("StatefulSet/db").ready_before, Some(2));
    assert_eq!(seen("DaemonSet/agent").ready_before, Some(1));
    assert_eq!(seen("ReplicationController/old").ready_before, Some(1));
    assert_eq!(seen("CronJob/nightly").suspended, Some(true));
    assert_eq!(seen("CronJob/asleep").suspended, Some(true));
    // 1.20 has no such field for jobs: the receipt says so.
    assert!(report.exceptions.iter().any(|text| text.starts_with("Job/import could not be held")));
    assert!(report.nodes_asked.contains("node1"));
    arena.nothing_ran_since(since).await;

    let restored = arena.lifted(&measure).await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(restored.resumed, ["CronJob/nightly: what it would have run meanwhile is not made up"]);
    assert!(restored.lost.contains(&"Pod/bare: nothing makes it again".to_owned()), "{:?}", restored.lost);
    for (name, wanted) in [("StatefulSet/db", 2), ("DaemonSet/agent", 1), ("ReplicationController/old", 1)] {
        assert_eq!(restored.others[name].ready, wanted, "{name}");
    }
    assert_eq!(arena.get(&nightly).await.data["spec"]["suspend"], json!(false));
    assert_eq!(arena.get(&asleep).await.data["spec"]["suspend"], json!(true), "the tenant's own");
    let runs_again = |events: &[super::observer::Event]| {
        events
            .iter()
            .any(|e| e.revision > since && matches!(&e.seen, Seen::Ran(name) if name.starts_with("import")))
    };
    arena.observer.until("the job's new pod", runs_again).await;
    arena.clean().await;
}
