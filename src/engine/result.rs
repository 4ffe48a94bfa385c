//! What a run found: the values that events carry and reports print.

use std::time::Duration;

use crate::{
    diagnostic::{Diagnostic, Severity},
    engine::access::Access,
    runbook::Criterion,
    score::Verdict,
};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepStatus {
    /// Its status was the expected one, nothing failed unseen, and its expectations held.
    Passed,
    /// It ran, and the document is wrong.
    Failed,
    /// It did not end in time; nothing of it is left running.
    TimedOut,
    /// docent, or this machine, lacks something that it needs.
    Unsupported,
    /// The document says not to run it.
    Skipped,
    /// Something before it kept it from being run.
    NotRun,
}

/// How a runbook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunbookStatus {
    /// Every step passed, or failed exactly as the document promised.
    Passed,
    /// A step failed, or a promised failure did not happen.
    Failed,
    /// Nothing failed, but something could not be run.
    Incomplete,
    /// It could not be read, or a diagnostic of severity error kept it from being run.
    Unreadable,
}

/// One finished step.
#[derive(Debug, Clone)]
pub struct StepResult {
    /// Index of the step in its runbook.
    pub index: usize,
    /// How it ended.
    pub status: StepStatus,
    /// Its script as it may be shown: secrets masked.
    pub script: String,
    /// The block's exit status; none when it was not run, was killed or timed out.
    pub exit_code: Option<i32>,
    /// What it wrote, secrets masked, as far as it was kept.
    pub stdout: Stream,
    /// The same of standard error.
    pub stderr: Stream,
    /// Wall time.
    pub duration: Duration,
    /// How often it was run; 0 when it was not.
    pub attempts: u32,
    /// The attempts before the last one, as many as are kept, without what they printed.
    pub earlier: Vec<StepResult>,
    /// It failed, and passed when it was tried again.
    pub flaky: bool,
    /// One entry an expectation, in document order; empty when it did not get that far.
    pub checks: Vec<Check>,
    /// Failed commands whose status bash discarded.
    pub masked: Vec<CommandFailure>,
    /// Why it failed, most telling first; empty when it did not.
    pub failures: Vec<Failure>,
    /// What else is worth knowing: latent defects, luck, late output.
    pub notes: Vec<Note>,
    /// What was lacking, when unsupported.
    pub blocked_by: Option<BlockedBy>,
    /// What made it fail or kept it from running, when that lies elsewhere.
    pub caused_by: Option<Cause>,
    /// A line to paste for the next step, when there is one.
    pub suggestion: Option<String>,
    /// How it ended, when it ran in the background.
    pub background: Option<BackgroundEnd>,
    /// The requests that it made of the world, and who decided about them.
    pub accesses: Vec<Access>,
}

/// How a step in the background ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BackgroundEnd {
    /// It ran until it was stopped.
    Stopped,
    /// By itself, before.
    ByItself,
}

impl StepResult {
    /// A step that was not run, for a reason given as a note.
    pub fn not_run(index: usize, status: StepStatus) -> Self {
        Self {
            index,
            status,
            script: String::new(),
            exit_code: None,
            stdout: Stream::default(),
            stderr: Stream::default(),
            duration: Duration::ZERO,
            attempts: 0,
            earlier: Vec::new(),
            flaky: false,
            checks: Vec::new(),
            masked: Vec::new(),
            failures: Vec::new(),
            notes: Vec::new(),
            blocked_by: None,
            caused_by: None,
            suggestion: None,
            background: None,
            accesses: Vec::new(),
        }
    }
}

/// Captured output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stream {
    /// The kept text, bytes that are not UTF-8 replaced by U+FFFD.
    pub text: String,
    /// How many bytes were written, kept or not.
    pub bytes: u64,
    /// Whether bytes were dropped because the stream passed its bound.
    pub truncated: bool,
}

/// One expectation, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The expectation's 1-based document line.
    pub line: usize,
    /// How it was judged.
    pub criterion: Criterion,
    /// Whether it was judged at all; not when the step's commands failed before.
    pub judged: bool,
    /// What the judge said.
    pub verdict: Verdict,
}

/// A command that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFailure {
    /// Its 1-based document line.
    pub line: usize,
    /// The command as bash reports it, before expansion.
    pub command: String,
    /// Its exit status.
    pub exit_code: i32,
    /// What hid its failure from bash; none when bash saw it.
    pub hidden_by: Option<Hider>,
}

/// What hides the failure of a command from bash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hider {
    /// `X=$(…)`: the variable holds whatever was printed.
    Capture,
    /// `a | b`: the status is that of the last part.
    Pipeline,
    /// `a && b`: the list ends where `a` fails, and the block goes on.
    List,
    /// `wait` ends with 0 whatever became of the jobs.
    Wait,
    /// `if a`, `a || b`, `set +e`: the document looks at the status itself.
    Condition,
}

