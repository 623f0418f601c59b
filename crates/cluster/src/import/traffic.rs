//! What the default deny ends, and what policies of others leave open beside it.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::{Value, json};

use super::has_ended;
use crate::contents::array;
use crate::environment::Envelope;
use crate::live::{mark, text};
use crate::names;
use crate::preflight::selects;

/// Whether a policy concerns this direction: `Ingress` or `Egress`.
fn concerns(policy: &Value, direction: &str) -> bool {
    let mut types = array(policy, "/spec/policyTypes").peekable();
    if types.peek().is_some() {
        return types.any(|named| named == direction);
    }
    direction == "Ingress" || policy.pointer("/spec/egress").is_some()
}

/// Whether a policy of this direction selects a pod, so that what none opens is closed already.
fn is_closed(pod: &Value, policies: &[Value], direction: &str) -> bool {
    let empty = json!({});
    policies.iter().any(|policy| {
        concerns(policy, direction) && selects(policy.pointer("/spec/podSelector").unwrap_or(&empty), pod)
    })
}

/// Whether a service sends its visitors to a pod.
fn serves(service: &Value, pod: &Value) -> bool {
    let selector = service
        .pointer("/spec/selector")
        .filter(|selector| selector.as_object().is_some_and(|s| !s.is_empty()));
    selector.is_some_and(|labels| selects(&json!({"matchLabels": labels}), pod))
}

/// The traffic that is let through now and would not be.
pub(super) fn ended(
    pods: &[Value],
    services: &[Value],
    policies: &[Value],
    envelope: &Envelope,
) -> Vec<String> {
    let mut all = Vec::new();
    let everywhere: [IpNet; 2] = [Ipv4Net::default().into(), Ipv6Net::default().into()];
    let to = envelope.egress();
    let reaches_all = everywhere.iter().all(|block| to.contains(block));
    let to: Vec<String> = to.iter().map(ToString::to_string).collect();
    for pod in pods.iter().filter(|pod| !has_ended(pod)) {
        let name = text(pod, "/metadata/name");
        // Policies do not concern what uses its node's own addresses.
        if pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true)) {
            continue;
        }
        let serving: Vec<&Value> = services.iter().filter(|service| serves(service, pod)).collect();
        let ports =
            array(pod, "/spec/containers").any(|container| array(container, "/ports").next().is_some());
        let outside = |service: &&&Value| {
            matches!(text(service, "/spec/type"), "LoadBalancer" | "NodePort")
                || array(service, "/spec/externalIPs").next().is_some()
        };
        let public =
            envelope.exposure.load_balancers > 0 && mark(pod, "labels", names::PUBLIC_LABEL) == Some("true");
        if (ports || !serving.is_empty()) && !public && !is_closed(pod, policies, "Ingress") {
            let open: BTreeSet<&str> =
                serving.iter().filter(outside).map(|s| text(s, "/metadata/name")).collect();
            let by = if open.is_empty() {
                String::new()
            } else {
                let named: Vec<&str> = open.into_iter().collect();
                format!(", and visitors from outside come by Service/{}", named.join(", Service/"))
            };
            all.push(format!(
                "Pod/{name} is open to every namespace{by}: the account's own environments and the ingress controllers \
                 would reach it, and nobody else"
            ));
        }
        if !reaches_all && !is_closed(pod, policies, "Egress") {
            let to = if to.is_empty() { "nothing outside".to_owned() } else { to.join(", ") };
            all.push(format!(
                "Pod/{name} reaches everything: it would reach {to}, the account's own and DNS"
            ));
        }
    }
    all
}

/// The policies that let something through which the environment's do not.
pub(super) fn openings(policies: &[Value]) -> Vec<String> {
    let opens = |policy: &&Value| {
        [("Ingress", "/spec/ingress"), ("Egress", "/spec/egress")]
            .into_iter()
            .any(|(direction, rules)| concerns(policy, direction) && array(policy, rules).next().is_some())
    };
    let named = policies.iter().filter(opens).map(|policy| {
        format!(
            "NetworkPolicy/{} goes on opening what it opens, also while the environment is isolated",
            text(policy, "/metadata/name")
        )
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use tenure_domain::environment::EnvironmentKind;
    use tenure_domain::plan::Exposure;

    use super::*;

    fn pod() -> Value {
        json!({"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}})
    }

    fn service(kind: &str) -> Value {
        json!({"metadata": {"name": "front"}, "spec": {"type": kind, "selector": {"app": "web"}}})
    }

    fn policy(spec: &Value) -> Value {
        json!({"metadata": {"name": "theirs"}, "spec": spec})
    }

    fn envelope(load_balancers: u32) -> Envelope {
        Envelope::new(EnvironmentKind::Open, Exposure { load_balancers, hostnames: 0 }, None)
    }

    #[test]
    fn a_pod_that_serves_and_that_no_policy_closes_loses_visitors() {
        assert_eq!(ended(&[pod()], &[], &[], &envelope(0)), Vec::<String>::new(), "nobody comes to it");
        let said = ended(&[pod()], &[service("ClusterIP")], &[], &envelope(0));
        assert!(said[0].contains("Pod/web") && !said[0].contains("outside"), "{said:?}");
        let said = ended(&[pod()], &[service("LoadBalancer")], &[], &envelope(1));
        assert!(said[0].contains("Service/front"), "{said:?}");

        let closed = policy(&json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}));
        assert_eq!(
            ended(&[pod()], &[service("ClusterIP")], &[closed], &envelope(0)),
            Vec::<String>::new(),
            "who may come to it is said there, and stays so"
        );
        let mut public = pod();
        public["metadata"]["labels"][names::PUBLIC_LABEL] = json!("true");
        let front = service("LoadBalancer");
        assert_eq!(ended(&[public], &[front], &[], &envelope(1)), Vec::<String>::new());
    }

    #[test]
    fn only_policies_that_let_something_through_are_openings() {
        let deny = policy(&json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
        let unused = policy(&json!({"podSelector": {}, "policyTypes": ["Ingress"], "egress": [{}]}));
        assert_eq!(openings(&[deny, unused]), Vec::<String>::new());
        let opens = policy(&json!({"podSelector": {}, "ingress": [{}]}));
        assert_eq!(openings(&[opens]).len(), 1);
    }
}
