//! The gaps that authors leave in an output for what differs from run to run, and what must fill them.
//!
//! The spellings are those of published runbooks.

use super::shape::{Shape, shape};

/// Angle brackets that clients really print: kubectl for empty and pending cells, Go for nil.
const PRINTED_ANGLES: [&str; 8] = ["<none>", "<pending>", "<unknown>", "<nil>", "<invalid>", "<unset>", "<no value>", "<empty>"];

/// The longest gap in brackets.
const GAP_BYTES_MAX: usize = 64;
/// Of longer values only the head is searched for gaps.
const SEARCHED_BYTES_MAX: usize = 4096;
/// The longest value that is searched for words that mark a gap.
const GAP_WORD_BYTES_MAX: usize = 400;

/// A mark with which a gap could start.
const MARK: u32 = 1 << 26;
/// A byte that no gap between digits has.
const NO_DIGIT_GAP: u32 = 1 << 27;
/// A byte that is no letter of ASCII.
const NO_LETTER: u32 = 1 << 28;
/// A byte that is neither letter nor digit of ASCII.
const NO_ALPHANUMERIC: u32 = 1 << 29;

/// What each byte adds to what is in a word: a bit for each letter, [`MARK`], [`NO_DIGIT_GAP`], [`NO_LETTER`], [`NO_ALPHANUMERIC`].
static KINDS: [u32; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let own = byte as u8;
        if own.is_ascii_alphabetic() {
            kinds[byte] |= 1 << ((own | 0x20) - b'a');
        }
        if !own.is_ascii_alphabetic() {
            kinds[byte] |= NO_LETTER;
        }
        if !own.is_ascii_alphanumeric() {
            kinds[byte] |= NO_ALPHANUMERIC;
        }
        if matches!(own, b'$' | b'.' | b'*' | b'#' | b'<' | b'{' | b'[' | b'%' | 0xE2) {
            kinds[byte] |= MARK;
        }
        if !matches!(
            own,
            b'0'..=b'9'
                | b'x'
                | b'X'
                | b'y'
                | b'Y'
                | b'z'
                | b'Z'
                | b'n'
                | b'N'
                | b'v'
                | b'V'
                | b'.'
                | b':'
                | b'-'
                | b'/'
                | b's'
                | b'm'
                | b'h'
                | b'd'
                | b'%'
                | b'+'
        ) {
            kinds[byte] |= NO_DIGIT_GAP;
        }
        byte += 1;
    }
    kinds
};

/// The bits of the letters of a word.
const fn letters(word: &[u8]) -> u32 {
    let mut found = 0;
    let mut at = 0;
    while at < word.len() {
        if word[at].is_ascii_alphabetic() {
            found |= 1 << ((word[at] | 0x20) - b'a');
        }
        at += 1;
    }
    found
}

/// What is in a word, as one look at each of its bytes tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kinds(u32);

impl Kinds {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(0, |found, byte| found | KINDS[usize::from(*byte)]))
    }

    /// Whether there are only letters of ASCII.
    pub(super) fn are_letters(self) -> bool {
        self.0 & NO_LETTER == 0
    }

    /// Whether there are only letters and digits of ASCII.
    pub(super) fn are_alphanumeric(self) -> bool {
        self.0 & NO_ALPHANUMERIC == 0
    }

    /// Whether the letters of a direction are there.
    pub(super) fn may_be_region(self) -> bool {
        // `north` and `south`, `east` and `west`, `central`.
        const PAIRS: [u32; 3] = [letters(b"tho"), letters(b"tse"), letters(b"tcr")];
        self.have_one(PAIRS)
    }

    fn have_one<const N: usize>(self, sets: [u32; N]) -> bool {
        sets.iter().any(|letters| self.0 & letters == *letters)
    }

    /// Whether a word of letters may be a gap.
    fn may_be_gap(self) -> bool {
        // All words that mark a gap have the two; of letters alone are `xxx`, `GUID`, `XX`, `nn`.
        const SETS: [u32; 3] = [letters(b"x"), letters(b"de"), letters(b"uid")];
        self.have_one(SETS) || self.0 & NO_DIGIT_GAP == 0
    }
}

/// Whether the author left a gap in this word or value.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = head(value);
    has_gap(value, Kinds::of(value.as_bytes()))
}

