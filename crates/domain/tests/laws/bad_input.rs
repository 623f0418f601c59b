//! Bad input: each command in every state of a case, twice, out of order and by the wrong role. What is refused is refused
//! in a typed way and changes nothing; what decides about the account stands on the record as refused.
//!
//! [`row`] has a line for each command, without a wildcard: a command without one does not compile, and one that is
//! never tried fails the test.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::account::notice::NoticeKind;
use tenure_domain::account::parity::Comparison;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::snapshot::Snapshots;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Actor, Command, Context};
use tenure_domain::authority::Authority;
use tenure_domain::name::ItemId;
use tenure_domain::refusal::Rejected;
use tenure_domain::statement::{Fact, Reasons};
use tenure_domain::terms::Channel;
use tenure_domain::workload::Plan;

use crate::bad_input_beyond as beyond;
use crate::world::{HOUSE, World, blob, emergency, issue, open_case, propose, put, words};

/// Who may give a command; who else gives it is refused or not told that there is anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// A person of the provider.
    Person,
    /// A person of the provider or a rule.
    PersonOrRule,
    /// The rule itself.
    Rule,
    /// A member of the account.
    Member,
    /// A person of the provider, or a member of the account for what it asked for itself.
    PersonOrMember,
    /// A person of the provider, or what carries out deletions.
    PersonOrEraser,
    /// A member of the account, or what carries out deletions.
    MemberOrEraser,
    /// This part of Tenure alone.
    Part(&'static str),
    /// Whom the policies let through; the domain asks for no more.
    Anyone,
}

/// What the same command comes to when it has just been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It is refused.
    Refused,
    /// Nothing happens.
    Nothing,
    /// It is done once more: it makes another thing.
    Another,
}

macro_rules! rows {
    ($($pattern:pat => $name:literal, $by:expr, $again:expr;)*) => {
        const NAMES: &[&str] = &[$($name),*];

        /// The line of a command.
        fn row(command: &Command) -> (&'static str, By, Again) {
            match command { $($pattern => ($name, $by, $again),)* }
        }
    };
}

