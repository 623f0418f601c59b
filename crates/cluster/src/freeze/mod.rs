//! Withholding `deploy` from everybody in an open environment: a label on its namespace, by which the API server asks the
//! freeze webhook about every change there, and what that webhook answers by.
//!
//! What is frozen is remembered here by the passes, so that the webhook asks nobody; a process that passes over nothing asks
//! the record ([`Ask`]). The webhook believes the label: of a labelled namespace of which neither knows, everything is refused.

mod frozen;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenure_domain::name::WorkloadId;

pub use frozen::{Ask, Change, Freezes, Frozen, Verdict};

use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, uid};
use crate::names;
use crate::pass::Pass;
use crate::report::Repair;

/// What the cluster answered to a change that has to be refused.
#[derive(Debug, Clone)]
enum Answer {
    Refused(String),
    LetPass,
}

/// What was tried of each thing that is frozen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proofs {
    environment: Option<Answer>,
    workloads: BTreeMap<WorkloadId, Answer>,
}

impl Proofs {
    /// The refusal by the webhook that was seen for a workload, or for the environment; else what is missing.
    pub fn seen(&self, workload: Option<&WorkloadId>) -> Result<&str, String> {
        // What withholds it from all withholds it from one.
        let own = workload.and_then(|workload| self.workloads.get(workload));
        match own.or(self.environment.as_ref()) {
            Some(Answer::Refused(said)) if is_by_us(said) => Ok(said),
            Some(Answer::Refused(said)) => Err(format!("the freeze is not proved yet: {said}")),
            Some(Answer::LetPass) => Err("the freeze webhook does not refuse changes yet".to_owned()),
            None => Err("the namespace was labelled as frozen just now".to_owned()),
        }
    }
}

/// Whether the refusal is an answer of the freeze webhook: not that it cannot be reached, and not another's.
fn is_by_us(said: &str) -> bool {
    said.contains(&format!("admission webhook \"{}\" denied the request", names::FREEZE_WEBHOOK))
}

/// Whether the namespace carries the label already, so that our own writes in it are asked about.
pub(crate) fn is_labelled(pass: &Pass<'_>) -> bool {
    mark(&pass.live.namespace, "labels", names::FROZEN).is_some()
}

/// Labels the namespace as far as permits withhold `deploy`, takes the label away where none does, and tries changes that
/// have to be refused.
pub(crate) async fn carry_out(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    let freezes = pass.requests.freezes().cloned();
    let rehearses = pass.requests.rehearsal().is_some();
    let frozen = freezes.as_ref().and_then(|_| Frozen::derive(pass.environment, &pass.restriction));
    let found = mark(&pass.live.namespace, "labels", names::FROZEN).map(str::to_owned);
    if frozen.is_none() && found.is_none() {
        pass.memory.frozen = None;
        return Ok(());
    }
    if let Some(freezes) = freezes.as_ref().filter(|_| !rehearses) {
        freezes.set(pass.requests.namespace(), frozen.clone().unwrap_or_default());
    }
    let wanted = frozen.as_ref().map(Frozen::label);
    if found.as_deref() != wanted {
        // The label's guard is asked about our own change too, and knows us by a trial where the cluster does not say it.
        if let (Some(freezes), Some(_), false) = (&freezes, &found, rehearses)
            && !freezes.knows_us()
        {
            try_change(pass, freezes, None).await?;
        }
        if !label(pass, found.as_deref(), wanted).await? {
            return Ok(());
        }
    } else if let (Some(freezes), Some(frozen), false) = (&freezes, &frozen, rehearses) {
        pass.freeze = prove(pass, freezes, frozen).await?;
    }
    pass.memory.frozen = wanted.map(str::to_owned);
    Ok(())
}

/// Whether the label is as it should be now: what a webhook refuses is told of and tried again.
async fn label(pass: &mut Pass<'_>, found: Option<&str>, wanted: Option<&str>) -> Result<bool, ClusterError> {
    let key = ObjectKey::new(Kind::Namespace, pass.requests.namespace());
    let difference = match (found, wanted) {
        (_, Some(wanted)) if pass.memory.frozen.as_deref() == Some(wanted) => {
            Some(format!("the label {} was {}", names::FROZEN, found.unwrap_or("removed")))
        }
        (Some(_), None) if pass.memory.frozen.is_none() => {
            Some(format!("it had the label {}, and no permit allows it", names::FROZEN))
        }
        _ => None,
    };
    let target = uid(&pass.live.namespace).to_owned();
    let patch = json!({"metadata": {"labels": {names::FROZEN: wanted}}});
    let changed = match pass.requests.merge(&key, &target, patch, false).await {
        Ok(changed) => changed,
        Err(error) => {
            return pass.veto(&format!("the label {} of {key}", names::FROZEN), error).map(|()| false);
        }
    };
    if let Some(difference) = difference {
        pass.repairs.push(Repair { object: key.clone(), difference, manager: None });
    }
    pass.live.namespace = changed;
    pass.written.insert(key);
    Ok(true)
}

/// Tries to make an object as somebody would whom the freeze is for. We are let through else: only such a trial is not.
async fn prove(pass: &Pass<'_>, freezes: &Freezes, frozen: &Frozen) -> Result<Proofs, ClusterError> {
    let mut proofs = Proofs::default();
    if frozen.is_whole() {
        proofs.environment = Some(try_change(pass, freezes, None).await?);
        return Ok(proofs);
    }
    for workload in frozen.workloads() {
        let said = try_change(pass, freezes, Some(workload)).await?;
        proofs.workloads.insert(workload.clone(), said);
    }
    Ok(proofs)
}

async fn try_change(
    pass: &Pass<'_>,
    freezes: &Freezes,
    workload: Option<&WorkloadId>,
) -> Result<Answer, ClusterError> {
    let labels: Value = workload.map_or(json!({}), |workload| json!({names::WORKLOAD: workload.as_str()}));
    let trial = json!({
        "apiVersion": Kind::ConfigMap.api_version(),
        "kind": Kind::ConfigMap.as_str(),
        "metadata": {
            "name": "tenure-freeze-proof",
            "namespace": pass.requests.namespace(),
            "labels": labels,
            "annotations": {names::FREEZE_PROOF: freezes.proof()},
        },
    });
    let said = match pass.requests.try_create(Kind::ConfigMap, &trial).await {
        // A webhook that cannot be asked is told of, and hinders nothing else.
        Err(error) if error.vetoed_by().is_some() => error.refusal().map(str::to_owned),
        said => said?,
    };
    Ok(said.map_or(Answer::LetPass, Answer::Refused))
}
