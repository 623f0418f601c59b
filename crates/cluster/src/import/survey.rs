//! What is in a namespace before it is taken, what would change, and what stands in the way. Persists nothing.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenure_domain::import::Concern;

use super::{POD_SECURITY, PodRun, amounts, collisions, has_ended, runs, security, traffic, whose};
use crate::contents::{Contents, array};
use crate::environment::Environment;
use crate::error::ClusterError;
use crate::inventory::Kind;
use crate::live::{mark, text, uid};
use crate::memory::Memory;
use crate::pass;
use crate::reach::Reach;
use crate::rehearsal::Forget;
use crate::rehearsed::Planned;
use crate::requests::Requests;
use crate::restriction::Restriction;

/// What an import would find and do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportPreflight {
    /// The namespace.
    pub namespace: String,
    /// Its UID, by which it is named when it is imported; none where there is no such namespace.
    pub namespace_uid: Option<String>,
    /// Why it cannot be imported.
    pub obstacles: Vec<String>,
    /// What has to be accepted, with the objects that are concerned.
    pub concerns: BTreeMap<Concern, Vec<String>>,
    /// How many objects of each kind are there.
    pub contents: BTreeMap<String, u32>,
    /// The pods that have not ended, with when they began: none of them is touched.
    pub pods: Vec<PodThere>,
    /// What is used of the share.
    pub used: Used,
    /// The Pod Security level that the namespace has now, and what it would have.
    pub pod_security: PodSecurityChange,
    /// Every write of the import, in order, with what the cluster says of it. None is of anything that runs.
    pub writes: Vec<Planned>,
}

/// The Pod Security level of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSecurityChange {
    /// Now; none where nobody said so.
    pub now: Option<String>,
    /// After the import.
    pub then: String,
}

/// A pod that runs there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodThere {
    /// Its UID.
    pub uid: String,
    /// How it runs.
    #[serde(flatten)]
    pub run: PodRun,
    /// What made it; none where nothing makes it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// What is used, as the quota of an environment counts it, rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Used {
    /// Thousandths of a CPU.
    pub cpu_millis: u32,
    /// MiB of memory.
    pub memory_mib: u32,
    /// MiB of volumes.
    pub storage_mib: u32,
    /// Pods that have not ended.
    pub pods: u32,
    /// Services with a load balancer of their own.
    pub load_balancers: u32,
    /// Services with ports of the nodes.
    pub node_ports: u32,
}

/// Looks. The environment is the one that it would be, in the namespace of whatever UID.
pub(crate) async fn run(
    requests: impl Fn() -> Requests,
    reach: &Reach,
    environment: &Environment,
    now: Timestamp,
) -> Result<ImportPreflight, ClusterError> {
    let reads = requests();
    let name = reads.namespace().to_owned();
    let mut seen = ImportPreflight { namespace: name.clone(), ..ImportPreflight::default() };
    // What nobody imports is not looked into either.
    if let Some(imported) = &environment.envelope.imported
        && let Some(why) = tenure_domain::import::reserved(&imported.namespace)
    {
        seen.obstacles.push(why);
        return Ok(seen);
    }
    if reach.is_providers(&name) {
        seen.obstacles.push("it is the installation's own".to_owned());
        return Ok(seen);
    }
    let Some(namespace) = reads.get(Kind::Namespace, &name).await? else { return Ok(seen) };
    seen.namespace_uid = Some(uid(&namespace).to_owned());
    seen.pod_security = PodSecurityChange {
        now: mark(&namespace, "labels", POD_SECURITY).map(str::to_owned),
        then: environment.envelope.pod_security().as_str().to_owned(),
    };
    seen.obstacles = whose(&namespace, (environment.account.as_str(), environment.id.as_str()), None);
    if !seen.obstacles.is_empty() {
        return Ok(seen);
    }
    look(&reads, environment, &mut seen).await?;
    if seen.obstacles.is_empty() {
        seen.writes = rehearse(requests().rehearsing(), environment, &namespace, now).await?;
        let refused = seen.writes.iter().filter_map(|write| {
            write.refused.as_ref().map(|why| format!("the cluster refuses {}: {why}", write.object))
        });
        seen.obstacles.extend(refused.collect::<Vec<_>>());
    }
    Ok(seen)
}

