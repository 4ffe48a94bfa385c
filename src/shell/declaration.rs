//! `declare -p` → variables. Pure.

use std::collections::BTreeMap;

/// Variables by name.
pub type Variables = BTreeMap<String, Variable>;

/// A shell variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its value; none when it was declared and never set. Of an array the value of index 0, of a map none.
    pub value: Option<String>,
    /// Whether child processes see it.
    pub exported: bool,
    /// What it is made of.
    pub shape: Shape,
}

/// What a variable is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    Scalar,
    /// An indexed array with this many elements.
    Array(usize),
    /// An associative array with this many elements.
    Map(usize),
    /// Another name for the variable that `value` names.
    Reference,
}

/// Names that the driver uses.
const OWN_PREFIX: &str = "__docent_";

/// One declaration as `declare -p` prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Declaration<'a> {
    /// The variable.
    pub(super) name: &'a [u8],
    /// The letters of its attributes; `-` when it has none.
    pub(super) flags: &'a [u8],
    /// The value's word; none when it was never set.
    value: Option<&'a [u8]>,
    /// All of it, without the line end.
    pub(super) text: &'a [u8],
}

impl Declaration<'_> {
    /// Whether it is the driver's, and readonly.
    pub(super) fn is_frozen_own(&self) -> bool {
        self.name.starts_with(OWN_PREFIX.as_bytes()) && self.flags.contains(&b'r')
    }
}

/// Reads the output of `declare -p`.
pub(super) fn read(text: &[u8]) -> Variables {
    declarations(text)
        .into_iter()
        .filter(|one| !one.name.starts_with(OWN_PREFIX.as_bytes()))
        .map(|one| (String::from_utf8_lossy(one.name).into_owned(), variable(one.flags, one.value)))
        .collect()
}

/// The declarations in the output of `declare -p`, in its order; lines of another form are skipped.
pub(super) fn declarations(mut text: &[u8]) -> Vec<Declaration<'_>> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let start = text;
        let Some(rest) = text.strip_prefix(b"declare -") else {
            text = after_line(text);
            continue;
        };
        let flags_length = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
        let flags = &rest[..flags_length];
        let rest = rest.get(flags_length + 1..).unwrap_or_default();
        let name_length = rest.iter().position(|byte| matches!(byte, b'=' | b'\n')).unwrap_or(rest.len());
        let name = &rest[..name_length];
        let rest = &rest[name_length..];
        let (value, rest) = match rest.strip_prefix(b"=") {
            Some(value) => {
                let length = word_length(value);
                (Some(&value[..length]), &value[length..])
            }
            None => (None, rest),
        };
        text = after_line(rest);
        found.push(Declaration { name, flags, value, text: &start[..start.len() - rest.len()] });
    }
    found
}

fn variable(flags: &[u8], value: Option<&[u8]>) -> Variable {
    let exported = flags.contains(&b'x');
    let (value, shape) = if flags.contains(&b'A') {
        (None, Shape::Map(elements(value.unwrap_or_default()).len()))
    } else if flags.contains(&b'a') {
        let elements = elements(value.unwrap_or_default());
        let count = elements.len();
        let first = elements.into_iter().find(|(key, _)| key == b"0").map(|(_, value)| value);
        (first, Shape::Array(count))
    } else if flags.contains(&b'n') {
        (value.map(unquote), Shape::Reference)
    } else {
        (value.map(unquote), Shape::Scalar)
    };
    Variable { value, exported, shape }
}

/// The pairs of `([0]="a" [1]="b")`.
fn elements(value: &[u8]) -> Vec<(Vec<u8>, String)> {
    let mut pairs = Vec::new();
    let mut rest = value.strip_prefix(b"(").unwrap_or_default();
    while let Some(start) = rest.iter().position(|byte| *byte == b'[') {
        rest = &rest[start + 1..];
        let key_length = match rest.first() {
            Some(b'"' | b'$' | b'\'') => word_length(rest),
            _ => rest.iter().position(|byte| *byte == b']').unwrap_or(rest.len()),
        };
        let key = rest[..key_length].to_vec();
        rest = rest[key_length..].strip_prefix(b"]=").unwrap_or_default();
        let length = word_length(rest);
        // The last word runs into the closing parenthesis only when it is unquoted, which `declare -p` never prints.
        pairs.push((key, unquote(&rest[..length])));
        rest = &rest[length..];
    }
    pairs
}

/// The length of the shell word at the start of `text`: quoted parts are passed over, a blank, a line end or `)` at the top ends it.
pub(super) fn word_length(text: &[u8]) -> usize {
    let mut at = 0;
    let mut depth = 0_usize;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\'' => at += 1 + position(&text[at + 1..], b'\'') + 1,
            b'"' => at += quoted_length(&text[at..], b'"'),
            b'$' if text.get(at + 1) == Some(&b'\'') => at += 1 + quoted_length(&text[at + 1..], b'\''),
            b'(' => {
                depth += 1;
                at += 1;
            }
            b')' if depth > 0 => {
                depth -= 1;
                at += 1;
            }
            b' ' | b'\n' | b')' | b']' if depth == 0 => break,
            _ => at += 1,
        }
    }
    at.min(text.len())
}

