//! How many pods there are: scaled by load, and kept when nodes are maintained.

use serde_json::json;
use tenure_domain::name::WorkloadId;
use tenure_domain::workload::{Disruption, Workload};

use super::{Wanted, pods_of, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::restriction::{Throttling, Withholding};

/// What scales a workload by load; none while the workload is stopped by itself, so that nothing asks for its pods, and none
/// while it is throttled: it would make up for that with more pods. Those that there are stay.
pub(super) fn autoscaler(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    (stop, slow): (Option<&Withholding>, Option<Throttling>),
) -> Option<Wanted> {
    let autoscale = workload.autoscale.filter(|_| stop.is_none() && slow.is_none())?;
    let body = json!({"spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": id.as_str()},
        "minReplicas": autoscale.least,
        "maxReplicas": autoscale.most,
        "metrics": [{"type": "Resource", "resource": {
            "name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": autoscale.cpu_percent},
        }}],
    }});
    Some(wanted(environment, Kind::HorizontalPodAutoscaler, id.as_str(), Some(id), body))
}

/// How many pods stay when nodes are maintained. It hinders no stop: pods are deleted there and not evicted.
pub(super) fn budget(environment: &Environment, id: &WorkloadId, workload: &Workload) -> Option<Wanted> {
    let mut spec = json!({"selector": pods_of(id)});
    let (field, pods) = match workload.disruption? {
        Disruption::MinAvailable(pods) => ("minAvailable", pods),
        Disruption::MaxUnavailable(pods) => ("maxUnavailable", pods),
    };
    spec[field] = json!(pods);
    Some(wanted(environment, Kind::PodDisruptionBudget, id.as_str(), Some(id), json!({"spec": spec})))
}
