//! Where the labels of a text stand: under which headings, in which record, beside which names.
//!
//! Read from indentation, list marks and repeated keys alone, so that YAML, `kubectl describe`, INI and flat `key: value` text are alike.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::label::{Label, heading};
use super::marks::Lines;
use super::words::{Passed, hash};

/// The deepest nesting that is told apart.
const DEPTH_MAX: usize = 64;
/// The most words that a line without a key may have to be a heading of what is indented below it.
const HEADING_WORDS_MAX: usize = 4;

/// What stands for an entry of a list, and for a heading without a colon, in paths.
const ENTRY: u64 = 0x1d8e_4e27_c47d_124f;
const HEADING: u64 = 0xeb44_acca_b455_d165;

/// Where one label stands; 0 is for what there is none of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Site {
    /// All keys above it.
    pub path: u64,
    /// All but the nearest, in whose place any may stand: `containers`, any, for `containers`, `web`.
    pub around: u64,
    /// The nearest key above it.
    pub parent: u64,
    /// What the things above it are called.
    pub above: u64,
    /// What the thing is called to which it belongs.
    pub name: u64,
    /// Of which kind that thing is.
    pub kind: u64,
}

/// A line under which others stand.
struct Node {
    indent: usize,
    is_entry: bool,
    key: u64,
    path: u64,
    around: u64,
    /// The nearest key at or above it.
    nearest: u64,
    /// The scope and the record in it to which the line belongs.
    record: (usize, u32),
    /// What a heading without a key says.
    says: u64,
    /// How many records were begun below it.
    records: u32,
}

/// What a record says that it is.
#[derive(Default, Clone, Copy)]
struct Identity {
    name: u64,
    kind: u64,
}

/// The places of `labels`, in their order; each with its line, in order.
pub(super) fn sites(lines: &Lines<'_>, labels: &[(usize, Label<'_>)]) -> Vec<Site> {
    let mut outline = Outline::new();
    let mut places: Vec<(usize, u32)> = Vec::with_capacity(labels.len());
    let mut labels = labels.iter().peekable();
    for (at, line) in lines.told() {
        let label = labels.next_if(|(place, _)| *place == at).map(|(_, label)| label);
        let place = outline.read(line, label);
        if label.is_some() {
            places.push(place);
        }
    }
    let above = outline.above();
    let site = |(scope, record): (usize, u32)| {
        let node = &outline.nodes[scope];
        let own = outline.identities.get(&(scope, record)).copied().unwrap_or_default();
        Site { path: node.path, around: node.around, parent: node.nearest, above: above[scope], name: own.name, kind: own.kind }
    };
    places.into_iter().map(site).collect()
}

struct Outline {
    nodes: Vec<Node>,
    /// The lines under which the next one may stand, outermost first.
    open: Vec<usize>,
    /// In which record of its scope each key was seen last: the same key again begins the next record.
    seen: HashMap<(usize, u64), u32, BuildHasherDefault<Passed>>,
    identities: HashMap<(usize, u32), Identity, BuildHasherDefault<Passed>>,
}

impl Outline {
    fn new() -> Self {
        let mut outline = Self { nodes: Vec::new(), open: Vec::new(), seen: HashMap::default(), identities: HashMap::default() };
        outline.begin(0);
        outline
    }

    /// Begins a document, or a section of an INI file.
    fn begin(&mut self, path: u64) {
        self.open = vec![self.nodes.len()];
        self.nodes.push(Node {
            indent: 0,
            is_entry: false,
            key: path,
            path,
            around: 0,
            nearest: path,
            record: (0, 0),
            says: 0,
            records: 0,
        });
    }

    fn scope(&self) -> usize {
        *self.open.last().unwrap_or(&0)
    }

    /// Reads a line; the scope and the record to which its label belongs.
    fn read(&mut self, line: &str, label: Option<&Label<'_>>) -> (usize, u32) {
        let text = line.trim();
        if text.is_empty() {
            return (self.scope(), 0);
        }
        if text == "---" && !line.starts_with(' ') {
            self.begin(0);
            return (self.scope(), 0);
        }
        if let Some(section) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|_| label.is_none()) {
            self.begin(hash(section));
            return (self.scope(), 0);
        }
        let mut rest = line.trim_start_matches([' ', '\t']);
        let mut indent = line.len() - rest.len();
        while let Some(after) = ["- ", "* ", "+ "].iter().find_map(|mark| rest.strip_prefix(mark)) {
            self.close(|node| node.indent > indent || node.indent == indent && node.is_entry);
            self.push(indent, true, ENTRY, 0);
            let own = after.trim_start();
            indent += rest.len() - own.len();
            rest = own;
        }
        self.close(|node| node.indent >= indent);
        let key = label.map(|label| label.hash).or_else(|| heading(rest).map(hash));
        let Some(key) = key else {
            if rest.split_whitespace().nth(HEADING_WORDS_MAX).is_none() {
                self.push(indent, false, HEADING, hash(rest));
            }
            return (self.scope(), 0);
        };
        let scope = self.scope();
        let own = &mut self.nodes[scope].records;
        if self.seen.get(&(scope, key)) == Some(own) {
            *own += 1;
        }
        let record = (scope, *own);
        self.seen.insert((scope, key), record.1);
        if let Some(label) = label {
            let identity = self.identities.entry(record).or_default();
            let last = label.key.rsplit([' ', '_', '.']).next().unwrap_or_default();
            if ["type", "kind"].iter().any(|own| last.eq_ignore_ascii_case(own)) {
                identity.kind = hash(label.value);
            } else if identity.name == 0 && ["name", "id", "key"].iter().any(|own| last.eq_ignore_ascii_case(own)) {
                identity.name = hash(label.value);
            }
        }
        self.push(indent, false, key, 0);
        if let Some(node) = self.nodes.last_mut() {
            node.record = record;
        }
        record
    }

    fn close(&mut self, is_over: impl Fn(&Node) -> bool) {
        while self.open.len() > 1 && is_over(&self.nodes[self.scope()]) {
            self.open.pop();
        }
    }

    fn push(&mut self, indent: usize, is_entry: bool, key: u64, says: u64) {
        if self.open.len() >= DEPTH_MAX {
            return;
        }
        let scope = self.scope();
        let outer = &self.nodes[scope];
        let path = mix(outer.path, key);
        let nearest = if is_entry { outer.nearest } else { key };
        let around = mix(outer.path, 1);
        self.open.push(self.nodes.len());
        self.nodes.push(Node { indent, is_entry, key, path, around, nearest, record: (scope, 0), says, records: 0 });
    }

    /// What the things above the members of each scope are called.
    fn above(&self) -> Vec<u64> {
        let mut above = vec![0; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            let (scope, _) = node.record;
            if scope < at {
                let own = self.identities.get(&node.record).copied().unwrap_or_default();
                above[at] = [own.name, own.kind, node.key, node.says].into_iter().fold(above[scope], mix);
            }
        }
        above
    }
}

fn mix(left: u64, right: u64) -> u64 {
    (left.rotate_left(23) ^ right).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
