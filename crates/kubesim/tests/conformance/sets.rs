//! StatefulSets and Jobs. On a real server these need a node.

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::lab::{Lab, eventually, refusal};

fn pod(script: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "store"}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{
            "name": "c", "image": "docker.io/library/busybox:1.35", "command": ["sh", "-c", script],
        }]},
    })
}

const SLEEPS: &str = "trap 'exit 1' TERM; while true; do sleep 1; done";

fn set(replicas: i32) -> Value {
    let mut pods = pod(SLEEPS);
    pods["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    json!({
        "metadata": {"name": "store"},
        "spec": {
            "replicas": replicas, "serviceName": "store", "selector": {"matchLabels": {"app": "store"}}, "template": pods,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}},
            }}],
        },
    })
}

async fn names(lab: &Lab) -> Result<Vec<String>> {
    let pods = lab.api::<Pod>().list(&ListParams::default()).await?;
    let mut names: Vec<String> = pods.items.iter().map(ResourceExt::name_any).collect();
    names.sort();
    Ok(names)
}

pub async fn a_stateful_set_names_its_pods_and_their_claims(lab: &Lab) -> Result<()> {
    let sets = lab.api::<StatefulSet>();
    lab.create::<StatefulSet>(set(2)).await?;
    let ready = async |replicas: i32| {
        eventually("a ready StatefulSet", async || {
            let set = sets.get("store").await?;
            let status = set.status.clone().unwrap_or_default();
            let done = status.observed_generation == set.metadata.generation
                && status.ready_replicas.unwrap_or_default() == replicas
                && status.replicas == replicas;
            Ok(done.then_some(set))
        })
        .await
    };
    let first = ready(2).await?;
    ensure!(names(lab).await? == ["store-0", "store-1"]);
    let claims = lab.api::<PersistentVolumeClaim>();
    let claim = claims.get("data-store-1").await?;
    let fixed = json!({"spec": {"volumeClaimTemplates": []}});
    let refused = sets.patch("store", &PatchParams::default(), &Patch::Merge(fixed)).await;
    let said = refusal(refused)?;
    ensure!(said.code == 422 && said.message.contains("updates to statefulset spec"), "{said:?}");

    // Left behind, its pods are taken over by the next one; with fewer, the last goes and its claim stays.
    let before = lab.api::<Pod>().get("store-0").await?.uid();
    let orphan = DeleteParams {
        propagation_policy: Some(kube::api::PropagationPolicy::Orphan),
        ..DeleteParams::default()
    };
    sets.delete("store", &orphan).await?;
    eventually("its end", async || Ok(sets.get_opt("store").await?.is_none().then_some(()))).await?;
    lab.create::<StatefulSet>(set(1)).await?;
    let second = ready(1).await?;
    ensure!(first.uid() != second.uid());
    eventually("the last pod's end", async || Ok((names(lab).await? == ["store-0"]).then_some(()))).await?;
    ensure!(lab.api::<Pod>().get("store-0").await?.uid() == before);
    ensure!(claims.get("data-store-1").await?.uid() == claim.uid());
    Ok(())
}

pub async fn a_job_never_changes_and_is_held_up_by_leaving_it_no_pods(lab: &Lab) -> Result<()> {
    let jobs = lab.api::<Job>();
    let mut pods = pod(SLEEPS);
    pods["spec"]["restartPolicy"] = json!("Never");
    lab.create::<Job>(json!({"metadata": {"name": "work"}, "spec": {"backoffLimit": 0, "template": pods}}))
        .await?;
    let active = async |wanted: i32| {
        eventually("the job's pods", async || {
            let seen = jobs.get("work").await?.status.and_then(|status| status.active).unwrap_or_default();
            Ok((seen == wanted).then_some(()))
        })
        .await
    };
    active(1).await?;
    let fixed = json!({"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 2}}}});
    let said = refusal(jobs.patch("work", &PatchParams::default(), &Patch::Merge(fixed)).await)?;
    ensure!(said.code == 422 && said.message.contains("field is immutable"), "{said:?}");
    for parallelism in [0, 1] {
        let patch = json!({"spec": {"parallelism": parallelism}});
        jobs.patch("work", &PatchParams::default(), &Patch::Merge(patch)).await?;
        active(parallelism).await?;
    }
    let conditions = jobs.get("work").await?.status.and_then(|status| status.conditions).unwrap_or_default();
    ensure!(conditions.is_empty(), "pods that were taken away end no job: {conditions:?}");
    Ok(())
}
