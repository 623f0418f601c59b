//! Credentials for open environments: first on the record, then from the cluster, and never kept.

use tenure_cluster::{ClusterError, Credentials};
use tenure_domain::account::Command;
use tenure_domain::account::provision::Provision;
use tenure_domain::environment::TenantRole;
use tenure_domain::name::{AccountId, EnvironmentId};
use tenure_domain::refusal::{Guard, Rejected, Unmet};

use crate::engine::Engine;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, clusters, workloads};

impl Engine {
    /// Credentials of a member for an open environment that end by themselves after so many seconds. That they were
    /// granted is on the record before the cluster is asked for them.
    pub async fn issue_credentials(
        &self,
        caller: Caller,
        account: &AccountId,
        environment: &EnvironmentId,
        role: TenantRole,
        seconds: u32,
    ) -> Result<Credentials, EngineError> {
        let command = Provision::GrantAccess { environment: environment.clone(), role, seconds };
        let act = Act::Account(account.clone(), Command::Provision(command));
        if !self.inner.has_cluster {
            if let Caller::Principal(principal) = &caller {
                self.inner.authorize(principal, &act)?;
            }
            let detail = "no cluster follows this installation";
            let unmet =
                Unmet::new(Guard::Supported, detail, "configure one, and create the environment there");
            return Err(Rejected::from(unmet).into());
        }
        self.submit(Submission::new(caller, act)).await?;
        let account_now = self.account(account).await?;
        let on = &account_now.environment(environment)?.cluster;
        let cluster = clusters::asked(&self.inner.clusters, on)?;
        let declared = workloads::bare(&account_now, environment)?;
        cluster.credentials(&declared, role, seconds).await.map_err(|error: ClusterError| {
            tracing::warn!(%account, %environment, %error, "the cluster gave no credentials");
            EngineError::Cluster(error.told().to_owned())
        })
    }
}
