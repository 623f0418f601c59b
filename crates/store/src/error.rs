//! What can go wrong with the store.

use std::sync::Arc;

/// Why the store did not do something. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no database.
    #[error("{url:?} names no database; use sqlite:PATH or postgres://USER@HOST/DATABASE")]
    Url {
        /// What was given.
        url: String,
        /// Why it cannot be read.
        source: sqlx::Error,
    },
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be migrated")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Somebody else changed the aggregate in between.
    #[error("{stream} is no longer at version {expected}")]
    Conflict {
        /// Which aggregate.
        stream: String,
        /// The version that was decided on.
        expected: u64,
    },
    /// The log's head moved in between: two sequencers are at work.
    #[error("the log's head is no longer at size {expected}: another sequencer is at work")]
    Head {
        /// The size that was extended.
        expected: u64,
    },
    /// Another leads by now: what was to be written in an epoch that is over was not written.
    #[error("another process leads: epoch {epoch} is over")]
    Fenced {
        /// The epoch that is over.
        epoch: i64,
    },
    /// The lock beside a database file cannot be used.
    #[error("{path} cannot be locked")]
    Lock {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A transaction failed that this was a part of, together with others.
    #[error("the transaction that this was a part of failed")]
    Group(#[source] Arc<StoreError>),
    /// A stored value is not what was written.
    #[error("a stored {what} is damaged")]
    Damaged {
        /// What.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether another process was at work on the database at this moment.
    pub(crate) fn is_of_the_moment(&self) -> bool {
        use sqlx::migrate::MigrateError;
        let (Self::Database(error)
        | Self::Migration(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))) = self
        else {
            return false;
        };
        // SQLITE_BUSY; the higher bits say of which kind.
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
    }

    /// Whether it is about one thing that was to be written, so that the rest of its transaction can stand once that
    /// is [undone](crate::Write::undo). Else nobody knows what the transaction holds, and all of it has to go.
    pub fn spares_the_rest(&self) -> bool {
        match self {
            Self::Conflict { .. } | Self::Head { .. } | Self::Damaged { .. } | Self::Fenced { .. } => true,
            Self::Database(error) => {
                error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
            }
            Self::Url { .. } | Self::Migration(_) | Self::Lock { .. } | Self::Group(_) => false,
        }
    }
}
