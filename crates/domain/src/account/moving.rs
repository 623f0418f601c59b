//! Moving an environment to another cluster: what is on the record of it, and when what it leaves behind may be removed.
//!
//! It is made on the other cluster beside the one that it lives on; once it was seen there as it was here it lives there; and
//! only then what it left is removed. A move that is cancelled removes what was made.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ability::lacking;
use super::event::{Event, Recorded};
use super::{Account, Book, Context, FoldError, Kept};
use crate::authority::Authority;
use crate::environment::Environment;
use crate::name::{ClusterId, EnvironmentId, PersonId, WorkloadId};
use crate::permit::{ErasePermit, RemovalPermit};
use crate::refusal::{Guard, Refusal, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::{Blob, Words};
use crate::workload::Workload;

/// An environment of which something is on two clusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    /// The cluster that it does not live on: where it is being made, or from where something is removed.
    pub other: ClusterId,
    /// Who decided on it.
    pub by: PersonId,
    /// When.
    pub begun: Timestamp,
    /// Why, in words.
    pub why: Words,
    /// How far it is.
    pub state: MoveState,
}

/// How far a move is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum MoveState {
    /// It lives where it was, and is being made on the other cluster.
    Making,
    /// It lives on its new cluster, and what it left on the other one is being removed.
    Moved {
        /// Since when.
        at: Timestamp,
        /// What was seen on the new cluster: a signed note.
        receipt: Blob,
    },
    /// It stays, and what was made on the other cluster is being removed.
    Cancelled {
        /// Since when.
        at: Timestamp,
    },
}

impl MoveState {
    /// Its name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Moved { .. } => "moved",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether what is on the other cluster is to go.
    pub fn removes(&self) -> bool {
        !matches!(self, Self::Making)
    }
}

/// What keeps an environment with this workload where it is: data that stays on its cluster, or work that would be done twice.
fn stays(workload: &WorkloadId, spec: &Workload) -> Option<Unmet> {
    let (detail, then) = if spec.volume.is_some() || !spec.volumes.is_empty() {
        (
            format!("{workload} keeps data in volumes, and a volume stays on its cluster"),
            "create an environment on the other cluster and bring the data there by your own means",
        )
    } else if spec.kind.ends() {
        (
            format!("{workload} is a {}: on both clusters its work would be done twice", spec.kind.as_str()),
            "remove it first, and declare it anew when the environment has moved",
        )
    } else {
        return None;
    };
    Some(Unmet::new(Guard::InState, detail, then))
}

