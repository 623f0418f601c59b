//! Seeing how far computing time is throttled: what the workloads are rendered with, and what each of their pods may use.

use std::collections::BTreeMap;

use serde_json::Value;
use tenure_domain::name::WorkloadId;
use tenure_domain::scope::Scope;
use tenure_domain::throttle::Throttle;
use tenure_domain::workload::Kind as Of;

use super::{Look, carrier_of};
use crate::import::millis;
use crate::live::{text, workload_of};
use crate::pass::Pass;
use crate::report::ThrottleSeen;
use crate::running::is_over;

impl Look<'_> {
    /// Every workload of the scope is rendered with what is left to it, and no pod of them may use more.
    pub(super) fn at_throttle(&mut self, scope: &Scope, throttle: Throttle) {
        if !self.pass.environment.envelope.kind.is_managed() {
            let part = "the environment is open: nothing there throttles the tenant's own pods";
            self.found.missing.push(part.to_owned());
            return;
        }
        let (mut cpu_millis, mut pods) = (BTreeMap::new(), 0);
        for id in self.workloads_of(scope) {
            let Some(declared) = self.pass.environment.workloads.get(&id) else { continue };
            if declared.kind == Of::Job {
                let left = format!("the job {id} goes on as it began: another template would begin it anew");
                self.found.exceptions.insert(left);
                continue;
            }
            let most = throttle.of(declared.cpu_millis);
            self.at_object(carrier_of(self.pass, &id), id.as_str(), Some(&id));
            for pod in of_workload(self.pods, &id) {
                pods += 1;
                let name = text(pod, "/metadata/name");
                if limit(pod).is_some_and(|limit| limit <= most.into()) {
                    continue;
                }
                if declared.kind.ends() {
                    let left = format!("Pod/{name} of a run of {id} that had begun goes on as it began");
                    self.found.exceptions.insert(left);
                } else {
                    self.found.missing.push(format!("Pod/{name} may still use more computing time"));
                }
            }
            cpu_millis.insert(id, most);
        }
        let anew = "whoever declares more computing time or more pods gets the same percentage of that, within the plan";
        self.found.exceptions.insert(anew.to_owned());
        self.found.throttle = Some(ThrottleSeen { percent: throttle, cpu_millis, pods });
    }
}

/// A pod of a workload that may not use all that is declared, while nothing throttles it.
pub(crate) fn still(pass: &Pass<'_>, workload: &WorkloadId) -> Option<String> {
    // What ends by itself goes on as it began.
    let declared = pass.environment.workloads.get(workload).filter(|declared| !declared.kind.ends())?;
    let lacks = |pod: &&Value| limit(pod).is_some_and(|limit| limit < declared.cpu_millis.into());
    let pod = of_workload(&pass.live.pods, workload).find(lacks)?;
    Some(format!("Pod/{}", text(pod, "/metadata/name")))
}

/// The pods of a workload that still run or will.
fn of_workload<'a>(pods: &'a [Value], workload: &'a WorkloadId) -> impl Iterator<Item = &'a Value> {
    pods.iter().filter(move |pod| workload_of(pod) == Some(workload.as_str()) && !is_over(pod))
}

/// The most computing time that a pod may use, in thousandths of a processor; nothing where it is not bounded. Ours have one
/// container.
fn limit(pod: &Value) -> Option<u128> {
    millis(text(pod, "/spec/containers/0/resources/limits/cpu"))
}
