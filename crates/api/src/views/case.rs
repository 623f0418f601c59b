//! Cases, notices and reports.

use tenure_domain::account::Account;
use tenure_domain::account::case::{Case, CaseState};
use tenure_domain::account::notice::{Notice, NoticeKind};
use tenure_domain::report::Report;
use tenure_engine::Engine;
use tenure_wire::view::{AttemptView, CaseView, NoticeView, ReportView};

use super::account::requirement;
use super::{name, next, text};
use crate::problem::Failure;

pub async fn case(engine: &Engine, account: &Account, case: &Case) -> Result<CaseView, Failure> {
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
        notices: account.notices_of(&case.id).map(|n| n.id.to_string()).collect(),
        measures: account
            .measures
            .iter()
            .filter(|m| m.proposal.case == case.id)
            .map(|m| m.id.to_string())
            .collect(),
        next: next::steps(account, &accepted, Some(&case.id)),
        why_not_yet: next::why_not_yet(engine, account, Some(&case.id))?,
    })
}

pub async fn notice(engine: &Engine, notice: &Notice) -> Result<NoticeView, Failure> {
    let (power, measure) = match &notice.kind {
        NoticeKind::Violation { power }
        | NoticeKind::Intent { power }
        | NoticeKind::ViolationAndIntent { power } => (Some(power.to_string()), None),
        NoticeKind::Emergency { measure } => (None, Some(measure.to_string())),
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
    Ok(ReportView {
        id: report.id.to_string(),
        account: report.id.account().to_string(),
        ground: report.ground.to_string(),
        locator: text(engine, &report.locator).await?,
        statement: text(engine, &report.statement).await?,
        evidence: report.evidence.iter().map(|(id, t)| (id.to_string(), t.clone())).collect(),
        filed_at: report.filed_at,
        filed_by: if to_member { None } else { Some(report.filed_by.to_string()) },
        remediated_at: report.remediation.as_ref().map(|r| r.at),
        answer: match &report.remediation {
            Some(remediation) => text(engine, &remediation.answer).await?,
            None => None,
        },
    })
}
