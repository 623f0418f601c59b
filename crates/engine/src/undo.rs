//! Undoing what a rule began: one command, a job that works it off, a transaction for each case.

use std::sync::Arc;

use jiff::Timestamp;
use tenure_domain::account::{Command, System};
use tenure_domain::book;
use tenure_domain::name::{CaseId, RuleId};
use tenure_store::Job;

use crate::engine::Engine;
use crate::inner::Inner;
use crate::stream::Decoded;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, stream};

/// How many cases are read at once; as many are undone at once, so that they share transactions.
const PAGE: u32 = 64;

/// How many texts of a rule are read at once.
const TEXTS: u32 = 200;

/// Undoes what the command with this number asks for. What is undone already stays so: after a crash the job begins
/// again and finds what is left.
pub(crate) async fn carry_out(inner: &Arc<Inner>, job: &Job) -> Result<(), EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("jobs", e);
    let (rule, n) = job.subject.split_once('/').ok_or_else(|| defect(&job.subject))?;
    let rule: RuleId = rule.parse().map_err(|e| defect(&e))?;
    let n: u64 = n.parse().map_err(|e| defect(&e))?;
    let entry = book::Entry::Undoing(rule.clone()).to_string();
    let row =
        inner.store.stream(&entry, n, 1).await?.into_iter().next().ok_or_else(|| defect(&job.subject))?;
    let Decoded { actor, event, .. } = stream::decode::<book::Event>(&row.leaf)?;
    let (book::Event::RuleUndone { from, until, why, .. }, Some(by)) = (event, actor.person()) else {
        return Err(defect(&job.subject));
    };
    let opener = format!("rule/{rule}");
    let mut after = String::new();
    loop {
        let page = inner.store.opened_by(&opener, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.case);
        let mut undoing = Vec::with_capacity(page.len());
        for row in &page {
            let opened = Timestamp::from_microsecond(row.opened_at).map_err(|e| defect(&e))?;
            if opened < from || until.is_some_and(|until| opened >= until) {
                continue;
            }
            let case: CaseId = row.case.parse().map_err(|e| defect(&e))?;
            let account = case.account().clone();
            let reports = Some(inner.store.last_report(account.as_str()).await?);
            let (rule, by, why) = (rule.clone(), by.clone(), why.clone());
            let command = Command::UndoCase { case, rule, by, why, reports };
            let submission = Submission::new(Caller::System(System::Batch), Act::Account(account, command));
            undoing.push(inner.submit(submission));
        }
        futures_util::future::try_join_all(undoing).await?;
    }
}

impl Engine {
    /// The span in which a text of a rule stood the last time: from its publication until that of another text. None
    /// where the rule never had that text.
    pub async fn text_stood(
        &self,
        rule: &RuleId,
        hash: &str,
    ) -> Result<Option<(Timestamp, Option<Timestamp>)>, EngineError> {
        let entry = book::Entry::Rule(rule.clone()).to_string();
        let (mut from, mut stood) = (1, None);
        loop {
            let rows = self.inner.store.stream(&entry, from, TEXTS).await?;
            let Some(last) = rows.last() else { return Ok(stood) };
            from = last.n + 1;
            for row in &rows {
                let Decoded { at, event, .. } = stream::decode::<book::Event>(&row.leaf)?;
                let book::Event::RulePublished { document, .. } = event else { continue };
                stood = match (document.as_str() == format!("sha256:{hash}"), stood) {
                    (true, _) => Some((at, None)),
                    (false, Some((since, None))) => Some((since, Some(at))),
                    (false, stood) => stood,
                };
            }
        }
    }
}
