//! The clusters beside the one of the group `cluster`: a list in the file, whose entries say of each what the group says of
//! that one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};
use tenure_cluster::{Gateway, Said, SuspendedPage};
use tenure_domain::cluster::{LoadBalancers, NetworkPolicies};
use tenure_domain::document::{Faults, Item};
use tenure_domain::name::{ClusterId, Hostname};

use super::settings::Setting;
use super::value::Value;
use super::{ClusterConfig, ReachConfig};

/// The field of the list.
pub const CLUSTERS: &str = "clusters";

/// How many there may be.
const MOST: usize = 64;

/// The field with a cluster's name.
const NAME: &str = "name";

/// What is said of each, as settings of the group `cluster`.
const OF_EACH: [&str; 10] = [
    "kubeconfig",
    "context",
    "server",
    "certificateAuthority",
    "ingressNamespaces",
    "tlsAnnotations",
    "suspendedPage",
    "gateway",
    "networkPolicies",
    "loadBalancers",
];

/// A cluster with a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCluster {
    /// How the server reaches it.
    pub cluster: ClusterConfig,
    /// How tenants reach it, and what its API does not tell.
    pub reach: ReachConfig,
}

/// Reads the list.
pub fn read(list: &Item<'_>, faults: &mut Faults) -> BTreeMap<ClusterId, NamedCluster> {
    let mut all = BTreeMap::new();
    for item in list.list(MOST, faults).unwrap_or_default() {
        let Some((name, cluster)) = one(&item, faults) else { continue };
        if name.is_main() {
            faults.at(&item, "main is the cluster of the group `cluster`: give this one another name");
        } else if all.insert(name.clone(), cluster).is_some() {
            faults.at(&item, format!("there are two clusters {name}: an environment lives on one of them"));
        }
    }
    all
}

fn one(item: &Item<'_>, faults: &mut Faults) -> Option<(ClusterId, NamedCluster)> {
    let known: Vec<&str> = [NAME].into_iter().chain(OF_EACH).collect();
    let fields = item.fields(&known, faults)?;
    let name: Option<ClusterId> = fields.required(NAME, faults).and_then(|name| name.parsed(faults));
    let mut given: BTreeMap<&str, Value> = BTreeMap::new();
    for field in OF_EACH {
        let setting = Setting::at(&format!("cluster.{field}"));
        let (Some(setting), Some(written)) = (setting, fields.optional(field, faults)) else { continue };
        let Some(text) = written.text(faults) else { continue };
        let read = setting.kind.read(text).and_then(|value| match field {
            "server" => url(text).map(|()| value),
            "ingressNamespaces" => namespaces(text).map(|_| value),
            "tlsAnnotations" => annotations(text).map(|_| value),
            "suspendedPage" => suspended_page(text).map(|_| value),
            "gateway" => gateway(text).map(|_| value),
            _ => Ok(value),
        });
        match read {
            Ok(value) => drop(given.insert(field, value)),
            Err(message) => faults.at(&written, message),
        }
    }
    if !fields.has("kubeconfig") && !fields.has("context") {
        faults.at(item, "write the kubeconfig of this cluster, or its context in the usual one");
    }
    let text = |field: &str| match given.get(field) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let path = |field: &str| match given.get(field) {
        Some(Value::Path(path)) => Some(path.clone()),
        _ => None::<PathBuf>,
    };
    let said = Said {
        network_policies: text("networkPolicies").and_then(|w| NetworkPolicies::of(&w)).unwrap_or_default(),
        load_balancers: text("loadBalancers").and_then(|w| LoadBalancers::of(&w)).unwrap_or_default(),
    };
    let reach = ReachConfig {
        server: text("server"),
        certificate_authority: path("certificateAuthority"),
        ingress_namespaces: namespaces(&text("ingressNamespaces").unwrap_or_default()).unwrap_or_default(),
        tls_annotations: annotations(&text("tlsAnnotations").unwrap_or_default()).unwrap_or_default(),
        suspended_page: text("suspendedPage").and_then(|page| suspended_page(&page).ok()),
        gateway: text("gateway").and_then(|name| gateway(&name).ok()),
        said,
    };
    let cluster = ClusterConfig::Kubeconfig { path: path("kubeconfig"), context: text("context") };
    Some((name?, NamedCluster { cluster, reach }))
}

/// The URL of a cluster's API.
pub fn url(text: &str) -> Result<(), String> {
    if text.starts_with("https://") || text.starts_with("http://") {
        return Ok(());
    }
    Err("write a URL such as https://cluster.example:6443".to_owned())
}

/// Namespaces with commas between them.
pub fn namespaces(text: &str) -> Result<BTreeSet<String>, String> {
    let all: BTreeSet<String> =
        text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let fine = |name: &String| {
        name.len() <= 63 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    match all.iter().find(|name| !fine(name)) {
        Some(wrong) => Err(format!("{wrong:?} is no namespace")),
        None => Ok(all),
    }
}

/// Pairs such as `name=value`, with commas between them; the example says how they look.
pub fn pairs<'a>(text: &'a str, example: &str) -> Result<Vec<(&'a str, &'a str)>, String> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((name.trim(), value.trim())),
            None => Err(format!("{pair:?} is no pair: write {example}")),
        })
        .collect()
}

