//! What an account can do, who enforces its withholding, and the presets that withhold several at once.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::scope::ScopeKind;
use crate::throttle::Throttle;

/// Something an account can do, and a measure can withhold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Capability {
    /// Change what runs: new workloads, new versions, scaling.
    #[serde(rename = "deploy")]
    Deploy,
    /// Run pods.
    #[serde(rename = "compute")]
    Compute,
    /// Be reached from outside the environment.
    #[serde(rename = "ingress")]
    Ingress,
    /// Reach out of the environment.
    #[serde(rename = "egress")]
    Egress,
    /// Write to storage through the API.
    #[serde(rename = "storage.write")]
    StorageWrite,
    /// Read from storage through the API. Nothing withholds it, so that a tenant can always fetch its data.
    #[serde(rename = "storage.read")]
    StorageRead,
    /// Receive payouts and take payments.
    #[serde(rename = "payments")]
    Payments,
}

/// Who makes the withholding of a capability true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcer {
    /// The cluster: that pods are gone and services have no addresses is observed; that network policies are followed,
    /// on which `egress` rests alone, is not, since only their storage is seen and nobody probes packets.
    Cluster,
    /// Other systems, which read the standing and acknowledge what they withhold.
    Declared,
    /// No one: a measure that withholds it is refused as unsupported.
    None,
}

impl Capability {
    /// Every capability, in the order they are listed to people.
    pub const ALL: [Self; 7] = [
        Self::Deploy,
        Self::Compute,
        Self::Ingress,
        Self::Egress,
        Self::StorageWrite,
        Self::StorageRead,
        Self::Payments,
    ];

    /// The name in documents and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Compute => "compute",
            Self::Ingress => "ingress",
            Self::Egress => "egress",
            Self::StorageWrite => "storage.write",
            Self::StorageRead => "storage.read",
            Self::Payments => "payments",
        }
    }

    /// Who enforces it.
    pub fn enforcer(self) -> Enforcer {
        match self {
            Self::Deploy | Self::Compute | Self::Ingress | Self::Egress => Enforcer::Cluster,
            Self::StorageWrite | Self::Payments => Enforcer::Declared,
            Self::StorageRead => Enforcer::None,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A kind of measure that a power may permit. The order is the ladder, the least first; where a list of capabilities
/// stands on it, [`rung`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Withholds nothing; stands on the record.
    Warn,
    /// Less computing time, as much less as its power says. A power that does not say it is refused as unsupported.
    Throttle,
    /// Nothing new is deployed.
    Freeze,
    /// No payouts.
    WithholdPayments,
    /// Cut off from the network, still running.
    Isolate,
    /// Stopped; data kept.
    Suspend,
    /// Ended: everything stops but reading and export.
    Terminate,
    /// A list of capabilities that the power itself writes.
    Listed,
}

/// Where withholding something stands on the ladder: at the first preset that withholds the worst part of it.
pub fn rung(preset: Preset, withholds: &BTreeSet<Capability>) -> Preset {
    if preset != Preset::Listed {
        return preset;
    }
    let worst = |capability: &Capability| match capability {
        Capability::Deploy | Capability::StorageWrite => Preset::Freeze,
        Capability::Payments => Preset::WithholdPayments,
        Capability::Ingress | Capability::Egress | Capability::StorageRead => Preset::Isolate,
        Capability::Compute => Preset::Suspend,
    };
    withholds.iter().map(worst).max().unwrap_or(Preset::Warn)
}

/// Why nobody can carry this out on a scope of this kind; none where everything withheld has its enforcer.
pub fn unsupported(
    preset: Preset,
    throttle: Option<Throttle>,
    withholds: &BTreeSet<Capability>,
    scope: ScopeKind,
) -> Option<String> {
    match (preset, throttle, scope) {
        (Preset::Throttle, None, _) => {
            return Some(
                "nobody knows by how much to throttle: its power does not say `throttle: {percent: …}`"
                    .into(),
            );
        }
        (Preset::Throttle, _, ScopeKind::Hostname) => {
            return Some("no cluster can throttle a single hostname".into());
        }
        _ => {}
    }
    withholds.iter().find_map(|capability| match capability.enforcer() {
        Enforcer::None => Some(format!("{capability} is withheld by nobody here")),
        // What leads visitors there is led elsewhere; the rest is the workload's, under whichever name.
        Enforcer::Cluster if scope == ScopeKind::Hostname && *capability != Capability::Ingress => {
            Some(format!("no cluster can withhold {capability} from a single hostname: it is the workload's"))
        }
        Enforcer::Cluster | Enforcer::Declared => None,
    })
}

impl Preset {
    /// Every preset, least first.
    pub const LADDER: [Self; 7] = [
        Self::Warn,
        Self::Throttle,
        Self::Freeze,
        Self::WithholdPayments,
        Self::Isolate,
        Self::Suspend,
        Self::Terminate,
    ];

    /// What it withholds. `throttle` and `terminate` are more than a set of capabilities; `listed` is what its power
    /// writes.
    pub fn withholds(self) -> BTreeSet<Capability> {
        use Capability::{Compute, Deploy, Egress, Ingress, Payments, StorageWrite};
        match self {
            Self::Warn | Self::Throttle | Self::Listed => BTreeSet::new(),
            Self::Freeze => [Deploy].into(),
            Self::WithholdPayments => [Payments].into(),
            Self::Isolate => [Ingress, Egress].into(),
            Self::Suspend => [Deploy, Compute, Ingress, Egress].into(),
            Self::Terminate => [Deploy, Compute, Ingress, Egress, StorageWrite, Payments].into(),
        }
    }

    /// Whether somebody can carry it out in full on a whole account, where its power adds nothing; what nobody can is refused when
    /// proposed.
    pub fn is_supported(self) -> bool {
        unsupported(self, None, &self.withholds(), ScopeKind::Account).is_none()
    }

    /// The name in documents and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Throttle => "throttle",
            Self::Freeze => "freeze",
            Self::WithholdPayments => "withhold_payments",
            Self::Isolate => "isolate",
            Self::Suspend => "suspend",
            Self::Terminate => "terminate",
            Self::Listed => "listed",
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
