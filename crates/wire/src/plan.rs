//! What is asked of the API about plans, shares, quota and credentials, and what it shows of them.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::environment::TenantRole;
use tenure_domain::plan::{Exposure, NodePool, PodSecurity, PullPolicy, Share};
use utoipa::ToSchema;

use crate::request::{Plan, whole};
use crate::schema::Text;

macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

/// Who decides what runs in an environment.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKindName {
    /// Tenure renders what is declared.
    Managed,
    /// The tenant's own tools deploy.
    Open,
}

/// What somebody may do in the namespace of an open environment.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TenantRoleName {
    /// Reads.
    Viewer,
    /// Deploys.
    Editor,
    /// Deploys, and enters pods.
    Admin,
}

/// What pods may ask of their node.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurityName {
    /// Nothing that is known to lead out of a container.
    Baseline,
    /// What hardened pods need and no more.
    Restricted,
}

/// When nodes fetch images.
#[derive(Debug, ToSchema)]
pub enum PullPolicyName {
    /// Before each start.
    Always,
    /// Where they are not there.
    IfNotPresent,
}

body!(
    /// A label or a taint of nodes.
    NodeLabel {
        /// Its key.
        #[schema(min_length = 1, max_length = 317)]
        key: String,
        /// Its value.
        #[schema(max_length = 63)]
        value: String,
    }
);

body!(
    /// The nodes on which pods run.
    NodePoolBody {
        /// The labels of its nodes.
        #[schema(min_items = 1, max_items = 50)]
        labels: Vec<NodeLabel>,
        /// The taints that pods tolerate.
        #[serde(default)]
        #[schema(max_items = 50)]
        taints: Vec<NodeLabel>,
    }
);

impl From<NodePoolBody> for NodePool {
    fn from(asked: NodePoolBody) -> Self {
        let all = |labels: Vec<NodeLabel>| labels.into_iter().map(|l| (l.key, l.value)).collect();
        Self { labels: all(asked.labels), taints: all(asked.taints) }
    }
}

impl From<NodePool> for NodePoolBody {
    fn from(known: NodePool) -> Self {
        let all = |labels: BTreeMap<String, String>| {
            labels.into_iter().map(|(key, value)| NodeLabel { key, value }).collect()
        };
        Self { labels: all(known.labels), taints: all(known.taints) }
    }
}

body!(
    /// What a plan allows besides amounts. An empty list of classes or registries allows all of them.
    Allowances {
        /// What pods may ask of their node.
        #[schema(value_type = PodSecurityName)]
        pod_security: PodSecurity,
        /// The classes of which volumes may be.
        #[serde(default)]
        #[schema(max_items = 50)]
        storage_classes: BTreeSet<String>,
        /// The classes of which ingresses may be.
        #[serde(default)]
        #[schema(max_items = 50)]
        ingress_classes: BTreeSet<String>,
        /// The priorities that pods may have.
        #[serde(default)]
        #[schema(max_items = 50)]
        priority_classes: BTreeSet<String>,
        /// What pods may run in.
        #[serde(default)]
        #[schema(max_items = 50)]
        runtime_classes: BTreeSet<String>,
        /// Where images may come from, such as `registry.example/team`.
        #[serde(default)]
        #[schema(max_items = 50)]
        registries: BTreeSet<String>,
        /// When nodes fetch images; left out for the cluster's own rule.
        #[serde(default)]
        #[schema(value_type = Option<PullPolicyName>)]
        pull_policy: Option<PullPolicy>,
        /// The nodes on which pods run; left out for any.
        #[serde(default)]
        node_pool: Option<NodePoolBody>,
        /// How many snapshots of volumes the account may have at once; left out for 10.
        #[serde(default)]
        #[schema(minimum = 0, maximum = 65_535)]
        snapshots: Option<u16>,
        /// The class of which snapshots are; left out for the cluster's default.
        #[serde(default)]
        #[schema(max_length = 253)]
        snapshot_class: Option<String>,
        /// The blocks of addresses that pods may reach, such as `0.0.0.0/0`. A cloud's metadata is never among them.
        #[schema(value_type = Vec<String>, max_items = 50)]
        egress: Vec<IpNet>,
    }
);

impl From<Allowances> for tenure_domain::plan::Allowances {
    fn from(asked: Allowances) -> Self {
        Self {
            pod_security: asked.pod_security,
            storage_classes: asked.storage_classes,
            ingress_classes: asked.ingress_classes,
            priority_classes: asked.priority_classes,
            runtime_classes: asked.runtime_classes,
            registries: asked.registries,
            pull_policy: asked.pull_policy,
            node_pool: asked.node_pool.map(Into::into),
            snapshots: asked.snapshots,
            snapshot_class: asked.snapshot_class,
            egress: asked.egress,
        }
    }
}

