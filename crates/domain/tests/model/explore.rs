//! The explorer: breadth first, each state once, the shortest way to each remembered.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::{Account, Actor, Command, Context};
use tenure_domain::capability::Capability;
use tenure_domain::webhook::{Endpoint, MessageKind};

use crate::chronicle::Chronicle;
use crate::commands::View;
use crate::further::Further;
use crate::oracle::{self, CURE, NOTICE, RATIFY, Reached};
use crate::oracle_further::{self, RETRIEVAL};
use crate::said::{say, short};
use crate::stations::{Station, Tried};
use crate::table;
use crate::world::{World, type_of};

const TERMS: &str = include_str!("small.yaml");
const BEGIN: &str = "2021-03-09T20:00:00Z";

/// The version of every account that is explored. Commands that name an event of the account name one before it.
const VERSION: u64 = 10_000;

/// More states than this are not kept: the depth is chosen so that the bound is never met.
const MOST_STATES: usize = 400_000;

/// A way through the small world that is told in words.
pub struct Walk {
    pub world: World,
    said: Vec<String>,
}

impl Walk {
    pub fn open() -> Self {
        let mut world = World::open(TERMS, BEGIN);
        world.publish(&TERMS.replace("version: \"1\"", "version: \"2\""));
        world.book.set_roles("pay".parse().unwrap(), ["enforcer".to_owned()].into());
        let endpoint = Endpoint {
            url: "https://pay.example".into(),
            events: MessageKind::ALL.into(),
            enforces: [Capability::StorageWrite, Capability::Payments].into(),
            principal: Some("pay".parse().unwrap()),
            enabled: true,
            keys: Vec::new(),
        };
        world.book.set_webhook("pay".parse().unwrap(), Some(Arc::new(endpoint)));
        Self { world, said: Vec::new() }
    }

    #[track_caller]
    pub fn go(&mut self, actor: &str, command: Command) {
        self.said.push(say(self.world.now, actor, &command));
        self.world.ok(actor, command);
    }

    pub fn fire_due(&mut self) {
        while let Some(timer) =
            self.world.account().timers().into_iter().next().filter(|t| t.due <= self.world.now)
        {
            self.go("system/timer", Command::Fire(timer.key));
        }
    }

    pub fn wait_hours(&mut self, hours: i64) {
        self.world.now += SignedDuration::from_hours(hours);
        self.fire_due();
    }
}

/// Where the world stands, with what the record said so far.
#[derive(Clone)]
struct State {
    account: Account,
    seen: Chronicle,
    further: Further,
    now: Timestamp,
}

/// How a state was reached first.
struct Step {
    from: u32,
    said: Box<str>,
}

/// What was explored.
#[derive(Debug, Default)]
pub struct Explored {
    pub states: usize,
    pub decided: usize,
    pub refused: usize,
    pub events: BTreeMap<String, usize>,
    /// The commands that were carried out: they brought about an event.
    pub carried_out: BTreeSet<&'static str>,
}

impl Explored {
    fn add(&mut self, more: Self) {
        self.states += more.states;
        self.decided += more.decided;
        self.refused += more.refused;
        for (event, times) in more.events {
            *self.events.entry(event).or_default() += times;
        }
        self.carried_out.extend(more.carried_out);
    }
}

/// A law that is broken, and the shortest history that breaks it, in words.
#[derive(Debug)]
pub struct CounterExample {
    pub law: u8,
    pub how: String,
    pub history: Vec<String>,
}

impl std::fmt::Display for CounterExample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "law {} is broken: {}", self.law, self.how)?;
        for (n, said) in self.history.iter().enumerate() {
            writeln!(f, "{:>3}. {said}", n + 1)?;
        }
        Ok(())
    }
}

