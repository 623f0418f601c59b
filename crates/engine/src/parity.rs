//! Parity at work: what is proposed is compared with other cases in the transaction that decides on it, and a case's row
//! is written in the transaction that changes the case.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use tenure_domain::account::command::ProposeMeasure;
use tenure_domain::account::event::Event;
use tenure_domain::account::parity::Comparison;
use tenure_domain::account::{Account, Command, Recorded};
use tenure_domain::name::{AccountId, CaseId, MeasureId};
use tenure_domain::refusal::Rejected;
use tenure_domain::terms::TermsRef;
use tenure_rules::parity::{
    Answer, Comparator, GroundSummary, NearCase, Parity, Signalled, case_row, compare, subject, summary,
};
use tenure_store::{ParityRow, Store};

use crate::engine::Engine;
use crate::turn::Turn;
use crate::{EngineError, state};

/// The media type under which a comparison is kept.
const MEDIA_TYPE: &str = "application/json";

/// The most cases of others that a proposal is compared with: the latest.
const CASES: u32 = 5_000;

/// The most accounts with the same signals and no case that are named.
const SIGNALLED: u32 = 20;

/// How many rows are read at once.
const PAGE: u32 = 500;

/// Of how many accounts rows are made up in one transaction: few, as others wait for it.
const ACCOUNTS: u32 = 50;

/// The fact about the installation that every case has its row.
const ROWS_KEY: &str = "parity_rows";

/// What a person says of the accounts with which a proposal is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Who is similarly situated and who is not.
    pub answers: Vec<Answer>,
    /// Why the proposal deviates.
    pub deviation: Option<String>,
}

/// A comparison as it is kept. The salt keeps its hash from saying what it holds.
#[derive(Serialize)]
struct Document {
    salt: String,
    #[serde(flatten)]
    parity: Parity,
}

/// A comparison to be kept where the proposal is carried out.
pub(crate) struct Compared {
    case: CaseId,
    comparison: Comparison,
    bytes: Vec<u8>,
}

