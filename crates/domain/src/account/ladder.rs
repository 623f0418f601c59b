//! Law 4: no rung of the ladder is skipped, or the record says why not.

use super::measure::{Measure, Proposal};
use super::{Account, Book};
use crate::capability::rung;
use crate::refusal::{Guard, Unmet};
use crate::scope::ScopeKind;
use crate::terms::{Power, Terms};
use crate::throttle::Throttle;

impl Account {
    /// The ladder is made of all powers that the accepted terms grant on the ground, each on every kind of scope on which
    /// somebody can carry it out. What comes before a measure is the rung below its own; where there is none, the same in
    /// a smaller scope, or less of the same.
    pub(super) fn ladder_guard(&self, proposal: &Proposal, terms: &Terms, book: &Book) -> Option<Unmet> {
        if proposal.why_not_less.is_some() {
            return None;
        }
        let case = self.case(proposal.case.as_ref()?).ok()?;
        let own = rung(proposal.preset, &proposal.withholds);
        let kind = proposal.scope.kind();
        let offered = || {
            terms
                .powers
                .iter()
                .filter(|power| power.grounds.contains(&case.ground))
                .flat_map(|power| power.scopes.iter().map(move |kind| (power, *kind)))
                .filter(|(power, kind)| power.unsupported(*kind).is_none())
                .filter(|(power, kind)| {
                    self.is_within_ability(book, (&power.withholds(), power.throttle), *kind, &proposal.scope)
                })
        };
        let tried = || {
            self.measures.iter().filter(|m| {
                m.proposal.case == proposal.case
                    && m.took_effect.is_some()
                    && m.proposal.scope.touches(&proposal.scope)
            })
        };
        let below = offered().filter(|(power, _)| power.rung() < own).max_by_key(|(power, _)| power.rung());
        let (detail, done) = if let Some((power, _)) = below {
            let at_least = |m: &Measure| rung(m.proposal.preset, &m.proposal.withholds) >= power.rung();
            let detail = format!(
                "power {} permits {}, which is less than {} and was not tried",
                power.id, power.permits, proposal.preset
            );
            (detail, tried().any(|m| at_least(m) && less(&m.proposal, proposal)))
        } else {
            let (power, smaller) = offered()
                .filter(|(power, _)| power.rung() == own)
                .find(|(power, smaller)| is_less(power, *smaller, proposal, kind))?;
            let detail = format!(
                "power {} also reaches a single {smaller}, or withholds less, and that was not tried before {} on {}",
                power.id, proposal.preset, proposal.scope
            );
            (detail, tried().any(|m| less(&m.proposal, proposal)))
        };
        (!done).then(|| {
            Unmet::new(
                Guard::LeastFirst,
                detail,
                "try that first, or say in `whyNotLess` why it would not do",
            )
        })
    }
}

/// Whether a power used on a kind of scope is less than a proposal on the same rung.
fn is_less(power: &Power, on: ScopeKind, proposal: &Proposal, kind: ScopeKind) -> bool {
    let withholds = power.withholds();
    let part = withholds.is_subset(&proposal.withholds) && withholds != proposal.withholds && on <= kind;
    let milder = Throttle::is_less(power.throttle, proposal.throttle) && on <= kind;
    let place = (on, power.load_balancers);
    let keeps = on <= kind && power.load_balancers <= proposal.load_balancers;
    let same = withholds == proposal.withholds && power.throttle == proposal.throttle;
    part || milder || same && keeps && place != (kind, proposal.load_balancers)
}

/// Whether one proposal is less than another.
fn less(one: &Proposal, other: &Proposal) -> bool {
    let place = |p: &Proposal| (rung(p.preset, &p.withholds), p.scope.kind());
    place(one) < place(other)
        || place(one) == place(other)
            && (Throttle::is_less(one.throttle, other.throttle)
                || one.withholds.is_subset(&other.withholds) && one.withholds != other.withholds
                || one.withholds == other.withholds && one.load_balancers < other.load_balancers)
}
