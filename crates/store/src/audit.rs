//! Whole tables in pages, for whoever checks the store against the record.

use crate::rows::{Aggregate, BlobRow, ReportRow};
use crate::statement::{behind, sql};
use crate::{Store, StoreError, read};

/// Words as kept: the commitment, its salt, and the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordsRow {
    /// The commitment.
    pub id: String,
    /// The salt.
    pub salt: Vec<u8>,
    /// The text.
    pub text: String,
}

impl Store {
    /// Aggregates of every kind with their kind, in the order of their streams, after the one named.
    pub async fn every_aggregate(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Aggregate)>, StoreError> {
        let rows = behind(read::AGGREGATE, "WHERE stream > $1 ORDER BY stream LIMIT $2")
            .bind(after)
            .bind(i64::from(limit))
            .all(&self.readers)
            .await?;
        rows.iter().map(|r| Ok((r.get("kind")?, read::aggregate(r)?))).collect()
    }

    /// Report rows of every account, in the order of accounts and numbers, after the one named.
    pub async fn every_report(&self, after: (&str, u32), limit: u32) -> Result<Vec<ReportRow>, StoreError> {
        let rows = sql("SELECT account, number, ground, filed_at, remediated_at FROM reports
             WHERE (account, number) > ($1, $2) ORDER BY account, number LIMIT $3")
        .bind(after.0)
        .bind(i64::from(after.1))
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter().map(read::report).collect()
    }

    /// Which account names which bytes, in the order of both, after the pair named.
    pub async fn every_blob_ref(
        &self,
        after: (&str, &str),
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sql(
            "SELECT account, blob FROM blob_refs WHERE (account, blob) > ($1, $2) ORDER BY account, blob LIMIT $3",
        )
        .bind(after.0)
        .bind(after.1)
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter().map(|r| Ok((r.get("account")?, r.get("blob")?))).collect()
    }

    /// Kept bytes with their ids, in the order of ids, after the one named.
    pub async fn every_blob(&self, after: &str, limit: u32) -> Result<Vec<(String, BlobRow)>, StoreError> {
        let rows = sql("SELECT id, media_type, bytes FROM blobs WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(i64::from(limit))
            .all(&self.readers)
            .await?;
        rows.iter()
            .map(|r| Ok((r.get("id")?, BlobRow { media_type: r.get("media_type")?, bytes: r.get("bytes")? })))
            .collect()
    }

    /// Words that were not erased, in the order of their commitments, after the one named.
    pub async fn every_words(&self, after: &str, limit: u32) -> Result<Vec<WordsRow>, StoreError> {
        let rows = sql("SELECT id, salt, text FROM words WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(i64::from(limit))
            .all(&self.readers)
            .await?;
        rows.iter()
            .map(|r| Ok(WordsRow { id: r.get("id")?, salt: r.get("salt")?, text: r.get("text")? }))
            .collect()
    }
}
