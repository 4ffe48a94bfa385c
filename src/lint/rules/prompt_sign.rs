//! A line of a block that runs starts with a prompt, `$ ` or `PS C:\>`.
//!
//! bash takes the sign for the name of a command and says `$: command not found`. Remove it; or, if the block shows a session with its
//! output, tag it `console`, which docent does not run, and put the commands into a block of their own.

use crate::{
    diagnostic::{Edit, Span},
    lint::{
        document::{Block, Document},
        rule::Finding,
    },
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        let mut continues = false;
        for (_, offset, line) in block.code_lines() {
            let text = line.trim_start();
            let sign = ["$ ", "PS C:\\", "C:\\>", "PS>"].iter().find(|sign| text.starts_with(**sign));
            // Within an open quote or a continued command the sign is an argument: only what starts a statement counts.
            let start = offset + line.len() - text.len();
            let starts = block.script.statements().iter().any(|statement| statement.span.start == start) || !block.script.is_valid();
            if let Some(sign) = sign.filter(|_| !continues && starts) {
                let span = block.place(Span::new(start, start + sign.trim_end().len()));
                findings
                    .push(Finding::new(span, format!("a prompt, `{}`, stands before the command", sign.trim_end())).with_hint("remove it"));
            }
            continues = line.ends_with('\\');
        }
    }
    // One is enough: they come in rows.
    findings.truncate(1);
    let edits: Vec<Edit> = document.blocks.iter().filter_map(unsigned).flatten().collect();
    findings.into_iter().map(|finding| finding.with_edits(edits.clone())).collect()
}

/// What takes the signs away, where every command has one: then no line can be an output.
fn unsigned(block: &Block<'_>) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut continues = false;
    for (_, offset, line) in block.code_lines() {
        let text = line.trim_start();
        let start = offset + line.len() - text.len();
        if !continues && !text.is_empty() && !text.starts_with('#') {
            let blanks = text.strip_prefix('$').map(|rest| rest.len() - rest.trim_start().len()).filter(|blanks| *blanks > 0)?;
            edits.push(block.edit(Span::new(start, start + 1 + blanks), "")?);
        } else if continues && text.starts_with('>') {
            // The shell's second prompt, or a redirection.
            return None;
        }
        continues = line.ends_with('\\');
    }
    // A here-document or an open quote would hide lines that are no commands.
    let is_plain = block.script.here_documents().is_empty() && block.script.is_valid();
    (is_plain && edits.len() == block.script.statements().len()).then_some(edits)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "prompt-sign";

    #[test]
    fn prompts_are_found() {
        check(CODE, "$ az group list", &["1: a prompt, `$`"]);
        check(CODE, "cd /\n  $ ls -l\n$ pwd", &["2: a prompt"]);
    }

    #[test]
    fn what_may_be_a_second_prompt_or_a_redirection_is_not_mended() {
        for text in ["$ echo a \\\n>   b", "$ ls \\\n  >out"] {
            let (runbook, found) =
                crate::runbook::parse("a.md", format!("```bash\n{text}\n```\n").as_bytes(), &crate::runbook::Companions::default());
            let found = crate::lint::examine(&runbook, found, &crate::lint::Switches::default());
            let fixes = found.iter().filter(|found| found.code == CODE).map(|found| found.fix.is_some());
            assert_eq!(fixes.collect::<Vec<_>>(), [false], "{text}");
        }
    }

    #[test]
    fn dollars_elsewhere_are_no_finding() {
        check(CODE, "$COMMAND a\n$(which ls) b\necho \\\n$ x\ncat <<E\n$ a\nE\necho \"a\n$ b\"", &[]);
    }
}
