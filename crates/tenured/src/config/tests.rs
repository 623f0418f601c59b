use std::path::Path;

use super::load::{Faults, Flags, Loaded, load};
use super::*;

const LEAST: &str = "data: /srv/tenure\nledger:\n  origin: tenure.example/log\ncluster:\n  kind: none\n";

fn read(text: &str, environment: &[(&str, &str)], flags: &[&str]) -> Result<Loaded, Faults> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tenured.yaml");
    std::fs::write(&file, text).unwrap();
    let flags = <Flags as clap::FromArgMatches>::from_arg_matches(
        &<Flags as clap::Args>::augment_args(clap::Command::new("tenured"))
            .try_get_matches_from(["tenured"].iter().chain(flags))
            .unwrap(),
    )
    .unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let shortened = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
    load(Some(&file), environment, &flags).map_err(|faults| shorten(&faults, shortened))
}

fn shorten(faults: &Faults, how: impl Fn(String) -> String) -> Faults {
    Faults::of(faults.as_slice().iter().cloned().map(how).collect())
}

fn faults(text: &str) -> Vec<String> {
    read(text, &[], &[]).unwrap_err().as_slice().to_vec()
}

#[test]
fn flags_override_the_environment_and_that_the_file_and_each_value_tells_its_source() {
    let text = format!("{LEAST}listen: 127.0.0.1:1\nlog:\n  format: text\nlimits: {{connections: 5}}\n");
    let loaded = read(
        &text,
        &[("TENURE_LISTEN", "127.0.0.1:2"), ("TENURE_LOG_FORMAT", "json"), ("HOME", "/root")],
        &["--listen", "127.0.0.1:3"],
    )
    .unwrap();
    assert_eq!(loaded.config.listen.port(), 3);
    assert_eq!(loaded.config.log_format, LogFormat::Json);
    assert_eq!(loaded.config.limits.connections, 5);
    let lines = loaded.lines();
    let line = |path: &str| lines.iter().find(|l| l.starts_with(path)).unwrap().clone();
    assert!(line("listen:").ends_with("# --listen"), "{lines:?}");
    assert!(line("log.format:").ends_with("# TENURE_LOG_FORMAT"), "{lines:?}");
    assert!(line("limits.connections:").ends_with("tenured.yaml:9"), "{lines:?}");
    assert!(line("limits.headerTime: PT10S").ends_with("# default"), "{lines:?}");
}

#[test]
fn every_fault_names_its_place_and_what_to_write() {
    let text = "listne: 127.0.0.1:1\nledger: {origin: a b}\ncluster: {kind: simulated}\nlimits:\n  headerTime: 10\n  requestTime: P1D\n  headerBytes: 10 KiB\nstop: {drain: PT0.5S, grace: PT2H}\nmetrics:\n  listen: nowhere\n";
    let found = faults(text);
    for (place, hint) in [
        ("tenured.yaml, line 1, listne:", "the fields here are data, listen"),
        ("tenured.yaml, line 3, cluster.kind:", "write one of kubeconfig, inCluster, none"),
        ("tenured.yaml, line 5, limits.headerTime:", "write a text"),
        ("tenured.yaml, line 6, limits.requestTime:", "no exact time"),
        ("tenured.yaml, line 7, limits.headerBytes:", "a whole number from 8192"),
        ("tenured.yaml, line 8, stop.drain:", "fraction"),
        ("tenured.yaml, line 8, stop.grace:", "from PT0S to PT600S"),
        ("tenured.yaml, line 10, metrics.listen:", "or off"),
        ("data: this is missing", "TENURE_DATA or as --data"),
    ] {
        assert!(
            found.iter().any(|f| f.starts_with(place) && f.contains(hint)),
            "{place} {hint} not in {found:#?}"
        );
    }
    let found = faults(&LEAST.replace("tenure.example/log", "a b"));
    assert!(found[0].starts_with("tenured.yaml, line 3, ledger.origin:"), "{found:?}");
}

