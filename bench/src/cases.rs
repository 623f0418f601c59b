//! What a case costs: decisions in a second over the whole course of cases, and the bytes that each adds to the
//! account's state and to the record.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::Asked;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Actor, Book, Command, Context};
use tenure_domain::name::{AccountId, CaseId, ItemId, MeasureId, NoticeId};
use tenure_domain::scope::Scope;
use tenure_domain::statement::{Fact, Reasons};
use tenure_domain::terms::{Terms, TermsRef};
use tenure_domain::text::{Blob, Words};
use tenured::story::TERMS;

use crate::Effort;
use crate::house::{PLAN, START};
use crate::summary::{Figure, Samples, Unit};

/// An account on which cases take their course.
struct Docket {
    id: AccountId,
    account: Option<Account>,
    book: Book,
    now: Timestamp,
    decisions: u32,
    record: usize,
}

impl Docket {
    fn open() -> anyhow::Result<Self> {
        let (terms, reference) = Terms::parse(TERMS)?;
        let mut book = Book::default();
        book.insert(reference.clone(), Arc::new(terms));
        let (id, now) = ("parley".parse()?, START.parse()?);
        let mut docket = Self { id, account: None, book, now, decisions: 0, record: 0 };
        let terms: TermsRef = reference;
        docket.take("person/pia", Command::Open { terms, plan: PLAN })?;
        Ok(docket)
    }

    fn take(&mut self, actor: &str, command: Command) -> anyhow::Result<()> {
        let actor: Actor = actor.parse()?;
        let name = command.name();
        let context = Context { now: self.now, actor: &actor, book: &self.book };
        let events = Account::decide(&self.id, self.account.as_ref(), command, &context)
            .map_err(|refused| anyhow!("{name}: {refused:?}"))?;
        self.decisions += 1;
        for event in &events {
            self.record += serde_json::to_vec(event)?.len();
            self.account = Some(Account::apply(&self.id, self.account.take(), event)?);
        }
        Ok(())
    }

    fn account(&self) -> anyhow::Result<&Account> {
        self.account.as_ref().context("an account")
    }

    /// A case from its opening to the lifting of its suspension and its withdrawal.
    fn case(&mut self) -> anyhow::Result<()> {
        let (why, blob) = (|| Words::of_digest([1; 32]), || Blob::of_digest([2; 32]));
        let (ines, ada, cluster) = ("person/ines", "member/parley/ada", "system/cluster");
        self.take(
            ines,
            Command::OpenCase { ground: "process_failure".parse()?, why: why(), reports: Vec::new() },
        )?;
        let case: CaseId = self.account()?.cases.last().context("a case")?.id.clone();
        let item: ItemId = "clean-up".parse()?;
        let items = vec![Asked {
            id: item.clone(),
            ask: why(),
            report: None,
            invoice: None,
            verifier: Verifier::Review,
        }];
        let power = || "6.1".parse();
        self.take(
            ines,
            Command::IssueNotice {
                case: case.clone(),
                starts: Starts::Both,
                power: power()?,
                why: why(),
                items,
                reasons: Reasons::new(
                    "Reports outpace what is taken down.",
                    vec![Fact::finding("f-1", self.now, "https://parley.example/posts/1")],
                ),
            },
        )?;
        let notice: NoticeId = self.account()?.notices.last().context("a notice")?.id.clone();
        self.take(ada, Command::AcknowledgeNotice { notice })?;
        self.take(ada, Command::SubmitCure { case: case.clone(), item: item.clone(), remedy: why() })?;
        self.take(ines, Command::RejectCure { case: case.clone(), item, why: why() })?;
        self.now = self.now.checked_add(SignedDuration::from_hours(31 * 24))?;
        self.take("system/timer", Command::Fire(TimerKey::Lapse(case.clone())))?;
        let proposal = ProposeMeasure {
            case: case.clone(),
            power: power()?,
            scope: Scope::Account,
            effective: None,
            why: why(),
            why_not_less: Some(why()),
        };
        self.take(ines, Command::ProposeMeasure(proposal))?;
        let found = self.account()?.measures.last().context("a measure")?;
        let (measure, command_hash): (MeasureId, String) = (found.id.clone(), found.command_hash.clone());
        for approver in ["person/amara", "person/bruno"] {
            self.take(
                approver,
                Command::ApproveMeasure { measure: measure.clone(), command_hash: command_hash.clone() },
            )?;
        }
        self.take("system/timer", Command::Fire(TimerKey::Apply(measure.clone())))?;
        self.take(cluster, Command::ConfirmInForce { measure: measure.clone(), receipt: blob() })?;
        self.take(ines, Command::LiftMeasure { measure: measure.clone(), why: why() })?;
        self.take(cluster, Command::ConfirmRestored { measure, receipt: blob() })?;
        self.take(ines, Command::WithdrawCase { case, why: why(), clears: None })
    }
}

/// Measures whole cases, one after the other on one account.
pub fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    // The calendar of the terms knows no more than these months.
    let cases = effort.of(12, 2);
    let (mut rate, mut state, mut record) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..effort.of(201, 3) {
        let mut docket = Docket::open()?;
        let bytes = |docket: &Docket| -> anyhow::Result<f64> {
            Ok(f64::from(u32::try_from(serde_json::to_vec(docket.account()?)?.len())?))
        };
        let (empty, opening) = (bytes(&docket)?, docket.record);
        docket.decisions = 0;
        let since = Instant::now();
        for _ in 0..cases {
            docket.case()?;
        }
        rate.push(f64::from(docket.decisions) / since.elapsed().as_secs_f64());
        state.push((bytes(&docket)? - empty) / f64::from(cases));
        record.push(f64::from(u32::try_from(docket.record - opening)?) / f64::from(cases));
    }
    Ok(vec![
        Figure::new(
            format!("decisions in a second, {cases} whole case(s) on one account"),
            Unit::PerSecond,
            &rate,
        ),
        Figure::new("bytes per case, in the account's state", Unit::Bytes, &state),
        Figure::new("bytes per case, in events", Unit::Bytes, &record),
    ])
}