/// The same for a word of which it is known what is in it.
pub(super) fn has_gap(value: &str, kinds: Kinds) -> bool {
    if kinds.are_letters() && !kinds.may_be_gap() {
        return false;
    }
    let (value, found) = (head(value), kinds.0);
    let bytes = value.as_bytes();
    found & (MARK | letters(b"x")) != 0 && has_marked_gap(value)
        || has_gap_word(bytes, found)
        || found & NO_DIGIT_GAP == 0 && found & letters(b"xyzn") != 0 && has_gap_digits(value)
}

/// As much of a value as is searched for gaps.
fn head(value: &str) -> &str {
    if value.len() <= SEARCHED_BYTES_MAX {
        return value;
    }
    &value[..value.floor_char_boundary(SEARCHED_BYTES_MAX)]
}

/// `<name>`, `$NAME`, `xxxx`, `...`, `***`, `%NAME%`.
fn has_marked_gap(value: &str) -> bool {
    let bytes = value.as_bytes();
    let mut run = 0;
    for (index, byte) in bytes.iter().enumerate() {
        run = match byte {
            b'x' | b'X' if run > 0 && bytes[index - 1] == *byte => run + 1,
            b'x' | b'X' => 1,
            _ => 0,
        };
        if run >= 3 {
            return true;
        }
        let next = bytes.get(index + 1).copied().unwrap_or(b' ');
        match byte {
            b'$' if next == b'{' || next == b'(' || next == b'_' || next.is_ascii_uppercase() => return true,
            b'.' if bytes[index..].starts_with(b"...") => return true,
            b'*' if bytes[index..].starts_with(b"***") => return true,
            b'#' if bytes[index..].starts_with(b"####") => return true,
            b'<' if has_angle_gap(&value[index..]) => return true,
            b'{' if has_brace_gap(&value[index..]) => return true,
            b'%' if index == 0 && bytes.len() > 2 && bytes.ends_with(b"%") && next.is_ascii_uppercase() => return true,
            0xE2 if bytes[index..].starts_with("…".as_bytes()) => return true,
            _ => {}
        }
    }
    false
}

/// A part of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Gap,
}

/// A word as its gaps and what stands around them; one text when it is a gap only as a whole (`REDACTED`).
pub(super) fn pieces(word: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        while at < word.len() {
            let length = gap_bytes(word, at);
            if length > 0 && at > start {
                break;
            }
            if length > 0 {
                at += length;
                return Some(Piece::Gap);
            }
            at += word[at..].chars().next().map_or(1, char::len_utf8);
        }
        (at > start).then(|| Piece::Text(&word[start..at]))
    })
}

/// How many bytes of a gap start here.
fn gap_bytes(word: &str, at: usize) -> usize {
    let rest = &word[at..];
    match rest.as_bytes()[0] {
        first @ (b'x' | b'X') => {
            let run = rest.bytes().take_while(|byte| *byte == first).count();
            let alone = word[..at].chars().next_back().is_none_or(|c| !c.is_alphabetic())
                && rest[run..].chars().next().is_none_or(|c| !c.is_alphabetic());
            if run >= 2 || alone { run } else { 0 }
        }
        b'<' => closing(rest, b'>').map_or(0, |end| end + 1),
        b'{' => closing(rest, b'}').map_or(0, |end| end + 1),
        b'$' => 1 + rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '{' | '}'))).unwrap_or(rest.len() - 1),
        b'.' if rest.starts_with("...") => 3,
        _ => 0,
    }
}

/// A word whose gaps have been filled with something, to see what the whole would look like: `xx.xx.xx.xx` is an address.
pub(super) fn filled(word: &str) -> Shape {
    let mut text = String::with_capacity(word.len());
    for piece in pieces(head(word)) {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Gap => text.push('7'),
        }
    }
    shape(&text)
}

/// The offset of the closing mark, near enough that looking for it again at each opening one stays linear.
fn closing(rest: &str, mark: u8) -> Option<usize> {
    rest.bytes().take(GAP_BYTES_MAX).position(|byte| byte == mark)
}

/// `<resource group>`, but not `<none>` and not a comparison.
fn has_angle_gap(rest: &str) -> bool {
    let Some(end) = closing(rest, b'>') else { return false };
    let inner = &rest[1..end];
    inner.starts_with(|c: char| c.is_alphabetic()) && inner.len() <= 60 && !PRINTED_ANGLES.contains(&&rest[..=end])
}

