//! A period that stood still and goes on.

use jiff::{SignedDuration, Timestamp};

use super::{Calendar, CalendarError, Deadline, same_time_on, tzdb_version, zone};
use crate::period::Period;

impl Calendar {
    /// When a period ends that was to end at `ends`, stood still at `stopped` and goes on at `again`. What was left is
    /// kept:
    ///
    /// - of exact time, to the microsecond;
    /// - of days and months: the whole days that were left, counted anew from `again` in the calendar's zone, and what
    ///   was left beyond them as exact time. Never less than the exact time that was left;
    /// - of business days: the whole business days that were left, counted anew from `again`, and what was left beyond
    ///   them as exact time. An end that this leads onto a day off is on the next business day, at the same local time.
    ///
    /// A period that stood still for no time ends when it was to end. One that had ended ends when it did.
    pub fn carried_on(
        &self,
        stopped: Timestamp,
        ends: Timestamp,
        period: &Period,
        again: Timestamp,
    ) -> Result<Deadline, CalendarError> {
        let deadline = |at| Ok(Deadline { at, tzdb: tzdb_version().to_owned() });
        if ends <= stopped || again <= stopped {
            return deadline(ends);
        }
        let out_of_range = |_| CalendarError::OutOfRange { period: *period, from: again };
        let exact = again.checked_add(ends.duration_since(stopped)).map_err(out_of_range)?;
        let whole = match period {
            Period::Seconds(_) => return deadline(exact),
            Period::Days(_) | Period::Months(_) => {
                self.whole(stopped, ends, days_between(stopped, ends), Period::Days)?
            }
            Period::BusinessDays(_) => {
                self.whole(stopped, ends, self.business_days_between(stopped, ends)?, Period::BusinessDays)?
            }
        };
        let beyond = ends.duration_since(self.deadline(stopped, &whole)?.at);
        let at = self.deadline(again, &whole)?.at.checked_add(beyond).map_err(out_of_range)?;
        if !matches!(period, Period::BusinessDays(_)) {
            return deadline(at.max(exact));
        }
        let ended_on = ends.to_zoned(zone(&self.time_zone)?).date();
        let local = at.to_zoned(zone(&self.time_zone)?);
        if !self.is_business_day(ended_on) || self.is_business_day(local.date()) {
            return deadline(at);
        }
        let past =
            CalendarError::CalendarEnds { period: *period, from: again, covers_until: self.covers_until };
        let date = self.business_day_after(local.date(), 1).ok_or(past)?;
        let out_of_range = CalendarError::OutOfRange { period: *period, from: again };
        deadline(same_time_on(&local, date, 0).ok_or(out_of_range)?)
    }

    /// The most units, `most` at the utmost, that fit between two moments.
    fn whole(
        &self,
        from: Timestamp,
        until: Timestamp,
        most: u32,
        unit: impl Fn(u32) -> Period,
    ) -> Result<Period, CalendarError> {
        let mut left = most;
        while left > 0 && self.deadline(from, &unit(left))?.at > until {
            left -= 1;
        }
        Ok(unit(left))
    }

    /// The business days after the local day of `from`, up to that of `until` or the last whose holidays are known.
    fn business_days_between(&self, from: Timestamp, until: Timestamp) -> Result<u32, CalendarError> {
        let zone = zone(&self.time_zone)?;
        let last = until.to_zoned(zone.clone()).date().min(self.covers_until);
        let mut date = from.to_zoned(zone).date();
        let mut count = 0;
        while let Some(next) = date.tomorrow().ok().filter(|next| *next <= last) {
            date = next;
            count += u32::from(self.is_business_day(date));
        }
        Ok(count)
    }
}

/// As many times 24 hours as fit: never less than the days that fit, since no day counts as fewer.
fn days_between(from: Timestamp, until: Timestamp) -> u32 {
    let day = SignedDuration::from_hours(24).as_secs();
    u32::try_from(until.duration_since(from).as_secs() / day).unwrap_or(0)
}

#[cfg(test)]
mod tests;
