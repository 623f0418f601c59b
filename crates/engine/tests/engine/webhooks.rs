//! Messages to endpoints over what happens to processes: none is lost, none counts twice, the order stays.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use tenure_access::Role;
use tenure_domain::account::{Command, System};
use tenure_domain::book::{Entry, Event};
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::name::WebhookId;
use tenure_domain::webhook::{Endpoint, MessageKind};
use tenure_engine::EngineError;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Submission};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::office::{Office, hours, member, person, slug};

/// A receiver over bare TCP, which acknowledges, or takes what comes and says nothing.
#[derive(Clone)]
struct Receiver {
    url: String,
    says: Arc<Mutex<bool>>,
    got: Arc<Mutex<Vec<(String, String)>>>,
}

impl Receiver {
    async fn open(says: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let receiver = Self { url, says: Arc::new(Mutex::new(says)), got: Arc::default() };
        let takes = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(takes.clone().take(stream));
            }
        });
        receiver
    }

    async fn take(self, mut stream: TcpStream) {
        let (mut bytes, mut part) = (Vec::new(), [0; 4_096]);
        loop {
            let n = stream.read(&mut part).await.unwrap_or_default();
            if n == 0 {
                return;
            }
            bytes.extend_from_slice(&part[..n]);
            let text = String::from_utf8(bytes.clone()).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let field = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(name)).unwrap();
                line.trim_start_matches(": ").to_owned()
            };
            if body.len() < field("content-length").parse().unwrap() {
                continue;
            }
            self.got.lock().unwrap().push((field("webhook-id"), body.to_owned()));
            if *self.says.lock().unwrap() {
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 22\r\nconnection: close\r\n\r\n{\"acknowledged\": true}";
                stream.write_all(answer.as_bytes()).await.unwrap();
                return;
            }
            // It says nothing until it is cut off.
        }
    }

    fn got(&self) -> Vec<(String, String)> {
        self.got.lock().unwrap().clone()
    }

    async fn until(&self, count: usize) {
        while self.got.lock().unwrap().len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn hook() -> WebhookId {
    "pay-hook".parse().unwrap()
}

fn otto() -> Caller {
    person("otto", Role::Administrator)
}

/// `pay-hook` enforces payments, and `penny` speaks for it.
async fn register(office: &Office, url: &str) {
    let roles = ["enforcer".to_owned()].into();
    let penny = Event::PersonSet { person: "penny".parse().unwrap(), roles };
    office.submit(otto(), Act::Book(Entry::Person("penny".parse().unwrap()), penny)).await.unwrap();
    let endpoint = Endpoint {
        url: url.to_owned(),
        events: [MessageKind::MeasureApplied, MessageKind::MeasureLifted].into(),
        enforces: [Capability::Payments].into(),
        principal: Some("penny".parse().unwrap()),
        enabled: true,
        keys: Vec::new(),
    };
    let set = Event::WebhookSet { webhook: hook(), endpoint };
    office.submit(otto(), Act::Book(Entry::Webhook(hook()), set)).await.unwrap();
    office.engine.make_webhook_secret(otto(), &hook(), SignedDuration::ZERO, None).await.unwrap();
    office.engine.settle().await.unwrap();
}

/// The account asks that its payments be withheld, which takes effect at once.
async fn ask(office: &Office, account: &str) {
    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "A key was stolen.").unwrap();
    let scope = "account".parse().unwrap();
    let ask = Command::AskMeasure { preset: Preset::WithholdPayments, scope, ends: None, why };
    let act = Act::Account(slug(account), ask);
    office.submit_keeping(member(account, Role::Owner), act, kept).await.unwrap();
}

async fn acknowledged(office: &Office) -> usize {
    office.times_of("parley", "enforcer.acknowledged").await.len()
}

