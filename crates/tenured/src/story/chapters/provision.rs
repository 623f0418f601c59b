//! Two customers are provisioned, and reports come in.

use anyhow::ensure;
use tenure_domain::environment::EnvironmentKind;
use tenure_wire::request::{CreateEnvironment, OpenAccount, Plan, TermsVersion, Volume, Workload};

use super::ENVIRONMENT;
use crate::story::reports::Reports;
use crate::story::{RULE, Story, TERMS};

pub(super) fn page(text: &str) -> Workload {
    let script =
        format!("[ -e /www/index.html ] || echo '{text}' > /www/index.html; exec httpd -f -p 8080 -h /www");
    Workload {
        image: "docker.io/library/busybox:1.35".to_owned(),
        command: vec!["/bin/sh".to_owned(), "-c".to_owned(), script],
        replicas: 1,
        port: 8080,
        cpu_millis: 50,
        memory_mib: 32,
        volume: Some(Volume { path: "/www".to_owned(), size_mib: 16, from: None }),
        ..Workload::default()
    }
}

pub(super) fn plain() -> Workload {
    Workload { command: Vec::new(), volume: None, ..page("") }
}

impl Story<'_> {
    pub(super) async fn provision(&mut self) -> anyhow::Result<()> {
        self.reports = Reports::all()?;
        let moment = self.at("2020-11-02T09:00").await?;
        let key = self.key();
        self.administrator.publish_terms(&key, TERMS).await?;
        let key = self.key();
        self.administrator.publish_rule(&key, RULE).await?;
        self.cast_people().await?;
        self.tell_at(moment, "mara (administrator) publishes the terms cloud-agreement 2020-04 and the rule reports-outpace-cleanup (mode notify), and gives people their roles")?;
        let pavel = self.client("pavel")?;
        let (social, peer) = (self.names.social.clone(), self.names.peer.clone());
        let plan = Plan { cpu_millis: 1_000, memory_mib: 512, storage_mib: 128, pods: 10 };
        for (account, owner) in [(&social, "jules"), (&peer, "noor")] {
            let open = OpenAccount {
                account: account.parse()?,
                terms: TermsVersion { id: "cloud-agreement".parse()?, version: "2020-04".to_owned() },
                plan: plan.clone(),
            };
            let key = self.key();
            pavel.open_account(&key, &open).await?;
            self.cast_owner(account, owner).await?;
            let environment = CreateEnvironment {
                environment: ENVIRONMENT.parse()?,
                plan: plan.clone(),
                kind: EnvironmentKind::Managed,
                load_balancers: 0,
                hostnames: 0,
                cluster: None,
            };
            let key = self.key();
            self.client(owner)?.create_environment(&key, account, &environment).await?;
        }
        for (account, owner, name, spec) in [
            (&social, "jules", "site", page("Welcome to Parley")),
            (&social, "jules", "feed", plain()),
            (&peer, "noor", "site", page("Welcome to Agora")),
        ] {
            let key = self.key();
            self.client(owner)?.create_workload(account, ENVIRONMENT, name, &key, &spec).await?;
        }
        for (account, name) in [(&social, "site"), (&social, "feed"), (&peer, "site")] {
            self.wait_for(account, name, 200).await?;
        }
        self.volume = Some(self.volume_content().await?);
        self.tell_at(moment, &format!("pavel (platform) opens {social} (a social network, owner jules) and {peer} (a comparable customer, owner noor) under cloud-agreement 2020-04; each declares its workloads, and their pages answer 200"))
    }

    pub(super) async fn reports(&mut self) -> anyhow::Result<()> {
        self.at("2021-01-01T00:00").await?;
        ensure!(self.ids.contains_key("process case"), "the rule opened a case in December");
        Ok(())
    }
}
