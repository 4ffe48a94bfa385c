//! Server-side apply: a manager's whole intent is merged in, and what it dropped since last time is taken out.
//!
//! Ownership is kept in `metadata.managedFields` for managers that apply; fields written by other requests have no owner here, so
//! conflicts arise between appliers only. Assumed to be enough for runbooks, which have one writer.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::schema::{self, ListMerge, Shape};

/// A path into an object: `f:name`, `k:{"name":"x"}` or `v:"x"` for each step.
type Path = Vec<String>;

/// The outcome of an apply.
#[derive(Debug, PartialEq)]
pub(crate) enum Applied {
    Merged(Value),
    /// Manager and field of each conflict.
    Conflicts(Vec<(String, String)>),
}

/// Who applies, and how.
#[derive(Debug)]
pub(crate) struct Intent<'a> {
    pub(crate) manager: &'a str,
    pub(crate) force: bool,
    pub(crate) api_version: &'a str,
    /// As `metadata.managedFields[].time` is written.
    pub(crate) time: &'a str,
}

/// Merges `applied` into `live` (an empty object when there is none yet).
pub(crate) fn apply(kind: &'static str, live: &Value, applied: &Value, intent: &Intent<'_>) -> Applied {
    let mut wanted = applied.clone();
    strip_identity(&mut wanted);
    let mut new_paths = BTreeSet::new();
    leaves(kind, &wanted, &mut Vec::new(), &mut new_paths);
    let mut owners: Vec<(Value, BTreeSet<Path>)> = Vec::new();
    let mut old_paths = BTreeSet::new();
    for entry in live["metadata"]["managedFields"].as_array().into_iter().flatten() {
        let mut paths = BTreeSet::new();
        read_fields(&entry["fieldsV1"], &mut Vec::new(), &mut paths);
        if entry["manager"] == intent.manager {
            old_paths = paths;
        } else {
            owners.push((entry.clone(), paths));
        }
    }
    let mut conflicts = Vec::new();
    for (entry, paths) in &mut owners {
        for path in &new_paths {
            if paths.contains(path) && at(live, path) != at(&wanted, path) {
                if intent.force {
                    paths.remove(path);
                } else {
                    conflicts.push((entry["manager"].as_str().unwrap_or_default().to_owned(), display(path)));
                }
            }
        }
    }
    if !conflicts.is_empty() {
        return Applied::Conflicts(conflicts);
    }
    let mut merged = merge(Some(kind), live, &wanted);
    for path in old_paths.difference(&new_paths) {
        if !owners.iter().any(|(_, paths)| paths.contains(path)) {
            remove(&mut merged, path);
        }
    }
    let mut managed: Vec<Value> =
        owners.into_iter().filter(|(_, paths)| !paths.is_empty()).map(|(entry, paths)| with_fields(entry, &paths)).collect();
    let entry = json!({"manager": intent.manager, "operation": "Apply", "apiVersion": intent.api_version, "time": intent.time, "fieldsType": "FieldsV1"});
    managed.push(with_fields(entry, &new_paths));
    merged["metadata"]["managedFields"] = Value::Array(managed);
    Applied::Merged(merged)
}

/// Names, identity and `apiVersion`/`kind` have no owner.
fn strip_identity(object: &mut Value) {
    if let Some(object) = object.as_object_mut() {
        object.shift_remove("apiVersion");
        object.shift_remove("kind");
        if let Some(Value::Object(meta)) = object.get_mut("metadata") {
            for name in ["name", "namespace", "managedFields", "uid", "resourceVersion", "creationTimestamp", "generation"] {
                meta.shift_remove(name);
            }
        }
    }
}

fn list_shape(kind: Option<&str>, name: &str) -> (Option<&'static str>, ListMerge) {
    let Some(field) = kind.and_then(|kind| schema::field(kind, name)) else { return (None, ListMerge::Replace) };
    match &field.shape {
        Shape::Struct(inner) => (Some(inner), field.merge),
        Shape::List(inner) => match **inner {
            Shape::Struct(inner) => (Some(inner), field.merge),
            _ => (None, field.merge),
        },
        _ => (None, field.merge),
    }
}

fn element_step(strategy: ListMerge, item: &Value) -> Option<String> {
    match strategy {
        ListMerge::ByKey(key) => Some(format!("k:{}", json!({ key: item.get(key)? }))),
        ListMerge::Set => Some(format!("v:{item}")),
        ListMerge::Replace => None,
    }
}

fn leaves(kind: &'static str, value: &Value, path: &mut Path, found: &mut BTreeSet<Path>) {
    walk(Some(kind), value, path, found);
}

fn walk(kind: Option<&'static str>, value: &Value, path: &mut Path, found: &mut BTreeSet<Path>) {
    let Value::Object(object) = value else {
        found.insert(path.clone());
        return;
    };
    if object.is_empty() && !path.is_empty() {
        found.insert(path.clone());
    }
    for (name, value) in object {
        path.push(format!("f:{name}"));
        let (inner, strategy) = list_shape(kind, name);
        match value {
            Value::Array(items) if strategy != ListMerge::Replace => {
                for item in items {
                    let Some(step) = element_step(strategy, item) else { continue };
                    path.push(step);
                    walk(inner, item, path, found);
                    path.pop();
                }
            }
            _ => walk(inner, value, path, found),
        }
        path.pop();
    }
}

