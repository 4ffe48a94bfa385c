//! An expected output does not pass its own check.
//!
//! The output that the document shows is judged as if a step had printed it. When even that fails, no output like it can pass: a name in
//! `ignore=` or `exact=` is misspelt, `as=json` stands above a text, or the pattern was written for another output than the one below it.
//! The message is the verdict that a run would give. For a pattern it is advice: what is shown may be a part of what is printed.

use crate::{
    lint::{document::Document, rule::Finding},
    runbook::{Comparison, Criterion},
    score,
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for expectation in document.blocks.iter().flat_map(|block| &block.step.expectations) {
        let is_pattern = matches!(expectation.criterion, Criterion::Regex(_));
        // By the usual rules a text is always like itself.
        let is_usual = !is_pattern && expectation.comparison == Comparison::default();
        // `vX.Y.Z` beside `v\d+` is for readers.
        let is_for_readers = is_pattern && ["<", "...", "X.Y", "x.y", "xx", "XX", "$"].iter().any(|gap| expectation.text.contains(gap));
        if is_usual || is_for_readers || expectation.text.trim().is_empty() {
            continue;
        }
        let verdict = score::judge(expectation, expectation.text.as_bytes());
        if verdict.passed {
            continue;
        }
        let span = document.runbook.source.line_span(expectation.line);
        if is_pattern {
            let finding = Finding::new(span, "the output that is shown does not match its own pattern");
            findings.push(finding.with_hint("correct the pattern, or show the output that it is for").advice());
        } else {
            let finding = Finding::new(span, format!("the output that is shown does not pass its own check: {}", verdict.reason));
            findings.push(finding.with_hint("correct what the comment says"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[track_caller]
    fn check(criterion: &str, output: &str, expected: &[&str]) {
        let text = format!("```bash\naz group show -n a\n```\n\n<!-- expected_similarity={criterion} -->\n```\n{output}\n```\n");
        let found = findings("self-failing-expectation", &text);
        assert_eq!(found.len(), expected.len(), "{criterion} {output}: {found:?}");
        assert!(found.iter().zip(expected).all(|(found, part)| found.contains(part)), "{found:?}");
    }

    #[test]
    fn checks_that_what_is_shown_fails_are_found() {
        check(
            "0.3 ignore=nmae",
            "{\"name\": \"a\"}",
            &["`ignore=nmae` names nothing in the output that the document shows; did you mean `name`?"],
        );
        check("0.3 as=json", "name: a", &["cannot be read as JSON"]);
        check("\"v1\\.\\d+\"", "v2.1", &["does not match its own pattern"]);
    }

    #[test]
    fn checks_that_what_is_shown_passes_are_no_finding() {
        check("0.3 ignore=name", "{\"name\": \"a\"}", &[]);
        check("1 exact", "a  <name>\n...", &[]);
        check("\"v\\d\"", "v2.1", &[]);
        check("\"v\\d+\\.\\d+\"", "vX.Y", &[]);
        check("0.3", "anything: at all", &[]);
    }
}
