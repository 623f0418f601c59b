//! Principals, roles and Cedar policies: may this principal do this?
//!
//! The policies are in `policies/tenure.cedar`, against the schema beside it. Any diagnostic of an evaluation is a
//! denial: Cedar skips a policy that errs, and a skipped `forbid` must not turn into a permission.

mod action;
mod role;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression, Schema, ValidationMode, Validator,
};

pub use action::Action;
pub use role::{Role, RoleError};

const SCHEMA: &str = include_str!("../policies/tenure.cedarschema");
const POLICIES: &str = include_str!("../policies/tenure.cedar");

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person of the provider.
    Person {
        /// The person's name.
        name: String,
        /// The person's roles.
        roles: BTreeSet<Role>,
    },
    /// A member of an account.
    Member {
        /// The account's slug.
        account: String,
        /// The member's name.
        name: String,
        /// The member's roles.
        roles: BTreeSet<Role>,
    },
}

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// An account and everything in it.
    Account(&'a str),
    /// What belongs to the provider as a whole.
    Provider,
}

/// Why the policies cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the access policies are damaged: {0}")]
pub struct PolicyError(String);

/// Why something is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The roles of the principal do not allow it.
    #[error("{principal} may not {action} here: none of the roles held allows it")]
    Role {
        /// Who asked.
        principal: String,
        /// For what.
        action: Action,
    },
    /// To this principal the thing does not exist (law 16).
    #[error("there is no such account")]
    Hidden,
}

/// The policies, ready to be asked.
#[derive(Debug)]
pub struct Access {
    authorizer: Authorizer,
    policies: PolicySet,
    schema: Schema,
    /// What was asked before: the policies never change, and an evaluation costs more than what it permits.
    answered: RwLock<HashMap<Question, bool>>,
}

/// Everything on which an answer depends. The policies name nobody, and a member is only ever asked about the member's
/// own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Question {
    is_member: bool,
    /// A bit for each role.
    roles: u64,
    action: Action,
    is_account: bool,
}

/// The most answers that are remembered; more kinds of callers than that are asked for anew.
const ANSWERS: usize = 4_096;

impl Question {
    fn new(principal: &Principal, action: Action, resource: Resource<'_>) -> Self {
        let (is_member, roles) = match principal {
            Principal::Person { roles, .. } => (false, roles),
            Principal::Member { roles, .. } => (true, roles),
        };
        let roles = roles.iter().fold(0, |all, role| all | 1 << (*role as u64));
        Self { is_member, roles, action, is_account: matches!(resource, Resource::Account(_)) }
    }
}

impl Access {
    /// Reads and validates the built-in policies.
    pub fn new() -> Result<Self, PolicyError> {
        let fault = |e: &dyn std::fmt::Display| PolicyError(e.to_string());
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|e| fault(&e))?;
        let policies = PolicySet::from_str(POLICIES).map_err(|e| fault(&e))?;
        let result = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if let Some(error) = result.validation_errors().next() {
            return Err(fault(error));
        }
        Ok(Self { authorizer: Authorizer::new(), policies, schema, answered: RwLock::default() })
    }

    /// Whether the principal may do this.
    pub fn check(&self, principal: &Principal, action: Action, resource: Resource<'_>) -> Result<(), Denied> {
        // Law 16 does not depend on any policy: a member's view ends at the member's account.
        if let (Principal::Member { account, .. }, Resource::Account(slug)) = (principal, resource)
            && account != slug
        {
            return Err(Denied::Hidden);
        }
        if self.answer(principal, action, resource) {
            Ok(())
        } else {
            Err(Denied::Role { principal: principal.to_string(), action })
        }
    }

    fn answer(&self, principal: &Principal, action: Action, resource: Resource<'_>) -> bool {
        let question = Question::new(principal, action, resource);
        let before = self.answered.read().unwrap_or_else(PoisonError::into_inner).get(&question).copied();
        if let Some(answer) = before {
            return answer;
        }
        let Some(answer) = self.evaluate(principal, action, resource) else { return false };
        let mut answered = self.answered.write().unwrap_or_else(PoisonError::into_inner);
        if answered.len() < ANSWERS {
            answered.insert(question, answer);
        }
        answer
    }

    fn evaluate(&self, principal: &Principal, action: Action, resource: Resource<'_>) -> Option<bool> {
        let uid = |kind: &str, id: &str| {
            Some(EntityUid::from_type_name_and_id(
                EntityTypeName::from_str(&format!("Tenure::{kind}")).ok()?,
                EntityId::new(id),
            ))
        };
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let (who, roles, attributes) = match principal {
            Principal::Person { name, roles } => (uid("Person", name)?, roles, HashMap::new()),
            Principal::Member { account, name, roles } => (
                uid("Member", &format!("{account}/{name}"))?,
                roles,
                HashMap::from([("account".to_owned(), text(account))]),
            ),
        };
        let parents: Option<HashSet<EntityUid>> = roles.iter().map(|r| uid("Role", r.as_str())).collect();
        let what = match resource {
            Resource::Account(slug) => {
                let attributes = HashMap::from([("slug".to_owned(), text(slug))]);
                Entity::new(uid("Account", slug)?, attributes, HashSet::new()).ok()?
            }
            Resource::Provider => {
                Entity::new(uid("Provider", "provider")?, HashMap::new(), HashSet::new()).ok()?
            }
        };
        let act = uid("Action", action.as_str())?;
        let about = what.uid();
        let entities = Entities::from_entities(
            [Entity::new(who.clone(), attributes, parents?).ok()?, what],
            Some(&self.schema),
        )
        .ok()?;
        let request = Request::new(who, act, about, Context::empty(), Some(&self.schema)).ok()?;
        let response = self.authorizer.is_authorized(&request, &self.policies, &entities);
        if response.diagnostics().errors().next().is_some() {
            return None;
        }
        Some(response.decision() == Decision::Allow)
    }
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person { name, .. } => write!(f, "person/{name}"),
            Self::Member { account, name, .. } => write!(f, "member/{account}/{name}"),
        }
    }
}

#[cfg(test)]
mod tests;
