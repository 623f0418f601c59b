//! Letters without a statement of reasons: reminders of a period that runs, and what tells of an order.

use std::fmt::Write as _;

use jiff::Timestamp;
use tenure_domain::account::Account;
use tenure_domain::account::notice::Notice;
use tenure_domain::scope::Scope;
use tenure_domain::terms::Terms;

pub(crate) fn begin(letter: &mut String, title: &str, account: &Account, terms: &Terms, now: Timestamp) {
    let _ = writeln!(letter, "{title}\n");
    let _ = writeln!(letter, "To the account:   {}", account.id);
    let _ = writeln!(letter, "Date:             {}", terms.calendar.local(now));
    let _ = writeln!(letter, "Under the terms:  {} (SHA-256 {})", account.terms, account.terms.hash);
}

pub(crate) fn end(letter: &mut String, account: &Account) {
    let _ = writeln!(
        letter,
        "\nYou can read this notice and your standing, answer, and appeal at any time, also while anything is withheld:\n  \
         GET  /v1/accounts/{0}/standing\n  POST /v1/accounts/{0}/notices/…/acknowledgement\n  POST /v1/cases/…/cures\n  \
         POST /v1/measures/…/appeals",
        account.id
    );
}

/// The letter of a removal under an order.
pub fn removal_notice(
    account: &Account,
    terms: &Terms,
    scope: &Scope,
    authority: &str,
    locator: &str,
    now: Timestamp,
) -> String {
    let mut letter = String::new();
    begin(&mut letter, "Notice of a removal under an order", account, terms, now);
    let _ = writeln!(letter, "Applied to:       {scope}");
    let _ = writeln!(letter, "Ordered by:       {authority}");
    let _ = writeln!(letter, "\nThe order says that this has to go: {locator}");
    let _ = writeln!(
        letter,
        "The network is closed to it while the order stands. The provider cannot lift this: whoever gave the order can."
    );
    end(&mut letter, account);
    letter
}

/// A reminder of a notice whose period runs.
pub fn reminder(account: &Account, notice: &Notice, terms: &Terms) -> String {
    let mut letter = String::new();
    let _ = writeln!(letter, "Reminder of {} ({})\n", notice.id, notice.kind.title());
    let _ = writeln!(letter, "To the account:   {}", account.id);
    let _ = writeln!(letter, "Case:             {}", notice.case);
    if let Some(ends) = notice.cure_ends() {
        let _ = writeln!(letter, "\nThe time to put things right ends on {}.", terms.calendar.local(ends));
    } else if let Some(ends) = notice.notice_ends() {
        let _ = writeln!(letter, "\nThe time of the notice ends on {}.", terms.calendar.local(ends));
    }
    let _ = writeln!(
        letter,
        "\nYou can read the notice and your standing, answer, and appeal at any time, also while anything is withheld:\n  \
         GET  /v1/accounts/{0}/standing\n  GET  /v1/accounts/{0}/notices/{1}\n  POST /v1/cases/{2}/cures",
        account.id, notice.id, notice.case
    );
    letter
}
