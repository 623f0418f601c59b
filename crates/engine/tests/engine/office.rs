//! A provider's office: an engine with terms published and the people who work there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tenure_access::{Principal, Role};
use tenure_domain::account::command::{Command, ProposeMeasure, Starts};
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::Asked;
use tenure_domain::account::{Account, Actor};
use tenure_domain::book;
use tenure_domain::name::{AccountId, CaseId, NoticeId};
use tenure_domain::report::Allegation;
use tenure_domain::scope::Scope;
use tenure_domain::statement::{Fact, Reasons};
use tenure_domain::terms::{Terms, TermsRef};
use tenure_domain::text::Blob;
use tenure_domain::workload::Plan;
use tenure_engine::anchor::{Anchor, FileAnchor};
use tenure_engine::clock::ClockKind;
use tenure_engine::entropy::Entropy;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Done, Outcome, Submission};
use tenure_engine::{Batching, Engine, EngineError, LogKey, OperatorCaps, Settings};
use tenure_ledger::note::VerifierKey;
use tenure_letters::Letters;
use tenure_rules::Rule;
use tenure_store::Store;
use tenure_test_database::Database;

pub const TERMS: &str = include_str!("../../../../deploy/terms/cloud-agreement-2020-04.yaml");
pub const RULE: &str = include_str!("../../../../deploy/rules/reports-outpace-cleanup.yaml");

/// Long enough for a busy machine, short enough to wait for: beside a file whoever led is known to be gone, and on a
/// server each crash is waited out.
pub fn lease() -> Duration {
    Duration::from_secs(if tenure_test_database::server().is_some() { 3 } else { 10 })
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A Monday morning in Los Angeles.
pub fn start() -> Timestamp {
    at("2021-01-04T17:00:00Z")
}

pub fn hours(n: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(n)
}

pub fn slug(name: &str) -> AccountId {
    name.parse().unwrap()
}

pub fn person(name: &str, role: Role) -> Caller {
    Caller::Principal(Principal::Person { name: name.into(), roles: BTreeSet::from([role]) })
}

pub fn ines() -> Caller {
    person("ines", Role::Analyst)
}

pub fn member(account: &str, role: Role) -> Caller {
    Caller::Principal(Principal::Member {
        account: account.into(),
        name: "ada".into(),
        roles: BTreeSet::from([role]),
    })
}

/// The secret with which the log is signed.
const KEY: [u8; 32] = [7; 32];

pub fn log_key() -> LogKey {
    LogKey::new("log.provider.example", &KEY).unwrap()
}

pub fn verifier() -> VerifierKey {
    log_key().verifier
}

/// What an event says about itself: its moment, its actor and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub at: Timestamp,
    pub actor: String,
    pub event_type: String,
}

pub struct Office {
    pub engine: Engine,
    pub store: Store,
    pub database: Database,
    pub mail: PathBuf,
    starts: Starting,
    posts: AtomicU64,
}

/// What the next start is given.
struct Starting {
    /// How many starts there were.
    count: u64,
    most_behind: u64,
    caps: OperatorCaps,
    anchor: Arc<dyn Anchor>,
    batching: Batching,
    key: [u8; 32],
    before: Vec<Database>,
    /// Where the clock begins.
    begun: Timestamp,
    /// The terms that are published.
    terms: String,
}

impl Office {
    /// An engine on an empty store.
    pub async fn empty() -> Self {
        Self::on(Database::fresh().await, None).await
    }

    /// An engine whose clock begins at a moment, with these terms and the account `parley`.
    pub async fn open_at(begun: Timestamp, terms: &str) -> Self {
        let database = Database::fresh().await;
        let office = Self::begin(database, None, KEY, (begun, terms.to_owned())).await;
        office.publish_terms().await;
        office.open_account("parley").await;
        office
    }

    /// An engine with the example terms and the account `parley`, whose owner is ada.
    pub async fn open() -> Self {
        let office = Self::empty().await;
        office.publish_terms().await;
        office.open_account("parley").await;
        office
    }

    /// An engine on this database.
    pub async fn on(database: Database, anchor: Option<Arc<dyn Anchor>>) -> Self {
        Self::begin(database, anchor, KEY, (start(), TERMS.to_owned())).await
    }

