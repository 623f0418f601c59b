//! The apply itself: merge what is applied into what is there, drop what the manager no longer applies, find conflicts.

use serde_json::{Map, Value};

use super::fields::{FieldSet, Path, flatten, item_key, readable};
use super::managers::{Manager, Operation, read_managers, write_managers};
use super::schema::{ListKind, is_atomic_map, list_kind};
use crate::object::text;
use crate::status::{ApiError, Outcome};

/// Who applies, and how.
#[derive(Debug, Clone, Copy)]
pub struct Applier<'a> {
    /// The field manager's name.
    pub manager: &'a str,
    /// `status`, or empty.
    pub subresource: &'a str,
    /// Take fields from other managers instead of refusing.
    pub force: bool,
    /// Now, RFC 3339.
    pub now: &'a str,
}

/// The object after an apply, with its `managedFields`. `finish` completes the merged object (defaults) before the
/// comparison that finds conflicts.
pub fn apply(
    live: &Value,
    applied: &Value,
    who: Applier<'_>,
    finish: impl FnOnce(&mut Value),
) -> Outcome<Value> {
    let Applier { manager, subresource, force, now } = who;
    let mut managers = read_managers(live);
    let mine = managers.iter().position(|m| m.is(manager, Operation::Apply, subresource));
    let had: FieldSet = mine.and_then(|i| managers.get(i)).map(|m| m.fields.clone()).unwrap_or_default();
    let wants: FieldSet = flatten(applied).into_keys().collect();

    let mut merged = merge(live, applied, &[]);
    let others: FieldSet = managers
        .iter()
        .enumerate()
        .filter(|(i, _)| Some(*i) != mine)
        .flat_map(|(_, m)| m.fields.iter().cloned())
        .collect();
    // Items before their fields: once an item's key field is gone it cannot be found. It goes only if nobody has any of it.
    for path in had.iter().filter(|p| !wants.contains(*p)) {
        let kept = |set: &FieldSet| set.range(path.clone()..).next().is_some_and(|p| p.starts_with(path));
        if !kept(&others) && !kept(&wants) {
            remove_path(&mut merged, path, &[]);
        }
    }
    finish(&mut merged);

    let (before, after) = (flatten(live), flatten(&merged));
    let changed: FieldSet =
        after.iter().filter(|(p, v)| before.get(*p) != Some(v)).map(|(p, _)| p.clone()).collect();
    let mut conflicts = Vec::new();
    for (i, other) in managers.iter_mut().enumerate() {
        if Some(i) == mine {
            continue;
        }
        let lost: Vec<Path> =
            other.fields.intersection(&changed).filter(|p| wants.contains(*p)).cloned().collect();
        for path in lost {
            if force {
                other.fields.remove(&path);
            } else {
                conflicts.push((other.describe(), readable(&path)));
            }
        }
        other.fields.retain(|p| after.contains_key(p) || exists_below(&after, p));
    }
    if !conflicts.is_empty() {
        return Err(ApiError::apply_conflict(&conflicts));
    }
    match mine.and_then(|i| managers.get_mut(i)) {
        Some(mine) if mine.fields == wants => {}
        Some(mine) => {
            mine.fields = wants;
            now.clone_into(&mut mine.time);
        }
        None => managers.push(Manager {
            name: manager.to_owned(),
            operation: Operation::Apply,
            subresource: subresource.to_owned(),
            api_version: text(applied, "/apiVersion").to_owned(),
            time: now.to_owned(),
            fields: wants,
        }),
    }
    write_managers(&mut merged, &managers);
    Ok(merged)
}

fn exists_below(after: &std::collections::BTreeMap<Path, Value>, path: &Path) -> bool {
    after.range(path.clone()..).next().is_some_and(|(p, _)| p.starts_with(path))
}

