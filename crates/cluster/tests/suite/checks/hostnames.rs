//! Hostnames: what leads visitors to a workload.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};
use tenure_cluster::{Gateway, Reach, SuspendedPage};
use tenure_domain::workload::{Entry, Workload};

use super::repaired;
use crate::faults::Hidden;
use crate::world::{Driver, World, page};

const WWW: &str = "www.parley.example";
const SHOP: &str = "shop.parley.example";

/// A workload that declares these hostnames.
fn reached(hostnames: &[&str], entry: Option<Entry>) -> Workload {
    let hostnames = hostnames.iter().map(|name| name.parse().unwrap()).collect();
    Workload { hostnames, entry: entry.map(Box::new), ..page(1) }
}

/// Each hostname with the service that it leads to.
fn leads(ingress: &Ingress) -> Vec<(String, String)> {
    let ingress = serde_json::to_value(ingress).unwrap();
    let rules = ingress["spec"]["rules"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let leads = rules.iter().map(|rule| {
        let backend = &rule["http"]["paths"][0]["backend"]["service"];
        (text(&rule["host"]), format!("{}:{}", text(&backend["name"]), backend["port"]["number"]))
    });
    leads.collect()
}

fn to(name: &str, service: &str) -> (String, String) {
    (name.to_owned(), service.to_owned())
}

pub async fn a_proved_hostname_leads_to_its_workload_and_no_other_leads_anywhere(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.claim(&[WWW, SHOP]);
    driver.tenant.put("feed", reached(&[WWW, SHOP], None));
    driver.until_ready().await;
    let ingresses: Api<Ingress> = driver.api();
    assert!(ingresses.get_opt("feed").await.unwrap().is_none(), "nothing is proved");

    driver.tenant.prove(WWW);
    driver.until_ready().await;
    let feed = ingresses.get("feed").await.unwrap();
    assert_eq!(leads(&feed), [to(WWW, "feed:80")]);
    let spec = feed.spec.unwrap();
    assert!(spec.tls.is_none() && spec.default_backend.is_none());
    assert_eq!(driver.pass().await.writes, 0, "it is as declared");

    driver.tenant.prove(SHOP);
    driver.until_ready().await;
    assert_eq!(leads(&ingresses.get("feed").await.unwrap()), [to(SHOP, "feed:80"), to(WWW, "feed:80")]);

    // What others make of it is put right.
    let someone = PatchParams { field_manager: Some("someone".to_owned()), ..PatchParams::default() };
    let elsewhere = json!({"service": {"name": "elsewhere", "port": {"number": 80}}});
    let changed = json!({"spec": {
        "defaultBackend": elsewhere,
        "rules": [{"host": WWW, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": elsewhere}]}}],
    }});
    ingresses.patch("feed", &someone, &Patch::Merge(changed)).await.unwrap();
    let told = repaired(&driver.pass().await);
    assert!(told.iter().any(|repair| repair.starts_with("Ingress/feed: spec.rules is")), "{told:?}");
    assert!(told.iter().any(|repair| repair.starts_with("Ingress/feed: spec.defaultBackend is")), "{told:?}");
    let feed = ingresses.get("feed").await.unwrap();
    assert_eq!(leads(&feed), [to(SHOP, "feed:80"), to(WWW, "feed:80")]);
    assert!(feed.spec.unwrap().default_backend.is_none());
    ingresses.delete("feed", &DeleteParams::default()).await.unwrap();
    assert_eq!(repaired(&driver.pass().await), ["Ingress/feed: was deleted"]);
    assert_eq!(driver.pass().await.writes, 0, "the repair held");

    driver.tenant.put("feed", reached(&[], None));
    driver.until_ready().await;
    assert!(ingresses.get_opt("feed").await.unwrap().is_none(), "nothing is declared any more");
    driver.clean().await;
}

pub async fn a_certificate_is_asked_for_as_the_settings_say(world: World) {
    let mut driver = Driver::new(&world);
    let issuer = ("cert-manager.io/cluster-issuer", "letsencrypt");
    let reach = |value: &str| Reach {
        tls_annotations: [(issuer.0.to_owned(), value.to_owned())].into(),
        ..Reach::default()
    };
    driver.cluster = driver.cluster.clone().reached(reach(issuer.1));
    driver.tenant.claim(&[WWW, SHOP]);
    driver.tenant.prove(WWW);
    driver.tenant.prove(SHOP);
    let entry = Some(Entry { class: Some("nginx".to_owned()), tls: true });
    driver.tenant.put("feed", reached(&[WWW], entry));
    driver.tenant.put("media", reached(&[SHOP], None));
    driver.until_ready().await;
    let ingresses: Api<Ingress> = driver.api();
    let feed = ingresses.get("feed").await.unwrap();
    assert_eq!(feed.metadata.annotations.unwrap().get(issuer.0).map(String::as_str), Some(issuer.1));
    let spec = feed.spec.unwrap();
    assert_eq!(spec.ingress_class_name.as_deref(), Some("nginx"));
    let tls = &spec.tls.unwrap()[0];
    assert_eq!(
        (tls.secret_name.as_deref(), tls.hosts.as_deref()),
        (Some("tls--feed"), Some(&[WWW.to_owned()][..]))
    );
    let media = ingresses.get("media").await.unwrap();
    assert!(media.spec.unwrap().tls.is_none() && !media.metadata.annotations.unwrap().contains_key(issuer.0));
    // Other settings are nobody's change.
    driver.cluster = driver.cluster.clone().reached(reach("another"));
    let observation = driver.pass().await;
    assert_eq!((repaired(&observation), observation.writes), (vec![], 1));
    let feed = ingresses.get("feed").await.unwrap();
    assert_eq!(feed.metadata.annotations.unwrap()[issuer.0], "another");
    driver.clean().await;
}

pub async fn a_hostname_is_withheld_alone_and_given_back_as_it_was(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.claim(&[WWW, SHOP]);
    driver.tenant.prove(WWW);
    driver.tenant.prove(SHOP);
    driver.tenant.put("feed", reached(&[WWW, SHOP], None));
    driver.until_ready().await;
    let ingresses: Api<Ingress> = driver.api();
    let before = ingresses.get("feed").await.unwrap();

    let measure = driver.tenant.restrict("name", "hostname/web/feed/www.parley.example");
    let report = driver.until_confirmed(&measure).await;
    let told: Vec<String> = report.objects.iter().map(|seen| seen.object.to_string()).collect();
    assert_eq!(told, ["Service/suspended--page", "Ingress/feed"]);
    let by: Vec<&String> = report.enforced_by.values().collect();
    assert_eq!(
        by,
        ["what leads visitors there leads the hostname to what stands for the suspended (stored)"]
    );
    let withheld = [to(SHOP, "feed:80"), to(WWW, "suspended--page:80")];
    assert_eq!(leads(&ingresses.get("feed").await.unwrap()), withheld);
    let services: Api<Service> = driver.api();
    let page = services.get("suspended--page").await.unwrap().spec.unwrap();
    assert_eq!(page.type_.as_deref(), Some("ClusterIP"));
    // The workload itself goes on, and its neighbour of a name with it.
    driver.until_visit("feed", 200).await;
    assert_eq!(driver.pass().await.writes, 0, "it is as declared");
    // Whoever leads the name back is put right.
    let rules = serde_json::to_value(&before).unwrap()["spec"]["rules"].clone();
    let back = Patch::Merge(json!({"spec": {"rules": rules}}));
    ingresses.patch("feed", &PatchParams::default(), &back).await.unwrap();
    assert_eq!(repaired(&driver.pass().await).len(), 1);
    assert_eq!(leads(&ingresses.get("feed").await.unwrap()), withheld);

    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    let after = ingresses.get("feed").await.unwrap();
    assert_eq!((&after.spec, &after.metadata.uid), (&before.spec, &before.metadata.uid));
    assert!(services.get_opt("suspended--page").await.unwrap().is_none());
    driver.clean().await;
}

pub async fn visitors_of_an_isolated_workload_come_to_the_providers_page(world: World) {
    let mut driver = Driver::new(&world);
    let page = SuspendedPage { host: "suspended.provider.svc.cluster.local".to_owned(), port: 8080 };
    let reach = Reach { suspended_page: Some(page), ..Reach::default() };
    driver.cluster = driver.cluster.clone().reached(reach);
    driver.tenant.claim(&[WWW, SHOP]);
    driver.tenant.prove(WWW);
    driver.tenant.prove(SHOP);
    driver.tenant.put("feed", reached(&[WWW], None));
    driver.tenant.put("media", reached(&[SHOP], None));
    driver.until_ready().await;
    let ingresses: Api<Ingress> = driver.api();
    let before = ingresses.get("feed").await.unwrap();
    let measure = driver.tenant.restrict("isolate", "workload/web/feed");
    let report = driver.until_confirmed(&measure).await;
    assert!(report.objects.iter().any(|seen| seen.object.to_string() == "Ingress/feed"), "{report:?}");
    assert_eq!(leads(&ingresses.get("feed").await.unwrap()), [to(WWW, "suspended--page:8080")]);
    assert_eq!(leads(&ingresses.get("media").await.unwrap()), [to(SHOP, "media:80")]);
    let services: Api<Service> = driver.api();
    let page = services.get("suspended--page").await.unwrap().spec.unwrap();
    assert_eq!(page.type_.as_deref(), Some("ExternalName"));
    assert_eq!(page.external_name.as_deref(), Some("suspended.provider.svc.cluster.local"));
    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(ingresses.get("feed").await.unwrap().spec, before.spec);
    driver.clean().await;
}

/// The routes of an environment.
fn routes(driver: &Driver<'_>) -> Api<DynamicObject> {
    let group = "gateway.networking.k8s.io";
    let resource = ApiResource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        api_version: format!("{group}/v1"),
        kind: "HTTPRoute".to_owned(),
        plural: "httproutes".to_owned(),
    };
    Api::namespaced_with(driver.world.client.clone(), &driver.namespace(), &resource)
}

/// What a route leads to, with the gateway from which it does.
fn route_leads(route: &DynamicObject) -> String {
    let spec = &route.data["spec"];
    let (gateway, backend) = (&spec["parentRefs"][0], &spec["rules"][0]["backendRefs"][0]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let from = format!("{}/{}", text(&gateway["namespace"]), text(&gateway["name"]));
    format!("{from}: {} to {}:{}", text(&spec["hostnames"][0]), text(&backend["name"]), backend["port"])
}

pub async fn visitors_come_by_the_gateway_where_the_cluster_has_one(world: World) {
    let mut driver = Driver::new(&world);
    let gateway = Gateway { namespace: "gateways".to_owned(), name: "public".to_owned() };
    let reach = Reach { gateway: Some(gateway), ..Reach::default() };
    driver.cluster = driver.cluster.clone().reached(reach.clone());
    driver.tenant.claim(&[WWW, SHOP]);
    driver.tenant.prove(WWW);
    driver.tenant.put("feed", reached(&[WWW, SHOP], None));
    driver.until_ready().await;
    let (routes, ingresses) = (routes(&driver), driver.api::<Ingress>());
    let before = routes.get(WWW).await.unwrap();
    assert_eq!(route_leads(&before), "gateways/public: www.parley.example to feed:80");
    assert!(routes.get_opt(SHOP).await.unwrap().is_none(), "it is not proved");
    assert!(ingresses.get_opt("feed").await.unwrap().is_none());
    driver.tenant.prove(SHOP);
    driver.until_ready().await;
    assert_eq!(driver.pass().await.writes, 0, "it is as declared");

    // One name leads to what stands for the suspended, as the object that it was, and whoever leads it back is put right.
    let measure = driver.tenant.restrict("name", "hostname/web/feed/www.parley.example");
    let report = driver.until_confirmed(&measure).await;
    let told: Vec<String> = report.objects.iter().map(|seen| seen.object.to_string()).collect();
    assert!(told.contains(&"HTTPRoute/www.parley.example".to_owned()), "{told:?}");
    let withheld = "gateways/public: www.parley.example to suspended--page:80";
    assert_eq!(route_leads(&routes.get(WWW).await.unwrap()), withheld);
    assert_eq!(
        route_leads(&routes.get(SHOP).await.unwrap()),
        "gateways/public: shop.parley.example to feed:80"
    );
    let back = Patch::Merge(json!({"spec": {"rules": before.data["spec"]["rules"]}}));
    routes.patch(WWW, &PatchParams::default(), &back).await.unwrap();
    assert_eq!(repaired(&driver.pass().await).len(), 1);
    assert_eq!(route_leads(&routes.get(WWW).await.unwrap()), withheld);
    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    let after = routes.get(WWW).await.unwrap();
    assert_eq!((&after.data["spec"], &after.metadata.uid), (&before.data["spec"], &before.metadata.uid));

    // Without the Gateway API they come by an ingress, and by routes again once it is there.
    driver.cluster = world.hiding(&Hidden("/apis/gateway.networking.k8s.io")).reached(reach.clone());
    driver.until_ready().await;
    let both = [to(SHOP, "feed:80"), to(WWW, "feed:80")];
    assert_eq!(leads(&ingresses.get("feed").await.unwrap()), both);
    driver.cluster = world.cluster.clone().reached(reach);
    driver.until_ready().await;
    assert!(ingresses.get_opt("feed").await.unwrap().is_none());
    assert_eq!(routes.get(WWW).await.unwrap().metadata.uid, before.metadata.uid);

    driver.tenant.put("feed", reached(&[SHOP], None));
    driver.until_ready().await;
    assert!(routes.get_opt(WWW).await.unwrap().is_none(), "it is not declared any more");
    driver.clean().await;
}
