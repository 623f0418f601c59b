//! Workloads of every kind: brought about, changed, stopped by themselves and brought back.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;
use tenure_cluster::{LogQuery, Phase};
use tenure_domain::capability::Capability;
use tenure_domain::workload::{
    Autoscale, Check, Content, Disruption, File, Kind, Overlap, Probe, Probes, Request, Rollout, Run,
    Schedule, SecretKey, Volume, Workload,
};

use super::{provisioned, repaired};
use crate::odd::Odd;
use crate::world::{DEADLINE, Driver, LOOK, World, page};

fn sleeper(kind: Kind) -> Workload {
    // Told to end, its work is not done.
    let script = "trap 'exit 1' TERM; while true; do sleep 1; done";
    Workload { kind, port: 0, command: ["sh", "-c", script].map(str::to_owned).to_vec(), ..page(1) }
}

fn volume(path: &str, size_mib: u32) -> Volume {
    Volume { path: path.to_owned(), size_mib, from: None }
}

fn stateful(size_mib: u32) -> Workload {
    Workload {
        kind: Kind::StatefulService,
        volumes: [("data".parse().unwrap(), volume("/data", size_mib))].into(),
        ..page(2)
    }
}

fn nightly() -> Workload {
    let schedule = Schedule { cron: "0 3 1 1 *".to_owned(), overlap: Overlap::Skip, late_seconds: 60 };
    Workload { schedule: Some(schedule), ..sleeper(Kind::CronJob) }
}

/// Every kind at once, with all that can be declared.
pub async fn each_kind_comes_about_and_an_unchanged_one_gets_no_write(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.secret("db", "password", "correct horse");
    let file = driver.tenant.file("greeting = hello\n");
    let key = SecretKey { name: "db".parse().unwrap(), key: "password".to_owned() };
    let probe = |check| Probe { check, period_seconds: 5, timeout_seconds: 1, failures: 3 };
    driver.tenant.put(
        "feed",
        Workload {
            requests: Some(Request { cpu_millis: 5, memory_mib: 8 }),
            env: BTreeMap::from([
                ("GREETING".to_owned(), Content::Value("$(hello)".to_owned())),
                ("EMPTY".to_owned(), Content::Value(String::new())),
                ("PASSWORD".to_owned(), Content::Secret(key.clone())),
            ]),
            files: BTreeMap::from([
                ("/etc/feed.conf".to_owned(), file),
                ("/run/password".to_owned(), File::Secret(key)),
            ]),
            probes: Probes {
                liveness: Some(probe(Check::Tcp { port: 8080 })),
                readiness: Some(probe(Check::Http { port: 8080, path: "/".to_owned() })),
                startup: Some(probe(Check::Exec { command: vec!["true".to_owned()] })),
            },
            autoscale: Some(Autoscale { least: 1, most: 2, cpu_percent: 80 }),
            disruption: Some(Disruption::MaxUnavailable(1)),
            rollout: Some(Rollout {
                max_surge: 1,
                max_unavailable: 0,
                min_ready_seconds: 0,
                deadline_seconds: 60,
            }),
            ..page(1)
        },
    );
    driver.tenant.put("store", stateful(8));
    driver.tenant.put("mailer", sleeper(Kind::Worker));
    let run = Run { completions: 1, retries: 0, deadline_seconds: Some(3600) };
    driver.tenant.put("import", Workload { run: Some(run), ..sleeper(Kind::Job) });
    driver.tenant.put("nightly", nightly());
    driver.until_ready().await;
    let wanted = [
        ("feed", Phase::Ready),
        ("store", Phase::Ready),
        ("mailer", Phase::Ready),
        ("import", Phase::Working),
        ("nightly", Phase::Waiting),
    ];
    driver
        .until("the job's pod, and each kind's phase", |o| {
            o.writes == 0
                && o.workloads[&"import".parse().unwrap()].work.as_ref().is_some_and(|w| w.active == 1)
                && wanted.iter().all(|(id, phase)| o.workloads[&id.parse().unwrap()].phase == Some(*phase))
        })
        .await;
    for _ in 0..2 {
        let observation = driver.pass().await;
        assert_eq!((observation.writes, repaired(&observation)), (0, vec![]));
    }
    let pods = driver.pod_names().await;
    assert!(pods.contains(&"store-0".to_owned()) && pods.contains(&"store-1".to_owned()), "{pods:?}");
    let files: ConfigMap = driver.api().get("files--feed").await.unwrap();
    assert!(files.data.unwrap().values().any(|text| text == "greeting = hello\n"));
    let secret: Secret = driver.api().get("secret--db").await.unwrap();
    assert_eq!(secret.data.unwrap()["password"].0, b"correct horse");
    driver.clean().await;
}

