//! Tokens of service accounts, and what roles give whoever shows one.

use anyhow::{Result, ensure};
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{ConfigMap, ResourceQuota, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::config::AuthInfo;
use serde_json::json;

use crate::lab::{Lab, eventually, object};

async fn token(lab: &Lab, account: &str, seconds: i64) -> kube::Result<String> {
    let request: TokenRequest = object(json!({"spec": {"audiences": [], "expirationSeconds": seconds}}));
    let accounts = lab.api::<ServiceAccount>();
    let answer = accounts.create_token_request(account, &PostParams::default(), &request).await?;
    Ok(answer.status.map(|status| status.token).unwrap_or_default())
}

fn showing(lab: &Lab, token: &str) -> Result<Client> {
    let mut config = lab.config.clone();
    config.auth_info = AuthInfo { token: Some(token.to_owned().into()), ..AuthInfo::default() };
    Ok(Client::try_from(config)?)
}

fn code<T>(answer: kube::Result<T>) -> u16 {
    match answer {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(_) => 0,
    }
}

async fn reader(lab: &Lab) -> Result<Client> {
    lab.create::<ServiceAccount>(json!({"metadata": {"name": "reader"}})).await?;
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]);
    lab.create::<Role>(json!({"metadata": {"name": "reader"}, "rules": rules})).await?;
    let subject = json!({"kind": "ServiceAccount", "name": "reader", "namespace": lab.namespace});
    lab.create::<RoleBinding>(json!({"metadata": {"name": "reader"}, "subjects": [subject], "roleRef":
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}}))
        .await?;
    showing(lab, &token(lab, "reader", 600).await?)
}

/// Waits for an answer with this status to a list of config maps: the real server's caches follow in their own time.
async fn lists(client: &Client, namespace: &str, wanted: u16) -> Result<()> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    eventually(&format!("an answer {wanted}"), async || {
        Ok((code(maps.list(&ListParams::default()).await) == wanted).then_some(()))
    })
    .await
}

pub async fn a_role_gives_what_it_says_and_no_more(lab: &Lab) -> Result<()> {
    let client = reader(lab).await?;
    lists(&client, &lab.namespace, 200).await?;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &lab.namespace);
    let map: ConfigMap = object(json!({"metadata": {"name": "mine"}}));
    let Err(kube::Error::Api(refused)) = maps.create(&PostParams::default(), &map).await else {
        anyhow::bail!("a reader creates");
    };
    ensure!(refused.code == 403 && refused.reason == "Forbidden", "{refused:?}");
    let told = format!(
        "User \"system:serviceaccount:{}:reader\" cannot create resource \"configmaps\" in API group \"\" in the \
         namespace \"{}\"",
        lab.namespace, lab.namespace
    );
    ensure!(refused.message.contains(&told), "{}", refused.message);
    let quotas: Api<ResourceQuota> = Api::namespaced(client.clone(), &lab.namespace);
    ensure!(code(quotas.list(&ListParams::default()).await) == 403);
    let elsewhere: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    ensure!(code(elsewhere.list(&ListParams::default()).await) == 403);
    ensure!(code(Api::<ConfigMap>::all(client).list(&ListParams::default()).await) == 403);
    Ok(())
}

pub async fn who_is_no_longer_bound_has_nothing(lab: &Lab) -> Result<()> {
    let client = reader(lab).await?;
    lists(&client, &lab.namespace, 200).await?;
    let nobody = Patch::Merge(json!({"subjects": []}));
    lab.api::<RoleBinding>().patch("reader", &PatchParams::default(), &nobody).await?;
    lists(&client, &lab.namespace, 403).await
}

pub async fn a_token_ends_with_its_account(lab: &Lab) -> Result<()> {
    let client = reader(lab).await?;
    lists(&client, &lab.namespace, 200).await?;
    lab.api::<ServiceAccount>().delete("reader", &DeleteParams::default()).await?;
    lists(&client, &lab.namespace, 401).await?;
    lab.create::<ServiceAccount>(json!({"metadata": {"name": "reader"}})).await?;
    lists(&client, &lab.namespace, 401).await?;
    let another = showing(lab, "no such token")?;
    ensure!(
        code(Api::<ConfigMap>::namespaced(another, &lab.namespace).list(&ListParams::default()).await) == 401
    );
    Ok(())
}

pub async fn a_token_lasts_ten_minutes_at_least(lab: &Lab) -> Result<()> {
    lab.create::<ServiceAccount>(json!({"metadata": {"name": "reader"}})).await?;
    let Err(kube::Error::Api(refused)) = token(lab, "reader", 599).await else {
        anyhow::bail!("a token for less than ten minutes");
    };
    ensure!(refused.code == 422 && refused.message.contains("10 minutes"), "{refused:?}");
    Ok(())
}
