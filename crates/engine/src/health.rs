//! Whether the engine can do its work: one condition for each thing that can stand in the way.

use std::borrow::Cow;
use std::time::Duration;

use tenure_store::Schema;

use crate::{Engine, EngineError};

/// How long the store may take to answer. Operating time.
const STORE_ANSWERS: Duration = Duration::from_secs(2);

/// How long the writer may be at one group. Operating time; longer than a statement waits for another process.
const GROUP_TAKES: Duration = Duration::from_secs(12);

/// How a condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Ok,
    /// Something is amiss that takes no server away: others could not do better.
    Degraded,
    /// Requests should go elsewhere.
    Failed,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its stable name.
    pub name: Cow<'static, str>,
    /// How it stands.
    pub health: Health,
    /// What is the case.
    pub detail: String,
}

impl Condition {
    /// A condition.
    pub fn new(name: impl Into<Cow<'static, str>>, health: Health, detail: impl Into<String>) -> Self {
        Self { name: name.into(), health, detail: detail.into() }
    }
}

impl Engine {
    /// Every condition, in a fixed order. Takes no longer than a few seconds.
    pub async fn conditions(&self) -> Vec<Condition> {
        let mut all = self.store_conditions().await;
        all.push(self.writer_condition());
        all.push(self.clock_condition());
        all.push(match self.epoch() {
            Some(epoch) => Condition::new("leader", Health::Ok, format!("leads, in epoch {epoch}")),
            None => {
                Condition::new("leader", Health::Ok, "follows: another process leads, or will in a moment")
            }
        });
        all.extend(self.jobs_condition());
        all.extend(self.webhooks_condition().await);
        all.extend(self.cluster_conditions());
        all
    }

    async fn store_conditions(&self) -> Vec<Condition> {
        let store = &self.inner.store;
        let asked = async { Ok::<_, EngineError>((store.schema().await?, store.backlog().await?)) };
        let (Schema { applied, known }, (_, backlog)) = match tokio::time::timeout(STORE_ANSWERS, asked).await
        {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::warn!(%error, source = ?std::error::Error::source(&error), "the database does not answer");
                return vec![Condition::new("store", Health::Failed, "the database answers with an error")];
            }
            Err(_) => {
                let detail = format!("the database gives no answer within {} s", STORE_ANSWERS.as_secs());
                return vec![Condition::new("store", Health::Failed, detail)];
            }
        };
        let schema = match applied.cmp(&known) {
            std::cmp::Ordering::Equal => (Health::Ok, format!("migration {applied}")),
            std::cmp::Ordering::Less => {
                (Health::Failed, format!("the database is at migration {applied}, this program at {known}"))
            }
            std::cmp::Ordering::Greater => (
                Health::Degraded,
                format!(
                    "a newer program brought the database to migration {applied}; this one knows {known}"
                ),
            ),
        };
        let refusal = self.log_refusal().map(|refusal| format!("; {refusal}")).unwrap_or_default();
        let log = if backlog >= self.inner.most_behind {
            let detail = format!("{backlog} events wait for the log: nothing new is restricted{refusal}");
            (Health::Degraded, detail)
        } else if !refusal.is_empty() {
            (Health::Degraded, format!("{backlog} events wait{refusal}"))
        } else {
            (Health::Ok, format!("{backlog} events wait"))
        };
        vec![
            Condition::new("store", Health::Ok, "answers"),
            Condition::new("migrations", schema.0, schema.1),
            Condition::new("log", log.0, log.1),
        ]
    }

    fn clock_condition(&self) -> Condition {
        let look = self.look_at_clock();
        match look.doubt {
            None => Condition::new("clock", Health::Ok, format!("trusted, at {}", look.now)),
            Some(doubt) => Condition::new(
                "clock",
                Health::Degraded,
                format!(
                    "in doubt: it read {}, and {} was expected; nothing is fired until an administrator confirms it \
                     (POST /v1/clock/confirmation)",
                    doubt.machine, doubt.expected
                ),
            ),
        }
    }

    fn writer_condition(&self) -> Condition {
        let inner = &self.inner;
        if inner.tickets.is_closed() {
            return Condition::new("writer", Health::Failed, "it has ended");
        }
        match inner.metrics.writing_for() {
            Some(time) if time > GROUP_TAKES => {
                Condition::new("writer", Health::Failed, format!("at one group for {} s", time.as_secs()))
            }
            _ => Condition::new("writer", Health::Ok, "takes work"),
        }
    }

    /// The leader's: no other process does jobs.
    fn jobs_condition(&self) -> Option<Condition> {
        self.epoch()?;
        Some(match self.inner.metrics.jobs_failing.get() {
            0 => Condition::new("jobs", Health::Ok, "none fails"),
            n => Condition::new("jobs", Health::Degraded, format!("{n} fail and are tried again")),
        })
    }

    /// None where there is no endpoint.
    async fn webhooks_condition(&self) -> Option<Condition> {
        let shelf = self.shelf();
        shelf.terms.webhooks().next()?;
        // Where the database does not answer, its own condition says so.
        let counts = tokio::time::timeout(STORE_ANSWERS, self.webhook_counts()).await.ok()?.ok()?;
        let raised = shelf.terms.webhooks().filter(|(id, endpoint)| {
            let counts = counts.iter().find(|(of, _)| of == id.as_str()).map(|(_, counts)| *counts);
            !self.webhook_raised(endpoint, counts.unwrap_or_default()).is_empty()
        });
        Some(match raised.count() {
            0 => Condition::new("webhooks", Health::Ok, "none is raised"),
            n => Condition::new(
                "webhooks",
                Health::Degraded,
                format!("{n} are raised: GET /v1/webhooks tells why"),
            ),
        })
    }

    /// One for each cluster; `main` is called `cluster`, another one `cluster/NAME`.
    fn cluster_conditions(&self) -> impl Iterator<Item = Condition> {
        self.inner.clusters.iter().map(|(id, known)| {
            let (health, detail) = match known.said().map(|said| said.answer) {
                Some(Ok(described)) => (Health::Ok, described),
                // Why is for the server's log: it can name addresses.
                Some(Err(_)) => {
                    (Health::Degraded, "it does not answer: what is pending waits for it".to_owned())
                }
                None => (Health::Degraded, "not asked yet".to_owned()),
            };
            let name = if id.is_main() { "cluster".to_owned() } else { format!("cluster/{id}") };
            Condition::new(name, health, detail)
        })
    }
}
