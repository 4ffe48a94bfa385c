//! What a word of a script is when no run is needed to tell.

use std::collections::BTreeMap;

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

/// Every assignment that gives a value, by name, in the order of the document.
pub(super) struct Constants<'d>(BTreeMap<&'d str, Vec<Given<'d>>>);

/// An assignment and where it stands: position of the block, the byte behind it.
struct Given<'d> {
    place: (usize, usize),
    block: &'d Block<'d>,
    assignment: &'d Assignment,
}

impl<'d> Constants<'d> {
    pub(super) fn of(document: &'d Document<'d>) -> Self {
        let mut by_name: BTreeMap<&str, Vec<Given<'_>>> = BTreeMap::new();
        for (position, block) in document.blocks.iter().enumerate() {
            for assignment in block.script.assignments().iter().filter(|assignment| assignment.gives_value()) {
                by_name.entry(&assignment.name).or_default().push(Given { place: (position, assignment.span.end), block, assignment });
            }
        }
        for given in by_name.values_mut() {
            given.sort_by_key(|given| given.place);
        }
        Self(by_name)
    }

    /// The value of a text of shell that stands at `offset` of the block at `position`.
    pub(super) fn value(&self, position: usize, offset: usize, written: &str) -> Constant {
        expand(self, (position, offset), written, 0)
    }

    /// How many assignments give this variable a value.
    pub(super) fn assignments(&self, name: &str) -> usize {
        self.0.get(name).map_or(0, Vec::len)
    }
}

fn expand(constants: &Constants<'_>, at: (usize, usize), written: &str, depth: usize) -> Constant {
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
                match variable(constants, at, &name, depth) {
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

fn variable(constants: &Constants<'_>, at: (usize, usize), name: &str, depth: usize) -> Constant {
    if matches!(name, "RANDOM" | "SRANDOM" | "SECONDS" | "EPOCHSECONDS" | "BASHPID" | "USER" | "HOSTNAME") {
        return Constant::Varies;
    }
    let all = constants.0.get(name).map_or(&[][..], Vec::as_slice);
    let before = all.partition_point(|given| given.place <= at);
    let Some(Given { place, block, assignment }) = before.checked_sub(1).and_then(|last| all.get(last)) else { return Constant::Unknown };
    if depth >= DEPTH_MAX || !is_sure(block, assignment) {
        return Constant::Unknown;
    }
    match assignment.value {
        None => Constant::Text(String::new()),
        Some(value) => expand(constants, (place.0, assignment.span.start), block.text(value), depth + 1),
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
    use super::{Constant, Constants};
    use crate::lint::{document::Document, testing::parsed};

    #[track_caller]
    fn check(script: &str, written: &str, expected: &Constant) {
        let runbook = parsed(&format!("```bash\n{script}\n```\n\n```bash\nlast\n```\n"));
        let document = Document::new(&runbook);
        assert_eq!(Constants::of(&document).value(1, 0, written), *expected, "{script}; {written}");
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
