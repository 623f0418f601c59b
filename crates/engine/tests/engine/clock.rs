//! A real legal clock whose machine is set wrong, sleeps, or was off.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tenure_access::Role;
use tenure_domain::account::{Command, System};
use tenure_domain::book;
use tenure_domain::name::NoticeId;
use tenure_domain::refusal::{Guard, Rejected};
use tenure_engine::clock::{ClockKind, Reading, TimeSource};
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Done, Submission};
use tenure_engine::{Engine, EngineError, Settings};
use tenure_store::Store;

use crate::office::{Office, done, hours, member, person, slug, start, verifier};

/// The clocks of a machine that only the test moves.
#[derive(Debug)]
struct Hands(Mutex<Reading>);

impl TimeSource for Hands {
    fn read(&self) -> Reading {
        *self.0.lock().unwrap()
    }
}

/// An engine on the real clock of such a machine.
pub struct Machine {
    pub office: Office,
    hands: Arc<Hands>,
    pub engine: Engine,
    store: Store,
}

impl Machine {
    /// The office's notice went out and is not served: by the deemed rule it is, 72 hours after the start.
    async fn with_a_notice_on_its_way(wall: Timestamp) -> (Self, NoticeId) {
        let office = Office::open().await;
        let case = office.open_case("parley").await;
        let notice = office.issue_notice(&case).await;
        office.engine.settle().await.unwrap();
        office.engine.stop().await;
        (Self::boot(office, wall).await, notice)
    }

    pub async fn boot(office: Office, wall: Timestamp) -> Self {
        let hands = Arc::new(Hands(Mutex::new(Reading { wall, monotonic: Duration::from_secs(1) })));
        let store = office.database.open().await;
        let settings = Settings {
            lease: tenure_engine::LEASE,
            ..office.settings(ClockKind::Real, Timestamp::UNIX_EPOCH, 77)
        };
        let engine = Engine::start_by(store.clone(), settings, hands.clone()).await.unwrap();
        Self { office, hands, engine, store }
    }

    async fn reboot(self, wall: Timestamp) -> Self {
        self.engine.stop().await;
        Self::boot(self.office, wall).await
    }

    fn pass(&self, time: SignedDuration) {
        let mut reading = self.hands.0.lock().unwrap();
        reading.wall += time;
        reading.monotonic += time.unsigned_abs();
    }

    pub fn step(&self, by: SignedDuration) {
        self.hands.0.lock().unwrap().wall += by;
    }

    pub fn wall(&self) -> Timestamp {
        self.hands.read().wall
    }

    /// Waits until something is so.
    async fn until<F: Future<Output = bool>>(&self, what: &str, is: impl Fn() -> F) {
        let mut commits = self.engine.commits();
        let waiting = async {
            while !is().await {
                drop(tokio::time::timeout(Duration::from_millis(50), commits.changed()).await);
            }
        };
        tokio::time::timeout(Duration::from_mins(1), waiting).await.unwrap_or_else(|_| panic!("{what}"));
    }

    /// What the record says about the clock: types, moments and actors.
    async fn said(&self) -> Vec<(String, Timestamp, String)> {
        let events = self.engine.stream("clock/legal", 1, 100).await.unwrap();
        events.into_iter().map(|e| (e.event_type, e.at, e.actor)).collect()
    }

    pub async fn until_said(&self, times: usize) {
        self.until("the doubt is on the record", || async { self.said().await.len() == times }).await;
    }

    async fn is_served(&self) -> bool {
        self.engine.account(&slug("parley")).await.unwrap().notices[0].served_at().is_some()
    }

    /// Fires the deemed rule of the notice, as the timers would.
    async fn fire(&self) -> Result<Done, EngineError> {
        let act = Act::Account(slug("parley"), Command::Fire("deemed:parley.n1".parse().unwrap()));
        self.engine.submit(Submission::new(Caller::System(System::Timer), act)).await.map(done)
    }

    pub async fn confirm(&self, caller: Caller, moment: Timestamp) -> Result<Done, EngineError> {
        let mut kept = Kept::default();
        let why = self.engine.words(&mut kept, "Compared with the clock on the wall.").unwrap();
        let event = book::Event::ClockConfirmed { moment, why };
        let submission = Submission::new(caller, Act::Book(book::Entry::Clock, event)).keeping(kept);
        self.engine.submit(submission).await.map(done)
    }