/// Annotations of an ingress, as pairs.
pub fn annotations(text: &str) -> Result<BTreeMap<String, String>, String> {
    let pairs = pairs(text, "cert-manager.io/cluster-issuer=letsencrypt")?;
    let fine = |name: &str| {
        let of = |b: u8| b.is_ascii_alphanumeric() || b"-._/".contains(&b);
        (1..=317).contains(&name.len()) && name.bytes().all(of) && !name.contains("tenure.dev/")
    };
    match pairs.iter().find(|(name, _)| !fine(name)) {
        Some((wrong, _)) => Err(format!("{wrong:?} is no annotation of an ingress")),
        None => Ok(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()),
    }
}

/// A page of the provider's, as its host and port.
pub fn suspended_page(text: &str) -> Result<SuspendedPage, String> {
    let read = text.rsplit_once(':').and_then(|(host, port)| {
        let _: Hostname = host.parse().ok()?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        Some(SuspendedPage { host: host.to_owned(), port })
    });
    read.ok_or_else(|| "write HOST:PORT, such as suspended.provider.svc.cluster.local:80".to_owned())
}

/// A gateway, as its namespace and name.
pub fn gateway(text: &str) -> Result<Gateway, String> {
    let is_name = |name: &str| {
        let of = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        (1..=253).contains(&name.len()) && name.bytes().all(of)
    };
    let read = text.split_once('/').filter(|(namespace, name)| is_name(namespace) && is_name(name));
    let (namespace, name) = read.ok_or_else(|| "write NAMESPACE/NAME, such as gateways/public".to_owned())?;
    Ok(Gateway { namespace: namespace.to_owned(), name: name.to_owned() })
}

/// The list's schema; `one` makes that of a setting.
pub fn schema(one: impl Fn(&Setting) -> Json) -> Json {
    let mut properties = Map::new();
    properties.insert(
        NAME.to_owned(),
        json!({
            "type": "string", "pattern": "^[a-z0-9](-?[a-z0-9])*$", "maxLength": tenure_domain::name::SLUG_MAX,
            "not": {"const": "main"}, "examples": ["west"],
            "description": "Its name. It never changes: environments are recorded as living there.",
        }),
    );
    for field in OF_EACH {
        let Some(setting) = Setting::at(&format!("cluster.{field}")) else { continue };
        let mut schema = one(setting);
        schema["description"] = json!(format!("As cluster.{field}, of this cluster."));
        properties.insert(field.to_owned(), schema);
    }
    let mut item = json!({
        "type": "object", "additionalProperties": false, "required": [NAME],
        "anyOf": [{"required": ["kubeconfig"]}, {"required": ["context"]}],
    });
    item["properties"] = Json::Object(properties);
    json!({"type": "array", "maxItems": MOST, "items": item, "description": ABOUT})
}

/// What the list is for.
pub const ABOUT: &str = "Further clusters that environments can be put on, beside the one of the group cluster, which is called main. Each has a name that never changes and what the group says of that one, but for kind and simulation. It is written in the file alone. One that is left out later is left as it is: nothing in it is looked at, changed or deleted until it is named again.";

/// What the example shows of it.
pub const EXAMPLE: &str =
    "clusters:\n  - name: west\n    kubeconfig: /etc/tenure/west.kubeconfig\n    networkPolicies: enforced\n";

#[cfg(test)]
mod tests {
    use tenure_domain::document::Node;

    use super::*;

    fn said(text: &str) -> (BTreeMap<ClusterId, NamedCluster>, Vec<String>) {
        let node = Node::read(text).unwrap();
        let mut faults = Faults::default();
        let root = node.root().fields(&[CLUSTERS], &mut faults).unwrap();
        let all = read(&root.optional(CLUSTERS, &mut faults).unwrap(), &mut faults);
        let told = faults.into_result(Some(())).err();
        (all, told.iter().flat_map(|errors| errors.iter().map(ToString::to_string)).collect())
    }

    #[test]
    fn further_clusters_are_read_with_what_the_first_one_has() {
        let (all, faults) = said(EXAMPLE);
        assert_eq!(faults, Vec::<String>::new());
        let west = &all[&"west".parse().unwrap()];
        let path = Some("/etc/tenure/west.kubeconfig".into());
        assert_eq!(west.cluster, ClusterConfig::Kubeconfig { path, context: None });
        assert_eq!(west.reach.said.network_policies, NetworkPolicies::Enforced);
    }

    #[test]
    fn what_is_wrong_with_a_further_cluster_is_told_with_its_place() {
        for (text, told) in [
            ("clusters:\n  - {name: main, context: a}\n", "another name"),
            ("clusters:\n  - {name: west, context: a}\n  - {name: west, context: b}\n", "two clusters west"),
            ("clusters:\n  - {name: west}\n", "write the kubeconfig"),
            ("clusters:\n  - {context: a}\n", "missing"),
            ("clusters:\n  - {name: West, context: a}\n", "name"),
            ("clusters:\n  - {name: west, context: a, server: west.example}\n", "https://cluster.example"),
            ("clusters:\n  - {name: west, context: a, ingressNamespaces: A}\n", "no namespace"),
            ("clusters:\n  - {name: west, context: a, tlsAnnotations: letsencrypt}\n", "no pair"),
            ("clusters:\n  - {name: west, context: a, suspendedPage: here}\n", "write HOST:PORT"),
            ("clusters:\n  - {name: west, context: a, gateway: public}\n", "write NAMESPACE/NAME"),
            ("clusters:\n  - {name: west, context: a, networkPolicies: yes-please}\n", "write one of"),
            ("clusters:\n  - {name: west, context: a, simulation: allowed}\n", "unknown field"),
        ] {
            let (_, faults) = said(text);
            assert!(faults.len() == 1 && faults[0].contains(told), "{text}: {faults:?}");
            assert!(faults[0].contains(CLUSTERS), "{faults:?}");
        }
    }
}
