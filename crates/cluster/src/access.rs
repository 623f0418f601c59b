//! Who the tenant's people are to the cluster, and the credentials that they get for a while.
//!
//! One service account for each role of each open environment, in a namespace of ours that no tenant has rights in.

use std::fmt;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};
use serde_json::json;
use tenure_domain::environment::TenantRole;
use tenure_domain::name::{AccountId, EnvironmentId};

use crate::environment::Environment;
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, uid};
use crate::names;
use crate::pass::Pass;
use crate::reach::Reach;
use crate::report::Repair;
use crate::requests::Requests;

/// A kubeconfig with a token that ends by itself.
#[derive(Clone)]
pub struct Credentials {
    /// The kubeconfig (YAML). A secret.
    pub kubeconfig: String,
    /// When the cluster ends it, in the cluster's time.
    pub expires: Timestamp,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Makes the identities of an open environment that are not there.
pub(crate) async fn identities(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    let environment = pass.environment;
    // What is only rehearsed changes nobody's access, and makes no account.
    if environment.envelope.kind.is_managed() || pass.requests.rehearsal().is_some() {
        return Ok(());
    }
    let there = pass.requests.within(names::ACCESS);
    let name = |role| names::access_account(&environment.account, &environment.id, role);
    let found = try_join_all(TenantRole::ALL.map(|role| {
        let (there, name) = (&there, name(role));
        async move { there.get(Kind::ServiceAccount, &name).await }
    }))
    .await?;
    let missing = TenantRole::ALL.into_iter().zip(found).filter(|(_, found)| found.is_none());
    let missing: Vec<TenantRole> = missing.map(|(role, _)| role).collect();
    if !missing.is_empty() {
        namespace(&there).await?;
    }
    for role in missing {
        let bound = ObjectKey::new(Kind::RoleBinding, names::role(role));
        if pass.memory.inventory.get(&bound).is_some_and(|entry| entry.uid.is_some()) {
            pass.repairs.push(Repair {
                object: ObjectKey::new(Kind::ServiceAccount, name(role)),
                difference: format!("was deleted from {}", names::ACCESS),
                manager: None,
            });
        }
        let account = json!({
            "apiVersion": Kind::ServiceAccount.api_version(),
            "kind": Kind::ServiceAccount.as_str(),
            "metadata": {"name": name(role), "namespace": names::ACCESS, "labels": {
                names::ACCOUNT: environment.account.as_str(),
                names::ENVIRONMENT: environment.id.as_str(),
            }},
            "automountServiceAccountToken": false,
        });
        there.create(Kind::ServiceAccount, &account).await?;
    }
    pass.requests.count_also(&there);
    Ok(())
}

/// Deletes the identities of an environment that is being deleted, and ends every token of theirs with them.
pub(crate) async fn end_identities(
    requests: &Requests,
    (account, environment): (&AccountId, &EnvironmentId),
) -> Result<Vec<(ObjectKey, String)>, ClusterError> {
    let there = requests.within(names::ACCESS);
    let mut ended = Vec::new();
    for role in TenantRole::ALL {
        let key = ObjectKey::new(Kind::ServiceAccount, names::access_account(account, environment, role));
        let Some(found) = there.get(Kind::ServiceAccount, &key.name).await? else { continue };
        let is_theirs = mark(&found, "labels", names::ACCOUNT) == Some(account.as_str())
            && mark(&found, "labels", names::ENVIRONMENT) == Some(environment.as_str());
        if is_theirs {
            there.delete(&key, uid(&found), None).await?;
            ended.push((key, uid(&found).to_owned()));
        }
    }
    requests.count_also(&there);
    Ok(ended)
}

/// The namespace of the identities: made where there is none, and left alone where it is somebody else's.
async fn namespace(there: &Requests) -> Result<(), ClusterError> {
    let wanted = json!({
        "apiVersion": Kind::Namespace.api_version(),
        "kind": Kind::Namespace.as_str(),
        "metadata": {"name": names::ACCESS, "labels": {
            names::ACCESS_LABEL: "true",
            "pod-security.kubernetes.io/enforce": "restricted",
        }},
    });
    let found = match there.get(Kind::Namespace, names::ACCESS).await? {
        Some(found) => found,
        None => match there.create(Kind::Namespace, &wanted).await? {
            Some(made) => made,
            // Another pass made it just now.
            None => there.get(Kind::Namespace, names::ACCESS).await?.unwrap_or_default(),
        },
    };
    if mark(&found, "labels", names::ACCESS_LABEL) == Some("true") {
        return Ok(());
    }
    Err(ClusterError::ForeignNamespace {
        name: names::ACCESS.to_owned(),
        found: uid(&found).to_owned(),
        known: None,
    })
}

/// See [`crate::Cluster::credentials`].
pub(crate) async fn credentials(
    client: &Client,
    requests: &Requests,
    reach: &Reach,
    environment: &Environment,
    role: TenantRole,
    seconds: u32,
) -> Result<Credentials, ClusterError> {
    let name = names::access_account(&environment.account, &environment.id, role);
    let doing = || format!("asking for a token of {name}");
    let unreadable = |detail: &str| ClusterError::Answer { doing: doing(), detail: detail.to_owned() };
    let server =
        reach.server.as_deref().ok_or_else(|| ClusterError::Kubeconfig("no URL is known".to_owned()))?;
    let api: Api<ServiceAccount> = Api::namespaced(client.clone(), names::ACCESS);
    let request = TokenRequest {
        spec: TokenRequestSpec { expiration_seconds: Some(seconds.into()), ..TokenRequestSpec::default() },
        ..TokenRequest::default()
    };
    let answer =
        requests.timed(doing, api.create_token_request(&name, &PostParams::default(), &request)).await?;
    let status = answer.status.ok_or_else(|| unreadable("it holds no token"))?;
    let kubeconfig = reach.kubeconfig(server, &environment.namespace(), role.as_str(), &status.token);
    Ok(Credentials { kubeconfig, expires: status.expiration_timestamp.0 })
}
