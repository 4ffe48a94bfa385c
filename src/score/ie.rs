//! The incumbent's score, to the last bit: what Innovation Engine's `CompareCommandOutputs` computes at a602e836, linked with Go 1.21.
//!
//! JSON fences: both sides must be JSON objects (Go's `encoding/json`), are marshalled again with sorted keys, and compared by Jaro.
//! Every other fence: Jaro-Winkler with boost 0.7 and a prefix of 4. Both count bytes, not characters.
//! Deliberately absent: any opinion on whether the number means something.

use std::borrow::Cow;

use super::jaro::jaro;

/// Above which Jaro similarity the shared prefix counts.
const BOOST_THRESHOLD: f64 = 0.7;
/// How many leading bytes may count as the shared prefix.
const PREFIX_BYTES: usize = 4;
/// The weight of each shared leading byte, fixed inside the library that the incumbent uses.
const PREFIX_WEIGHT: f64 = 0.1;
/// The deepest nesting that is read. Go reads down to 10,000; nobody prints that, and a stack is finite.
const DEPTH_MAX: usize = 1_000;

/// The incumbent's score of a pair, 0 to 1; 0 for JSON fences of which one side is not a JSON object.
pub(super) fn score(language: &str, expected: &[u8], actual: &[u8]) -> f64 {
    if !language.eq_ignore_ascii_case("json") {
        return jaro_winkler(expected, actual);
    }
    match (normalise(actual), normalise(expected)) {
        (Some(actual), Some(expected)) => jaro(&actual, &expected),
        _ => 0.0,
    }
}

/// Jaro-Winkler similarity of two byte strings, with the incumbent's constants.
pub(super) fn jaro_winkler(a: &[u8], b: &[u8]) -> f64 {
    let similarity = jaro(a, b);
    if similarity <= BOOST_THRESHOLD {
        return similarity;
    }
    let prefix = a.iter().zip(b).take(PREFIX_BYTES).take_while(|(left, right)| left == right).count();
    similarity + PREFIX_WEIGHT * prefix as f64 * (1.0 - similarity)
}

/// A JSON object as Go reads it into `map[string]interface{}` and writes it again; none when Go would return an error.
fn normalise(text: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader { text, at: 0 };
    reader.space();
    // Nothing else can become one, so nothing else need be read.
    if !matches!(reader.peek()?, b'{' | b'n') {
        return None;
    }
    let value = reader.value(0)?;
    reader.space();
    // `null` leaves the map nil, which is not an error.
    if reader.at != text.len() || !matches!(value, Go::Map(_) | Go::Null) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    write(&value, &mut out);
    Some(out)
}

enum Go<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Go<'a>>),
    /// Sorted by key, each key once.
    Map(Vec<(Cow<'a, str>, Go<'a>)>),
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, literal: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(literal).then(|| self.at += literal.len())
    }

    fn value(&mut self, depth: usize) -> Option<Go<'a>> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.space();
        match self.peek()? {
            b'n' => self.take(b"null").map(|()| Go::Null),
            b't' => self.take(b"true").map(|()| Go::Bool(true)),
            b'f' => self.take(b"false").map(|()| Go::Bool(false)),
            b'"' => self.string().map(Go::Text),
            b'[' => self.list(depth),
            b'{' => self.map(depth),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Go<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b"]").is_some() {
            return Some(Go::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b"]").is_some() {
                return Some(Go::List(items));
            }
            self.take(b",")?;
        }
    }

    fn map(&mut self, depth: usize) -> Option<Go<'a>> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.take(b"}").is_some() {
            return Some(Go::Map(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.take(b":")?;
            let value = self.value(depth + 1)?;
            members.push((key, value));
            self.space();
            if self.take(b"}").is_some() {
                return Some(Go::Map(sorted(members)));
            }
            self.take(b",")?;
        }
    }

    fn number(&mut self) -> Option<Go<'a>> {
        let start = self.at;
        let _ = self.take(b"-");
        if self.take(b"0").is_none() {
            self.digits()?;
        }
        if self.take(b".").is_some() {
            self.digits()?;
        }
        if self.take(b"e").or_else(|| self.take(b"E")).is_some() {
            let _ = self.take(b"+").or_else(|| self.take(b"-"));
            self.digits()?;
        }
        let number: f64 = std::str::from_utf8(&self.text[start..self.at]).ok()?.parse().ok()?;
        number.is_finite().then_some(Go::Number(number))
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b"\"")?;
        let run = self.text[self.at..].iter().take_while(|byte| **byte >= 0x20 && !matches!(**byte, b'"' | b'\\')).count();
        let plain = &self.text[self.at..self.at + run];
        if self.text.get(self.at + run) == Some(&b'"')
            && let Ok(text) = std::str::from_utf8(plain)
        {
            self.at += run + 1;
            return Some(Cow::Borrowed(text));
        }
        let mut text = String::new();
        loop {
            let run = self.text[self.at..].iter().take_while(|byte| **byte >= 0x20 && !matches!(**byte, b'"' | b'\\')).count();
            push_go_utf8(&self.text[self.at..self.at + run], &mut text);
            self.at += run;
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(Cow::Owned(text));
                }
                b'\\' => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex4()?;
                if !(0xD800..0xE000).contains(&first) {
                    return char::from_u32(first);
                }
                let back = self.at;
                if first < 0xDC00 && self.take(b"\\u").is_some() {
                    let second = self.hex4()?;
                    if (0xDC00..0xE000).contains(&second) {
                        return char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
                    }
                }
                // Go writes U+FFFD for a lone surrogate and reads the next escape by itself.
                self.at = back;
                char::REPLACEMENT_CHARACTER
            }
            _ => return None,
        })
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
    }
}