rows! {
    Command::Open { .. } => "open", By::Anyone, Again::Refused;
    Command::NotifyTerms { .. } => "notify terms", By::Person, Again::Refused;
    Command::RecordTermsAttempt { .. } => "record terms attempt", By::Part("system/delivery"), Again::Nothing;
    Command::AcknowledgeTerms { .. } => "acknowledge terms", By::Member, Again::Nothing;
    Command::AcceptTerms { .. } => "accept terms", By::Member, Again::Refused;
    Command::RecordInvoice { .. } => "record invoice", By::Person, Again::Nothing;
    Command::CreateEnvironment { .. } => "create environment", By::Anyone, Again::Refused;
    Command::Provision(Provision::CreateEnvironment { .. }) => "create environment of a kind", By::Anyone, Again::Refused;
    Command::Provision(Provision::ChangeEnvironment { .. }) => "change environment", By::Anyone, Again::Nothing;
    Command::Provision(Provision::ImportEnvironment { .. }) => "import environment", By::Person, Again::Refused;
    Command::Provision(Provision::ConfirmAdopted { .. }) => "confirm adopted", By::Part("system/cluster"), Again::Nothing;
    Command::Provision(Provision::EndImport { .. }) => "end import", By::Part("system/cluster"), Again::Refused;
    Command::Provision(Provision::MoveEnvironment { .. }) => "move environment", By::Person, Again::Refused;
    Command::Provision(Provision::ConfirmMoved { .. }) => "confirm moved", By::Part("system/cluster"), Again::Refused;
    Command::Provision(Provision::CancelMove { .. }) => "cancel move", By::Person, Again::Refused;
    Command::Provision(Provision::EndMove { .. }) => "end move", By::Part("system/eraser"), Again::Refused;
    Command::Provision(Provision::SetPlan { .. }) => "set plan", By::Person, Again::Nothing;
    Command::Provision(Provision::RequestQuota { .. }) => "request quota", By::Member, Again::Refused;
    Command::Provision(Provision::GrantQuota { .. }) => "grant quota", By::Person, Again::Refused;
    Command::Provision(Provision::DenyQuota { .. }) => "deny quota", By::Person, Again::Refused;
    Command::Provision(Provision::GrantAccess { .. }) => "grant access", By::Member, Again::Another;
    Command::Provision(Provision::ClaimHostname { .. }) => "claim hostname", By::Anyone, Again::Nothing;
    Command::Provision(Provision::ProveHostname { .. }) => "prove hostname", By::Anyone, Again::Nothing;
    Command::Provision(Provision::ReleaseHostname { .. }) => "release hostname", By::Anyone, Again::Refused;
    Command::PutWorkload { .. } => "put workload", By::Anyone, Again::Nothing;
    Command::ScaleWorkload { .. } => "scale workload", By::Anyone, Again::Nothing;
    Command::RestartWorkload { .. } => "restart workload", By::Anyone, Again::Nothing;
    Command::SetSecret { .. } => "set secret", By::Anyone, Again::Nothing;
    Command::RemoveSecret { .. } => "remove secret", By::Anyone, Again::Refused;
    Command::Snapshots(Snapshots::Request { .. }) => "request snapshot", By::Anyone, Again::Another;
    Command::Snapshots(Snapshots::Release { .. }) => "release snapshot", By::Anyone, Again::Refused;
    Command::Snapshots(Snapshots::RecordLost { .. }) => "record lost snapshot", By::Part("system/cluster"), Again::Nothing;
    Command::RemoveWorkload { .. } => "remove workload", By::Anyone, Again::Refused;
    Command::OpenCase { .. } => "open case", By::PersonOrRule, Again::Refused;
    Command::RecordMatch { .. } => "record match", By::Rule, Again::Nothing;
    Command::WithdrawCase { .. } => "withdraw case", By::Person, Again::Refused;
    Command::UndoCase { .. } => "undo case", By::Part("system/batch"), Again::Nothing;
    Command::ClearSignal { .. } => "clear signal", By::Person, Again::Another;
    Command::PauseCase { .. } => "pause", By::Person, Again::Refused;
    Command::ResumeCase { .. } => "resume", By::Person, Again::Refused;
    Command::ExtendNotice { .. } => "extend", By::Person, Again::Another;
    Command::ProveDelivery { .. } => "prove delivery", By::Person, Again::Nothing;
    Command::IssueNotice { .. } => "issue notice", By::PersonOrRule, Again::Refused;
    Command::IssueCalled { .. } => "issue called notice", By::Part("system/clerk"), Again::Nothing;
    Command::RecordAttempt { .. } => "record attempt", By::Part("system/delivery"), Again::Nothing;
    Command::AcknowledgeNotice { .. } => "acknowledge", By::Member, Again::Nothing;
    Command::RecordFailure { .. } => "record failure", By::Part("system/delivery"), Again::Nothing;
    Command::ReadNotice { .. } => "read", By::Member, Again::Nothing;
    Command::SubmitCure { .. } => "submit cure", By::Member, Again::Refused;
    Command::AcceptCure { .. } => "accept cure", By::Person, Again::Refused;
    Command::RejectCure { .. } => "reject cure", By::Person, Again::Refused;
    Command::RecordCheck { .. } => "record check", By::Part("system/verifier"), Again::Nothing;
    Command::ProposeUntil { .. } => "propose until", By::Person, Again::Another;
    Command::ProposeMeasure(_) => "propose", By::Person, Again::Another;
    Command::ApplyEmergency { .. } => "emergency", By::Person, Again::Refused;
    Command::Compared { .. } => "compared", By::Person, Again::Another;
    Command::AmendMeasure { .. } => "amend", By::Person, Again::Another;
    Command::ApproveMeasure { .. } => "approve", By::Person, Again::Refused;
    Command::DenyMeasure { .. } => "deny", By::Person, Again::Refused;
    Command::ReviewEmergency { .. } => "review emergency", By::Person, Again::Refused;
    Command::RatifyMeasure { .. } => "ratify", By::Person, Again::Refused;
    Command::LiftMeasure { .. } => "lift", By::Person, Again::Refused;
    Command::LiftUnder { .. } => "lift under", By::PersonOrMember, Again::Refused;
    Command::AskMeasure { .. } => "ask", By::Member, Again::Refused;
    Command::ApplyOrder { .. } => "apply order", By::Person, Again::Another;
    Command::SetConditions { .. } => "set conditions", By::Person, Again::Another;
    Command::ReviewMeasure { .. } => "review", By::Person, Again::Another;
    Command::AcknowledgeEnforcement { .. } => "acknowledge enforcement", By::Person, Again::Nothing;
    Command::AcknowledgeByWebhook { .. } => "acknowledge by webhook", By::Part("system/delivery"), Again::Nothing;
    Command::IssueRetrievalNotice { .. } => "retrieval notice", By::Part("system/delivery"), Again::Nothing;
    Command::ProposeDeletion { .. } => "propose deletion", By::Person, Again::Refused;
    Command::ConsentToDeletion { .. } => "consent to deletion", By::Person, Again::Refused;
    Command::DenyDeletion { .. } => "deny deletion", By::PersonOrEraser, Again::Refused;
    Command::ConfirmDeletion { .. } => "confirm deletion", By::Part("system/eraser"), Again::Refused;
    Command::ProposeDeletionOf { .. } => "propose deletion of", By::Person, Again::Refused;
    Command::BeginDeletion { .. } => "begin deletion", By::Part("system/eraser"), Again::Nothing;
    Command::ConfirmEnvironmentDeleted { .. } => "environment deleted", By::Part("system/eraser"), Again::Refused;
    Command::AskEnvironmentDeletion { .. } => "ask deletion of environment", By::Member, Again::Refused;
    Command::EndEnvironmentDeletion { .. } => "end deletion of environment", By::MemberOrEraser, Again::Refused;
    Command::ConfirmInForce { .. } => "confirm", By::Part("system/cluster"), Again::Nothing;
    Command::ConfirmRestored { .. } => "restored", By::Part("system/cluster"), Again::Nothing;
    Command::RecordRepairs { .. } => "repairs", By::Part("system/cluster"), Again::Another;
    Command::RecordOrder { .. } => "order", By::Person, Again::Another;
    Command::RecordTimedOrder { .. } => "timed order", By::Person, Again::Another;
    Command::RecordRemoval(_) => "removal", By::Person, Again::Another;
    Command::RecordGag { .. } => "gag", By::Person, Again::Another;
    Command::RenewGag { .. } => "renew gag", By::Person, Again::Another;
    Command::DecideConflict { .. } => "decide conflict", By::Person, Again::Refused;
    Command::VacateOrder { .. } => "vacate", By::Person, Again::Refused;
    Command::PlaceHold { .. } => "hold", By::Person, Again::Another;
    Command::ReleaseHold { .. } => "release", By::Person, Again::Refused;
    Command::FileAppeal { .. } => "appeal", By::Member, Again::Refused;
    Command::AssignAppeal { .. } => "assign", By::Person, Again::Nothing;
    Command::ModifyOnAppeal { .. } => "modify", By::Person, Again::Refused;
    Command::ChargeFee { .. } => "fee", By::Person, Again::Another;
    Command::DecideAppeal { .. } => "decide", By::Person, Again::Refused;
    Command::CatchUp => "catch up", By::Part("system/timer"), Again::Nothing;
    Command::Fire(_) => "fire", By::Part("system/timer"), Again::Nothing;
}

