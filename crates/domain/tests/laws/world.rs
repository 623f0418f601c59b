//! A small world: one account, a few people, two environments, and a clock that only the test moves.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::{Asked, Event};
use tenure_domain::account::measure::Measure;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Actor, Book, Command, Context, Recorded};
use tenure_domain::name::{
    AccountId, AppealId, CaseId, EnvironmentId, HoldId, ItemId, MeasureId, NoticeId, OrderId, WorkloadId,
};
use tenure_domain::permit::Permit;
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::statement::{Fact, Reasons, Source};
use tenure_domain::terms::{Terms, TermsRef};
use tenure_domain::text::{Blob, Words};
use tenure_domain::workload::{Plan, Workload};

pub const HOUSE: &str = include_str!("house.yaml");
pub const EXAMPLE: &str = include_str!("../../../../deploy/terms/cloud-agreement-2020-04.yaml");

pub const PLAN: Plan = Plan { cpu_millis: 100_000, memory_mib: 100_000, storage_mib: 100_000, pods: 100 };
pub const SHARE: Plan = Plan { cpu_millis: 40_000, memory_mib: 40_000, storage_mib: 40_000, pods: 40 };

pub fn words() -> Words {
    Words::try_from(format!("sha256s:{}", "0".repeat(64))).unwrap()
}

pub fn blob() -> Blob {
    Blob::try_from(format!("sha256:{}", "0".repeat(64))).unwrap()
}

/// Reasons that a statement can be made of.
pub fn reasons() -> Reasons {
    Reasons {
        why: "Posts that call for violence stay up".to_owned(),
        facts: vec![fact()],
        ..Reasons::default()
    }
}

/// A complete fact, seen before any of the worlds begins.
pub fn fact() -> Fact {
    Fact {
        id: "parley.r1".to_owned(),
        at: Some(at("2020-01-06T12:00:00Z")),
        locator: "https://parley.example/posts/1".to_owned(),
        what: None,
        evidence: [blob()].into(),
        source: Source::Report,
        automated: false,
    }
}

