//! The namespace and the service account in it.

use serde_json::{Value, json};

use super::{Wanted, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;

/// The namespace of an environment, with the token that proves it ours. Pods in it must meet the plan's level, or the baseline, of the
/// [Pod Security Standards]; the ones we render meet both.
///
/// [Pod Security Standards]: https://kubernetes.io/docs/concepts/security/pod-security-standards/
pub(crate) fn namespace(environment: &Environment, claim: &str) -> Value {
    json!({
        "apiVersion": Kind::Namespace.api_version(),
        "kind": Kind::Namespace.as_str(),
        "metadata": {
            "name": environment.namespace(),
            "labels": {
                names::ACCOUNT: environment.account.as_str(),
                names::ENVIRONMENT: environment.id.as_str(),
                "pod-security.kubernetes.io/enforce": environment.envelope.pod_security().as_str(),
            },
            "annotations": {names::CLAIM: claim},
        },
    })
}

/// The identity of every workload's pods: no rights, no token.
pub(super) fn service_account(environment: &Environment) -> Wanted {
    let body = json!({"automountServiceAccountToken": false});
    wanted(environment, Kind::ServiceAccount, names::SERVICE_ACCOUNT, None, body)
}
