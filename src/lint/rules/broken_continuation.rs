//! A command that was meant to go on in the next line does not, or the other way round.
//!
//! * A backslash is the last character of the block: the command waits for a line that does not come; an option was lost.
//! * Blanks stand behind a backslash: it quotes the first blank and continues nothing, and the next line is a command of its own.
//! * A line starts with an option: the line above lost its backslash, or is empty or a comment, which ends the command.

use crate::{
    bash::CommandKind,
    diagnostic::Span,
    lint::{document::Document, rule::Finding},
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        let lines: Vec<(usize, usize, &str)> = block.code_lines().collect();
        let last = lines.iter().rposition(|(_, _, line)| !line.trim().is_empty());
        let mut blank_behind = Vec::new();
        for (position, (number, offset, line)) in lines.iter().enumerate() {
            let bare = line.trim_end();
            let is_continued = bare.ends_with('\\') && !bare.ends_with("\\\\") && !bare.trim_start().starts_with('#');
            if !is_continued {
                continue;
            }
            let span = block.place(Span::new(offset + bare.len() - 1, offset + line.len()));
            if Some(position) == last {
                findings.push(
                    Finding::new(span, "the last line of the block ends with a backslash, and nothing follows")
                        .with_hint("remove it, or add the option that is missing"),
                );
            } else if line.len() > bare.len() {
                blank_behind.push(number + 1);
                let blanks = Span::new(offset + bare.len(), offset + line.len());
                findings.push(
                    Finding::new(span, "blanks behind the backslash: the command ends here")
                        .with_hint("remove the blanks")
                        .with_edits(block.edit(blanks, "").into_iter().collect()),
                );
            }
        }
        // What starts a statement; and what the grammar takes for a word of the command above, although nothing leads on to it.
        let first = block.script.statements().iter().map(|statement| statement.span.start);
        let simple = block.script.commands().iter().filter(|command| command.kind == CommandKind::Simple);
        let words = simple.flat_map(|command| command.words.iter().skip(1)).map(|word| word.span.start);
        let mut starts: Vec<usize> = first.chain(words.filter(|start| starts_a_command(&block.step.script, *start))).collect();
        starts.sort_unstable();
        starts.dedup();
        for start in starts {
            let name = block.step.script.get(start..).and_then(|rest| rest.split(char::is_whitespace).next()).unwrap_or_default();
            let is_option = name.strip_prefix('-').is_some_and(|rest| {
                rest.trim_start_matches('-').starts_with(|first: char| first.is_ascii_lowercase()) && !rest.starts_with("--")
            });
            let place = Span::new(start, start + name.len());
            let line = block.step.script.get(..start).unwrap_or_default().matches('\n').count();
            if is_option && !blank_behind.contains(&line) {
                let message = format!("`{name}` starts a command of its own: the line above does not lead on to it");
                findings.push(
                    Finding::new(block.place(place), message)
                        .with_hint("end the line above with a backslash, without an empty line or a comment between"),
                );
            }
        }
    }
    findings
}

/// Whether bash starts a command at an offset: only blanks stand before it in its line, and the line above does not lead on.
fn starts_a_command(script: &str, start: usize) -> bool {
    let before = script.get(..start).unwrap_or_default();
    let above = before.trim_end_matches([' ', '\t']);
    above.strip_suffix('\n').is_some_and(|above| !above.ends_with('\\'))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "broken-continuation";

    #[test]
    fn lines_that_lead_nowhere_are_found() {
        check(CODE, "az group create \\\n  --name a \\", &["2: the last line"]);
        check(CODE, "az group create \\ \n  --name a", &["1: blanks behind"]);
        check(CODE, "az group create -n a \\\n\n  --location b", &["3: `--location`"]);
        check(CODE, "az group create -n a\n  --location b", &["2: `--location`"]);
        check(CODE, "az group create -n a \\\n\n  -l b", &["3: `-l`"]);
    }

    #[test]
    fn sound_continuations_are_no_finding() {
        check(CODE, "az group create \\\n  --name a\n# ends with \\\necho 'a\\\\'\ncat <<E\nx \\ \nE\nls", &[]);
    }
}