#[tokio::test]
async fn a_leader_that_dies_between_sending_and_noting_sends_again_under_the_same_id_and_it_counts_once() {
    let office = Office::open().await;
    let receiver = Receiver::open(false).await;
    register(&office, &receiver.url).await;
    ask(&office, "parley").await;
    receiver.until(1).await;
    // The receiver has it, and the process ends before it hears anything; whoever comes next is answered.
    *receiver.says.lock().unwrap() = true;
    let office = office.crash().await;
    office.engine.settle().await.unwrap();
    let got = receiver.got();
    assert!(got.len() >= 2, "{got:?}");
    assert!(got.iter().all(|one| *one == got[0]), "the same id and the same bytes: {got:?}");
    assert_eq!(acknowledged(&office).await, 1);

    // What was acknowledged is on the record, and the process ends before it notes that it was delivered.
    office.sql("UPDATE webhook_messages SET state = 'waiting', next_at = 0").await;
    let office = office.crash().await;
    office.engine.settle().await.unwrap();
    let again = receiver.got();
    assert_eq!(again.len(), got.len() + 1);
    assert_eq!(again.last(), got.first());
    assert_eq!(acknowledged(&office).await, 1, "heard twice, it is done once");
    let rows = office.engine.webhook_messages(&hook(), None, None, 10).await.unwrap();
    assert_eq!(rows[0].outcome, "delivered and acknowledged");
}

#[tokio::test]
async fn messages_of_one_account_keep_their_order_and_those_of_another_do_not_wait_for_them() {
    let office = Office::open().await;
    office.open_account("quince").await;
    let receiver = Receiver::open(false).await;
    register(&office, &receiver.url).await;
    ask(&office, "parley").await;
    receiver.until(1).await;
    // The second is made while the first is under way, and the other account's goes at once.
    let lift = Command::LiftUnder {
        measure: "parley.m1".parse().unwrap(),
        authority: tenure_domain::authority::Authority::AccountHolder,
        why: office.engine.words(&mut Kept::default(), "It is over.").unwrap(),
    };
    office.submit(member("parley", Role::Owner), Act::Account(slug("parley"), lift)).await.unwrap();
    ask(&office, "quince").await;
    receiver.until(2).await;
    let accounts = |got: &[(String, String)]| -> Vec<(String, String)> {
        let value = |body: &String| serde_json::from_str::<serde_json::Value>(body).unwrap();
        got.iter()
            .map(|(_, body)| value(body))
            .map(|v| (v["data"]["account"].as_str().unwrap().into(), v["type"].as_str().unwrap().into()))
            .collect()
    };
    let first = [("parley", "measure.applied"), ("quince", "measure.applied")];
    let named = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };
    assert_eq!(accounts(&receiver.got()), named(&first));
    *receiver.says.lock().unwrap() = true;
    let office = office.crash().await;
    office.engine.settle().await.unwrap();
    let parley: Vec<String> = accounts(&receiver.got())
        .into_iter()
        .filter(|(account, _)| account == "parley")
        .map(|(_, kind)| kind)
        .collect();
    assert_eq!(parley, ["measure.applied", "measure.applied", "measure.lifted"]);
    // What was acknowledged of a measure that is lifted by now is not counted, so nothing waits for it either.
    assert_eq!(acknowledged(&office).await, 0);
}

#[tokio::test]
async fn the_secret_is_in_its_own_table_and_nowhere_else() {
    let office = Office::open().await;
    register(&office, "http://127.0.0.1:9/").await;
    let made = office.engine.make_webhook_secret(otto(), &hook(), SignedDuration::ZERO, None).await.unwrap();
    let (_, endpoint) = office.engine.webhook(&hook()).await.unwrap().unwrap();
    assert_eq!(endpoint.unwrap().keys.len(), 1);
    let kept = office.store.webhook_secrets("pay-hook").await.unwrap();
    assert_eq!(kept.len(), 1, "one that signs no more is forgotten");
    assert!(!format!("{kept:?}").contains("secret:"), "{kept:?}");
    assert!(made.written.starts_with("whsec_"));
    let removed = Event::WebhookRemoved { webhook: hook() };
    office.submit(otto(), Act::Book(Entry::Webhook(hook()), removed)).await.unwrap();
    assert!(office.store.webhook_secrets("pay-hook").await.unwrap().is_empty());
    // Only the delivery says that a message was given up, and only of one that waits.
    let event = Event::WebhookGaveUp {
        webhook: hook(),
        message: "msg_none".into(),
        measure: None,
        attempts: 1,
        outcome: String::new(),
    };
    let act = Act::Book(Entry::Delivering(hook()), event);
    let by_delivery = Submission::new(Caller::System(System::Delivery), act.clone());
    assert!(matches!(office.engine.submit(by_delivery).await, Err(EngineError::Rejected(_))));
    assert!(office.submit(otto(), act).await.is_err());
    office.engine.advance_to(office.engine.now() + hours(1)).await.unwrap();
}
