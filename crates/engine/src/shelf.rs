//! The provider's book in memory: what every request needs of it. Rebuilt at start, changed after each commit. What there
//! is of for every account is in maps whose copies share their nodes, so that a change costs the same however many there
//! are.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rpds::HashTrieMapSync;
use tenure_access::{Principal, Role};
use tenure_domain::account::{Actor, Book};
use tenure_domain::cluster::Probed;
use tenure_domain::name::{AccountId, PersonId, RuleId};
use tenure_domain::terms::Terms;
use tenure_domain::{book, terms::TermsRef};
use tenure_rules::Rule;
use tenure_store::Store;

use crate::EngineError;

/// The kinds of aggregates that make up the book.
pub(crate) const KINDS: [&str; 7] = ["terms", "rule", "person", "member", "token", "webhook", "cluster"];

/// The book as it stands.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// The published terms, and who holds which roles, as decisions read them.
    pub terms: Book,
    /// The rules.
    pub rules: HashMap<RuleId, Arc<Rule>>,
    people: HashMap<PersonId, BTreeSet<Role>>,
    members: HashTrieMapSync<(AccountId, PersonId), BTreeSet<Role>>,
    tokens: HashTrieMapSync<String, Actor>,
}

impl Shelf {
    /// Reads the whole book.
    pub(crate) async fn load(store: &Store) -> Result<Self, EngineError> {
        let mut shelf = Self::default();
        for kind in KINDS {
            let mut after = String::new();
            loop {
                let page = store.aggregates(kind, &after, 500).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.stream);
                for aggregate in &page {
                    let state: book::State = serde_json::from_str(&aggregate.state)
                        .map_err(|e| EngineError::defect(&aggregate.stream, &e))?;
                    shelf.put(store, &state.latest).await?;
                }
            }
        }
        Ok(shelf)
    }

    /// Takes an event over.
    pub(crate) async fn put(&mut self, store: &Store, latest: &book::Recorded) -> Result<(), EngineError> {
        match &latest.event {
            book::Event::TermsPublished { terms, document } => {
                let text = document_text(store, document.as_str()).await?;
                self.put_terms(terms, &text)?;
            }
            book::Event::RulePublished { rule, document, .. } => {
                let text = document_text(store, document.as_str()).await?;
                let parsed = Rule::parse(&text).map_err(|e| EngineError::defect(rule.as_str(), &e))?;
                self.rules.insert(rule.clone(), Arc::new(parsed));
            }
            book::Event::PersonSet { person, roles } => {
                let roles = read_roles(roles);
                let names = roles.iter().map(|role| role.as_str().to_owned()).collect();
                self.terms.set_roles(person.clone(), names);
                self.people.insert(person.clone(), roles);
            }
            book::Event::MemberSet { account, member, roles } => {
                self.members.insert_mut((account.clone(), member.clone()), read_roles(roles));
            }
            book::Event::TokenIssued { subject, digest } => {
                self.tokens.insert_mut(digest.clone(), subject.clone());
            }
            book::Event::TokenRevoked { digest } => {
                self.tokens.remove_mut(digest);
            }
            book::Event::WebhookSet { webhook, endpoint }
            | book::Event::WebhookSecretMade { webhook, endpoint, .. }
            | book::Event::WebhookDisabled { webhook, endpoint, .. } => {
                self.terms.set_webhook(webhook.clone(), Some(Arc::new(endpoint.clone())));
            }
            book::Event::WebhookRemoved { webhook } => self.terms.set_webhook(webhook.clone(), None),
            book::Event::ClusterProbed { cluster, found } => {
                let probed = Probed { found: found.clone(), since: latest.at };
                self.terms.set_cluster(cluster.clone(), Arc::new(probed));
            }
            // The jobs, the legal clock and the log know by themselves what holds for them.
            book::Event::RuleUndone { .. }
            | book::Event::WebhookPinged { .. }
            | book::Event::WebhookRedelivered { .. }
            | book::Event::WebhookGaveUp { .. }
            | book::Event::ClockDoubted { .. }
            | book::Event::ClockConfirmed { .. }
            | book::Event::LogKeyRotated { .. }
            | book::Event::LogAdopted { .. } => {}
        }
        Ok(())
    }

    fn put_terms(&mut self, reference: &TermsRef, text: &str) -> Result<(), EngineError> {
        let (terms, read) =
            Terms::parse(text).map_err(|e| EngineError::defect(&reference.to_string(), &e))?;
        if &read != reference {
            return Err(EngineError::defect(&reference.to_string(), &"the stored text is another one"));
        }
        self.terms.insert(read, Arc::new(terms));
        Ok(())
    }

    /// The principal for whom a token speaks, by the token's digest.
    pub fn principal(&self, digest: &str) -> Option<Principal> {
        self.principal_of(self.tokens.get(digest)?)
    }

    /// The principal behind an actor, with the roles of now.
    pub fn principal_of(&self, actor: &Actor) -> Option<Principal> {
        match actor {
            Actor::Person(person) => {
                Some(Principal::Person { name: person.to_string(), roles: self.people.get(person)?.clone() })
            }
            Actor::Member(account, person) => Some(Principal::Member {
                account: account.to_string(),
                name: person.to_string(),
                roles: self.members.get(&(account.clone(), person.clone()))?.clone(),
            }),
            Actor::Rule(_) | Actor::System(_) => None,
        }
    }

    /// Whether any token speaks for anyone.
    pub fn has_tokens(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Every person of the provider with the roles held.
    pub fn people(&self) -> impl Iterator<Item = (&PersonId, &BTreeSet<Role>)> {
        self.people.iter()
    }
}

/// Roles of another version's making that this one does not know give nothing.
fn read_roles(names: &BTreeSet<String>) -> BTreeSet<Role> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

async fn document_text(store: &Store, id: &str) -> Result<String, EngineError> {
    let blob =
        store.blob(id).await?.ok_or_else(|| EngineError::defect(id, &"the document is not in the store"))?;
    String::from_utf8(blob.bytes).map_err(|e| EngineError::defect(id, &e))
}
