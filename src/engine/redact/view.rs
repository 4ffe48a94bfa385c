//! Text as secrets are looked for in it: quoting, escapes and line breaks undone, with the way back to the original. Pure.
//!
//! A secret goes through the same mill, so whatever is lost here is lost on both sides: `it's` and `'it'\''s'` become the same bytes.

use std::ops::Range;

/// The longest sequence that colours a terminal.
const COLOUR_BYTES_MAX: usize = 32;

/// Lines that were wrapped are at least so long.
const WRAPPED_BYTES_MIN: usize = 20;

/// What becomes of line ends and quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// They go, with the indentation behind line ends: for values that are known.
    Joined,
    /// They stay: for shapes, which must end where a line or a string does.
    Lines,
}

/// Bytes, and for each where it comes from.
#[derive(Debug)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Start and end in the original.
    origins: Vec<(u32, u32)>,
}

impl View {
    /// `text` in a form; texts of more than 4 GiB are not looked at beyond that.
    pub(super) fn new(text: &[u8], form: Form) -> Self {
        let text = &text[..text.len().min(u32::MAX as usize)];
        let mut view = Self { bytes: Vec::with_capacity(text.len()), origins: Vec::with_capacity(text.len()) };
        let mut at = 0;
        while at < text.len() {
            at = view.take(text, at, form);
        }
        view
    }

    /// Whether a text with this byte in it may differ from its view.
    pub(super) fn changes(byte: u8) -> bool {
        matches!(byte, b'\\' | b'\'' | b'"' | b'%' | b'&' | b'\n' | b'\r' | 0x1b)
    }

    /// Where a part of the view stands in the original.
    pub(super) fn origin(&self, part: Range<usize>) -> Range<usize> {
        match (self.origins.get(part.start), part.end.checked_sub(1).and_then(|last| self.origins.get(last))) {
            (Some(first), Some(last)) => first.0 as usize..last.1 as usize,
            _ => 0..0,
        }
    }

    /// The same without blanks.
    pub(super) fn without_blanks(&self) -> Self {
        let kept = self.bytes.iter().zip(&self.origins).filter(|(byte, _)| !matches!(byte, b' ' | b'\t'));
        let (bytes, origins) = kept.unzip();
        Self { bytes, origins }
    }

    /// The same without the line ends that look like those of `fold` and `base64`: between lines of one length. None when there are none.
    pub(super) fn unwrapped(&self) -> Option<Self> {
        let mut joints = Vec::new();
        let (mut start, mut before) = (0, None);
        for line in self.bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_ended = line.last() == Some(&b'\n');
            let length = line.len() - usize::from(is_ended);
            // The line before is full when this one is as long, or when the one before it was.
            if let Some((full, is_one_of_many)) = before
                && full >= WRAPPED_BYTES_MIN
                && (length == full || (is_one_of_many && length < full && length > 0))
            {
                joints.push(start - 1);
            }
            before = Some((length, before.is_some_and(|(full, _)| full == length)));
            start += line.len();
        }
        if joints.is_empty() {
            return None;
        }
        let mut joints = joints.into_iter().peekable();
        let mut view = Self { bytes: Vec::with_capacity(self.bytes.len()), origins: Vec::with_capacity(self.bytes.len()) };
        for (at, (byte, origin)) in self.bytes.iter().zip(&self.origins).enumerate() {
            if joints.next_if_eq(&at).is_none() {
                view.bytes.push(*byte);
                view.origins.push(*origin);
            }
        }
        Some(view)
    }

    /// Takes what stands at `at`, and gives the place behind it.
    fn take(&mut self, text: &[u8], at: usize, form: Form) -> usize {
        let (byte, next) = unit(text, at);
        match byte {
            b'\\' => self.take_escape(text, at, next, form),
            0x1b if text.get(next) == Some(&b'[') => {
                let end = text[next + 1..].iter().take(COLOUR_BYTES_MAX).position(|byte| (0x40..=0x7e).contains(byte));
                end.map_or(next, |end| next + end + 2)
            }
            _ => self.put(text, byte, at, next, form),
        }
    }

    /// Takes a byte that is what it is, and gives the place behind it.
    fn put(&mut self, text: &[u8], byte: u8, at: usize, next: usize, form: Form) -> usize {
        match (byte, form) {
            (b'\'' | b'"', Form::Joined) => next,
            (b'\n' | b'\r', Form::Joined) => {
                let mut next = next;
                while next < text.len() && matches!(text[next], b' ' | b'\t') {
                    next += 1;
                }
                next
            }
            _ => {
                self.push(byte, at, next);
                next
            }
        }
    }

    /// Takes a run of backslashes with what it escapes; deeper nesting only makes it longer.
    fn take_escape(&mut self, text: &[u8], at: usize, mut next: usize, form: Form) -> usize {
        while next < text.len() {
            let (byte, after) = unit(text, next);
            if byte != b'\\' {
                break;
            }
            next = after;
        }
        if next >= text.len() {
            return next;
        }
        let (byte, after) = unit(text, next);
        match byte {
            b'n' | b'r' => self.put(text, b'\n', at, after, form),
            b't' => self.put(text, b'\t', at, after, form),
            b'x' => match number(text, after, 2, 16) {
                Some(byte) => self.put_char(text, char::from_u32(byte), &[byte as u8], at, after + 2, form),
                None => next,
            },
            b'0'..=b'3' => match number(text, next, 3, 8) {
                Some(byte) => self.put_char(text, None, &[byte as u8], at, next + 3, form),
                None => next,
            },
            b'u' => match unicode(text, after) {
                Some((letter, end)) => {
                    let mut bytes = [0; 4];
                    let bytes = letter.encode_utf8(&mut bytes).as_bytes();
                    self.put_char(text, Some(letter), bytes, at, end, form)
                }
                None => next,
            },
            _ => next,
        }
    }

    fn put_char(&mut self, text: &[u8], letter: Option<char>, bytes: &[u8], at: usize, next: usize, form: Form) -> usize {
        if letter == Some('\\') {
            return next;
        }
        if let [byte] = bytes {
            return self.put(text, *byte, at, next, form);
        }
        bytes.iter().for_each(|byte| self.push(*byte, at, next));
        next
    }

    fn push(&mut self, byte: u8, at: usize, next: usize) {
        self.bytes.push(byte);
        // The length of the text was bounded by what these hold.
        self.origins.push((at as u32, next as u32));
    }
}

