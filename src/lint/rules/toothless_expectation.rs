//! The check of an expected output passes for an error message, or for no output at all.
//!
//! A check that cannot fail proves nothing. That happens with a pattern such as `.*`, or with a threshold so low that any text is alike
//! enough. It is not guessed: the expectation is judged against a few errors of Azure, Kubernetes and bash, and against nothing, exactly as
//! a run would judge them. Raise the threshold, or name what must be there.
//!
//! Outputs that show an error themselves are left alone.

use crate::{
    lint::{document::Document, rule::Finding},
    runbook::Criterion,
    score,
};

/// What a step prints when it went wrong, and how that is told. Texts as the clients print them.
const FAILURES: [(&str, &str); 4] = [
    ("no output at all", ""),
    (
        "an error of Azure",
        "ERROR: (AuthorizationFailed) The client 'user@example.com' with object id '3f2504e0-4f89-11d3-9a0c-0305e82c3301' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourcegroups/read' over scope '/subscriptions/3f2504e0-4f89-11d3-9a0c-0305e82c3302' or the scope is invalid. If access was recently granted, please refresh your credentials.\nCode: AuthorizationFailed\n",
    ),
    ("an error of Kubernetes", "Error from server (NotFound): pods \"sample-pod\" not found\n"),
    ("an error of bash", "bash: line 1: kubectl: command not found\n"),
];

/// What JSON is left when a name is mistaken for what was asked for.
const NOTHINGS: [(&str, &str); 2] = [("an empty object", "{}"), ("an empty list", "[]")];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for expectation in document.blocks.iter().flat_map(|block| &block.step.expectations) {
        let shown = match &expectation.criterion {
            Criterion::Unmarked => continue,
            Criterion::Similarity(_) => expectation.text.to_lowercase(),
            Criterion::Regex(pattern) => pattern.to_lowercase(),
        };
        let is_error = ["error", "not found", "denied", "forbidden", "fail"].iter().any(|word| shown.contains(word));
        let is_empty = expectation.text.trim().is_empty() && !matches!(expectation.criterion, Criterion::Regex(_));
        // What is ignored may be all that there is.
        let is_cut = !expectation.comparison.ignore.is_empty();
        if is_error || is_empty || !is_cut && is_safe(&expectation.criterion, &expectation.text) {
            continue;
        }
        let failures = FAILURES.iter().chain(NOTHINGS.iter().filter(|_| is_cut));
        let passing = failures.into_iter().find(|(_, output)| score::judge(expectation, output.as_bytes()).passed);
        let Some((what, _)) = passing else { continue };
        let span = document.runbook.source.line_span(expectation.line);
        let hint = match &expectation.criterion {
            Criterion::Regex(_) => "name what the output must contain",
            _ if is_cut => "leave something to compare: ignore less, or raise the threshold",
            _ => "raise the threshold",
        };
        findings.push(Finding::new(span, format!("{what} would pass this check")).with_hint(hint));
    }
    findings
}

/// Whether judging can be spared: no error is JSON, and none is long enough to be alike to a long text.
fn is_safe(criterion: &Criterion, text: &str) -> bool {
    let Criterion::Similarity(threshold) = criterion else { return false };
    let is_json = text.trim_start().starts_with(['{', '[']);
    let longest = FAILURES.iter().map(|(_, output)| output.len()).max().unwrap_or(0);
    // A score is the share of the document's text that is found.
    *threshold > 0.0 && (is_json || text.len() as f64 * threshold > longest as f64)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[track_caller]
    fn check(criterion: &str, output: &str, expected: &[&str]) {
        let text = format!("```bash\naz group show -n a\n```\n\n<!-- expected_similarity={criterion} -->\n```\n{output}\n```\n");
        let found = findings("toothless-expectation", &text);
        assert_eq!(found.len(), expected.len(), "{criterion} {output}: {found:?}");
        assert!(found.iter().zip(expected).all(|(found, part)| found.contains(part)), "{found:?}");
    }

    #[test]
    fn checks_that_an_error_passes_are_found() {
        check("\".*\"", "a", &["no output at all would pass"]);
        check("\"[a-z]+\"", "a", &["an error of Azure would pass"]);
        check("0.8 ignore=*", "{\"name\": \"a\", \"state\": \"Succeeded\"}", &["an empty object would pass"]);
        check("0.8 ignore=name", "{\"name\": \"a\", \"state\": \"Succeeded\"}", &[]);
        check("0.0", "pod/a condition met", &["no output at all would pass"]);
    }

    #[test]
    fn checks_that_can_fail_are_no_finding() {
        check("\"provisioningState\"", "a", &[]);
        check("0.3", "{\n  \"name\": \"a\",\n  \"type\": \"Microsoft.Resources/resourceGroups\"\n}", &[]);
        check("0.8", "pod/a condition met", &[]);
        check("0.3", &"A long line of an output\n".repeat(1000), &[]);
        check("0.8", "Error from server (NotFound): pods \"a\" not found", &[]);
    }
}
