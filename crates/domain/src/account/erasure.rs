//! The deletion of an environment: what is on the record of it, and when it may be carried out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Event, Recorded};
use super::legal::OrderKind;
use super::measure::MeasureState;
use super::{Account, Context, FoldError, Kept};
use crate::name::{EnvironmentId, PersonId};
use crate::permit::{EnvironmentDeletionPermit, ErasePermit};
use crate::refusal::{Guard, Refusal, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::{Blob, Words};

/// How long the account can take back that one of its environments be deleted, in hours.
pub const TAKE_BACK_HOURS: i64 = 24;

/// The most objects that are none of ours and go with a deletion: an event has bounds.
pub const MOST_INCLUDED: usize = 100;

/// An object in an environment that Tenure did not make, and that goes with it because people decided so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Included {
    /// Where it is.
    pub environment: EnvironmentId,
    /// What it is, such as `ConfigMap/settings`; at most 200 characters.
    pub object: String,
    /// Its UID: another object of its name is not meant.
    pub uid: String,
}

/// An environment that the account asked to have deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentDeletion {
    /// Who asked.
    pub asked_by: PersonId,
    /// When.
    pub asked_at: Timestamp,
    /// Until when it can be taken back with nothing lost.
    pub due: Timestamp,
    /// Why, in words.
    pub why: Words,
    /// What goes with it and is none of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub including: Vec<Included>,
    /// When it was begun: from then on something may be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
}

/// An environment that is no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletedEnvironment {
    /// Its name. It is free again.
    pub environment: EnvironmentId,
    /// When it was observed to be gone.
    pub at: Timestamp,
    /// What was deleted and what remains: a signed note.
    pub certificate: Blob,
}

impl Account {
    /// The proof that an environment may be deleted now because the account asked, or every guard that is not met.
    ///
    /// The only place where an [`EnvironmentDeletionPermit`] is made.
    pub fn environment_deletion_permit(
        &self,
        environment: &EnvironmentId,
        context: &Context<'_>,
    ) -> Result<EnvironmentDeletionPermit, Rejected> {
        self.environment(environment)?;
        let mut guards = self.why_environment_not_deleted(environment);
        let asked = self.erasures.get(environment);
        match asked {
            None => guards.push(Unmet::new(
                Guard::InState,
                format!("nobody of {} asked to delete the environment {environment}", self.id),
                "an owner of the account asks, and names it again",
            )),
            Some(asked) if context.now < asked.due => guards.push(
                Unmet::new(
                    Guard::Due,
                    format!("it can be taken back until {}", asked.due),
                    "wait until then",
                )
                .not_before(asked.due),
            ),
            Some(_) => {}
        }
        match asked {
            Some(asked) if guards.is_empty() => Ok(EnvironmentDeletionPermit {
                asked_by: asked.asked_by.clone(),
                asked_at: asked.asked_at,
                erase: ErasePermit {
                    account: self.id.clone(),
                    environment: Some(environment.clone()),
                    including: asked.including.clone(),
                    spares_data: false,
                    minted_at: context.now,
                },
            }),
            _ => Err(Rejected::Refused(Refusal { guards })),
        }
    }

    /// Laws 7 and 8: what stands between an environment and its deletion by the account itself, besides the asking.
    ///
    /// A gag alone does not: a refusal would tell what it hides, and what may not be lost is preserved by a hold or an
    /// order to preserve.
    pub fn why_environment_not_deleted(&self, environment: &EnvironmentId) -> Vec<Unmet> {
        let scope = Scope::Environment(environment.clone());
        let mut unmet = Vec::new();
        if !self.lifecycle.is_active() {
            unmet.push(Unmet::new(
                Guard::InState,
                format!("{} is {}", self.id, self.lifecycle.name()),
                "nothing: what it has is deleted with the account, after the time to fetch it",
            ));
        }
        unmet.extend(self.moving_guard(environment));
        for measure in &self.measures {
            let stands = measure.is_effective()
                || measure.awaits_restoration()
                || matches!(measure.state, MeasureState::Stayed { .. });
            if stands && measure.proposal.scope.touches(&scope) {
                unmet.push(Unmet::new(
                    Guard::NotWithheld,
                    format!(
                        "{} ({}) is {} on {}",
                        measure.id,
                        measure.proposal.preset,
                        measure.state_name(),
                        measure.proposal.scope
                    ),
                    "see the account's standing for what ends it",
                ));
            }
        }
        unmet.extend(self.preserved(Kept::Data(&scope)));
        // Those that preserve are named with the holds.
        let others = self.orders.iter().filter(|o| !matches!(o.kind, OrderKind::Preserve | OrderKind::Gag));
        for order in others.filter(|o| o.stands() && o.scope.touches(&scope)) {
            let detail = self.stands_in_words(order);
            unmet.push(Unmet::new(Guard::NoOrder, detail, "the order has to be vacated by whoever gave it"));
        }
        unmet
    }

    /// Whether the deletion of this environment was begun, by whomever it was decided.
    pub fn is_being_deleted(&self, environment: &EnvironmentId) -> bool {
        let asked = self.erasures.get(environment).is_some_and(|asked| asked.begun.is_some());
        let closing = self.lifecycle.closing().and_then(|c| c.deletion.as_ref());
        asked || closing.is_some_and(|deletion| deletion.begun.is_some())
    }

    /// Nothing is declared in what is being deleted.
    pub(super) fn erasing_guard(&self, scope: &Scope) -> Option<Unmet> {
        let environment = scope.environment().filter(|environment| self.is_being_deleted(environment))?;
        Some(Unmet::new(
            Guard::InState,
            format!("the environment {environment} is being deleted"),
            "wait until it is gone, and create it anew; or have the deletion ended",
        ))
    }

    pub(super) fn fold_erasure(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let at = recorded.at;
        match &recorded.event {
            Event::DeletionBegun { .. } => {
                let unknown = self.unknown(&"a deletion that has its quorum");
                self.closing()?.deletion.as_mut().ok_or(unknown)?.begun = Some(at);
            }
            Event::EnvironmentDeletionAsked { environment, due, why, including } => {
                let unknown = self.unknown(&recorded.actor);
                let super::Actor::Member(_, by) = &recorded.actor else { return Err(unknown) };
                let asked = EnvironmentDeletion {
                    asked_by: by.clone(),
                    asked_at: at,
                    due: *due,
                    why: why.clone(),
                    including: including.clone(),
                    begun: None,
                };
                self.erasures.insert(environment.clone(), asked);
            }
            Event::EnvironmentDeletionBegun { environment } => {
                let unknown = self.unknown(environment);
                self.erasures.get_mut(environment).ok_or(unknown)?.begun = Some(at);
            }
            Event::EnvironmentDeletionEnded { environment, .. } => {
                self.erasures.remove(environment);
            }
            Event::EnvironmentDeleted { environment, certificate } => {
                let unknown = self.unknown(environment);
                self.environments.remove(environment).ok_or(unknown)?;
                self.erasures.remove(environment);
                self.moves.remove(environment);
                self.snapshots.kept.retain(|_, snapshot| &snapshot.environment != environment);
                self.deleted.push(DeletedEnvironment {
                    environment: environment.clone(),
                    at,
                    certificate: certificate.clone(),
                });
            }
            _ => {}
        }
        Ok(())
    }
}
