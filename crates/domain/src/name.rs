//! Names and numbers by which things are called.
//!
//! A *slug* is a DNS label ([RFC 1123]) of at most 28 characters, chosen by a person and never changed. What an
//! account's history gives rise to (cases, notices, measures, …) is numbered within the account, so that its id
//! says whose it is: `parley.m4` is the fourth measure of the account `parley`.
//!
//! [RFC 1123]: https://www.rfc-editor.org/rfc/rfc1123#section-2.1

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest slug; an environment's namespace joins two of them and must stay under 63 characters.
pub const SLUG_MAX: usize = 28;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a DNS label within the length limit.
    #[error(
        "{0:?} is not a name: use 1 to {SLUG_MAX} of a-z, 0-9 and '-', starting and ending with a letter or digit, without \"--\""
    )]
    Slug(String),
    /// Not a reason code.
    #[error("{0:?} is not a reason code: use 1 to 64 of a-z, 0-9 and '_', starting with a letter")]
    Code(String),
    /// Not a format of reports.
    #[error("{0:?} is not a format of reports: it reads like \"xarf:content/phishing\" or \"arf:abuse\"")]
    Format(String),
    /// Not an id of the form `account.letter number`.
    #[error("{text:?} is not {what}'s id: it reads like {example:?}")]
    Numbered {
        /// What was given.
        text: String,
        /// The kind of thing, in words.
        what: &'static str,
        /// An id of that kind.
        example: &'static str,
    },
    /// Not a name of the domain name system.
    #[error("{0:?} is not a hostname: it reads like \"www.parley.example\", in lower case")]
    Hostname(String),
    /// Not what names a challenge.
    #[error("{0:?} is not a challenge's token: it has 32 of 0-9 and a-f")]
    Token(String),
    /// Empty, too long, or with control characters.
    #[error("{0:?} is not a clause: use 1 to 64 printable characters")]
    Clause(String),
    /// Not the name of a namespace.
    #[error(
        "{0:?} is not a namespace's name: use 1 to 63 of a-z, 0-9 and '-', starting and ending with a letter or digit"
    )]
    Namespace(String),
    /// Not an object's UID.
    #[error("{0:?} is not a UID: use 1 to 64 of A-Z, a-z, 0-9 and '-', as the cluster gives it")]
    Uid(String),
    /// Not an invoice's number.
    #[error(
        "{0:?} is not an invoice's number: use 1 to 64 of A-Z, a-z, 0-9, '-', '_' and '.', starting with a letter or digit"
    )]
    Invoice(String),
}

fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    bytes.len() <= SLUG_MAX
        && edge(bytes.first())
        && edge(bytes.last())
        && !text.contains("--")
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn is_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= 64
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_')
}

