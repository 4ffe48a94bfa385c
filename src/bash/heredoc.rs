//! Here-documents: where they end as bash sees it, and a text in which the grammar sees the same.
//!
//! The grammar takes a delimiter up to the next blank (`<<EOF>file`), and lets any line close a here-document that starts with the delimiter
//! behind any blanks. bash wants the delimiter alone on its line, with tabs before it only after `<<-`.

use tree_sitter::{Node, Tree};

use super::model::HereDocument;
use crate::diagnostic::Span;

/// How often a text is parsed again: each time shows the here-documents behind the ones that were cured.
const ROUNDS_MAX: usize = 12;
/// Stands for a byte of a line that only looks like an end; no program text holds it.
const HIDDEN: &str = "\u{1}";

/// A text that the grammar reads as bash reads the original, and the way back.
pub(super) struct Cured {
    pub(super) text: String,
    pub(super) tree: Tree,
    /// Where blanks were put in: offsets in the new text, in order.
    inserted: Vec<usize>,
}

impl Cured {
    /// The offset in the original text of an offset in the new one.
    pub(super) fn original(&self, offset: usize) -> usize {
        offset - self.inserted.partition_point(|blank| *blank < offset)
    }
}

/// Cures a text until the grammar and bash agree on its here-documents; none when they agree already.
pub(super) fn cured(text: &str, tree: &Tree, mut parse: impl FnMut(&str) -> Option<Tree>) -> Option<Cured> {
    let mut found: Option<Cured> = None;
    for _ in 0..ROUNDS_MAX {
        let (text, tree) = found.as_ref().map_or((text, tree), |cured| (cured.text.as_str(), &cured.tree));
        let edits = edits(tree, text);
        if edits.is_empty() {
            break;
        }
        let mut next = String::with_capacity(text.len() + edits.len());
        let mut blanks = Vec::new();
        let mut copied = 0;
        for edit in edits {
            let (Edit::Blank(at) | Edit::Hide(at)) = edit;
            // Two nodes may speak of the same place.
            let Some(between) = text.get(copied..at) else { continue };
            next.push_str(between);
            copied = at;
            match edit {
                Edit::Blank(_) => {
                    next.push(' ');
                    blanks.push(at);
                }
                Edit::Hide(_) => {
                    let hidden = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
                    next.push_str(&HIDDEN.repeat(hidden));
                    copied += hidden;
                }
            }
        }
        next.push_str(text.get(copied..).unwrap_or_default());
        // Both lists are in the coordinates of the text before.
        let earlier = found.as_ref().map(|cured| cured.inserted.as_slice()).unwrap_or_default();
        let mut inserted: Vec<usize> = earlier.iter().map(|at| at + blanks.partition_point(|blank| blank <= at)).collect();
        inserted.extend(blanks.iter().enumerate().map(|(before, at)| at + before));
        inserted.sort_unstable();
        let tree = parse(&next)?;
        found = Some(Cured { text: next, tree, inserted });
    }
    found
}

/// A change that makes the grammar see what bash sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edit {
    /// A blank between a delimiter and the operator behind it.
    Blank(usize),
    /// Another character at the start of a line that only looks like the end.
    Hide(usize),
}

fn edits(tree: &Tree, text: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut cursor = tree.walk();
    let mut hidden_to = 0;
    loop {
        let node = cursor.node();
        match node.kind() {
            // Where the grammar found no end there may be no node around it.
            "heredoc_start" => {
                let (_, _, length) = delimiter(text.get(node.byte_range()).unwrap_or_default());
                if length < node.end_byte() - node.start_byte() {
                    edits.push(Edit::Blank(node.start_byte() + length));
                }
            }
            "heredoc_redirect" => {
                let here = Raw::of(node, text).filter(|here| here.body >= hidden_to);
                if let Some(here) = here {
                    hidden_to = here.end(text).0;
                    edits.extend(here.false_ends(text, hidden_to).map(Edit::Hide));
                }
            }
            _ => {}
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                edits.sort_unstable_by_key(|edit| match edit {
                    Edit::Blank(at) | Edit::Hide(at) => *at,
                });
                edits.dedup();
                return edits;
            }
        }
    }
}