pub async fn a_secret_is_put_back_and_no_report_says_what_is_in_it(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.secret("db", "password", "correct horse");
    let key = SecretKey { name: "db".parse().unwrap(), key: "password".to_owned() };
    let env = BTreeMap::from([("PASSWORD".to_owned(), Content::Secret(key))]);
    driver.tenant.put("feed", Workload { env, ..page(1) });
    driver.until_ready().await;
    let secrets = driver.api::<Secret>();
    let patch = json!({"stringData": {"password": "battery staple"}});
    secrets.patch("secret--db", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    let observation = driver.pass().await;
    let said = format!("{:?} {:?}", observation.repairs, driver.environment());
    assert!(said.contains("Secret/secret--db") || said.contains("secret--db"), "{said}");
    let memory = serde_json::to_string(&driver.kept.memory()).unwrap();
    for (value, encoded) in
        [("correct horse", "Y29ycmVjdCBob3JzZQ"), ("battery staple", "YmF0dGVyeSBzdGFwbGU")]
    {
        for text in [&said, &memory] {
            assert!(!text.contains(value) && !text.contains(encoded), "{text}");
        }
    }
    let back: Secret = secrets.get("secret--db").await.unwrap();
    assert_eq!(back.data.unwrap()["password"].0, b"correct horse");

    // Another value starts the pods that read it anew.
    let before = driver.pod_names().await;
    driver.tenant.secret("db", "password", "tr0ub4dor");
    driver.until("new pods", |o| o.writes > 0).await;
    driver.until_new_pods(&before).await;
    driver.clean().await;
}

pub async fn what_never_changes_is_made_anew_and_volumes_stay(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("store", stateful(8));
    driver.tenant.put("import", sleeper(Kind::Job));
    driver.until_ready().await;
    let claims = driver.api::<PersistentVolumeClaim>();
    let claim = "each--data--of-store-0";
    let bound = claims.get(claim).await.unwrap().metadata.uid;
    let job = driver.api::<Job>().get("import").await.unwrap().metadata.uid;
    let mut more = stateful(8);
    more.volumes.insert("cache".parse().unwrap(), volume("/cache", 4));
    driver.tenant.put("store", more);
    driver.tenant.put("import", Workload { memory_mib: 24, ..sleeper(Kind::Job) });
    let told = std::cell::RefCell::new(Vec::<String>::new());
    driver
        .until("the set and the job made anew", |o| {
            told.borrow_mut().extend(repaired(o));
            let set = &o.workloads[&"store".parse().unwrap()];
            o.writes == 0 && o.retry.is_none() && set.phase == Some(Phase::Ready)
        })
        .await;
    assert_eq!(told.into_inner(), Vec::<String>::new(), "what we remove ourselves is no repair");
    assert_eq!(claims.get(claim).await.unwrap().metadata.uid, bound, "the data stays");
    assert_ne!(driver.api::<Job>().get("import").await.unwrap().metadata.uid, job);
    let set: StatefulSet = driver.api().get("store").await.unwrap();
    assert_eq!(set.spec.unwrap().volume_claim_templates.unwrap().len(), 2);
    assert!(claims.get_opt("each--cache--of-store-1").await.unwrap().is_some());
    driver.clean().await;
}

/// Each kind is stopped by itself, and its neighbour runs on.
pub async fn each_kind_is_stopped_by_itself_and_comes_back(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    driver.tenant.put("store", stateful(8));
    driver.tenant.put("import", sleeper(Kind::Job));
    driver.tenant.put("nightly", nightly());
    let scaled = Autoscale { least: 1, most: 2, cpu_percent: 80 };
    driver.tenant.put("mailer", Workload { autoscale: Some(scaled), ..sleeper(Kind::Worker) });
    driver.until_ready().await;
    driver
        .until("the job's pod", |o| {
            o.workloads[&"import".parse().unwrap()].work.as_ref().is_some_and(|w| w.active == 1)
        })
        .await;
    // A run that the schedule has begun.
    let cron: serde_json::Value = driver.raw("cronjobs", "nightly").await;
    let run = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": "nightly-1", "labels": cron["spec"]["jobTemplate"]["metadata"]["labels"],
            "ownerReferences": [{"apiVersion": cron["apiVersion"], "kind": "CronJob", "name": "nightly",
                "uid": cron["metadata"]["uid"], "controller": true}],
        },
        "spec": cron["spec"]["jobTemplate"]["spec"],
    });
    let jobs = driver.api::<Job>();
    jobs.create(&kube::api::PostParams::default(), &serde_json::from_value(run).unwrap()).await.unwrap();
    driver.until_pods("nightly-1", 1).await;

    let mut measures = Vec::new();
    for id in ["store", "import", "nightly", "mailer"] {
        let measure = driver.tenant.restrict("suspend", &format!("workload/web/{id}"));
        let report = driver.until_confirmed(&measure).await;
        assert_eq!(report.pods_remaining, Some(0), "{id}");
        assert_eq!(report.pods_gone.len(), if id == "store" { 2 } else { 1 }, "{id}: {:?}", report.pods_gone);
        let by = &report.enforced_by[&Capability::Compute];
        let word = if ["import", "nightly"].contains(&id) { "suspended" } else { "without replicas" };
        assert!(by.contains(word), "{id}: {by}");
        measures.push(measure);
    }
    let seen = driver.pass().await;
    assert_eq!(seen.writes, 0);
    assert!(
        driver.raw_opt("horizontalpodautoscalers", "mailer").await.is_none(),
        "nothing asks for its pods"
    );
    for id in ["store", "import", "nightly", "mailer"] {
        assert_eq!(seen.workloads[&id.parse().unwrap()].phase, Some(Phase::Stopped), "{id}");
    }
    assert_eq!(seen.workloads[&"feed".parse().unwrap()].ready, 1, "the neighbour runs on");

    for measure in &measures {
        driver.tenant.lift(measure);
    }
    let report = driver.until_restored().await;
    assert!(report.equal, "{:?}", report.differences);
    driver.until_pods("import", 1).await;
    driver.until_pods("nightly-1", 1).await;
    driver.until_pods("store-0", 1).await;
    driver.until_ready().await;
    assert!(driver.raw_opt("horizontalpodautoscalers", "mailer").await.is_some());
    driver.clean().await;
}

