//! Arbitrary histories of one account: a small command language whose choices are resolved against the state as it
//! stands, so that shrinking keeps a history meaningful.

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::account::measure::Finding;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Actor, Command, Context, Recorded};
use tenure_domain::capability::Preset;
use tenure_domain::name::{AppealId, CaseId, HoldId, ItemId, MeasureId, NoticeId, OrderId};
use tenure_domain::refusal::Rejected;
use tenure_domain::scope::Scope;
use tenure_domain::terms::Channel;
use tenure_domain::workload::Volume;

use crate::chronicle::Chronicle;
use crate::world::{HOUSE, World, blob, item, put, reasons, words};

pub const SCOPES: [&str; 6] = [
    "workload/web/feed",
    "workload/web/media",
    "environment/web",
    "environment/batch",
    "account",
    "workload/web/gone",
];
pub const GROUNDS: [&str; 3] = ["abuse", "debt", "threat"];
const POWERS: [&str; 6] = ["1.1", "1.2", "1.3", "1.4", "1.5", "9.9"];
pub const PEOPLE: [&str; 5] = ["ines", "omar", "noa", "ruth", "lena"];
const ACTORS: [&str; 11] = [
    "person/ines",
    "person/omar",
    "person/noa",
    "person/lena",
    "member/parley/ada",
    "member/gab/eve",
    "rule/flood",
    "system/timer",
    "system/cluster",
    "system/delivery",
    "system/verifier",
];

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// What would naturally come next in some case.
    Next,
    /// Time passes.
    Wait,
    /// Everything due is fired, in order.
    FireDue,
    /// One deadline is fired, due or not.
    FireAny,
    /// The next deadline is fired a moment before it is due.
    FireEarly,
    OpenCase,
    Match,
    Withdraw,
    Issue,
    Attempt,
    Refuse,
    Acknowledge,
    Read,
    Pause,
    Resume,
    Extend,
    Submit,
    Accept,
    Reject,
    Propose,
    Emergency,
    Amend,
    Approve,
    Ratify,
    Lift,
    Confirm,
    Restored,
    Order,
    Vacate,
    Hold,
    Release,
    Appeal,
    Review,
    Put,
    Remove,
    /// The last command once more.
    Again,
}

/// One step: what, three choices, and who.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub kind: Kind,
    pub a: u8,
    pub b: u8,
    pub c: u8,
    pub who: u8,
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Kind as K;
    let kind = prop_oneof![
        40 => Just(K::Next),
        8 => Just(K::Wait),
        8 => Just(K::FireDue),
        3 => Just(K::FireAny),
        3 => Just(K::FireEarly),
        34 => prop::sample::select(vec![
            K::OpenCase, K::Match, K::Withdraw, K::Issue, K::Issue, K::Attempt, K::Refuse,
            K::Acknowledge, K::Read, K::Pause, K::Resume, K::Extend, K::Submit, K::Submit,
            K::Accept, K::Accept, K::Reject, K::Propose, K::Propose, K::Propose, K::Emergency, K::Amend, K::Approve,
            K::Approve, K::Ratify, K::Lift, K::Confirm, K::Confirm, K::Restored, K::Order, K::Vacate, K::Hold,
            K::Release, K::Appeal, K::Review, K::Put, K::Remove, K::Again, K::Again,
        ]),
    ];
    let step = (kind, any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>())
        .prop_map(|(kind, a, b, c, who)| Step { kind, a, b, c, who });
    prop::collection::vec(step, 10..70)
}

/// One command of a history, and what came of it.
pub struct Moment {
    pub actor: Actor,
    pub command: Command,
    pub outcome: Result<Vec<Recorded>, Rejected>,
    /// Where in the events it begins.
    pub from: usize,
    /// The state before it.
    pub before: Option<Account>,
    /// The event that puts its refusal on the record.
    pub refusal_recorded: Option<bool>,
    /// Measures for which a permit was minted right after it.
    pub permits: Vec<MeasureId>,
    pub now: jiff::Timestamp,
}

pub struct History {
    pub world: World,
    pub moments: Vec<Moment>,
}

/// Runs steps.
pub fn play(steps: &[Step]) -> History {
    let mut history = History { world: World::open(HOUSE, "2021-03-09T20:00:00Z"), moments: Vec::new() };
    for step in steps {
        history.step(*step);
    }
    history
}

/// Checks a property of many histories. Nothing is left behind where it fails but the panic with the steps.
pub fn check(cases: u32, property: impl Fn(&History) -> Result<(), TestCaseError>) {
    check_steps(cases, steps(), property);
}

/// The same for histories of other steps.
pub fn check_steps(
    cases: u32,
    steps: impl Strategy<Value = Vec<Step>>,
    property: impl Fn(&History) -> Result<(), TestCaseError>,
) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    TestRunner::new(config)
        .run(&steps, |steps| property(&play(&steps)))
        .unwrap_or_else(|error| panic!("{error}"));
}

