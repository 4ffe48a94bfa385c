//! What a word of a script is when no run is needed to tell.

use super::document::{Block, Document};
use crate::bash::{Assignment, AssignmentKind, CommandKind, Place};

/// How far variables that are made of variables are followed.
const DEPTH_MAX: usize = 8;
/// Longer values are not told.
const VALUE_BYTES_MAX: usize = 4096;

/// What an expansion of the shell puts in the place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Constant {
    /// Always this.
    Text(String),
    /// Something else in each run: a capture, `$RANDOM`.
    Varies,
    /// Nobody can tell: a variable that the document does not set, or sets under a condition.
    Unknown,
}

/// The value of a text of shell that stands at `offset` of the block at `position`.
pub(super) fn value(document: &Document<'_>, position: usize, offset: usize, written: &str) -> Constant {
    expand(document, (position, offset), written, 0)
}

fn expand(document: &Document<'_>, at: (usize, usize), written: &str, depth: usize) -> Constant {
    let mut text = String::new();
    let mut varies = false;
    let mut rest = written.chars().peekable();
    let mut quote = None;
    while let Some(letter) = rest.next() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(open)) if letter == open => quote = None,
            (_, Some('\'')) => text.push(letter),
            ('\\', _) => text.extend(rest.next()),
            ('`', _) => return Constant::Varies,
            ('$', _) => {
                let braced = rest.next_if_eq(&'{').is_some();
                if !braced && rest.peek() == Some(&'(') {
                    return Constant::Varies;
                }
                let mut name = String::new();
                while let Some(next) = rest.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
                    name.push(next);
                }
                if braced && rest.next_if_eq(&'}').is_none() || name.is_empty() {
                    return Constant::Unknown;
                }
                match variable(document, at, &name, depth) {
                    Constant::Text(value) => text.push_str(&value),
                    Constant::Varies => varies = true,
                    Constant::Unknown => return Constant::Unknown,
                }
            }
            _ => text.push(letter),
        }
        if text.len() > VALUE_BYTES_MAX {
            return Constant::Unknown;
        }
    }
    if varies { Constant::Varies } else { Constant::Text(text) }
}

fn variable(document: &Document<'_>, at: (usize, usize), name: &str, depth: usize) -> Constant {
    if matches!(name, "RANDOM" | "SRANDOM" | "SECONDS" | "EPOCHSECONDS" | "BASHPID" | "USER" | "HOSTNAME") {
        return Constant::Varies;
    }
    let mut before = document.blocks.iter().enumerate().take(at.0 + 1).flat_map(|(position, block)| {
        let of_block = block.script.assignments().iter().map(move |assignment| (position, block, assignment));
        of_block.filter(move |(_, _, assignment)| position < at.0 || assignment.span.end <= at.1)
    });
    let last = before.rfind(|(_, _, assignment)| assignment.name == name && assignment.gives_value());
    let Some((position, block, assignment)) = last else { return Constant::Unknown };
    if depth >= DEPTH_MAX || !is_sure(block, assignment) {
        return Constant::Unknown;
    }
    match assignment.value {
        None => Constant::Text(String::new()),
        Some(value) => expand(document, (position, assignment.span.start), block.text(value), depth + 1),
    }
}

/// Whether the assignment is made once, in any case.
fn is_sure(block: &Block<'_>, assignment: &Assignment) -> bool {
    let in_compound = block.script.commands().iter().any(|command| {
        command.kind == CommandKind::Compound && command.span.start <= assignment.span.start && assignment.span.end <= command.span.end
    });
    matches!(assignment.kind, AssignmentKind::Plain | AssignmentKind::Declaration)
        && assignment.place == Place::TopLevel
        && !assignment.appends
        && !assignment.element
        && !assignment.in_function
        && !in_compound
}

#[cfg(test)]
mod tests {
    use super::{Constant, value};
    use crate::lint::{document::Document, testing::parsed};

    #[track_caller]
    fn check(script: &str, written: &str, expected: &Constant) {
        let runbook = parsed(&format!("```bash\n{script}\n```\n\n```bash\nlast\n```\n"));
        assert_eq!(value(&Document::new(&runbook), 1, 0, written), *expected, "{script}; {written}");
    }

    #[test]
    fn words_are_followed_through_variables() {
        let text = |text: &str| Constant::Text(text.to_owned());
        check("export A=one\nB=\"${A}-two\"", "x$B'$A'", &text("xone-two$A"));
        check("A=1\nA=2", "$A", &text("2"));
        check("A=$(openssl rand -hex 3)\nB=a$A", "$B", &Constant::Varies);
        check("", "a$RANDOM", &Constant::Varies);
        check("A=$A", "$A", &Constant::Unknown);
        check("if x; then A=1; fi", "$A", &Constant::Unknown);
        check("read A", "$A", &Constant::Unknown);
        check("A=1", "${A:0:1}", &Constant::Unknown);
    }
}
