//! What happens, in order.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use tenure_client::ClientError;
use tenure_wire::Problem;
use tenure_wire::request::{
    AskItem, Consent, CreateEnvironment, DecideCure, IssueNotice, OpenAccount, OpenCase, Plan,
    ProposeMeasure, Reason, RecordOrder, Starts, SubmitCure, TermsVersion, Volume, Workload,
};
use tenure_wire::view::MeasureView;

use super::reports::Reports;
use super::when::{at, said};
use super::{RULE, Story, TERMS};

/// A part of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chapter {
    /// Two customers are provisioned.
    Provision,
    /// Reports come in until the new year; the rule opens a case.
    Reports,
    /// Notices for the worst items are served and lapse.
    ItemNotices,
    /// The suspension is asked for, and refused.
    Refused,
    /// The worst workload is isolated.
    ItemIsolation,
    /// Notice of violation and of intent is served.
    Notice,
    /// An emergency isolation, ratified.
    Emergency,
    /// Another, not ratified: it lifts by itself.
    Unratified,
    /// Reminders go out; the cure period lapses.
    Lapse,
    /// The suspension is proposed, approved, scheduled.
    Approval,
    /// It takes effect.
    Suspension,
    /// A court orders reinstatement.
    Order,
    /// The order is vacated; the suspension applies again.
    Vacatur,
    /// The account meets what was asked; everything runs as before.
    Cure,
    /// The record proves it.
    Record,
}

impl Chapter {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[
        Self::Provision,
        Self::Reports,
        Self::ItemNotices,
        Self::Refused,
        Self::ItemIsolation,
        Self::Notice,
        Self::Emergency,
        Self::Unratified,
        Self::Lapse,
        Self::Approval,
        Self::Suspension,
        Self::Order,
        Self::Vacatur,
        Self::Cure,
        Self::Record,
    ];
}

/// The environment in which both accounts run.
const ENVIRONMENT: &str = "web";

/// Why the account is suspended and not one environment of it.
const WHOLE_ACCOUNT: &str = "The clean-up is the account's, not one environment's";

/// How long pods may take to be ready. Operating time.
const READY: Duration = Duration::from_secs(90);

pub(super) async fn play(story: &mut Story<'_>, chapter: Chapter) -> anyhow::Result<()> {
    match chapter {
        Chapter::Provision => story.provision().await,
        Chapter::Reports => story.reports().await,
        Chapter::ItemNotices => story.item_notices().await,
        Chapter::Refused => story.refused().await,
        Chapter::ItemIsolation => story.item_isolation().await,
        Chapter::Notice => story.notice().await,
        Chapter::Emergency => story.emergency().await,
        Chapter::Unratified => story.unratified().await,
        Chapter::Lapse => story.lapse().await,
        Chapter::Approval => story.approval().await,
        Chapter::Suspension => story.suspension().await,
        Chapter::Order => story.order().await,
        Chapter::Vacatur => story.vacatur().await,
        Chapter::Cure => story.cure().await,
        Chapter::Record => story.record().await,
    }
}

fn page(text: &str) -> Workload {
    let script =
        format!("[ -e /www/index.html ] || echo '{text}' > /www/index.html; exec httpd -f -p 8080 -h /www");
    Workload {
        image: "docker.io/library/busybox:1.35".to_owned(),
        command: vec!["/bin/sh".to_owned(), "-c".to_owned(), script],
        replicas: 1,
        port: 8080,
        cpu_millis: 50,
        memory_mib: 32,
        volume: Some(Volume { path: "/www".to_owned(), size_mib: 16 }),
    }
}

fn plain() -> Workload {
    Workload { command: Vec::new(), volume: None, ..page("") }
}

fn item(id: &str, ask: &str) -> anyhow::Result<AskItem> {
    Ok(AskItem { id: id.parse()?, ask: ask.to_owned(), report: None })
}

