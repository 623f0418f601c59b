//! Where the explorer begins: the account as it is opened, and stations of the natural course of a case, so that what
//! is far from the beginning is explored as thoroughly.

use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::OrderKind;

use crate::explore::Walk;
use crate::world::{blob, emergency, issue, open_case, propose, words};

/// How many commands deep each station is explored. Measured so that all take well below a minute in a debug build.
pub const DEPTHS: &[(Station, usize)] = &[
    (Station::Opened, 5),
    (Station::Scheduled, 3),
    (Station::Emergency, 3),
    (Station::Noticed, 4),
    (Station::CureRun, 4),
    (Station::Run, 3),
    (Station::InForce, 3),
    (Station::Appealed, 3),
    (Station::Stayed, 4),
    (Station::Two, 3),
];

/// A station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Station {
    /// Nothing has happened.
    Opened,
    /// A notice that starts both periods is served.
    Noticed,
    /// The cure period has run, the notice period has not.
    CureRun,
    /// Both periods have run.
    Run,
    /// A suspension is proposed and approved.
    Scheduled,
    /// It is in force.
    InForce,
    /// An order stays it.
    Stayed,
    /// An emergency measure has just been applied.
    Emergency,
    /// The suspension in force is appealed.
    Appealed,
    /// An emergency measure and a suspension stand on each other.
    Two,
}

impl Station {
    /// The way there.
    pub fn walk(self) -> Walk {
        use Station as S;
        let mut walk = Walk::open();
        if self == S::Opened {
            return walk;
        }
        let case = walk.world.c(1);
        walk.go("person/ines", open_case("abuse"));
        if matches!(self, S::Emergency | S::Two) {
            walk.go("person/ines", emergency(&case, "1.4", "environment/web"));
        }
        if self == S::Emergency {
            return walk;
        }
        walk.go("person/ines", issue(&case, Starts::Both, "1.3", &["a"]));
        let notice = walk.world.account().notices.iter().find(|n| n.kind.starts_cure().is_some()).unwrap();
        let notice = notice.id.clone();
        walk.go("member/parley/ada", Command::AcknowledgeNotice { notice });
        if self == S::Noticed {
            return walk;
        }
        if self == S::Two {
            let command_hash = walk.world.hash(1);
            walk.go("person/omar", Command::RatifyMeasure { measure: walk.world.m(1), command_hash });
        }
        walk.wait_hours(24);
        if self == S::CureRun {
            return walk;
        }
        walk.wait_hours(24);
        if self == S::Run {
            return walk;
        }
        walk.go("person/ines", propose(&case, "1.3", "account", true));
        let stop = if self == S::Two { 2 } else { 1 };
        let command_hash = walk.world.hash(stop);
        let measure = walk.world.m(stop);
        walk.go("person/omar", Command::ApproveMeasure { measure: measure.clone(), command_hash });
        if self == S::Scheduled {
            return walk;
        }
        walk.fire_due();
        walk.go("system/cluster", Command::ConfirmInForce { measure: measure.clone(), receipt: blob() });
        match self {
            S::Stayed => {
                let scope = "account".parse().unwrap();
                let kind = OrderKind::Stay;
                walk.go(
                    "person/lena",
                    Command::RecordOrder { kind, scope, authority: words(), document: blob() },
                );
            }
            S::Appealed => walk.go("member/parley/ada", Command::FileAppeal { measure, grounds: words() }),
            _ => {}
        }
        walk
    }
}
