//! What the freeze webhook of a process asks that does not pass over an environment: what is frozen there by the record, now.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use tenure_cluster::{Ask, Cluster, Frozen};
use tenure_domain::account::Account;
use tenure_domain::environment::Environment;
use tenure_domain::name::{AccountId, ClusterId, EnvironmentId};
use tenure_domain::refusal::Rejected;

use crate::inner::Inner;
use crate::reconcile::permits;
use crate::{EngineError, workloads};

/// Answers by the record, by permits that are minted for each question like those of a pass.
struct ByRecord {
    inner: Weak<Inner>,
    cluster: Cluster,
}

/// Lets the freeze webhook of a cluster ask here.
pub(crate) fn tell(inner: &Arc<Inner>, cluster: &Cluster) {
    cluster.asking(Box::new(ByRecord { inner: Arc::downgrade(inner), cluster: cluster.clone() }));
}

#[async_trait]
impl Ask for ByRecord {
    async fn frozen(&self, namespace: &str) -> Option<Frozen> {
        let inner = self.inner.upgrade()?;
        match self.look(&inner, namespace).await {
            Ok(frozen) => frozen,
            Err(error) => {
                tracing::warn!(%error, namespace, "it cannot be told what is frozen: everything there is refused");
                None
            }
        }
    }
}

impl ByRecord {
    /// Nothing where it cannot be known whose the namespace is.
    async fn look(&self, inner: &Inner, namespace: &str) -> Result<Option<Frozen>, EngineError> {
        let whose = match inner.places.whose(&ClusterId::main(), namespace) {
            Some(account) => Some(account),
            // What a namespace says of itself is a hint, and the record decides.
            None => self.hint(namespace).await?,
        };
        let Some(id) = whose else { return Ok(None) };
        let account = match inner.account(&id).await {
            Ok(account) => account,
            Err(EngineError::Rejected(Rejected::NotFound { .. })) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(name) = environment_in(&account, namespace)? else { return Ok(None) };
        inner.places.note(&account);
        let permits = permits(&account, &inner.clock.look(), &inner.shelf().terms);
        let environment = workloads::bare(&account, &name)?;
        Frozen::of(&environment, &permits).map(Some).map_err(|error| EngineError::defect("freeze", &error))
    }

    async fn hint(&self, namespace: &str) -> Result<Option<AccountId>, EngineError> {
        let said = self.cluster.says_whose(namespace).await;
        let said = said.map_err(|error| EngineError::defect("whose a namespace is", &error))?;
        Ok(said.and_then(|(account, _)| account.parse().ok()))
    }
}

/// The environment of an account that lives in a namespace of the cluster `main`, whose webhook asks.
fn environment_in(account: &Account, namespace: &str) -> Result<Option<EnvironmentId>, EngineError> {
    let is_on_main = |(name, declared): &(&EnvironmentId, &Environment)| {
        account.clusters_of(name, declared).any(ClusterId::is_main)
    };
    for (name, _) in account.environments.iter().filter(is_on_main) {
        if workloads::bare(account, name)?.namespace() == namespace {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}
