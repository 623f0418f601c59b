//! Why a command was not carried out, and what would let it be.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::law::Law;

/// A condition that a command has to meet. The name is stable: programs branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// The accepted terms hold the power that is named.
    PowerInAcceptedTerms,
    /// The power permits this measure, on this ground, in this scope.
    PowerPermits,
    /// What would be withheld has someone who enforces it.
    Supported,
    /// Every fact that a notice rests on has id, date and locator, and there is one where the notice needs one.
    FactsComplete,
    /// The words why are of this case: no template, and long enough to say something.
    ReasonsGiven,
    /// The case is open, and on a ground of the power.
    CaseOpen,
    /// A violation notice under the power is served and its cure period has run.
    CureRun,
    /// A notice of intent under the power is served and its period has run.
    NoticeRun,
    /// The moment that was proposed for it has come.
    Due,
    /// The clocks of the case run: no person, appeal or order stops them.
    ClocksRun,
    /// The signal was not cleared as false, or something new came since.
    NotCleared,
    /// A remedy that was submitted in time has been decided.
    CureDecided,
    /// The measure that the power presupposes is in force in the same case.
    Preceded,
    /// What the case asks to be paid is not disputed.
    Undisputed,
    /// Something of the invoice is due.
    PaymentDue,
    /// The least measure was tried first, or the record says why not.
    LeastFirst,
    /// Enough other people approved exactly this.
    Approved,
    /// The people who consent hold the roles that the power names.
    RoleConsents,
    /// The account was struck as often as the power asks for.
    Struck,
    /// Emergency measures of whoever applies one that have ended were reviewed.
    Reviewed,
    /// Appeals whose time for a decision has passed are decided.
    AppealDecided,
    /// Another person acts than the one who proposed, approved or decided before.
    AnotherPerson,
    /// The approval is for the command as it stands.
    SameCommand,
    /// An emergency measure is ratified, or its time for that still runs.
    Ratified,
    /// No order of a court or authority stands against it.
    NoOrder,
    /// No hold preserves what it would lose.
    NoHold,
    /// No appeal is open.
    NoOpenAppeal,
    /// The account had the time to fetch its data that it was promised.
    RetrievalRun,
    /// It was reminded of that time, and each reminder was served.
    RemindersServed,
    /// Whoever lifts a measure stands no lower than whoever set it.
    Authority,
    /// Nothing withholds what the command would change.
    NotWithheld,
    /// Whoever says that something is withheld is who enforces it.
    Enforces,
    /// It fits the account's plan.
    WithinPlan,
    /// The namespace is the one that was decided on, nobody else's, and holds nothing of the names that are ours.
    Adoptable,
    /// Whoever takes a namespace accepted what was found in it.
    ConcernsAccepted,
    /// What was asked for under a hostname was answered by whoever has it.
    ChallengeAnswered,
    /// The thing is in a state from which this can be done.
    InState,
    /// The moment named has not passed and is within reach.
    Moment,
    /// The name is still free.
    NameFree,
    /// The provider's record has what the command refers to.
    Known,
    /// The terms' calendar knows the days it is asked about.
    CalendarKnown,
    /// The legal clock is trusted: nobody is asked to say whether the machine's clock is right.
    ClockTrusted,
    /// The record can be written and keeps up.
    RecordKept,
    /// The rule's, operator's or window's cap is not reached.
    WithinCap,
    /// Others who are similarly situated were treated alike, or the record says why not.
    TreatedAlike,
}

impl Guard {
    /// The law that the guard keeps, where it keeps one.
    pub fn law(self) -> Option<Law> {
        match self {
            Self::PowerInAcceptedTerms
            | Self::PowerPermits
            | Self::Supported
            | Self::FactsComplete
            | Self::ReasonsGiven
            | Self::CaseOpen => Some(Law::Basis),
            Self::CureRun | Self::NoticeRun | Self::ClocksRun | Self::Due | Self::ClockTrusted => {
                Some(Law::FullPeriod)
            }
            Self::NotCleared => Some(Law::Undoing),
            Self::CureDecided | Self::LeastFirst | Self::Preceded | Self::Undisputed | Self::Struck => {
                Some(Law::Ladder)
            }
            Self::Approved | Self::RoleConsents | Self::AnotherPerson | Self::SameCommand => {
                Some(Law::Separation)
            }
            Self::Ratified | Self::Reviewed => Some(Law::Emergency),
            Self::NoOrder | Self::NoHold => Some(Law::OrdersAndHolds),
            Self::AppealDecided => Some(Law::Reading),
            Self::NoOpenAppeal | Self::RetrievalRun | Self::RemindersServed | Self::Adoptable => {
                Some(Law::Data)
            }
            Self::Authority => Some(Law::Stacking),
            Self::CalendarKnown => Some(Law::Explicit),
            Self::RecordKept => Some(Law::Record),
            Self::Enforces => Some(Law::Observed),
            Self::WithinCap => Some(Law::Rules),
            Self::PaymentDue
            | Self::NotWithheld
            | Self::WithinPlan
            | Self::ConcernsAccepted
            | Self::ChallengeAnswered
            | Self::InState
            | Self::TreatedAlike
            | Self::Moment
            | Self::NameFree
            | Self::Known => None,
        }
    }
}

/// One guard that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unmet {
    /// Which.
    pub guard: Guard,
    /// The law it keeps.
    pub law: Option<Law>,
    /// What is the case, with the clause, the notice and the dates.
    pub detail: String,
    /// What would meet it.
    pub satisfied_by: String,
    /// The first moment at which it can be met: by itself where nothing is to be done, else if what
    /// [`satisfied_by`](Self::satisfied_by) names is done now.
    pub not_before: Option<Timestamp>,
}

impl Unmet {
    /// An unmet guard without a time of its own.
    pub fn new(guard: Guard, detail: impl Into<String>, satisfied_by: impl Into<String>) -> Self {
        Self {
            guard,
            law: guard.law(),
            detail: detail.into(),
            satisfied_by: satisfied_by.into(),
            not_before: None,
        }
    }

    /// The same with the first moment at which it can be met.
    #[must_use]
    pub fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
        self
    }
}

/// A command refused, with every guard that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// All unmet guards; never empty.
    pub guards: Vec<Unmet>,
}

impl Refusal {
    /// A refusal for one reason.
    pub fn one(unmet: Unmet) -> Self {
        Self { guards: vec![unmet] }
    }

    /// The earliest moment at which all could be met, as far as the guards know times.
    pub fn earliest(&self) -> Option<Timestamp> {
        self.guards.iter().filter_map(|g| g.not_before).max()
    }
}

/// Why a command gives no events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejected {
    /// The law or the state forbids it.
    Refused(Refusal),
    /// It names something that does not exist in this account.
    NotFound {
        /// The kind of thing, in words.
        what: &'static str,
        /// Its name.
        id: String,
    },
    /// It is malformed beyond what its types can say.
    Invalid {
        /// JSON pointer (RFC 6901) into the command.
        pointer: String,
        /// What is wrong and what would be right.
        detail: String,
    },
}

impl From<Unmet> for Rejected {
    fn from(unmet: Unmet) -> Self {
        Self::Refused(Refusal::one(unmet))
    }
}

impl Rejected {
    /// The same refusal with one more guard that is not met; whatever else it is stays as it is.
    #[must_use]
    pub fn and(mut self, unmet: Unmet) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.guards.push(unmet);
        }
        self
    }

    /// The thing is not there.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass a name or a reference to one, whichever they hold"
    )]
    pub fn not_found(what: &'static str, id: impl ToString) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }
}