pub async fn whoever_scales_by_load_is_left_alone_and_nobody_else(world: World) {
    let mut driver = Driver::new(&world);
    let scaled = Autoscale { least: 1, most: 3, cpu_percent: 80 };
    driver.tenant.put("feed", Workload { autoscale: Some(scaled), ..page(1) });
    driver.tenant.put("media", page(1));
    driver.until_ready().await;
    let deployments = driver.api::<Deployment>();
    let by = PatchParams { field_manager: Some("autoscaler".to_owned()), ..PatchParams::default() };
    let two = json!({"spec": {"replicas": 2}});
    for id in ["feed", "media"] {
        deployments.patch(id, &by, &Patch::Merge(&two)).await.unwrap();
    }
    driver.until("what was scaled by hand is put right", |o| !repaired(o).is_empty()).await;
    driver
        .until("the number that the load asks for", |o| {
            o.writes == 0 && o.workloads[&"feed".parse().unwrap()].ready == 2
        })
        .await;
    let replicas = |d: Deployment| d.spec.unwrap().replicas;
    assert_eq!(replicas(deployments.get("feed").await.unwrap()), Some(2));
    assert_eq!(replicas(deployments.get("media").await.unwrap()), Some(1));
    driver.clean().await;
}

pub async fn what_the_cluster_refuses_of_one_workload_hinders_no_other(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("web", page(1));
    driver.plan.storage_mib = 300;
    driver.until_ready().await;
    driver.until_quota("requests.storage", "300Mi").await;
    // A quota smaller than the account's plan: the cluster refuses what the engine let through.
    driver.tenant.put("store", stateful(200));
    driver.tenant.put("zoo", page(1));
    let observation =
        driver.until("the neighbour", |o| o.workloads[&"zoo".parse().unwrap()].ready == 1).await;
    let store = &observation.workloads[&"store".parse().unwrap()];
    assert_eq!(store.phase, Some(Phase::Refused));
    let said = store.message.clone().unwrap();
    assert!(
        said.contains("PersistentVolumeClaim/each--data--of-store-1") && said.contains("exceeded quota"),
        "{said}"
    );
    assert_eq!(observation.retry, None, "the same again would be refused again");
    driver.clean().await;
}

