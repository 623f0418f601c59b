//! The deletion of environments: asked by the account, or a part of the account's own; begun, and observed to be done.

use jiff::SignedDuration;

use super::{Draft, all_met, not_by, wrong_state};
use crate::account::actor::{Actor, System};
use crate::account::erasure::{Included, MOST_INCLUDED, TAKE_BACK_HOURS};
use crate::account::event::Event;
use crate::name::EnvironmentId;
use crate::refusal::{Guard, Rejected, Unmet};
use crate::text::{Blob, Words};

/// The longest name of an object that is included, and the longest UID, in bytes.
const OBJECT_MAX: usize = 200;
const UID_MAX: usize = 64;

impl Draft<'_> {
    /// An owner asks, and names the environment a second time: nothing blank and no slip deletes anything.
    pub(super) fn ask_environment_deletion(
        &mut self,
        environment: EnvironmentId,
        confirm: &str,
        why: Words,
        including: Vec<Included>,
    ) -> Result<(), Rejected> {
        self.of_account()?;
        self.account.environment(&environment)?;
        if confirm != environment.as_str() {
            return Err(Rejected::Invalid {
                pointer: "/confirm".to_owned(),
                detail: format!("to confirm, write the environment's name: {environment}"),
            });
        }
        self.check_included(&including, Some(&environment))?;
        if let Some(asked) = self.account.erasures.get(&environment) {
            return Err(wrong_state(
                format!("{} asked for that at {}", asked.asked_by, asked.asked_at),
                format!("wait until {}, or take it back", asked.due),
            ));
        }
        all_met(self.account.why_environment_not_deleted(&environment))?;
        let wait = SignedDuration::from_hours(TAKE_BACK_HOURS);
        let due = self.context.now.checked_add(wait).map_err(|_| {
            Rejected::from(Unmet::new(Guard::Moment, "there is no such moment", "ask at another time"))
        })?;
        self.emit(Event::EnvironmentDeletionAsked { environment, due, why, including })
    }

    /// The account takes it back, also when it was begun; or it may not be carried out any more, and is asked anew.
    pub(super) fn end_environment_deletion(&mut self, environment: EnvironmentId) -> Result<(), Rejected> {
        let refused = match self.context.actor {
            Actor::System(System::Eraser) => true,
            Actor::Member(..) => false,
            other => return Err(not_by(other, "a member of the account does this")),
        };
        if !self.account.erasures.contains_key(&environment) {
            return Err(wrong_state(
                format!("nobody asked to delete the environment {environment}"),
                "nothing: it stays",
            ));
        }
        self.emit(Event::EnvironmentDeletionEnded { environment, refused })
    }

    /// The time to take it back has run. What stands against it now ends it: it is asked anew when nothing does.
    pub(super) fn begin_environment_deletion(&mut self, environment: EnvironmentId) -> Result<(), Rejected> {
        match self.account.environment_deletion_permit(&environment, self.context) {
            Ok(_) => self.emit(Event::EnvironmentDeletionBegun { environment }),
            Err(_) => self.emit(Event::EnvironmentDeletionEnded { environment, refused: true }),
        }
    }

    /// Law 14: on the record before anything is deleted.
    pub(super) fn begin_deletion(&mut self, command_hash: String) -> Result<(), Rejected> {
        self.part(System::Eraser)?;
        let deletion = self.asked_deletion(&command_hash)?;
        if deletion.begun.is_some() {
            return Ok(());
        }
        self.account.deletion_permit(self.context)?;
        self.emit(Event::DeletionBegun { command_hash })
    }

    /// Nothing is left of an environment that was being deleted.
    pub(super) fn confirm_environment_deleted(
        &mut self,
        environment: EnvironmentId,
        certificate: Blob,
    ) -> Result<(), Rejected> {
        self.part(System::Eraser)?;
        self.account.environment(&environment)?;
        if !self.account.is_being_deleted(&environment) {
            return Err(wrong_state(
                format!("the deletion of the environment {environment} was not begun"),
                "it is begun under a permit first",
            ));
        }
        // Where it is gone it is gone, whatever forbids the rest since: only what was observed is confirmed.
        self.emit(Event::EnvironmentDeleted { environment, certificate })
    }

    pub(super) fn check_included(
        &self,
        including: &[Included],
        only: Option<&EnvironmentId>,
    ) -> Result<(), Rejected> {
        let invalid = |pointer: String, detail: String| Err(Rejected::Invalid { pointer, detail });
        if including.len() > MOST_INCLUDED {
            return invalid(
                "/including".into(),
                format!("at most {MOST_INCLUDED} objects: remove others by hand"),
            );
        }
        for (n, one) in including.iter().enumerate() {
            let at = |field: &str| format!("/including/{n}/{field}");
            if only.is_some_and(|only| only != &one.environment)
                || !self.account.environments.contains_key(&one.environment)
            {
                return invalid(at("environment"), format!("{} is not what is deleted", one.environment));
            }
            if one.object.is_empty() || one.object.len() > OBJECT_MAX {
                return invalid(
                    at("object"),
                    format!("1 to {OBJECT_MAX} bytes, such as \"ConfigMap/settings\""),
                );
            }
            if one.uid.is_empty() || one.uid.len() > UID_MAX {
                return invalid(at("uid"), format!("1 to {UID_MAX} bytes: the object's UID"));
            }
        }
        Ok(())
    }
}
