//! A provider with terms, people and accounts, on an engine and a database of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use tenure_access::{Principal, Role};
use tenure_cluster::Cluster;
use tenure_domain::account::Command;
use tenure_domain::book;
use tenure_domain::name::AccountId;
use tenure_domain::report::Allegation;
use tenure_domain::scope::Scope;
use tenure_domain::terms::{Terms, TermsRef};
use tenure_domain::workload::Plan;
use tenure_engine::clock::ClockKind;
use tenure_engine::entropy::Entropy;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Done, Outcome, Submission};
use tenure_engine::{Batching, Cap, Engine, LogKey, OperatorCaps, Settings};
use tenure_store::Store;
use tenured::dev::KEY;
use tenured::keys;
use tenured::story::TERMS;

/// When legal time begins.
pub const START: &str = "2020-11-02T17:00:00Z";

/// How many submissions are under way at once.
pub const IN_FLIGHT: usize = 256;

/// What every account may use.
pub const PLAN: Plan = Plan { cpu_millis: 8_000, memory_mib: 16_384, storage_mib: 65_536, pods: 100 };

/// What one person begins is not what is measured.
const NO_CAP: Cap = Cap { per_hour: u64::MAX, per_day: u64::MAX };

/// A person of the provider in a role.
pub fn person(name: &str, role: Role) -> Caller {
    Caller::Principal(Principal::Person { name: name.to_owned(), roles: BTreeSet::from([role]) })
}

/// A provider.
#[derive(Clone)]
pub struct House {
    pub engine: Engine,
    pub store: Store,
    pub terms: TermsRef,
}

impl House {
    /// A provider on this database. Its mail goes into the folder.
    pub async fn open(
        store: Store,
        folder: &Path,
        key: LogKey,
        cluster: Option<Cluster>,
    ) -> anyhow::Result<Self> {
        let settings = Settings {
            clock: ClockKind::Simulated,
            start: START.parse::<Timestamp>()?,
            entropy: Entropy::Machine,
            key,
            anchor: Arc::new(keys::anchor(&folder.join(KEY))),
            batching: Batching::default(),
            mail: folder.join("mail"),
            fetch_private: true,
            fetch_hosts: std::collections::BTreeMap::new(),
            letters: tenure_letters::Letters::built_in()?,
            cluster,
            clusters: std::collections::BTreeMap::new(),
            most_behind: u64::MAX,
            caps: OperatorCaps { cases: NO_CAP, measures: NO_CAP, emergencies: NO_CAP },
            lease: tenure_engine::LEASE,
        };
        let engine = Engine::start(store.clone(), settings).await?;
        let (_, terms) = Terms::parse(TERMS)?;
        let house = Self { engine, store, terms };
        if !house.engine.shelf().terms.iter().any(|(known, _)| *known == house.terms) {
            house.engine.publish_terms(Engine::bootstrap(), TERMS, house.terms.clone()).await?;
        }
        Ok(house)
    }

    /// A provider on a file in this folder, without a cluster.
    pub async fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let store = Store::open_file(&folder.join("tenure.db")).await?;
        Self::open(store, folder, log_key()?, None).await
    }

    /// Hands in a submission; what was done.
    pub async fn submit(&self, submission: Submission) -> anyhow::Result<Done> {
        match self.engine.submit(submission).await? {
            Outcome::Done(done, _) => Ok(done),
            Outcome::Repeated(_) => bail!("repeated"),
        }
    }

    /// Hands in many, so many at once.
    pub async fn submit_all(&self, submissions: Vec<Submission>) -> anyhow::Result<()> {
        let mut under_way =
            futures_util::stream::iter(submissions.into_iter().map(|submission| self.submit(submission)))
                .buffer_unordered(IN_FLIGHT);
        while let Some(done) = under_way.next().await {
            done?;
        }
        Ok(())
    }

    /// Opens the accounts `from..to`.
    pub async fn open_accounts(&self, from: usize, to: usize) -> anyhow::Result<()> {
        let open = (from..to)
            .map(|n| {
                let command = Command::Open { terms: self.terms.clone(), plan: PLAN };
                Ok(Submission::new(person("pia", Role::Platform), Act::Account(account(n)?, command)))
            })
            .collect::<anyhow::Result<_>>()?;
        self.submit_all(open).await
    }

    /// A member who owns an account.
    pub fn owner(id: AccountId) -> anyhow::Result<Submission> {
        let roles = BTreeSet::from(["owner".to_owned()]);
        let event = book::Event::MemberSet { account: id.clone(), member: "ada".parse()?, roles };
        let act = Act::Book(book::Entry::Member(id, "ada".parse()?), event);
        Ok(Submission::new(person("pia", Role::Platform), act))
    }

    /// A hold: one event, and always lawful.
    pub fn hold(&self, id: AccountId) -> anyhow::Result<Submission> {
        let mut kept = Kept::default();
        let why = self.engine.words(&mut kept, "A court may ask for what is there.")?;
        let command = Command::PlaceHold { scope: Scope::Account, running_state: false, why };
        Ok(Submission::new(person("lena", Role::Legal), Act::Account(id, command)).keeping(kept))
    }

    /// The report of this number, with a piece of evidence of its own. A reporter brings 500: more are refused in a day.
    pub fn report(&self, id: AccountId, number: usize) -> anyhow::Result<Submission> {
        let mut kept = Kept::default();
        let evidence = kept.blob("text/plain", format!("what post {number} showed").into_bytes());
        let allegation = Allegation {
            ground: "incitement".parse()?,
            locator: self.engine.words(&mut kept, &format!("https://{id}.example/posts/{number}"))?,
            statement: self.engine.words(&mut kept, "It calls for violence.")?,
            evidence: BTreeMap::from([(evidence, "text/plain".to_owned())]),
            observed_at: None,
            contact: None,
            language: None,
            reference: None,
            format: None,
        };
        let rex = person(&format!("rex-{}", number / 500), Role::Reporter);
        Ok(Submission::new(rex, Act::FileReport(id, allegation)).keeping(kept))
    }
}

/// The key of a log that nobody relies on.
pub fn log_key() -> anyhow::Result<LogKey> {
    Ok(LogKey::new("bench.example/log", &[7; 32])?)
}

/// The name of the account of this number.
pub fn account(n: usize) -> anyhow::Result<AccountId> {
    Ok(format!("account-{n:06}").parse()?)
}
