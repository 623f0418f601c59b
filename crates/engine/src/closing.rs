//! The end of an account: telling it for how long its data can be fetched, and deleting under a permit.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tenure_domain::account::closing::{Closing, REMINDERS};
use tenure_domain::account::command::Command;
use tenure_domain::account::{Account, Actor, Context, System};
use tenure_domain::name::{AccountId, MeasureId};
use tenure_domain::permit::DeletionPermit;
use tenure_domain::refusal::Rejected;
use tenure_domain::terms::{Terms, TermsRef};

use crate::inner::Inner;
use crate::kept::Kept;
use crate::reconcile::RECEIPT_TYPE;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, letters};

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
    let text = letter(&account, under, closing, number, inner.clock.now());
    let mut kept = Kept::default();
    let why = kept.words(&inner.entropy, &format!("{measure} ended the account"))?;
    let letter = kept.blob("text/plain; charset=utf-8", text.into_bytes());
    let id = measure.account().clone();
    let command = Command::IssueRetrievalNotice { measure, number, why, letter };
    let act = Act::Account(id, command);
    inner.submit(Submission::new(Caller::System(System::Delivery), act).keeping(kept)).await?;
    Ok(())
}

fn letter(
    account: &Account,
    under: (&Terms, &TermsRef),
    closing: &Closing,
    number: u8,
    now: Timestamp,
) -> String {
    let (terms, _) = under;
    let mut letter = String::new();
    let title = match number {
        0 => "Notice of the time to fetch your data".to_owned(),
        number => format!("Reminder {number} of {REMINDERS}: the time to fetch your data"),
    };
    letters::begin(&mut letter, &title, account, under, now);
    let _ = writeln!(letter, "Measure:          {}", closing.measure);
    let _ = writeln!(
        letter,
        "\nThe account has ended: {} took effect on {}. Nothing runs any more; you can still read, and fetch what is stored.",
        closing.measure,
        terms.calendar.local(closing.since)
    );
    match (&closing.retrieve, closing.retrieval) {
        (Some(retrieve), _) => {
            let ends = terms.calendar.local(retrieve.ends.at);
            let _ = writeln!(
                letter,
                "You can fetch your data until {ends}, or later if a reminder reaches you later."
            );
        }
        (None, Some(period)) => {
            let _ = writeln!(
                letter,
                "From the service of this notice you have {} to fetch your data, and never less than {}.",
                period.in_words(),
                closing.floor.unwrap_or(period).in_words()
            );
        }
        (None, None) => {}
    }
    let _ = writeln!(
        letter,
        "After that your data may be deleted if {} people of the provider consent and no appeal, order or hold stands \
         against it. Nothing is deleted before {REMINDERS} reminders were served.",
        closing.quorum
    );
    letters::end(&mut letter, account);
    letter
}

/// Closes an account whose deletion has its quorum, under a permit minted now; where there is none any more, the
/// deletion ends and has to be proposed anew.
pub(crate) async fn delete(inner: &Arc<Inner>, id: &AccountId) -> Result<(), EngineError> {
    let account = inner.account(id).await?;
    let approved = account.lifecycle.closing().and_then(|c| c.deletion.as_ref()).filter(|d| d.approved);
    let Some(deletion) = approved else { return Ok(()) };
    let shelf = inner.shelf();
    let actor = Actor::System(System::Eraser);
    let context = Context { now: inner.clock.now(), actor: &actor, book: &shelf.terms };
    let mut kept = Kept::default();
    let command = match account.deletion_permit(&context) {
        Ok(permit) => {
            let text = certificate(&account, &permit)?;
            let note = tenure_ledger::note::sign(&text, &inner.key.origin, &inner.key.signing)
                .map_err(|e| EngineError::defect("certificate", &e))?;
            Command::ConfirmDeletion { certificate: kept.blob(RECEIPT_TYPE, note.into_bytes()) }
        }
        Err(Rejected::Refused(refusal)) => {
            let unmet: Vec<&str> = refusal.guards.iter().map(|g| g.detail.as_str()).collect();
            let why = kept.words(&inner.entropy, &unmet.join("; "))?;
            Command::DenyDeletion { command_hash: deletion.command_hash.clone(), why }
        }
        Err(other) => return Err(other.into()),
    };
    let act = Act::Account(id.clone(), command);
    let mut submission = Submission::new(Caller::System(System::Eraser), act).keeping(kept);
    // A certificate speaks of the account as it was looked at; what came in between is judged anew.
    submission.if_version = Some(account.version);
    inner.submit(submission).await?;
    Ok(())
}

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
    /// What was deleted of that.
    deleted: Vec<String>,
    /// What was not, and why.
    remains: Vec<&'static str>,
}

#[derive(Serialize)]
struct Consent {
    by: String,
    at: Timestamp,
}

fn certificate(account: &Account, permit: &DeletionPermit) -> Result<String, EngineError> {
    let mut permitted = Vec::new();
    for (environment, declared) in &account.environments {
        permitted.push(format!("environment/{environment}"));
        let volumes = declared.workloads.iter().filter(|(_, workload)| workload.volume.is_some());
        permitted.extend(volumes.map(|(workload, _)| format!("volume of workload/{environment}/{workload}")));
        for (workload, spec) in &declared.workloads {
            let named = spec.volumes.keys();
            permitted.extend(named.map(|name| format!("volume {name} of workload/{environment}/{workload}")));
        }
        permitted.extend(declared.secrets.keys().map(|secret| format!("secret {secret} of {environment}")));
    }
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
        permitted,
        deleted: Vec::new(),
        remains: vec![
            "namespaces and volumes in the cluster: this build permits their deletion and does not carry it out",
            "words, letters and evidence: kept for appeals and for as long as the terms keep evidence",
            "the record: never deleted",
        ],
    };
    let text = serde_json::to_string_pretty(&certificate);
    text.map(|text| text + "\n").map_err(|e| EngineError::defect("certificate", &e))
}
