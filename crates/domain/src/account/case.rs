//! The process against one account on one ground.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::clearance::Signal;
use super::clock::{Paused, Wait};
use super::cure::{Found, Verifier};
use crate::name::{CaseId, Ground, InvoiceId, ItemId, OrderId, ReportId};
use crate::terms::TermsRef;
use crate::text::Words;

/// A case: `open → notified → lapsed → closed(outcome)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The reason code.
    pub ground: Ground,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who or what opened it.
    pub opened_by: Actor,
    /// Why, in words.
    pub why: Words,
    /// The reports it rests on.
    pub reports: Vec<ReportId>,
    /// Where it stands.
    pub state: CaseState,
    /// The terms under which it was opened, where others bind the account since; none for those that bind it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsRef>,
    /// What the account has to do; when all of it is done the case is cured.
    pub items: Vec<Item>,
    /// That its clocks stand still, where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// What a rule saw when it opened the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
    /// When verifiers that go by themselves were last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// Why it was withdrawn, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_why: Option<Words>,
    /// The order that it carries out, where no power of the terms is used in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
}

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum CaseState {
    /// Nothing is served yet.
    Open,
    /// A violation notice is served; the cure period runs.
    Notified {
        /// When the first such notice was served.
        since: Timestamp,
    },
    /// A cure period ended without cure.
    Lapsed {
        /// When the first one did.
        at: Timestamp,
    },
    /// Over.
    Closed {
        /// When.
        at: Timestamp,
        /// How.
        outcome: Outcome,
    },
}

/// How a case ended. Each of these undoes what was done in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All that was asked is done.
    Cured,
    /// The provider took it back.
    Withdrawn,
    /// An appeal succeeded.
    Overturned,
    /// The order that it carried out no longer stands.
    Vacated,
}

/// One thing that the account has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its name within the case.
    pub id: ItemId,
    /// What is asked, in words.
    pub ask: Words,
    /// The report it answers, where it answers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportId>,
    /// The invoice whose payment it asks for, where it asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// How it is found to be done.
    #[serde(default, skip_serializing_if = "Verifier::is_review")]
    pub verifier: Verifier,
    /// How far it is.
    pub state: ItemState,
}

/// How far an item is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum ItemState {
    /// Nothing was handed in, or what was is rejected.
    Due {
        /// Why the last remedy was rejected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rejected: Option<Words>,
    },
    /// A remedy is handed in and awaits a decision.
    Submitted {
        /// When.
        at: Timestamp,
        /// By whom.
        by: Actor,
        /// What was done, in words.
        remedy: Words,
        /// The cure periods that ran at that moment.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waits: Vec<Wait>,
    },
    /// Done.
    Met {
        /// When it was accepted.
        at: Timestamp,
        /// By whom.
        by: Actor,
        /// What was found, where no person decided it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<Found>,
    },
}

impl Item {
    /// Whether it is done.
    pub fn is_met(&self) -> bool {
        matches!(self.state, ItemState::Met { .. })
    }
}

impl Case {
    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, CaseState::Closed { .. })
    }

    /// Whether there is something to do and all of it is done.
    pub fn is_cured(&self) -> bool {
        !self.items.is_empty() && self.items.iter().all(|i| matches!(i.state, ItemState::Met { .. }))
    }

    /// The item of this name.
    pub fn item(&self, id: &ItemId) -> Option<&Item> {
        self.items.iter().find(|i| &i.id == id)
    }
}
