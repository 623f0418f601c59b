//! The configuration by which the API server asks the webhook: made, repaired, and told which authorities to trust.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenure_cluster::names;

use crate::certificate::Issued;

/// The most authorities of other processes, or of earlier ones, that are kept.
const OTHERS: usize = 16;

/// How long the API server waits for an answer, in seconds.
const ANSWERED_WITHIN: u32 = 3;

/// Where the API server reaches the webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// At this URL: `https://`, a host, maybe a port, and no path.
    Url(String),
    /// Through this service of the cluster.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
    },
}

/// Why the API server could not be told where it reaches the webhook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no place where a cluster can reach the freeze webhook: {1}")]
pub struct UnreachableError(String, &'static str);

impl Reached {
    /// At a URL.
    pub fn url(text: &str) -> Result<Self, UnreachableError> {
        let wrong =
            || UnreachableError(text.to_owned(), "write a URL such as https://10.0.0.5:8443, without a path");
        let uri: http::Uri = text.parse().map_err(|_| wrong())?;
        let is_plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        if uri.scheme_str() != Some("https") || !is_plain || !matches!(uri.path(), "" | "/") {
            return Err(wrong());
        }
        Ok(Self::Url(text.trim_end_matches('/').to_owned()))
    }

    /// Through a service that is written as `NAMESPACE/NAME` or `NAMESPACE/NAME:PORT`.
    pub fn service(text: &str) -> Result<Self, UnreachableError> {
        let wrong = || UnreachableError(text.to_owned(), "write NAMESPACE/NAME or NAMESPACE/NAME:PORT");
        let (namespace, rest) = text.split_once('/').ok_or_else(wrong)?;
        let (name, port) = match rest.split_once(':') {
            Some((name, port)) => (name, port.parse().map_err(|_| wrong())?),
            None => (rest, 443),
        };
        let is_label = |part: &str| {
            let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            !part.is_empty() && part.len() <= 63 && part.bytes().all(allowed)
        };
        if !is_label(namespace) || !is_label(name) || port == 0 {
            return Err(wrong());
        }
        Ok(Self::Service { namespace: namespace.to_owned(), name: name.to_owned(), port })
    }

    /// The name or address that the certificate has to be for.
    pub(crate) fn host(&self) -> String {
        match self {
            Self::Url(url) => {
                let uri: http::Uri = url.parse().unwrap_or_default();
                uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned()
            }
            Self::Service { namespace, name, .. } => format!("{name}.{namespace}.svc"),
        }
    }

    fn client_config(&self, bundle: &str) -> Value {
        let bundle = STANDARD.encode(bundle);
        match self {
            Self::Url(url) => json!({"url": format!("{url}{PATH}"), "caBundle": bundle}),
            Self::Service { namespace, name, port } => json!({
                "service": {"namespace": namespace, "name": name, "port": port, "path": PATH},
                "caBundle": bundle,
            }),
        }
    }
}

/// Where the webhook is served.
pub(crate) const PATH: &str = "/freeze";

/// What tenants and their tools write, by API group, with the subresources that change what runs or hand out rights. What
/// the cluster writes about it (statuses, bindings, events, leases, endpoints) is not among it, and nothing that has no
/// namespace.
const CHANGES: [(&str, &[&str]); 8] = [
    (
        "",
        &[
            "pods",
            "pods/eviction",
            "pods/ephemeralcontainers",
            "services",
            "configmaps",
            "secrets",
            "persistentvolumeclaims",
            "serviceaccounts",
            "serviceaccounts/token",
            "replicationcontrollers",
            "replicationcontrollers/scale",
        ],
    ),
    (
        "apps",
        &[
            "deployments",
            "deployments/scale",
            "statefulsets",
            "statefulsets/scale",
            "replicasets",
            "replicasets/scale",
            "daemonsets",
        ],
    ),
    ("batch", &["jobs", "cronjobs"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("policy", &["poddisruptionbudgets"]),
    ("networking.k8s.io", &["ingresses"]),
    ("extensions", &["ingresses"]),
    ("gateway.networking.k8s.io", &["httproutes", "grpcroutes", "tcproutes", "tlsroutes"]),
];

/// Ways into what runs.
const CONNECTIONS: &[&str] =
    &["pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy"];

fn rule(operations: &[&str], group: &str, resources: &[&str]) -> Value {
    json!({
        "operations": operations,
        "apiGroups": [group],
        "apiVersions": ["*"],
        "resources": resources,
        "scope": "Namespaced",
    })
}

/// Which questions one webhook of the configuration is for.
struct Questions<'a> {
    name: &'a str,
    rules: Vec<Value>,
    /// Of which namespaces, by their labels.
    namespaces: Value,
    /// About which objects, by their labels before or after.
    objects: Value,
    /// What the API server does while nobody answers.
    unanswered: &'a str,
}

/// Everything that carries all of these labels.
fn carrying(labels: &[&str]) -> Value {
    let carries = |label: &&str| json!({"key": label, "operator": "Exists"});
    json!({"matchExpressions": labels.iter().map(carries).collect::<Vec<_>>()})
}

impl Questions<'_> {
    /// What tenants and their tools write. Only namespaces that carry the label are asked about, so that an outage hinders
    /// nobody else.
    fn changes() -> Self {
        let mut rules: Vec<Value> = CHANGES
            .iter()
            .map(|(group, resources)| rule(&["CREATE", "UPDATE", "DELETE"], group, resources))
            .collect();
        rules.push(rule(&["CONNECT"], "", CONNECTIONS));
        Self {
            name: names::FREEZE_WEBHOOK,
            rules,
            namespaces: carrying(&[names::FROZEN]),
            objects: json!({}),
            unanswered: "Fail",
        }
    }

    /// The label itself. A selector of objects is held against the object before and after, so that taking the label away is
    /// asked about too; one of namespaces would be held against what comes after. Statuses are among it, as a change of one
    /// can carry labels along.
    fn labels() -> Self {
        let resources = ["namespaces", "namespaces/status", "namespaces/finalize"];
        let mut namespaces = rule(&["UPDATE", "DELETE"], "", &resources);
        namespaces["scope"] = json!("Cluster");
        Self {
            name: names::FREEZE_LABEL_WEBHOOK,
            rules: vec![namespaces],
            namespaces: json!({}),
            objects: carrying(&[names::FROZEN, names::ACCOUNT]),
            unanswered: "Fail",
        }
    }

    /// What operators have declared to them, in their own kinds. What their operators make of it is asked about as any change,
    /// and refused while nobody answers; so this need not be, and an outage ends nothing that operators keep running.
    fn kinds(groups: &[String]) -> Option<Self> {
        let mut rule = rule(&["CREATE", "UPDATE", "DELETE"], "", &["*", "*/scale"]);
        rule["apiGroups"] = json!(groups);
        (!groups.is_empty()).then(|| Self {
            name: names::FREEZE_KINDS_WEBHOOK,
            rules: vec![rule],
            namespaces: carrying(&[names::FROZEN]),
            objects: json!({}),
            unanswered: "Ignore",
        })
    }

    fn webhook(&self, reached: &Reached, bundle: &str) -> Value {
        json!({
            "name": self.name,
            "clientConfig": reached.client_config(bundle),
            "rules": self.rules,
            "failurePolicy": self.unanswered,
            "matchPolicy": "Equivalent",
            "namespaceSelector": self.namespaces,
            "objectSelector": self.objects,
            "sideEffects": "None",
            "timeoutSeconds": ANSWERED_WITHIN,
            "admissionReviewVersions": ["v1"],
        })
    }
}

/// An authority by which some process serves the webhook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Authority {
    until: Timestamp,
    pem: String,
}