const ACTORS: [&str; 14] = [
    "person/ines",
    "person/omar",
    "person/noa",
    "person/ruth",
    "member/parley/ada",
    "member/gab/eve",
    "rule/flood",
    "system/timer",
    "system/cluster",
    "system/delivery",
    "system/batch",
    "system/clerk",
    "system/verifier",
    "system/eraser",
];

fn may(by: By, actor: &str) -> bool {
    match by {
        By::Person => actor.starts_with("person/"),
        By::PersonOrRule => actor.starts_with("person/") || actor.starts_with("rule/"),
        By::PersonOrMember => actor.starts_with("person/") || actor == "member/parley/ada",
        By::MemberOrEraser => actor == "member/parley/ada" || actor == "system/eraser",
        By::PersonOrEraser => actor.starts_with("person/") || actor == "system/eraser",
        By::Rule => actor == "rule/flood",
        By::Member => actor == "member/parley/ada",
        By::Part(part) => actor == part,
        By::Anyone => actor != "member/gab/eve",
    }
}

/// The states of a case, one after the other, and what stands beside it.
fn stations() -> Vec<(&'static str, World)> {
    let mut all = Vec::new();
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let mut keep = |name, world: &World| all.push((name, world.clone()));
    keep("opened", &world);
    let matched = Command::RecordMatch {
        rule: "flood".parse().unwrap(),
        ground: "abuse".parse().unwrap(),
        opens: true,
        facts: std::collections::BTreeMap::new(),
        why: words(),
    };
    world.ok("rule/flood", matched);
    let case = world.c(1);
    keep("open case", &world);
    world.ok("person/ines", issue(&case, Starts::Both, "1.3", &["a"]));
    keep("issued", &world);
    world.ok("member/parley/ada", Command::AcknowledgeNotice { notice: world.n(1) });
    keep("served", &world);
    let item: ItemId = "a".parse().unwrap();
    let submit = Command::SubmitCure { case: case.clone(), item: item.clone(), remedy: words() };
    world.ok("member/parley/ada", submit);
    keep("submitted", &world);
    world.ok("person/ines", Command::RejectCure { case: case.clone(), item, why: words() });
    world.pass_hours(24 * 5);
    keep("lapsed", &world);
    world.ok("person/ines", propose(&case, "1.3", "account", true));
    keep("proposed", &world);
    world.approve("omar", 1);
    keep("approved by one", &world);
    world.approve("noa", 1);
    keep("scheduled", &world);
    world.until(world.now);
    keep("applying", &world);
    world.confirm(1);
    keep("in force", &world);
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
    keep("appealed", &world);
    keep("left so by an earlier version", &crate::catch_up::earlier(&world));
    let scope = "account".parse().unwrap();
    let kind = OrderKind::Stay;
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    keep("stayed", &world);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    world.until(world.now);
    let scope = "environment/web".parse().unwrap();
    world.ok("person/lena", Command::PlaceHold { scope, running_state: true, why: words() });
    keep("held", &world);
    let threat = world.open_case("threat");
    world.ok("person/ines", emergency(&threat, "1.4", "workload/web/feed"));
    keep("emergency", &world);
    world.ok("person/ines", Command::LiftMeasure { measure: world.m(1), why: words() });
    keep("lifting", &world);
    world.restored(1);
    keep("lifted", &world);
    world.ok(
        "person/ruth",
        Command::DecideAppeal {
            appeal: world.a(1),
            outcome: AppealOutcome::Overturned,
            why: words(),
            reports: None,
        },
    );
    world.ok("person/lena", Command::ReleaseHold { hold: world.h(1), why: words() });
    keep("closed", &world);
    world.ok(
        "member/parley/ada",
        Command::SetSecret {
            environment: "web".parse().unwrap(),
            secret: "db".parse().unwrap(),
            keys: ["user".to_owned()].into(),
            values: words(),
        },
    );
    keep("secret set", &world);
    all.extend(beyond::stations());
    all.extend(crate::provision::stations());
    all.extend(crate::hostnames::stations());
    all.extend(crate::import::stations());
    all.extend(crate::moves::stations());
    all.push(("a snapshot", crate::snapshots::with_one()));
    all
}

