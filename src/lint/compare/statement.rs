//! The statements of a document, in a form in which translated comments and another layout make no difference.

use crate::{
    bash::Script,
    lint::placeholder::filled,
    runbook::{Runbook, Step},
};

/// How much of a statement is shown in a message.
const SHOWN_CHARS_MAX: usize = 64;

/// A statement at the top of a block that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// The code without comments and layout, and without the bodies of here-documents.
    pub(super) code: String,
    /// The lines of its here-documents with their document lines; comments and blank lines left out.
    pub(super) body: Vec<(usize, String)>,
    /// The 1-based document line.
    pub(super) line: usize,
    /// That line as it is written, but for what may stand around code.
    pub(super) first: String,
    /// The step that it stands in, by position.
    pub(super) step: usize,
}

impl Statement {
    /// The beginning of it, for a message.
    pub(super) fn shown(&self) -> String {
        shown(&self.code)
    }

    pub(super) fn has_body_of(&self, other: &Self) -> bool {
        self.body.len() == other.body.len() && self.body.iter().zip(&other.body).all(|(one, other)| one.1 == other.1)
    }
}

/// The beginning of a text, for a message.
pub(super) fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let is_short = line.chars().nth(SHOWN_CHARS_MAX).is_none();
    let start: String = line.chars().take(SHOWN_CHARS_MAX).collect();
    if is_short && line.len() == text.len() { start } else { format!("{} …", start.trim_end()) }
}

/// The statements of all blocks that run, in document order.
pub(super) fn statements(runbook: &Runbook) -> Vec<Statement> {
    runbook.steps.iter().enumerate().flat_map(|(position, step)| of_step(position, step)).collect()
}

fn of_step(position: usize, step: &Step) -> Vec<Statement> {
    let script = Script::parse(&filled(&step.script));
    let mut found = Vec::new();
    let mut copied = 0;
    for statement in script.statements() {
        // What the grammar could not read lies between statements: each line of it counts as one.
        unread(position, step, copied, statement.span.start, &mut found);
        copied = statement.span.end.max(copied);
        let mut code = String::new();
        let mut body = Vec::new();
        let mut from = statement.span.start;
        let documents = script.here_documents().iter().map(|document| document.body);
        for document in documents.filter(|body| body.start >= statement.span.start && body.end <= statement.span.end) {
            code.push_str(step.script.get(from..document.start).unwrap_or_default());
            from = document.end.max(from);
            body.extend(lines_of_body(step, document.start, document.end));
        }
        code.push_str(step.script.get(from..statement.span.end).unwrap_or_default());
        let code = normalised(&code);
        if !code.is_empty() {
            let first = step.script.get(statement.span.start..).and_then(|rest| rest.lines().next()).map(bare).unwrap_or_default();
            found.push(Statement { code, body, line: step.script_line + statement.line, first, step: position });
        }
    }
    unread(position, step, copied, step.script.len(), &mut found);
    found
}

fn unread(position: usize, step: &Step, start: usize, end: usize, found: &mut Vec<Statement>) {
    let text = step.script.get(start..end).unwrap_or_default();
    for (line, written) in (line_of(step, start)..).zip(text.split('\n')) {
        let code = normalised(written);
        if !code.trim_matches([';', ' ']).is_empty() {
            found.push(Statement { code, body: Vec::new(), line, first: bare(written), step: position });
        }
    }
}

/// A line of code without what stands around it in prose, in a quote, or where it goes on.
pub(super) fn bare(line: &str) -> String {
    line.trim_matches(|outer: char| outer.is_whitespace() || matches!(outer, '\\' | '>' | '`')).to_owned()
}

fn lines_of_body(step: &Step, start: usize, end: usize) -> Vec<(usize, String)> {
    let text = step.script.get(start..end).unwrap_or_default();
    let lines = (line_of(step, start)..).zip(text.lines()).map(|(line, text)| (line, text.trim_end().to_owned()));
    let mut is_first = true;
    let kept = lines.filter(|(_, text)| {
        // `#!/bin/bash` and `#cloud-config` say what the text is; nothing else that starts so in the first line is known to.
        let says_what = std::mem::take(&mut is_first) && text.strip_prefix('#').is_some_and(|rest| !rest.starts_with([' ', '#', '\t']));
        !text.is_empty() && (says_what || !text.trim_start().starts_with('#'))
    });
    kept.collect()
}

