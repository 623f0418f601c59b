//! Who a caller is, and what roles give: as the real server's token authenticator and its RBAC authorizer answer.
//!
//! Whoever shows no token is an administrator: a simulation listens on loopback only. Tokens are those that a service
//! account's `token` gave out; they end with their time and with their service account.

use jiff::Timestamp;
use serde_json::Value;

use crate::kinds::Kind;
use crate::object::{list, text, uid};
use crate::status::{ApiError, Outcome};
use crate::world::{Key, World};

const PREFIX: &str = "kubesim-simulated-token";
const ROLES: &str = "roles.rbac.authorization.k8s.io";
const BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";
const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const CLUSTER_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Somebody without a token.
    Administrator,
    /// A service account.
    Account {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// `get`, `create`, ….
    pub verb: &'a str,
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The plural, and the subresource after a slash where there is one.
    pub resource: &'a str,
    /// Empty for what has none, and for all namespaces.
    pub namespace: &'a str,
    /// Empty for collections.
    pub name: &'a str,
}

/// A token of a service account that ends at this moment.
pub fn token(account: &Value, expires: Timestamp) -> String {
    let (namespace, name) = (text(account, "/metadata/namespace"), text(account, "/metadata/name"));
    format!("{PREFIX}.{}.{}.{namespace}.{name}", expires.as_second(), uid(account))
}

/// Who shows this `Authorization`.
pub fn caller(world: &World, authorization: &str, now: Timestamp) -> Outcome<Caller> {
    let Some(shown) = authorization.strip_prefix("Bearer ") else { return Ok(Caller::Administrator) };
    let unauthorized = || ApiError::new(401, "Unauthorized", "Unauthorized");
    let parts: Vec<&str> = shown.splitn(5, '.').collect();
    let &[PREFIX, expires, of, namespace, name] = parts.as_slice() else { return Err(unauthorized()) };
    let ends = expires.parse::<i64>().map_err(|_| unauthorized())?;
    let account = world.get(&Key::new("serviceaccounts", namespace, name)).ok_or_else(unauthorized)?;
    if ends <= now.as_second() || uid(account) != of {
        return Err(unauthorized());
    }
    Ok(Caller::Account { namespace: namespace.to_owned(), name: name.to_owned() })
}

impl Caller {
    /// Whether the roles that are bound to the caller give this.
    pub fn may(&self, world: &World, ask: &Ask<'_>) -> bool {
        let Self::Account { namespace, name } = self else { return true };
        let concerns = |binding: &Value| {
            let group = format!("system:serviceaccounts:{namespace}");
            list(binding, "/subjects").iter().any(|subject| match text(subject, "/kind") {
                "ServiceAccount" => {
                    text(subject, "/name") == name && text(subject, "/namespace") == namespace
                }
                "Group" => ["system:serviceaccounts", "system:authenticated", &group]
                    .contains(&text(subject, "/name")),
                "User" => text(subject, "/name") == format!("system:serviceaccount:{namespace}:{name}"),
                _ => false,
            })
        };
        let local =
            if ask.namespace.is_empty() { Vec::new() } else { world.list(BINDINGS, Some(ask.namespace)) };
        let all = local.into_iter().chain(world.list(CLUSTER_BINDINGS, None));
        all.into_iter().filter(|binding| concerns(binding)).any(|binding| {
            let role = text(&binding, "/roleRef/name");
            let key = if text(&binding, "/roleRef/kind") == "ClusterRole" {
                Key::new(CLUSTER_ROLES, "", role)
            } else {
                Key::new(ROLES, text(&binding, "/metadata/namespace"), role)
            };
            world.get(&key).is_some_and(|role| list(role, "/rules").iter().any(|rule| gives(rule, ask)))
        })
    }

    /// Refuses what no role gives.
    pub fn check(&self, world: &World, kind: &Kind, ask: &Ask<'_>) -> Outcome<()> {
        if self.may(world, ask) {
            return Ok(());
        }
        let Self::Account { namespace, name } = self else { return Ok(()) };
        let wherein = match ask.namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace {namespace:?}"),
        };
        let why = format!(
            "User \"system:serviceaccount:{namespace}:{name}\" cannot {} resource {:?} in API group {:?} {wherein}",
            ask.verb, ask.resource, ask.group
        );
        let mut error = ApiError::forbidden(kind, ask.name, &why);
        if ask.name.is_empty() {
            error.message = format!("{} is forbidden: {why}", kind.resource);
        }
        Err(error)
    }
}

fn gives(rule: &Value, ask: &Ask<'_>) -> bool {
    let has = |field: &str, wanted: &str| {
        list(rule, field).iter().any(|v| v.as_str().is_some_and(|v| v == wanted || v == "*"))
    };
    let whole = ask.resource.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
    let names = list(rule, "/resourceNames");
    has("/verbs", ask.verb)
        && has("/apiGroups", ask.group)
        && (has("/resources", ask.resource) || whole.is_some_and(|whole| has("/resources", &whole)))
        && (names.is_empty() || names.iter().any(|name| name.as_str() == Some(ask.name)))
}
