//! What is frozen, and what is said to whoever wants to change it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tenure_domain::capability::Capability;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::WorkloadId;
use tenure_domain::permit::Permit;

use crate::environment::Environment;
use crate::error::ClusterError;
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
    /// How all of it is frozen.
    whole: Option<Freeze>,
    /// How one workload is.
    workloads: BTreeMap<WorkloadId, Freeze>,
}

/// One thing that is frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Freeze {
    /// The measures that froze it.
    by: String,
    /// Whether nothing of it may be deleted either.
    keeps: bool,
}

impl Freeze {
    fn of(withheld: &Withholding) -> Self {
        Self { by: withheld.named(), keeps: withheld.keeps() }
    }
}

impl Frozen {
    /// What permits freeze in an open environment, if anything. In a managed one nobody but us deploys.
    pub(crate) fn derive(environment: &Environment, restriction: &Restriction) -> Option<Self> {
        if environment.envelope.kind != EnvironmentKind::Open {
            return None;
        }
        let whole = restriction.on_environment(Capability::Deploy).map(Freeze::of);
        let workloads: BTreeMap<WorkloadId, Freeze> = restriction
            .workloads_without(Capability::Deploy)
            .map(|(workload, withheld)| (workload.clone(), Freeze::of(withheld)))
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

    /// What these permits freeze in an environment: nothing where they do not.
    pub fn of(environment: &Environment, permits: &[Permit]) -> Result<Self, ClusterError> {
        Ok(Self::derive(environment, &Restriction::derive(environment, permits)?).unwrap_or_default())
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

    /// What of it is frozen and concerned by a change, and what that is called.
    fn concerned(&self, change: &Change<'_>) -> Option<(&Freeze, String)> {
        let of = |workload: &WorkloadId| change.is_of(workload);
        // What is frozen as a whole and by itself is kept where either keeps it.
        let one =
            self.workloads.iter().filter(|(workload, _)| of(workload)).max_by_key(|(_, freeze)| freeze.keeps);
        match (&self.whole, one) {
            (Some(whole), Some((workload, one))) if one.keeps && !whole.keeps => {
                Some((one, format!("{}/{workload}", self.whose)))
            }
            (Some(whole), _) => Some((whole, self.whose.clone())),
            (None, one) => one.map(|(workload, one)| (one, format!("{}/{workload}", self.whose))),
        }
    }

    /// Why a change is refused, for whoever wanted it.
    fn refuses(&self, change: &Change<'_>) -> Option<String> {
        if change.of_namespace {
            return self.guards(change);
        }
        let (Freeze { by, keeps }, what) = self.concerned(change)?;
        let means = match (change.deletes, keeps, change.is_of_ours()) {
            (false, ..) => "what runs goes on running, and nothing is changed",
            (true, true, _) => "what is there stays, and nothing is deleted",
            (true, false, true) => "what Tenure made there stays; what is yours you may delete",
            (true, false, false) => return None,
        };
        let standing = &self.standing;
        Some(format!(
            "deploy is withheld from {what} by {by}: {means}. The account's standing, and what clears it: GET {standing}"
        ))
    }

    /// Why a change of the namespace itself is refused: while anything in it is frozen only we delete it, with the gate and
    /// all that is kept, and only we change the labels by which it is asked about. Whatever else others note there is theirs.
    fn guards(&self, change: &Change<'_>) -> Option<String> {
        let by = self.whole.iter().chain(self.workloads.values()).map(|freeze| freeze.by.as_str()).next()?;
        let (whose, standing) = (&self.whose, &self.standing);
        let what = if change.deletes {
            "its namespace is not deleted".to_owned()
        } else {
            format!("the label {} of its namespace is not changed", change.relabels()?)
        };
        Some(format!(
            "deploy is withheld in {whose} by {by}: {what}. The account's standing, and what clears it: GET {standing}"
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
    /// Whether it is a deletion. An eviction is none, as what made the pod makes another one.
    pub deletes: bool,
    /// Whether it is one of the namespace itself.
    pub of_namespace: bool,
}

impl Change<'_> {
    fn documents(&self) -> [&Value; 2] {
        [self.object, self.before]
    }

    /// The first of the guarded labels that it would change.
    fn relabels(&self) -> Option<&'static str> {
        let [after, before] = self.documents();
        names::GUARDED.into_iter().find(|label| mark(after, "labels", label) != mark(before, "labels", label))
    }

    /// Whether it puts the label of a freeze on a namespace that had none: that takes nothing away, and nobody who could do it is
    /// kept from anything without the label. We do it before the webhook knows who we are.
    fn labels_anew(&self) -> bool {
        self.of_namespace && !self.deletes && mark(self.before, "labels", names::FROZEN).is_none()
    }

    /// Whether the object is one of those that we made.
    fn is_of_ours(&self) -> bool {
        mark(self.before, "annotations", names::DECLARED).is_some()
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

/// Where is asked what no pass of this process knows: another process passes over that environment.
#[async_trait]
pub trait Ask: Send + Sync {
    /// What is frozen in a namespace now, by the record; nothing where that cannot be known, and by default nothing frozen.
    async fn frozen(&self, namespace: &str) -> Option<Frozen>;
}

/// How long is asked, of the three seconds in which the API server expects an answer. Operating time.
const ASKED_FOR: Duration = Duration::from_secs(1);

struct Shared {
    secret: String,
    state: Mutex<State>,
    ask: OnceLock<Box<dyn Ask>>,
}

/// What is frozen, as the passes of this process have it: written by them, read by the webhook. Cheap to clone.
#[derive(Clone)]
pub struct Freezes(Arc<Shared>);

impl fmt::Debug for Freezes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Freezes").finish_non_exhaustive()
    }
}

impl Freezes {
    /// Nothing is known yet. The secret makes proofs that nobody else can make; it is random and told to nobody.
    pub fn new(secret: [u8; 32]) -> Self {
        let (secret, state, ask) = (hex::encode(secret), Mutex::default(), OnceLock::new());
        Self(Arc::new(Shared { secret, state, ask }))
    }

    /// Says where is asked what no pass of this process knows. Only the first to say so counts.
    pub fn asking(&self, ask: Box<dyn Ask>) {
        // It is said once, by whoever starts.
        drop(self.0.ask.set(ask));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets through whoever has this name in the cluster: us.
    pub fn we_are(&self, user: &str) {
        self.state().ourselves.insert(user.to_owned());
    }

    /// Whether the webhook knows who we are.
    pub(crate) fn knows_us(&self) -> bool {
        !self.state().ourselves.is_empty()
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
        let proof = hex::encode(Sha256::digest(format!("{} {}", self.0.secret, state.drawn)));
        if state.proofs.len() >= PROOFS {
            state.proofs.clear();
        }
        state.proofs.insert(proof.clone());
        proof
    }

    /// What is to be said to a change in a namespace that is labelled as frozen, by memory alone.
    pub fn judge(&self, change: &Change<'_>) -> Verdict {
        self.by_memory(change).unwrap_or_else(|| by(None, change))
    }

    /// The same; what is not remembered is asked for.
    pub async fn judge_asking(&self, change: &Change<'_>) -> Verdict {
        if let Some(verdict) = self.by_memory(change) {
            return verdict;
        }
        let told = match self.0.ask.get() {
            Some(ask) => tokio::time::timeout(ASKED_FOR, ask.frozen(change.namespace)).await.ok().flatten(),
            None => None,
        };
        by(told.as_ref(), change)
    }

    /// Nothing where it is not known here what is frozen.
    fn by_memory(&self, change: &Change<'_>) -> Option<Verdict> {
        if change.labels_anew() {
            return Some(Verdict::Allowed);
        }
        let mut state = self.state();
        // Only a trial of ours carries such a text, which nobody could know: its sender is us. It is to be refused.
        let proof = mark(change.object, "annotations", names::FREEZE_PROOF);
        if proof.is_some_and(|proof| state.proofs.remove(proof)) {
            state.ourselves.insert(change.user.to_owned());
        } else if proof.is_none() && is_let_through(&state, change) {
            return Some(Verdict::Allowed);
        }
        state.namespaces.get(change.namespace).map(|frozen| by(Some(frozen), change))
    }
}

/// What is said by what is frozen, where that is known: else everything is refused.
fn by(frozen: Option<&Frozen>, change: &Change<'_>) -> Verdict {
    match frozen {
        Some(frozen) => frozen.refuses(change).map_or(Verdict::Allowed, Verdict::Refused),
        None if change.of_namespace && !change.deletes && change.relabels().is_none() => Verdict::Allowed,
        None => Verdict::Refused(format!(
            "deploy is withheld in {}, and it is not known here yet from what: try again in a moment",
            change.namespace
        )),
    }
}

fn is_let_through(state: &State, change: &Change<'_>) -> bool {
    state.ourselves.contains(change.user)
        || LET_THROUGH_USERS.contains(&change.user)
        || change.groups.iter().any(|group| LET_THROUGH_GROUPS.contains(&group.as_str()))
}

#[cfg(test)]
mod tests;