    /// An engine on an empty store, whose log begins with this key.
    pub async fn signed_with(key: [u8; 32]) -> Self {
        let database = Database::fresh().await;
        Self::begin(database, None, key, (start(), TERMS.to_owned())).await
    }

    async fn begin(
        database: Database,
        anchor: Option<Arc<dyn Anchor>>,
        key: [u8; 32],
        (begun, terms): (Timestamp, String),
    ) -> Self {
        let mail = database.folder().join("mail");
        let file = database.folder().join("log.anchor");
        let anchor = anchor.unwrap_or_else(|| Arc::new(FileAnchor::new(&file)));
        let starts = Starting {
            count: 1,
            most_behind: tenure_engine::MOST_BEHIND,
            caps: OperatorCaps::default(),
            anchor,
            batching: Batching::default(),
            key,
            before: Vec::new(),
            begun,
            terms,
        };
        Self::start_in(database, mail, starts).await
    }

    async fn start_in(database: Database, mail: PathBuf, starts: Starting) -> Self {
        let store = database.open().await;
        let settings = Settings {
            clock: ClockKind::Simulated,
            start: starts.begun,
            entropy: Entropy::seeded(starts.count),
            key: LogKey::new("log.provider.example", &starts.key).unwrap(),
            anchor: Arc::clone(&starts.anchor),
            batching: starts.batching,
            mail: mail.clone(),
            fetch_private: true,
            fetch_hosts: std::collections::BTreeMap::new(),
            letters: Letters::built_in().unwrap(),
            cluster: None,
            clusters: BTreeMap::new(),
            most_behind: starts.most_behind,
            caps: starts.caps,
            lease: lease(),
        };
        let engine = Engine::start(store.clone(), settings).await.unwrap();
        Self { engine, store, database, mail, starts, posts: AtomicU64::new(0) }
    }

    /// What one more engine on the office's database is opened with.
    pub fn settings(&self, clock: ClockKind, start: Timestamp, seed: u64) -> Settings {
        Settings {
            clock,
            start,
            entropy: Entropy::seeded(seed),
            key: log_key(),
            anchor: Arc::new(self.anchor()),
            batching: Batching::default(),
            mail: self.mail.clone(),
            fetch_private: true,
            fetch_hosts: std::collections::BTreeMap::new(),
            letters: Letters::built_in().unwrap(),
            cluster: None,
            clusters: BTreeMap::new(),
            most_behind: tenure_engine::MOST_BEHIND,
            caps: self.starts.caps,
            lease: lease(),
        }
    }

    /// The file in which the last signed head is kept.
    pub fn anchor(&self) -> FileAnchor {
        FileAnchor::new(&self.mail.with_file_name("log.anchor"))
    }

    /// The engine is dropped as it stands, as a process that dies, and another one starts.
    pub async fn crash(self) -> Self {
        let Self { engine, store, database, mail, mut starts, .. } = self;
        drop((engine, store));
        starts.count += 1;
        Self::start_in(database, mail, starts).await
    }

    /// The engine is stopped in order, and another one starts.
    pub async fn restart(self) -> Self {
        self.engine.stop().await;
        self.crash().await
    }

    /// The next start drops its mail here.
    pub fn mail_into(mut self, folder: PathBuf) -> Self {
        self.mail = folder;
        self
    }

    /// From the next start on this is the database.
    pub fn with_database(mut self, database: Database) -> Self {
        // What else is in the first one's folder stays.
        self.starts.before.push(std::mem::replace(&mut self.database, database));
        self
    }

    /// From the next start on this is the log's anchor.
    pub fn anchored_by(mut self, anchor: Arc<dyn Anchor>) -> Self {
        self.starts.anchor = anchor;
        self
    }

    /// From the next start on the log is signed with this key.
    pub fn signing_with(mut self, key: [u8; 32]) -> Self {
        self.starts.key = key;
        self
    }

    /// From the next start on events are signed for in such batches.
    pub fn batching(mut self, batching: Batching) -> Self {
        self.starts.batching = batching;
        self
    }

    /// From the next start on the log counts as stuck when so many events wait for it; 0 for always.
    pub fn stuck_at(mut self, most_behind: u64) -> Self {
        self.starts.most_behind = most_behind;
        self
    }

