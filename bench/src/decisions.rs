//! How long the domain takes: a permit, which every pass of a reconciler has minted anew, and a decision.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use jiff::Timestamp;
use tenure_domain::account::{Account, Actor, Book, Command, Context};
use tenure_domain::name::{AccountId, MeasureId};
use tenure_domain::scope::Scope;
use tenure_domain::statement::{Fact, Reasons};
use tenure_domain::terms::{Terms, TermsRef};
use tenure_domain::text::Words;
use tenure_domain::workload::Workload;
use tenured::story::TERMS;

use crate::Effort;
use crate::house::{PLAN, START};
use crate::summary::{Figure, Samples, Unit};

/// An account as it comes about, and who decides on it.
struct Desk {
    id: AccountId,
    account: Option<Account>,
    book: Book,
    terms: TermsRef,
    now: Timestamp,
}

impl Desk {
    fn new() -> anyhow::Result<Self> {
        let (terms, reference) = Terms::parse(TERMS)?;
        let mut book = Book::default();
        book.insert(reference.clone(), Arc::new(terms));
        Ok(Self { id: "parley".parse()?, account: None, book, terms: reference, now: START.parse()? })
    }

    fn take(&mut self, actor: &Actor, command: Command) -> anyhow::Result<()> {
        let context = Context { now: self.now, actor, book: &self.book };
        let events = Account::decide(&self.id, self.account.as_ref(), command, &context)
            .map_err(|refused| anyhow!("{refused:?}"))?;
        for event in &events {
            self.account = Some(Account::apply(&self.id, self.account.take(), event)?);
        }
        Ok(())
    }

    /// An account with one workload isolated in an emergency, and so many cases.
    fn furnished(cases: usize) -> anyhow::Result<Self> {
        let mut desk = Self::new()?;
        let (pia, ines): (Actor, Actor) = ("person/pia".parse()?, "person/ines".parse()?);
        desk.take(&pia, Command::Open { terms: desk.terms.clone(), plan: PLAN })?;
        let (environment, workload) = ("web".parse()?, "site".parse()?);
        desk.take(&pia, Command::CreateEnvironment { environment, plan: PLAN })?;
        let spec: Workload = site()?;
        desk.take(&pia, Command::PutWorkload { environment: "web".parse()?, workload, spec })?;
        let why = Words::of_digest([1; 32]);
        let mut case = "parley.c1".parse()?;
        for n in 1..=cases {
            // One is open on a ground at a time.
            if n > 1 {
                desk.take(
                    &ines,
                    Command::WithdrawCase { case, why: Words::of_digest([1; 32]), clears: None },
                )?;
            }
            let ground = "imminent_violence".parse()?;
            desk.take(&ines, Command::OpenCase { ground, why: why.clone(), reports: Vec::new() })?;
            case = format!("parley.c{n}").parse()?;
        }
        let emergency = Command::ApplyEmergency {
            case,
            power: "6.1-emergency".parse()?,
            scope: Scope::Workload("web".parse()?, "site".parse()?),
            why,
            why_not_less: None,
            reasons: Reasons::new(
                "It names the hour.",
                vec![Fact::finding("f-1", Timestamp::UNIX_EPOCH, "https://parley.example/posts/1")],
            ),
        };
        desk.take(&ines, emergency)?;
        Ok(desk)
    }
}

/// A workload that fits every plan.
pub fn site() -> anyhow::Result<Workload> {
    Ok(serde_json::from_value(serde_json::json!({
        "image": "docker.io/library/busybox:1.35", "replicas": 1, "port": 8080, "cpuMillis": 50, "memoryMib": 32
    }))?)
}

/// Nanoseconds for one of many.
fn nanos(times: u32, mut what: impl FnMut()) -> f64 {
    let since = Instant::now();
    for _ in 0..times {
        what();
    }
    since.elapsed().as_secs_f64() * 1e9 / f64::from(times)
}

/// Measures permits and decisions on a small account and a large one.
pub fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for cases in [1, 100] {
        let desk = Desk::furnished(cases)?;
        let account = desk.account.as_ref().ok_or_else(|| anyhow!("no account"))?;
        let json = serde_json::to_string(account)?;
        let measure: MeasureId = "parley.m1".parse()?;
        let cluster: Actor = "system/cluster".parse()?;
        let lena: Actor = "person/lena".parse()?;
        let permits = Context { now: desk.now, actor: &cluster, book: &desk.book };
        let decides = Context { now: desk.now, actor: &lena, book: &desk.book };
        account.permit(&measure, &permits).map_err(|refused| anyhow!("{refused:?}"))?;
        let hold = Command::PlaceHold {
            scope: Scope::Account,
            running_state: false,
            why: Words::of_digest([3; 32]),
        };
        let (mut permit, mut decide, mut read) = (Samples::default(), Samples::default(), Samples::default());
        let times = effort.of(2_000, 20);
        for _ in 0..effort.of(101, 5) {
            permit.push(nanos(times, || drop(black_box(account.permit(black_box(&measure), &permits)))));
            read.push(nanos(times / 10 + 1, || {
                drop(black_box(serde_json::from_str::<Account>(black_box(&json))));
            }));
            decide.push(nanos(times, || {
                drop(black_box(Account::decide(&desk.id, Some(account), hold.clone(), &decides)));
            }));
        }
        let of = format!("account of {cases} case(s), {} bytes", json.len());
        figures.push(
            Figure::new(format!("permit, {of}"), Unit::Nanos, &permit)
                .beside("reading the account's JSON", &read),
        );
        figures.push(
            Figure::new(format!("decision on a hold, {of}"), Unit::Nanos, &decide)
                .beside("reading the account's JSON", &read),
        );
    }
    Ok(figures)
}
