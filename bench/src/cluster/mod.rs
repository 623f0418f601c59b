//! What is done on a real API server, beside a bare client and kubectl on the same server in the same run.
//!
//! Namespaces are made under names of this run and deleted at its end, by their UIDs.

mod bare;
mod ground;
mod idle;
mod provision;
mod snapshot;
mod stop;
mod suspend;
mod wire;

use std::path::Path;

use crate::Effort;
use crate::summary::Figure;

use ground::Ground;
pub use idle::{control, simulate};

/// Measures on the cluster of this kubeconfig, else on a simulated one.
pub async fn measure(effort: Effort, kubeconfig: Option<&Path>) -> anyhow::Result<Vec<Figure>> {
    let ground = Ground::open(kubeconfig).await?;
    let measured = all(&ground, effort).await;
    ground.close().await?;
    let mut figures = measured?;
    figures.extend(idle::memory(effort).await?);
    Ok(figures)
}

async fn all(ground: &Ground, effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    figures.extend(provision::measure(ground, effort).await?);
    figures.extend(idle::unchanged(ground, &ground.accounts("t", 0, effort.of(20, 2))).await?);
    figures.extend(stop::measure(ground, effort).await?);
    figures.extend(suspend::measure(ground, effort).await?);
    Ok(figures)
}
