//! Moves to another cluster: decided, seen to be done, cancelled, and ended when nothing is left on the other cluster.

use super::{Draft, all_met, not_by, wrong_state};
use crate::account::actor::{Actor, System};
use crate::account::event::Event;
use crate::account::moving::{Move, MoveState};
use crate::name::{ClusterId, EnvironmentId};
use crate::refusal::Rejected;
use crate::text::{Blob, Words};

impl Draft<'_> {
    pub(super) fn move_environment(
        &mut self,
        environment: EnvironmentId,
        cluster: ClusterId,
        why: Words,
    ) -> Result<(), Rejected> {
        let Actor::Person(by) = self.context.actor else {
            return Err(not_by(self.context.actor, "a person of the provider moves environments"));
        };
        let by = by.clone();
        let have = self.account.environment(&environment)?;
        self.is_active("has its environments moved")?;
        if have.cluster == cluster {
            return Err(wrong_state(format!("{environment} lives on {cluster}"), "name another cluster"));
        }
        let mut guards: Vec<_> = self.on_cluster(&cluster).into_iter().collect();
        guards.extend(self.account.why_not_moved(&environment, have, &cluster, self.context.book));
        all_met(guards)?;
        self.emit(Event::EnvironmentMoveBegun { environment, cluster, by, why })
    }

    pub(super) fn cancel_move(&mut self, environment: EnvironmentId) -> Result<(), Rejected> {
        if !matches!(self.context.actor, Actor::Person(_)) {
            return Err(not_by(self.context.actor, "a person of the provider cancels moves"));
        }
        match self.moving(&environment)?.state {
            MoveState::Making => self.emit(Event::EnvironmentMoveCancelled { environment }),
            MoveState::Moved { at, .. } => {
                let detail = format!("{environment} has moved: it was seen on its new cluster at {at}");
                Err(wrong_state(detail, "wait until what it left is removed, and move it back"))
            }
            MoveState::Cancelled { at } => Err(wrong_state(
                format!("it was cancelled at {at}"),
                "nothing: what was made is being removed",
            )),
        }
    }

    /// It was seen on the other cluster as it was on its own: it lives there from now on.
    pub(super) fn confirm_moved(
        &mut self,
        environment: EnvironmentId,
        receipt: Blob,
    ) -> Result<(), Rejected> {
        self.part(System::Cluster)?;
        self.is_active("has its environments moved")?;
        let moving = self.moving(&environment)?;
        if moving.state.removes() {
            let detail = format!("the move of {environment} is {}", moving.state.name());
            return Err(wrong_state(detail, "nothing: only what is being made is confirmed"));
        }
        let cluster = moving.other.clone();
        self.emit(Event::EnvironmentMoved { environment, cluster, receipt })
    }

    /// Nothing of it is left on the other cluster.
    pub(super) fn end_move(&mut self, environment: EnvironmentId, certificate: Blob) -> Result<(), Rejected> {
        self.part(System::Eraser)?;
        let moving = self.moving(&environment)?;
        if !moving.state.removes() && !self.account.is_being_deleted(&environment) {
            let detail = format!("{environment} is being made on {}", moving.other);
            return Err(wrong_state(detail, "it is removed under a permit, after the move or its end"));
        }
        let cluster = moving.other.clone();
        self.emit(Event::EnvironmentMoveEnded { environment, cluster, certificate })
    }

    fn moving(&self, environment: &EnvironmentId) -> Result<&Move, Rejected> {
        self.account.environment(environment)?;
        let moving = self.account.moves.get(environment);
        moving.ok_or_else(|| wrong_state(format!("{environment} is not being moved"), "nothing: it stays"))
    }
}
