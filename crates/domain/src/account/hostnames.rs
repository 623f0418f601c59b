//! An account's hostnames.

use super::Account;
use super::apply::FoldError;
use super::event::{Event, Recorded};
use crate::hostname::{Claim, ClaimState};
use crate::name::{EnvironmentId, Hostname, WorkloadId};
use crate::refusal::Rejected;

impl Account {
    /// The claim of this hostname.
    pub fn hostname(&self, name: &Hostname) -> Result<&Claim, Rejected> {
        self.hostnames.get(name).ok_or_else(|| Rejected::not_found("hostname", name))
    }

    /// How many claims count against the plan.
    pub fn claims(&self) -> u32 {
        u32::try_from(self.hostnames.values().filter(|claim| claim.stands()).count()).unwrap_or(u32::MAX)
    }

    /// The hostnames that are this account's and nobody else's: none once it is closed.
    pub fn proved_hostnames(&self) -> impl Iterator<Item = &Hostname> {
        let proved =
            self.hostnames.iter().filter(|(_, claim)| claim.is_proved() && !self.lifecycle.is_closed());
        proved.map(|(name, _)| name)
    }

    /// The workload that is reached under a hostname.
    pub fn declares(&self, name: &Hostname) -> Option<(&EnvironmentId, &WorkloadId)> {
        self.environments.iter().find_map(|(environment, declared)| {
            let mut workloads = declared.workloads.iter();
            let (workload, _) = workloads.find(|(_, workload)| workload.hostnames.contains(name))?;
            Some((environment, workload))
        })
    }

    /// Folds an event about a hostname.
    pub(super) fn fold_hostname(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let at = recorded.at;
        let (name, state) = match &recorded.event {
            Event::HostnameClaimed { hostname, token, lapses } => {
                let state = ClaimState::Claimed { lapses: *lapses };
                self.hostnames
                    .insert(hostname.clone(), Claim { token: token.clone(), claimed_at: at, state });
                return Ok(());
            }
            Event::HostnameReleased { hostname } => {
                let unknown = self.unknown(hostname);
                return self.hostnames.remove(hostname).map(|_| ()).ok_or(unknown);
            }
            Event::HostnameProved { hostname, evidence } => {
                (hostname, ClaimState::Proved { at, evidence: evidence.clone() })
            }
            Event::HostnameLapsed { hostname } => (hostname, ClaimState::Lapsed { at }),
            _ => return Ok(()),
        };
        let unknown = self.unknown(name);
        self.hostnames.get_mut(name).ok_or(unknown)?.state = state;
        Ok(())
    }
}
