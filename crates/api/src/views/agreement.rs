//! New terms and invoices.

use jiff::Timestamp;
use tenure_domain::account::Account;
use tenure_domain::account::change::{TermsNotice, WhatTerms};
use tenure_domain::account::invoice::Invoice;
use tenure_domain::account::outlook::Turn;
use tenure_domain::name::InvoiceId;
use tenure_domain::terms::Terms;
use tenure_engine::Engine;
use tenure_wire::view::{AttemptView, InvoiceView, NextView, TermsNoticeView};

use super::{terms, text};
use crate::problem::Failure;

async fn kept(engine: &Engine, blob: &str) -> Result<Option<String>, Failure> {
    Ok(engine.blob(blob).await?.and_then(|blob| String::from_utf8(blob.bytes).ok()))
}

pub async fn notice(engine: &Engine, notice: &TermsNotice) -> Result<TermsNoticeView, Failure> {
    Ok(TermsNoticeView {
        id: notice.id.to_string(),
        terms: terms(&notice.terms),
        document: kept(engine, &format!("sha256:{}", notice.terms.hash)).await?,
        why: text(engine, &notice.why).await?,
        letter: kept(engine, notice.letter.as_str()).await?,
        issued_at: notice.issued_at,
        state: notice.state_name().to_owned(),
        binds: notice.binds(),
        attempts: notice
            .attempts
            .iter()
            .map(|a| AttemptView { channel: a.channel.to_string(), at: a.at, proof: a.proof.clone() })
            .collect(),
    })
}

pub fn invoice(id: &InvoiceId, invoice: &Invoice, now: Timestamp) -> InvoiceView {
    let facts = &invoice.facts;
    InvoiceView {
        id: id.to_string(),
        amount: facts.amount,
        currency: facts.currency.to_string(),
        due: facts.due.to_string(),
        overdue_from: invoice.overdue_from,
        paid: facts.paid,
        credited: facts.credited,
        disputed: facts.disputed,
        outstanding: facts.outstanding(),
        due_now: invoice.due(now),
        as_of: facts.as_of,
        recorded_at: invoice.recorded_at,
    }
}

/// What can happen next with new versions of the terms.
pub fn steps(account: &Account, accepted: &Terms) -> Vec<NextView> {
    let words = |what| match what {
        WhatTerms::Deliver => "the letter about new terms is put on its channels",
        WhatTerms::Acknowledge => "a member confirms having the letter about new terms",
        WhatTerms::Deemed => "the notice of new terms counts as served",
        WhatTerms::Accept => "a member may accept the new terms",
        WhatTerms::Bind => "the new terms bind",
    };
    let steps = account.next_terms().into_iter();
    steps
        .map(|step| NextView {
            case: None,
            kind: step.what.name().to_owned(),
            what: words(step.what).to_owned(),
            subject: step.notice.to_string(),
            turn: match step.what.turn() {
                Turn::Account => "account",
                Turn::Tenure | Turn::Provider | Turn::Authority => "tenure",
            }
            .to_owned(),
            at: step.due,
            local: step.due.map(|due| accepted.calendar.local(due)),
        })
        .collect()
}
