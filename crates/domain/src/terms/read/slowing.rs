//! Reading how much a power of throttling leaves.

use crate::capability::Preset;
use crate::document::{Faults, Fields};
use crate::throttle::Throttle;

/// What `throttle: {percent: 25}` leaves, where it is written. The outer nothing is a fault.
#[expect(clippy::option_option, reason = "a field that may be left out, and may be wrong")]
pub(super) fn throttle(
    fields: &Fields<'_>,
    permits: Preset,
    faults: &mut Faults,
) -> Option<Option<Throttle>> {
    if permits != Preset::Throttle {
        fields.forbid("throttle", "only a power that permits throttle has this field", faults);
        return Some(None);
    }
    let Some(item) = fields.optional("throttle", faults) else { return Some(None) };
    let inner = item.fields(&["percent"], faults)?;
    let percent: u8 = inner.required("percent", faults)?.integer(1, 99, faults)?;
    Some(Throttle::try_from(percent).ok())
}
