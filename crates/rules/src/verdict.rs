//! What an evaluation says.

use serde::{Deserialize, Serialize};

/// A fact that the evaluation read, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FactUsed {
    /// The fact as conditions write it: `reports("incitement", "P28D").filed`.
    pub name: String,
    /// Its value as CEL writes it: `63`, `4.5`.
    pub value: String,
}

/// The result of an evaluation. The facts are those that were read, each once, in the order of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The condition holds.
    Match(Vec<FactUsed>),
    /// It does not hold.
    NoMatch(Vec<FactUsed>),
    /// A fact that matters is missing; why. Nobody acts on this.
    CannotDecide(String),
}