/// Every command on everything there is, and on what is not there.
fn commands(world: &World) -> Vec<Command> {
    let account = world.account();
    let item: ItemId = "a".parse().unwrap();
    let nothing: ItemId = "nothing".parse().unwrap();
    let plan = Plan { cpu_millis: 1, memory_mib: 1, storage_mib: 1, pods: 1 };
    let (web, feed): (tenure_domain::name::EnvironmentId, tenure_domain::name::WorkloadId) =
        ("web".parse().unwrap(), "feed".parse().unwrap());
    let mut all = vec![
        Command::Open { terms: account.terms.clone(), plan },
        Command::CreateEnvironment { environment: "more".parse().unwrap(), plan },
        put("feed", "registry.example/app:2"),
        Command::RemoveWorkload { environment: "web".parse().unwrap(), workload: "media".parse().unwrap() },
        Command::ScaleWorkload { environment: web.clone(), workload: feed.clone(), replicas: 3 },
        Command::RestartWorkload { environment: web.clone(), workload: feed.clone() },
        Command::SetSecret {
            environment: web.clone(),
            secret: "db".parse().unwrap(),
            keys: ["password".to_owned()].into(),
            values: words(),
        },
        Command::RemoveSecret { environment: web.clone(), secret: "db".parse().unwrap() },
        crate::snapshots::request(),
        crate::snapshots::release(1),
        crate::snapshots::lost(1),
        Command::RemoveWorkload { environment: web, workload: feed },
        open_case("abuse"),
        open_case("debt"),
        open_case("weather"),
        Command::RecordMatch {
            rule: "flood".parse().unwrap(),
            ground: "threat".parse().unwrap(),
            opens: true,
            facts: std::collections::BTreeMap::new(),
            why: words(),
        },
        Command::RecordRepairs { environment: "web".parse().unwrap(), objects: vec!["Service/feed".into()] },
        Command::RecordRepairs { environment: "none".parse().unwrap(), objects: vec!["Service/feed".into()] },
        Command::RecordOrder {
            kind: OrderKind::Preserve,
            scope: "account".parse().unwrap(),
            authority: words(),
            document: blob(),
        },
        Command::PlaceHold {
            scope: "environment/batch".parse().unwrap(),
            running_state: false,
            why: words(),
        },
        Command::PlaceHold { scope: "environment/none".parse().unwrap(), running_state: true, why: words() },
        Command::CatchUp,
        Command::Fire(TimerKey::Lapse(world.c(1))),
        Command::Fire(TimerKey::Deemed(world.n(1))),
    ];
    for (event, kind) in called(world) {
        all.push(Command::IssueCalled { event, kind: kind.clone(), reasons: reasons() });
        all.push(Command::IssueCalled { event: event + 1_000, kind, reasons: reasons() });
    }
    all.extend(account.timers().into_iter().map(|t| Command::Fire(t.key)));
    for n in [1, 2, 9] {
        let case = world.c(n);
        all.push(Command::WithdrawCase { case: case.clone(), why: words(), clears: None });
        all.push(Command::UndoCase {
            case: case.clone(),
            rule: "flood".parse().unwrap(),
            by: "ines".parse().unwrap(),
            why: words(),
            reports: None,
        });
        all.push(issue(&case, Starts::Both, "1.3", &["fresh"]));
        for item in [&item, &nothing] {
            let (case, item) = (case.clone(), item.clone());
            all.push(Command::SubmitCure { case: case.clone(), item: item.clone(), remedy: words() });
            all.push(Command::AcceptCure { case: case.clone(), item: item.clone() });
            all.push(Command::RejectCure { case, item, why: words() });
        }
        let comparison = |deviations: &[&str]| Comparison {
            comparator: "0".repeat(64),
            document: blob(),
            deviations: deviations.iter().map(ToString::to_string).collect(),
            reasoned: false,
        };
        for decision in
            [propose(&case, "1.3", "account", true), emergency(&case, "1.4", "workload/web/media")]
        {
            let compared =
                |comparison| Command::Compared { decision: Box::new(decision.clone()), comparison };
            all.push(compared(comparison(&[])));
            all.push(compared(comparison(&["it deviates"])));
            all.push(decision);
        }
        all.push(Command::Compared { decision: Box::new(open_case("debt")), comparison: comparison(&[]) });
    }
    for n in [1, 2, 9] {
        let notice = world.n(n);
        let (channel, proof) = (Channel::Inbox, "kept".to_owned());
        all.push(Command::RecordAttempt { notice: notice.clone(), channel, proof });
        all.push(Command::AcknowledgeNotice { notice });
        let measure = world.m(n);
        let hash = account.measure(&measure).map_or_else(|_| "0".repeat(64), |m| m.command_hash.clone());
        for command_hash in [hash, "1".repeat(64)] {
            all.push(Command::ApproveMeasure {
                measure: measure.clone(),
                command_hash: command_hash.clone(),
            });
            all.push(Command::RatifyMeasure { measure: measure.clone(), command_hash });
        }
        let effective = world.now + jiff::SignedDuration::from_hours(3);
        all.push(Command::AmendMeasure { measure: measure.clone(), effective });
        let past = world.now - jiff::SignedDuration::from_hours(3);
        all.push(Command::AmendMeasure { measure: measure.clone(), effective: past });
        all.push(Command::LiftMeasure { measure: measure.clone(), why: words() });
        all.push(Command::ConfirmInForce { measure: measure.clone(), receipt: blob() });
        all.push(Command::ConfirmRestored { measure: measure.clone(), receipt: blob() });
        all.push(Command::FileAppeal { measure, grounds: words() });
        all.push(Command::VacateOrder { order: world.o(n), why: words() });
        all.push(Command::ReleaseHold { hold: world.h(n), why: words() });
        let outcome = AppealOutcome::Upheld;
        all.push(Command::DecideAppeal { appeal: world.a(n), outcome, why: words(), reports: None });
    }
    all.extend(beyond::commands(world));
    all.extend(crate::provision::commands(world));
    all.extend(crate::hostnames::commands(world));
    all.extend(crate::import::commands());
    all.extend(crate::moves::commands());
    all
}

