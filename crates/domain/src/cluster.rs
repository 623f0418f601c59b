//! What a cluster was found to be able to do, and what can be withheld there because of that.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::capability::{Capability, Enforcer};
use crate::environment::EnvironmentKind;
use crate::scope::ScopeKind;

/// The name of the cluster that environments live on where nothing else was said.
pub const MAIN: &str = "main";

/// The most names of ingress classes that are kept.
pub const CLASSES_MAX: usize = 20;

/// Whether a cluster's network plugin follows network policies. Its API stores them either way, so that the provider says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkPolicies {
    /// It does.
    Enforced,
    /// It does not: they are stored, and nothing follows from them.
    Ignored,
    /// Nobody said.
    #[default]
    Unknown,
}

/// Whether a cluster gives addresses to Services of the type `LoadBalancer`. Its API takes them either way, so that the provider
/// says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadBalancers {
    /// It does.
    Provided,
    /// It does not: they wait for an address for ever.
    Missing,
    /// Nobody said.
    #[default]
    Unknown,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),* }) => {
        impl $name {
            /// The word in settings and the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What a word means; none of another one.
            pub fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words!(NetworkPolicies { Enforced = "enforced", Ignored = "ignored", Unknown = "unknown" });
words!(LoadBalancers { Provided = "provided", Missing = "missing", Unknown = "unknown" });

/// What a cluster was found to be, and what it can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is an ability by its own name")]
pub struct Found {
    /// Its version, such as `v1.33.2`.
    pub version: String,
    /// Whether that is one of the supported versions.
    pub supported: bool,
    /// Whether it calls itself a simulation: then nothing real is withheld there.
    pub simulation: bool,
    /// Whether its jobs can be held by a field of their own.
    pub holds_jobs: bool,
    /// The API version under which it has cron jobs, which can always be held.
    pub cron_jobs: String,
    /// Whether its nodes may be asked what they run.
    pub asks_nodes: bool,
    /// Whether it asks admission webhooks.
    pub webhooks: bool,
    /// Whether the freeze webhook is served for it.
    pub freeze: bool,
    /// Whether network policies are enforced, as the provider says.
    pub network_policies: NetworkPolicies,
    /// Whether load balancers get addresses, as the provider says.
    pub load_balancers: LoadBalancers,
    /// Its ingress classes, at most [`CLASSES_MAX`] of them; none where it has no such kind or we may not list them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress_classes: Option<BTreeSet<String>>,
    /// Whether it serves the Gateway API.
    pub gateways: bool,
}

impl Found {
    /// The ability that is missing for withholding this in an environment of this kind, on a scope of this kind, as part of
    /// everything that is withheld there; none where it can be done, or nobody knows better.
    ///
    /// Where nothing may run there is nothing left to close: what is withheld together with `compute` needs no network policy.
    pub fn missing(
        &self,
        capability: Capability,
        withholds: &BTreeSet<Capability>,
        environment: EnvironmentKind,
        scope: ScopeKind,
    ) -> Option<&'static str> {
        let is_ignored = self.network_policies == NetworkPolicies::Ignored;
        let needs_policies = is_ignored && !withholds.contains(&Capability::Compute);
        match (capability, environment) {
            (Capability::Egress, _) if needs_policies => {
                Some("it enforces no network policies, and nothing else closes the way out")
            }
            (Capability::Ingress, EnvironmentKind::Open) if needs_policies => Some(
                "it enforces no network policies, and nothing else closes the way into an open environment",
            ),
            (Capability::Deploy, EnvironmentKind::Open)
                if scope == ScopeKind::Workload && !self.freezes() =>
            {
                Some(
                    "no freeze webhook is served for it, and nothing else keeps one workload of an open environment as it is",
                )
            }
            _ => None,
        }
    }

    /// Whether the freeze webhook can be asked.
    fn freezes(&self) -> bool {
        self.webhooks && self.freeze
    }
}

/// What is known of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// What was found.
    pub found: Found,
    /// Since when it is on the record, UTC.
    pub since: Timestamp,
}

/// Whether a cluster can withhold one capability by itself, somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Which.
    pub capability: Capability,
    /// In environments of which kind.
    pub environment: EnvironmentKind,
    /// From a scope of which kind, of which it is the only thing withheld.
    pub scope: ScopeKind,
    /// The ability that is missing; none where it is offered.
    pub lacks: Option<&'static str>,
}

/// What a cluster offers; everything that has a meaning while nothing was found out about it.
pub fn offers(found: Option<&Found>) -> Vec<Offer> {
    let mut all = Vec::new();
    for environment in [EnvironmentKind::Managed, EnvironmentKind::Open] {
        for scope in [ScopeKind::Environment, ScopeKind::Workload] {
            for capability in Capability::ALL.into_iter().filter(|c| c.enforcer() == Enforcer::Cluster) {
                // What runs in an open environment is not declared: `deploy` alone can be withheld from a part of it.
                let has_meaning = environment.is_managed()
                    || scope != ScopeKind::Workload
                    || capability == Capability::Deploy;
                if has_meaning {
                    let lacks =
                        found.and_then(|f| f.missing(capability, &[capability].into(), environment, scope));
                    all.push(Offer { capability, environment, scope, lacks });
                }
            }
        }
    }
    all
}
