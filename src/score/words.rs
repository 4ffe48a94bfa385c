//! Text → words with what each tells. Linear, whitespace-blind.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::place::{arm_type, service};
use super::placeholder::{filled, is_placeholder};
use super::shape::{Shape, shape};

/// One word of an output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Word {
    /// What it is, exactly (lower case).
    pub exact: u64,
    /// What it is for its neighbours: the word itself, or only its shape when it may differ.
    pub symbol: u64,
    /// Whether only its shape must be found.
    pub free: bool,
    /// Whether it is a name that somebody chose, in whose place any other word may stand.
    pub name: bool,
    /// Whether it is a word of a language, not only a shape.
    pub plain: bool,
    /// What kind of resource or service an id or URL is about; 0 when it does not tell.
    pub about: u64,
    /// Whether it is the first of a run of characters without white space.
    pub starts: bool,
    /// Whether it is a time, which may stand between any two words of a log.
    pub time: bool,
    /// How much it tells.
    pub weight: f64,
    /// Its 0-based line.
    pub line: usize,
}

/// What a host is about that belongs to no known service.
pub(super) const ABOUT_OTHER: u64 = 1;

/// Words that every text has: articles, prepositions and the like in English (clients do not translate their output), and common headers.
fn is_common(word: &str) -> bool {
    if word.len() > 9 && word.len() != 13 {
        return false;
    }
    let mut lower = [0; 16];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    matches!(
        &*lower,
        b"the"
            | b"a"
            | b"an"
            | b"of"
            | b"to"
            | b"in"
            | b"on"
            | b"at"
            | b"by"
            | b"is"
            | b"are"
            | b"was"
            | b"were"
            | b"be"
            | b"been"
            | b"has"
            | b"have"
            | b"it"
            | b"its"
            | b"this"
            | b"that"
            | b"for"
            | b"from"
            | b"with"
            | b"and"
            | b"or"
            | b"as"
            | b"not"
            | b"you"
            | b"your"
            | b"we"
            | b"will"
            | b"can"
            | b"if"
            | b"no"
            | b"name"
            | b"id"
            | b"type"
            | b"age"
            | b"location"
            | b"resourcegroup"
            | b"namespace"
    )
}

/// The words of a text in order; `markup` says that it is HTML, whose tags tell little.
pub(super) fn words(text: &str, markup: bool) -> Vec<Word> {
    let mut found = Vec::with_capacity(text.len() / 8 + 4);
    let mut memo = Memo::new(text.len());
    if markup {
        let mut element = Element::default();
        for (line, content) in text.split('\n').enumerate() {
            element.parts(content, |inside, part| {
                for chunk in part.split_whitespace() {
                    memo.split(chunk, line, inside, &mut found);
                }
            });
        }
        return found;
    }
    for (line, content) in text.split('\n').enumerate() {
        if content.is_ascii() {
            for chunk in content.split_ascii_whitespace() {
                memo.split(chunk, line, 1.0, &mut found);
            }
        } else {
            for chunk in content.split_whitespace() {
                memo.split(chunk, line, 1.0, &mut found);
            }
        }
    }
    found
}

/// Where the words of a run of characters were put when it was last seen: outputs say the same few things again and again.
struct Memo<'a> {
    /// The run, its importance and the range of its words, at the place that its hash tells.
    seen: Vec<(&'a str, f64, u32, u32)>,
}

impl<'a> Memo<'a> {
    /// The longest run that is worth remembering.
    const BYTES_MAX: usize = 40;

    fn new(text_bytes: usize) -> Self {
        let places = (text_bytes / 16).clamp(16, 4096).next_power_of_two();
        Self { seen: vec![("", 0.0, 0, 0); places] }
    }

    /// Adds the words of `chunk`, as [`split`] does.
    fn split(&mut self, chunk: &'a str, line: usize, importance: f64, out: &mut Vec<Word>) {
        let start = out.len();
        if chunk.len() > Self::BYTES_MAX {
            split(chunk, line, importance, out);
            if let Some(first) = out.get_mut(start) {
                first.starts = true;
            }
            return;
        }
        let mut hash = Fnv::default();
        hash.write(chunk.as_bytes());
        let hash = hash.finish();
        let place = (hash ^ (hash >> 29)) as usize & (self.seen.len() - 1);
        let (known, told, from, to) = self.seen[place];
        if known == chunk && told == importance {
            for at in from as usize..to as usize {
                let word = Word { line, ..out[at] };
                out.push(word);
            }
            return;
        }
        split(chunk, line, importance, out);
        if let Some(first) = out.get_mut(start) {
            first.starts = true;
        }
        if let (Ok(from), Ok(to)) = (u32::try_from(start), u32::try_from(out.len())) {
            self.seen[place] = (chunk, importance, from, to);
        }
    }
}

