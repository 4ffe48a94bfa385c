//! The loop: one runbook, step by step, in one shell.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    bash::Script,
    diagnostic::{Diagnostic, Severity},
    engine::{
        blocked::{Lacking, blocked_by},
        cause::{Past, Scene, Values, expand},
        event::{Event, Listener},
        judge::{self, Judging},
        notes::{Ground, fails_unseen, notes},
        plan::{Fate, Plan},
        promise,
        redact::{Redactor, is_secret_name},
        result::{Cause, CommandFailure, Failure, Note, RunbookResult, RunbookStatus, StepResult, StepStatus, Stream, TextDefect},
        suggest,
        world::{Observation, World},
    },
    runbook::{ExitExpectation, Runbook, Step},
    shell::{Block, Captured, Defect, Ending, Interrupt, Outcome, Session, ShellError},
};

/// Virtual time that passes between two steps: about what a reader takes to paste the next block.
const STEP_BOUNDARY: Duration = Duration::from_secs(10);

/// What holds for every step of a run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Wall time of steps that say nothing themselves.
    pub timeout: Duration,
    /// What a failure inside a capture is worth.
    pub masked: MaskedPolicy,
    /// How outputs are judged.
    pub judging: Judging,
    /// Whether later steps are left out after a failure.
    pub fail_fast: bool,
    /// Variables given from outside; they win over the document's assignments.
    pub variables: Vec<(String, String)>,
}

/// What a command that fails inside a capture is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaskedPolicy {
    /// The step fails.
    #[default]
    Fail,
    /// It is reported as a note.
    Warn,
    /// It is not mentioned.
    Ignore,
}

/// One runbook, ready to run.
pub struct Job<'a> {
    /// Its position in the run.
    pub position: usize,
    /// The document.
    pub runbook: Arc<Runbook>,
    /// Its diagnostics; none of severity error.
    pub diagnostics: Vec<Diagnostic>,
    /// Which steps run.
    pub plan: Plan,
    /// What holds for every step.
    pub options: &'a RunOptions,
    /// Names under which paths of this run are printed.
    pub aliases: Vec<(String, String)>,
    /// Raised by Ctrl-C.
    pub interrupt: Interrupt,
}

/// Runs `job` in `session` and tells `listener`; the shell is stopped at the end.
///
/// # Errors
/// When the shell cannot do its work; the steps told so far stand.
pub async fn run<S: Session + Send>(
    job: Job<'_>,
    world: &mut dyn World,
    session: &mut S,
    listener: &mut dyn Listener,
) -> Result<Arc<RunbookResult>, ShellError> {
    let started = Instant::now();
    let mut run = Run::new(job, world);
    let ended = run.steps(world, session, listener).await;
    let variables = run.printable_variables(&session.variables());
    let stopped = session.stop().await;
    ended?;
    stopped?;
    let results: Vec<&StepResult> = run.results.iter().map(AsRef::as_ref).collect();
    let (status, reasons) = promise::conclude(&run.job.runbook, &results, &run.texts);
    let result =
        Arc::new(RunbookResult { status, reasons, duration: started.elapsed(), variables, diagnostics: run.job.diagnostics.clone() });
    listener.hear(&Event::RunbookFinished {
        runbook: run.job.position,
        path: run.job.runbook.source.path().to_owned(),
        result: Arc::clone(&result),
    });
    Ok(result)
}

/// A runbook that is not run because of what is wrong with it.
pub fn unreadable(
    position: usize,
    path: &str,
    diagnostics: Vec<Diagnostic>,
    reasons: Vec<String>,
    listener: &mut dyn Listener,
) -> Arc<RunbookResult> {
    let result = Arc::new(RunbookResult {
        status: RunbookStatus::Unreadable,
        reasons,
        duration: Duration::ZERO,
        variables: Vec::new(),
        diagnostics,
    });
    listener.hear(&Event::RunbookFinished { runbook: position, path: path.to_owned(), result: Arc::clone(&result) });
    result
}

struct Run<'a> {
    job: Job<'a>,
    scripts: Vec<Script>,
    given: BTreeSet<String>,
    redactor: Redactor,
    results: Vec<Arc<StepResult>>,
    /// What each result's promises are looked up in: messages and output.
    texts: Vec<String>,
    past: Vec<Past>,
}

impl<'a> Run<'a> {
    fn new(job: Job<'a>, world: &dyn World) -> Self {
        let scripts = job.runbook.steps.iter().map(|step| Script::parse(&step.script)).collect();
        let mut given: BTreeSet<String> = world.environment().into_iter().map(|(name, _)| name).collect();
        given.extend(job.options.variables.iter().map(|(name, _)| name.clone()));
        given.extend(job.runbook.variables.iter().map(|variable| variable.name.clone()));
        let mut aliases = job.aliases.clone();
        aliases.extend(world.aliases());
        Self { job, scripts, given, redactor: Redactor::new(aliases), results: Vec::new(), texts: Vec::new(), past: Vec::new() }
    }

