//! Hostnames that an account claims, and how it proves that they are its own.
//!
//! A claim hinders nobody: several accounts may have claimed one name, and the first that proves it has it. Whoever has
//! claimed a name is told a text and puts it where only whoever has the name can. The scheme is that of HTTP validation in
//! [RFC 8555] (section 8.3): a token that is new with each claim, and an answer that is bound to the account, so that what
//! one account was told proves nothing for another, and neither does a server that repeats what it is asked.
//!
//! [RFC 8555]: https://www.rfc-editor.org/rfc/rfc8555#section-8.3

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::name::{AccountId, ChallengeToken, Hostname};
use crate::text::Blob;

/// For how many days a claim that is not proved stands.
pub const LAPSE_DAYS: i64 = 7;
/// The most claims of one account, with those that have lapsed.
pub const MOST_CLAIMS: usize = 1_000;
/// Where the text is asked for; the token follows.
const CHALLENGE_PATH: &str = "/.well-known/tenure-challenge/";
/// The most bytes that an answer may have to be compared; the text has 64.
pub const ANSWER_MAX: usize = 256;

/// Ends of names that nobody has: special-use names of [RFC 6761], [RFC 6762], [RFC 7686] and [RFC 8375], and what private
/// networks use.
///
/// [RFC 6761]: https://www.rfc-editor.org/rfc/rfc6761
/// [RFC 6762]: https://www.rfc-editor.org/rfc/rfc6762
/// [RFC 7686]: https://www.rfc-editor.org/rfc/rfc7686
/// [RFC 8375]: https://www.rfc-editor.org/rfc/rfc8375
const NOBODYS: [&str; 7] = ["localhost", "local", "invalid", "onion", "arpa", "internal", "svc"];

/// A hostname that an account says is its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// What names the challenge.
    pub token: ChallengeToken,
    /// When it was claimed, UTC.
    pub claimed_at: Timestamp,
    /// How far it is.
    pub state: ClaimState,
}

/// How far a claim is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ClaimState {
    /// It waits for its proof.
    Claimed {
        /// Until when, UTC.
        lapses: Timestamp,
    },
    /// It is the account's.
    Proved {
        /// Since when, UTC.
        at: Timestamp,
        /// What was seen.
        evidence: Blob,
    },
    /// No proof came in time.
    Lapsed {
        /// When it lapsed, UTC.
        at: Timestamp,
    },
}

impl ClaimState {
    /// Its name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Claimed { .. } => "claimed",
            Self::Proved { .. } => "proved",
            Self::Lapsed { .. } => "lapsed",
        }
    }
}

impl Claim {
    /// Whether it counts against the plan: it is proved, or may yet be.
    pub fn stands(&self) -> bool {
        !matches!(self.state, ClaimState::Lapsed { .. })
    }

    /// Whether the name is the account's.
    pub fn is_proved(&self) -> bool {
        matches!(self.state, ClaimState::Proved { .. })
    }
}

/// What answered where a challenge's text is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// This, with a status of HTTP.
    With {
        /// The status.
        status: u16,
        /// The text; empty where it is longer than [`ANSWER_MAX`].
        text: String,
    },
    /// Nothing, for this reason.
    Nothing {
        /// Why.
        why: String,
    },
}

/// The URL at which the text of a challenge is asked for. Always in plain HTTP on port 80: before a name is proved no
/// certificate for it can be had here.
pub fn challenge_url(hostname: &Hostname, token: &ChallengeToken) -> String {
    format!("http://{hostname}{CHALLENGE_PATH}{token}")
}

/// The text that proves a name: SHA-256 over account, name and token, in hexadecimal.
pub fn challenge_text(account: &AccountId, hostname: &Hostname, token: &ChallengeToken) -> String {
    hex::encode(Sha256::digest(format!("tenure-challenge {account} {hostname} {token}")))
}

/// Why a name can be nobody's; none where it can be somebody's.
pub fn unclaimable(hostname: &Hostname) -> Option<String> {
    let labels: Vec<&str> = hostname.as_str().split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Some(format!("{hostname} is an address: name a host"));
    }
    if NOBODYS.contains(&last) {
        return Some(format!(
            "names that end in .{last} are nobody's: name one of the public domain name system"
        ));
    }
    // What IDNA leaves for itself (RFC 5891, section 4.2.3.1): a name in other letters is written in its A-labels.
    let is_reserved = |label: &&str| label.as_bytes().get(2..4) == Some(b"--") && !label.starts_with("xn--");
    labels.into_iter().find(is_reserved).map(|label| {
        format!(
            "{label:?} has hyphens where only the labels of IDNA have them: write \"xn--…\" or another name"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_private_names_and_labels_that_are_none_of_idna_can_be_nobodys() {
        for name in [
            "10.0.0.1",
            "web.local",
            "a.svc",
            "kubernetes.default.svc",
            "ab--cd.example",
            "printer.localhost",
        ] {
            assert!(unclaimable(&name.parse().unwrap()).is_some(), "{name}");
        }
        for name in ["www.parley.example", "xn--mnchen-3ya.example", "a-b.example", "1.example"] {
            assert_eq!(unclaimable(&name.parse().unwrap()), None, "{name}");
        }
        for name in [
            "*.parley.example",
            "Www.parley.example",
            "münchen.example",
            "parley",
            "a..b",
            "a.b.",
            "-a.b",
            "a_b.c",
        ] {
            assert!(name.parse::<Hostname>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_text_of_one_account_name_or_token_is_that_of_no_other() {
        let text = |account: &str, name: &str, token: &str| {
            challenge_text(&account.parse().unwrap(), &name.parse().unwrap(), &token.parse().unwrap())
        };
        let (one, other) = ("0".repeat(32), "1".repeat(32));
        let all = [
            text("parley", "www.parley.example", &one),
            text("market", "www.parley.example", &one),
            text("parley", "parley.example", &one),
            text("parley", "www.parley.example", &other),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!((different.len(), all[0].len()), (4, 64));
    }
}
