//! The command cannot print what the document expects.
//!
//! * JSON is expected after `--output tsv` or `--output table`;
//! * something is expected although every command of the step says `--output none`, or all output goes into variables.
//!
//! Such a check fails in every run, or was never made. Change the format, show what really is printed, or remove the expectation.

use crate::{
    bash::{CommandKind, Place},
    lint::{
        document::{Block, Document},
        rule::Finding,
    },
    runbook::{Criterion, Expectation},
};

/// What the commands of a step print together, as far as the text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Printed {
    Nothing(&'static str),
    NoJson,
    Unknown,
}

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        let printed = printed(block);
        for expectation in &block.step.expectations {
            let Some(message) = contradiction(printed, expectation) else { continue };
            let span = document.runbook.source.line_span(expectation.line);
            let finding = Finding::new(span, message);
            findings.push(match expectation.criterion {
                // Nothing is compared, so nothing fails; still a reader is misled.
                Criterion::Unmarked => finding.advice(),
                _ => finding,
            });
        }
    }
    findings
}

fn printed(block: &Block<'_>) -> Printed {
    let commands = block.script.commands();
    // Parts of conditions, loops and functions may or may not run.
    if block.script.statements().is_empty()
        || !block.script.is_valid()
        || commands.iter().any(|command| command.kind == CommandKind::Compound || command.in_function)
    {
        return Printed::Unknown;
    }
    let at_top: Vec<_> = commands.iter().filter(|command| command.place != Place::Capture).collect();
    if at_top.iter().all(|command| matches!(command.kind, CommandKind::Assignment | CommandKind::Declaration)) {
        let prints = at_top.iter().any(|command| {
            command.kind == CommandKind::Declaration
                && command.words.iter().any(|word| word.text.contains('p') && word.text.starts_with('-'))
        });
        return if prints { Printed::Unknown } else { Printed::Nothing("all output of the step goes into variables") };
    }
    let mut formats = Vec::new();
    for command in at_top.iter().filter(|command| command.kind == CommandKind::Simple) {
        let Some(call) = crate::lint::az::AzCall::of(command) else { return Printed::Unknown };
        let is_plain = command.place == Place::TopLevel && !block.text(command.span).contains('>');
        match call.output() {
            Some(format) if is_plain && !call.is_open() => formats.push(format),
            _ => return Printed::Unknown,
        }
    }
    if formats.is_empty() {
        Printed::Unknown
    } else if formats.iter().all(|format| *format == "none") {
        Printed::Nothing("the step's commands say `--output none`")
    } else if formats.iter().all(|format| matches!(*format, "tsv" | "table" | "none")) {
        Printed::NoJson
    } else {
        Printed::Unknown
    }
}

fn contradiction(printed: Printed, expectation: &Expectation) -> Option<String> {
    let text = expectation.text.trim();
    match printed {
        Printed::Nothing(why) if !text.is_empty() && expectation.criterion != Criterion::Unmarked => {
            Some(format!("an output is expected, but {why}"))
        }
        Printed::NoJson if is_json(text) && !matches!(expectation.criterion, Criterion::Regex(_)) => {
            Some("JSON is expected, but the step's commands print tsv or a table".to_owned())
        }
        _ => None,
    }
}

/// An object or a list of several lines: `[1]` may be a value of a table.
fn is_json(text: &str) -> bool {
    (text.starts_with("{\n") && text.ends_with('}') || text.starts_with("[\n") && text.ends_with(']')) && text.contains("\": ")
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[track_caller]
    fn check(script: &str, expected: &str, finding: &[&str]) {
        let text = format!("```bash\n{script}\n```\n\n<!-- expected_similarity=0.3 -->\n```json\n{expected}\n```\n");
        let found = findings("contradicted-expectation", &text);
        assert_eq!(found.len(), finding.len(), "{script}: {found:?}");
        assert!(found.iter().zip(finding).all(|(found, part)| found.contains(part)), "{found:?}");
    }

    #[test]
    fn json_after_another_format_is_found() {
        check("az group show -n a -o tsv", "{\n  \"id\": \"a\"\n}", &["JSON is expected"]);
        check("az group show -n a --output=table", "{\n  \"id\": \"a\"\n}", &["JSON is expected"]);
        check("az group show -n a -o tsv", "/subscriptions/a", &[]);
        check("az group show -n a", "{\n  \"id\": \"a\"\n}", &[]);
        check("az group show -n a -o tsv\naz group show -n a", "{\n  \"id\": \"a\"\n}", &[]);
    }

    #[test]
    fn an_output_after_none_is_found() {
        check("az group create -n a -o none", "{\n  \"id\": \"a\"\n}", &["--output none"]);
        check("export A=$(az group list)\nB=1", "{\n  \"id\": \"a\"\n}", &["variables"]);
        check("az group create -n a -o none\necho done", "done", &[]);
        check("A=1 env", "A", &[]);
    }
}
