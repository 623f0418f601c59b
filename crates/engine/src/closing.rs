//! The end of an account: telling it for how long its data can be fetched, and deleting under a permit.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tenure_domain::account::command::Command;
use tenure_domain::account::{Account, Actor, Context, System};
use tenure_domain::name::{AccountId, MeasureId};
use tenure_domain::permit::DeletionPermit;
use tenure_domain::refusal::Rejected;

use crate::inner::Inner;
use crate::kept::Kept;
use crate::reconcile::RECEIPT_TYPE;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, erasing, letters};

/// What a job of telling is about: the termination, and the number of the notice.
pub(crate) fn subject(measure: &MeasureId, number: u8) -> String {
    format!("{measure}/{number}")
}

/// Issues the notice that begins the time to fetch the data, or one of its reminders. Nothing is issued twice, nor once
/// the termination has ended.
pub(crate) async fn tell(inner: &Arc<Inner>, subject: &str) -> Result<(), EngineError> {
    let defect = || EngineError::defect("jobs", &subject);
    let (measure, number) = subject.split_once('/').ok_or_else(defect)?;
    let measure: MeasureId = measure.parse().map_err(|_| defect())?;
    let number: u8 = number.parse().map_err(|_| defect())?;
    let account = inner.account(measure.account()).await?;
    let Some(closing) = account.lifecycle.closing().filter(|c| c.measure == measure) else { return Ok(()) };
    let shelf = inner.shelf();
    let terms = match &account.measure(&measure)?.proposal.case {
        Some(case) => account.terms_of(account.case(case)?, &shelf.terms)?,
        None => account.accepted(&shelf.terms)?,
    };
    let under = (&**terms, &account.measure(&measure)?.proposal.terms);
    let text = letters::retrieval(&inner.letters, &account, under, closing, number, inner.clock.now())?;
    let mut kept = Kept::default();
    let why = kept.words(&inner.entropy, &format!("{measure} ended the account"))?;
    let letter = kept.blob("text/plain; charset=utf-8", text.into_bytes());
    let id = measure.account().clone();
    let command = Command::IssueRetrievalNotice { measure, number, why, letter };
    let act = Act::Account(id, command);
    inner.submit(Submission::new(Caller::System(System::Delivery), act).keeping(kept)).await?;
    Ok(())
}

/// Takes a deletion that has its quorum one step further, under a permit minted now: it is begun, and where nothing is
/// left the account is closed. What is between is carried out in the cluster by [`erasing`]. Where there is no permit any
/// more the deletion ends and has to be proposed anew. What the account asked to have deleted is seen to where there is no
/// cluster.
pub(crate) async fn delete(inner: &Arc<Inner>, id: &AccountId) -> Result<(), EngineError> {
    let mut account = inner.account(id).await?;
    if !inner.has_cluster {
        let asked: Vec<_> =
            account.erasures.keys().filter(|e| account.is_being_deleted(e)).cloned().collect();
        erasing::without_cluster(inner, &account, &asked, &format!("the account {id} asked")).await?;
        account = inner.account(id).await?;
    }
    loop {
        let approved = account.lifecycle.closing().and_then(|c| c.deletion.as_ref()).filter(|d| d.approved);
        let Some(deletion) = approved else { return Ok(()) };
        let permit = {
            let shelf = inner.shelf();
            let actor = Actor::System(System::Eraser);
            account.deletion_permit(&Context { now: inner.clock.now(), actor: &actor, book: &shelf.terms })
        };
        let mut kept = Kept::default();
        let command = match permit {
            Ok(_) if deletion.begun.is_none() => {
                Command::BeginDeletion { command_hash: deletion.command_hash.clone() }
            }
            Ok(permit) if account.environments.is_empty() => {
                let text = certificate(inner, &account, &permit).await?;
                let note = tenure_ledger::note::sign(&text, &inner.key.origin, &inner.key.signing)
                    .map_err(|e| EngineError::defect("certificate", &e))?;
                Command::ConfirmDeletion { certificate: kept.blob(RECEIPT_TYPE, note.into_bytes()) }
            }
            Ok(_) if inner.has_cluster => return Ok(()),
            Ok(permit) => {
                let names: Vec<_> = account.environments.keys().cloned().collect();
                let by = format!("the deletion that follows {}", permit.measure());
                erasing::without_cluster(inner, &account, &names, &by).await?;
                account = inner.account(id).await?;
                continue;
            }
            Err(Rejected::Refused(refusal)) => {
                let unmet: Vec<&str> = refusal.guards.iter().map(|g| g.detail.as_str()).collect();
                let began =
                    deletion.begun.map(|at| format!("; it was begun at {at}, and ends with what is left"));
                let why = kept.words(&inner.entropy, &(unmet.join("; ") + &began.unwrap_or_default()))?;
                Command::DenyDeletion { command_hash: deletion.command_hash.clone(), why }
            }
            Err(other) => return Err(other.into()),
        };
        let act = Act::Account(id.clone(), command);
        let mut submission = Submission::new(Caller::System(System::Eraser), act).keeping(kept);
        // A certificate speaks of the account as it was looked at; what came in between is judged anew.
        submission.if_version = Some(account.version);
        inner.submit(submission).await?;
        account = inner.account(id).await?;
    }
}

/// What no deletion reaches.
const KEPT: [&str; 2] = [
    "words, letters and evidence: kept for appeals and for as long as the terms keep evidence",
    "the record: never deleted",
];

/// What a certificate says. Signed like the receipts of stops.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate<'a> {
    #[serde(rename = "certificate")]
    of: &'static str,
    account: &'a AccountId,
    account_version: u64,
    measure: &'a MeasureId,
    terms: String,
    retrieval_ended: Timestamp,
    proposed_by: &'a str,
    consents: Vec<Consent>,
    at: Timestamp,
    build: &'static str,
    /// What the permit covers.
    permitted: Vec<String>,
    /// What was deleted of that: every object and volume, with its UID.
    deleted: Vec<String>,
    /// The certificate of each environment.
    certificates: BTreeMap<String, String>,
    /// What was not, and why.
    remains: Vec<String>,
}

#[derive(Serialize)]
struct Consent {
    by: String,
    at: Timestamp,
}

async fn certificate(
    inner: &Inner,
    account: &Account,
    permit: &DeletionPermit,
) -> Result<String, EngineError> {
    let (deleted, mut remains, certificates) = erasing::told(inner, account).await?;
    remains.extend(KEPT.map(str::to_owned));
    let terms = &account.measure(permit.measure())?.proposal.terms;
    let certificate = Certificate {
        of: "deletion",
        account: permit.account(),
        account_version: account.version,
        measure: permit.measure(),
        terms: format!("{terms} (SHA-256 {})", terms.hash),
        retrieval_ended: permit.retrieval_ended(),
        proposed_by: permit.proposed_by(),
        consents: permit
            .consents()
            .iter()
            .map(|consent| Consent { by: format!("person/{}", consent.by), at: consent.at })
            .collect(),
        at: permit.minted_at(),
        build: env!("CARGO_PKG_VERSION"),
        permitted: certificates.keys().cloned().collect(),
        deleted,
        certificates,
        remains,
    };
    let text = serde_json::to_string_pretty(&certificate);
    text.map(|text| text + "\n").map_err(|e| EngineError::defect("certificate", &e))
}
