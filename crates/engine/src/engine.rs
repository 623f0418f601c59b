//! The engine: opened on a store, started with its background parts, stopped in order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tenure_access::{Access, Action, Principal, Resource};
use tenure_cluster::Cluster;
use tenure_domain::account::{Actor, System};
use tenure_domain::book;
use tenure_domain::name::ClusterId;
use tenure_domain::terms::{Terms, TermsRef};
use tenure_fetch::Fetcher;
use tenure_letters::Letters;
use tenure_notify::FileChannel;
use tenure_rules::Rule;
use tenure_store::{Store, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::anchor::Anchor;
use crate::backoff::Backoff;
use crate::caps::OperatorCaps;
use crate::clock::{ClockKind, Doubt, LegalClock, Look, MachineTime, TimeSource};
use crate::clusters::Clusters;
use crate::entropy::Entropy;
use crate::imports::Places;
use crate::inner::{Inner, LogKey, Pokes};
use crate::kept::Kept;
use crate::known::Known;
use crate::lead::Lead;
use crate::metrics::Metrics;
use crate::sequencer::Batching;
use crate::shelf::Shelf;
use crate::submission::{Act, Caller, Outcome, Submission};
use crate::{
    EngineError, catch_up, follow, frozen, intake, jobs, keys, lead, parity, reconcile, sequencer, timers,
    webhooks, writer,
};

/// How many submissions may wait for the writer before callers wait themselves.
const QUEUE: usize = 1_024;

/// How long one and the same thing may be under way while everything is to settle, when legal time is moved. Operating
/// time.
const SETTLE: Duration = Duration::from_mins(2);

/// How long everything may take to settle together. Operating time.
const SETTLE_ALL: Duration = Duration::from_mins(10);

/// How long the parts may take to end when the engine stops, before they are cut off. Each can be at any point.
/// Operating time.
pub(crate) const PARTS_END: Duration = Duration::from_secs(5);

/// How long the writer may take to carry out what it was handed when the engine stops; longer than a statement waits
/// for another process. Operating time.
const WRITER_ENDS: Duration = Duration::from_secs(15);

/// The counter of first tokens.
const FIRST_TOKEN: &str = "first_token";

/// Where the simulated clock's moment is kept.
const CLOCK_KEY: &str = "legal_clock";

/// Where the last moment is kept at which a real clock was trusted.
const TRUSTED_KEY: &str = "legal_clock_trusted";

/// What an engine is opened with.
pub struct Settings {
    /// Which clock decides deadlines.
    pub clock: ClockKind,
    /// Where a simulated clock begins; later starts go on where it stood.
    pub start: Timestamp,
    /// Where random bytes come from.
    pub entropy: Entropy,
    /// The key that signs the log and receipts.
    pub key: LogKey,
    /// Where the last signed head is kept outside the database.
    pub anchor: Arc<dyn Anchor>,
    /// How many events are signed for at once, and how often.
    pub batching: Batching,
    /// The folder of the mail drop.
    pub mail: PathBuf,
    /// Whether a place that an item is about is also looked for at addresses that are not of the public internet.
    pub fetch_private: bool,
    /// Names that are asked for at other addresses than the domain name system says, where something is looked for.
    pub fetch_hosts: BTreeMap<String, SocketAddr>,
    /// How letters are written.
    pub letters: Letters,
    /// The cluster `main`; where there is none at all, nothing is provisioned.
    pub cluster: Option<Cluster>,
    /// The other clusters, by name.
    pub clusters: BTreeMap<ClusterId, Cluster>,
    /// How many events may wait for the log before nothing new is restricted; [`crate::MOST_BEHIND`] is usual.
    pub most_behind: u64,
    /// How much one person may begin; [`OperatorCaps::default`] is usual.
    pub caps: OperatorCaps,
    /// How long this process waits for a leader that is silent before it leads itself; [`crate::LEASE`] is usual. The
    /// same for all processes on one database.
    pub lease: Duration,
}

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
    tasks: Arc<tokio::sync::Mutex<Tasks>>,
}

/// What runs. Dropped, all of it is cut off.
#[derive(Default)]
struct Tasks {
    /// What follows other processes, and what leads: sequencer, jobs, timers, reconcilers.
    parts: JoinSet<()>,
    writer: JoinSet<()>,
    stopped: bool,
}