impl Turn<'_> {
    /// What a proposal comes to with its comparison; any other command as it is, and so a proposal that names what the
    /// record does not hold.
    pub(crate) async fn with_parity(
        &mut self,
        account: Option<&Account>,
        command: Command,
        answers: Answers,
        now: Timestamp,
    ) -> Result<(Command, Option<Compared>), EngineError> {
        let (Command::ProposeMeasure(ProposeMeasure { case, .. })
        | Command::ProposeUntil { proposal: ProposeMeasure { case, .. }, .. }
        | Command::ApplyEmergency { case, .. }) = &command
        else {
            return Ok((command, None));
        };
        let case = case.clone();
        let book = self.inner.shelf();
        let found = account.and_then(|account| {
            let terms = account.terms_of(account.case(&case).ok()?, &book.terms).ok()?;
            subject(account, terms, &command, now)
        });
        let Some(subject) = found else { return Ok((command, None)) };
        // Fixed, and so hashed, before any other case is looked at.
        let comparator = Comparator {
            account: subject.account.clone(),
            ground: subject.ground.clone(),
            preset: subject.preset,
            scope: subject.scope,
            terms: subject.terms.clone(),
            at: now,
        };
        let parity = self.compare(&comparator, subject, answers).await?;
        let salt = hex::encode(self.inner.entropy.draw_16()?);
        let reasoned = parity.deviation_reason.is_some();
        let (hash, deviations) = (parity.comparator_hash.clone(), parity.deviations.clone());
        let bytes =
            serde_json::to_vec(&Document { salt, parity }).map_err(|e| EngineError::defect("parity", &e))?;
        let document = crate::kept::blob_id(&bytes);
        let comparison = Comparison { comparator: hash, document, deviations, reasoned };
        let compared = Compared { case, comparison: comparison.clone(), bytes };
        Ok((Command::Compared { decision: Box::new(command), comparison }, Some(compared)))
    }

    async fn compare(
        &mut self,
        comparator: &Comparator,
        subject: tenure_rules::parity::Subject,
        answers: Answers,
    ) -> Result<Parity, EngineError> {
        let since = comparator.since().as_microsecond();
        let (account, ground) = (comparator.account.as_str(), comparator.ground.as_str());
        let rows = self.write.parity_near(account, ground, since, CASES).await?;
        let cases = rows.iter().map(read).collect::<Result<_, _>>()?;
        let signals = self.write.signals(account, ground, since).await?;
        let mut signalled = Vec::new();
        if signals > 0 {
            for (other, count) in self.write.same_signals(ground, since, signals, SIGNALLED + 1).await? {
                if other != account {
                    signalled.push(self.signalled(&other, count).await?);
                }
            }
        }
        let signals = u64::try_from(signals).unwrap_or_default();
        let Answers { answers, deviation } = answers;
        Ok(compare(comparator, subject, signals, cases, signalled, &answers, deviation))
    }

    async fn signalled(&mut self, account: &str, signals: i64) -> Result<Signalled, EngineError> {
        let id: AccountId = account.parse().map_err(|e| EngineError::defect("reports", &e))?;
        let other = self.states.take(self.inner, self.write, &id).await?;
        let other = other.ok_or_else(|| EngineError::defect(account, &"it has reports and is not there"))?;
        let terms: TermsRef = other.terms.clone();
        self.states.put_back(other);
        Ok(Signalled { account: id, terms, signals: u64::try_from(signals).unwrap_or_default() })
    }

    /// Keeps a comparison whose proposal was carried out.
    pub(crate) async fn keep_parity(
        &mut self,
        account: &Account,
        compared: Compared,
    ) -> Result<(), EngineError> {
        let Compared { case, comparison, bytes } = compared;
        let at = self.inner.clock.now().as_microsecond();
        self.write.put_blob(comparison.document.as_str(), MEDIA_TYPE, &bytes, at).await?;
        if !comparison.deviations.is_empty() {
            let row = ParityRow { deviated: true, ..row(account, &case)? };
            self.write.put_parity(&row).await?;
        }
        Ok(())
    }

    /// Writes the rows of the cases that events changed.
    pub(crate) async fn note_cases(
        &mut self,
        account: &Account,
        events: &[Recorded],
    ) -> Result<(), EngineError> {
        let touched: BTreeSet<CaseId> = events.iter().filter_map(|r| touches(account, &r.event)).collect();
        for case in touched {
            self.write.put_parity(&row(account, &case)?).await?;
        }
        Ok(())
    }
}

/// The case whose row an event may change.
fn touches(account: &Account, event: &Event) -> Option<CaseId> {
    let of = |measure: &MeasureId| account.measure(measure).ok().and_then(|m| m.proposal.case.clone());
    match event {
        Event::CaseOpened { case, .. } | Event::CaseClosed { case, .. } => Some(case.clone()),
        Event::NoticeServed { notice, .. } => account.notice(notice).ok().map(|n| n.case.clone()),
        Event::MeasureProposed { measure, .. }
        | Event::MeasureAmended { measure, .. }
        | Event::MeasureApplying { measure }
        | Event::MeasureWithdrawn { measure, .. } => of(measure),
        _ => None,
    }
}

fn row(account: &Account, id: &CaseId) -> Result<ParityRow, EngineError> {
    let case = account.case(id)?;
    let near = case_row(account, case);
    Ok(ParityRow {
        case: id.to_string(),
        account: account.id.to_string(),
        ground: case.ground.to_string(),
        opened_at: case.opened_at.as_microsecond(),
        opened_by: case.opened_by.to_string(),
        open: !case.is_closed(),
        deviated: false,
        data: serde_json::to_string(&near).map_err(|e| EngineError::defect(id.account().as_str(), &e))?,
    })
}

fn read(row: &ParityRow) -> Result<NearCase, EngineError> {
    let near: NearCase = serde_json::from_str(&row.data).map_err(|e| EngineError::defect(&row.case, &e))?;
    Ok(NearCase { deviated: row.deviated, ..near })
}