/// The document's line of a byte of a script.
fn line_of(step: &Step, offset: usize) -> usize {
    step.script_line + step.script.get(..offset).unwrap_or_default().matches('\n').count()
}

/// Where a character of shell text stands.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Code,
    Parentheses,
    SingleQuotes,
    DoubleQuotes,
}

/// Shell text without comments, and with one blank or line end between words; what is quoted stays as it is.
pub(super) fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = vec![Inside::Code];
    let mut gap = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let at = inside.last().copied().unwrap_or(Inside::Code);
        if matches!(at, Inside::Code | Inside::Parentheses) {
            match character {
                '\\' if characters.peek() == Some(&'\n') => {
                    characters.next();
                    gap = gap.or(Some(' '));
                    continue;
                }
                '\n' => {
                    gap = Some('\n');
                    continue;
                }
                // To bash a no-break space is a letter like others.
                ' ' | '\t' | '\r' => {
                    gap = gap.or(Some(' '));
                    continue;
                }
                '#' if gap.is_some() || out.is_empty() || out.ends_with([';', '(', '&', '|']) => {
                    while characters.next_if(|next| *next != '\n').is_some() {}
                    continue;
                }
                _ => {}
            }
        }
        if let Some(gap) = gap.take().filter(|_| !out.is_empty()) {
            out.push(gap);
        }
        out.push(character);
        match (at, character) {
            (Inside::SingleQuotes, '\'') | (Inside::DoubleQuotes, '"') | (Inside::Parentheses, ')') => drop(inside.pop()),
            (Inside::SingleQuotes, _) => {}
            (_, '\\') => out.extend(characters.next()),
            (Inside::DoubleQuotes, '$') if characters.peek() == Some(&'(') => {
                out.extend(characters.next());
                inside.push(Inside::Parentheses);
            }
            (Inside::DoubleQuotes, _) => {}
            (_, '\'') => inside.push(Inside::SingleQuotes),
            (_, '"') => inside.push(Inside::DoubleQuotes),
            (_, '(') => inside.push(Inside::Parentheses),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::parsed;

    #[track_caller]
    fn check_same(one: &str, other: &str) {
        assert_eq!(normalised(one), normalised(other));
    }

    #[test]
    fn layout_and_comments_make_no_difference() {
        check_same("az  group create \\\n    --name a # el grupo", "az group create --name a");
        check_same("if a; then # wenn\n    b # x\nfi", "if a; then\n  b\n\nfi");
        check_same("A=\"$(az x # uno\n)\"", "A=\"$(az x # dos\n)\"");
    }

    #[test]
    fn what_bash_would_see_makes_a_difference() {
        for (one, other) in [("echo 'a  b'", "echo 'a b'"), ("echo \"# a\"", "echo \"# b\""), ("a\nb", "a b"), ("echo a#b", "echo a#c")] {
            assert_ne!(normalised(one), normalised(other));
        }
        assert_eq!(normalised("echo \"${#A}\" $#"), "echo \"${#A}\" $#");
    }

    #[test]
    fn statements_have_their_lines_and_bodies_apart() {
        let runbook = parsed("```bash\n# uno\nls\ncat <<E | sort # dos\n# tres\na: b  \n\nE\nb && \\\n  c\n```\n\n```bash\nd <f> >\n```\n");
        let found = statements(&runbook);
        let told: Vec<_> = found.iter().map(|found| (found.line, found.code.as_str(), found.body.len(), found.step)).collect();
        assert_eq!(told[..3], [(3, "ls", 0, 0), (4, "cat <<E | sort\nE", 1, 0), (9, "b && c", 0, 0)]);
        assert_eq!(found[1].body, [(6, "a: b".to_owned())]);
        assert!(told[3..].iter().all(|told| told.0 == 14 && told.3 == 1) && told.len() > 3, "{told:?}");
    }
}
