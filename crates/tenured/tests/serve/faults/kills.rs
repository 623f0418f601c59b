//! Kill -9 at random moments under load, 200 times.

use std::time::Duration;

use tenure_test_database::Database;

use super::load::{Acknowledged, Cast, Work, all_there};
use crate::house::{House, Server, said};

/// How often the server is killed.
const KILLS: u32 = 200;

/// The longest a server lives, from when it answers.
const LIFE: u64 = 300;

/// Moments that are the same in every run and fall on no pattern (a linear congruential generator, Knuth's constants).
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % LIFE)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_200_times_under_load_has_everything_it_acknowledged() {
    let database = Database::fresh().await;
    let house = House::new(&format!(
        "cluster: {{kind: none}}\nleader: {{silence: PT1S}}\ndatabase: {{url: \"{}\"}}",
        database.url()
    ));
    let administrator = house.bootstrap();
    let server = house.serve();
    let cast = Cast::gather(&server.api, &administrator).await;
    let mut server = Some(server);
    let mut moments = Moments(20_210_109);
    let mut acknowledged = Acknowledged::new();
    for round in 0..KILLS {
        let mut lives: Server = server.take().unwrap_or_else(|| house.serve());
        let work = Work::begin(&cast, std::slice::from_ref(&lives.api), round);
        tokio::time::sleep(moments.next()).await;
        lives.signal("-KILL");
        lives.ended();
        acknowledged.extend(work.end().await);
    }
    assert!(acknowledged.len() > usize::try_from(KILLS).unwrap(), "only {}", acknowledged.len());

    let mut last = house.serve();
    all_there(&last.api, &cast, &acknowledged).await;
    last.signal("-TERM");
    assert_eq!(last.ended(), Some(0));
    let verified = house.run(&["verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
}
