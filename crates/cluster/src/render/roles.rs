//! What the tenant's people may do in the namespace of an open environment.
//!
//! No role touches what Tenure owns there: quotas (which may be read), limits, policies, roles and bindings. The
//! identities are service accounts of a namespace of ours: whoever makes pods or secrets in a namespace can take the token
//! of any service account in it, and so none with rights is in the tenant's.

use serde_json::{Value, json};
use tenure_domain::environment::TenantRole;

use super::{Wanted, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;
use crate::restriction::Withholding;

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];
const RBAC: &str = "rbac.authorization.k8s.io";

/// What deployments consist of, by API group. Secrets are told apart: a viewer does not read them.
const DEPLOYED: [(&str, &[&str]); 7] = [
    ("", &["pods", "services", "configmaps", "persistentvolumeclaims", "serviceaccounts"]),
    (
        "apps",
        &[
            "deployments",
            "deployments/scale",
            "statefulsets",
            "statefulsets/scale",
            "replicasets",
            "replicasets/scale",
            "daemonsets",
        ],
    ),
    ("batch", &["jobs", "cronjobs"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("policy", &["poddisruptionbudgets"]),
    ("networking.k8s.io", &["ingresses"]),
    ("gateway.networking.k8s.io", &["httproutes", "grpcroutes"]),
];

/// What comes of it, and the environment's own quota.
const SEEN: [(&str, &[&str]); 5] = [
    ("", &["pods/log", "pods/status", "endpoints", "events", "namespaces", "resourcequotas"]),
    ("apps", &["controllerrevisions"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("events.k8s.io", &["events"]),
    ("metrics.k8s.io", &["pods"]),
];

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

fn rules(role: TenantRole) -> Vec<Value> {
    let read = DEPLOYED.iter().chain(&SEEN).map(|(group, resources)| rule(group, resources, &READ));
    let mut rules: Vec<Value> = read.collect();
    if role.changes() {
        rules.extend(DEPLOYED.iter().map(|(group, resources)| rule(group, resources, &WRITE)));
        rules.push(rule("", &["secrets"], &READ));
        rules.push(rule("", &["secrets"], &WRITE));
        rules.push(rule("", &["pods/portforward"], &["get", "create"]));
    }
    if role == TenantRole::Admin {
        rules.push(rule(
            "",
            &["pods/exec", "pods/attach", "pods/proxy", "services/proxy"],
            &["get", "create"],
        ));
        rules.push(rule("", &["pods/eviction"], &["create"]));
        rules.push(rule("", &["pods/ephemeralcontainers"], &["get", "update", "patch"]));
    }
    rules
}

/// A role.
pub(super) fn role(environment: &Environment, role: TenantRole) -> Wanted {
    wanted(environment, Kind::Role, &names::role(role), None, json!({"rules": rules(role)}))
}

/// Who holds a role. While `deploy` is withheld everybody holds the viewer's and nobody another: the bindings stay, with
/// other subjects, so that their identity and their history stay.
pub(super) fn binding(environment: &Environment, role: TenantRole, withheld: Option<&Withholding>) -> Wanted {
    let holders: &[TenantRole] = match (withheld, role) {
        (Some(_), TenantRole::Viewer) => &TenantRole::ALL,
        (Some(_), TenantRole::Editor | TenantRole::Admin) => &[],
        (None, _) => &[role],
    };
    let subjects: Vec<Value> = holders
        .iter()
        .map(|holder| {
            let name = names::access_account(&environment.account, &environment.id, *holder);
            json!({"kind": "ServiceAccount", "name": name, "namespace": names::ACCESS})
        })
        .collect();
    let name = names::role(role);
    let body = json!({"roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name}, "subjects": subjects});
    wanted(environment, Kind::RoleBinding, &name, None, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Tenure owns in an environment.
    const OURS: [&str; 8] = [
        "resourcequotas",
        "limitranges",
        "networkpolicies",
        "roles",
        "rolebindings",
        "serviceaccounts/token",
        "namespaces",
        "*",
    ];

    #[test]
    fn no_role_changes_what_tenure_owns_or_says_everything() {
        for role in TenantRole::ALL {
            for rule in rules(role) {
                let list =
                    |field: &str| -> Vec<String> { serde_json::from_value(rule[field].clone()).unwrap() };
                assert!(
                    !list("verbs").contains(&"*".to_owned()) && !list("apiGroups").contains(&"*".to_owned())
                );
                assert!(!list("apiGroups").contains(&RBAC.to_owned()), "{role}: {rule}");
                let reads = list("verbs").iter().all(|verb| READ.contains(&verb.as_str()));
                for resource in list("resources") {
                    let named = OURS.contains(&resource.as_str());
                    let may = ["resourcequotas", "namespaces"].contains(&resource.as_str()) && reads;
                    assert!(!named || may, "{role}: {rule}");
                }
            }
        }
    }

    #[test]
    fn a_viewer_changes_nothing_and_reads_no_secret() {
        for rule in rules(TenantRole::Viewer) {
            let verbs: Vec<String> = serde_json::from_value(rule["verbs"].clone()).unwrap();
            assert!(verbs.iter().all(|verb| READ.contains(&verb.as_str())), "{rule}");
            assert!(!rule["resources"].to_string().contains("secrets"), "{rule}");
        }
    }
}
