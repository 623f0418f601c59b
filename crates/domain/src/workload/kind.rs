//! The kinds of workloads, and the figures by which each is run.

use serde::{Deserialize, Serialize};

/// What becomes of a workload's pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// They are alike and answer on a port.
    #[default]
    Service,
    /// They answer on a port, and each keeps its name and its volumes.
    StatefulService,
    /// They are alike, and nobody reaches them.
    Worker,
    /// They work until the work is done, once.
    Job,
    /// A job that begins again and again.
    CronJob,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Service, Self::StatefulService, Self::Worker, Self::Job, Self::CronJob];

    /// Its name in declarations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::StatefulService => "statefulService",
            Self::Worker => "worker",
            Self::Job => "job",
            Self::CronJob => "cronJob",
        }
    }

    /// Whether its pods listen on a port.
    pub fn listens(self) -> bool {
        matches!(self, Self::Service | Self::StatefulService)
    }

    /// Whether its pods end by themselves when their work is done.
    pub fn ends(self) -> bool {
        matches!(self, Self::Job | Self::CronJob)
    }
}

/// What is set aside for each pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Processor time, in thousandths of a core.
    pub cpu_millis: u32,
    /// Memory, in MiB.
    pub memory_mib: u32,
}

/// How pods are asked whether they do well.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probes {
    /// A container that fails it is started anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<Probe>,
    /// A pod that fails it gets no traffic. Without one, what listens is asked whether its port is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Probe>,
    /// Until it succeeds, the other two are not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup: Option<Probe>,
}

/// One question to a container, asked again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    /// What is asked.
    pub check: Check,
    /// Seconds from one to the next, 1 to 3600.
    pub period_seconds: u16,
    /// Seconds after which no answer counts as a bad one, 1 to 600.
    pub timeout_seconds: u16,
    /// How many bad answers in a row count, 1 to 100.
    pub failures: u16,
}

/// What a probe asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Check {
    /// Whether a port is open.
    Tcp {
        /// Which.
        port: u16,
    },
    /// Whether a page answers with a status from 200 to 399.
    Http {
        /// On which port.
        port: u16,
        /// Its path, with a slash at the beginning.
        path: String,
    },
    /// Whether a command in the container ends with status 0.
    Exec {
        /// The command.
        command: Vec<String>,
    },
}

/// How the number of pods follows the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Autoscale {
    /// The fewest pods, 1 to 100.
    pub least: u16,
    /// The most pods, up to 100.
    pub most: u16,
    /// The share of the requested processor time that is aimed at, in hundredths, 1 to 100.
    pub cpu_percent: u16,
}

/// How many pods may be taken away at once when nodes are maintained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Disruption {
    /// So many stay, 0 to 100.
    MinAvailable(u16),
    /// So many may be away, 0 to 100.
    MaxUnavailable(u16),
}

/// How a new version takes the place of the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollout {
    /// How many pods there may be beyond those declared, 0 to 100.
    pub max_surge: u16,
    /// How many of the declared pods may be missing, 0 to 100. One of the two is more than 0.
    pub max_unavailable: u16,
    /// How many seconds a new pod has to be ready before it counts, 0 to 3600.
    pub min_ready_seconds: u16,
    /// After how many seconds without progress it is said to have failed, 1 to 7200 and more than `minReadySeconds`.
    pub deadline_seconds: u16,
}

/// When a job has done its work, or has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Run {
    /// How many pods have to succeed, 1 to 10000.
    pub completions: u16,
    /// How many pods may fail before the job has failed, 0 to 100.
    pub retries: u16,
    /// Seconds after which the job has failed if it is not done, 1 to 604800; none for as long as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_seconds: Option<u32>,
}

/// When a cron job begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    /// Five fields as `crontab` has them, in the time zone of the cluster's control plane (UTC unless its operator chose
    /// another): minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// What happens when the run before has not ended.
    pub overlap: Overlap,
    /// How many seconds late it may begin, 10 to 86400; later the run is left out. So what a stop held up does not all
    /// begin at its end.
    pub late_seconds: u32,
}

/// What happens when a cron job is to begin and its run before has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Overlap {
    /// Both run.
    Allow,
    /// The new one is left out.
    Skip,
    /// The old one is ended.
    Replace,
}
