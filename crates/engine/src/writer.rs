//! The one write path. Submissions are taken in groups: one transaction for all that wait, so that a busy server
//! pays for one commit where it would pay for many. Each is authorized before, decided within, answered after.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use tenure_domain::account::Actor;
use tenure_domain::refusal::{Guard, Refusal, Rejected, Unmet};
use tenure_store::{StoreError, Write};
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument as _, Span};

use crate::inner::Inner;
use crate::shelf::Shelf;
use crate::state::States;
use crate::submission::{Caller, Outcome, Submission};
use crate::turn::Turn;
use crate::{EngineError, follow, metrics};

/// The most submissions in one transaction.
const GROUP: usize = 128;

/// A submission on its way through the writer.
pub(crate) struct Ticket {
    pub submission: Submission,
    pub actor: Actor,
    /// The epoch it depends on, where only the leader does it.
    pub epoch: Option<i64>,
    /// The book by which its caller was found to be allowed to.
    pub judged_by: Arc<Shelf>,
    pub reply: Reply,
    /// The submission's span, from which that of its group follows.
    pub span: Span,
}

/// Takes submissions until the engine closes, and carries out what it was handed by then.
pub(crate) async fn run(inner: Arc<Inner>, mut tickets: mpsc::Receiver<Ticket>) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        let taken = tokio::select! {
            taken = tickets.recv_many(&mut group, GROUP) => taken,
            () = inner.closing.cancelled(), if !tickets.is_closed() => {
                tickets.close();
                continue;
            }
        };
        if taken == 0 {
            return;
        }
        let span = tracing::info_span!("group", submissions = taken);
        for ticket in &group {
            span.follows_from(&ticket.span);
        }
        let (asked, replies): (Vec<_>, Vec<_>) = group.drain(..).map(Ticket::apart).unzip();
        let began = Instant::now();
        inner.metrics.group.observe(f64::from(u32::try_from(taken).unwrap_or(u32::MAX)));
        metrics::note(&inner.metrics.writing_since, Some(began));
        let result = carry_out(&inner, asked).instrument(span).await;
        metrics::note(&inner.metrics.writing_since, None);
        inner.metrics.commit.observe(began.elapsed().as_secs_f64());
        match result {
            Ok(results) => {
                inner.committed();
                for (reply, result) in replies.into_iter().zip(results) {
                    // Whoever asked may have gone; what was committed stands all the same.
                    drop(reply.send(result));
                }
            }
            Err(error) => {
                tracing::error!(%error, source = ?std::error::Error::source(&error), "nothing of a group was committed");
                let error = Arc::new(error);
                for reply in replies {
                    drop(reply.send(Err(EngineError::Store(StoreError::Group(Arc::clone(&error))))));
                }
            }
        }
    }
}

/// Where an answer goes.
type Reply = oneshot::Sender<Result<Outcome, EngineError>>;

/// A ticket without the place where its answer goes.
struct Asked {
    submission: Submission,
    actor: Actor,
    epoch: Option<i64>,
    judged_by: Arc<Shelf>,
}

impl Ticket {
    fn apart(self) -> (Asked, Reply) {
        let Self { submission, actor, epoch, judged_by, reply, span: _ } = self;
        (Asked { submission, actor, epoch, judged_by }, reply)
    }
}

/// Decides and writes a group in one transaction. An error of the database undoes the whole group; anything else that
/// stands against one submission undoes that one alone.
async fn carry_out(
    inner: &Inner,
    asked: Vec<Asked>,
) -> Result<Vec<Result<Outcome, EngineError>>, StoreError> {
    let mut write = inner.store.write().await?;
    // No other process commits until this transaction ends: what the book says here is what it says.
    let mut seen = follow::catch_up(inner).await?;
    let streams: BTreeSet<String> = asked.iter().filter_map(|a| a.submission.act.stream()).collect();
    write.expect(&streams.into_iter().collect::<Vec<_>>()).await?;
    let mut states = States::default();
    let mut results = Vec::with_capacity(asked.len());
    for asked in asked {
        results.push(turn(inner, &mut write, &mut states, asked).await?);
    }
    let last = write.last_position().await?;
    write.commit().await?;
    states.committed(inner);
    for result in &results {
        if let Ok(Outcome::Done(done, _)) = result {
            inner.after_commit(done).await;
        }
    }
    *seen = (*seen).max(last);
    Ok(results)
}

async fn turn(
    inner: &Inner,
    write: &mut Write,
    states: &mut States,
    asked: Asked,
) -> Result<Result<Outcome, EngineError>, StoreError> {
    let Asked { submission, actor, epoch, judged_by } = asked;
    if let Err(error) = still_may(inner, &submission, &actor, &judged_by) {
        return Ok(Err(error));
    }
    let on_record = submission.act.recorded_when_refused();
    let mut turn = Turn { inner, write, states, actor };
    turn.write.mark().await?;
    let result = match epoch {
        Some(epoch) => turn.write.fence(epoch).await.map_err(EngineError::from),
        None => Ok(()),
    };
    let result = match result {
        Ok(()) => turn.take(submission).await,
        Err(error) => Err(error),
    };
    let mut result = turn.end(result).await?;
    let refusal = match &result {
        Err(EngineError::Rejected(Rejected::Refused(refusal))) => Some(refusal.clone()),
        Err(EngineError::Stale { expected, actual }) => Some(Refusal::one(Unmet::new(
            Guard::InState,
            format!("it was at version {expected} when it was read, and is at {actual}"),
            "read it again",
        ))),
        Ok(_) | Err(_) => None,
    };
    if let (Some((account, command)), Some(refusal)) = (&on_record, &refusal) {
        turn.write.mark().await?;
        let recorded = turn.record_refusal(account, command, refusal).await;
        if let Err(error) = turn.end(recorded).await? {
            result = Err(error);
        }
    }
    Ok(result)
}

/// Judges a principal again whose roles changed since it was found to be allowed to, here or in another process.
fn still_may(
    inner: &Inner,
    submission: &Submission,
    actor: &Actor,
    judged_by: &Arc<Shelf>,
) -> Result<(), EngineError> {
    let now = inner.shelf();
    let Caller::Principal(judged) = &submission.caller else { return Ok(()) };
    if Arc::ptr_eq(judged_by, &now) || judged_by.principal_of(actor) == now.principal_of(actor) {
        return Ok(());
    }
    let principal = now.principal_of(actor).ok_or(tenure_access::Denied::Hidden)?;
    if principal == *judged { Ok(()) } else { inner.authorize(&principal, &submission.act) }
}
