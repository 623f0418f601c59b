//! What runs in an environment, as it is declared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use tenure_domain::name::{Hostname, SecretId, SnapshotId, VolumeId};
use tenure_domain::text::Blob;
use tenure_domain::workload as domain;
use utoipa::ToSchema;

use crate::request::whole;
use crate::schema::{BlobName, HostnameText, Slug, Word};

macro_rules! request {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What becomes of a workload's pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum WorkloadKind {
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

/// What happens when a cron job is to begin and its run before has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Overlap {
    /// Both run.
    Allow,
    /// The new one is left out.
    #[default]
    Skip,
    /// The old one is ended.
    Replace,
}

request!(
    /// Pods of one image, and what they are for.
    Workload {
        /// What becomes of its pods. A service without it; it never changes.
        #[serde(default, skip_serializing_if = "is_default")]
        kind: WorkloadKind,
        /// The container image, with registry and tag or digest.
        #[schema(example = "docker.io/library/busybox:1.35", pattern = "^[A-Za-z0-9][A-Za-z0-9._/:@-]*$", max_length = 255)]
        image: String,
        /// The command instead of the image's own; empty for the image's own.
        #[serde(default)]
        #[schema(value_type = Vec<Word>, max_items = 64)]
        command: Vec<String>,
        /// How many pods at once, 0 to 100; of jobs and cron jobs from 1.
        #[schema(maximum = 100)]
        #[serde(deserialize_with = "whole")]
        replicas: u16,
        /// The port that the container listens on. Services and stateful services have one, and only they.
        #[schema(minimum = 1, maximum = 65_535)]
        #[serde(default, skip_serializing_if = "is_default", deserialize_with = "whole")]
        port: u16,
        /// Processor time allowed for each pod, in thousandths of a core.
        #[schema(minimum = 1, maximum = 1_000_000)]
        #[serde(deserialize_with = "whole")]
        cpu_millis: u32,
        /// Memory allowed for each pod, in MiB.
        #[schema(minimum = 1, maximum = 16_777_216)]
        #[serde(deserialize_with = "whole")]
        memory_mib: u32,
        /// What is set aside for each pod, where that is less than what is allowed.
        #[serde(default, skip_serializing_if = "is_default")]
        requests: Option<Request>,
        /// A volume that outlives the pods, which all of them share. It is neither moved, resized nor dropped.
        #[serde(default)]
        volume: Option<Volume>,
        /// Further volumes that outlive the pods, by their slugs: at most 16. Each pod of a stateful service has its own. They
        /// grow and never shrink.
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(value_type = BTreeMap<String, Volume>)]
        volumes: BTreeMap<VolumeId, Volume>,
        /// Environment variables: at most 200.
        #[serde(default, skip_serializing_if = "is_default")]
        env: BTreeMap<String, Variable>,
        /// Files by their absolute paths: at most 64, and 1,032,192 bytes together.
        #[serde(default, skip_serializing_if = "is_default")]
        files: BTreeMap<String, File>,
        /// How its pods are asked whether they do well.
        #[serde(default, skip_serializing_if = "is_default")]
        probes: Option<Probes>,
        /// How the number of pods follows the load: of services and workers.
        #[serde(default, skip_serializing_if = "is_default")]
        autoscale: Option<Autoscale>,
        /// How many pods may be taken away at once when nodes are maintained.
        #[serde(default, skip_serializing_if = "is_default")]
        disruption: Option<Disruption>,
        /// How a new version takes the place of the old one: of services and workers without volumes.
        #[serde(default, skip_serializing_if = "is_default")]
        rollout: Option<Rollout>,
        /// When a job has done its work, or has failed. Without it, as many pods have to succeed as there are at once, and 3
        /// may fail.
        #[serde(default, skip_serializing_if = "is_default")]
        run: Option<Run>,
        /// When a cron job begins.
        #[serde(default, skip_serializing_if = "is_default")]
        schedule: Option<Schedule>,
        /// The names under which visitors reach it, of services and stateful services: at most 20. The account has claimed
        /// them; each leads to it once it is proved.
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(value_type = Vec<HostnameText>, max_items = 20)]
        hostnames: BTreeSet<Hostname>,
        /// How visitors come by its hostnames.
        #[serde(default, skip_serializing_if = "is_default")]
        entry: Option<Entry>,
    }
);

