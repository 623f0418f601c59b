//! Issuing the notice that an event calls for.

use super::{Draft, wrong_state};
use crate::account::actor::System;
use crate::account::notice::NoticeKind;
use crate::refusal::Rejected;
use crate::statement::Reasons;

impl Draft<'_> {
    /// Does nothing where the event's notice is issued already, so that whoever issues it can be killed at any point.
    pub(super) fn issue_called(
        &mut self,
        event: u64,
        kind: NoticeKind,
        reasons: Reasons,
    ) -> Result<(), Rejected> {
        self.part(System::Clerk)?;
        if self.account.notices.iter().any(|n| n.called_by == Some(event)) {
            return Ok(());
        }
        if event == 0 || event > self.account.version {
            return Err(wrong_state(
                format!("{} has no event {event} yet", self.account.id),
                "an event that happened calls for its notice",
            ));
        }
        let (case, why) = self.account.called_in(&kind)?;
        self.issue(case, kind, why, Vec::new(), reasons, Some(event))
    }
}
