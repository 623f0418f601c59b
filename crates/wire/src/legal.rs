//! What is asked of the API about consent, orders, appeals and fees, and what it shows of strikes and fees.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::account::measure::Finding;
use tenure_domain::capability::Preset;
use tenure_domain::name::{MeasureId, OrderId, PersonId};
use tenure_domain::scope::Scope;
use tenure_domain::text::Blob;
use utoipa::ToSchema;

use crate::request::whole;
use crate::schema::{BlobName, PresetName, ScopeName, Slug, Text};

macro_rules! request {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

/// Whether an emergency measure was right.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingName {
    /// It was.
    Right,
    /// It was not.
    Wrong,
}

request!(
    /// Denies consent to exactly one command.
    Deny {
        /// The measure's `commandHash`, as read.
        #[schema(max_length = 64, example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
        command_hash: String,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Reviews an emergency measure that is provisional no more.
    ReviewEmergency {
        /// `right` or `wrong`.
        #[schema(value_type = FindingName)]
        finding: Finding,
        /// What happened.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Says that a gag is still needed.
    RenewGag {
        /// Until when, where the order was prolonged; none for its written end.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        until: Option<Timestamp>,
        /// The document that prolongs it, uploaded as evidence.
        #[serde(default)]
        #[schema(value_type = Option<BlobName>)]
        document: Option<Blob>,
        /// Why it is still needed.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Decides that one of two orders is followed.
    DecideConflict {
        /// The other order.
        #[schema(value_type = String, max_length = 39, pattern = "^[a-z0-9](-?[a-z0-9]){0,27}\\.o[1-9][0-9]{0,8}$", example = "parley.o1")]
        over: OrderId,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

request!(
    /// Says who decides an appeal.
    AssignAppeal {
        /// A person of the provider who took no part in the measure.
        #[schema(value_type = Slug)]
        reviewer: PersonId,
    }
);

request!(
    /// The lesser measure that an appeal puts in the place of the one challenged: at least one of the two.
    Instead {
        /// What kind of measure; none for the same.
        #[serde(default)]
        #[schema(value_type = Option<PresetName>)]
        preset: Option<Preset>,
        /// From what; none for the same.
        #[serde(default)]
        #[schema(value_type = Option<ScopeName>)]
        scope: Option<Scope>,
    }
);

request!(
    /// Charges for a breach. Tenure moves no money.
    ChargeFee {
        /// For which measure of the case, where it is for one.
        #[serde(default)]
        #[schema(value_type = Option<String>, max_length = 39, pattern = "^[a-z0-9](-?[a-z0-9]){0,27}\\.m[1-9][0-9]{0,8}$", example = "parley.m1")]
        measure: Option<MeasureId>,
        /// How much, in the currency's minor units, such as cents.
        #[schema(minimum = 1, maximum = 1_000_000_000)]
        #[serde(deserialize_with = "whole")]
        minor_units: u32,
        /// The currency (ISO 4217).
        #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "USD")]
        currency: String,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

/// What the terms count against the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StrikeView {
    /// In which case.
    pub case: String,
    /// On which ground.
    pub ground: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A charge that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeeView {
    /// Its id.
    pub id: String,
    /// In which case.
    pub case: String,
    /// For which measure.
    pub measure: Option<String>,
    /// How much, in the currency's minor units.
    pub minor_units: u64,
    /// The currency (ISO 4217).
    pub currency: String,
    /// Why.
    pub why: Option<String>,
    /// When it was charged.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// The review that an emergency measure owes or got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmergencyReviewView {
    /// By when it is to be done.
    #[schema(value_type = String, format = DateTime)]
    pub due: Timestamp,
    /// Whether that has passed without it.
    pub overdue: bool,
    /// Who did it.
    pub by: Option<String>,
    /// `right` or `wrong`.
    pub finding: Option<String>,
    /// What happened.
    pub why: Option<String>,
}
