//! Reading what an agreement may say and need not: how it changes, how an account leaves, what it follows.

use std::collections::BTreeSet;

use super::super::{Changes, Regulation, Switching};
use super::{period, some_time};
use crate::document::{Faults, Fields, Item};

pub(super) struct Optional {
    pub changes: Option<Changes>,
    pub switching: Option<Switching>,
    pub regulations: BTreeSet<Regulation>,
}

/// None where something that is written is wrong; its fault is recorded.
pub(super) fn optional(fields: &Fields<'_>, faults: &mut Faults) -> Option<Optional> {
    let changes = fields.optional("changes", faults).map(|item| changes(&item, faults));
    let switching = fields.optional("switching", faults).map(|item| switching(&item, faults));
    let regulations = match fields.optional("regulations", faults) {
        Some(item) => {
            item.set(Regulation::ALL.len(), faults, |item, faults| item.word(&Regulation::ALL, faults))
        }
        None => Some(BTreeSet::new()),
    };
    // What is not written is fine; what is written and cannot be read is not.
    if changes == Some(None) || switching == Some(None) {
        return None;
    }
    Some(Optional { changes: changes.flatten(), switching: switching.flatten(), regulations: regulations? })
}

fn changes(item: &Item<'_>, faults: &mut Faults) -> Option<Changes> {
    let fields = item.fields(&["notice"], faults)?;
    let notice = fields.required("notice", faults).and_then(|item| period(&item, faults));
    Some(Changes { notice: notice? })
}

fn switching(item: &Item<'_>, faults: &mut Faults) -> Option<Switching> {
    let fields = item.fields(&["notice", "transition"], faults)?;
    let notice = fields.required("notice", faults).and_then(|item| period(&item, faults));
    let transition = some_time(&fields, "transition", faults);
    Some(Switching { notice: notice?, transition: transition? })
}
