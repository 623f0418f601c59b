//! Carrying out a deletion in the cluster: under a permit minted for each pass, on the record before anything is deleted,
//! and confirmed only where nothing was seen to be left.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tenure_cluster::{Cluster, EraseReport, Erasing, ForeignObject, Memory};
use tenure_domain::account::command::Command;
use tenure_domain::account::{Account, Actor, Context, System};
use tenure_domain::name::{AccountId, ClusterId, EnvironmentId};
use tenure_domain::permit::ErasePermit;
use tenure_domain::refusal::Rejected;
use tenure_domain::text::Blob;

use crate::inner::Inner;
use crate::kept::Kept;
use crate::reconcile::{CHANGED, KeepIn, Observed, RECEIPT_TYPE, keep_observed};
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, moves, workloads};

/// Why nothing is deleted while the legal clock is in doubt.
pub(crate) const DOUBT: &str = "the legal clock is in doubt: nothing is deleted until somebody confirms it";

/// What people are told of a deletion that goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deleting {
    /// What is still missing.
    pub pending: String,
    /// What is in the namespace and none of ours: people decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<ForeignObject>,
}

/// The certificate of one environment. Signed like the receipts of stops.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate<'a> {
    #[serde(rename = "certificate")]
    of: &'static str,
    account: &'a AccountId,
    account_version: u64,
    environment: &'a EnvironmentId,
    /// The cluster, where the environment does not live on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a ClusterId>,
    permitted_by: &'a str,
    build: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a EraseReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'static str>,
}

/// Deletes what the account has, as far as one pass comes; what is pending after it. The deletion was begun.
pub(crate) async fn account(inner: &Arc<Inner>, account: &Account) -> Result<Option<String>, EngineError> {
    if inner.clock.look().doubt.is_some() {
        return Ok(Some(DOUBT.to_owned()));
    }
    let mut pending = Vec::new();
    for (name, declared) in &account.environments {
        let current = inner.account(&account.id).await?;
        if current.version != account.version {
            return Ok(Some(CHANGED.to_owned()));
        }
        let cluster = inner.clusters.reached(&declared.cluster);
        // What came in since the last request counts from the next one on.
        let permit = {
            let shelf = inner.shelf();
            let actor = Actor::System(System::Eraser);
            current.deletion_permit(&Context { now: inner.clock.now(), actor: &actor, book: &shelf.terms })
        };
        let permit = match permit {
            Ok(permit) => permit,
            Err(Rejected::Refused(_)) => {
                crate::closing::delete(inner, &account.id).await?;
                return Ok(Some(CHANGED.to_owned()));
            }
            Err(other) => return Err(other.into()),
        };
        // What a move has on another cluster goes first: the environment is gone only with that.
        if let Some(moving) = current.moves.get(name) {
            let by = (permit.erase(), format!("the deletion that follows {}", permit.measure()));
            match moves::delete(inner, &current, (name, moving), &by).await? {
                Some(why) => pending.push(format!("{name}: {why}")),
                None => return Ok(Some(CHANGED.to_owned())),
            }
            continue;
        }
        let cluster = match cluster {
            Ok(cluster) => cluster,
            Err(why) => {
                pending.push(format!("{name}: {why}"));
                continue;
            }
        };
        let by = format!("the deletion that follows {}", permit.measure());
        match one(inner, cluster, &current, name, permit.erase(), &by).await? {
            Some(why) => pending.push(why),
            None => return Ok(Some(CHANGED.to_owned())),
        }
    }
    if pending.is_empty() {
        crate::closing::delete(inner, &account.id).await?;
        return Ok(None);
    }
    Ok(Some(pending.join("; ")))
}

