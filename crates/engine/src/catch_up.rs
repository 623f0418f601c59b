//! What an earlier version left out of accounts as they stand, made up by whoever begins to lead before anything is
//! fired: bounds and deadlines that the terms give, as events, and the rows of all deadlines.

use std::error::Error as _;

use tenure_domain::account::{Command, System};
use tenure_domain::name::AccountId;
use tenure_store::{Store, Write};

use crate::inner::Inner;
use crate::state::{self, States};
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, turn};

/// The fact about the installation of which form the deadlines of all accounts are.
const FORM_KEY: &str = "timers";

/// The present form. To be raised whenever a state that was there before has other deadlines than it had, or lacks what
/// [`Command::CatchUp`] makes up.
const FORM: &str = "1";

/// How many accounts are looked at in one transaction: few enough that each shows within a lease that the leader lives.
const PAGE: u32 = 100;

/// Whether the deadlines of all accounts are of the present form. Where they are not, they are made up when a process
/// begins to lead.
pub(crate) async fn is_done(store: &Store) -> Result<bool, EngineError> {
    Ok(store.installation(FORM_KEY).await?.as_deref() == Some(FORM))
}

/// Makes it up in an epoch that was begun, of which nothing else here knows yet. What was done is as good as new, so
/// that a crash on the way costs only that it begins again.
pub(crate) async fn run(inner: &Inner, epoch: i64) -> Result<(), EngineError> {
    if is_done(&inner.store).await? {
        return Ok(());
    }
    let (mut after, mut whole) = (String::new(), true);
    loop {
        let page = inner.store.streams("account", &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(last);
        for name in &page {
            if inner.stopping.is_cancelled() {
                return Err(EngineError::Stopping);
            }
            whole &= done(name, events(inner, epoch, name).await)?;
        }
        whole &= rows(inner, epoch, &page).await?;
    }
    // An account whose record is damaged keeps nothing else from being done; it is tried again in the next epoch.
    if whole {
        let mut write = inner.write_in(epoch).await?;
        write.put_installation(FORM_KEY, FORM).await?;
        write.commit().await?;
    }
    Ok(())
}

/// Whether it was done. What stands against one account alone is told, and keeps nobody from leading.
fn done(name: &str, result: Result<(), EngineError>) -> Result<bool, EngineError> {
    match result {
        Ok(()) => Ok(true),
        Err(error @ (EngineError::Rejected(_) | EngineError::Defect { .. })) => {
            tracing::error!(
                stream = name, %error, source = ?error.source(),
                "what an earlier version left out of this account cannot be made up"
            );
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn id(name: &str) -> Result<AccountId, EngineError> {
    let slug = name.strip_prefix("account/").unwrap_or_default();
    slug.parse().map_err(|e| EngineError::defect(name, &e))
}

/// Puts on the record what the terms give an account.
async fn events(inner: &Inner, epoch: i64, name: &str) -> Result<(), EngineError> {
    let id = id(name)?;
    let may_lack = state::committed(inner, &id).await?.is_some_and(|account| account.may_lack());
    if may_lack {
        let act = Act::Account(id, Command::CatchUp);
        inner.submit_in(Some(epoch), Submission::new(Caller::System(System::Timer), act)).await?;
    }
    Ok(())
}

/// Writes the rows of the deadlines of some accounts, each as it stands in the transaction; whether of all.
async fn rows(inner: &Inner, epoch: i64, page: &[String]) -> Result<bool, EngineError> {
    let mut write = inner.write_in(epoch).await?;
    write.expect(page).await?;
    let (mut states, mut whole) = (States::default(), true);
    for name in page {
        whole &= done(name, row(inner, &mut write, &mut states, name).await)?;
    }
    write.commit().await?;
    states.committed(inner);
    Ok(whole)
}

async fn row(inner: &Inner, write: &mut Write, states: &mut States, name: &str) -> Result<(), EngineError> {
    let Some(account) = states.take(inner, write, &id(name)?).await? else { return Ok(()) };
    write.set_timers(name, &turn::timer_rows(&account)).await?;
    states.put_back(account);
    Ok(())
}