/// The configuration as it should be: ours, and of the authorities of others those that have not ended. `groups` are those
/// of operators' own kinds.
pub(crate) fn wanted<'a>(
    reached: &Reached,
    groups: &[String],
    ours: impl Iterator<Item = &'a Issued>,
    found: Option<&Value>,
    now: Timestamp,
) -> Value {
    let pointer = format!("/metadata/annotations/{}", names::FREEZE_AUTHORITIES.replace('/', "~1"));
    let told = found.and_then(|found| found.pointer(&pointer)).and_then(Value::as_str).unwrap_or_default();
    let ours: Vec<Authority> =
        ours.map(|issued| Authority { until: issued.until, pem: issued.authority.clone() }).collect();
    let mut others: Vec<Authority> = serde_json::from_str(told).unwrap_or_default();
    others.retain(|other| other.until > now && !ours.iter().any(|own| own.pem == other.pem));
    others.sort();
    others.dedup();
    let surplus = others.len().saturating_sub(OTHERS);
    let mut all: Vec<Authority> = others.split_off(surplus);
    all.extend(ours);
    all.sort();
    let webhooks = [Questions::changes(), Questions::labels()].into_iter().chain(Questions::kinds(groups));
    let bundle: String = all.iter().map(|authority| authority.pem.as_str()).collect();
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {
            "name": names::FREEZE,
            "annotations": {names::FREEZE_AUTHORITIES: json!(all).to_string()},
        },
        "webhooks": webhooks.map(|questions| questions.webhook(reached, &bundle)).collect::<Vec<_>>(),
    })
}

/// Whether what was found is as it should be, with what the server fills in by itself.
pub(crate) fn is_as(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) if wanted.is_empty() => found.is_empty(),
        (Value::Object(wanted), Value::Object(found)) => {
            // Conditions would exempt somebody; we write none.
            let has_conditions = found.get("matchConditions").and_then(Value::as_array);
            has_conditions.is_none_or(Vec::is_empty)
                && wanted.iter().all(|(name, value)| found.get(name).is_some_and(|found| is_as(value, found)))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|(wanted, found)| is_as(wanted, found))
        }
        (wanted, found) => wanted == found,
    }
}

/// Makes the configuration as it should be; `true` if it was not.
pub(crate) async fn keep(
    client: &Client,
    reached: &Reached,
    groups: &[String],
    ours: Vec<Issued>,
    now: Timestamp,
) -> kube::Result<bool> {
    let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration");
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &ApiResource::from_gvk(&kind));
    let found = api.get_opt(names::FREEZE).await?;
    let version = found.as_ref().and_then(|found| found.metadata.resource_version.clone());
    let found = found.map(serde_json::to_value).transpose().map_err(kube::Error::SerdeError)?;
    let mut wanted = wanted(reached, groups, ours.iter(), found.as_ref(), now);
    if found.as_ref().is_some_and(|found| is_as(&wanted, found)) {
        return Ok(false);
    }
    let params = PostParams { field_manager: Some(names::FIELD_MANAGER.to_owned()), ..PostParams::default() };
    if let Some(version) = version {
        // Another process may have added its authority since.
        wanted["metadata"]["resourceVersion"] = json!(version);
        let object = serde_json::from_value(wanted).map_err(kube::Error::SerdeError)?;
        api.replace(names::FREEZE, &params, &object).await?;
    } else {
        let object = serde_json::from_value(wanted).map_err(kube::Error::SerdeError)?;
        api.create(&params, &object).await?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
