//! What other systems are told of a decision, in messages to their endpoints.
//!
//! A system learns of what a gag covers only what it needs to enforce: of the covered measure its id, its scope and the
//! capabilities that it enforces, never why. Everybody else is told when the gag has ended, of what is then the case.

use std::collections::BTreeSet;

use super::event::{Event, Recorded};
use super::legal::OrderKind;
use super::measure::Measure;
use super::{Account, Context, Order};
use crate::capability::Capability;
use crate::name::{MeasureId, NoticeId, PersonId};
use crate::refusal::{Guard, Unmet};
use crate::webhook::{Endpoint, MessageKind};

/// What an endpoint is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Of what kind it is.
    pub kind: MessageKind,
    /// The measure that it tells of.
    pub measure: Option<MeasureId>,
    /// What of it concerns the endpoint.
    pub withholds: BTreeSet<Capability>,
    /// What of that the endpoint is to acknowledge.
    pub acknowledge: BTreeSet<Capability>,
    /// The notice that it tells of.
    pub notice: Option<NoticeId>,
}

impl Message {
    fn new(kind: MessageKind) -> Self {
        Self { kind, measure: None, withholds: BTreeSet::new(), acknowledge: BTreeSet::new(), notice: None }
    }
}

impl Account {
    /// What an endpoint is told of what led from one state to the next, in the order in which it is to be told.
    pub fn messages(
        before: Option<&Self>,
        after: &Self,
        events: &[Recorded],
        endpoint: &Endpoint,
    ) -> Vec<Message> {
        let mut messages = after.measure_messages(before, endpoint);
        if after.standing_moved(before, endpoint) {
            messages.push(Message::new(MessageKind::StandingChanged));
        }
        for recorded in events {
            let (Event::NoticeIssued { notice, .. } | Event::NoticeReleased { notice }) = &recorded.event
            else {
                continue;
            };
            // What a gag delays is told when it is released.
            if after.notice(notice).is_ok_and(|n| n.delayed.is_none()) {
                let notice = Some(notice.clone());
                messages.push(Message { notice, ..Message::new(MessageKind::NoticeIssued) });
            }
        }
        messages.retain(|message| endpoint.events.contains(&message.kind));
        messages
    }

    /// What an endpoint that begins to enforce something is told of the measures that stand.
    pub fn standing_messages(&self, endpoint: &Endpoint) -> Vec<Message> {
        let awaited = |m: &&Measure| {
            (m.is_effective() || m.awaits_restoration())
                && m.unacknowledged().iter().any(|c| endpoint.enforces.contains(c))
        };
        let messages = self.measures.iter().filter(awaited);
        messages.filter_map(|m| self.measure_message(m, m.is_effective(), endpoint)).collect()
    }

    fn measure_messages(&self, before: Option<&Self>, endpoint: &Endpoint) -> Vec<Message> {
        let was = |id: &MeasureId| before.and_then(|account| account.measure(id).ok());
        let mut messages = Vec::new();
        for measure in &self.measures {
            let was = was(&measure.id);
            let moved = was.is_some_and(Measure::is_effective) != measure.is_effective();
            // What a gag kept from this endpoint and keeps no more, where it ever took effect.
            let shown =
                was.is_some() && self.is_shown_to(measure, before, endpoint) && measure.took_effect.is_some();
            if moved || shown {
                messages.extend(self.measure_message(measure, measure.is_effective(), endpoint));
            }
        }
        messages
    }

    /// The message that a measure takes effect, or gives back; none where it does not concern the endpoint.
    fn measure_message(&self, measure: &Measure, applied: bool, endpoint: &Endpoint) -> Option<Message> {
        let everything = endpoint.enforces.is_empty();
        let withholds: BTreeSet<Capability> =
            measure.declared().filter(|c| everything || endpoint.enforces.contains(c)).collect();
        if withholds.is_empty() || (everything && self.gags_measure(measure)) {
            return None;
        }
        let kind = if applied { MessageKind::MeasureApplied } else { MessageKind::MeasureLifted };
        let acknowledge = withholds.intersection(&endpoint.enforces).copied().collect();
        Some(Message { measure: Some(measure.id.clone()), withholds, acknowledge, ..Message::new(kind) })
    }

    /// Whether what the account can do is another than before, by something of which the endpoint may be told.
    fn standing_moved(&self, before: Option<&Self>, endpoint: &Endpoint) -> bool {
        let Some(before) = before else { return false };
        let told = |measure: &Measure| !self.gags_measure(measure) || enforces_of(measure, endpoint);
        let of_measures = self.measures.iter().filter(|m| m.proposal.restricts()).any(|measure| {
            let was = before.measure(&measure.id).ok();
            let counts = |m: &Measure| (m.is_effective(), m.state_name() == "in_force");
            let moved = was.map_or((false, false), counts) != counts(measure);
            let shown = was.is_some() && self.is_shown_to(measure, Some(before), endpoint);
            (moved && told(measure)) || (shown && measure.took_effect.is_some())
        });
        of_measures || before.lifecycle.name() != self.lifecycle.name()
    }

    /// Whether a gag kept a measure from an endpoint before, and keeps it no more.
    fn is_shown_to(&self, measure: &Measure, before: Option<&Self>, endpoint: &Endpoint) -> bool {
        let kept = before.is_some_and(|before| before.gags_measure(measure));
        kept && !self.gags_measure(measure) && !enforces_of(measure, endpoint)
    }

    /// Whether a gag covers a measure: by its scope, by naming its case, or because it covers the order on which it rests.
    pub fn gags_measure(&self, measure: &Measure) -> bool {
        let proposal = &measure.proposal;
        let names = |gag: &Order| {
            let named = gag.gag.as_ref().and_then(|g| g.case.as_ref());
            gag.kind == OrderKind::Gag && gag.stands() && named.is_some() && named == proposal.case.as_ref()
        };
        self.is_gagged(&proposal.scope)
            || self.orders.iter().any(names)
            || proposal.basis.order().is_some_and(|order| self.hides_order(order))
    }
}

/// Whether an endpoint enforces something of what a measure withholds.
fn enforces_of(measure: &Measure, endpoint: &Endpoint) -> bool {
    measure.declared().any(|c| endpoint.enforces.contains(&c))
}

/// Law 13: each capability has its enforcer. Where an endpoint enforces it, only whoever speaks for that endpoint says
/// so; who speaks for an endpoint says so of what it enforces and of nothing else.
pub(super) fn enforcer_guard(by: &PersonId, capability: Capability, context: &Context<'_>) -> Option<Unmet> {
    let book = context.book;
    let speaks = |endpoint: &Endpoint| endpoint.principal.as_ref() == Some(by);
    let detail = match book.enforcing(capability) {
        Some((_, endpoint)) if speaks(endpoint) => return None,
        Some((webhook, _)) => {
            format!("{capability} is enforced by {webhook}, and {by} does not speak for it")
        }
        None if book.webhooks().any(|(_, endpoint)| !endpoint.enforces.is_empty() && speaks(endpoint)) => {
            format!("{by} speaks for an endpoint that does not enforce {capability}")
        }
        None => return None,
    };
    Some(Unmet::new(Guard::Enforces, detail, "its own enforcer says so"))
}
