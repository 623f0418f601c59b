//! What was done in a month, for each ground.

use std::collections::BTreeMap;

use serde::Serialize;

use super::row::NearCase;

/// The least, the median and the most of a number of spans, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// The least.
    pub least: i64,
    /// The one in the middle; the lower of two.
    pub median: i64,
    /// The most.
    pub most: i64,
}

impl Spread {
    fn of(mut spans: Vec<i64>) -> Option<Self> {
        spans.sort_unstable();
        let (least, most) = (*spans.first()?, *spans.last()?);
        let median = *spans.get((spans.len() - 1) / 2)?;
        Some(Self { least, median, most })
    }
}

/// The cases on one ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroundSummary {
    /// Which ground.
    pub ground: String,
    /// How many cases were opened.
    pub cases: usize,
    /// Of how many accounts.
    pub accounts: usize,
    /// The notice that those with a measure had, in seconds; none where there is no measure.
    pub notice: Option<Spread>,
    /// The time to cure that they had, in seconds.
    pub cure: Option<Spread>,
    /// How many have which harshest measure; `none` for those without.
    pub measures: BTreeMap<String, usize>,
    /// How many ended how, or are `open`.
    pub outcomes: BTreeMap<String, usize>,
    /// In how many a measure deviated for a written reason.
    pub deviations: usize,
}

/// Sums up cases by ground, in the order of the grounds' names.
pub fn summary(cases: &[NearCase]) -> Vec<GroundSummary> {
    let mut by_ground: BTreeMap<&str, Vec<&NearCase>> = BTreeMap::new();
    for case in cases {
        by_ground.entry(case.ground.as_str()).or_default().push(case);
    }
    by_ground
        .into_iter()
        .map(|(ground, cases)| {
            let count = |word: &dyn Fn(&NearCase) -> String| {
                let mut counts: BTreeMap<String, usize> = BTreeMap::new();
                for case in &cases {
                    *counts.entry(word(case)).or_default() += 1;
                }
                counts
            };
            let accounts: std::collections::BTreeSet<_> = cases.iter().map(|c| &c.account).collect();
            GroundSummary {
                ground: ground.to_owned(),
                cases: cases.len(),
                accounts: accounts.len(),
                notice: Spread::of(cases.iter().filter_map(|c| c.notice_seconds).collect()),
                cure: Spread::of(cases.iter().filter_map(|c| c.cure_seconds).collect()),
                measures: count(&|c| c.measure.map_or_else(|| "none".to_owned(), |m| m.as_str().to_owned())),
                outcomes: count(&|c| c.outcome.clone()),
                deviations: cases.iter().filter(|c| c.deviated).count(),
            }
        })
        .collect()
}
