//! A tenant whose measures go through the law: notice, service, approval, effect. Only so is there a permit.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tenure_cluster::SecretValues;
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::erasure::Included;
use tenure_domain::account::event::Asked;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Actor, Book, Command, Context};
use tenure_domain::authority::Authority;
use tenure_domain::capability::Preset;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::hostname::{Answered, challenge_text};
use tenure_domain::name::{
    AccountId, CaseId, ClusterId, EnvironmentId, HoldId, Hostname, MeasureId, NoticeId, SecretId,
};
use tenure_domain::permit::{EnvironmentDeletionPermit, Permit};
use tenure_domain::plan::{Exposure, Share};
use tenure_domain::scope::Scope;
use tenure_domain::statement::{Fact, Reasons};
use tenure_domain::terms::{Terms, TermsRef};
use tenure_domain::text::{Blob, Words};
use tenure_domain::workload::{File, Plan, Workload};

const TERMS: &str = r#"kind: Terms
id: test-terms
version: "1"
calendar: {timeZone: UTC, businessDays: [mon, tue, wed, thu, fri], holidays: [], coversUntil: "2030-12-31"}
service: {channels: [inbox], deemedAfter: never}
powers:
  - {id: "freeze", permits: freeze, scopes: [account, environment, workload], grounds: [g1, g2, g3, g4, g5, g6, g7, g8, g9], notice: PT0S, cure: PT0S, approvals: 1}
  - {id: "isolate", permits: isolate, scopes: [account, environment, workload], grounds: [g1, g2, g3, g4, g5, g6, g7, g8, g9], notice: PT0S, cure: PT0S, approvals: 1}
  - {id: "throttle", permits: throttle, throttle: {percent: 25}, scopes: [account, environment, workload], grounds: [g1, g2, g3, g4, g5, g6, g7, g8, g9], notice: PT0S, cure: PT0S, approvals: 1}
  - {id: "halve", permits: throttle, throttle: {percent: 50}, scopes: [account, environment, workload], grounds: [g1, g2, g3, g4, g5, g6, g7, g8, g9], notice: PT0S, cure: PT0S, approvals: 1}
  - {id: "suspend", permits: suspend, scopes: [account, environment, workload], grounds: [g1, g2, g3, g4, g5, g6, g7, g8, g9], notice: PT0S, cure: PT0S, approvals: 1, podGrace: PT2S, constructiveTerminationAfter: P30D}
  - {id: "release", permits: isolate, loadBalancers: released, scopes: [account, environment, workload], grounds: [g1, g2, g3, g4, g5, g6, g7, g8, g9], notice: PT0S, cure: PT0S, approvals: 1}
  - {id: "name", permits: [ingress], scopes: [hostname], grounds: [g1, g2, g3, g4, g5, g6, g7, g8, g9], notice: PT0S, cure: PT0S, approvals: 1}
floors: {retrieval: P30D, appealWindow: P6M, appealDecision: P7D, evidenceRetention: P180D}
"#;

/// What every tenant here has.
pub const PLAN: Plan = Plan { cpu_millis: 1000, memory_mib: 1024, storage_mib: 1024, pods: 10 };

/// One account and its measures.
pub struct Tenant {
    pub account: Account,
    pub now: Timestamp,
    /// The texts of its files.
    pub files: BTreeMap<Blob, String>,
    /// Its secrets with their values.
    pub secrets: BTreeMap<SecretId, SecretValues>,
    book: Book,
}

fn words() -> Words {
    Words::try_from(format!("sha256s:{}", "0".repeat(64))).unwrap()
}

impl Tenant {
    /// A new account with one environment called `web`.
    pub fn open(name: &str) -> Self {
        Self::of(name, EnvironmentKind::Managed)
    }

    /// The same with an environment of this kind.
    pub fn of(name: &str, kind: EnvironmentKind) -> Self {
        let (terms, reference) = Terms::parse(TERMS).unwrap();
        let mut book = Book::default();
        book.insert(reference.clone(), Arc::new(terms));
        let now: Timestamp = "2026-01-05T12:00:00Z".parse().unwrap();
        let id: AccountId = name.parse().unwrap();
        let account = Self::opened(&id, reference, &book, now);
        let mut tenant = Self { account, now, files: BTreeMap::new(), secrets: BTreeMap::new(), book };
        let (environment, share) =
            ("web".parse().unwrap(), Share { plan: PLAN, exposure: Exposure::default() });
        let cluster = ClusterId::main();
        let create = Provision::CreateEnvironment { environment, cluster, kind, share };
        tenant.person("ines", Command::Provision(create));
        tenant
    }

