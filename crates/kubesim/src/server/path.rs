//! Request paths of the Kubernetes API.

use crate::kinds::{Kind, routed};

/// What a path names.
#[derive(Debug, Clone)]
pub enum Route {
    /// A collection: all namespaces, one, or a cluster-wide kind.
    Collection {
        /// Its kind.
        kind: &'static Kind,
        /// `None` for all namespaces and for cluster-wide kinds.
        namespace: Option<String>,
    },
    /// One object or one of its subresources.
    Object {
        /// Its kind.
        kind: &'static Kind,
        /// Empty for cluster-wide kinds.
        namespace: String,
        /// Its name.
        name: String,
        /// Empty for the object itself.
        subresource: String,
        /// What follows the subresource.
        rest: String,
    },
    /// An access review.
    Review,
    /// Anything else, by its segments.
    Other(Vec<String>),
}

/// Decodes `%XX`; what is not valid stays as it is.
fn decode(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(byte) = bytes.get(i) {
        let code =
            segment.get(i + 1..i + 3).filter(|_| *byte == b'%').and_then(|h| u8::from_str_radix(h, 16).ok());
        out.push(code.unwrap_or(*byte));
        i += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Reads a path.
pub fn parse(path: &str) -> Route {
    let segments: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(decode).collect();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let route = match parts.as_slice() {
        ["api", version, rest @ ..] => resource("", version, rest),
        ["apis", "authorization.k8s.io", "v1", plural] if plural.ends_with("subjectaccessreviews") => {
            Some(Route::Review)
        }
        ["apis", group, version, rest @ ..] => resource(group, version, rest),
        _ => None,
    };
    route.unwrap_or(Route::Other(segments))
}

fn resource(group: &str, version: &str, parts: &[&str]) -> Option<Route> {
    let object = |kind: &'static Kind, namespace: &str, parts: &[&str]| {
        let [name, rest @ ..] = parts else { return None };
        let (subresource, rest) = rest.split_first().map_or(("", &[][..]), |(s, r)| (*s, r));
        if !subresource.is_empty() && !kind.has(subresource) {
            return None;
        }
        Some(Route::Object {
            kind,
            namespace: namespace.to_owned(),
            name: (*name).to_owned(),
            subresource: subresource.to_owned(),
            rest: rest.join("/"),
        })
    };
    match parts {
        ["namespaces", name] if group.is_empty() => {
            object(routed(group, version, "namespaces")?, "", &[name])
        }
        ["namespaces", name, sub @ ("status" | "finalize")] if group.is_empty() => {
            object(routed(group, version, "namespaces")?, "", &[name, sub])
        }
        ["namespaces", namespace, plural, rest @ ..] => {
            let kind = routed(group, version, plural).filter(|k| k.namespaced)?;
            if rest.is_empty() {
                Some(Route::Collection { kind, namespace: Some((*namespace).to_owned()) })
            } else {
                object(kind, namespace, rest)
            }
        }
        [plural] => Some(Route::Collection { kind: routed(group, version, plural)?, namespace: None }),
        [plural, rest @ ..] => object(routed(group, version, plural).filter(|k| !k.namespaced)?, "", rest),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_what_kubernetes_means_by_them() {
        let object = |path: &str| match parse(path) {
            Route::Object { kind, namespace, name, subresource, rest } => {
                format!("{} {namespace} {name} {subresource} {rest}", kind.resource)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(object("/api/v1/namespaces/a"), "namespaces  a  ");
        assert_eq!(object("/api/v1/namespaces/a/status"), "namespaces  a status ");
        assert_eq!(object("/apis/apps/v1/namespaces/a/deployments/b/scale"), "deployments.apps a b scale ");
        assert_eq!(object("/api/v1/namespaces/a/services/b:80/proxy/c/d"), "services a b:80 proxy c/d");
        assert_eq!(
            object("/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aview"),
            "clusterroles.rbac.authorization.k8s.io  system:view  "
        );
        assert!(matches!(parse("/api/v1/pods"), Route::Collection { namespace: None, .. }));
        assert!(matches!(parse("/api/v1/namespaces/a/nonsense"), Route::Other(_)));
        assert!(matches!(parse("/%zz/%"), Route::Other(_)));
    }
}