fn is_clause(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_invoice(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= 64
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

/// A DNS label, as Kubernetes wants it of a namespace.
fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// At least two labels of at most 63 letters, digits and hyphens, in lower case, 253 bytes in all.
fn is_hostname(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// 128 bits in hexadecimal.
fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// `xarf:` with a category and a type, or `arf:` with a feedback type, in lower case.
fn is_format(text: &str) -> bool {
    let word = |w: &str| {
        !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    text.len() <= 80
        && match text.split_once(':') {
            Some(("xarf", rest)) => rest.split_once('/').is_some_and(|(c, t)| word(c) && word(t)),
            Some(("arf", rest)) => word(rest),
            _ => false,
        }
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $check:ident, $error:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                if $check(&text) { Ok(Self(text)) } else { Err(NameError::$error(text)) }
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_name!(
    /// A tenant's immutable slug.
    AccountId, is_slug, Slug
);
text_name!(
    /// An environment's slug, unique within its account.
    EnvironmentId, is_slug, Slug
);
text_name!(
    /// A workload's slug, unique within its environment.
    WorkloadId, is_slug, Slug
);
text_name!(
    /// A volume's slug, unique within its workload.
    VolumeId, is_slug, Slug
);
text_name!(
    /// A secret's slug, unique within its environment.
    SecretId, is_slug, Slug
);
text_name!(
    /// A name under which a workload is reached.
    Hostname, is_hostname, Hostname
);
text_name!(
    /// What names the challenge by which a hostname is proved: random, and new with each claim.
    ChallengeToken, is_token, Token
);
text_name!(
    /// A person of the provider, or a member of an account.
    PersonId, is_slug, Slug
);
text_name!(
    /// A rule's slug.
    RuleId, is_slug, Slug
);
text_name!(
    /// The name of a namespace of a cluster.
    Namespace, is_label, Namespace
);
text_name!(
    /// The UID by which a cluster tells an object from others of its name.
    Uid, is_uid, Uid
);
text_name!(
    /// A webhook endpoint's slug.
    WebhookId, is_slug, Slug
);
text_name!(
    /// A cluster's slug.
    ClusterId, is_slug, Slug
);
text_name!(
    /// A terms document's slug; with its version it names one immutable text.
    TermsId, is_slug, Slug
);
text_name!(
    /// A thing to be done, unique within its case.
    ItemId, is_slug, Slug
);
text_name!(
    /// A reason code such as `incitement` or `process_failure`.
    Ground, is_code, Code
);
text_name!(
    /// A published format of reports and the type within it: `xarf:content/phishing`, `arf:abuse`.
    Format, is_format, Format
);
text_name!(
    /// A clause's number as the agreement prints it, such as `7.2(b)(i)`.
    PowerId, is_clause, Clause
);

text_name!(
    /// An invoice's number, as the billing system gives it.
    InvoiceId, is_invoice, Invoice
);

impl ClusterId {
    /// The cluster that environments live on where nothing else was said, as all of earlier versions do.
    pub fn main() -> Self {
        Self(crate::cluster::MAIN.to_owned())
    }

    /// Whether it is that one.
    pub fn is_main(&self) -> bool {
        self.0 == crate::cluster::MAIN
    }
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $letter:literal, $what:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name {
            account: AccountId,
            number: u32,
        }

        impl $name {
            /// The thing with this number, counted from 1 within the account (0 counts as 1).
            pub fn new(account: AccountId, number: u32) -> Self {
                Self { account, number: number.max(1) }
            }
            /// Whose it is.
            pub fn account(&self) -> &AccountId {
                &self.account
            }
            /// Its number within the account, from 1.
            pub fn number(&self) -> u32 {
                self.number
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let wrong = || NameError::Numbered { text: text.to_owned(), what: $what, example: $example };
                let (account, rest) = text.split_once('.').ok_or_else(wrong)?;
                let digits = rest.strip_prefix($letter).ok_or_else(wrong)?;
                let number: u32 = digits.parse().map_err(|_| wrong())?;
                if number == 0 || digits.starts_with(['0', '+']) {
                    return Err(wrong());
                }
                Ok(Self { account: account.parse().map_err(|_| wrong())?, number })
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{}.", $letter, "{}"), self.account, self.number)
            }
        }
    };
}

numbered!(
    /// A case, such as `parley.c1`.
    CaseId, "c", "a case", "parley.c1"
);
numbered!(
    /// A notice, such as `parley.n1`.
    NoticeId, "n", "a notice", "parley.n1"
);
numbered!(
    /// The notice of a new version of the terms, such as `parley.t1`.
    TermsNoticeId, "t", "a notice of terms", "parley.t1"
);
numbered!(
    /// A measure, such as `parley.m1`.
    MeasureId, "m", "a measure", "parley.m1"
);
numbered!(
    /// An order, such as `parley.o1`.
    OrderId, "o", "an order", "parley.o1"
);
numbered!(
    /// A hold, such as `parley.h1`.
    HoldId, "h", "a hold", "parley.h1"
);
numbered!(
    /// A request for a larger plan, such as `parley.q1`.
    QuotaRequestId, "q", "a quota request", "parley.q1"
);
numbered!(
    /// A snapshot of a volume, such as `parley.s1`.
    SnapshotId, "s", "a snapshot", "parley.s1"
);
numbered!(
    /// An appeal, such as `parley.a1`.
    AppealId, "a", "an appeal", "parley.a1"
);
numbered!(
    /// A fee, such as `parley.f1`.
    FeeId, "f", "a fee", "parley.f1"
);
numbered!(
    /// A report, such as `parley.r1`.
    ReportId, "r", "a report", "parley.r1"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_says_whose_it_is() {
        let id: MeasureId = "parley.m4".parse().unwrap();
        assert_eq!((id.account().as_str(), id.number()), ("parley", 4));
        assert_eq!(id.to_string(), "parley.m4");
    }

    #[test]
    fn near_misses_are_refused() {
        for text in [
            "",
            "parley",
            "parley.m",
            "parley.m0",
            "parley.m01",
            "parley.m+1",
            "parley.n1",
            "Parley.m1",
            "a.b.m1",
            "parley.m99999999999",
        ] {
            assert!(text.parse::<MeasureId>().is_err(), "{text:?}");
        }
        for text in ["", "-a", "a-", "a--b", "A", "a_b", "a.b", &"a".repeat(SLUG_MAX + 1)] {
            assert!(text.parse::<AccountId>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_either_reads_back_or_is_refused(text in ".{0,60}") {
            if let Ok(id) = text.parse::<CaseId>() { prop_assert_eq!(id.to_string(), text.clone()); }
            if let Ok(id) = text.parse::<AccountId>() { prop_assert_eq!(id.to_string(), text); }
        }
    }
}
