//! The freeze webhook of a configuration.

use std::sync::Arc;

use anyhow::bail;
use tenure_cluster::{Cluster, Freezes};
use tenure_engine::clock::machine_now;
use tenure_engine::entropy::Entropy;
use tenure_freeze::{Metrics, Periods, Webhook};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::serve::listen;

/// Serves it until `ending`, where there is one: the cluster, which then is frozen by it, and the task that serves.
pub async fn start(
    config: &Config,
    cluster: Option<Cluster>,
    reviews: Metrics,
    ending: CancellationToken,
) -> anyhow::Result<(Option<Cluster>, Option<JoinHandle<()>>)> {
    let Some(freeze) = &config.freeze else { return Ok((cluster, None)) };
    let Some(cluster) = cluster else {
        bail!("freezeWebhook.listen: there is no cluster that could ask the freeze webhook; write off");
    };
    let listener = listen(freeze.listen, "freezeWebhook.listen").await?;
    let freezes = Freezes::new(Entropy::Machine.draw()?);
    let webhook = Webhook::new(
        listener,
        freeze.reached.clone(),
        freezes.clone(),
        cluster.client(),
        Arc::new(machine_now),
        Periods::default(),
    )?
    .counting(reviews);
    let task = tokio::spawn(async move {
        if let Err(error) = webhook.run(ending).await {
            tracing::error!(%error, "the freeze webhook is not served: what is frozen stays so until it is");
        }
    });
    Ok((Some(cluster.freezing(freezes)), Some(task)))
}