fn merge(kind: Option<&'static str>, live: &Value, wanted: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (live, wanted) else { return wanted.clone() };
    let mut merged = old.clone();
    for (name, value) in new {
        let (inner, strategy) = list_shape(kind, name);
        let combined = match (merged.get(name), value) {
            (Some(Value::Array(old)), Value::Array(new)) if strategy != ListMerge::Replace => {
                let mut items = old.clone();
                for item in new {
                    match items.iter().position(|known| element_step(strategy, known) == element_step(strategy, item)) {
                        Some(at) => items[at] = merge(inner, &items[at], item),
                        None => items.push(item.clone()),
                    }
                }
                Value::Array(items)
            }
            (Some(old), value) => merge(inner, old, value),
            (None, value) => value.clone(),
        };
        merged.insert(name.clone(), combined);
    }
    Value::Object(merged)
}

fn find_element(items: &[Value], step: &str) -> Option<usize> {
    if let Some(value) = step.strip_prefix("v:") {
        let value: Value = serde_json::from_str(value).ok()?;
        return items.iter().position(|item| *item == value);
    }
    let keys: Map<String, Value> = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
    items.iter().position(|item| keys.iter().all(|(name, value)| item.get(name) == Some(value)))
}

fn at<'a>(object: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, step| match value {
        Value::Array(items) => items.get(find_element(items, step)?),
        _ => value.get(step.strip_prefix("f:")?),
    })
}

fn remove(object: &mut Value, path: &[String]) {
    let Some((step, rest)) = path.split_first() else { return };
    match object {
        Value::Array(items) => {
            let Some(at) = find_element(items, step) else { return };
            if rest.is_empty() {
                items.remove(at);
            } else {
                remove(&mut items[at], rest);
                let only_keys = step.strip_prefix("k:").and_then(|keys| serde_json::from_str::<Value>(keys).ok());
                if only_keys.as_ref() == Some(&items[at]) && rest.len() == 1 && rest[0].starts_with("f:") {
                    items.remove(at);
                }
            }
        }
        Value::Object(entries) => {
            let Some(name) = step.strip_prefix("f:") else { return };
            if rest.is_empty() {
                entries.shift_remove(name);
            } else if let Some(inner) = entries.get_mut(name) {
                remove(inner, rest);
                let empty = inner.as_object().is_some_and(Map::is_empty) || inner.as_array().is_some_and(Vec::is_empty);
                if empty {
                    entries.shift_remove(name);
                }
            }
        }
        _ => {}
    }
}

fn with_fields(mut entry: Value, paths: &BTreeSet<Path>) -> Value {
    let mut fields = json!({});
    for path in paths {
        let mut at = &mut fields;
        for step in path {
            if step.starts_with("k:") && at[step.as_str()].is_null() {
                at[step.as_str()] = json!({".": {}});
            } else if at[step.as_str()].is_null() {
                at[step.as_str()] = json!({});
            }
            at = &mut at[step.as_str()];
        }
    }
    entry["fieldsV1"] = fields;
    entry
}

fn read_fields(fields: &Value, path: &mut Path, found: &mut BTreeSet<Path>) {
    let Some(object) = fields.as_object() else { return };
    let steps: Vec<_> = object.iter().filter(|(name, _)| *name != ".").collect();
    if steps.is_empty() && !path.is_empty() {
        found.insert(path.clone());
    }
    for (step, inner) in steps {
        path.push(step.clone());
        read_fields(inner, path, found);
        path.pop();
    }
}

/// `.spec.containers[name="a"].image`, as conflicts name fields.
fn display(path: &[String]) -> String {
    let mut text = String::new();
    for step in path {
        if let Some(name) = step.strip_prefix("f:") {
            text.push('.');
            text.push_str(name);
        } else if let Some(keys) = step.strip_prefix("k:") {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let pairs: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
            text.push_str(&format!("[{}]", pairs.join(",")));
        } else {
            text.push_str(&format!("[={}]", step.trim_start_matches("v:")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(manager: &str, force: bool) -> Intent<'_> {
        Intent { manager, force, api_version: "v1", time: "2026-01-01T00:00:00Z" }
    }

    #[track_caller]
    fn merged(kind: &'static str, live: &Value, applied: Value, manager: &str) -> Value {
        match apply(kind, live, &applied, &intent(manager, false)) {
            Applied::Merged(value) => value,
            Applied::Conflicts(conflicts) => panic!("conflicts: {conflicts:?}"),
        }
    }

    #[test]
    fn what_a_manager_no_longer_applies_is_removed() {
        let live = merged("ConfigMap", &json!({"metadata":{"name":"c"}}), json!({"data":{"a":"1","b":"2"}}), "kubectl");
        assert_eq!(live["data"], json!({"a":"1","b":"2"}));
        let live = merged("ConfigMap", &live, json!({"data":{"b":"3"}}), "kubectl");
        assert_eq!(live["data"], json!({"b":"3"}));
    }

    #[test]
    fn another_managers_field_is_a_conflict_unless_forced() {
        let live = merged("ConfigMap", &json!({"metadata":{"name":"c"}}), json!({"data":{"a":"1"}}), "one");
        let applied = json!({"data":{"a":"2"}});
        assert_eq!(
            apply("ConfigMap", &live, &applied, &intent("two", false)),
            Applied::Conflicts(vec![("one".to_owned(), ".data.a".to_owned())])
        );
        let Applied::Merged(forced) = apply("ConfigMap", &live, &applied, &intent("two", true)) else { panic!("forced") };
        assert_eq!(forced["data"]["a"], "2");
    }

    #[test]
    fn list_elements_are_owned_by_their_key() {
        let live = merged("Pod", &json!({}), json!({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}}), "kubectl");
        let mut live = live;
        live["spec"]["containers"][0]["terminationMessagePath"] = json!("/dev/termination-log");
        let live = merged("Pod", &live, json!({"spec":{"containers":[{"name":"a","image":"3"}]}}), "kubectl");
        assert_eq!(live["spec"]["containers"][0], json!({"name":"a","image":"3","terminationMessagePath":"/dev/termination-log"}));
    }
}
