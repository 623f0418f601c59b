//! What surrounds an open environment besides quota and limits: who may reach whom, and who may do what.

use ipnet::IpNet;
use serde_json::{Value, json};
use tenure_domain::capability::Capability;
use tenure_domain::environment::TenantRole;
use tenure_domain::plan::METADATA;

use super::{Wanted, roles, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;
use crate::restriction::{Restriction, Withholding};

/// Where a node's own DNS cache listens, by the convention of Kubernetes' add-on.
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";

/// All of it, in the order in which it is made.
pub(super) fn envelope(environment: &Environment, restriction: &Restriction) -> Vec<Wanted> {
    let on = |capability| restriction.on_environment(capability);
    let (ingress, egress) = (on(Capability::Ingress), on(Capability::Egress));
    let mut all = vec![
        same_account(environment, ingress, egress),
        dns(environment, egress),
        outwards(environment, egress),
    ];
    all.extend(controllers(environment, ingress));
    all.extend(public(environment, ingress));
    all.extend(TenantRole::ALL.map(|role| roles::role(environment, role)));
    let deploy = on(Capability::Deploy);
    all.extend(TenantRole::ALL.map(|role| roles::binding(environment, role, deploy)));
    all.extend(super::quota::priorities(environment));
    all
}

/// The names of the policies that let others in.
pub(crate) fn inwards(environment: &Environment) -> Vec<&'static str> {
    let mut all = vec![names::SAME_ACCOUNT];
    all.extend((!environment.envelope.ingress_namespaces.is_empty()).then_some(names::INGRESS_CONTROLLERS));
    all.extend((environment.envelope.exposure.load_balancers > 0).then_some(names::PUBLIC));
    all
}

/// The names of the policies that let pods out.
pub(crate) const OUTWARDS: [&str; 3] = [names::SAME_ACCOUNT, names::DNS, names::EGRESS];

fn closed_if(withheld: Option<&Withholding>, open: Value) -> Value {
    if withheld.is_some() { json!([]) } else { open }
}

fn policy(environment: &Environment, name: &str, spec: &Value) -> Wanted {
    wanted(environment, Kind::NetworkPolicy, name, None, json!({"spec": spec}))
}

/// The account's own environments reach each other.
fn same_account(
    environment: &Environment,
    ingress: Option<&Withholding>,
    egress: Option<&Withholding>,
) -> Wanted {
    let own = json!({"namespaceSelector": {"matchLabels": {names::ACCOUNT: environment.account.as_str()}}});
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": closed_if(ingress, json!([{"from": [own]}])),
        "egress": closed_if(egress, json!([{"to": [own]}])),
    });
    policy(environment, names::SAME_ACCOUNT, &spec)
}

/// Pods ask the cluster's DNS.
fn dns(environment: &Environment, egress: Option<&Withholding>) -> Wanted {
    let pods = json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}});
    let open = json!([{
        "to": [pods, {"ipBlock": {"cidr": NODE_LOCAL_DNS}}],
        "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
    }]);
    let spec = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": closed_if(egress, open)});
    policy(environment, names::DNS, &spec)
}

/// Pods reach what the plan says, without where clouds tell their credentials.
fn outwards(environment: &Environment, egress: Option<&Withholding>) -> Wanted {
    let to: Vec<Value> = environment.envelope.egress().iter().map(block).collect();
    let open = if to.is_empty() { json!([]) } else { json!([{"to": to}]) };
    let spec = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": closed_if(egress, open)});
    policy(environment, names::EGRESS, &spec)
}

fn block(cidr: &IpNet) -> Value {
    let except: Vec<String> =
        METADATA.iter().filter(|inner| cidr.contains(*inner)).map(ToString::to_string).collect();
    let cidr = cidr.to_string();
    if except.is_empty() {
        json!({"ipBlock": {"cidr": cidr}})
    } else {
        json!({"ipBlock": {"cidr": cidr, "except": except}})
    }
}

/// The cluster's ingress controllers reach the pods.
fn controllers(environment: &Environment, ingress: Option<&Withholding>) -> Option<Wanted> {
    let namespaces = &environment.envelope.ingress_namespaces;
    if namespaces.is_empty() {
        return None;
    }
    let named = json!([{"key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces}]);
    let open = json!([{"from": [{"namespaceSelector": {"matchExpressions": named}}]}]);
    let spec = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": closed_if(ingress, open)});
    Some(policy(environment, names::INGRESS_CONTROLLERS, &spec))
}

/// Pods that say so are reached by everybody, where the plan has load balancers: theirs is the sender's own address.
fn public(environment: &Environment, ingress: Option<&Withholding>) -> Option<Wanted> {
    (environment.envelope.exposure.load_balancers > 0).then(|| {
        let spec = json!({
            "podSelector": {"matchLabels": {names::PUBLIC_LABEL: "true"}},
            "policyTypes": ["Ingress"],
            "ingress": closed_if(ingress, json!([{}])),
        });
        policy(environment, names::PUBLIC, &spec)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_block_holds_where_clouds_tell_their_credentials() {
        for cidr in ["0.0.0.0/0", "::/0", "169.0.0.0/8", "10.0.0.0/8"] {
            let block = block(&cidr.parse().unwrap());
            let except = block["ipBlock"]["except"].as_array().cloned().unwrap_or_default();
            for metadata in METADATA.iter().filter(|inner| cidr.parse::<IpNet>().unwrap().contains(*inner)) {
                assert!(except.contains(&json!(metadata.to_string())), "{cidr} opens {metadata}");
            }
        }
        assert_eq!(block(&"10.0.0.0/8".parse().unwrap()), json!({"ipBlock": {"cidr": "10.0.0.0/8"}}));
    }
}
