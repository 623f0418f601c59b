use std::collections::BTreeSet;

use tenure_access::{Denied, Role};
use tenure_domain::account::{Actor, Command};
use tenure_domain::book;
use tenure_domain::refusal::Rejected;
use tenure_engine::submission::Act;
use tenure_engine::{Engine, EngineError};

use crate::office::{Office, ines, member, person, slug};

#[tokio::test]
async fn to_a_member_no_other_account_exists() {
    let office = Office::open().await;
    office.open_account("quince").await;
    let case = office.open_case("quince").await;
    let notice = office.issue_notice(&case).await;
    let before = office.account("quince").await;
    for (name, notice) in [("quince", notice.clone()), ("nobody", "nobody.n1".parse().unwrap())] {
        let act = Act::Account(slug(name), Command::AcknowledgeNotice { notice });
        let error = office.submit(member("parley", Role::Owner), act).await.unwrap_err();
        assert!(matches!(error, EngineError::Denied(Denied::Hidden)), "{name}: {error:?}");
    }
    assert_eq!(office.account("quince").await.notices[0].served_at(), before.notices[0].served_at());
}

#[tokio::test]
async fn a_role_that_does_not_allow_it_changes_nothing() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    let before = office.account("parley").await;
    let mut proposal = office.proposal(&case);
    proposal.caller = person("sam", Role::Support);
    let mut hold = office.hold("parley", "not mine to place");
    hold.caller = ines();
    let mut by_viewer = office.hold("parley", "not mine either");
    by_viewer.caller = member("parley", Role::Owner);
    for submission in [proposal, hold, by_viewer] {
        let error = office.engine.submit(submission).await.unwrap_err();
        assert!(matches!(error, EngineError::Denied(Denied::Role { .. })), "{error:?}");
    }
    assert_eq!(office.account("parley").await, before);
}

#[tokio::test]
async fn a_token_speaks_for_its_subject_with_the_roles_of_now_until_it_is_revoked() {
    let office = Office::open().await;
    let subject: Actor = "person/ines".parse().unwrap();
    let set = |role: &str| {
        let roles = BTreeSet::from([role.to_owned()]);
        let event = book::Event::PersonSet { person: "ines".parse().unwrap(), roles };
        Act::Book(book::Entry::Person("ines".parse().unwrap()), event)
    };
    let token = office.engine.issue_token(Engine::bootstrap(), subject.clone()).await.unwrap();
    assert!(office.engine.authenticate(&token).is_none(), "nobody of that name yet");
    office.submit(Engine::bootstrap(), set("analyst")).await.unwrap();
    let roles = |office: &Office| match office.engine.authenticate(&token) {
        Some(tenure_access::Principal::Person { roles, .. }) => roles,
        other => panic!("{other:?}"),
    };
    assert_eq!(roles(&office), BTreeSet::from([Role::Analyst]));
    office.submit(Engine::bootstrap(), set("support")).await.unwrap();
    assert_eq!(roles(&office), BTreeSet::from([Role::Support]));
    let office = office.crash().await;
    assert_eq!(roles(&office), BTreeSet::from([Role::Support]));
    assert!(office.engine.authenticate("tenure_00").is_none());

    let issued = office.engine.events(0, 1_000).await.unwrap();
    let issued = issued.iter().find(|e| e.event_type == "token.issued").unwrap();
    assert!(!serde_json::to_string(&issued.body).unwrap().contains(&token), "the secret is nowhere");
    let digest = issued.body["digest"].as_str().unwrap().to_owned();
    let entry = book::Entry::Token(digest.chars().take(16).collect());
    office.submit(Engine::bootstrap(), Act::Book(entry, book::Event::TokenRevoked { digest })).await.unwrap();
    assert!(office.engine.authenticate(&token).is_none());
    let office = office.restart().await;
    assert!(office.engine.authenticate(&token).is_none());
}

#[tokio::test]
async fn published_terms_never_change() {
    let office = Office::open().await;
    let text = crate::office::TERMS.replace("PT72H", "PT1H");
    let (_, other) = Engine::read_terms(&text).unwrap();
    let admin = || person("otto", Role::Administrator);
    let error = office.engine.publish_terms(admin(), &text, other).await.unwrap_err();
    assert!(matches!(error, EngineError::Rejected(_)), "{error:?}");
    let (_, same) = Engine::read_terms(crate::office::TERMS).unwrap();
    let error = office.engine.publish_terms(admin(), &text, same).await.unwrap_err();
    assert!(matches!(error, EngineError::Defect { .. }), "a text under another's name: {error:?}");
    office.publish_terms().await;
    assert_eq!(office.engine.shelf().terms.iter().count(), 1);
}

#[tokio::test]
async fn the_last_administrator_cannot_be_taken_away() {
    let office = Office::open().await;
    let set = |who: &str, roles: &[&str]| {
        let event = book::Event::PersonSet {
            person: who.parse().unwrap(),
            roles: roles.iter().map(ToString::to_string).collect(),
        };
        Act::Book(book::Entry::Person(who.parse().unwrap()), event)
    };
    let otto = || person("otto", Role::Administrator);
    office.submit(otto(), set("otto", &["administrator"])).await.unwrap();
    let error = office.submit(otto(), set("otto", &["support"])).await.unwrap_err();
    assert!(matches!(error, EngineError::Rejected(Rejected::Refused(_))), "{error:?}");
    office.submit(otto(), set("mara", &["administrator"])).await.unwrap();
    office.submit(otto(), set("otto", &["support"])).await.unwrap();
}
