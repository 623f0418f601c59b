//! The reports: 98 of incitement from 16 November 2020 to 9 January 2021, weekly more of them, answered ever slower.

use std::collections::VecDeque;

use anyhow::ensure;
use jiff::{SignedDuration, Timestamp};
use tenure_wire::request::{FileReport, MoveClock, Remediate};

use super::Story;
use super::when::{at, said};

/// How many reports came in each week, and after how many hours the account answered them; none for not at all.
const WEEKS: [(u32, Option<i64>); 8] = [
    (4, Some(10)),
    (6, Some(20)),
    (8, Some(30)),
    (10, Some(44)),
    (13, Some(90)),
    (16, Some(130)),
    (19, Some(170)),
    (22, None),
];

/// The last moment of the reports in the story.
const LAST: &str = "2021-01-09T18:00";

/// Something that happens between the chapters' own moments.
pub(super) enum Happening {
    /// A report comes in, in this week of the story.
    Filed {
        /// From 0.
        week: usize,
    },
    /// The account answers this report.
    Answered {
        /// From 0.
        report: usize,
    },
}

/// Reports on their way, and those that came in.
#[derive(Default)]
pub(super) struct Reports {
    to_come: VecDeque<(Timestamp, Happening)>,
    /// The ids of those that came in.
    pub filed: Vec<String>,
    weeks_told: usize,
}

impl Reports {
    /// All reports and answers, in the order of time.
    pub fn all() -> anyhow::Result<Self> {
        let first = at("2020-11-16T09:00")?;
        let last = at(LAST)?;
        let mut to_come: Vec<(Timestamp, Happening)> = Vec::new();
        let mut number = 0;
        for (week, (count, answered)) in WEEKS.iter().enumerate() {
            let begins = first.checked_add(SignedDuration::from_hours(24 * 7 * i64::try_from(week)?))?;
            for n in 0..*count {
                let minutes = i64::from(n) * 5 * 24 * 60 / i64::from(*count);
                let filed = begins.checked_add(SignedDuration::from_mins(minutes))?;
                to_come.push((filed, Happening::Filed { week }));
                if let Some(hours) = answered {
                    let answered = filed.checked_add(SignedDuration::from_hours(*hours))?;
                    if answered < last {
                        to_come.push((answered, Happening::Answered { report: number }));
                    }
                }
                number += 1;
            }
        }
        to_come.sort_by_key(|(when, _)| *when);
        Ok(Self { to_come: to_come.into(), filed: Vec::new(), weeks_told: 0 })
    }
}

impl Story<'_> {
    /// Lets what happens up to a moment happen, then moves legal time there.
    pub(super) async fn live_until(&mut self, moment: Timestamp) -> anyhow::Result<()> {
        while self.reports.to_come.front().is_some_and(|(when, _)| *when <= moment) {
            let Some((when, happening)) = self.reports.to_come.pop_front() else { break };
            self.set_clock(when).await?;
            match happening {
                Happening::Filed { week } => self.file_report(when, week).await?,
                Happening::Answered { report } => {
                    let key = self.key();
                    let answer = Remediate { answer: "The post is removed".to_owned() };
                    let id = self.reports.filed[report].clone();
                    self.client("jules")?.remediate(&key, &id, &answer).await?;
                }
            }
            if !self.ids.contains_key("process case") {
                self.tell_of_case(when).await?;
            }
        }
        self.set_clock(moment).await
    }

    async fn file_report(&mut self, when: Timestamp, week: usize) -> anyhow::Result<()> {
        let hotline = self.client("hotline")?;
        let social = self.names.social.clone();
        let n = self.reports.filed.len() + 1;
        let locator = format!("https://{social}.example/post/{}", 41_000 + 37 * n);
        let key = self.key();
        let seen = format!("Capture of {locator}, as reported");
        let evidence = hotline.upload_evidence(&key, "text/plain", seen.as_bytes()).await?;
        let report = FileReport {
            account: social.parse()?,
            ground: "incitement".parse()?,
            locator,
            statement: "A post that calls for violence".to_owned(),
            evidence: vec![evidence.id.try_into()?],
            observed_at: None,
            contact: None,
            language: None,
            reference: None,
        };
        let key = self.key();
        let filed = hotline.file_report(&key, &report).await?;
        self.reports.filed.push(filed.id);
        if week < self.reports.weeks_told {
            return Ok(());
        }
        self.reports.weeks_told = week + 1;
        let (count, answered) = WEEKS[week];
        let clean_up = match answered {
            Some(hours) => format!("{social} answers each after {hours} hours"),
            None => format!("{social} has answered none of them by {LAST}"),
        };
        let line = format!(
            "hotline (reporter) begins to bring in this week's {count} reports of incitement against {social}, each with locator and evidence; {clean_up}"
        );
        self.say(&said(when)?, &line)
    }

    /// Tells of the case that the rule opens, once it is there.
    async fn tell_of_case(&mut self, when: Timestamp) -> anyhow::Result<()> {
        let cases = self.client("ines")?.cases(&self.names.social).await?;
        let Some(case) = cases.items.into_iter().next() else { return Ok(()) };
        ensure!(case.opened_by == "rule/reports-outpace-cleanup", "{} opened {}", case.opened_by, case.id);
        let said = said(when)?;
        ensure!(said.contains("2020-12"), "the case was opened on {said}");
        let line = format!(
            "rule reports-outpace-cleanup (mode notify) opens {} on {}: {}. A rule decides on no measure",
            case.id,
            case.ground,
            case.why
                .as_deref()
                .unwrap_or_default()
                .trim_start_matches("Rule reports-outpace-cleanup matched: ")
        );
        self.ids.insert("process case", case.id);
        self.say(&said, &line)
    }

    /// Moves legal time to a moment; everything due on the way happens.
    pub(super) async fn set_clock(&mut self, moment: Timestamp) -> anyhow::Result<()> {
        let key = self.key();
        self.administrator.move_clock(&key, &MoveClock { advance: None, set: Some(moment) }).await?;
        Ok(())
    }
}
