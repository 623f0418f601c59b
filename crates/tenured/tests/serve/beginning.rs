//! Before the first request: configuration and the first administrator.

use std::net::TcpListener;

use crate::house::{House, PATIENCE, make_readable, said};

#[test]
fn the_first_administrator_is_made_once_and_the_token_is_shown_once() {
    let house = House::new("cluster: {kind: none}");
    let token = house.bootstrap();
    assert!(token.starts_with("tenure_") && token.len() == 71, "{token}");
    for person in ["mara", "eve"] {
        let again = house.run(&["bootstrap", "--person", person]);
        assert_eq!(again.status.code(), Some(1));
        assert!(again.stdout.is_empty());
        assert!(said(&again).contains("mara is an administrator already"), "{}", said(&again));
    }
    let findings = house.run(&["verify"]);
    assert!(findings.status.success(), "{}", said(&findings));
    assert!(said(&findings).contains("2 events refolded; the signed log covers 2"), "{}", said(&findings));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_in_before_the_bootstrap_and_a_server_that_runs_learns_of_it() {
    let house = House::new("cluster: {kind: none}\nstop: {drain: PT0S}");
    let server = house.serve();
    let http = reqwest::Client::new();
    let people = format!("{}/v1/people", server.api);
    for token in ["", "mara", "administrator", "tenure_"] {
        assert_eq!(http.get(&people).bearer_auth(token).send().await.unwrap().status().as_u16(), 401);
    }
    // Two at once: one of them is the first.
    let [mut one, mut other] = ["mara", "eve"]
        .map(|person| tokio::process::Command::from(house.command(&["bootstrap", "--person", person])));
    let (one, other) = tokio::join!(one.output(), other.output());
    let made: Vec<_> = [one.unwrap(), other.unwrap()].into_iter().filter(|o| o.status.success()).collect();
    assert_eq!(made.len(), 1, "{}", made.iter().map(said).collect::<String>());
    let token = String::from_utf8(made[0].stdout.clone()).unwrap();
    let since = std::time::Instant::now();
    while http.get(&people).bearer_auth(token.trim()).send().await.unwrap().status().as_u16() == 401 {
        assert!(since.elapsed() < PATIENCE, "the server does not learn of the first administrator");
    }
}

#[test]
fn a_check_shows_where_each_value_is_from_and_finds_what_a_start_would_stumble_over() {
    let house = House::new("cluster: {kind: none}");
    let fine = house.run(&["config", "check"]);
    assert!(fine.status.success(), "{}", said(&fine));
    let told = said(&fine);
    assert!(told.contains("tenured.yaml:2\n") && told.contains("# default"), "{told}");
    assert!(!told.contains("\nfault"), "{told}");
    assert!(!house.data().exists(), "a check makes nothing");

    house.bootstrap();
    make_readable(&house.data().join("log.key"));
    std::fs::write(house.data().join("tenure.db"), "no database").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let found = house.run(&["config", "check", "--listen", &listen]);
    assert_eq!(found.status.code(), Some(1));
    let told = said(&found);
    for fault in ["fault  log's key: ", "chmod 600", "fault  database: ", "fault  listen: "] {
        assert!(told.contains(fault), "no {fault:?} in {told}");
    }
    assert!(told.contains("ok     data folder: "), "{told}");
}

#[test]
fn a_log_that_is_begun_is_not_continued_under_another_key() {
    let house = House::new("cluster: {kind: none}");
    house.bootstrap();
    std::fs::remove_file(house.data().join("log.key")).unwrap();
    let refused = house.run(&["serve"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("put it back"), "{}", said(&refused));
    assert!(!house.data().join("log.key").exists());
}

#[test]
fn a_wrong_configuration_is_told_in_full_before_anything_is_made() {
    let house = House::new("cluster: {kind: simulated}\nstop: {drain: 5}");
    for verb in [&["serve"] as &[&str], &["bootstrap", "--person", "mara"], &["config", "check"]] {
        let refused = house.run(verb);
        assert_eq!(refused.status.code(), Some(1));
        let told = said(&refused);
        assert!(told.contains("tenured.yaml, line 5, cluster.kind: write one of"), "{told}");
        assert!(told.contains("tenured.yaml, line 6, stop.drain: "), "{told}");
    }
    assert!(!house.data().exists());
}

#[tokio::test]
async fn a_simulation_is_refused_unless_it_is_asked_for() {
    let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await.unwrap();
    let house = House::new("cluster: {kind: kubeconfig, kubeconfig: KUBECONFIG}\nstop: {drain: PT0S}");
    let kubeconfig = house.folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, simulation.kubeconfig()).unwrap();
    let text = std::fs::read_to_string(house.config()).unwrap();
    std::fs::write(house.config(), text.replace("KUBECONFIG", &kubeconfig.display().to_string())).unwrap();
    let command = house.command(&["serve"]);
    let refused = tokio::process::Command::from(command).output().await.unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("cluster.simulation: allowed"), "{}", said(&refused));
    let command = house.command(&["config", "check", "--cluster-simulation", "allowed"]);
    let fine = tokio::process::Command::from(command).output().await.unwrap();
    assert!(said(&fine).contains("ok     cluster: answers"), "{}", said(&fine));
    simulation.stop().await;
}
