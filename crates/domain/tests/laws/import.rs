//! Taking a namespace that is there: by its UID alone, with everything that was found before eyes, and never unasked.

use std::collections::BTreeMap;

use tenure_domain::account::Command;
use tenure_domain::account::event::Event;
use tenure_domain::account::provision::Provision;
use tenure_domain::capability::Preset;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::import::{Concern, Survey};
use tenure_domain::law::Law;
use tenure_domain::plan::{Exposure, Plan, Share};
use tenure_domain::refusal::{Guard, Rejected};

use crate::world::{HOUSE, World, blob, types, words};

const PIA: &str = "person/pia";
const CLUSTER: &str = "system/cluster";
const UID: &str = "6f2c1f0e-8a57-4b8e-9c0b-0e2d6a0d5f11";

fn share(cpu_millis: u32) -> Share {
    let plan = Plan { cpu_millis, memory_mib: 1, storage_mib: 1, pods: 1 };
    Share { plan, exposure: Exposure::default() }
}

/// What a look at a namespace told that nobody else has, and in which nothing is.
fn clean() -> Survey {
    Survey { uid: Some(UID.parse().unwrap()), obstacles: vec![], concerns: BTreeMap::new(), document: blob() }
}

fn import(name: &str, namespace: &str, share: Share, accepted: &[Concern], survey: Survey) -> Command {
    Command::Provision(Provision::ImportEnvironment {
        environment: name.parse().unwrap(),
        namespace: namespace.parse().unwrap(),
        uid: UID.parse().unwrap(),
        share,
        accepted: accepted.to_vec(),
        survey: Box::new(survey),
    })
}

fn adopted(name: &str) -> Command {
    Command::Provision(Provision::ConfirmAdopted { environment: name.parse().unwrap(), receipt: blob() })
}

fn ended(name: &str) -> Command {
    let why = "there is none; uid 6f2c1f0e was decided on".to_owned();
    Command::Provision(Provision::EndImport { environment: name.parse().unwrap(), why })
}

fn world() -> World {
    World::open(HOUSE, "2021-03-09T20:00:00Z")
}

/// Bad input is tried here too.
pub fn stations() -> Vec<(&'static str, World)> {
    let mut decided = world();
    decided.ok(PIA, import("shop", "shop", share(1), &[], clean()));
    let mut taken = decided.clone();
    taken.ok(CLUSTER, adopted("shop"));
    vec![("an import was decided on", decided), ("a namespace was taken", taken)]
}

/// What bad input tries of it.
pub fn commands() -> Vec<Command> {
    let mut all = vec![
        import("more", "more", share(1), &[], clean()),
        import("web", "more", share(1), &[], clean()),
        import("more", "shop", share(1), &[], clean()),
    ];
    for name in ["shop", "web", "none"] {
        all.extend([adopted(name), ended(name)]);
    }
    all
}

#[test]
fn law_07_a_namespace_is_taken_by_its_uid_and_never_by_its_name() {
    let mut world = world();
    let another = Survey { uid: Some("0000".parse().unwrap()), ..clean() };
    assert_eq!(world.refused(PIA, import("shop", "shop", share(1), &[], another)), [Guard::Adoptable]);
    assert_eq!(Guard::Adoptable.law(), Some(Law::Data));
    let none = Survey { uid: None, ..clean() };
    assert_eq!(world.refused(PIA, import("shop", "shop", share(1), &[], none)), [Guard::Known]);
    for name in ["kube-system", "kube-public", "kube-node-lease", "default", "tenure-access", "gab--web"] {
        let asked = import("shop", name, share(1), &[], clean());
        assert_eq!(world.refused(PIA, asked), [Guard::Adoptable], "{name}");
    }
    let made = world.ok(PIA, import("shop", "shop", share(1), &[], clean()));
    assert_eq!(types(&made), ["environment.imported"]);
    let shop = &world.account().environments[&"shop".parse().unwrap()];
    let imported = shop.imported.as_ref().unwrap();
    assert_eq!((imported.namespace.as_str(), imported.uid.as_str()), ("shop", UID));
    assert_eq!((shop.kind, imported.adopted), (EnvironmentKind::Open, None));
}

