//! The plan of an account, which its environments divide among themselves, and what it allows besides amounts.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Amounts that an account's plan allows, or an environment's share of them. Quantities are in the units named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Processor time, in thousandths of a core.
    pub cpu_millis: u32,
    /// Memory, in MiB.
    pub memory_mib: u32,
    /// Storage of all volumes together, in MiB.
    pub storage_mib: u32,
    /// Pods at once.
    pub pods: u32,
}

/// How much of an account or an environment can be reached from outside the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exposure {
    /// Services of type `LoadBalancer`.
    pub load_balancers: u32,
    /// Hostnames.
    pub hostnames: u32,
}

impl Exposure {
    /// Whether it is nothing at all, as for everything of earlier versions.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Amounts of both kinds: what is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// What runs.
    pub plan: Plan,
    /// What can be reached.
    pub exposure: Exposure,
}

/// One amount of a share that is more than there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// Which: the field's name.
    pub what: &'static str,
    /// How much is asked for.
    pub asked: u32,
    /// How much there is.
    pub left: u32,
}

impl Share {
    /// A share of nothing.
    pub const NOTHING: Self = Self {
        plan: Plan { cpu_millis: 0, memory_mib: 0, storage_mib: 0, pods: 0 },
        exposure: Exposure { load_balancers: 0, hostnames: 0 },
    };

    fn amounts(&self) -> [(&'static str, u32); 6] {
        [
            ("cpuMillis", self.plan.cpu_millis),
            ("memoryMib", self.plan.memory_mib),
            ("storageMib", self.plan.storage_mib),
            ("pods", self.plan.pods),
            ("loadBalancers", self.exposure.load_balancers),
            ("hostnames", self.exposure.hostnames),
        ]
    }

    fn with(self, other: Self, joined: impl Fn(u32, u32) -> u32) -> Self {
        Self {
            plan: Plan {
                cpu_millis: joined(self.plan.cpu_millis, other.plan.cpu_millis),
                memory_mib: joined(self.plan.memory_mib, other.plan.memory_mib),
                storage_mib: joined(self.plan.storage_mib, other.plan.storage_mib),
                pods: joined(self.plan.pods, other.plan.pods),
            },
            exposure: Exposure {
                load_balancers: joined(self.exposure.load_balancers, other.exposure.load_balancers),
                hostnames: joined(self.exposure.hostnames, other.exposure.hostnames),
            },
        }
    }

    /// Both together; what is too large to count is the largest number.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.with(other, u32::saturating_add)
    }

    /// What is left of it once the other is taken; nothing where that is more.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        self.with(other, u32::saturating_sub)
    }

    /// Every amount that is more than `left` has.
    pub fn over(&self, left: &Self) -> Vec<Over> {
        let both = self.amounts().into_iter().zip(left.amounts());
        both.filter(|((_, asked), (_, left))| asked > left)
            .map(|((what, asked), (_, left))| Over { what, asked, left })
            .collect()
    }
}

/// What pods may ask of their node, by the [Pod Security Standards]. The level `privileged` is not offered: what it allows
/// leads out of the environment.
///
/// [Pod Security Standards]: https://kubernetes.io/docs/concepts/security/pod-security-standards/
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurity {
    /// Nothing that is known to lead out of a container.
    #[default]
    Baseline,
    /// What hardened pods need and no more.
    Restricted,
}

impl PodSecurity {
    /// Its name in the cluster and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// When a node fetches an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PullPolicy {
    /// Before each start: whoever starts it has to be allowed to fetch it.
    Always,
    /// Where the node does not have it.
    IfNotPresent,
}

impl PullPolicy {
    /// Its name in the cluster and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
        }
    }
}

/// The nodes on which an account's pods run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodePool {
    /// The labels that its nodes carry.
    pub labels: BTreeMap<String, String>,
    /// The taints of its nodes that the pods tolerate, each as key and value; whatever its effect.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub taints: BTreeMap<String, String>,
}

