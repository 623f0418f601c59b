//! Cases, notices and reports.

use std::collections::BTreeMap;

use tenure_domain::account::Account;
use tenure_domain::account::case::{Case, CaseState};
use tenure_domain::account::notice::{Notice, NoticeKind};
use tenure_domain::report::{Allegation, Report};
use tenure_domain::text::Words;
use tenure_engine::{Engine, Joined};
use tenure_wire::view::{AttemptView, CaseView, JoinedView, NoticeView, ReportView};

use super::account::requirement;
use super::{name, next, text};
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
    for item in &case.items {
        items.push(requirement(engine, account, case, item).await?);
    }
    let accepted = engine.accepted(account)?;
    Ok(CaseView {
        id: case.id.to_string(),
        account: account.id.to_string(),
        ground: case.ground.to_string(),
        state: state.to_owned(),
        outcome,
        opened_at: case.opened_at,
        opened_by: case.opened_by.to_string(),
        why: text(engine, &case.why).await?,
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
            .filter(|m| m.proposal.case == case.id)
            .map(|m| m.id.to_string())
            .collect(),
        next: next::steps(account, &accepted, Some(&case.id), to_member),
        why_not_yet: next::why_not_yet(engine, account, Some(&case.id))?,
    })
}

pub async fn notice(engine: &Engine, notice: &Notice) -> Result<NoticeView, Failure> {
    let (power, measure) = match &notice.kind {
        NoticeKind::Violation { power }
        | NoticeKind::Intent { power }
        | NoticeKind::ViolationAndIntent { power } => (Some(power.to_string()), None),
        NoticeKind::Emergency { measure } | NoticeKind::Removal { measure } => {
            (None, Some(measure.to_string()))
        }
    };
    let letter = engine.blob(notice.letter.as_str()).await?;
    Ok(NoticeView {
        id: notice.id.to_string(),
        case: notice.case.to_string(),
        title: notice.kind.title().to_owned(),
        power,
        measure,
        why: text(engine, &notice.why).await?,
        letter: letter.and_then(|blob| String::from_utf8(blob.bytes).ok()),
        issued_at: notice.issued_at,
        state: if notice.served_at().is_some() { "served" } else { "issued" }.to_owned(),
        served_at: notice.served_at(),
        notice_ends: notice.notice_ends(),
        cure_ends: notice.cure_ends(),
        attempts: notice
            .attempts
            .iter()
            .map(|a| AttemptView { channel: a.channel.to_string(), at: a.at, proof: a.proof.clone() })
            .collect(),
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