    fn opened(id: &AccountId, terms: TermsRef, book: &Book, now: Timestamp) -> Account {
        let actor: Actor = "person/ines".parse().unwrap();
        let context = Context { now, actor: &actor, book };
        let events = Account::decide(id, None, Command::Open { terms, plan: PLAN }, &context).unwrap();
        fold(id, None, &events).unwrap()
    }

    pub fn run(&mut self, actor: &str, command: Command) {
        self.now += SignedDuration::from_secs(1);
        let actor: Actor = actor.parse().unwrap();
        let context = Context { now: self.now, actor: &actor, book: &self.book };
        let events = Account::decide(&self.account.id, Some(&self.account), command, &context).unwrap();
        self.account = fold(&self.account.id.clone(), Some(self.account.clone()), &events).unwrap();
    }

    pub fn person(&mut self, name: &str, command: Command) {
        self.run(&format!("person/{name}"), command);
    }

    /// Declares a workload.
    pub fn put(&mut self, name: &str, spec: Workload) {
        let environment = "web".parse().unwrap();
        self.person("ines", Command::PutWorkload { environment, workload: name.parse().unwrap(), spec });
    }

    /// Claims hostnames, as many as the environment may then have.
    pub fn claim(&mut self, hostnames: &[&str]) {
        let exposure = Exposure { load_balancers: 0, hostnames: u32::try_from(hostnames.len()).unwrap() };
        let (environment, share) = ("web".parse().unwrap(), Share { plan: PLAN, exposure });
        self.person("ines", Command::Provision(Provision::ChangeEnvironment { environment, share }));
        for hostname in hostnames {
            let (hostname, token) = (hostname.parse().unwrap(), "0".repeat(32).parse().unwrap());
            self.person("ines", Command::Provision(Provision::ClaimHostname { hostname, token }));
        }
    }

    /// Proves a hostname that is claimed.
    pub fn prove(&mut self, hostname: &str) {
        let hostname: Hostname = hostname.parse().unwrap();
        let token = self.account.hostname(&hostname).unwrap().token.clone();
        let text = challenge_text(&self.account.id, &hostname, &token);
        let answered = Answered::With { status: 200, text };
        let evidence = Blob::of_digest(Sha256::digest("seen").into());
        self.person(
            "ines",
            Command::Provision(Provision::ProveHostname { hostname, token, answered, evidence }),
        );
    }

    /// Has so many pods of a workload.
    pub fn scale(&mut self, name: &str, replicas: u16) {
        let (environment, workload) = ("web".parse().unwrap(), name.parse().unwrap());
        self.person("ines", Command::ScaleWorkload { environment, workload, replicas });
    }

    /// Starts a workload's pods anew.
    pub fn restart(&mut self, name: &str) {
        let (environment, workload) = ("web".parse().unwrap(), name.parse().unwrap());
        self.person("ines", Command::RestartWorkload { environment, workload });
    }

    /// Keeps a file's text, for a declaration.
    pub fn file(&mut self, text: &str) -> File {
        let bytes = Blob::of_digest(Sha256::digest(text).into());
        self.files.insert(bytes.clone(), text.to_owned());
        File::Kept { bytes, size: u32::try_from(text.len()).unwrap() }
    }

    /// Sets a secret with one value.
    pub fn secret(&mut self, name: &str, key: &str, value: &str) {
        let (environment, secret): (_, SecretId) = ("web".parse().unwrap(), name.parse().unwrap());
        let commitment = Words::of_digest(Sha256::digest(format!("salt {value}")).into());
        let values = [(key.to_owned(), value.to_owned())].into();
        let known = SecretValues { commitment: commitment.clone(), values };
        self.secrets.insert(secret.clone(), known);
        let keys = [key.to_owned()].into();
        self.person("ines", Command::SetSecret { environment, secret, keys, values: commitment });
    }

    /// Removes a workload.
    pub fn remove(&mut self, name: &str) {
        let environment = "web".parse().unwrap();
        self.person("ines", Command::RemoveWorkload { environment, workload: name.parse().unwrap() });
    }

    /// Brings a measure to effect, with everything that the terms demand before.
    pub fn restrict(&mut self, power: &str, scope: &str) -> MeasureId {
        let measure = self.decide_on(power, scope);
        self.take_effect(&measure);
        measure
    }