request!(
    /// How visitors come to a workload by its hostnames.
    Entry {
        /// The class of the ingress, where the plan or the cluster has several.
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(pattern = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length = 253)]
        class: Option<String>,
        /// Whether a certificate is asked for, so that visitors come by HTTPS.
        #[serde(default, skip_serializing_if = "is_default")]
        tls: bool,
    }
);

request!(
    /// A volume.
    Volume {
        /// Where the container sees it: an absolute path.
        #[schema(example = "/www", pattern = "^(/[A-Za-z0-9_-][!-.0-9;-~]{0,20}){1,8}$", max_length = 255)]
        path: String,
        /// Its size, in MiB.
        #[schema(minimum = 1, maximum = 16_777_216)]
        #[serde(deserialize_with = "whole")]
        size_mib: u32,
        /// The snapshot that a new one of `volumes` is made from, of the same environment. Once the volume is there this says
        /// nothing any more, and can be left out.
        #[schema(value_type = Option<String>, max_length = 39, pattern = "^[a-z0-9](-?[a-z0-9]){0,27}\\.s[1-9][0-9]{0,8}$", example = "parley.s1")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<SnapshotId>,
    }
);

request!(
    /// What is set aside for each pod.
    Request {
        /// Processor time, in thousandths of a core.
        #[schema(minimum = 1, maximum = 1_000_000)]
        #[serde(deserialize_with = "whole")]
        cpu_millis: u32,
        /// Memory, in MiB.
        #[schema(minimum = 1, maximum = 16_777_216)]
        #[serde(deserialize_with = "whole")]
        memory_mib: u32,
    }
);

/// One value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretKey {
    /// Which secret of the environment.
    #[schema(value_type = Slug)]
    pub name: SecretId,
    /// Which of its values.
    #[schema(pattern = "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$", max_length = 128)]
    pub key: String,
}

request!(
    /// What an environment variable holds: exactly one of these.
    Variable {
        /// This text.
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(pattern = "^[^\\u0000]*$", max_length = 32_768)]
        value: Option<String>,
        /// A value of a secret.
        #[serde(default, skip_serializing_if = "is_default")]
        secret: Option<SecretKey>,
    }
);

request!(
    /// What a file holds: exactly one of these.
    File {
        /// This text. Answers name the kept bytes instead.
        #[serde(default, skip_serializing_if = "is_default")]
        text: Option<String>,
        /// Bytes that an earlier declaration of the account brought along, by their SHA-256.
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(value_type = Option<BlobName>)]
        kept: Option<Blob>,
        /// A value of a secret.
        #[serde(default, skip_serializing_if = "is_default")]
        secret: Option<SecretKey>,
    }
);

request!(
    /// How pods are asked whether they do well: of what goes on running.
    Probes {
        /// A container that fails it is started anew.
        #[serde(default, skip_serializing_if = "is_default")]
        liveness: Option<Probe>,
        /// A pod that fails it gets no traffic. Without one, what listens is asked whether its port is open.
        #[serde(default, skip_serializing_if = "is_default")]
        readiness: Option<Probe>,
        /// Until it succeeds, the other two are not asked.
        #[serde(default, skip_serializing_if = "is_default")]
        startup: Option<Probe>,
    }
);

request!(
    /// One question to a container, asked again and again: exactly one of `tcp`, `http` and `exec`.
    Probe {
        /// Whether a port is open.
        #[serde(default, skip_serializing_if = "is_default")]
        tcp: Option<Tcp>,
        /// Whether a page answers with a status from 200 to 399.
        #[serde(default, skip_serializing_if = "is_default")]
        http: Option<Http>,
        /// Whether a command in the container ends with status 0.
        #[serde(default, skip_serializing_if = "is_default")]
        exec: Option<Exec>,
        /// Seconds from one to the next.
        #[schema(minimum = 1, maximum = 3_600)]
        #[serde(deserialize_with = "whole")]
        period_seconds: u16,
        /// Seconds after which no answer counts as a bad one.
        #[schema(minimum = 1, maximum = 600)]
        #[serde(deserialize_with = "whole")]
        timeout_seconds: u16,
        /// How many bad answers in a row count.
        #[schema(minimum = 1, maximum = 100)]
        #[serde(deserialize_with = "whole")]
        failures: u16,
    }
);

request!(
    /// A port that has to be open.
    Tcp {
        /// Which.
        #[schema(minimum = 1, maximum = 65_535)]
        #[serde(deserialize_with = "whole")]
        port: u16,
    }
);

request!(
    /// A page that has to answer.
    Http {
        /// On which port.
        #[schema(minimum = 1, maximum = 65_535)]
        #[serde(deserialize_with = "whole")]
        port: u16,
        /// Its path.
        #[schema(pattern = "^/[!-~]*$", max_length = 1_024)]
        path: String,
    }
);

