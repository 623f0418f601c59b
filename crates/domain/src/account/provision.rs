//! How an account is provisioned: its plan, the environments that divide it, requests for more, and who may enter.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Account;
use super::actor::Actor;
use crate::environment::{EnvironmentKind, TenantRole};
use crate::hostname::Answered;
use crate::import::{Concern, Survey};
use crate::name::{
    ChallengeToken, ClusterId, EnvironmentId, Hostname, Namespace, PersonId, QuotaRequestId, Uid,
};
use crate::plan::{Allowances, Exposure, Share};
use crate::refusal::Rejected;
use crate::text::{Blob, Words};

/// The shortest time that credentials last, in seconds: no cluster gives them for less.
pub const ACCESS_LEAST: u32 = 600;
/// The longest, in seconds: a day.
pub const ACCESS_MOST: u32 = 86_400;

/// What is asked of an account about what it is provisioned with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the vocabulary's word; the variants say what they do")]
pub enum Provision {
    /// Add an environment of this kind on a cluster, with its share of the plan.
    CreateEnvironment { environment: EnvironmentId, cluster: ClusterId, kind: EnvironmentKind, share: Share },
    /// Take a namespace that is there as an open environment with its share of the plan, with what a look at it told just
    /// now.
    ImportEnvironment {
        environment: EnvironmentId,
        namespace: Namespace,
        uid: Uid,
        share: Share,
        accepted: Vec<Concern>,
        survey: Box<Survey>,
    },
    /// The namespace of an imported environment was seen to be taken.
    ConfirmAdopted { environment: EnvironmentId, receipt: Blob },
    /// It cannot be taken, and nothing in it was touched.
    EndImport { environment: EnvironmentId, why: String },
    /// Give an environment another share.
    ChangeEnvironment { environment: EnvironmentId, share: Share },
    /// Say what the account's plan allows.
    SetPlan { share: Share, allowances: Box<Allowances> },
    /// A member asks for a larger plan.
    RequestQuota { share: Share, why: Words },
    /// Grant what was asked for.
    GrantQuota { request: QuotaRequestId },
    /// Deny it, with a reason.
    DenyQuota { request: QuotaRequestId, why: Words },
    /// A member is to get credentials for an open environment, for as many seconds.
    GrantAccess { environment: EnvironmentId, role: TenantRole, seconds: u32 },
    /// Say that a hostname is the account's own; the token names its challenge.
    ClaimHostname { hostname: Hostname, token: ChallengeToken },
    /// Have it looked at whether it is, with what answered the challenge of this token just now.
    ProveHostname { hostname: Hostname, token: ChallengeToken, answered: Answered, evidence: Blob },
    /// Give a hostname up.
    ReleaseHostname { hostname: Hostname },
    /// Have an environment live on another cluster.
    MoveEnvironment { environment: EnvironmentId, cluster: ClusterId, why: Words },
    /// Have one stay that was to be moved.
    CancelMove { environment: EnvironmentId },
    /// It was seen on the other cluster as it was on its own.
    ConfirmMoved { environment: EnvironmentId, receipt: Blob },
    /// Nothing of it is left on the cluster that it does not live on.
    EndMove { environment: EnvironmentId, certificate: Blob },
}

impl Provision {
    /// Its name in the record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateEnvironment { .. } => "create environment",
            Self::ImportEnvironment { .. } => "import environment",
            Self::ConfirmAdopted { .. } => "confirm adopted",
            Self::EndImport { .. } => "end import",
            Self::ChangeEnvironment { .. } => "change environment",
            Self::SetPlan { .. } => "set plan",
            Self::RequestQuota { .. } => "request quota",
            Self::GrantQuota { .. } => "grant quota",
            Self::DenyQuota { .. } => "deny quota",
            Self::GrantAccess { .. } => "grant access",
            Self::ClaimHostname { .. } => "claim hostname",
            Self::ProveHostname { .. } => "prove hostname",
            Self::ReleaseHostname { .. } => "release hostname",
            Self::MoveEnvironment { .. } => "move environment",
            Self::CancelMove { .. } => "cancel move",
            Self::ConfirmMoved { .. } => "confirm moved",
            Self::EndMove { .. } => "end move",
        }
    }
}

/// A member's request for a larger plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaRequest {
    /// Its id.
    pub id: QuotaRequestId,
    /// What the plan is to allow, all in all.
    pub asked: Share,
    /// Why.
    pub why: Words,
    /// When it was made.
    pub asked_at: Timestamp,
    /// Who made it.
    pub asked_by: Actor,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<QuotaDecision>,
}

/// What became of a request for a larger plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaDecision {
    /// Who decided.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why it was denied; none where it was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<Words>,
}

impl Account {
    /// What the account's plan allows its environments together. Where nobody said how much of it can be reached from
    /// outside, as in all accounts of earlier versions, that is no load balancer and any number of hostnames.
    pub fn allowed(&self) -> Share {
        let unsaid = Exposure { load_balancers: 0, hostnames: u32::MAX };
        Share { plan: self.plan, exposure: self.exposure.unwrap_or(unsaid) }
    }

    /// What its environments have of that, without the one that is named.
    pub fn divided(&self, without: Option<&EnvironmentId>) -> Share {
        let others = self.environments.iter().filter(|(id, _)| without != Some(*id));
        others.fold(Share::NOTHING, |sum, (_, environment)| sum.and(environment.share()))
    }

    /// The request for a larger plan of this id.
    pub fn quota_request(&self, id: &QuotaRequestId) -> Result<&QuotaRequest, Rejected> {
        let ours = id.account() == &self.id;
        let found = if ours { self.quota_requests.get(id.number() as usize - 1) } else { None };
        found.ok_or_else(|| Rejected::not_found("quota request", id))
    }
}
