//! Lists as streams of their items, a page read when it is needed.

use std::collections::VecDeque;

use futures_util::{Stream, stream};
use serde::de::DeserializeOwned;
use tenure_wire::cluster::ClusterView;
use tenure_wire::snapshot::SnapshotView;
use tenure_wire::view::{
    AccountView, CaseView, EnvironmentView, EventView, NoticeView, Page, PersonView, ReportView,
    RevisionView, RuleView, SecretView, TermsView, WorkloadView,
};

use tenure_wire::webhook::{DeliveryView, WebhookView};

use crate::{Client, ClientError};

impl Client {
    /// The items of the list at a path, from its beginning. It ends after an error.
    pub fn items<T: DeserializeOwned + Unpin>(
        &self,
        path: &str,
    ) -> impl Stream<Item = Result<T, ClientError>> + use<T> {
        let join = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{join}pageSize=200");
        let state = (self.clone(), first.clone(), Some(first), VecDeque::new());
        stream::try_unfold(state, |(client, first, mut next, mut read)| async move {
            loop {
                if let Some(item) = read.pop_front() {
                    return Ok(Some((item, (client, first, next, read))));
                }
                let Some(page) = next.take() else { return Ok(None) };
                let page: Page<T> = client.get(&page).await?;
                next = page.next_page_token.map(|token| format!("{first}&pageToken={token}"));
                read.extend(page.items);
            }
        })
    }
}

macro_rules! lists {
    ($($(#[$doc:meta])* $operation:literal $name:ident($($arg:ident),*) $path:literal => $item:ty;)*) => {
        pub(crate) const LISTS: &[&str] = &[$($operation),*];

        impl Client {$(
            $(#[$doc])*
            pub fn $name(&self, $($arg: &str,)*) -> impl Stream<Item = Result<$item, ClientError>> + use<> {
                self.items(&format!($path, $($arg = $arg),*))
            }
        )*}
    };
}

lists! {
    /// All accounts that the caller can see.
    "listAccounts" all_accounts() "/v1/accounts" => AccountView;
    /// All environments of an account.
    "listEnvironments" all_environments(account) "/v1/accounts/{account}/environments" => EnvironmentView;
    /// All secrets of an environment, without their values.
    "listSecrets" all_secrets(account, environment) "/v1/accounts/{account}/environments/{environment}/secrets" => SecretView;
    /// All snapshots of an environment's volumes.
    "listSnapshots" all_snapshots(account, environment) "/v1/accounts/{account}/environments/{environment}/snapshots" => SnapshotView;
    /// All declarations of a workload, the latest first.
    "listRevisions" all_revisions(account, environment, workload) "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/revisions" => RevisionView;
    /// All workloads of an environment.
    "listWorkloads" all_workloads(account, environment) "/v1/accounts/{account}/environments/{environment}/workloads" => WorkloadView;
    /// An account's inbox.
    "listNotices" all_notices(account) "/v1/accounts/{account}/notices" => NoticeView;
    /// The notices that reach nobody.
    "listUndeliverable" all_undeliverable() "/v1/notices/undeliverable" => NoticeView;
    /// All webhook endpoints.
    "listWebhooks" all_webhooks() "/v1/webhooks" => WebhookView;
    /// All messages to a webhook endpoint that are kept.
    "listDeliveries" all_deliveries(webhook) "/v1/webhooks/{webhook}/deliveries" => DeliveryView;
    /// All reports about an account.
    "listReports" all_reports(account) "/v1/reports?account={account}" => ReportView;
    /// All cases against an account.
    "listCases" all_cases(account) "/v1/cases?account={account}" => CaseView;
    /// What happened in a case.
    "getTimeline" timeline(case) "/v1/cases/{case}/timeline" => EventView;
    /// All people of the provider.
    "listPeople" all_people() "/v1/people" => PersonView;
    /// The clusters.
    "listClusters" all_clusters() "/v1/clusters" => ClusterView;
    /// All published terms.
    "listTerms" all_terms() "/v1/terms" => TermsView;
    /// All rules.
    "listRules" all_rules() "/v1/rules" => RuleView;
}
