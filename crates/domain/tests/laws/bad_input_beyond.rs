//! What bad input is tried on beyond the course of one case: terms, invoices, orders, gags, what an account asks for
//! itself, and the end of an account.

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::command::{Clears, ProposeMeasure, RecordRemoval, Starts};
use tenure_domain::account::cure::{Found, Verifier};
use tenure_domain::account::erasure::Included;
use tenure_domain::account::event::Asked;
use tenure_domain::account::invoice::InvoiceFacts;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::measure::Finding;
use tenure_domain::account::strike::Amount;
use tenure_domain::account::watch::Lifts;
use tenure_domain::authority::Authority;
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::name::{AccountId, ItemId, TermsNoticeId};
use tenure_domain::period::Period;
use tenure_domain::terms::Channel;

use crate::closing;
use crate::world::{HOUSE, World, blob, emergency, propose, reasons, words};

fn two() -> String {
    HOUSE.replace("version: \"1\"", "version: \"2\"")
}

/// States that no course of one case comes through.
pub fn stations() -> Vec<(&'static str, World)> {
    let mut all = Vec::new();
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let terms = world.publish(&two());
    all.push(("new terms published", world.clone()));
    world.ok("person/lena", Command::NotifyTerms { terms, why: words(), letter: blob() });
    all.push(("told of new terms", world.clone()));
    let case = world.open_case("debt");
    world.ok("person/ines", checked(&world));
    all.push(("verified by a fact", world.clone()));
    let (notice, channel, proof) = (world.n(1), Channel::Inbox, "kept".to_owned());
    let mut tried = world.clone();
    tried.ok("system/delivery", Command::RecordAttempt { notice, channel, proof });
    all.push(("tried to deliver", tried));
    world.ok("person/ines", Command::PauseCase { case, why: words() });
    all.push(("paused", world.clone()));
    let threat = world.open_case("threat");
    world.ok("person/ines", emergency(&threat, "1.4", "workload/web/feed"));
    world.ok("person/ines", Command::LiftMeasure { measure: world.m(1), why: words() });
    all.push(("emergency over", world.clone()));
    world.ok("person/lena", order(OrderKind::Preserve));
    all.push(("to be preserved", world.clone()));
    for command in [removal(), order(OrderKind::Stay), gag(&world)] {
        world.ok("person/lena", command);
    }
    all.push(("ordered", world.clone()));
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    world.ok("member/parley/ada", ask());
    all.push(("asked", world));
    let mut world = closing::ready();
    all.push(("ready to be deleted", world.clone()));
    let mut lifting = world.clone();
    lifting.ok("person/ines", Command::LiftMeasure { measure: lifting.m(1), why: words() });
    all.push(("termination lifting", lifting.clone()));
    crate::enforcers::register(&mut lifting, "pay", crate::enforcers::pays_for("ines"));
    all.push(("termination lifting, with an endpoint", lifting));
    world.ok("person/ines", Command::ProposeDeletion { why: words() });
    all.push(("deletion proposed", world.clone()));
    let command_hash = deletion(&world);
    let approved = |world: &World| {
        let deletion = world.account().lifecycle.closing().and_then(|c| c.deletion.as_ref());
        deletion.is_none_or(|d| d.approved)
    };
    for who in ["omar", "noa", "ruth"] {
        if !approved(&world) {
            let command = Command::ConsentToDeletion { command_hash: command_hash.clone() };
            world.ok(&format!("person/{who}"), command);
        }
    }
    all.push(("deletion approved", world.clone()));
    world.ok("system/eraser", Command::BeginDeletion { command_hash });
    all.push(("deletion begun", world.clone()));
    world.ok("system/eraser", gone("web"));
    world.ok("system/eraser", gone("batch"));
    all.push(("environments deleted", world.clone()));
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    world.ok("member/parley/ada", ask_deletion("web", "web"));
    all.push(("deletion of an environment asked", world.clone()));
    world.pass_hours(25);
    all.push(("deletion of an environment begun", world));
    let mut fetched = closing::terminated("3.1", "abuse").0;
    fetched.pass_hours(1);
    all.push(("terminated", fetched));
    all
}

fn gone(environment: &str) -> Command {
    Command::ConfirmEnvironmentDeleted { environment: environment.parse().unwrap(), certificate: blob() }
}

