//! RFC 6902 JSON patches, with the error texts of the API server's library (evanphx/json-patch) where they are known.

use serde_json::Value;

/// Operations in one patch: apiserver `endpoints/handlers/patch.go` refuses more.
const OPERATIONS_MAX: usize = 10_000;

/// Why a JSON patch cannot be applied.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum JsonPatchError {
    #[error("error decoding patch: {0}")]
    Malformed(String),
    #[error("{operation} operation does not apply: doc is missing path: \"{path}\": missing value")]
    Missing { operation: &'static str, path: String },
    #[error("testing value {path} failed: test failed")]
    TestFailed { path: String },
    #[error("The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {0}")]
    TooMany(usize),
}

/// Applies `patch` to a copy of `document`.
pub(crate) fn apply(document: &Value, patch: &Value) -> Result<Value, JsonPatchError> {
    let Value::Array(operations) = patch else {
        return Err(JsonPatchError::Malformed("json: cannot unmarshal object into Go value of type jsonpatch.Patch".to_owned()));
    };
    if operations.len() > OPERATIONS_MAX {
        return Err(JsonPatchError::TooMany(operations.len()));
    }
    let mut result = document.clone();
    for operation in operations {
        let path = text(operation, "path")?;
        match operation["op"].as_str() {
            Some("add") => add(&mut result, path, value(operation)?, "add")?,
            Some("remove") => drop(remove(&mut result, path, "remove")?),
            Some("replace") => {
                remove(&mut result, path, "replace")?;
                add(&mut result, path, value(operation)?, "replace")?;
            }
            Some("move") => {
                let moved = remove(&mut result, text(operation, "from")?, "move")?;
                add(&mut result, path, moved, "move")?;
            }
            Some("copy") => {
                let from = text(operation, "from")?;
                let missing = || JsonPatchError::Missing { operation: "copy", path: from.to_owned() };
                let copied = result.pointer(from).cloned().ok_or_else(missing)?;
                add(&mut result, path, copied, "copy")?;
            }
            Some("test") => {
                if result.pointer(path).unwrap_or(&Value::Null) != &value(operation)? {
                    return Err(JsonPatchError::TestFailed { path: path.to_owned() });
                }
            }
            _ => return Err(JsonPatchError::Malformed(format!("Unexpected kind: {}", operation["op"].as_str().unwrap_or("unknown")))),
        }
    }
    Ok(result)
}

fn text<'a>(operation: &'a Value, name: &str) -> Result<&'a str, JsonPatchError> {
    operation[name].as_str().ok_or_else(|| JsonPatchError::Malformed(format!("operation missing {name} field")))
}

fn value(operation: &Value) -> Result<Value, JsonPatchError> {
    operation.get("value").cloned().ok_or_else(|| JsonPatchError::Malformed("operation missing value field".to_owned()))
}

/// What holds the last step of a path, and that step; none for a path that does not begin at the root.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/').filter(|_| path.starts_with('/'))?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(document: &mut Value, path: &str, value: Value, operation: &'static str) -> Result<(), JsonPatchError> {
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    let missing = || JsonPatchError::Missing { operation, path: path.to_owned() };
    let (parent, last) = split(path).ok_or_else(missing)?;
    match document.pointer_mut(parent).ok_or_else(missing)? {
        Value::Object(object) => drop(object.insert(last, value)),
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let at: usize = last.parse().ok().filter(|at| *at <= items.len()).ok_or_else(missing)?;
            items.insert(at, value);
        }
        _ => return Err(missing()),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str, operation: &'static str) -> Result<Value, JsonPatchError> {
    let missing = || JsonPatchError::Missing { operation, path: path.to_owned() };
    let (parent, last) = split(path).ok_or_else(missing)?;
    match document.pointer_mut(parent).ok_or_else(missing)? {
        Value::Object(object) => object.shift_remove(&last).ok_or_else(missing),
        Value::Array(items) => {
            let at: usize = last.parse().ok().filter(|at| *at < items.len()).ok_or_else(missing)?;
            Ok(items.remove(at))
        }
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_begins_at_the_root() {
        for operation in [json!({"op": "add", "path": "a", "value": 1}), json!({"op": "remove", "path": "a"})] {
            let missing =
                JsonPatchError::Missing { operation: if operation["op"] == "add" { "add" } else { "remove" }, path: "a".to_owned() };
            assert_eq!(apply(&json!({"a": 0}), &json!([operation])), Err(missing));
        }
    }

    #[test]
    fn operations_apply_in_order() {
        let document = json!({"metadata":{"labels":{"a/b":"1"}},"list":[1,3]});
        let patch = json!([
            {"op":"test","path":"/metadata/labels/a~1b","value":"1"},
            {"op":"add","path":"/list/1","value":2},
            {"op":"add","path":"/list/-","value":4},
            {"op":"replace","path":"/metadata/labels/a~1b","value":"2"},
            {"op":"copy","from":"/list/0","path":"/first"},
            {"op":"move","from":"/first","path":"/moved"},
        ]);
        assert_eq!(apply(&document, &patch), Ok(json!({"metadata":{"labels":{"a/b":"2"}},"list":[1,2,3,4],"moved":1})));
    }

    #[test]
    fn a_missing_path_or_a_failed_test_changes_nothing() {
        let document = json!({"a":1});
        let missing = apply(&document, &json!([{"op":"remove","path":"/b"}])).expect_err("fails");
        assert_eq!(missing.to_string(), "remove operation does not apply: doc is missing path: \"/b\": missing value");
        assert!(apply(&document, &json!([{"op":"test","path":"/a","value":2}])).is_err());
        assert!(apply(&document, &json!([{"op":"add","path":"/x/y","value":2}])).is_err());
        assert!(apply(&document, &json!({})).is_err());
    }
}
