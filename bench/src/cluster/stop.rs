//! How long it takes until an account's pods are gone and that is proved, beside `kubectl delete pods --all --wait`.

use std::time::Instant;

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, ObjectMeta, PostParams};

use super::bare;
use super::ground::{Ground, namespace, provision};
use super::suspend::{in_force, lift, suspend, until};
use crate::Effort;
use crate::summary::{Figure, Samples, Unit};

/// As a part of what kubectl takes: 1 / 1.1.
const OF_KUBECTL: f64 = 1.0 / 1.1;

/// Measures in turns: pods that nobody makes anew are deleted by kubectl, and as many that a Deployment has are stopped.
pub async fn measure(ground: &Ground, effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let Some(kubectl) = &ground.kubectl else { return Ok(Vec::new()) };
    let (rounds, pods) = effort.of((5, 20), (1, 2));
    let account = ground.accounts("p", 0, 1).remove(0);
    let alone = ground.accounts("q", 0, 1);
    provision(&ground.house, &account, pods).await?;
    until(async || Ok(running(ground, &account).await? == usize::from(pods))).await?;
    bare::send(&ground.client, &ground.template, &alone, 1).await?;
    let deployments: Api<Deployment> = Api::namespaced(ground.client.clone(), &namespace(&account));
    let spec = deployments.get("site").await?.spec.and_then(|spec| spec.template.spec);
    let spec = spec.context("a Deployment says what its pods are")?;

    let (mut subject, mut peer) = (Samples::default(), Samples::default());
    for round in 0..rounds {
        let there: Api<Pod> = Api::namespaced(ground.client.clone(), &namespace(&alone[0]));
        futures_util::stream::iter((0..pods).map(anyhow::Ok))
            .try_for_each_concurrent(8, |n| {
                let metadata = ObjectMeta { name: Some(format!("pod-{round}-{n}")), ..ObjectMeta::default() };
                let pod = Pod { metadata, spec: Some(spec.clone()), status: None };
                let there = there.clone();
                async move { Ok(there.create(&PostParams::default(), &pod).await.map(drop)?) }
            })
            .await?;
        until(async || Ok(running(ground, &alone[0]).await? == usize::from(pods))).await?;
        let of = namespace(&alone[0]);
        peer.push_millis(kubectl.run(&["-n", &of, "delete", "pods", "--all", "--wait"]).await?);

        ground.house.engine.settle().await?;
        let since = Instant::now();
        suspend(&ground.house, &account).await?;
        until(async || in_force(&ground.house, &account).await).await?;
        subject.push_millis(since.elapsed());
        lift(ground, std::slice::from_ref(&account)).await?;
        until(async || Ok(running(ground, &account).await? == usize::from(pods))).await?;
    }
    Ok(vec![
        Figure::new(
            format!("stop of an account of {pods} pods, from the request to the receipt"),
            Unit::Millis,
            &subject,
        )
        .beside("kubectl delete pods --all --wait, as many of the same", &peer)
        .target(OF_KUBECTL),
    ])
}

async fn running(ground: &Ground, account: &str) -> anyhow::Result<usize> {
    let pods: Api<Pod> = Api::namespaced(ground.client.clone(), &namespace(account));
    let all = pods.list(&ListParams::default()).await?.items;
    let runs = |pod: &&Pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        phase == Some("Running") && pod.metadata.deletion_timestamp.is_none()
    };
    Ok(all.iter().filter(runs).count())
}
