//! The four ways to change an object by PATCH: strategic merge, merge, JSON patch and server-side apply. Pure.

pub(crate) mod apply;
pub(crate) mod json;
pub(crate) mod strategic;

use serde_json::Value;

/// RFC 7386: objects merge, null removes, everything else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(object) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            object.shift_remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merge_patch_removes_nulls_and_replaces_lists() {
        let mut target = json!({"metadata":{"labels":{"a":"b","q":"r"}},"list":[1,2]});
        merge(&mut target, &json!({"metadata":{"labels":{"q":null,"x":"y"}},"list":[3],"new":{"k":null,"v":1}}));
        assert_eq!(target, json!({"metadata":{"labels":{"a":"b","x":"y"}},"list":[3],"new":{"v":1}}));
    }
}
