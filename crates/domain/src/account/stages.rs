//! What has to have happened before a measure is a stage that may be gone through.

use super::Account;
use super::measure::{MeasureState, Proposal};
use crate::refusal::{Guard, Unmet};
use crate::terms::Terms;

impl Account {
    /// Law 4: nothing goes on while what the case asks for is disputed, and a power that presupposes a measure waits
    /// for it.
    pub(super) fn stage_guards(&self, proposal: &Proposal, terms: &Terms) -> Vec<Unmet> {
        let (Some(case), Some(power)) = (&proposal.case, &proposal.power) else { return Vec::new() };
        let mut unmet: Vec<Unmet> = self.dispute_guard(case).into_iter().collect();
        let Some(first) = terms.power(power).and_then(|p| p.after) else { return unmet };
        let stands = self.measures.iter().any(|m| {
            m.proposal.case == proposal.case
                && m.proposal.preset == first
                && matches!(m.state, MeasureState::InForce { .. })
        });
        if !stands {
            unmet.push(Unmet::new(
                Guard::Preceded,
                format!("power {power} may be used only while a {first} of {case} is in force, and none is"),
                format!("go through {first} first, or use another power"),
            ));
        }
        unmet
    }
}
