//! Reading what a power makes of load balancers.

use std::collections::BTreeSet;

use crate::balancers::Balancers;
use crate::capability::{Capability, Preset};
use crate::document::{Faults, Fields};

/// What `loadBalancers: released` says; kept where nothing is written. Nothing is a fault.
pub(super) fn load_balancers(
    fields: &Fields<'_>,
    permits: Preset,
    listed: &BTreeSet<Capability>,
    faults: &mut Faults,
) -> Option<Balancers> {
    if !listed.contains(&Capability::Ingress) && !permits.withholds().contains(&Capability::Ingress) {
        fields.forbid("loadBalancers", "only a power that withholds ingress has this field", faults);
        return Some(Balancers::Kept);
    }
    match fields.optional("loadBalancers", faults) {
        Some(item) => item.word(&Balancers::WORDS, faults),
        None => Some(Balancers::Kept),
    }
}
