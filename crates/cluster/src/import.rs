//! Taking a namespace that is there already as an open environment: what surrounds it is added, and nothing that runs in it
//! is touched.
//!
//! Names and labels decide nothing: it is the namespace with exactly the UID that the decision names. What is there stays
//! foreign to the inventory. What of ours would have the name of an object of theirs keeps the whole namespace from being
//! taken.

pub(crate) mod amounts;
mod security;
mod survey;
mod traffic;

pub(crate) use amounts::millis;
pub(crate) use survey::run as survey;
pub use survey::{ImportPreflight, PodSecurityChange, PodThere, Used};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenure_domain::environment::TenantRole;
use tenure_domain::import::{Imported, reserved};

use crate::compare::digest;
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, number, text, uid};
use crate::names;
use crate::pass::Pass;

/// The label by which a namespace says what its pods may ask of their node.
pub(crate) const POD_SECURITY: &str = "pod-security.kubernetes.io/enforce";

/// A pod as it ran when its namespace was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodRun {
    /// Its name.
    pub name: String,
    /// When its node took it up, as the cluster says it; none while it waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// How often its containers were started again.
    pub restarts: i64,
}

/// What is remembered of an import until it was seen to be complete: the pods that ran when it began, by UID.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodsBefore(pub BTreeMap<String, PodRun>);

/// That a namespace was taken: what was made in it, and that what ran there still does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// The namespace.
    pub namespace: String,
    /// Its UID.
    pub namespace_uid: String,
    /// What was made in it, with the UIDs.
    pub objects: BTreeMap<ObjectKey, String>,
    /// The pods that ran before and do so still, by UID.
    pub pods: BTreeMap<String, PodRun>,
    /// What others did to pods meanwhile, in words.
    pub changed: Vec<String>,
}

/// The objects that Tenure may at any time make in an open environment.
fn ours() -> Vec<ObjectKey> {
    let policies = [
        names::DEFAULT_DENY,
        names::SAME_ACCOUNT,
        names::DNS,
        names::EGRESS,
        names::INGRESS_CONTROLLERS,
        names::PUBLIC,
    ];
    let mut all = vec![
        ObjectKey::new(Kind::ServiceAccount, names::SERVICE_ACCOUNT),
        ObjectKey::new(Kind::ResourceQuota, names::GATE),
        ObjectKey::new(Kind::ResourceQuota, names::PLAN),
        ObjectKey::new(Kind::ResourceQuota, names::PRIORITIES),
        ObjectKey::new(Kind::LimitRange, names::PLAN),
    ];
    all.extend(policies.map(|name| ObjectKey::new(Kind::NetworkPolicy, name)));
    for kind in [Kind::Role, Kind::RoleBinding] {
        all.extend(TenantRole::ALL.map(|role| ObjectKey::new(kind, names::role(role))));
    }
    all
}

/// What is there by a name that is ours.
fn collisions<'a>(there: impl Fn(&ObjectKey) -> Option<&'a Value>) -> Vec<String> {
    let found = ours().into_iter().filter_map(|key| {
        let uid = uid(there(&key)?).to_owned();
        Some(format!("{key} (uid {uid}) is there, and has a name that is ours: it is not overwritten"))
    });
    found.collect()
}

/// Why a namespace is somebody else's, as it says itself. `claim` is ours.
fn whose(namespace: &Value, environment: (&str, &str), claim: Option<&str>) -> Vec<String> {
    let mut all = Vec::new();
    if !text(namespace, "/metadata/deletionTimestamp").is_empty() {
        all.push("it is being deleted".to_owned());
    }
    let label = |key| mark(namespace, "labels", key);
    let said = (label(names::ACCOUNT), label(names::ENVIRONMENT));
    let claimed = mark(namespace, "annotations", names::CLAIM);
    if said != (None, None) && said != (Some(environment.0), Some(environment.1)) {
        all.push(format!(
            "it says that it is the environment {}/{}",
            said.0.unwrap_or_default(),
            said.1.unwrap_or_default()
        ));
    } else if claimed.is_some() && claimed != claim {
        all.push("it says that an environment of Tenure lives in it".to_owned());
    }
    if label(names::ACCESS_LABEL).is_some() {
        all.push("it holds the identities of tenants' people".to_owned());
    }
    all
}

