//! What `apply` changes: the three-way comparison of what was applied last, what is applied now and what the server has.
//!
//! Source: apimachinery `strategicpatch` (diff of live and new for additions, diff of last and new for deletions); bodies compared with the
//! recorded ones of kubernetes-wire A4.

mod rules;

use serde_json::{Map, Value, json};

use rules::{Rule, rule};

const DELETE: &str = "delete";
const PATCH: &str = "$patch";
const ORDER: &str = "$setElementOrder/";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
const RETAIN: &str = "$retainKeys";

/// The patch that makes `live` what `modified` says, given that `original` was applied before; empty when nothing differs.
pub(crate) fn strategic(kind: &str, original: &Value, modified: &Value, live: &Value) -> Value {
    let empty = Map::new();
    let object = |value: &Value| value.as_object().unwrap_or(&empty).clone();
    let (original, modified, live) = (object(original), object(modified), object(live));
    let additions = Differ { kind, deletions: false }.maps(&live, &modified, "", false);
    let deletions = Differ { kind, deletions: true }.maps(&original, &modified, "", false);
    Value::Object(combine(kind, deletions, additions, ""))
}

/// The same for kinds without merge rules: RFC 7386, lists replaced whole.
pub(crate) fn plain(original: &Value, modified: &Value, live: &Value) -> Value {
    let mut patch = Map::new();
    let empty = Map::new();
    let object = |value: &'_ Value| value.as_object().cloned().unwrap_or_default();
    for (key, value) in modified.as_object().unwrap_or(&empty) {
        match live.get(key) {
            Some(have) if have.is_object() && value.is_object() => {
                let inner = plain(original.get(key).unwrap_or(&Value::Null), value, have);
                if !object(&inner).is_empty() {
                    patch.insert(key.clone(), inner);
                }
            }
            Some(have) if have == value => {}
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in original.as_object().unwrap_or(&empty).keys().filter(|key| modified.get(key.as_str()).is_none()) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Object(patch)
}

/// One direction of the comparison: only deletions, or all but deletions.
struct Differ<'k> {
    kind: &'k str,
    deletions: bool,
}

impl Differ<'_> {
    fn maps(&self, before: &Map<String, Value>, after: &Map<String, Value>, parent: &str, retains: bool) -> Map<String, Value> {
        let mut patch = Map::new();
        for (key, new) in after {
            let Some(old) = before.get(key) else {
                if !self.deletions {
                    patch.insert(key.clone(), new.clone());
                }
                continue;
            };
            match (old, new) {
                (Value::Object(old), Value::Object(new)) => {
                    let inner = self.maps(old, new, key, rule(self.kind, parent, key) == Rule::RetainKeys);
                    if !inner.is_empty() {
                        patch.insert(key.clone(), Value::Object(inner));
                    }
                }
                (Value::Array(old), Value::Array(new)) => self.lists(old, new, parent, key, &mut patch),
                _ if old != new && !self.deletions => {
                    patch.insert(key.clone(), new.clone());
                }
                _ => {}
            }
        }
        if self.deletions {
            before.keys().filter(|key| !after.contains_key(*key)).for_each(|key| {
                patch.insert(key.clone(), Value::Null);
            });
        }
        if retains && (!patch.is_empty() || before.keys().any(|key| !after.contains_key(key))) {
            let mut keys: Vec<&String> = after.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key).collect();
            keys.sort();
            if !keys.is_empty() {
                patch.insert(RETAIN.to_owned(), json!(keys));
            }
        }
        patch
    }

    fn lists(&self, before: &[Value], after: &[Value], parent: &str, key: &str, patch: &mut Map<String, Value>) {
        let found = rule(self.kind, parent, key);
        let (Rule::Merge { .. } | Rule::Set) = found else {
            if before != after && !self.deletions {
                patch.insert(key.to_owned(), json!(after));
            }
            return;
        };
        if before.is_empty() {
            if !after.is_empty() && !self.deletions {
                patch.insert(key.to_owned(), json!(after));
            }
            return;
        }
        let (changes, deletions, order) = match found {
            Rule::Merge { by, retains } => {
                let (mut changes, removed) = self.keyed(before, after, key, by, retains);
                changes.extend(removed);
                let same_order = before.len() == after.len() && before.iter().zip(after).all(|(old, new)| old.get(by) == new.get(by));
                let order: Vec<Value> = after.iter().filter_map(|item| Some(json!({by: item.get(by)?}))).collect();
                let order = if same_order && changes.is_empty() { Vec::new() } else { order };
                (changes, Vec::new(), order)
            }
            _ => {
                let added: Vec<Value> = after.iter().filter(|item| !self.deletions && !before.contains(item)).cloned().collect();
                let removed: Vec<Value> = before.iter().filter(|item| self.deletions && !after.contains(item)).cloned().collect();
                let order = if added.is_empty() && removed.is_empty() && before == after { Vec::new() } else { after.to_vec() };
                (added, removed, order)
            }
        };
        for (name, list) in [(key.to_owned(), changes), (format!("{DELETE_FROM_LIST}{key}"), deletions), (format!("{ORDER}{key}"), order)] {
            if !list.is_empty() {
                patch.insert(name, Value::Array(list));
            }
        }
    }

    /// Items matched by `by`: what changed, and what is to be deleted.
    fn keyed(&self, before: &[Value], after: &[Value], key: &str, by: &str, retains: bool) -> (Vec<Value>, Vec<Value>) {
        let mut changes = Vec::new();
        for new in after {
            match before.iter().find(|old| old.get(by) == new.get(by)) {
                None if !self.deletions => changes.push(new.clone()),
                None => {}
                Some(old) => {
                    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { continue };
                    let mut inner = self.maps(old, new, key, retains);
                    if !inner.is_empty() {
                        inner.insert(by.to_owned(), new.get(by).cloned().unwrap_or_default());
                        changes.push(Value::Object(inner));
                    }
                }
            }
        }
        let gone = before.iter().filter(|old| self.deletions && !after.iter().any(|new| new.get(by) == old.get(by)));
        (changes, gone.map(|old| json!({PATCH: DELETE, by: old.get(by)})).collect())
    }
}

