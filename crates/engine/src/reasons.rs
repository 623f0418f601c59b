//! Gathering what a notice's statement is compiled from: the words of people, and reports as facts. The record only
//! commits to them; what is read here never changes once it is there, so it is read before the decision's transaction.

use std::collections::{BTreeMap, BTreeSet};

use tenure_domain::account::Account;
use tenure_domain::account::case::Case;
use tenure_domain::account::event::Event;
use tenure_domain::account::notice::{Notice, NoticeKind};
use tenure_domain::name::{ItemId, ReportId};
use tenure_domain::refusal::Rejected;
use tenure_domain::report::Report;
use tenure_domain::statement::lint::{MOST_EVIDENCE, MOST_FACTS};
use tenure_domain::statement::{Fact, Reasons, Source, Statement};
use tenure_domain::text::Words;

use crate::inner::Inner;
use crate::{Engine, EngineError, stream};

/// What whoever issues a notice says in it.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Why.
    pub why: String,
    /// Why nothing less would do.
    pub why_not_less: Option<String>,
    /// The reports it rests on, beside those of the case.
    pub reports: BTreeSet<ReportId>,
    /// What it rests on that is no report.
    pub facts: Vec<Fact>,
    /// The words of what it asks for.
    pub asks: BTreeMap<ItemId, String>,
}

impl Engine {
    /// The reasons of a notice in a case.
    pub async fn reasons(&self, account: &Account, case: &Case, said: Said) -> Result<Reasons, EngineError> {
        gather(&self.inner, account, case, said).await
    }

    /// The statement of a notice; none where it was issued before statements were kept.
    pub async fn statement(
        &self,
        notice: &tenure_domain::account::notice::Notice,
    ) -> Result<Option<Statement>, EngineError> {
        match &notice.statement {
            Some(blob) => read_statement(&self.inner, blob.as_str()).await.map(Some),
            None => Ok(None),
        }
    }

    /// How letters are written.
    pub fn letters(&self) -> &tenure_letters::Letters {
        &self.inner.letters
    }
}

/// The reasons of the notice that something calls for.
pub(crate) async fn called(
    inner: &Inner,
    account: &Account,
    kind: &NoticeKind,
    event: &Event,
) -> Result<Reasons, EngineError> {
    let (case, why) = account.called_in(kind)?;
    let case = account.case(&case)?;
    let mut said = Said::default();
    if account.is_explained(kind) {
        said.why = words(inner, &why).await?.unwrap_or_default();
    }
    // Why a period was made longer is said by the event alone.
    if let Event::NoticeExtended { why, .. } = event {
        said.why = words(inner, why).await?.unwrap_or_default();
    }
    if let Some(measure) = kind.measure().filter(|_| kind.needs_facts()) {
        let proposal = &account.measure(measure)?.proposal;
        if let Some(why_not_less) = &proposal.why_not_less {
            said.why_not_less = words(inner, why_not_less).await?;
        }
        let rests_on_facts = |n: &&Notice| n.kind.accuses() || matches!(n.kind, NoticeKind::Emergency { .. });
        for notice in account.notices_of(&case.id).filter(rests_on_facts) {
            let Some(blob) = &notice.statement else { continue };
            for fact in read_statement(inner, blob.as_str()).await?.facts {
                match fact.source {
                    Source::Report => {
                        said.reports.extend(fact.id.parse::<ReportId>().ok());
                    }
                    Source::Finding => {
                        if !said.facts.iter().any(|f| f.id == fact.id) {
                            said.facts.push(fact);
                        }
                    }
                    // The account's own record says these again.
                    Source::Rule | Source::Notice | Source::Invoice => {}
                }
            }
        }
        let mut reasons = gather(inner, account, case, said).await?;
        fit(&mut reasons, account, case);
        return Ok(reasons);
    }
    // What rests on no facts of the case names none of them again.
    let asks = asks(inner, case, said.asks).await?;
    Ok(Reasons { why: said.why, asks, ..Reasons::default() })
}

/// Cuts what was gathered to what a statement holds beside the notices, the invoices and the rule's match, which it names
/// as facts of their own: the notices name all of it.
fn fit(reasons: &mut Reasons, account: &Account, case: &Case) {
    let others = account.notices_of(&case.id).count() + account.invoices.len() + 1;
    reasons.facts.truncate(MOST_FACTS.saturating_sub(others));
    let mut named = 0;
    for fact in reasons.facts.iter_mut().filter(|f| f.source == Source::Finding) {
        named += fact.evidence.len();
        if named > MOST_EVIDENCE {
            fact.evidence.clear();
        }
    }
}

pub(crate) async fn gather(
    inner: &Inner,
    account: &Account,
    case: &Case,
    said: Said,
) -> Result<Reasons, EngineError> {
    let Said { why, why_not_less, mut reports, mut facts, asks: asked } = said;
    reports.extend(case.reports.iter().cloned());
    reports.extend(case.items.iter().filter_map(|item| item.report.clone()));
    let mut found = Vec::with_capacity(reports.len());
    for id in reports {
        found.push(reported(inner, account, &id).await?);
    }
    found.append(&mut facts);
    let asks = asks(inner, case, asked).await?;
    Ok(Reasons { why, why_not_less, facts: found, asks, letter: None })
}

/// The words of a case's items, beside those that come in now. Erased words stay away.
async fn asks(
    inner: &Inner,
    case: &Case,
    mut asks: BTreeMap<ItemId, String>,
) -> Result<BTreeMap<ItemId, String>, EngineError> {
    for item in &case.items {
        if let Some(text) = words(inner, &item.ask).await? {
            asks.insert(item.id.clone(), text);
        }
    }
    Ok(asks)
}

async fn reported(inner: &Inner, account: &Account, id: &ReportId) -> Result<Fact, EngineError> {
    let not_there = || EngineError::from(Rejected::not_found("report", id));
    if id.account() != &account.id {
        return Err(not_there());
    }
    let row = inner.store.aggregate(&stream::report(id)).await?.ok_or_else(not_there)?;
    let report: Report =
        serde_json::from_str(&row.state).map_err(|e| EngineError::defect(&row.stream, &e))?;
    let told = &report.allegation;
    Ok(Fact {
        id: id.to_string(),
        at: Some(told.observed_at.unwrap_or(report.filed_at).min(report.filed_at)),
        // Erased words are told as what they are, so that a lift or a later notice can still be issued.
        locator: words(inner, &told.locator).await?.unwrap_or_else(|| format!("/v1/reports/{id}")),
        what: words(inner, &told.statement).await?,
        evidence: told.evidence.keys().cloned().collect(),
        source: Source::Report,
        automated: matches!(report.filed_by, tenure_domain::account::Actor::Rule(_)),
    })
}

async fn words(inner: &Inner, words: &Words) -> Result<Option<String>, EngineError> {
    Ok(inner.store.words(words.as_str()).await?)
}

pub(crate) async fn read_statement(inner: &Inner, id: &str) -> Result<Statement, EngineError> {
    let text = inner.blob_text(id).await?;
    serde_json::from_str(&text).map_err(|e| EngineError::defect(id, &e))
}