/// What is there.
async fn look(
    requests: &Requests,
    environment: &Environment,
    seen: &mut ImportPreflight,
) -> Result<(), ClusterError> {
    let contents = Contents::read(requests).await?;
    for item in &contents.items {
        *seen.contents.entry(item.kind.clone()).or_default() += 1;
    }
    let kinds = [
        Kind::Pod,
        Kind::PersistentVolumeClaim,
        Kind::Service,
        Kind::NetworkPolicy,
        Kind::ResourceQuota,
        Kind::LimitRange,
        Kind::RoleBinding,
        Kind::Role,
        Kind::ServiceAccount,
    ];
    let lists = try_join_all(kinds.map(|kind| requests.list(kind))).await?;
    let there: BTreeMap<Kind, Vec<Value>> = kinds.into_iter().zip(lists).collect();
    let of = |kind: Kind| there.get(&kind).map(Vec::as_slice).unwrap_or_default();
    seen.obstacles =
        collisions(|key| of(key.kind).iter().find(|object| text(object, "/metadata/name") == key.name));

    let (pods, policies) = (of(Kind::Pod), of(Kind::NetworkPolicy));
    let owner = |pod: &Value| {
        let owner = pod.pointer("/metadata/ownerReferences/0")?;
        Some(format!("{}/{}", text(owner, "/kind"), text(owner, "/name")))
    };
    let owners: BTreeMap<&str, Option<String>> = pods.iter().map(|pod| (uid(pod), owner(pod))).collect();
    for (uid, run) in runs(pods) {
        let owner = owners.get(uid.as_str()).cloned().flatten();
        seen.pods.push(PodThere { uid, run, owner });
    }
    let share =
        tenure_domain::plan::Share { plan: environment.plan, exposure: environment.envelope.exposure };
    seen.used = amounts::used(pods, of(Kind::PersistentVolumeClaim), of(Kind::Service), &share);
    let named = |kind: Kind| -> Vec<String> {
        of(kind).iter().map(|o| format!("{}/{}", kind.as_str(), text(o, "/metadata/name"))).collect()
    };
    let bare = pods.iter().filter(|pod| !has_ended(pod) && owner(pod).is_none());
    let concerns = [
        (Concern::OverShare, amounts::over(&seen.used, pods, &share)),
        (Concern::PodSecurity, security::refused(pods, environment.envelope.pod_security())),
        (Concern::DefaultDeny, traffic::ended(pods, of(Kind::Service), policies, &environment.envelope)),
        (Concern::Openings, traffic::openings(policies)),
        (Concern::Bounds, [named(Kind::ResourceQuota), named(Kind::LimitRange)].concat()),
        (Concern::Rights, of(Kind::RoleBinding).iter().map(rights).collect()),
        (Concern::BarePods, bare.map(|pod| format!("Pod/{}", text(pod, "/metadata/name"))).collect()),
        (Concern::Unseen, contents.unseen),
    ];
    seen.concerns = concerns.into_iter().filter(|(_, what)| !what.is_empty()).collect();
    Ok(())
}

/// A binding, for people: who may do what.
fn rights(binding: &Value) -> String {
    let who = array(binding, "/subjects").map(|subject| {
        let namespace = text(subject, "/namespace");
        let within = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
        format!("{} {within}{}", text(subject, "/kind"), text(subject, "/name"))
    });
    let who: Vec<String> = who.collect();
    format!(
        "RoleBinding/{} gives {} {}/{}",
        text(binding, "/metadata/name"),
        if who.is_empty() { "nobody".to_owned() } else { who.join(", ") },
        text(binding, "/roleRef/kind"),
        text(binding, "/roleRef/name")
    )
}

/// The very steps of the import, with every write sent as a dry run.
async fn rehearse(
    requests: Requests,
    environment: &Environment,
    namespace: &Value,
    now: Timestamp,
) -> Result<Vec<Planned>, ClusterError> {
    let mut environment = environment.clone();
    if let (Some(imported), Ok(uid)) = (&mut environment.envelope.imported, uid(namespace).parse()) {
        imported.uid = uid;
    }
    let nothing = Restriction::default();
    let mut pass = pass::prepare(requests, &environment, nothing, Memory::default(), &Forget, now).await?;
    pass::carry_out(&mut pass).await?;
    Ok(pass.requests.rehearsal().map(crate::rehearsed::Rehearsed::planned).unwrap_or_default())
}
