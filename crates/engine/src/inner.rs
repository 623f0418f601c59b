//! What all parts of the engine share.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ed25519_dalek::SigningKey;
use tenure_access::{Access, Principal, Resource};
use tenure_domain::account::{Account, System};
use tenure_domain::book;
use tenure_domain::name::{AccountId, NoticeId};
use tenure_domain::refusal::Rejected;
use tenure_fetch::Fetcher;
use tenure_ledger::chain::KeyChain;
use tenure_ledger::note::VerifierKey;
use tenure_ledger::secret::{self, SecretError, SecretText};
use tenure_letters::Letters;
use tenure_notify::FileChannel;
use tenure_store::Store;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::anchor::Anchor;
use crate::caps::OperatorCaps;
use crate::clock::LegalClock;
use crate::clusters::Clusters;
use crate::continuity::LogRefusal;
use crate::dirty::Dirty;
use crate::entropy::Entropy;
use crate::imports::Places;
use crate::intake::Salt;
use crate::known::Known;
use crate::lead::Lead;
use crate::metrics::Metrics;
use crate::sequencer::Batching;
use crate::shelf::Shelf;
use crate::submission::{Act, After, Caller, Done, Outcome, Submission};
use crate::writer::Ticket;
use crate::{EngineError, state};

/// The key that signs the log and receipts.
#[derive(Debug)]
pub struct LogKey {
    /// The log's name, such as `tenure.example/log`; no spaces, no `+`.
    pub origin: String,
    /// The secret.
    pub signing: SigningKey,
    /// What others verify with.
    pub verifier: VerifierKey,
}

impl LogKey {
    /// The key of this secret under this name.
    pub fn new(origin: &str, secret: &[u8; 32]) -> Result<Self, EngineError> {
        let signing = SigningKey::from_bytes(secret);
        let verifier = VerifierKey::new(origin, signing.verifying_key())
            .map_err(|e| EngineError::defect("the log's name", &e))?;
        Ok(Self { origin: origin.to_owned(), signing, verifier })
    }

    /// Reads a key's text form ([`tenure_ledger::secret`]).
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let (origin, signing) = secret::decode(text)?;
        let verifier = VerifierKey::new(&origin, signing.verifying_key())?;
        Ok(Self { origin, signing, verifier })
    }

    /// The text form, to be written to a file that only its owner can read.
    pub fn secret(&self) -> Result<SecretText, SecretError> {
        secret::encode(&self.origin, &self.signing)
    }
}

/// Who is woken by what.
#[derive(Debug, Default)]
pub(crate) struct Pokes {
    pub sequencer: Notify,
    /// Somebody waits for the log: the window is cut short.
    pub hurry: Notify,
    pub jobs: Notify,
    pub timers: Notify,
    pub webhooks: Notify,
    pub accounts: Dirty,
}

/// What all parts of the engine share.
pub(crate) struct Inner {
    pub store: Store,
    pub access: Access,
    pub clock: LegalClock,
    pub entropy: Entropy,
    pub salt: Salt,
    pub key: LogKey,
    /// All keys of the log, to the present one.
    pub chain: KeyChain,
    pub anchor: Arc<dyn Anchor>,
    pub batching: Batching,
    /// Why the log is not extended, where it is not.
    pub log_refusal: watch::Sender<Option<LogRefusal>>,
    pub mail: FileChannel,
    pub fetcher: Fetcher,
    pub letters: Letters,
    /// The notices that a channel refused when it was last tried, for those who ask how the server does.
    pub refused: Mutex<BTreeSet<NoticeId>>,
    pub tickets: mpsc::Sender<Ticket>,
    pub pokes: Pokes,
    pub has_cluster: bool,
    /// The clusters.
    pub clusters: Clusters,
    pub metrics: Metrics,
    /// How many events the log does not cover, at least.
    pub behind: AtomicU64,
    /// How many may wait before nothing new is restricted.
    pub most_behind: u64,
    /// How much one person may begin.
    pub caps: OperatorCaps,
    /// The size of the published log.
    pub published: watch::Sender<u64>,
    /// Changes with each commit.
    pub commits: watch::Sender<u64>,
    /// Cancelled first: nothing new is taken from outside, and the parts end.
    pub stopping: CancellationToken,
    /// Cancelled when the parts have ended: the writer carries out what it was handed, and ends.
    pub closing: CancellationToken,
    pub shelf: RwLock<Arc<Shelf>>,
    pub known: Known,
    pub places: Places,
    /// Up to where what is committed is known here, as a position of events.
    pub seen: tokio::sync::Mutex<i64>,
    /// Whether this process leads.
    pub lead: Lead,
    /// What this process calls itself, for people who ask who leads.
    pub name: String,
    /// Held while legal time is moved.
    pub moving: tokio::sync::Mutex<()>,
}

