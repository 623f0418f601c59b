//! How an account comes under a new version of its terms: it is told, and then accepts or the notice's period runs.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::apply::FoldError;
use super::case::Case;
use super::event::{Event, Recorded};
use super::measure::Proposal;
use super::notice::{Attempt, ServedBy};
use super::outlook::Turn;
use super::{Account, Book};
use crate::calendar::Deadline;
use crate::name::TermsNoticeId;
use crate::refusal::{Guard, Rejected, Unmet};
use crate::terms::{Terms, TermsRef};
use crate::text::{Blob, Words};

/// The notice of a new version of the terms to one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TermsNotice {
    /// Its id.
    pub id: TermsNoticeId,
    /// The version that is to bind.
    pub terms: TermsRef,
    /// The letter, as it was issued.
    pub letter: Blob,
    /// What changes, in words.
    pub why: Words,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Who issued it.
    pub issued_by: Actor,
    /// What was tried to deliver it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// When the terms' deemed rule makes it served: counted from the first attempt; none where the terms say never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deemed: Option<Deadline>,
    /// Where it stands.
    pub state: TermsNoticeState,
}

/// Where the notice of a new version stands: `issued → served → bound`, or `accepted`, or `overtaken`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum TermsNoticeState {
    /// Not served: no clock runs.
    Issued,
    /// Served: the version binds when the period ends.
    Served {
        /// When.
        at: Timestamp,
        /// By what proof.
        by: ServedBy,
        /// When the version binds by itself; none where it binds by acceptance only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        binds: Option<Deadline>,
    },
    /// Its period ran: the version binds.
    Bound {
        /// Since when.
        at: Timestamp,
    },
    /// A member accepted the version.
    Accepted {
        /// When.
        at: Timestamp,
        /// Who.
        by: Actor,
    },
    /// Another version came to bind that was notified after this one.
    Overtaken {
        /// When.
        at: Timestamp,
    },
}

impl TermsNotice {
    /// Whether the version can still come to bind by this notice.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, TermsNoticeState::Issued | TermsNoticeState::Served { .. })
    }

    /// When the version binds by itself, where that is known.
    pub fn binds(&self) -> Option<Timestamp> {
        match &self.state {
            TermsNoticeState::Served { binds: Some(deadline), .. } => Some(deadline.at),
            _ => None,
        }
    }

    /// The state's name in the API.
    pub fn state_name(&self) -> &'static str {
        match self.state {
            TermsNoticeState::Issued => "issued",
            TermsNoticeState::Served { .. } => "served",
            TermsNoticeState::Bound { .. } => "bound",
            TermsNoticeState::Accepted { .. } => "accepted",
            TermsNoticeState::Overtaken { .. } => "overtaken",
        }
    }
}

/// What can happen next with the notice of a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextTerms {
    /// Which notice.
    pub notice: TermsNoticeId,
    /// What.
    pub what: WhatTerms,
    /// When it comes due, or until when it can be done; none where no deadline runs.
    pub due: Option<Timestamp>,
}

/// What can happen with the notice of a new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhatTerms {
    /// The letter is put on its channels.
    Deliver,
    /// A member confirms having the letter.
    Acknowledge,
    /// The deemed rule makes it served.
    Deemed,
    /// A member accepts the version.
    Accept,
    /// The version binds by itself.
    Bind,
}

impl WhatTerms {
    /// Whose turn it is.
    pub fn turn(self) -> Turn {
        match self {
            Self::Deliver | Self::Deemed | Self::Bind => Turn::Tenure,
            Self::Acknowledge | Self::Accept => Turn::Account,
        }
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Acknowledge => "acknowledge",
            Self::Deemed => "deemed",
            Self::Accept => "accept_terms",
            Self::Bind => "bind_terms",
        }
    }
}

impl Account {
    /// Everything that can happen next with new versions of the terms, in the order of their notices.
    pub fn next_terms(&self) -> Vec<NextTerms> {
        let mut steps = Vec::new();
        for notice in self.terms_notices.iter().filter(|n| n.is_pending()) {
            let mut add = |what, due| steps.push(NextTerms { notice: notice.id.clone(), what, due });
            if matches!(notice.state, TermsNoticeState::Issued) {
                if let Some(deemed) = &notice.deemed {
                    add(WhatTerms::Deemed, Some(deemed.at));
                }
                if notice.attempts.is_empty() {
                    add(WhatTerms::Deliver, None);
                }
                add(WhatTerms::Acknowledge, None);
            }
            if let Some(at) = notice.binds() {
                add(WhatTerms::Bind, Some(at));
            }
            add(WhatTerms::Accept, notice.binds());
        }
        steps
    }

