//! Snapshots of volumes: whether the cluster takes any, and what it lost.

use std::sync::Arc;

use tenure_cluster::{Observation, SnapshotState};
use tenure_domain::account::snapshot::Snapshots;
use tenure_domain::account::{Command, System};
use tenure_domain::name::{AccountId, EnvironmentId};

use crate::engine::Engine;
use crate::inner::Inner;
use crate::reconcile::version_after;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, clusters};

impl Engine {
    /// Why the cluster of an environment takes no snapshots of volumes, in words for tenants; nothing where it does, and
    /// where there is no such environment.
    pub async fn unable_to_snapshot(
        &self,
        account: &AccountId,
        environment: &EnvironmentId,
    ) -> Result<Option<String>, EngineError> {
        let account = self.account(account).await?;
        let Some(declared) = account.environments.get(environment) else { return Ok(None) };
        if self.inner.clusters.names().is_empty() {
            return Ok(Some("no cluster follows this installation".to_owned()));
        }
        let cluster = clusters::asked(&self.inner.clusters, &declared.cluster)?;
        cluster.unable_to_snapshot().await.map_err(|error| EngineError::Cluster(error.told().to_owned()))
    }
}

/// Records the snapshots that somebody deleted in the cluster; the version after, where there was one.
pub(crate) async fn record_lost(
    inner: &Arc<Inner>,
    id: &AccountId,
    observation: &Observation,
) -> Result<Option<u64>, EngineError> {
    let mut version = None;
    for (snapshot, seen) in &observation.snapshots {
        if seen.state != SnapshotState::Lost {
            continue;
        }
        let command = Command::Snapshots(Snapshots::RecordLost { snapshot: snapshot.clone() });
        let act = Act::Account(id.clone(), command);
        let outcome = inner.submit(Submission::new(Caller::System(System::Cluster), act)).await?;
        version = version_after(&outcome).or(version);
    }
    Ok(version)
}
