//! Reading what a power permits: the name of a preset, or a list of capabilities.

use std::collections::BTreeSet;

use crate::capability::{Capability, Preset};
use crate::document::{Faults, Item};
use crate::scope::ScopeKind;

/// The preset, and the capabilities of a list.
pub(super) fn permits(item: &Item<'_>, faults: &mut Faults) -> Option<(Preset, BTreeSet<Capability>)> {
    if !item.is_list() {
        let presets = Preset::LADDER.map(|preset| (preset.as_str(), preset));
        return Some((item.word(&presets, faults)?, BTreeSet::new()));
    }
    let words = Capability::ALL.map(|capability| (capability.as_str(), capability));
    let listed = item.set(words.len(), faults, |item, faults| item.word(&words, faults))?;
    Some((Preset::Listed, listed))
}

/// Why a list of capabilities has no meaning on a scope of this kind.
pub(super) fn why_not_on(listed: &BTreeSet<Capability>, kind: ScopeKind) -> Option<&'static str> {
    let has = |capability| listed.contains(&capability);
    if has(Capability::Payments) && kind != ScopeKind::Account {
        return Some("payments concern the whole account: write [account]");
    }
    let runs = has(Capability::Deploy) || has(Capability::Compute);
    (runs && kind == ScopeKind::Hostname)
        .then_some("nothing runs or is deployed on a hostname: list ingress or egress there")
}
