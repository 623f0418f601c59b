//! Accounts as they stood last, so that a busy one is neither read from its JSON nor folded for every command and request.
//!
//! Only what was committed comes in here, and events never change; so an account at the version of its stream's last
//! event is the account, whoever wrote that event, and an older one becomes it by the events between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tenure_domain::account::Account;

/// How many events the accounts that are kept may be made of. When there are more, all are forgotten.
const MOST: u64 = 64 * 1024;

/// The accounts, by their streams.
#[derive(Debug, Default)]
pub(crate) struct Known {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    accounts: HashMap<String, Arc<Account>>,
    events: u64,
}

impl Known {
    /// The account as it stood last, as far as is known here.
    pub fn get(&self, stream: &str) -> Option<Arc<Account>> {
        self.lock().accounts.get(stream).map(Arc::clone)
    }

    /// The same, not kept here any longer, so that whoever changes it need not copy it.
    pub fn take(&self, stream: &str) -> Option<Arc<Account>> {
        let mut kept = self.lock();
        let taken = kept.accounts.remove(stream)?;
        kept.events = kept.events.saturating_sub(taken.version);
        Some(taken)
    }

    /// Keeps an account as it is committed, unless a later state of it is known.
    pub fn keep(&self, stream: &str, account: Arc<Account>) {
        let mut kept = self.lock();
        let before = kept.accounts.get(stream).map_or(0, |before| before.version);
        if before >= account.version {
            return;
        }
        kept.events = kept.events + account.version - before;
        kept.accounts.insert(stream.to_owned(), account);
        if kept.events > MOST {
            *kept = Kept::default();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
