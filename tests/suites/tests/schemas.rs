//! The names under which the OpenAPI document describes what goes over the wire.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Of two types of one name, one would silently be described as the other.
#[test]
fn no_two_documented_types_have_the_same_name() {
    let mut described: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/wire/src");
    for entry in fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(path.is_file(), "{file} is not looked into");
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines().map(str::trim_start) {
            let mut words = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            let is_type = words.next() == Some("pub") && matches!(words.next(), Some("struct" | "enum"));
            // A macro's own line says `$name`.
            let named = words.next().filter(|word| is_type && word.starts_with(char::is_uppercase));
            if let Some(name) = named {
                described.entry(name.to_owned()).or_default().push(file.clone());
            }
        }
        // Views are written in a macro, which says no `struct`: their names stand alone before a brace.
        let names = text.lines().filter_map(|line| line.strip_prefix("    ")?.strip_suffix(" {"));
        for name in names
            .filter(|name| name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric))
        {
            described.entry(name.to_owned()).or_default().push(file.clone());
        }
    }
    assert!(described.len() > 100, "{} types were found", described.len());
    let twice: Vec<_> = described.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
