//! A rule, and reading its document.

use std::fmt;

use serde::{Deserialize, Serialize};
use tenure_domain::document::{DocumentErrors, Faults, Item, Node, hash};
use tenure_domain::name::{Ground, RuleId};

use crate::caps::Caps;
use crate::condition::Condition;
use crate::facts::Facts;
use crate::verdict::Verdict;

const PER_DAY_MAX: u32 = 1_000_000;
const MODES: [(&str, Mode); 4] =
    [("off", Mode::Off), ("shadow", Mode::Shadow), ("notify", Mode::Notify), ("enforce", Mode::Enforce)];

/// What follows from a match. The order is from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The rule is not evaluated.
    Off,
    /// The match is recorded, and nothing else.
    Shadow,
    /// A case is opened too, and operators are told.
    Notify,
    /// The notice of violation is issued too. A rule alone never suspends.
    Enforce,
}

impl Mode {
    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Shadow => "shadow",
            Self::Notify => "notify",
            Self::Enforce => "enforce",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One exact text of a rule. Text form: the id and the first twelve digits of the hash, `reports-outpace-cleanup@0123456789ab`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleRef {
    /// Which rule.
    pub id: RuleId,
    /// The SHA-256 of the document's exact bytes, in lower-case hexadecimal.
    pub hash: String,
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.hash.get(..12).unwrap_or(&self.hash))
    }
}

/// A versioned condition on an account's facts. Made only by [`Rule::parse`].
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Which rule.
    pub id: RuleId,
    /// The ground of the case that it opens.
    pub ground: Ground,
    /// What follows from a match.
    pub mode: Mode,
    /// When it matches.
    pub when: Condition,
    /// How often it may act.
    pub caps: Caps,
    hash: String,
}

impl Rule {
    /// Reads a rule document; the hash is of exactly these bytes.
    pub fn parse(text: &str) -> Result<Self, DocumentErrors> {
        let document = Node::read(text)?;
        let mut faults = Faults::default();
        let rule = read(&document.root(), hash(text), &mut faults);
        faults.into_result(rule)
    }

    /// The SHA-256 of the document's exact bytes, in lower-case hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Which rule in which exact text, for the record.
    pub fn reference(&self) -> RuleRef {
        RuleRef { id: self.id.clone(), hash: self.hash.clone() }
    }

    /// Whether the condition holds of these facts, whatever the mode.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Verdict {
        self.when.evaluate(facts)
    }
}

fn read(root: &Item<'_>, hash: String, faults: &mut Faults) -> Option<Rule> {
    let fields = root.fields(&["kind", "id", "ground", "mode", "when", "caps"], faults)?;
    let kind = fields.required("kind", faults).and_then(|item| item.word(&[("Rule", ())], faults));
    let id: Option<RuleId> = fields.required("id", faults).and_then(|item| item.parsed(faults));
    let ground: Option<Ground> = fields.required("ground", faults).and_then(|item| item.parsed(faults));
    let mode = fields.required("mode", faults).and_then(|item| item.word(&MODES, faults));
    let when = fields.required("when", faults).and_then(|item| {
        let text = item.text(faults)?;
        match Condition::parse(text) {
            Ok(condition) => Some(condition),
            Err(error) => {
                faults.at(&item, error.to_string());
                None
            }
        }
    });
    let caps = fields.required("caps", faults).and_then(|item| caps(&item, faults));
    kind?;
    Some(Rule { id: id?, ground: ground?, mode: mode?, when: when?, caps: caps?, hash })
}

fn caps(item: &Item<'_>, faults: &mut Faults) -> Option<Caps> {
    let fields = item.fields(&["perDay", "shareOfAccounts"], faults)?;
    let per_day = fields.required("perDay", faults).and_then(|item| item.integer(1, PER_DAY_MAX, faults));
    let share_of_accounts = fields.required("shareOfAccounts", faults).and_then(|item| {
        let text = item.decimal(faults)?;
        match text.parse() {
            Ok(share) => Some(share),
            Err(error) => {
                let error: crate::caps::ShareError = error;
                faults.at(&item, error.to_string());
                None
            }
        }
    });
    Some(Caps { per_day: per_day?, share_of_accounts: share_of_accounts? })
}

#[cfg(test)]
mod tests;
