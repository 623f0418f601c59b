//! What workloads are given to read: their files and the environment's secrets.

use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};
use tenure_domain::name::{SecretId, WorkloadId};
use tenure_domain::workload::{File, Workload};

use super::{Wanted, wanted};
use crate::compare::digest;
use crate::environment::{Environment, SecretValues};
use crate::inventory::Kind;
use crate::names;

/// Under which key a file is kept: its path holds characters that a key cannot have.
pub(super) fn key_of(path: &str) -> String {
    let digest: String = digest(&json!(path)).chars().take(32).collect();
    format!("file-{digest}")
}

/// A workload's files.
pub(super) fn files(environment: &Environment, id: &WorkloadId, workload: &Workload) -> Option<Wanted> {
    let texts = workload.files.iter().filter_map(|(path, file)| match file {
        File::Kept { bytes, .. } => Some((key_of(path), json!(environment.files.get(bytes)?))),
        File::Secret(_) => None,
    });
    let data: Map<String, Value> = texts.collect();
    let body = json!({"data": data});
    (!data_is_empty(&body)).then(|| wanted(environment, Kind::ConfigMap, &names::files(id), Some(id), body))
}

fn data_is_empty(body: &Value) -> bool {
    body["data"].as_object().is_none_or(Map::is_empty)
}

/// A secret. What is compared and kept of it is the commitment to its values, never a digest of them alone.
pub(super) fn secret(environment: &Environment, id: &SecretId, secret: &SecretValues) -> Wanted {
    let body = json!({"type": "Opaque", "data": {"commitment": secret.commitment.as_str()}});
    let mut wanted = wanted(environment, Kind::Secret, &names::secret(id), None, body);
    let values = secret.values.iter();
    let data: Map<String, Value> =
        values.map(|(key, value)| (key.clone(), json!(ByteString(value.clone().into_bytes())))).collect();
    wanted.object["data"] = Value::Object(data);
    wanted
}

/// A digest that changes when a file or a secret that the workload reads does: its pods then start anew.
pub(super) fn digest_of(environment: &Environment, workload: &Workload) -> Option<String> {
    let files: Map<String, Value> =
        workload.kept_files().map(|bytes| (bytes.to_string(), Value::Null)).collect();
    let secrets = workload.secret_keys().filter_map(|(_, key)| {
        let values = environment.secrets.get(&key.name)?;
        Some((key.name.to_string(), json!(values.commitment.as_str())))
    });
    let secrets: Map<String, Value> = secrets.collect();
    (!files.is_empty() || !secrets.is_empty()).then(|| digest(&json!({"files": files, "secrets": secrets})))
}
