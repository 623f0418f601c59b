//! What the cluster was found to be able to do is on the record, once, and decides what is offered.

use std::time::Duration;

use tenure_cluster::{Cluster, Said};
use tenure_domain::cluster::{LoadBalancers, NetworkPolicies};
use tenure_domain::name::ClusterId;
use tenure_engine::Engine;
use tenure_engine::clock::ClockKind;

use crate::office::{Office, start};

/// One more engine on the office's database, with a cluster of which the provider says this.
async fn engine(office: &Office, kubeconfig: &str, said: Said, seed: u64) -> Engine {
    let cluster = Cluster::from_kubeconfig_text(kubeconfig).await.unwrap().saying(said);
    let settings = tenure_engine::Settings {
        cluster: Some(cluster),
        ..office.settings(ClockKind::Simulated, start(), seed)
    };
    Engine::start(office.database.open().await, settings).await.unwrap()
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waited).await.unwrap();
}

async fn probes(office: &Office) -> usize {
    office.database.open().await.stream("cluster/main", 1, 50).await.unwrap().len()
}

#[tokio::test]
async fn sim_what_a_cluster_can_do_is_put_on_the_record_once_and_again_when_it_is_another() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let office = Office::open().await;
    assert!(office.engine.clusters().is_empty(), "it has none");
    office.engine.stop().await;
    let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await.unwrap();
    let kubeconfig = simulation.kubeconfig();
    let main = ClusterId::main();

    let first = engine(&office, &kubeconfig, Said::default(), 7).await;
    until(|| first.clusters()[0].probed.is_some()).await;
    let state = first.clusters().remove(0);
    let found = &state.probed.unwrap().found;
    assert_eq!((state.id, state.answers), (main.clone(), Some(true)));
    assert!(found.simulation && found.holds_jobs && !found.freeze);
    assert_eq!(found.network_policies, NetworkPolicies::Unknown);
    first.settle().await.unwrap();
    first.stop().await;
    assert_eq!(probes(&office).await, 1);

    // It is read from the record by whoever starts, and said once.
    let second = engine(&office, &kubeconfig, Said::default(), 8).await;
    assert!(second.clusters()[0].probed.is_some());
    until(|| second.clusters()[0].answers == Some(true)).await;
    second.settle().await.unwrap();
    second.stop().await;
    assert_eq!(probes(&office).await, 1);

    // The provider says something else: it is believed once it was found twice.
    let said = Said { network_policies: NetworkPolicies::Ignored, load_balancers: LoadBalancers::Missing };
    let third = engine(&office, &kubeconfig, said, 9).await;
    let policies = || third.clusters()[0].probed.as_ref().unwrap().found.network_policies;
    until(|| policies() == NetworkPolicies::Ignored).await;
    third.stop().await;
    assert_eq!(probes(&office).await, 2);
}
