//! The pods of a workload: one container, its probes, its configuration and its volumes.

use serde_json::{Value, json};
use tenure_domain::name::WorkloadId;
use tenure_domain::workload::{Check, Content, File, Kind as Of, Probe, Workload};

use super::quantity::{mebibytes, millis};
use super::{config, labels, volumes};
use crate::environment::Environment;
use crate::names;
use crate::restriction::Throttling;

/// The user and group of every container: not root, and no one's in particular.
const NOBODY: u32 = 65532;

/// What every pod of a workload is made by. What an earlier version rendered is rendered the same, so that an upgrade
/// starts nothing anew.
pub(super) fn template(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    slow: Option<Throttling>,
) -> Value {
    let mut pod = json!({
        "serviceAccountName": names::SERVICE_ACCOUNT,
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "fsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    });
    if workload.kind.ends() {
        pod["restartPolicy"] = json!("Never");
    }
    let (mounts, of_pod) = volumes::of_pod(id, workload);
    let mut container = container(workload, slow);
    if !mounts.is_empty() {
        container["volumeMounts"] = json!(mounts);
    }
    if !of_pod.is_empty() {
        pod["volumes"] = json!(of_pod);
    }
    if let Some(policy) = environment.envelope.pull_policy() {
        container["imagePullPolicy"] = json!(policy);
    }
    pod["containers"] = json!([container]);
    environment.envelope.place(&mut pod);
    let mut metadata = json!({"labels": labels(environment, Some(id))});
    let restarted = environment.restarts.get(id).map(|at| (names::RESTARTED, at.to_string()));
    let config = config::digest_of(environment, workload).map(|digest| (names::CONFIG, digest));
    for (name, value) in restarted.into_iter().chain(config) {
        metadata["annotations"][name] = json!(value);
    }
    json!({"metadata": metadata, "spec": pod})
}

fn container(workload: &Workload, slow: Option<Throttling>) -> Value {
    // A throttled pod may use less computing time, and so asks for less.
    let cpu = |declared: u32| millis(slow.map_or(declared, |slow| slow.of(declared)).into());
    let limits = json!({"cpu": cpu(workload.cpu_millis), "memory": mebibytes(workload.memory_mib.into())});
    let requests = workload.requests.map_or_else(
        || limits.clone(),
        |r| json!({"cpu": cpu(r.cpu_millis), "memory": mebibytes(r.memory_mib.into())}),
    );
    let mut container = json!({
        "name": "workload",
        "image": workload.image,
        "resources": {"requests": requests, "limits": limits},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "privileged": false,
            "readOnlyRootFilesystem": false,
            "capabilities": {"drop": ["ALL"]},
        },
    });
    if workload.kind.listens() {
        container["ports"] = json!([{"containerPort": workload.port, "protocol": "TCP"}]);
        if workload.probes.readiness.is_none() {
            container["readinessProbe"] =
                json!({"tcpSocket": {"port": workload.port}, "periodSeconds": 3, "failureThreshold": 3});
        }
    }
    for (field, declared) in [
        ("livenessProbe", &workload.probes.liveness),
        ("readinessProbe", &workload.probes.readiness),
        ("startupProbe", &workload.probes.startup),
    ] {
        if let Some(declared) = declared {
            container[field] = probe(declared);
        }
    }
    if !workload.command.is_empty() {
        container["command"] = json!(workload.command);
    }
    let env: Vec<Value> = workload.env.iter().map(|(name, content)| variable(name, content)).collect();
    if !env.is_empty() {
        container["env"] = json!(env);
    }
    container
}

fn variable(name: &str, content: &Content) -> Value {
    match content {
        // The API leaves an empty value out.
        Content::Value(value) if value.is_empty() => json!({"name": name}),
        // A container's environment refers to other variables by $(NAME); what is declared is meant as it stands.
        Content::Value(value) => json!({"name": name, "value": value.replace('$', "$$")}),
        Content::Secret(secret) => json!({
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": names::secret(&secret.name), "key": secret.key}},
        }),
    }
}

fn probe(declared: &Probe) -> Value {
    let mut probe = json!({
        "periodSeconds": declared.period_seconds,
        "timeoutSeconds": declared.timeout_seconds,
        "failureThreshold": declared.failures,
    });
    let (field, check) = match &declared.check {
        Check::Tcp { port } => ("tcpSocket", json!({"port": port})),
        Check::Http { port, path } => ("httpGet", json!({"port": port, "path": path})),
        Check::Exec { command } => ("exec", json!({"command": command})),
    };
    probe[field] = check;
    probe
}

/// Whether a workload's pods can be replaced one by one.
pub(super) fn shares_volumes(workload: &Workload) -> bool {
    workload.kind != Of::StatefulService && (workload.volume.is_some() || !workload.volumes.is_empty())
}

/// The secrets that a workload's files come from.
pub(super) fn secrets_of_files(
    workload: &Workload,
) -> impl Iterator<Item = (&String, &tenure_domain::workload::SecretKey)> {
    workload.files.iter().filter_map(|(path, file)| match file {
        File::Secret(key) => Some((path, key)),
        File::Kept { .. } => None,
    })
}
