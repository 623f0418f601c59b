//! The story for which Tenure exists, told in the domain alone.

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::case::{CaseState, Outcome};
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::measure::{LiftReason, MeasureState};
use tenure_domain::account::standing::Standing;
use tenure_domain::capability::Capability;
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::scope::Scope;

use crate::world::{EXAMPLE, World, at, blob, emergency, issue, propose, types, words};

#[test]
fn the_story_of_january_2021() {
    // Saturday, 9 January 2021, 19:00 in California.
    let mut world = World::open(EXAMPLE, "2021-01-10T03:00:00Z");
    let feed: Scope = "workload/web/feed".parse().unwrap();

    // The letter asks for a suspension of everything by the next evening. It is refused, and the refusal says when.
    let process = world.open_case("process_failure");
    let suspend = ProposeMeasure {
        case: process.clone(),
        power: "6.1".parse().unwrap(),
        scope: Scope::Account,
        effective: Some(world.now + SignedDuration::from_hours(24)),
        why: words(),
        why_not_less: Some(words()),
    };
    let answer = world.run(&"person/ines".parse().unwrap(), Command::ProposeMeasure(suspend.clone()));
    let Err(Rejected::Refused(refusal)) = answer else { panic!("{answer:#?}") };
    let guards: Vec<_> = refusal.guards.iter().map(|g| (g.guard, g.not_before)).collect();
    assert_eq!(
        guards,
        [
            (Guard::CureRun, Some(at("2021-02-09T03:00:00Z"))),
            (Guard::NoticeRun, Some(at("2021-01-24T03:00:00Z"))),
            (Guard::Approved, None),
        ]
    );
    assert!(refusal.guards[0].satisfied_by.contains("2021-02-08T19:00 PST"), "{:?}", refusal.guards[0]);
    assert!(refusal.guards[1].satisfied_by.contains("2021-01-23T19:00 PST"), "{:?}", refusal.guards[1]);
    assert!(refusal.guards[2].detail.contains("2 approvals"), "{:?}", refusal.guards[2]);
    assert_eq!(refusal.earliest(), Some(at("2021-02-09T03:00:00Z")));
    assert_eq!(world.account().standing(), Standing::Clear);

    // A narrower way: the worst workload, under a clause made for it, after the two business days it promises.
    let incitement = world.open_case("incitement");
    world.ok("person/ines", issue(&incitement, Starts::Both, "svc-1.4", &["remove-98", "moderators"]));
    assert!(world.account().timers().is_empty(), "no clock runs before service");
    let early = world.refused("person/ines", propose(&incitement, "svc-1.4", "workload/web/feed", false));
    assert_eq!(early, [Guard::CureRun, Guard::Approved]);
    world.ok("member/parley/ada", Command::AcknowledgeNotice { notice: world.n(1) });
    let lapse = at("2021-01-13T03:00:00Z");
    assert_eq!(world.account().notice(&world.n(1)).unwrap().cure_ends(), Some(lapse));

    // Meanwhile a threat: an emergency isolation that a second person ratifies, and one that nobody else does.
    let threat = world.open_case("imminent_violence");
    world.ok("person/ines", emergency(&threat, "6.1-emergency", "workload/web/feed"));
    world.ok("person/mira", emergency(&threat, "6.1-emergency", "workload/web/media"));
    assert_eq!((world.state_of(1), world.state_of(2)), ("applying", "applying"));
    world.confirm(1);
    let own = Command::RatifyMeasure { measure: world.m(1), command_hash: world.hash(1) };
    assert_eq!(world.refused("person/ines", own.clone()), [Guard::AnotherPerson]);
    world.ok("person/omar", own);
    world.pass_hours(24);
    assert_eq!((world.state_of(1), world.state_of(2)), ("in_force", "lifting"));
    assert!(matches!(world.measure(2).state, MeasureState::Lifting { reason: LiftReason::NotRatified, .. }));
    world.restored(2);
    world.ok("person/omar", Command::LiftMeasure { measure: world.m(1), why: words() });
    world.restored(1);
    assert_eq!(world.account().standing(), Standing::Clear);

    // The reminders go out, the period ends without cure, the isolation is proposed and approved by another.
    world.until(lapse);
    assert_eq!(world.account().notice(&world.n(1)).unwrap().reminded.len(), 2);
    assert_eq!(world.account().case(&incitement).unwrap().state, CaseState::Lapsed { at: lapse });
    let mut isolate = propose(&incitement, "svc-1.4", "workload/web/feed", false);
    if let Command::ProposeMeasure(proposal) = &mut isolate {
        proposal.effective = Some(lapse + SignedDuration::from_hours(2));
    }
    world.ok("person/ines", isolate);
    assert_eq!(world.state_of(3), "proposed");
    let own = Command::ApproveMeasure { measure: world.m(3), command_hash: world.hash(3) };
    assert_eq!(world.refused("person/ines", own), [Guard::AnotherPerson]);
    world.approve("omar", 3);
    assert_eq!(world.state_of(3), "scheduled");
    world.until(lapse + SignedDuration::from_hours(2));
    assert_eq!(world.state_of(3), "applying");
    assert_eq!(
        world.permit(&world.m(3)).unwrap().withholds(),
        &[Capability::Ingress, Capability::Egress].into()
    );
    world.confirm(3);
    assert_eq!(world.account().standing(), Standing::Limited);
    assert!(world.account().withheld(&"workload/web/media".parse().unwrap()).is_empty());

    // The suspension takes its own course: notice, fourteen and thirty days, two approvals.
    world.serve(&process, Starts::Both, "6.1", &["staff"]);
    let served = world.now;
    let mut late = suspend;
    late.effective = None;
    world.pass_hours(14 * 24);
    let asked = Command::ProposeMeasure(late.clone());
    assert_eq!(world.refused("person/ines", asked.clone()), [Guard::CureRun, Guard::Approved]);
    world.until(served + SignedDuration::from_hours(30 * 24) - SignedDuration::from_micros(1));
    assert_eq!(world.refused("person/ines", asked.clone()), [Guard::CureRun, Guard::Approved]);
    world.until(served + SignedDuration::from_hours(30 * 24));
    world.ok("person/ines", asked);
    world.approve("omar", 4);
    assert_eq!(world.state_of(4), "proposed", "one of two approvals is not enough");
    world.approve("noa", 4);
    assert_eq!(types(&world.fire_apply(4)), ["measure.applying", "measure.bounded"]);
    assert_eq!(world.account().standing(), Standing::Limited, "suspended is said when it is observed");
    assert_eq!(world.permit(&world.m(4)).unwrap().pod_grace_seconds(), 60);
    world.confirm(4);
    assert_eq!(world.account().standing(), Standing::Suspended);

    // A court orders service restored. Both measures are stayed at once, and nobody gets a permit.
    let kind = OrderKind::Reinstate;
    let order = Command::RecordOrder { kind, scope: Scope::Account, authority: words(), document: blob() };
    assert_eq!(
        types(&world.ok("person/lena", order)),
        ["order.recorded", "measure.stayed", "measure.stayed", "case.paused", "case.paused", "case.paused"],
        "and the clocks of all three cases stand still"
    );
    assert_eq!(world.account().standing(), Standing::Clear);
    assert!(world.permit(&world.m(3)).is_err() && world.permit(&world.m(4)).is_err());
    world.restored(3);
    world.restored(4);
    let again = world.refused("person/ines", propose(&incitement, "svc-1.4", "workload/web/media", true));
    assert_eq!(again, [Guard::ClocksRun, Guard::NoOrder, Guard::Approved]);

    // The order is vacated: both resume, and are applied on fresh permits after every guard is judged again.
    world.pass_hours(48);
    let vacate = Command::VacateOrder { order: world.o(1), why: words() };
    assert_eq!(
        types(&world.ok("person/lena", vacate)),
        [
            "order.vacated",
            "measure.resumed",
            "measure.scheduled",
            "measure.resumed",
            "measure.scheduled",
            "case.resumed",
            "case.resumed",
            "case.resumed"
        ]
    );
    world.until(world.now);
    assert_eq!((world.state_of(3), world.state_of(4)), ("applying", "applying"));
    assert_eq!(world.permit(&world.m(4)).unwrap().minted_at(), world.now);
    world.confirm(3);
    world.confirm(4);
    assert_eq!(world.account().standing(), Standing::Suspended);

    // While suspended the account answers; the cure lifts the suspension and leaves the isolation alone.
    world.cure(&process, "staff");
    assert!(matches!(
        world.account().case(&process).unwrap().state,
        CaseState::Closed { outcome: Outcome::Cured, .. }
    ));
    assert_eq!((world.state_of(3), world.state_of(4)), ("in_force", "lifting"));
    world.restored(4);
    assert_eq!((world.state_of(4), world.account().standing()), ("lifted", Standing::Limited));
    world.cure(&incitement, "remove-98");
    assert_eq!(world.state_of(3), "in_force", "half of what was asked is not all of it");
    world.cure(&incitement, "moderators");
    world.restored(3);
    assert_eq!((world.state_of(3), world.account().standing()), ("lifted", Standing::Clear));
    assert!(world.account().withheld(&feed).is_empty());
    assert!(world.account().measures.iter().all(tenure_domain::account::measure::Measure::is_over));
}
