//! From what the shell says of a block to what it means for its step.

use std::time::Duration;

use crate::{
    diagnostic::Severity,
    engine::{
        access::Access,
        blocked::{blocked_by, pasteable},
        captured,
        cause::{Past, Scene, Values, expand},
        execute::{MaskedPolicy, Run, learnt},
        judge::{self, Printed},
        misused::Heard,
        nonsense::nonsense,
        notes::{Ground, notes},
        result::{BackgroundEnd, CommandFailure, Failure, Hider, Note, StepResult, StepStatus, Stream, TextDefect},
        shown::Author,
        suggest,
        unseen::Around,
        world::{Observation, World},
    },
    runbook::{ExitExpectation, Role, Step},
    shell::{Block, Captured, Defect, Ending, Outcome, Readiness, Session, ShellError},
};

/// Setting a variable takes no longer.
const EXPORT_TIME_MAX: Duration = Duration::from_secs(10);

/// A block that has ended.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// What the world saw meanwhile.
    pub(super) seen: Vec<Observation>,
    /// How long it was allowed to take.
    pub(super) timeout: Duration,
    /// How long the whole run may take, where that left no more time.
    pub(super) run_limit: Option<Duration>,
    /// How the wait for it ended, when it ran in the background.
    pub(super) background: Option<Readiness>,
}

