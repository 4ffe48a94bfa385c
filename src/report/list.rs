//! What would run, as a table for people or as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use unicode_width::UnicodeWidthStr;

use crate::{
    diagnostic::{Diagnostic, Severity},
    report::{
        json::{criterion, diagnostic_value},
        wording,
    },
    runbook::{Choices, Criterion, Role, Runbook, Step},
};

/// A parsed document with what is wrong with it.
pub type Listed = (Runbook, Vec<Diagnostic>);

/// Writes `{"runbooks":[…]}`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_json(out: &mut dyn Write, runbooks: &[Listed]) -> io::Result<()> {
    let document = json!({ "runbooks": runbooks.iter().map(runbook_value).collect::<Vec<_>>() });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// Writes a line a step: where, which, and what is checked of it.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_table(out: &mut dyn Write, runbooks: &[Listed]) -> io::Result<()> {
    for (position, (runbook, diagnostics)) in runbooks.iter().enumerate() {
        if position > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}  {}", runbook.source.path(), runbook.title)?;
        for before in &runbook.before {
            let number = before.steps.len();
            writeln!(out, "  first {} ({number} step{})", before.source.path(), if number == 1 { "" } else { "s" })?;
        }
        let width = runbook.steps.iter().map(|step| step.id.width()).max().unwrap_or(0);
        for step in &runbook.steps {
            let pad = width - step.id.width();
            let mut checks = manner(step, &runbook.choices);
            checks.extend(step.expectations.iter().map(|expectation| check(&expectation.criterion)));
            let line = format!("  {:>5}  {}{}  {}", step.line, step.id, " ".repeat(pad), checks.join(", "));
            writeln!(out, "{}", line.trim_end())?;
        }
        if runbook.steps.is_empty() {
            writeln!(out, "  no executable block")?;
        }
        for severity in [Severity::Error, Severity::Warning] {
            let number = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
            if number > 0 {
                writeln!(out, "  {number} {severity}{}", if number == 1 { "" } else { "s" })?;
            }
        }
    }
    Ok(())
}

/// Whether, when and how a step runs, where that is not as usual.
fn manner(step: &Step, choices: &Choices) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(reason) = &step.directives.skip {
        words.push(if reason.is_empty() { "skipped".to_owned() } else { format!("skipped: {reason}") });
    }
    if !step.conditions.only.is_empty() {
        let targets: Vec<&str> = step.conditions.only.iter().map(|target| target.as_str()).collect();
        words.push(format!("only {}", targets.join(", ")));
    }
    if step.conditions.interactive {
        words.push("interactive".to_owned());
    }
    for place in &step.conditions.tabs {
        if let Some(tab) = choices.groups.get(place.group).and_then(|group| group.tabs.get(place.tab)) {
            words.push(format!("tab {}", tab.ids.join("+")));
        }
    }
    words.extend(step.conditions.zones.iter().map(|pivots| format!("zone {}", pivots.join(", "))));
    match step.directives.role {
        Role::Ordinary => {}
        Role::Setup => words.push("setup".to_owned()),
        Role::Cleanup => words.push("cleanup".to_owned()),
    }
    let said = &step.directives;
    words.extend(said.eventually.map(|within| format!("tried for {}", wording::duration(within))));
    words.extend(said.retry.map(|times| format!("tried again {}", wording::count(times as usize, "time", "times"))));
    if !said.needs.is_empty() {
        words.push(format!("needs {}", said.needs.join(", ")));
    }
    if !said.after.is_empty() {
        words.push(format!("after {}", said.after.join(", ")));
    }
    if step.directives.background.is_some() {
        words.push("in the background".to_owned());
    }
    words
}

fn check(criterion: &Criterion) -> String {
    match criterion {
        Criterion::Similarity(threshold) => format!("output at least {threshold} alike"),
        Criterion::Regex(pattern) => format!("output matches /{pattern}/"),
        Criterion::Unmarked => "output shown, not checked".to_owned(),
    }
}

fn runbook_value((runbook, diagnostics): &Listed) -> Value {
    json!({
        "path": runbook.source.path(),
        "title": runbook.title,
        "prerequisites": runbook.before.iter().map(|before| before.source.path()).collect::<Vec<_>>(),
        "diagnostics": diagnostics.iter().map(diagnostic_value).collect::<Vec<_>>(),
        "steps": runbook.steps.iter().map(|step| json!({
            "id": step.id,
            "heading": step.heading,
            "line": step.line,
            "language": step.language,
            "script": step.script,
            "executable": step.directives.skip.is_none(),
            "expectations": step.expectations.iter().map(|expectation| {
                let (kind, threshold) = criterion(&expectation.criterion);
                json!({
                    "line": expectation.line,
                    "language": expectation.language,
                    "kind": kind,
                    "threshold": threshold,
                    "regex": match &expectation.criterion { Criterion::Regex(pattern) => Some(pattern), _ => None },
                    "text": expectation.text,
                })
            }).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