/// Members by key; of several with one key the last counts.
fn sorted<'a>(mut members: Vec<(Cow<'a, str>, Go<'a>)>) -> Vec<(Cow<'a, str>, Go<'a>)> {
    if !members.is_sorted_by(|left, right| left.0 < right.0) {
        members.reverse();
        members.sort_by(|left, right| left.0.cmp(&right.0));
        members.dedup_by(|later, kept| later.0 == kept.0);
    }
    members
}

/// Appends bytes as Go decodes them: each byte that is not part of a valid sequence becomes U+FFFD by itself.
fn push_go_utf8(mut bytes: &[u8], out: &mut String) {
    loop {
        match std::str::from_utf8(bytes) {
            Ok(text) => return out.push_str(text),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                out.push_str(&String::from_utf8_lossy(valid));
                out.push(char::REPLACEMENT_CHARACTER);
                bytes = &rest[1..];
            }
        }
    }
}

fn write(value: &Go<'_>, out: &mut Vec<u8>) {
    match value {
        Go::Null => out.extend_from_slice(b"null"),
        Go::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Go::Number(value) => out.extend_from_slice(number(*value).as_bytes()),
        Go::Text(text) => write_string(text, out),
        Go::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Go::Map(members) => {
            out.push(b'{');
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(key, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// A float64 as Go marshals it: like ECMAScript, plain between 1e-6 and 1e21.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    format!("{value}")
}

/// A string as Go 1.21 marshals it, with the characters that matter to HTML escaped.
fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&');
    if text.as_bytes().iter().all(plain) {
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    let mut buffer = [0; 4];
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
            }
            _ => out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{jaro, jaro_winkler, normalise, score};

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(normalise(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap()).as_deref(), expected, "{text}");
    }

    proptest! {
        #[test]
        fn it_counts_bytes_of_any_value(a in vec(0_u8..=255, 0..40), b in vec(0_u8..=255, 0..200)) {
            prop_assert_eq!(jaro(&a, &b).to_bits(), strsim::generic_jaro(&a, &b).to_bits());
            prop_assert_eq!(jaro_winkler(&a, &b).to_bits(), strsim::generic_jaro_winkler(&a, &b).to_bits());
        }
    }

    #[test]
    fn json_is_written_as_go_writes_it() {
        check(
            r#"{"b":1.0,"a":[1e21,1E-7,-0,100000000000000000000,0.1]}"#,
            Some(r#"{"a":[1e+21,1e-7,-0,100000000000000000000,0.1],"b":1}"#),
        );
        check(r#"{"a":"<&>é\u2028\/\ud83d\ude00\ud800x\u0008"}"#, Some("{\"a\":\"\\u003c\\u0026\\u003eé\\u2028/😀\u{fffd}x\\u0008\"}"));
        check(r#"{"a":1,"a":{"y":null,"x":true}}"#, Some(r#"{"a":{"x":true,"y":null}}"#));
    }

    #[test]
    fn what_go_cannot_read_into_a_map_is_an_error() {
        for text in
            ["", "[]", "1", "\"x\"", "{} x", "{\"a\":01}", "{\"a\":1e999}", "{\"a\":1,}", "{'a':1}", "{\"a\":\"\n\"}", "WARNING\n{}"]
        {
            check(text, None);
        }
        check(" null\n", Some("null"));
    }

    #[test]
    fn a_json_fence_compares_objects_and_any_other_fence_compares_text() {
        assert_eq!(score("JSON", b"{\"a\":1,\"b\":2}", b"{ \"b\" : 2, \"a\" : 1 }"), 1.0);
        assert_eq!(score("json", b"[1]", b"[1]"), 0.0);
        assert_eq!(score("output", b"MARTHA", b"MARHTA"), strsim::generic_jaro_winkler(b"MARTHA", b"MARHTA"));
    }
}
