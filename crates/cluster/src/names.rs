//! How things are called in the cluster: namespaces, objects, labels and annotations.
//!
//! Slugs never contain `--`, so a name joined with it can be read in one way only.

use tenure_domain::environment::TenantRole;
use tenure_domain::name::{AccountId, EnvironmentId, Hostname, SecretId, SnapshotId, VolumeId, WorkloadId};

/// Who we are to server-side apply.
pub const FIELD_MANAGER: &str = "tenure";
/// The label that says whose an object is.
pub const ACCOUNT: &str = "tenure.dev/account";
/// The label that says to which environment an object belongs.
pub const ENVIRONMENT: &str = "tenure.dev/environment";
/// The label that says to which workload an object belongs.
pub const WORKLOAD: &str = "tenure.dev/workload";
/// The key by which a service selects nothing while `ingress` is withheld. No pod carries it.
pub const WITHHELD: &str = "tenure.dev/withheld";
/// The annotation with the digest of what was last declared for an object.
pub const DECLARED: &str = "tenure.dev/declared-sha256";
/// The annotation on a namespace that proves that we made it; see [`crate::Memory`].
pub const CLAIM: &str = "tenure.dev/claim";
/// The annotation whose change wakes a workload's controllers when a stop ends.
pub const TOUCH: &str = "tenure.dev/touched";
/// The annotation on a pod template that changes when pods are to start anew.
pub const RESTARTED: &str = "tenure.dev/restarted-at";
/// The annotation on a pod template with the digest of what its files and secrets hold.
pub const CONFIG: &str = "tenure.dev/config-sha256";
/// The annotation on what scales by load, so that its number of pods is nobody's change.
pub const SCALED: &str = "tenure.dev/scaled-by-load";
/// The annotation on a cron job's run that a stop held up.
pub const SUSPENDED: &str = "tenure.dev/suspended";
/// The label on a namespace by which the API server asks the freeze webhook about what is changed there. Its value says
/// whether `environment` or only a `workload` is frozen.
pub const FROZEN: &str = "tenure.dev/frozen";
/// The annotation by which the freeze webhook knows a trial of ours.
pub const FREEZE_PROOF: &str = "tenure.dev/freeze-proof";
/// The configuration that registers the freeze webhook.
pub const FREEZE: &str = "tenure-freeze";
/// The freeze webhook.
pub const FREEZE_WEBHOOK: &str = "freeze.tenure.dev";
/// The webhook that guards the label by which that one is asked.
pub const FREEZE_LABEL_WEBHOOK: &str = "label.freeze.tenure.dev";
/// The webhook that is asked about objects of operators' own kinds.
pub const FREEZE_KINDS_WEBHOOK: &str = "kinds.freeze.tenure.dev";
/// The labels on a frozen namespace that nobody else changes: by them it is asked about, and known as ours.
pub const GUARDED: [&str; 3] = [FROZEN, ACCOUNT, ENVIRONMENT];
/// The annotation on that configuration that tells the authorities by which the webhook is known, and until when.
pub const FREEZE_AUTHORITIES: &str = "tenure.dev/freeze-authorities";
/// The quota that stops an environment.
pub const GATE: &str = "tenure-gate";
/// The quota and the limits that bound an environment to its plan.
pub const PLAN: &str = "tenure-plan";
/// The service account of every workload's pods. It has no rights and no token is mounted.
pub const SERVICE_ACCOUNT: &str = "workload";
/// The network policy that closes everything that no other one opens.
pub const DEFAULT_DENY: &str = "default-deny";

