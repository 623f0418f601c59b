//! What goes on running: its pods, and the address in front of them.

use serde_json::{Value, json};
use tenure_domain::name::WorkloadId;
use tenure_domain::workload::{Kind as Of, Workload};

use super::{Wanted, pod, pods_of, volumes, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;
use crate::restriction::{Throttling, Withholding};

/// The pods of a service or a worker; none while it is stopped by itself.
pub(super) fn deployment(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    (stop, slow): (Option<&Withholding>, Option<Throttling>),
) -> Wanted {
    let mut spec = json!({
        "replicas": if stop.is_some() { 0 } else { workload.replicas },
        "revisionHistoryLimit": 2,
        "selector": pods_of(id),
        "strategy": strategy(workload),
        "template": pod::template(environment, id, workload, slow),
    });
    if let Some(rollout) = workload.rollout {
        // The API leaves a zero out.
        if rollout.min_ready_seconds > 0 {
            spec["minReadySeconds"] = json!(rollout.min_ready_seconds);
        }
        spec["progressDeadlineSeconds"] = json!(rollout.deadline_seconds);
    }
    let scales = stop.is_none() && workload.autoscale.is_some();
    if scales && let Some(spec) = spec.as_object_mut() {
        // The autoscaler's from now on.
        spec.remove("replicas");
    }
    let mut deployment = wanted(environment, Kind::Deployment, id.as_str(), Some(id), json!({"spec": spec}));
    if workload.autoscale.is_some() {
        deployment.object["metadata"]["annotations"][names::SCALED] = json!("true");
    }
    deployment
}

/// Two pods cannot share a volume that one node mounts, so with a volume the old pod ends first.
fn strategy(workload: &Workload) -> Value {
    if pod::shares_volumes(workload) {
        return json!({"type": "Recreate", "rollingUpdate": null});
    }
    match workload.rollout {
        Some(rollout) => json!({
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": rollout.max_surge, "maxUnavailable": rollout.max_unavailable},
        }),
        None => json!({"type": "RollingUpdate"}),
    }
}

/// The pods of a stateful service, each with its name and its volumes; none while it is stopped by itself.
pub(super) fn stateful_set(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    (stop, slow): (Option<&Withholding>, Option<Throttling>),
) -> Wanted {
    let mut spec = json!({
        "replicas": if stop.is_some() { 0 } else { workload.replicas },
        "revisionHistoryLimit": 2,
        "serviceName": names::pods_service(id),
        "selector": pods_of(id),
        "updateStrategy": {"type": "RollingUpdate"},
        "template": pod::template(environment, id, workload, slow),
    });
    let templates = volumes::claim_templates(workload);
    if !templates.is_empty() {
        spec["volumeClaimTemplates"] = json!(templates);
    }
    wanted(environment, Kind::StatefulSet, id.as_str(), Some(id), json!({"spec": spec}))
}

/// The address in front of a workload's pods, and where each has a name of its own, what gives it that. While `ingress` is
/// withheld they select none.
pub(super) fn services(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    withheld: Option<&Withholding>,
) -> Vec<Wanted> {
    let mut selector = json!({names::WORKLOAD: id.as_str()});
    if withheld.is_some() {
        selector[names::WITHHELD] = json!("ingress");
    }
    let body = json!({"spec": {
        "type": "ClusterIP",
        "selector": selector,
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": workload.port}],
    }});
    let mut all = vec![wanted(environment, Kind::Service, &names::service(id), Some(id), body)];
    if workload.kind == Of::StatefulService {
        let port = workload.port;
        let body = json!({"spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "selector": selector,
            "ports": [{"name": "pod", "port": port, "protocol": "TCP", "targetPort": port}],
        }});
        all.push(wanted(environment, Kind::Service, &names::pods_service(id), Some(id), body));
    }
    all
}
