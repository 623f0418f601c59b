//! What a document means: on each ground, what may happen and how soon at the earliest, and what of it touches a law of
//! the house, a floor or a regulation. As data; whoever shows it finds the words.
//!
//! Whether a regulation applies to a provider is not known here. What is known is which figure a regulation names and
//! which one the document has.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::regulation::{
    CHANGE_NOTICE, COMPLAINTS, RETRIEVAL, SWITCHING_NOTICE, SWITCHING_TRANSITION, TERMINATION_NOTICE,
};
use super::{Power, Process, Regulation, Terms};
use crate::balancers::Balancers;
use crate::calendar::{CalendarError, Deadline};
use crate::capability::{Capability, Preset};
use crate::name::{Ground, PowerId};
use crate::period::Period;
use crate::scope::ScopeKind;
use crate::throttle::Throttle;

/// How soon an attempted notice may count as served before that is worth a remark.
const DEEMED_SHORT: Period = Period::Seconds(24 * 3_600);

/// What a document means, reckoned from one example moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The moment at which, for the example, everything that can be served is served.
    pub example: Timestamp,
    /// By ground, in the order of their names.
    pub grounds: BTreeMap<Ground, Vec<Way>>,
    /// What it touches, warnings first.
    pub findings: Vec<Finding>,
}

/// One thing that may happen on a ground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Under which power.
    pub power: PowerId,
    /// What.
    pub permits: Preset,
    /// The capabilities that it writes out, where it permits a list instead of a preset.
    pub listed: BTreeSet<Capability>,
    /// How much computing time it leaves, where it is throttling.
    pub throttle: Option<Throttle>,
    /// What becomes of load balancers meanwhile.
    pub load_balancers: Balancers,
    /// To what.
    pub scopes: BTreeSet<ScopeKind>,
    /// How it comes about, and when.
    pub course: Course,
    /// The measure that has to be in force first.
    pub after: Option<Preset>,
    /// A lesser power on the same ground: it comes first, or the record says why not.
    pub lesser: Option<PowerId>,
    /// How long the data can be fetched afterwards, where it is a termination.
    pub retrieval: Option<Period>,
    /// How long a suspension lasts before it counts as a termination.
    pub constructive_termination_after: Option<Period>,
}

/// How a measure comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Course {
    /// The account is told first.
    Noticed {
        /// From the service of the notice of intent.
        notice: Period,
        /// From the service of the violation notice, to put things right.
        cure: Period,
        /// How many people besides the proposer consent.
        approvals: u8,
        /// The first lawful moment where both notices are acknowledged at the example moment.
        earliest: Result<Deadline, CalendarError>,
        /// The same where nobody acknowledges and the deemed rule counts from then; none where the terms say never.
        deemed: Option<Result<Deadline, CalendarError>>,
    },
    /// It comes first and is provisional.
    Emergency {
        /// When its notice has gone out.
        notice_by: Result<Deadline, CalendarError>,
        /// When it lifts by itself unless another person ratified it.
        lifts_at: Result<Deadline, CalendarError>,
    },
}

/// How a finding is to be taken. What is worse than a warning does not read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Somebody has to look at it.
    Warning,
    /// As it should be.
    Fine,
}

/// What a document touches, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is to be taken.
    pub grade: Grade,
    /// What it touches.
    pub touches: Touch,
    /// By which powers; empty where it is the document as a whole.
    pub powers: Vec<PowerId>,
    /// The period that the document has, where it has one.
    pub has: Option<Period>,
    /// Whether the document itself names the regulation.
    pub named: bool,
}

/// A law, a floor or a regulation that a document touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// 2019/1150 Article 4(2): 30 days and reasons before a termination.
    TerminationNotice,
    /// 2019/1150 Article 4(4): an exception from these 30 days that the power names.
    TerminationException,
    /// 2019/1150 Article 4(1) and 2022/2065 Article 17: reasons with every restriction.
    Reasons,
    /// 2019/1150 Article 3(2): 15 days before changed terms bind.
    ChangeNotice,
    /// 2022/2065 Article 20(1): six months for complaints.
    Complaints,
    /// 2023/2854 Article 25(2)(d): at most two months' notice of leaving.
    SwitchingNotice,
    /// 2023/2854 Article 25(2)(a): at most 30 days for the move.
    SwitchingTransition,
    /// 2023/2854 Article 25(2)(g): at least 30 days to retrieve the data.
    SwitchingRetrieval,
    /// The floor of retrieval does not hold for these terminations.
    RetrievalExcepted,
    /// Law 11: written zero, so that nothing runs before the measure.
    NoPeriod,
    /// Law 5: provisional, and who ratifies it.
    Emergency,
    /// Law 2: a notice may never be served where nobody acknowledges.
    NeverDeemed,
    /// Law 2: an attempt counts as service within less than 24 hours.
    SoonDeemed,
    /// Law 1: nothing enforces this measure yet, so that proposing it is refused.
    Unsupported,
    /// Law 11: the calendar does not know the days that a period asked for from the example moment reaches.
    CalendarEnds,
}