pub async fn a_tenant_reads_pods_events_and_logs_and_starts_anew(world: World) {
    let mut driver = provisioned(&world, &["feed", "feed-2"]).await;
    let (environment, memory) = (driver.environment(), driver.kept.memory());
    let feed = "feed".parse().unwrap();
    let pods = driver.cluster.pods(&environment, &memory, &feed).await.unwrap();
    assert_eq!(pods.len(), 1);
    assert!(pods[0].ready && pods[0].name.starts_with("feed-"), "{pods:?}");
    // Who tells of events does so in its own time.
    let started = std::time::Instant::now();
    let events = loop {
        let events = driver.cluster.events(&environment, &memory, &feed).await.unwrap();
        if events.iter().any(|event| event.object == format!("Pod/{}", pods[0].name)) {
            break events;
        }
        assert!(started.elapsed() < DEADLINE, "{events:?}");
        tokio::time::sleep(LOOK).await;
    };
    assert!(events.iter().all(|event| !event.object.contains("feed-2")), "{events:?}");
    let query = LogQuery { lines: 10, ..LogQuery::default() };
    assert!(driver.cluster.logs(&environment, &memory, &feed, &query).await.unwrap().is_some());
    let other = LogQuery { pod: Some("feed-2-x".to_owned()), ..query };
    assert!(driver.cluster.logs(&environment, &memory, &feed, &other).await.unwrap().is_none());
    // Whose namespace it is not reads nothing.
    let nobody = tenure_cluster::Memory::default();
    assert_eq!(driver.cluster.pods(&environment, &nobody, &feed).await.unwrap(), []);

    let before = driver.pod_names().await;
    driver.tenant.restart("feed");
    let changed = driver.pass().await;
    assert_eq!(repaired(&changed), Vec::<String>::new());
    driver.until_new_pods(&before).await;
    let after = driver.cluster.pods(&environment, &memory, &feed).await.unwrap();
    assert!(after.iter().any(|pod| pod.name != pods[0].name), "{after:?}");
    driver.tenant.scale("feed-2", 2);
    driver.until("two pods", |o| o.workloads[&"feed-2".parse().unwrap()].ready == 2).await;
    driver.clean().await;
}

/// Somebody deletes what is ours of the new kinds: it comes back, and that is told.
pub async fn what_is_deleted_of_the_new_kinds_comes_back(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("store", stateful(8));
    driver.until_ready().await;
    let sets = driver.api::<StatefulSet>();
    sets.delete("store", &DeleteParams::background()).await.unwrap();
    let told = driver.until("the repair", |o| !repaired(o).is_empty()).await;
    assert_eq!(repaired(&told), ["StatefulSet/store: was deleted"]);
    driver.until_ready().await;
    driver.tenant.remove("store");
    driver.pass().await;
    let gone = |o: &tenure_cluster::Observation| o.writes == 0;
    driver.until("the end", gone).await;
    assert!(sets.get_opt("store").await.unwrap().is_none());
    let claims = driver.api::<PersistentVolumeClaim>().list(&ListParams::default()).await.unwrap();
    assert_eq!(claims.items.len(), 2, "data outlives its workload");
    driver.clean().await;
}

/// What a cluster can answer to a write beside doing it.
pub async fn odd_answers_about_one_workload_are_its_status_and_hinder_no_other(world: World) {
    let odd = [403, 409, 422, 429, 500].map(Odd::Status).into_iter().chain([Odd::Garbage, Odd::Nothing]);
    for odd in odd {
        let mut driver = Driver::new(&world);
        driver.tenant.put("store", stateful(8));
        driver.tenant.put("zoo", page(1));
        let cluster = world.odd("/statefulsets", odd).await;
        let observation = driver.pass_over(&cluster).await.unwrap();
        let store = &observation.workloads[&"store".parse().unwrap()];
        assert_eq!(store.phase, Some(Phase::Refused), "{odd:?}");
        let said = store.message.clone().unwrap();
        let precise = match odd {
            Odd::Status(code) => format!("odd {code}"),
            Odd::Garbage | Odd::Nothing | Odd::Veto | Odd::VetoOnDeletion => "StatefulSet/store".to_owned(),
        };
        assert!(said.contains(&precise), "{odd:?}: {said}");
        let lasts = matches!(odd, Odd::Status(403 | 422));
        assert_eq!(observation.retry.is_none(), lasts, "{odd:?}: {:?}", observation.retry);
        assert!(driver.api::<Deployment>().get_opt("zoo").await.unwrap().is_some(), "{odd:?}");
        // Answered as usual, it comes about.
        let ready = driver.until_ready().await;
        assert_eq!(
            (ready.retry, ready.workloads[&"store".parse().unwrap()].phase),
            (None, Some(Phase::Ready))
        );
        driver.clean().await;
    }
}