/// The events that call for a notice, and for which.
fn called(world: &World) -> Vec<(u64, NoticeKind)> {
    let all = (1..).zip(&world.events);
    all.filter_map(|(n, recorded)| Some((n, world.account().called_for(recorded)?))).collect()
}

fn reasons() -> Reasons {
    let seen = Fact::finding("f-1", Timestamp::UNIX_EPOCH, "https://parley.example/posts/1");
    Reasons::new("Reports outpace what is taken down.", vec![seen])
}

fn ask(
    world: &World,
    state: Option<&Account>,
    actor: &Actor,
    command: &Command,
) -> Result<Account, Option<Rejected>> {
    let context = Context { now: world.now, actor, book: &world.book };
    let events = Account::decide(&world.id, state, command.clone(), &context).map_err(Some)?;
    if events.is_empty() {
        return Err(None);
    }
    let folded = events.iter().fold(state.cloned(), |account, recorded| {
        Some(Account::apply(&world.id, account, recorded).unwrap())
    });
    Ok(folded.unwrap())
}

/// What people of the provider do that decides nothing about an account.
const NO_DECISIONS: [&str; 3] = ["notify terms", "record invoice", "acknowledge enforcement"];

/// Whether the provider decides something by it.
fn decides(command: &Command) -> bool {
    let (name, by, _) = row(command);
    let by_person = matches!(by, By::Person | By::PersonOrRule | By::PersonOrMember | By::PersonOrEraser);
    let own = matches!(command, Command::LiftUnder { authority: Authority::AccountHolder, .. });
    by_person && !own && !NO_DECISIONS.contains(&name)
}

