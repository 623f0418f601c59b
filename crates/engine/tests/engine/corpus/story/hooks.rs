//! A webhook endpoint from its registration to its end; nobody ever takes its messages.

use jiff::SignedDuration;
use tenure_access::Role;
use tenure_domain::account::System;
use tenure_domain::book::{Entry, Event};
use tenure_domain::name::WebhookId;
use tenure_domain::webhook::{Endpoint, MessageKind};
use tenure_engine::submission::{Act, Caller};

use super::Story;
use crate::office::person;

impl Story {
    pub(super) async fn hooks(&mut self) {
        let engine = self.office.engine.clone();
        let webhook: WebhookId = "pay-hook".parse().unwrap();
        let otto = || person("otto", Role::Administrator);
        let endpoint = Endpoint {
            // Nothing listens at the port for discarding.
            url: "http://127.0.0.1:9/tenure".to_owned(),
            events: MessageKind::ALL.into(),
            enforces: [].into(),
            principal: None,
            enabled: true,
            keys: Vec::new(),
        };
        let entry = Entry::Webhook(webhook.clone());
        let set = Event::WebhookSet { webhook: webhook.clone(), endpoint: endpoint.clone() };
        self.book(entry.clone(), set).await;
        for overlap in [SignedDuration::ZERO, SignedDuration::from_hours(24)] {
            engine.make_webhook_secret(otto(), &webhook, overlap, None).await.unwrap();
        }
        let (act, message) = engine.ping(&webhook).unwrap();
        self.office.submit(otto(), act).await.unwrap();
        self.pass(73).await;
        let act = engine.redeliver(&webhook, &message).await.unwrap();
        self.office.submit(otto(), act).await.unwrap();
        let (_, known) = engine.webhook(&webhook).await.unwrap().unwrap();
        let disabled = Endpoint { enabled: false, ..known.unwrap() };
        let gone = Event::WebhookDisabled { webhook: webhook.clone(), endpoint: disabled, message };
        self.office.submit(Caller::System(System::Delivery), Act::Book(entry.clone(), gone)).await.unwrap();
        self.book(entry, Event::WebhookRemoved { webhook }).await;
        // Another one, for which a message still waits.
        let webhook: WebhookId = "bill-hook".parse().unwrap();
        let set = Event::WebhookSet { webhook: webhook.clone(), endpoint };
        self.book(Entry::Webhook(webhook.clone()), set).await;
        engine.make_webhook_secret(otto(), &webhook, SignedDuration::ZERO, None).await.unwrap();
        let (act, _) = engine.ping(&webhook).unwrap();
        self.office.submit(otto(), act).await.unwrap();
        engine.settle().await.unwrap();
    }
}
