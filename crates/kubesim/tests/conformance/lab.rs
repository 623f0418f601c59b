//! A place to check things in: a client and a namespace of one's own.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests stop the test as tests do")]

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{Api, DeleteParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

/// How long anything may take. Real pods need most of it.
const PATIENCE: Duration = Duration::from_secs(90);

/// A client and a namespace.
pub struct Lab {
    pub client: Client,
    pub config: Config,
    pub namespace: String,
}

type Check = Pin<Box<dyn Future<Output = Result<()>>>>;

/// Runs a check on a simulation of its own.
pub async fn on_the_simulation(name: &str, check: impl FnOnce(Lab) -> Check) {
    let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await.expect("a simulation");
    let kubeconfig = Kubeconfig::from_yaml(&simulation.kubeconfig()).expect("its kubeconfig");
    run(name, kubeconfig, check).await;
    simulation.stop().await;
}

/// Runs a check on the server that `TENURE_TEST_KUBECONFIG` names.
pub async fn on_a_real_server(name: &str, check: impl FnOnce(Lab) -> Check) {
    let path = std::env::var("TENURE_TEST_KUBECONFIG")
        .expect("TENURE_TEST_KUBECONFIG must name the kubeconfig of a Kubernetes for tests");
    let kubeconfig = Kubeconfig::read_from(path).expect("the kubeconfig that TENURE_TEST_KUBECONFIG names");
    run(name, kubeconfig, check).await;
}

async fn run(name: &str, kubeconfig: Kubeconfig, check: impl FnOnce(Lab) -> Check) {
    // Another test of this process may have installed it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.expect("a config");
    // A refusal with 503 is an answer here, not a reason to try for minutes.
    config.default_retry = false;
    let client = Client::try_from(config.clone()).expect("a client");
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let wanted = object(json!({"metadata": {"generateName": "conformance-"}}));
    let made = namespaces.create(&PostParams::default(), &wanted).await.expect("a namespace");
    let namespace = made.metadata.name.expect("its name");
    let lab = Lab { client, config, namespace: namespace.clone() };
    // A real server takes no pods before the default account is there and, in older versions, has its token.
    let pods = lab.api::<Pod>();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let pod: Pod = object(json!({
        "metadata": {"name": "first"},
        "spec": {"containers": [{"name": "c", "image": "docker.io/library/busybox:1.35"}]},
    }));
    let outcome = match eventually("a namespace that takes pods", async || {
        Ok(pods.create(&dry, &pod).await.ok())
    })
    .await
    {
        Ok(_) => match tokio::time::timeout(2 * PATIENCE, check(lab)).await {
            Ok(outcome) => outcome,
            Err(late) => Err(late.into()),
        },
        Err(error) => Err(error),
    };
    namespaces.delete(&namespace, &DeleteParams::default()).await.ok();
    if let Err(error) = outcome {
        panic!("{name}: {error:?}");
    }
}

impl Lab {
    /// Objects of a kind in the lab's namespace.
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates an object from JSON.
    pub async fn create<K>(&self, value: Value) -> Result<K>
    where
        K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + serde::Serialize
            + DeserializeOwned
            + Clone
            + std::fmt::Debug,
    {
        Ok(self.api::<K>().create(&PostParams::default(), &object(value)).await?)
    }

    /// A small ConfigMap.
    pub async fn config_map(&self, name: &str, data: Value) -> Result<ConfigMap> {
        self.create(json!({"metadata": {"name": name}, "data": data})).await
    }

    /// GET of any path: the status code and the body.
    pub async fn get_raw(&self, path: &str) -> Result<String, kube::Error> {
        let request = axum::http::Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        self.client.request_text(request).await
    }
}

/// A typed object from JSON.
pub fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).expect("an object of its kind")
}

/// Waits until the probe finds something.
pub async fn eventually<T>(what: &str, probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    within(PATIENCE, what, probe).await
}

/// Waits until the probe finds something, but not longer than told.
pub async fn within<T>(
    patience: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = probe().await.with_context(|| format!("while waiting for {what}"))? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("waited {patience:?} in vain for {what}");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// The `Status` of a request that must have been refused.
pub fn refusal<T: std::fmt::Debug>(outcome: Result<T, kube::Error>) -> Result<kube::core::Status> {
    match outcome {
        Err(kube::Error::Api(status)) => Ok(*status),
        other => bail!("a refusal was expected, not {other:?}"),
    }
}
