//! Whether what was stopped has really ended: what the API says of a pod, and what its node says that it runs.
//!
//! A pod's record can go while its containers run on: whoever may delete pods can make the cluster forget one at once.
//! So the nodes are asked before a stop is believed, and one that does not answer leaves it unconfirmed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::live::{text, uid};
use crate::pass::Pass;
use crate::report::StopReport;

/// How long after the time that a pod has to end its node may take to say so, before it is asked itself.
const LATE: SignedDuration = SignedDuration::from_secs(2);

/// What a node said when asked what it runs.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// The pods of our namespace that it runs, by UID, with their names.
    Runs(BTreeMap<String, String>),
    /// It does not answer: what it runs is not known.
    Silent,
    /// It could not be asked: the cluster has no such door, or not for us.
    NotAsked(String),
}

/// What the nodes said that were asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes {
    pub answers: BTreeMap<String, Answer>,
    /// The pods on record, by UID, that are late and of which their node said that it does not run them.
    pub not_running: BTreeSet<String>,
}

impl Nodes {
    pub fn get(&self, node: &str) -> Option<&Answer> {
        self.answers.get(node)
    }
}

/// Whether a pod has ended before, by itself: it runs no more and holds what it wrote, so it is left. Some call a pod
/// failed whose node is lost: then its containers are not said to have ended.
pub(crate) fn is_finished(pod: &Value) -> bool {
    let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
        && statuses.into_iter().flatten().all(has_ended)
}

/// Whether a pod is called ended, though its containers are not said to be: some nodes stop telling of a pod's containers
/// once it is called so, and some call a pod so that they have lost. What its node runs tells which it is.
pub(crate) fn is_called_ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed") && !is_finished(pod)
}

fn has_ended(container: &Value) -> bool {
    container.pointer("/state/terminated").is_some_and(Value::is_object)
}

/// Whether nothing of a pod runs any more, though it may still be on record: something holds it, such as a finalizer.
pub(crate) fn is_over(pod: &Value) -> bool {
    if is_finished(pod) {
        return true;
    }
    if text(pod, "/metadata/deletionTimestamp").is_empty() {
        return false;
    }
    let count = |pointer| pod.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len);
    let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let all = statuses.is_some_and(|all| all.iter().all(has_ended));
    text(pod, "/spec/nodeName").is_empty()
        || all && count("/status/containerStatuses") == count("/spec/containers")
}

/// Whether a pod that is over stays on record: nobody deleted it, or something holds it. Any other is gone in a moment.
pub(crate) fn is_kept(pod: &Value) -> bool {
    is_over(pod) && (is_held(pod) || text(pod, "/metadata/deletionTimestamp").is_empty())
}

/// Whether finalizers keep a pod on record.
pub(crate) fn is_held(pod: &Value) -> bool {
    pod.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|all| !all.is_empty())
}

/// The pods of which a node has to be asked whether it runs them, with that node: those that are late, and those that are
/// called ended.
fn doubtful(pods: &[Value], now: Option<Timestamp>) -> Vec<(&str, &str)> {
    let is_late = |pod: &Value| {
        let until = text(pod, "/metadata/deletionTimestamp").parse::<Timestamp>().ok();
        until.zip(now).is_some_and(|(until, now)| now.duration_since(until) > LATE)
    };
    let doubtful = pods.iter().filter(|pod| !is_over(pod) && (is_late(pod) || is_called_ended(pod)));
    doubtful.map(|pod| (text(pod, "/spec/nodeName"), uid(pod))).collect()
}

