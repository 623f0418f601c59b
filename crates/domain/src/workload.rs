//! What runs in a managed environment.

use serde::{Deserialize, Serialize};

pub use crate::plan::Plan;

/// A service: pods of one image behind one port, with an optional volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workload {
    /// The container image, with registry and tag or digest.
    pub image: String,
    /// The command instead of the image's own; empty for the image's own.
    #[serde(default)]
    pub command: Vec<String>,
    /// How many pods, 0 to 100.
    pub replicas: u16,
    /// The port that the container listens on, 1 to 65535.
    pub port: u16,
    /// Processor time requested and allowed for each pod, in thousandths of a core.
    pub cpu_millis: u32,
    /// Memory requested and allowed for each pod, in MiB.
    pub memory_mib: u32,
    /// A volume that outlives the pods.
    #[serde(default)]
    pub volume: Option<Volume>,
}

/// A volume claimed by a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    /// Where the container sees it: an absolute path.
    pub path: String,
    /// Its size, in MiB.
    pub size_mib: u32,
}

/// One thing wrong with a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadFault {
    /// JSON pointer (RFC 6901) into the workload.
    pub pointer: &'static str,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl Workload {
    /// Everything wrong with it by itself; whether it fits the plan is another question.
    pub fn faults(&self) -> Vec<WorkloadFault> {
        let mut faults = Vec::new();
        let mut fault =
            |pointer, detail: &str| faults.push(WorkloadFault { pointer, detail: detail.to_owned() });
        let image_ok = !self.image.is_empty()
            && self.image.len() <= 255
            && self.image.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b))
            && self.image.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if !image_ok {
            fault(
                "/image",
                "name an image such as \"registry.example/team/web:1.2\", at most 255 characters",
            );
        }
        if self.command.len() > 64 || self.command.iter().map(String::len).sum::<usize>() > 16_384 {
            fault("/command", "at most 64 words and 16,384 bytes");
        }
        if self.command.iter().any(|word| word.contains('\0')) {
            fault("/command", "no NUL characters");
        }
        if self.replicas > 100 {
            fault("/replicas", "from 0 to 100");
        }
        if self.port == 0 {
            fault("/port", "from 1 to 65535");
        }
        if self.cpu_millis == 0 || self.cpu_millis > 1_000_000 {
            fault("/cpuMillis", "from 1 to 1000000");
        }
        if self.memory_mib == 0 || self.memory_mib > 16_777_216 {
            fault("/memoryMib", "from 1 to 16777216");
        }
        if let Some(volume) = &self.volume {
            let path_ok = volume.path.starts_with('/')
                && volume.path.len() <= 255
                && volume.path.len() > 1
                && !volume.path.split('/').any(|part| part == "..")
                && volume.path.bytes().all(|b| b.is_ascii_graphic() && b != b':');
            if !path_ok {
                fault("/volume/path", "an absolute path without \"..\" and ':', at most 255 characters");
            }
            if volume.size_mib == 0 || volume.size_mib > 16_777_216 {
                fault("/volume/sizeMib", "from 1 to 16777216");
            }
        }
        faults
    }
}
