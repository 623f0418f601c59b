//! What the cluster was found to be able to do goes on the record where it is another than before.

use std::sync::Arc;

use tenure_cluster::Abilities;
use tenure_domain::account::System;
use tenure_domain::book::{Entry, Event};
use tenure_domain::cluster::Found;
use tenure_domain::name::ClusterId;

use crate::EngineError;
use crate::inner::Inner;
use crate::submission::{Act, Caller, Submission};

/// Submits what was found, where it is not what the record says. What differs is believed when it was found twice running:
/// the servers of one cluster answer differently while they are brought to another version. Only the leader submits.
/// Tells whether it is to be asked again soon.
pub(crate) async fn note(
    inner: &Arc<Inner>,
    cluster: &ClusterId,
    abilities: &Abilities,
    before: &mut Option<Found>,
) -> bool {
    let found = abilities.found();
    let again = before.replace(found.clone()).as_ref() == Some(&found);
    let known = inner.shelf().terms.cluster(cluster).map(|probed| probed.found == found);
    let (is_news, is_unsure) = match known {
        None => (true, false),
        Some(is_known) => (!is_known && again, !is_known && !again),
    };
    if !is_news || inner.lead.epoch().is_err() {
        return is_unsure;
    }
    let cluster = cluster.clone();
    let act = Act::Book(Entry::Cluster(cluster.clone()), Event::ClusterProbed { cluster, found });
    match inner.submit(Submission::new(Caller::System(System::Cluster), act)).await {
        Ok(_) | Err(EngineError::Stopping) => {}
        Err(error) => tracing::warn!(%error, "what the cluster can do could not be put on the record"),
    }
    false
}