request!(
    /// A command that has to end well.
    Exec {
        /// The command.
        #[schema(value_type = Vec<Word>, min_items = 1, max_items = 64)]
        command: Vec<String>,
    }
);

request!(
    /// How the number of pods follows the load.
    Autoscale {
        /// The fewest pods.
        #[schema(minimum = 1, maximum = 100)]
        #[serde(deserialize_with = "whole")]
        least: u16,
        /// The most pods.
        #[schema(minimum = 1, maximum = 100)]
        #[serde(deserialize_with = "whole")]
        most: u16,
        /// The share of the requested processor time that is aimed at, in hundredths.
        #[schema(minimum = 1, maximum = 100)]
        #[serde(deserialize_with = "whole")]
        cpu_percent: u16,
    }
);

request!(
    /// How many pods may be taken away at once when nodes are maintained: exactly one of these.
    Disruption {
        /// So many stay.
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(maximum = 100)]
        min_available: Option<u16>,
        /// So many may be away.
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(maximum = 100)]
        max_unavailable: Option<u16>,
    }
);

request!(
    /// How a new version takes the place of the old one.
    Rollout {
        /// How many pods there may be beyond those declared.
        #[schema(maximum = 100)]
        #[serde(deserialize_with = "whole")]
        max_surge: u16,
        /// How many of the declared pods may be missing. One of the two is more than 0.
        #[schema(maximum = 100)]
        #[serde(deserialize_with = "whole")]
        max_unavailable: u16,
        /// How many seconds a new pod has to be ready before it counts.
        #[schema(maximum = 3_600)]
        #[serde(deserialize_with = "whole")]
        min_ready_seconds: u16,
        /// After how many seconds without progress it is said to have failed.
        #[schema(minimum = 1, maximum = 7_200)]
        #[serde(deserialize_with = "whole")]
        deadline_seconds: u16,
    }
);

request!(
    /// When a job has done its work, or has failed.
    Run {
        /// How many pods have to succeed.
        #[schema(minimum = 1, maximum = 10_000)]
        #[serde(deserialize_with = "whole")]
        completions: u16,
        /// How many pods may fail before the job has failed.
        #[schema(maximum = 100)]
        #[serde(deserialize_with = "whole")]
        retries: u16,
        /// Seconds after which the job has failed if it is not done; without it, it takes as long as it takes.
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(minimum = 1, maximum = 604_800)]
        deadline_seconds: Option<u32>,
    }
);

request!(
    /// When a cron job begins.
    Schedule {
        /// Minute, hour, day of the month, month and day of the week, as `crontab` has them, in the time zone of the cluster's
        /// control plane: UTC, unless the provider says otherwise.
        #[schema(example = "15 3 * * mon-fri", max_length = 200, pattern = "^[0-9A-Za-z*/,-]+( [0-9A-Za-z*/,-]+){4}$")]
        cron: String,
        /// What happens when the run before has not ended.
        overlap: Overlap,
        /// How many seconds late it may begin; later the run is left out.
        #[schema(minimum = 10, maximum = 86_400)]
        #[serde(deserialize_with = "whole")]
        late_seconds: u32,
    }
);

/// Sets all values of a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetSecret {
    /// The values by their keys: 1 to 100, and 1,032,192 bytes together. They are never shown again.
    pub values: BTreeMap<String, String>,
}

impl fmt::Debug for SetSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetSecret").field("keys", &self.values.keys()).finish_non_exhaustive()
    }
}

request!(
    /// Has so many pods.
    Scale {
        /// How many at once.
        #[schema(maximum = 100)]
        #[serde(deserialize_with = "whole")]
        replicas: u16,
    }
);

request!(
    /// Puts a declaration back.
    RollBack {
        /// Which: the number of the event that made it.
        #[schema(minimum = 1, maximum = 1_000_000_000)]
        #[serde(deserialize_with = "whole")]
        revision: u64,
    }
);

/// A place of a declaration and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// JSON pointer (RFC 6901).
    pub pointer: String,
    /// What would be right.
    pub detail: &'static str,
}

