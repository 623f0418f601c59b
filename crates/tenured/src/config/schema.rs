//! The file's JSON Schema, and a commented example with every setting.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::clusters;
use super::settings::{Kind, SETTINGS, Setting};

/// The JSON Schema (2020-12) of the file. It requires no field, as the environment and flags can say the same.
pub fn schema() -> Value {
    let mut top = Map::new();
    for setting in SETTINGS {
        let (group, field) = setting.place();
        match group {
            None => drop(top.insert(field.to_owned(), one(setting))),
            Some(group) => {
                let entry = top.entry(group).or_insert_with(|| object(Map::new()));
                entry["properties"][field] = one(setting);
            }
        }
    }
    top["database"]["not"] = json!({"required": ["url", "urlFile"]});
    top.insert(clusters::CLUSTERS.to_owned(), clusters::schema(one));
    let mut schema = object(top);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("tenured.yaml");
    schema["description"] = json!(
        "What the Tenure server is started with. The environment overrides it, and flags override both."
    );
    schema
}

fn object(properties: Map<String, Value>) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": false});
    schema["properties"] = Value::Object(properties);
    schema
}

fn one(setting: &Setting) -> Value {
    let mut schema = match setting.kind {
        Kind::Text | Kind::Path | Kind::Filter => json!({"type": "string", "minLength": 1}),
        Kind::Address => json!({"type": "string", "pattern": ADDRESS}),
        Kind::AddressOrOff => json!({"type": "string", "pattern": format!("{ADDRESS}|^off$")}),
        Kind::HttpUrl => json!({"type": "string", "pattern": "^http://[^@]+$"}),
        Kind::DatabaseUrl => json!({"type": "string", "pattern": "^(sqlite:|postgres(ql)?://)"}),
        Kind::Time(..) => json!({"type": "string", "pattern": "^PT(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?$"}),
        Kind::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Word(words) => json!({"enum": words}),
    };
    let told =
        format!("{} In the environment {}, as a flag --{}.", setting.about, setting.env(), setting.flag());
    schema["description"] = json!(told);
    schema["examples"] = json!([written(setting, setting.example)]);
    if let Some(default) = setting.default {
        schema["default"] = written(setting, default);
    }
    schema
}

const ADDRESS: &str = r"^([0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$";

fn written(setting: &Setting, text: &str) -> Value {
    match (setting.kind, text.parse::<u64>()) {
        (Kind::Number(..), Ok(n)) => json!(n),
        _ => json!(text),
    }
}

/// Those that the example writes; the others are there as comments.
const EXAMPLE: [&str; 4] = ["data", "ledger.origin", "cluster.kind", "cluster.kubeconfig"];

/// A file with every setting and what it is for. What has a default, or is not needed, is a comment.
pub fn example() -> String {
    let mut text = String::from(
        "# The configuration of `tenured serve`. Each setting can also be given in the environment (TENURE_… in brackets) and\n# as a flag of the same words (--limits-header-time); the environment overrides this file, and flags override both.\n# `tenured config check --config FILE` shows what counts and tries it.\n",
    );
    let mut group_before = None;
    for setting in SETTINGS {
        let (group, field) = setting.place();
        if group != group_before || group.is_none() {
            text.push('\n');
        }
        let indent = if group.is_some() { "  " } else { "" };
        if group != group_before
            && let Some(group) = group
        {
            let is_written = EXAMPLE.iter().any(|path| path.starts_with(&format!("{group}.")));
            let _ = writeln!(text, "{}{group}:", if is_written { "" } else { "# " });
        }
        group_before = group;
        for line in wrapped(&format!("{} [{}]", setting.about, setting.env())) {
            let _ = writeln!(text, "{indent}# {line}");
        }
        let is_written = EXAMPLE.contains(&setting.path);
        let _ = writeln!(text, "{indent}{}{field}: {}", if is_written { "" } else { "# " }, setting.example);
    }
    text.push('\n');
    for line in wrapped(clusters::ABOUT) {
        let _ = writeln!(text, "# {line}");
    }
    for line in clusters::EXAMPLE.lines() {
        let _ = writeln!(text, "# {line}");
    }
    text
}

/// The widest line of a comment, in characters.
const WIDTH: usize = 110;

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