/// Reads a `heredoc_redirect` of a cured text; spans are those of that text.
pub(super) fn read(node: Node<'_>, text: &str) -> Option<HereDocument> {
    let here = Raw::of(node, text)?;
    let (end, closed) = here.end(text);
    let body = Span::new(here.body, end);
    Some(HereDocument { body, line: node.start_position().row, delimiter: here.delimiter, quoted: here.quoted, closed })
}

/// A here-document as its operator and the lines below tell.
struct Raw {
    delimiter: String,
    quoted: bool,
    /// `<<-`.
    tabs_go: bool,
    in_capture: bool,
    /// The first byte of the body.
    body: usize,
}

impl Raw {
    fn of(node: Node<'_>, text: &str) -> Option<Self> {
        let mut cursor = node.walk();
        let mut start = None;
        let mut body = None;
        for child in node.children(&mut cursor) {
            match child.kind() {
                "heredoc_start" => start = Some(child),
                "heredoc_body" if child.end_byte() > child.start_byte() => body = Some(child.start_byte()),
                _ => {}
            }
        }
        let start = start?;
        let (delimiter, quoted, _) = delimiter(text.get(start.start_byte()..)?);
        let tabs_go = text.get(node.start_byte()..).is_some_and(|rest| rest.starts_with("<<-"));
        // An empty document has no node for its body.
        let body = body.unwrap_or_else(|| {
            let line_end = text.get(start.end_byte()..).and_then(|rest| rest.find('\n'));
            line_end.map_or(text.len(), |at| start.end_byte() + at + 1)
        });
        let in_capture = std::iter::successors(node.parent(), Node::parent).any(|outer| outer.kind() == "command_substitution");
        Some(Self { delimiter, quoted, tabs_go, in_capture, body })
    }

    /// The lines of the body and all below: offset and text.
    fn lines<'t>(&self, text: &'t str) -> impl Iterator<Item = (usize, &'t str)> + use<'t> {
        let mut offset = self.body;
        text.get(self.body..).unwrap_or_default().split_inclusive('\n').map(move |line| {
            let start = offset;
            offset += line.len();
            (start, line)
        })
    }

    fn closes(&self, line: &str) -> bool {
        let line = line.strip_suffix('\n').unwrap_or(line);
        (if self.tabs_go { line.trim_start_matches('\t') } else { line }) == self.delimiter
    }

    /// One past the last byte of the body, and whether the delimiter's line is there.
    fn end(&self, text: &str) -> (usize, bool) {
        let closing = self.lines(text).find(|(_, line)| self.closes(line) || self.is_cut_short(line));
        closing.map_or((text.len(), false), |(offset, line)| (offset, self.closes(line)))
    }

    /// `EOF)` in a capture: bash warns, and goes on behind it.
    fn is_cut_short(&self, line: &str) -> bool {
        self.in_capture && line.strip_prefix(self.delimiter.as_str()).is_some_and(|rest| rest.starts_with(')'))
    }

    /// The lines of the body that the grammar takes for the end.
    fn false_ends<'t>(&self, text: &'t str, end: usize) -> impl Iterator<Item = usize> + use<'t> {
        let delimiter = self.delimiter.clone();
        self.lines(text).take_while(move |(offset, _)| *offset < end).filter_map(move |(offset, line)| {
            let looks = line.trim_start();
            let at = offset + line.len() - looks.len();
            (!delimiter.is_empty() && looks.starts_with(delimiter.as_str())).then_some(at)
        })
    }
}

/// The word at the start of a text as bash reads it: without quotes, whether it had some, and how many bytes it takes.
fn delimiter(text: &str) -> (String, bool, usize) {
    let mut word = String::new();
    let mut quoted = false;
    let mut quote = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (None, ' ' | '\t' | '\n' | '|' | '&' | ';' | '(' | ')' | '<' | '>') => return (word, quoted, at),
            (None, '\'' | '"') => {
                quoted = true;
                quote = Some(character);
            }
            (Some(open), _) if character == open => quote = None,
            (None | Some('"'), '\\') => match characters.peek() {
                // The line goes on below.
                Some((_, '\n')) => drop(characters.next()),
                Some((_, next)) if quote.is_none() || matches!(next, '"' | '\\' | '$' | '`') => {
                    quoted = true;
                    word.extend(characters.next().map(|(_, next)| next));
                }
                _ => word.push(character),
            },
            (Some(_), '\n') => return (word, quoted, at),
            _ => word.push(character),
        }
    }
    (word, quoted, text.len())
}
