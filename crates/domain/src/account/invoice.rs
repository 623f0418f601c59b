//! What is owed, as the billing system says it: facts, on which a case of non-payment rests like any other.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use crate::money::Currency;

/// The reason code of the cases that invoices clear.
pub const NON_PAYMENT: &str = "non_payment";

/// What the billing system says about one invoice. All amounts are in minor units of the currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvoiceFacts {
    /// What was billed. Longer than zero and never changed: what is taken back is a credit.
    pub amount: u64,
    /// In which currency.
    pub currency: Currency,
    /// The last day on which it is paid in time, in the zone of the terms.
    pub due: Date,
    /// What was paid so far; less than before where a payment bounced.
    pub paid: u64,
    /// What was credited so far.
    pub credited: u64,
    /// What of the rest the account disputes, and nobody has decided on.
    pub disputed: u64,
    /// The moment for which the billing system says this. A later word counts, whenever it comes in.
    pub as_of: Timestamp,
}

impl InvoiceFacts {
    /// What is neither paid nor credited, in minor units.
    pub fn outstanding(&self) -> u64 {
        self.amount.saturating_sub(self.paid).saturating_sub(self.credited)
    }
}

/// An invoice on the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// The latest word about it.
    pub facts: InvoiceFacts,
    /// From when what is outstanding is overdue: the end of the last day, as computed then.
    pub overdue_from: Timestamp,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub recorded_by: Actor,
}

impl Invoice {
    /// What is due at this moment, in minor units: all that is outstanding once its day has ended. What is disputed is in
    /// it: a dispute pauses a case and pays nothing.
    pub fn due(&self, now: Timestamp) -> u64 {
        if now < self.overdue_from { 0 } else { self.facts.outstanding() }
    }

    /// Whether something of it is disputed and nobody has decided on that.
    pub fn is_disputed(&self) -> bool {
        self.facts.disputed > 0
    }
}
