//! The JSON report, schema `docent/report/1`: times are milliseconds, scores 0 to 1 or null, lines are document lines.

use std::{io::Write, sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

use crate::{
    diagnostic::Diagnostic,
    engine::{
        event::{Event, Listener, RunHeader, SandboxReport},
        result::{CommandFailure, Leftover, RunbookResult, RunbookStatus, StepResult, Totals},
    },
    report::wording,
    runbook::{Criterion, Runbook, Step},
};

/// Collects the run and writes one JSON document when it ends, interrupted runs included.
pub struct JsonReport<W> {
    out: W,
    started: std::time::Instant,
    header: Option<RunHeader>,
    runbooks: Vec<Entry>,
    error: Option<std::io::Error>,
}

#[derive(Default)]
struct Entry {
    document: Option<Arc<Runbook>>,
    target: Option<String>,
    sandbox: SandboxReport,
    path: String,
    steps: Vec<Arc<StepResult>>,
    result: Option<Arc<RunbookResult>>,
}

impl<W: Write + Send> JsonReport<W> {
    /// A report to `out`.
    pub fn new(out: W) -> Self {
        Self { out, started: std::time::Instant::now(), header: None, runbooks: Vec::new(), error: None }
    }

    /// What went wrong while writing, if anything did.
    pub fn take_error(&mut self) -> Option<std::io::Error> {
        self.error.take()
    }

    fn entry(&mut self, runbook: usize) -> &mut Entry {
        if self.runbooks.len() <= runbook {
            self.runbooks.resize_with(runbook + 1, Entry::default);
        }
        &mut self.runbooks[runbook]
    }

    fn write(&mut self, totals: &Totals, interrupted: bool) -> std::io::Result<()> {
        // In document order, whichever came to its end first.
        for entry in &mut self.runbooks {
            entry.steps.sort_by_key(|step| step.index);
        }
        let report = self.report(totals, interrupted);
        serde_json::to_writer_pretty(&mut self.out, &report)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }

    fn report(&self, totals: &Totals, interrupted: bool) -> Value {
        let header = self.header.as_ref();
        let mut targets: Vec<&str> = self.runbooks.iter().filter_map(|entry| entry.target.as_deref()).collect();
        targets.dedup();
        let target = match targets.as_slice() {
            [one] => one,
            _ => header.map_or("auto", |header| &header.target),
        };
        json!({
            "schema": "docent/report/1",
            "docent": header.map(|header| header.version),
            "target": target,
            "azure": header.and_then(|header| header.azure.clone()).filter(|_| targets.contains(&"embedded")),
            "seed": header.map(|header| header.seed),
            "started": header.map(|header| header.started.clone()),
            "loosened": header.map(|header| header.loosened.clone()),
            "duration_ms": milliseconds(self.started.elapsed()),
            "interrupted": interrupted,
            "totals": totals_value(totals),
            "runbooks": self.runbooks.iter().map(runbook_value).collect::<Vec<_>>(),
        })
    }
}

impl<W: Write + Send> Listener for JsonReport<W> {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::RunStarted(header) => self.header = Some(header.clone()),
            Event::RunbookStarted { runbook, document, target, sandbox, .. } => {
                let (document, target, sandbox) = (Arc::clone(document), target.clone(), sandbox.clone());
                let entry = self.entry(*runbook);
                entry.path = document.source.path().to_owned();
                entry.document = Some(document);
                entry.target = Some(target);
                entry.sandbox = sandbox;
            }
            Event::StepStarted { .. } | Event::StepTriedAgain { .. } | Event::StepInBackground { .. } => {}
            Event::StepFinished { runbook, result } => {
                let result = Arc::clone(result);
                self.entry(*runbook).steps.push(result);
            }
            Event::RunbookFinished { runbook, path, result } => {
                let (path, result) = (path.clone(), Arc::clone(result));
                let entry = self.entry(*runbook);
                entry.path = path;
                entry.result = Some(result);
            }
            Event::RunFinished { totals, interrupted } => self.error = self.write(totals, *interrupted).err(),
        }
    }
}

fn runbook_value(entry: &Entry) -> Value {
    let document = entry.document.as_deref();
    let result = entry.result.as_deref();
    let status = result.map_or(RunbookStatus::Incomplete, |result| result.status);
    let variables: Map<String, Value> =
        result.map(|result| result.variables.iter().map(|(name, value)| (name.clone(), json!(value))).collect()).unwrap_or_default();
    json!({
        "path": entry.path,
        "title": document.map(|document| document.title.clone()),
        "status": wording::runbook_status(status),
        "reasons": result.map(|result| result.reasons.clone()).unwrap_or_default(),
        "duration_ms": milliseconds(result.map_or(Duration::ZERO, |result| result.duration)),
        "properties": document.map(|document| document.properties.clone()).unwrap_or_default(),
        "sandbox": sandbox_value(&entry.sandbox),
        "variables": variables,
        "diagnostics": result.map(|result| result.diagnostics.iter().map(diagnostic_value).collect::<Vec<_>>()).unwrap_or_default(),
        "leftovers": result.map(|result| result.leftovers.iter().map(|one| leftover_value(document, one)).collect::<Vec<_>>()).unwrap_or_default(),
        "steps": document.map(|document| entry.steps.iter().map(|step| step_value(document, step)).collect::<Vec<_>>()).unwrap_or_default(),
    })
}

