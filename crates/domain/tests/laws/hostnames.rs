//! Hostnames: claimed, proved by what answers under them, lapsed, released, and declared by workloads.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use tenure_domain::account::command::Starts;
use tenure_domain::account::event::Event;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Command};
use tenure_domain::hostname::{Answered, LAPSE_DAYS, challenge_text, challenge_url};
use tenure_domain::name::{ChallengeToken, Hostname};
use tenure_domain::plan::{Allowances, Exposure, PodSecurity, Share};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::workload::{Entry, Kind, Workload};

use crate::measures::POWERS;
use crate::world::{HOUSE, PLAN, SHARE, World, blob, propose, type_of, types, words, workload};

const ADA: &str = "member/parley/ada";
const PIA: &str = "person/pia";
const WWW: &str = "www.parley.example";
const SHOP: &str = "shop.parley.example";

fn name(text: &str) -> Hostname {
    text.parse().unwrap()
}

fn token(n: u8) -> ChallengeToken {
    format!("{n:032x}").parse().unwrap()
}

fn claim(hostname: &str, n: u8) -> Command {
    Command::Provision(Provision::ClaimHostname { hostname: name(hostname), token: token(n) })
}

fn answered(hostname: &str, n: u8, answered: Answered) -> Command {
    let (hostname, token, evidence) = (name(hostname), token(n), blob());
    Command::Provision(Provision::ProveHostname { hostname, token, answered, evidence })
}

fn with(status: u16, text: &str) -> Answered {
    Answered::With { status, text: text.to_owned() }
}

fn right(hostname: &str, n: u8) -> String {
    challenge_text(&"parley".parse().unwrap(), &name(hostname), &token(n))
}

/// Where the text of the claim with this token answers as it should.
fn prove(hostname: &str, n: u8) -> Command {
    answered(hostname, n, with(200, &right(hostname, n)))
}

fn release(hostname: &str) -> Command {
    Command::Provision(Provision::ReleaseHostname { hostname: name(hostname) })
}

fn reached(hostnames: &[&str], entry: Option<Entry>) -> Workload {
    let hostnames = hostnames.iter().map(|text| name(text)).collect();
    Workload { hostnames, entry: entry.map(Box::new), ..workload("registry.example/app:1") }
}

fn put(workload: &str, spec: Workload) -> Command {
    let (environment, workload) = ("web".parse().unwrap(), workload.parse().unwrap());
    Command::PutWorkload { environment, workload, spec }
}

fn share_of_web(hostnames: u32) -> Command {
    let share = Share { plan: SHARE, exposure: Exposure { load_balancers: 0, hostnames } };
    Command::Provision(Provision::ChangeEnvironment { environment: "web".parse().unwrap(), share })
}

fn plan(hostnames: u32, ingress_classes: &[&str]) -> Command {
    let share = Share { plan: PLAN, exposure: Exposure { load_balancers: 0, hostnames } };
    let allowances = Allowances {
        pod_security: PodSecurity::Baseline,
        storage_classes: BTreeSet::new(),
        ingress_classes: ingress_classes.iter().map(|&class| class.to_owned()).collect(),
        priority_classes: BTreeSet::new(),
        runtime_classes: BTreeSet::new(),
        registries: BTreeSet::new(),
        pull_policy: None,
        node_pool: None,
        snapshots: None,
        snapshot_class: None,
        egress: vec![],
    };
    Command::Provision(Provision::SetPlan { share, allowances: Box::new(allowances) })
}

/// The world in which `web` may have two hostnames.
fn world() -> World {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    world.ok(ADA, share_of_web(2));
    world
}

/// Bad input is tried here too.
pub fn stations() -> Vec<(&'static str, World)> {
    let mut claimed = world();
    claimed.ok(ADA, claim(WWW, 1));
    let mut proved = claimed.clone();
    proved.ok(ADA, prove(WWW, 1));
    proved.ok(ADA, put("feed", reached(&[WWW], None)));
    vec![("a hostname is claimed", claimed), ("a hostname is proved", proved)]
}

/// What bad input tries of it.
pub fn commands(_: &World) -> Vec<Command> {
    vec![claim(WWW, 1), claim(SHOP, 2), prove(WWW, 1), prove(SHOP, 2), release(WWW), release(SHOP)]
}

#[track_caller]
fn invalid(world: &mut World, command: Command) -> (String, String) {
    match world.run(&ADA.parse().unwrap(), command) {
        Err(Rejected::Invalid { pointer, detail }) => (pointer, detail),
        other => panic!("it should be invalid: {other:#?}"),
    }
}

