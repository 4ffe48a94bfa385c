//! Captured bytes → the text that a person would have read.
//!
//! Deliberately absent: any normalisation that judges differ about (case, columns, placeholders).

use std::borrow::Cow;

use super::label;

/// How many bytes are looked at without asking whether one was found.
const LOOKED_AT_BYTES: usize = 256;

/// The text of an output: terminal control sequences removed, line ends `\n`, bytes that are not UTF-8 as U+FFFD.
///
/// A carriage return in the middle of a line (a progress display) starts a new line. Empty for an empty output.
pub(super) fn readable(bytes: &[u8]) -> Cow<'_, str> {
    // Text is what most outputs are, and is seen to be so faster than what is not can be mended.
    match std::str::from_utf8(bytes) {
        Ok(text) => readable_text(Cow::Borrowed(text)),
        Err(_) => readable_text(String::from_utf8_lossy(bytes)),
    }
}

/// The same for a text.
pub(super) fn readable_text(text: Cow<'_, str>) -> Cow<'_, str> {
    // Most outputs have nothing to remove; these are the first bytes of all that is.
    let is_first = |byte: &u8| matches!(byte, 0 | 0x07 | 0x08 | b'\r' | 0x1b | 0xc2 | 0xe2 | 0xef);
    let has_any = |part: &[u8]| part.iter().fold(false, |any, byte| any | is_first(byte));
    if !text.as_bytes().chunks(LOOKED_AT_BYTES).any(has_any) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(at) = rest.find(is_removed) {
        out.push_str(&rest[..at]);
        let control = rest[at..].chars().next().unwrap_or('\0');
        rest = &rest[at + control.len_utf8()..];
        match control {
            '\u{1b}' => rest = after_escape(rest),
            '\u{9b}' => rest = after_parameters(rest),
            '\r' if !rest.starts_with('\n') => out.push('\n'),
            '\u{8}' if out.chars().next_back().is_some_and(|last| last != '\n') => {
                out.pop();
            }
            '\u{a0}' => out.push(' '),
            _ => {}
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Controls, and characters that take no room: joiners, marks of direction.
fn is_removed(c: char) -> bool {
    matches!(
        c,
        '\u{1b}' | '\r' | '\u{8}' | '\0' | '\u{7}' | '\u{feff}' | '\u{a0}' | '\u{9b}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
    )
}

/// What follows a control sequence whose escape character has been read (ECMA-48: CSI, OSC with BEL or ST, two-character sequences).
fn after_escape(rest: &str) -> &str {
    match rest.chars().next() {
        Some('[') => after_parameters(&rest[1..]),
        Some(']') => match rest.find(['\u{7}', '\u{1b}', '\n']) {
            Some(end) if rest[end..].starts_with("\u{1b}\\") => &rest[end + 2..],
            Some(end) if rest[end..].starts_with('\u{7}') => &rest[end + 1..],
            Some(end) => &rest[end..],
            None => "",
        },
        Some('(' | ')' | '#') => rest[1..].chars().next().map_or("", |designator| &rest[1 + designator.len_utf8()..]),
        Some(final_character) if final_character.is_ascii() && final_character > ' ' => &rest[1..],
        _ => rest,
    }
}

fn after_parameters(rest: &str) -> &str {
    let end = rest.find(|c: char| !matches!(c, ' '..='?')).unwrap_or(rest.len());
    match rest[end..].chars().next() {
        Some('@'..='~') => &rest[end + 1..],
        _ => &rest[end..],
    }
}

/// A document's text with the characters that its HTML entities stand for, where the output has them plain.
pub(super) fn without_entities<'a>(expected: &'a str, actual: &str) -> Cow<'a, str> {
    const ENTITIES: [(&str, &str); 7] =
        [("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    let has = |text: &str| text.contains('&') && ENTITIES.iter().any(|(entity, _)| text.contains(entity));
    if !has(expected) || has(actual) {
        return Cow::Borrowed(expected);
    }
    Cow::Owned(ENTITIES.iter().fold(expected.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}

/// A text with the quotes and dashes of ASCII in place of those of print, where the other has none of these.
pub(super) fn without_typography<'a>(text: Cow<'a, str>, other: &str) -> Cow<'a, str> {
    let plain = |c: char| match c {
        '“' | '”' | '„' | '«' | '»' => Some('"'),
        '‘' | '’' | '‚' => Some('\''),
        '–' | '—' | '−' | '‐' | '‑' => Some('-'),
        _ => None,
    };
    let has = |text: &str| !text.is_ascii() && text.chars().any(|c| plain(c).is_some());
    if !has(&text) || has(other) {
        return text;
    }
    Cow::Owned(text.chars().map(|c| plain(c).unwrap_or(c)).collect())
}

/// A document's text without the notes that an author put behind `key: value` lines and entries of lists, where the output has none such.
pub(super) fn without_notes<'a>(expected: &'a str, actual: &str) -> Cow<'a, str> {
    if !expected.contains(" #") {
        return Cow::Borrowed(expected);
    }
    let mut out = String::with_capacity(expected.len());
    for line in expected.split_inclusive('\n') {
        let text = line.trim_end();
        match note(text).filter(|at| !actual.contains(text[*at..].trim())) {
            Some(at) => {
                out.push_str(text[..at].trim_end());
                out.push_str(&line[text.len()..]);
            }
            None => out.push_str(line),
        }
    }
    Cow::Owned(out)
}

/// Where the note behind a value begins.
fn note(line: &str) -> Option<usize> {
    let mut quoted = false;
    let at = line.bytes().enumerate().position(|(at, byte)| {
        quoted ^= byte == b'"';
        !quoted && byte == b' ' && line.as_bytes()[at + 1..].starts_with(b"# ")
    })?;
    let told = line[..at].trim();
    let is_value = told.starts_with("- ") || told.ends_with(':') || label::key(told).is_some();
    is_value.then_some(at)
}

#[cfg(test)]
mod tests {
    use super::{readable, without_notes, without_typography};

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(readable(bytes), expected);
    }

    #[test]
    fn colours_titles_and_cursor_movements_leave_the_text() {
        check(b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07x\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\ \x1b(Bend", "red xlink end");
    }

    #[test]
    fn line_ends_progress_and_backspaces_are_resolved() {
        check(b"a\r\nb\r\n10%\r20%\rdone\nxy\x08z", "a\nb\n10%\n20%\ndone\nxz");
    }

    #[test]
    fn quotes_of_print_stand_for_those_of_programs() {
        assert_eq!(without_typography("“a” – ‘b’".into(), "\"a\""), "\"a\" - 'b'");
        assert_eq!(without_typography("“a”".into(), "“b”"), "“a”");
    }

    #[test]
    fn notes_behind_values_are_the_authors() {
        let shown = "a: \"x # y\"\nstatus: \"True\"  # yours may differ\n- b # c\nroot@host:~ # ls\n";
        assert_eq!(without_notes(shown, "a: b"), "a: \"x # y\"\nstatus: \"True\"\n- b\nroot@host:~ # ls\n");
        assert_eq!(without_notes("k: v # n\n", "k: v # n"), "k: v # n\n");
    }

    #[test]
    fn bytes_that_are_not_text_do_not_stop_the_judge() {
        check(b"\xef\xbb\xbfa\xffb\0\xc2\xa0c", "a\u{fffd}b c");
        check(b"\x1b", "");
        check(b"", "");
        check(&[b"x".repeat(700), b"\x1b[1my".to_vec()].concat(), &("x".repeat(700) + "y"));
    }
}
