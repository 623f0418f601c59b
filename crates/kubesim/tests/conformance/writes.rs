//! Create, replace, patch, list, and how they are refused.

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, ResourceQuota, Service};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::lab::{Lab, eventually, object, refusal};

pub fn deployment(name: &str, replicas: i64) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{
                        "name": "web", "image": "docker.io/library/busybox:1.35",
                        "command": ["httpd", "-f", "-p", "8080", "-h", "/www"], "ports": [{"containerPort": 8080}],
                    }],
                },
            },
        },
    })
}

pub async fn merge_and_json_patches_change_fields(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    lab.config_map("m", json!({"a": "1", "b": "1"})).await?;
    let merged = maps
        .patch("m", &PatchParams::default(), &Patch::Merge(json!({"data": {"a": null, "c": "2"}})))
        .await?;
    ensure!(json!(merged.data) == json!({"b": "1", "c": "2"}), "{:?}", merged.data);
    let operations = json!([
        {"op": "test", "path": "/data/b", "value": "1"},
        {"op": "replace", "path": "/data/b", "value": "3"},
        {"op": "add", "path": "/metadata/labels", "value": {"x": "y"}},
    ]);
    let patched = maps.patch("m", &PatchParams::default(), &Patch::Json::<()>(object(operations))).await?;
    ensure!(json!(patched.data) == json!({"b": "3", "c": "2"}) && patched.labels()["x"] == "y");
    let failing = json!([{"op": "test", "path": "/data/b", "value": "nope"}]);
    let status =
        refusal(maps.patch("m", &PatchParams::default(), &Patch::Json::<()>(object(failing))).await)?;
    ensure!(status.code == 422, "{status:?}");
    let strategic = Patch::Strategic(json!({"metadata": {"annotations": {"touched": "yes"}}}));
    let touched = maps.patch("m", &PatchParams::default(), &strategic).await?;
    ensure!(touched.annotations()["touched"] == "yes");
    Ok(())
}

pub async fn refusals_say_why(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    let absent = refusal(maps.get("nope").await)?;
    ensure!(absent.code == 404 && absent.reason == "NotFound", "{absent:?}");
    ensure!(absent.message == "configmaps \"nope\" not found", "{absent:?}");
    let right = absent
        .details
        .as_ref()
        .is_some_and(|d| d.name == "nope" && d.kind == "configmaps" && d.group.is_empty());
    ensure!(right, "{absent:?}");

    let absent = refusal(lab.api::<Deployment>().get("nope").await)?;
    ensure!(absent.message == "deployments.apps \"nope\" not found", "{absent:?}");
    ensure!(absent.details.is_some_and(|d| d.group == "apps" && d.kind == "deployments"));
    ensure!(refusal(maps.delete("nope", &DeleteParams::default()).await)?.code == 404);
    ensure!(
        refusal(maps.patch("nope", &PatchParams::default(), &Patch::Merge(json!({}))).await)?.code == 404
    );

    lab.config_map("m", json!({})).await?;
    let twice =
        refusal(maps.create(&PostParams::default(), &object(json!({"metadata": {"name": "m"}}))).await)?;
    ensure!(twice.code == 409 && twice.reason == "AlreadyExists", "{twice:?}");
    ensure!(twice.message == "configmaps \"m\" already exists", "{twice:?}");

    let elsewhere: Api<ConfigMap> = Api::namespaced(lab.client.clone(), "no-such-namespace-here");
    let nowhere =
        refusal(elsewhere.create(&PostParams::default(), &object(json!({"metadata": {"name": "m"}}))).await)?;
    ensure!(
        nowhere.code == 404 && nowhere.message == "namespaces \"no-such-namespace-here\" not found",
        "{nowhere:?}"
    );
    Ok(())
}

