//! The account meets what was asked, and the record proves it all.

use anyhow::ensure;
use tenure_ledger::bundle::Receipt;
use tenure_ledger::note::VerifierKey;
use tenure_wire::request::{DecideCure, SubmitCure};

use crate::story::Story;

impl Story<'_> {
    pub(super) async fn meet(&mut self, case: &str, items: &[&str]) -> anyhow::Result<()> {
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

    pub(super) async fn cure(&mut self) -> anyhow::Result<()> {
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
        // Each lift was told by a notice of its own, and what waits is only that they count as served.
        let notices = self.client("jules")?.notices(&social).await?.items;
        for measure in [&suspension, &isolation] {
            let told = notices.iter().rfind(|n| n.measure.as_ref() == Some(measure));
            ensure!(told.is_some_and(|n| n.title.contains("end of a measure")), "{measure}: {told:?}");
        }
        for notice in notices.iter().filter(|n| n.state == "issued") {
            let key = self.key();
            self.client("jules")?.acknowledge(&key, &social, &notice.id).await?;
        }
        let standing = self.client("jules")?.standing(&social).await?;
        ensure!(
            standing.standing == "clear" && standing.measures.is_empty() && standing.next.is_empty(),
            "{standing:?}"
        );
        self.tell_at(moment, &format!("the three posts are gone; ines (analyst) accepts: {items} is cured, {isolation} lifts. {social} is clear and everything runs as before"))
    }

    pub(super) async fn record(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-03-10T09:00").await?;
        let theo = self.client("theo")?;
        let (social, peer) = (self.names.social.clone(), self.names.peer.clone());
        let key: VerifierKey = theo.log_key().await?.parse()?;
        let mut proved = 0;
        let mut token = None;
        loop {
            let page = theo.stream(&format!("account/{social}"), token.as_deref()).await?;
            for event in &page.items {
                let receipt = serde_json::to_vec(&theo.receipt(&event.stream, event.n).await?)?;
                Receipt::from_json(&receipt)?.verify(&key)?;
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