/// Explores every station and tells what was explored; fails with the shortest counter-example.
pub fn check_all(depths: &[(Station, Tried, usize)]) {
    let began = Instant::now();
    let all = Mutex::new(Explored::default());
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(depths.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((station, tried, depth)) = depths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let here = Instant::now();
                    let found = explore(*station, *tried, *depth)
                        .unwrap_or_else(|found| panic!("from the station {station:?}, {tried:?}:\n{found}"));
                    println!(
                        "model_check: {station:?}, {tried:?}, {depth} deep: {} states, {} commands decided, {} refused, {:.1} s",
                        found.states,
                        found.decided,
                        found.refused,
                        here.elapsed().as_secs_f64()
                    );
                    all.lock().unwrap().add(found);
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    println!(
        "model_check: {} states explored, {} commands decided, {} refused, {:.1} s",
        all.states,
        all.decided,
        all.refused,
        began.elapsed().as_secs_f64()
    );
    println!(
        "model_check: {} of {} commands carried out: {}",
        all.carried_out.len(),
        table::NAMES.len(),
        all.carried_out.iter().copied().collect::<Vec<_>>().join(", ")
    );
    for must in [
        "notice.served",
        "notice.reminded",
        "case.lapsed",
        "case.closed",
        "measure.proposed",
        "measure.amended",
        "measure.approved",
        "measure.scheduled",
        "measure.blocked",
        "measure.ratified",
        "measure.applying",
        "measure.in_force",
        "measure.stayed",
        "measure.restored",
        "measure.resumed",
        "measure.lifting",
        "measure.lifted",
        "measure.withdrawn",
        "order.vacated",
        "hold.released",
        "appeal.decided",
        "workload.removed",
        "notice.extended",
        "notice.delayed",
        "notice.released",
        "cure.checked",
        "terms.accepted",
        "terms.bound",
        "order.conflicted",
        "order.preferred",
        "order.complied",
        "gag.renewed",
        "strike.added",
        "strike.removed",
        "fee.charged",
        "fee.reversed",
        "case.undone",
        "account.closing",
        "account.reopened",
        "deletion.proposed",
        "deletion.consented",
        "deletion.approved",
        "deletion.ended",
        "account.closed",
    ] {
        assert!(all.events.contains_key(must), "no history reaches {must}: {:?}", all.events);
    }
    assert!(all.states > 10_000, "the world is too small to say anything: {} states", all.states);
    table::check(&all.carried_out);
}

/// Explores all histories of at most `depth` commands and waits from a station.
pub fn explore(station: Station, tried: Tried, depth: usize) -> Result<Explored, Box<CounterExample>> {
    let walk = station.walk();
    let account = strip(walk.world.account().clone());
    let events = &walk.world.events;
    let (seen, further) = (Chronicle::of(events), Further::of(events));
    let root = State { account, seen, further, now: walk.world.now };
    let mut explorer = Explorer {
        world: walk.world,
        way_here: walk.said,
        steps: vec![Step { from: 0, said: "".into() }],
        known: HashSet::from([fingerprint(&root)]),
        next: Vec::new(),
        keeps: true,
        tried,
        found: Explored::default(),
    };
    let mut level = vec![(0, root)];
    for left in (0..depth).rev() {
        // What is reached last is judged and told, and nothing goes on from it.
        explorer.keeps = left > 0;
        for (at, state) in level {
            explorer.leave(at, &state).map_err(Box::new)?;
        }
        level = std::mem::take(&mut explorer.next);
    }
    explorer.found.states = explorer.steps.len();
    Ok(explorer.found)
}

struct Explorer {
    world: World,
    way_here: Vec<String>,
    steps: Vec<Step>,
    known: HashSet<(u64, u64)>,
    next: Vec<(u32, State)>,
    keeps: bool,
    tried: Tried,
    found: Explored,
}

impl Explorer {
    /// Tries everything in a state.
    fn leave(&mut self, at: u32, state: &State) -> Result<(), CounterExample> {
        for moment in moments(state) {
            let waited = State { now: moment, ..state.clone() };
            let said = format!("{}   time passes", short(moment));
            self.arrive(at, waited, || said);
        }
        let view = View { account: &state.account, book: &self.world.book, now: state.now };
        let commands: Vec<_> = self.tried.makers().flat_map(|(_, make)| make(&view)).collect();
        commands.iter().try_for_each(|(who, command)| self.try_it(at, state, who, command))
    }

    fn try_it(&mut self, at: u32, state: &State, who: &str, command: &Command) -> Result<(), CounterExample> {
        let actor: Actor = who.parse().unwrap();
        let context = Context { now: state.now, actor: &actor, book: &self.world.book };
        let Ok(events) = Account::decide(&self.world.id, Some(&state.account), command.clone(), &context)
        else {
            self.found.refused += 1;
            return Ok(());
        };
        self.found.decided += 1;
        if events.is_empty() {
            return Ok(());
        }
        self.found.carried_out.insert(table::name(command));
        let State { mut account, mut seen, mut further, .. } = state.clone();
        let mut judged = Ok(());
        for recorded in &events {
            *self.found.events.entry(type_of(&recorded.event)).or_default() += 1;
            judged = judged.and_then(|()| {
                oracle::event(&seen, &further, recorded)?;
                oracle_further::event(&seen, &further, recorded)
            });
            further.read(&seen, recorded);
            seen.read(recorded);
            account = Account::apply(&self.world.id, Some(account), recorded).unwrap();
        }
        let after = State { account: strip(account), seen, further, now: state.now };
        let judged = judged.and_then(|()| {
            let permits = permits(&self.world, &after);
            let State { account, seen, further, now } = &after;
            let reached = Reached { seen, further, account, permits: &permits, now: *now };
            oracle::outcome(&state.seen, command, &events, &reached)?;
            oracle_further::outcome(seen, further, &events)
        });
        let said = || say(state.now, who, command);
        if let Err((law, how)) = judged {
            let mut history = self.way_to(at);
            history.push(said());
            return Err(CounterExample { law, how, history });
        }
        self.arrive(at, after, said);
        Ok(())
    }

    fn arrive(&mut self, from: u32, state: State, said: impl FnOnce() -> String) {
        if !self.known.insert(fingerprint(&state)) {
            return;
        }
        assert!(self.steps.len() < MOST_STATES, "more than {MOST_STATES} states: explore less deep");
        let at = u32::try_from(self.steps.len()).unwrap();
        self.steps.push(Step { from, said: said().into() });
        if self.keeps {
            self.next.push((at, state));
        }
    }

    fn way_to(&self, mut at: u32) -> Vec<String> {
        let mut way = Vec::new();
        while at != 0 {
            let step = &self.steps[at as usize];
            way.push(step.said.to_string());
            at = step.from;
        }
        way.extend(self.way_here.iter().rev().cloned());
        way.reverse();
        way
    }
}

fn permits(world: &World, state: &State) -> BTreeSet<tenure_domain::name::MeasureId> {
    let actor: Actor = "system/cluster".parse().unwrap();
    let context = Context { now: state.now, actor: &actor, book: &world.book };
    let measures = state.account.measures.iter().filter(|m| state.account.permit(&m.id, &context).is_ok());
    measures.map(|m| m.id.clone()).collect()
}

/// The moments to which time may go on: just before, and at, the next that anything depends on.
fn moments(state: &State) -> Vec<Timestamp> {
    let timers = state.account.timers().into_iter().map(|t| t.due);
    let served = state.seen.notices.values().filter_map(|n| n.served_at);
    let served = served.flat_map(|at| [at + CURE, at + NOTICE]);
    let proposed = state.seen.measures.values().flat_map(|m| [m.proposed_at + RATIFY, m.proposal.effective]);
    let notices = state.further.closing.iter().filter_map(|closing| closing.notices.get(&0));
    let fetched = notices.filter_map(|id| state.seen.notices[id].served_at).map(|at| at + RETRIEVAL);
    let next = timers.chain(served).chain(proposed).chain(fetched).filter(|at| *at > state.now).min();
    let Some(next) = next else { return Vec::new() };
    let before = next - SignedDuration::from_micros(1);
    if before > state.now { vec![before, next] } else { vec![next] }
}

/// Without the number of events, by which states that are the same otherwise would differ.
fn strip(mut account: Account) -> Account {
    account.version = VERSION;
    account
}

/// 128 bits of a state: of the account, of all that the record said that the laws ask for, and of the moment.
fn fingerprint(state: &State) -> (u64, u64) {
    let State { account, seen, further, now } = state;
    let mut text = serde_json::to_string(account).unwrap();
    write!(text, "{seen:?}{further:?}{}", now.as_microsecond()).unwrap();
    let (mut one, mut other) = (DefaultHasher::new(), DefaultHasher::new());
    other.write_u8(1);
    one.write(text.as_bytes());
    other.write(text.as_bytes());
    (one.finish(), other.finish())
}
