//! Open environments: what the tenant's own tools may do there, and what surrounds them.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{
    ConfigMap, LimitRange, Namespace, Pod, ResourceQuota, Secret, ServiceAccount,
};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use tenure_cluster::{Envelope, Kind, names};
use tenure_domain::capability::Capability;
use tenure_domain::environment::{EnvironmentKind, TenantRole};
use tenure_domain::plan::{Allowances, Exposure, NodePool, PodSecurity, PullPolicy};

use super::repaired;
use crate::world::{DEADLINE, Driver, Namespaced, World, code, until_answer};

fn open_envelope() -> Envelope {
    Envelope::new(EnvironmentKind::Open, Exposure::default(), None)
}

async fn opened(world: &World) -> Driver<'_> {
    let mut driver = Driver::new(world);
    driver.envelope = open_envelope();
    driver.until_ready().await;
    let namespace = driver.namespace();
    for role in TenantRole::ALL {
        let client = tenant(&driver, role).await;
        until_answer("the role's rights", 200, || list::<Pod>(&client, &namespace)).await;
    }
    driver
}

/// Somebody who has only the kubeconfig.
pub(super) async fn tenant(driver: &Driver<'_>, role: TenantRole) -> Client {
    let environment = driver.environment();
    let issued = driver.cluster.credentials(&environment, role, 600).await.unwrap();
    assert!(!format!("{issued:?}").contains("token"), "a secret is no text to be logged");
    let read = Kubeconfig::from_yaml(&issued.kubeconfig).unwrap();
    let mut config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
    assert_eq!(config.default_namespace, driver.namespace());
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

async fn create<K: Namespaced>(client: &Client, namespace: &str, object: Value) -> u16 {
    post::<K>(client, namespace, object, false).await
}

/// What the server would say to [`create`].
async fn try_create<K: Namespaced>(client: &Client, namespace: &str, object: Value) -> u16 {
    post::<K>(client, namespace, object, true).await
}

async fn post<K: Namespaced>(client: &Client, namespace: &str, object: Value, dry_run: bool) -> u16 {
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let params = PostParams { dry_run, ..PostParams::default() };
    code(api.create(&params, &serde_json::from_value(object).unwrap()).await)
}

pub(super) async fn list<K: Namespaced>(client: &Client, namespace: &str) -> u16 {
    code(Api::<K>::namespaced(client.clone(), namespace).list(&ListParams::default()).await)
}

async fn change<K: Namespaced>(client: &Client, namespace: &str, name: &str) -> [u16; 2] {
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let patch = Patch::Merge(json!({"metadata": {"labels": {"mine": "yes"}}}));
    let patched = code(api.patch(name, &PatchParams::default(), &patch).await);
    [patched, code(api.delete(name, &DeleteParams::default()).await)]
}

fn config_map(name: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": "b"}})
}

fn web() -> Value {
    let resources = json!({"cpu": "10m", "memory": "16Mi"});
    let container = json!({"name": "web", "image": "docker.io/library/busybox:1.35",
        "resources": {"requests": resources, "limits": resources}});
    json!({"metadata": {"name": "web"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}}})
}

