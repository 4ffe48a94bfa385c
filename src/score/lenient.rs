//! JSON as documents write it: comments, `...` for what was left out, trailing or missing commas, bare gaps, several documents.
//!
//! Deliberately absent: strictness. `serde_json` reads first; this reader takes what it refuses.

use serde_json::{Map, Value};

/// The deepest nesting that is read.
const DEPTH_MAX: usize = 256;

/// A value read from the start of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read {
    /// What was read; what was left out is not in it.
    pub value: Value,
    /// The offset one past it.
    pub end: usize,
    /// Whether the text ended before the value did.
    pub cut: bool,
    /// Whether something was marked as left out.
    pub elided: bool,
}

/// Reads an object or a list at the start of `text`; none when there is no such thing.
pub(super) fn read(text: &str) -> Option<Read> {
    let mut reader = Reader { text, at: 0, cut: false, elided: false };
    reader.space();
    let value = match reader.peek()? {
        '{' => reader.object(0)?,
        '[' => reader.list(0)?,
        _ => return None,
    };
    Some(Read { value, end: reader.at, cut: reader.cut, elided: reader.elided })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    cut: bool,
    elided: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, literal: &str) -> bool {
        let found = self.rest().starts_with(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    /// White space, comments and marks of what was left out.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") || trimmed.starts_with('#') {
                let line = trimmed.find('\n').unwrap_or(trimmed.len());
                self.elided |= trimmed[..line].contains("...") || trimmed[..line].contains('…');
                self.at += line;
            } else if trimmed.starts_with("/*") {
                self.at += trimmed.find("*/").map_or(trimmed.len(), |end| end + 2);
            } else {
                return;
            }
        }
    }

    /// `...`, `…`, `....`, `<...>`, `[...]` and what follows on the line up to a comma or a closing bracket.
    fn elision(&mut self) -> bool {
        let rest = self.rest();
        if !rest.starts_with(['.', '…', '<', '[', '"']) || rest.starts_with('"') && !rest.starts_with("\"...") {
            return false;
        }
        let mark = ["...", "…", "<...>", "<snip>", "[...]", "\"...\"\n"].iter().find(|mark| rest.starts_with(**mark));
        let Some(mark) = mark else { return false };
        let after = rest[mark.len()..].trim_start_matches('.');
        let line = after.find(['\n', ',', '}', ']']).unwrap_or(after.len());
        self.at += rest.len() - after.len() + line;
        self.elided = true;
        true
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.peek() {
            None => {
                self.cut = true;
                Some(Value::Null)
            }
            Some('{') => self.object(depth),
            Some('[') => self.list(depth),
            Some('"' | '\'') => self.string().map(Value::String),
            Some(_) => self.bare(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut members = Map::new();
        loop {
            self.space();
            while self.skip(",") {
                self.space();
            }
            match self.peek() {
                None => {
                    self.cut = true;
                    return Some(Value::Object(members));
                }
                Some('}') => {
                    self.at += 1;
                    return Some(Value::Object(members));
                }
                _ if self.elision() => continue,
                _ => {}
            }
            let key = self.key()?;
            self.space();
            if self.peek().is_none() {
                self.cut = true;
                return Some(Value::Object(members));
            }
            if !self.skip(":") {
                return None;
            }
            self.space();
            let value = self.value(depth + 1)?;
            members.insert(key, value);
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.space();
            while self.skip(",") {
                self.space();
            }
            match self.peek() {
                None => {
                    self.cut = true;
                    return Some(Value::Array(items));
                }
                Some(']') => {
                    self.at += 1;
                    return Some(Value::Array(items));
                }
                Some('}' | ':') => return None,
                _ if self.elision() => continue,
                _ => items.push(self.value(depth + 1)?),
            }
        }
    }

    fn key(&mut self) -> Option<String> {
        if matches!(self.peek(), Some('"' | '\'')) {
            return self.string();
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '@'))).unwrap_or(rest.len());
        // A bare key must look like one, or prose in braces would be read as JSON.
        if end == 0 || !rest[end..].trim_start().starts_with(':') {
            return None;
        }
        let key = rest[..end].to_owned();
        self.at += end;
        Some(key)
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.peek()?;
        self.at += 1;
        let rest = self.rest();
        let mut escaped = false;
        for (offset, character) in rest.char_indices() {
            match character {
                '\\' if !escaped => escaped = true,
                '\n' => return None,
                _ if character == quote && !escaped => {
                    let raw = &rest[..offset];
                    let text = if raw.contains('\\') {
                        serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.replace("\\\"", "\""))
                    } else {
                        raw.to_owned()
                    };
                    self.at += offset + 1;
                    return Some(text);
                }
                _ => escaped = false,
            }
        }
        self.cut = true;
        let text = rest.to_owned();
        self.at = self.text.len();
        Some(text)
    }

    /// A number, a literal, or a gap without quotes (`<name>`, `xxxx`), up to a comma, a closing bracket or the end of the line.
    fn bare(&mut self) -> Option<Value> {
        let rest = self.rest();
        if let Some(call) = call(rest) {
            self.at += call.len();
            return Some(Value::String(call.to_owned()));
        }
        let end = rest.find([',', '\n', '}', ']', '{', '[']).unwrap_or(rest.len());
        let text = rest[..end].split("//").next().unwrap_or_default().trim();
        if text.is_empty() || text.contains(['"', ':']) || text.split_whitespace().count() > 4 {
            return None;
        }
        let value = match text {
            "null" | "None" | "nil" | "undefined" => Value::Null,
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            _ => serde_json::from_str(text).ok().filter(Value::is_number).unwrap_or_else(|| Value::String(text.to_owned())),
        };
        self.at += end;
        Some(value)
    }
}

