//! How others than the engine reach a cluster, and what the provider says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use k8s_openapi::ByteString;
use kube::Config;
use serde_json::json;

/// A page of the provider's that says that something is suspended, with the status 503: reached by ingress controllers under
/// this name, in plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspendedPage {
    /// The host, as pods of the cluster resolve it: `suspended.provider.svc.cluster.local`.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The gateway that visitors come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The namespace that it is in.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// How tenants reach a cluster, and where its ingress controllers are. What nobody said is taken from how the engine
/// itself reaches it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// The URL of its API.
    pub server: Option<String>,
    /// The certificates (PEM) by which its API is known; none for those that every machine knows.
    pub certificate_authority: Option<String>,
    /// The namespaces whose pods bring visitors to tenants' pods.
    pub ingress_namespaces: BTreeSet<String>,
    /// What is written on an ingress for which a certificate is asked.
    pub tls_annotations: BTreeMap<String, String>,
    /// What visitors come to of hostnames from which they are kept; none, and the ingress controller answers by itself.
    pub suspended_page: Option<SuspendedPage>,
    /// The gateway that visitors come to, where the cluster has the Gateway API; none, and they come by ingresses.
    pub gateway: Option<Gateway>,
    /// The namespace that the engine itself runs in, where it runs in the cluster.
    pub own_namespace: Option<String>,
}

impl Reach {
    /// Whether a namespace is of the provider's own works: the engine's, or an ingress controller's.
    pub(crate) fn is_providers(&self, namespace: &str) -> bool {
        self.ingress_namespaces.contains(namespace) || self.own_namespace.as_deref() == Some(namespace)
    }

    /// How the engine itself reaches the cluster.
    pub(crate) fn of(config: &Config) -> Self {
        let certificates = config.root_cert.as_ref().filter(|certificates| !certificates.is_empty());
        Self {
            server: Some(config.cluster_url.to_string().trim_end_matches('/').to_owned()),
            certificate_authority: certificates.map(|all| all.iter().map(|der| pem(der)).collect()),
            ingress_namespaces: BTreeSet::new(),
            tls_annotations: BTreeMap::new(),
            suspended_page: None,
            gateway: None,
            own_namespace: None,
        }
    }

    /// This, where something is said, and else what was known before.
    pub(crate) fn over(self, before: &Self) -> Self {
        // The certificates belong to the URL: who names another one is not known by those of the first.
        let same = self.server.is_none() || self.server == before.server;
        let known = || before.certificate_authority.clone().filter(|_| same);
        Self {
            certificate_authority: self.certificate_authority.or_else(known),
            server: self.server.or_else(|| before.server.clone()),
            ingress_namespaces: self.ingress_namespaces,
            tls_annotations: self.tls_annotations,
            suspended_page: self.suspended_page,
            gateway: self.gateway,
            own_namespace: self.own_namespace.or_else(|| before.own_namespace.clone()),
        }
    }

    /// A kubeconfig (YAML) for one namespace.
    pub(crate) fn kubeconfig(&self, server: &str, namespace: &str, role: &str, token: &str) -> String {
        let cluster = match &self.certificate_authority {
            Some(pem) => json!({"server": server, "certificate-authority-data": base64(pem.as_bytes())}),
            None => json!({"server": server}),
        };
        let name = format!("{namespace}--{role}");
        let context = json!({"cluster": "cluster", "namespace": namespace, "user": name});
        // JSON within the lines of YAML is YAML, and needs no escaping of its own.
        let mut text = String::from("apiVersion: v1\nkind: Config\n");
        for (key, value) in [
            ("clusters", json!([{"name": "cluster", "cluster": cluster}])),
            ("users", json!([{"name": name, "user": {"token": token}}])),
            ("contexts", json!([{"name": name, "context": context}])),
            ("current-context", json!(name)),
        ] {
            let _ = writeln!(text, "{key}: {value}");
        }
        text
    }
}

fn base64(bytes: &[u8]) -> String {
    match serde_json::to_value(ByteString(bytes.to_vec())) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

fn pem(der: &[u8]) -> String {
    let body = base64(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (n, c) in body.chars().enumerate() {
        if n > 0 && n % 64 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::config::Kubeconfig;

    #[test]
    fn a_kubeconfig_reads_back() {
        let reach = Reach {
            server: Some("https://cluster.example:6443".to_owned()),
            certificate_authority: Some(pem(&[0; 100])),
            ..Reach::default()
        };
        let text = reach.kubeconfig("https://cluster.example:6443", "parley--pen", "editor", "secret");
        let read = Kubeconfig::from_yaml(&text).unwrap();
        assert_eq!(read.current_context.as_deref(), Some("parley--pen--editor"));
        let context = read.contexts[0].context.as_ref().unwrap();
        assert_eq!(context.namespace.as_deref(), Some("parley--pen"));
        let cluster = read.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://cluster.example:6443"));
        assert!(cluster.certificate_authority_data.as_ref().is_some_and(|data| data.starts_with("LS0tLS1")));
    }

    #[test]
    fn the_certificates_of_one_url_are_not_those_of_another() {
        let own = Reach {
            server: Some("https://10.0.0.1".to_owned()),
            certificate_authority: Some("pem".to_owned()),
            ..Reach::default()
        };
        let said = Reach { ingress_namespaces: ["ingress".to_owned()].into(), ..Reach::default() };
        let both = said.over(&own);
        assert_eq!((both.certificate_authority.as_deref(), both.ingress_namespaces.len()), (Some("pem"), 1));
        let elsewhere = Reach { server: Some("https://api.example".to_owned()), ..Reach::default() };
        assert_eq!(elsewhere.over(&own).certificate_authority, None);
    }
}
