//! Reports in published formats as they come in, good ones and broken ones.
#![cfg(test)]

mod arf;
mod xarf;

use tenure_intake::{Fault, Refused};

/// Where the faults are, each once, in order.
#[track_caller]
fn places(refused: &Refused) -> Vec<String> {
    let faults: &[Fault] = match refused {
        Refused::Malformed(fault) => std::slice::from_ref(fault),
        Refused::Invalid(faults) => faults,
    };
    assert!(!faults.is_empty() && faults.iter().all(|f| !f.detail.is_empty()), "{refused:?}");
    let mut places: Vec<String> = faults.iter().map(|f| f.at.clone()).collect();
    places.dedup();
    places
}
