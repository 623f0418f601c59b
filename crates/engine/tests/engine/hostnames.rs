//! Hostnames as the engine has them: looked at over HTTP, and one account's over all accounts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tenure_access::Role;
use tenure_domain::account::Command;
use tenure_domain::account::provision::Provision;
use tenure_domain::hostname::{ANSWER_MAX, challenge_text};
use tenure_domain::name::Hostname;
use tenure_domain::refusal::{Guard, Rejected, Unmet};
use tenure_engine::clock::ClockKind;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Submission};
use tenure_engine::{Engine, EngineError, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::office::{Office, done, hours, member, slug, start};

const WWW: &str = "www.parley.example";

/// What a web server has at each path; everything else is 404.
type Pages = Arc<Mutex<BTreeMap<String, String>>>;

/// A web server with these pages.
async fn serve(pages: Pages) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let page = pages.lock().unwrap().get(path).cloned();
            let (status, page) = page.map_or(("404 Not Found", String::new()), |page| ("200 OK", page));
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
                page.len()
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    address
}

fn www() -> Hostname {
    WWW.parse().unwrap()
}

async fn submit(
    engine: &Engine,
    account: &str,
    command: Provision,
    kept: Kept,
) -> Result<Vec<String>, EngineError> {
    let act = Act::Account(slug(account), Command::Provision(command));
    let submission = Submission::new(member(account, Role::Owner), act).keeping(kept);
    engine
        .submit(submission)
        .await
        .map(|outcome| done(outcome).events.iter().map(ToString::to_string).collect())
}

async fn claim(engine: &Engine, account: &str) -> Result<Vec<String>, EngineError> {
    submit(engine, account, engine.claim_hostname(www()).unwrap(), Kept::default()).await
}

async fn prove(engine: &Engine, account: &str) -> Result<Vec<String>, EngineError> {
    let mut kept = Kept::default();
    let state = engine.account(&slug(account)).await.unwrap();
    let command = engine.prove_hostname(&state, www(), &mut kept).await?;
    submit(engine, account, command, kept).await
}

/// Puts what an account was told where it is to be found.
async fn answer(engine: &Engine, account: &str, pages: &Pages, with: impl Fn(String) -> String) {
    let state = engine.account(&slug(account)).await.unwrap();
    let token = &state.hostname(&www()).unwrap().token;
    let text = with(challenge_text(&state.id, &www(), token));
    pages.lock().unwrap().insert(format!("/.well-known/tenure-challenge/{token}"), text);
}

#[track_caller]
fn refused(answer: Result<Vec<String>, EngineError>) -> Unmet {
    match answer {
        Err(EngineError::Rejected(Rejected::Refused(refusal))) => refusal.guards.into_iter().next().unwrap(),
        other => panic!("it should be refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_hostname_is_whose_server_answers_and_nobody_elses_until_it_is_released() {
    let office = Office::open().await;
    office.open_account("agora").await;
    office.engine.stop().await;
    let pages = Pages::default();
    let hosts = BTreeMap::from([(WWW.to_owned(), serve(Arc::clone(&pages)).await)]);
    let settings =
        || Settings { fetch_hosts: hosts.clone(), ..office.settings(ClockKind::Simulated, start(), 11) };
    let engine = Engine::start(office.database.open().await, settings()).await.unwrap();
    assert_eq!(claim(&engine, "parley").await.unwrap(), ["hostname.claimed"]);
    // A claim keeps nobody from claiming the same, and tells nobody of the other.
    assert_eq!(claim(&engine, "agora").await.unwrap(), ["hostname.claimed"]);
    assert_eq!(refused(prove(&engine, "parley").await).guard, Guard::ChallengeAnswered);
    // What one account was told proves nothing for the other; nor does a page that only begins so.
    answer(&engine, "agora", &pages, |text| text).await;
    let unmet = refused(prove(&engine, "parley").await);
    assert!(unmet.detail.ends_with("it answered with the status 404"), "{unmet:?}");
    answer(&engine, "parley", &pages, |text| text + &" ".repeat(ANSWER_MAX) + "and more").await;
    assert!(refused(prove(&engine, "parley").await).detail.ends_with("another text"));
    answer(&engine, "parley", &pages, |text| text + "\n").await;
    assert_eq!(prove(&engine, "parley").await.unwrap(), ["hostname.proved"]);
    assert_eq!(prove(&engine, "parley").await.unwrap(), Vec::<String>::new());

    // The other's server answers too by now, and it is too late; also after a restart.
    engine.stop().await;
    let engine = Engine::start(office.database.open().await, settings()).await.unwrap();
    for answer in [prove(&engine, "agora").await, claim(&engine, "agora").await] {
        let unmet = refused(answer);
        assert_eq!(unmet.guard, Guard::NameFree);
        assert!(!format!("{unmet:?}").contains("account parley"), "whose it is is nobody's business");
        assert_eq!(unmet.detail, "www.parley.example is proved by another account of this provider");
    }
    let release = Provision::ReleaseHostname { hostname: www() };
    assert_eq!(submit(&engine, "parley", release, Kept::default()).await.unwrap(), ["hostname.released"]);
    assert_eq!(prove(&engine, "agora").await.unwrap(), ["hostname.proved"]);
    assert_eq!(refused(claim(&engine, "parley").await).guard, Guard::NameFree);
    engine.stop().await;
}

#[tokio::test]
async fn a_claim_that_nobody_proves_lapses_by_its_timer() {
    let office = Office::open().await;
    claim(&office.engine, "parley").await.unwrap();
    office.engine.advance_to(start() + hours(7 * 24 + 1)).await.unwrap();
    let account = office.account("parley").await;
    assert_eq!(account.hostname(&www()).unwrap().state.name(), "lapsed");
    assert_eq!(refused(prove(&office.engine, "parley").await).guard, Guard::InState);
    let before = account.hostname(&www()).unwrap().token.clone();
    assert_eq!(claim(&office.engine, "parley").await.unwrap(), ["hostname.claimed"]);
    assert_ne!(office.account("parley").await.hostname(&www()).unwrap().token, before);
    office.engine.stop().await;
}
