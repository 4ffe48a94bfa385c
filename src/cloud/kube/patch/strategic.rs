//! Strategic merge patches: lists merge by the keys of the type table, and directives order, replace and delete.
//!
//! Behaviour: apimachinery `pkg/util/strategicpatch/patch.go`; directives that kubectl sends were measured with 1.27 to 1.33.

use serde_json::{Map, Value};

use super::super::schema::{self, ListMerge, Shape};

const ORDER: &str = "$setElementOrder/";
const DELETE_SCALARS: &str = "$deleteFromPrimitiveList/";
const RETAIN_KEYS: &str = "$retainKeys";
const DIRECTIVE: &str = "$patch";

/// Why a strategic merge patch cannot be applied.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum StrategicPatchError {
    #[error("Unknown patch type found: {0}")]
    Directive(String),
    #[error("map: {element} does not contain declared merge key: {key}")]
    MissingMergeKey { element: Value, key: &'static str },
    #[error("unable to parse the directive {0}")]
    Malformed(String),
}

/// Applies `patch` to a copy of `original`, an object of the type `kind`.
pub(crate) fn apply(kind: &str, original: &Value, patch: &Value) -> Result<Value, StrategicPatchError> {
    let empty = Map::new();
    let changes = patch.as_object().unwrap_or(&empty);
    merge_map(Some(kind), original.as_object().unwrap_or(&empty), changes).map(Value::Object)
}

/// The type of a field when it is a structure, its list strategy, and the type of its elements.
fn lookup(kind: Option<&str>, name: &str) -> (Option<&'static str>, ListMerge) {
    let Some(field) = kind.and_then(|kind| schema::field(kind, name)) else { return (None, ListMerge::Replace) };
    let inner = match &field.shape {
        Shape::Struct(inner) => Some(*inner),
        Shape::List(inner) => match **inner {
            Shape::Struct(inner) => Some(inner),
            _ => None,
        },
        _ => None,
    };
    (inner, field.merge)
}