impl Touch {
    /// The regulation, where it is one.
    pub fn regulation(self) -> Option<Regulation> {
        match self {
            Self::TerminationNotice | Self::TerminationException | Self::ChangeNotice => {
                Some(Regulation::PlatformToBusiness)
            }
            Self::Complaints | Self::Reasons => Some(Regulation::DigitalServices),
            Self::SwitchingNotice | Self::SwitchingTransition | Self::SwitchingRetrieval => {
                Some(Regulation::Data)
            }
            Self::RetrievalExcepted
            | Self::NoPeriod
            | Self::Emergency
            | Self::NeverDeemed
            | Self::SoonDeemed
            | Self::Unsupported
            | Self::CalendarEnds => None,
        }
    }
}

/// How many days before the end of the calendar the example begins where none is given.
const EXAMPLE_BEFORE_END: i64 = 90;

impl Terms {
    /// A moment to reckon from where nobody names one: 90 days before the end of the calendar, at 17:00 UTC, so that the
    /// days of most periods are known.
    pub fn example_moment(&self) -> Timestamp {
        let span = jiff::Span::new().days(EXAMPLE_BEFORE_END);
        let day = self.calendar.covers_until.checked_sub(span).unwrap_or(self.calendar.covers_until);
        day.at(17, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp())
    }

    /// What this version means, reckoned from `example`, with its own calendar.
    pub fn explain(&self, example: Timestamp) -> Explanation {
        let mut grounds: BTreeMap<Ground, Vec<Way>> = BTreeMap::new();
        for ground in self.powers.iter().flat_map(|p| &p.grounds) {
            if grounds.contains_key(ground) {
                continue;
            }
            let mut powers: Vec<&Power> = self.powers.iter().filter(|p| p.grounds.contains(ground)).collect();
            powers.sort_by_key(|p| (p.rung(), !matches!(p.process, Process::Emergency { .. })));
            let ways = powers.iter().map(|power| self.way(power, ground, example)).collect();
            grounds.insert(ground.clone(), ways);
        }
        let mut findings = self.regulated();
        findings.extend(self.housed(example));
        findings.sort_by_key(|f| f.grade);
        Explanation { example, grounds, findings }
    }

    fn way(&self, power: &Power, ground: &Ground, example: Timestamp) -> Way {
        let lesser = self
            .powers
            .iter()
            .filter(|p| p.grounds.contains(ground) && p.is_supported() && p.rung() < power.rung())
            .min_by_key(|p| p.rung())
            .map(|p| p.id.clone());
        Way {
            power: power.id.clone(),
            permits: power.permits,
            listed: power.listed.clone(),
            throttle: power.throttle,
            load_balancers: power.load_balancers,
            scopes: power.scopes.clone(),
            course: self.course(power, ground, example),
            after: power.after,
            lesser,
            retrieval: power.retrieval,
            constructive_termination_after: power.constructive_termination_after,
        }
    }

    fn course(&self, power: &Power, ground: &Ground, example: Timestamp) -> Course {
        match &power.process {
            Process::Noticed { notice, cure, approvals } => {
                let served = |from| self.first_moment(power, ground, from);
                let deemed = self
                    .service
                    .deemed_after
                    .map(|after| self.calendar.deadline(example, &after).and_then(|d| served(d.at)));
                let (notice, cure, approvals) = (*notice, *cure, *approvals);
                Course::Noticed { notice, cure, approvals, earliest: served(example), deemed }
            }
            Process::Emergency { ratify_within, notice_within } => Course::Emergency {
                notice_by: self.calendar.deadline(example, notice_within),
                lifts_at: self.calendar.deadline(example, ratify_within),
            },
        }
    }

    /// The first moment at which the power may be used where everything that can be served is served at `from`; for one
    /// that presupposes a measure not before that.
    fn first_moment(
        &self,
        power: &Power,
        ground: &Ground,
        from: Timestamp,
    ) -> Result<Deadline, CalendarError> {
        // From the bottom of the ladder: what a power presupposes is always less than what it permits.
        let mut first: BTreeMap<Preset, Deadline> = BTreeMap::new();
        for preset in Preset::LADDER.into_iter().filter(|preset| *preset < power.rung()) {
            for lesser in self.powers.iter().filter(|p| p.permits == preset && p.grounds.contains(ground)) {
                let moment = self.not_before(lesser, &first, from)?;
                let earlier = first.get(&preset).is_none_or(|known| moment.at < known.at);
                if earlier {
                    first.insert(preset, moment);
                }
            }
        }
        self.not_before(power, &first, from)
    }