/// Whether a text is an HTML or XML document.
pub(super) fn is_markup(text: &str) -> bool {
    let head: String = text.chars().take(400).flat_map(char::to_lowercase).collect();
    head.contains("<!doctype") || head.contains("<html") || head.trim_start().starts_with("<?xml")
}

/// Where in a markup document the reader stands.
#[derive(Default)]
struct Element {
    name: String,
    in_tag: bool,
}

impl Element {
    /// Cuts a line into tags and text, each with how much it tells.
    fn parts<'a>(&mut self, line: &'a str, mut found: impl FnMut(f64, &'a str)) {
        let mut rest = line;
        while !rest.is_empty() {
            if self.in_tag {
                let end = rest.find('>');
                found(0.15, &rest[..end.unwrap_or(rest.len())]);
                self.in_tag = end.is_none();
                rest = end.map_or("", |end| &rest[end + 1..]);
            } else {
                let end = rest.find('<');
                let weight = match self.name.as_str() {
                    "style" | "script" => 0.04,
                    "title" | "h1" => 2.0,
                    _ => 1.0,
                };
                found(weight, &rest[..end.unwrap_or(rest.len())]);
                rest = end.map_or("", |end| &rest[end + 1..]);
                if end.is_some() {
                    self.in_tag = true;
                    self.name = rest.chars().take_while(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect();
                }
            }
        }
    }
}

/// Marks at which a run of characters falls apart into words.
static APART: [bool; 256] = {
    let marks = b"/:=,|()[]{}\"';<>&#!?@\\`*+";
    let mut apart = [false; 256];
    let mut at = 0;
    while at < marks.len() {
        apart[marks[at] as usize] = true;
        at += 1;
    }
    apart
};

/// Adds the words of a run of characters without white space.
fn split(chunk: &str, line: usize, importance: f64, out: &mut Vec<Word>) {
    let mut kind = shape(chunk);
    if kind == Shape::Placeholder {
        // A gap inside something longer still says what the whole must look like.
        let whole = filled(chunk);
        if matches!(whole, Shape::Host | Shape::Url | Shape::ArmId | Shape::Path | Shape::Address | Shape::Version | Shape::Mail) {
            kind = whole;
        }
    }
    if kind == Shape::Nothing {
        return;
    }
    if kind == Shape::Word && is_quoted_name(chunk) {
        return out.push(one(chunk, Shape::Name, line, importance));
    }
    if kind.is_volatile() || kind == Shape::Number {
        return out.push(one(chunk, kind, line, importance));
    }
    let trimmed = without_marks(chunk);
    let bytes = trimmed.as_bytes();
    let next = |from: usize| bytes[from..].iter().position(|byte| APART[usize::from(*byte)]).map(|at| from + at);
    let mut end = next(0);
    if trimmed.len() == chunk.len() && end.is_none() {
        return compound(chunk, kind, line, importance, out);
    }
    let mut start = 0;
    loop {
        let piece = &trimmed[start..end.unwrap_or(trimmed.len())];
        let piece = piece.trim_matches(|c: char| matches!(c, '.' | '-' | '_'));
        if !piece.is_empty() {
            let kind = shape(piece);
            if kind != Shape::Nothing {
                compound(piece, kind, line, importance, out);
            }
        }
        let Some(at) = end else { return };
        start = at + 1;
        end = next(start);
    }
}

/// A run of characters without the marks around it.
fn without_marks(chunk: &str) -> &str {
    let bytes = chunk.as_bytes();
    let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    if plain(bytes.first()) && plain(bytes.last()) { chunk } else { chunk.trim_matches(|c: char| !c.is_alphanumeric()) }
}

/// `"web"`: what messages put in quotes is what somebody called something.
fn is_quoted_name(chunk: &str) -> bool {
    let inner = chunk.trim_end_matches(['.', ',']).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    })
}

/// `health-probe-proxy` is three words; `nodepool1` and `my-group-1` are one name.
fn compound(piece: &str, kind: Shape, line: usize, importance: f64, out: &mut Vec<Word>) {
    if kind == Shape::Word && piece.bytes().any(|byte| matches!(byte, b'-' | b'.')) {
        let parts = || piece.split(['-', '.']).filter(|part| !part.is_empty());
        let each = importance * 1.5 / parts().count().max(1) as f64;
        out.extend(parts().map(|part| one(part, Shape::Word, line, each.min(importance))));
        return;
    }
    out.push(one(piece, kind, line, importance));
}

/// The hash of a text in lower case.
pub(super) fn hash(text: &str) -> u64 {
    let mut state = Fnv::default();
    if text.is_ascii() {
        text.bytes().for_each(|byte| state.write_u8(byte.to_ascii_lowercase()));
    } else {
        for character in text.chars() {
            if character.is_ascii() {
                state.write_u8(character.to_ascii_lowercase() as u8);
            } else {
                character.to_lowercase().for_each(|lower| state.write_u32(u32::from(lower)));
            }
        }
    }
    state.finish()
}

