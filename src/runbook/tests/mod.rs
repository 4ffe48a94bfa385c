//! Whole documents in, an outline out: what is read, what binds to what, what is said about the rest.

mod binding;
mod bounds;
mod commonmark;
mod directives;
mod fences;
mod incumbent;
mod manual;
mod published;
mod sessions;
mod views;

use super::{Companions, Criterion, Runbook, Step, parse};
use crate::diagnostic::Diagnostic;

/// Parses a document and compares its outline.
///
/// A line for each step, `LINE ID TAG: SCRIPT`; indented below it one for each expectation, `LINE/FENCE_LINE TAG CRITERION: TEXT`; then
/// one for each diagnostic, `SEVERITY LINE CODE`.
#[track_caller]
fn check(markdown: &str, expected: &[&str]) {
    let (runbook, diagnostics) = read(markdown);
    assert_eq!(outline(&runbook, &diagnostics), expected, "{diagnostics:#?}");
}

fn read(markdown: &str) -> (Runbook, Vec<Diagnostic>) {
    parse("guide/a.md", markdown.as_bytes(), &Companions::default())
}

fn outline(runbook: &Runbook, diagnostics: &[Diagnostic]) -> Vec<String> {
    let steps = runbook.steps.iter().flat_map(outline_of_step);
    let findings = diagnostics.iter().map(|diagnostic| format!("{} {} {}", diagnostic.severity, diagnostic.line, diagnostic.code));
    steps.chain(findings).collect()
}

fn outline_of_step(step: &Step) -> Vec<String> {
    let mut lines = vec![format!("{} {} {}: {}", step.line, step.id, step.language, escape(&step.script))];
    for expectation in &step.expectations {
        let criterion = match &expectation.criterion {
            Criterion::Similarity(threshold) => threshold.to_string(),
            Criterion::Regex(pattern) => format!("/{pattern}/"),
            Criterion::Unmarked => "unmarked".to_owned(),
        };
        let language = if expectation.language.is_empty() { "-" } else { &expectation.language };
        lines.push(format!("  {}/{} {language} {criterion}: {}", expectation.line, expectation.fence_line, escape(&expectation.text)));
    }
    lines
}

/// Newlines only: letters of other scripts stay readable.
fn escape(text: &str) -> String {
    text.replace('\n', "\\n").replace('\t', "\\t")
}
