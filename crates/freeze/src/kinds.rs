//! The API groups of operators' own kinds, as the cluster's discovery tells them.

use kube::Client;
use serde_json::Value;

/// The most groups that are asked about.
const MOST: usize = 200;

/// Groups whose objects controllers write, and people hardly: for the network, for storage and for certificates. What runs
/// needs them.
const OF_CONTROLLERS: [&str; 10] = [
    "acme.cert-manager.io",
    "aquasecurity.github.io",
    "cert-manager.io",
    "ceph.rook.io",
    "cilium.io",
    "crd.projectcalico.org",
    "longhorn.io",
    "metallb.io",
    "objectbucket.io",
    "wgpolicyk8s.io",
];

/// Whether a group is neither Kubernetes' own nor of what keeps everything running.
fn is_of_operators(group: &str) -> bool {
    let is_own = !group.contains('.') || group == "k8s.io" || group.ends_with(".k8s.io");
    !is_own && !OF_CONTROLLERS.contains(&group)
}

/// The groups of a cluster's list, in order.
pub(crate) fn groups(list: &Value) -> Vec<String> {
    let all = list.get("groups").and_then(Value::as_array).into_iter().flatten();
    let names = all.filter_map(|group| group.get("name").and_then(Value::as_str));
    let mut names: Vec<String> = names.filter(|name| is_of_operators(name)).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    if names.len() > MOST {
        tracing::warn!(
            left_out = names.len() - MOST,
            "the freeze webhook is not asked about all groups of operators"
        );
        names.truncate(MOST);
    }
    names
}

/// Asks the cluster.
pub(crate) async fn look(client: &Client) -> kube::Result<Vec<String>> {
    let request = http::Request::get("/apis").body(Vec::new()).map_err(kube::Error::HttpError)?;
    Ok(groups(&client.request::<Value>(request).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operators_groups_are_asked_about_and_neither_the_clusters_own_nor_those_that_keep_it_running() {
        let named = |names: &[&str]| {
            let listed: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
            groups(&json!({"kind": "APIGroupList", "groups": listed}))
        };
        let all = [
            "apps",
            "batch",
            "policy",
            "coordination.k8s.io",
            "events.k8s.io",
            "metrics.k8s.io",
            "postgresql.cnpg.io",
            "kafka.strimzi.io",
            "cilium.io",
            "acme.cert-manager.io",
            "kafka.strimzi.io",
        ];
        assert_eq!(named(&all), ["kafka.strimzi.io", "postgresql.cnpg.io"]);
        assert_eq!(groups(&json!({"groups": [{"name": 7}, {}]})), Vec::<String>::new());
        let many: Vec<String> = (0..MOST + 5).map(|n| format!("g{n}.example.org")).collect();
        assert_eq!(named(&many.iter().map(String::as_str).collect::<Vec<_>>()).len(), MOST);
    }
}