fn one(whole: &str, kind: Shape, line: usize, importance: f64) -> Word {
    let piece = without_marks(whole);
    let exact = hash(piece);
    let class = kind as u64 + 1;
    let (symbol, free, weight) = match kind {
        Shape::Placeholder => (0, true, 0.0),
        Shape::Word if piece.chars().nth(1).is_none() => (exact, false, 0.1),
        Shape::Word if is_common(piece) => (exact, false, 0.25),
        Shape::Word => (exact, false, 1.0),
        Shape::Name => (class, true, 0.4),
        Shape::Number => (class, true, 0.25),
        Shape::Url | Shape::Path | Shape::ArmId => (class, true, 0.3),
        _ => (class, true, 0.2),
    };
    let told = |about: Option<String>| about.map_or(0, |about| hash(&about));
    let about = match kind {
        Shape::ArmId => told(resource_kind(whole.trim_matches(['"', '\'', ',', '(', ')', '[', ']']))),
        Shape::Url => told(service(piece)),
        Shape::Host => service(piece).map_or(ABOUT_OTHER, |about| hash(&about)),
        _ => 0,
    };
    let (name, plain) = (kind == Shape::Name, kind == Shape::Word);
    Word { exact, symbol, free, name, plain, about, starts: false, time: kind == Shape::Time, weight: weight * importance, line }
}

/// The kind of resource that an id names: its provider's first type, or a group; none when it is cut short.
fn resource_kind(id: &str) -> Option<String> {
    if let Some(kind) = arm_type(id) {
        let kind: String = kind.split('/').take(2).collect::<Vec<_>>().join("/");
        return (!is_placeholder(&kind)).then_some(kind);
    }
    let parts: Vec<&str> = id.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        [_, _, group, name] if group.eq_ignore_ascii_case("resourcegroups") && *name != "..." => Some("group".to_owned()),
        _ => None,
    }
}

/// Whether a word of the document is a gap.
pub(super) fn is_gap(word: &Word) -> bool {
    word.symbol == 0
}

/// Whether a line of the document says only that lines were left out.
pub(super) fn is_elision(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['#', '/', '<', '[', '(']).trim_start();
    let Some(rest) = line.strip_prefix("...").or_else(|| line.strip_prefix('…')) else { return false };
    let rest = rest.trim_start_matches('.');
    rest.is_empty()
        || rest.starts_with([' ', '(', ']', '>', ')'])
        || rest.trim_end_matches([']', '>', ')', '}']).ends_with("...")
        || is_placeholder(rest) && rest.starts_with('<')
}

/// FNV-1a: fast on short words, the same on every machine; nothing depends on it being hard to collide.
#[derive(Clone)]
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Passes on what is a hash already.
#[derive(Clone, Default)]
pub(super) struct Passed(u64);

impl Hasher for Passed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, hash: u64) {
        let mixed = (self.0 ^ hash).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// How often each hash was seen.
pub(super) type Counts = HashMap<u64, u32, BuildHasherDefault<Passed>>;

#[cfg(test)]
mod tests {
    use super::{is_elision, is_gap, words};

    #[track_caller]
    fn check(left: &str, right: &str, alike: bool) {
        let symbols = |text: &str| words(text, false).iter().map(|word| word.symbol).collect::<Vec<_>>();
        assert_eq!(symbols(left) == symbols(right), alike, "{left} / {right}");
    }

    #[test]
    fn what_differs_from_run_to_run_is_the_same_word() {
        check("pod/web-1 took 3m on 10.0.0.1", "pod/web-22  took\n5s on 10.2.3.4", true);
        check("Created namespace", "created NAMESPACE", true);
        check("created", "deleted", false);
    }

    #[test]
    fn gaps_and_lines_that_were_left_out_are_told() {
        assert!(is_gap(&words("<name>", false)[0]));
        for line in ["...", "  ... ", "# ...other pods...", "... (log redacted for brevity) ...", "[...]", "…", "// ..."] {
            assert!(is_elision(line), "{line}");
        }
        for line in ["...Successfully got an update from the \"x\" chart repository", "Loading...", "a ... b"] {
            assert!(!is_elision(line), "{line}");
        }
    }

    #[test]
    fn the_words_of_tags_tell_less_than_those_of_the_page() {
        let page = words("<html>\n<title>Welcome</title>\n<style>body</style><p>hello</p>", true);
        let weights: Vec<f64> = page.iter().filter(|word| word.weight >= 1.0).map(|word| word.weight).collect();
        assert_eq!(weights, [2.0, 1.0]);
    }
}
