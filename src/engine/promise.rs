//! Failures that a document promises: kept exactly, or the runbook fails. Pure.

use crate::{
    diagnostic::Diagnostic,
    engine::result::{RunbookStatus, StepResult, StepStatus},
    runbook::Runbook,
};

/// Blocks that never ran because of a slip in their tag: with them gone, what passed is not what the author wrote.
pub(crate) fn never_run(diagnostics: &[Diagnostic]) -> Vec<String> {
    let is_slip = |message: &str| {
        let tag = message.split('`').nth(1).unwrap_or_default().to_lowercase();
        let is_word = tag.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
        is_word && !OTHER_TAGS.contains(&tag.as_str()) && TAGS.iter().any(|known| strsim::osa_distance(&tag, known) == 1)
    };
    let near = diagnostics.iter().filter(|found| found.code == "near-miss-tag" && is_slip(&found.message));
    near.map(|found| {
        let hint = found.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("line {}: {}{hint}", found.line, found.message)
    })
    .collect()
}

/// The tags that slips are slips of; shorter ones have too many neighbours.
const TAGS: [&str; 6] = ["bash", "shell", "azurecli", "azurecli-interactive", "azurecli-init", "azure-cli"];

/// Words that are near an executable tag and mean something else.
const OTHER_TAGS: [&str; 7] = ["base", "dash", "ash", "cash", "hash", "shells", "mash"];

/// The runbook's status from its steps, with a sentence for everything that the steps alone do not say.
pub(crate) fn conclude(runbook: &Runbook, results: &[&StepResult], texts: &[String]) -> (RunbookStatus, Vec<String>) {
    let promised = &runbook.directives.expected_failures;
    let failed = |result: &StepResult| matches!(result.status, StepStatus::Failed | StepStatus::TimedOut);
    let incomplete = results.iter().any(|result| matches!(result.status, StepStatus::Unsupported | StepStatus::NotRun));
    if promised.is_empty() {
        let status = if results.iter().any(|result| failed(result)) {
            RunbookStatus::Failed
        } else if incomplete {
            RunbookStatus::Incomplete
        } else {
            RunbookStatus::Passed
        };
        return (status, Vec::new());
    }
    let mut reasons = Vec::new();
    let mut kept = Vec::new();
    let mut broken = false;
    for promise in promised {
        let Some(position) = results.iter().position(|result| runbook.steps[result.index].id == promise.step) else {
            let known = runbook.steps.iter().any(|step| step.id == promise.step);
            if !known {
                reasons.push(format!("line {}: the promised failure names `{}`, and no step is called that", promise.line, promise.step));
                broken = true;
            }
            continue;
        };
        let result = results[position];
        if result.status == StepStatus::Passed {
            reasons.push(format!("line {}: `{}` was promised to fail, and passed", promise.line, promise.step));
            broken = true;
        } else if failed(result) && !texts[position].contains(&promise.text) {
            reasons.push(format!("line {}: `{}` failed, but not with {:?}", promise.line, promise.step, promise.text));
            broken = true;
        } else if failed(result) {
            kept.push(result.index);
        }
    }
    for result in results.iter().filter(|result| failed(result) && !kept.contains(&result.index)) {
        let step = &runbook.steps[result.index];
        let follows = result.caused_by.as_ref().is_some_and(|cause| cause.step != result.index && kept.contains(&cause.step));
        if !follows && !promised.iter().any(|promise| promise.step == step.id) {
            reasons.push(format!("line {}: `{}` failed, and was not promised to", step.line, step.id));
            broken = true;
        }
    }
    if broken {
        return (RunbookStatus::Failed, reasons);
    }
    let promised_too = |result: &&&StepResult| result.caused_by.as_ref().is_none_or(|cause| !kept.contains(&cause.step));
    let lacking = |result: &&&StepResult| matches!(result.status, StepStatus::Unsupported | StepStatus::NotRun);
    if results.iter().filter(lacking).any(|result| promised_too(&result)) {
        return (RunbookStatus::Incomplete, reasons);
    }
    if !kept.is_empty() {
        reasons.push("it failed exactly as it says it must".to_owned());
    }
    (RunbookStatus::Passed, reasons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{Companions, parse};

    #[test]
    fn a_block_whose_tag_has_a_slip_was_meant_to_run() {
        for (tag, expected) in [("bsh", 1), ("azurecl", 1), ("bahs", 1), ("{bash}", 0), ("base", 0), ("bash,ignore", 0), ("yaml", 0)] {
            let (_, diagnostics) = parse("d.md", format!("```{tag}\necho a\n```\n").as_bytes(), &Companions::default());
            let found = never_run(&diagnostics);
            assert_eq!(found.len(), expected, "{tag}: {found:?}");
            assert!(found.iter().all(|said| said.starts_with("line 1: ")), "{found:?}");
        }
    }
}