/// A refusal says why, and stands on the record where the command is a decision of the provider; nothing else changes.
fn judge_refusal(world: &World, actor: &Actor, command: &Command, rejected: &Rejected) {
    let Rejected::Refused(refusal) = rejected else { return };
    assert!(!refusal.guards.is_empty(), "{} by {actor} says nothing", command.name());
    assert!(refusal.guards.iter().all(|g| !g.detail.is_empty() && !g.satisfied_by.is_empty()), "{refusal:?}");
    // Once only what may restrict was recorded; now all that the provider decides is, also for the account.
    assert_eq!(command.records_refusal(), decides(command), "{}", command.name());
    assert!(command.records_refusal() || !command.is_privileged(), "{}", command.name());
    if !command.records_refusal() {
        return;
    }
    let context = Context { now: world.now, actor, book: &world.book };
    let before = world.account();
    let recorded = before.record_refusal(command.name(), refusal, &context);
    assert_eq!(recorded.len(), 1, "{} by {actor} is not on the record", command.name());
    let after = Account::apply(&world.id, Some(before.clone()), &recorded[0]).unwrap();
    assert_eq!(
        (&after.cases, &after.notices, &after.measures, &after.orders, &after.holds, &after.appeals),
        (&before.cases, &before.notices, &before.measures, &before.orders, &before.holds, &before.appeals)
    );
    assert_eq!(after.environments, before.environments);
}