#[track_caller]
fn told(world: &mut World, command: Command) -> Vec<String> {
    match world.run(&ADA.parse().unwrap(), command) {
        Err(Rejected::Refused(refusal)) => refusal.guards.into_iter().map(|g| g.detail).collect(),
        other => panic!("it should be refused: {other:#?}"),
    }
}

#[test]
fn a_hostname_is_claimed_proved_by_what_answers_there_declared_and_released() {
    let mut world = world();
    assert_eq!(types(&world.ok(ADA, claim(WWW, 1))), ["hostname.claimed"]);
    assert_eq!(world.account().proved_hostnames().count(), 0);
    assert_eq!(types(&world.ok(ADA, claim(WWW, 9))), Vec::<String>::new(), "the challenge stays the same");
    assert_eq!(world.account().hostname(&name(WWW)).unwrap().token, token(1));
    assert_eq!(types(&world.ok(ADA, prove(WWW, 1))), ["hostname.proved"]);
    assert_eq!(world.account().proved_hostnames().collect::<Vec<_>>(), [&name(WWW)]);
    world.ok(ADA, put("feed", reached(&[WWW], None)));
    assert_eq!(told(&mut world, release(WWW)), ["feed in web is reached under www.parley.example"]);
    world.ok(ADA, put("feed", reached(&[], None)));
    assert_eq!(types(&world.ok(ADA, release(WWW))), ["hostname.released"]);
    assert!(world.account().hostnames.is_empty());
}

#[test]
fn nothing_but_the_text_that_this_account_was_told_with_this_claim_proves_a_name() {
    let mut world = world();
    world.ok(ADA, claim(WWW, 1));
    let of_another = challenge_text(&"market".parse().unwrap(), &name(WWW), &token(1));
    let url = challenge_url(&name(WWW), &token(1));
    assert_eq!(url, format!("http://www.parley.example/.well-known/tenure-challenge/{}", token(1)));
    for wrong in [
        with(200, ""),
        with(200, token(1).as_str()),
        with(200, &url),
        with(200, &of_another),
        with(200, &right(SHOP, 1)),
        with(200, &right(WWW, 2)),
        with(200, &right(WWW, 1)[..63]),
        with(200, &format!("{}0", right(WWW, 1))),
        with(200, &format!(" {}", right(WWW, 1))),
        with(200, &right(WWW, 1).to_uppercase()),
        with(404, &right(WWW, 1)),
        with(503, &right(WWW, 1)),
        Answered::Nothing { why: "www.parley.example has no address".to_owned() },
    ] {
        let command = answered(WWW, 1, wrong.clone());
        assert_eq!(world.refused(ADA, command), [Guard::ChallengeAnswered], "{wrong:?}");
    }
    // What was seen belongs to another claim than the one that stands.
    assert_eq!(world.refused(ADA, prove(WWW, 2)), [Guard::InState]);
    assert_eq!(world.account().proved_hostnames().count(), 0);
    // An editor ends a file with a line break.
    world.ok(ADA, answered(WWW, 1, with(200, &format!("{}\r\n", right(WWW, 1)))));
    assert_eq!(world.account().proved_hostnames().count(), 1);
}

#[test]
fn a_claim_that_is_not_proved_lapses_after_seven_days_and_is_claimed_anew_with_another_challenge() {
    let mut world = world();
    world.ok(ADA, claim(WWW, 1));
    let due = world.now + SignedDuration::from_hours(24 * LAPSE_DAYS);
    let timers = world.account().timers();
    assert_eq!(
        timers.iter().map(|t| (t.due, &t.key)).collect::<Vec<_>>(),
        [(due, &TimerKey::LapseHostname(name(WWW)))]
    );
    world.until(due - SignedDuration::from_secs(1));
    assert!(world.account().hostname(&name(WWW)).unwrap().stands());
    world.until(due);
    assert_eq!(world.events.last().map(|r| type_of(&r.event)).as_deref(), Some("hostname.lapsed"));
    assert_eq!((world.account().claims(), world.account().timers().len()), (0, 0));
    // The text of then proves nothing now.
    assert_eq!(world.refused(ADA, prove(WWW, 1)), [Guard::InState]);
    assert_eq!(world.refused(ADA, put("feed", reached(&[WWW], None))), [Guard::Known]);
    world.ok(ADA, claim(WWW, 2));
    assert_eq!(world.refused(ADA, prove(WWW, 1)), [Guard::InState]);
    world.ok(ADA, prove(WWW, 2));
    world.pass_hours(24 * 365);
    assert_eq!(world.account().proved_hostnames().count(), 1, "what is proved lapses never");
}