impl Account {
    /// The clusters on which there may be something of an environment, that on which it lives first.
    pub fn clusters_of<'a>(
        &'a self,
        id: &EnvironmentId,
        environment: &'a Environment,
    ) -> impl Iterator<Item = &'a ClusterId> {
        let moving = self.moves.get(id).map(|moving| &moving.other);
        std::iter::once(&environment.cluster).chain(moving)
    }

    /// What stands between an environment and its move to another cluster, besides whether that is there.
    pub fn why_not_moved(
        &self,
        id: &EnvironmentId,
        environment: &Environment,
        to: &ClusterId,
        book: &Book,
    ) -> Vec<Unmet> {
        let scope = Scope::Environment(id.clone());
        let mut unmet: Vec<Unmet> = self.moving_guard(id).into_iter().collect();
        if !environment.kind.is_managed() {
            unmet.push(Unmet::new(
                Guard::InState,
                format!(
                    "{id} is open: what tenants made in it is declared nowhere, and so cannot be made again"
                ),
                "create an environment on the other cluster, and have its tenants deploy there",
            ));
        }
        unmet.extend(environment.workloads.iter().filter_map(|(workload, spec)| stays(workload, spec)));
        for (snapshot, _) in self.snapshots_of(id) {
            unmet.push(Unmet::new(
                Guard::InState,
                format!("{snapshot} is kept on the cluster {}", environment.cluster),
                "release it first",
            ));
        }
        if let Some(asked) = self.erasures.get(id) {
            unmet.push(Unmet::new(
                Guard::InState,
                format!("{} asked to have {id} deleted", asked.asked_by),
                "have that taken back first, or let it go",
            ));
        }
        for measure in self.effective_measures().filter(|m| m.proposal.scope.touches(&scope)) {
            let proposal = &measure.proposal;
            if let Some((capability, lacks)) =
                lacking(book, &proposal.withholds, environment.kind, to, proposal.scope.kind())
            {
                unmet.push(Unmet::new(
                    Guard::Supported,
                    format!("{} withholds {capability}, and the cluster {to} cannot: {lacks}", measure.id),
                    "choose another cluster, or wait until the measure has ended",
                ));
            }
        }
        unmet.extend(self.why_not_removed(id));
        unmet
    }

    /// Laws 7 and 8: what keeps anything from being removed that an environment has on a cluster: holds, orders, and measures in
    /// the name of harm to others, of the law or of an order, under which nothing there is deleted.
    fn why_not_removed(&self, id: &EnvironmentId) -> Vec<Unmet> {
        let scope = Scope::Environment(id.clone());
        let mut unmet = self.preserved(Kept::Data(&scope));
        let keeps = self
            .effective_measures()
            .filter(|m| m.proposal.authority >= Authority::Abuse && m.proposal.scope.touches(&scope));
        unmet.extend(keeps.map(|measure| {
            Unmet::new(
                Guard::NotWithheld,
                format!("{} keeps what is there from being deleted", measure.id),
                "see the account's standing for what ends it",
            )
        }));
        unmet
    }

    /// Something of this environment is on two clusters.
    pub(super) fn moving_guard(&self, id: &EnvironmentId) -> Option<Unmet> {
        let moving = self.moves.get(id)?;
        let (detail, then) = match moving.state {
            MoveState::Making => {
                (format!("{id} is being moved to {}", moving.other), "wait for that, or have it cancelled")
            }
            MoveState::Moved { .. } | MoveState::Cancelled { .. } => (
                format!("what {id} has on {} is still being removed", moving.other),
                "wait until that is done",
            ),
        };
        Some(Unmet::new(Guard::InState, detail, then))
    }

    /// While an environment moves nothing is declared in it that has to stay.
    pub(super) fn stays_guard(
        &self,
        id: &EnvironmentId,
        workload: &WorkloadId,
        spec: &Workload,
    ) -> Option<Unmet> {
        let Unmet { detail, .. } = stays(workload, spec)?;
        let Unmet { detail: moves, satisfied_by: then, .. } = self.moving_guard(id)?;
        Some(Unmet::new(Guard::InState, format!("{moves}, and {detail}"), then))
    }

    /// The proof that what an environment has on a cluster that it does not live on may be removed now, or every guard that is
    /// not met.
    ///
    /// The only place where a [`RemovalPermit`] is made.
    pub fn removal_permit(
        &self,
        id: &EnvironmentId,
        context: &Context<'_>,
    ) -> Result<RemovalPermit, Rejected> {
        self.environment(id)?;
        let moving = self.moves.get(id).filter(|moving| moving.state.removes());
        let Some(moving) = moving else {
            let detail = format!("no move of {id} has left anything");
            let then = "it is removed once a move has come to its end or was cancelled";
            return Err(Unmet::new(Guard::InState, detail, then).into());
        };
        let guards = self.why_not_removed(id);
        if !guards.is_empty() {
            return Err(Rejected::Refused(Refusal { guards }));
        }
        Ok(RemovalPermit {
            cluster: moving.other.clone(),
            erase: ErasePermit {
                account: self.id.clone(),
                environment: Some(id.clone()),
                including: Vec::new(),
                spares_data: true,
                minted_at: context.now,
            },
        })
    }

    pub(super) fn fold_move(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let at = recorded.at;
        match &recorded.event {
            Event::EnvironmentMoveBegun { environment, cluster, by, why } => {
                let unknown = self.unknown(environment);
                self.environments.get(environment).ok_or(unknown)?;
                let (other, by, why) = (cluster.clone(), by.clone(), why.clone());
                let moving = Move { other, by, begun: at, why, state: MoveState::Making };
                self.moves.insert(environment.clone(), moving);
            }
            Event::EnvironmentMoved { environment, receipt, .. } => {
                let unknown = || self.unknown(environment);
                let (missing, none) = (unknown(), unknown());
                let declared = self.environments.get_mut(environment).ok_or(missing)?;
                let moving = self.moves.get_mut(environment).ok_or(none)?;
                declared.made_on.get_or_insert_with(|| declared.cluster.clone());
                std::mem::swap(&mut declared.cluster, &mut moving.other);
                moving.state = MoveState::Moved { at, receipt: receipt.clone() };
            }
            Event::EnvironmentMoveCancelled { environment } => {
                let unknown = self.unknown(environment);
                self.moves.get_mut(environment).ok_or(unknown)?.state = MoveState::Cancelled { at };
            }
            Event::EnvironmentMoveEnded { environment, .. } => {
                let unknown = self.unknown(environment);
                self.moves.remove(environment).ok_or(unknown)?;
            }
            _ => {}
        }
        Ok(())
    }
}
