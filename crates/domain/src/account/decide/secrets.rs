//! Secrets: set and removed, never read.

use std::collections::BTreeSet;

use super::{Draft, all_met, wrong_state};
use crate::account::event::Event;
use crate::account::{Environment, Kept};
use crate::name::{EnvironmentId, SecretId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::Words;
use crate::workload::{SECRET_VALUES, Workload, is_secret_key};

/// The most secrets of one environment.
const MOST: usize = 100;

/// What a declaration reads that is not there.
pub(super) fn secrets_are_set(env: &Environment, spec: &Workload) -> Vec<Unmet> {
    let missing = spec.secret_keys().filter_map(|(pointer, key)| {
        let detail = match env.secrets.get(&key.name) {
            Some(secret) if secret.keys.contains(&key.key) => return None,
            Some(_) => format!("{pointer}: the secret {} has no {}", key.name, key.key),
            None => format!("{pointer}: there is no secret {}", key.name),
        };
        Some(Unmet::new(Guard::Known, detail, "set the secret first"))
    });
    missing.collect()
}

/// The workloads that read a secret, beyond these keys of it.
fn readers(env: &Environment, secret: &SecretId, kept: &BTreeSet<String>) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    for (workload, spec) in &env.workloads {
        let lost = spec.secret_keys().find(|(_, key)| key.name == *secret && !kept.contains(&key.key));
        if let Some((_, key)) = lost {
            unmet.push(Unmet::new(
                Guard::InState,
                format!("{workload} reads {} of {secret}", key.key),
                "change the workload first",
            ));
        }
    }
    unmet
}

impl Draft<'_> {
    pub(super) fn set_secret(
        &mut self,
        environment: EnvironmentId,
        secret: SecretId,
        keys: BTreeSet<String>,
        values: Words,
    ) -> Result<(), Rejected> {
        let env = self.account.environment(&environment)?;
        let invalid = |detail: String| Err(Rejected::Invalid { pointer: "/values".to_owned(), detail });
        if keys.is_empty() || keys.len() > SECRET_VALUES {
            return invalid(format!("from 1 to {SECRET_VALUES} values"));
        }
        if let Some(key) = keys.iter().find(|key| !is_secret_key(key)) {
            let key: String = key.chars().take(40).collect();
            return invalid(format!(
                "{key:?} is no name of a value: use 1 to 128 of letters, digits, '-', '_' and '.'"
            ));
        }
        if env.secrets.get(&secret).is_some_and(|known| known.values == values) {
            return Ok(());
        }
        if !env.kind.is_managed() {
            return Err(wrong_state(
                format!("{environment} is open: what runs in it is declared in the cluster"),
                "make the secret there with kubectl, or set it in a managed environment",
            ));
        }
        let mut guards = readers(env, &secret, &keys);
        if env.secrets.len() >= MOST && !env.secrets.contains_key(&secret) {
            guards.push(Unmet::new(Guard::WithinPlan, format!("{MOST} secrets exist"), "remove one first"));
        }
        let scope = Scope::Environment(environment.clone());
        guards.extend(self.deploy_guard(&scope));
        // Pods that read it start anew.
        let is_read =
            env.workloads.values().any(|spec| spec.secret_keys().any(|(_, key)| key.name == secret));
        if is_read {
            guards.extend(self.account.preserved(Kept::Running(&scope)));
        }
        all_met(guards)?;
        self.emit(Event::SecretSet { environment, secret, keys, values })
    }

    pub(super) fn remove_secret(
        &mut self,
        environment: EnvironmentId,
        secret: SecretId,
    ) -> Result<(), Rejected> {
        let env = self.account.environment(&environment)?;
        if !env.secrets.contains_key(&secret) {
            return Err(Rejected::not_found("secret", secret));
        }
        let mut guards = readers(env, &secret, &BTreeSet::new());
        let scope = Scope::Environment(environment.clone());
        guards.extend(self.deploy_guard(&scope));
        guards.extend(self.account.preserved(Kept::Data(&scope)));
        all_met(guards)?;
        self.emit(Event::SecretRemoved { environment, secret })
    }
}
