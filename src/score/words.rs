//! Text → words with what each tells. Linear, whitespace-blind.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::among::Among;
use super::opposite::says_how;
use super::place::{arm_type, service};
use super::placeholder::{Kinds, filled, is_placeholder};
use super::shape::{Shape, shape, shape_of};
use super::state::{is_state, is_wrong};

/// One word of an output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Word {
    /// What it is, exactly (lower case).
    pub exact: u64,
    /// What kind of resource or service an id or URL is about; 0 when it does not tell.
    pub about: u64,
    /// How much it tells.
    pub weight: f64,
    /// Its 0-based line.
    pub line: usize,
    /// What it looks like.
    pub shape: Shape,
    /// Whether it is the first of a run of characters without white space.
    pub starts: bool,
}

impl Word {
    /// What it is for its neighbours: the word itself, or only its shape when it may differ.
    pub(super) fn symbol(&self) -> u64 {
        if self.is_free() { self.class() as u64 } else { self.exact }
    }

    /// The number of its shape, below [`CLASSES`]; 0 for a gap.
    pub(super) fn class(&self) -> usize {
        if self.shape == Shape::Placeholder { 0 } else { self.shape as usize + 1 }
    }

    /// Whether only its shape must be found.
    pub(super) fn is_free(&self) -> bool {
        self.shape != Shape::Word
    }

    /// Whether it is a name that somebody chose, in whose place any other word may stand.
    pub(super) fn is_name(&self) -> bool {
        self.shape == Shape::Name
    }

    /// Whether it is a word of a language, not only a shape.
    pub(super) fn is_plain(&self) -> bool {
        self.shape == Shape::Word
    }

    /// Whether it is a time, which may stand between any two words of a log.
    pub(super) fn is_time(&self) -> bool {
        self.shape == Shape::Time
    }

    /// Whether it is a gap of the document.
    pub(super) fn is_gap(&self) -> bool {
        self.shape == Shape::Placeholder
    }
}

/// How many classes of words there are.
pub(super) const CLASSES: usize = Shape::Word as usize + 2;

/// What a host is about that belongs to no known service.
pub(super) const ABOUT_OTHER: u64 = 1;

/// Words that every text has: articles, prepositions and the like in English (clients do not translate their output), and common headers.
static COMMON: Among<42> = Among::new([
    "the",
    "a",
    "an",
    "of",
    "to",
    "in",
    "on",
    "at",
    "by",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "has",
    "have",
    "it",
    "its",
    "this",
    "that",
    "for",
    "from",
    "with",
    "and",
    "or",
    "as",
    "not",
    "you",
    "your",
    "we",
    "will",
    "can",
    "if",
    "no",
    "name",
    "id",
    "type",
    "age",
    "location",
    "resourcegroup",
    "namespace",
]);

/// The words of a text in order; `markup` says that it is HTML, whose tags tell little.
pub(super) fn words(text: &str, markup: bool) -> Vec<Word> {
    let mut found = Vec::new();
    each_word(text, markup, |word| found.push(word));
    found
}

/// Shows the words of a text in order.
pub(super) fn each_word(text: &str, markup: bool, mut found: impl FnMut(Word)) {
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
        return;
    }
    let mut before = (usize::MAX, "");
    // How many runs a line of a listing of files has so far.
    let mut listed = 0;
    each_run(text, |line, run| {
        listed = if before.0 == line && listed > 0 { listed + 1 } else { usize::from(before.0 != line && is_mode(run)) };
        if before.0 == line && (matches!(listed, 3 | 4) || is_called(before.1, run)) || is_unit(run) {
            let mut word = one(run, Shape::Name, line, 1.0);
            word.starts = true;
            found(word);
        } else {
            memo.split(run, line, 1.0, &mut found);
        }
        before = (line, run);
    });
}

/// Things that somebody gives names to.
static THINGS: Among<64> = Among::new([
    "user",
    "group",
    "account",
    "owner",
    "database",
    "table",
    "volume",
    "instance",
    "bucket",
    "cluster",
    "node",
    "pod",
    "container",
    "image",
    "namespace",
    "project",
    "repository",
    "repo",
    "branch",
    "tag",
    "host",
    "deployment",
    "role",
    "policy",
    "network",
    "subnet",
    "disk",
    "vault",
    "secret",
    "queue",
    "topic",
    "stream",
    "function",
    "app",
    "application",
    "zone",
    "region",
    "context",
    "workspace",
    "environment",
    "stack",
    "release",
    "chart",
    "module",
    "device",
    "directory",
    "folder",
    "domain",
    "tenant",
    "subscription",
    "registry",
    "profile",
    "certificate",
    "collection",
    "schema",
    "dataset",
    "team",
    "organization",
    "org",
    "member",
    "principal",
    "identity",
    "named",
    "called",
]);

