//! JSON as Python's `json.dumps(indent=2, sort_keys=True, ensure_ascii=False)` writes it, which is what `az` prints (measured with 2.91).

use serde_json::Value;

/// How a value is laid out.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Spaces a level; all in one line when `None`.
    indent: Option<usize>,
    /// Keys in the order of their code points, else as they come.
    sorted: bool,
    /// Letters beyond ASCII as escapes.
    ascii: bool,
}

/// The text of a value as output, keys sorted at every depth, without a line end.
pub(crate) fn text(value: &Value) -> String {
    laid_out(value, Layout { indent: Some(2), sorted: true, ascii: false })
}

/// The text of a value as Python's `json.dumps(value)` writes it: the bodies of requests and the files that `az` keeps.
pub(crate) fn line(value: &Value) -> String {
    laid_out(value, Layout { indent: None, sorted: false, ascii: true })
}

/// The text of a value as Python's `json.dumps(value, indent=4)` writes it: details of errors.
pub(crate) fn details(value: &Value) -> String {
    laid_out(value, Layout { indent: Some(4), sorted: false, ascii: true })
}

fn laid_out(value: &Value, layout: Layout) -> String {
    let mut out = String::new();
    write(value, layout, 0, &mut out);
    out
}

fn write(value: &Value, layout: Layout, depth: usize, out: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, layout, depth + 1, out);
                write(item, layout, depth + 1, out);
            }
            close(layout, depth, out);
            out.push(']');
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            let mut entries: Vec<_> = map.iter().collect();
            if layout.sorted {
                // Python sorts by code point, as UTF-8 bytes do.
                entries.sort_by_key(|(key, _)| *key);
            }
            for (index, (key, item)) in entries.into_iter().enumerate() {
                separate(index, layout, depth + 1, out);
                string(key, layout.ascii, out);
                out.push_str(": ");
                write(item, layout, depth + 1, out);
            }
            close(layout, depth, out);
            out.push('}');
        }
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        Value::String(text) => string(text, layout.ascii, out),
        Value::Number(number) => out.push_str(&self::number(number)),
        Value::Bool(_) | Value::Null => out.push_str(&value.to_string()),
    }
}

fn separate(index: usize, layout: Layout, depth: usize, out: &mut String) {
    match layout.indent {
        Some(indent) => {
            out.push_str(if index == 0 { "\n" } else { ",\n" });
            out.push_str(&" ".repeat(indent * depth));
        }
        None if index > 0 => out.push_str(", "),
        None => {}
    }
}

fn close(layout: Layout, depth: usize, out: &mut String) {
    if let Some(indent) = layout.indent {
        out.push('\n');
        out.push_str(&" ".repeat(indent * depth));
    }
}

fn string(text: &str, ascii: bool, out: &mut String) {
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
            letter if (letter as u32) < 0x20 || (ascii && !letter.is_ascii()) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
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

    #[test]
    fn bodies_of_requests_are_one_line_of_ascii() {
        let value = serde_json::json!({"location": "centralindia", "tags": {"k": "ñ😀"}, "n": [1, {}]});
        assert_eq!(line(&value), r#"{"location": "centralindia", "tags": {"k": "\u00f1\ud83d\ude00"}, "n": [1, {}]}"#);
        assert_eq!(details(&serde_json::json!({"b": 1, "a": []})), "{\n    \"b\": 1,\n    \"a\": []\n}");
    }
}
