//! Notices are served, remind and lapse.

use anyhow::{Context as _, ensure};
use tenure_wire::request::{IssueNotice, Starts};

use super::scene::item;
use crate::story::Story;
use crate::story::when::{at, said};

impl Story<'_> {
    pub(super) async fn item_notices(&mut self) -> anyhow::Result<()> {
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
            reports: Vec::new(),
            facts: Vec::new(),
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

    pub(super) async fn notice(&mut self) -> anyhow::Result<()> {
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
            reports: self.reports.filed.iter().map(|r| r.parse()).collect::<Result<_, _>>()?,
            facts: Vec::new(),
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

    pub(super) async fn lapse(&mut self) -> anyhow::Result<()> {
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
}