/// The byte at `at` with percent-encoding and entities undone, however often they were applied, and the place behind it.
fn unit(text: &[u8], at: usize) -> (u8, usize) {
    match text[at] {
        b'%' => {
            let mut next = at + 1;
            while text[next..].starts_with(b"25") {
                next += 2;
            }
            match number(text, next, 2, 16) {
                Some(byte) => (byte as u8, next + 2),
                None => (b'%', next),
            }
        }
        b'&' => {
            let mut next = at + 1;
            while text[next..].starts_with(b"amp;") {
                next += 4;
            }
            let named = [
                ("lt;", b'<'),
                ("gt;", b'>'),
                ("quot;", b'"'),
                ("apos;", b'\''),
                ("#34;", b'"'),
                ("#39;", b'\''),
                ("#x27;", b'\''),
                ("#x22;", b'"'),
                ("#43;", b'+'),
                ("#x2B;", b'+'),
                ("#61;", b'='),
                ("#x3D;", b'='),
                ("#x2F;", b'/'),
                ("#47;", b'/'),
            ];
            match named.iter().find(|(name, _)| text[next..].starts_with(name.as_bytes())) {
                Some((name, byte)) => (*byte, next + name.len()),
                None => (b'&', next),
            }
        }
        byte => (byte, at + 1),
    }
}

/// `digits` digits at `at` as a number.
fn number(text: &[u8], at: usize, digits: usize, radix: u32) -> Option<u32> {
    let text = text.get(at..at + digits)?;
    text.iter().try_fold(0, |number, digit| Some(number * radix + char::from(*digit).to_digit(radix)?))
}

/// The character of the four digits at `at`, with its second half when it needs one, and the place behind it.
fn unicode(text: &[u8], at: usize) -> Option<(char, usize)> {
    let first = number(text, at, 4, 16)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, at + 4));
    }
    let mut next = at + 4;
    while text.get(next) == Some(&b'\\') {
        next += 1;
    }
    let second = (text.get(next) == Some(&b'u')).then(|| number(text, next + 1, 4, 16)).flatten()?.checked_sub(0xdc00)?;
    Some((char::from_u32(0x10000 + ((first - 0xd800) << 10) + second)?, next + 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&View::new(text.as_bytes(), Form::Joined).bytes), expected, "{text}");
    }

    #[test]
    fn every_way_to_write_a_value_gives_the_same_bytes() {
        let plain = "its a<b>&c+d=/e";
        for text in [
            "it's a<b>&c+d=/e",
            r"it\'s\ a\<b\>\&c+d=/e",
            r"'it'\''s a<b>&c+d=/e'",
            r"it\u0027s a\u003cb\u003e\u0026c\u002bd\u003d\/e",
            r"it\\\\u0027s a\\u003Cb>&c+d=/e",
            "it%27s%20a%3Cb%3E%26c%2Bd%3D%2Fe",
            "it%2527s%2520a%25253cb%3e&c+d=/e",
            "it&#39;s a&lt;b&gt;&amp;c+d=/e",
            "it&amp;apos;s a&amp;lt;b&gt;&amp;amp;c+d=/e",
            r"it\047s\040a\074b\076\046c+d=/e",
            r"it\x27s a\x3cb\x3e\x26c+d=/e",
            "it's a<b>&\n    c+d=/\r\ne",
            "it's a<b>&\\\nc+d=/e",
            r"it's a<b>&\n   c+d=/e",
            "\u{1b}[1;31mit's\u{1b}[0m a<b>&c+d=/e",
        ] {
            check(text, plain);
        }
        check("contrase\\u00f1a \\ud83d\\ude00", "contraseña 😀");
        check("contrase%C3%B1a", "contraseña");
    }

    #[test]
    fn what_only_looks_like_an_escape_stays() {
        check("100%", "100%");
        check("100%zz & more &unknown; \\", "100%zz & more &unknown; ");
        check("\\ud83d lone", "ud83d lone");
        check("%25", "%");
    }

    #[test]
    fn the_way_back_covers_the_escape_and_not_the_quote_behind_it() {
        let text = r#"{"a":"x\u0026y"}"#;
        let view = View::new(text.as_bytes(), Form::Joined);
        let found = view.bytes.windows(3).position(|window| window == b"x&y").unwrap();
        assert_eq!(&text[view.origin(found..found + 3)], r"x\u0026y");
    }

    #[test]
    fn lines_of_one_length_are_joined_and_others_are_not() {
        let unwrapped = |text: &str| View::new(text.as_bytes(), Form::Lines).unwrapped().map(|view| String::from_utf8(view.bytes).unwrap());
        let (long, short) = ("a".repeat(24), "b".repeat(7));
        assert_eq!(unwrapped(&format!("x\n{long}\n{long}\n{short}\nnext\n")), Some(format!("x\n{long}{long}{short}\nnext\n")));
        assert_eq!(unwrapped(&format!("{long}\n{short}\n")), None);
        assert_eq!(unwrapped("one\ntwo\n"), None);
        assert_eq!(unwrapped(""), None);
    }
}