#[test]
fn a_refusal_names_everything_that_stands_in_the_way() {
    let mut world = world();
    world.ok(PIA, import("shop", "shop", share(1), &[], clean()));
    let concerns = [
        (Concern::BarePods, vec!["Pod/alone".to_owned()]),
        (Concern::Rights, vec!["RoleBinding/theirs gives User eve Role/theirs".to_owned()]),
    ];
    let survey = Survey {
        uid: Some("0000".parse().unwrap()),
        obstacles: vec!["NetworkPolicy/dns is there".to_owned(), "it is being deleted".to_owned()],
        concerns: concerns.into(),
        document: blob(),
    };
    let asked = import("more", "shop", share(90_000), &[Concern::Rights], survey);
    let Err(Rejected::Refused(refusal)) = world.run(&PIA.parse().unwrap(), asked) else { panic!() };
    let named: Vec<Guard> = refusal.guards.iter().map(|unmet| unmet.guard).collect();
    let expected = [
        Guard::WithinPlan,
        Guard::NameFree,
        Guard::Adoptable,
        Guard::Adoptable,
        Guard::Adoptable,
        Guard::ConcernsAccepted,
    ];
    assert_eq!(named, expected, "{refusal:#?}");
    assert!(refusal.guards[5].detail.contains("Pod/alone"), "{refusal:#?}");
    assert!(refusal.guards[5].satisfied_by.contains("\"bare_pods\""), "{refusal:#?}");
}

#[test]
fn what_was_found_is_accepted_by_its_name_and_what_was_not_found_is_not_on_the_record() {
    let mut world = world();
    let concerns: BTreeMap<_, _> =
        Concern::ALL.into_iter().map(|concern| (concern, vec!["Pod/a".to_owned()])).collect();
    let survey = Survey { concerns, ..clean() };
    let asked = |accepted: &[Concern]| import("shop", "shop", share(1), accepted, survey.clone());
    assert_eq!(world.refused(PIA, asked(&[])).len(), Concern::ALL.len());
    assert_eq!(world.refused(PIA, asked(&Concern::ALL[1..])), [Guard::ConcernsAccepted]);
    let made = world.ok(PIA, asked(&Concern::ALL));
    let Event::EnvironmentImported { accepted, .. } = &made[0].event else { panic!("{made:?}") };
    assert_eq!(accepted.len(), Concern::ALL.len());

    let made = world.ok(PIA, import("more", "more", share(1), &Concern::ALL, clean()));
    let Event::EnvironmentImported { accepted, .. } = &made[0].event else { panic!("{made:?}") };
    assert!(accepted.is_empty(), "{accepted:?}");
}

#[test]
fn nobody_but_a_person_of_the_provider_imports_and_nothing_while_deploying_is_withheld() {
    let mut world = world();
    for actor in ["member/parley/ada", "rule/flood", CLUSTER] {
        let asked = import("shop", "shop", share(1), &[], clean());
        assert_eq!(world.refused(actor, asked), [Guard::AnotherPerson], "{actor}");
    }
    let (preset, scope) = (Preset::Freeze, "account".parse().unwrap());
    world.ok("member/parley/ada", Command::AskMeasure { preset, scope, ends: None, why: words() });
    world.until(world.now);
    let asked = import("shop", "shop", share(1), &[], clean());
    assert_eq!(world.refused(PIA, asked), [Guard::NotWithheld]);
}

#[test]
fn law_13_an_import_is_taken_when_that_was_seen_and_one_that_was_not_is_let_go_of() {
    let mut world = world();
    world.ok(PIA, import("shop", "shop", share(1), &[], clean()));
    let decided = world.clone();

    let told = world.ok(CLUSTER, ended("shop"));
    assert_eq!(types(&told), ["environment.import_ended"]);
    assert!(!world.account().environments.contains_key(&"shop".parse().unwrap()));
    world.ok(PIA, import("shop", "shop", share(1), &[], clean()));

    let mut world = decided;
    world.ok(CLUSTER, adopted("shop"));
    let shop = &world.account().environments[&"shop".parse().unwrap()];
    assert!(shop.imported.as_ref().is_some_and(|imported| imported.adopted.is_some()));
    assert!(world.ok(CLUSTER, adopted("shop")).is_empty(), "once is enough");
    assert_eq!(world.refused(CLUSTER, ended("shop")), [Guard::InState], "it is the account's");
    assert_eq!(world.refused(CLUSTER, ended("web")), [Guard::InState], "it was made for the account");
}