/// What each role may create, read and change, and what none of them touches.
pub async fn tenants_deploy_in_an_open_environment_and_touch_nothing_of_ours(world: World) {
    let driver = opened(&world).await;
    let namespace = driver.namespace();
    for role in TenantRole::ALL {
        let client = tenant(&driver, role).await;
        let may = if role.changes() { 200 } else { 403 };
        assert_eq!(create::<ConfigMap>(&client, &namespace, config_map(role.as_str())).await, may, "{role}");
        assert_eq!(list::<Secret>(&client, &namespace).await, may, "{role}");
        assert_eq!(list::<Pod>(&client, &namespace).await, 200, "{role}");
        assert_eq!(list::<ResourceQuota>(&client, &namespace).await, 200, "{role} sees the quota");

        let role_name = names::role(role);
        let touched = [
            change::<ResourceQuota>(&client, &namespace, names::PLAN).await,
            change::<LimitRange>(&client, &namespace, names::PLAN).await,
            change::<NetworkPolicy>(&client, &namespace, names::DEFAULT_DENY).await,
            change::<Role>(&client, &namespace, &role_name).await,
            change::<RoleBinding>(&client, &namespace, &role_name).await,
        ];
        assert_eq!(touched, [[403, 403]; 5], "{role}");
        let binding = json!({"metadata": {"name": "more"}, "roleRef":
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}});
        assert_eq!(create::<RoleBinding>(&client, &namespace, binding).await, 403, "{role}");
        let policy = json!({"metadata": {"name": "all"}, "spec": {"podSelector": {}, "ingress": [{}]}});
        assert_eq!(create::<NetworkPolicy>(&client, &namespace, policy).await, 403, "{role}");

        for elsewhere in ["default", names::ACCESS] {
            assert_eq!(list::<Pod>(&client, elsewhere).await, 403, "{role} in {elsewhere}");
        }
        let own: Api<Namespace> = Api::all(client.clone());
        let relabel = Patch::Merge(json!({"metadata": {"labels": {names::ACCOUNT: "other"}}}));
        assert_eq!(code(own.patch(&namespace, &PatchParams::default(), &relabel).await), 403, "{role}");
    }
    let editor = tenant(&driver, TenantRole::Editor).await;
    assert_eq!(create::<Deployment>(&editor, &namespace, web()).await, 200);
    driver.until("the tenant's pod", |o| o.quota.as_ref().is_some_and(|q| q.used["pods"] == "1")).await;
    let quiet = driver.until("nothing to write", |o| o.writes == 0).await;
    assert_eq!(repaired(&quiet), Vec::<String>::new(), "what tenants deploy is theirs");
    driver.clean().await;
}

pub async fn a_freeze_leaves_an_open_environments_people_to_read_until_it_is_lifted(world: World) {
    let mut driver = opened(&world).await;
    let namespace = driver.namespace();
    let (editor, viewer) =
        (tenant(&driver, TenantRole::Editor).await, tenant(&driver, TenantRole::Viewer).await);
    assert_eq!(create::<ConfigMap>(&editor, &namespace, config_map("before")).await, 200);
    let bindings = || async {
        let all = driver.api::<RoleBinding>().list(&ListParams::default()).await.unwrap();
        all.items.into_iter().map(|b| (b.metadata.name, b.metadata.uid)).collect::<Vec<_>>()
    };
    let before = bindings().await;

    let freeze = driver.tenant.restrict("freeze", "environment/web");
    let report = driver.until_confirmed(&freeze).await;
    let seen: Vec<String> = report.objects.iter().map(|seen| seen.object.to_string()).collect();
    for role in TenantRole::ALL {
        let name = names::role(role);
        assert!(
            seen.contains(&format!("RoleBinding/{name}")) && seen.contains(&format!("Role/{name}")),
            "{seen:?}"
        );
    }
    assert!(report.enforced_by[&Capability::Deploy].contains("(observed)"), "{:?}", report.enforced_by);
    let during = || config_map("during");
    for client in [&editor, &viewer, &tenant(&driver, TenantRole::Admin).await] {
        until_answer("the freeze", 403, || try_create::<ConfigMap>(client, &namespace, during())).await;
        assert_eq!(create::<ConfigMap>(client, &namespace, config_map("during")).await, 403);
        assert_eq!(list::<ConfigMap>(client, &namespace).await, 200);
    }
    // Somebody gives the editor its rights back.
    let bound = json!({"subjects": [{"kind": "ServiceAccount", "namespace": names::ACCESS, "name":
        names::access_account(&driver.tenant.account.id, &"web".parse().unwrap(), TenantRole::Editor)}]});
    let editors = names::role(TenantRole::Editor);
    driver
        .api::<RoleBinding>()
        .patch(&editors, &PatchParams::default(), &Patch::Merge(&bound))
        .await
        .unwrap();
    let seen = driver.pass().await;
    let told = repaired(&seen).join("; ");
    assert!(told.contains("RoleBinding/tenure-editor: subjects is"), "{told}");
    until_answer("the repair", 403, || try_create::<ConfigMap>(&editor, &namespace, during())).await;
    assert_eq!(create::<ConfigMap>(&editor, &namespace, config_map("during")).await, 403);

    driver.tenant.lift(&freeze);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    let all = driver.api::<RoleBinding>().list(&ListParams::default()).await.unwrap();
    let after: Vec<_> = all.items.into_iter().map(|b| (b.metadata.name, b.metadata.uid)).collect();
    assert_eq!(after, before, "the bindings are the same ones");
    until_answer("the end", 200, || try_create::<ConfigMap>(&editor, &namespace, during())).await;
    assert_eq!(create::<ConfigMap>(&editor, &namespace, config_map("after")).await, 200);
    assert_eq!(create::<ConfigMap>(&viewer, &namespace, config_map("never")).await, 403);
    driver.clean().await;
}