#[test]
fn a_variable_or_flag_that_is_wrong_is_named_and_a_misspelt_variable_too() {
    let wrong = read(LEAST, &[("TENURE_STOP_DRAIN", "5s"), ("TENURE_LISTNE", "x")], &["--listen", "here"])
        .unwrap_err();
    let found = wrong.as_slice();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().any(|f| f.starts_with("TENURE_STOP_DRAIN: ")), "{found:?}");
    assert!(found.iter().any(|f| f.starts_with("TENURE_LISTNE: no setting")), "{found:?}");
    assert!(found.iter().any(|f| f.starts_with("--listen: ")), "{found:?}");
    let linked = [("TENURE_SERVICE_HOST", "10.0.0.1"), ("TENURE_PORT_7070_TCP", "tcp://10.0.0.1:7070")];
    assert!(read(LEAST, &linked, &[]).is_ok(), "what Kubernetes makes for a Service is no setting");
}

#[test]
fn what_contradicts_itself_is_refused_unless_it_overrides() {
    let both = format!("{LEAST}database: {{url: 'sqlite:/a', urlFile: /b}}\n");
    assert!(faults(&both)[0].contains("database.url is written too"), "{:?}", faults(&both));
    let text = format!("{LEAST}database: {{urlFile: /nowhere}}\n");
    let loaded = read(&text, &[("TENURE_DATABASE_URL", "sqlite:/a")], &[]).unwrap();
    assert_eq!(loaded.config.database.shown(), "sqlite:/a");
    let text = LEAST.replace("kind: none", "kind: none\n  context: production");
    assert!(faults(&text)[0].starts_with("tenured.yaml, line 6, cluster.context: cluster.kind is none"));
    let text = LEAST.replace("kind: none", "kind: kubeconfig\n  context: production");
    assert_eq!(read(&text, &[], &["--cluster-kind", "none"]).unwrap().config.cluster, ClusterConfig::None);
    let same = format!("{LEAST}listen: 127.0.0.1:7\nmetrics: {{listen: 127.0.0.1:7}}\n");
    assert!(faults(&same)[0].contains("metrics.listen: this is the API's address"));
}

#[test]
fn a_databases_password_comes_from_a_file_and_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("url");
    std::fs::write(
        &secret,
        "postgres://tenure:pa:ss@word@db.example/tenure?sslmode=require&password=other\n",
    )
    .unwrap();
    let file = secret.display().to_string();
    let loaded = read(LEAST, &[("TENURE_DATABASE_URL_FILE", &file)], &[]).unwrap();
    let shown = loaded.config.database.shown();
    assert_eq!(shown, "postgres://tenure@db.example/tenure");
    let said = format!("{:?} {}", loaded.config, loaded.lines().join(" "));
    assert!(!said.contains("pa:ss") && !said.contains("word@") && !said.contains("other"), "{said}");
    let inline = read(LEAST, &[("TENURE_DATABASE_URL", "postgres://tenure:secret@db/tenure")], &[]).unwrap();
    assert!(!format!("{inline:?} {:?}", inline.lines()).contains("secret"), "{inline:?}");
    let refused = read(LEAST, &[], &["--database-url", "postgres://tenure:secret@db/tenure"]).unwrap_err();
    assert!(refused.to_string().contains("--database-url-file") && !refused.to_string().contains("secret"));
}

#[test]
fn the_example_is_read_and_shows_every_setting_with_its_default() {
    let loaded = read(&example(), &[], &[]).unwrap();
    for setting in SETTINGS {
        assert!(
            example().contains(&format!("{}: {}", setting.place().1, setting.example)),
            "{}",
            setting.path
        );
        assert!(setting.kind.read(setting.example).is_ok(), "{}", setting.path);
        assert!(setting.default.is_none_or(|d| d == setting.example), "{}", setting.path);
    }
    assert_eq!(loaded.config.data, Path::new("/var/lib/tenure"));
}