    fn not_before(
        &self,
        power: &Power,
        first: &BTreeMap<Preset, Deadline>,
        from: Timestamp,
    ) -> Result<Deadline, CalendarError> {
        let own = match &power.process {
            Process::Noticed { notice, cure, .. } => self.both(from, *notice, *cure)?,
            Process::Emergency { .. } => self.calendar.deadline(from, &Period::Seconds(0))?,
        };
        let before = power.after.and_then(|preset| first.get(&preset)).filter(|before| before.at > own.at);
        Ok(before.cloned().unwrap_or(own))
    }

    /// When both periods have fully run that begin at `from`.
    fn both(&self, from: Timestamp, notice: Period, cure: Period) -> Result<Deadline, CalendarError> {
        let (notice, cure) = (self.calendar.deadline(from, &notice)?, self.calendar.deadline(from, &cure)?);
        Ok(if notice.at >= cure.at { notice } else { cure })
    }

    fn finding(&self, fine: bool, touches: Touch, powers: Vec<PowerId>, has: Option<Period>) -> Finding {
        let named = touches.regulation().is_some_and(|r| self.regulations.contains(&r));
        Finding { grade: if fine { Grade::Fine } else { Grade::Warning }, touches, powers, has, named }
    }

    fn powers_where(&self, which: impl Fn(&Power) -> bool) -> Vec<PowerId> {
        self.powers.iter().filter(|p| which(p)).map(|p| p.id.clone()).collect()
    }

    fn regulated(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for power in self.powers.iter().filter(|p| p.permits == Preset::Terminate) {
            let Process::Noticed { notice, .. } = &power.process else { continue };
            let (id, has) = (vec![power.id.clone()], Some(*notice));
            let long = notice.is_at_least(&TERMINATION_NOTICE);
            let touch = if power.exception.is_some() && !long {
                Touch::TerminationException
            } else {
                Touch::TerminationNotice
            };
            found.push(self.finding(long || power.exception.is_some(), touch, id, has));
        }
        found.push(self.finding(true, Touch::Reasons, Vec::new(), None));
        let changes = self.changes.map(|c| c.notice);
        let fine = changes.is_none_or(|notice| notice.is_at_least(&CHANGE_NOTICE));
        found.push(self.finding(fine, Touch::ChangeNotice, Vec::new(), changes));
        let window = self.floors.appeal_window;
        let complaints = window.is_at_least(&COMPLAINTS);
        found.push(self.finding(complaints, Touch::Complaints, Vec::new(), Some(window)));
        let notice = self.switching.map(|s| s.notice);
        let fine = notice.is_some_and(|n| SWITCHING_NOTICE.is_at_least(&n));
        found.push(self.finding(fine, Touch::SwitchingNotice, Vec::new(), notice));
        let transition = self.switching.map(|s| s.transition);
        let fine = transition.is_some_and(|t| SWITCHING_TRANSITION.is_at_least(&t));
        found.push(self.finding(fine, Touch::SwitchingTransition, Vec::new(), transition));
        let short = self.powers_where(|p| p.retrieval.is_some_and(|r| !r.is_at_least(&RETRIEVAL)));
        let floor = self.floors.retrieval;
        let fine = short.is_empty() && floor.is_at_least(&RETRIEVAL);
        found.push(self.finding(fine, Touch::SwitchingRetrieval, short, Some(floor)));
        found
    }

    fn housed(&self, example: Timestamp) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut warn = |touches, powers: Vec<PowerId>, has| {
            if !powers.is_empty() {
                found.push(self.finding(false, touches, powers, has));
            }
        };
        warn(Touch::Unsupported, self.powers_where(|p| !p.is_supported()), None);
        warn(
            Touch::NoPeriod,
            self.powers_where(|p| match &p.process {
                Process::Noticed { notice, cure, .. } => {
                    p.rung() >= Preset::Suspend && notice.is_zero() && cure.is_zero()
                }
                Process::Emergency { .. } => false,
            }),
            None,
        );
        warn(
            Touch::CalendarEnds,
            self.powers_where(|p| {
                p.grounds.iter().any(|ground| match self.course(p, ground, example) {
                    Course::Noticed { earliest, deemed, .. } => {
                        earliest.is_err() || deemed.is_some_and(|d| d.is_err())
                    }
                    Course::Emergency { notice_by, lifts_at } => notice_by.is_err() || lifts_at.is_err(),
                })
            }),
            None,
        );
        warn(
            Touch::RetrievalExcepted,
            self.floors.retrieval_except.iter().cloned().collect(),
            Some(self.floors.retrieval),
        );
        match self.service.deemed_after {
            None => found.push(self.finding(false, Touch::NeverDeemed, Vec::new(), None)),
            Some(after) if !after.is_at_least(&DEEMED_SHORT) => {
                found.push(self.finding(false, Touch::SoonDeemed, Vec::new(), Some(after)));
            }
            Some(_) => {}
        }
        let emergencies = self.powers_where(|p| matches!(p.process, Process::Emergency { .. }));
        if !emergencies.is_empty() {
            found.push(self.finding(true, Touch::Emergency, emergencies, None));
        }
        found
    }
}