/// The same, judging each event by what the record said before it.
pub fn check_events(
    cases: u32,
    judge: impl Fn(&History, &Chronicle, &Recorded) -> Result<(), TestCaseError>,
) {
    check(cases, |history| {
        let mut chronicle = Chronicle::default();
        for recorded in &history.world.events {
            judge(history, &chronicle, recorded)?;
            chronicle.read(recorded);
        }
        Ok(())
    });
}

pub fn pick<T: Clone>(list: &[T], choice: u8) -> Option<T> {
    if list.is_empty() { None } else { list.get(usize::from(choice) % list.len()).cloned() }
}

impl History {
    pub fn account(&self) -> &Account {
        self.world.account()
    }

    /// Ids of existing things, now and then one past the last.
    fn number(made: usize, choice: u8) -> u32 {
        let most = u32::try_from(made).unwrap().max(1);
        if choice > 250 { most + 1 } else { u32::from(choice) % most + 1 }
    }
    fn case(&self, choice: u8) -> CaseId {
        self.world.c(Self::number(self.account().cases.len(), choice))
    }
    fn notice(&self, choice: u8) -> NoticeId {
        self.world.n(Self::number(self.account().notices.len(), choice))
    }
    fn measure(&self, choice: u8) -> MeasureId {
        self.world.m(Self::number(self.account().measures.len(), choice))
    }
    fn order(&self, choice: u8) -> OrderId {
        self.world.o(Self::number(self.account().orders.len(), choice))
    }
    fn hold(&self, choice: u8) -> HoldId {
        self.world.h(Self::number(self.account().holds.len(), choice))
    }
    fn appeal(&self, choice: u8) -> AppealId {
        self.world.a(Self::number(self.account().appeals.len(), choice))
    }
    fn item_of(&self, case: &CaseId, choice: u8) -> ItemId {
        let items = self.account().case(case).map(|c| c.items.clone()).unwrap_or_default();
        pick(&items, choice).map_or_else(|| "nothing".parse().unwrap(), |i| i.id)
    }
    fn hash_of(&self, measure: &MeasureId, choice: u8) -> String {
        match self.account().measure(measure) {
            Ok(m) if choice < 240 => m.command_hash.clone(),
            _ => "0".repeat(64),
        }
    }
    pub fn fresh_items(&self, case: &CaseId, many: u8) -> Vec<tenure_domain::account::event::Asked> {
        let have = self.account().case(case).map_or(0, |c| c.items.len());
        (0..usize::from(many)).map(|n| item(&format!("it{}", have + n))).collect()
    }

    pub fn run(&mut self, actor: &str, command: Command) {
        let actor: Actor = actor.parse().unwrap();
        let before = self.world.state.clone();
        let from = self.world.events.len();
        let outcome = self.world.run(&actor, command.clone());
        let mut refusal_recorded = None;
        if let Err(Rejected::Refused(refusal)) = &outcome
            && command.records_refusal()
        {
            let context = Context { now: self.world.now, actor: &actor, book: &self.world.book };
            let events = self.account().record_refusal(command.name(), refusal, &context);
            refusal_recorded = Some(!events.is_empty());
            self.world.keep(&events);
        }
        let ids: Vec<MeasureId> = self.account().measures.iter().map(|m| m.id.clone()).collect();
        let permits = ids.into_iter().filter(|m| self.world.permit(m).is_ok()).collect();
        let now = self.world.now;
        self.moments.push(Moment { actor, command, outcome, from, before, refusal_recorded, permits, now });
    }

    pub fn fire_due(&mut self) {
        let mut left = 200;
        while let Some(timer) = self.account().timers().into_iter().next().filter(|t| t.due <= self.world.now)
        {
            self.run("system/timer", Command::Fire(timer.key));
            left -= 1;
            assert!(left > 0, "a deadline is fired again and again");
        }
    }

