//! Reports coming in: which one was already there, and how much one reporter may bring.
//!
//! What tells reports apart is kept as *keys*: commitments, made with a salt of the installation, to an account, a
//! ground and a place, and to a reporter and its own reference. They are found in the transaction that files a report,
//! so that of two that say the same at once one is joined to the other.

use std::fmt;
use std::str::FromStr;

use tenure_domain::account::Actor;
use tenure_domain::name::AccountId;
use tenure_domain::report::{Allegation, Event};
use tenure_domain::text::Words;
use tenure_intake::locator;
use tenure_ledger::leaf::commitment;
use tenure_store::Store;

use crate::EngineError;
use crate::entropy::Entropy;

/// The most reports that one principal brings in within a day (UTC, legal time), joined ones too.
pub const REPORTS_PER_DAY: i64 = 1_000;

/// The most evidence that one principal brings in within such a day, in bytes: uploads, and reports as received.
pub const BYTES_PER_DAY: i64 = 200 * 1024 * 1024;

/// Where the installation keeps its [`Salt`].
pub(crate) const SALT_KEY: &str = "report-keys";

/// The salt of an installation's keys, and the last event before there were any. Text form: `hex@position`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Salt {
    pub salt: [u8; 16],
    /// Reports up to this position of the record have no keys: they came in before there were any.
    pub since: i64,
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", hex::encode(self.salt), self.since)
    }
}

impl FromStr for Salt {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        let wrong = || EngineError::defect(SALT_KEY, &"no salt");
        let (salt, since) = text.split_once('@').ok_or_else(wrong)?;
        let salt = hex::decode(salt).ok().and_then(|s| s.try_into().ok()).ok_or_else(wrong)?;
        Ok(Self { salt, since: since.parse().map_err(|_| wrong())? })
    }
}

/// The salt of this installation, made where there is none yet.
pub(crate) async fn salt(store: &Store, entropy: &Entropy) -> Result<Salt, EngineError> {
    if let Some(kept) = store.installation(SALT_KEY).await? {
        return kept.parse();
    }
    let mut write = store.write().await?;
    let fresh = Salt { salt: entropy.draw_16()?, since: write.last_position().await? };
    let kept = write.first_installation(SALT_KEY, &fresh.to_string()).await?;
    write.commit().await?;
    kept.parse()
}

/// The keys of what was alleged, as far as its words are known.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// The reporter and its reference.
    pub reference: Option<String>,
    /// The account, the ground and the place.
    pub place: Option<String>,
}

impl Keys {
    /// The keys of an allegation, given where words are read.
    pub fn new(
        salt: &Salt,
        account: &AccountId,
        reporter: &Actor,
        allegation: &Allegation,
        read: impl Fn(&Words) -> Option<String>,
    ) -> Self {
        let key = |parts: [&str; 4]| {
            let bytes = serde_json::to_vec(&parts).unwrap_or_default();
            commitment(salt.salt, &bytes).to_string()
        };
        let account = account.as_str();
        let reference = allegation.reference.as_ref().and_then(&read);
        let place = read(&allegation.locator);
        Self {
            reference: reference.map(|text| key(["reference", account, &reporter.to_string(), text.trim()])),
            place: place
                .map(|text| key(["place", account, allegation.ground.as_str(), &locator::normal(&text)])),
        }
    }

    /// The keys by which a report is found from this event on. One that was joined adds no place: whoever sends a
    /// reference again could else make another place look as if it had been reported.
    pub fn found_by(self, event: &Event) -> impl Iterator<Item = String> {
        let place = self.place.filter(|_| matches!(event, Event::Filed(_)));
        [self.reference, place].into_iter().flatten()
    }

    /// The keys in the order in which they are looked for: a reporter's own reference says most.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        [&self.reference, &self.place].into_iter().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_reads_back() {
        let salt = Salt { salt: [7; 16], since: 12 };
        assert_eq!(salt.to_string().parse::<Salt>().unwrap(), salt);
        for text in ["", "@", "07@1", "zz@1", &salt.to_string().replace("@12", "@x")] {
            text.parse::<Salt>().unwrap_err();
        }
    }
}
