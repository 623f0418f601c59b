//! What the cluster was found to be able to do goes on the record where it is another than before.

use std::sync::Arc;

use tenure_cluster::Abilities;
use tenure_domain::account::System;
use tenure_domain::book::{Entry, Event};
use tenure_domain::cluster::{Found, Probed};
use tenure_domain::name::ClusterId;

use crate::inner::Inner;
use crate::metrics::noted;
use crate::submission::{Act, Caller, Submission};
use crate::{Engine, EngineError};

/// Submits what was found, where it is not what the record says. What differs is believed when it was found twice running:
/// the servers of one cluster answer differently while they are brought to another version. Only the leader submits.
/// Tells whether it is to be asked again soon.
pub(crate) async fn note(inner: &Arc<Inner>, abilities: &Abilities, before: &mut Option<Found>) -> bool {
    let found = abilities.found();
    let again = before.replace(found.clone()).as_ref() == Some(&found);
    let cluster = ClusterId::main();
    let known = inner.shelf().terms.cluster(&cluster).map(|probed| probed.found == found);
    let (is_news, is_unsure) = match known {
        None => (true, false),
        Some(is_known) => (!is_known && again, !is_known && !again),
    };
    if !is_news || inner.lead.epoch().is_err() {
        return is_unsure;
    }
    let act = Act::Book(Entry::Cluster(cluster.clone()), Event::ClusterProbed { cluster, found });
    match inner.submit(Submission::new(Caller::System(System::Cluster), act)).await {
        Ok(_) | Err(EngineError::Stopping) => {}
        Err(error) => tracing::warn!(%error, "what the cluster can do could not be put on the record"),
    }
    false
}

/// A cluster, as people read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterState {
    /// Its name.
    pub id: ClusterId,
    /// Whether it answered when it was last asked; none while it was not.
    pub answers: Option<bool>,
    /// What it was found to be able to do; none while nothing is on the record.
    pub probed: Option<Arc<Probed>>,
}

impl Engine {
    /// The clusters that this server moves; none without one.
    pub fn clusters(&self) -> Vec<ClusterState> {
        if !self.inner.has_cluster {
            return Vec::new();
        }
        let id = ClusterId::main();
        let answers = noted(&self.inner.metrics.cluster).map(|said| said.is_ok());
        let probed = self.shelf().terms.cluster(&id).cloned();
        vec![ClusterState { id, answers, probed }]
    }
}