pub fn item(id: &str) -> Asked {
    Asked { id: id.parse().unwrap(), ask: words(), report: None, invoice: None, verifier: Verifier::Review }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn workload(image: &str) -> Workload {
    Workload {
        image: image.to_owned(),
        command: Vec::new(),
        replicas: 2,
        port: 8080,
        cpu_millis: 100,
        memory_mib: 64,
        ..Workload::default()
    }
}

#[derive(Clone)]
pub struct World {
    pub id: AccountId,
    pub terms: Arc<Terms>,
    pub book: Book,
    pub now: Timestamp,
    pub state: Option<Account>,
    pub events: Vec<Recorded>,
}

impl World {
    /// Publishes further terms and gives their reference.
    pub fn publish(&mut self, terms: &str) -> TermsRef {
        let (terms, reference) = Terms::parse(terms).unwrap();
        self.book.insert(reference.clone(), Arc::new(terms));
        reference
    }

    /// The account `parley` with the environments `web` (workloads `feed` and `media`) and `batch`.
    pub fn open(terms: &str, now: &str) -> Self {
        let (terms, reference) = Terms::parse(terms).unwrap();
        let terms = Arc::new(terms);
        let mut book = Book::default();
        book.insert(reference.clone(), Arc::clone(&terms));
        let mut world = Self {
            id: "parley".parse().unwrap(),
            terms,

            book,
            now: at(now),
            state: None,
            events: Vec::new(),
        };
        world.ok("person/pia", Command::Open { terms: reference, plan: PLAN });
        for environment in ["web", "batch"] {
            let environment = environment.parse().unwrap();
            world.ok("person/pia", Command::CreateEnvironment { environment, plan: SHARE });
        }
        for name in ["feed", "media"] {
            world.ok("member/parley/ada", put(name, "registry.example/app:1"));
        }
        world
    }

    pub fn account(&self) -> &Account {
        self.state.as_ref().unwrap()
    }

    /// Decides and, where it is decided, folds and keeps the events.
    pub fn run(&mut self, actor: &Actor, command: Command) -> Result<Vec<Recorded>, Rejected> {
        let context = Context { now: self.now, actor, book: &self.book };
        let events = Account::decide(&self.id, self.state.as_ref(), command, &context)?;
        self.keep(&events);
        Ok(events)
    }

    pub fn keep(&mut self, events: &[Recorded]) {
        for recorded in events {
            self.state = Some(Account::apply(&self.id, self.state.take(), recorded).unwrap());
            self.events.push(recorded.clone());
        }
    }

    #[track_caller]
    pub fn ok(&mut self, actor: &str, command: Command) -> Vec<Recorded> {
        let name = command.name();
        match self.run(&actor.parse().unwrap(), command) {
            Ok(events) => events,
            Err(rejected) => panic!("{name} by {actor}: {rejected:#?}"),
        }
    }

    /// The guards that refuse a command.
    #[track_caller]
    pub fn refused(&mut self, actor: &str, command: Command) -> Vec<Guard> {
        let name = command.name();
        match self.run(&actor.parse().unwrap(), command) {
            Err(Rejected::Refused(refusal)) => refusal.guards.iter().map(|g| g.guard).collect(),
            other => panic!("{name} by {actor} should be refused: {other:#?}"),
        }
    }

    /// Moves time to a moment; everything due on the way happens, each at its own moment.
    pub fn until(&mut self, moment: Timestamp) {
        let mut left = 500;
        while let Some(timer) = self.account().timers().into_iter().next().filter(|t| t.due <= moment) {
            left -= 1;
            assert!(left > 0, "{} is fired again and again", timer.key);
            self.now = self.now.max(timer.due);
            self.ok("system/timer", Command::Fire(timer.key));
        }
        self.now = self.now.max(moment);
    }

    pub fn pass_hours(&mut self, hours: i64) {
        self.until(self.now + SignedDuration::from_hours(hours));
    }

    pub fn permit(&self, measure: &MeasureId) -> Result<Permit, Rejected> {
        let actor: Actor = "system/cluster".parse().unwrap();
        self.account().permit(measure, &Context { now: self.now, actor: &actor, book: &self.book })
    }

    pub fn state_of(&self, measure: u32) -> &'static str {
        self.measure(measure).state_name()
    }

    pub fn measure(&self, n: u32) -> &Measure {
        self.account().measure(&self.m(n)).unwrap()
    }

    pub fn c(&self, n: u32) -> CaseId {
        CaseId::new(self.id.clone(), n)
    }
    pub fn n(&self, n: u32) -> NoticeId {
        NoticeId::new(self.id.clone(), n)
    }
    pub fn m(&self, n: u32) -> MeasureId {
        MeasureId::new(self.id.clone(), n)
    }
    pub fn o(&self, n: u32) -> OrderId {
        OrderId::new(self.id.clone(), n)
    }
    pub fn h(&self, n: u32) -> HoldId {
        HoldId::new(self.id.clone(), n)
    }
    pub fn a(&self, n: u32) -> AppealId {
        AppealId::new(self.id.clone(), n)
    }

    /// The hash to which an approval of the measure is bound now.
    pub fn hash(&self, measure: u32) -> String {
        self.measure(measure).command_hash.clone()
    }

    pub fn open_case(&mut self, ground: &str) -> CaseId {
        self.ok("person/ines", open_case(ground));
        self.account().cases.last().unwrap().id.clone()
    }

    /// Issues a notice and has the member `ada` acknowledge it.
    #[track_caller]
    pub fn serve(&mut self, case: &CaseId, starts: Starts, power: &str, items: &[&str]) -> NoticeId {
        self.ok("person/ines", issue(case, starts, power, items));
        let notice = self.account().notices.last().unwrap().id.clone();
        self.ok("member/parley/ada", Command::AcknowledgeNotice { notice: notice.clone() });
        notice
    }

    #[track_caller]
    pub fn approve(&mut self, by: &str, measure: u32) {
        let command = Command::ApproveMeasure { measure: self.m(measure), command_hash: self.hash(measure) };
        self.ok(&format!("person/{by}"), command);
    }

    /// Observes that the measure is followed.
    #[track_caller]
    pub fn confirm(&mut self, measure: u32) {
        let command = Command::ConfirmInForce { measure: self.m(measure), receipt: blob() };
        self.ok("system/cluster", command);
    }

    #[track_caller]
    pub fn restored(&mut self, measure: u32) {
        let command = Command::ConfirmRestored { measure: self.m(measure), receipt: blob() };
        self.ok("system/cluster", command);
    }

    pub fn fire_apply(&mut self, measure: u32) -> Vec<Recorded> {
        self.ok("system/timer", Command::Fire(TimerKey::Apply(self.m(measure))))
    }

    #[track_caller]
    pub fn cure(&mut self, case: &CaseId, item: &str) {
        let item: ItemId = item.parse().unwrap();
        let submit = Command::SubmitCure { case: case.clone(), item: item.clone(), remedy: words() };
        self.ok("member/parley/ada", submit);
        self.ok("person/ines", Command::AcceptCure { case: case.clone(), item });
    }
}

pub fn put(name: &str, image: &str) -> Command {
    let (environment, workload): (EnvironmentId, WorkloadId) =
        ("web".parse().unwrap(), name.parse().unwrap());
    Command::PutWorkload { environment, workload, spec: self::workload(image) }
}

pub fn open_case(ground: &str) -> Command {
    Command::OpenCase { ground: ground.parse().unwrap(), why: words(), reports: Vec::new() }
}

pub fn issue(case: &CaseId, starts: Starts, power: &str, items: &[&str]) -> Command {
    let items = items.iter().map(|id| item(id)).collect();
    let power = power.parse().unwrap();
    Command::IssueNotice { case: case.clone(), starts, power, why: words(), items, reasons: reasons() }
}

pub fn propose(case: &CaseId, power: &str, scope: &str, why_not_less: bool) -> Command {
    Command::ProposeMeasure(ProposeMeasure {
        case: case.clone(),
        power: power.parse().unwrap(),
        scope: scope.parse().unwrap(),
        effective: None,
        why: words(),
        why_not_less: why_not_less.then(words),
    })
}

pub fn emergency(case: &CaseId, power: &str, scope: &str) -> Command {
    Command::ApplyEmergency {
        case: case.clone(),
        power: power.parse().unwrap(),
        scope: scope.parse().unwrap(),
        why: words(),
        why_not_less: None,
        reasons: reasons(),
    }
}

/// The types of events, as the ledger names them.
pub fn types(events: &[Recorded]) -> Vec<String> {
    events.iter().map(|r| type_of(&r.event)).collect()
}

pub fn type_of(event: &Event) -> String {
    serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned()
}
