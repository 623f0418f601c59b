//! Rehearsing a stop and its end: the very steps of a pass, with every write sent as a dry run.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::balancers::Balancers;
use tenure_domain::capability::Capability;
use tenure_domain::name::{MeasureId, WorkloadId};
use tenure_domain::permit::Permit;
use tenure_domain::scope::Scope;
use tenure_domain::throttle::Throttle;

use crate::balancers;
use crate::before;
use crate::environment::Environment;
use crate::error::{ClusterError, KeepError};
use crate::inventory::Kind;
use crate::live::{text, uid};
use crate::memory::{Keep, Memory};
use crate::pass::{self, Pass};
use crate::rehearsed::Planned;
use crate::report::{PodLost, VolumeSeen};
use crate::requests::Requests;
use crate::restore;
use crate::restriction::Restriction;

/// What is supposed to be withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supposed {
    /// The measure, or a name for one that does not exist.
    pub measure: MeasureId,
    /// From what.
    pub scope: Scope,
    /// What.
    pub withholds: BTreeSet<Capability>,
    /// How much computing time stays, where it is throttled.
    pub throttle: Option<Throttle>,
    /// What becomes of load balancers.
    pub load_balancers: Balancers,
    /// The longest time that a stopped pod is given to end, in seconds.
    pub pod_grace_seconds: u32,
}

/// What a stop would do in one environment, and what its end would.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rehearsal {
    /// The stop; none where the measure is in effect, and then only its end is ahead.
    pub stop: Option<StopRehearsal>,
    /// Its end.
    pub lift: LiftRehearsal,
}

/// What a stop would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopRehearsal {
    /// Every write, in order, with what the cluster says of it.
    pub writes: Vec<Planned>,
    /// The pods that end, and what is lost with each.
    pub pods: Vec<PodLost>,
    /// The volumes that are kept from being deleted with their claims, with their policies now.
    pub volumes: Vec<VolumeSeen>,
    /// The jobs and cron jobs that make no pods meanwhile.
    pub jobs: Vec<String>,
    /// The load balancers that give their addresses up, and may have others afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load_balancers: Vec<String>,
}

/// What the end of a stop would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiftRehearsal {
    /// Every write, in order, with what the cluster says of it; none where the stop was not carried out, so that
    /// nobody can be asked.
    pub writes: Vec<Planned>,
    /// The measures that go on withholding something here.
    pub still_withheld_by: BTreeSet<MeasureId>,
    /// The volumes, with the policies that they get back.
    pub volumes: Vec<VolumeSeen>,
    /// The ready pods of each workload that are waited for.
    pub ready: BTreeMap<WorkloadId, u32>,
    /// What is not as it was before the stop, and is left to a person.
    pub differences: Vec<String>,
}

/// Keeps nothing: what a rehearsal noted is forgotten.
pub(crate) struct Forget;

#[async_trait]
impl Keep for Forget {
    async fn keep(&self, _: &Memory) -> Result<(), KeepError> {
        Ok(())
    }
}

pub(crate) async fn run(
    requests: impl Fn() -> Requests,
    environment: &Environment,
    permits: &[Permit],
    supposed: &Supposed,
    memory: &Memory,
    now: Timestamp,
) -> Result<Rehearsal, ClusterError> {
    let reads = requests();
    let namespace = reads.get(Kind::Namespace, reads.namespace()).await?;
    if namespace.is_none_or(|found| memory.namespace_uid.as_deref() != Some(uid(&found))) {
        return Ok(Rehearsal::default());
    }
    let in_effect = permits.iter().any(|permit| permit.measure() == &supposed.measure);
    if in_effect {
        let others = Restriction::derive_without(environment, permits, &supposed.measure)?;
        let still_withheld_by = others.effects().keys().cloned().collect();
        let mut pass = pass::prepare(requests(), environment, others, memory.clone(), &Forget, now).await?;
        pass::carry_out(&mut pass).await?;
        let lift = LiftRehearsal {
            writes: planned(&pass),
            still_withheld_by,
            differences: restore::differences(&pass),
            ..of_before(&pass)
        };
        return Ok(Rehearsal { stop: None, lift });
    }
    let mut restriction = Restriction::derive(environment, permits)?;
    let still_withheld_by = restriction.effects().keys().cloned().collect();
    let dry = requests();
    if let Some(rehearsed) = dry.rehearsal() {
        restriction.suppose(rehearsed, environment, supposed);
    }
    let stops = supposed.withholds.contains(&Capability::Compute);
    let pods = if stops { before::preview(&reads, memory, &supposed.scope).await? } else { Vec::new() };
    let whole = matches!(supposed.scope, Scope::Account | Scope::Environment(_));
    let jobs = if stops && whole { jobs(&reads).await? } else { Vec::new() };
    let mut pass = pass::prepare(dry, environment, restriction, memory.clone(), &Forget, now).await?;
    pass::carry_out(&mut pass).await?;
    let (ahead, load_balancers) = (of_before(&pass), balancers::named(&pass));
    let mut volumes = Vec::new();
    for volume in &ahead.volumes {
        let found = reads.get(Kind::PersistentVolume, &volume.volume).await?.unwrap_or_default();
        let reclaim_policy = text(&found, "/spec/persistentVolumeReclaimPolicy").to_owned();
        volumes.push(VolumeSeen { reclaim_policy, ..volume.clone() });
    }
    let stop = StopRehearsal { writes: planned(&pass), pods, volumes, jobs, load_balancers };
    Ok(Rehearsal { stop: Some(stop), lift: LiftRehearsal { still_withheld_by, ..ahead } })
}

fn planned(pass: &Pass<'_>) -> Vec<Planned> {
    pass.requests.rehearsal().map(crate::rehearsed::Rehearsed::planned).unwrap_or_default()
}

/// What is noted of how things were, or are.
fn of_before(pass: &Pass<'_>) -> LiftRehearsal {
    let Some(before) = &pass.memory.before else { return LiftRehearsal::default() };
    let volumes = before.volumes.iter().map(|(name, volume)| VolumeSeen {
        claim: volume.claim.clone(),
        volume: name.clone(),
        reclaim_policy: volume.reclaim_policy.clone(),
    });
    LiftRehearsal { volumes: volumes.collect(), ready: before.readiness.clone(), ..LiftRehearsal::default() }
}

/// The jobs and cron jobs of the namespace, in whichever version the cluster has them.
async fn jobs(requests: &Requests) -> Result<Vec<String>, ClusterError> {
    let mut all = Vec::new();
    for (kind, plural, versions) in
        [("Job", "jobs", &["v1"][..]), ("CronJob", "cronjobs", &["v1", "v1beta1"][..])]
    {
        for version in versions {
            let path = format!("/apis/batch/{version}/namespaces/{}/{plural}", requests.namespace());
            match requests.metadata(&path).await {
                Ok(found) => {
                    all.extend(found.iter().map(|job| format!("{kind}/{}", text(job, "/metadata/name"))));
                    break;
                }
                Err(error) if error.code() == Some(404) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(all)
}
