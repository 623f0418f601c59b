//! Folding what an account is provisioned with.

use super::Account;
use super::apply::FoldError;
use super::event::{Event, Recorded};
use super::provision::{QuotaDecision, QuotaRequest};
use crate::environment::{Environment, EnvironmentKind};
use crate::import::Imported;
use crate::plan::Share;

impl Account {
    /// Folds an event about a plan, an environment, a request for more or credentials.
    pub(super) fn fold_provision(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let at = recorded.at;
        match &recorded.event {
            Event::EnvironmentCreated { environment, plan, kind, exposure, cluster } => {
                let (plan, kind, exposure, cluster) = (*plan, *kind, *exposure, cluster.clone());
                self.environments.insert(
                    environment.clone(),
                    Environment { cluster, kind, exposure, ..Environment::new(plan) },
                );
            }
            Event::EnvironmentImported { environment, namespace, uid, plan, exposure, .. } => {
                let kind = EnvironmentKind::Open;
                let imported =
                    Some(Imported { namespace: namespace.clone(), uid: uid.clone(), adopted: None });
                let (plan, exposure) = (*plan, *exposure);
                self.environments.insert(
                    environment.clone(),
                    Environment { kind, exposure, imported, ..Environment::new(plan) },
                );
            }
            Event::EnvironmentAdopted { environment, .. } => {
                let unknown = self.unknown(environment);
                let taken = self.environments.get_mut(environment).and_then(|e| e.imported.as_mut());
                taken.ok_or(unknown)?.adopted = Some(at);
            }
            Event::EnvironmentImportEnded { environment, .. } => {
                let unknown = self.unknown(environment);
                self.environments.remove(environment).ok_or(unknown)?;
                self.erasures.remove(environment);
            }
            Event::EnvironmentChanged { environment, plan, exposure } => {
                let unknown = self.unknown(environment);
                let changed = self.environments.get_mut(environment).ok_or(unknown)?;
                (changed.plan, changed.exposure) = (*plan, *exposure);
            }
            Event::PlanSet { plan, exposure, allowances, request: _ } => {
                (self.plan, self.exposure) = (*plan, Some(*exposure));
                if let Some(allowances) = allowances {
                    self.allowances = Some(allowances.clone());
                }
            }
            Event::QuotaRequested { request, plan, exposure, why } => {
                self.in_order(request.number(), self.quota_requests.len(), request)?;
                self.quota_requests.push(QuotaRequest {
                    id: request.clone(),
                    asked: Share { plan: *plan, exposure: *exposure },
                    why: why.clone(),
                    asked_at: at,
                    asked_by: recorded.actor.clone(),
                    decided: None,
                });
            }
            Event::QuotaDecided { request, by, denied } => {
                let unknown = self.unknown(request);
                let asked = self.quota_requests.iter_mut().find(|asked| &asked.id == request);
                asked.ok_or(unknown)?.decided =
                    Some(QuotaDecision { by: by.clone(), at, denied: denied.clone() });
            }
            // Credentials end by themselves: nothing of the account is other than before.
            _ => {}
        }
        Ok(())
    }
}
