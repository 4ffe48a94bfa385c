//! Words: quoting undone, and the names that bash itself knows.

use tree_sitter::Node;

use super::model::Word;
use crate::diagnostic::Span;

/// Builtins and keywords of bash 5.2 (`compgen -b`, `compgen -k`), in order.
const BUILTINS: [&str; 82] = [
    "!",
    ".",
    ":",
    "[",
    "[[",
    "]]",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "fi",
    "for",
    "function",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "in",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "while",
    "{",
];

/// Whether bash runs this name itself.
pub(super) fn is_builtin(name: &str) -> bool {
    name == "}" || BUILTINS.binary_search(&name).is_ok()
}

/// Reads a word.
pub(super) fn read(node: Node<'_>, text: &str) -> Word {
    let span = Span::new(node.start_byte(), node.end_byte());
    let written = text.get(node.byte_range()).unwrap_or_default();
    match literal(node, text) {
        Some(text) => Word { text, literal: true, span },
        None => Word { text: written.to_owned(), literal: false, span },
    }
}

/// The value of a word without expansions; none when it has one.
pub(super) fn literal(node: Node<'_>, text: &str) -> Option<String> {
    let written = text.get(node.byte_range())?;
    match node.kind() {
        "word" | "number" | "variable_name" | "test_operator" | "extglob_pattern" | "regex" => Some(unescape(written, |_| true)),
        "raw_string" => Some(written.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()),
        "string" if !has_expansion(node) => {
            let inner = written.strip_prefix('"')?.strip_suffix('"')?;
            Some(unescape(inner, |next| matches!(next, '$' | '`' | '"' | '\\' | '\n')))
        }
        "concatenation" | "command_name" => {
            let mut cursor = node.walk();
            // Not recursive further than the grammar: a concatenation holds no concatenation.
            node.children(&mut cursor).map(|child| literal(child, text)).collect()
        }
        kind if !node.is_named() && kind == written => Some(written.to_owned()),
        _ => None,
    }
}

fn has_expansion(string: Node<'_>) -> bool {
    let mut cursor = string.walk();
    string.named_children(&mut cursor).any(|child| child.kind() != "string_content")
}

/// Takes backslashes away before characters that they escape; a line continuation vanishes.
fn unescape(written: &str, escapes: impl Fn(char) -> bool) -> String {
    let mut value = String::with_capacity(written.len());
    let mut characters = written.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some('\n') if character == '\\' => drop(characters.next()),
            Some(next) if character == '\\' && escapes(*next) => value.extend(characters.next()),
            _ => value.push(character),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtins_are_in_the_order_that_the_search_needs() {
        assert!(BUILTINS.is_sorted());
        assert!(is_builtin("cd") && is_builtin("[[") && !is_builtin("az"));
    }
}
