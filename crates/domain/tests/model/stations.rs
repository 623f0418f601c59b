//! Where the explorer begins: the account as it is opened, stations of the natural course of a case, and those of courts and
//! of the end of an account, so that what is far from the beginning is explored as thoroughly.

use tenure_domain::account::Command;
use tenure_domain::account::command::{RecordRemoval, Starts};
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::strike::Amount;
use tenure_domain::capability::Capability;
use tenure_domain::name::{CaseId, ItemId, MeasureId};

use crate::commands::{self, ADA, COURSE, Maker, Makers};
use crate::commands_further::FURTHER;
use crate::commands_legal::{APPEALS, COURTS, ENDING, WHOLE};
use crate::explore::Walk;
use crate::world::{blob, emergency, issue, open_case, propose, words};

/// What is tried from a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// The course of a case.
    Course,
    /// Every command there is.
    All,
    /// Orders that meet: what courts command, what carries it out, and what is observed.
    Courts,
    /// Appeals and what they undo.
    Appeals,
    /// The way to a deletion, and what stops it.
    Ending,
}

const DEADLINES: Makers = &[("deadlines", commands::deadlines)];
const OBSERVED: Makers = &[("observe", commands::observe)];
const ORDERED: Makers = &[("order", commands::order)];
const HELD: Makers = &[("hold", commands::hold)];
const APPEALED: Makers = &[("appeal", commands::appeal)];
const LIFTED: Makers = &[("lift", commands::lift)];

impl Tried {
    /// What makes it.
    pub fn makers(self) -> impl Iterator<Item = &'static (&'static str, Maker)> {
        let tables: &'static [Makers] = match self {
            Self::Course => &[COURSE],
            Self::All => &[COURSE, FURTHER, COURTS, APPEALS, ENDING],
            Self::Courts => &[COURTS, ORDERED, OBSERVED, HELD, DEADLINES],
            Self::Appeals => &[APPEALS, APPEALED, LIFTED, OBSERVED, HELD, ORDERED, DEADLINES],
            Self::Ending => &[ENDING, WHOLE, ORDERED, HELD, APPEALED, LIFTED, OBSERVED, DEADLINES],
        };
        tables.iter().copied().flatten()
    }
}

/// What is tried from each station, and how many commands deep. Measured so that all take well below a minute in a debug
/// build.
pub const DEPTHS: &[(Station, Tried, usize)] = &[
    (Station::Opened, Tried::Course, 5),
    (Station::Noticed, Tried::Course, 4),
    (Station::CureRun, Tried::Course, 4),
    (Station::Stayed, Tried::Course, 4),
    (Station::Scheduled, Tried::Course, 3),
    (Station::Emergency, Tried::Course, 3),
    (Station::Run, Tried::Course, 3),
    (Station::InForce, Tried::Course, 3),
    (Station::Appealed, Tried::Course, 3),
    (Station::Two, Tried::Course, 3),
    (Station::DeletionProposed, Tried::Ending, 4),
    (Station::DeletionBegun, Tried::Ending, 3),
    (Station::DeletionAsked, Tried::Ending, 3),
    (Station::Contested, Tried::Courts, 3),
    (Station::Appealed, Tried::Appeals, 4),
    (Station::Struck, Tried::Appeals, 3),
    (Station::Opened, Tried::All, 3),
    (Station::Told, Tried::All, 2),
    (Station::Noticed, Tried::All, 2),
    (Station::Run, Tried::All, 2),
    (Station::InForce, Tried::All, 2),
    (Station::Emergency, Tried::All, 2),
    (Station::Appealed, Tried::All, 2),
    (Station::Stayed, Tried::All, 2),
    (Station::Contested, Tried::All, 2),
    (Station::Struck, Tried::All, 2),
    (Station::Terminating, Tried::All, 2),
    (Station::Retrieving, Tried::All, 2),
    (Station::DeletionProposed, Tried::All, 2),
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
    /// A removal is in force, and an order for the whole account to reinstate contradicts it.
    Contested,
    /// A case was cured and its measure is appealed; a second one struck again, and what is in force in it rests on both
    /// strikes. It was charged for, too.
    Struck,
    /// Other terms are notified and served; they bind when their period has run.
    Told,
    /// A termination is approved and due.
    Terminating,
    /// It is in force, and the time to fetch the data runs.
    Retrieving,
    /// That time has run, every reminder is served, and a deletion is proposed.
    DeletionProposed,
    /// It has its quorum, and was begun.
    DeletionBegun,
    /// The account asked that an environment be deleted.
    DeletionAsked,
}