    /// From the next start on one person may begin so much.
    pub fn capped(mut self, caps: OperatorCaps) -> Self {
        self.starts.caps = caps;
        self
    }

    /// Carries out SQL on the database from outside, as another program with access to the file can.
    pub async fn sql(&self, statement: &'static str) {
        self.database.sql(statement).await;
    }

    pub async fn submit(&self, caller: Caller, act: Act) -> Result<Done, EngineError> {
        self.submit_keeping(caller, act, Kept::default()).await
    }

    pub async fn submit_keeping(&self, caller: Caller, act: Act, kept: Kept) -> Result<Done, EngineError> {
        Ok(done(self.engine.submit(Submission::new(caller, act).keeping(kept)).await?))
    }

    pub async fn publish_terms(&self) -> TermsRef {
        let (_, reference) = Terms::parse(&self.starts.terms).unwrap();
        let outcome =
            self.engine.publish_terms(Engine::bootstrap(), &self.starts.terms, reference.clone()).await;
        done(outcome.unwrap());
        reference
    }

    /// Publishes further terms.
    pub async fn publish(&self, text: &str) -> TermsRef {
        let (_, reference) = Terms::parse(text).unwrap();
        done(self.engine.publish_terms(Engine::bootstrap(), text, reference.clone()).await.unwrap());
        reference
    }

    pub async fn publish_rule(&self, text: &str) {
        let rule = Rule::parse(text).unwrap();
        let admin = person("otto", Role::Administrator);
        done(self.engine.publish_rule(admin, text, &rule).await.unwrap());
    }

    pub async fn open_account(&self, name: &str) {
        let (_, terms) = Terms::parse(&self.starts.terms).unwrap();
        let plan = Plan { cpu_millis: 8_000, memory_mib: 16_384, storage_mib: 65_536, pods: 100 };
        let platform = || person("pia", Role::Platform);
        self.submit(platform(), Act::Account(slug(name), Command::Open { terms, plan })).await.unwrap();
        let ada = "ada".parse().unwrap();
        let roles = BTreeSet::from(["owner".to_owned()]);
        let event = book::Event::MemberSet { account: slug(name), member: ada, roles };
        let entry = book::Entry::Member(slug(name), "ada".parse().unwrap());
        self.submit(platform(), Act::Book(entry, event)).await.unwrap();
    }

    /// A report with a piece of evidence.
    pub fn report(&self, name: &str, ground: &str, what: &str) -> Submission {
        let mut kept = Kept::default();
        let evidence = kept.blob("text/plain", format!("what {what} showed").into_bytes());
        let allegation = Allegation {
            ground: ground.parse().unwrap(),
            locator: self.engine.words(&mut kept, &format!("https://parley.example/posts/{what}")).unwrap(),
            statement: self.engine.words(&mut kept, "It calls for violence.").unwrap(),
            evidence: BTreeMap::from([(evidence, "text/plain".to_owned())]),
            observed_at: None,
            contact: None,
            language: None,
            reference: None,
            format: None,
        };
        Submission::new(person("rex", Role::Reporter), Act::FileReport(slug(name), allegation)).keeping(kept)
    }

    /// Files reports, each about another post, and waits until all that follows is done.
    pub async fn file_reports(&self, name: &str, ground: &str, count: usize) {
        for _ in 0..count {
            let post = format!("{}-{}", self.starts.count, self.posts.fetch_add(1, Ordering::Relaxed));
            done(self.engine.submit(self.report(name, ground, &post)).await.unwrap());
        }
        self.engine.settle().await.unwrap();
    }

    pub async fn open_case(&self, name: &str) -> CaseId {
        let mut kept = Kept::default();
        let why = self.engine.words(&mut kept, "Reports outpace what is taken down.").unwrap();
        let command =
            Command::OpenCase { ground: "process_failure".parse().unwrap(), why, reports: Vec::new() };
        let done = self.submit_keeping(ines(), Act::Account(slug(name), command), kept).await.unwrap();
        done.account().unwrap().cases.last().unwrap().id.clone()
    }