/// The namespace of the identities of tenants' people, in which no tenant has rights. No environment's namespace can have
/// this name: theirs hold `--`.
pub const ACCESS: &str = "tenure-access";
/// The label that says that we made that namespace.
pub const ACCESS_LABEL: &str = "tenure.dev/access";
/// The network policy by which the environments of an account reach each other.
pub const SAME_ACCOUNT: &str = "same-account";
/// The network policy that lets pods ask for names.
pub const DNS: &str = "dns";
/// The network policy that lets pods reach what the plan says.
pub const EGRESS: &str = "egress";
/// The network policy that lets the cluster's ingress controllers in.
pub const INGRESS_CONTROLLERS: &str = "ingress-controllers";
/// The network policy that lets everybody in to pods that carry [`PUBLIC_LABEL`].
pub const PUBLIC: &str = "public";
/// The label by which a pod of an open environment with load balancers says that everybody may reach it: `true`.
pub const PUBLIC_LABEL: &str = "tenure.dev/public";
/// The quota that refuses pods of priorities that the plan does not name.
pub const PRIORITIES: &str = "tenure-priorities";

/// A role of tenants' people, and the binding that says who holds it.
pub fn role(role: TenantRole) -> String {
    format!("tenure-{role}")
}

/// Who holds a role of an open environment: a service account in [`ACCESS`].
pub fn access_account(account: &AccountId, environment: &EnvironmentId, role: TenantRole) -> String {
    format!("{account}--{environment}--{role}")
}

/// The namespace of an environment.
pub fn namespace(account: &AccountId, environment: &EnvironmentId) -> String {
    format!("{account}--{environment}")
}

/// The service of a workload. A service's name must begin with a letter ([RFC 1035]), which a slug need not.
///
/// [RFC 1035]: https://www.rfc-editor.org/rfc/rfc1035#section-2.3.1
pub fn service(workload: &WorkloadId) -> String {
    if workload.as_str().starts_with(|c: char| c.is_ascii_digit()) {
        format!("s--{workload}")
    } else {
        workload.to_string()
    }
}

/// The service behind which the pods of a stateful service have names of their own.
pub fn pods_service(workload: &WorkloadId) -> String {
    format!("{}--pods", service(workload))
}

/// The claim of a volume that all pods of a workload share.
pub fn claim(workload: &WorkloadId, volume: &VolumeId) -> String {
    format!("{workload}--{volume}")
}

/// The template of a volume of which each pod of a stateful service has its own.
pub fn claim_template(volume: &VolumeId) -> String {
    format!("each--{volume}--of")
}

/// The claim of one pod of a stateful service.
pub fn claim_of_pod(workload: &WorkloadId, volume: &VolumeId, ordinal: u16) -> String {
    format!("{}-{workload}-{ordinal}", claim_template(volume))
}

/// What holds a workload's files.
pub fn files(workload: &WorkloadId) -> String {
    format!("files--{workload}")
}

/// What holds a secret's values.
pub fn secret(secret: &SecretId) -> String {
    format!("secret--{secret}")
}

/// What takes a snapshot of a volume.
pub fn snapshot(snapshot: &SnapshotId) -> String {
    format!("snapshot--{}", snapshot.number())
}

/// What visitors come to of hostnames from which they are kept. No workload's service can have this name: it holds `--`.
pub const SUSPENDED_PAGE: &str = "suspended--page";

/// What leads visitors to a workload by its hostnames.
pub fn ingress(workload: &WorkloadId) -> String {
    workload.to_string()
}

/// What leads visitors to a workload by one hostname, where the cluster has a gateway.
pub fn route(hostname: &Hostname) -> String {
    hostname.to_string()
}

/// Where the certificate for the hostnames of a workload is kept, by whatever issues it.
pub fn certificate(workload: &WorkloadId) -> String {
    format!("tls--{workload}")
}

/// The network policy that opens a workload's port.
pub fn ingress_policy(workload: &WorkloadId) -> String {
    format!("{workload}-ingress")
}

/// The network policy that lets a workload's pods reach out.
pub fn egress_policy(workload: &WorkloadId) -> String {
    format!("{workload}-egress")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_whose_name_begins_with_a_digit_still_gets_a_valid_service_name() {
        assert_eq!(service(&"feed".parse().unwrap()), "feed");
        assert_eq!(service(&"2048".parse().unwrap()), "s--2048");
    }

    #[test]
    fn the_longest_names_fit_a_namespace() {
        let longest = "a".repeat(tenure_domain::name::SLUG_MAX);
        assert!(namespace(&longest.parse().unwrap(), &longest.parse().unwrap()).len() <= 63);
    }
}
