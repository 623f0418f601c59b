//! The clocks of a case: which notices are served, and when their periods end.

use jiff::Timestamp;

use super::Account;
use super::case::ItemState;
use super::notice::Notice;
use crate::name::{CaseId, ItemId, PowerId};

/// What is served in a case under one power.
pub(super) struct Clocks<'a> {
    /// The notice that starts the cure period, is served and asks for something that is still not done, where there is
    /// one: the one whose period ends first.
    pub cure: Option<(&'a Notice, Timestamp)>,
    /// The notice that starts the notice period and is served.
    pub notice: Option<(&'a Notice, Timestamp)>,
    /// One that is issued and not served yet.
    pub pending: Option<&'a Notice>,
}

impl Account {
    /// The notices of a case.
    pub fn notices_of<'a>(&'a self, case: &'a CaseId) -> impl Iterator<Item = &'a Notice> {
        self.notices.iter().filter(move |n| &n.case == case)
    }

    /// The clocks that run, or have run, in this case under this power.
    pub(super) fn clocks<'a>(&'a self, case: &'a CaseId, power: &PowerId) -> Clocks<'a> {
        let earliest = |ends: &dyn Fn(&Notice) -> Option<Timestamp>| {
            self.notices_of(case).filter_map(|n| ends(n).map(|at| (n, at))).min_by_key(|(_, at)| *at)
        };
        Clocks {
            cure: earliest(&|n| {
                let counts = n.kind.starts_cure() == Some(power) && self.asks_still(n);
                if counts { n.cure_ends() } else { None }
            }),
            notice: earliest(&|n| if n.kind.starts_notice() == Some(power) { n.notice_ends() } else { None }),
            // What a gag delays is not told of by why something waits.
            pending: self.notices_of(case).find(|n| {
                n.served_at().is_none()
                    && n.delayed.is_none()
                    && (n.kind.starts_cure() == Some(power) || n.kind.starts_notice() == Some(power))
            }),
        }
    }

    /// Whether something that the notice asks for is not done. One that names nothing new repeats what was asked in the
    /// case before it.
    fn asks_still(&self, notice: &Notice) -> bool {
        let before = |n: &&Notice| n.id.number() <= notice.id.number();
        let own = !notice.items.is_empty();
        let Ok(case) = self.case(&notice.case) else { return false };
        self.notices_of(&notice.case)
            .filter(before)
            .filter(|n| !own || n.id == notice.id)
            .flat_map(|n| &n.items)
            .filter_map(|id| case.item(id))
            .any(|item| !matches!(item.state, ItemState::Met { .. }))
    }

    /// Whether the cure period of a notice is for this item.
    pub(super) fn covers(&self, notice: &Notice, item: &ItemId) -> bool {
        if notice.kind.starts_cure().is_none() {
            return false;
        }
        if !notice.items.is_empty() {
            return notice.items.contains(item);
        }
        self.notices_of(&notice.case)
            .filter(|n| n.id.number() <= notice.id.number())
            .any(|n| n.items.contains(item))
    }

    /// When the first cure period of a case ends.
    pub(super) fn first_cure_end(&self, case: &CaseId) -> Option<(&Notice, Timestamp)> {
        self.notices
            .iter()
            .filter(|n| &n.case == case)
            .filter_map(|n| n.cure_ends().map(|ends| (n, ends)))
            .min_by_key(|(_, ends)| *ends)
    }
}
