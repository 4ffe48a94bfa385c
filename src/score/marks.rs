//! The lines of a text with what is on each, as one look at its bytes tells: most questions about a line need no second one.

use std::ops::Deref;

/// What is on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Marks(u16);

/// A byte of ASCII that is no white space.
const TEXT: u16 = 1;
/// A byte beyond ASCII.
const BEYOND: u16 = 1 << 1;
/// `:`, `=`, and the first byte of the wide colon of Chinese and Japanese.
const LABEL: u16 = 1 << 2;
/// `/` and `"`.
const RESOURCE: u16 = 1 << 3;
/// `$` and `#`.
const PROMPT: u16 = 1 << 4;
/// The first byte of `…` and of all characters for drawing boxes.
const DRAWN: u16 = 1 << 6;
const BAR: u16 = 1 << 7;
const DASH: u16 = 1 << 8;
/// What no rule of dashes has.
const NO_RULE: u16 = 1 << 9;
const CAPITAL: u16 = 1 << 10;
/// What no header in capitals has.
const NO_HEADER: u16 = 1 << 11;
/// What marks of lines that were left out consist of.
const ELISION: u16 = 1 << 12;

/// What each byte adds to the marks of its line.
static ADDED: [u16; 256] = {
    let mut added = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let own = byte as u8;
        let is_space = matches!(own, b'\t'..=b'\r' | b' ');
        added[byte] = match own {
            0x80.. => BEYOND,
            _ if is_space => 0,
            _ => TEXT,
        } | match own {
            b':' | b'=' | 0xEF => LABEL,
            b'/' | b'"' => RESOURCE,
            b'$' | b'#' => PROMPT,
            0xE2 => DRAWN,
            b'|' => BAR,
            b'-' => DASH,
            b'A'..=b'Z' => CAPITAL,
            _ => 0,
        };
        if matches!(own, b'/' | b'#' | b'.' | b'<' | b'[' | b'(' | b'-' | b'*' | b'=' | b'~' | b':' | 0xE2) {
            added[byte] |= ELISION;
        }
        if own < 0x80 && !is_space && !matches!(own, b'-' | b'=' | b'+' | b'|') {
            added[byte] |= NO_RULE;
        }
        if own < 0x80 && !is_space && !matches!(own, b'A'..=b'Z' | b'(' | b')' | b'%' | b'-' | b'_' | b'/' | b'.') {
            added[byte] |= NO_HEADER;
        }
        byte += 1;
    }
    added
};

impl Marks {
    fn told(found: u16, line: &str) -> Self {
        // White space beyond ASCII is rare enough to be looked for.
        let is_text = found & (TEXT | BEYOND) == BEYOND && !line.trim().is_empty();
        Self(if is_text { found | TEXT } else { found })
    }

    fn has(self, marks: u16) -> bool {
        self.0 & marks != 0
    }

    /// Whether there is nothing but white space.
    pub(super) fn is_blank(self) -> bool {
        !self.has(TEXT)
    }

    /// Whether it may be a `key: value` line.
    pub(super) fn may_be_label(self) -> bool {
        self.has(LABEL)
    }

    /// Whether it may say what happened to a resource.
    pub(super) fn may_be_resource(self) -> bool {
        self.has(RESOURCE)
    }

    /// Whether it may be a prompt of a shell.
    pub(super) fn may_be_prompt(self) -> bool {
        self.has(PROMPT)
    }

    /// Whether it may say that lines were left out.
    pub(super) fn may_be_elision(self) -> bool {
        self.has(ELISION)
    }

    /// Whether it may have cells between bars, or be a rule that is drawn.
    pub(super) fn may_be_drawn(self) -> bool {
        self.has(BAR | DRAWN)
    }

    /// Whether it may be a rule of dashes.
    pub(super) fn may_be_rule(self) -> bool {
        self.has(DASH) && !self.has(NO_RULE)
    }

    /// Whether it may be a header of words in capitals.
    pub(super) fn may_be_capitals(self) -> bool {
        self.has(CAPITAL) && !self.has(NO_HEADER)
    }

    /// Whether a cell of it may begin with a capital.
    pub(super) fn may_be_named(self) -> bool {
        self.has(CAPITAL | BEYOND)
    }
}

/// The lines of a text, as [`str::lines`] finds them.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines<'a> {
    lines: Vec<&'a str>,
    marks: Vec<Marks>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut all = Self::default();
        let (mut start, mut found) = (0, 0);
        for (at, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                let line = &text[start..at];
                all.push(line.strip_suffix('\r').unwrap_or(line), found);
                (start, found) = (at + 1, 0);
            } else {
                found |= ADDED[usize::from(byte)];
            }
        }
        if start < text.len() {
            all.push(&text[start..], found);
        }
        all
    }

    fn push(&mut self, line: &'a str, found: u16) {
        self.lines.push(line);
        self.marks.push(Marks::told(found, line));
    }

    /// What is on a line; nothing behind the last.
    pub(super) fn marks(&self, at: usize) -> Marks {
        self.marks.get(at).copied().unwrap_or_default()
    }

    /// The lines with something on them, each with its place.
    pub(super) fn told(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.lines.iter().zip(&self.marks).enumerate().filter(|(_, (_, marks))| !marks.is_blank()).map(|(at, (line, _))| (at, *line))
    }
}

impl<'a> Deref for Lines<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &Self::Target {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn lines_are_those_of_the_standard_library_and_blank_where_trimming_leaves_nothing() {
        for text in ["", "\n", "a", "a\n", "a\r\nb\r\n\r\n", "a\r\rb\r", "\n\né\n\u{3000} \n\u{b}\u{c}\t\n…", "\u{1c}\n"] {
            let lines = Lines::of(text);
            assert_eq!(lines.to_vec(), text.lines().collect::<Vec<_>>(), "{text:?}");
            for (at, line) in lines.iter().enumerate() {
                assert_eq!(lines.marks(at).is_blank(), line.trim().is_empty(), "{line:?}");
            }
            assert_eq!(lines.told().count(), text.lines().filter(|line| !line.trim().is_empty()).count(), "{text:?}");
        }
    }

    #[test]
    fn what_a_line_has_tells_what_it_may_be() {
        let marks = |line| Lines::of(line).marks(0);
        assert!(
            marks("a: b").may_be_label() && marks("a=b").may_be_label() && marks("名前：x").may_be_label() && !marks("a b").may_be_label()
        );
        assert!(marks("pod/web").may_be_resource() && marks("pod \"web\"").may_be_resource() && !marks("pod web").may_be_resource());
        assert!(marks("$ ls").may_be_prompt() && marks("#").may_be_prompt() && !marks("ls").may_be_prompt());
        assert!(marks("...").may_be_elision() && marks("…").may_be_elision() && !marks("a").may_be_elision());
        assert!(marks("| a |").may_be_drawn() && marks("┌─┐").may_be_drawn() && !marks("a").may_be_drawn());
        assert!(marks("---  ---\t").may_be_rule() && !marks("--- a").may_be_rule() && !marks("===").may_be_rule());
        assert!(marks("NAME  AGE(S) %").may_be_capitals() && !marks("NAME age").may_be_capitals() && !marks("N1").may_be_capitals());
        assert!(marks("a B").may_be_named() && marks("Ñ").may_be_named() && !marks("a").may_be_named());
    }
}
