//! What is asked for on 9 January and after: one refusal, one isolation, two emergencies.

use anyhow::{Context as _, bail, ensure};
use tenure_client::ClientError;
use tenure_domain::account::measure::Finding;
use tenure_wire::legal::ReviewEmergency;
use tenure_wire::request::{Consent, Reason, WithdrawCase};
use tenure_wire::view::MeasureView;

use super::WHOLE_ACCOUNT;
use super::scene::guard;
use crate::story::Story;
use crate::story::when::{at, said};

impl Story<'_> {
    pub(super) async fn refused(&mut self) -> anyhow::Result<()> {
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

    pub(super) async fn item_isolation(&mut self) -> anyhow::Result<()> {
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

    pub(super) async fn apply_emergency(
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

    pub(super) async fn emergency(&mut self) -> anyhow::Result<()> {
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

    /// Somebody who took no part says what happened; until then ines applies no other emergency measure.
    async fn review(&mut self, measure: &str, why: &str) -> anyhow::Result<()> {
        let key = self.key();
        let review = ReviewEmergency { finding: Finding::Right, why: why.to_owned() };
        self.client("bruno")?.review_emergency(&key, measure, &review).await?;
        Ok(())
    }

    pub(super) async fn unratified(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-01-09T22:00").await?;
        let first = self.id("emergency")?;
        self.review(&first, "The post named a place and an hour, and people answered it").await?;
        self.tell_at(
            moment,
            &format!("bruno (approver), who took no part, reviews {first}: it was right. Without a review ines could apply no other"),
        )?;
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
        self.review(&measure.id, "The hour stood on the site too; the first measure covered it").await?;
        let moment = self.at("2021-01-12T10:00").await?;
        let emergency = self.id("emergency")?;
        let key = self.key();
        self.client("ines")?
            .lift(&key, &emergency, &Reason { why: "The hour has passed and nothing happened".to_owned() })
            .await?;
        self.measure_is(&emergency, "lifted").await?;
        let key = self.key();
        let back =
            WithdrawCase { why: "The hour has passed and nothing happened".to_owned(), false_for: None };
        self.client("ines")?.withdraw_case(&key, &case, &back).await?;
        self.expect_pages(200, 503).await?;
        self.tell_at(
            moment,
            &format!(
                "ines (analyst) lifts {emergency}: the site answers 200 again; the feed stays isolated by {}",
                self.id("item isolation")?
            ),
        )
    }
}
