//! Where a proposal sits among near cases.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::capability::Preset;
use tenure_domain::name::{AccountId, Ground};
use tenure_domain::scope::ScopeKind;
use tenure_domain::terms::TermsRef;

use super::comparator::{Comparator, DEVIATES_BEYOND, NEAREST_MAX, TOO_FEW};
use super::row::NearCase;

/// What is proposed, by what it is compared by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Against whom.
    pub account: AccountId,
    /// On which ground.
    pub ground: Ground,
    /// Under which terms.
    pub terms: TermsRef,
    /// What.
    pub preset: Preset,
    /// From what kind of scope.
    pub scope: ScopeKind,
    /// From service of the notice of intent to the effect, in seconds; 0 without notice.
    pub notice_seconds: i64,
    /// From service of the violation notice to the effect, in seconds; 0 without one.
    pub cure_seconds: i64,
}

/// A person's answer whether another account is similarly situated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Which account.
    pub account: AccountId,
    /// Whether it has the same service of the provider.
    pub same_service: bool,
    /// Whether what it is reported for lies in the same place: with this provider, or elsewhere.
    pub same_content_locus: bool,
    /// Why, in words.
    pub why: String,
}

/// Whether another account is similarly situated, with each part of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the answer, by its own name")]
pub struct Comparable {
    /// The same service; the same unless a person answered otherwise.
    pub same_service: bool,
    /// The same content locus; the same unless a person answered otherwise.
    pub same_content_locus: bool,
    /// The same version of the terms, as the record has it.
    pub same_terms: bool,
    /// All three.
    pub similarly_situated: bool,
    /// A person's reason, where one answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An account that gave signals on the ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signalled {
    /// Which.
    pub account: AccountId,
    /// The terms it accepted.
    pub terms: TermsRef,
    /// How many reports on the ground came in about it in the window.
    pub signals: u64,
}

/// Where the proposal sits in one respect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// In which respect: `notice`, `cure` or `measure`.
    pub of: String,
    /// How many similarly situated cases were treated as harshly or more.
    pub as_harsh: usize,
    /// Of how many.
    pub among: usize,
    /// In plain words.
    pub said: String,
}

/// A near case with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Near {
    /// The case.
    #[serde(flatten)]
    pub case: NearCase,
    /// Whether its account is similarly situated.
    pub comparable: Comparable,
}

/// An account with the same signals and no case, with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoCase {
    /// The account.
    #[serde(flatten)]
    pub signalled: Signalled,
    /// Whether it is similarly situated.
    pub comparable: Comparable,
}

/// What a comparison said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parity {
    /// The comparator, in words.
    pub comparator: String,
    /// SHA-256 of that text.
    pub comparator_hash: String,
    /// The moment.
    pub at: Timestamp,
    /// What is proposed.
    pub subject: Subject,
    /// The reports on the ground that came in about the account in the window.
    pub signals: u64,
    /// How many near cases there are.
    pub near: usize,
    /// In how many of them the account is similarly situated and a measure was proposed.
    pub similarly_situated: usize,
    /// The nearest of them.
    pub nearest: Vec<Near>,
    /// Where the proposal sits among those that are similarly situated; nothing where they are too few to say.
    pub positions: Vec<Position>,
    /// All of it in one sentence.
    pub said: String,
    /// Accounts with at least as many signals and no case on the ground.
    pub same_signals_no_case: Vec<NoCase>,
    /// In what it deviates.
    pub deviations: Vec<String>,
    /// Why, where a person wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation_reason: Option<String>,
}

