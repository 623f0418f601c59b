//! The suspension, proposed, approved, scheduled and applied.

use anyhow::{Context as _, ensure};
use tenure_wire::request::Consent;

use super::WHOLE_ACCOUNT;
use crate::story::Story;
use crate::story::when::said;

impl Story<'_> {
    pub(super) async fn approval(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-02-09T09:00").await?;
        let (case, social) = (self.id("process case")?, self.names.social.clone());
        let mut asked =
            Self::proposal("6.1", "account", Some("2021-02-10T18:00"), "The clean-up did not catch up")?;
        asked.why_not_less = Some(WHOLE_ACCOUNT.to_owned());
        let key = self.key();
        let id = self.client("ines")?.propose_measure(&key, &case, &asked).await?.id;
        let preview = self.client("ines")?.preview(&id).await?;
        let unmet: Vec<&str> = preview.guards.iter().map(|g| g.guard.as_str()).collect();
        ensure!(unmet == ["due", "approved"], "{:?}", preview.guards);
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

    pub(super) async fn suspended(&mut self) -> anyhow::Result<String> {
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

    pub(super) async fn suspension(&mut self) -> anyhow::Result<()> {
        let id = self.id("suspension")?;
        self.at("2021-02-10T17:59").await?;
        self.expect_pages(200, 503).await?;
        let moment = self.at("2021-02-10T18:00").await?;
        let receipt = self.suspended().await?;
        let note = self.client("theo")?.text(&format!("/v1/evidence/{receipt}")).await?;
        let social = self.names.social.clone();
        let notices = self.client("jules")?.notices(&social).await?;
        let told = notices
            .items
            .iter()
            .find(|n| n.measure.as_deref() == Some(&id))
            .context("the suspension has a notice")?;
        let statement = self.client("jules")?.statement(&social, &told.id).await?;
        ensure!(statement.kind.kind == "suspension" && statement.facts.len() > 90, "{statement:?}");
        let database = self.client("ines")?.transparency(&social, &told.id).await?;
        ensure!(database["decision_account"] == "DECISION_ACCOUNT_SUSPENDED", "{database}");
        self.tell_at(moment, &format!("its notice {} goes out by itself: a statement of {} facts, clause {}, how to put it right and to appeal", told.id, statement.facts.len(), statement.clause.id))?;
        self.tell_at(moment, &format!("{id} takes effect on a permit minted now: gate, stop, and a signed receipt {}… ({} lines: no pod runs in {social}--web). {social} is suspended and can still read its standing", &receipt[..19], note.lines().count()))
    }
}
