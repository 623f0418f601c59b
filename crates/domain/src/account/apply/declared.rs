//! Folding what the account does with what it declared.

use jiff::Timestamp;

use super::super::{Account, Secret};
use super::{Event, FoldError};

impl Account {
    pub(super) fn fold_declared(&mut self, at: Timestamp, event: &Event) -> Result<(), FoldError> {
        match event {
            Event::WorkloadScaled { environment, workload, replicas } => {
                let (no_environment, unknown) = (self.unknown(environment), self.unknown(workload));
                let env = self.environments.get_mut(environment).ok_or(no_environment)?;
                env.workloads.get_mut(workload).ok_or(unknown)?.replicas = *replicas;
            }
            Event::WorkloadRestarted { environment, workload } => {
                let unknown = self.unknown(environment);
                let env = self.environments.get_mut(environment).ok_or(unknown)?;
                env.restarts.insert(workload.clone(), at);
            }
            Event::SecretSet { environment, secret, keys, values } => {
                let unknown = self.unknown(environment);
                let env = self.environments.get_mut(environment).ok_or(unknown)?;
                let set = Secret { keys: keys.clone(), values: values.clone(), set_at: at };
                env.secrets.insert(secret.clone(), set);
            }
            Event::SecretRemoved { environment, secret } => {
                let unknown = self.unknown(environment);
                self.environments.get_mut(environment).ok_or(unknown)?.secrets.remove(secret);
            }
            _ => {}
        }
        Ok(())
    }
}