pub async fn deleting_an_open_environment_ends_its_peoples_access(world: World) {
    let mut driver = opened(&world).await;
    let editor = tenant(&driver, TenantRole::Editor).await;
    assert_eq!(list::<Pod>(&editor, &driver.namespace()).await, 200);
    driver.tenant.delete(vec![]);
    let report = driver.until_erased().await;
    // A server may know a token for some seconds after its end: then it gives no right any more.
    assert!([401, 403].contains(&list::<Pod>(&editor, &driver.namespace()).await));
    let accounts = report.deleted.iter().filter(|gone| {
        let whose = gone.object.name.split("--").count();
        gone.object.kind == Kind::ServiceAccount && whose == 3
    });
    assert_eq!(accounts.count(), TenantRole::ALL.len());
}

pub async fn isolating_an_open_environment_closes_its_openings(world: World) {
    let mut driver = Driver::new(&world);
    driver.envelope =
        Envelope::new(EnvironmentKind::Open, Exposure { load_balancers: 1, hostnames: 0 }, None);
    driver.until_ready().await;
    let rules = |policy: &NetworkPolicy| {
        let spec = policy.spec.as_ref().unwrap();
        spec.ingress.as_ref().map_or(0, Vec::len) + spec.egress.as_ref().map_or(0, Vec::len)
    };
    let opened = |all: Vec<NetworkPolicy>| -> Vec<String> {
        let open = all.into_iter().filter(|policy| rules(policy) > 0);
        open.map(|policy| policy.metadata.name.unwrap()).collect()
    };
    let policies = driver.api::<NetworkPolicy>();
    let before = opened(policies.list(&ListParams::default()).await.unwrap().items);
    assert_eq!(before, [names::DNS, names::EGRESS, names::PUBLIC, names::SAME_ACCOUNT]);

    let isolation = driver.tenant.restrict("isolate", "environment/web");
    let report = driver.until_confirmed(&isolation).await;
    assert_eq!(opened(policies.list(&ListParams::default()).await.unwrap().items), Vec::<String>::new());
    let seen: Vec<String> = report.objects.iter().map(|seen| seen.object.to_string()).collect();
    for name in [names::DNS, names::EGRESS, names::PUBLIC, names::SAME_ACCOUNT, names::DEFAULT_DENY] {
        assert!(seen.contains(&format!("NetworkPolicy/{name}")), "{seen:?}");
    }
    driver.tenant.lift(&isolation);
    assert!(driver.until_restored().await.equal);
    assert_eq!(opened(policies.list(&ListParams::default()).await.unwrap().items), before);
    driver.clean().await;
}

