//! What the chapters share: moments, pages, cases, proposals.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use tenure_wire::Problem;
use tenure_wire::problem::GuardView;
use tenure_wire::request::{AskItem, AskVerifier, Consent, OpenCase, ProposeMeasure};
use tenure_wire::view::MeasureView;

use super::ENVIRONMENT;
use crate::story::Story;
use crate::story::when::{at, said};

/// How long pods may take to be ready. Operating time.
const READY: Duration = Duration::from_secs(90);

pub(super) fn item(id: &str, ask: &str) -> anyhow::Result<AskItem> {
    Ok(AskItem {
        id: id.parse()?,
        ask: ask.to_owned(),
        report: None,
        invoice: None,
        verifier: AskVerifier::Review,
    })
}

pub(super) fn guard<'p>(problem: &'p Problem, name: &str) -> anyhow::Result<&'p GuardView> {
    let found = problem.guards.iter().find(|g| g.guard == name);
    found.with_context(|| format!("the refusal names {name}; it names {:?}", problem.guards))
}

impl Story<'_> {
    pub(super) async fn at(&mut self, local: &str) -> anyhow::Result<Timestamp> {
        let moment = at(local)?;
        self.live_until(moment).await?;
        Ok(moment)
    }

    pub(super) fn tell_at(&mut self, moment: Timestamp, line: &str) -> anyhow::Result<()> {
        self.say(&said(moment)?, line)
    }

    /// Waits until a page answers so.
    pub(super) async fn wait_for(&self, account: &str, workload: &str, status: u16) -> anyhow::Result<()> {
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
    pub(super) async fn expect_pages(&self, site: u16, feed: u16) -> anyhow::Result<()> {
        let (social, peer) = (&self.names.social, &self.names.peer);
        for (account, workload, status) in
            [(social, "site", site), (social, "feed", feed), (peer, "site", 200)]
        {
            self.wait_for(account, workload, status).await?;
        }
        Ok(())
    }

    /// What the site's volume holds: the page itself, or what a simulated page says of it.
    pub(super) async fn volume_content(&self) -> anyhow::Result<String> {
        let (status, body) = self.pages.fetch(&self.names.social, ENVIRONMENT, "site").await?;
        ensure!(status == 200, "the site answers {status}: {body}");
        let simulated = body.lines().find(|line| line.starts_with("content: ")).map(str::to_owned);
        Ok(simulated.unwrap_or(body))
    }

    /// The site's volume holds what it held at first.
    pub(super) async fn same_volume(&self) -> anyhow::Result<()> {
        let content = self.volume_content().await?;
        ensure!(
            self.volume.as_ref() == Some(&content),
            "the volume held {:?}; it holds {content:?}",
            self.volume
        );
        Ok(())
    }

    /// Opens a case and returns its id.
    pub(super) async fn open_case(
        &mut self,
        ground: &str,
        why: &str,
        reports: &[String],
    ) -> anyhow::Result<String> {
        let key = self.key();
        let case = OpenCase {
            account: self.names.social.parse()?,
            ground: ground.parse()?,
            why: why.to_owned(),
            reports: reports.iter().map(|r| r.parse()).collect::<Result<_, _>>()?,
        };
        Ok(self.client("ines")?.open_case(&key, &case).await?.id)
    }

    pub(super) fn proposal(
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
            until: None,
            parity: None,
            reports: Vec::new(),
            facts: Vec::new(),
        })
    }

    /// The measure in this state, after everything settled.
    pub(super) async fn measure_is(&mut self, id: &str, state: &str) -> anyhow::Result<MeasureView> {
        let now = self.administrator.clock().await?.now;
        self.set_clock(now).await?;
        let measure = self.client("ines")?.measure(id).await?;
        ensure!(measure.state == state, "{id} is {}, not {state}", measure.state);
        Ok(measure)
    }

    pub(super) async fn approve(&mut self, measure: &str, approver: &str) -> anyhow::Result<()> {
        let read = self.client(approver)?.measure(measure).await?;
        let key = self.key();
        self.client(approver)?.approve(&key, measure, &Consent { command_hash: read.command_hash }).await?;
        Ok(())
    }
}