/// Deletes one environment because the account asked, as far as one pass comes; what is pending after it.
pub(crate) async fn asked(
    inner: &Arc<Inner>,
    cluster: &Cluster,
    account: &Account,
    name: &EnvironmentId,
) -> Result<Option<String>, EngineError> {
    if inner.clock.look().doubt.is_some() {
        return Ok(Some(DOUBT.to_owned()));
    }
    let permit = {
        let shelf = inner.shelf();
        let actor = Actor::System(System::Eraser);
        let context = Context { now: inner.clock.now(), actor: &actor, book: &shelf.terms };
        account.environment_deletion_permit(name, &context)
    };
    match permit {
        Ok(permit) => {
            let by =
                format!("member/{}/{}, who asked at {}", account.id, permit.asked_by(), permit.asked_at());
            one(inner, cluster, account, name, permit.erase(), &by).await
        }
        Err(Rejected::Refused(_)) => {
            let command = Command::EndEnvironmentDeletion { environment: name.clone() };
            submit(inner, account, command, Kept::default()).await?;
            Ok(Some(CHANGED.to_owned()))
        }
        Err(other) => Err(other.into()),
    }
}

/// One pass over one environment; what is pending, or nothing where it is gone and that was confirmed.
async fn one(
    inner: &Arc<Inner>,
    cluster: &Cluster,
    account: &Account,
    name: &EnvironmentId,
    permit: &ErasePermit,
    by: &str,
) -> Result<Option<String>, EngineError> {
    let memory = memory(inner, account, name).await?;
    let environment = workloads::bare(account, name)?;
    let row = moves::home(account, name);
    let keep_in = KeepIn { inner, account: &account.id, row: &row };
    let now = inner.clock.now();
    let erased = cluster.erase(&environment, permit, memory, &keep_in, now).await;
    let erased = erased.map_err(|e| EngineError::defect(&format!("cluster, {}--{name}", account.id), &e))?;
    match erased.state {
        Erasing::Pending { why, foreign } => {
            let kept = inner.store.environment(account.id.as_str(), &row).await?;
            let before = kept.map(|(_, observed)| observed).unwrap_or_default();
            let mut observed: Observed = serde_json::from_str(&before).unwrap_or_default();
            observed.deleting = Some(Deleting { pending: why.clone(), foreign });
            keep_observed(inner, &account.id, &row, &observed).await?;
            Ok(Some(format!("{name}: {why}")))
        }
        Erasing::Done(report) => {
            confirm(inner, account, name, by, Ok(&report)).await?;
            Ok(None)
        }
    }
}

/// Puts on the record that nothing is left of an environment, with the certificate.
async fn confirm(
    inner: &Arc<Inner>,
    account: &Account,
    name: &EnvironmentId,
    by: &str,
    seen: Result<&EraseReport, &'static str>,
) -> Result<(), EngineError> {
    let certified = Certified { of: "deletion of an environment", by, cluster: None, seen };
    let (certificate, kept) = certify(inner, account, name, &certified)?;
    let command = Command::ConfirmEnvironmentDeleted { environment: name.clone(), certificate };
    submit(inner, account, command, kept).await
}

/// What a certificate says.
pub(crate) struct Certified<'a> {
    pub of: &'static str,
    pub by: &'a str,
    pub cluster: Option<&'a ClusterId>,
    pub seen: Result<&'a EraseReport, &'static str>,
}

/// Signs a certificate, to be kept with what names it.
pub(crate) fn certify(
    inner: &Inner,
    account: &Account,
    name: &EnvironmentId,
    certified: &Certified<'_>,
) -> Result<(Blob, Kept), EngineError> {
    let certificate = Certificate {
        of: certified.of,
        account: &account.id,
        account_version: account.version,
        environment: name,
        cluster: certified.cluster,
        permitted_by: certified.by,
        build: env!("CARGO_PKG_VERSION"),
        report: certified.seen.ok(),
        remark: certified.seen.err(),
    };
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("certificate", e);
    let text = serde_json::to_string_pretty(&certificate).map_err(|e| defect(&e))? + "\n";
    let note =
        tenure_ledger::note::sign(&text, &inner.key.origin, &inner.key.signing).map_err(|e| defect(&e))?;
    let mut kept = Kept::default();
    let certificate = kept.blob(RECEIPT_TYPE, note.into_bytes());
    Ok((certificate, kept))
}

