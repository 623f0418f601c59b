//! Delivery that fails, letters that are read, notices that reach nobody.

use jiff::{SignedDuration, Timestamp};

use super::{Draft, wrong_state};
use crate::account::actor::System;
use crate::account::case::Case;
use crate::account::event::Event;
use crate::account::notice::{Notice, NoticeState, ServedBy};
use crate::name::NoticeId;
use crate::refusal::Rejected;
use crate::terms::Channel;
use crate::text::Blob;

/// The pause before a channel that refused a letter is tried again: doubled with each refusal. Legal time, so that the
/// record says when the next attempt is due, and none is made at a moment that is in doubt.
const FIRST_PAUSE_MINUTES: i64 = 5;

/// The longest such pause.
const LONGEST_PAUSE_MINUTES: i64 = 12 * 60;

/// After how many refusals by one channel that is raised where another took the letter.
const RAISED_AFTER: usize = 3;

/// The longest answer of a channel that is kept, in bytes.
const ANSWER_MAX: usize = 256;

/// For how long delivery is tried before a notice counts as undeliverable, where neither a proof nor the deemed rule
/// serves it.
pub const UNDELIVERABLE_AFTER: SignedDuration = SignedDuration::from_hours(72);

impl Draft<'_> {
    /// Law 2: a failed attempt is on the record, starts no clock, and is tried again.
    pub(super) fn record_failure(
        &mut self,
        id: NoticeId,
        channel: Channel,
        mut why: String,
    ) -> Result<(), Rejected> {
        self.part(System::Delivery)?;
        let notice = self.account.notice(&id)?;
        let taken = notice.attempts.iter().any(|a| a.channel == channel);
        if taken || !notice.awaits_delivery() || notice.is_moot(self.account.case(&notice.case)?) {
            return Ok(());
        }
        // It goes out by itself when the gag ends.
        if notice.delayed.is_some() {
            return Ok(());
        }
        // Tried once more meanwhile, as after a restart: what is on the record says it already.
        if notice.retry_at.is_some_and(|at| at > self.context.now)
            && notice.failed.iter().any(|f| f.channel == channel)
        {
            return Ok(());
        }
        while why.len() > ANSWER_MAX {
            why.pop();
        }
        let times = notice.failed.iter().filter(|f| f.channel == channel).count();
        let doubled = u32::try_from(times).map_or(i64::MAX, |n| 2_i64.saturating_pow(n));
        let minutes = FIRST_PAUSE_MINUTES.saturating_mul(doubled).min(LONGEST_PAUSE_MINUTES);
        let again =
            self.context.now.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(self.context.now);
        let raised = times + 1 >= RAISED_AFTER && !notice.attempts.is_empty() && notice.refused.is_none();
        self.emit(Event::NoticeAttemptFailed { notice: id.clone(), channel, why, again })?;
        if raised { self.emit(Event::NoticeRefused { notice: id, channel }) } else { Ok(()) }
    }

    /// A member who reads the letter has it.
    pub(super) fn read_notice(&mut self, id: &NoticeId) -> Result<(), Rejected> {
        let member = self.of_account()?.clone();
        self.seen(id)?;
        self.serve(id, ServedBy::Read { member })
    }

    /// Law 2: a channel that took the letter and says that it delivered it has served it, from when that is shown.
    pub(super) fn prove_delivery(
        &mut self,
        id: &NoticeId,
        channel: Channel,
        evidence: Blob,
    ) -> Result<(), Rejected> {
        self.person()?;
        let notice = self.account.notice(id)?;
        if !notice.attempts.iter().any(|a| a.channel == channel) {
            return Err(wrong_state(
                format!("{channel} has not taken {id}"),
                "only a channel that took the letter can have delivered it",
            ));
        }
        self.serve(id, ServedBy::Delivered { channel, evidence })
    }

    /// Under a gag the notice is not there for the account.
    pub(super) fn seen(&self, id: &NoticeId) -> Result<(), Rejected> {
        let delayed = self.account.notice(id)?.delayed.is_some();
        if delayed { Err(Rejected::not_found("notice", id)) } else { Ok(()) }
    }

    pub(super) fn retry(&mut self, notice: NoticeId) -> Result<(), Rejected> {
        if self.account.notice(&notice)?.retry_at.is_none() {
            return Err(wrong_state(format!("{notice} is not tried again"), "nothing"));
        }
        self.emit(Event::NoticeRetried { notice })
    }

    pub(super) fn undeliverable(&mut self, notice: NoticeId) -> Result<(), Rejected> {
        self.emit(Event::NoticeUndeliverable { notice })
    }
}

impl Notice {
    /// Whether nothing has served it.
    pub fn awaits_delivery(&self) -> bool {
        !matches!(self.state, NoticeState::Served { .. })
    }

    /// Whether nobody has to have it any more: its case is over, and it only said what was about to follow. What tells of
    /// the end itself is delivered afterwards.
    pub fn is_moot(&self, case: &Case) -> bool {
        case.is_closed() && self.kind.accuses()
    }

    /// Since when delivery was tried where nothing will serve it by itself: no channel took it, or the terms deem
    /// nothing served.
    pub(in crate::account) fn tried_in_vain_since(&self) -> Option<Timestamp> {
        if self.deemed.is_some() {
            return None;
        }
        let failed = self.failed.first().map(|f| f.at);
        self.attempts.first().map(|a| a.at).into_iter().chain(failed).min()
    }
}