impl Run<'_> {
    /// What a step's block comes to.
    pub(super) async fn assess<S: Session + Send>(
        &mut self,
        index: usize,
        ended: Ended,
        world: &mut dyn World,
        session: &mut S,
    ) -> Result<StepResult, ShellError> {
        let runbook = std::sync::Arc::clone(&self.job.runbook);
        let step = &runbook.steps[index];
        let Ended { outcome, seen, .. } = &ended;
        self.redactor.add_possible_secrets(world.secrets());
        let (stdout, stderr) = (self.stream(&outcome.stdout), self.stream(&outcome.stderr));
        let around = Around { seen, stderr: &stderr.text, scripts: &self.scripts };
        let hidden = |failure| Some(CommandFailure { hidden_by: Some(around.hider(failure)?), ..located(step, failure) });
        let masked: Vec<CommandFailure> = outcome.masked.iter().filter_map(hidden).collect();
        let mut result = StepResult {
            exit_code: match outcome.ending {
                Ending::Exited(code) => Some(code),
                _ => None,
            },
            duration: outcome.duration,
            attempts: 1,
            masked,
            accesses: seen.iter().filter_map(access).cloned().collect(),
            background: ended.background.map(|_| match outcome.ending {
                Ending::Exited(_) | Ending::Signaled(_) => BackgroundEnd::ByItself,
                _ => BackgroundEnd::Stopped,
            }),
            ..StepResult::not_run(index, StepStatus::Passed)
        };
        result.failures = self.failures(step, &ended, &stderr.text, &mut result);
        if result.failures.is_empty() && !step.directives.captures.is_empty() {
            result.failures = self.capture(step, outcome, session).await?;
        }
        let values = plain_values(session);
        self.redactor.learn_values(&runbook, learnt(self.job.options), &values);
        if result.failures.is_empty() {
            let before = self.before(index);
            let scene = self.scene(index, &before, &values);
            result.failures = scene.lost_parts();
            if step.directives.expect_exit.is_none() {
                result.failures.extend(scene.hollow_captures());
            }
        }
        let judging = &self.job.options.judging;
        if result.failures.iter().all(|failure| matches!(failure, Failure::Capture { .. } | Failure::Unset { .. })) {
            let author = Author { runbook: &runbook, is_settled: self.settled.get(index).copied().unwrap_or_default() };
            result.checks = judge::checks(step, Printed { stdout: &stdout, stderr: &stderr }, judging, &values, author);
            let failed = result.checks.iter().enumerate().filter(|(_, check)| !check.verdict.passed);
            result.failures.extend(failed.map(|(check, _)| Failure::Expectation(check)));
        } else {
            result.checks = judge::unjudged(step, judging);
        }
        self.conclude(step, outcome, seen, &values, &stderr.text, &mut result);
        result.stdout = stdout;
        result.stderr = stderr;
        self.note_made(index, &values, world.made());
        self.remember(Past {
            index,
            succeeded: result.status == StepStatus::Passed,
            root: result.caused_by.as_ref().map_or(index, |cause| cause.step),
            expanded: expand(&step.script, &values).to_lowercase(),
        });
        Ok(result)
    }

    /// Keeps in mind what became of a step, in place of what was thought before.
    pub(super) fn remember(&mut self, past: Past) {
        self.past.retain(|known| known.index != past.index);
        self.past.push(past);
    }

    fn stream(&self, captured: &Captured) -> Stream {
        let text = String::from_utf8_lossy(&captured.bytes);
        Stream { text: self.redactor.alias(&text), bytes: captured.total, truncated: captured.is_truncated() }
    }

    fn failures(&self, step: &Step, ended: &Ended, stderr: &str, result: &mut StepResult) -> Vec<Failure> {
        let Ended { outcome, timeout, run_limit, background, .. } = ended;
        let mut failures = Vec::new();
        let stopped_at = outcome.stopped_at.as_ref().map(|failure| located(step, failure));
        let expected = step.directives.expect_exit.unwrap_or(ExitExpectation::Status(0));
        match outcome.ending {
            // Said below, with what it should have printed.
            Ending::TimedOut if *background == Some(Readiness::TimedOut) => {}
            Ending::TimedOut => failures.push(run_limit.map_or(Failure::TimedOut(*timeout), Failure::RunTimedOut)),
            Ending::Interrupted => failures.push(Failure::Interrupted),
            Ending::Stopped => {}
            Ending::Signaled(signal) => {
                failures.push(Failure::Status { expected: exit_text(expected), actual: format!("signal {signal}") })
            }
            Ending::Exited(code) => {
                let met = match expected {
                    ExitExpectation::Any => true,
                    // A trap of the document's own can end a block that a failure has stopped with 0.
                    ExitExpectation::Status(0) => code == 0 && stopped_at.is_none(),
                    ExitExpectation::Status(wanted) => i32::from(wanted) == code,
                };
                if !met {
                    failures.push(match stopped_at {
                        Some(failure) => Failure::Command(failure),
                        None => Failure::Status { expected: exit_text(expected), actual: format!("status {code}") },
                    });
                }
            }
        }
        if let Some(defect) = &outcome.defect {
            failures.clear();
            failures.push(Failure::Text(match defect {
                Defect::Syntax { line } => {
                    TextDefect { line: step.script_line + line, what: "bash cannot read the block from here on".to_owned() }
                }
                Defect::Expression { line, message } => TextDefect {
                    line: step.script_line + line,
                    what: format!("bash could not compute an expression ({message}) and left the command out"),
                },
                Defect::Restricted => TextDefect {
                    line: step.line,
                    what: "the block takes from the shell what docent needs to go on with it (`set -r`, `enable -n`); the next step gets the shell as it was before".to_owned(),
                },
                Defect::OpenHereDocument { line, delimiter } => TextDefect {
                    line: step.script_line + line,
                    what: format!("the here-document that begins here never ends: no line says just `{delimiter}`"),
                },
            }));
        }
        let index = result.index;
        if failures.is_empty() && outcome.is_success() {
            failures.extend(nonsense(step, &self.scripts[index]).map(Failure::Text));
        }
        if failures.is_empty() && result.masked.is_empty() && self.job.options.masked != MaskedPolicy::Ignore {
            let heard =
                Heard { step, script: &self.scripts[index], seen: &ended.seen, stderr, scripts: &self.scripts, known: &outcome.masked };
            result.masked = heard.misused();
        }
        match self.job.options.masked {
            MaskedPolicy::Fail => failures.extend(result.masked.iter().cloned().map(Failure::Masked)),
            MaskedPolicy::Warn => result.notes.extend(result.masked.iter().map(|failure| Note {
                severity: Severity::Warning,
                code: "masked-failure",
                message: format!(
                    "`{}` ended with status {}{}",
                    failure.command,
                    failure.exit_code,
                    failure.hidden_by.map_or("", Hider::place)
                ),
                line: failure.line,
            })),
            MaskedPolicy::Ignore => {}
        }
        if let Some(text) = &step.directives.expect_stderr
            && !stderr.contains(text)
        {
            failures.push(Failure::StderrLacks(text.clone()));
        }
        let awaited = step.directives.background.as_ref().and_then(|background| background.ready.clone());
        if let (Some(text), Some(readiness @ (Readiness::Ended | Readiness::TimedOut))) = (awaited, *background) {
            failures.push(Failure::NotReady { text, waited: (readiness == Readiness::TimedOut).then_some(*timeout) });
        }
        failures
    }

    /// Sets the variables that a step hands on.
    async fn capture<S: Session + Send>(&mut self, step: &Step, outcome: &Outcome, session: &mut S) -> Result<Vec<Failure>, ShellError> {
        let mut failures = Vec::new();
        let output = outcome.stdout.text();
        for capture in &step.directives.captures {
            let value = if outcome.stdout.is_truncated() {
                Err(format!("it printed {} bytes, more than are kept", outcome.stdout.total))
            } else {
                captured::value(&capture.source, &output)
            };
            let taken = match value {
                Ok(value) => {
                    let script = captured::export(&capture.name, &value);
                    let insists = step.directives.role == Role::Cleanup;
                    let given = session.run(Block { script, timeout: EXPORT_TIME_MAX, insists, ..Block::default() }).await?;
                    if given.is_success() { Ok(()) } else { Err("the shell does not let it be set: it is readonly".to_owned()) }
                }
                Err(reason) => Err(reason),
            };
            if let Err(reason) = taken {
                failures.push(Failure::Capture { line: capture.line, name: capture.name.clone(), reason });
            }
        }
        Ok(failures)
    }

    /// Status, cause, notes and the next step.
    fn conclude(&self, step: &Step, outcome: &Outcome, seen: &[Observation], values: &Values, stderr: &str, result: &mut StepResult) {
        let failing = result.failures.iter().find_map(|failure| match failure {
            Failure::Command(failure) | Failure::Masked(failure) => Some(failure.clone()),
            _ => None,
        });
        result.status = match (&outcome.ending, result.failures.is_empty()) {
            (Ending::TimedOut, _) => StepStatus::TimedOut,
            // A step that was cut off has earned no verdict.
            (Ending::Interrupted, _) => StepStatus::NotRun,
            (_, true) => StepStatus::Passed,
            (_, false) => StepStatus::Failed,
        };
        if result.status == StepStatus::Failed {
            result.blocked_by = blocked_by(seen, failing.as_ref(), stderr, step, &self.scripts);
            if let Some(blocked) = result.blocked_by.as_mut() {
                blocked.workaround = pasteable(&blocked.workaround, self.job.runbook.source.path());
            }
            if result.blocked_by.is_some() {
                result.status = StepStatus::Unsupported;
            }
        }
        let before = self.before(result.index);
        let scene = self.scene(result.index, &before, values);
        if result.status == StepStatus::Failed {
            result.caused_by = scene.cause(failing.as_ref(), stderr).or_else(|| scene.unset(&result.failures));
        }
        // Cleaning up answers for itself: what is left behind is left behind whoever began it.
        if step.directives.role == Role::Cleanup
            && let Some(cause) = result.caused_by.take_if(|cause| cause.step != result.index)
        {
            let message = format!("{} (line {})", cause.reason, cause.line);
            result.notes.push(Note { severity: Severity::Advice, code: "explanation", message, line: step.line });
        }
        let ground = Ground { scene: &scene, outcome, seen, stderr, failing: failing.as_ref() };
        let notes = notes(&ground, result);
        result.notes.extend(notes);
        if result.status == StepStatus::Failed {
            result.notes.extend(self.dead_beside(step));
        }
        if matches!(result.status, StepStatus::Failed | StepStatus::TimedOut) {
            result.suggestion = suggest::next(&scene, step, result);
        }
    }

    fn scene<'s>(&'s self, index: usize, before: &'s [usize], values: &'s Values) -> Scene<'s> {
        let (scripts, given, past) = (&self.scripts, &self.given, &self.past);
        Scene { runbook: &self.job.runbook, scripts, index, before, values, given, past }
    }
}

