//! What the provider can look at before anything is done: a deletion's preflight, and the rehearsal of a stop and of its
//! end. Nothing here persists anything, in the store or in the cluster.

use std::collections::{BTreeMap, BTreeSet};

use tenure_cluster::{Preflight, Rehearsal, Supposed};
use tenure_domain::account::Account;
use tenure_domain::balancers::Balancers;
use tenure_domain::capability::Capability;
use tenure_domain::name::{AccountId, EnvironmentId, MeasureId};
use tenure_domain::scope::Scope;

use crate::engine::Engine;
use crate::{EngineError, erasing, reconcile, workloads};

/// The grace of pods in a rehearsal that names no measure, in seconds: Kubernetes' own default.
const GRACE_SECONDS: u32 = 30;

/// What was seen of an environment, or why nothing could be.
pub type Looked<T> = Result<T, String>;

/// What was seen of each environment; nothing where this server has no cluster.
type All<T> = Result<Option<BTreeMap<EnvironmentId, Looked<T>>>, EngineError>;

impl Engine {
    /// What a deletion of each environment would delete, and what would stand in its way.
    pub async fn deletion_preflight(&self, account: &Account) -> All<Preflight> {
        let inner = &self.inner;
        if !inner.has_cluster {
            return Ok(None);
        }
        let mut all = BTreeMap::new();
        for (name, declared) in &account.environments {
            let cluster = match inner.clusters.named(&declared.cluster) {
                Ok(cluster) => cluster,
                Err(why) => {
                    all.insert(name.clone(), Err(why));
                    continue;
                }
            };
            let memory = erasing::memory(inner, account, name).await?;
            let environment = workloads::environment(inner, account, name).await?;
            let seen = cluster.erase_preflight(&environment, &memory).await;
            all.insert(name.clone(), seen.map_err(|error| error.to_string()));
        }
        Ok(Some(all))
    }

    /// What a recorded measure would do in the cluster, or what its end would, in each environment of its scope.
    pub async fn rehearse_measure(&self, account: &Account, measure: &MeasureId) -> All<Rehearsal> {
        let of = account.measure(measure)?;
        let supposed = Supposed {
            measure: measure.clone(),
            scope: of.proposal.scope.clone(),
            withholds: of.proposal.withholds.clone(),
            throttle: of.proposal.throttle,
            load_balancers: of.proposal.load_balancers,
            pod_grace_seconds: of.pod_grace_seconds,
        };
        self.rehearse(account, &supposed).await
    }

    /// The same for a measure that nobody proposed.
    pub async fn rehearse_scope(
        &self,
        account: &Account,
        scope: Scope,
        withholds: BTreeSet<Capability>,
    ) -> All<Rehearsal> {
        let measure = nobodys(&account.id);
        let supposed = Supposed {
            measure,
            scope,
            withholds,
            throttle: None,
            load_balancers: Balancers::Kept,
            pod_grace_seconds: GRACE_SECONDS,
        };
        self.rehearse(account, &supposed).await
    }

    async fn rehearse(&self, account: &Account, supposed: &Supposed) -> All<Rehearsal> {
        let inner = &self.inner;
        if !inner.has_cluster {
            return Ok(None);
        }
        let only = supposed.scope.environment();
        let mut all = BTreeMap::new();
        let concerned = account.environments.iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
        for (name, declared) in concerned {
            let cluster = match inner.clusters.named(&declared.cluster) {
                Ok(cluster) => cluster,
                Err(why) => {
                    all.insert(name.clone(), Err(why));
                    continue;
                }
            };
            let look = inner.clock.look();
            let permits = reconcile::permits(account, &look, &inner.shelf().terms);
            let memory = erasing::memory(inner, account, name).await?;
            let environment = workloads::environment(inner, account, name).await?;
            let seen = cluster.rehearse(&environment, &permits, supposed, &memory, look.now).await;
            all.insert(name.clone(), seen.map_err(|error| error.to_string()));
        }
        Ok(Some(all))
    }
}

/// The name of a measure that does not exist: it is shown nowhere.
fn nobodys(account: &AccountId) -> MeasureId {
    MeasureId::new(account.clone(), u32::MAX)
}