/// `-rw-r--r--`: behind it stand how many links a file has, its owner and its group.
fn is_mode(run: &str) -> bool {
    let bytes = run.as_bytes();
    (10..=11).contains(&bytes.len())
        && bytes.first().is_some_and(|first| b"-dlbcps".contains(first))
        && bytes[1..].iter().all(|byte| b"-rwxsStT.+@".contains(byte))
}

/// `shop.service`: a unit of systemd.
fn is_unit(run: &str) -> bool {
    let name = run.trim_end_matches([',', ':', '.', ';']);
    [".service", ".socket", ".timer"].iter().any(|kind| name.len() > kind.len() && name.ends_with(kind)) && !name.contains('/')
}

/// Whether a run of characters is what a thing before it is called: `instance linden`, `bucket lumen-backups`.
fn is_called(before: &str, run: &str) -> bool {
    let name = without_marks(run);
    let is_name = || name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && name.len() > 2 && !name.ends_with("ed");
    before.bytes().all(|byte| byte.is_ascii_alphabetic())
        && THINGS.has(before)
        && is_name()
        && !name.ends_with("ing")
        && !COMMON.has(name)
        && !THINGS.has(name)
        && !is_state(name)
        && !is_wrong(name)
        && !says_how(name)
}

/// Shows the runs of characters without white space, each with its 0-based line.
fn each_run<'a>(text: &'a str, mut found: impl FnMut(usize, &'a str)) {
    if !text.is_ascii() {
        for (line, content) in text.split('\n').enumerate() {
            if content.is_ascii() {
                content.split_ascii_whitespace().for_each(|run| found(line, run));
            } else {
                content.split_whitespace().for_each(|run| found(line, run));
            }
        }
        return;
    }
    let bytes = text.as_bytes();
    let (mut line, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() {
            line += usize::from(*byte == b'\n');
            at += 1;
            continue;
        }
        let start = at;
        at += bytes[at..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        found(line, &text[start..at]);
    }
}

/// The words of runs of characters that were seen before: outputs say the same few things again and again.
struct Memo {
    /// What was seen at the place that its hash tells.
    seen: Vec<Seen>,
    /// The words that are remembered, and then those of a run that is being split.
    kept: Vec<Word>,
}

/// A run of characters that was seen before.
#[derive(Clone, Copy, Default)]
struct Seen {
    hash: u64,
    importance: f64,
    /// Where its words begin and end among those that are remembered.
    from: u32,
    to: u32,
}

impl Memo {
    /// The longest run that is worth remembering.
    const BYTES_MAX: usize = 40;
    /// How many words are remembered before all are forgotten.
    const KEPT_MAX: usize = 1 << 13;

    fn new(text_bytes: usize) -> Self {
        let places = (text_bytes / 16).clamp(16, 4096).next_power_of_two();
        Self { seen: vec![Seen::default(); places], kept: Vec::new() }
    }

    /// Shows the words of `chunk`, as [`split`] finds them.
    fn split(&mut self, chunk: &str, line: usize, importance: f64, found: &mut impl FnMut(Word)) {
        let is_kept = chunk.len() <= Self::BYTES_MAX;
        let hash = if is_kept { hash_bytes(chunk.as_bytes()) } else { 0 };
        let place = (hash >> 32) as usize & (self.seen.len() - 1);
        let seen = self.seen[place];
        if is_kept && seen.hash == hash && seen.importance == importance {
            self.kept[seen.from as usize..seen.to as usize].iter().for_each(|word| found(Word { line, ..*word }));
            return;
        }
        if self.kept.len() > Self::KEPT_MAX {
            self.kept.clear();
            self.seen.fill(Seen::default());
        }
        let from = self.kept.len();
        split(chunk, line, importance, &mut self.kept);
        if let Some(first) = self.kept.get_mut(from) {
            first.starts = true;
        }
        self.kept[from..].iter().for_each(|word| found(*word));
        if is_kept {
            self.seen[place] = Seen { hash, importance, from: from as u32, to: self.kept.len() as u32 };
        } else {
            self.kept.truncate(from);
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
    let kinds = Kinds::of(chunk.as_bytes());
    let mut kind = shape_of(chunk, kinds);
    if kinds.are_alphanumeric() {
        return out.push(one(chunk, kind, line, importance));
    }
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
    let quote = match chunk.as_bytes().first() {
        Some(quote @ (b'"' | b'\'' | b'`')) => char::from(*quote),
        // `[web-sa]`; `[done]` says how something is.
        Some(b'[') if chunk.contains('-') => ']',
        _ => return false,
    };
    let inner = chunk.trim_end_matches(['.', ',', ':', ';', '!']).get(1..).and_then(|rest| rest.strip_suffix(quote));
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
    if text.is_ascii() {
        return mixed(text.as_bytes(), in_lower_case);
    }
    let mut state = Fnv::default();
    for character in text.chars() {
        if character.is_ascii() {
            state.write_u8(character.to_ascii_lowercase() as u8);
        } else if has_no_case(character) {
            state.write_u32(u32::from(character));
        } else {
            character.to_lowercase().for_each(|lower| state.write_u32(u32::from(lower)));
        }
    }
    state.finish()
}

/// The hash of a line as it is, without the frame around it and the width of its white space.
pub(super) fn unframed(line: &str) -> u64 {
    let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '│' | '|' | '*' | '>' | '"' | '\''));
    line.split_whitespace().fold(0, |all, word| all.rotate_left(23) ^ hash_bytes(word.as_bytes()).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Whether a character is of a script without capitals, such as Arabic, Chinese or Thai.
fn has_no_case(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{109f}' | '\u{2e80}'..='\u{a63f}' | '\u{ac00}'..='\u{d7a3}')
}

/// The hash of bytes as they are.
pub(super) fn hash_bytes(bytes: &[u8]) -> u64 {
    mixed(bytes, |part| part)
}

/// A hash of eight bytes at a time, each as `fold` says.
fn mixed(bytes: &[u8], fold: impl Fn(u64) -> u64) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |state: u64, part: u64| {
        let product = u128::from(state ^ part) * u128::from(FACTOR);
        (product >> 64) as u64 ^ product as u64
    };
    let mut state = 0xcbf2_9ce4_8422_2325 ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    let (parts, rest) = bytes.as_chunks::<8>();
    for part in parts {
        state = mix(state, fold(u64::from_le_bytes(*part))).rotate_left(29);
    }
    // What is left has fewer than eight bytes: its halves, which may overlap.
    let rest = match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (Some(head), Some(tail)) => u64::from(u32::from_le_bytes(*head)) | u64::from(u32::from_le_bytes(*tail)) << 32,
        _ => rest.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    };
    mix(mix(state, fold(rest)), FACTOR)
}

/// Eight bytes of ASCII in lower case.
fn in_lower_case(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // The highest bit of a byte is set from `A` on, and from beyond `Z` on.
    let from_a = bytes.wrapping_add(EACH * (0x80 - b'A' as u64));
    let beyond_z = bytes.wrapping_add(EACH * (0x7F - b'Z' as u64));
    bytes | (from_a & !beyond_z & (EACH << 7)) >> 2
}

fn one(whole: &str, kind: Shape, line: usize, importance: f64) -> Word {
    let piece = without_marks(whole);
    let exact = hash(piece);
    let weight = match kind {
        Shape::Placeholder => 0.0,
        Shape::Word if piece.chars().nth(1).is_none() => 0.1,
        Shape::Word if COMMON.has(piece) => 0.25,
        Shape::Word => 1.0,
        Shape::Name => 0.4,
        Shape::Number => 0.25,
        Shape::Url | Shape::Path | Shape::ArmId => 0.3,
        _ => 0.2,
    };
    let told = |about: Option<String>| about.map_or(0, |about| hash(&about));
    let about = match kind {
        Shape::ArmId => told(resource_kind(whole.trim_matches(['"', '\'', ',', '(', ')', '[', ']']))),
        Shape::Url => told(service(piece)),
        Shape::Host => service(piece).map_or(ABOUT_OTHER, |about| hash(&about)),
        _ => 0,
    };
    Word { exact, about, weight: weight * importance, line, shape: kind, starts: false }
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

/// Whether a line of the document says only that lines were left out.
pub(super) fn is_elision(line: &str) -> bool {
    let line = line.trim();
    if matches!(line, "⋮" | "︙" | "." | ":") || says_left_out(line) {
        return true;
    }
    let line = line.trim_start_matches(['#', '/', '<', '[', '(']).trim_start();
    let Some(rest) = line.strip_prefix("...").or_else(|| line.strip_prefix('…')) else { return false };
    let rest = rest.trim_start_matches('.');
    rest.is_empty()
        || rest.starts_with([' ', '(', ']', '>', ')'])
        || rest.trim_end_matches([']', '>', ')', '}']).ends_with("...")
        || is_placeholder(rest) && rest.starts_with('<')
}

/// `<snip>`, `[output truncated]`, `--- 12 lines omitted ---`.
fn says_left_out(line: &str) -> bool {
    const SAID: [&str; 9] = ["snip", "truncat", "omitted", "abbreviat", "shortened", "elided", "left out", "cut for", "removed for"];
    const MARKS: [char; 11] = ['#', '/', '<', '[', '(', '-', '*', '.', '…', '=', '~'];
    const BYTES_MAX: usize = 80;
    if line.len() > BYTES_MAX || !line.starts_with(MARKS) {
        return false;
    }
    // A bracket must close again: what is marked is all of the line.
    let closes = match line.as_bytes()[0] {
        b'<' => line.ends_with('>'),
        b'[' => line.ends_with(']'),
        b'(' => line.ends_with(')'),
        b'-' | b'*' | b'=' | b'~' => line.ends_with(MARKS) && line.len() > 4,
        _ => true,
    };
    let lower = line.to_ascii_lowercase();
    closes && !lower.contains([':', '=', '"']) && SAID.iter().any(|said| lower.contains(said))
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

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, hash: u64) {
        let mixed = (self.0 ^ hash).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// Several hashes.
pub(super) type Hashes = HashSet<u64, BuildHasherDefault<Passed>>;

/// How often each hash was seen.
pub(super) type Counts = HashMap<u64, u32, BuildHasherDefault<Passed>>;

#[cfg(test)]
mod tests {
    use super::{hash, in_lower_case, is_elision, words};

    #[track_caller]
    fn check(left: &str, right: &str, alike: bool) {
        let symbols = |text: &str| words(text, false).iter().map(super::Word::symbol).collect::<Vec<_>>();
        assert_eq!(symbols(left) == symbols(right), alike, "{left} / {right}");
    }

    #[test]
    fn names_are_told_by_what_stands_before_them() {
        check("instance linden is up", "instance tundra is up", true);
        check("bucket lumen-backups", "bucket atlas-logs", true);
        check("instance linden is up", "instance stopped is up", false);
        check("the linden is up", "the tundra is up", false);
        check("-rw-r--r-- 1 dana staff 12 a.tf", "-rw-r--r-- 1 ci ci 14 a.tf", true);
        check("-rw-r--r-- 1 dana staff 12 a.tf", "-rw-r--r-- 1 dana staff 12 b.tf", false);
        check("web.service loaded", "db.service loaded", true);
        check("Created [heron-sa].", "Created [comet-sa].", true);
        check("Repository 'fjord' cloned", "Repository 'ember' cloned", true);
    }

    #[test]
    fn what_differs_from_run_to_run_is_the_same_word() {
        check("pod/web-1 took 3m on 10.0.0.1", "pod/web-22  took\n5s on 10.2.3.4", true);
        check("Created namespace", "created NAMESPACE", true);
        check("created", "deleted", false);
    }

    #[test]
    fn the_hash_of_a_word_does_not_depend_on_its_case_but_on_each_of_its_bytes() {
        let text: String = (0..40).map(|at| char::from(b'@' + (at * 7 % 60) as u8)).collect();
        let mut seen = std::collections::HashSet::new();
        for length in 0..text.len() {
            let own = &text[..length];
            assert_eq!(hash(own), hash(&own.to_ascii_uppercase()), "{own}");
            assert!(seen.insert(hash(own)), "{own}");
            for at in 0..length {
                let other = format!("{}~{}", &own[..at], &own[at + 1..]);
                assert_ne!(hash(own), hash(&other), "{own} {other}");
            }
        }
        assert_eq!(hash("ÁRBOL مجموعة"), hash("árbol مجموعة"));
        let bytes: [u8; 8] = *b"@AZ[`az{";
        assert_eq!(in_lower_case(u64::from_le_bytes(bytes)), u64::from_le_bytes(bytes.to_ascii_lowercase().try_into().unwrap()));
    }

    #[test]
    fn a_run_that_was_seen_before_has_the_same_words() {
        let once: String = (0..9_000).map(|at| format!("pod/web-{at} (is) \"up\", ")).collect();
        let (half, all) = (words(&once, false), words(&format!("{once}{once}"), false));
        assert_eq!(all[..half.len()], half);
        assert_eq!(all[half.len()..], half);
    }

    #[test]
    fn gaps_and_lines_that_were_left_out_are_told() {
        assert!(words("<name>", false)[0].is_gap());
        for line in [
            "...",
            "  ... ",
            "# ...other pods...",
            "... (log redacted for brevity) ...",
            "[...]",
            "…",
            "// ...",
            "<snip>",
            "[output truncated]",
            "--- 12 lines omitted ---",
            "<snipped …>",
            "⋮",
        ] {
            assert!(is_elision(line), "{line}");
        }
        for line in [
            "...Successfully got an update from the \"x\" chart repository",
            "Loading...",
            "a ... b",
            "[INFO] log truncated: 3",
            "- snippet",
            "truncated table orders",
            "(omitted) x",
        ] {
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