/// Asks the nodes of pods that are gone from the record and not known to have ended, and of those that are late or only
/// called ended. What is known to have ended is noted.
pub(crate) async fn ask(pass: &mut Pass<'_>, pods: &[Value], now: Option<Timestamp>) -> Nodes {
    let Some(before) = &pass.memory.before else { return Nodes::default() };
    let left: BTreeSet<&str> = pods.iter().map(uid).collect();
    let gone = before.pods.iter().filter(|(uid, pod)| !pod.ended && !left.contains(uid.as_str()));
    let gone = gone.filter_map(|(_, pod)| pod.node.clone());
    let late = doubtful(pods, now);
    let of_late = late.iter().map(|(node, _)| (*node).to_owned()).filter(|node| !node.is_empty());
    let nodes: BTreeSet<String> = gone.chain(of_late).collect();
    let mut answers = BTreeMap::new();
    for node in nodes {
        let answer = asked(pass, &node).await;
        answers.insert(node, answer);
    }
    let runs_not = |node: &str, uid: &str| matches!(answers.get(node), Some(Answer::Runs(all)) if !all.contains_key(uid));
    let not_running = late.iter().filter(|(node, uid)| runs_not(node, uid)).map(|(_, uid)| (*uid).to_owned());
    let not_running: BTreeSet<String> = not_running.collect();
    let has_ended = |pod: &Value| is_over(pod) || is_called_ended(pod) && not_running.contains(uid(pod));
    if let Some(before) = &mut pass.memory.before {
        for pod in pods.iter().filter(|pod| has_ended(pod)) {
            if let Some(noted) = before.pods.get_mut(uid(pod)) {
                noted.ended = true;
            }
        }
        for (uid, pod) in before.pods.iter_mut().filter(|(uid, _)| !left.contains(uid.as_str())) {
            pod.ended |= pod.node.as_ref().is_none_or(|node| runs_not(node, uid));
        }
    }
    Nodes { answers, not_running }
}

/// What a receipt says to be gone is not doubted later because its node goes too.
pub(crate) fn believe(pass: &mut Pass<'_>, report: &StopReport) {
    let Some(before) = &mut pass.memory.before else { return };
    for gone in &report.pods_gone {
        if let Some(noted) = before.pods.get_mut(&gone.uid).filter(|noted| !noted.ended) {
            (noted.ended, noted.unasked) = (true, true);
        }
    }
}

async fn asked(pass: &Pass<'_>, node: &str) -> Answer {
    match pass.requests.running_on(node).await {
        Ok(Some(list)) => {
            let items = list.get("items").and_then(Value::as_array);
            let ours = items
                .into_iter()
                .flatten()
                .filter(|pod| text(pod, "/metadata/namespace") == pass.requests.namespace());
            Answer::Runs(
                ours.map(|pod| (uid(pod).to_owned(), text(pod, "/metadata/name").to_owned())).collect(),
            )
        }
        Ok(None) => Answer::NotAsked("the cluster has no way to ask it".to_owned()),
        Err(error) if error.vetoed_by().is_some() || matches!(error.code(), Some(400..=499)) => {
            Answer::NotAsked(error.refusal().unwrap_or_default().to_owned())
        }
        Err(error) => {
            tracing::debug!(node, %error, "a node does not say what it runs");
            Answer::Silent
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{doubtful, is_called_ended, is_finished, is_over};

    #[test]
    fn a_pod_that_is_called_ended_is_believed_when_its_containers_or_its_node_say_so() {
        let pod = |phase: &str, state: &str| {
            json!({"metadata": {"uid": "u"}, "spec": {"nodeName": "n", "containers": [{}]},
                "status": {"phase": phase, "containerStatuses": [{"state": {state: {}}}]}})
        };
        let stale = pod("Failed", "running");
        assert!(is_called_ended(&stale) && !is_finished(&stale) && !is_over(&stale));
        assert_eq!(doubtful(&[stale], None), [("n", "u")], "its node is asked");
        for other in [pod("Failed", "terminated"), pod("Running", "running")] {
            assert!(!is_called_ended(&other), "{other}");
            assert_eq!(doubtful(&[other], None), []);
        }
    }

    #[test]
    fn a_pod_is_over_when_all_of_its_containers_have_ended_and_not_before() {
        let pod = |deleted: bool, states: &[&str]| {
            let statuses: Vec<_> = states.iter().map(|state| json!({"state": {*state: {}}})).collect();
            let mut pod = json!({"metadata": {}, "spec": {"nodeName": "n", "containers": [{}, {}]},
                "status": {"phase": "Running", "containerStatuses": statuses}});
            if deleted {
                pod["metadata"]["deletionTimestamp"] = json!("2026-01-05T12:00:00Z");
            }
            pod
        };
        assert!(is_over(&pod(true, &["terminated", "terminated"])));
        assert!(!is_over(&pod(true, &["terminated", "running"])));
        assert!(!is_over(&pod(true, &["terminated"])), "of one container nothing is said");
        assert!(!is_over(&pod(true, &[])));
        assert!(!is_over(&pod(false, &["terminated", "terminated"])), "it may start them again");
        assert!(is_over(&json!({"status": {"phase": "Succeeded"}})));
        assert!(
            is_over(&json!({"metadata": {"deletionTimestamp": "2026-01-05T12:00:00Z"}})),
            "no node has it"
        );
    }
}