    fn step(&mut self, step: Step) {
        let Step { kind, a, b, c, who } = step;
        let natural =
            |actor: &str| if who < 232 { actor.to_owned() } else { pick(&ACTORS, a ^ c).unwrap().to_owned() };
        let person = format!("person/{}", pick(&PEOPLE, who).unwrap());
        let person = natural(&person);
        let member = natural("member/parley/ada");
        let cluster = natural("system/cluster");
        let scope = || -> Scope { pick(&SCOPES, c).unwrap().parse().unwrap() };
        let power = || pick(&POWERS, b).unwrap().parse().unwrap();
        let (actor, command) = match kind {
            Kind::Next => return self.next(a, b, c),
            Kind::Wait => return self.wait(a, b),
            Kind::FireDue => return self.fire_due(),
            Kind::FireAny => (natural("system/timer"), Command::Fire(self.any_timer(a, b))),
            Kind::FireEarly => {
                let next = self.account().timers().into_iter().find(|t| t.due > self.world.now);
                let Some(timer) = next else { return };
                self.world.now = self.world.now.max(timer.due - SignedDuration::from_micros(1));
                ("system/timer".to_owned(), Command::Fire(timer.key))
            }
            Kind::OpenCase => (person, crate::world::open_case(pick(&GROUNDS, a).unwrap())),
            Kind::Match => {
                let ground = pick(&GROUNDS, a).unwrap().parse().unwrap();
                let rule = "flood".parse().unwrap();
                let facts = std::collections::BTreeMap::new();
                (
                    natural("rule/flood"),
                    Command::RecordMatch { rule, ground, opens: b > 100, facts, why: words() },
                )
            }
            Kind::Withdraw if b < 60 => {
                (person, Command::WithdrawCase { case: self.case(a), why: words(), clears: None })
            }
            Kind::Issue => {
                let starts = [Starts::Both, Starts::Cure, Starts::Notice][usize::from(c) % 3];
                let case = self.case(a);
                let items = self.fresh_items(&case, c % 4);
                (
                    person,
                    Command::IssueNotice {
                        case,
                        starts,
                        power: power(),
                        why: words(),
                        items,
                        reasons: reasons(),
                    },
                )
            }
            Kind::Attempt => {
                let channel = if b.is_multiple_of(2) { Channel::Email } else { Channel::Inbox };
                let proof = "250 taken".to_owned();
                (
                    natural("system/delivery"),
                    Command::RecordAttempt { notice: self.notice(a), channel, proof },
                )
            }
            Kind::Refuse => {
                let channel = if b.is_multiple_of(2) { Channel::Email } else { Channel::Inbox };
                let why = "554 refused".to_owned();
                (natural("system/delivery"), Command::RecordFailure { notice: self.notice(a), channel, why })
            }
            Kind::Acknowledge => (member, Command::AcknowledgeNotice { notice: self.notice(a) }),
            Kind::Read => (member, Command::ReadNotice { notice: self.notice(a) }),
            Kind::Pause => (person, Command::PauseCase { case: self.case(a), why: words() }),
            Kind::Resume => (person, Command::ResumeCase { case: self.case(a), why: words() }),
            Kind::Extend => {
                let by = ["PT0S", "PT5H", "P1D", "2bd"][usize::from(b) % 4].parse().unwrap();
                (person, Command::ExtendNotice { notice: self.notice(a), by, why: words() })
            }
            Kind::Submit => {
                let case = self.case(a);
                let item = self.item_of(&case, b);
                (member, Command::SubmitCure { case, item, remedy: words() })
            }
            Kind::Accept => {
                let case = self.case(a);
                let item = self.item_of(&case, b);
                (person, Command::AcceptCure { case, item })
            }
            Kind::Reject => {
                let case = self.case(a);
                let item = self.item_of(&case, b);
                (person, Command::RejectCure { case, item, why: words() })
            }
            Kind::Propose => {
                let ahead = i64::from(who) - 20;
                let effective =
                    (who.is_multiple_of(3)).then(|| self.world.now + SignedDuration::from_hours(ahead));
                let why_not_less = (!who.is_multiple_of(4)).then(words);
                let case = self.case(a);
                let proposal = ProposeMeasure {
                    case,
                    power: power(),
                    scope: scope(),
                    effective,
                    why: words(),
                    why_not_less,
                };
                (person, Command::ProposeMeasure(proposal))
            }
            Kind::Emergency => {
                let why_not_less = (!who.is_multiple_of(4)).then(words);
                let power = if b < 200 { "1.4".parse().unwrap() } else { power() };
                let case = self.case(a);
                (
                    person,
                    Command::ApplyEmergency {
                        case,
                        power,
                        scope: scope(),
                        why: words(),
                        why_not_less,
                        reasons: reasons(),
                    },
                )
            }
            Kind::Amend => {
                let effective = self.world.now + SignedDuration::from_hours(i64::from(b) - 10);
                let proposer = self.account().measure(&self.measure(a)).map(|m| m.proposed_by.to_string());
                (
                    natural(&proposer.unwrap_or(person)),
                    Command::AmendMeasure { measure: self.measure(a), effective },
                )
            }
            Kind::Approve => {
                let measure = self.measure(a);
                let command_hash = self.hash_of(&measure, b);
                if c > 230 {
                    (person, Command::DenyMeasure { measure, command_hash, why: words() })
                } else {
                    (person, Command::ApproveMeasure { measure, command_hash })
                }
            }
            Kind::Ratify if c > 170 => {
                let finding = if b < 128 { Finding::Right } else { Finding::Wrong };
                let measure = self.measure(a);
                (person, Command::ReviewEmergency { measure, finding, account: words() })
            }
            Kind::Ratify => {
                let measure = self.measure(a);
                let command_hash = self.hash_of(&measure, b);
                (person, Command::RatifyMeasure { measure, command_hash })
            }
            Kind::Lift if b < 120 => {
                (person, Command::LiftMeasure { measure: self.measure(a), why: words() })
            }
            Kind::Withdraw | Kind::Lift | Kind::Confirm => {
                (cluster, Command::ConfirmInForce { measure: self.measure(a), receipt: blob() })
            }
            Kind::Restored => {
                (cluster, Command::ConfirmRestored { measure: self.measure(a), receipt: blob() })
            }
            Kind::Order if b > 170 => {
                let kind = [OrderKind::Stay, OrderKind::Reinstate][usize::from(a) % 2];
                let deadline = self.world.now + SignedDuration::from_mins(i64::from(b) - 190);
                let scope = scope();
                let (authority, document) = (words(), blob());
                (person, Command::RecordTimedOrder { kind, scope, authority, document, deadline })
            }
            Kind::Order => {
                let kind = [OrderKind::Stay, OrderKind::Reinstate, OrderKind::Preserve][usize::from(a) % 3];
                (person, Command::RecordOrder { kind, scope: scope(), authority: words(), document: blob() })
            }
            Kind::Hold if who.is_multiple_of(5) => {
                let until = self.world.now + SignedDuration::from_hours(i64::from(b));
                let case = (!self.account().cases.is_empty()).then(|| self.case(a));
                let scope = scope();
                (person, Command::RecordGag { scope, case, authority: words(), document: blob(), until })
            }
            Kind::Vacate => (person, Command::VacateOrder { order: self.order(a), why: words() }),
            Kind::Hold => (
                person,
                Command::PlaceHold { scope: scope(), running_state: !a.is_multiple_of(3), why: words() },
            ),
            Kind::Release => (person, Command::ReleaseHold { hold: self.hold(a), why: words() }),
            Kind::Appeal => (member, Command::FileAppeal { measure: self.measure(a), grounds: words() }),
            Kind::Review if c > 170 => {
                let reviewer = pick(&PEOPLE, b).unwrap().parse().unwrap();
                (person, Command::AssignAppeal { appeal: self.appeal(a), reviewer })
            }
            Kind::Review if c > 120 => {
                let preset = (b < 128).then_some(Preset::Isolate);
                let scope = Some(scope());
                (person, Command::ModifyOnAppeal { appeal: self.appeal(a), preset, scope, why: words() })
            }
            Kind::Review => {
                let outcome = if b < 128 { AppealOutcome::Upheld } else { AppealOutcome::Overturned };
                (
                    person,
                    Command::DecideAppeal { appeal: self.appeal(a), outcome, why: words(), reports: None },
                )
            }
            Kind::Put => {
                let name = ["feed", "media", "other"][usize::from(a) % 3];
                let mut command = put(name, &format!("registry.example/app:{}", b % 2));
                if let Command::PutWorkload { spec, .. } = &mut command {
                    spec.replicas = u16::from(c % 4);
                    let size_mib = 16 + u32::from(c / 4 % 2);
                    spec.volume = (c / 8).is_multiple_of(3).then(|| Volume {
                        path: "/data".to_owned(),
                        size_mib,
                        from: None,
                    });
                }
                (member, command)
            }
            Kind::Remove => {
                let workload = ["feed", "media", "other"][usize::from(a) % 3].parse().unwrap();
                (member, Command::RemoveWorkload { environment: "web".parse().unwrap(), workload })
            }
            Kind::Again => match self.moments.last() {
                Some(last) => (last.actor.to_string(), last.command.clone()),
                None => return,
            },
        };
        self.run(&actor, command);
    }

    /// Time passes: a little, a lot, or to just before, at or after the next deadline.
    fn wait(&mut self, a: u8, b: u8) {
        let next = self.account().timers().into_iter().map(|t| t.due).find(|due| *due > self.world.now);
        let by = i64::from(b);
        self.world.now = match (a % 6, next) {
            (0, Some(due)) => self.world.now.max(due - SignedDuration::from_micros(1)),
            (1 | 2, Some(due)) => due,
            (3, Some(due)) => due + SignedDuration::from_secs(by),
            (4, _) => self.world.now + SignedDuration::from_hours(by),
            _ => self.world.now + SignedDuration::from_mins(by),
        };
    }

    fn any_timer(&self, a: u8, b: u8) -> TimerKey {
        let running = self.account().timers();
        match (pick(&running, b), a % 4) {
            (Some(timer), 0 | 1) => timer.key,
            (_, 2) => TimerKey::Ratification(self.measure(b)),
            (_, _) => TimerKey::Apply(self.measure(b)),
        }
    }
}
