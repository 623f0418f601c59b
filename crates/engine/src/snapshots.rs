//! Snapshots of volumes: whether the cluster takes any, and what it lost.

use std::sync::Arc;

use tenure_cluster::{Observation, SnapshotState};
use tenure_domain::account::snapshot::Snapshots;
use tenure_domain::account::{Command, System};
use tenure_domain::name::AccountId;

use crate::EngineError;
use crate::engine::Engine;
use crate::inner::Inner;
use crate::reconcile::version_after;
use crate::submission::{Act, Caller, Submission};

impl Engine {
    /// Why the cluster takes no snapshots of volumes, in words for tenants; nothing where it does.
    pub async fn unable_to_snapshot(&self) -> Result<Option<String>, EngineError> {
        let Some(cluster) = &self.inner.cluster else {
            return Ok(Some("no cluster follows this installation".to_owned()));
        };
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
