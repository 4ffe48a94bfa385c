//! From what bash says of a failed command (a line, and the command as bash prints it) to the command in the text.

use super::Script;
use super::model::{Command, Place};
use crate::diagnostic::Span;

/// A failed command in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// Its bytes.
    pub span: Span,
    /// The 0-based line of its first byte.
    pub line: usize,
    /// Where bash noticed the failure.
    pub place: Place,
}

impl Script {
    /// Finds the command that bash reports at a 0-based line of `text`, the script's text. Inside a capture bash gives the last
    /// line of a continued command, elsewhere the first. None when no command reaches over the line.
    pub fn locate(&self, text: &str, line: usize, command: &str) -> Option<Located> {
        let reported = bare(command);
        let on_line = || self.commands().iter().filter(|candidate| (candidate.line..=candidate.last_line).contains(&line));
        let same = |candidate: &&Command| {
            let written = bare(text.get(candidate.span.start..candidate.span.end).unwrap_or_default());
            // bash may leave a here-document out, and the report holds the beginning of a long command only.
            !reported.is_empty() && (written.starts_with(&reported) || reported.starts_with(&written) && !written.is_empty())
        };
        let length = |candidate: &&Command| candidate.span.end - candidate.span.start;
        let closeness = |candidate: &&Command| {
            let written = bare(text.get(candidate.span.start..candidate.span.end).unwrap_or_default());
            (written.len().abs_diff(reported.len()), length(candidate))
        };
        // Of a capture in a here-document bash gives the line of the command that reads it.
        let in_statement = || {
            let lines = self.statement_at(line).map_or(line..=line, |statement| statement.line..=statement.last_line);
            self.commands().iter().filter(move |candidate| candidate.place == Place::Capture && lines.contains(&candidate.line))
        };
        let found = on_line().filter(same).min_by_key(closeness);
        let found = found.or_else(|| in_statement().filter(same).min_by_key(closeness)).or_else(|| on_line().min_by_key(length))?;
        Some(Located { span: found.span, line: found.line, place: found.noticed_in })
    }
}

/// A command without what bash prints in its own way: blanks, semicolons, continuations.
fn bare(command: &str) -> String {
    command.replace("\\\n", "").chars().filter(|character| !character.is_whitespace() && *character != ';').collect()
}
