//! Moves between clusters, of which none answers: what is seen there is told as the cluster's part would tell it.

use std::collections::BTreeMap;
use std::time::Duration;

use tenure_access::Role;
use tenure_cluster::Cluster;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::{Command, System};
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::{ClusterId, EnvironmentId};
use tenure_domain::plan::{Exposure, Plan, Share};
use tenure_domain::terms::Terms;
use tenure_engine::clock::ClockKind;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Submission};
use tenure_engine::{Engine, Settings};

use crate::office::{Office, person, slug, start};

/// A server that is not there.
const NOWHERE: &str = "apiVersion: v1
kind: Config
current-context: none
clusters: [{name: none, cluster: {server: 'http://127.0.0.1:1'}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
users: [{name: none, user: {}}]
";

async fn act(engine: &Engine, caller: Caller, command: Command, kept: Kept) {
    let name = command.name();
    let act = Act::Account(slug("tern"), command);
    let done = engine.submit(Submission::new(caller, act).keeping(kept)).await;
    done.unwrap_or_else(|error| panic!("{name}: {error:?}"));
}

/// An environment is to be moved, stays, is to be moved again, and has left.
pub(super) async fn play(office: &Office) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let west: ClusterId = "west".parse().unwrap();
    let cluster = Cluster::from_kubeconfig_text(NOWHERE).await.unwrap();
    let clusters = BTreeMap::from([(west.clone(), cluster.clone())]);
    let settings = Settings {
        cluster: Some(cluster),
        clusters,
        ..office.settings(ClockKind::Simulated, start(), 4_812)
    };
    let engine = Engine::start(office.database.open().await, settings).await.unwrap();
    let platform = || person("pia", Role::Platform);
    let (_, terms) = Terms::parse(crate::office::TERMS).unwrap();
    let plan = Plan { cpu_millis: 100, memory_mib: 100, storage_mib: 100, pods: 10 };
    act(&engine, platform(), Command::Open { terms, plan }, Kept::default()).await;
    let environment: EnvironmentId = "web".parse().unwrap();
    let (kind, share) = (EnvironmentKind::Managed, Share { plan, exposure: Exposure::default() });
    let create = Provision::CreateEnvironment {
        environment: environment.clone(),
        cluster: ClusterId::main(),
        kind,
        share,
    };
    act(&engine, platform(), Command::Provision(create), Kept::default()).await;
    for is_cancelled in [true, false] {
        let mut kept = Kept::default();
        let why = engine.words(&mut kept, "The nodes here are replaced.").unwrap();
        let away =
            Provision::MoveEnvironment { environment: environment.clone(), cluster: west.clone(), why };
        act(&engine, platform(), Command::Provision(away), kept).await;
        if is_cancelled {
            let cancel = Provision::CancelMove { environment: environment.clone() };
            act(&engine, platform(), Command::Provision(cancel), Kept::default()).await;
            // Nothing was made there, and that is told by itself.
            let ended = async {
                while !engine.account(&slug("tern")).await.unwrap().moves.is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_mins(1), ended).await.unwrap();
            continue;
        }
        let mut kept = Kept::default();
        let receipt = kept.blob("text/plain", b"a receipt: it is there".to_vec());
        let moved = Provision::ConfirmMoved { environment: environment.clone(), receipt };
        act(&engine, Caller::System(System::Cluster), Command::Provision(moved), kept).await;
        let mut kept = Kept::default();
        let certificate = kept.blob("text/plain", b"a certificate: it is gone".to_vec());
        let ended = Provision::EndMove { environment: environment.clone(), certificate };
        act(&engine, Caller::System(System::Eraser), Command::Provision(ended), kept).await;
    }
    engine.stop().await;
}