impl Station {
    /// The way there.
    pub fn walk(self) -> Walk {
        use Station as S;
        match self {
            S::Contested => return contested(),
            S::Struck => return struck(),
            S::Told => return told(),
            S::Terminating | S::Retrieving | S::DeletionProposed | S::DeletionBegun => return ending(self),
            S::DeletionAsked => return deletion_asked(),
            _ => {}
        }
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

/// A case is opened, noticed under a power, and its periods run.
fn run(walk: &mut Walk, power: &str, item: &str) -> CaseId {
    walk.go("person/ines", open_case("abuse"));
    let case = walk.world.account().cases.last().unwrap().id.clone();
    walk.go("person/ines", issue(&case, Starts::Both, power, &[item]));
    let notice = walk.world.account().notices.last().unwrap().id.clone();
    walk.go(ADA, Command::AcknowledgeNotice { notice });
    walk.wait_hours(48);
    case
}

/// A measure is proposed, approved, and takes effect.
fn effect(walk: &mut Walk, case: &CaseId, power: &str, scope: &str, approvers: &[&str]) -> MeasureId {
    let measure = approved(walk, case, power, scope, approvers);
    walk.fire_due();
    measure
}

/// A measure is proposed and approved, and due at once.
fn approved(walk: &mut Walk, case: &CaseId, power: &str, scope: &str, approvers: &[&str]) -> MeasureId {
    walk.go("person/ines", propose(case, power, scope, true));
    let measure = walk.world.account().measures.last().unwrap().id.clone();
    for who in approvers {
        let command_hash = walk.world.hash(measure.number());
        walk.go(who, Command::ApproveMeasure { measure: measure.clone(), command_hash });
    }
    measure
}

fn in_force(walk: &mut Walk, measure: &MeasureId) {
    walk.go("system/cluster", Command::ConfirmInForce { measure: measure.clone(), receipt: blob() });
}

fn contested() -> Walk {
    let mut walk = Walk::open();
    let removal = RecordRemoval {
        scope: "workload/web/feed".parse().unwrap(),
        locator: words(),
        authority: words(),
        document: blob(),
        deadline: None,
        why_not_less: None,
        letter: blob(),
    };
    walk.go("person/lena", Command::RecordRemoval(removal));
    let measure = walk.world.m(1);
    in_force(&mut walk, &measure);
    let (kind, scope) = (OrderKind::Reinstate, "account".parse().unwrap());
    walk.go("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    walk
}

fn told() -> Walk {
    let mut walk = Walk::open();
    walk.go("person/ines", open_case("abuse"));
    let second = walk.world.book.iter().map(|(reference, _)| reference).find(|r| r.version == "2");
    let terms = second.unwrap().clone();
    walk.go("person/lena", Command::NotifyTerms { terms, why: words(), letter: blob() });
    let notice = walk.world.account().terms_notices[0].id.clone();
    walk.go(ADA, Command::AcknowledgeTerms { notice });
    walk
}

fn struck() -> Walk {
    let mut walk = Walk::open();
    let case = run(&mut walk, "1.3", "a");
    let measure = effect(&mut walk, &case, "1.3", "account", &["person/omar"]);
    in_force(&mut walk, &measure);
    walk.go(ADA, Command::FileAppeal { measure: measure.clone(), grounds: words() });
    let item: ItemId = "a".parse().unwrap();
    walk.go(ADA, Command::SubmitCure { case: case.clone(), item: item.clone(), remedy: words() });
    walk.go("person/ines", Command::AcceptCure { case, item });
    walk.go("system/cluster", Command::ConfirmRestored { measure, receipt: blob() });
    let case = run(&mut walk, "1.6", "b");
    let measure = effect(&mut walk, &case, "1.6", "environment/web", &["person/omar"]);
    in_force(&mut walk, &measure);
    let amount = Amount { minor_units: 500, currency: "USD".to_owned() };
    walk.go("person/ines", Command::ChargeFee { case, measure: Some(measure), amount, why: words() });
    walk
}

fn ending(station: Station) -> Walk {
    let mut walk = Walk::open();
    let case = run(&mut walk, "1.5", "a");
    let measure = approved(&mut walk, &case, "1.5", "account", &["person/omar", "person/noa"]);
    if station == Station::Terminating {
        return walk;
    }
    walk.fire_due();
    for capability in [Capability::StorageWrite, Capability::Payments] {
        let measure = measure.clone();
        let withheld = Command::AcknowledgeEnforcement { measure, capability, withheld: true };
        walk.go("person/pay", withheld);
    }
    in_force(&mut walk, &measure);
    for number in 0..=3 {
        let (why, letter) = (words(), blob());
        walk.go(
            "system/delivery",
            Command::IssueRetrievalNotice { measure: measure.clone(), number, why, letter },
        );
        let notice = walk.world.account().notices.last().unwrap().id.clone();
        walk.go(ADA, Command::AcknowledgeNotice { notice });
        if station == Station::Retrieving {
            return walk;
        }
        walk.wait_hours(30 * 24 / 4);
    }
    walk.go("person/ines", Command::ProposeDeletion { why: words() });
    if station == Station::DeletionBegun {
        let deletion = walk.world.account().lifecycle.closing().and_then(|c| c.deletion.as_ref());
        let command_hash = deletion.unwrap().command_hash.clone();
        for who in ["person/omar", "person/noa"] {
            walk.go(who, Command::ConsentToDeletion { command_hash: command_hash.clone() });
        }
        walk.go("system/eraser", Command::BeginDeletion { command_hash });
    }
    walk
}

fn deletion_asked() -> Walk {
    let mut walk = Walk::open();
    let ask = Command::AskEnvironmentDeletion {
        environment: "web".parse().unwrap(),
        confirm: "web".to_owned(),
        why: words(),
        including: Vec::new(),
    };
    walk.go(ADA, ask);
    walk
}