fn ask_deletion(environment: &str, confirm: &str) -> Command {
    Command::AskEnvironmentDeletion {
        environment: environment.parse().unwrap(),
        confirm: confirm.to_owned(),
        why: words(),
        including: Vec::new(),
    }
}

/// Something in an environment that is not ours.
fn included(environment: &str, object: &str) -> Included {
    Included {
        environment: environment.parse().unwrap(),
        object: object.to_owned(),
        uid: "6f2c1f0e".to_owned(),
    }
}

fn deletion(world: &World) -> String {
    let deletion = world.account().lifecycle.closing().and_then(|c| c.deletion.as_ref());
    deletion.map_or_else(|| "0".repeat(64), |d| d.command_hash.clone())
}

fn checked(world: &World) -> Command {
    let item = Asked {
        id: "quiet".parse().unwrap(),
        ask: words(),
        report: None,
        invoice: None,
        verifier: Verifier::Fact { bound: "reports(\"debt\", \"P7D\").filed < 5".to_owned() },
    };
    Command::IssueNotice {
        case: world.c(1),
        starts: Starts::Both,
        power: "1.3".parse().unwrap(),
        why: words(),
        items: vec![item],
        reasons: reasons(),
    }
}

fn order(kind: OrderKind) -> Command {
    Command::RecordOrder { kind, scope: "account".parse().unwrap(), authority: words(), document: blob() }
}

fn removal() -> Command {
    Command::RecordRemoval(RecordRemoval {
        scope: "workload/web/feed".parse().unwrap(),
        locator: words(),
        authority: words(),
        document: blob(),
        deadline: None,
        why_not_less: None,
        letter: blob(),
    })
}

fn gag(world: &World) -> Command {
    let until = world.now + SignedDuration::from_hours(30 * 24);
    let scope = "environment/web".parse().unwrap();
    Command::RecordGag { scope, case: None, authority: words(), document: blob(), until }
}

fn ask() -> Command {
    let scope = "environment/web".parse().unwrap();
    Command::AskMeasure { preset: Preset::Freeze, scope, ends: None, why: words() }
}