/// Puts both directions together; items of the same key become one, deletions last.
fn combine(kind: &str, deletions: Map<String, Value>, additions: Map<String, Value>, parent: &str) -> Map<String, Value> {
    let mut combined = deletions;
    for (key, added) in additions {
        let value = match (combined.remove(&key), added) {
            (Some(Value::Object(left)), Value::Object(right)) => Value::Object(combine(kind, left, right, &key)),
            (Some(Value::Array(left)), Value::Array(right)) => match rule(kind, parent, &key) {
                Rule::Merge { by, .. } => Value::Array(combine_keyed(kind, left, right, &key, by)),
                _ => Value::Array(right),
            },
            (_, added) => added,
        };
        combined.insert(key, value);
    }
    combined
}

fn combine_keyed(kind: &str, deletions: Vec<Value>, additions: Vec<Value>, key: &str, by: &str) -> Vec<Value> {
    let mut combined = additions;
    for deletion in deletions {
        match combined.iter_mut().find(|item| item.get(by) == deletion.get(by)) {
            Some(item) => {
                let (Value::Object(left), Value::Object(right)) = (deletion, item.take()) else { continue };
                *item = Value::Object(combine(kind, left, right, key));
            }
            None => combined.push(deletion),
        }
    }
    combined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(spec: Value) -> Value {
        json!({"kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    }

    #[track_caller]
    fn check(original: &Value, modified: &Value, live: &Value, patch: Value) {
        assert_eq!(strategic("Pod", original, modified, live), patch);
    }

    #[test]
    fn an_object_that_is_as_applied_needs_no_patch() {
        let applied = pod(json!({"containers": [{"name": "a", "image": "b"}]}));
        let live = pod(json!({"containers": [{"name": "a", "image": "b", "imagePullPolicy": "Always"}], "dnsPolicy": "ClusterFirst"}));
        check(&applied, &applied, &live, json!({}));
    }

    // Recorded with kubectl 1.32: a webhook added variables to the list.
    #[test]
    fn a_list_that_grew_on_the_server_is_put_in_order() {
        let applied = pod(json!({"containers": [{"name": "r", "env": [{"name": "U", "value": "1"}]}]}));
        let live =
            pod(json!({"containers": [{"name": "r", "env": [{"name": "U", "value": "1"}, {"name": "AZURE_CLIENT_ID", "value": "c"}]}]}));
        check(
            &applied,
            &applied,
            &live,
            json!({"spec": {"$setElementOrder/containers": [{"name": "r"}], "containers": [{"$setElementOrder/env": [{"name": "U"}], "name": "r"}]}}),
        );
    }

    // Recorded with kubectl 1.32.
    #[test]
    fn what_was_applied_before_and_is_left_out_now_is_deleted() {
        let original = pod(
            json!({"containers": [{"name": "r", "image": "i:1", "ports": [{"containerPort": 1}], "resources": {"limits": {"cpu": "1"}}, "env": [{"name": "U", "value": "1"}, {"name": "P", "value": "2"}]}]}),
        );
        let mut live = original.clone();
        live["spec"]["containers"][0]["env"].as_array_mut().expect("a list").push(json!({"name": "X", "value": "3"}));
        let modified = pod(json!({"containers": [{"name": "r", "image": "i:2", "env": [{"name": "U", "value": "9"}]}]}));
        check(
            &original,
            &modified,
            &live,
            json!({"spec": {"$setElementOrder/containers": [{"name": "r"}], "containers": [{
                "$setElementOrder/env": [{"name": "U"}],
                "env": [{"name": "U", "value": "9"}, {"$patch": "delete", "name": "P"}],
                "image": "i:2", "name": "r", "ports": null, "resources": null,
            }]}}),
        );
    }

    #[test]
    fn lists_without_a_rule_are_replaced() {
        let before = pod(json!({"tolerations": [{"key": "a"}], "containers": []}));
        let after = pod(json!({"tolerations": [{"key": "b"}], "containers": []}));
        check(&before, &after, &before, json!({"spec": {"tolerations": [{"key": "b"}]}}));
    }

    #[test]
    fn other_kinds_are_compared_key_by_key() {
        let original = json!({"spec": {"a": 1, "b": 2, "l": [1]}});
        let modified = json!({"spec": {"a": 3, "l": [2]}});
        assert_eq!(plain(&original, &modified, &original), json!({"spec": {"a": 3, "b": null, "l": [2]}}));
        assert_eq!(plain(&original, &original, &original), json!({}));
    }
}
