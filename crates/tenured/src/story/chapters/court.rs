//! A court orders reinstatement; the order is vacated.

use anyhow::{Context as _, ensure};
use jiff::SignedDuration;
use tenure_domain::account::legal::OrderKind;
use tenure_wire::request::{Reason, RecordOrder};

use super::scene::guard;
use crate::story::Story;

impl Story<'_> {
    pub(super) async fn order(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-02-12T11:00").await?;
        let social = self.names.social.clone();
        let lena = self.client("lena")?;
        let key = self.key();
        let document = lena
            .upload_evidence(
                &key,
                "text/plain",
                b"Order: service is to be restored pending the hearing, within 24 hours",
            )
            .await?;
        let order = RecordOrder {
            account: social.parse()?,
            kind: OrderKind::Reinstate,
            scope: "account".parse()?,
            authority: "District court, 2:21-cv-00031, order of 12 February 2021".to_owned(),
            document: document.id.try_into()?,
            deadline: Some(moment + SignedDuration::from_hours(24)),
            locator: None,
            why_not_less: None,
            until: None,
            case: None,
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

    pub(super) async fn vacatur(&mut self) -> anyhow::Result<()> {
        let moment = self.at("2021-02-26T15:00").await?;
        let (order, suspension) = (self.id("order")?, self.id("suspension")?);
        let key = self.key();
        let why = Reason { why: "The court of appeals vacated the order".to_owned() };
        self.client("lena")?.vacate_order(&key, &order, &why).await?;
        self.suspended().await?;
        self.tell_at(moment, &format!("lena (legal) records that {order} is vacated: {suspension} applies again on a fresh permit, with a new receipt"))
    }
}