fn one_of<T>(
    pointer: impl Fn() -> String,
    choices: impl IntoIterator<Item = Option<T>>,
    detail: &'static str,
) -> Result<T, Unfit> {
    let mut given = choices.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Unfit { pointer: pointer(), detail }),
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl Workload {
    /// What it declares. `keep` keeps a file's text and gives its name and size; `size` tells the size of kept bytes of
    /// the account.
    pub fn declared(
        self,
        mut keep: impl FnMut(String) -> (Blob, u32),
        size: impl Fn(&Blob) -> Option<u32>,
    ) -> Result<domain::Workload, Unfit> {
        let mut env = BTreeMap::new();
        for (name, variable) in self.env {
            let choices = [
                variable.value.map(domain::Content::Value),
                variable.secret.map(|key| domain::Content::Secret(key.into())),
            ];
            let content =
                one_of(|| format!("/env/{}", escaped(&name)), choices, "name one of `value` and `secret`")?;
            env.insert(name, content);
        }
        let mut files = BTreeMap::new();
        for (path, file) in self.files {
            let pointer = || format!("/files/{}", escaped(&path));
            if let Some(kept) = &file.kept
                && size(kept).is_none()
            {
                let detail = "no declaration of this account brought these bytes along: send the text";
                return Err(Unfit { pointer: format!("{}/kept", pointer()), detail });
            }
            let text = file.text.map(|text| {
                let (bytes, size) = keep(text);
                domain::File::Kept { bytes, size }
            });
            let kept = file.kept.and_then(|bytes| {
                let size = size(&bytes)?;
                Some(domain::File::Kept { bytes, size })
            });
            let choices = [text, kept, file.secret.map(|key| domain::File::Secret(key.into()))];
            let file = one_of(pointer, choices, "name one of `text`, `kept` and `secret`")?;
            files.insert(path, file);
        }
        let probes = self.probes.unwrap_or_default();
        let probe = |name: &str, probe: Option<Probe>| {
            probe.map(|probe| probe.declared(&format!("/probes/{name}"))).transpose()
        };
        let disruption = self.disruption.map(|disruption| {
            let choices = [
                disruption.min_available.map(domain::Disruption::MinAvailable),
                disruption.max_unavailable.map(domain::Disruption::MaxUnavailable),
            ];
            one_of(|| "/disruption".to_owned(), choices, "name one of `minAvailable` and `maxUnavailable`")
        });
        Ok(domain::Workload {
            kind: self.kind.into(),
            image: self.image,
            command: self.command,
            replicas: self.replicas,
            port: self.port,
            cpu_millis: self.cpu_millis,
            memory_mib: self.memory_mib,
            requests: self
                .requests
                .map(|r| domain::Request { cpu_millis: r.cpu_millis, memory_mib: r.memory_mib }),
            volume: self.volume.map(Into::into),
            volumes: self.volumes.into_iter().map(|(id, volume)| (id, volume.into())).collect(),
            env,
            files,
            probes: domain::Probes {
                liveness: probe("liveness", probes.liveness)?,
                readiness: probe("readiness", probes.readiness)?,
                startup: probe("startup", probes.startup)?,
            },
            autoscale: self.autoscale.map(|a| domain::Autoscale {
                least: a.least,
                most: a.most,
                cpu_percent: a.cpu_percent,
            }),
            disruption: disruption.transpose()?,
            rollout: self.rollout.map(|r| domain::Rollout {
                max_surge: r.max_surge,
                max_unavailable: r.max_unavailable,
                min_ready_seconds: r.min_ready_seconds,
                deadline_seconds: r.deadline_seconds,
            }),
            run: self.run.map(|r| domain::Run {
                completions: r.completions,
                retries: r.retries,
                deadline_seconds: r.deadline_seconds,
            }),
            schedule: self.schedule.map(|s| domain::Schedule {
                cron: s.cron,
                overlap: s.overlap.into(),
                late_seconds: s.late_seconds,
            }),
            hostnames: self.hostnames,
            entry: self.entry.map(|e| Box::new(domain::Entry { class: e.class, tls: e.tls })),
        })
    }
}

impl Probe {
    fn declared(self, pointer: &str) -> Result<domain::Probe, Unfit> {
        let choices = [
            self.tcp.map(|tcp| domain::Check::Tcp { port: tcp.port }),
            self.http.map(|http| domain::Check::Http { port: http.port, path: http.path }),
            self.exec.map(|exec| domain::Check::Exec { command: exec.command }),
        ];
        let check = one_of(|| pointer.to_owned(), choices, "name one of `tcp`, `http` and `exec`")?;
        Ok(domain::Probe {
            check,
            period_seconds: self.period_seconds,
            timeout_seconds: self.timeout_seconds,
            failures: self.failures,
        })
    }
}