/// What a plan allows besides amounts. An empty list of classes allows every class, an empty list of registries every
/// registry; where pods may reach out to is always said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Allowances {
    /// What pods may ask of their node.
    pub pod_security: PodSecurity,
    /// The classes of which volumes may be.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub storage_classes: BTreeSet<String>,
    /// The classes of which ingresses may be.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ingress_classes: BTreeSet<String>,
    /// The priorities that pods may have.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub priority_classes: BTreeSet<String>,
    /// What pods may run in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub runtime_classes: BTreeSet<String>,
    /// Where images may come from: a registry's host, or a host and the beginning of a path, such as
    /// `registry.example/team`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub registries: BTreeSet<String>,
    /// When nodes fetch images; none for the cluster's own rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<PullPolicy>,
    /// The nodes on which the pods run; none for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_pool: Option<NodePool>,
    /// How many snapshots of volumes the account may have at once; none for [`SNAPSHOTS`].
    ///
    /// [`SNAPSHOTS`]: crate::account::snapshot::SNAPSHOTS
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshots: Option<u16>,
    /// The class of which snapshots are; none for the cluster's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_class: Option<String>,
    /// The blocks of addresses that pods may reach. A cloud's metadata is never among them.
    pub egress: Vec<IpNet>,
}

/// Something wrong with what a plan allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFault {
    /// JSON pointer (RFC 6901) into the allowances.
    pub pointer: &'static str,
    /// What is wrong and what would be right.
    pub detail: String,
}

/// The most entries of one list.
const LIST_MAX: usize = 50;

impl Allowances {
    /// Everything wrong with them.
    pub fn faults(&self) -> Vec<PlanFault> {
        let mut faults = Vec::new();
        let mut fault = |pointer, detail: String| faults.push(PlanFault { pointer, detail });
        for (pointer, classes) in [
            ("/storageClasses", &self.storage_classes),
            ("/ingressClasses", &self.ingress_classes),
            ("/priorityClasses", &self.priority_classes),
            ("/runtimeClasses", &self.runtime_classes),
        ] {
            if classes.len() > LIST_MAX {
                fault(pointer, format!("at most {LIST_MAX}"));
            }
            if let Some(wrong) = classes.iter().find(|class| !is_class(class)) {
                fault(
                    pointer,
                    format!("{wrong:?} names no class: letters, digits, \"-\" and \".\", in lower case"),
                );
            }
        }
        if let Some(wrong) = self.snapshot_class.as_ref().filter(|class| !is_class(class)) {
            fault(
                "/snapshotClass",
                format!("{wrong:?} names no class: letters, digits, \"-\" and \".\", in lower case"),
            );
        }
        if self.registries.len() > LIST_MAX {
            fault("/registries", format!("at most {LIST_MAX}"));
        }
        if let Some(wrong) = self.registries.iter().find(|registry| !is_registry(registry)) {
            fault(
                "/registries",
                format!("{wrong:?} is no registry: write \"registry.example\" or \"registry.example/team\""),
            );
        }
        if let Some(pool) = &self.node_pool {
            let all = pool.labels.iter().chain(&pool.taints);
            if pool.labels.is_empty() || pool.labels.len() > LIST_MAX || pool.taints.len() > LIST_MAX {
                fault("/nodePool", format!("from 1 to {LIST_MAX} labels, and at most {LIST_MAX} taints"));
            }
            if let Some((key, value)) = all.into_iter().find(|(key, value)| !is_label(key, value)) {
                fault("/nodePool", format!("{key:?}: {value:?} is no label of a node"));
            }
        }
        if self.egress.len() > LIST_MAX {
            fault("/egress", format!("at most {LIST_MAX}"));
        }
        if let Some(wrong) = self.egress.iter().find(|block| block.trunc() != **block) {
            fault("/egress", format!("{wrong} is no block: its first address is {}", wrong.network()));
        }
        if let Some(wrong) = self.egress.iter().find(|block| METADATA.iter().any(|m| m.contains(*block))) {
            fault(
                "/egress",
                format!("{wrong} is where clouds tell machines their credentials: no plan opens it"),
            );
        }
        faults
    }