impl Hider {
    /// Where the command stands, as the end of a sentence.
    pub(crate) fn place(self) -> &'static str {
        match self {
            Self::Capture => " inside a capture",
            Self::Pipeline => " in a pipeline",
            Self::List => " left of `&&`",
            Self::Wait => " in the background",
            Self::Condition => " where its status is only looked at",
        }
    }
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// A command ended with a status that the document does not expect.
    Command(CommandFailure),
    /// The block as a whole ended with a status that it should not have.
    Status {
        /// What was expected: `0`, `3`.
        expected: String,
        /// What happened: `status 1`, `signal 9`.
        actual: String,
    },
    /// The block is no sound text: bash could not read it as it was meant.
    Text(TextDefect),
    /// A command failed where bash discards its status.
    Masked(CommandFailure),
    /// A variable that nobody sets is a part of what the block makes.
    Unset {
        /// The 1-based document line of the use.
        line: usize,
        /// The variable.
        name: String,
        /// A variable of the document with a name like this one.
        nearest: Option<String>,
    },
    /// An expectation did not hold; the index into the step's checks.
    Expectation(usize),
    /// Standard error lacks the promised text.
    StderrLacks(String),
    /// It ran out of time.
    TimedOut(Duration),
    /// The run as a whole had taken so long, the most that it may.
    RunTimedOut(Duration),
    /// Somebody interrupted it.
    Interrupted,
    /// It runs in the background, and has not printed what shows that it is ready.
    NotReady {
        /// What it should have printed.
        text: String,
        /// How long was waited; none when it ended by itself before.
        waited: Option<Duration>,
    },
    /// Nobody could be signed in by the name that it says.
    Stranger {
        /// The directive's 1-based document line.
        line: usize,
        /// The name.
        name: String,
        /// Why, as a sentence fragment.
        reason: String,
        /// A name that was perhaps meant.
        nearest: Option<String>,
    },
    /// A variable could not be taken from what it printed.
    Capture {
        /// The directive's 1-based document line.
        line: usize,
        /// The variable.
        name: String,
        /// Why, as a sentence fragment.
        reason: String,
    },
}

/// What is wrong with a block as a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextDefect {
    /// Its 1-based document line.
    pub line: usize,
    /// What, as a sentence fragment.
    pub what: String,
}

/// Something worth knowing about a step that did not decide its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How much it matters.
    pub severity: Severity,
    /// A stable kebab-case name.
    pub code: &'static str,
    /// What, as a sentence fragment.
    pub message: String,
    /// The 1-based document line it is about.
    pub line: usize,
}

/// What docent or this machine lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedBy {
    /// What is lacking: `az vm create`, `terraform`, `example.com`.
    pub what: String,
    /// `command`, `option`, `operation`, `host`, `interactive`, `extension`, `variable`.
    pub kind: String,
    /// What to do about it; empty when nothing is known.
    pub workaround: String,
}

/// What, repaired alone, would have let a step pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Index of the step where the cause lies; may be the failed step itself.
    pub step: usize,
    /// The 1-based document line of the cause.
    pub line: usize,
    /// The variable that was empty or unset, if that is it.
    pub variable: Option<String>,
    /// Why, as a sentence fragment.
    pub reason: String,
}

/// One finished runbook.
#[derive(Debug, Clone)]
pub struct RunbookResult {
    /// How it ended.
    pub status: RunbookStatus,
    /// Why, when the steps alone do not say: a promised failure that did not happen, a diagnostic.
    pub reasons: Vec<String>,
    /// Wall time.
    pub duration: Duration,
    /// Exported variables at the end, without those that look secret, sorted by name.
    pub variables: Vec<(String, String)>,
    /// Diagnostics of the document.
    pub diagnostics: Vec<Diagnostic>,
    /// What it had made and not removed when its last step had ended.
    pub leftovers: Vec<Leftover>,
}

/// Something that a runbook made and did not remove.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leftover {
    /// What it is, for people: `resource group`.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// What there is to know about it, as a sentence fragment.
    pub hint: Option<String>,
    /// Index of the step that made it; none when it came about when something else was removed.
    pub step: Option<usize>,
    /// The 1-based document line of the command that made it.
    pub line: Option<usize>,
    /// docent has removed it after the run, and it is gone.
    pub removed: bool,
    /// Why it could not be removed, as a sentence fragment.
    pub reason: Option<String>,
    /// It is there after the run.
    pub stays: bool,
    /// The document cleans up after itself, and has forgotten this.
    pub is_forgotten: bool,
}

impl Leftover {
    /// Whether somebody has to look after it: it is there after the run, or it could not be removed. Where a place ends with the run, it would
    /// be there in a place that does not.
    pub fn is_left(&self) -> bool {
        self.stays || self.reason.is_some()
    }
}

/// Sums over a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "each is the number of what its name says")]
pub struct Totals {
    pub runbooks: usize,
    pub passed: usize,
    pub failed: usize,
    pub incomplete: usize,
    pub unreadable: usize,
    pub steps: usize,
    pub steps_passed: usize,
    pub steps_failed: usize,
    pub steps_timed_out: usize,
    pub steps_unsupported: usize,
    pub steps_skipped: usize,
    pub steps_not_run: usize,
    pub steps_flaky: usize,
    pub outputs_checked: usize,
    pub outputs_unchecked: usize,
}

impl Totals {
    /// Counts a finished step.
    pub fn add_step(&mut self, result: &StepResult) {
        self.steps += 1;
        *match result.status {
            StepStatus::Passed => &mut self.steps_passed,
            StepStatus::Failed => &mut self.steps_failed,
            StepStatus::TimedOut => &mut self.steps_timed_out,
            StepStatus::Unsupported => &mut self.steps_unsupported,
            StepStatus::Skipped => &mut self.steps_skipped,
            StepStatus::NotRun => &mut self.steps_not_run,
        } += 1;
        self.steps_flaky += usize::from(result.flaky);
        for check in &result.checks {
            *match (&check.criterion, check.judged) {
                (Criterion::Similarity(_) | Criterion::Regex(_), true) => &mut self.outputs_checked,
                _ => &mut self.outputs_unchecked,
            } += 1;
        }
    }

    /// Counts a finished runbook.
    pub fn add_runbook(&mut self, status: RunbookStatus) {
        self.runbooks += 1;
        *match status {
            RunbookStatus::Passed => &mut self.passed,
            RunbookStatus::Failed => &mut self.failed,
            RunbookStatus::Incomplete => &mut self.incomplete,
            RunbookStatus::Unreadable => &mut self.unreadable,
        } += 1;
    }
}