impl Engine {
    /// Opens the engine on a store and starts its parts: the writer, and where this process leads the sequencer, timers,
    /// jobs and reconcilers. What an earlier run left unfinished is taken up at once.
    pub async fn start(store: Store, settings: Settings) -> Result<Self, EngineError> {
        Self::start_by(store, settings, Arc::new(MachineTime::default())).await
    }

    /// The same with the clocks that a real legal clock is to read.
    pub async fn start_by(
        store: Store,
        settings: Settings,
        time: Arc<dyn TimeSource>,
    ) -> Result<Self, EngineError> {
        let access = Access::new().map_err(|e| EngineError::defect("access", &e))?;
        let fetcher = Fetcher::new(settings.fetch_private)
            .map_err(|e| EngineError::defect("TLS of looks at places", &e))?
            .with_hosts(settings.fetch_hosts);
        // Before the book is read: what is committed in between is read twice, and nothing is missed.
        let seen = store.last_position().await?;
        let mut shelf = Shelf::load(&store).await?;
        shelf.terms.set_stationery(Arc::new(settings.letters.stationery()));
        let clusters = Clusters::new(settings.cluster, settings.clusters);
        shelf.terms.set_named(clusters.names());
        parity::catch_up(&store).await?;
        let (tickets, queue) = mpsc::channel(QUEUE);
        let clock = start_clock(&store, settings.clock, settings.start, time).await?;
        let size = store.head().await?.map_or(0, |(size, _)| size);
        let name: [u8; 4] = settings.entropy.draw_16()?[..4].try_into().unwrap_or_default();
        let salt = intake::salt(&store, &settings.entropy).await?;
        let chain = keys::chain(&store, &settings.key).await?;
        let inner = Arc::new(Inner {
            store,
            access,
            clock,
            entropy: settings.entropy,
            salt,
            key: settings.key,
            chain,
            anchor: settings.anchor,
            batching: settings.batching,
            log_refusal: watch::Sender::new(None),
            mail: FileChannel::new(settings.mail),
            fetcher,
            letters: settings.letters,
            refused: std::sync::Mutex::default(),
            tickets,
            pokes: Pokes::default(),
            has_cluster: !clusters.names().is_empty(),
            clusters,
            metrics: Metrics::default(),
            behind: AtomicU64::new(0),
            most_behind: settings.most_behind,
            caps: settings.caps,
            published: watch::Sender::new(size),
            commits: watch::Sender::new(0),
            stopping: CancellationToken::new(),
            closing: CancellationToken::new(),
            shelf: RwLock::new(Arc::new(shelf)),
            known: Known::default(),
            places: Places::default(),
            seen: tokio::sync::Mutex::new(seen),
            lead: Lead::default(),
            name: format!("{}-{}", std::process::id(), hex::encode(name)),
            moving: tokio::sync::Mutex::new(()),
        });
        let mut tasks = Tasks::default();
        tasks.writer.spawn(writer::run(Arc::clone(&inner), queue));
        let mut first = lead::at_once(&inner).await?;
        if let Some(epoch) = first {
            match catch_up::run(&inner, epoch).await {
                Ok(()) => {
                    inner.lead.begin(epoch);
                    // Before anybody can ask whether all is quiet.
                    jobs::try_again(&inner).await?;
                }
                // Another process leads by now, and does it.
                Err(EngineError::Store(StoreError::Fenced { .. })) => first = None,
                Err(error) => return Err(error),
            }
        }
        tasks.parts.spawn(follow::run(Arc::clone(&inner)));
        if let Ok(cluster) = inner.clusters.named(&ClusterId::main()) {
            frozen::tell(&inner, cluster);
        }
        for cluster in inner.clusters.names() {
            tasks.parts.spawn(reconcile::ask(Arc::clone(&inner), cluster));
        }
        tasks.parts.spawn(lead::run(Arc::clone(&inner), settings.lease, first));
        Ok(Self { inner, tasks: Arc::new(tokio::sync::Mutex::new(tasks)) })
    }

