//! Lines as Go programs with klog write them: k8s.io/klog v2.130.1, `internal/{buffer,serialize}`.

use jiff::Timestamp;

/// How bad a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Info,
    Error,
    Fatal,
}

/// `I0114 10:35:09.795900       1 main.go:63] `, in UTC. The process of a container has the number 1.
pub(crate) fn header(severity: Severity, at: Timestamp, source: &str) -> String {
    let letter = match severity {
        Severity::Info => 'I',
        Severity::Error => 'E',
        Severity::Fatal => 'F',
    };
    format!("{letter}{} {:>7} {source}] ", at.strftime("%m%d %H:%M:%S.%6f"), 1)
}

/// A message with its pairs, over as many lines as it takes.
pub(crate) fn structured(severity: Severity, at: Timestamp, source: &str, message: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    let mut text = header(severity, at, source) + &quote(message);
    for (name, value) in pairs {
        text.push(' ');
        text.push_str(name);
        text.push_str(&serialize(value));
    }
    text.split('\n').map(str::to_owned).collect()
}

/// `="one line"`, or a block for several lines.
fn serialize(value: &str) -> String {
    if !value.contains('\n') {
        return format!("={}", quote(value));
    }
    let mut block = "=<\n".to_owned();
    for line in value.strip_suffix('\n').unwrap_or(value).split('\n') {
        block.push('\t');
        block.push_str(line);
        block.push('\n');
    }
    block + " >"
}

/// Go's `strconv.Quote`.
pub(crate) fn quote(text: &str) -> String {
    use std::fmt::Write as _;
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            letter if is_printable(letter) => quoted.push(letter),
            letter => {
                let code = u32::from(letter);
                let _ = match code {
                    0..0x80 => write!(quoted, "\\x{code:02x}"),
                    0x80..0x1_0000 => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Go counts letters, marks, numbers, punctuation, symbols and the plain space.
fn is_printable(letter: char) -> bool {
    letter == ' '
        || !(letter.is_control()
            || letter.is_whitespace()
            || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2024-01-14T10:35:09.7959Z".parse().expect("a time")
    }

    #[test]
    fn the_line_of_the_published_example_is_reproduced() {
        let lines = structured(Severity::Info, at(), "main.go:63", "successfully got secret", &[("secret", "Hello\\!")]);
        assert_eq!(lines, ["I0114 10:35:09.795900       1 main.go:63] \"successfully got secret\" secret=\"Hello\\\\!\""]);
    }

    #[test]
    fn values_of_several_lines_become_a_block() {
        let lines = structured(Severity::Error, at(), "main.go:60", "failed", &[("err", "one\n{\n"), ("keyvault", "u")]);
        assert_eq!(lines, ["E0114 10:35:09.795900       1 main.go:60] \"failed\" err=<", "\tone", "\t{", " > keyvault=\"u\""]);
        let open = structured(Severity::Error, at(), "m:1", "f", &[("err", "one\ntwo")]);
        assert_eq!(open[1..], ["\tone", "\ttwo", " >"]);
    }

    #[test]
    fn texts_are_quoted_as_in_go() {
        for (text, expected) in [("ñ€", "\"ñ€\""), ("a\"b", r#""a\"b""#), ("\t\u{1}", r#""\t\x01""#), ("\u{a0}", r#""\u00a0""#)] {
            assert_eq!(quote(text), expected);
        }
    }
}
