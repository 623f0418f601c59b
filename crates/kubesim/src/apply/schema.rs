//! How lists and maps merge. Kubernetes derives this from its types; here it is one table over field names,
//! which covers the kinds of [`crate::kinds`].

/// How a list merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// Replaced as a whole.
    Atomic,
    /// A set of scalars.
    Set,
    /// A map by these fields of its items.
    Map(&'static [&'static str]),
}

/// The kind of the list at a trail of field names (without items' keys).
pub fn list_kind(trail: &[&str]) -> ListKind {
    let [parents @ .., last] = trail else { return ListKind::Atomic };
    let parent = parents.last().copied().unwrap_or_default();
    match (parent, *last) {
        ("metadata", "finalizers") => ListKind::Set,
        ("metadata", "ownerReferences") => ListKind::Map(&["uid"]),
        ("status", "conditions") => ListKind::Map(&["type"]),
        (_, "containers" | "initContainers" | "ephemeralContainers") if parent == "spec" => {
            ListKind::Map(&["name"])
        }
        (_, "env") => ListKind::Map(&["name"]),
        (_, "volumeMounts") => ListKind::Map(&["mountPath"]),
        (_, "volumeDevices") => ListKind::Map(&["devicePath"]),
        ("spec", "volumes" | "imagePullSecrets") | ("", "secrets" | "imagePullSecrets") => {
            ListKind::Map(&["name"])
        }
        ("spec", "hostAliases") => ListKind::Map(&["ip"]),
        ("spec", "topologySpreadConstraints") => ListKind::Map(&["topologyKey", "whenUnsatisfiable"]),
        ("containers" | "initContainers", "ports") => ListKind::Map(&["containerPort", "protocol"]),
        ("spec", "ports") => ListKind::Map(&["port", "protocol"]),
        _ => ListKind::Atomic,
    }
}

/// Whether the map at a trail is replaced as a whole.
pub fn is_atomic_map(trail: &[&str]) -> bool {
    matches!(
        trail.last().copied().unwrap_or_default(),
        "selector"
            | "nodeSelector"
            | "podSelector"
            | "namespaceSelector"
            | "labelSelector"
            | "scopeSelector"
            | "roleRef"
            | "involvedObject"
            | "secretKeyRef"
            | "configMapKeyRef"
            | "fieldRef"
            | "resourceFieldRef"
    )
}

/// The value an item's key field has when the item leaves it out.
pub fn key_default(field: &str) -> Option<&'static str> {
    (field == "protocol").then_some("TCP")
}
