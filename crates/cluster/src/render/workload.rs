//! A service workload: its volume claim, its pods and the address in front of them.

use serde_json::{Value, json};
use tenure_domain::name::WorkloadId;
use tenure_domain::workload::{Volume, Workload};

use super::quantity::{mebibytes, millis};
use super::{Wanted, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;
use crate::restriction::Withholding;

/// The user and group of every container: not root, and no one's in particular.
const NOBODY: u32 = 65532;

/// The claim of a workload's volume, of the cluster's default storage class.
pub(super) fn claim(environment: &Environment, id: &WorkloadId, volume: &Volume) -> Wanted {
    let body = json!({"spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": mebibytes(volume.size_mib.into())}},
    }});
    wanted(environment, Kind::PersistentVolumeClaim, id.as_str(), Some(id), body)
}

/// The pods of a workload; none while it is stopped by itself.
pub(super) fn deployment(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    stop: Option<&Withholding>,
) -> Wanted {
    let resources =
        json!({"cpu": millis(workload.cpu_millis.into()), "memory": mebibytes(workload.memory_mib.into())});
    let mut container = json!({
        "name": "workload",
        "image": workload.image,
        "ports": [{"containerPort": workload.port, "protocol": "TCP"}],
        "resources": {"requests": resources, "limits": resources},
        "readinessProbe": {"tcpSocket": {"port": workload.port}, "periodSeconds": 3, "failureThreshold": 3},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "privileged": false,
            "readOnlyRootFilesystem": false,
            "capabilities": {"drop": ["ALL"]},
        },
    });
    if !workload.command.is_empty() {
        container["command"] = json!(workload.command);
    }
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
    if let Some(policy) = environment.envelope.pull_policy() {
        container["imagePullPolicy"] = json!(policy);
    }
    if let Some(volume) = &workload.volume {
        container["volumeMounts"] = json!([{"name": "volume", "mountPath": volume.path}]);
        pod["volumes"] = json!([{"name": "volume", "persistentVolumeClaim": {"claimName": id.as_str()}}]);
    }
    pod["containers"] = json!([container]);
    environment.envelope.place(&mut pod);
    let body = json!({"spec": {
        "replicas": if stop.is_some() { 0 } else { workload.replicas },
        "revisionHistoryLimit": 2,
        "selector": {"matchLabels": {names::WORKLOAD: id.as_str()}},
        "strategy": strategy(workload),
        "template": {
            "metadata": {"labels": {
                names::ACCOUNT: environment.account.as_str(),
                names::ENVIRONMENT: environment.id.as_str(),
                names::WORKLOAD: id.as_str(),
            }},
            "spec": pod,
        },
    }});
    wanted(environment, Kind::Deployment, id.as_str(), Some(id), body)
}

/// Two pods cannot share a volume that one node mounts, so with a volume the old pod ends first.
fn strategy(workload: &Workload) -> Value {
    if workload.volume.is_some() {
        json!({"type": "Recreate", "rollingUpdate": null})
    } else {
        json!({"type": "RollingUpdate"})
    }
}

/// The address in front of a workload's pods. While `ingress` is withheld it selects none.
pub(super) fn service(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    withheld: Option<&Withholding>,
) -> Wanted {
    let mut selector = json!({names::WORKLOAD: id.as_str()});
    if withheld.is_some() {
        selector[names::WITHHELD] = json!("ingress");
    }
    let body = json!({"spec": {
        "type": "ClusterIP",
        "selector": selector,
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": workload.port}],
    }});
    wanted(environment, Kind::Service, &names::service(id), Some(id), body)
}