#[test]
fn a_workload_whose_claim_has_lapsed_is_still_deployed() {
    let mut world = world();
    world.ok(ADA, claim(WWW, 1));
    world.ok(ADA, put("feed", reached(&[WWW], None)));
    world.pass_hours(24 * LAPSE_DAYS);
    let next = Workload { image: "registry.example/app:2".to_owned(), ..reached(&[WWW], None) };
    world.ok(ADA, put("feed", next));
    assert_eq!(world.refused(ADA, put("media", reached(&[SHOP], None))), [Guard::Known]);
}

#[test]
fn hostnames_never_exceed_the_plan_nor_the_share_of_an_environment() {
    let mut world = world();
    world.ok(PIA, plan(3, &[]));
    for (n, text) in [WWW, SHOP, "a.parley.example"].into_iter().enumerate() {
        world.ok(ADA, claim(text, u8::try_from(n).unwrap()));
    }
    assert_eq!(
        told(&mut world, claim("b.parley.example", 7)),
        ["hostnames: 3 are claimed, and the plan of parley has 3"]
    );
    assert_eq!(world.refused(PIA, plan(2, &[])), [Guard::WithinPlan]);
    let three = reached(&[WWW, SHOP, "a.parley.example"], None);
    assert_eq!(told(&mut world, put("feed", three)), ["hostnames: 3 asked, 2 left of the share of web"]);
    world.ok(ADA, put("feed", reached(&[WWW, SHOP], None)));
    let third = reached(&["a.parley.example"], None);
    assert_eq!(told(&mut world, put("media", third)), ["hostnames: 1 asked, 0 left of the share of web"]);
    assert_eq!(
        told(&mut world, share_of_web(1)),
        ["hostnames: what runs in web needs 2, 1 asked"],
        "the share is not less than what is declared"
    );
    // One that has lapsed makes room.
    world.pass_hours(24 * LAPSE_DAYS);
    world.ok(ADA, claim("b.parley.example", 7));
}

#[test]
fn one_hostname_leads_to_one_workload() {
    let mut world = world();
    world.ok(ADA, claim(WWW, 1));
    world.ok(ADA, put("feed", reached(&[WWW], None)));
    assert_eq!(
        told(&mut world, put("media", reached(&[WWW], None))),
        ["feed in web is reached under www.parley.example"]
    );
    world.ok(ADA, put("feed", reached(&[], None)));
    world.ok(ADA, put("media", reached(&[WWW], None)));
}

