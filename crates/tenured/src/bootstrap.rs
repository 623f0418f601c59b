//! `tenured bootstrap`: the first administrator of an empty installation.
//!
//! No credentials exist before it. It works on the database itself, as one more process: a server that runs takes over
//! what it commits within a moment. That only one first token is ever issued is counted in the transaction that issues
//! it, whoever asks at the same time.

use anyhow::{Context as _, bail};
use secrecy::SecretString;
use tenure_domain::account::Actor;
use tenure_domain::book;
use tenure_domain::name::PersonId;
use tenure_engine::Engine;
use tenure_engine::shelf::Shelf;
use tenure_engine::submission::{Act, Submission};

use crate::config::Config;
use crate::{dev, installation};

/// The one role with which an installation can begin: whoever holds it gives out all others.
pub const ROLE: &str = "administrator";

/// Makes a person the first administrator and issues the first token, whose secret is kept nowhere.
pub async fn bootstrap(config: &Config, person: &PersonId) -> anyhow::Result<SecretString> {
    dev::make_private(&config.data)?;
    let store = installation::open(config).await?;
    let key = installation::key(config, &store).await?;
    let settings = installation::settings(config, key, None, std::collections::BTreeMap::new())?;
    let engine = Engine::start(store, settings).await?;
    let token = begin(&engine, person).await;
    engine.stop().await;
    token
}

async fn begin(engine: &Engine, person: &PersonId) -> anyhow::Result<SecretString> {
    refuse_a_second(&engine.shelf(), person)?;
    let roles = [ROLE.to_owned()].into();
    let event = book::Event::PersonSet { person: person.clone(), roles };
    let set = Submission::new(Engine::bootstrap(), Act::Book(book::Entry::Person(person.clone()), event));
    engine.submit(set).await.context("the first administrator")?;
    let token = engine.issue_first_token(Actor::Person(person.clone())).await.context("the first token")?;
    Ok(SecretString::from(token))
}

/// An administrator without any token is one whose bootstrap was cut off: it goes on for the same person.
fn refuse_a_second(shelf: &Shelf, person: &PersonId) -> anyhow::Result<()> {
    let administrators: Vec<&PersonId> = shelf
        .people()
        .filter(|(_, roles)| roles.iter().any(|r| r.as_str() == ROLE))
        .map(|(id, _)| id)
        .collect();
    let Some(first) = administrators.first() else { return Ok(()) };
    if shelf.has_tokens() {
        bail!(
            "{first} is an administrator already, and only administrators make further ones: PUT /v1/people/{{person}}"
        );
    }
    if !administrators.contains(&person) {
        bail!("{first} was made an administrator but got no token: run it again with --person {first}");
    }
    Ok(())
}