impl From<tenure_domain::plan::Allowances> for Allowances {
    fn from(known: tenure_domain::plan::Allowances) -> Self {
        Self {
            pod_security: known.pod_security,
            storage_classes: known.storage_classes,
            ingress_classes: known.ingress_classes,
            priority_classes: known.priority_classes,
            runtime_classes: known.runtime_classes,
            registries: known.registries,
            pull_policy: known.pull_policy,
            node_pool: known.node_pool.map(Into::into),
            snapshots: known.snapshots,
            snapshot_class: known.snapshot_class,
            egress: known.egress,
        }
    }
}

body!(
    /// Sets what an account's plan allows.
    SetPlan {
        /// The amounts.
        plan: Plan,
        /// Services of type `LoadBalancer`.
        #[serde(deserialize_with = "whole")]
        load_balancers: u32,
        /// Hostnames.
        #[serde(deserialize_with = "whole")]
        hostnames: u32,
        /// What it allows besides.
        allowances: Allowances,
    }
);

body!(
    /// Gives an environment another share of the account's plan.
    ChangeEnvironment {
        /// The amounts.
        plan: Plan,
        /// Services of type `LoadBalancer`.
        #[serde(default, deserialize_with = "whole")]
        load_balancers: u32,
        /// Hostnames.
        #[serde(default, deserialize_with = "whole")]
        hostnames: u32,
    }
);

impl From<ChangeEnvironment> for Share {
    fn from(asked: ChangeEnvironment) -> Self {
        let exposure = Exposure { load_balancers: asked.load_balancers, hostnames: asked.hostnames };
        Self { plan: asked.plan.into(), exposure }
    }
}

body!(
    /// Asks for a larger plan. What is left out stays as it is.
    RequestQuota {
        /// The amounts, all in all.
        plan: Plan,
        /// Services of type `LoadBalancer`, all in all.
        #[serde(default)]
        load_balancers: Option<u32>,
        /// Hostnames, all in all.
        #[serde(default)]
        hostnames: Option<u32>,
        /// Why.
        #[schema(value_type = Text)]
        why: String,
    }
);

body!(
    /// Decides on a request for a larger plan.
    DecideQuotaRequest {
        /// Whether it is granted: then the plan is what was asked for.
        grant: bool,
        /// Why; required where it is not.
        #[serde(default)]
        #[schema(value_type = Option<Text>)]
        why: Option<String>,
    }
);

fn an_hour() -> u32 {
    3_600
}

body!(
    /// Asks for credentials for an open environment.
    IssueKubeconfig {
        /// As what.
        #[schema(value_type = TenantRoleName)]
        role: TenantRole,
        /// For how many seconds: from ten minutes to a day; an hour where it is left out.
        #[serde(default = "an_hour", deserialize_with = "whole")]
        #[schema(minimum = 600, maximum = 86_400)]
        lasts_seconds: u32,
    }
);

body!(
    /// Amounts.
    ShareView {
        /// What runs.
        plan: Plan,
        /// Services of type `LoadBalancer`.
        load_balancers: u32,
        /// Hostnames; left out where nothing bounds them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hostnames: Option<u32>,
    }
);

impl From<Share> for ShareView {
    fn from(share: Share) -> Self {
        let Exposure { load_balancers, hostnames } = share.exposure;
        let hostnames = Some(hostnames).filter(|&bound| bound != u32::MAX);
        Self { plan: share.plan.into(), load_balancers, hostnames }
    }
}

body!(
    /// An account's plan, and what its environments have of it.
    PlanView {
        /// What it allows.
        allowed: ShareView,
        /// What the environments have together.
        divided: ShareView,
        /// What is left for others.
        left: ShareView,
        /// What it allows besides; nothing where nobody said so, and only amounts bound the account.
        allowances: Option<Allowances>,
    }
);

body!(
    /// A request for a larger plan.
    QuotaRequestView {
        /// Its id.
        id: String,
        /// What the plan is to allow, all in all.
        asked: ShareView,
        /// Why.
        why: Option<String>,
        /// When it was made.
        #[schema(value_type = String, format = DateTime)]
        asked_at: Timestamp,
        /// Who made it.
        asked_by: String,
        /// `open`, `granted` or `denied`.
        state: String,
        /// When it was decided.
        #[schema(value_type = Option<String>, format = DateTime)]
        decided_at: Option<Timestamp>,
        /// Why it was denied.
        denied_why: Option<String>,
    }
);

body!(
    /// What an environment uses of its share, as the cluster said when it was last looked at; quantities as Kubernetes
    /// writes them.
    UsageView {
        /// The environment.
        environment: String,
        /// What it may use; nothing before the first look.
        hard: BTreeMap<String, String>,
        /// What it uses.
        used: BTreeMap<String, String>,
    }
);

body!(
    /// Credentials for an open environment. They are shown this once.
    KubeconfigView {
        /// The environment.
        environment: String,
        /// As what.
        role: String,
        /// The kubeconfig (YAML), with its token: a secret.
        kubeconfig: String,
        /// When the cluster ends it, by the cluster's clock.
        #[schema(value_type = String, format = DateTime)]
        expires: Timestamp,
    }
);
