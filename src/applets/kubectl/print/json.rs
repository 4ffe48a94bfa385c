//! JSON as Go's `encoding/json` writes it: sorted keys, and `<`, `>`, `&` escaped.

use serde_json::Value;

/// On one line, without blanks.
pub(crate) fn compact(value: &Value) -> String {
    let mut out = String::new();
    write(value, None, true, &mut out);
    out
}

/// Indented by `indent` blanks a level, keys sorted; no line end after it.
pub(crate) fn pretty(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    write(value, Some((indent, 0)), true, &mut out);
    out
}

/// As [`pretty`], with keys in the order that they have, as Go writes a struct.
pub(crate) fn pretty_in_order(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    write(value, Some((indent, 0)), false, &mut out);
    out
}

fn write(value: &Value, indent: Option<(usize, usize)>, sorted: bool, out: &mut String) {
    let deeper = indent.map(|(width, depth)| (width, depth + 1));
    let line = |indent: Option<(usize, usize)>, out: &mut String| {
        if let Some((width, depth)) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width * depth));
        }
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(deeper, out);
                write(item, deeper, sorted, out);
            }
            line(indent, out);
            out.push(']');
        }
        Value::Object(object) if !object.is_empty() => {
            let mut entries: Vec<(&String, &Value)> = object.iter().collect();
            if sorted {
                entries.sort_by_key(|(key, _)| *key);
            }
            out.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(deeper, out);
                string(key, out);
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(item, deeper, sorted, out);
            }
            line(indent, out);
            out.push('}');
        }
        Value::String(text) => string(text, out),
        other => out.push_str(&other.to_string()),
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1F}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_and_markup_is_escaped() {
        let value = json!({"b": [1, {}], "a": "<x> & \"y\""});
        assert_eq!(compact(&value), r#"{"a":"\u003cx\u003e \u0026 \"y\"","b":[1,{}]}"#);
        assert_eq!(pretty(&json!({"b": [1], "a": null}), 4), "{\n    \"a\": null,\n    \"b\": [\n        1\n    ]\n}");
        assert_eq!(pretty_in_order(&json!({"b": 1, "a": 2}), 2), "{\n  \"b\": 1,\n  \"a\": 2\n}");
    }
}