    /// Stops in order: nothing more is taken from outside, the parts end, the writer carries out what it was handed, the
    /// log takes in the rest, and the store is closed. Stopping again does nothing.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        let mut tasks = self.tasks.lock().await;
        if std::mem::replace(&mut tasks.stopped, true) {
            return;
        }
        end(&mut tasks.parts, PARTS_END).await;
        self.inner.closing.cancel();
        end(&mut tasks.writer, WRITER_ENDS).await;
        match tokio::time::timeout(PARTS_END, sequencer::integrate_all(&self.inner)).await {
            Ok(Ok(()) | Err(EngineError::NotLeading)) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the last events wait for the next start to be integrated");
            }
            Err(_) => tracing::warn!("the last events wait for the next start to be integrated"),
        }
        match tokio::time::timeout(PARTS_END, lead::step_down(&self.inner)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "others wait for the lease to run out before they lead"),
            Err(_) => tracing::warn!("others wait for the lease to run out before they lead"),
        }
        self.inner.store.close().await;
    }

    /// Hands in a submission and waits until it is durable or refused.
    pub async fn submit(&self, submission: Submission) -> Result<Outcome, EngineError> {
        if self.inner.stopping.is_cancelled() {
            return Err(EngineError::Stopping);
        }
        self.inner.submit(submission).await
    }

    /// Whether this principal may do this.
    pub fn check(
        &self,
        principal: &Principal,
        action: Action,
        resource: Resource<'_>,
    ) -> Result<(), EngineError> {
        Ok(self.inner.access.check(principal, action, resource)?)
    }

    /// The legal moment.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The epoch in which this process leads; none while another does.
    pub fn epoch(&self) -> Option<i64> {
        self.inner.lead.epoch().ok()
    }

    /// Tells when this process begins to lead, and when it leads no more.
    pub fn leading(&self) -> watch::Receiver<Option<i64>> {
        self.inner.lead.changes()
    }

    /// When this process began its work, in seconds since 1970. The machine's time, not legal time.
    pub fn started_at(&self) -> i64 {
        self.inner.metrics.started
    }

    /// The legal moment, and whether the machine's clock is believed.
    pub fn look_at_clock(&self) -> Look {
        self.inner.clock.look()
    }

    /// Which clock decides deadlines.
    pub fn clock_kind(&self) -> ClockKind {
        self.inner.clock.kind()
    }

    /// The provider's book as it stands.
    pub fn shelf(&self) -> Arc<Shelf> {
        self.inner.shelf()
    }

    /// Words to be kept with a submission.
    pub fn words(&self, kept: &mut Kept, text: &str) -> Result<tenure_domain::text::Words, EngineError> {
        kept.words(&self.inner.entropy, text)
    }

    /// What others verify the log and receipts with.
    pub fn verifier(&self) -> String {
        self.inner.key.verifier.to_string()
    }

    /// Publishes terms.
    pub async fn publish_terms(
        &self,
        caller: Caller,
        text: &str,
        reference: TermsRef,
    ) -> Result<Outcome, EngineError> {
        let read = Terms::parse(text).map_err(|e| EngineError::defect("terms", &e))?.1;
        if read != reference {
            return Err(EngineError::defect(
                "terms",
                &format!("the text is that of {read}, not of {reference}"),
            ));
        }
        let mut kept = Kept::default();
        let document = kept.blob("application/yaml", text.as_bytes().to_vec());
        let entry = book::Entry::Terms(format!("{}@{}", reference.id, reference.version));
        let event = book::Event::TermsPublished { terms: reference, document };
        self.submit(Submission::new(caller, Act::Book(entry, event)).keeping(kept)).await
    }

    /// Publishes a rule.
    pub async fn publish_rule(
        &self,
        caller: Caller,
        text: &str,
        rule: &Rule,
    ) -> Result<Outcome, EngineError> {
        // A text that cannot be read back would keep the next start from succeeding.
        if Rule::parse(text).map_err(|e| EngineError::defect("rule", &e))? != *rule {
            return Err(EngineError::defect(
                "rule",
                &format!("the text is not that of {}", rule.reference()),
            ));
        }
        let mut kept = Kept::default();
        let document = kept.blob("application/yaml", text.as_bytes().to_vec());
        let event = book::Event::RulePublished {
            rule: rule.id.clone(),
            ground: rule.ground.clone(),
            mode: rule.mode.as_str().to_owned(),
            document,
        };
        self.submit(
            Submission::new(caller, Act::Book(book::Entry::Rule(rule.id.clone()), event)).keeping(kept),
        )
        .await
    }

    /// Issues a token that speaks for someone and returns its secret, which is kept nowhere.
    pub async fn issue_token(&self, caller: Caller, subject: Actor) -> Result<String, EngineError> {
        self.issue(caller, subject, Vec::new()).await
    }

    /// The same for the very first token of an installation: refused where one was issued so before, whichever process
    /// asks.
    pub async fn issue_first_token(&self, subject: Actor) -> Result<String, EngineError> {
        self.issue(Self::bootstrap(), subject, vec![(FIRST_TOKEN.to_owned(), 1)]).await
    }

    async fn issue(
        &self,
        caller: Caller,
        subject: Actor,
        caps: Vec<(String, i64)>,
    ) -> Result<String, EngineError> {
        let token = format!("tenure_{}", hex::encode(self.inner.entropy.draw()?));
        let digest = digest(&token);
        let entry = book::Entry::Token(digest.chars().take(16).collect());
        let event = book::Event::TokenIssued { subject, digest };
        let submission = Submission { caps, ..Submission::new(caller, Act::Book(entry, event)) };
        self.submit(submission).await?;
        Ok(token)
    }

    /// The principal for whom a token speaks. Tokens are looked up by the hash of their secret, so that the time it
    /// takes tells nothing about any secret.
    pub fn authenticate(&self, token: &str) -> Option<Principal> {
        self.shelf().principal(&digest(token))
    }

    /// The same, also where another process issued the token a moment ago.
    pub async fn authenticate_anew(&self, token: &str) -> Result<Option<Principal>, EngineError> {
        drop(follow::catch_up(&self.inner).await?);
        Ok(self.authenticate(token))
    }

    /// The caller that begins an installation.
    pub fn bootstrap() -> Caller {
        Caller::System(System::Bootstrap)
    }

    /// Moves simulated legal time: everything due on the way happens in order, each at its own moment, and the call
    /// returns when all is quiet.
    pub async fn advance_to(&self, target: Timestamp) -> Result<Timestamp, EngineError> {
        let inner = &self.inner;
        let _only = inner.moving.lock().await;
        if inner.clock.kind() == ClockKind::Real {
            return Ok(inner.clock.now());
        }
        self.wait_to_lead().await?;
        let mut failing = Backoff::default();
        self.quiet(&mut failing).await?;
        while let Some(due) = timers::next(inner, inner.clock.now(), target).await? {
            self.set_clock(due).await?;
            self.quiet(&mut failing).await?;
        }
        self.set_clock(target).await?;
        self.quiet(&mut failing).await?;
        Ok(inner.clock.now())
    }

    async fn wait_to_lead(&self) -> Result<(), EngineError> {
        let mut leading = self.inner.lead.changes();
        let begun = leading.wait_for(Option::is_some);
        match tokio::time::timeout(SETTLE, begun).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(EngineError::Stopping),
            Err(_) => Err(EngineError::NotLeading),
        }
    }

    /// Fires what is due at the present moment, and what becomes due by that, until all is quiet.
    async fn quiet(&self, failing: &mut Backoff<timers::Key>) -> Result<(), EngineError> {
        self.settle().await?;
        while timers::fire_due(&self.inner, self.inner.clock.now(), failing, &self.inner.stopping).await? > 0
        {
            self.settle().await?;
        }
        Ok(())
    }

    /// The moment is kept before anything can happen at it, so that a restart never begins earlier.
    async fn set_clock(&self, moment: Timestamp) -> Result<(), EngineError> {
        let moment = moment.max(self.inner.clock.now());
        let mut write = self.inner.write_as_leader().await?;
        write.put_installation(CLOCK_KEY, &moment.to_string()).await?;
        write.commit().await?;
        self.inner.clock.advance_to(moment);
        Ok(())
    }

    /// Waits until nothing is under way: no job, no account being brought into line, no event outside the log.
    pub async fn settle(&self) -> Result<(), EngineError> {
        let inner = &self.inner;
        let began = Instant::now();
        let (mut what, mut since) = (String::new(), began);
        let quiet = async {
            loop {
                // Whatever commits is still on one of the lists when its commit is counted: where all are empty and
                // nothing was committed between the first look and the last, they were empty at once.
                let commits = *inner.commits.borrow();
                let jobs = inner.store.jobs(1).await?;
                let waiting = inner.store.unsequenced_count(1).await?;
                let under_way = inner.pokes.accounts.under_way();
                let sending = webhooks::under_way(inner).await?;
                let still = *inner.commits.borrow() == commits;
                if jobs.is_empty() && waiting == 0 && under_way.is_none() && sending.is_none() && still {
                    return Ok::<(), EngineError>(());
                }
                let now = under_way.or(sending).unwrap_or_else(|| {
                    jobs.first().map_or_else(
                        || "events wait for the log".to_owned(),
                        |job| format!("job {} {}", job.kind, job.subject),
                    )
                });
                if now != what {
                    (what, since) = (now, Instant::now());
                } else if since.elapsed() >= SETTLE {
                    return Err(not_quiet(began, &what));
                }
                inner.pokes.hurry.notify_one();
                inner.pokes.webhooks.notify_one();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(SETTLE_ALL, quiet).await {
            Ok(result) => result,
            Err(_) => Err(not_quiet(began, &what)),
        }
    }

    /// Reads terms and checks them, without publishing.
    pub fn read_terms(text: &str) -> Result<(Terms, TermsRef), tenure_domain::document::DocumentErrors> {
        Terms::parse(text)
    }
}

fn not_quiet(began: Instant, what: &str) -> EngineError {
    EngineError::NotQuiet { seconds: began.elapsed().as_secs(), what: what.to_owned() }
}

/// The legal clock of a store that no engine is open on: simulated where it ever was.
pub(crate) async fn clock_of(store: &Store) -> Result<LegalClock, EngineError> {
    let simulated = store.installation(CLOCK_KEY).await?.is_some();
    let kind = if simulated { ClockKind::Simulated } else { ClockKind::Real };
    start_clock(store, kind, Timestamp::UNIX_EPOCH, Arc::new(MachineTime::default())).await
}

/// The legal clock: never before anything that is on the record, whatever the machine's clock or the settings say.
async fn start_clock(
    store: &Store,
    kind: ClockKind,
    start: Timestamp,
    time: Arc<dyn TimeSource>,
) -> Result<LegalClock, EngineError> {
    let latest = store.latest_at().await?.map(Timestamp::from_microsecond).transpose();
    let latest = latest.map_err(|e| EngineError::defect("events", &e))?;
    match kind {
        ClockKind::Real => {
            let mut recorded = latest.max(kept_moment(store, TRUSTED_KEY).await?);
            let entry = book::Entry::Clock.to_string();
            let doubt = match store.aggregate(&entry).await? {
                None => None,
                Some(row) => {
                    let state: book::State =
                        serde_json::from_str(&row.state).map_err(|e| EngineError::defect(&entry, &e))?;
                    match state.latest.event {
                        book::Event::ClockDoubted { jump, machine, expected } => {
                            Some(Doubt { jump, machine, expected })
                        }
                        book::Event::ClockConfirmed { moment, .. } => {
                            recorded = recorded.max(Some(moment));
                            None
                        }
                        _ => None,
                    }
                }
            };
            Ok(LegalClock::real(time, start, recorded, doubt))
        }
        ClockKind::Simulated => {
            let stood = if let Some(stood) = kept_moment(store, CLOCK_KEY).await? {
                stood
            } else {
                // So that whoever opens the store without an engine knows which clock it lives by.
                let mut write = store.write().await?;
                write.put_installation(CLOCK_KEY, &start.to_string()).await?;
                write.commit().await?;
                start
            };
            Ok(LegalClock::simulated(latest.map_or(stood, |latest| latest.max(stood))))
        }
    }
}

async fn kept_moment(store: &Store, key: &str) -> Result<Option<Timestamp>, EngineError> {
    let text = store.installation(key).await?;
    text.map(|text| text.parse().map_err(|e| EngineError::defect(key, &e))).transpose()
}

/// Keeps a moment at which the machine's clock was trusted, for the next start to compare with.
pub(crate) async fn keep_trusted(inner: &Inner, moment: Timestamp) -> Result<(), EngineError> {
    let mut write = inner.write_as_leader().await?;
    write.put_installation(TRUSTED_KEY, &moment.to_string()).await?;
    Ok(write.commit().await?)
}

/// Waits until all have ended, and cuts off what takes longer.
pub(crate) async fn end(tasks: &mut JoinSet<()>, patience: Duration) {
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(patience, ended).await.is_err() {
        tracing::warn!("a part did not end in time and was cut off");
        tasks.shutdown().await;
    }
}

fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