/// Compares a proposal with near cases, and with accounts that gave signals.
///
/// `cases` and `signalled` may hold more than is near; what the comparator does not name is left out.
pub fn compare(
    comparator: &Comparator,
    subject: Subject,
    signals: u64,
    cases: Vec<NearCase>,
    signalled: Vec<Signalled>,
    answers: &[Answer],
    reason: Option<String>,
) -> Parity {
    let answer = |account: &AccountId, terms: &TermsRef| {
        let given = answers.iter().find(|a| &a.account == account);
        let same_service = given.is_none_or(|a| a.same_service);
        let same_content_locus = given.is_none_or(|a| a.same_content_locus);
        let same_terms = terms == &comparator.terms;
        Comparable {
            same_service,
            same_content_locus,
            same_terms,
            similarly_situated: same_service && same_content_locus && same_terms,
            why: given.map(|a| a.why.clone()),
        }
    };
    let is_near = |c: &NearCase| {
        c.account != comparator.account
            && c.ground == comparator.ground
            && (comparator.since()..=comparator.at).contains(&c.opened_at)
    };
    let mut near: Vec<Near> = cases
        .into_iter()
        .filter(is_near)
        .map(|case| Near { comparable: answer(&case.account, &case.terms), case })
        .collect();
    near.sort_by_key(|n| {
        (differs(comparator, &n.case), std::cmp::Reverse(n.case.opened_at), n.case.case.clone())
    });
    let alike: Vec<&NearCase> = near
        .iter()
        .filter(|n| n.comparable.similarly_situated)
        .map(|n| &n.case)
        .filter(|c| c.measure.is_some())
        .collect();
    let positions = if alike.len() < TOO_FEW { Vec::new() } else { positions(&subject, &alike) };
    let has_case = |account: &AccountId| near.iter().any(|n| &n.case.account == account);
    let same_signals_no_case: Vec<NoCase> = signalled
        .into_iter()
        .filter(|s| {
            signals > 0 && s.signals >= signals && s.account != comparator.account && !has_case(&s.account)
        })
        .map(|s| NoCase { comparable: answer(&s.account, &s.terms), signalled: s })
        .collect();
    let mut deviations: Vec<String> = positions
        .iter()
        .filter(|p| p.as_harsh * DEVIATES_BEYOND < p.among)
        .map(|p| format!("it deviates: {}", p.said))
        .collect();
    deviations.extend(same_signals_no_case.iter().filter(|n| n.comparable.similarly_situated).map(|n| {
        let NoCase { signalled: Signalled { account, signals: theirs, .. }, .. } = n;
        format!(
            "it deviates: {account} has {theirs} reports on {} to {signals} here, and no case",
            comparator.ground
        )
    }));
    let said = if positions.is_empty() {
        format!("{} similarly situated cases with a measure: too few to say", alike.len())
    } else {
        positions.iter().map(|p| p.said.clone()).collect::<Vec<_>>().join("; ")
    };
    let (count, similarly_situated) = (near.len(), alike.len());
    near.truncate(NEAREST_MAX);
    Parity {
        comparator: comparator.text(),
        comparator_hash: comparator.hash(),
        at: comparator.at,
        subject,
        signals,
        near: count,
        similarly_situated,
        nearest: near,
        positions,
        said,
        same_signals_no_case,
        deviations,
        deviation_reason: reason,
    }
}

/// In how many of three respects a near case differs.
fn differs(comparator: &Comparator, case: &NearCase) -> usize {
    usize::from(case.measure != Some(comparator.preset))
        + usize::from(case.scope != Some(comparator.scope))
        + usize::from(case.terms != comparator.terms)
}

fn positions(subject: &Subject, alike: &[&NearCase]) -> Vec<Position> {
    let among = alike.len();
    let rank = |of: &str, this: &str, than: &str, as_harsh: &dyn Fn(&NearCase) -> bool| {
        let count = alike.iter().filter(|c| as_harsh(c)).count();
        let said = format!("{this}: {count} of {among} similarly situated cases had {than}");
        Position { of: of.to_owned(), as_harsh: count, among, said }
    };
    vec![
        rank("notice", &format!("notice of {}", days(subject.notice_seconds)), "as little or less", &|c| {
            c.notice_seconds.is_some_and(|s| s <= subject.notice_seconds)
        }),
        rank("cure", &format!("{} to cure", days(subject.cure_seconds)), "as little or less", &|c| {
            c.cure_seconds.is_some_and(|s| s <= subject.cure_seconds)
        }),
        rank("measure", &format!("the measure {}", subject.preset), "that or a harsher one", &|c| {
            c.measure.is_some_and(|m| m >= subject.preset)
        }),
    ]
}

/// A span in days, with a tenth where it is not whole.
fn days(seconds: i64) -> String {
    let tenths = seconds / 8_640;
    match (tenths / 10, tenths % 10) {
        (1, 0) => "1 day".to_owned(),
        (whole, 0) => format!("{whole} days"),
        (whole, tenth) => format!("{whole}.{tenth} days"),
    }
}