#[test]
fn what_is_no_hostname_of_a_service_is_refused_with_its_place() {
    let mut world = world();
    let (pointer, detail) = invalid(&mut world, claim("10.0.0.1", 1));
    assert_eq!(pointer, "/hostname");
    assert!(detail.contains("is an address"), "{detail}");
    for workload in [
        Workload { kind: Kind::Worker, port: 0, ..reached(&[WWW], None) },
        Workload { kind: Kind::Job, port: 0, ..reached(&[WWW], None) },
    ] {
        assert_eq!(invalid(&mut world, put("other", workload)).0, "/hostnames");
    }
    let many: Vec<String> = (0..21).map(|n| format!("n{n}.parley.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(invalid(&mut world, put("feed", reached(&many, None))).0, "/hostnames");
    let entry = |class: &str| Some(Entry { class: Some(class.to_owned()), tls: true });
    assert_eq!(invalid(&mut world, put("feed", reached(&[], entry("nginx")))).0, "/entry");
    assert_eq!(invalid(&mut world, put("feed", reached(&[WWW], entry("Nginx!")))).0, "/entry/class");
}

#[test]
fn an_entry_is_of_a_class_that_the_plan_allows() {
    let mut world = world();
    world.ok(ADA, claim(WWW, 1));
    let of = |class: Option<&str>| {
        put("feed", reached(&[WWW], Some(Entry { class: class.map(str::to_owned), tls: false })))
    };
    world.ok(PIA, plan(2, &["nginx", "internal"]));
    assert_eq!(told(&mut world, of(Some("public"))), ["the plan allows no ingress of the class public"]);
    assert_eq!(
        told(&mut world, of(None)),
        ["the plan allows several classes of ingresses, and none is named"]
    );
    world.ok(ADA, of(Some("nginx")));
    // What was allowed stays, and is not in the way of other changes.
    world.ok(PIA, plan(2, &["internal"]));
    let mut next = reached(&[WWW], Some(Entry { class: Some("nginx".to_owned()), tls: false }));
    next.image = "registry.example/app:2".to_owned();
    world.ok(ADA, put("feed", next));
    world.ok(ADA, of(None));
}

/// The world in which visitors can be kept from a single hostname, and are kept from [`WWW`] of `feed`.
fn withheld() -> World {
    let listed = "{id: \"2.5\", permits: [ingress, storage.write], scopes: [account, environment]";
    let terms = POWERS.replace(listed, "{id: \"2.5\", permits: [ingress], scopes: [hostname]");
    let mut world = World::open(&terms, "2021-03-09T20:00:00Z");
    world.ok(ADA, share_of_web(2));
    world.ok(ADA, claim(WWW, 1));
    world.ok(ADA, claim(SHOP, 2));
    world.ok(ADA, put("feed", reached(&[WWW, SHOP], None)));
    let case = world.open_case("leak");
    world.serve(&case, Starts::Both, "2.5", &["a"]);
    let unknown = propose(&case, "2.5", "hostname/web/feed/other.parley.example", true);
    assert!(matches!(world.run(&"person/ines".parse().unwrap(), unknown), Err(Rejected::NotFound { .. })));
    world.ok("person/ines", propose(&case, "2.5", "hostname/web/feed/www.parley.example", true));
    world.approve("omar", 1);
    world.until(world.now);
    world
}

#[test]
fn visitors_are_kept_from_a_single_hostname_and_it_leads_nowhere_else_meanwhile() {
    let mut world = withheld();
    assert_eq!(world.state_of(1), "applying");
    world.confirm(1);
    assert_eq!(world.state_of(1), "in_force");
    // It is neither taken from the workload, nor given to another one, nor given up.
    assert_eq!(world.refused(ADA, put("feed", reached(&[SHOP], None))), [Guard::NotWithheld]);
    let by = "parley.m1 (listed) withholds ingress from hostname/web/feed/www.parley.example";
    assert_eq!(told(&mut world, put("feed", reached(&[SHOP], None))), [by]);
    let remove =
        Command::RemoveWorkload { environment: "web".parse().unwrap(), workload: "feed".parse().unwrap() };
    world.ok(ADA, remove);
    assert_eq!(told(&mut world, put("media", reached(&[WWW], None))), [by]);
    assert_eq!(told(&mut world, release(WWW)), [by]);
    // The other one is free.
    world.ok(ADA, put("media", reached(&[SHOP], None)));
    world.ok("person/ines", Command::LiftMeasure { measure: world.m(1), why: words() });
    world.ok(ADA, put("media", reached(&[WWW], None)));
}

#[test]
fn nothing_but_visitors_can_be_kept_from_a_single_hostname() {
    for listed in ["[egress]", "[ingress, egress]"] {
        let before = "{id: \"2.5\", permits: [ingress, storage.write], scopes: [account, environment]";
        let terms = POWERS.replace(before, &format!("{{id: \"2.5\", permits: {listed}, scopes: [hostname]"));
        let mut world = World::open(&terms, "2021-03-09T20:00:00Z");
        world.ok(ADA, share_of_web(2));
        world.ok(ADA, claim(WWW, 1));
        world.ok(ADA, put("feed", reached(&[WWW], None)));
        let case = world.open_case("leak");
        world.serve(&case, Starts::Both, "2.5", &["a"]);
        let guards =
            world.refused("person/ines", propose(&case, "2.5", "hostname/web/feed/www.parley.example", true));
        assert!(guards.contains(&Guard::Supported), "{listed}: {guards:?}");
    }
}

#[test]
fn other_hostnames_end_no_pods() {
    let before = reached(&[], None);
    assert!(!before.ends_pods(&reached(&[WWW], Some(Entry { class: None, tls: true }))));
    let other = Workload { image: "registry.example/app:2".to_owned(), ..before.clone() };
    assert!(before.ends_pods(&other));
}

#[test]
fn a_stored_workload_without_hostnames_is_stored_as_ever() {
    let json = serde_json::to_value(reached(&[], None)).unwrap();
    assert_eq!((json.get("hostnames"), json.get("entry")), (None, None));
    let account: Account = world().state.unwrap();
    assert_eq!(serde_json::to_value(&account).unwrap().get("hostnames"), None);
    let event = Event::HostnameClaimed {
        hostname: name(WWW),
        token: token(1),
        lapses: "2021-03-16T20:00:00Z".parse().unwrap(),
    };
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        format!(
            "{{\"type\":\"hostname.claimed\",\"body\":{{\"hostname\":\"{WWW}\",\"token\":\"{}\",\"lapses\":\"2021-03-16T20:00:00Z\"}}}}",
            token(1)
        )
    );
}
