//! Several commands of a step print JSON, and the document shows the JSON of one.
//!
//! docent compares the expected output with the document of the stream that is most like it, so the others are not checked at all; other
//! tools take both for one broken JSON document and fail. Give each command a step of its own, silence the others (`--output none`), or show
//! all outputs below the step, each with its own `expected_similarity`.

use crate::{
    bash::{CommandKind, Place},
    lint::{
        document::{Block, Document},
        rule::Finding,
    },
    runbook::Criterion,
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        let mut marked = block.step.expectations.iter().filter(|expectation| matches!(expectation.criterion, Criterion::Similarity(_)));
        let (Some(expectation), None) = (marked.next(), marked.next()) else { continue };
        let text = expectation.text.trim();
        // Several documents may be shown in one fence.
        let is_one = serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_object() || value.is_array());
        let printing = printing(block);
        if is_one && printing.len() > 1 {
            let span = document.runbook.source.line_span(expectation.line);
            let message =
                format!("one JSON document is expected of {} commands that print one each: {}", printing.len(), printing.join(", "));
            findings.push(
                Finding::new(span, message).with_hint("give each command a step of its own, or silence the others with `--output none`"),
            );
        }
    }
    findings
}

/// The commands of the block that surely print JSON, by name.
fn printing(block: &Block<'_>) -> Vec<String> {
    let is_plain =
        |index: &crate::bash::Command| index.place == Place::TopLevel && !index.in_function && !block.text(index.span).contains('>');
    if block.script.commands().iter().any(|command| command.kind == CommandKind::Compound) {
        return Vec::new();
    }
    let calls = block.az_calls().filter(|call| is_plain(call.command) && !call.is_open());
    let printing = calls.filter_map(|call| {
        let known = call.known()?;
        let verb = known.name.rsplit(' ').next()?.to_owned();
        let is_json = call.output().is_none_or(|format| format.to_lowercase().starts_with("json"));
        let is_whole =
            !call.arguments.iter().any(|word| matches!(word.text.split('=').next(), Some("--query" | "--no-wait" | "--help" | "-h")));
        (matches!(verb.as_str(), "create" | "show" | "list" | "update") && is_json && is_whole).then(|| format!("`az {}`", known.name))
    });
    printing.collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    const CODE: &str = "shared-expectation";

    fn document(script: &str, outputs: usize) -> String {
        let output = "<!-- expected_similarity=0.5 -->\n```json\n{\n  \"name\": \"a\"\n}\n```\n\n";
        format!("```bash\n{script}\n```\n\n{}", output.repeat(outputs))
    }

    #[test]
    fn one_output_of_two_commands_is_found() {
        let found = findings(CODE, &document("az group create -n a -l b\naz vm create -g a -n b", 1));
        assert_eq!(found, ["6: one JSON document is expected of 2 commands that print one each: `az group create`, `az vm create`"]);
    }

    #[test]
    fn an_output_each_silence_and_other_commands_are_no_finding() {
        let two = "az group create -n a -l b\naz vm create -g a -n b";
        assert!(findings(CODE, &document(two, 2)).is_empty());
        assert!(findings(CODE, &document(&format!("{two} -o none"), 1)).is_empty());
        assert!(findings(CODE, &document("az group create -n a -l b >x\nID=$(az vm show -g a -n b)\naz vm show -g a -n b", 1)).is_empty());
        assert!(findings(CODE, &document("az group create -n a -l b\naz group delete -n a --yes", 1)).is_empty());
    }
}
