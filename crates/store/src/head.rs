//! The log's tiles and its signed head.

use crate::rows::{EventRow, TileRow};
use crate::statement::sql;
use crate::write::{Write, signed, unsigned};
use crate::{Store, StoreError};

impl Store {
    /// The widest stored version of a tile.
    pub async fn tile(&self, level: u8, index: u64) -> Result<Option<TileRow>, StoreError> {
        let row = sql("SELECT width, bytes FROM tiles WHERE level = $1 AND tile_index = $2")
            .bind(i64::from(level))
            .bind(signed(index))
            .maybe(&self.readers)
            .await?;
        row.map(|r| {
            let width =
                u16::try_from(r.get::<i64>("width")?).map_err(|_| StoreError::Damaged { what: "tile" })?;
            Ok(TileRow { level, index, width, bytes: r.get("bytes")? })
        })
        .transpose()
    }

    /// The last signed head: its size and its note.
    pub async fn head(&self) -> Result<Option<(u64, String)>, StoreError> {
        let row = sql("SELECT size, note FROM head WHERE id = 1").maybe(&self.readers).await?;
        row.map(|r| Ok((unsigned(r.get("size")?)?, r.get("note")?))).transpose()
    }

    /// How many events have an index in the log, whether or not a signed head covers them yet.
    pub async fn indexed(&self) -> Result<u64, StoreError> {
        let row = sql(
            "SELECT COALESCE(MAX(leaf_index) + 1, 0) AS indexed FROM events WHERE leaf_index IS NOT NULL",
        )
        .one(&self.readers)
        .await?;
        unsigned(row.get("indexed")?)
    }

    /// Events by their index in the log, from `first` to before `end`, in its order.
    pub async fn sequenced(&self, first: u64, end: u64) -> Result<Vec<EventRow>, StoreError> {
        let rows = sql("SELECT position, stream, n, leaf, leaf_index FROM events
             WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index")
        .bind(signed(first))
        .bind(signed(end))
        .all(&self.readers)
        .await?;
        rows.iter().map(crate::read::event).collect()
    }

    /// The rotations of the log's key, in their order: receipts as JSON.
    pub async fn key_transitions(&self) -> Result<Vec<String>, StoreError> {
        let rows = sql("SELECT receipt FROM key_transitions ORDER BY size").all(&self.readers).await?;
        rows.iter().map(|row| row.get("receipt")).collect()
    }

    /// Events that have no index in the log yet, in the order of commits.
    pub async fn unsequenced(&self, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let rows = sql(
            "SELECT position, stream, n, leaf, leaf_index FROM events WHERE leaf_index IS NULL ORDER BY position LIMIT $1",
        )
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter().map(crate::read::event).collect()
    }
}

impl Write {
    /// Gives the `count` events that have no index and are at most at position `last` their indices in the log, from
    /// `first` on in the order of their positions.
    pub async fn sequence(&mut self, last: i64, first: u64, count: u64) -> Result<(), StoreError> {
        let done = sql("UPDATE events SET leaf_index = $1 + waiting.place FROM (
                 SELECT position AS at_position, ROW_NUMBER() OVER (ORDER BY position) - 1 AS place
                 FROM events WHERE leaf_index IS NULL AND position <= $2
             ) AS waiting WHERE events.position = waiting.at_position")
        .bind(signed(first))
        .bind(last)
        .run(self.open().await?)
        .await?;
        if done == count { Ok(()) } else { Err(StoreError::Head { expected: first }) }
    }

    /// Keeps a tile where it is wider than what is kept.
    pub async fn put_tile(&mut self, tile: &TileRow) -> Result<(), StoreError> {
        sql("INSERT INTO tiles (level, tile_index, width, bytes) VALUES ($1, $2, $3, $4)
             ON CONFLICT (level, tile_index) DO UPDATE SET width = excluded.width, bytes = excluded.bytes
             WHERE excluded.width > tiles.width")
        .bind(i64::from(tile.level))
        .bind(signed(tile.index))
        .bind(i64::from(tile.width))
        .bind(&tile.bytes)
        .run(self.open().await?)
        .await?;
        Ok(())
    }

    /// Keeps the receipt of a rotation of the log's key, at the size of the checkpoint that both keys signed.
    pub async fn put_key_transition(&mut self, size: u64, receipt: &str) -> Result<(), StoreError> {
        sql("INSERT INTO key_transitions (size, receipt) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(signed(size))
            .bind(receipt)
            .run(self.open().await?)
            .await?;
        Ok(())
    }

    /// Replaces the head of size `before` (0 for none) by a larger one.
    pub async fn put_head(&mut self, before: u64, size: u64, note: &str) -> Result<(), StoreError> {
        let done = if before == 0 {
            sql("INSERT INTO head (id, size, note) VALUES (1, $1, $2) ON CONFLICT DO NOTHING")
                .bind(signed(size))
                .bind(note)
                .run(self.open().await?)
                .await?
        } else {
            sql("UPDATE head SET size = $1, note = $2 WHERE id = 1 AND size = $3")
                .bind(signed(size))
                .bind(note)
                .bind(signed(before))
                .run(self.open().await?)
                .await?
        };
        if done == 1 { Ok(()) } else { Err(StoreError::Head { expected: before }) }
    }
}
