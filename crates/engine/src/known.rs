//! Accounts as they were read last, so that a busy one is not read from its JSON for every command and request. Each is
//! kept with the very text that it was read from or written as, and serves only where the store has exactly that text: it
//! cannot be out of date, whoever wrote.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tenure_domain::account::Account;
use tenure_store::Aggregate;

use crate::EngineError;

/// How much text is kept, in bytes. When there is more, all of it is forgotten.
const MOST: usize = 8 * 1024 * 1024;

/// The accounts.
#[derive(Debug, Default)]
pub(crate) struct Known {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    accounts: HashMap<String, (String, Arc<Account>)>,
    bytes: usize,
}

impl Known {
    /// The account that a row holds.
    pub fn account(&self, row: Aggregate) -> Result<Arc<Account>, EngineError> {
        if let Some((text, account)) = self.lock().accounts.get(&row.stream)
            && *text == row.state
        {
            return Ok(Arc::clone(account));
        }
        let account: Account =
            serde_json::from_str(&row.state).map_err(|e| EngineError::defect(&row.stream, &e))?;
        let account = Arc::new(account);
        self.keep(row.stream, row.state, Arc::clone(&account));
        Ok(account)
    }

    /// Keeps an account with the text that it is written as.
    pub fn keep(&self, stream: String, text: String, account: Arc<Account>) {
        let mut kept = self.lock();
        kept.bytes += text.len();
        if let Some((before, _)) = kept.accounts.insert(stream, (text, account)) {
            kept.bytes -= before.len();
        }
        if kept.bytes > MOST {
            *kept = Kept::default();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