/// The length of a quoted part with backslash escapes, both quotes included.
fn quoted_length(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn position(text: &[u8], byte: u8) -> usize {
    text.iter().position(|candidate| *candidate == byte).unwrap_or(text.len())
}

fn after_line(text: &[u8]) -> &[u8] {
    text.get(position(text, b'\n') + 1..).unwrap_or_default()
}

/// The value of a word as `declare -p` quotes it.
fn unquote(word: &[u8]) -> String {
    let bytes = if let Some(inner) = word.strip_prefix(b"$'") {
        ansi_c(inner.strip_suffix(b"'").unwrap_or(inner))
    } else if let Some(inner) = word.strip_prefix(b"\"") {
        let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
        let mut bytes = Vec::with_capacity(inner.len());
        let mut rest = inner.iter().copied();
        while let Some(byte) = rest.next() {
            bytes.push(if byte == b'\\' { rest.next().unwrap_or(b'\\') } else { byte });
        }
        bytes
    } else {
        word.to_vec()
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Undoes `$'…'`. Source of the escapes: the Bash manual, "ANSI-C Quoting".
fn ansi_c(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let Some(escape) = text.get(at) else { break };
        at += 1;
        match escape {
            b'n' => bytes.push(b'\n'),
            b't' => bytes.push(b'\t'),
            b'r' => bytes.push(b'\r'),
            b'a' => bytes.push(7),
            b'b' => bytes.push(8),
            b'e' | b'E' => bytes.push(27),
            b'f' => bytes.push(12),
            b'v' => bytes.push(11),
            b'0'..=b'7' => {
                at -= 1;
                let (number, length) = number(&text[at..], 8, 3);
                at += length;
                bytes.push((number & 0xff) as u8);
            }
            b'x' => {
                let (number, length) = number(&text[at..], 16, 2);
                at += length;
                bytes.push((number & 0xff) as u8);
            }
            b'u' | b'U' => {
                let (number, length) = number(&text[at..], 16, if *escape == b'u' { 4 } else { 8 });
                at += length;
                let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => bytes.push(*other),
        }
    }
    bytes
}

fn number(text: &[u8], radix: u32, digits_max: usize) -> (u32, usize) {
    let digits = text.iter().take(digits_max).map_while(|byte| char::from(*byte).to_digit(radix));
    digits.fold((0, 0), |(number, length), digit| (number * radix + digit, length + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, value: Option<&str>, exported: bool, shape: Shape) {
        let expected = Variable { value: value.map(str::to_owned), exported, shape };
        assert_eq!(read(text.as_bytes()).get(name), Some(&expected), "{text}");
    }

    #[test]
    fn values_are_unquoted() {
        check("declare -- A=\"a \\\"b\\\" \\$c \\\\ d\"\n", "A", Some("a \"b\" $c \\ d"), false, Shape::Scalar);
        check("declare -x B=$'1\\n2\\'\\x41\\303\\261\\u00e9'\n", "B", Some("1\n2'Añé"), true, Shape::Scalar);
        check("declare -x EMPTY=\"\"\ndeclare -x UNSET\ndeclare -- Z=\"9\"\n", "EMPTY", Some(""), true, Shape::Scalar);
        check("declare -x EMPTY=\"\"\ndeclare -x UNSET\ndeclare -- Z=\"9\"\n", "UNSET", None, true, Shape::Scalar);
        check("declare -- OLD=\"two\nlines\"\ndeclare -- Z=\"9\"\n", "Z", Some("9"), false, Shape::Scalar);
    }

    #[test]
    fn arrays_and_maps_are_summarised() {
        check("declare -a L=([0]=\"x ) y\" [1]=$'p]\\n')\n", "L", Some("x ) y"), false, Shape::Array(2));
        check("declare -A M=([a]=$'1\\n2' [\"b c\"]=\"x\" )\n", "M", None, false, Shape::Map(2));
        check("declare -a E=()\n", "E", None, false, Shape::Array(0));
        check("declare -n r=\"M\"\n", "r", Some("M"), false, Shape::Reference);
    }

    #[test]
    fn the_driver_s_own_names_are_hidden_and_cut_text_is_harmless() {
        assert!(read(b"declare -- __docent_b=\"1\"\n").is_empty());
        for cut in 0..40 {
            let text = b"declare -A M=([a]=$'1\\n2' [\"b c\"]=\"x\" )\n";
            read(&text[..cut.min(text.len())]);
        }
    }
}
