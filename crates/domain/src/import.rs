//! Taking a namespace that is there already as an open environment: only the one that is named by its UID, and only with
//! what was found in it before eyes.
//!
//! Names and labels decide nothing. Whoever decides says which namespace is meant by its UID, as it was told by a look at
//! it, and accepts each concern by its name.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::{Namespace, Uid};
use crate::refusal::{Guard, Unmet};
use crate::text::Blob;

/// How many words of one kind a refusal repeats.
const MOST_TOLD: usize = 20;

/// The namespaces that Kubernetes itself lives in.
const THE_CLUSTERS: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Where an environment lives that was there before it was one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// The namespace, which keeps its own name.
    pub namespace: Namespace,
    /// The UID that it has: another namespace of that name is not it.
    pub uid: Uid,
    /// When it was seen to be taken, with nothing restarted; none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Timestamp>,
}

/// What is found in a namespace that an import changes or leaves as it is, and that somebody has to accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// More is used there than the environment's share, or than one container may: what ends does not come back.
    OverShare,
    /// Pods that the plan's Pod Security level refuses: what ends does not come back.
    PodSecurity,
    /// Traffic that the default deny ends.
    DefaultDeny,
    /// Network policies of others, which open what the environment's close.
    Openings,
    /// Quotas and limits of others, which bind beside the environment's.
    Bounds,
    /// Role bindings of others: who holds them keeps rights that no measure takes away.
    Rights,
    /// Pods that nothing makes again: a suspension loses them.
    BarePods,
    /// Kinds that cannot be seen, so that nobody knows what is there.
    Unseen,
}

impl Concern {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::OverShare,
        Self::PodSecurity,
        Self::DefaultDeny,
        Self::Openings,
        Self::Bounds,
        Self::Rights,
        Self::BarePods,
        Self::Unseen,
    ];

    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OverShare => "over_share",
            Self::PodSecurity => "pod_security",
            Self::DefaultDeny => "default_deny",
            Self::Openings => "openings",
            Self::Bounds => "bounds",
            Self::Rights => "rights",
            Self::BarePods => "bare_pods",
            Self::Unseen => "unseen",
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a look at a namespace told, just before it is decided whether it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The UID that it has; none where there is no such namespace.
    pub uid: Option<Uid>,
    /// Why it cannot be taken at all.
    pub obstacles: Vec<String>,
    /// What has to be accepted, with the objects that are concerned.
    pub concerns: BTreeMap<Concern, Vec<String>>,
    /// All that was seen, kept with the decision.
    pub document: Blob,
}

impl Survey {
    /// A guard for everything that keeps this namespace from being taken.
    pub(crate) fn unmet(&self, imported: &Imported, accepted: &[Concern]) -> Vec<Unmet> {
        let name = &imported.namespace;
        let adoptable = |detail: String, then: &str| Unmet::new(Guard::Adoptable, detail, then);
        let mut unmet = Vec::new();
        unmet.extend(reserved(name).map(|why| adoptable(why, "import another namespace")));
        match &self.uid {
            None => unmet.push(Unmet::new(
                Guard::Known,
                format!("the cluster has no namespace {name}"),
                "name one that is there",
            )),
            Some(found) if *found != imported.uid => unmet.push(adoptable(
                format!("the namespace {name} has the uid {found}, and {} was decided on", imported.uid),
                "look at what is there now, and decide on that",
            )),
            Some(_) => {}
        }
        let obstacles = self.obstacles.iter();
        unmet.extend(obstacles.map(|why| adoptable(why.clone(), "whoever owns it changes that first")));
        let open = self.concerns.iter().filter(|(concern, _)| !accepted.contains(concern));
        unmet.extend(open.map(|(concern, what)| {
            let mut told = what.iter().take(MOST_TOLD).cloned().collect::<Vec<_>>().join("; ");
            if what.len() > MOST_TOLD {
                told = format!("{told}; and {} more", what.len() - MOST_TOLD);
            }
            let then = format!("change that in the namespace, or accept \"{concern}\"");
            Unmet::new(Guard::ConcernsAccepted, format!("{concern}: {told}"), then)
        }));
        unmet
    }
}

/// Why no namespace of this name is ever taken, whatever is in it.
pub fn reserved(name: &Namespace) -> Option<String> {
    let text = name.as_str();
    if THE_CLUSTERS.contains(&text) || text.starts_with("kube-") {
        return Some(format!("the namespace {name} is the cluster's own"));
    }
    if text == "tenure" || text.starts_with("tenure-") {
        return Some(format!("the namespace {name} is Tenure's own"));
    }
    let ours = text.contains("--");
    ours.then(|| format!("{name} is what the namespace of an environment is called that was not imported"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_cluster_or_of_tenure_is_ever_taken() {
        for name in [
            "default",
            "kube-system",
            "kube-public",
            "kube-node-lease",
            "kube-flannel",
            "tenure",
            "tenure-access",
            "parley--web",
        ] {
            assert!(reserved(&name.parse().unwrap()).is_some(), "{name}");
        }
        for name in ["shop", "defaults", "tenured-shop", "my-kube-system", "a-b"] {
            assert_eq!(reserved(&name.parse().unwrap()), None, "{name}");
        }
    }

    #[test]
    fn a_concern_is_called_in_the_api_as_on_the_record() {
        for concern in Concern::ALL {
            assert_eq!(serde_json::to_value(concern).unwrap(), concern.as_str());
        }
    }
}
