//! Admission webhooks of others that refuse what we write: named, so that a person can act.

use serde_json::Value;

use crate::error::ClusterError;
use crate::live::text;
use crate::pass::Pass;
use crate::requests::Requests;

/// The two kinds of configurations that register webhooks.
const CONFIGURATIONS: [(&str, &str); 2] = [
    ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
];

/// A write of ours that a webhook refused, or could not be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Veto {
    /// What was to be written.
    pub object: String,
    /// The webhook's name, as the server gives it.
    pub webhook: String,
    /// What the server said.
    pub said: String,
}

impl Pass<'_> {
    /// Notes that a webhook refused a write, which then hinders nothing else. Any other error is an error.
    pub fn veto(&mut self, object: &str, error: ClusterError) -> Result<(), ClusterError> {
        let Some(webhook) = error.vetoed_by().map(str::to_owned) else { return Err(error) };
        let said = error.refusal().unwrap_or_default().chars().take(300).collect();
        self.vetoes.push(Veto { object: object.to_owned(), webhook, said });
        Ok(())
    }
}

/// The most vetoes that are remembered for one stop.
const NOTED: usize = 20;

/// Keeps what was said of vetoes for the receipt, as what they concerned may have been got round since.
pub(crate) fn note(pass: &mut Pass<'_>, vetoes: &[String]) {
    if let Some(before) = &mut pass.memory.before {
        for veto in vetoes.iter().filter(|veto| !before.vetoes.contains(*veto)).cloned().collect::<Vec<_>>() {
            if before.vetoes.len() < NOTED {
                before.vetoes.insert(veto);
            }
        }
    }
}

/// What stands in the way while nothing is withheld or restored: a later pass tries again.
pub(crate) async fn obstacles(pass: &mut Pass<'_>) -> Vec<String> {
    if pass.vetoes.is_empty() || pass.memory.before.is_some() {
        return Vec::new();
    }
    let mut obstacles = named(&pass.requests, &pass.vetoes).await;
    obstacles.truncate(NOTED);
    obstacles
}

/// What is said of vetoes: which webhook of which configuration, and what only its owner can do about it.
pub(crate) async fn named(requests: &Requests, vetoes: &[Veto]) -> Vec<String> {
    let mut all = Vec::new();
    let mut configurations = Vec::new();
    if !vetoes.is_empty() {
        for (kind, plural) in CONFIGURATIONS {
            let path = format!("/apis/admissionregistration.k8s.io/v1/{plural}");
            // Without the right to read them the webhook's own name has to do.
            let found = requests.document(&path).await.ok().flatten().unwrap_or_default();
            let items = found.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            configurations.extend(items.into_iter().map(|item| (kind, item)));
        }
    }
    for Veto { object, webhook, said } in vetoes {
        let holds = |configuration: &Value| {
            let hooks = configuration.get("webhooks").and_then(Value::as_array);
            hooks.into_iter().flatten().any(|hook| text(hook, "/name") == webhook)
        };
        let of = configurations.iter().filter(|(_, configuration)| holds(configuration));
        let of: Vec<String> =
            of.map(|(kind, found)| format!("{kind}/{}", text(found, "/metadata/name"))).collect();
        let of = if of.is_empty() { String::new() } else { format!(" of {}", of.join(" or ")) };
        let line = format!(
            "writing {object} is refused by the admission webhook {webhook}{of}, which has to let it pass: {said}"
        );
        if !all.contains(&line) {
            all.push(line);
        }
    }
    all
}