/// The namespace that was decided on, found by its name; nothing is written yet.
pub(crate) fn take(
    pass: &mut Pass<'_>,
    found: Option<Value>,
    imported: &Imported,
) -> Result<Value, ClusterError> {
    let name = imported.namespace.to_string();
    let refused = |why| Err(ClusterError::NotImported { name: name.clone(), why });
    if let Some(why) = reserved(&imported.namespace) {
        return refused(vec![why]);
    }
    let Some(found) = found else {
        return refused(vec![format!("there is none; uid {} was decided on", imported.uid)]);
    };
    if uid(&found) != imported.uid.as_str() {
        return refused(vec![format!("it has the uid {}, and {} was decided on", uid(&found), imported.uid)]);
    }
    let environment = (pass.environment.account.as_str(), pass.environment.id.as_str());
    let others = whose(&found, environment, pass.memory.claim.as_deref());
    if !others.is_empty() {
        return refused(others);
    }
    let token = json!([name, uid(&found), pass.now.to_string()]);
    pass.memory.claim.get_or_insert_with(|| digest(&token));
    pass.memory.namespace_uid = Some(uid(&found).to_owned());
    pass.is_taking = true;
    Ok(found)
}

/// The last look before anything is written: nothing there has a name of ours. Notes what runs.
pub(crate) fn begin(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    if !pass.is_taking {
        return Ok(());
    }
    let why = collisions(|key| pass.live.objects.get(key));
    if !why.is_empty() {
        return Err(ClusterError::NotImported { name: pass.requests.namespace().to_owned(), why });
    }
    pass.memory.import = Some(PodsBefore(runs(&pass.live.pods)));
    Ok(())
}

/// The pods that have not ended, by UID.
fn runs(pods: &[Value]) -> BTreeMap<String, PodRun> {
    let live = pods.iter().filter(|pod| !has_ended(pod));
    live.map(|pod| (uid(pod).to_owned(), run_of(pod))).collect()
}

fn run_of(pod: &Value) -> PodRun {
    let statuses = ["/status/containerStatuses", "/status/initContainerStatuses"];
    let all = statuses.iter().flat_map(|of| pod.pointer(of).and_then(Value::as_array).into_iter().flatten());
    PodRun {
        name: text(pod, "/metadata/name").to_owned(),
        started: Some(text(pod, "/status/startTime").to_owned()).filter(|started| !started.is_empty()),
        restarts: all.map(|status| number(status, "/restartCount")).sum(),
    }
}

/// Whether a pod's containers have all ended for good.
fn has_ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// What became of the pods, once everything of ours is there; nothing while the import was confirmed before or something
/// is missing.
pub(crate) async fn observe(pass: &mut Pass<'_>) -> Result<Option<ImportReport>, ClusterError> {
    let confirmed = pass.environment.envelope.imported.as_ref().is_none_or(|i| i.adopted.is_some());
    if confirmed {
        pass.memory.import = None;
    }
    let Some(before) = pass.memory.import.clone() else { return Ok(None) };
    let made = |key: &ObjectKey| pass.memory.inventory.get(key).and_then(|entry| entry.uid.clone());
    let complete = pass.vetoes.is_empty() && pass.wanted.iter().all(|wanted| made(&wanted.key).is_some());
    if !complete || pass.requests.rehearsal().is_some() {
        return Ok(None);
    }
    let now = pass.requests.list(Kind::Pod).await?;
    let (mut pods, mut changed) = (BTreeMap::new(), Vec::new());
    for (uid_before, was) in before.0 {
        let Some(pod) = now.iter().find(|pod| uid(pod) == uid_before) else {
            changed.push(format!("Pod/{} (uid {uid_before}) is gone", was.name));
            continue;
        };
        let is = run_of(pod);
        // One that waited for its node may have got it meanwhile.
        if is.restarts != was.restarts || (was.started.is_some() && is.started != was.started) {
            changed.push(format!("Pod/{} restarted by itself", was.name));
        }
        pods.insert(uid_before, is);
    }
    let inventory = pass.memory.inventory.iter();
    Ok(Some(ImportReport {
        namespace: pass.requests.namespace().to_owned(),
        namespace_uid: uid(&pass.live.namespace).to_owned(),
        objects: inventory.filter_map(|(key, entry)| Some((key.clone(), entry.uid.clone()?))).collect(),
        pods,
        changed,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::tests::everything_of_an_open_one;
    use crate::render;
    use crate::restriction::Restriction;

    #[test]
    fn whatever_is_rendered_in_an_open_environment_is_looked_for_before_one_is_taken() {
        let environment = everything_of_an_open_one();
        let rendered = render::environment(&environment, &Restriction::default(), false);
        assert!(rendered.len() > 14, "everything that can be is rendered");
        for wanted in rendered {
            assert!(ours().contains(&wanted.key), "{} could overwrite another's", wanted.key);
        }
    }
}