#[test]
fn the_committed_schema_and_example_are_fresh() {
    let fresh = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    let stale = "is stale: run `tenured config";
    assert!(
        fresh == include_str!("../../../../docs/config.schema.json"),
        "docs/config.schema.json {stale} schema > docs/config.schema.json`"
    );
    assert!(
        example() == include_str!("../../../../deploy/tenured.yaml"),
        "deploy/tenured.yaml {stale} example > deploy/tenured.yaml`"
    );
}

#[test]
fn what_one_person_may_begin_is_as_the_settings_say() {
    let usual = read(LEAST, &[], &[]).unwrap().config.caps;
    assert_eq!(usual, tenure_engine::OperatorCaps::default());
    let flags = ["--caps-cases-per-hour", "7", "--caps-emergencies-per-day", "3"];
    let set = read(LEAST, &[], &flags).unwrap().config.caps;
    assert_eq!((set.cases.per_hour, set.cases.per_day), (7, usual.cases.per_day));
    assert_eq!((set.emergencies.per_hour, set.emergencies.per_day), (usual.emergencies.per_hour, 3));
    assert!(read(LEAST, &[], &["--caps-measures-per-day", "0"]).is_err(), "no cap forbids everything");
}

#[tokio::test]
async fn letters_that_do_not_render_are_refused_by_the_check_and_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("fr")).unwrap();
    let words = folder.path().join("fr/words.json");
    std::fs::write(&words, r#"{"date": "Le"}"#).unwrap();
    let shown = folder.path().display().to_string();
    let flags = [
        "--letters-folder",
        shown.as_str(),
        "--letters-locale",
        "fr",
        "--letters-contact",
        "abuse@provider.example",
    ];
    let config = read(LEAST, &[], &flags).unwrap().config;
    let letters = config.letters.open().unwrap();
    assert_eq!(
        (letters.locale(), letters.stationery().contacts()),
        ("fr", ["abuse@provider.example".to_owned()].as_slice())
    );

    std::fs::write(folder.path().join("letter.html"), "{{ say('nothing.like.it') }}").unwrap();
    let trials = crate::check::check(&config).await;
    let found = &trials.iter().find(|t| t.what == "letters").unwrap().found;
    let error = found.as_ref().unwrap_err();
    assert!(error.contains("letter.html") && error.contains("nothing.like.it"), "{error}");
    let key = tenure_engine::LogKey::new("tenure.example/log", &[1; 32]).unwrap();
    let start =
        crate::installation::settings(&config, key, None, std::collections::BTreeMap::new()).err().unwrap();
    assert!(format!("{start:#}").contains("letter.html"), "{start:#}");
}

#[test]
fn a_freeze_webhook_is_off_unless_it_is_said_where_it_listens_and_where_it_is_reached() {
    assert_eq!(read(LEAST, &[], &[]).unwrap().config.freeze, None);
    let with = |rest: &str| format!("{LEAST}freezeWebhook:\n  listen: 0.0.0.0:8443\n{rest}");
    for (rest, reached) in [
        ("  url: https://10.0.0.5:8443\n", Reached::url("https://10.0.0.5:8443").unwrap()),
        ("  service: tenure/freeze\n", Reached::service("tenure/freeze:443").unwrap()),
    ] {
        let listen = "0.0.0.0:8443".parse().unwrap();
        let freeze = read(&with(rest), &[], &[]).unwrap().config.freeze;
        assert_eq!(freeze, Some(FreezeConfig { listen, reached }));
    }
    for (rest, place, hint) in [
        ("", "line 7, freezeWebhook.listen:", "freezeWebhook.url or freezeWebhook.service"),
        ("  url: https://a\n  service: a/b\n", "line 7, freezeWebhook.listen:", "one of them only"),
        ("  url: http://10.0.0.5\n", "line 8, freezeWebhook.url:", "https://"),
        ("  service: freeze\n", "line 8, freezeWebhook.service:", "NAMESPACE/NAME"),
    ] {
        let found = faults(&with(rest));
        assert!(found.len() == 1 && found[0].contains(place) && found[0].contains(hint), "{found:?}");
    }
}
