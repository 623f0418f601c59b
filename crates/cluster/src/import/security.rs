//! Which pods a Pod Security level would refuse if they were made anew, by the [standards].
//!
//! [standards]: https://kubernetes.io/docs/concepts/security/pod-security-standards/

use serde_json::Value;
use tenure_domain::plan::PodSecurity;

use super::has_ended;
use crate::contents::array;
use crate::live::text;

/// The capabilities that a container may add at the level `baseline`.
const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The system parameters that a pod may set at the level `baseline`.
const BASELINE_SYSCTLS: [&str; 10] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
];

/// The types that SELinux may give a container at the level `baseline`.
const SELINUX_TYPES: [&str; 4] = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// The kinds of volumes that a pod may have at the level `restricted`.
const RESTRICTED_VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// The pods that the level refuses, each with why.
pub(super) fn refused(pods: &[Value], level: PodSecurity) -> Vec<String> {
    let live = pods.iter().filter(|pod| !has_ended(pod));
    let told = live.filter_map(|pod| {
        let mut why = baseline(pod);
        if level == PodSecurity::Restricted {
            why.extend(restricted(pod));
        }
        why.dedup();
        let name = text(pod, "/metadata/name");
        (!why.is_empty()).then(|| format!("Pod/{name}: {}", why.join(", ")))
    });
    told.collect()
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"];
    lists.into_iter().flat_map(|list| array(pod, list))
}

fn is_true(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer) == Some(&Value::Bool(true))
}

/// The pod's own security context and those of its containers.
fn contexts(pod: &Value) -> impl Iterator<Item = &Value> {
    let own = containers(pod).filter_map(|container| container.get("securityContext"));
    pod.pointer("/spec/securityContext").into_iter().chain(own)
}

fn baseline(pod: &Value) -> Vec<String> {
    let mut why = Vec::new();
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if is_true(pod, &format!("/spec/{field}")) {
            why.push(field.to_owned());
        }
    }
    for volume in array(pod, "/spec/volumes").filter(|volume| volume.get("hostPath").is_some()) {
        why.push(format!("volume {} is of the host", text(volume, "/name")));
    }
    for sysctl in array(pod, "/spec/securityContext/sysctls").map(|sysctl| text(sysctl, "/name")) {
        if !BASELINE_SYSCTLS.contains(&sysctl) {
            why.push(format!("sysctl {sysctl}"));
        }
    }
    for container in containers(pod) {
        let name = text(container, "/name");
        if is_true(container, "/securityContext/privileged") {
            why.push(format!("container {name} is privileged"));
        }
        let ports = array(container, "/ports").filter_map(|port| port.get("hostPort")?.as_u64());
        for port in ports.filter(|port| *port != 0) {
            why.push(format!("container {name} takes port {port} of the host"));
        }
        for added in array(container, "/securityContext/capabilities/add").filter_map(Value::as_str) {
            if !BASELINE_CAPABILITIES.contains(&added) {
                why.push(format!("container {name} adds {added}"));
            }
        }
        if !matches!(text(container, "/securityContext/procMount"), "" | "Default") {
            why.push(format!("container {name} has a procMount of its own"));
        }
    }
    for context in contexts(pod) {
        if text(context, "/seccompProfile/type") == "Unconfined" {
            why.push("seccomp is Unconfined".to_owned());
        }
        if text(context, "/appArmorProfile/type") == "Unconfined" {
            why.push("AppArmor is Unconfined".to_owned());
        }
        if is_true(context, "/windowsOptions/hostProcess") {
            why.push("it is a process of the host".to_owned());
        }
        let selinux = text(context, "/seLinuxOptions/type");
        let renamed =
            ["user", "role"].iter().any(|f| !text(context, &format!("/seLinuxOptions/{f}")).is_empty());
        if renamed || !(selinux.is_empty() || SELINUX_TYPES.contains(&selinux)) {
            why.push("it sets SELinux' user, role or type".to_owned());
        }
    }
    why
}

fn restricted(pod: &Value) -> Vec<String> {
    let mut why = Vec::new();
    for volume in array(pod, "/spec/volumes").filter_map(Value::as_object) {
        let kinds = volume.keys().filter(|key| *key != "name");
        for kind in kinds.filter(|kind| !RESTRICTED_VOLUMES.contains(&kind.as_str()) && *kind != "hostPath") {
            why.push(format!("a volume of the kind {kind}"));
        }
    }
    let whole = |pointer: &str| pod.pointer(&format!("/spec/securityContext{pointer}"));
    for container in containers(pod) {
        let name = text(container, "/name");
        let own = |pointer: &str| container.pointer(&format!("/securityContext{pointer}"));
        let either = |pointer: &str| own(pointer).or_else(|| whole(pointer));
        if own("/allowPrivilegeEscalation") != Some(&Value::Bool(false)) {
            why.push(format!("container {name} may escalate privileges"));
        }
        if either("/runAsNonRoot") != Some(&Value::Bool(true)) {
            why.push(format!("container {name} may run as root"));
        }
        if either("/runAsUser").and_then(Value::as_u64) == Some(0) {
            why.push(format!("container {name} runs as user 0"));
        }
        let profile = either("/seccompProfile/type").and_then(Value::as_str);
        if !matches!(profile, Some("RuntimeDefault" | "Localhost")) {
            why.push(format!("container {name} has no seccomp profile"));
        }
        let drops = array(container, "/securityContext/capabilities/drop").any(|dropped| dropped == "ALL");
        let adds = array(container, "/securityContext/capabilities/add").filter_map(Value::as_str);
        if !drops || adds.into_iter().any(|added| added != "NET_BIND_SERVICE") {
            why.push(format!("container {name} keeps capabilities"));
        }
    }
    why
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(spec: &Value) -> Value {
        json!({"metadata": {"name": "p"}, "spec": spec, "status": {"phase": "Running"}})
    }

    fn container(context: &Value) -> Value {
        json!({"containers": [{"name": "c", "securityContext": context}]})
    }

    #[test]
    fn a_pod_that_leads_out_of_its_container_is_refused_at_every_level() {
        for spec in [
            json!({"hostNetwork": true}),
            json!({"hostPID": true}),
            json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
            json!({"containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 80}]}]}),
            json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}),
            json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
            container(&json!({"privileged": true})),
            container(&json!({"capabilities": {"add": ["SYS_ADMIN"]}})),
            container(&json!({"procMount": "Unmasked"})),
            container(&json!({"seLinuxOptions": {"type": "spc_t"}})),
        ] {
            for level in [PodSecurity::Baseline, PodSecurity::Restricted] {
                assert_eq!(refused(&[pod(&spec)], level).len(), 1, "{spec} at {}", level.as_str());
            }
        }
    }

    #[test]
    fn an_ordinary_pod_is_refused_by_the_restricted_level_alone_and_a_hardened_one_by_none() {
        let ordinary = pod(&container(&json!({"capabilities": {"add": ["CHOWN"]}})));
        assert_eq!(refused(std::slice::from_ref(&ordinary), PodSecurity::Baseline), Vec::<String>::new());
        let said = refused(&[ordinary], PodSecurity::Restricted).join("");
        for part in ["escalate", "root", "seccomp", "keeps capabilities"] {
            assert!(said.contains(part), "{part} is missing in {said}");
        }
        let hardened = json!({
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [{"name": "v", "emptyDir": {}}],
            "containers": [{"name": "c", "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
            }}],
        });
        assert_eq!(refused(&[pod(&hardened)], PodSecurity::Restricted), Vec::<String>::new());
    }
}
