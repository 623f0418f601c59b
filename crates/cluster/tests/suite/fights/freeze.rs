//! Somebody else with rights, by a binding that is not ours, while `deploy` is withheld in an open environment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use tenure_cluster::{Cluster, Envelope, Freezes, names};
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::plan::Exposure;
use tenure_freeze::{Periods, Reached, Webhook};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::arena::{Arena, makes_pods, resource};
use crate::world::{DEADLINE, Driver, World};

/// Certificates that are replaced every few seconds.
const SHORT: Periods = Periods { life: Duration::from_secs(9), overlap: Duration::from_secs(3) };

/// A listener on this machine, which the API server reaches.
struct Listener {
    stopping: CancellationToken,
    task: JoinHandle<()>,
}

impl Listener {
    async fn start(world: &World, freezes: &Freezes, periods: Periods) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let reached = Reached::url(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
        let now = Arc::new(clock);
        let webhook =
            Webhook::new(listener, reached, freezes.clone(), world.client.clone(), now, periods).unwrap();
        let stopping = CancellationToken::new();
        let run = webhook.run(stopping.clone());
        let task = tokio::spawn(async move { run.await.unwrap() });
        Self { stopping, task }
    }

    async fn stop(self) {
        self.stopping.cancel();
        self.task.await.unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "certificates are for the machine's time")]
fn clock() -> Timestamp {
    Timestamp::now()
}

fn configurations(world: &World) -> Api<ValidatingWebhookConfiguration> {
    Api::all(world.client.clone())
}

/// The authorities by which the cluster knows the webhook now.
async fn authorities(world: &World) -> Vec<String> {
    let found = configurations(world).get_opt(names::FREEZE).await.unwrap();
    let annotations = found.and_then(|found| found.metadata.annotations).unwrap_or_default();
    let told = annotations.get(names::FREEZE_AUTHORITIES).map_or("[]", String::as_str);
    let told: Vec<Value> = serde_json::from_str(told).unwrap();
    told.iter().map(|authority| authority["pem"].as_str().unwrap().to_owned()).collect()
}

/// An open environment of which the cluster asks the webhook, with someone else's binding for its tenant.
async fn open<'w>(cluster: &Cluster, world: &'w World, manifests: &[Value]) -> Arena<'w> {
    let mut driver = Driver::new(world);
    driver.cluster = cluster.clone();
    driver.tenant = World::open_tenant();
    driver.envelope = Envelope::new(EnvironmentKind::Open, Exposure::default(), None);
    Box::pin(Arena::of(driver, manifests)).await
}

fn config_map(value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes"}, "data": {"text": value}})
}

/// What the server said to a write that it refused, with its status.
fn refusal<T: std::fmt::Debug>(answer: kube::Result<T>) -> (u16, String) {
    match answer {
        Err(kube::Error::Api(status)) => (status.code, status.message.clone()),
        other => panic!("{other:?}"),
    }
}

