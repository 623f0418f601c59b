//! The roles that people and members hold.

use std::fmt;
use std::str::FromStr;

macro_rules! roles {
    ($($name:ident = $text:literal, $doc:literal, $of:ident;)*) => {
        /// A role. Text form: lower case, such as `analyst`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Role { $(#[doc = $doc] $name,)* }

        impl Role {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// Its name.
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $text),* } }
            /// Whether members of accounts hold it; else people of the provider do.
            pub fn is_members(self) -> bool { match self { $(Self::$name => roles!(@ $of)),* } }
        }
    };
    (@ member) => { true };
    (@ person) => { false };
}

roles! {
    Support = "support", "Answers accounts; reads.", person;
    Reporter = "reporter", "Brings reports in from outside or from a detector.", person;
    Analyst = "analyst", "Runs cases, proposes measures, acts in emergencies.", person;
    Approver = "approver", "Consents, ratifies, reviews appeals.", person;
    Legal = "legal", "Records orders and holds.", person;
    Enforcer = "enforcer", "Another system, which withholds what it enforces and says so.", person;
    Platform = "platform", "Provisions accounts.", person;
    Billing = "billing", "Says what is owed.", person;
    Auditor = "auditor", "Reads the whole record.", person;
    Administrator = "administrator", "Keeps the provider's book and its people.", person;
    Owner = "owner", "Acts for the account.", member;
    Developer = "developer", "Deploys in the account.", member;
    Viewer = "viewer", "Reads in the account.", member;
}

/// Why a text is not a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role")]
pub struct RoleError(String);

impl FromStr for Role {
    type Err = RoleError;
    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL
            .iter()
            .find(|r| r.as_str() == text)
            .copied()
            .ok_or_else(|| RoleError(text.chars().take(60).collect()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