    /// A notice that starts both clocks of power 6.1: 14 days of notice, 30 days of cure.
    pub async fn issue_notice(&self, case: &CaseId) -> NoticeId {
        let mut kept = Kept::default();
        let account = self.account(case.account().as_str()).await;
        let n = account.notices.len() + 1;
        let letter = kept.blob("text/plain", format!("Letter {n}: put it right.").into_bytes());
        let items = vec![Asked {
            id: format!("item-{n}").parse().unwrap(),
            ask: self.engine.words(&mut kept, "Answer reports within two business days.").unwrap(),
            report: None,
            invoice: None,
            verifier: Verifier::Review,
        }];
        let why = self.engine.words(&mut kept, "Too many reports stay unanswered.").unwrap();
        let power = "6.1".parse().unwrap();
        let command = Command::IssueNotice {
            case: case.clone(),
            starts: Starts::Both,
            power,
            why,
            items,
            reasons: reasons(letter),
        };
        let act = Act::Account(case.account().clone(), command);
        let done = self.submit_keeping(ines(), act, kept).await.unwrap();
        done.account().unwrap().notices.last().unwrap().id.clone()
    }

    /// A hold by the legal team: one event, and always lawful.
    pub fn hold(&self, name: &str, why: &str) -> Submission {
        let mut kept = Kept::default();
        let why = self.engine.words(&mut kept, why).unwrap();
        let command = Command::PlaceHold { scope: Scope::Account, running_state: false, why };
        Submission::new(person("lena", Role::Legal), Act::Account(slug(name), command)).keeping(kept)
    }

    pub async fn place_hold(&self, name: &str) -> Result<Done, EngineError> {
        Ok(done(self.engine.submit(self.hold(name, "A court may ask for it.")).await?))
    }

    /// A proposal to suspend the account under power 6.1.
    pub fn proposal(&self, case: &CaseId) -> Submission {
        let mut kept = Kept::default();
        let proposal = ProposeMeasure {
            case: case.clone(),
            power: "6.1".parse().unwrap(),
            scope: Scope::Account,
            effective: None,
            why: self.engine.words(&mut kept, "Nothing was put right.").unwrap(),
            why_not_less: Some(self.engine.words(&mut kept, "Nothing less reaches it.").unwrap()),
        };
        let act = Act::Account(case.account().clone(), Command::ProposeMeasure(proposal));
        Submission::new(ines(), act).keeping(kept)
    }

    pub async fn acknowledge(&self, notice: &NoticeId) {
        let act =
            Act::Account(notice.account().clone(), Command::AcknowledgeNotice { notice: notice.clone() });
        self.submit(member(notice.account().as_str(), Role::Owner), act).await.unwrap();
    }

    pub async fn account(&self, name: &str) -> Account {
        std::sync::Arc::unwrap_or_clone(self.engine.account(&slug(name)).await.unwrap())
    }

    /// The events of an account, in order.
    pub async fn events(&self, name: &str) -> Vec<Seen> {
        let events = self.engine.stream(&format!("account/{name}"), 1, 10_000).await.unwrap();
        events.into_iter().map(|e| Seen { at: e.at, actor: e.actor, event_type: e.event_type }).collect()
    }

    /// When events of a type happened.
    pub async fn times_of(&self, name: &str, event_type: &str) -> Vec<Timestamp> {
        self.events(name).await.into_iter().filter(|e| e.event_type == event_type).map(|e| e.at).collect()
    }

    /// The names of the files in the mail drop.
    pub fn letters(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(&self.mail) else { return Vec::new() };
        let mut names: Vec<String> = folder.map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Reasons that a statement can be made of, with the letter that goes out.
pub fn reasons(letter: Blob) -> Reasons {
    let seen = Fact::finding("f-1", at("2021-01-02T12:00:00Z"), "https://parley.example/posts/1");
    Reasons { letter: Some(letter), ..Reasons::new("Too many reports stay unanswered.", vec![seen]) }
}

/// What was done; a repeated answer is none here.
pub fn done(outcome: Outcome) -> Done {
    match outcome {
        Outcome::Done(done, _) => done,
        Outcome::Repeated(answer) => panic!("repeated: {answer:?}"),
    }
}

/// Whether an actor is one of Tenure's own parts.
pub fn is_system(actor: &str) -> bool {
    matches!(actor.parse::<Actor>(), Ok(Actor::System(_)))
}
