//! Looking at the tenants' pages, through the cluster's own API server.

use std::path::Path;

use anyhow::Context as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tenure_cluster::names;

/// Fetches tenants' pages.
#[derive(Clone)]
pub struct Pages {
    client: Client,
}

impl Pages {
    /// Through the cluster of a kubeconfig's text.
    pub async fn from_kubeconfig_text(yaml: &str) -> anyhow::Result<Self> {
        Self::from(Kubeconfig::from_yaml(yaml)?, None).await
    }

    /// Through the cluster of a kubeconfig's file and context, or the usual ones.
    pub async fn from_kubeconfig(path: Option<&Path>, context: Option<&str>) -> anyhow::Result<Self> {
        let kubeconfig = match path {
            Some(path) => Kubeconfig::read_from(path)?,
            None => Kubeconfig::read()?,
        };
        Self::from(kubeconfig, context).await
    }

    async fn from(kubeconfig: Kubeconfig, context: Option<&str>) -> anyhow::Result<Self> {
        let options =
            KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
        // A page that is off answers 503, which is an answer and no reason to ask again.
        config.default_retry = false;
        Ok(Self { client: Client::try_from(config)? })
    }

    /// A client of the cluster that takes 503 for an answer.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// What a workload's page answers: status and body.
    pub async fn fetch(
        &self,
        account: &str,
        environment: &str,
        workload: &str,
    ) -> anyhow::Result<(u16, String)> {
        let namespace = names::namespace(&account.parse()?, &environment.parse()?);
        let service = names::service(&workload.parse()?);
        let path = format!("/api/v1/namespaces/{namespace}/services/{service}:80/proxy/");
        let request = http::Request::get(&path).body(Vec::new()).context("the page's address")?;
        match self.client.request_text(request).await {
            Ok(body) => Ok((200, body)),
            Err(kube::Error::Api(status)) => Ok((status.code, status.message.clone())),
            Err(error) => Err(error).with_context(|| format!("the page at {path}")),
        }
    }
}
