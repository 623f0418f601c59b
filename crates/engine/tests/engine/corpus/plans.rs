//! Plans, the environments that divide them, requests for more, and credentials.

use tenure_access::Role;
use tenure_domain::account::Command;
use tenure_domain::account::provision::Provision;
use tenure_domain::environment::{EnvironmentKind, TenantRole};
use tenure_domain::name::{EnvironmentId, QuotaRequestId};
use tenure_domain::plan::{Allowances, Exposure, NodePool, Plan, PodSecurity, PullPolicy, Share};

use super::story::Story;
use crate::office::{member, person, slug};

impl Story {
    /// A plan is set, divided, asked to be larger, and credentials are granted.
    pub(super) async fn provisions(&mut self, account: &str, plan: Plan) {
        let exposure = Exposure { load_balancers: 1, hostnames: 2 };
        let larger = Plan { memory_mib: 2 * plan.memory_mib, storage_mib: 2 * plan.storage_mib, ..plan };
        let more = |cpu_millis| Share { plan: Plan { cpu_millis, pods: 2 * plan.pods, ..larger }, exposure };
        let (platform, owner) = (person("pia", Role::Platform), member(account, Role::Owner));
        let allowances = Allowances {
            pod_security: PodSecurity::Restricted,
            storage_classes: ["standard".to_owned()].into(),
            ingress_classes: ["nginx".to_owned()].into(),
            priority_classes: ["low".to_owned()].into(),
            runtime_classes: ["gvisor".to_owned()].into(),
            registries: ["registry.example".to_owned()].into(),
            pull_policy: Some(PullPolicy::Always),
            node_pool: Some(NodePool {
                labels: [("pool".to_owned(), "tenants".to_owned())].into(),
                taints: [("pool".to_owned(), "tenants".to_owned())].into(),
            }),
            egress: vec!["0.0.0.0/0".parse().unwrap()],
        };
        let allowances = Box::new(allowances);
        let environment: EnvironmentId = "pen".parse().unwrap();
        let share = Share { plan: Plan { cpu_millis: 10, memory_mib: 1, storage_mib: 1, pods: 1 }, exposure };
        let set = Provision::SetPlan { share: more(8_000), allowances };
        let kind = EnvironmentKind::Open;
        let create = Provision::CreateEnvironment { environment: environment.clone(), kind, share };
        let smaller = Share { exposure: Exposure::default(), ..share };
        let change = Provision::ChangeEnvironment { environment: environment.clone(), share: smaller };
        for command in [set, create, change] {
            self.act(platform.clone(), account, Command::Provision(command)).await;
        }
        for (n, granted) in [(1, false), (2, true)] {
            let why = self.words("We grow");
            let ask = Provision::RequestQuota { share: more(9_000), why };
            self.act(owner.clone(), account, Command::Provision(ask)).await;
            let request = QuotaRequestId::new(slug(account), n);
            let decision = if granted {
                Provision::GrantQuota { request }
            } else {
                Provision::DenyQuota {
                    request,
                    why: self.words("The nodes of this pool are full until March"),
                }
            };
            self.act(platform.clone(), account, Command::Provision(decision)).await;
        }
        let grant = Provision::GrantAccess { environment, role: TenantRole::Viewer, seconds: 600 };
        self.act(owner, account, Command::Provision(grant)).await;
    }
}
