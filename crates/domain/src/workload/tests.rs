use super::*;

fn service() -> Workload {
    Workload {
        image: "registry.example/app:1".to_owned(),
        replicas: 2,
        port: 8080,
        cpu_millis: 100,
        memory_mib: 64,
        ..Workload::default()
    }
}

fn kind(kind: Kind) -> Workload {
    let port = if kind.listens() { 8080 } else { 0 };
    let schedule = (kind == Kind::CronJob).then(|| Schedule {
        cron: "0 3 * * *".to_owned(),
        overlap: Overlap::Skip,
        late_seconds: 60,
    });
    Workload { kind, port, schedule, ..service() }
}

fn volume(path: &str, size_mib: u32) -> Volume {
    Volume { path: path.to_owned(), size_mib, from: None }
}

fn pointers(workload: &Workload) -> Vec<String> {
    workload.faults().into_iter().map(|fault| fault.pointer).collect()
}

#[test]
fn what_an_earlier_version_stored_is_a_service_and_is_stored_the_same_again() {
    let stored = r#"{"image":"registry.example/app:1","command":["httpd"],"replicas":2,"port":8080,"cpuMillis":100,"memoryMib":64,"volume":{"path":"/www","sizeMib":8}}"#;
    let read: Workload = serde_json::from_str(stored).unwrap();
    assert_eq!((read.kind, read.faults()), (Kind::Service, vec![]));
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
}

#[test]
fn each_kind_can_be_declared_and_reads_back_as_it_was() {
    for one in Kind::ALL {
        let declared = kind(one);
        assert_eq!(declared.faults(), [], "{one:?}");
        let json = serde_json::to_string(&declared).unwrap();
        assert_eq!(serde_json::from_str::<Workload>(&json).unwrap(), declared);
    }
}

