//! Who may reach whom: everything is closed, and each workload has one opening inwards and one outwards.
//!
//! A withheld opening is rendered closed instead of left out, so that the object, its identity and its history stay.

use serde_json::json;
use tenure_domain::name::WorkloadId;
use tenure_domain::workload::Workload;

use super::{Wanted, pods_of, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;
use crate::restriction::Withholding;

/// The addresses at which clouds tell machines their credentials; AWS' for IPv4, IPv6 and containers.
const METADATA_V4: [&str; 2] = ["169.254.169.254/32", "169.254.170.2/32"];
const METADATA_V6: [&str; 1] = ["fd00:ec2::254/128"];
/// Where a node's own DNS cache listens, by the convention of Kubernetes' add-on.
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";

/// Nothing in, nothing out, for all pods.
pub(super) fn default_deny(environment: &Environment) -> Wanted {
    let body = json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []}});
    wanted(environment, Kind::NetworkPolicy, names::DEFAULT_DENY, None, body)
}

/// A workload's port, open to everyone.
pub(super) fn ingress(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    withheld: Option<&Withholding>,
) -> Wanted {
    let open = json!([{"ports": [{"port": workload.port, "protocol": "TCP"}]}]);
    let rules = if withheld.is_some() { json!([]) } else { open };
    let body = json!({"spec": {"podSelector": pods_of(id), "policyTypes": ["Ingress"], "ingress": rules}});
    wanted(environment, Kind::NetworkPolicy, &names::ingress_policy(id), Some(id), body)
}

/// DNS and the internet, without the clouds' metadata addresses.
pub(super) fn egress(environment: &Environment, id: &WorkloadId, withheld: Option<&Withholding>) -> Wanted {
    let dns_pods = json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}});
    let open = json!([
        {
            "to": [dns_pods, {"ipBlock": {"cidr": NODE_LOCAL_DNS}}],
            "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
        },
        {"to": [
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": METADATA_V4}},
            {"ipBlock": {"cidr": "::/0", "except": METADATA_V6}},
        ]},
    ]);
    let rules = if withheld.is_some() { json!([]) } else { open };
    let body = json!({"spec": {"podSelector": pods_of(id), "policyTypes": ["Egress"], "egress": rules}});
    wanted(environment, Kind::NetworkPolicy, &names::egress_policy(id), Some(id), body)
}