/// Merges by the rules of [`super::schema`]; `applied` wins.
fn merge(live: &Value, applied: &Value, trail: &[&str]) -> Value {
    match (live, applied) {
        (Value::Object(old), Value::Object(new)) if !is_atomic_map(trail) => {
            let mut out = old.clone();
            for (key, value) in new {
                if trail.is_empty() && ["apiVersion", "kind"].contains(&key.as_str()) {
                    continue;
                }
                let merged = match old.get(key) {
                    Some(before) => merge(before, value, &[trail, &[key.as_str()]].concat()),
                    None => value.clone(),
                };
                out.insert(key.clone(), merged);
            }
            Value::Object(out)
        }
        (Value::Array(old), Value::Array(new)) => match list_kind(trail) {
            ListKind::Atomic => applied.clone(),
            ListKind::Set => {
                let mut out = old.clone();
                out.extend(new.iter().filter(|v| !old.contains(v)).cloned());
                Value::Array(out)
            }
            ListKind::Map(keys) => {
                let mut out = old.clone();
                for item in new {
                    let key = item_key(item, keys);
                    match out.iter_mut().find(|o| item_key(o, keys) == key) {
                        Some(before) => *before = merge(before, item, trail),
                        None => out.push(item.clone()),
                    }
                }
                Value::Array(out)
            }
        },
        _ => applied.clone(),
    }
}

/// Removes the value at a path, and maps and lists that become empty with it.
fn remove_path(value: &mut Value, path: &[String], trail: &[&str]) {
    let Some((element, rest)) = path.split_first() else { return };
    if let Some(field) = element.strip_prefix("f:") {
        let Value::Object(map) = value else { return };
        if rest.is_empty() {
            map.remove(field);
        } else if let Some(child) = map.get_mut(field) {
            remove_path(child, rest, &[trail, &[field]].concat());
            if is_empty(child) {
                map.remove(field);
            }
        }
    } else if let Some(key) = element.strip_prefix("k:") {
        let (Value::Array(items), ListKind::Map(keys)) = (value, list_kind(trail)) else { return };
        let matches = |item: &Value| item_key(item, keys).strip_prefix("k:") == Some(key);
        if rest.is_empty() {
            items.retain(|i| !matches(i));
        } else if let Some(item) = items.iter_mut().find(|i| matches(i)) {
            remove_path(item, rest, trail);
        }
    } else if let (Some(wanted), Value::Array(items)) = (element.strip_prefix("v:"), value) {
        let wanted: Value = serde_json::from_str(wanted).unwrap_or(Value::Null);
        items.retain(|i| *i != wanted);
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn by(manager: &str, force: bool) -> Applier<'_> {
        Applier { manager, subresource: "", force, now: "2026-01-01T00:00:00Z" }
    }

    fn map(data: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data})
    }

    #[test]
    fn a_field_no_longer_applied_goes_unless_another_manager_has_it() {
        let empty = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
        let one = apply(&empty, &map(&json!({"a": "1", "b": "1"})), by("one", false), |_| {}).unwrap();
        let two = apply(&one, &map(&json!({"b": "1"})), by("two", false), |_| {}).unwrap();
        let less = apply(&two, &map(&json!({})), by("one", false), |_| {}).unwrap();
        assert_eq!(less["data"], json!({"b": "1"}));
    }

    #[test]
    fn another_managers_value_is_a_conflict_and_force_takes_it() {
        let empty = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
        let one = apply(&empty, &map(&json!({"a": "1"})), by("one", false), |_| {}).unwrap();
        let refused = apply(&one, &map(&json!({"a": "2"})), by("two", false), |_| {}).unwrap_err();
        assert_eq!(refused.message, "Apply failed with 1 conflict: conflict with \"one\": .data.a");
        let taken = apply(&one, &map(&json!({"a": "2"})), by("two", true), |_| {}).unwrap();
        assert_eq!(taken["data"]["a"], "2");
        let managers: Vec<String> = read_managers(&taken).into_iter().map(|m| m.name).collect();
        assert_eq!(managers, ["two"]);
    }

    #[test]
    fn containers_merge_by_name() {
        let pod = |c: Value| json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": c}});
        let live =
            apply(&json!({}), &pod(json!([{"name": "a", "image": "1"}])), by("one", false), |_| {}).unwrap();
        let both =
            apply(&live, &pod(json!([{"name": "b", "image": "2"}])), by("two", false), |_| {}).unwrap();
        assert_eq!(both["spec"]["containers"].as_array().unwrap().len(), 2);
        let gone = apply(&both, &pod(json!([])), by("two", false), |_| {}).unwrap();
        assert_eq!(gone["spec"]["containers"], json!([{"name": "a", "image": "1"}]));
    }
}
