//! Faults of several servers on one database, and of the database. Run by the suite `postgres` of `tests/run`.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use tenure_test_database::Database;
use tenure_test_link::{Cut, Link, port_to_come_back_to};

use super::load::{Acknowledged, Cast, Work, all_there, http};
use crate::house::{House, PATIENCE, Server, said};

/// How soon another server has to lead.
const TAKEOVER: Duration = Duration::from_secs(10);

/// A server, and the link over which it reaches the database.
struct Replica {
    link: Link,
    server: Server,
    house: House,
}

/// Servers on one database, each with a folder and a link of its own. The first leads.
struct Provider {
    database: Database,
    replicas: Vec<Replica>,
    cast: Cast,
}

async fn house(database: &Database, key: Option<&House>) -> (House, Link) {
    let (scheme, rest) = database.url().split_once('@').unwrap();
    let (address, name) = rest.split_once('/').unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let link = Link::to(address).await;
    let url = format!("{scheme}@{}/{name}", link.address());
    let house = House::new(&format!("cluster: {{kind: none}}\ndatabase: {{url: \"{url}\"}}"));
    if let Some(first) = key {
        house.share_key_of(first);
    }
    (house, link)
}

impl Provider {
    async fn open(servers: usize) -> Self {
        let database = Database::fresh().await;
        let (first, link) = house(&database, None).await;
        let administrator = first.bootstrap();
        let mut replicas = vec![Replica { link, server: first.serve(), house: first }];
        leads(&replicas[0].server).await;
        for _ in 1..servers {
            let (next, link) = house(&database, Some(&replicas[0].house)).await;
            replicas.push(Replica { link, server: next.serve(), house: next });
        }
        let cast = Cast::gather(&replicas[0].server.api, &administrator).await;
        Self { database, replicas, cast }
    }

    fn work(&self) -> Work {
        let servers: Vec<String> = self.replicas.iter().map(|r| r.server.api.clone()).collect();
        Work::begin(&self.cast, &servers, 0)
    }

    /// Waits until another than the first leads; how long it took.
    async fn taken_over(&self) -> Duration {
        let since = Instant::now();
        loop {
            for replica in &self.replicas[1..] {
                if is_leading(&replica.server).await {
                    return since.elapsed();
                }
            }
            assert!(since.elapsed() < PATIENCE, "nobody leads");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything acknowledged is there once, every deadline fired once, and all agrees.
    async fn agrees(mut self, acknowledged: &Acknowledged) {
        let last = self.replicas.len() - 1;
        all_there(&self.replicas[last].server.api, &self.cast, acknowledged).await;
        let houses: Vec<House> = self
            .replicas
            .drain(..)
            .map(|mut replica| {
                replica.link.mend();
                replica.server.signal("-CONT");
                replica.server.signal("-TERM");
                assert_eq!(replica.server.ended(), Some(0), "{:#?}", replica.server.log());
                drop(replica.link);
                replica.house
            })
            .collect();
        let verified = houses[0].verify_at(self.database.url());
        assert!(verified.status.success(), "{}", said(&verified));
    }
}

async fn is_leading(server: &Server) -> bool {
    let Ok(answer) = http().get(&server.metrics).send().await else { return false };
    answer.text().await.is_ok_and(|text| text.lines().any(|line| line == "tenure_leader_here 1"))
}

async fn leads(server: &Server) {
    let since = Instant::now();
    while !is_leading(server).await {
        assert!(since.elapsed() < PATIENCE, "it does not lead");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs TENURE_TEST_POSTGRES"]
async fn a_leader_that_is_killed_is_followed_within_ten_seconds_and_nothing_is_lost() {
    let mut provider = Provider::open(3).await;
    let work = provider.work();
    work.goes_on(30).await;
    provider.replicas[0].server.signal("-KILL");
    provider.replicas[0].server.ended();
    let took = provider.taken_over().await;
    work.goes_on(30).await;
    let acknowledged = work.end().await;
    provider.replicas[0].server = provider.replicas[0].house.serve();
    provider.agrees(&acknowledged).await;
    assert!(took < TAKEOVER, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs TENURE_TEST_POSTGRES"]
async fn a_leader_that_stands_still_is_followed_and_writes_nothing_when_it_wakes() {
    let provider = Provider::open(2).await;
    let work = provider.work();
    work.goes_on(30).await;
    provider.replicas[0].server.signal("-STOP");
    let took = provider.taken_over().await;
    provider.replicas[0].server.signal("-CONT");
    work.goes_on(30).await;
    provider.replicas[0].server.wait_for(|line| line["message"] == "this process leads no more");
    assert!(is_leading(&provider.replicas[1].server).await, "the other goes on leading");
    let acknowledged = work.end().await;
    provider.agrees(&acknowledged).await;
    assert!(took < TAKEOVER, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs TENURE_TEST_POSTGRES"]
async fn a_leader_that_is_cut_from_the_database_is_followed_and_serves_again_when_it_is_back() {
    for how in [Cut::Silent, Cut::Refusing] {
        let provider = Provider::open(2).await;
        let work = provider.work();
        work.goes_on(30).await;
        provider.replicas[0].link.cut(how);
        let took = provider.taken_over().await;
        provider.replicas[0].server.wait_for(|line| line["message"] == "this process leads no more");
        provider.replicas[0].link.mend();
        work.goes_on(60).await;
        let acknowledged = work.end().await;
        provider.agrees(&acknowledged).await;
        assert!(took < TAKEOVER, "{how:?}: {took:?}");
    }
}

/// A server of its own, because it is restarted under load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs TENURE_TEST_POSTGRES"]
async fn a_database_that_is_restarted_under_load_loses_nothing() {
    let own = Own::start();
    let house = House::new(&format!("cluster: {{kind: none}}\ndatabase: {{url: \"{}\"}}", own.url));
    let administrator = house.bootstrap();
    let mut server = house.serve();
    let cast = Cast::gather(&server.api, &administrator).await;
    let work = Work::begin(&cast, std::slice::from_ref(&server.api), 0);
    for how in ["fast", "immediate"] {
        work.goes_on(30).await;
        own.script(&["restart", how]);
        work.goes_on(30).await;
        leads(&server).await;
    }
    let acknowledged = work.end().await;
    all_there(&server.api, &cast, &acknowledged).await;
    server.signal("-TERM");
    assert_eq!(server.ended(), Some(0));
    let verified = house.run(&["verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
}

/// A PostgreSQL server of a test's own, started by the same script as the suite's.
struct Own {
    url: String,
    state: tempfile::TempDir,
    port: u16,
}

impl Own {
    fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let port = port_to_come_back_to();
        // Its owner is another user where the tests run as the superuser.
        let mut mode = std::fs::metadata(state.path()).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
        std::fs::set_permissions(state.path(), mode).unwrap();
        let own = Self { url: format!("postgres://tenure@127.0.0.1:{port}/postgres"), state, port };
        own.script(&["up"]);
        own
    }

    fn script(&self, verb: &[&str]) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/postgres");
        let done = Command::new(script)
            .args(verb)
            .env("PG_STATE", self.state.path().join("pg"))
            .env("PG_PORT", self.port.to_string())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", said(&done));
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.script(&["down"]);
    }
}
