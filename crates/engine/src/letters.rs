//! Reminders: what a letter says that goes out while the cure period of a notice runs.

use std::fmt::Write as _;

use tenure_domain::account::Account;
use tenure_domain::account::notice::Notice;
use tenure_domain::terms::Terms;

/// A reminder of a notice whose cure period runs.
pub fn reminder(account: &Account, notice: &Notice, terms: &Terms) -> String {
    let mut letter = String::new();
    let _ = writeln!(letter, "Reminder of {} ({})\n", notice.id, notice.kind.title());
    let _ = writeln!(letter, "To the account:   {}", account.id);
    let _ = writeln!(letter, "Case:             {}", notice.case);
    if let Some(ends) = notice.cure_ends() {
        let _ = writeln!(letter, "\nThe time to put things right ends on {}.", terms.calendar.local(ends));
    }
    let _ = writeln!(
        letter,
        "\nYou can read the notice and your standing, answer, and appeal at any time, also while anything is withheld:\n  \
         GET  /v1/accounts/{0}/standing\n  GET  /v1/accounts/{0}/notices/{1}\n  POST /v1/cases/{2}/cures",
        account.id, notice.id, notice.case
    );
    letter
}