impl From<domain::Probe> for Probe {
    fn from(probe: domain::Probe) -> Self {
        let mut shown = Self {
            period_seconds: probe.period_seconds,
            timeout_seconds: probe.timeout_seconds,
            failures: probe.failures,
            ..Self::default()
        };
        match probe.check {
            domain::Check::Tcp { port } => shown.tcp = Some(Tcp { port }),
            domain::Check::Http { port, path } => shown.http = Some(Http { port, path }),
            domain::Check::Exec { command } => shown.exec = Some(Exec { command }),
        }
        shown
    }
}

impl From<domain::Workload> for Workload {
    fn from(w: domain::Workload) -> Self {
        let variable = |content| match content {
            domain::Content::Value(value) => Variable { value: Some(value), secret: None },
            domain::Content::Secret(key) => Variable { value: None, secret: Some(key.into()) },
        };
        let file = |file| match file {
            domain::File::Kept { bytes, .. } => File { kept: Some(bytes), ..File::default() },
            domain::File::Secret(key) => File { secret: Some(key.into()), ..File::default() },
        };
        let probes = (w.probes != domain::Probes::default()).then(|| Probes {
            liveness: w.probes.liveness.map(Into::into),
            readiness: w.probes.readiness.map(Into::into),
            startup: w.probes.startup.map(Into::into),
        });
        Self {
            kind: w.kind.into(),
            image: w.image,
            command: w.command,
            replicas: w.replicas,
            port: w.port,
            cpu_millis: w.cpu_millis,
            memory_mib: w.memory_mib,
            requests: w.requests.map(|r| Request { cpu_millis: r.cpu_millis, memory_mib: r.memory_mib }),
            volume: w.volume.map(Into::into),
            volumes: w.volumes.into_iter().map(|(id, volume)| (id, volume.into())).collect(),
            env: w.env.into_iter().map(|(name, content)| (name, variable(content))).collect(),
            files: w.files.into_iter().map(|(path, content)| (path, file(content))).collect(),
            probes,
            autoscale: w.autoscale.map(|a| Autoscale {
                least: a.least,
                most: a.most,
                cpu_percent: a.cpu_percent,
            }),
            disruption: w.disruption.map(|disruption| match disruption {
                domain::Disruption::MinAvailable(pods) => {
                    Disruption { min_available: Some(pods), max_unavailable: None }
                }
                domain::Disruption::MaxUnavailable(pods) => {
                    Disruption { min_available: None, max_unavailable: Some(pods) }
                }
            }),
            rollout: w.rollout.map(|r| Rollout {
                max_surge: r.max_surge,
                max_unavailable: r.max_unavailable,
                min_ready_seconds: r.min_ready_seconds,
                deadline_seconds: r.deadline_seconds,
            }),
            run: w.run.map(|r| Run {
                completions: r.completions,
                retries: r.retries,
                deadline_seconds: r.deadline_seconds,
            }),
            schedule: w.schedule.map(|s| Schedule {
                cron: s.cron,
                overlap: s.overlap.into(),
                late_seconds: s.late_seconds,
            }),
            hostnames: w.hostnames,
            entry: w.entry.map(|e| Entry { class: e.class, tls: e.tls }),
        }
    }
}

impl From<Volume> for domain::Volume {
    fn from(volume: Volume) -> Self {
        Self { path: volume.path, size_mib: volume.size_mib, from: volume.from }
    }
}

impl From<domain::Volume> for Volume {
    fn from(volume: domain::Volume) -> Self {
        Self { path: volume.path, size_mib: volume.size_mib, from: volume.from }
    }
}

impl From<SecretKey> for domain::SecretKey {
    fn from(key: SecretKey) -> Self {
        Self { name: key.name, key: key.key }
    }
}

impl From<domain::SecretKey> for SecretKey {
    fn from(key: domain::SecretKey) -> Self {
        Self { name: key.name, key: key.key }
    }
}

macro_rules! same {
    ($wire:ident, $domain:ty { $($variant:ident),* }) => {
        impl From<$wire> for $domain {
            fn from(one: $wire) -> Self {
                match one { $($wire::$variant => Self::$variant),* }
            }
        }

        impl From<$domain> for $wire {
            fn from(one: $domain) -> Self {
                match one { $(<$domain>::$variant => Self::$variant),* }
            }
        }
    };
}

same!(WorkloadKind, domain::Kind { Service, StatefulService, Worker, Job, CronJob });
same!(Overlap, domain::Overlap { Allow, Skip, Replace });