impl Inner {
    /// The provider's book as it stands.
    pub fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a principal may do this.
    pub fn authorize(&self, principal: &Principal, act: &Act) -> Result<(), EngineError> {
        let Some(action) = act.action() else {
            return Err(EngineError::defect("access", &"only parts of Tenure do this"));
        };
        let resource = match act.account() {
            Some(id) => Resource::Account(id.as_str()),
            None => Resource::Provider,
        };
        Ok(self.access.check(principal, action, resource)?)
    }

    /// Authorizes a submission and hands it to the writer.
    pub async fn submit(&self, submission: Submission) -> Result<Outcome, EngineError> {
        if let Caller::Principal(principal) = &submission.caller {
            self.authorize(principal, &submission.act)?;
        }
        let epoch = match &submission.caller {
            Caller::Principal(_) | Caller::System(System::Bootstrap) => None,
            Caller::Rule(_) | Caller::System(_) => Some(self.lead.epoch()?),
        };
        self.submit_in(epoch, submission).await
    }

    /// Hands a submission to the writer that depends on this epoch, also before anybody here knows that it was begun.
    pub async fn submit_in(
        &self,
        epoch: Option<i64>,
        submission: Submission,
    ) -> Result<Outcome, EngineError> {
        let Some(actor) = submission.caller.actor() else {
            return Err(EngineError::defect("access", &"the caller has no name of the right form"));
        };
        let (reply, answer) = oneshot::channel();
        let span = tracing::info_span!("submission", actor = %actor);
        let ticket = Ticket { submission, actor, epoch, judged_by: self.shelf(), reply, span: span.clone() };
        let carried_out = async {
            self.tickets.send(ticket).await.map_err(|_| EngineError::Stopping)?;
            answer.await.map_err(|_| EngineError::Stopping)?
        };
        carried_out.instrument(span).await
    }

    /// What follows at once from what was committed.
    pub async fn after_commit(&self, done: &Done) {
        // The sequencer puts the true number here each time it looks; where it no longer looks, this one grows.
        self.behind.fetch_add(done.events.len() as u64, Ordering::Relaxed);
        match &done.after {
            After::Account(account) => {
                if done.events.iter().any(|t| moves_cluster(t)) && self.has_cluster {
                    self.pokes.accounts.poke(&account.id);
                }
            }
            After::Book(state) if !done.events.is_empty() => {
                if let book::Event::ClockConfirmed { moment, .. } = &state.latest.event
                    && let Err(error) = self.clock.confirm(*moment)
                {
                    tracing::error!(%error, "the clock was set again while it was being confirmed: it stays in doubt");
                }
                let mut changed = Shelf::clone(&self.shelf());
                match changed.put(&self.store, &state.latest).await {
                    Ok(()) => *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(changed),
                    Err(error) => tracing::error!(%error, "the provider's book could not be read again"),
                }
            }
            After::Book(_) | After::Report(_) | After::Kept => {}
        }
    }

    /// A group was committed.
    pub fn committed(&self) {
        self.pokes.sequencer.notify_one();
        self.pokes.jobs.notify_one();
        self.pokes.timers.notify_one();
        self.pokes.webhooks.notify_one();
        self.commits.send_modify(|n| *n += 1);
    }

    /// An account's state.
    pub async fn account(&self, id: &AccountId) -> Result<Arc<Account>, EngineError> {
        let account = state::committed(self, id).await?;
        Ok(account.ok_or_else(|| Rejected::not_found("account", id))?)
    }

    /// The text of a kept document.
    pub async fn blob_text(&self, id: &str) -> Result<String, EngineError> {
        let blob =
            self.store.blob(id).await?.ok_or_else(|| EngineError::defect(id, &"it is not in the store"))?;
        String::from_utf8(blob.bytes).map_err(|e| EngineError::defect(id, &e))
    }
}

/// Whether an event of this type changes what the cluster should be.
pub(crate) fn moves_cluster(event_type: &str) -> bool {
    [
        "environment.",
        "workload.",
        "hostname.",
        "secret.",
        "snapshot.",
        "measure.",
        "plan.",
        "deletion.",
        "hold.",
        "order.",
    ]
    .iter()
    .any(|prefix| event_type.starts_with(prefix))
}
