//! Law 7: everything that has to be true before what an account has may be deleted. Nothing that lapses deletes by
//! itself, and no date that is missing counts as past.

use std::collections::BTreeSet;

use super::closing::{Closing, REMINDERS};
use super::legal::OrderKind;
use super::measure::{Approval, MeasureState};
use super::{Account, Context, Kept};
use crate::name::PersonId;
use crate::permit::{DeletionPermit, ErasePermit};
use crate::refusal::{Guard, Refusal, Rejected, Unmet};
use crate::terms::Terms;

impl Account {
    /// The proof that what the account has may be deleted now, or every guard that is not met.
    ///
    /// The only place where a [`DeletionPermit`] is made. `context.now` is the legal moment of the deletion.
    pub fn deletion_permit(&self, context: &Context<'_>) -> Result<DeletionPermit, Rejected> {
        let mut unmet = self.why_not_deleted(context)?;
        let closing = self.lifecycle.closing();
        let quorum = closing.map(|c| (c, c.valid_consents()));
        if let Some((closing, consents)) = &quorum {
            unmet.extend(quorum_guard(closing, consents.len()));
        }
        let ready = quorum.and_then(|(closing, consents)| {
            Some((closing, consents, closing.retrieve.as_ref()?, closing.deletion.as_ref()?))
        });
        match ready {
            Some((closing, consents, retrieve, deletion)) if unmet.is_empty() => Ok(DeletionPermit {
                account: self.id.clone(),
                measure: closing.measure.clone(),
                proposed_by: deletion.proposed_by.to_string(),
                consents,
                retrieval_ended: retrieve.ends.at,
                erase: ErasePermit {
                    account: self.id.clone(),
                    environment: None,
                    including: deletion.including.clone(),
                    spares_data: false,
                    minted_at: context.now,
                },
            }),
            _ => Err(Rejected::Refused(Refusal { guards: unmet })),
        }
    }

    /// Everything but the quorum that stands between the account and its deletion; never empty while no termination is
    /// in effect.
    pub fn why_not_deleted(&self, context: &Context<'_>) -> Result<Vec<Unmet>, Rejected> {
        let Some(closing) = self.lifecycle.closing() else {
            return Ok(vec![Unmet::new(
                Guard::InState,
                format!("{} is {}", self.id, self.lifecycle.name()),
                "only what a termination has ended is deleted",
            )]);
        };
        let mut unmet = Vec::new();
        let measure = self.measure(&closing.measure)?;
        let terms = self.terms_for(&measure.proposal, context.book)?;
        if !matches!(measure.state, MeasureState::InForce { .. }) {
            unmet.push(Unmet::new(
                Guard::InState,
                format!("the termination {} is {}", measure.id, measure.state_name()),
                "it has to be observed in force",
            ));
        }
        unmet.extend(self.retrieval_guard(closing, terms, context));
        unmet.extend((1..=REMINDERS).filter_map(|number| self.reminder_guard(closing, number)));
        if let Some(case) = &measure.proposal.case {
            unmet.extend(self.dispute_guard(case));
            unmet.extend(self.paused_guard(case, terms));
        }
        unmet.extend(self.preserved(Kept::Records));
        // Those that preserve are named with the holds; any other order stops a deletion too.
        for order in self.orders.iter().filter(|o| o.stands() && o.kind != OrderKind::Preserve) {
            let detail = self.stands_in_words(order);
            unmet.push(Unmet::new(Guard::NoOrder, detail, "the order has to be vacated by whoever gave it"));
        }
        for appeal in self.appeals.iter().filter(|a| a.decided.is_none()) {
            unmet.push(Unmet::new(
                Guard::NoOpenAppeal,
                format!("{} against {} is not decided", appeal.id, appeal.measure),
                "somebody who took no part decides it",
            ));
        }
        Ok(unmet)
    }

