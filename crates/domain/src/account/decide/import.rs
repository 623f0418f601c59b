//! Environments in namespaces that were there before.

use std::collections::BTreeSet;

use super::{Draft, all_met, wrong_state};
use crate::account::actor::System;
use crate::account::event::Event;
use crate::import::{Concern, Imported, Survey};
use crate::name::EnvironmentId;
use crate::plan::Share;
use crate::refusal::{Guard, Rejected, Unmet};
use crate::text::Blob;

/// The most bytes of why a namespace could not be taken.
const WHY_MAX: usize = 2_000;

impl Draft<'_> {
    /// A person of the provider decides that exactly this namespace becomes the account's. Nothing is touched before that
    /// is on the record.
    pub(super) fn import_environment(
        &mut self,
        environment: EnvironmentId,
        imported: Imported,
        share: Share,
        accepted: &[Concern],
        survey: Survey,
    ) -> Result<(), Rejected> {
        self.by_person()?;
        let mut guards = self.new_environment(&environment, share)?;
        let mut others = self.account.environments.iter();
        let taken = others.find(|(_, other)| {
            let namespace = other.imported.as_ref().map(|imported| &imported.namespace);
            namespace == Some(&imported.namespace)
        });
        if let Some((other, _)) = taken {
            guards.push(Unmet::new(
                Guard::NameFree,
                format!("the namespace {} is the environment {other}", imported.namespace),
                "import another one",
            ));
        }
        guards.extend(survey.unmet(&imported, accepted));
        all_met(guards)?;
        let Imported { namespace, uid, .. } = imported;
        let Share { plan, exposure } = share;
        // What was not found needs no consent.
        let accepted: BTreeSet<Concern> =
            accepted.iter().filter(|concern| survey.concerns.contains_key(concern)).copied().collect();
        let preflight = survey.document;
        self.emit(Event::EnvironmentImported {
            environment,
            namespace,
            uid,
            plan,
            exposure,
            accepted,
            preflight,
        })
    }

    /// Law 13: it is taken when that was seen.
    pub(super) fn confirm_adopted(
        &mut self,
        environment: EnvironmentId,
        receipt: Blob,
    ) -> Result<(), Rejected> {
        self.part(System::Cluster)?;
        match self.imported(&environment)?.adopted {
            Some(_) => Ok(()),
            None => self.emit(Event::EnvironmentAdopted { environment, receipt }),
        }
    }

    /// What was never taken is let go of, so that it stands in nobody's way.
    pub(super) fn end_import(&mut self, environment: EnvironmentId, mut why: String) -> Result<(), Rejected> {
        self.part(System::Cluster)?;
        if let Some(adopted) = self.imported(&environment)?.adopted {
            return Err(wrong_state(
                format!("{environment} was taken on {adopted}"),
                "an environment that was taken is deleted, under a permit",
            ));
        }
        while why.len() > WHY_MAX {
            why.pop();
        }
        self.emit(Event::EnvironmentImportEnded { environment, why })
    }

    fn imported(&self, environment: &EnvironmentId) -> Result<&Imported, Rejected> {
        let declared = self.account.environment(environment)?;
        declared.imported.as_ref().ok_or_else(|| {
            wrong_state(format!("{environment} was not imported"), "nothing: its namespace is made for it")
        })
    }
}
