//! Taking namespaces that are there as open environments: looked at, decided on the record, taken by the next pass, and
//! confirmed with a signed receipt, or let go of where that cannot be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use tenure_cluster::{ClusterError, ImportPreflight, ImportReport};
use tenure_domain::account::command::Command;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::{Account, System};
use tenure_domain::environment::{Environment, EnvironmentKind};
use tenure_domain::import::{Concern, Imported, Survey};
use tenure_domain::name::{AccountId, ClusterId, EnvironmentId, Namespace, Uid};
use tenure_domain::plan::Share;
use tenure_domain::refusal::{Guard, Rejected, Unmet};
use tenure_store::{StoreError, Write};

use crate::engine::Engine;
use crate::inner::Inner;
use crate::kept::Kept;
use crate::reconcile::{RECEIPT_TYPE, version_after};
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, workloads};

/// The media type of what was seen before an import.
const PREFLIGHT_TYPE: &str = "application/json";

/// The name under which an environment is looked at that has none yet.
const UNNAMED: &str = "imported";

/// What is to be imported, and with what before eyes.
#[derive(Debug, Clone)]
pub struct Import {
    /// What the environment is to be called.
    pub environment: EnvironmentId,
    /// The namespace.
    pub namespace: Namespace,
    /// Its UID, as a look at it told.
    pub uid: Uid,
    /// The environment's share of the account's plan.
    pub share: Share,
    /// What may be found there.
    pub accepted: Vec<Concern>,
}

impl Engine {
    /// What an import of this namespace into an account would find and do, with this share of its plan; nothing where this
    /// server has no cluster.
    pub async fn import_preflight(
        &self,
        account: &Account,
        namespace: &Namespace,
        share: Share,
    ) -> Result<Option<ImportPreflight>, EngineError> {
        let unnamed: EnvironmentId =
            UNNAMED.parse().map_err(|e| EngineError::defect("an environment's name", &e))?;
        self.look_at(account, &unnamed, namespace, share).await
    }

    async fn look_at(
        &self,
        account: &Account,
        environment: &EnvironmentId,
        namespace: &Namespace,
        share: Share,
    ) -> Result<Option<ImportPreflight>, EngineError> {
        let inner = &self.inner;
        let Some(known) = inner.clusters.get(&ClusterId::main()) else { return Ok(None) };
        // Whatever UID it has: who decides names that.
        let uid: Uid = "unknown".parse().map_err(|e| EngineError::defect("a uid", &e))?;
        let imported = Some(Imported { namespace: namespace.clone(), uid, adopted: None });
        let (kind, exposure) = (EnvironmentKind::Open, share.exposure);
        let declared = Environment { kind, exposure, imported, ..Environment::new(share.plan) };
        let environment = workloads::rendered(account, environment, &declared);
        let seen = known.cluster.import_preflight(&environment, inner.clock.now()).await;
        seen.map(Some).map_err(|error| {
            tracing::warn!(account = %account.id, %namespace, %error, "the namespace could not be looked at");
            EngineError::Cluster(error.told().to_owned())
        })
    }

    /// The command that imports, with what is seen there now; what was seen is kept with it.
    pub async fn import(
        &self,
        account: &Account,
        asked: Import,
        kept: &mut Kept,
    ) -> Result<Provision, EngineError> {
        let Import { environment, namespace, uid, share, accepted } = asked;
        let Some(seen) = self.look_at(account, &environment, &namespace, share).await? else {
            let detail = "no cluster follows this installation";
            return Err(Rejected::from(Unmet::new(Guard::Supported, detail, "configure one")).into());
        };
        let json = serde_json::to_vec_pretty(&seen).map_err(|e| EngineError::defect("preflight", &e))?;
        let document = kept.blob(PREFLIGHT_TYPE, json);
        let found = seen.namespace_uid.map(|uid| uid.parse());
        let survey = Survey {
            uid: found.transpose().map_err(|e| EngineError::defect("a namespace's uid", &e))?,
            obstacles: seen.obstacles,
            concerns: seen.concerns,
            document,
        };
        let survey = Box::new(survey);
        Ok(Provision::ImportEnvironment { environment, namespace, uid, share, accepted, survey })
    }
}

/// That a namespace was taken. Signed like the receipts of stops.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Receipt<'a> {
    #[serde(rename = "receipt")]
    of: &'static str,
    account: &'a AccountId,
    account_version: u64,
    environment: &'a EnvironmentId,
    observed_at: Timestamp,
    build: &'static str,
    report: &'a ImportReport,
}