pub async fn what_others_do_to_roles_is_put_right(world: World) {
    let driver = opened(&world).await;
    let someone = PatchParams::default();
    let viewers = names::role(TenantRole::Viewer);
    let more = json!({"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
    driver.api::<Role>().patch(&viewers, &someone, &Patch::Merge(&more)).await.unwrap();
    // What a binding refers to never changes, so somebody has made it anew.
    let bindings = driver.api::<RoleBinding>();
    bindings.delete(&viewers, &DeleteParams::default()).await.unwrap();
    let other: RoleBinding = serde_json::from_value(json!({"metadata": {"name": viewers}, "roleRef":
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}}))
    .unwrap();
    bindings.create(&PostParams::default(), &other).await.unwrap();
    let identities: Api<ServiceAccount> = Api::namespaced(driver.world.client.clone(), names::ACCESS);
    let environment = driver.environment();
    let identity = names::access_account(&environment.account, &environment.id, TenantRole::Viewer);
    let before = tenant(&driver, TenantRole::Viewer).await;
    identities.delete(&identity, &DeleteParams::default()).await.unwrap();

    let told = repaired(&driver.pass().await).join("; ");
    assert!(told.contains("Role/tenure-viewer: rules is"), "{told}");
    assert!(told.contains("RoleBinding/tenure-viewer: roleRef"), "{told}");
    assert!(told.contains("was deleted from tenure-access"), "{told}");
    assert_eq!(bindings.get(&viewers).await.unwrap().role_ref.kind, "Role");
    let client = tenant(&driver, TenantRole::Viewer).await;
    let namespace = driver.namespace();
    until_answer("the new identity's rights", 200, || list::<Pod>(&client, &namespace)).await;
    // A token is of one identity, and not of another one with its name.
    let dead = || async { list::<Pod>(&before, &driver.namespace()).await };
    let started = std::time::Instant::now();
    while dead().await != 401 {
        assert!(started.elapsed() < DEADLINE, "a token outlives its identity");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(driver.until("nothing to write", |o| o.writes == 0).await.repairs, []);
    driver.clean().await;
}

pub async fn a_plans_classes_and_level_are_the_environments(world: World) {
    let mut driver = Driver::new(&world);
    let allowances = Allowances {
        pod_security: PodSecurity::Restricted,
        storage_classes: ["none-such".to_owned()].into(),
        ingress_classes: BTreeSet::new(),
        priority_classes: ["none-such".to_owned()].into(),
        runtime_classes: BTreeSet::new(),
        registries: BTreeSet::new(),
        pull_policy: None,
        node_pool: None,
        snapshots: None,
        snapshot_class: None,
        egress: vec!["10.0.0.0/8".parse().unwrap()],
    };
    let exposure = Exposure { load_balancers: 2, hostnames: 0 };
    driver.envelope = Envelope::new(EnvironmentKind::Open, exposure, Some(Box::new(allowances)));
    driver.until_ready().await;
    let quota = driver.api::<ResourceQuota>().get(names::PLAN).await.unwrap();
    let hard = quota.spec.unwrap().hard.unwrap();
    assert_eq!(hard["services.loadbalancers"].0, "2");
    let class = |name: &str| hard.get(&format!("{name}.storageclass.storage.k8s.io/requests.storage"));
    assert_eq!(class("none-such").map(|q| q.0.as_str()), Some("1Gi"));
    let classes: Api<k8s_openapi::api::storage::v1::StorageClass> = Api::all(driver.world.client.clone());
    let there = classes.list(&ListParams::default()).await.unwrap().items;
    assert!(!there.is_empty(), "the cluster has a storage class");
    for other in there {
        assert_eq!(class(&other.metadata.name.unwrap()).map(|q| q.0.as_str()), Some("0"));
    }
    let namespaces: Api<Namespace> = Api::all(driver.world.client.clone());
    let labels = namespaces.get(&driver.namespace()).await.unwrap().metadata.labels.unwrap();
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");

    // Pods without a priority are no matter of the quota of priorities.
    let editor = tenant(&driver, TenantRole::Editor).await;
    let pod = json!({"metadata": {"name": "plain"}, "spec": web()["spec"]["template"]["spec"]});
    let namespace = driver.namespace();
    // Once the server heeds the binding, and the namespace has its default service account and that one's token.
    until_answer("a pod", 200, || try_create::<Pod>(&editor, &namespace, pod.clone())).await;
    assert_eq!(create::<Pod>(&editor, &namespace, pod.clone()).await, 200);
    // Pods of a priority that every cluster has and the plan does not name are refused, once the quota's status is there.
    let quotas = driver.api::<ResourceQuota>();
    let started = std::time::Instant::now();
    while quotas.get(names::PRIORITIES).await.unwrap().status.and_then(|s| s.hard).is_none() {
        assert!(started.elapsed() < DEADLINE, "nobody fills the quota's status");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut high = pod;
    high["metadata"]["name"] = json!("high");
    high["spec"]["priorityClassName"] = json!("system-cluster-critical");
    until_answer("a high priority", 403, || try_create::<Pod>(&editor, &namespace, high.clone())).await;
    assert_eq!(create::<Pod>(&editor, &namespace, high).await, 403);
    driver.clean().await;
}

pub async fn a_plans_nodes_and_pull_policy_are_its_workloads(world: World) {
    let mut driver = Driver::new(&world);
    driver.envelope = Envelope::new(
        EnvironmentKind::Managed,
        Exposure::default(),
        Some(Box::new(Allowances {
            pod_security: PodSecurity::Restricted,
            storage_classes: BTreeSet::new(),
            ingress_classes: BTreeSet::new(),
            priority_classes: BTreeSet::new(),
            runtime_classes: BTreeSet::new(),
            registries: BTreeSet::new(),
            pull_policy: Some(PullPolicy::IfNotPresent),
            node_pool: Some(NodePool {
                labels: [("pool".to_owned(), "tenants".to_owned())].into(),
                taints: [("pool".to_owned(), "tenants".to_owned())].into(),
            }),
            snapshots: None,
            snapshot_class: None,
            egress: vec![],
        })),
    );
    driver.tenant.put("feed", crate::world::page(1));
    let settled = driver.until("nothing to write", |o| o.writes == 0).await;
    assert_eq!(repaired(&settled), Vec::<String>::new());
    let made: Deployment = driver.api().get("feed").await.unwrap();
    let pod = made.spec.unwrap().template.spec.unwrap();
    assert_eq!(pod.node_selector.unwrap()["pool"], "tenants");
    assert_eq!(pod.tolerations.unwrap()[0].value.as_deref(), Some("tenants"));
    assert_eq!(pod.containers[0].image_pull_policy.as_deref(), Some("IfNotPresent"));

    // Without a pool any node will do again.
    driver.envelope = Envelope::default();
    driver.until_ready().await;
    let again: Deployment = driver.api().get("feed").await.unwrap();
    assert_eq!(again.spec.unwrap().template.spec.unwrap().node_selector, None);
    driver.clean().await;
}

/// `kubectl` itself, as a tenant starts it.
pub async fn kubectl_does_what_the_role_says(world: World) {
    let driver = opened(&world).await;
    let environment = driver.environment();
    let folder = std::env::temp_dir().join(driver.namespace());
    std::fs::create_dir_all(&folder).unwrap();
    let kubectl = async |role: TenantRole, arguments: &str| -> (bool, String) {
        let issued = driver.cluster.credentials(&environment, role, 600).await.unwrap();
        let file = folder.join(role.as_str());
        std::fs::write(&file, &issued.kubeconfig).unwrap();
        let mut command = std::process::Command::new("kubectl");
        command.env("HOME", &folder).arg("--kubeconfig").arg(&file).args(arguments.split(' '));
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let deploy = "create deployment web --image=docker.io/library/busybox:1.35";
    for (role, arguments, may) in [
        (TenantRole::Viewer, "get pods,services,deployments,resourcequotas", true),
        (TenantRole::Viewer, deploy, false),
        (TenantRole::Viewer, "get secrets", false),
        (TenantRole::Editor, deploy, true),
        (TenantRole::Editor, "scale deployment web --replicas=2", true),
        (TenantRole::Editor, "rollout status deployment web --timeout=120s", true),
        (TenantRole::Editor, "create configmap settings --from-literal=a=b", true),
        (TenantRole::Viewer, "logs deployment/web", true),
        (TenantRole::Editor, "exec deploy/web -- true", false),
        (TenantRole::Admin, "exec deploy/web -- true", true),
        (TenantRole::Admin, "delete resourcequota tenure-plan", false),
        (TenantRole::Admin, "delete networkpolicy default-deny", false),
        (TenantRole::Admin, "delete rolebinding tenure-viewer", false),
        (TenantRole::Admin, "delete limitrange tenure-plan", false),
        (TenantRole::Admin, "create rolebinding more --clusterrole=cluster-admin --user=me", false),
        (TenantRole::Admin, "create token default -n tenure-access", false),
        (TenantRole::Admin, "get pods --all-namespaces", false),
        (TenantRole::Editor, "delete deployment web", true),
    ] {
        let (done, said) = kubectl(role, arguments).await;
        assert_eq!(done, may, "{role}: kubectl {arguments}: {said}");
        let unknown = said.contains("unknown command");
        assert!(may || unknown || said.contains("orbidden"), "{role}: kubectl {arguments}: {said}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
    driver.clean().await;
}
