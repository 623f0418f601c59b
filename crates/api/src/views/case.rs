//! Cases, notices and reports.

use std::collections::BTreeMap;

use tenure_domain::account::Account;
use tenure_domain::account::case::{Case, CaseState};
use tenure_domain::account::notice::{Notice, NoticeKind, NoticeState, ServedBy};
use tenure_domain::report::{Allegation, Report};
use tenure_domain::text::Words;
use tenure_engine::{Engine, Joined};
use tenure_wire::view::{AttemptView, CaseView, FailedAttemptView, JoinedView, NoticeView, ReportView};

use super::account::requirement;
use super::{clock, maybe_text, name, next, terms, text};
use crate::problem::Failure;

pub async fn case(
    engine: &Engine,
    account: &Account,
    case: &Case,
    to_member: bool,
) -> Result<CaseView, Failure> {
    let (state, outcome) = match &case.state {
        CaseState::Open => ("open", None),
        CaseState::Notified { .. } => ("notified", None),
        CaseState::Lapsed { .. } => ("lapsed", None),
        CaseState::Closed { outcome, .. } => ("closed", Some(name(outcome))),
    };
    let mut items = Vec::new();
    for item in case.items.iter().filter(|item| !(to_member && account.hides_item(&case.id, &item.id))) {
        items.push(requirement(engine, account, case, item).await?);
    }
    let accepted = engine.governing(account, case)?;
    // What carries out an order is opened in the words of the order.
    let untold = to_member && case.order.as_ref().is_some_and(|order| account.hides_order(order));
    Ok(CaseView {
        id: case.id.to_string(),
        terms: terms(account.governing(case)),
        disputed_since: case.disputed_since(),
        account: account.id.to_string(),
        ground: case.ground.to_string(),
        state: state.to_owned(),
        outcome,
        opened_at: case.opened_at,
        opened_by: case.opened_by.to_string(),
        why: maybe_text(engine, Some(&case.why).filter(|_| !untold)).await?,
        reports: case.reports.iter().map(ToString::to_string).collect(),
        items,
        notices: account
            .notices_of(&case.id)
            .filter(|n| !to_member || n.delayed.is_none())
            .map(|n| n.id.to_string())
            .collect(),
        measures: account
            .measures
            .iter()
            .filter(|m| m.proposal.case.as_ref() == Some(&case.id))
            .map(|m| m.id.to_string())
            .collect(),
        next: next::steps(account, &accepted, Some(&case.id), to_member),
        why_not_yet: next::why_not_yet(engine, account, Some(&case.id))?,
        paused: clock::paused(engine, account, case, &accepted, to_member).await?,
        withdrawn_because: maybe_text(engine, case.withdrawn_why.as_ref().filter(|_| !untold)).await?,
    })
}

pub async fn notice(engine: &Engine, notice: &Notice) -> Result<NoticeView, Failure> {
    let power = notice.kind.starts_cure().or(notice.kind.starts_notice());
    let appeal = match &notice.kind {
        NoticeKind::AppealOutcome { appeal } => Some(appeal.to_string()),
        _ => None,
    };
    let letter = engine.blob(notice.letter.as_str()).await?;
    Ok(NoticeView {
        id: notice.id.to_string(),
        case: notice.case.to_string(),
        title: notice.kind.title().to_owned(),
        power: power.map(ToString::to_string),
        measure: notice.kind.measure().map(ToString::to_string),
        appeal,
        why: text(engine, &notice.why).await?,
        statement: notice.statement.as_ref().map(ToString::to_string),
        called_by: notice.called_by,
        letter: letter.and_then(|blob| String::from_utf8(blob.bytes).ok()),
        issued_at: notice.issued_at,
        state: match &notice.state {
            NoticeState::Issued => "issued",
            NoticeState::Undeliverable { .. } => "undeliverable",
            NoticeState::Served { .. } => "served",
        }
        .to_owned(),
        served_at: notice.served_at(),
        notice_ends: notice.notice_ends(),
        cure_ends: notice.cure_ends(),
        attempts: notice
            .attempts
            .iter()
            .map(|a| AttemptView { channel: a.channel.to_string(), at: a.at, proof: a.proof.clone() })
            .collect(),
        failed: notice
            .failed
            .iter()
            .map(|f| FailedAttemptView { channel: f.channel.to_string(), at: f.at, why: f.why.clone() })
            .collect(),
        retry_at: notice.retry_at.filter(|_| notice.awaits_delivery()),
        undeliverable_since: match &notice.state {
            NoticeState::Undeliverable { since } => Some(*since),
            NoticeState::Issued | NoticeState::Served { .. } => None,
        },
        served_by: match &notice.state {
            NoticeState::Served { by, .. } => Some(
                match by {
                    ServedBy::Acknowledged { .. } => "acknowledged",
                    ServedBy::Read { .. } => "read",
                    ServedBy::Delivered { .. } => "delivered",
                    ServedBy::Deemed => "deemed",
                }
                .to_owned(),
            ),
            NoticeState::Issued | NoticeState::Undeliverable { .. } => None,
        },
        reminded: notice.reminded.iter().map(name).collect(),
    })
}

pub async fn report(engine: &Engine, report: &Report, to_member: bool) -> Result<ReportView, Failure> {
    let told = &report.allegation;
    Ok(ReportView {
        id: report.id.to_string(),
        account: report.id.account().to_string(),
        ground: told.ground.to_string(),
        locator: text(engine, &told.locator).await?,
        statement: text(engine, &told.statement).await?,
        evidence: evidence(told),
        filed_at: report.filed_at,
        filed_by: (!to_member).then(|| report.filed_by.to_string()),
        remediated_at: report.remediation.as_ref().map(|r| r.at),
        answer: match &report.remediation {
            Some(remediation) => text(engine, &remediation.answer).await?,
            None => None,
        },
        observed_at: told.observed_at,
        language: told.language.clone(),
        format: told.format.as_ref().map(ToString::to_string),
        contact: reporters(engine, told.contact.as_ref(), to_member).await?,
        reference: reporters(engine, told.reference.as_ref(), to_member).await?,
        joined: report.joined,
    })
}

/// What was joined to a report.
pub async fn joined(engine: &Engine, joined: &Joined, to_member: bool) -> Result<JoinedView, Failure> {
    let told = &joined.allegation;
    Ok(JoinedView {
        n: joined.n,
        at: joined.at,
        by: (!to_member).then(|| joined.by.clone()),
        ground: told.ground.to_string(),
        locator: text(engine, &told.locator).await?,
        statement: text(engine, &told.statement).await?,
        evidence: evidence(told),
        observed_at: told.observed_at,
        language: told.language.clone(),
        format: told.format.as_ref().map(ToString::to_string),
        contact: reporters(engine, told.contact.as_ref(), to_member).await?,
        reference: reporters(engine, told.reference.as_ref(), to_member).await?,
    })
}

fn evidence(told: &Allegation) -> BTreeMap<String, String> {
    told.evidence.iter().map(|(id, media_type)| (id.to_string(), media_type.clone())).collect()
}

/// Words about the reporter, which the account reported does not see.
async fn reporters(
    engine: &Engine,
    words: Option<&Words>,
    to_member: bool,
) -> Result<Option<String>, Failure> {
    match words {
        Some(words) if !to_member => text(engine, words).await,
        _ => Ok(None),
    }
}
