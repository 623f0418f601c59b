//! What a declaration has to keep to by itself. Whether it fits the plan is another question.

use std::collections::BTreeSet;

use super::config::is_secret_key;
use crate::plan::is_class;

use super::{Check, Content, File, Kind, Probe, Volume, Workload, WorkloadFault, check_cron};

/// The most volumes, environment variables and files.
const MOST_VOLUMES: usize = 16;
const MOST_VARIABLES: usize = 200;
const MOST_FILES: usize = 64;
/// The most hostnames of one workload.
const MOST_HOSTNAMES: usize = 20;
/// The most bytes of all files together: a cluster keeps no larger object.
pub(crate) const MOST_FILE_BYTES: u64 = 1_048_576;
/// The most bytes of a declaration as the record holds it, without its files.
const MOST_BYTES: usize = 48 * 1024;

const PATH: &str = "an absolute path without \"..\" and ':', at most 255 characters";

/// A file's place, as a JSON pointer: its path escaped.
pub(super) fn at_file(path: &str) -> String {
    format!("/files/{}", path.replace('~', "~0").replace('/', "~1"))
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path.len() <= 255
        && path.len() > 1
        && !path.split('/').any(|part| part == "..")
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

/// The same path without what makes no difference.
fn plain(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

struct Faults(Vec<WorkloadFault>);

impl Faults {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(WorkloadFault { pointer: pointer.into(), detail: detail.into() });
    }

    fn unless(&mut self, ok: bool, pointer: &str, detail: &str) {
        if !ok {
            self.add(pointer, detail);
        }
    }
}

impl Workload {
    /// Everything wrong with it by itself.
    pub fn faults(&self) -> Vec<WorkloadFault> {
        let mut faults = Faults(Vec::new());
        self.image_and_command(&mut faults);
        self.figures(&mut faults);
        self.storage(&mut faults);
        self.config(&mut faults);
        self.watching(&mut faults);
        self.numbers(&mut faults);
        self.work(&mut faults);
        self.reached(&mut faults);
        if serde_json::to_vec(self).map_or(usize::MAX, |bytes| bytes.len()) > MOST_BYTES {
            faults
                .add("", format!("at most {MOST_BYTES} bytes without the files: put long texts into files"));
        }
        faults.0
    }

    fn image_and_command(&self, faults: &mut Faults) {
        let image_ok = !self.image.is_empty()
            && self.image.len() <= 255
            && self.image.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b))
            && self.image.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        faults.unless(
            image_ok,
            "/image",
            "name an image such as \"registry.example/team/web:1.2\", at most 255 characters",
        );
        command(&self.command, "/command", faults);
    }

    fn figures(&self, faults: &mut Faults) {
        let least = u16::from(self.kind.ends());
        if !(least..=100).contains(&self.replicas) {
            faults.add("/replicas", format!("from {least} to 100"));
        }
        match (self.kind.listens(), self.port) {
            (true, 0) => faults.add("/port", "from 1 to 65535"),
            (false, 1..) => {
                faults.add("/port", format!("leave it out: nobody reaches a {}", self.kind.as_str()));
            }
            _ => {}
        }
        for (of, value, most) in
            [("/cpuMillis", self.cpu_millis, 1_000_000), ("/memoryMib", self.memory_mib, 16_777_216)]
        {
            if value == 0 || value > most {
                faults.add(of, format!("from 1 to {most}"));
            }
        }
        if let Some(requests) = self.requests {
            for (of, value, most) in [
                ("/requests/cpuMillis", requests.cpu_millis, self.cpu_millis),
                ("/requests/memoryMib", requests.memory_mib, self.memory_mib),
            ] {
                if value == 0 || value > most {
                    faults.add(of, format!("from 1 to the {most} that are allowed"));
                }
            }
        }
    }

    fn storage(&self, faults: &mut Faults) {
        if let Some(volume) = &self.volume {
            one_volume(volume, "/volume", faults);
            faults.unless(
                volume.from.is_none(),
                "/volume/from",
                "leave it out: only those under `volumes` are made from a snapshot",
            );
            faults.unless(
                self.kind != Kind::StatefulService,
                "/volume",
                "leave it out and name `volumes`: each pod of a stateful service has its own",
            );
        }
        if self.volumes.len() > MOST_VOLUMES {
            faults.add("/volumes", format!("at most {MOST_VOLUMES}"));
        }
        for (id, volume) in &self.volumes {
            one_volume(volume, &format!("/volumes/{id}"), faults);
        }
        let mut mounts = BTreeSet::new();
        mounts.extend(self.volume.as_ref().map(|volume| plain(&volume.path)));
        for (id, volume) in &self.volumes {
            if !mounts.insert(plain(&volume.path)) {
                faults.add(format!("/volumes/{id}/path"), "another volume is there");
            }
        }
        let mut files = BTreeSet::new();
        for path in self.files.keys() {
            let plain = plain(path);
            if mounts.contains(&plain) || !files.insert(plain) {
                faults.add(at_file(path), "something else is at this path");
            }
        }
    }

    fn config(&self, faults: &mut Faults) {
        if self.env.len() > MOST_VARIABLES {
            faults.add("/env", format!("at most {MOST_VARIABLES} variables"));
        }
        for (name, content) in &self.env {
            let pointer = format!("/env/{}", name.replace('~', "~0").replace('/', "~1"));
            let mut bytes = name.bytes();
            let named = name.len() <= 128
                && bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
                && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
            faults.unless(
                named,
                &pointer,
                "a variable's name has 1 to 128 of letters, digits and '_' and begins with no digit",
            );
            match content {
                Content::Value(value) => faults.unless(
                    value.len() <= 32_768 && !value.contains('\0'),
                    &pointer,
                    "at most 32,768 bytes, without NUL; longer texts go into files",
                ),
                Content::Secret(secret) => faults.unless(
                    is_secret_key(&secret.key),
                    &format!("{pointer}/secret/key"),
                    "1 to 128 of letters, digits, '-', '_' and '.'",
                ),
            }
        }
        if self.files.len() > MOST_FILES {
            faults.add("/files", format!("at most {MOST_FILES} files"));
        }
        let mut all = 0_u64;
        for (path, file) in &self.files {
            let pointer = at_file(path);
            faults.unless(is_path(path) && !path.ends_with('/'), &pointer, PATH);
            match file {
                File::Kept { size, .. } => all += u64::from(*size),
                File::Secret(secret) => faults.unless(
                    is_secret_key(&secret.key),
                    &format!("{pointer}/secret/key"),
                    "1 to 128 of letters, digits, '-', '_' and '.'",
                ),
            }
        }
        // Some of what a cluster keeps of them is names and marks.
        if all > MOST_FILE_BYTES - 16_384 {
            faults.add("/files", format!("at most {} bytes together", MOST_FILE_BYTES - 16_384));
        }
    }

    fn watching(&self, faults: &mut Faults) {
        let probes = [
            ("/probes/liveness", &self.probes.liveness),
            ("/probes/readiness", &self.probes.readiness),
            ("/probes/startup", &self.probes.startup),
        ];
        for (pointer, probe) in probes {
            let Some(probe) = probe else { continue };
            if self.kind.ends() {
                faults.add(pointer, format!("leave it out: a {} ends by itself", self.kind.as_str()));
            }
            one_probe(probe, pointer, faults);
        }
    }

    fn numbers(&self, faults: &mut Faults) {
        let alike = matches!(self.kind, Kind::Service | Kind::Worker);
        if let Some(autoscale) = self.autoscale {
            faults.unless(alike, "/autoscale", "only services and workers are scaled by load");
            faults.unless((1..=100).contains(&autoscale.least), "/autoscale/least", "from 1 to 100");
            faults.unless(
                (autoscale.least..=100).contains(&autoscale.most),
                "/autoscale/most",
                "from `least` to 100",
            );
            faults.unless(
                (1..=100).contains(&autoscale.cpu_percent),
                "/autoscale/cpuPercent",
                "from 1 to 100",
            );
            faults.unless(
                (autoscale.least..=autoscale.most.max(autoscale.least)).contains(&self.replicas),
                "/replicas",
                "from `autoscale.least` to `autoscale.most`",
            );
        }
        if let Some(super::Disruption::MinAvailable(n) | super::Disruption::MaxUnavailable(n)) =
            self.disruption
        {
            faults.unless(!self.kind.ends(), "/disruption", "jobs have none: they begin again elsewhere");
            faults.unless(n <= 100, "/disruption", "from 0 to 100");
        }
        if let Some(rollout) = self.rollout {
            faults.unless(
                alike && self.volume.is_none() && self.volumes.is_empty(),
                "/rollout",
                "only services and workers without volumes are replaced bit by bit",
            );
            faults.unless(rollout.max_surge <= 100, "/rollout/maxSurge", "from 0 to 100");
            faults.unless(rollout.max_unavailable <= 100, "/rollout/maxUnavailable", "from 0 to 100");
            faults.unless(
                rollout.max_surge > 0 || rollout.max_unavailable > 0,
                "/rollout/maxUnavailable",
                "more than 0 where `maxSurge` is 0: else nothing could be replaced",
            );
            faults.unless(rollout.min_ready_seconds <= 3600, "/rollout/minReadySeconds", "from 0 to 3600");
            let least = rollout.min_ready_seconds.saturating_add(1);
            faults.unless(
                rollout.deadline_seconds >= least && rollout.deadline_seconds <= 7200,
                "/rollout/deadlineSeconds",
                "more than `minReadySeconds` and at most 7200",
            );
        }
    }

    fn reached(&self, faults: &mut Faults) {
        let listens = self.kind.listens() || self.hostnames.is_empty();
        if !listens {
            faults.add("/hostnames", format!("leave them out: nobody reaches a {}", self.kind.as_str()));
        }
        if self.hostnames.len() > MOST_HOSTNAMES {
            faults.add("/hostnames", format!("at most {MOST_HOSTNAMES}"));
        }
        let Some(entry) = &self.entry else { return };
        faults.unless(
            !self.hostnames.is_empty(),
            "/entry",
            "leave it out: it is about hostnames, and there are none",
        );
        faults.unless(
            entry.class.as_deref().is_none_or(is_class),
            "/entry/class",
            "letters, digits, \"-\" and \".\", in lower case, at most 253",
        );
    }

    fn work(&self, faults: &mut Faults) {
        if let Some(run) = self.run {
            faults.unless(self.kind.ends(), "/run", "only jobs and cron jobs have an end");
            faults.unless((1..=10_000).contains(&run.completions), "/run/completions", "from 1 to 10000");
            faults.unless(run.retries <= 100, "/run/retries", "from 0 to 100");
            faults.unless(
                run.deadline_seconds.is_none_or(|seconds| (1..=604_800).contains(&seconds)),
                "/run/deadlineSeconds",
                "from 1 to 604800",
            );
        }
        match (&self.schedule, self.kind) {
            (None, Kind::CronJob) => faults.add("/schedule", "a cron job has one"),
            (Some(_), kind) if kind != Kind::CronJob => {
                faults.add("/schedule", format!("leave it out: a {} has none", kind.as_str()));
            }
            (Some(schedule), _) => {
                if let Err(error) = check_cron(&schedule.cron) {
                    faults.add("/schedule/cron", error.to_string());
                }
                faults.unless(
                    (10..=86_400).contains(&schedule.late_seconds),
                    "/schedule/lateSeconds",
                    "from 10 to 86400",
                );
            }
            (None, _) => {}
        }
    }
}

