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

    /// Events that the log does not cover yet, in the order of commits.
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
    /// Gives an event its index in the log.
    pub async fn sequence(&mut self, position: i64, index: u64) -> Result<(), StoreError> {
        let done = sql("UPDATE events SET leaf_index = $1 WHERE position = $2 AND leaf_index IS NULL")
            .bind(signed(index))
            .bind(position)
            .run(&mut self.open)
            .await?;
        if done == 1 { Ok(()) } else { Err(StoreError::Head { expected: index }) }
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
        .run(&mut self.open)
        .await?;
        Ok(())
    }

    /// Replaces the head of size `before` (0 for none) by a larger one.
    pub async fn put_head(&mut self, before: u64, size: u64, note: &str) -> Result<(), StoreError> {
        let done = if before == 0 {
            sql("INSERT INTO head (id, size, note) VALUES (1, $1, $2) ON CONFLICT DO NOTHING")
                .bind(signed(size))
                .bind(note)
                .run(&mut self.open)
                .await?
        } else {
            sql("UPDATE head SET size = $1, note = $2 WHERE id = 1 AND size = $3")
                .bind(signed(size))
                .bind(note)
                .bind(signed(before))
                .run(&mut self.open)
                .await?
        };
        if done == 1 { Ok(()) } else { Err(StoreError::Head { expected: before }) }
    }
}