    /// The notice of terms of this id.
    pub fn terms_notice(&self, id: &TermsNoticeId) -> Result<&TermsNotice, Rejected> {
        let found =
            (id.account() == &self.id).then(|| self.terms_notices.get(id.number() as usize - 1)).flatten();
        found.ok_or_else(|| Rejected::not_found("notice of terms", id))
    }

    /// The version of the terms that governs a case: the one under which it was opened.
    pub fn governing<'a>(&'a self, case: &'a Case) -> &'a TermsRef {
        case.terms.as_ref().unwrap_or(&self.terms)
    }

    /// The terms that govern a case.
    pub fn terms_of<'b>(&self, case: &Case, book: &'b Book) -> Result<&'b Arc<Terms>, Rejected> {
        published(self.governing(case), book)
    }

    /// The version of the terms that governs a measure: that of its case, or what binds the account where it has none.
    pub(super) fn governs<'a>(&'a self, proposal: &Proposal) -> &'a TermsRef {
        let case = proposal.case.as_ref().and_then(|id| self.case(id).ok());
        case.map_or(&self.terms, |case| self.governing(case))
    }

    /// The terms that govern a measure.
    pub(super) fn terms_for<'b>(
        &self,
        proposal: &Proposal,
        book: &'b Book,
    ) -> Result<&'b Arc<Terms>, Rejected> {
        published(self.governs(proposal), book)
    }

    fn terms_notice_mut(&mut self, id: &TermsNoticeId) -> Result<&mut TermsNotice, FoldError> {
        let unknown = self.unknown(id);
        self.terms_notices.get_mut((id.number() - 1) as usize).ok_or(unknown)
    }

    /// Folds what happened to the terms.
    pub(super) fn fold_terms(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let Recorded { at, actor, event } = recorded;
        match event {
            Event::TermsNotified { notice, terms, why, letter } => {
                self.in_order(notice.number(), self.terms_notices.len(), notice)?;
                self.terms_notices.push(TermsNotice {
                    id: notice.clone(),
                    terms: terms.clone(),
                    letter: letter.clone(),
                    why: why.clone(),
                    issued_at: *at,
                    issued_by: actor.clone(),
                    attempts: Vec::new(),
                    deemed: None,
                    state: TermsNoticeState::Issued,
                });
            }
            Event::TermsAttempted { notice, channel, proof, deemed } => {
                let notice = self.terms_notice_mut(notice)?;
                notice.attempts.push(Attempt { channel: *channel, at: *at, proof: proof.clone() });
                if notice.deemed.is_none() {
                    notice.deemed.clone_from(deemed);
                }
            }
            Event::TermsServed { notice, by, binds } => {
                self.terms_notice_mut(notice)?.state =
                    TermsNoticeState::Served { at: *at, by: by.clone(), binds: binds.clone() };
            }
            Event::TermsAccepted { notice } => {
                self.bind(notice, *at, TermsNoticeState::Accepted { at: *at, by: actor.clone() })?;
            }
            Event::TermsBound { notice } => self.bind(notice, *at, TermsNoticeState::Bound { at: *at })?,
            _ => {}
        }
        Ok(())
    }

    /// From now on these terms bind. What is open stays under the terms under which it was opened.
    fn bind(&mut self, id: &TermsNoticeId, at: Timestamp, state: TermsNoticeState) -> Result<(), FoldError> {
        let notice = self.terms_notice_mut(id)?;
        notice.state = state;
        let terms = notice.terms.clone();
        let before = std::mem::replace(&mut self.terms, terms);
        for case in &mut self.cases {
            case.terms.get_or_insert_with(|| before.clone());
        }
        for earlier in self.terms_notices.iter_mut().filter(|n| n.id.number() < id.number()) {
            if earlier.is_pending() {
                earlier.state = TermsNoticeState::Overtaken { at };
            }
        }
        Ok(())
    }
}

/// The text behind a reference.
pub(super) fn published<'b>(terms: &TermsRef, book: &'b Book) -> Result<&'b Arc<Terms>, Rejected> {
    book.get(terms).ok_or_else(|| {
        Unmet::new(
            Guard::Known,
            format!("the accepted terms {terms} are not in the provider's book"),
            "publish exactly that version again",
        )
        .into()
    })
}