    async fn steps<S: Session + Send>(
        &mut self,
        world: &mut dyn World,
        session: &mut S,
        listener: &mut dyn Listener,
    ) -> Result<(), ShellError> {
        let mut stopped = false;
        for index in 0..self.job.runbook.steps.len() {
            let fate = self.job.plan.fates[index];
            let result = match fate {
                Fate::Leave => continue,
                Fate::Skip => StepResult::not_run(index, StepStatus::Skipped),
                _ if stopped => StepResult::not_run(index, StepStatus::NotRun),
                _ => {
                    if let Some(cause) = self.missing_prerequisite(index, session) {
                        StepResult { caused_by: Some(cause), ..StepResult::not_run(index, StepStatus::NotRun) }
                    } else {
                        if fate == Fate::Run {
                            listener.hear(&Event::StepStarted { runbook: self.job.position, step: index });
                        }
                        let result = self.step(index, world, session).await?;
                        world.timekeeper().pass(STEP_BOUNDARY);
                        result
                    }
                }
            };
            stopped |= self.job.interrupt.is_raised()
                || (self.job.options.fail_fast && matches!(result.status, StepStatus::Failed | StepStatus::TimedOut));
            if fate == Fate::Prerequisite && matches!(result.status, StepStatus::Passed | StepStatus::NotRun) && result.caused_by.is_none()
            {
                continue;
            }
            let text = self.promise_text(&result);
            let result = Arc::new(result);
            listener.hear(&Event::StepFinished { runbook: self.job.position, result: Arc::clone(&result) });
            self.texts.push(text);
            self.results.push(result);
        }
        Ok(())
    }

    /// What a step that could not be run would have set or made, and that this one needs.
    fn missing_prerequisite<S: Session>(&self, index: usize, session: &S) -> Option<Cause> {
        let lacking: Vec<&StepResult> = self
            .results
            .iter()
            .map(AsRef::as_ref)
            .filter(|result| {
                result.status == StepStatus::Unsupported || (result.status == StepStatus::NotRun && result.caused_by.is_some())
            })
            .collect();
        if lacking.is_empty() {
            return None;
        }
        let values = plain_values(session);
        let ground = Lacking { runbook: &self.job.runbook, scripts: &self.scripts, past: &self.past, values: &values };
        lacking.into_iter().find_map(|result| ground.cause(result, index))
    }

    async fn step<S: Session + Send>(&mut self, index: usize, world: &mut dyn World, session: &mut S) -> Result<StepResult, ShellError> {
        let runbook = Arc::clone(&self.job.runbook);
        let step = &runbook.steps[index];
        let timeout = step.directives.timeout.or(runbook.directives.timeout).unwrap_or(self.job.options.timeout);
        let script =
            self.job.options.variables.iter().fold(step.script.clone(), |script, (name, value)| {
                crate::bash::substitute_assignment(&script, name, value).unwrap_or(script)
            });
        let outcome = session.run(Block { script, timeout }).await?;
        let seen = world.observe();
        let values = plain_values(session);
        self.redactor.add_secrets(world.secrets());
        self.redactor.add_secrets(self.secret_values(step, &values));
        let (stdout, stderr) = (self.stream(&outcome.stdout), self.stream(&outcome.stderr));
        let masked: Vec<CommandFailure> =
            outcome.masked.iter().filter(|failure| fails_unseen(failure, &seen)).map(|failure| located(step, failure)).collect();
        let mut result = StepResult {
            exit_code: match outcome.ending {
                Ending::Exited(code) => Some(code),
                _ => None,
            },
            duration: outcome.duration,
            attempts: 1,
            masked,
            ..StepResult::not_run(index, StepStatus::Passed)
        };
        result.failures = self.failures(step, &outcome, &stderr.text, timeout, &mut result);
        let judging = &self.job.options.judging;
        if result.failures.is_empty() {
            result.checks = judge::checks(step, &stdout, judging, &values);
            let failed = result.checks.iter().enumerate().filter(|(_, check)| !check.verdict.passed);
            result.failures = failed.map(|(check, _)| Failure::Expectation(check)).collect();
        } else {
            result.checks = judge::unjudged(step, judging);
        }
        self.conclude(step, &outcome, &seen, &values, &stderr.text, &mut result);
        result.stdout = Stream { text: self.redactor.mask(&stdout.text), ..stdout };
        result.stderr = Stream { text: self.redactor.mask(&stderr.text), ..stderr };
        self.past.push(Past {
            index,
            succeeded: result.status == StepStatus::Passed,
            root: result.caused_by.as_ref().map_or(index, |cause| cause.step),
            expanded: expand(&step.script, &values).to_lowercase(),
        });
        Ok(self.redacted(result))
    }

    fn stream(&self, captured: &Captured) -> Stream {
        let text = String::from_utf8_lossy(&captured.bytes);
        Stream { text: self.redactor.alias(&text), bytes: captured.total, truncated: captured.is_truncated() }
    }