    async fn close(self) {
        self.engine.stop().await;
        let store = self.office.database.open().await;
        let found = tenure_engine::verify::verify(&store, &verifier()).await.unwrap();
        assert_eq!(found.faults, Vec::<String>::new());
    }
}

/// An administrator confirms the clock as soon as the record says that it is in doubt.
pub async fn confirm_once_doubted(engine: &Engine) {
    let mut commits = engine.commits();
    let recorded = async {
        while engine.stream("clock/legal", 1, 1).await.unwrap().is_empty() {
            drop(tokio::time::timeout(Duration::from_millis(50), commits.changed()).await);
        }
    };
    tokio::time::timeout(Duration::from_mins(1), recorded).await.expect("the doubt is on the record");
    let mut kept = Kept::default();
    let why = engine.words(&mut kept, "Compared with the clock on the wall.").unwrap();
    let event = book::Event::ClockConfirmed { moment: engine.look_at_clock().machine, why };
    let submission = Submission::new(administrator(), Act::Book(book::Entry::Clock, event)).keeping(kept);
    done(engine.submit(submission).await.unwrap());
}

fn administrator() -> Caller {
    person("otto", Role::Administrator)
}

fn guards(result: Result<Done, EngineError>) -> Vec<Guard> {
    match result {
        Err(EngineError::Rejected(Rejected::Refused(refusal))) => {
            refusal.guards.iter().map(|g| g.guard).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn law_03_a_jump_forwards_fires_nothing_until_an_administrator_confirms_the_clock() {
    let (machine, notice) = Machine::with_a_notice_on_its_way(start()).await;
    machine.pass(SignedDuration::from_secs(600));
    machine.step(hours(100));
    machine.until_said(1).await;
    let monotonic = start() + SignedDuration::from_secs(600);
    assert_eq!(machine.said().await, [("clock.doubted".into(), monotonic, "system/timer".into())]);
    assert_eq!(machine.engine.now(), monotonic);
    assert!(!machine.is_served().await, "by the machine's clock it is long due");

    // Requests go on, at the moment that the monotonic clock tells; no period begins.
    machine.pass(SignedDuration::from_secs(60));
    let held = done(machine.engine.submit(machine.office.hold("parley", "A hearing.")).await.unwrap());
    let hold = held.account().unwrap().holds[0].placed_at;
    assert_eq!(hold, monotonic + SignedDuration::from_secs(60));
    let acknowledge = Command::AcknowledgeNotice { notice };
    let act = Act::Account(slug("parley"), acknowledge);
    let refused = machine.engine.submit(Submission::new(member("parley", Role::Owner), act)).await.map(done);
    assert_eq!(guards(refused), [Guard::ClockTrusted]);

    let offered = machine.engine.look_at_clock().machine;
    for role in [Role::Analyst, Role::Approver, Role::Legal, Role::Platform, Role::Auditor, Role::Support] {
        let refused = machine.confirm(person("ines", role), offered).await;
        assert!(matches!(refused, Err(EngineError::Denied(_))), "{role}: {refused:?}");
    }
    assert_eq!(guards(machine.confirm(administrator(), monotonic).await), [Guard::Moment]);
    assert_eq!(guards(machine.fire().await), [Guard::ClockTrusted]);
    assert!(!machine.is_served().await, "nothing is fired while it is in doubt");

    machine.confirm(administrator(), offered).await.unwrap();
    assert_eq!(machine.engine.look_at_clock().doubt, None);
    machine.until("the notice is served", || machine.is_served()).await;
    let said = machine.said().await;
    assert_eq!(said.len(), 2);
    assert_eq!(said[1], ("clock.confirmed".into(), hold, "person/otto".into()));
    assert_eq!(guards(machine.confirm(administrator(), offered).await), [Guard::InState]);
    let account = machine.engine.account(&slug("parley")).await.unwrap();
    assert_eq!(account.notices[0].served_at(), Some(machine.wall()));
    machine.close().await;
}

#[tokio::test]
async fn a_machine_that_is_set_right_again_still_needs_somebody_to_look() {
    let (machine, _) = Machine::with_a_notice_on_its_way(start()).await;
    machine.step(hours(100));
    machine.until_said(1).await;
    machine.step(hours(-100));
    machine.pass(hours(72) - SignedDuration::from_micros(1));
    assert_eq!(guards(machine.fire().await), [Guard::ClockTrusted]);
    machine.confirm(administrator(), machine.wall()).await.unwrap();
    assert!(machine.fire().await.unwrap().events.is_empty(), "a microsecond before it is due");
    machine.pass(SignedDuration::from_micros(1));
    machine.until("the notice is served", || machine.is_served()).await;
    let account = machine.engine.account(&slug("parley")).await.unwrap();
    assert_eq!(account.notices[0].served_at(), Some(start() + hours(72)));
    machine.close().await;
}

#[tokio::test]
async fn after_a_jump_backwards_legal_time_stands_still_and_nothing_happens_twice() {
    let (machine, _) = Machine::with_a_notice_on_its_way(start()).await;
    machine.pass(hours(72));
    machine.until("the notice is served", || machine.is_served()).await;
    let served = machine.engine.now();
    machine.step(hours(-30));
    machine.until_said(1).await;
    machine.confirm(administrator(), machine.wall()).await.unwrap();
    machine.pass(hours(29));
    assert_eq!(machine.engine.now(), served);
    let held = done(machine.engine.submit(machine.office.hold("parley", "A hearing.")).await.unwrap());
    assert_eq!(held.account().unwrap().holds[0].placed_at, served);
    machine.pass(hours(2));
    assert_eq!(machine.engine.now(), served + hours(1));
    let events = machine.engine.stream("account/parley", 1, 100).await.unwrap();
    assert_eq!(events.iter().filter(|e| e.event_type == "notice.served").count(), 1);
    machine.close().await;
}

#[tokio::test]
async fn a_doubt_outlives_a_restart() {
    let (machine, _) = Machine::with_a_notice_on_its_way(start()).await;
    machine.step(SignedDuration::from_mins(10));
    machine.until_said(1).await;
    // Nothing but the record tells that this reading is a jump's.
    let wall = machine.wall();
    let machine = machine.reboot(wall).await;
    assert!(machine.engine.look_at_clock().doubt.is_some());
    assert_eq!(machine.engine.now(), start());
    machine.confirm(administrator(), wall).await.unwrap();
    assert_eq!(machine.said().await.len(), 2, "it is on the record once");
    let machine = machine.reboot(wall).await;
    assert_eq!(machine.engine.look_at_clock().doubt, None, "and so does what was confirmed");
    machine.close().await;
}

#[tokio::test]
async fn what_came_due_during_a_long_pause_waits_for_somebody_to_confirm_the_clock() {
    let (machine, _) = Machine::with_a_notice_on_its_way(start() + hours(24 * 400)).await;
    machine.until_said(1).await;
    assert_eq!(guards(machine.fire().await), [Guard::ClockTrusted]);
    machine.confirm(administrator(), machine.wall()).await.unwrap();
    machine.until("the notice is served", || machine.is_served()).await;
    // Late is allowed, and the periods run from then.
    let account = machine.engine.account(&slug("parley")).await.unwrap();
    assert_eq!(account.notices[0].served_at(), Some(machine.wall()));
    assert!(account.notices[0].cure_ends().unwrap() >= machine.wall() + hours(30 * 24));
    assert!(account.notices[0].reminded.is_empty());
    machine.close().await;
}

#[tokio::test]
async fn a_short_pause_needs_nobody_and_the_moment_last_trusted_counts_as_the_record() {
    let (machine, _) = Machine::with_a_notice_on_its_way(start() + SignedDuration::from_mins(29)).await;
    assert_eq!(machine.engine.look_at_clock().doubt, None);
    let kept = machine.wall().to_string();
    let is_kept = || async {
        machine.store.installation("legal_clock_trusted").await.unwrap().as_deref() == Some(&kept)
    };
    machine.until("the moment is kept", is_kept).await;
    let machine = machine.reboot(start() + SignedDuration::from_mins(58)).await;
    assert_eq!(machine.engine.look_at_clock().doubt, None);
    machine.close().await;
}

#[tokio::test]
async fn a_machine_that_starts_before_the_record_fires_nothing() {
    let (machine, _) = Machine::with_a_notice_on_its_way(start() - hours(24 * 365)).await;
    machine.until_said(1).await;
    assert_eq!(machine.engine.now(), start(), "nothing happens before what is on the record");
    machine.pass(hours(72));
    assert_eq!(machine.engine.now(), start() + hours(72));
    assert_eq!(guards(machine.fire().await), [Guard::ClockTrusted]);
    machine.close().await;
}
