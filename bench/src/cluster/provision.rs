//! How many accounts with one service each are provisioned in a second.

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Service;
use kube::api::{Api, ListParams};
use tenure_engine::ACCOUNTS_AT_ONCE;

use super::bare;
use super::ground::{Ground, namespace, provision};
use crate::Effort;
use crate::house::IN_FLIGHT;
use crate::summary::{Figure, Samples, Unit};

/// How often is looked whether it is so.
const LOOK: Duration = Duration::from_millis(20);

/// How long is waited for one account more.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the rate of a bare client is to be reached of.
const OF_BARE: f64 = 0.8;

/// What the rate of `kubectl apply` is to be exceeded by.
const OF_KUBECTL: f64 = 5.0;

/// Measures in rounds, in which everyone provisions accounts of their own.
pub async fn measure(ground: &Ground, effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let (rounds, each, by_kubectl) = effort.of((5, 200, 25), (2, 3, 1));
    let (mut subject, mut peer, mut kubectl) = (Samples::default(), Samples::default(), Samples::default());
    let mut requests = (Samples::default(), Samples::default());
    for round in 0..rounds {
        let (from, to) = (round * each, (round + 1) * each);
        let accounts = ground.accounts("t", from, to);
        let before = ground.wire.count();
        let took = provisioned(ground, &accounts).await?;
        let after = ground.wire.count();
        subject.push(rate(each, took));
        requests.0.push(share(after.writes - before.writes, each));
        requests.1.push(share(after.reads - before.reads, each));
        ground.house.engine.settle().await?;

        let accounts = ground.accounts("b", from, to);
        let took = bare::send(&ground.client, &ground.template, &accounts, ACCOUNTS_AT_ONCE).await?;
        peer.push(rate(each, took));
        calm(ground, effort).await;

        if let Some(by) = &ground.kubectl {
            let accounts = ground.accounts("k", round * by_kubectl, (round + 1) * by_kubectl);
            kubectl.push(rate(by_kubectl, by.apply(&ground.template, &accounts).await?));
            calm(ground, effort).await;
        }
    }
    let count = rounds * each;
    let what = format!("{count} accounts with one service each, {} objects", ground.template.objects());
    let mut figures = vec![
        Figure::new(what.clone(), Unit::PerSecond, &subject)
            .beside("bare client, the same requests, as many accounts at once", &peer)
            .target(OF_BARE),
    ];
    if ground.kubectl.is_some() {
        figures.push(
            Figure::new(what, Unit::PerSecond, &subject)
                .beside("kubectl apply of the same manifests, one file", &kubectl)
                .target(OF_KUBECTL),
        );
    }
    figures.push(Figure::new("writes sent for each of these accounts", Unit::Count, &requests.0));
    figures.push(Figure::new("reads sent for each of these accounts", Unit::Count, &requests.1));
    Ok(figures)
}

#[expect(clippy::cast_precision_loss, reason = "a count of accounts")]
fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests")]
fn share(count: u64, of: usize) -> f64 {
    count as f64 / of as f64
}

/// Lets the cluster's own controllers come after.
async fn calm(ground: &Ground, effort: Effort) {
    if !ground.is_simulated() {
        tokio::time::sleep(effort.of(Duration::from_secs(15), Duration::from_secs(1))).await;
    }
}

/// From the first request to the last account whose service was observed; everything is seen to be there then.
pub async fn provisioned(ground: &Ground, accounts: &[String]) -> anyhow::Result<Duration> {
    let house = &ground.house;
    let since = Instant::now();
    let asked = futures_util::stream::iter(accounts.iter().map(|account| provision(house, account, 0)));
    let seen = async {
        let environment = "web".parse()?;
        for account in accounts {
            let (id, last) = (account.parse()?, Instant::now());
            while house.engine.observed(&id, &environment).await?.workloads.is_empty() {
                ensure!(last.elapsed() < PATIENCE, "{account} is not provisioned");
                tokio::time::sleep(LOOK).await;
            }
        }
        anyhow::Ok(since.elapsed())
    };
    let asked = asked.buffer_unordered(IN_FLIGHT).try_collect::<()>();
    let (took, ()) = tokio::try_join!(seen, asked)?;
    let services: Api<Service> =
        Api::namespaced(ground.client.clone(), &namespace(&accounts[accounts.len() - 1]));
    ensure!(!services.list(&ListParams::default()).await?.items.is_empty(), "a service is there");
    Ok(took)
}
