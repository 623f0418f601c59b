//! Reminders: what a letter says that goes out while the cure period of a notice runs.

use std::fmt::Write as _;

use tenure_domain::account::Account;
use tenure_domain::account::notice::Notice;
<<<<<<< HEAD
use tenure_domain::name::{CaseId, Ground, PowerId};
use tenure_domain::scope::Scope;
use tenure_domain::terms::{Process, Terms};

/// What a notice in a case says.
pub struct CaseNotice<'a> {
    /// The case.
    pub case: &'a CaseId,
    /// Its ground.
    pub ground: &'a Ground,
    /// The power that may be used.
    pub power: &'a PowerId,
    /// Which clocks it starts.
    pub starts: Starts,
    /// Why, in the words of whoever issues it.
    pub why: &'a str,
    /// What is asked: name and words.
    pub items: &'a [(String, String)],
}

/// What the notice of an emergency measure says.
pub struct EmergencyNotice<'a> {
    /// The case.
    pub case: &'a CaseId,
    /// The power that is used.
    pub power: &'a PowerId,
    /// From what something is withheld.
    pub scope: &'a Scope,
    /// Why, in the words of whoever applies it.
    pub why: &'a str,
}

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

/// The letter of a notice in a case.
pub fn case_notice(account: &Account, terms: &Terms, notice: &CaseNotice<'_>, now: Timestamp) -> String {
    let title = match notice.starts {
        Starts::Cure => "Notice of violation",
        Starts::Notice => "Notice of intent",
        Starts::Both => "Notice of violation and of intent",
    };
    let mut letter = String::new();
    begin(&mut letter, title, account, terms, now);
    let _ = writeln!(letter, "Case:             {} ({})", notice.case, notice.ground);
    let _ = writeln!(letter, "\nWhy: {}", notice.why);
    if !notice.items.is_empty() {
        let _ = writeln!(letter, "\nWhat you are asked to do:");
        for (id, ask) in notice.items {
            let _ = writeln!(letter, "  - {id}: {ask}");
        }
    }
    if let Some(power) = terms.power(notice.power)
        && let Process::Noticed { notice: period, cure, .. } = &power.process
    {
        let _ =
            writeln!(letter, "\nClause {} of the terms permits the measure \"{}\".", power.id, power.permits);
        if notice.starts != Starts::Notice {
            let _ = writeln!(
                letter,
                "It cannot be used before {} have run since this notice was served, for you to put things right.",
                cure.in_words()
            );
        }
        if notice.starts != Starts::Cure {
            let _ = writeln!(
                letter,
                "It cannot be used before {} have run since this notice was served.",
                period.in_words()
            );
        }
        let _ =
            writeln!(letter, "If all that is asked is done, the case is closed and nothing follows from it.");
    }
    end(&mut letter, account);
    letter
}

/// The letter of an emergency measure.
pub fn emergency_notice(
    account: &Account,
    terms: &Terms,
    notice: &EmergencyNotice<'_>,
    now: Timestamp,
) -> String {
    let mut letter = String::new();
    begin(&mut letter, "Notice of an emergency measure", account, terms, now);
    let _ = writeln!(letter, "Case:             {}", notice.case);
    let _ = writeln!(letter, "Applied to:       {}", notice.scope);
    let _ = writeln!(letter, "\nWhy: {}", notice.why);
    if let Some(power) = terms.power(notice.power) {
        let _ = writeln!(
            letter,
            "\nClause {} of the terms permits the measure \"{}\" at once.",
            power.id, power.permits
        );
        if let Process::Emergency { ratify_within, .. } = &power.process {
            let _ = writeln!(
                letter,
                "It is provisional: unless a second person ratifies it within {}, it lifts by itself.",
                ratify_within.in_words()
            );
        }
    }
    end(&mut letter, account);
    letter
}
||||||| 094ddb6
use tenure_domain::name::{CaseId, Ground, PowerId};
use tenure_domain::scope::Scope;
use tenure_domain::terms::{Process, Terms};

