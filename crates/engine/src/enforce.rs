//! The violation notice that a rule in mode `enforce` issues in the case that it opened.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenure_domain::account::command::{Command, Starts};
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::Asked;
use tenure_domain::account::{Account, Actor};
use tenure_domain::name::{AccountId, ItemId, ReportId};
use tenure_domain::refusal::Rejected;
use tenure_domain::terms::{Power, Process, Terms};
use tenure_rules::{Condition, Mode, ReportFact, Rule};

use crate::inner::Inner;
use crate::kept::Kept;
use crate::reasons::{Said, gather};
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, evaluate};

/// The one item that such a notice asks for.
const ITEM: &str = "signal";

/// How many unanswered reports a notice names as its facts, the oldest ones: enough to act on, few enough to read.
const REPORTS_NAMED: usize = 20;

/// Issues the notice where it is still to be issued: after a crash between the case and its notice too.
pub(crate) async fn notify(
    inner: &Arc<Inner>,
    id: &AccountId,
    rule: &Rule,
    matched: &BTreeMap<String, String>,
    reports: &[(u32, ReportFact)],
) -> Result<(), EngineError> {
    if rule.mode != Mode::Enforce {
        return Ok(());
    }
    let account = inner.account(id).await?;
    let opened = Actor::Rule(rule.id.clone());
    let unsaid = |case: &&tenure_domain::account::case::Case| {
        !case.is_closed() && case.opened_by == opened && account.notices_of(&case.id).next().is_none()
    };
    let Some(case) = account.cases.iter().find(unsaid) else { return Ok(()) };
    let shelf = inner.shelf();
    let terms = account.terms_of(case, &shelf.terms)?;
    let Some(power) = mildest(terms, rule) else {
        tracing::warn!(rule = %rule.id, account = %id, "no power on its ground has a notice: a person goes on with the case");
        return Ok(());
    };
    let item: ItemId = ITEM.parse().map_err(|e| EngineError::defect("an item's name", &e))?;
    let when = rule.when.text().trim();
    let ask = format!("What the rule {} saw is to hold no longer: {when}", rule.id);
    let why = evaluate::why(rule, matched);
    let said = Said {
        why: why.clone(),
        reports: unanswered(&account, rule, reports),
        asks: BTreeMap::from([(item.clone(), ask.clone())]),
        ..Said::default()
    };
    let reasons = gather(inner, &account, case, said).await?;
    let mut kept = Kept::default();
    let asked = Asked {
        id: item,
        ask: kept.words(&inner.entropy, &ask)?,
        report: None,
        invoice: None,
        verifier: over(when),
    };
    let command = Command::IssueNotice {
        case: case.id.clone(),
        starts: Starts::Cure,
        power: power.id.clone(),
        why: kept.words(&inner.entropy, &why)?,
        items: vec![asked],
        reasons,
    };
    let mut submission =
        Submission::new(Caller::Rule(rule.id.clone()), Act::Account(id.clone(), command)).keeping(kept);
    submission.if_version = Some(account.version);
    match inner.submit(submission).await {
        Ok(_) => tracing::info!(rule = %rule.id, account = %id, "a rule issued a notice of violation"),
        // A person may have closed the case or said it first: what is still to be said is looked at next time.
        Err(EngineError::Rejected(rejected @ (Rejected::Refused(_) | Rejected::Invalid { .. }))) => {
            tracing::warn!(rule = %rule.id, account = %id, ?rejected, "a rule's notice was refused: a person goes on with the case");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The power on the rule's ground that takes least away and leaves time to put things right.
fn mildest<'a>(terms: &'a Terms, rule: &Rule) -> Option<&'a Power> {
    terms
        .powers
        .iter()
        .filter(|power| power.grounds.contains(&rule.ground))
        .filter(|power| matches!(&power.process, Process::Noticed { cure, .. } if !cure.is_zero()))
        .min_by_key(|power| power.rung())
}

/// The reports on what the rule counts that nobody has answered.
fn unanswered(
    account: &Account,
    rule: &Rule,
    reports: &[(u32, ReportFact)],
) -> std::collections::BTreeSet<ReportId> {
    let counts = |ground: &str| rule.when.text().contains(&format!("\"{ground}\""));
    reports
        .iter()
        .filter(|(_, report)| report.remediated_at.is_none() && counts(report.ground.as_str()))
        .take(REPORTS_NAMED)
        .map(|(number, _)| ReportId::new(account.id.clone(), *number))
        .collect()
}

/// The facts themselves say when the signal is over; where the condition is too long to be turned round, a person does.
fn over(when: &str) -> Verifier {
    let bound = format!("!({when})");
    if Condition::parse(&bound).is_ok() { Verifier::Fact { bound } } else { Verifier::Review }
}
