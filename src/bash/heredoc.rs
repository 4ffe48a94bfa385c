//! Here-documents.

use tree_sitter::Node;

use super::model::HereDocument;
use crate::diagnostic::Span;

/// Reads a `heredoc_redirect`.
pub(super) fn read(node: Node<'_>, text: &str) -> Option<HereDocument> {
    let mut cursor = node.walk();
    let mut delimiter = None;
    let mut body = Span::new(node.end_byte(), node.end_byte());
    let mut closed = false;
    for child in node.children(&mut cursor) {
        match child.kind() {
            "heredoc_start" => delimiter = text.get(child.byte_range()),
            "heredoc_body" => body = Span::new(child.start_byte(), child.end_byte()),
            "heredoc_end" => closed = child.end_byte() > child.start_byte(),
            _ => {}
        }
    }
    let written = delimiter?;
    let quoted = written.contains(['\'', '"', '\\']);
    let delimiter: String = written.chars().filter(|character| !matches!(character, '\'' | '"' | '\\')).collect();
    if body.start == body.end && !closed {
        // An empty document shows no body, and neither does one that the grammar gave up on: the lines tell.
        closed = has_line(text.get(node.start_byte()..).unwrap_or_default(), &delimiter);
    }
    if !closed {
        body.end = text.len();
    }
    Some(HereDocument { body, line: node.start_position().row, delimiter, quoted, closed })
}

fn has_line(text: &str, delimiter: &str) -> bool {
    text.lines().skip(1).any(|line| line.trim_start_matches('\t') == delimiter)
}