/// `{tenant_id}` and `{{ name }}`.
fn has_brace_gap(rest: &str) -> bool {
    let Some(end) = closing(rest, b'}') else { return false };
    let inner = rest[1..end].trim_matches(['{', ' ']);
    !inner.is_empty() && inner.len() <= 40 && inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// `REDACTED`, `your-cluster`; `found` tells which letters the word has.
fn has_gap_word(bytes: &[u8], found: u32) -> bool {
    const GAPS: [(&[u8], u32); 7] = [
        (b"redacted", letters(b"redacted")),
        (b"placeholder", letters(b"placeholder")),
        (b"your-", letters(b"your")),
        (b"your_", letters(b"your")),
        (b"[guid]", letters(b"guid")),
        (b"omitted", letters(b"omitted")),
        (b"replace-with", letters(b"replacewith")),
    ];
    let has =
        |(gap, letters): &(&[u8], u32)| found & letters == *letters && bytes.windows(gap.len()).any(|part| part.eq_ignore_ascii_case(gap));
    bytes.len() <= GAP_WORD_BYTES_MAX && GAPS.iter().any(has) || matches!(bytes, b"GUID" | b"UUID" | b"[...]" | b"YYYY-MM-DD")
}

/// `1.27.x`, `vX.Y.Z`, `xx.xx.xx.xx`, `10.xx.x.x`, `xxm`, `XX:XX`: a gap letter standing where a number would.
fn has_gap_digits(value: &str) -> bool {
    if value.len() > 40 {
        return false;
    }
    let body = value.strip_prefix(['v', 'V']).filter(|rest| rest.contains('.')).unwrap_or(value);
    let body = body.trim_end_matches(['s', 'm', 'h', 'd', '%', '+']);
    let mut gaps = 0;
    let mut parts = 0;
    for part in body.split(['.', ':', '-', '/']) {
        parts += 1;
        match part {
            "X" | "Y" | "Z" | "x" | "y" | "z" | "xx" | "XX" | "nn" | "NN" => gaps += 1,
            _ if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) => {}
            _ => return false,
        }
    }
    gaps > 0 && (parts > 1 || body.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::{Shape, filled, is_placeholder, shape};

    #[track_caller]
    fn check(words: &str, expected: Shape) {
        for word in words.split(' ') {
            assert_eq!(shape(word), expected, "{word}");
        }
    }

    #[test]
    fn every_published_spelling_of_a_gap_is_one() {
        check(
            "<guid> <your-name> $VAR ${VAR} $(cmd) xxx myGroupxxxxxx xxxx-xxxx xx.xx.xx.xx x.x.x.x 10.xxx.xx.xxx 1.27.x v1.xx.x vX.Y.Z xxm",
            Shape::Placeholder,
        );
        check("... {...} … REDACTED [redacted] *** {tenant_id} {{name}} 5432:XXXXX/TCP MIICr... %NAME% your-cluster", Shape::Placeholder);
    }

    #[test]
    fn a_gap_inside_a_word_leaves_the_shape_of_the_whole() {
        for (word, expected) in [
            ("xx.xx.xx.xx", Shape::Address),
            ("$NAME.postgres.database.azure.com", Shape::Host),
            ("xxxxxx-xxxxxxxx.hcp.eastus2.azmk8s.io", Shape::Host),
            ("https://<account>.blob.example.com/", Shape::Url),
            ("1.27.x", Shape::Version),
            ("<name>", Shape::Number),
        ] {
            assert_eq!(filled(word), expected, "{word}");
        }
    }

    #[test]
    fn words_of_letters_that_are_gaps_are_not_passed_over() {
        for word in ["REDACTED", "placeholder", "Omitted", "xxx", "abxxxcd", "GUID", "UUID", "XX", "xx", "nn", "NN", "xxm"] {
            assert!(is_placeholder(word) && shape(word) == Shape::Placeholder, "{word}");
        }
    }

    #[test]
    fn what_clients_print_is_no_gap() {
        for word in ["<none>", "<pending>", "<unknown>", "index", "a<b", "$5", "{}", "x", "v", "Linux", "nginx", "100%"] {
            assert!(!is_placeholder(word), "{word}");
        }
    }
}
