//! How fast a record is folded: leaves read, understood, applied.

use std::hint::black_box;
use std::time::Instant;

use anyhow::anyhow;
use serde_json::Value;
use tenure_domain::account::Account;
use tenure_domain::account::event::{Event, Recorded};
use tenure_engine::stream;

use crate::Effort;
use crate::house::{House, account};
use crate::summary::{Figure, Samples, Unit};

/// Measures folding accounts' streams beside parsing the same leaves as JSON, and beside the whole of `verify`.
pub async fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let house = House::in_folder(folder.path()).await?;
    let (accounts, holds) = effort.of((500, 20), (5, 3));
    house.open_accounts(0, accounts).await?;
    for _ in 0..holds {
        let round = (0..accounts).map(|n| house.hold(account(n)?)).collect::<anyhow::Result<_>>()?;
        house.submit_all(round).await?;
    }
    house.engine.settle().await?;
    let mut streams = Vec::new();
    for n in 0..accounts {
        let name = format!("account/{}", account(n)?);
        streams.push(house.store.stream(&name, 1, 1_000).await?);
    }
    let count: f64 = streams.iter().map(|events| f64::from(u32::try_from(events.len()).unwrap_or(0))).sum();
    let (mut fold, mut parse, mut verify) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..effort.of(15, 2) {
        let since = Instant::now();
        for (n, events) in streams.iter().enumerate() {
            let id = account(n)?;
            let mut state = None;
            for row in events {
                let read = stream::decode::<Event>(&row.leaf)?;
                let recorded = Recorded { at: read.at, actor: read.actor, event: read.event };
                state = Some(Account::apply(&id, state, &recorded)?);
            }
            let folded = state.ok_or_else(|| anyhow!("{id} has no events"))?;
            anyhow::ensure!(folded.version == events.len() as u64, "{id} was folded to another version");
        }
        fold.push(count / since.elapsed().as_secs_f64());
        let since = Instant::now();
        for row in streams.iter().flatten() {
            black_box(serde_json::from_slice::<Value>(&row.leaf)?);
        }
        parse.push(count / since.elapsed().as_secs_f64());
        let since = Instant::now();
        let found = tenure_engine::verify::verify(&house.store, &crate::house::log_key()?.verifier).await?;
        anyhow::ensure!(found.faults.is_empty(), "the record does not agree: {:?}", found.faults);
        #[expect(clippy::cast_precision_loss, reason = "a count of events")]
        verify.push(found.events as f64 / since.elapsed().as_secs_f64());
    }
    house.engine.stop().await;
    Ok(vec![
        Figure::new("events folded (leaf read, applied)", Unit::PerSecond, &fold)
            .beside("parsing the leaves as JSON", &parse),
        Figure::new("events verified (`tenured verify`)", Unit::PerSecond, &verify)
            .beside("parsing the leaves as JSON", &parse),
    ])
}