/// What a notice in a case says.
pub struct CaseNotice<'a> {
    /// The case.
    pub case: &'a CaseId,
    /// Its ground.
    pub ground: &'a Ground,
    /// The power that may be used.
    pub power: &'a PowerId,
    /// Which clocks it starts.
    pub starts: Starts,
    /// Why, in the words of whoever issues it.
    pub why: &'a str,
    /// What is asked: name and words.
    pub items: &'a [(String, String)],
}

/// What the notice of an emergency measure says.
pub struct EmergencyNotice<'a> {
    /// The case.
    pub case: &'a CaseId,
    /// The power that is used.
    pub power: &'a PowerId,
    /// From what something is withheld.
    pub scope: &'a Scope,
    /// Why, in the words of whoever applies it.
    pub why: &'a str,
}

fn begin(letter: &mut String, title: &str, account: &Account, terms: &Terms, now: Timestamp) {
    let _ = writeln!(letter, "{title}\n");
    let _ = writeln!(letter, "To the account:   {}", account.id);
    let _ = writeln!(letter, "Date:             {}", terms.calendar.local(now));
    let _ = writeln!(letter, "Under the terms:  {} (SHA-256 {})", account.terms, account.terms.hash);
}

fn end(letter: &mut String, account: &Account) {
    let _ = writeln!(
        letter,
        "\nYou can read this notice and your standing, answer, and appeal at any time, also while anything is withheld:\n  \
         GET  /v1/accounts/{0}/standing\n  POST /v1/accounts/{0}/notices/…/acknowledgement\n  POST /v1/cases/…/cures\n  \
         POST /v1/measures/…/appeals",
        account.id
    );
}

/// The letter of a notice in a case.
pub fn case_notice(account: &Account, terms: &Terms, notice: &CaseNotice<'_>, now: Timestamp) -> String {
    let title = match notice.starts {
        Starts::Cure => "Notice of violation",
        Starts::Notice => "Notice of intent",
        Starts::Both => "Notice of violation and of intent",
    };
    let mut letter = String::new();
    begin(&mut letter, title, account, terms, now);
    let _ = writeln!(letter, "Case:             {} ({})", notice.case, notice.ground);
    let _ = writeln!(letter, "\nWhy: {}", notice.why);
    if !notice.items.is_empty() {
        let _ = writeln!(letter, "\nWhat you are asked to do:");
        for (id, ask) in notice.items {
            let _ = writeln!(letter, "  - {id}: {ask}");
        }
    }
    if let Some(power) = terms.power(notice.power)
        && let Process::Noticed { notice: period, cure, .. } = &power.process
    {
        let _ =
            writeln!(letter, "\nClause {} of the terms permits the measure \"{}\".", power.id, power.permits);
        if notice.starts != Starts::Notice {
            let _ = writeln!(
                letter,
                "It cannot be used before {} have run since this notice was served, for you to put things right.",
                cure.in_words()
            );
        }
        if notice.starts != Starts::Cure {
            let _ = writeln!(
                letter,
                "It cannot be used before {} have run since this notice was served.",
                period.in_words()
            );
        }
        let _ =
            writeln!(letter, "If all that is asked is done, the case is closed and nothing follows from it.");
    }
    end(&mut letter, account);
    letter
}

/// The letter of an emergency measure.
pub fn emergency_notice(
    account: &Account,
    terms: &Terms,
    notice: &EmergencyNotice<'_>,
    now: Timestamp,
) -> String {
    let mut letter = String::new();
    begin(&mut letter, "Notice of an emergency measure", account, terms, now);
    let _ = writeln!(letter, "Case:             {}", notice.case);
    let _ = writeln!(letter, "Applied to:       {}", notice.scope);
    let _ = writeln!(letter, "\nWhy: {}", notice.why);
    if let Some(power) = terms.power(notice.power) {
        let _ = writeln!(
            letter,
            "\nClause {} of the terms permits the measure \"{}\" at once.",
            power.id, power.permits
        );
        if let Process::Emergency { ratify_within, .. } = &power.process {
            let _ = writeln!(
                letter,
                "It is provisional: unless a second person ratifies it within {}, it lifts by itself.",
                ratify_within.in_words()
            );
        }
    }
    end(&mut letter, account);
    letter
}
=======
use tenure_domain::terms::Terms;
>>>>>>> 19fb6b8d2ecc86af335e2e255c91980ca08dda21

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