/// Every further command on everything there is, and on what is not there.
pub fn commands(world: &World) -> Vec<Command> {
    let account = world.account();
    let owner: &AccountId = &world.id;
    let told = TermsNoticeId::new(owner.clone(), 1);
    let mut second = account.terms.clone();
    "2".clone_into(&mut second.version);
    let pending = account.terms_notices.first().map(|n| n.terms.clone());
    let published = world.book.iter().map(|(reference, _)| reference.clone()).find(|r| r != &account.terms);
    let hash = pending.map_or_else(|| "0".repeat(64), |terms| terms.hash);
    let clears = Clears { within: Period::Days(7), reports: 0 };
    let day = SignedDuration::from_hours(24);
    let mut all = vec![
        Command::NotifyTerms { terms: published.unwrap_or(second), why: words(), letter: blob() },
        Command::RecordTermsAttempt { notice: told.clone(), channel: Channel::Inbox, proof: "kept".into() },
        Command::AcknowledgeTerms { notice: told.clone() },
        Command::AcceptTerms { notice: told, hash },
        Command::RecordInvoice {
            invoice: "inv-1".parse().unwrap(),
            facts: InvoiceFacts {
                amount: 1_000,
                currency: "USD".parse().unwrap(),
                due: "2021-03-01".parse().unwrap(),
                paid: 0,
                credited: 0,
                disputed: 0,
                as_of: world.now,
            },
        },
        Command::ClearSignal { ground: "threat".parse().unwrap(), rule: None, why: words(), clears },
        ask(),
        order(OrderKind::Preserve),
        removal(),
        gag(world),
        Command::RecordTimedOrder {
            kind: OrderKind::Reinstate,
            scope: "account".parse().unwrap(),
            authority: words(),
            document: blob(),
            deadline: world.now + day,
        },
        Command::DecideConflict { order: world.o(3), over: world.o(2), why: words() },
        Command::DecideConflict { order: world.o(1), over: world.o(2), why: words() },
        Command::ProposeDeletion { why: words() },
        Command::ConsentToDeletion { command_hash: deletion(world) },
        Command::DenyDeletion { command_hash: deletion(world), why: words() },
        Command::ConfirmDeletion { certificate: blob() },
        Command::ProposeDeletionOf { why: words(), including: vec![included("web", "ConfigMap/theirs")] },
        Command::ProposeDeletionOf { why: words(), including: vec![included("none", "ConfigMap/theirs")] },
        Command::ProposeDeletionOf { why: words(), including: vec![included("web", "")] },
        Command::ProposeDeletionOf { why: words(), including: vec![included("web", "x"); 101] },
        Command::BeginDeletion { command_hash: deletion(world) },
        Command::BeginDeletion { command_hash: "0".repeat(64) },
        gone("web"),
        gone("none"),
        ask_deletion("web", "web"),
        ask_deletion("web", ""),
        ask_deletion("batch", "web"),
        ask_deletion("none", "none"),
        Command::EndEnvironmentDeletion { environment: "web".parse().unwrap() },
        Command::EndEnvironmentDeletion { environment: "none".parse().unwrap() },
    ];
    let crossed = || Found::Crossed { facts: std::collections::BTreeMap::new() };
    for n in [1, 2, 9] {
        let (case, notice, measure) = (world.c(n), world.n(n), world.m(n));
        let items: [ItemId; 2] = ["quiet".parse().unwrap(), "nothing".parse().unwrap()];
        for item in items {
            all.push(Command::RecordCheck { case: case.clone(), item, found: crossed(), why: None });
        }
        all.push(Command::PauseCase { case: case.clone(), why: words() });
        all.push(Command::ResumeCase { case: case.clone(), why: words() });
        all.push(Command::ChargeFee {
            case: case.clone(),
            measure: None,
            amount: Amount { minor_units: 500, currency: "USD".to_owned() },
            why: words(),
        });
        let Command::ProposeMeasure(proposal) = propose(&case, "1.3", "account", true) else { continue };
        let ends = Some(world.now + day + day);
        let lifts = || Lifts { ends, when: std::collections::BTreeSet::new() };
        all.push(Command::ProposeUntil {
            proposal: ProposeMeasure { effective: None, ..proposal },
            lifts: lifts(),
        });
        all.push(Command::ExtendNotice { notice: notice.clone(), by: Period::Days(1), why: words() });
        let (channel, evidence) = (Channel::Inbox, blob());
        all.push(Command::ProveDelivery { notice: notice.clone(), channel, evidence });
        let (channel, why) = (Channel::Email, "550 no such user".to_owned());
        all.push(Command::RecordFailure { notice: notice.clone(), channel, why });
        all.push(Command::ReadNotice { notice });
        let command_hash =
            account.measure(&measure).map_or_else(|_| "0".repeat(64), |m| m.command_hash.clone());
        all.push(Command::DenyMeasure { measure: measure.clone(), command_hash, why: words() });
        let finding = Finding::Right;
        all.push(Command::ReviewEmergency { measure: measure.clone(), finding, account: words() });
        for authority in [Authority::Abuse, Authority::AccountHolder] {
            all.push(Command::LiftUnder { measure: measure.clone(), authority, why: words() });
        }
        all.push(Command::ApplyOrder {
            order: world.o(n),
            preset: Preset::Freeze,
            scope: "environment/batch".parse().unwrap(),
            why: words(),
        });
        all.push(Command::SetConditions { measure: measure.clone(), lifts: lifts(), why: words() });
        all.push(Command::ReviewMeasure { measure: measure.clone(), lift: false, why: words() });
        for withheld in [true, false] {
            let (measure, capability) = (measure.clone(), Capability::Payments);
            all.push(Command::AcknowledgeEnforcement { measure: measure.clone(), capability, withheld });
            all.push(Command::AcknowledgeByWebhook { measure, webhook: "pay".parse().unwrap(), withheld });
        }
        for number in [0, 1] {
            let measure = measure.clone();
            all.push(Command::IssueRetrievalNotice { measure, number, why: words(), letter: blob() });
        }
        all.push(Command::RenewGag { order: world.o(n), until: None, document: None, why: words() });
        all.push(Command::RenewGag { order: world.o(4), until: None, document: None, why: words() });
        all.push(Command::AssignAppeal { appeal: world.a(n), reviewer: "ruth".parse().unwrap() });
        let scope = Some("environment/web".parse().unwrap());
        all.push(Command::ModifyOnAppeal { appeal: world.a(n), preset: None, scope, why: words() });
    }
    all
}