#[test]
fn each_fault_is_named_by_its_place() {
    let probe = |check| Probe { check, period_seconds: 10, timeout_seconds: 1, failures: 3 };
    let with = |change: &dyn Fn(&mut Workload), of: Kind| {
        let mut workload = kind(of);
        change(&mut workload);
        pointers(&workload)
    };
    let cases: Vec<(Vec<String>, &[&str])> = vec![
        (with(&|w| w.port = 0, Kind::Service), &["/port"]),
        (with(&|w| w.port = 80, Kind::Worker), &["/port"]),
        (with(&|w| w.replicas = 0, Kind::Job), &["/replicas"]),
        (with(&|w| w.replicas = 101, Kind::Service), &["/replicas"]),
        (with(&|w| w.schedule = None, Kind::CronJob), &["/schedule"]),
        (with(&|w| w.volume = Some(volume("/data", 1)), Kind::StatefulService), &["/volume"]),
        (
            with(&|w| w.requests = Some(Request { cpu_millis: 101, memory_mib: 0 }), Kind::Service),
            &["/requests/cpuMillis", "/requests/memoryMib"],
        ),
        (
            with(&|w| w.autoscale = Some(Autoscale { least: 3, most: 2, cpu_percent: 0 }), Kind::Service),
            &["/autoscale/most", "/autoscale/cpuPercent", "/replicas"],
        ),
        (
            with(
                &|w| w.autoscale = Some(Autoscale { least: 1, most: 2, cpu_percent: 50 }),
                Kind::StatefulService,
            ),
            &["/autoscale"],
        ),
        (with(&|w| w.disruption = Some(Disruption::MinAvailable(1)), Kind::Job), &["/disruption"]),
        (
            with(
                &|w| {
                    w.rollout = Some(Rollout {
                        max_surge: 0,
                        max_unavailable: 0,
                        min_ready_seconds: 10,
                        deadline_seconds: 10,
                    });
                },
                Kind::Service,
            ),
            &["/rollout/maxUnavailable", "/rollout/deadlineSeconds"],
        ),
        (
            with(&|w| w.run = Some(Run { completions: 1, retries: 0, deadline_seconds: None }), Kind::Worker),
            &["/run"],
        ),
        (
            with(
                &|w| w.run = Some(Run { completions: 0, retries: 101, deadline_seconds: Some(0) }),
                Kind::Job,
            ),
            &["/run/completions", "/run/retries", "/run/deadlineSeconds"],
        ),
        (
            with(&|w| w.probes.liveness = Some(probe(Check::Tcp { port: 0 })), Kind::Service),
            &["/probes/liveness/check/tcp/port"],
        ),
        (
            with(
                &|w| w.probes.startup = Some(probe(Check::Http { port: 80, path: "health".to_owned() })),
                Kind::Service,
            ),
            &["/probes/startup/check/http/path"],
        ),
        (
            with(&|w| w.probes.readiness = Some(probe(Check::Exec { command: vec![] })), Kind::Worker),
            &["/probes/readiness/check/exec/command"],
        ),
        (
            with(&|w| drop(w.env.insert("2ND".to_owned(), Content::Value("x".to_owned()))), Kind::Service),
            &["/env/2ND"],
        ),
        (
            with(&|w| drop(w.env.insert("A".to_owned(), Content::Value("\0".to_owned()))), Kind::Service),
            &["/env/A"],
        ),
        (
            with(
                &|w| {
                    w.volumes.insert("a".parse().unwrap(), volume("/data", 1));
                    w.volumes.insert("b".parse().unwrap(), volume("/data/", 0));
                },
                Kind::Service,
            ),
            &["/volumes/b/sizeMib", "/volumes/b/path"],
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn files_have_a_place_of_their_own_and_no_more_than_a_cluster_keeps() {
    let kept = |size| File::Kept { bytes: crate::text::Blob::of_digest([0; 32]), size };
    let with = |files: &[(&str, u32)]| {
        let files = files.iter().map(|(path, size)| ((*path).to_owned(), kept(*size))).collect();
        pointers(&Workload { files, ..service() })
    };
    assert!(with(&[("/etc/a.conf", 500_000), ("/etc/b.conf", 500_000)]).is_empty());
    assert_eq!(with(&[("/etc/a.conf", 600_000), ("/etc/b.conf", 600_000)]), ["/files"]);
    assert_eq!(with(&[("/etc/../a", 1)]), ["/files/~1etc~1..~1a"]);
    assert_eq!(with(&[("/etc/a", 1), ("/etc//a", 1)]), ["/files/~1etc~1a"]);
}

#[test]
fn a_declaration_that_no_event_could_hold_is_refused() {
    let mut workload = service();
    for n in 0..3 {
        workload.env.insert(format!("V{n}"), Content::Value("x".repeat(20_000)));
    }
    assert_eq!(pointers(&workload), [""]);
}

#[test]
fn volumes_grow_and_never_shrink_move_or_vanish() {
    let with = |path: &str, size| Workload {
        kind: Kind::StatefulService,
        volumes: [("data".parse().unwrap(), volume(path, size))].into(),
        ..service()
    };
    let before = with("/data", 16);
    let pointers = |after: &Workload| -> Vec<String> {
        before.faults_of_change(after).into_iter().map(|fault| fault.pointer).collect()
    };
    assert!(pointers(&with("/data", 17)).is_empty());
    assert_eq!(pointers(&with("/data", 15)), ["/volumes/data/sizeMib"]);
    assert_eq!(pointers(&with("/other", 16)), ["/volumes/data/path"]);
    assert_eq!(pointers(&Workload { volumes: BTreeMap::new(), ..before.clone() }), ["/volumes/data"]);
    assert_eq!(pointers(&Workload { kind: Kind::Service, ..before.clone() }), ["/kind"]);
    assert!(!before.ends_pods(&with("/data", 17)), "a larger volume ends no pod");
    assert!(before.ends_pods(&Workload { memory_mib: 65, ..before.clone() }));
}

#[test]
fn what_is_needed_of_the_plan_counts_every_pod_and_every_volume() {
    let stateful = Workload {
        volumes: [("a".parse().unwrap(), volume("/a", 10)), ("b".parse().unwrap(), volume("/b", 5))].into(),
        ..kind(Kind::StatefulService)
    };
    assert_eq!(stateful.needs(), Plan { cpu_millis: 200, memory_mib: 128, storage_mib: 30, pods: 2 });
    let scaled = Workload {
        autoscale: Some(Autoscale { least: 2, most: 5, cpu_percent: 70 }),
        volumes: stateful.volumes.clone(),
        ..service()
    };
    assert_eq!(scaled.needs(), Plan { cpu_millis: 500, memory_mib: 320, storage_mib: 15, pods: 5 });
}

#[test]
fn schedules_are_read_as_the_cluster_reads_them() {
    for good in
        ["* * * * *", "*/15 0-6,22 1 jan-mar,12 mon", "5/10 4 29 2 *", "0 0 31 2 fri", "59 23 31 12 6"]
    {
        assert_eq!(check_cron(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 7",
        "@daily",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "*  * * * *",
        "+1 * * * *",
        "1,,2 * * * *",
        "TZ=UTC * * * * *",
    ] {
        assert!(check_cron(bad).is_err(), "{bad}");
    }
    assert_eq!(check_cron("0 0 30 2 *"), Err(CronError::Never));
    assert_eq!(check_cron("0 0 31 4,6 *"), Err(CronError::Never));
}