    /// The retrieval period: served, computed, as long as promised, and past.
    fn retrieval_guard(&self, closing: &Closing, terms: &Terms, context: &Context<'_>) -> Option<Unmet> {
        let unmet =
            |detail: String, satisfied_by: &str| Some(Unmet::new(Guard::RetrievalRun, detail, satisfied_by));
        let (Some(retrieval), Some(floor)) = (closing.retrieval, closing.floor) else {
            return unmet(
                format!("no time to fetch the data was on record when {} took effect", closing.measure),
                "nothing: a date that is not there is never past",
            );
        };
        let Some(retrieve) = &closing.retrieve else {
            let served = closing.notice.as_ref().and_then(|id| self.notice(id).ok()?.served_at());
            return match served {
                Some(at) => unmet(
                    format!(
                        "the notice was served on {}, and the calendar knew no end of {retrieval}",
                        terms.calendar.local(at)
                    ),
                    "nothing: a date that is not there is never past",
                ),
                None => unmet(
                    format!(
                        "the notice of the end, which promises {retrieval} to fetch the data, is not served"
                    ),
                    "serve it: the time runs from then",
                ),
            };
        };
        let seconds = retrieve.ends.at.as_second() - retrieve.from.as_second();
        let promised = retrieval.shortest_seconds().max(floor.shortest_seconds());
        if u64::try_from(seconds).is_ok_and(|seconds| seconds < promised) || seconds <= 0 {
            return unmet(
                format!(
                    "the recorded end {} is earlier than {retrieval} and the floor {floor} promise",
                    retrieve.ends.at
                ),
                "nothing: a date that cannot be right deletes nothing",
            );
        }
        (context.now < retrieve.ends.at).then(|| {
            Unmet::new(
                Guard::RetrievalRun,
                format!(
                    "not before {}: the account can fetch its data for {retrieval} from the service of the notice on {}",
                    terms.calendar.local(retrieve.ends.at),
                    terms.calendar.local(retrieve.from)
                ),
                "wait until then",
            )
            .not_before(retrieve.ends.at)
        })
    }

    fn reminder_guard(&self, closing: &Closing, number: u8) -> Option<Unmet> {
        let notice = closing.notice(number);
        if notice.and_then(|id| self.notice(id).ok()).is_some_and(|n| n.served_at().is_some()) {
            return None;
        }
        let detail = match notice {
            // The account learns of a notice that a gag delays when the gag ends.
            Some(id) if self.notice(id).is_ok_and(|n| n.delayed.is_some()) => {
                format!("reminder {number} of {REMINDERS} is issued and not served")
            }
            Some(id) => format!("reminder {number} of {REMINDERS} is issued as {id} and not served"),
            None => format!("reminder {number} of {REMINDERS} has not gone out"),
        };
        Some(Unmet::new(Guard::RemindersServed, detail, "serve it: deletion waits for it"))
    }
}

impl Closing {
    /// The consents that count: for the proposal as it stands, each person once, never the proposer.
    pub fn valid_consents(&self) -> Vec<Approval> {
        let Some(deletion) = &self.deletion else { return Vec::new() };
        let mut people: BTreeSet<PersonId> = deletion.proposed_by.person().cloned().into_iter().collect();
        let counts = |a: &&Approval| a.command_hash == deletion.command_hash && people.insert(a.by.clone());
        deletion.consents.iter().filter(counts).cloned().collect()
    }
}

/// The guard of consents that are still to be given.
pub(super) fn quorum_guard(closing: &Closing, given: usize) -> Option<Unmet> {
    let needed = usize::from(closing.quorum);
    if given >= needed && closing.deletion.is_some() {
        return None;
    }
    let by = closing.deletion.as_ref().map(|d| d.proposed_by.to_string());
    Some(Unmet::new(
        Guard::Approved,
        format!("a deletion needs the consent of {needed} people; {given} given"),
        match by {
            Some(by) => format!("people other than {by} consent to exactly this"),
            None => "somebody proposes it, and others consent".to_owned(),
        },
    ))
}