fn merge_map(
    kind: Option<&str>,
    original: &Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, StrategicPatchError> {
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => {
            let mut replaced = patch.clone();
            replaced.shift_remove(DIRECTIVE);
            return Ok(replaced);
        }
        Some("delete") => return Ok(Map::new()),
        Some("merge") | None => {}
        Some(other) => return Err(StrategicPatchError::Directive(other.to_owned())),
    }
    let mut merged = original.clone();
    if let Some(keys) = patch.get(RETAIN_KEYS) {
        let keys = keys.as_array().ok_or_else(|| StrategicPatchError::Malformed(RETAIN_KEYS.to_owned()))?;
        merged.retain(|name, _| keys.iter().any(|key| key.as_str() == Some(name)));
    }
    for (name, change) in patch {
        if name == DIRECTIVE || name == RETAIN_KEYS || name.starts_with(ORDER) {
            continue;
        }
        if let Some(list) = name.strip_prefix(DELETE_SCALARS) {
            let gone = change.as_array().cloned().unwrap_or_default();
            if let Some(Value::Array(items)) = merged.get_mut(list) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        let (inner, strategy) = lookup(kind, name);
        match (merged.get(name), change) {
            (_, Value::Null) => drop(merged.shift_remove(name)),
            (Some(Value::Object(old)), Value::Object(new)) => {
                let value = merge_map(inner, old, new)?;
                merged.insert(name.clone(), Value::Object(value));
            }
            // What is not an object yet is replaced by one, without the fields that the patch only takes away.
            (_, Value::Object(new)) => {
                let value = merge_map(inner, &Map::new(), new)?;
                merged.insert(name.clone(), Value::Object(value));
            }
            (old, Value::Array(new)) if strategy != ListMerge::Replace => {
                let old = old.and_then(Value::as_array).cloned().unwrap_or_default();
                let value = merge_list(inner, strategy, &old, new)?;
                merged.insert(name.clone(), Value::Array(value));
            }
            _ => drop(merged.insert(name.clone(), change.clone())),
        }
    }
    for (name, order) in patch {
        let Some(list) = name.strip_prefix(ORDER) else { continue };
        let order = order.as_array().ok_or_else(|| StrategicPatchError::Malformed(name.clone()))?;
        let (_, strategy) = lookup(kind, list);
        let server = original.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(Value::Array(items)) = merged.get_mut(list) {
            *items = reorder(std::mem::take(items), order, &server, strategy);
        }
    }
    Ok(merged)
}

fn merge_list(inner: Option<&str>, strategy: ListMerge, original: &[Value], patch: &[Value]) -> Result<Vec<Value>, StrategicPatchError> {
    let ListMerge::ByKey(key) = strategy else {
        let mut merged = original.to_vec();
        for item in patch {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        return Ok(merged);
    };
    let replaces = patch.iter().any(|item| item.get(DIRECTIVE).and_then(Value::as_str) == Some("replace"));
    let mut merged = if replaces { Vec::new() } else { original.to_vec() };
    for item in patch {
        let directive = item.get(DIRECTIVE).and_then(Value::as_str);
        if directive == Some("replace") {
            continue;
        }
        let value = item.get(key).ok_or_else(|| StrategicPatchError::MissingMergeKey { element: item.clone(), key })?;
        let at = merged.iter().position(|known| known.get(key) == Some(value));
        match (directive, at) {
            (Some("delete"), _) => merged.retain(|known| known.get(key) != Some(value)),
            (Some(other), _) if other != "merge" => return Err(StrategicPatchError::Directive(other.to_owned())),
            (_, at) => {
                let empty = Map::new();
                let old = at.and_then(|at| merged[at].as_object()).unwrap_or(&empty);
                let element = Value::Object(merge_map(inner, old, item.as_object().unwrap_or(&empty))?);
                match at {
                    Some(at) => merged[at] = element,
                    None => merged.push(element),
                }
            }
        }
    }
    Ok(merged)
}

/// Elements that the patch orders come in its order; those only the server has keep their place among the server's.
fn reorder(items: Vec<Value>, order: &[Value], server: &[Value], strategy: ListMerge) -> Vec<Value> {
    let identity = |item: &Value| match strategy {
        ListMerge::ByKey(key) => item.get(key).cloned().unwrap_or(Value::Null),
        _ => item.clone(),
    };
    let position = |list: &[Value], item: &Value| list.iter().position(|known| identity(known) == identity(item));
    let (mut ordered, mut server_only): (Vec<Value>, Vec<Value>) = items.into_iter().partition(|item| position(order, item).is_some());
    ordered.sort_by_key(|item| position(order, item));
    server_only.sort_by_key(|item| position(server, item));
    let mut result = Vec::with_capacity(ordered.len() + server_only.len());
    let (mut ordered, mut server_only) = (ordered.into_iter().peekable(), server_only.into_iter().peekable());
    loop {
        let ordered_first = match (ordered.peek(), server_only.peek()) {
            (None, None) => return result,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(left), Some(right)) => match (position(server, left), position(server, right)) {
                (Some(left), Some(right)) => left < right,
                _ => false,
            },
        };
        result.extend(if ordered_first { ordered.next() } else { server_only.next() });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(original: Value, patch: Value, expected: Value) {
        assert_eq!(apply("Pod", &original, &patch).expect("applies"), expected);
    }

    fn env(names: &[&str]) -> Value {
        names.iter().map(|name| json!({"name": name})).collect()
    }

    #[test]
    fn only_an_order_keeps_what_the_server_added() {
        let pod = json!({"spec":{"containers":[{"name":"a","env":env(&["X","Y","INJECTED"])}]}});
        let patch = json!({"spec":{"$setElementOrder/containers":[{"name":"a"}],
            "containers":[{"$setElementOrder/env":[{"name":"X"},{"name":"Y"}],"name":"a"}]}});
        check(pod.clone(), patch, pod);
    }

    #[test]
    fn elements_merge_by_key_and_are_deleted_by_directive() {
        check(
            json!({"spec":{"containers":[{"name":"a","image":"1","env":[{"name":"U","value":"1"},{"name":"P","value":"2"}],"ports":[{"containerPort":1}],"resources":{"limits":{}}}]}}),
            json!({"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"$setElementOrder/env":[{"name":"U"}],
                "env":[{"name":"U","value":"3"},{"$patch":"delete","name":"P"}],"image":"2","name":"a","ports":null,"resources":null}]}}),
            json!({"spec":{"containers":[{"name":"a","image":"2","env":[{"name":"U","value":"3"}]}]}}),
        );
    }

    #[test]
    fn new_elements_take_the_order_of_the_patch() {
        check(
            json!({"spec":{"volumes":[{"name":"b"},{"name":"injected"}]}}),
            json!({"spec":{"$setElementOrder/volumes":[{"name":"a"},{"name":"b"}],"volumes":[{"name":"a"}]}}),
            json!({"spec":{"volumes":[{"name":"injected"},{"name":"a"},{"name":"b"}]}}),
        );
    }

    #[test]
    fn replace_delete_and_retain_keys() {
        check(
            json!({"spec":{"nodeSelector":{"a":"b"}}}),
            json!({"spec":{"nodeSelector":{"$patch":"replace","c":"d"}}}),
            json!({"spec":{"nodeSelector":{"c":"d"}}}),
        );
        check(
            json!({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}),
            json!({"spec":{"volumes":[{"$retainKeys":["name","secret"],"name":"v","secret":{"secretName":"s"}}]}}),
            json!({"spec":{"volumes":[{"name":"v","secret":{"secretName":"s"}}]}}),
        );
        check(
            json!({"metadata":{"finalizers":["a","b"]}}),
            json!({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"]}}),
            json!({"metadata":{"finalizers":["b","c"]}}),
        );
        check(
            json!({"spec":{"tolerations":[{"key":"a"}]}}),
            json!({"spec":{"tolerations":[{"key":"b"}]}}),
            json!({"spec":{"tolerations":[{"key":"b"}]}}),
        );
    }

    #[test]
    fn nothing_of_a_null_stays_where_an_object_takes_the_place_of_something_else() {
        check(json!({"spec": "x"}), json!({"spec": {"a": null, "nodeName": "n"}}), json!({"spec": {"nodeName": "n"}}));
    }

    #[test]
    fn an_element_without_its_key_is_refused() {
        let refusal = apply("Pod", &json!({}), &json!({"spec":{"containers":[{"image":"x"}]}})).expect_err("no key");
        assert!(matches!(refusal, StrategicPatchError::MissingMergeKey { key: "name", .. }));
    }
}
