//! Tab-separated values as `az -o tsv` prints them (measured with 2.91).

use serde_json::Value;

/// One line for each item of a list, or one for anything else; each ends with a line end.
///
/// The fields of an object come in the order that they have: whoever prints a whole resource sorts it first.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Array(rows) => rows.iter().map(row).collect(),
        other => row(other),
    }
}

fn row(value: &Value) -> String {
    let cells: Vec<String> = match value {
        Value::Array(items) => items.iter().map(cell).collect(),
        Value::Object(map) => map.values().map(cell).collect(),
        // A truth value is lower-case as a row, and capitalised as a cell.
        Value::Bool(truth) => vec![truth.to_string()],
        other => vec![cell(other)],
    };
    cells.join("\t") + "\n"
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => super::json::number(number),
        Value::String(text) => text.clone(),
        // A list inside a row shows how long it is, an object shows nothing.
        Value::Array(items) => items.len().to_string(),
        Value::Object(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        assert_eq!(text(value), expected);
    }

    #[test]
    fn rows_and_cells_are_written_as_az_writes_them() {
        check(&json!({"a": 1, "b": null, "c": {"x": 1}, "d": [1, 2], "e": true, "f": "x y"}), "1\tNone\t\t2\tTrue\tx y\n");
        check(&json!(["a", null, true]), "a\nNone\ntrue\n");
        check(&json!([["a", "b"], ["c", null]]), "a\tb\nc\tNone\n");
        check(&json!([]), "");
        check(&json!("x"), "x\n");
        check(&json!(false), "false\n");
    }
}