/// What this server can say of environments where it has no cluster: one that was never made anywhere is gone; one that
/// was made waits for a server that has the cluster.
pub(crate) async fn without_cluster(
    inner: &Arc<Inner>,
    account: &Account,
    names: &[EnvironmentId],
    by: &str,
) -> Result<(), EngineError> {
    for name in names {
        let known = memory(inner, account, name).await?;
        if account.moves.contains_key(name) || known.claim.is_some() || known.namespace_uid.is_some() {
            let why = "it was made in a cluster, and this server has none: start it with the cluster";
            return Err(EngineError::defect(&format!("deleting {}--{name}", account.id), &why));
        }
        let account = inner.account(&account.id).await?;
        let remark = "nothing was ever made of it in a cluster: nothing was deleted there";
        confirm(inner, &account, name, by, Err(remark)).await?;
    }
    Ok(())
}

pub(crate) async fn submit(
    inner: &Arc<Inner>,
    account: &Account,
    command: Command,
    kept: Kept,
) -> Result<(), EngineError> {
    let act = Act::Account(account.id.clone(), command);
    let mut submission = Submission::new(Caller::System(System::Eraser), act).keeping(kept);
    submission.if_version = Some(account.version);
    match inner.submit(submission).await {
        // Seen anew, it is confirmed as it is then.
        Err(EngineError::Stale { .. }) => Ok(()),
        other => other.map(drop),
    }
}

/// What is kept of an environment on the cluster that it lives on.
pub(crate) async fn memory(
    inner: &Inner,
    account: &Account,
    name: &EnvironmentId,
) -> Result<Memory, EngineError> {
    match inner.store.environment(account.id.as_str(), &moves::home(account, name)).await? {
        Some((memory, _)) => serde_json::from_str(&memory).map_err(|e| EngineError::defect("memory", &e)),
        None => Ok(Memory::default()),
    }
}

/// What was deleted with an account, as the certificates of its environments say: for the certificate of the whole.
pub(crate) async fn told(
    inner: &Inner,
    account: &Account,
) -> Result<(Vec<String>, Vec<String>, BTreeMap<String, String>), EngineError> {
    let (mut deleted, mut remains, mut certificates) = (Vec::new(), Vec::new(), BTreeMap::new());
    let since = account.lifecycle.closing().map(|closing| closing.since);
    for gone in account.deleted.iter().filter(|gone| since.is_some_and(|since| gone.at >= since)) {
        let name = &gone.environment;
        certificates.insert(format!("environment/{name}"), gone.certificate.to_string());
        let note = inner.blob_text(gone.certificate.as_str()).await?;
        let text = tenure_ledger::note::text(&note).map_err(|e| EngineError::defect("certificate", &e))?;
        let said: serde_json::Value =
            serde_json::from_str(text).map_err(|e| EngineError::defect("certificate", &e))?;
        let Some(report) = said.get("report") else { continue };
        let report: EraseReport =
            serde_json::from_value(report.clone()).map_err(|e| EngineError::defect("certificate", &e))?;
        deleted.extend(report.deleted.iter().map(|one| format!("{name}: {} (uid {})", one.object, one.uid)));
        let volumes = report.volumes.iter();
        deleted.extend(volumes.map(|(volume, of)| {
            format!("{name}: PersistentVolume/{volume} (uid {}) of the claim {}", of.uid, of.claim)
        }));
        let included = report.included.iter();
        deleted.extend(included.map(|one| format!("{name}: {} (uid {}), none of ours", one.object, one.uid)));
        remains.extend(report.remains.iter().map(|what| format!("{name}: {what}")));
    }
    Ok((deleted, remains, certificates))
}
