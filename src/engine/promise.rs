//! Failures that a document promises: kept exactly, or the runbook fails. Pure.

use crate::{
    engine::result::{RunbookStatus, StepResult, StepStatus},
    runbook::Runbook,
};

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
