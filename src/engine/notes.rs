//! What is worth knowing about a step besides why it failed: latent defects, luck, what nobody looked at. Pure.

use std::collections::BTreeSet;

use crate::{
    bash::Script,
    diagnostic::Severity,
    engine::{
        cause::{Scene, Values},
        pointer,
        result::{CommandFailure, Note, StepResult, StepStatus},
        unseen::{Around, is_question},
        world::Observation,
    },
    runbook::Step,
    shell::{Outcome, Place},
};

/// Everything that notes are taken from.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) outcome: &'a Outcome,
    pub(crate) seen: &'a [Observation],
    pub(crate) stderr: &'a str,
    /// The command that made the step fail, if one did.
    pub(crate) failing: Option<&'a CommandFailure>,
}

/// What is worth knowing about the step that `result` is about, besides why it failed.
pub(crate) fn notes(ground: &Ground<'_>, result: &StepResult) -> Vec<Note> {
    let Ground { scene, outcome, seen, stderr, failing } = *ground;
    let step = &scene.runbook.steps[result.index];
    let mut notes = Vec::new();
    let mut note = |severity, code, line, message: String| notes.push(Note { severity, code, message, line });
    let script = &scene.scripts[result.index];
    let caused = result.caused_by.as_ref().and_then(|cause| cause.variable.clone());
    for used in scene.empty_uses().iter().filter(|used| Some(&used.name) != caused.as_ref() && used.assigned.is_none()) {
        let in_failing = failing.is_some_and(|failure| {
            same_statement(script, step, failure.line, used.line) || reaches(script, step, &used.name, failure.line)
        });
        let effect = if in_failing || result.status != StepStatus::Passed && failing.is_none() { "" } else { "; that had no effect here" };
        let hint = used.nearest.as_ref().map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
        note(Severity::Warning, "unset-variable", used.line, format!("{} is not set anywhere before this line{effect}{hint}", used.name));
    }
    for one in script.assignments().iter().filter(|one| one.is_capture && values_empty(scene.values, &one.name)) {
        let line = step.script_line + one.line;
        if caused.as_ref() != Some(&one.name) && outcome.stopped_at.as_ref().is_none_or(|stop| stop.line >= one.line) {
            note(
                Severity::Warning,
                "empty-capture",
                line,
                format!("{} is empty: the command inside the capture printed nothing", one.name),
            );
        }
    }
    if result.status == StepStatus::Failed
        && let Some(inner) = pointer::here_document_line(stderr)
        && let Some(failure) = failing
        && let Some(first) = here_document_at(script, failure.line.saturating_sub(step.script_line))
    {
        let line = step.script_line + first + inner - 1;
        let text = scene.runbook.source_of(step).line_text(line).trim();
        note(Severity::Advice, "input-line", line, format!("the error is about this line of the here-document: `{text}`"));
    }
    if let Some(bound) = outcome.exhausted {
        let line = failing.map_or(step.line, |failure| failure.line);
        note(Severity::Warning, "sandbox-limit", line, format!("a limit of the sandbox was met: {}", bound.sentence()));
    }
    for observation in seen {
        match observation {
            Observation::Luck(text) => note(Severity::Advice, "luck", step.line, text.clone()),
            Observation::Hint { text, .. } if result.status != StepStatus::Passed || result.caused_by.is_some() => {
                note(Severity::Advice, "explanation", step.line, text.clone());
            }
            Observation::Hint { about, text } => note(Severity::Advice, "explanation", step.line, format!("{about}: {text}")),
            Observation::ClientFailed { argv, status, message }
                if result.status == StepStatus::Passed
                    && outcome.masked.is_empty()
                    && step.directives.expect_exit.is_none()
                    && !is_question(argv) =>
            {
                let words = argv.iter().take(3).cloned().collect::<Vec<_>>().join(" ");
                let text = format!("`{words} …` ended with status {status} ({message}), and nothing looked at it");
                note(Severity::Warning, "unseen-failure", step.line, text);
            }
            _ => {}
        }
    }
    let around = Around { seen, stderr, scripts: scene.scripts };
    let unseen = outcome.masked.iter().filter(|failure| around.is_notable(failure));
    for failure in unseen.filter(|failure| failure.place != Place::Background && failure.place != Place::Capture) {
        let place = match failure.place {
            Place::Pipeline => " in a pipeline",
            Place::BeforeAnd => " left of `&&`",
            Place::ProcessSubstitution => " in a process substitution",
            Place::Subshell => " in a subshell",
            _ => "",
        };
        let command = failure.command.lines().next().unwrap_or_default();
        let text = format!("`{command}` ended with status {}{place}, and the block went on", failure.status);
        note(Severity::Warning, "unseen-failure", step.script_line + failure.line, text);
    }
    match &outcome.left_by {
        Some(left) if left.skips && result.exit_code == Some(0) => {
            let text = format!("`{}` ends the block here, so what stands behind it was not run", left.command);
            note(Severity::Warning, "ended-early", step.script_line + left.line, text);
        }
        None if outcome.shell_restarted && result.exit_code == Some(0) && outcome.stopped_at.is_none() => {
            let text = "something ended the shell with status 0 before the end of the block".to_owned();
            note(Severity::Warning, "ended-early", step.line, text);
        }
        _ => {}
    }
    if outcome.writers_left {
        note(
            Severity::Advice,
            "still-writing",
            step.line,
            "a background job can still write; what it writes later is not judged".to_owned(),
        );
    }
    notes
}

fn values_empty(values: &Values, name: &str) -> bool {
    values.get(name).is_some_and(String::is_empty)
}

fn same_statement(script: &Script, step: &Step, a: usize, b: usize) -> bool {
    let lines = |line: usize| script.statement_at(line.saturating_sub(step.script_line)).map(|statement| statement.line);
    lines(a).is_some() && lines(a) == lines(b)
}

/// Whether the statement at document line `line` uses `name`, or a variable whose text was made with it: `GROUP="rg-$SUFFIX"`.
fn reaches(script: &Script, step: &Step, name: &str, line: usize) -> bool {
    let mut made_with = BTreeSet::from([name]);
    for one in script.assignments().iter().filter(|one| !one.is_capture) {
        let Some(value) = one.value else { continue };
        let within = |used: &&crate::bash::Use| value.start <= used.span.start && used.span.end <= value.end;
        if script.uses().iter().filter(within).any(|used| made_with.contains(used.name.as_str())) {
            made_with.insert(&one.name);
        }
    }
    script
        .uses()
        .iter()
        .any(|used| made_with.contains(used.name.as_str()) && same_statement(script, step, step.script_line + used.line, line))
}

/// The 0-based script line of the first body line of the here-document that the statement at `line` reads.
fn here_document_at(script: &Script, line: usize) -> Option<usize> {
    let statement = script.statement_at(line)?;
    let found = script.here_documents().iter().find(|one| (statement.line..=statement.last_line).contains(&one.line))?;
    Some(found.line + 1)
}
