//! Rules at work: the facts of an account are read, each rule is asked, and a match goes on the record.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tenure_domain::account::Account;
use tenure_domain::account::command::Command;
use tenure_domain::name::AccountId;
use tenure_domain::refusal::{Guard, Rejected};
use tenure_rules::{Facts, Mode, REPORTS_MAX, ReportFact, Rule, Verdict};

use crate::inner::Inner;
use crate::kept::Kept;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, check, enforce};

/// How far back reports are read, in days: the longest window that rules may name.
const BACK_DAYS: i64 = 366;

/// The fact that tells a match after a clearance from the one that was cleared: the number of the last report.
const LAST_REPORT: &str = "reports.last";

/// Asks every rule about an account.
pub(crate) async fn account(inner: &Arc<Inner>, id: &AccountId) -> Result<(), EngineError> {
    let shelf = inner.shelf();
    let rules: Vec<Arc<Rule>> = shelf.rules.values().filter(|r| r.mode != Mode::Off).cloned().collect();
    let account = inner.account(id).await?;
    if rules.is_empty() && !check::watches(&account) {
        return Ok(());
    }
    let terms = account.accepted(&shelf.terms)?;
    let now = inner.clock.now();
    let reports = facts(inner, id, now).await?;
    let all: Vec<ReportFact> = reports.iter().map(|(_, fact)| fact.clone()).collect();
    check::facts(inner, &account, &Facts { now, calendar: &terms.calendar, reports: &all }).await?;
    for rule in rules {
        // What a person found to be false is no fact of the rules that would open the same case again.
        let cleared = account.cleared_reports(&rule.ground, now);
        let counted: Vec<ReportFact> = if cleared == 0 || all.len() > REPORTS_MAX {
            all.clone()
        } else {
            reports.iter().filter(|(number, _)| *number > cleared).map(|(_, fact)| fact.clone()).collect()
        };
        match rule.evaluate(&Facts { now, calendar: &terms.calendar, reports: &counted }) {
            Verdict::Match(used) => {
                let facts: BTreeMap<String, String> = used.into_iter().map(|f| (f.name, f.value)).collect();
                record(inner, id, &rule, facts.clone()).await?;
                enforce::notify(inner, id, &rule, &facts, &reports).await?;
            }
            Verdict::NoMatch(_) => {}
            Verdict::CannotDecide(why) => {
                tracing::debug!(rule = %rule.id, account = %id, why, "a rule cannot decide");
            }
        }
    }
    Ok(())
}

/// What was reported about an account, with the reports' numbers.
async fn facts(inner: &Inner, id: &AccountId, now: Timestamp) -> Result<Vec<(u32, ReportFact)>, EngineError> {
    let since = now.as_microsecond() - BACK_DAYS * 86_400 * 1_000_000;
    // One more than rules look at, so that they can tell that there are more, and decide nothing.
    let most = u32::try_from(REPORTS_MAX + 1).unwrap_or(u32::MAX);
    let rows = inner.store.reports(id.as_str(), since, most).await?;
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("reports", e);
    rows.into_iter()
        .map(|row| {
            let time = |micros| Timestamp::from_microsecond(micros).map_err(|e| defect(&e));
            let fact = ReportFact {
                ground: row.ground.parse().map_err(|e| defect(&e))?,
                filed_at: time(row.filed_at)?,
                remediated_at: row.remediated_at.map(time).transpose()?,
            };
            Ok((row.number, fact))
        })
        .collect()
}

/// Puts a match on the record, and opens a case where the rule's mode says so and its cap allows it.
async fn record(
    inner: &Arc<Inner>,
    id: &AccountId,
    rule: &Rule,
    facts: BTreeMap<String, String>,
) -> Result<(), EngineError> {
    let mut facts = facts;
    let account = inner.account(id).await?;
    if account.cleared_on(&rule.ground, inner.clock.now()).is_some() {
        // The same numbers of other reports are another signal than the one that was cleared, and the record says so.
        facts.insert(LAST_REPORT.to_owned(), inner.store.last_report(id.as_str()).await?.to_string());
    }
    let opens = matches!(rule.mode, Mode::Notify | Mode::Enforce)
        && !account.cases.iter().any(|c| !c.is_closed() && c.ground == rule.ground && c.order.is_none())
        && says_something_new(inner, &account, rule).await?;
    let refusal = match submit(inner, id, rule, facts.clone(), opens).await {
        Ok(()) => return Ok(()),
        Err(EngineError::Rejected(Rejected::Refused(refusal))) => refusal,
        Err(error) => return Err(error),
    };
    let why = refusal.guards.first().map_or("", |g| &g.detail);
    tracing::warn!(rule = %rule.id, account = %id, why, "a rule's match opened nothing");
    if opens && refusal.guards.iter().any(|g| g.guard == Guard::WithinCap) {
        // The cap is on what the rule does; that it matched stands on the record all the same.
        submit(inner, id, rule, facts, false).await?;
    }
    Ok(())
}

/// Whether anything was reported since a person cleared what a rule saw: by time alone a match says nothing new.
async fn says_something_new(inner: &Inner, account: &Account, rule: &Rule) -> Result<bool, EngineError> {
    let now = inner.clock.now();
    if account.cleared_on(&rule.ground, now).is_none() {
        return Ok(true);
    }
    let last = account.cleared_reports(&rule.ground, now);
    Ok(!inner.store.reports_after(account.id.as_str(), last, 1).await?.is_empty())
}

/// A match in words.
pub(crate) fn why(rule: &Rule, facts: &BTreeMap<String, String>) -> String {
    let said: Vec<String> = facts.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    format!("Rule {} matched: {}", rule.id, said.join("; "))
}

async fn submit(
    inner: &Arc<Inner>,
    id: &AccountId,
    rule: &Rule,
    facts: BTreeMap<String, String>,
    opens: bool,
) -> Result<(), EngineError> {
    let mut kept = Kept::default();
    let why = kept.words(&inner.entropy, &why(rule, &facts))?;
    let command =
        Command::RecordMatch { rule: rule.id.clone(), ground: rule.ground.clone(), opens, facts, why };
    let mut submission =
        Submission::new(Caller::Rule(rule.id.clone()), Act::Account(id.clone(), command)).keeping(kept);
    if opens {
        let day = inner.clock.now().as_second().div_euclid(86_400);
        let accounts = inner.store.count_aggregates("account").await?;
        let most = i64::try_from(rule.caps.most_per_day(accounts)).unwrap_or(i64::MAX);
        submission.caps.push((format!("rule/{}/{day}", rule.id), most));
    }
    inner.submit(submission).await?;
    if opens {
        tracing::info!(rule = %rule.id, account = %id, "a rule opened a case");
    }
    Ok(())
}
