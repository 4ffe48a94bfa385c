//! JSON as Python's `json.dumps(indent=2, sort_keys=True, ensure_ascii=False)` writes it, which is what `az` prints (measured with 2.91).

use serde_json::Value;

/// The text of a value, keys sorted at every depth, without a line end.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

fn write(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                line(index, depth + 1, out);
                write(item, depth + 1, out);
            }
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
            out.push(']');
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            let mut entries: Vec<_> = map.iter().collect();
            // Python sorts by code point, as UTF-8 bytes do.
            entries.sort_by_key(|(key, _)| *key);
            for (index, (key, item)) in entries.into_iter().enumerate() {
                line(index, depth + 1, out);
                string(key, out);
                out.push_str(": ");
                write(item, depth + 1, out);
            }
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
            out.push('}');
        }
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        Value::String(text) => string(text, out),
        Value::Number(number) => out.push_str(&super::json::number(number)),
        Value::Bool(_) | Value::Null => out.push_str(&value.to_string()),
    }
}

fn line(index: usize, depth: usize, out: &mut String) {
    out.push_str(if index == 0 { "\n" } else { ",\n" });
    out.push_str(&"  ".repeat(depth));
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if (control as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// A number as Python's repr writes it: `13`, `0.5`, `1.0`, `1e+20`.
pub(crate) fn number(number: &serde_json::Number) -> String {
    let text = number.to_string();
    match number.as_f64().filter(|_| number.is_f64()) {
        // serde_json writes 1e20 where Python writes 1e+20.
        Some(_) if text.contains('e') && !text.contains("e-") => text.replace('e', "e+"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_unicode_is_kept() {
        let value = serde_json::json!({"b": [], "a": {"z": {}, "y": "ü<&>\"\\\u{1}\n"}, "c": [1, true, null, 1.0]});
        let expected = "{\n  \"a\": {\n    \"y\": \"ü<&>\\\"\\\\\\u0001\\n\",\n    \"z\": {}\n  },\n  \"b\": [],\n  \"c\": [\n    1,\n    true,\n    null,\n    1.0\n  ]\n}";
        assert_eq!(text(&value), expected);
    }
}
