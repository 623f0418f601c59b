//! Plans, the environments that divide them, requests for more, and credentials.

use tenure_access::Role;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::{Command, System};
use tenure_domain::environment::{EnvironmentKind, TenantRole};
use tenure_domain::hostname::{Answered, challenge_text};
use tenure_domain::import::{Concern, Survey};
use tenure_domain::name::{ChallengeToken, ClusterId, EnvironmentId, Hostname, QuotaRequestId};
use tenure_domain::plan::{Allowances, Exposure, NodePool, Plan, PodSecurity, PullPolicy, Share};

use tenure_engine::submission::Caller;

use super::story::Story;
use crate::office::{member, person, slug};

impl Story {
    /// A namespace that was there is decided on and taken; another one turns out not to be there.
    async fn imports(&mut self, account: &str, share: Share) {
        for (name, is_there) in [("shop", true), ("stall", false)] {
            let document = self.blob("What was seen there.");
            let environment: EnvironmentId = name.parse().unwrap();
            let (namespace, uid) = (name.parse().unwrap(), "6f2c1f0e".parse().unwrap());
            let seen = vec!["Pod/alone".to_owned()];
            let survey = Survey {
                uid: Some("6f2c1f0e".parse().unwrap()),
                obstacles: vec![],
                concerns: [(Concern::BarePods, seen)].into(),
                document,
            };
            let (survey, accepted) = (Box::new(survey), vec![Concern::BarePods]);
            let named = environment.clone();
            let import =
                Provision::ImportEnvironment { environment, namespace, uid, share, accepted, survey };
            self.act(person("pia", Role::Platform), account, Command::Provision(import)).await;
            let observed = if is_there {
                Provision::ConfirmAdopted {
                    environment: named,
                    receipt: self.blob("a receipt: nothing restarted"),
                }
            } else {
                let why = "there is none; uid 6f2c1f0e was decided on".to_owned();
                Provision::EndImport { environment: named, why }
            };
            self.act(Caller::System(System::Cluster), account, Command::Provision(observed)).await;
        }
    }

    /// One hostname is released, one is proved, and one lapses when seven days have passed.
    async fn hostnames(&mut self, account: &str) {
        let owner = member(account, Role::Owner);
        for (n, name) in
            ["old.quince.example", "www.quince.example", "new.quince.example"].into_iter().enumerate()
        {
            let hostname: Hostname = name.parse().unwrap();
            let token: ChallengeToken = format!("{n:032x}").parse().unwrap();
            let claim = Provision::ClaimHostname { hostname: hostname.clone(), token: token.clone() };
            self.act(owner.clone(), account, Command::Provision(claim)).await;
            let next = match n {
                0 => Provision::ReleaseHostname { hostname },
                1 => {
                    let text = challenge_text(&slug(account), &hostname, &token);
                    let answered = Answered::With { status: 200, text };
                    let evidence = self.blob("What answered there.");
                    Provision::ProveHostname { hostname, token, answered, evidence }
                }
                _ => continue,
            };
            self.act(owner.clone(), account, Command::Provision(next)).await;
        }
    }

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
            snapshots: None,
            snapshot_class: None,
            egress: vec!["0.0.0.0/0".parse().unwrap()],
        };
        let allowances = Box::new(allowances);
        let environment: EnvironmentId = "pen".parse().unwrap();
        let share = Share { plan: Plan { cpu_millis: 10, memory_mib: 1, storage_mib: 1, pods: 1 }, exposure };
        let set = Provision::SetPlan { share: more(8_000), allowances };
        let kind = EnvironmentKind::Open;
        let cluster = ClusterId::main();
        let create = Provision::CreateEnvironment { environment: environment.clone(), cluster, kind, share };
        let smaller = Share { exposure: Exposure::default(), ..share };
        let change = Provision::ChangeEnvironment { environment: environment.clone(), share: smaller };
        for command in [set, create, change] {
            self.act(platform.clone(), account, Command::Provision(command)).await;
        }
        self.imports(account, Share { exposure: Exposure::default(), ..share }).await;
        self.hostnames(account).await;
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