pub async fn wrong_objects_are_invalid(lab: &Lab) -> Result<()> {
    let invalid = |status: &kube::core::Status, field: &str| {
        status.code == 422
            && status.reason == "Invalid"
            && status.details.as_ref().is_some_and(|d| d.causes.iter().any(|c| c.field == field))
    };
    let maps = lab.api::<ConfigMap>();
    let status = refusal(
        maps.create(&PostParams::default(), &object(json!({"metadata": {"name": "Bad_Name"}}))).await,
    )?;
    ensure!(invalid(&status, "metadata.name"), "{status:?}");
    ensure!(
        status.message.starts_with("ConfigMap \"Bad_Name\" is invalid: metadata.name: Invalid value"),
        "{status:?}"
    );

    let pods = lab.api::<Pod>();
    let empty = object(json!({"metadata": {"name": "p"}, "spec": {"containers": []}}));
    let status = refusal(pods.create(&PostParams::default(), &empty).await)?;
    ensure!(invalid(&status, "spec.containers"), "{status:?}");

    let mut mismatched = deployment("web", 1);
    mismatched["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
    let status = refusal(lab.api::<Deployment>().create(&PostParams::default(), &object(mismatched)).await)?;
    ensure!(invalid(&status, "spec.template.metadata.labels"), "{status:?}");
    ensure!(status.message.starts_with("Deployment.apps \"web\" is invalid: "), "{status:?}");

    let bare = object(json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}}}));
    let status = refusal(lab.api::<Service>().create(&PostParams::default(), &bare).await)?;
    ensure!(invalid(&status, "spec.ports"), "{status:?}");
    Ok(())
}

pub async fn what_must_not_change_is_invalid(lab: &Lab) -> Result<()> {
    let deployments = lab.api::<Deployment>();
    lab.create::<Deployment>(deployment("web", 0)).await?;
    let other = json!({
        "spec": {
            "selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}},
        },
    });
    let status = refusal(deployments.patch("web", &PatchParams::default(), &Patch::Merge(other)).await)?;
    ensure!(status.code == 422 && status.message.contains("field is immutable"), "{status:?}");
    Ok(())
}

pub async fn a_stale_replace_is_a_conflict(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    let first = lab.config_map("m", json!({"a": "1"})).await?;
    let mut newer = first.clone();
    newer.data = Some([("a".to_owned(), "2".to_owned())].into());
    let stored = maps.replace("m", &PostParams::default(), &newer).await?;
    ensure!(stored.resource_version() != first.resource_version());
    let status = refusal(maps.replace("m", &PostParams::default(), &newer).await)?;
    ensure!(status.code == 409 && status.reason == "Conflict", "{status:?}");
    ensure!(status.message.contains("the object has been modified; please apply your changes"), "{status:?}");
    let same = maps.replace("m", &PostParams::default(), &stored).await?;
    ensure!(
        same.resource_version() == stored.resource_version(),
        "a replace that changes nothing writes nothing"
    );
    Ok(())
}

pub async fn a_dry_run_changes_nothing(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let shown = maps.create(&dry, &object(json!({"metadata": {"name": "m"}, "data": {"a": "1"}}))).await?;
    ensure!(shown.uid().is_some());
    ensure!(maps.get_opt("m").await?.is_none());

    let before = lab.config_map("m", json!({"a": "1"})).await?;
    let patched = maps
        .patch("m", &PatchParams::default().dry_run(), &Patch::Merge(json!({"data": {"a": "2"}})))
        .await?;
    ensure!(patched.data.is_some_and(|d| d["a"] == "2"));
    let apply =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"b": "1"}});
    let applied = maps.patch("m", &PatchParams::apply("tenure").dry_run(), &Patch::Apply(apply)).await?;
    ensure!(applied.data.is_some_and(|d| d["b"] == "1"));
    maps.delete("m", &DeleteParams { dry_run: true, ..DeleteParams::default() }).await?;
    let after = maps.get("m").await?;
    ensure!(after == before, "{after:?}");
    Ok(())
}

pub async fn names_are_generated(lab: &Lab) -> Result<()> {
    let wanted = json!({"metadata": {"generateName": "note-"}});
    let one: ConfigMap = lab.create(wanted.clone()).await?;
    let two: ConfigMap = lab.create(wanted).await?;
    ensure!(one.name_any().starts_with("note-") && one.name_any().len() == "note-".len() + 5);
    ensure!(one.name_any() != two.name_any() && one.uid() != two.uid());
    Ok(())
}

