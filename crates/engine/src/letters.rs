//! Letters without a statement of reasons: reminders of a period that runs, and what tells of an order, of new terms and of
//! the end of an account. They go out in the letters' own locale.

use jiff::Timestamp;
use tenure_domain::account::Account;
use tenure_domain::account::closing::{Closing, REMINDERS};
use tenure_domain::account::notice::Notice;
use tenure_domain::scope::Scope;
use tenure_domain::terms::{Terms, TermsRef};
use tenure_letters::Letters;
use tenure_letters::brief::{Brief, Ends, Tells, Time};

use crate::EngineError;

fn write(
    letters: &Letters,
    account: &Account,
    terms: &Terms,
    tells: Tells<'_>,
) -> Result<String, EngineError> {
    let brief = Brief { account: &account.id, zone: &terms.calendar.time_zone, tells };
    letters.brief(&brief, letters.locale()).map_err(|e| EngineError::defect(&account.id.to_string(), &e))
}

/// The letter of a removal under an order.
///
/// # Errors
/// A template that does not render it.
pub fn removal_notice(
    letters: &Letters,
    (account, terms): (&Account, &Terms),
    scope: &Scope,
    authority: &str,
    locator: &str,
    at: Timestamp,
) -> Result<String, EngineError> {
    let tells = Tells::Removal { at, terms: &account.terms, scope, authority, locator };
    write(letters, account, terms, tells)
}

/// The letter about a new version of the terms: what changes, what binds until when, and what the account can do.
/// `accepted` are the terms that bind.
///
/// # Errors
/// A template that does not render it.
pub fn terms_notice(
    letters: &Letters,
    (account, accepted): (&Account, &Terms),
    new: &TermsRef,
    why: &str,
    at: Timestamp,
) -> Result<String, EngineError> {
    let after = accepted.changes.as_ref().filter(|_| new.id == account.terms.id).map(|c| c.notice);
    write(letters, account, accepted, Tells::Terms { at, bind: &account.terms, new, why, after })
}

/// A reminder of a notice whose period runs.
pub(crate) fn reminder(
    letters: &Letters,
    account: &Account,
    notice: &Notice,
    terms: &Terms,
) -> Result<String, EngineError> {
    let kind = serde_json::to_value(&notice.kind).map_err(|e| EngineError::defect("a notice's kind", &e))?;
    let kind = kind.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
    let ends = notice.cure_ends().map(Ends::Cure).or_else(|| notice.notice_ends().map(Ends::Notice));
    let tells = Tells::Reminder { notice: &notice.id, kind, case: &notice.case, ends };
    write(letters, account, terms, tells)
}

/// The letter that begins the time to fetch the data, or one of its reminders.
pub(crate) fn retrieval(
    letters: &Letters,
    account: &Account,
    (terms, reference): (&Terms, &TermsRef),
    closing: &Closing,
    number: u8,
    at: Timestamp,
) -> Result<String, EngineError> {
    let time = match (&closing.retrieve, closing.retrieval) {
        (Some(retrieve), _) => Some(Time::Until(retrieve.ends.at)),
        (None, Some(promised)) => Some(Time::For { promised, least: closing.floor.unwrap_or(promised) }),
        (None, None) => None,
    };
    let tells = Tells::Retrieval {
        at,
        terms: reference,
        measure: &closing.measure,
        since: closing.since,
        number,
        reminders: REMINDERS,
        time,
        quorum: closing.quorum,
    };
    write(letters, account, terms, tells)
}