    fn secret_values(&self, step: &Step, values: &Values) -> Vec<String> {
        let named = self.job.runbook.directives.secrets.iter().chain(&step.directives.secrets);
        named.filter_map(|name| values.get(name).cloned()).collect()
    }

    fn failures(&self, step: &Step, outcome: &Outcome, stderr: &str, timeout: Duration, result: &mut StepResult) -> Vec<Failure> {
        let mut failures = Vec::new();
        let stopped_at = outcome.stopped_at.as_ref().map(|failure| located(step, failure));
        let expected = step.directives.expect_exit.unwrap_or(ExitExpectation::Status(0));
        match outcome.ending {
            Ending::TimedOut => failures.push(Failure::TimedOut(timeout)),
            Ending::Interrupted => failures.push(Failure::Interrupted),
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
                Defect::OpenHereDocument { line, delimiter } => TextDefect {
                    line: step.script_line + line,
                    what: format!("the here-document that begins here never ends: no line says just `{delimiter}`"),
                },
            }));
        }
        match self.job.options.masked {
            MaskedPolicy::Fail => failures.extend(result.masked.iter().cloned().map(Failure::Masked)),
            MaskedPolicy::Warn => result.notes.extend(result.masked.iter().map(|failure| Note {
                severity: Severity::Warning,
                code: "masked-failure",
                message: format!("`{}` ended with status {} inside a capture", failure.command, failure.exit_code),
                line: failure.line,
            })),
            MaskedPolicy::Ignore => {}
        }
        if let Some(text) = &step.directives.expect_stderr
            && !stderr.contains(text)
        {
            failures.push(Failure::StderrLacks(text.clone()));
        }
        failures
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
            result.blocked_by = blocked_by(seen, failing.as_ref(), stderr);
            // An option alone cannot be pasted.
            if let Some(blocked) = result.blocked_by.as_mut().filter(|blocked| blocked.workaround.starts_with("--")) {
                blocked.workaround = format!("docent test {} {}", self.job.runbook.source.path(), blocked.workaround);
            }
            if result.blocked_by.is_some() {
                result.status = StepStatus::Unsupported;
            }
        }
        let scene =
            Scene { runbook: &self.job.runbook, scripts: &self.scripts, index: result.index, values, given: &self.given, past: &self.past };
        if result.status == StepStatus::Failed {
            result.caused_by = scene.cause(failing.as_ref(), stderr);
        }
        let ground = Ground { scene: &scene, outcome, seen, stderr, failing: failing.as_ref() };
        let notes = notes(&ground, result);
        result.notes.extend(notes);
        if matches!(result.status, StepStatus::Failed | StepStatus::TimedOut) {
            result.suggestion = suggest::next(&scene, step, result);
        }
    }

    /// The result without secrets in what was said about it.
    fn redacted(&self, mut result: StepResult) -> StepResult {
        let mask = |text: &mut String| *text = self.redactor.mask(&self.redactor.alias(text));
        for check in &mut result.checks {
            mask(&mut check.verdict.reason);
            for cost in &mut check.verdict.costs {
                mask(&mut cost.actual);
                mask(&mut cost.expected);
            }
        }
        result.notes.iter_mut().for_each(|note| mask(&mut note.message));
        if let Some(suggestion) = &mut result.suggestion {
            mask(suggestion);
        }
        result
    }

    fn promise_text(&self, result: &StepResult) -> String {
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
            if let Failure::Status { actual, .. } = failure {
                text.push_str(actual);
                text.push('\n');
            }
        }
        text
    }

    fn printable_variables(&self, variables: &crate::shell::Variables) -> Vec<(String, String)> {
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        let assigned: BTreeSet<&str> = self.scripts.iter().flat_map(|script| script.assignments()).map(|one| one.name.as_str()).collect();
        let secret: BTreeSet<&str> = self
            .job
            .runbook
            .steps
            .iter()
            .flat_map(|step| &step.directives.secrets)
            .chain(&self.job.runbook.directives.secrets)
            .map(String::as_str)
            .collect();
        for (name, variable) in variables {
            let Some(value) = &variable.value else { continue };
            if assigned.contains(name.as_str()) && !is_secret_name(name) && !secret.contains(name.as_str()) {
                own.insert(name.clone(), self.redactor.mask(&self.redactor.alias(value)));
            }
        }
        own.into_iter().collect()
    }
}

fn plain_values<S: Session>(session: &S) -> Values {
    session.variables().into_iter().filter_map(|(name, variable)| Some((name, variable.value?))).collect()
}

fn located(step: &Step, failure: &crate::shell::CommandFailure) -> CommandFailure {
    CommandFailure { line: step.script_line + failure.line, command: failure.command.clone(), exit_code: failure.status }
}

fn exit_text(expected: ExitExpectation) -> String {
    match expected {
        ExitExpectation::Status(code) => format!("status {code}"),
        ExitExpectation::Any => "any status".to_owned(),
    }
}