/// `ObjectId("…")`: a value as shells of databases print it.
fn call(rest: &str) -> Option<&str> {
    let name = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let inner = rest[name..].strip_prefix('(').filter(|_| name > 0)?;
    let end = inner.find([')', '\n']).filter(|end| inner[*end..].starts_with(')'))?;
    Some(&rest[..name + 1 + end + 1])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[track_caller]
    fn check(text: &str, expected: serde_json::Value) {
        assert_eq!(read(text).map(|read| read.value), Some(expected), "{text}");
    }

    #[test]
    fn what_was_left_out_is_left_out() {
        check("{\n  ...\n  \"sku\": {\n    \"tier\": \"Free\"\n  },\n  ...\n}", json!({"sku": {"tier": "Free"}}));
        check("{\n \"p\": {\n  // ...other properties...\n },\n \"t\": 1\n}", json!({"p": {}, "t": 1}));
        check("{ \"a\": [ {\"n\": 1}, ... ], \"b\": {...}, \"c\": ... }", json!({"a": [{"n": 1}], "b": {}, "c": "..."}));
    }

    #[test]
    fn commas_quotes_and_bare_gaps_are_forgiven() {
        check("{'a': <name>, \"b\": True,\n \"c\": 1.5\n \"d\": null,}", json!({"a": "<name>", "b": true, "c": 1.5, "d": null}));
        check("# note\n[1, 2, /* three */ 3,]", json!([1, 2, 3]));
    }

    #[test]
    fn a_value_that_breaks_off_says_so() {
        let read = read("{\"a\": {\"b\": \"c").unwrap();
        assert!(read.cut);
        assert_eq!(read.value, json!({"a": {"b": "c"}}));
    }

    #[test]
    fn prose_and_markup_are_not_json() {
        for text in [
            "{\n<!DOCTYPE html>\n}",
            "[INFO] starting: now",
            "{ we say hello }",
            "hello",
            "",
            "[2024-01-01 10:00:00] x: y",
            "[cqlsh 5.0.1 | Cassandra 4.0.0 | CQL spec 3.4.0]\nUse: HELP",
        ] {
            let found = read(text).map(|read| (read.value, read.cut));
            assert!(found.is_none() || text.starts_with('['), "{text}: {found:?}");
        }
    }
}