/// A request that was answered meanwhile.
fn access(seen: &Observation) -> Option<&Access> {
    match seen {
        Observation::Access(access) => Some(access),
        _ => None,
    }
}

/// What the failures that a document promises are looked up in.
pub(super) fn promise_text(result: &StepResult) -> String {
    let mut text = format!("{}\n{}\n", result.stderr.text, result.stdout.text);
    for check in result.checks.iter().filter(|check| check.judged && !check.verdict.passed) {
        text.push_str(&check.verdict.reason);
        text.push('\n');
    }
    for note in &result.notes {
        text.push_str(&note.message);
        text.push('\n');
    }
    for failure in &result.failures {
        match failure {
            Failure::Status { actual: said, .. }
            | Failure::Capture { reason: said, .. }
            | Failure::NotReady { text: said, .. }
            | Failure::Stranger { reason: said, .. } => {
                text.push_str(said);
                text.push('\n');
            }
            _ => {}
        }
    }
    text
}

/// The values of the shell's variables.
pub(super) fn plain_values<S: Session>(session: &S) -> Values {
    session.variables().into_iter().filter_map(|(name, variable)| Some((name, variable.value?))).collect()
}

fn located(step: &Step, failure: &crate::shell::CommandFailure) -> CommandFailure {
    CommandFailure { line: step.script_line + failure.line, command: failure.command.clone(), exit_code: failure.status, hidden_by: None }
}

fn exit_text(expected: ExitExpectation) -> String {
    match expected {
        ExitExpectation::Status(code) => format!("status {code}"),
        ExitExpectation::Any => "any status".to_owned(),
    }
}