/// Writes the rows of cases that were opened before there were rows, some accounts to a transaction. A crash on the way
/// costs only that it begins again.
pub(crate) async fn catch_up(store: &Store) -> Result<(), EngineError> {
    if store.installation(ROWS_KEY).await?.is_some() {
        return Ok(());
    }
    let mut after = String::new();
    loop {
        // Nobody else commits until this ends: what is read meanwhile is how the accounts stand.
        let mut write = store.write().await?;
        let page = store.aggregates("account", &after, ACCOUNTS).await?;
        for aggregate in &page {
            let account = state::of_row_alone(store, aggregate).await?;
            for case in &account.cases {
                write.put_parity(&row(&account, &case.id)?).await?;
            }
        }
        let Some(last) = page.last() else {
            write.put_installation(ROWS_KEY, "1").await?;
            return Ok(write.commit().await?);
        };
        after.clone_from(&last.stream);
        write.commit().await?;
    }
}

impl Engine {
    /// The comparison of a measure as it was kept, as JSON; none where the measure was proposed before there were any.
    pub async fn parity_of(&self, measure: &MeasureId) -> Result<Option<serde_json::Value>, EngineError> {
        let account = self.inner.account(measure.account()).await?;
        let Some(compared) = &account.measure(measure)?.parity else { return Ok(None) };
        let id = compared.document.as_str();
        let kept =
            self.inner.store.blob(id).await?.ok_or_else(|| Rejected::not_found("comparison", measure))?;
        serde_json::from_slice(&kept.bytes).map(Some).map_err(|e| EngineError::defect(id, &e))
    }

    /// What was done in the cases that were opened from one moment on until before another, by ground.
    pub async fn parity_summary(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<GroundSummary>, EngineError> {
        let span = (from.as_microsecond(), until.as_microsecond());
        let (mut cases, mut after) = (Vec::new(), (i64::MIN, String::new()));
        loop {
            let page = self.inner.store.parity_between(span, (after.0, &after.1), PAGE).await?;
            let Some(last) = page.last() else { return Ok(summary(&cases)) };
            after = (last.opened_at, last.case.clone());
            for row in &page {
                cases.push(read(row)?);
            }
        }
    }
}

/// What of the rows is not as the accounts say, which are told one by one.
pub(crate) async fn faults(store: &Store) -> Result<Vec<String>, EngineError> {
    let mut faults = Vec::new();
    // Where no engine ran since there are rows, they are made up at the next start.
    if store.installation(ROWS_KEY).await?.is_none() {
        return Ok(faults);
    }
    let mut stored = std::collections::BTreeMap::new();
    let mut after = (i64::MIN, String::new());
    loop {
        let page = store.parity_between((i64::MIN, i64::MAX), (after.0, &after.1), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = (last.opened_at, last.case.clone());
        stored.extend(page.into_iter().map(|row| (row.case.clone(), row)));
    }
    let mut after = String::new();
    loop {
        let page = store.aggregates("account", &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.stream);
        for aggregate in &page {
            // A state that does not read, or is not the fold of its events, is told elsewhere.
            let account = match state::of_row_alone(store, aggregate).await {
                Ok(account) => account,
                Err(EngineError::Store(error)) => return Err(error.into()),
                Err(_) => continue,
            };
            for case in &account.cases {
                let expected = row(&account, &case.id)?;
                let same = |found: ParityRow| {
                    let ParityRow { data, deviated, .. } = found.clone();
                    ParityRow { data, deviated, ..expected.clone() } == found
                };
                if !stored.remove(&expected.case).is_some_and(same) {
                    faults
                        .push(format!("{}: the row by which like cases find it is not the case's", case.id));
                }
            }
            for measure in &account.measures {
                if let Some(compared) = &measure.parity
                    && store.media_type(compared.document.as_str()).await?.is_none()
                {
                    faults.push(format!("{}: what it was compared with is not kept", measure.id));
                }
            }
        }
    }
    faults.extend(stored.into_keys().map(|case| format!("{case}: a row of a case that is not there")));
    Ok(faults)
}