pub async fn the_generation_follows_the_specification(lab: &Lab) -> Result<()> {
    let deployments = lab.api::<Deployment>();
    let made: Deployment = lab.create(deployment("web", 0)).await?;
    ensure!(made.metadata.generation == Some(1));
    let change = async |change: Value| -> Result<Option<i64>> {
        Ok(deployments
            .patch("web", &PatchParams::default(), &Patch::Merge(change))
            .await?
            .metadata
            .generation)
    };
    ensure!(
        change(json!({"metadata": {"labels": {"a": "b"}}})).await? == Some(1),
        "a label is not the specification"
    );
    ensure!(change(json!({"spec": {"minReadySeconds": 1}})).await? == Some(2));
    // Of Deployments alone the annotations count, too.
    ensure!(change(json!({"metadata": {"annotations": {"a": "b"}}})).await? == Some(3));
    Ok(())
}

pub async fn the_status_is_written_apart(lab: &Lab) -> Result<()> {
    let quotas = lab.api::<ResourceQuota>();
    let made: ResourceQuota =
        lab.create(json!({"metadata": {"name": "q"}, "spec": {"hard": {"pods": "3"}}, "status": {"hard": {"pods": "9"}}})).await?;
    ensure!(made.status.and_then(|s| s.hard).is_none_or(|h| h.is_empty()), "a create takes no status");
    let both =
        json!({"spec": {"hard": {"pods": "7"}}, "status": {"hard": {"pods": "5"}, "used": {"pods": "0"}}});
    let written = quotas.patch_status("q", &PatchParams::default(), &Patch::Merge(both)).await?;
    let spec = written.spec.and_then(|s| s.hard).unwrap_or_default();
    ensure!(spec["pods"].0 == "3", "the status endpoint leaves the specification alone");
    ensure!(written.status.and_then(|s| s.hard).is_some_and(|h| h["pods"].0 == "5"));
    Ok(())
}

pub async fn lists_are_selected_and_paged(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    for (name, color) in [("a", "red"), ("b", "blue"), ("c", "red"), ("d", "green")] {
        lab.create::<ConfigMap>(json!({"metadata": {"name": name, "labels": {"color": color}}})).await?;
    }
    let names = async |params: &ListParams| -> Result<Vec<String>> {
        Ok(maps.list(params).await?.items.iter().map(ResourceExt::name_any).collect())
    };
    ensure!(names(&ListParams::default().labels("color=red")).await? == ["a", "c"]);
    ensure!(names(&ListParams::default().labels("color in (blue,green)")).await? == ["b", "d"]);
    ensure!(names(&ListParams::default().labels("color,color!=red")).await? == ["b", "d"]);
    ensure!(names(&ListParams::default().fields("metadata.name=b")).await? == ["b"]);
    let first = maps.list(&ListParams::default().labels("color").limit(3)).await?;
    ensure!(first.items.len() == 3);
    let token = first.metadata.continue_.clone().unwrap_or_default();
    let rest = maps.list(&ListParams::default().labels("color").limit(3).continue_token(&token)).await?;
    ensure!(rest.items.len() == 1 && rest.items[0].name_any() == "d");
    ensure!(
        rest.metadata.resource_version == first.metadata.resource_version,
        "all pages are of one version"
    );
    let status = refusal(maps.list(&ListParams::default().fields("data.a=1")).await)?;
    ensure!(status.code == 400, "{status:?}");
    let spaces: Api<Namespace> = Api::all(lab.client.clone());
    let here = format!("metadata.name={},status.phase=Active", lab.namespace);
    ensure!(spaces.list(&ListParams::default().fields(&here)).await?.items.len() == 1);
    Ok(())
}

pub async fn scale_changes_the_replicas(lab: &Lab) -> Result<()> {
    let deployments = lab.api::<Deployment>();
    lab.create::<Deployment>(deployment("web", 0)).await?;
    let scale = deployments.get_scale("web").await?;
    ensure!(scale.spec.and_then(|s| s.replicas).unwrap_or_default() == 0);
    // A number that needs no node: pods stay where they are.
    let one = Patch::Merge(json!({"spec": {"replicas": 1}}));
    let scaled = deployments.patch_scale("web", &PatchParams::default(), &one).await?;
    ensure!(scaled.spec.and_then(|s| s.replicas) == Some(1));
    let seen = eventually("the scaled Deployment", async || {
        let d = deployments.get("web").await?;
        Ok(d.status.as_ref().and_then(|s| s.replicas).filter(|r| *r == 1).map(|_| d))
    })
    .await?;
    ensure!(seen.spec.and_then(|s| s.replicas) == Some(1));
    Ok(())
}