fn guard<'p>(problem: &'p Problem, name: &str) -> anyhow::Result<&'p tenure_wire::problem::GuardView> {
    let found = problem.guards.iter().find(|g| g.guard == name);
    found.with_context(|| format!("the refusal names {name}; it names {:?}", problem.guards))
}

impl Story<'_> {
    async fn at(&mut self, local: &str) -> anyhow::Result<Timestamp> {
        let moment = at(local)?;
        self.live_until(moment).await?;
        Ok(moment)
    }

    fn tell_at(&mut self, moment: Timestamp, line: &str) -> anyhow::Result<()> {
        self.say(&said(moment)?, line)
    }

    async fn provision(&mut self) -> anyhow::Result<()> {
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
            let environment = CreateEnvironment { environment: ENVIRONMENT.parse()?, plan: plan.clone() };
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

    /// Waits until a page answers so.
    async fn wait_for(&self, account: &str, workload: &str, status: u16) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            let (seen, body) = self.pages.fetch(account, ENVIRONMENT, workload).await?;
            if seen == status {
                return Ok(());
            }
            if since.elapsed() > READY {
                bail!("{account}'s {workload} answers {seen} ({body}), not {status}, after {READY:?}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The pages as they must be; the comparable customer's always answers.
    async fn expect_pages(&self, site: u16, feed: u16) -> anyhow::Result<()> {
        let (social, peer) = (&self.names.social, &self.names.peer);
        for (account, workload, status) in
            [(social, "site", site), (social, "feed", feed), (peer, "site", 200)]
        {
            self.wait_for(account, workload, status).await?;
        }
        Ok(())
    }

    async fn reports(&mut self) -> anyhow::Result<()> {
        self.at("2021-01-01T00:00").await?;
        ensure!(self.ids.contains_key("process case"), "the rule opened a case in December");
        Ok(())
    }

    /// Opens a case and returns its id.
    async fn open_case(&mut self, ground: &str, why: &str, reports: &[String]) -> anyhow::Result<String> {
        let key = self.key();
        let case = OpenCase {
            account: self.names.social.parse()?,
            ground: ground.parse()?,
            why: why.to_owned(),
            reports: reports.iter().map(|r| r.parse()).collect::<Result<_, _>>()?,
        };
        Ok(self.client("ines")?.open_case(&key, &case).await?.id)
    }

    async fn item_notices(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-01-05T09:00").await?;
        let social = self.names.social.clone();
        let worst: Vec<String> = self.reports.filed.iter().rev().take(3).cloned().collect();
        let case = self.open_case("incitement", "Three posts that call for violence stay up", &worst).await?;
        let mut items = Vec::new();
        for (n, report) in worst.iter().enumerate() {
            let mut asked = item(&format!("post-{}", n + 1), &format!("Remove the post named in {report}"))?;
            asked.report = Some(report.parse()?);
            items.push(asked);
        }
        let notice = IssueNotice {
            power: "svc-1.4".parse()?,
            starts: Starts::Cure,
            why: "The posts call for violence, and stay up after they were reported".to_owned(),
            items,
        };
        let key = self.key();
        let issued = self.client("ines")?.issue_notice(&key, &case, &notice).await?;
        self.tell_at(moment, &format!("ines (analyst) opens {case} on incitement and issues {}, a violation notice for the three worst posts under power svc-1.4; no clock runs until it is served", issued.id))?;
        let moment = self.at("2021-01-05T10:00").await?;
        let key = self.key();
        self.client("jules")?.acknowledge(&key, &social, &issued.id).await?;
        let seen = self.client("jules")?.notice(&social, &issued.id).await?;
        let ends = seen.cure_ends.context("a served violation notice has a cure period")?;
        ensure!(
            ends == at("2021-01-07T10:00")?,
            "two business days from Tuesday end on Thursday, not {ends}"
        );
        self.tell_at(
            moment,
            &format!(
                "jules ({social}'s owner) acknowledges {}: served. Two business days run until {}",
                issued.id,
                said(ends)?
            ),
        )?;
        let moment = self.at("2021-01-07T10:00").await?;
        let lapsed = self.client("ines")?.case(&case).await?;
        ensure!(lapsed.state == "lapsed", "{case} is {}", lapsed.state);
        self.tell_at(
            moment,
            &format!("{case} lapses: the two business days have run and the posts are still there"),
        )?;
        self.ids.insert("item case", case);
        Ok(())
    }

    fn proposal(
        power: &str,
        scope: &str,
        effective: Option<&str>,
        why: &str,
    ) -> anyhow::Result<ProposeMeasure> {
        Ok(ProposeMeasure {
            power: power.parse()?,
            scope: scope.parse()?,
            effective: effective.map(at).transpose()?,
            why: why.to_owned(),
            why_not_less: None,
            emergency: false,
        })
    }

    async fn refused(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-01-09T19:00").await?;
        ensure!(self.reports.filed.len() == 98, "98 reports came in, not {}", self.reports.filed.len());
        let case = self.id("process case")?;
        let why = "98 reports, and the clean-up falls behind";
        let mut asked = Self::proposal("6.1", "account", Some("2021-01-10T23:59"), why)?;
        asked.why_not_less = Some(WHOLE_ACCOUNT.to_owned());
        let key = self.key();
        let refused = match self.client("ines")?.propose_measure(&key, &case, &asked).await {
            Err(ClientError::Problem(problem)) if problem.status == 409 => *problem,
            Err(error) => return Err(error.into()),
            Ok(written) => bail!("{} was permitted without any notice", written.id),
        };
        let earliest = at("2021-02-08T19:00")?;
        ensure!(guard(&refused, "cure_run")?.not_before == Some(earliest), "{refused:?}");
        ensure!(guard(&refused, "notice_run")?.not_before == Some(at("2021-01-23T19:00")?), "{refused:?}");
        guard(&refused, "approved")?;
        ensure!(refused.earliest == Some(earliest), "{refused:?}");
        ensure!(refused.guards.len() == 3, "{refused:?}");
        let social = self.names.social.clone();
        self.tell_at(moment, &format!("ines (analyst) asks to suspend {social} from tomorrow night under power 6.1 ({case}, process_failure): REFUSED"))?;
        for unmet in &refused.guards {
            let law = unmet.law.map(|n| format!("law {n}, ")).unwrap_or_default();
            self.tell.line(&format!(
                "                        - {law}{}: {}; {}",
                unmet.guard, unmet.detail, unmet.satisfied_by
            ))?;
        }
        self.tell.line(&format!(
            "                        earliest: {}, if notice is served now",
            said(earliest)?
        ))?;
        self.expect_pages(200, 200).await
    }

    /// The measure in this state, after everything settled.
    async fn measure_is(&mut self, id: &str, state: &str) -> anyhow::Result<MeasureView> {
        let now = self.administrator.clock().await?.now;
        self.set_clock(now).await?;
        let measure = self.client("ines")?.measure(id).await?;
        ensure!(measure.state == state, "{id} is {}, not {state}", measure.state);
        Ok(measure)
    }

    async fn approve(&mut self, measure: &str, approver: &str) -> anyhow::Result<()> {
        let read = self.client(approver)?.measure(measure).await?;
        let key = self.key();
        self.client(approver)?.approve(&key, measure, &Consent { command_hash: read.command_hash }).await?;
        Ok(())
    }

    async fn item_isolation(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-01-09T19:10").await?;
        let case = self.id("item case")?;
        let asked = Self::proposal("svc-1.4", "workload/web/feed", None, "The feed serves the three posts")?;
        let key = self.key();
        let id = self.client("ines")?.propose_measure(&key, &case, &asked).await?.id;
        self.approve(&id, "amara").await?;
        let measure = self.measure_is(&id, "in_force").await?;
        self.expect_pages(200, 503).await?;
        let receipt = measure.receipt.context("a measure in force has a receipt")?;
        self.tell_at(moment, &format!("ines (analyst) asks to isolate the workload feed under power svc-1.4; amara (approver) approves: PERMITTED, {id} is in force on receipt {}…. The feed's page answers 503, the site's 200", &receipt[..19]))?;
        self.ids.insert("item isolation", id);
        Ok(())
    }

    async fn notice(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-01-09T19:30").await?;
        let (case, social) = (self.id("process case")?, self.names.social.clone());
        let notice = IssueNotice {
            power: "6.1".parse()?,
            starts: Starts::Both,
            why: "98 reports of incitement in eight weeks, weekly more of them, answered ever slower"
                .to_owned(),
            items: vec![
                item("backlog", "Handle the reports that are not answered")?,
                item("plan", "Hand in a plan by which reports are handled within two business days")?,
                item("staffing", "Name who carries the plan out")?,
            ],
        };
        let key = self.key();
        let issued = self.client("ines")?.issue_notice(&key, &case, &notice).await?.id;
        let served = self.at("2021-01-09T19:45").await?;
        let key = self.key();
        self.client("jules")?.acknowledge(&key, &social, &issued).await?;
        let seen = self.client("jules")?.notice(&social, &issued).await?;
        let (cure, notice) = (seen.cure_ends.context("cure")?, seen.notice_ends.context("notice")?);
        ensure!(cure == at("2021-02-08T19:45")? && notice == at("2021-01-23T19:45")?, "{seen:?}");
        ensure!(seen.attempts.len() == 2, "mail and inbox: {:?}", seen.attempts);
        self.tell_at(moment, &format!("ines (analyst) issues {issued} in {case}: violation and intent in one, under power 6.1, with three things to do (backlog, plan, staffing)"))?;
        self.tell_at(served, &format!("jules ({social}'s owner) acknowledges {issued}: served. Notice (P14D) runs until {}, cure (P30D) until {}", said(notice)?, said(cure)?))?;
        self.ids.insert("notice", issued);
        Ok(())
    }

    async fn apply_emergency(
        &mut self,
        case: &str,
        scope: &str,
        why: &str,
        not_less: Option<&str>,
    ) -> anyhow::Result<MeasureView> {
        let mut asked = Self::proposal("6.1-emergency", scope, None, why)?;
        asked.emergency = true;
        asked.why_not_less = not_less.map(str::to_owned);
        let key = self.key();
        let id = self.client("ines")?.propose_measure(&key, case, &asked).await?.id;
        self.measure_is(&id, "in_force").await
    }

    async fn emergency(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-01-09T20:30").await?;
        let worst: Vec<String> = self.reports.filed.iter().rev().take(1).cloned().collect();
        let case =
            self.open_case("imminent_violence", "A meeting point and an hour are named", &worst).await?;
        let measure = self
            .apply_emergency(
                &case,
                "environment/web",
                "A meeting point and an hour are named",
                Some("The post is spread by the site and the feed alike"),
            )
            .await?;
        self.expect_pages(503, 503).await?;
        let ends = measure.ratify_by.context("an emergency measure is provisional")?;
        self.tell_at(moment, &format!("ines (analyst) isolates the environment web at once under power 6.1-emergency ({case}): {} is in force provisionally, its notice is out; it lifts by itself on {} unless another person ratifies it", measure.id, said(ends)?))?;
        let moment = self.at("2021-01-09T21:15").await?;
        let key = self.key();
        let consent = Consent { command_hash: measure.command_hash };
        self.client("amara")?.ratify(&key, &measure.id, &consent).await?;
        self.tell_at(
            moment,
            &format!("amara (approver) ratifies {}: it stands until it is lifted", measure.id),
        )?;
        self.ids.insert("emergency", measure.id);
        self.ids.insert("emergency case", case);
        Ok(())
    }

    async fn unratified(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-01-10T08:00").await?;
        let case = self.id("emergency case")?;
        let measure = self
            .apply_emergency(&case, "workload/web/site", "The site announces the same hour", None)
            .await?;
        self.tell_at(moment, &format!("ines (analyst) also isolates the workload site under power 6.1-emergency: {} is in force provisionally", measure.id))?;
        let moment = self.at("2021-01-11T08:00").await?;
        let lifted = self.measure_is(&measure.id, "lifted").await?;
        self.expect_pages(503, 503).await?;
        self.tell_at(
            moment,
            &format!(
                "nobody else ratified {}: it lifts by itself ({}); what {} withholds stays withheld",
                measure.id,
                lifted.ended_because.unwrap_or_default(),
                self.id("emergency")?
            ),
        )?;
        let moment = self.at("2021-01-12T10:00").await?;
        let emergency = self.id("emergency")?;
        let key = self.key();
        self.client("ines")?
            .lift(&key, &emergency, &Reason { why: "The hour has passed and nothing happened".to_owned() })
            .await?;
        self.measure_is(&emergency, "lifted").await?;
        let key = self.key();
        self.client("ines")?.withdraw_case(&key, &case).await?;
        self.expect_pages(200, 503).await?;
        self.tell_at(
            moment,
            &format!(
                "ines (analyst) lifts {emergency}: the site answers 200 again; the feed stays isolated by {}",
                self.id("item isolation")?
            ),
        )
    }

    async fn lapse(&mut self) -> anyhow::Result<()> {
        let (notice, social, case) =
            (self.id("notice")?, self.names.social.clone(), self.id("process case")?);
        let moment = self.at("2021-01-24T20:00").await?;
        let seen = self.client("jules")?.notice(&social, &notice).await?;
        ensure!(seen.reminded == ["half"], "{:?}", seen.reminded);
        self.tell_at(
            moment,
            &format!("half of the cure period of {notice} has run: a reminder went out, once"),
        )?;
        let moment = self.at("2021-02-07T20:00").await?;
        let seen = self.client("jules")?.notice(&social, &notice).await?;
        ensure!(seen.reminded == ["half", "last_day"], "{:?}", seen.reminded);
        self.tell_at(moment, "24 hours are left: the last reminder went out, once")?;
        self.at("2021-02-08T19:44").await?;
        let before = self.client("ines")?.case(&case).await?;
        ensure!(before.state == "notified", "{case} is {} a minute early", before.state);
        let moment = self.at("2021-02-08T19:45").await?;
        let lapsed = self.client("ines")?.case(&case).await?;
        ensure!(lapsed.state == "lapsed", "{case} is {}", lapsed.state);
        self.tell_at(
            moment,
            &format!("{case} lapses: the full thirty days have run since {notice} was served"),
        )
    }

    async fn approval(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-02-09T09:00").await?;
        let (case, social) = (self.id("process case")?, self.names.social.clone());
        let mut asked =
            Self::proposal("6.1", "account", Some("2021-02-10T18:00"), "The clean-up did not catch up")?;
        asked.why_not_less = Some(WHOLE_ACCOUNT.to_owned());
        let key = self.key();
        let id = self.client("ines")?.propose_measure(&key, &case, &asked).await?.id;
        let preview = self.client("ines")?.preview(&id).await?;
        ensure!(preview.guards.len() == 1 && preview.guards[0].guard == "approved", "{:?}", preview.guards);
        self.tell_at(moment, &format!("ines (analyst) proposes {id}: suspend {social} under power 6.1 from Wed 18:00; two approvals of others are needed. It would lose: {}; no persistent data", preview.losses.join(", ")))?;
        let key = self.key();
        let read = self.client("ines")?.measure(&id).await?;
        let own = self.client("ines")?.approve(&key, &id, &Consent { command_hash: read.command_hash }).await;
        ensure!(
            own.is_err_and(|e| e.problem().is_some_and(|p| p.status == 403)),
            "nobody approves their own proposal"
        );
        self.approve(&id, "amara").await?;
        self.approve(&id, "bruno").await?;
        let scheduled = self.measure_is(&id, "scheduled").await?;
        let effective = scheduled.state_at.context("a scheduled measure has its moment")?;
        self.tell_at(
            moment,
            &format!(
                "amara and bruno (approvers) approve exactly {}…: {id} is scheduled for {}",
                &scheduled.command_hash[..12],
                said(effective)?
            ),
        )?;
        self.ids.insert("suspension", id);
        Ok(())
    }

    async fn suspended(&mut self) -> anyhow::Result<String> {
        let id = self.id("suspension")?;
        let measure = self.measure_is(&id, "in_force").await?;
        self.expect_pages(503, 503).await?;
        let (social, peer) = (self.names.social.clone(), self.names.peer.clone());
        // Law 15: a suspended tenant reads its standing; law 16: and nothing of others.
        let standing = self.client("jules")?.standing(&social).await?;
        ensure!(standing.standing == "suspended", "{standing:?}");
        let hidden = self.client("jules")?.standing(&peer).await;
        ensure!(
            hidden.is_err_and(|e| e.problem().is_some_and(|p| p.status == 404)),
            "another account is not there"
        );
        let other = self.client("noor")?.standing(&peer).await?;
        ensure!(other.standing == "clear", "{other:?}");
        measure.receipt.context("a measure in force has a receipt")
    }

    async fn suspension(&mut self) -> anyhow::Result<()> {
        let id = self.id("suspension")?;
        self.at("2021-02-10T17:59").await?;
        self.expect_pages(200, 503).await?;
        let moment = self.at("2021-02-10T18:00").await?;
        let receipt = self.suspended().await?;
        let note = self.client("theo")?.text(&format!("/v1/evidence/{receipt}")).await?;
        let social = self.names.social.clone();
        self.tell_at(moment, &format!("{id} takes effect on a permit minted now: gate, stop, and a signed receipt {}… ({} lines: no pod runs in {social}--web). {social} is suspended and can still read its standing", &receipt[..19], note.lines().count()))
    }

    async fn order(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-02-12T11:00").await?;
        let social = self.names.social.clone();
        let lena = self.client("lena")?;
        let key = self.key();
        let document = lena
            .upload_evidence(&key, "text/plain", b"Order: service is to be restored pending the hearing")
            .await?;
        let order = RecordOrder {
            account: social.parse()?,
            kind: tenure_domain::account::legal::OrderKind::Reinstate,
            scope: "account".parse()?,
            authority: "District court, 2:21-cv-00031, order of 12 February 2021".to_owned(),
            document: document.id.try_into()?,
        };
        let key = self.key();
        let order = lena.record_order(&key, &order).await?.id;
        let suspension = self.id("suspension")?;
        let stayed = self.measure_is(&suspension, "stayed").await?;
        self.expect_pages(200, 200).await?;
        self.same_volume().await?;
        ensure!(stayed.receipt.is_some(), "the restoration has a receipt");
        self.tell_at(moment, &format!("lena (legal) records {order}: the court orders {social} reinstated. {suspension} and {} are stayed, everything is restored, the pages answer 200 with the volume's content as before", self.id("item isolation")?))?;
        let case = self.id("process case")?;
        let asked = Self::proposal("6.1", "environment/web", None, "Again")?;
        let key = self.key();
        let refused = self.client("ines")?.propose_measure(&key, &case, &asked).await;
        let problem = refused
            .err()
            .and_then(|e| e.problem().cloned())
            .context("nothing takes effect against an order")?;
        guard(&problem, "no_order")?;
        let moment = self.at("2021-02-20T12:00").await?;
        self.expect_pages(200, 200).await?;
        self.tell_at(moment, &format!("while {order} stands nothing takes effect: ines (analyst) asks for another measure and is REFUSED (no_order, law 8)"))?;
        self.ids.insert("order", order);
        Ok(())
    }

    /// What the site's volume holds: the page itself, or what a simulated page says of it.
    async fn volume_content(&self) -> anyhow::Result<String> {
        let (status, body) = self.pages.fetch(&self.names.social, ENVIRONMENT, "site").await?;
        ensure!(status == 200, "the site answers {status}: {body}");
        let simulated = body.lines().find(|line| line.starts_with("content: ")).map(str::to_owned);
        Ok(simulated.unwrap_or(body))
    }

    /// The site's volume holds what it held at first.
    async fn same_volume(&self) -> anyhow::Result<()> {
        let content = self.volume_content().await?;
        ensure!(
            self.volume.as_ref() == Some(&content),
            "the volume held {:?}; it holds {content:?}",
            self.volume
        );
        Ok(())
    }

    async fn vacatur(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-02-26T15:00").await?;
        let (order, suspension) = (self.id("order")?, self.id("suspension")?);
        let key = self.key();
        let why = Reason { why: "The court of appeals vacated the order".to_owned() };
        self.client("lena")?.vacate_order(&key, &order, &why).await?;
        self.suspended().await?;
        self.tell_at(moment, &format!("lena (legal) records that {order} is vacated: {suspension} applies again on a fresh permit, with a new receipt"))
    }

    async fn meet(&mut self, case: &str, items: &[&str]) -> anyhow::Result<()> {
        for item in items {
            let key = self.key();
            let cure =
                SubmitCure { item: item.parse()?, remedy: format!("{item}: done, see the attached report") };
            self.client("jules")?.submit_cure(&key, case, &cure).await?;
            let key = self.key();
            self.client("ines")?
                .decide_cure(&key, case, item, &DecideCure { accept: true, why: None })
                .await?;
        }
        Ok(())
    }

    async fn cure(&mut self) -> anyhow::Result<()> {
        let (process, items) = (self.id("process case")?, self.id("item case")?);
        let moment = self.at("2021-03-08T10:00").await?;
        self.meet(&process, &["backlog", "plan", "staffing"]).await?;
        let suspension = self.id("suspension")?;
        self.measure_is(&suspension, "lifted").await?;
        self.expect_pages(200, 503).await?;
        self.same_volume().await?;
        let isolation = self.id("item isolation")?;
        self.tell_at(moment, &format!("jules hands in backlog, plan and staffing; ines (analyst) accepts: {process} is cured and {suspension} lifts by itself. The feed stays isolated by {isolation}: lifting one measure lifts no other"))?;
        let moment = self.at("2021-03-09T10:00").await?;
        self.meet(&items, &["post-1", "post-2", "post-3"]).await?;
        self.measure_is(&isolation, "lifted").await?;
        self.expect_pages(200, 200).await?;
        let social = self.names.social.clone();
        let standing = self.client("jules")?.standing(&social).await?;
        ensure!(
            standing.standing == "clear" && standing.measures.is_empty() && standing.next.is_empty(),
            "{standing:?}"
        );
        self.tell_at(moment, &format!("the three posts are gone; ines (analyst) accepts: {items} is cured, {isolation} lifts. {social} is clear and everything runs as before"))
    }

    async fn record(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-03-10T09:00").await?;
        let theo = self.client("theo")?;
        let (social, peer) = (self.names.social.clone(), self.names.peer.clone());
        let key: tenure_ledger::note::VerifierKey = theo.log_key().await?.parse()?;
        let mut proved = 0;
        let mut token = None;
        loop {
            let page = theo.stream(&format!("account/{social}"), token.as_deref()).await?;
            for event in &page.items {
                let receipt = serde_json::to_vec(&theo.receipt(&event.stream, event.n).await?)?;
                tenure_ledger::bundle::Receipt::from_json(&receipt)?.verify(&key)?;
                proved += 1;
            }
            token = page.next_page_token;
            if token.is_none() {
                break;
            }
        }
        let quiet = theo.stream(&format!("account/{peer}"), None).await?;
        let touched = quiet
            .items
            .iter()
            .find(|e| e.event_type.starts_with("measure.") || e.event_type.starts_with("case."));
        ensure!(touched.is_none(), "{peer} was touched: {touched:?}");
        self.tell_at(moment, &format!("theo (auditor) fetches the proof of each of the {proved} events about {social} and verifies them against the signed log; {peer} was never touched"))
    }
}
