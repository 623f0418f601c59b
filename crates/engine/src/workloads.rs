//! What is known of workloads beside their declarations: files and secrets for the cluster, revisions for those who put one
//! back, and what the cluster tells of them now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
pub use tenure_cluster::LogQuery;
use tenure_cluster::{Cluster, Envelope, EventSeen, Logs, Memory, PodSeen, SecretValues};
use tenure_domain::account::{Account, Event};
use tenure_domain::environment::Environment;
use tenure_domain::name::{AccountId, EnvironmentId, WorkloadId};
use tenure_domain::text::{Blob, Words};
use tenure_domain::workload::Workload;

use crate::engine::Engine;
use crate::inner::Inner;
use crate::kept::Kept;
use crate::stream::{self, Decoded};
use crate::{EngineError, clusters, erasing};

/// The media type of a workload's file.
pub const FILE_TYPE: &str = "text/plain; charset=utf-8";

/// How many events are read at once.
const PAGE: u32 = 500;

/// One declaration of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The number of the event that made it.
    pub n: u64,
    /// The legal moment.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What was declared.
    pub spec: Workload,
}

/// What the cluster tells of a workload now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its pods, the youngest first.
    pub pods: Vec<PodSeen>,
    /// What happened, the latest first.
    pub events: Vec<EventSeen>,
}

/// An environment as the cluster is to have it, with the contents of its files and secrets.
pub(crate) async fn environment(
    inner: &Inner,
    account: &Account,
    id: &EnvironmentId,
) -> Result<tenure_cluster::Environment, EngineError> {
    let declared = account.environment(id)?;
    let mut files = BTreeMap::new();
    let named: BTreeSet<&Blob> = declared.workloads.values().flat_map(Workload::kept_files).collect();
    for bytes in named {
        files.insert(bytes.clone(), inner.blob_text(bytes.as_str()).await?);
    }
    let mut secrets = BTreeMap::new();
    for (name, secret) in &declared.secrets {
        let what = format!("secret {name} of {}--{id}", account.id);
        let text = inner.store.words(secret.values.as_str()).await?;
        let text = text.ok_or_else(|| EngineError::defect(&what, &"its values are not in the store"))?;
        // What the reader says of them could repeat a value.
        let values = serde_json::from_str(&text)
            .map_err(|_| EngineError::defect(&what, &"its values cannot be read"))?;
        secrets.insert(name.clone(), SecretValues { commitment: secret.values.clone(), values });
    }
    Ok(tenure_cluster::Environment { files, secrets, ..bare(account, id)? })
}

/// The same without any contents, for what only looks.
pub(crate) fn bare(
    account: &Account,
    id: &EnvironmentId,
) -> Result<tenure_cluster::Environment, EngineError> {
    Ok(rendered(account, id, account.environment(id)?))
}

/// The same of one that the account may not have.
pub(crate) fn rendered(
    account: &Account,
    id: &EnvironmentId,
    declared: &Environment,
) -> tenure_cluster::Environment {
    let envelope = Envelope::new(declared.kind, declared.exposure, account.allowances.clone());
    tenure_cluster::Environment {
        account: account.id.clone(),
        id: id.clone(),
        plan: declared.plan,
        workloads: declared.workloads.clone(),
        restarts: declared.restarts.clone(),
        files: BTreeMap::new(),
        secrets: BTreeMap::new(),
        snapshots: account.snapshots_of(id).map(|(id, snapshot)| (id.clone(), snapshot.clone())).collect(),
        envelope: envelope.living_in(declared.imported.clone()).reached_under(account.proved_hostnames()),
    }
}

/// The values of all secrets of an account, by their commitments.
pub(crate) fn values_of(account: Option<&Account>) -> BTreeSet<Words> {
    let environments = account.into_iter().flat_map(|account| account.environments.values());
    environments.flat_map(|env| env.secrets.values().map(|secret| secret.values.clone())).collect()
}

impl Engine {
    /// The values of a secret, to be kept with a submission: nobody reads them but what brings them to the cluster.
    pub fn secret_values(
        &self,
        kept: &mut Kept,
        values: &BTreeMap<String, String>,
    ) -> Result<Words, EngineError> {
        let text = serde_json::to_string(values).map_err(|_| EngineError::defect("secret", &"no JSON"))?;
        self.words(kept, &text)
    }

    /// All declarations of a workload that were ever made, the latest first.
    pub async fn revisions(
        &self,
        account: &AccountId,
        environment: &EnvironmentId,
        workload: &WorkloadId,
    ) -> Result<Vec<Revision>, EngineError> {
        let (name, mut from) = (stream::account(account), 1);
        let mut found = Vec::new();
        loop {
            let rows = self.inner.store.stream(&name, from, PAGE).await?;
            let Some(last) = rows.last() else { break };
            from = last.n + 1;
            for row in &rows {
                let Decoded { at, actor, event, .. } = stream::decode(&row.leaf)?;
                if let Event::WorkloadPut { environment: e, workload: w, spec } = event
                    && (&e, &w) == (environment, workload)
                {
                    found.push(Revision { n: row.n, at, by: actor.to_string(), spec });
                }
            }
        }
        found.reverse();
        Ok(found)
    }

    async fn looked_at(
        &self,
        account: &AccountId,
        environment: &EnvironmentId,
    ) -> Result<Option<(Cluster, tenure_cluster::Environment, Memory)>, EngineError> {
        let state = self.account(account).await?;
        let looked_at = bare(&state, environment)?;
        if !self.inner.has_cluster {
            return Ok(None);
        }
        let on = &state.environment(environment)?.cluster;
        let cluster = clusters::asked(&self.inner.clusters, on)?.clone();
        let memory = erasing::memory(&self.inner, &state, environment).await?;
        Ok(Some((cluster, looked_at, memory)))
    }

    /// What the cluster tells of a workload now; nothing where there is no cluster.
    pub async fn activity(
        &self,
        account: &AccountId,
        environment: &EnvironmentId,
        workload: &WorkloadId,
    ) -> Result<Activity, EngineError> {
        let Some((cluster, environment, memory)) = self.looked_at(account, environment).await? else {
            return Ok(Activity { pods: Vec::new(), events: Vec::new() });
        };
        let (pods, events) = tokio::try_join!(
            cluster.pods(&environment, &memory, workload),
            cluster.events(&environment, &memory, workload)
        )
        .map_err(|error| EngineError::Cluster(error.told().to_owned()))?;
        Ok(Activity { pods, events })
    }

    /// What a workload's container wrote; nothing where it has no such pod.
    pub async fn logs(
        &self,
        account: &AccountId,
        environment: &EnvironmentId,
        workload: &WorkloadId,
        query: &LogQuery,
    ) -> Result<Option<Logs>, EngineError> {
        let Some((cluster, environment, memory)) = self.looked_at(account, environment).await? else {
            return Ok(None);
        };
        let logs = cluster.logs(&environment, &memory, workload, query).await;
        logs.map_err(|error| EngineError::Cluster(error.told().to_owned()))
    }
}
