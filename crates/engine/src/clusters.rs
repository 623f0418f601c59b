//! The clusters that this server moves: by name, each with what it said when it was last asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::Timestamp;
use tenure_cluster::{Capacity, Cluster};
use tenure_domain::cluster::Probed;
use tenure_domain::name::ClusterId;
use tokio::sync::Notify;

use crate::clock::machine_now;
use crate::metrics::{note, noted};
use crate::{Engine, EngineError};

/// The clusters by name; none, and nothing is provisioned.
#[derive(Debug, Default)]
pub(crate) struct Clusters(BTreeMap<ClusterId, Known>);

/// One cluster, and how it does.
#[derive(Debug)]
pub(crate) struct Known {
    pub cluster: Cluster,
    /// Asks for a look at whether it answers, at once.
    pub ask: Notify,
    said: Mutex<Option<Said>>,
}

/// What a cluster said when it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its version and what it cannot do, or why there was no answer.
    pub answer: Result<String, String>,
    /// Since when it has answered, or not, without a break. The machine's time.
    pub since: Timestamp,
    /// When it answered last. The machine's time.
    pub last: Option<Timestamp>,
}

impl Known {
    /// What it said; none while it was not asked.
    pub fn said(&self) -> Option<Said> {
        noted(&self.said)
    }

    /// Notes what it says now; whether it does not answer any more.
    pub fn note(&self, answer: Result<String, String>) -> bool {
        let (now, before) = (machine_now(), self.said());
        let same = before.as_ref().filter(|before| before.answer.is_ok() == answer.is_ok());
        let is_lost = answer.is_err() && same.is_none();
        let since = same.map_or(now, |before| before.since);
        let last = if answer.is_ok() { Some(now) } else { before.and_then(|before| before.last) };
        note(&self.said, Some(Said { answer, since, last }));
        is_lost
    }
}

impl Clusters {
    /// The one that is called `main`, where there is one, and the others.
    pub fn new(main: Option<Cluster>, others: BTreeMap<ClusterId, Cluster>) -> Self {
        let main = main.map(|cluster| (ClusterId::main(), cluster));
        let known = |cluster| Known { cluster, ask: Notify::new(), said: Mutex::new(None) };
        Self(others.into_iter().chain(main).map(|(id, cluster)| (id, known(cluster))).collect())
    }

    /// Every cluster, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&ClusterId, &Known)> {
        self.0.iter()
    }

    /// Their names.
    pub fn names(&self) -> BTreeSet<ClusterId> {
        self.0.keys().cloned().collect()
    }

    /// The cluster of this name.
    pub fn get(&self, id: &ClusterId) -> Option<&Known> {
        self.0.get(id)
    }

    /// Whether there are several, so that one that does not answer must not hold up the others.
    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// The cluster of this name, or why nothing is looked at or changed there.
    pub fn named(&self, id: &ClusterId) -> Result<&Cluster, String> {
        let known = self.get(id).ok_or_else(|| {
            format!(
                "the settings of this server name no cluster {id}: nothing is looked at, changed or deleted there until \
                 they do"
            )
        })?;
        Ok(&known.cluster)
    }

    /// The same for what is done again and again. Where there are several, one that did not answer when it was last asked
    /// is waited for, and takes none of the places of the others.
    pub fn reached(&self, id: &ClusterId) -> Result<&Cluster, String> {
        let cluster = self.named(id)?;
        if self.are_several() && self.is_silent(id) {
            return Err(silent(id));
        }
        Ok(cluster)
    }

    /// Whether a cluster did not answer when it was last asked.
    fn is_silent(&self, id: &ClusterId) -> bool {
        self.get(id).and_then(Known::said).is_some_and(|said| said.answer.is_err())
    }
}

/// What is told of a cluster that does not answer. Why is for the server's log: it can name addresses.
pub(crate) fn silent(id: &ClusterId) -> String {
    format!("the cluster {id} does not answer: what is pending there waits for it")
}

/// A cluster, as people read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterState {
    /// Its name.
    pub id: ClusterId,
    /// Whether it answered when it was last asked; none while it was not.
    pub answers: Option<bool>,
    /// Since when it has answered, or not, as this server saw it. The machine's time, UTC.
    pub since: Option<Timestamp>,
    /// When it answered last. The machine's time, UTC.
    pub last_answer: Option<Timestamp>,
    /// What it was found to be able to do; none while nothing is on the record.
    pub probed: Option<std::sync::Arc<Probed>>,
}

impl Engine {
    /// The clusters that this server moves; none without one.
    pub fn clusters(&self) -> Vec<ClusterState> {
        let shelf = self.shelf();
        let state = |(id, known): (&ClusterId, &Known)| {
            let said = known.said();
            ClusterState {
                id: id.clone(),
                answers: said.as_ref().map(|said| said.answer.is_ok()),
                since: said.as_ref().map(|said| said.since),
                last_answer: said.and_then(|said| said.last),
                probed: shelf.terms.cluster(id).cloned(),
            }
        };
        self.inner.clusters.iter().map(state).collect()
    }

    /// What a cluster has, and what is promised of it: none where this server has no such cluster, or it does not answer.
    pub async fn capacity(&self, id: &ClusterId) -> Option<Capacity> {
        let cluster = self.inner.clusters.reached(id).ok()?;
        match cluster.capacity().await {
            Ok(capacity) => Some(capacity),
            Err(error) => {
                tracing::warn!(cluster = %id, %error, "it could not be asked what it has");
                None
            }
        }
    }

    /// Why nothing is looked at or changed on a cluster at present; none where it answers, or nothing is provisioned.
    pub fn out_of_reach(&self, id: &ClusterId) -> Option<String> {
        let clusters = &self.inner.clusters;
        if !self.inner.has_cluster {
            return None;
        }
        match clusters.named(id) {
            Ok(_) => clusters.is_silent(id).then(|| silent(id)),
            Err(why) => Some(why),
        }
    }
}

/// The cluster of an environment, for what somebody asks of it now.
pub(crate) fn asked<'a>(clusters: &'a Clusters, id: &ClusterId) -> Result<&'a Cluster, EngineError> {
    clusters.named(id).map_err(EngineError::Cluster)
}
