//! Bytes of a file → normalised text: UTF-8, no byte order mark, `\n` line ends. What had to be changed comes back as diagnostics.

use crate::diagnostic::{Diagnostic, Fix, SourceFile, Span};

use super::defect::{BINARY_FILE, BYTE_ORDER_MARK, CARRIAGE_RETURN, INVALID_UTF8};

/// A file's text, and whether it is worth reading any further.
pub(super) struct Normalised {
    pub(super) source: SourceFile,
    pub(super) is_text: bool,
}

/// Reads `bytes`; lines keep their numbers, bytes that are not UTF-8 become U+FFFD.
pub(super) fn normalise(path: &str, bytes: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Normalised {
    let (marked, bytes) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (true, rest),
        None => (false, bytes),
    };
    let valid_bytes = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
    let raw = String::from_utf8_lossy(bytes);
    // Nothing before the first one changes, so its offset holds in the normalised text too.
    let first_return = raw.find('\r');
    let is_crlf = first_return.is_some_and(|at| raw[at..].starts_with("\r\n"));
    let text = if first_return.is_some() { raw.replace("\r\n", "\n").replace('\r', "\n") } else { raw.into_owned() };
    let source = SourceFile::new(path, text);

    if marked {
        diagnostics
            .push(BYTE_ORDER_MARK.at(&source, Span::new(0, 0), "the file starts with a byte order mark").with_fix(Fix::ByteOrderMark));
    }
    if let Some(valid_bytes) = valid_bytes {
        let valid = String::from_utf8_lossy(&bytes[..valid_bytes]).replace("\r\n", "\n");
        let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        let message = if utf16 { "the file is UTF-16, not UTF-8" } else { "the file is not valid UTF-8 here" };
        let span = Span::new(valid.len(), valid.len() + char::REPLACEMENT_CHARACTER.len_utf8());
        diagnostics.push(INVALID_UTF8.at(&source, span, message).with_hint("save the file as UTF-8"));
    }
    if let Some(at) = first_return {
        let message =
            if is_crlf { "lines end with a carriage return; read as if they did not" } else { "a carriage return; read as a line end" };
        diagnostics.push(
            CARRIAGE_RETURN.at(&source, Span::new(at, at), message).with_hint("save the file with LF line ends").with_fix(Fix::LineEnds),
        );
    }
    let nul = source.text().find('\0');
    if let Some(at) = nul {
        diagnostics.push(BINARY_FILE.at(&source, Span::new(at, at + 1), "the file contains a NUL byte, so it is not a text"));
    }
    Normalised { source, is_text: nul.is_none() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str, findings: &[(&str, usize)]) -> Normalised {
        let mut diagnostics = Vec::new();
        let normalised = normalise("a.md", bytes, &mut diagnostics);
        assert_eq!(normalised.source.text(), text);
        let found: Vec<_> = diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.line)).collect();
        assert_eq!(found, findings);
        normalised
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        assert!(check("ñ\n日本\n".as_bytes(), "ñ\n日本\n", &[]).is_text);
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_normalised_and_reported_once() {
        check(b"\xef\xbb\xbfa\nb\r\nc\rd\r\n", "a\nb\nc\nd\n", &[("byte-order-mark", 1), ("carriage-return", 2)]);
    }

    #[test]
    fn the_first_byte_that_is_not_utf8_is_named_by_its_line() {
        check(b"a\r\nb\r\nc\xff\xffd\n", "a\nb\nc\u{fffd}\u{fffd}d\n", &[("invalid-utf8", 3), ("carriage-return", 1)]);
        check(b"caf\xc3", "caf\u{fffd}", &[("invalid-utf8", 1)]);
    }

    #[test]
    fn a_file_with_a_nul_byte_is_no_text() {
        assert!(!check(b"a\nb\0c", "a\nb\0c", &[("binary-file", 2)]).is_text);
        assert!(!check(b"\xff\xfea\0", "\u{fffd}\u{fffd}a\0", &[("invalid-utf8", 1), ("binary-file", 1)]).is_text);
    }
}
