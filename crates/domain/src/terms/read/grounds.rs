//! Reading which ground is alleged by reports that come in published formats.

use std::collections::BTreeMap;

use crate::document::{Faults, Item};
use crate::name::{Format, Ground};

const GROUNDS_MAX: usize = 200;
const FORMATS_MAX: usize = 100;

pub(super) fn reported(item: &Item<'_>, faults: &mut Faults) -> Option<BTreeMap<Format, Ground>> {
    let items = item.list(GROUNDS_MAX, faults)?;
    let mut reported = BTreeMap::new();
    let mut read = 0;
    for item in &items {
        let Some((ground, formats)) = ground(item, faults) else { continue };
        read += 1;
        for format in formats {
            if let Some(other) = reported.insert(format.clone(), ground.clone()) {
                faults.at(item, format!("{format} is already a report of {other}"));
            }
        }
    }
    (read == items.len()).then_some(reported)
}

fn ground(item: &Item<'_>, faults: &mut Faults) -> Option<(Ground, Vec<Format>)> {
    let fields = item.fields(&["id", "reportedAs"], faults)?;
    let id: Option<Ground> = fields.required("id", faults).and_then(|item| item.parsed(faults));
    let formats = fields
        .required("reportedAs", faults)
        .and_then(|item| item.set(FORMATS_MAX, faults, Item::parsed::<Format>));
    Some((id?, formats?.into_iter().collect()))
}
