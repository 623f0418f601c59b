//! Reading who consents to a measure under a power, and what must have happened before.

use std::collections::BTreeSet;

use super::super::{ApproverRole, Process, Strikes};
use crate::document::{Faults, Fields};

const ROLES: [(&str, ApproverRole); 2] =
    [("approver", ApproverRole::Approver), ("legal", ApproverRole::Legal)];
const STRIKES_MAX: u8 = 16;

/// Which roles are among those who consent; empty where none is written.
pub(super) fn roles(
    fields: &Fields<'_>,
    process: &Process,
    faults: &mut Faults,
) -> Option<BTreeSet<ApproverRole>> {
    let approvals = match process {
        Process::Noticed { approvals, .. } => usize::from(*approvals),
        Process::Emergency { .. } => {
            fields.forbid("approverRoles", "nobody consents to an emergency measure before it", faults);
            return Some(BTreeSet::new());
        }
    };
    let Some(item) = fields.optional("approverRoles", faults) else { return Some(BTreeSet::new()) };
    let roles = item.set(ROLES.len(), faults, |role, faults| role.word(&ROLES, faults))?;
    if roles.len() > approvals {
        faults.at(&item, format!("{} roles cannot all be among {approvals} approvals", roles.len()));
        return None;
    }
    Some(roles)
}

/// How often the account must have been struck; the outer none where what is written is wrong.
#[expect(clippy::option_option, reason = "a field that may be left out, in a reading that may fail")]
pub(super) fn strikes(fields: &Fields<'_>, faults: &mut Faults) -> Option<Option<Strikes>> {
    let Some(item) = fields.optional("strikes", faults) else { return Some(None) };
    let inner = item.fields(&["atLeast", "byCure"], faults)?;
    let at_least = inner.required("atLeast", faults).and_then(|item| item.integer(1, STRIKES_MAX, faults));
    let words = [("removed", true), ("kept", false)];
    let cure_removes = inner.required("byCure", faults).and_then(|item| item.word(&words, faults));
    Some(Some(Strikes { at_least: at_least?, cure_removes: cure_removes? }))
}
