//! What happens to workloads beside their declarations.

use serde_json::json;
use tenure_access::Role;
use tenure_domain::account::snapshot::Snapshots;
use tenure_domain::account::{Command, System};
use tenure_domain::name::{EnvironmentId, VolumeId, WorkloadId};
use tenure_domain::workload::Workload;
use tenure_engine::submission::Caller;

use super::Story;
use crate::office::member;

impl Story {
    /// Everything that happens to a workload beside its declaration, and a declaration that says all that one can say.
    pub(super) async fn day_two(&mut self) {
        let owner = || member("parley", Role::Owner);
        let web = || "web".parse::<EnvironmentId>().unwrap();
        let feed = || "feed".parse::<WorkloadId>().unwrap();
        let values = [("password".to_owned(), "correct horse".to_owned())].into();
        for secret in ["db", "old"] {
            let values = self.office.engine.secret_values(&mut self.kept, &values).unwrap();
            let (secret, keys) = (secret.parse().unwrap(), ["password".to_owned()].into());
            let command = Command::SetSecret { environment: web(), secret, keys, values };
            self.act(owner(), "parley", command).await;
        }
        let command = Command::RemoveSecret { environment: web(), secret: "old".parse().unwrap() };
        self.act(owner(), "parley", command).await;
        let bytes = self.blob("greeting = hello\n");
        let spec: Workload = serde_json::from_value(json!({
            "kind": "service", "image": "registry.example/feed:2", "command": ["httpd"], "replicas": 2, "port": 8080,
            "cpuMillis": 50, "memoryMib": 32, "requests": {"cpuMillis": 10, "memoryMib": 16},
            "volume": {"path": "/www", "sizeMib": 8},
            "env": {"GREETING": {"value": "hello"}, "PASSWORD": {"secret": {"name": "db", "key": "password"}}},
            "files": {"/etc/feed.conf": {"kept": {"bytes": bytes, "size": 17}}, "/run/password": {"secret": {"name": "db", "key": "password"}}},
            "probes": {
                "liveness": {"check": {"tcp": {"port": 8080}}, "periodSeconds": 5, "timeoutSeconds": 1, "failures": 3},
                "readiness": {"check": {"http": {"port": 8080, "path": "/"}}, "periodSeconds": 5, "timeoutSeconds": 1, "failures": 3},
                "startup": {"check": {"exec": {"command": ["true"]}}, "periodSeconds": 5, "timeoutSeconds": 1, "failures": 3},
            },
            "disruption": {"maxUnavailable": 1},
        })).unwrap();
        let command = Command::PutWorkload { environment: web(), workload: feed(), spec };
        self.act(owner(), "parley", command).await;
        let others = [
            (
                "store",
                json!({"kind": "statefulService", "image": "registry.example/store:1", "replicas": 1, "port": 5432, "cpuMillis": 10, "memoryMib": 16, "volumes": {"data": {"path": "/data", "sizeMib": 8}}, "disruption": {"minAvailable": 1}}),
            ),
            (
                "mailer",
                json!({"kind": "worker", "image": "registry.example/mailer:1", "replicas": 1, "cpuMillis": 10, "memoryMib": 16, "autoscale": {"least": 1, "most": 2, "cpuPercent": 80}, "rollout": {"maxSurge": 1, "maxUnavailable": 0, "minReadySeconds": 0, "deadlineSeconds": 60}}),
            ),
            (
                "import",
                json!({"kind": "job", "image": "registry.example/import:1", "replicas": 1, "cpuMillis": 10, "memoryMib": 16, "run": {"completions": 1, "retries": 2, "deadlineSeconds": 600}}),
            ),
            (
                "nightly",
                json!({"kind": "cronJob", "image": "registry.example/nightly:1", "replicas": 1, "cpuMillis": 10, "memoryMib": 16, "schedule": {"cron": "15 3 * * *", "overlap": "skip", "lateSeconds": 60}}),
            ),
        ];
        for (name, spec) in others {
            let (workload, spec) = (name.parse().unwrap(), serde_json::from_value(spec).unwrap());
            self.act(owner(), "parley", Command::PutWorkload { environment: web(), workload, spec }).await;
        }
        self.snapshots(&web()).await;
        let command = Command::ScaleWorkload { environment: web(), workload: feed(), replicas: 1 };
        self.act(owner(), "parley", command).await;
        let command = Command::RestartWorkload { environment: web(), workload: feed() };
        self.act(owner(), "parley", command).await;
        for name in ["store", "mailer", "import", "nightly"] {
            let workload = name.parse().unwrap();
            self.act(owner(), "parley", Command::RemoveWorkload { environment: web(), workload }).await;
        }
    }

    /// Two snapshots of a pod's volume: the cluster loses one, another volume is made from the other, and it is given up.
    async fn snapshots(&mut self, web: &EnvironmentId) {
        let owner = || member("parley", Role::Owner);
        let (workload, volume): (WorkloadId, VolumeId) = ("store".parse().unwrap(), "data".parse().unwrap());
        for _ in 0..2 {
            let (environment, workload, volume) = (web.clone(), workload.clone(), volume.clone());
            let asked = Snapshots::Request { environment, workload, volume, pod: Some(0), unable: None };
            self.act(owner(), "parley", Command::Snapshots(asked)).await;
        }
        let lost = Snapshots::RecordLost { snapshot: "parley.s1".parse().unwrap() };
        self.act(Caller::System(System::Cluster), "parley", Command::Snapshots(lost)).await;
        let copy: WorkloadId = "copy".parse().unwrap();
        for from in [json!({"from": "parley.s2"}), json!({})] {
            let mut data = json!({"path": "/data", "sizeMib": 8});
            data.as_object_mut().unwrap().extend(from.as_object().unwrap().clone());
            let spec: Workload = serde_json::from_value(json!({
                "kind": "worker", "image": "registry.example/copy:1", "command": [], "replicas": 1, "cpuMillis": 10,
                "memoryMib": 16, "volumes": {"data": data},
            }))
            .unwrap();
            let (environment, workload) = (web.clone(), copy.clone());
            self.act(owner(), "parley", Command::PutWorkload { environment, workload, spec }).await;
        }
        let (environment, snapshot) = (web.clone(), "parley.s2".parse().unwrap());
        let released = Command::Snapshots(Snapshots::Release { environment, snapshot });
        self.act(owner(), "parley", released).await;
        let environment = web.clone();
        self.act(owner(), "parley", Command::RemoveWorkload { environment, workload: copy }).await;
    }
}
