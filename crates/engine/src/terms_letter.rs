//! The letter about a new version of the terms.

use std::fmt::Write as _;

use jiff::Timestamp;
use tenure_domain::account::Account;
use tenure_domain::terms::{Terms, TermsRef};

/// What the account is told: what changes, what binds until when, and what it can do. `accepted` are the terms that bind.
pub fn terms_notice(
    account: &Account,
    accepted: &Terms,
    new: &TermsRef,
    why: &str,
    now: Timestamp,
) -> String {
    let mut letter = String::new();
    let _ = writeln!(letter, "Notice of new terms\n");
    let _ = writeln!(letter, "To the account:   {}", account.id);
    let _ = writeln!(letter, "Date:             {}", accepted.calendar.local(now));
    let _ = writeln!(letter, "Terms that bind:  {} (SHA-256 {})", account.terms, account.terms.hash);
    let _ = writeln!(letter, "New terms:        {new} (SHA-256 {})", new.hash);
    let _ = writeln!(letter, "\nWhat changes: {why}\n");
    let _ = match &accepted.changes {
        Some(changes) if new.id == account.terms.id => writeln!(
            letter,
            "The new terms bind when {} have run since this notice was served, or earlier if you accept them.",
            changes.notice.in_words()
        ),
        _ => writeln!(letter, "The new terms bind only if you accept them."),
    };
    let _ = writeln!(
        letter,
        "Until then {} binds. Cases that are open then stay under the terms under which they were opened.",
        account.terms
    );
    let _ = writeln!(
        letter,
        "\nYou can read the new text, confirm this notice and accept:\n  GET  /v1/accounts/{0}/terms-notices\n  \
         POST /v1/accounts/{0}/terms-notices/…/acknowledgement\n  POST /v1/accounts/{0}/terms-notices/…/acceptance",
        account.id
    );
    letter
}