fn leftover_value(document: Option<&Runbook>, leftover: &Leftover) -> Value {
    let step = leftover.step.and_then(|index| document?.steps.get(index));
    json!({
        "kind": leftover.kind,
        "name": leftover.name,
        "step": step.map(|step| step.id.clone()),
        "line": leftover.line,
        "removed": leftover.removed,
        "reason": leftover.reason,
        "stays": leftover.stays,
    })
}

fn sandbox_value(sandbox: &SandboxReport) -> Value {
    json!({
        "asked": sandbox.asked,
        "denies_network": sandbox.denies_network,
        "denies_secrets": sandbox.denies_secrets,
        "layers": sandbox.layers.iter().map(|layer| json!({ "name": layer.name, "holds": layer.holds, "detail": layer.detail })).collect::<Vec<_>>(),
    })
}

fn step_value(document: &Runbook, result: &StepResult) -> Value {
    let step: &Step = &document.steps[result.index];
    let mut value = json!({
        "id": step.id,
        "heading": step.heading,
        "line": step.line,
        "language": step.language,
        "script": result.script,
        "role": wording::role(step.directives.role),
        "background": result.background.map(wording::background),
        "status": wording::step_status(result.status),
        "exit_code": result.exit_code,
        "stdout": result.stdout.text,
        "stderr": result.stderr.text,
        "stdout_bytes": result.stdout.bytes,
        "stderr_bytes": result.stderr.bytes,
        "duration_ms": milliseconds(result.duration),
        "attempts": result.attempts,
        "flaky": result.flaky,
        "earlier_attempts": result.earlier.iter().map(|attempt| json!({
            "attempt": attempt.attempts,
            "status": wording::step_status(attempt.status),
            "exit_code": attempt.exit_code,
            "duration_ms": milliseconds(attempt.duration),
            "reasons": attempt.failures.iter().map(|failure| wording::failure(document, attempt, failure)).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "expectations": result.checks.iter().map(|check| {
            let (kind, threshold) = criterion(&check.criterion);
            json!({
                "line": check.line,
                "kind": kind,
                "threshold": threshold,
                "score": check.verdict.score,
                "ie_score": check.verdict.ie_score,
                "passed": check.verdict.passed,
                "reason": check.verdict.reason,
                "costs": check.verdict.costs.iter().map(|cost| json!({
                    "path": cost.path, "expected": cost.expected, "actual": cost.actual, "cost": cost.cost,
                })).collect::<Vec<_>>(),
            })
        }).collect::<Vec<_>>(),
        "masked_failures": result.masked.iter().map(command_value).collect::<Vec<_>>(),
        "reasons": result.failures.iter().map(|failure| wording::failure(document, result, failure)).collect::<Vec<_>>(),
        "diagnostics": result.notes.iter().map(|note| json!({
            "severity": note.severity.to_string(), "code": note.code, "message": note.message, "line": note.line,
        })).collect::<Vec<_>>(),
        "blocked_by": result.blocked_by.as_ref().map(|blocked| json!({
            "what": blocked.what, "kind": blocked.kind, "workaround": blocked.workaround,
        })),
        "caused_by": result.caused_by.as_ref().map(|cause| json!({
            "step": document.steps.get(cause.step).map(|step| step.id.clone()),
            "line": cause.line,
            "variable": cause.variable,
            "reason": cause.reason,
        })),
        "suggestion": result.suggestion,
    });
    // Its lines are those of the document that it stands in.
    if let Some(source) = &step.document {
        value["document"] = source.path().into();
    }
    value
}

/// The name and the threshold of a criterion, as reports and lists print them.
pub(crate) fn criterion(criterion: &Criterion) -> (&'static str, Option<f64>) {
    match criterion {
        Criterion::Similarity(threshold) => ("similarity", Some(*threshold)),
        Criterion::Regex(_) => ("regex", None),
        Criterion::Unmarked => ("unmarked", None),
    }
}

/// A diagnostic as reports and lists print it.
pub(crate) fn diagnostic_value(diagnostic: &Diagnostic) -> Value {
    json!({
        "severity": diagnostic.severity.to_string(),
        "code": diagnostic.code,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "line": diagnostic.line,
        "column": diagnostic.column,
    })
}

fn command_value(failure: &CommandFailure) -> Value {
    json!({ "line": failure.line, "command": failure.command, "exit_code": failure.exit_code })
}

fn totals_value(totals: &Totals) -> Value {
    json!({
        "runbooks": totals.runbooks,
        "passed": totals.passed,
        "failed": totals.failed,
        "incomplete": totals.incomplete,
        "unreadable": totals.unreadable,
        "steps": totals.steps,
        "steps_passed": totals.steps_passed,
        "steps_failed": totals.steps_failed,
        "steps_timed_out": totals.steps_timed_out,
        "steps_unsupported": totals.steps_unsupported,
        "steps_skipped": totals.steps_skipped,
        "steps_not_run": totals.steps_not_run,
        "steps_flaky": totals.steps_flaky,
        "outputs_checked": totals.outputs_checked,
        "outputs_unchecked": totals.outputs_unchecked,
    })
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
