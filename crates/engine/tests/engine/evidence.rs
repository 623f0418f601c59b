use std::collections::BTreeMap;

use tenure_access::Role;
use tenure_domain::account::Command;
use tenure_domain::workload::{Plan, Workload};
use tenure_engine::kept::blob_id;
use tenure_engine::submission::Act;
use tenure_engine::verify::verify;

use crate::office::{Office, done, member, slug, verifier};

/// Law 16: what a tenant writes itself does not count as the record naming it.
#[tokio::test]
async fn a_hash_written_into_a_workload_opens_nobody_elses_evidence() {
    let office = Office::open().await;
    office.open_account("agora").await;
    done(office.engine.submit(office.report("agora", "incitement", "secret")).await.unwrap());
    let evidence = blob_id(b"what secret showed");
    let owner = || member("parley", Role::Owner);
    let plan = Plan { cpu_millis: 100, memory_mib: 64, storage_mib: 16, pods: 2 };
    let environment: tenure_domain::name::EnvironmentId = "web".parse().unwrap();
    let create = Command::CreateEnvironment { environment: environment.clone(), plan };
    office.submit(owner(), Act::Account(slug("parley"), create)).await.unwrap();
    let spec = Workload {
        image: "docker.io/library/busybox:1.35".into(),
        command: vec![evidence.to_string()],
        replicas: 1,
        port: 8080,
        cpu_millis: 10,
        memory_mib: 16,
        ..Workload::default()
    };
    let put = Command::PutWorkload { environment, workload: "feed".parse().unwrap(), spec };
    office.submit(owner(), Act::Account(slug("parley"), put)).await.unwrap();
    let named = |account: &'static str| {
        let (engine, evidence) = (office.engine.clone(), evidence.clone());
        async move { engine.is_named_by(&slug(account), evidence.as_str()).await.unwrap() }
    };
    let seen = BTreeMap::from([("agora", named("agora").await), ("parley", named("parley").await)]);
    assert_eq!(seen, BTreeMap::from([("agora", true), ("parley", false)]));
}

#[tokio::test]
async fn which_account_names_which_bytes_is_checked_against_the_record() {
    for (tampering, fault) in [
        ("DELETE FROM blob_refs", "it is not noted"),
        ("UPDATE blob_refs SET account = 'agora'", "no event names"),
    ] {
        let office = Office::open().await;
        done(office.engine.submit(office.report("parley", "incitement", "a")).await.unwrap());
        office.engine.settle().await.unwrap();
        assert!(verify(&office.store, &verifier()).await.unwrap().faults.is_empty());
        office.sql(tampering).await;
        let found = verify(&office.store, &verifier()).await.unwrap();
        assert!(found.faults.iter().any(|f| f.contains(fault)), "{tampering}: {:?}", found.faults);
    }
}
