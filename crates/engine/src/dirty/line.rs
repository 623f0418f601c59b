//! A line of accounts: who came first leaves first, and nobody stands in it twice.

use std::collections::BTreeMap;

use tenure_domain::name::AccountId;

/// Accounts in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Line {
    order: BTreeMap<u64, AccountId>,
    places: BTreeMap<AccountId, u64>,
    next: u64,
}

impl Line {
    /// At its end, unless it stands there already.
    pub fn join(&mut self, id: &AccountId) {
        if !self.holds(id) {
            self.order.insert(self.next, id.clone());
            self.places.insert(id.clone(), self.next);
            self.next += 1;
        }
    }

    pub fn holds(&self, id: &AccountId) -> bool {
        self.places.contains_key(id)
    }

    pub fn remove(&mut self, id: &AccountId) {
        if let Some(place) = self.places.remove(id) {
            self.order.remove(&place);
        }
    }

    /// The first that may leave.
    pub fn take(&mut self, may: impl Fn(&AccountId) -> bool) -> Option<AccountId> {
        let id = self.order.values().find(|id| may(id))?.clone();
        self.remove(&id);
        Some(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &AccountId> {
        self.order.values()
    }
}
