//! The quota controller: fills a quota's status in its own time, then keeps what is used up to date.

use jiff::Timestamp;
use serde_json::json;

use super::{is_due, kind, put_changed};
use crate::admission::quota::measure;
use crate::object::{set, uid};
use crate::world::World;

/// One pass over all quotas.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    let mut next = None;
    let quotas = kind("resourcequotas")?;
    for quota in world.list("resourcequotas", None) {
        let mut new = (*quota).clone();
        let wanted = quota.pointer("/spec/hard").cloned().unwrap_or_else(|| json!({}));
        let filled = quota.pointer("/status/hard").cloned().unwrap_or_else(|| json!({}));
        if wanted == filled {
            world.memory.done("quota", uid(&quota));
        } else {
            let delay = world.timing.quota_delay;
            let at = world.memory.due("quota", uid(&quota), now, delay);
            if is_due(at, now, &mut next) {
                set(&mut new, &["status", "hard"], wanted);
                world.memory.done("quota", uid(&quota));
            }
        }
        if new.pointer("/status/hard").is_some() {
            let used = measure(world, &new, now);
            set(&mut new, &["status", "used"], json!(used));
        }
        put_changed(world, quotas, &quota, new);
    }
    next
}