    /// Whether images of this name may run: none where they may, else the registries that would do.
    pub fn refuses_image(&self, image: &str) -> Option<String> {
        let full = full_name(image);
        let from = |registry: &String| {
            full.strip_prefix(registry.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        // No runtime takes such a name; a path that climbs must not pass for one below a registry.
        let climbs = full.split('/').any(|part| part == "..");
        let refused = !self.registries.is_empty() && (climbs || !self.registries.iter().any(from));
        refused.then(|| self.registries.iter().cloned().collect::<Vec<_>>().join(", "))
    }
}

/// Where clouds tell machines their credentials, and what else only machines of a cloud are to reach: no opening leads
/// there. The link's own addresses are those of AWS, Google, Azure, Oracle and others; the rest are Alibaba's, Azure's and
/// AWS' for IPv6.
pub const METADATA: [IpNet; 5] = [
    IpNet::V4(ipnet::Ipv4Net::new_assert(core::net::Ipv4Addr::new(100, 100, 100, 200), 32)),
    IpNet::V4(ipnet::Ipv4Net::new_assert(core::net::Ipv4Addr::new(168, 63, 129, 16), 32)),
    IpNet::V4(ipnet::Ipv4Net::new_assert(core::net::Ipv4Addr::new(169, 254, 0, 0), 16)),
    IpNet::V6(ipnet::Ipv6Net::new_assert(core::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32)),
    IpNet::V6(ipnet::Ipv6Net::new_assert(core::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10)),
];

/// An image's name with its registry, as container runtimes complete it.
fn full_name(image: &str) -> String {
    let hub = "docker.io";
    match image.split_once('/') {
        None => format!("{hub}/library/{image}"),
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => image.to_owned(),
        Some(_) => format!("{hub}/{image}"),
    }
}

/// Whether a text can name a class of a cluster.
pub(crate) fn is_class(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().next_back().is_some_and(|b| b.is_ascii_alphanumeric())
}

/// A host with a dot or a port, or `localhost`, and then maybe a path.
fn is_registry(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    let fine = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b))
    };
    text.len() <= 255 && (host.contains(['.', ':']) || host == "localhost") && text.split('/').all(fine)
}

fn is_label(key: &str, value: &str) -> bool {
    let fine = |text: &str, more: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
    (1..=317).contains(&key.len()) && fine(key, b"-._/") && value.len() <= 63 && fine(value, b"-._")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowances() -> Allowances {
        Allowances {
            pod_security: PodSecurity::Baseline,
            storage_classes: BTreeSet::new(),
            ingress_classes: BTreeSet::new(),
            priority_classes: BTreeSet::new(),
            runtime_classes: BTreeSet::new(),
            registries: ["docker.io/library".to_owned(), "registry.example".to_owned()].into(),
            pull_policy: None,
            node_pool: None,
            snapshots: None,
            snapshot_class: None,
            egress: vec!["0.0.0.0/0".parse().unwrap()],
        }
    }

    #[test]
    fn an_image_is_of_the_registry_that_container_runtimes_take_it_from() {
        let allowed = allowances();
        for image in ["busybox", "docker.io/library/busybox:1", "registry.example/team/web@sha256:0"] {
            assert_eq!(allowed.refuses_image(image), None, "{image}");
        }
        for image in [
            "team/web",
            "docker.io/team/web",
            "registry.example.evil/web",
            "registry.example:5000/web",
            "library/../x",
        ] {
            let said = allowed.refuses_image(image);
            assert_eq!(said.as_deref(), Some("docker.io/library, registry.example"), "{image}");
        }
        assert_eq!(Allowances { registries: BTreeSet::new(), ..allowed }.refuses_image("any/thing"), None);
    }

    #[test]
    fn nothing_opens_where_clouds_tell_their_credentials() {
        for block in
            ["169.254.169.254/32", "169.254.0.0/16", "fd00:ec2::254/128", "fe80::/64", "168.63.129.16/32"]
        {
            let wrong = Allowances { egress: vec![block.parse().unwrap()], ..allowances() };
            assert_eq!(wrong.faults()[0].pointer, "/egress", "{block}");
        }
        let all = ["0.0.0.0/0", "::/0", "169.0.0.0/8"].map(|block| block.parse().unwrap());
        assert_eq!(Allowances { egress: all.to_vec(), ..allowances() }.faults(), []);
    }

    #[test]
    fn every_fault_is_named() {
        let wrong = Allowances {
            storage_classes: ["Fast".to_owned()].into(),
            registries: ["team/web".to_owned()].into(),
            node_pool: Some(NodePool::default()),
            snapshots: None,
            snapshot_class: None,
            egress: vec!["10.0.0.1/8".parse().unwrap()],
            ..allowances()
        };
        let pointers: Vec<_> = wrong.faults().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/storageClasses", "/registries", "/nodePool", "/egress"]);
    }

    #[test]
    fn what_is_over_names_what_is_left() {
        let whole = Share {
            plan: Plan { cpu_millis: 1_000, memory_mib: 10, storage_mib: 10, pods: 10 },
            exposure: Exposure { load_balancers: 1, hostnames: 2 },
        };
        let part = Plan { cpu_millis: 600, memory_mib: 5, storage_mib: 5, pods: 5 };
        let part = Share { plan: part, ..Share::NOTHING };
        let over = part.over(&whole.without(part));
        assert_eq!(over, [Over { what: "cpuMillis", asked: 600, left: 400 }]);
        assert_eq!(whole.without(part).and(part), whole);
    }
}