    /// Brings a measure up to its moment, which [`Self::take_effect`] lets come.
    pub fn decide_on(&mut self, power: &str, scope: &str) -> MeasureId {
        let id = self.account.id.clone();
        let number = u32::try_from(self.account.cases.len() + 1).unwrap();
        let case = CaseId::new(id.clone(), number);
        let notice = NoticeId::new(id.clone(), u32::try_from(self.account.notices.len() + 1).unwrap());
        let measure = MeasureId::new(id.clone(), u32::try_from(self.account.measures.len() + 1).unwrap());
        let (scope, power): (Scope, _) = (scope.parse().unwrap(), power.parse().unwrap());
        let ground = format!("g{number}").parse().unwrap();
        self.person("ines", Command::OpenCase { ground, why: words(), reports: vec![] });
        let items = vec![Asked {
            id: "it".parse().unwrap(),
            ask: words(),
            report: None,
            invoice: None,
            verifier: tenure_domain::account::cure::Verifier::Review,
        }];
        let issue = Command::IssueNotice {
            case: case.clone(),
            starts: Starts::Both,
            power: tenure_domain::name::PowerId::clone(&power),
            why: words(),
            items,
            reasons: Reasons::new(
                "It stays up",
                vec![Fact::finding("f-1", Timestamp::UNIX_EPOCH, "/posts/1")],
            ),
        };
        self.person("ines", issue);
        self.run(&format!("member/{id}/ada"), Command::AcknowledgeNotice { notice });
        let proposal =
            ProposeMeasure { case, power, scope, effective: None, why: words(), why_not_less: Some(words()) };
        self.person("ines", Command::ProposeMeasure(proposal));
        let command_hash = self.account.measure(&measure).unwrap().command_hash.clone();
        self.person("omar", Command::ApproveMeasure { measure: measure.clone(), command_hash });
        measure
    }

    /// The moment of a measure comes.
    pub fn take_effect(&mut self, measure: &MeasureId) {
        self.run("system/timer", Command::Fire(TimerKey::Apply(measure.clone())));
    }

    /// What the account asks for itself takes effect at once.
    pub fn ask(&mut self, preset: Preset, scope: &str) -> MeasureId {
        let id = self.account.id.clone();
        let measure = MeasureId::new(id.clone(), u32::try_from(self.account.measures.len() + 1).unwrap());
        let scope = scope.parse().unwrap();
        self.run(
            &format!("member/{id}/ada"),
            Command::AskMeasure { preset, scope, ends: None, why: words() },
        );
        measure
    }

    /// The account ends what it asked for.
    pub fn take_back(&mut self, measure: &MeasureId) {
        let ada = format!("member/{}/ada", self.account.id);
        let authority = Authority::AccountHolder;
        self.run(&ada, Command::LiftUnder { measure: measure.clone(), authority, why: words() });
    }

    /// Preserves what persists, until the hold is released.
    pub fn hold(&mut self, scope: &str) -> HoldId {
        let scope = scope.parse().unwrap();
        self.person("lena", Command::PlaceHold { scope, running_state: false, why: words() });
        self.account.holds.last().unwrap().id.clone()
    }

    /// Ends a hold.
    pub fn release(&mut self, hold: &HoldId) {
        self.person("lena", Command::ReleaseHold { hold: hold.clone(), why: words() });
    }

    /// Ends a measure.
    pub fn lift(&mut self, measure: &MeasureId) {
        self.person("omar", Command::LiftMeasure { measure: measure.clone(), why: words() });
    }

    /// An owner asks that the environment be deleted, and the day in which that can be taken back passes.
    pub fn delete(&mut self, including: Vec<Included>) {
        let ada = format!("member/{}/ada", self.account.id);
        let web: EnvironmentId = "web".parse().unwrap();
        if self.account.erasures.contains_key(&web) {
            self.run(&ada, Command::EndEnvironmentDeletion { environment: web.clone() });
        }
        let confirm = web.to_string();
        let environment = web.clone();
        self.run(&ada, Command::AskEnvironmentDeletion { environment, confirm, why: words(), including });
        self.now += SignedDuration::from_hours(24);
        self.run("system/timer", Command::Fire(TimerKey::EnvironmentDeletion(web)));
    }

    /// The permit to delete it.
    pub fn erase_permit(&self) -> EnvironmentDeletionPermit {
        let actor: Actor = "system/eraser".parse().unwrap();
        let context = Context { now: self.now, actor: &actor, book: &self.book };
        self.account.environment_deletion_permit(&"web".parse().unwrap(), &context).unwrap()
    }

    /// Every permit that the domain mints now.
    pub fn permits(&self) -> Vec<Permit> {
        let actor: Actor = "system/cluster".parse().unwrap();
        let context = Context { now: self.now, actor: &actor, book: &self.book };
        let measures = self.account.measures.iter().filter(|measure| measure.is_effective());
        measures.map(|measure| self.account.permit(&measure.id, &context).unwrap()).collect()
    }
}

fn fold(
    id: &AccountId,
    state: Option<Account>,
    events: &[tenure_domain::account::Recorded],
) -> Option<Account> {
    events.iter().fold(state, |state, event| Some(Account::apply(id, state, event).unwrap()))
}