#[test]
fn each_command_in_every_state_twice_and_by_everybody_is_done_or_refused_in_a_typed_way() {
    let (mut tried, mut done, mut refused) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (station, world) in stations() {
        for command in commands(&world) {
            let (name, by, again) = row(&command);
            tried.insert(name);
            for who in ACTORS {
                let actor: Actor = who.parse().unwrap();
                let told = format!("{station}: {} by {who}", command.name());
                match ask(&world, world.state.as_ref(), &actor, &command) {
                    Ok(after) => {
                        done.insert(name);
                        assert!(may(by, who), "{told} is done");
                        let twice = ask(&world, Some(&after), &actor, &command);
                        match again {
                            Again::Refused => {
                                assert!(matches!(twice, Err(Some(_))), "{told} twice: {twice:?}");
                            }
                            Again::Nothing => assert!(matches!(twice, Err(None)), "{told} twice: {twice:?}"),
                            Again::Another => assert!(!matches!(twice, Err(None)), "{told} twice is nothing"),
                        }
                    }
                    Err(None) => assert!(may(by, who), "{told} is let through"),
                    Err(Some(rejected)) => {
                        refused.insert(name);
                        judge_refusal(&world, &actor, &command, &rejected);
                        if who == "member/gab/eve" {
                            let hidden = matches!(rejected, Rejected::NotFound { what: "account", .. });
                            assert!(hidden, "{told} is told more than that there is nothing: {rejected:?}");
                        }
                    }
                }
            }
        }
    }
    let all: BTreeSet<&str> = NAMES.iter().copied().collect();
    assert_eq!(tried, all, "a command of the table is never tried: make one in `commands`");
    assert_eq!(
        done,
        all.difference(&BTreeSet::from(["open"])).copied().collect(),
        "one is never carried out"
    );
    let never_refused: BTreeSet<_> = all.difference(&refused).collect();
    assert!(never_refused.is_empty(), "never refused: {never_refused:?}");
}

#[test]
fn before_an_account_is_opened_every_command_but_that_finds_nothing() {
    let (_, world) = stations().pop().unwrap();
    for command in commands(&world) {
        for who in ACTORS {
            let answer = ask(&world, None, &who.parse().unwrap(), &command);
            let opens = matches!(command, Command::Open { .. }) && !who.starts_with("member/");
            let hidden = matches!(answer, Err(Some(Rejected::NotFound { what: "account", .. })));
            assert!(if opens { answer.is_ok() } else { hidden }, "{} by {who}: {answer:?}", command.name());
        }
    }
}
