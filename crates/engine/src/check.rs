//! Verifiers of what cases ask for: facts that cross a bound, and places where nothing may be found any more.

use std::sync::Arc;

use serde_json::json;
use sha2::{Digest, Sha256};
use tenure_domain::account::Account;
use tenure_domain::account::System;
use tenure_domain::account::case::ItemState;
use tenure_domain::account::command::Command;
use tenure_domain::account::cure::{Found, Verifier};
use tenure_domain::name::{AccountId, CaseId, ItemId};
use tenure_rules::{Condition, Facts, Verdict};
use tenure_store::Job;

use crate::EngineError;
use crate::inner::Inner;
use crate::kept::Kept;
use crate::submission::{Act, Caller, Submission};

/// How much of an answer's body is kept as evidence, in bytes.
const SHOWN: usize = 4_096;

/// What a check's job is about.
pub(crate) fn subject(case: &CaseId, item: &ItemId) -> String {
    format!("{case}/{item}")
}

/// Whether an account has items that its facts can meet.
pub(crate) fn watches(account: &Account) -> bool {
    watched(account).next().is_some()
}

fn watched(account: &Account) -> impl Iterator<Item = (&CaseId, &ItemId, &str)> {
    account.cases.iter().filter(|c| !c.is_closed()).flat_map(|case| {
        case.items.iter().filter(|item| !item.is_met()).filter_map(|item| match &item.verifier {
            Verifier::Fact { bound } => Some((&case.id, &item.id, bound.as_str())),
            Verifier::Review | Verifier::Gone { .. } => None,
        })
    })
}

/// Asks the facts of an account about every item that they can meet.
pub(crate) async fn facts(
    inner: &Arc<Inner>,
    account: &Account,
    facts: &Facts<'_>,
) -> Result<(), EngineError> {
    for (case, item, bound) in watched(account) {
        let defect = |e: &dyn std::fmt::Display| EngineError::defect("an item's bound", e);
        match Condition::parse(bound).map_err(|e| defect(&e))?.evaluate(facts) {
            Verdict::Match(used) => {
                let facts = used.into_iter().map(|f| (f.name, f.value)).collect();
                let found = Found::Crossed { facts };
                record(inner, case, item, found, Kept::default(), None).await?;
            }
            Verdict::NoMatch(_) => {}
            Verdict::CannotDecide(why) => {
                tracing::debug!(%case, %item, why, "the facts do not say whether an item is met");
            }
        }
    }
    Ok(())
}

/// Looks whether something still answers at the place that an item is about, once the account said that it is gone. A
/// look that fails decides nothing: the case's daily check looks again, and a person can decide at any time.
pub(crate) async fn place(inner: &Arc<Inner>, job: &Job) -> Result<(), EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("check", e);
    let (case, item) = job.subject.split_once('/').ok_or_else(|| defect(&job.subject))?;
    let case: CaseId = case.parse().map_err(|e| defect(&e))?;
    let item: ItemId = item.parse().map_err(|e| defect(&e))?;
    let account = inner.account(case.account()).await?;
    let Ok(found) = account.case(&case) else { return Ok(()) };
    let Some(asked) = found.item(&item) else { return Ok(()) };
    let Verifier::Gone { locator } = &asked.verifier else { return Ok(()) };
    // What a person decided meanwhile stands.
    if found.is_closed() || !matches!(asked.state, ItemState::Submitted { .. }) {
        return Ok(());
    }
    let Some(locator) = inner.store.words(locator.as_str()).await? else {
        tracing::warn!(%case, %item, "the words that say where to look were erased: a person decides");
        return Ok(());
    };
    let answer = match inner.fetcher.look(&locator).await {
        Ok(answer) => answer,
        Err(error) => {
            let source = std::error::Error::source(&error);
            tracing::warn!(%case, %item, %error, source, "a look at a place says nothing; it is looked again tomorrow");
            return Ok(());
        }
    };
    let shown = &answer.body[..answer.body.len().min(SHOWN)];
    let evidence = json!({
        "asked": answer.asked,
        "address": answer.address.to_string(),
        "at": inner.clock.now().to_string(),
        "status": answer.status,
        "mediaType": answer.media_type,
        "bytesRead": answer.body.len(),
        "sha256": hex::encode(Sha256::digest(&answer.body)),
        "begins": String::from_utf8_lossy(shown),
    });
    let mut kept = Kept::default();
    let evidence = kept.blob("application/json", evidence.to_string().into_bytes());
    let status = answer.status;
    let (found, why) = if answer.is_gone() {
        (Found::Gone { status, evidence }, None)
    } else {
        let why = format!("Something still answers at this place, with the status {status}.");
        (Found::There { status, evidence }, Some(kept.words(&inner.entropy, &why)?))
    };
    record(inner, &case, &item, found, kept, why).await
}

async fn record(
    inner: &Arc<Inner>,
    case: &CaseId,
    item: &ItemId,
    found: Found,
    kept: Kept,
    why: Option<tenure_domain::text::Words>,
) -> Result<(), EngineError> {
    let command = Command::RecordCheck { case: case.clone(), item: item.clone(), found, why };
    let account: AccountId = case.account().clone();
    let submission = Submission::new(Caller::System(System::Verifier), Act::Account(account, command));
    inner.submit(submission.keeping(kept)).await?;
    Ok(())
}