fn command(words: &[String], pointer: &str, faults: &mut Faults) {
    if words.len() > 64 || words.iter().map(String::len).sum::<usize>() > 16_384 {
        faults.add(pointer, "at most 64 words and 16,384 bytes");
    }
    if words.iter().any(|word| word.contains('\0')) {
        faults.add(pointer, "no NUL characters");
    }
}

fn one_volume(volume: &Volume, pointer: &str, faults: &mut Faults) {
    faults.unless(is_path(&volume.path), &format!("{pointer}/path"), PATH);
    if volume.size_mib == 0 || volume.size_mib > 16_777_216 {
        faults.add(format!("{pointer}/sizeMib"), "from 1 to 16777216");
    }
}

fn one_probe(probe: &Probe, pointer: &str, faults: &mut Faults) {
    for (of, value, most) in [
        ("periodSeconds", probe.period_seconds, 3600),
        ("timeoutSeconds", probe.timeout_seconds, 600),
        ("failures", probe.failures, 100),
    ] {
        if value == 0 || value > most {
            faults.add(format!("{pointer}/{of}"), format!("from 1 to {most}"));
        }
    }
    match &probe.check {
        Check::Tcp { port } => {
            faults.unless(*port > 0, &format!("{pointer}/check/tcp/port"), "from 1 to 65535");
        }
        Check::Http { port, path } => {
            faults.unless(*port > 0, &format!("{pointer}/check/http/port"), "from 1 to 65535");
            let path_ok =
                path.starts_with('/') && path.len() <= 1024 && path.bytes().all(|b| b.is_ascii_graphic());
            faults.unless(
                path_ok,
                &format!("{pointer}/check/http/path"),
                "a path with a slash at the beginning, at most 1024 visible ASCII characters",
            );
        }
        Check::Exec { command: words } => {
            let pointer = format!("{pointer}/check/exec/command");
            faults.unless(!words.is_empty(), &pointer, "name a command");
            command(words, &pointer, faults);
        }
    }
}
