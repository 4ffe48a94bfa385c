//! A block that runs contains a placeholder such as `<resource-group>`.
//!
//! In bash `<name>` is a redirection: the command reads a file that does not exist, or writes one that nobody wanted. In quotes it reaches
//! the service as it stands. Put the value into a variable that a block above sets, so that readers change one line and `--var` can give it a
//! value; or, if the block is only an example, tag it `text`.

use std::collections::BTreeSet;

use crate::{
    bash::CommandKind,
    diagnostic::Span,
    lint::{
        document::{Block, Document},
        placeholder::placeholders,
        rule::Finding,
    },
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for block in &document.blocks {
        for (_, offset, line) in block.code_lines() {
            for range in placeholders(line) {
                let span = Span::new(offset + range.start, offset + range.end);
                let written = line.get(range).unwrap_or_default();
                if seen.contains(written) || !is_code(block, span) {
                    continue;
                }
                seen.insert(written);
                let finding = Finding::new(block.place(span), format!("the placeholder `{written}` is not filled in"));
                let is_assigned = block
                    .script
                    .assignments()
                    .iter()
                    .filter_map(|assignment| assignment.value)
                    .any(|value| value.start <= span.start && span.end <= value.end);
                findings.push(if is_assigned {
                    finding.with_hint("assign a value that works as it stands")
                } else {
                    let name: String = written
                        .trim_matches(['<', '>'])
                        .chars()
                        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
                        .collect();
                    finding.with_hint(format!("use a variable, `${name}`, that a block above sets"))
                });
            }
        }
    }
    findings
}

/// Whether it stands in a command or an assignment; what is only searched for or rewritten is text.
fn is_code(block: &Block<'_>, span: Span) -> bool {
    let around = block.script.commands().iter().filter(|command| command.span.start <= span.start && span.end <= command.span.end + 1);
    let nearest =
        around.filter(|command| command.kind != CommandKind::Compound).min_by_key(|command| command.span.end - command.span.start);
    !nearest
        .and_then(|command| command.name())
        .is_some_and(|name| matches!(name, "echo" | "printf" | "sed" | "grep" | "awk" | "perl" | "python" | "python3"))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "unfilled-placeholder";

    #[test]
    fn placeholders_are_found_once_each() {
        check(
            CODE,
            "az group show -n <resource-group>\naz aks show -g <resource-group> -n \"<cluster>\"",
            &["1: the placeholder `<resource-group>`", "2: the placeholder `<cluster>`"],
        );
        check(CODE, "export POD=<your pod name>", &["<your pod name>"]);
    }

    #[test]
    fn redirections_markup_and_text_are_no_finding() {
        check(CODE, "sort <in >out\ntr a b <in>out\ndiff <(ls) <(ls -a)\ncat <<EOF\n<name>\nEOF\necho \"<h1>Hi</h1>\"", &[]);
        check(CODE, "# replace <name>\nls # <your-name>\necho \"usage: x <file-name>\"\ngrep '<title>' x\ncurl https://a/<x></x>", &[]);
    }
}