/// Writes until the server's answer is this one.
async fn until_said(arena: &Arena<'_>, client: &Client, code: u16, words: &str) {
    let started = Instant::now();
    loop {
        let said = match arena.apply(client, &config_map("again")).await {
            Ok(_) => (200, String::new()),
            Err(kube::Error::Api(status)) => (status.code, status.message.clone()),
            Err(error) => panic!("{error}"),
        };
        if said.0 == code && said.1.contains(words) {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "{said:?}, not {code} {words}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits for something that another look may find.
async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < DEADLINE, "{what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn label_of(arena: &Arena<'_>) -> Option<String> {
    let namespaces: Api<Namespace> = Api::all(arena.driver.world.client.clone());
    let labels = namespaces.get(&arena.driver.namespace()).await.unwrap().metadata.labels;
    labels.and_then(|labels| labels.get(names::FROZEN).cloned())
}

/// A neighbour that writes all the time, and counts what it could not write.
struct Traffic {
    over: Arc<AtomicBool>,
    written: Arc<AtomicU32>,
    task: JoinHandle<Vec<String>>,
}

impl Traffic {
    fn start(arena: &Arena<'_>) -> Self {
        let (over, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let api = arena.api(&arena.tenant, &config_map(""));
        let (stop, count) = (Arc::clone(&over), Arc::clone(&written));
        let task = tokio::spawn(async move {
            let mut failed = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                let n = count.fetch_add(1, Ordering::SeqCst);
                let manifest = config_map(&n.to_string());
                let params = PatchParams::apply("gitops").force();
                if let Err(error) = api.patch("notes", &params, &Patch::Apply(&manifest)).await {
                    failed.push(error.to_string());
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            failed
        });
        Self { over, written, task }
    }

    async fn end(self) -> (u32, Vec<String>) {
        self.over.store(true, Ordering::SeqCst);
        let failed = self.task.await.unwrap();
        (self.written.load(Ordering::SeqCst), failed)
    }
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_someone_else_with_rights_while_deploy_is_withheld() {
    let world = World::real().await;
    let freezes = Freezes::new([5; 32]);
    let cluster = world.cluster.clone().freezing(freezes.clone());
    let listener = Listener::start(&world, &freezes, SHORT).await;
    let shop = makes_pods("apps/v1", "Deployment", "shop", 1);
    let mut arena = open(&cluster, &world, std::slice::from_ref(&shop)).await;
    let neighbour = open(&cluster, &world, &[]).await;
    let traffic = Traffic::start(&neighbour);
    arena.apply(&arena.tenant, &config_map("before")).await.unwrap();

    let freeze = arena.driver.tenant.restrict("freeze", "environment/web");
    arena.keeper.follow(&arena.driver);
    let report = arena.keeper.confirmed(&freeze).await;
    assert!(report.freeze.as_ref().unwrap().contains(&freeze.to_string()), "{:?}", report.freeze);
    assert!(report.enforced_by[&Capability::Deploy].contains("webhook"), "{:?}", report.enforced_by);

    // The binding is somebody else's and stays; what it lets the tenant do is refused, with the reason.
    let more = makes_pods("apps/v1", "Deployment", "shop", 3);
    let scale = json!({"spec": {"replicas": 0}});
    let deployments = arena.api(&arena.tenant, &shop);
    for (what, answer) in [
        ("changing", arena.apply(&arena.tenant, &more).await.map(drop)),
        (
            "scaling",
            deployments.patch_scale("shop", &PatchParams::default(), &Patch::Merge(&scale)).await.map(drop),
        ),
        (
            "making",
            arena.apply(&arena.tenant, &makes_pods("apps/v1", "StatefulSet", "db", 1)).await.map(drop),
        ),
        ("configuring", arena.apply(&arena.tenant, &config_map("during")).await.map(drop)),
        ("running a pod", arena.try_pod("bare").await.map(drop)),
        ("deleting", arena.delete(&arena.tenant, &shop).await),
    ] {
        let (code, said) = refusal(answer);
        assert_eq!(code, 403, "{what}: {said}");
        let standing = format!("/v1/accounts/{}/standing", arena.driver.tenant.account.id);
        assert!(said.contains(&freeze.to_string()) && said.contains(&standing), "{what}: {said}");
    }
    // What was declared goes on: a pod that ends is made again and started, by controllers and a node.
    let pods: Api<Pod> = arena.driver.api();
    let there = pods.list(&ListParams::default()).await.unwrap().items;
    pods.delete(there[0].metadata.name.as_ref().unwrap(), &DeleteParams::default()).await.unwrap();
    arena.runs(2).await;

    // Certificates change under the neighbour's writes and the tenant's tries, and nobody notices.
    let first = authorities(&world).await;
    let started = Instant::now();
    loop {
        let (code, said) = refusal(arena.apply(&arena.tenant, &config_map("during")).await);
        assert_eq!(code, 403, "{said}");
        assert!(said.contains(&freeze.to_string()), "answered, and by the webhook: {said}");
        let now = authorities(&world).await;
        if now.iter().all(|authority| !first.contains(authority)) {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "the certificate did not change");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // A cluster-admin takes away what makes the cluster ask; it is put back.
    let ignore = json!({"webhooks": [{"name": names::FREEZE_WEBHOOK, "failurePolicy": "Ignore"}]});
    let configuration = configurations(&world);
    configuration.patch(names::FREEZE, &PatchParams::default(), &Patch::Strategic(&ignore)).await.unwrap();
    until("the configuration was not put back", || async {
        let found = configuration.get(names::FREEZE).await.unwrap();
        found.webhooks.unwrap()[0].failure_policy.as_deref() == Some("Fail")
    })
    .await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let unlabelled = json!({"metadata": {"labels": {names::FROZEN: null}}});
    let namespace = arena.driver.namespace();
    namespaces.patch(&namespace, &PatchParams::default(), &Patch::Merge(&unlabelled)).await.unwrap();
    arena.keeper.repaired(1, |repair| repair.difference.contains(names::FROZEN)).await;
    until_said(&arena, &arena.tenant, 403, &freeze.to_string()).await;

    // Nobody answers: what is frozen is hindered, and nobody else.
    listener.stop().await;
    let (code, said) = refusal(arena.apply(&arena.tenant, &config_map("during")).await);
    assert_eq!(code, 500, "{said}");
    assert!(said.contains(names::FREEZE_WEBHOOK), "{said}");
    neighbour.apply(&neighbour.tenant, &config_map("meanwhile")).await.unwrap();
    let listener = Listener::start(&world, &freezes, SHORT).await;
    until_said(&arena, &arena.tenant, 403, &freeze.to_string()).await;

    let restored = arena.lifted(&freeze).await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(label_of(&arena).await, None);
    arena.apply(&arena.tenant, &more).await.unwrap();
    arena.runs(4).await;
    let (written, failed) = traffic.end().await;
    assert!(written > 100, "{written}");
    assert_eq!(failed, Vec::<String>::new(), "the neighbour noticed nothing in {written} writes");

    listener.stop().await;
    configuration.delete(names::FREEZE, &DeleteParams::default()).await.unwrap();
    neighbour.clean().await;
    arena.clean().await;
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_someone_else_with_rights_while_deploy_is_withheld_from_one_workload() {
    let world = World::real().await;
    let freezes = Freezes::new([6; 32]);
    let cluster = world.cluster.clone().freezing(freezes.clone());
    let listener = Listener::start(&world, &freezes, Periods::default()).await;
    let (feed, page) =
        (makes_pods("apps/v1", "Deployment", "feed", 1), makes_pods("apps/v1", "Deployment", "page", 1));
    let mut arena = open(&cluster, &world, &[feed.clone(), page.clone()]).await;

    let freeze = arena.driver.tenant.restrict("freeze", "workload/web/feed");
    arena.keeper.follow(&arena.driver);
    let report = arena.keeper.confirmed(&freeze).await;
    assert!(report.freeze.as_ref().unwrap().contains("/web/feed"), "{:?}", report.freeze);
    assert_eq!(label_of(&arena).await.as_deref(), Some("workload"));

    let more = |name| makes_pods("apps/v1", "Deployment", name, 2);
    let mut labelled = makes_pods("apps/v1", "Deployment", "another", 1);
    labelled["metadata"]["labels"] = json!({names::WORKLOAD: "feed"});
    for refused in [more("feed"), labelled] {
        let (code, said) = refusal(arena.apply(&arena.tenant, &refused).await);
        assert_eq!(code, 403, "{said}");
        assert!(said.contains(&freeze.to_string()), "{said}");
    }
    let (code, said) = refusal(arena.delete(&arena.tenant, &feed).await);
    assert_eq!(code, 403, "{said}");
    arena.apply(&arena.tenant, &more("page")).await.unwrap();
    arena.apply(&arena.tenant, &config_map("during")).await.unwrap();
    arena.runs(3).await;

    let restored = arena.lifted(&freeze).await;
    assert_eq!(restored.differences, ["Deployment/page differs in its spec"], "what was free was changed");
    arena.apply(&arena.tenant, &more("feed")).await.unwrap();
    listener.stop().await;
    configurations(&world).delete(names::FREEZE, &DeleteParams::default()).await.unwrap();
    arena.clean().await;
}

/// A process that has just started stops what another one froze: its own writes are not refused by its own webhook.
#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_a_stop_by_a_new_process_while_deploy_is_withheld() {
    let world = World::real().await;
    let freezes = Freezes::new([7; 32]);
    let listener = Listener::start(&world, &freezes, Periods::default()).await;
    let cluster = world.cluster.clone().freezing(freezes);
    let mut arena = open(&cluster, &world, &[makes_pods("apps/v1", "Deployment", "shop", 2)]).await;
    let freeze = arena.driver.tenant.restrict("freeze", "environment/web");
    arena.keeper.follow(&arena.driver);
    arena.keeper.confirmed(&freeze).await;
    listener.stop().await;
    arena.keeper.stop().await;

    let freezes = Freezes::new([8; 32]);
    let listener = Listener::start(&world, &freezes, Periods::default()).await;
    // The server asks the new one by its own certificate, which knows nothing yet of what is frozen.
    until_said(&arena, &arena.tenant, 403, "it is not known here yet").await;
    arena.driver.cluster = world.cluster.clone().freezing(freezes);
    arena.keeper = super::keeper::Keeper::start(&arena.driver);
    let (suspension, report, since) = arena.suspended().await;
    let vetoed = |text: &&String| text.contains(names::FREEZE_WEBHOOK);
    assert_eq!(report.exceptions.iter().find(vetoed), None, "no write of ours was refused");
    arena.nothing_ran_since(since).await;
    let restored = arena.lifted(&suspension).await;
    assert!(restored.equal, "{:?}", restored.differences);
    let (code, said) = refusal(arena.apply(&arena.tenant, &config_map("still")).await);
    assert_eq!(code, 403, "the freeze outlasts the suspension: {said}");
    assert!(said.contains(&freeze.to_string()), "{said}");

    // While it is frozen nobody but us deletes the namespace.
    arena.lifted(&freeze).await;
    listener.stop().await;
    configurations(&world).delete(names::FREEZE, &DeleteParams::default()).await.unwrap();
    arena.clean().await;
}

/// A kind of an operator, served by the cluster.
async fn operators_kind(world: &World) -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "databases.operator.example.org"},
        "spec": {"group": "operator.example.org", "scope": "Namespaced",
            "names": {"plural": "databases", "singular": "database", "kind": "Database"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}});
    let definitions: Api<DynamicObject> = Api::all_with(world.client.clone(), &resource(&definition));
    let params = PatchParams::apply("operator").force();
    definitions.patch("databases.operator.example.org", &params, &Patch::Apply(&definition)).await.unwrap();
    json!({"apiVersion": "operator.example.org/v1", "kind": "Database", "metadata": {"name": "main"}, "spec": {"size": 1}})
}

/// Somebody else with all rights, whom the cluster knows by now.
async fn another_admin(arena: &Arena<'_>) -> Client {
    let world = arena.driver.world;
    let user = format!("{}-root", arena.driver.tenant.account.id);
    let group = "rbac.authorization.k8s.io";
    let binding = json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": user},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}]});
    let bindings: Api<DynamicObject> = Api::all_with(world.client.clone(), &resource(&binding));
    bindings.patch(&user, &PatchParams::apply("test").force(), &Patch::Apply(&binding)).await.unwrap();
    let admin = world.as_user(&user);
    until("the rights", || async { arena.apply(&admin, &config_map("root")).await.is_ok() }).await;
    admin
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_another_cluster_admin_takes_the_label_of_a_frozen_namespace_away() {
    let world = World::real().await;
    let freezes = Freezes::new([9; 32]);
    let cluster = world.cluster.clone().freezing(freezes.clone());
    let listener = Listener::start(&world, &freezes, Periods::default()).await;
    let mut arena = open(&cluster, &world, &[]).await;
    let neighbour = open(&cluster, &world, &[]).await;
    let admin = another_admin(&arena).await;
    let namespaces: Api<Namespace> = Api::all(admin.clone());
    let namespace = arena.driver.namespace();
    let (params, labelled) =
        (PatchParams::default(), |labels: Value| Patch::Merge(json!({"metadata": {"labels": labels}})));

    let freeze = arena.driver.tenant.restrict("freeze", "environment/web");
    arena.keeper.follow(&arena.driver);
    arena.keeper.confirmed(&freeze).await;
    // The server heeds the guard as soon as what it is asked about the namespace is known.
    for labels in [
        json!({names::FROZEN: null}),
        json!({names::FROZEN: "workload"}),
        json!({names::ACCOUNT: null}),
        json!({names::ENVIRONMENT: "other"}),
    ] {
        let (code, said) = refusal(namespaces.patch(&namespace, &params, &labelled(labels.clone())).await);
        assert_eq!(code, 403, "{labels}: {said}");
        assert!(
            said.contains(names::FREEZE_LABEL_WEBHOOK) && said.contains(&freeze.to_string()),
            "{labels}: {said}"
        );
        let (code, said) =
            refusal(namespaces.patch_status(&namespace, &params, &labelled(labels.clone())).await);
        assert_eq!(code, 403, "by its status, {labels}: {said}");
    }
    let (code, said) = refusal(namespaces.delete(&namespace, &DeleteParams::default()).await.map(drop));
    assert_eq!(code, 403, "{said}");
    namespaces.patch(&namespace, &params, &labelled(json!({"team": "blue"}))).await.unwrap();
    arena.keeper.confirmed(&freeze).await;
    assert_eq!(
        arena.keeper.repairs().iter().filter(|(_, r)| r.difference.contains(names::FROZEN)).count(),
        0
    );

    // Nobody answers: the label still cannot be taken, and other namespaces can be labelled.
    listener.stop().await;
    let (code, said) =
        refusal(namespaces.patch(&namespace, &params, &labelled(json!({names::FROZEN: null}))).await);
    assert_eq!(code, 500, "{said}");
    let elsewhere = neighbour.driver.namespace();
    namespaces.patch(&elsewhere, &params, &labelled(json!({"team": "blue"}))).await.unwrap();

    let listener = Listener::start(&world, &freezes, Periods::default()).await;
    until_said(&arena, &arena.tenant, 403, &freeze.to_string()).await;
    namespaces.patch(&namespace, &params, &labelled(json!({"team": null}))).await.unwrap();
    let restored = arena.lifted(&freeze).await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(label_of(&arena).await, None);
    listener.stop().await;
    configurations(&world).delete(names::FREEZE, &DeleteParams::default()).await.unwrap();
    neighbour.clean().await;
    arena.clean().await;
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_deletions_where_only_deploying_is_withheld_and_where_something_is_preserved() {
    let world = World::real().await;
    let freezes = Freezes::new([10; 32]);
    let cluster = world.cluster.clone().freezing(freezes.clone());
    let listener = Listener::start(&world, &freezes, Periods::default()).await;
    let (shop, stall) =
        (makes_pods("apps/v1", "Deployment", "shop", 1), makes_pods("apps/v1", "Deployment", "stall", 1));
    let mut arena = open(&cluster, &world, &[shop.clone(), stall.clone()]).await;
    arena.apply(&arena.tenant, &config_map("before")).await.unwrap();

    let own = arena.driver.tenant.ask(Preset::Freeze, "environment/web");
    arena.keeper.follow(&arena.driver);
    arena.keeper.confirmed(&own).await;
    let (code, said) = refusal(arena.apply(&arena.tenant, &config_map("during")).await);
    assert_eq!(code, 403, "{said}");
    arena.delete(&arena.tenant, &stall).await.unwrap();
    let service_account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "workload"}});
    let (code, said) = refusal(arena.delete(&arena.tenant, &service_account).await);
    assert_eq!(code, 403, "what Tenure made there: {said}");

    let hold = arena.driver.tenant.hold("environment/web");
    arena.keeper.follow(&arena.driver);
    // A dry run deletes nothing, so that it can be tried until the pass has been.
    let dry = DeleteParams { dry_run: true, ..DeleteParams::default() };
    let api = arena.api(&arena.tenant, &shop);
    until("the hold", || async { api.delete("shop", &dry).await.is_err() }).await;
    let (code, said) = refusal(arena.delete(&arena.tenant, &shop).await);
    assert_eq!(code, 403, "{said}");
    assert!(said.contains("nothing is deleted"), "{said}");
    let all = api.delete_collection(&DeleteParams::default(), &ListParams::default()).await;
    let (code, said) = refusal(all.map(drop));
    assert_eq!(code, 403, "all at once: {said}");
    arena.driver.tenant.release(&hold);
    arena.keeper.follow(&arena.driver);
    until("the hold's end", || async { api.delete("shop", &dry).await.is_ok() }).await;

    arena.driver.tenant.take_back(&own);
    arena.keeper.follow(&arena.driver);
    arena.keeper.restored().await;
    listener.stop().await;
    configurations(&world).delete(names::FREEZE, &DeleteParams::default()).await.unwrap();
    arena.clean().await;
}

#[tokio::test]
#[ignore = "the test cluster's API server, Kubernetes 1.20 compiled by Go 1.19, dies of objects of custom kinds"]
async fn custom_kinds_are_refused_while_frozen_and_go_on_while_nobody_answers() {
    let world = World::real().await;
    let freezes = Freezes::new([11; 32]);
    let cluster = world.cluster.clone().freezing(freezes.clone());
    let database = operators_kind(&world).await;
    let listener = Listener::start(&world, &freezes, Periods::default()).await;
    let mut arena = open(&cluster, &world, &[]).await;
    let admin = another_admin(&arena).await;
    until("the operator's kind", || async { arena.apply(&admin, &database).await.is_ok() }).await;
    let freeze = arena.driver.tenant.restrict("freeze", "environment/web");
    arena.keeper.follow(&arena.driver);
    arena.keeper.confirmed(&freeze).await;
    let mut more = database.clone();
    more["spec"]["size"] = json!(3);
    let (code, said) = refusal(arena.apply(&admin, &more).await);
    assert_eq!(code, 403, "what an operator is told to run: {said}");
    assert!(said.contains(names::FREEZE_KINDS_WEBHOOK), "{said}");
    listener.stop().await;
    arena.apply(&admin, &more).await.unwrap();
    arena.lifted(&freeze).await;
    configurations(&world).delete(names::FREEZE, &DeleteParams::default()).await.unwrap();
    arena.clean().await;
}
