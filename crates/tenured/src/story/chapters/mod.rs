//! What happens, in order.

mod court;
mod ending;
mod measures;
mod notices;
mod provision;
mod scene;
mod suspension;

use super::Story;

/// A part of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chapter {
    /// Two customers are provisioned.
    Provision,
    /// Reports come in until the new year; the rule opens a case.
    Reports,
    /// Notices for the worst items are served and lapse.
    ItemNotices,
    /// The suspension is asked for, and refused.
    Refused,
    /// The worst workload is isolated.
    ItemIsolation,
    /// Notice of violation and of intent is served.
    Notice,
    /// An emergency isolation, ratified.
    Emergency,
    /// Another, not ratified: it lifts by itself.
    Unratified,
    /// Reminders go out; the cure period lapses.
    Lapse,
    /// The suspension is proposed, approved, scheduled.
    Approval,
    /// It takes effect.
    Suspension,
    /// A court orders reinstatement.
    Order,
    /// The order is vacated; the suspension applies again.
    Vacatur,
    /// The account meets what was asked; everything runs as before.
    Cure,
    /// The record proves it.
    Record,
}

impl Chapter {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[
        Self::Provision,
        Self::Reports,
        Self::ItemNotices,
        Self::Refused,
        Self::ItemIsolation,
        Self::Notice,
        Self::Emergency,
        Self::Unratified,
        Self::Lapse,
        Self::Approval,
        Self::Suspension,
        Self::Order,
        Self::Vacatur,
        Self::Cure,
        Self::Record,
    ];
}

/// The environment in which both accounts run.
const ENVIRONMENT: &str = "web";

/// Why the account is suspended and not one environment of it.
const WHOLE_ACCOUNT: &str = "The clean-up is the account's, not one environment's";

pub(super) async fn play(story: &mut Story<'_>, chapter: Chapter) -> anyhow::Result<()> {
    match chapter {
        Chapter::Provision => story.provision().await,
        Chapter::Reports => story.reports().await,
        Chapter::ItemNotices => story.item_notices().await,
        Chapter::Refused => story.refused().await,
        Chapter::ItemIsolation => story.item_isolation().await,
        Chapter::Notice => story.notice().await,
        Chapter::Emergency => story.emergency().await,
        Chapter::Unratified => story.unratified().await,
        Chapter::Lapse => story.lapse().await,
        Chapter::Approval => story.approval().await,
        Chapter::Suspension => story.suspension().await,
        Chapter::Order => story.order().await,
        Chapter::Vacatur => story.vacatur().await,
        Chapter::Cure => story.cure().await,
        Chapter::Record => story.record().await,
    }
}
