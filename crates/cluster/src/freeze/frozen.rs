//! What is frozen, and what is said to whoever wants to change it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tenure_domain::capability::Capability;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::WorkloadId;

use crate::environment::Environment;
use crate::live::{mark, text};
use crate::names;
use crate::restriction::{Restriction, Withholding};

/// Groups of those that keep running what is declared: the nodes and the cluster's own controllers.
const LET_THROUGH_GROUPS: [&str; 2] = ["system:nodes", "system:serviceaccounts:kube-system"];

/// The users of a control plane that has no service accounts for its parts.
const LET_THROUGH_USERS: [&str; 3] =
    ["system:kube-controller-manager", "system:kube-scheduler", "system:apiserver"];

/// The most proofs that are waited for: those of passes that go on at once.
const PROOFS: usize = 10_000;

/// What is frozen in one namespace; by default nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frozen {
    whose: String,
    standing: String,
    /// Who froze all of it.
    whole: Option<String>,
    /// Who froze one workload.
    workloads: BTreeMap<WorkloadId, String>,
}

impl Frozen {
    /// What permits freeze in an open environment, if anything. In a managed one nobody but us deploys.
    pub(crate) fn derive(environment: &Environment, restriction: &Restriction) -> Option<Self> {
        if environment.envelope.kind != EnvironmentKind::Open {
            return None;
        }
        let whole = restriction.on_environment(Capability::Deploy).map(Withholding::named);
        let workloads: BTreeMap<WorkloadId, String> = restriction
            .workloads_without(Capability::Deploy)
            .map(|(workload, withheld)| (workload.clone(), withheld.named()))
            .collect();
        if whole.is_none() && workloads.is_empty() {
            return None;
        }
        Some(Self {
            whose: format!("{}/{}", environment.account, environment.id),
            standing: format!("/v1/accounts/{}/standing", environment.account),
            whole,
            workloads,
        })
    }

    /// What the namespace's label says.
    pub(crate) fn label(&self) -> &'static str {
        if self.is_whole() { "environment" } else { "workload" }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.whole.is_some()
    }

    pub(crate) fn workloads(&self) -> impl Iterator<Item = &WorkloadId> {
        self.workloads.keys()
    }

    /// Why a change is refused, for whoever wanted it.
    fn refuses(&self, change: &Change<'_>) -> Option<String> {
        let (by, what) = match &self.whole {
            Some(by) => (by, self.whose.clone()),
            None => self
                .workloads
                .iter()
                .find(|(workload, _)| change.is_of(workload))
                .map(|(workload, by)| (by, format!("{}/{workload}", self.whose)))?,
        };
        Some(format!(
            "deploy is withheld from {what} by {by}: what runs goes on running, and nothing is changed. \
             The account's standing, and what clears it: GET {}",
            self.standing
        ))
    }
}

/// A change that the API server asks about.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The namespace in which it would be made.
    pub namespace: &'a str,
    /// The object's name; empty where the server is to choose one.
    pub name: &'a str,
    /// The object as it would be, or a subresource's own document; null for a deletion.
    pub object: &'a Value,
    /// The object as it is; null where it is made.
    pub before: &'a Value,
    /// Who asks for it.
    pub user: &'a str,
    /// The groups that they are in.
    pub groups: &'a [String],
}

impl Change<'_> {
    fn documents(&self) -> [&Value; 2] {
        [self.object, self.before]
    }

    /// Whether it is of a workload: its name or its label say so, before or after, of the object, of the pods that it makes, or
    /// of what owns it.
    fn is_of(&self, workload: &WorkloadId) -> bool {
        let workload = workload.as_str();
        self.name == workload || self.documents().into_iter().any(|object| is_of(object, workload))
    }
}

fn is_of(object: &Value, workload: &str) -> bool {
    let labelled = |object: &Value| mark(object, "labels", names::WORKLOAD) == Some(workload);
    let templates = ["/spec/template", "/spec/jobTemplate", "/spec/jobTemplate/spec/template"];
    if text(object, "/metadata/name") == workload
        || labelled(object)
        || templates.iter().filter_map(|path| object.pointer(path)).any(labelled)
    {
        return true;
    }
    // A set of a deployment is called as that and the hash of its pods.
    let hash = mark(object, "labels", "pod-template-hash").unwrap_or_default();
    let set = format!("{workload}-{hash}");
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners
        .into_iter()
        .flatten()
        .map(|owner| text(owner, "/name"))
        .any(|owner| owner == workload || owner == set)
}

/// What the webhook says to a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be made.
    Allowed,
    /// It may not, for this reason.
    Refused(String),
}

#[derive(Debug, Default)]
struct State {
    namespaces: BTreeMap<String, Frozen>,
    /// Who we are to the cluster.
    ourselves: BTreeSet<String>,
    /// Proofs of ours that the webhook has not seen yet.
    proofs: BTreeSet<String>,
    drawn: u64,
}

/// What is frozen, as the passes of this process have it: written by them, read by the webhook. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Freezes(Arc<(String, Mutex<State>)>);

impl Freezes {
    /// Nothing is known yet. The secret makes proofs that nobody else can make; it is random and told to nobody.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Arc::new((hex::encode(secret), Mutex::default())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets through whoever has this name in the cluster: us.
    pub fn we_are(&self, user: &str) {
        self.state().ourselves.insert(user.to_owned());
    }

    /// Forgets what is frozen where, when another process leads: what it decides is not known here.
    pub fn forget(&self) {
        self.state().namespaces.clear();
    }

    pub(crate) fn set(&self, namespace: &str, frozen: Frozen) {
        self.state().namespaces.insert(namespace.to_owned(), frozen);
    }

    /// A text by which the webhook knows a trial of ours, once.
    pub(crate) fn proof(&self) -> String {
        let mut state = self.state();
        state.drawn += 1;
        let proof = hex::encode(Sha256::digest(format!("{} {}", self.0.0, state.drawn)));
        if state.proofs.len() >= PROOFS {
            state.proofs.clear();
        }
        state.proofs.insert(proof.clone());
        proof
    }

    /// What is to be said to a change in a namespace that is labelled as frozen.
    pub fn judge(&self, change: &Change<'_>) -> Verdict {
        let mut state = self.state();
        // Only a trial of ours carries such a text, which nobody could know: its sender is us. It is to be refused.
        let proof = mark(change.object, "annotations", names::FREEZE_PROOF);
        if proof.is_some_and(|proof| state.proofs.remove(proof)) {
            state.ourselves.insert(change.user.to_owned());
        } else if proof.is_none() && is_let_through(&state, change) {
            return Verdict::Allowed;
        }
        match state.namespaces.get(change.namespace) {
            Some(frozen) => frozen.refuses(change).map_or(Verdict::Allowed, Verdict::Refused),
            None => Verdict::Refused(format!(
                "deploy is withheld in {}, and it is not known here yet from what: try again in a moment",
                change.namespace
            )),
        }
    }
}

fn is_let_through(state: &State, change: &Change<'_>) -> bool {
    state.ourselves.contains(change.user)
        || LET_THROUGH_USERS.contains(&change.user)
        || change.groups.iter().any(|group| LET_THROUGH_GROUPS.contains(&group.as_str()))
}

#[cfg(test)]
mod tests;
