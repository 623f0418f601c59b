//! Samples, and what is said about them.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// The table's headings, in Markdown.
pub const HEADINGS: &str =
    "| what | median | p10 – p90 | beside | median | ratio | target |\n|---|---|---|---|---|---|---|";

/// Numbers measured alike.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// One more.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// A time in milliseconds.
    pub fn push_millis(&mut self, time: Duration) {
        self.push(time.as_secs_f64() * 1e3);
    }

    /// The value that so much of the samples are at most, from 0 to 1.
    pub fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index of a few samples"
        )]
        let place = (last as f64 * part).round() as usize;
        sorted.get(place).copied().unwrap_or(f64::NAN)
    }

    /// The median.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

/// What is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// Nanoseconds.
    Nanos,
    /// Milliseconds.
    Millis,
    /// So many in a second.
    PerSecond,
    /// Mebibytes.
    Mebibytes,
    /// Bytes.
    Bytes,
    /// So many.
    Count,
    /// So many of a hundred.
    Percent,
}

impl Unit {
    fn say(self, value: f64) -> String {
        match self {
            Self::Nanos if value >= 10_000.0 => format!("{:.1} µs", value / 1e3),
            Self::Nanos => format!("{value:.0} ns"),
            Self::Millis => format!("{value:.2} ms"),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Bytes => format!("{value:.0} B"),
            Self::Count => format!("{value:.0}"),
            Self::Percent => format!("{value:.2} %"),
        }
    }

    fn is_rate(self) -> bool {
        self == Self::PerSecond
    }
}

/// One line: a number, and where there is one the number beside it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    what: String,
    unit: Unit,
    median: f64,
    p10: f64,
    p90: f64,
    beside: Option<Beside>,
    target: Option<Target>,
}

/// What a number should reach.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    #[serde(flatten)]
    goal: Goal,
    is_met: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
enum Goal {
    /// So good as a part of the peer, at least.
    Ratio(f64),
    /// So much at most, in the figure's unit.
    Most(f64),
    /// So much at least, in the figure's unit.
    Least(f64),
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Beside {
    what: String,
    median: f64,
    /// How good the subject is as a part of the peer: 1 is as good, more is better.
    ratio: f64,
}

impl Figure {
    /// A number by itself.
    pub fn new(what: impl Into<String>, unit: Unit, samples: &Samples) -> Self {
        Self {
            what: what.into(),
            unit,
            median: samples.median(),
            p10: samples.quantile(0.1),
            p90: samples.quantile(0.9),
            beside: None,
            target: None,
        }
    }

    /// With what limits it, measured in turns with it.
    pub fn beside(mut self, what: &str, peer: &Samples) -> Self {
        let median = peer.median();
        let ratio = if self.unit.is_rate() { self.median / median } else { median / self.median };
        self.beside = Some(Beside { what: what.to_owned(), median, ratio });
        self
    }

    /// With the ratio that it should reach.
    pub fn target(self, ratio: f64) -> Self {
        let is_met = self.beside.as_ref().is_some_and(|peer| peer.ratio >= ratio);
        self.toward(Goal::Ratio(ratio), is_met)
    }

    /// With what its median should be at most.
    pub fn at_most(self, value: f64) -> Self {
        let is_met = self.median <= value;
        self.toward(Goal::Most(value), is_met)
    }

    /// With what its median should be at least.
    pub fn at_least(self, value: f64) -> Self {
        let is_met = self.median >= value;
        self.toward(Goal::Least(value), is_met)
    }

    fn toward(mut self, goal: Goal, is_met: bool) -> Self {
        self.target = Some(Target { goal, is_met });
        self
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let say = |value| self.unit.say(value);
        write!(f, "| {} | {} | {} – {} |", self.what, say(self.median), say(self.p10), say(self.p90))?;
        match &self.beside {
            Some(peer) => write!(f, " {} | {} | {:.0} % |", peer.what, say(peer.median), peer.ratio * 100.0)?,
            None => write!(f, " | | |")?,
        }
        let Some(Target { goal, is_met }) = self.target else { return write!(f, " |") };
        match goal {
            Goal::Ratio(ratio) => write!(f, " ≥ {:.0} %", ratio * 100.0)?,
            Goal::Most(value) => write!(f, " ≤ {}", say(value))?,
            Goal::Least(value) => write!(f, " ≥ {}", say(value))?,
        }
        f.write_str(if is_met { ": met |" } else { ": MISSED |" })
    }
}
