//! The one write path. Submissions are taken in groups: one transaction for all that wait, so that a busy server
//! pays for one commit where it would pay for many. Each is authorized before, decided within, answered after.

use std::sync::Arc;

use tenure_domain::account::Actor;
use tenure_domain::refusal::Rejected;
use tenure_store::StoreError;
use tokio::sync::{mpsc, oneshot};

use crate::EngineError;
use crate::inner::Inner;
use crate::submission::{Outcome, Submission};
use crate::turn::Turn;

/// The most submissions in one transaction.
const GROUP: usize = 128;

/// A submission on its way through the writer.
pub(crate) struct Ticket {
    pub submission: Submission,
    pub actor: Actor,
    pub reply: oneshot::Sender<Result<Outcome, EngineError>>,
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
        let (asked, replies): (Vec<_>, Vec<_>) =
            group.drain(..).map(|t| ((t.submission, t.actor), t.reply)).unzip();
        match carry_out(&inner, asked).await {
            Ok(results) => {
                for result in &results {
                    if let Ok(Outcome::Done(done, _)) = result {
                        inner.after_commit(done).await;
                    }
                }
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

/// Decides and writes a group in one transaction. An error of the database undoes the whole group; anything else that
/// stands against one submission undoes that one alone.
async fn carry_out(
    inner: &Inner,
    asked: Vec<(Submission, Actor)>,
) -> Result<Vec<Result<Outcome, EngineError>>, StoreError> {
    let mut write = inner.store.write().await?;
    let mut results = Vec::with_capacity(asked.len());
    for (submission, actor) in asked {
        let privileged = submission.act.privileged();
        let mut turn = Turn { inner, write: &mut write, actor };
        turn.write.mark().await?;
        let result = turn.take(submission).await;
        let mut result = turn.end(result).await?;
        if let (Some((account, command)), Err(EngineError::Rejected(Rejected::Refused(refusal)))) =
            (&privileged, &result)
        {
            turn.write.mark().await?;
            let recorded = turn.record_refusal(account, command, refusal).await;
            if let Err(error) = turn.end(recorded).await? {
                result = Err(error);
            }
        }
        results.push(result);
    }
    write.commit().await?;
    Ok(results)
}
