//! Law 12: how much one person may begin, over all accounts, within an hour and within a day. Both are those of UTC, in
//! legal time. What is begun is counted in the transaction that begins it, so that neither a refusal nor a repeated
//! request counts.

use jiff::Timestamp;
use tenure_domain::account::Command;
use tenure_domain::name::PersonId;
use tenure_domain::refusal::{Guard, Refusal, Rejected, Unmet};
use tenure_store::{StoreError, Write};

use crate::EngineError;
use crate::submission::{Act, Done};

/// How many of a kind one person may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// Within an hour.
    pub per_hour: u64,
    /// Within a day.
    pub per_day: u64,
}

/// How much one person may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorCaps {
    /// Cases that are opened.
    pub cases: Cap,
    /// Measures that are proposed.
    pub measures: Cap,
    /// Emergency measures that are applied.
    pub emergencies: Cap,
}

impl Default for OperatorCaps {
    fn default() -> Self {
        let often = Cap { per_hour: 100, per_day: 200 };
        Self { cases: often, measures: often, emergencies: Cap { per_hour: 5, per_day: 10 } }
    }
}

/// What is counted of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Case,
    Measure,
    Emergency,
}

impl Kind {
    fn of(act: &Act) -> Option<Self> {
        let Act::Account(_, command) = act else { return None };
        match command {
            Command::OpenCase { .. } => Some(Self::Case),
            Command::ProposeMeasure(_) | Command::ProposeUntil { .. } => Some(Self::Measure),
            Command::ApplyEmergency { .. } => Some(Self::Emergency),
            _ => None,
        }
    }

    /// What was done to so many, and the setting's name.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Case => ("opened", "cases", "cases"),
            Self::Measure => ("proposed", "measures", "measures"),
            Self::Emergency => ("applied", "emergency measures", "emergencies"),
        }
    }

    fn cap(self, caps: &OperatorCaps) -> Cap {
        match self {
            Self::Case => caps.cases,
            Self::Measure => caps.measures,
            Self::Emergency => caps.emergencies,
        }
    }
}

/// A window in which it is counted: its name, and its length in seconds.
struct Window {
    name: &'static str,
    seconds: i64,
    setting: &'static str,
    most: fn(&Cap) -> u64,
}

const WINDOWS: [Window; 2] = [
    Window { name: "hour", seconds: 3_600, setting: "PerHour", most: |cap| cap.per_hour },
    Window { name: "day", seconds: 86_400, setting: "PerDay", most: |cap| cap.per_day },
];

/// What a person begins with a submission.
pub(crate) struct Begun {
    person: PersonId,
    kind: Kind,
    at: Timestamp,
}

impl Begun {
    /// None where nothing of it is counted.
    pub fn of(person: Option<&PersonId>, act: &Act, at: Timestamp) -> Option<Self> {
        Some(Self { person: person?.clone(), kind: Kind::of(act)?, at })
    }

    fn number(&self, window: &Window) -> i64 {
        self.at.as_second().div_euclid(window.seconds)
    }

    fn counter(&self, window: &Window) -> String {
        let (_, _, kind) = self.kind.words();
        format!("operator/{}/{kind}/{}/{}", self.person, window.name, self.number(window))
    }

    /// The caps that leave no room for one more; none where there is room.
    pub async fn reached(&self, write: &mut Write, caps: &OperatorCaps) -> Result<Vec<Unmet>, EngineError> {
        let (done, what, setting) = self.kind.words();
        let mut unmet = Vec::new();
        for window in &WINDOWS {
            let most = (window.most)(&self.kind.cap(caps));
            let count = write.count(&self.counter(window), 0).await?;
            if u64::try_from(count).unwrap_or_default() < most {
                continue;
            }
            let Window { name, setting: per, .. } = window;
            let again = Timestamp::from_second((self.number(window) + 1).saturating_mul(window.seconds))
                .map_err(|e| EngineError::defect("legal time", &e))?;
            let detail = format!(
                "{} has {done} {count} of at most {most} {what} within this {name} (UTC)",
                self.person
            );
            let by = format!(
                "look at what was {done}, then wait for the next {name} or raise `caps.{setting}{per}`; somebody else may go on"
            );
            unmet.push(Unmet::new(Guard::WithinCap, detail, by).not_before(again));
        }
        Ok(unmet)
    }

    /// Counts it.
    pub async fn count(&self, write: &mut Write) -> Result<(), StoreError> {
        for window in &WINDOWS {
            write.count(&self.counter(window), 1).await?;
        }
        Ok(())
    }
}

/// What was decided, refused where caps are reached, with every other guard that is not met.
pub(crate) fn within(decided: Result<Done, EngineError>, reached: Vec<Unmet>) -> Result<Done, EngineError> {
    if reached.is_empty() {
        return decided;
    }
    match decided {
        Ok(_) => Err(Rejected::Refused(Refusal { guards: reached }).into()),
        Err(EngineError::Rejected(rejected)) => Err(reached.into_iter().fold(rejected, Rejected::and).into()),
        Err(error) => Err(error),
    }
}
