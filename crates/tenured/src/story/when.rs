//! Moments as the story's people say them: in the calendar of the terms, America/Los_Angeles.

use anyhow::Context as _;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

const ZONE: &str = "America/Los_Angeles";

fn zone() -> anyhow::Result<TimeZone> {
    TimeZone::get(ZONE).with_context(|| format!("the bundled time zones lack {ZONE}"))
}

/// The moment of a local time such as `2021-01-09T19:00`.
pub fn at(local: &str) -> anyhow::Result<Timestamp> {
    let local: DateTime = local.parse().with_context(|| format!("{local:?} is no local time"))?;
    Ok(local.to_zoned(zone()?)?.timestamp())
}

/// A moment as people read it: `Sat 2021-01-09 19:00`.
pub fn said(moment: Timestamp) -> anyhow::Result<String> {
    let local = Zoned::new(moment, zone()?);
    Ok(local.strftime("%a %Y-%m-%d %H:%M").to_string())
}