/// Puts on the record that a namespace was taken; the version after, or none where the account has changed meanwhile.
pub(crate) async fn confirm(
    inner: &Arc<Inner>,
    account: &AccountId,
    environment: &EnvironmentId,
    report: &ImportReport,
    version: u64,
) -> Result<Option<u64>, EngineError> {
    let receipt = Receipt {
        of: "import",
        account,
        account_version: version,
        environment,
        observed_at: inner.clock.now(),
        build: env!("CARGO_PKG_VERSION"),
        report,
    };
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("receipt", e);
    let mut text = serde_json::to_string_pretty(&receipt).map_err(|e| defect(&e))?;
    text.push('\n');
    let note =
        tenure_ledger::note::sign(&text, &inner.key.origin, &inner.key.signing).map_err(|e| defect(&e))?;
    let mut kept = Kept::default();
    let receipt = kept.blob(RECEIPT_TYPE, note.into_bytes());
    let command = Provision::ConfirmAdopted { environment: environment.clone(), receipt };
    let act = Act::Account(account.clone(), Command::Provision(command));
    let mut submission = Submission::new(Caller::System(System::Cluster), act).keeping(kept);
    submission.if_version = Some(version);
    match inner.submit(submission).await {
        Ok(outcome) => Ok(version_after(&outcome)),
        Err(EngineError::Stale { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lets go of a namespace that cannot be taken, so that it stands in the way of nothing else of the account; whether that
/// was why a pass failed.
pub(crate) async fn let_go(
    inner: &Arc<Inner>,
    account: &AccountId,
    environment: &EnvironmentId,
    error: &ClusterError,
) -> Result<bool, EngineError> {
    let ClusterError::NotImported { why, .. } = error else { return Ok(false) };
    let current = inner.account(account).await?;
    let imported = current.environments.get(environment).and_then(|e| e.imported.as_ref());
    if imported.is_none_or(|imported| imported.adopted.is_some()) {
        return Ok(false);
    }
    let command = Provision::EndImport { environment: environment.clone(), why: why.join("; ") };
    let act = Act::Account(account.clone(), Command::Provision(command));
    inner.submit(Submission::new(Caller::System(System::Cluster), act)).await?;
    Ok(true)
}

/// The namespaces that keep their own names, and whose they are.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<BTreeMap<String, AccountId>>);

impl Places {
    /// Notes where the environments of an account are, and forgets where they were.
    pub fn note(&self, account: &Account) {
        let places = of(Some(account));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|place, whose| whose != &account.id || places.contains(place));
        known.extend(places.into_iter().map(|place| (place, account.id.clone())));
    }

    /// Whose a namespace is: by the record where it was imported, which is on `main` alone, and else by its name.
    pub fn whose(&self, cluster: &ClusterId, namespace: &str) -> Option<AccountId> {
        if let Some((account, _)) = namespace.split_once("--") {
            return account.parse().ok();
        }
        if !cluster.is_main() {
            return None;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned()
    }
}

/// The namespaces that an account has imported.
pub(crate) fn of(account: Option<&Account>) -> BTreeSet<String> {
    let environments = account.into_iter().flat_map(|account| account.environments.values());
    environments.filter_map(|e| e.imported.as_ref().map(|i| i.namespace.to_string())).collect()
}

fn counter(namespace: &str) -> String {
    format!("imported/{namespace}")
}

/// Counts who has which namespace, over all accounts.
pub(crate) async fn count(
    write: &mut Write,
    before: &BTreeSet<String>,
    after: &BTreeSet<String>,
) -> Result<(), StoreError> {
    for namespace in before.difference(after) {
        write.count(&counter(namespace), -1).await?;
    }
    for namespace in after.difference(before) {
        write.count(&counter(namespace), 1).await?;
    }
    Ok(())
}

/// Nobody takes what another account has, whatever the cluster says of it.
pub(crate) async fn taken(
    write: &mut Write,
    state: Option<&Account>,
    command: &Command,
) -> Result<Option<Unmet>, StoreError> {
    let Command::Provision(Provision::ImportEnvironment { namespace, .. }) = command else { return Ok(None) };
    // What the account itself has, it is told by its own record.
    if of(state).contains(namespace.as_str()) || write.count(&counter(namespace.as_str()), 0).await? <= 0 {
        return Ok(None);
    }
    let detail = format!("the namespace {namespace} is another account's");
    Ok(Some(Unmet::new(Guard::NameFree, detail, "import another one")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_found_by_the_record_or_by_its_own_name() {
        let (places, main) = (Places::default(), ClusterId::main());
        assert_eq!(places.whose(&main, "parley--web"), Some("parley".parse().unwrap()));
        assert_eq!(places.whose(&main, "shop"), None);
        places.0.lock().unwrap().insert("shop".to_owned(), "market".parse().unwrap());
        assert_eq!(places.whose(&main, "shop"), Some("market".parse().unwrap()));
        assert_eq!(places.whose(&"west".parse().unwrap(), "shop"), None, "another cluster's is another one");
        assert_eq!(places.whose(&main, "kube-system"), None);
    }
}
