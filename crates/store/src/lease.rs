//! The lease: who leads, in epochs. Nobody compares clocks: a leader raises a number, and whoever would lead sees it
//! stand still for long enough.

use crate::statement::sql;
use crate::write::Write;
use crate::{Store, StoreError};

/// The lease as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// How many leaders there were; the last of them leads.
    pub epoch: i64,
    /// Raised by everything the leader writes.
    pub beat: i64,
    /// Who leads; empty when it stepped down.
    pub holder: String,
}

impl Store {
    /// The lease as it stands.
    pub async fn lease(&self) -> Result<Lease, StoreError> {
        let row = sql("SELECT epoch, beat, holder FROM lease WHERE id = 1").one(&self.readers).await?;
        Ok(Lease { epoch: row.get("epoch")?, beat: row.get("beat")?, holder: row.get("holder")? })
    }

    /// Takes what a process loses when it ends, the lock beside a database file, and tells whether it is ours: then
    /// whoever led before is known to be gone. Databases on a server have no such lock.
    pub fn claim(&self) -> Result<bool, StoreError> {
        self.beside.as_ref().map_or(Ok(false), crate::sqlite::Beside::take)
    }

    /// Lets others on this machine lead at once.
    pub fn let_go(&self) {
        if let Some(beside) = &self.beside {
            beside.release();
        }
    }
}

impl Write {
    /// Begins an epoch, where the lease is still as it was seen; the new epoch.
    pub async fn lead(&mut self, seen: &Lease, holder: &str) -> Result<Option<i64>, StoreError> {
        let epoch = seen.epoch + 1;
        let done = sql(
            "UPDATE lease SET epoch = $1, beat = 0, holder = $2 WHERE id = 1 AND epoch = $3 AND beat = $4",
        )
        .bind(epoch)
        .bind(holder)
        .bind(seen.epoch)
        .bind(seen.beat)
        .run(self.open().await?)
        .await?;
        Ok((done == 1).then_some(epoch))
    }

    /// Ends an epoch, so that another can lead at once. It is no fault where one leads already.
    pub async fn step_down(&mut self, epoch: i64) -> Result<(), StoreError> {
        sql("UPDATE lease SET holder = '' WHERE id = 1 AND epoch = $1")
            .bind(epoch)
            .run(self.open().await?)
            .await?;
        Ok(())
    }
}
