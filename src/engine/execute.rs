//! The loop: one runbook, step by step, in one shell.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    bash::Script,
    diagnostic::Diagnostic,
    engine::{
        assess::{plain_values, promise_text},
        attempts::Pause,
        beside::Beside,
        blocked::Lacking,
        cause::Past,
        cleanup::{CleanupPolicy, Ledger},
        event::{Event, Listener},
        farewell,
        judge::Judging,
        plan::{Fate, Plan},
        preflight, promise,
        redact::{Learnt, Redactor, is_secret_name},
        result::{BlockedBy, Cause, Leftover, RunbookResult, RunbookStatus, StepResult, StepStatus},
        settled,
        world::World,
    },
    runbook::{Role, Runbook, Step},
    shell::{Block, Interrupt, Session, ShellError},
};

/// Virtual time that passes between two steps: about what a reader takes to paste the next block.
const STEP_BOUNDARY: Duration = Duration::from_secs(10);

/// Cleaning up after an interrupt may take this long in all: somebody is waiting.
const INTERRUPTED_CLEAN_UP_TIME_MAX: Duration = Duration::from_secs(120);

/// What holds for every step of a run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Wall time of steps that say nothing themselves.
    pub timeout: Duration,
    /// Wall time of the whole run, after which no further step begins but those that clean up.
    pub run_timeout: Duration,
    /// Wall time of cleaning up, whatever ended the run.
    pub cleanup_timeout: Duration,
    /// What a failure inside a capture is worth.
    pub masked: MaskedPolicy,
    /// How outputs are judged.
    pub judging: Judging,
    /// Whether what the run has made is removed after it.
    pub cleanup: CleanupPolicy,
    /// Whether later steps are left out after a failure.
    pub fail_fast: bool,
    /// Whether a runbook fails when a step passed only on a retry.
    pub fail_on_flaky: bool,
    /// Variables given from outside; they win over the document's assignments.
    pub variables: Vec<(String, String)>,
    /// Variables whose values are masked, besides those that the document names and those whose names say so.
    pub secrets: Vec<String>,
}

impl RunOptions {
    /// How long a whole run may take unless somebody says otherwise.
    pub const RUN_TIMEOUT: Duration = Duration::from_secs(4 * 3600);

    /// How long cleaning up may take unless somebody says otherwise.
    pub const CLEANUP_TIMEOUT: Duration = Duration::from_secs(600);
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
    /// What is printed under another name, and what is not printed at all.
    pub redactor: Redactor,
    /// Raised by Ctrl-C.
    pub interrupt: Interrupt,
    /// When the time of the whole run is over.
    pub ends: Instant,
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
    let results: Vec<&StepResult> = run.results.iter().map(AsRef::as_ref).collect();
    let (mut status, mut reasons) = promise::conclude(&run.job.runbook, &results, &run.texts);
    if matches!(status, RunbookStatus::Passed | RunbookStatus::Incomplete) && run.job.plan.is_whole() {
        let never_run = promise::never_run(&run.job.diagnostics);
        if !never_run.is_empty() {
            status = RunbookStatus::Failed;
            reasons.extend(never_run);
        }
    }
    if run.job.options.fail_on_flaky && status != RunbookStatus::Failed {
        let flaky = results.iter().filter(|result| result.flaky);
        let said: Vec<String> = flaky
            .map(|result| {
                let step = &run.job.runbook.steps[result.index];
                format!("line {}: `{}` passed only at attempt {}, and no step may be flaky", step.line, step.id, result.attempts)
            })
            .collect();
        if !said.is_empty() {
            status = RunbookStatus::Failed;
            reasons.extend(said);
        }
    }
    if let Ok(Some(outcome)) = stopped.as_ref().map(|farewell| &farewell.exit_trap) {
        let said = farewell::sentence(&run.job.runbook, &run.scripts, outcome);
        reasons.extend(said.map(|said| run.redactor.alias(&said)));
    }
    // A document's own trap may have removed something, so this is the last thing; and it is done whatever became of the shell.
    let leftovers = run.leftovers(if ended.is_ok() { status } else { RunbookStatus::Failed }, world).await;
    let result = Arc::new(RunbookResult {
        status,
        reasons: run.redactor.sentences(reasons),
        duration: started.elapsed(),
        variables,
        diagnostics: run.redactor.diagnostics(&run.job.diagnostics),
        leftovers,
    });
    // What is left behind is told even when docent could not do its work.
    let worked = ended.and(stopped.map(|_| ()));
    if worked.is_err() && !result.leftovers.iter().any(Leftover::is_left) {
        return worked.map(|()| result);
    }
    listener.hear(&Event::RunbookFinished {
        runbook: run.job.position,
        path: run.job.runbook.source.path().to_owned(),
        result: Arc::clone(&result),
    });
    worked.map(|()| result)
}

/// A runbook that is not run because of what is wrong with it.
pub fn unreadable(
    position: usize,
    path: &str,
    diagnostics: Vec<Diagnostic>,
    reasons: Vec<String>,
    redactor: &Redactor,
    listener: &mut dyn Listener,
) -> Arc<RunbookResult> {
    let result = Arc::new(RunbookResult {
        status: RunbookStatus::Unreadable,
        reasons: redactor.sentences(reasons),
        duration: Duration::ZERO,
        variables: Vec::new(),
        diagnostics: redactor.diagnostics(&diagnostics),
        leftovers: Vec::new(),
    });
    listener.hear(&Event::RunbookFinished { runbook: position, path: path.to_owned(), result: Arc::clone(&result) });
    result
}

/// One runbook while it runs.
pub(super) struct Run<'a> {
    pub(super) job: Job<'a>,
    pub(super) scripts: Vec<Script>,
    pub(super) given: BTreeSet<String>,
    /// Which steps print the same wherever they run.
    pub(super) settled: Vec<bool>,
    pub(super) redactor: Redactor,
    results: Vec<Arc<StepResult>>,
    /// What each result's promises are looked up in: messages and output.
    texts: Vec<String>,
    pub(super) past: Vec<Past>,
    /// Steps that run in the background, in the order in which they were started.
    pub(super) beside: Vec<Beside>,
    /// What the whole document lacks.
    lacking: Option<BlockedBy>,
    /// Why the ordinary steps are not run.
    failed_setup: Option<Cause>,
    /// No further steps run but those that clean up.
    has_stopped: bool,
    /// A step was run.
    has_run: bool,
    /// The time that is to pass before the next step.
    pending: Duration,
    /// When cleaning up is over; none before it begins.
    pub(super) clean_up_ends: Option<Instant>,
    /// What became of the steps so far, told or not.
    statuses: BTreeMap<usize, StepStatus>,
    /// A step has left something running.
    pub(super) has_company: bool,
    /// Why nothing further is run, when the time of the run is over.
    out_of_time: Option<Cause>,
    /// What stands in the world because of the run.
    pub(super) ledger: Ledger,
}

/// What the shell is to run for a step, with how long it may take.
pub(super) struct Bounded {
    pub(super) block: Block,
    /// How long the whole run may take, where that leaves the step less than its own time.
    pub(super) run_limit: Option<Duration>,
}

/// What becomes of a step when it is its turn.
enum Turn {
    Run,
    Skip,
    /// It is not run, perhaps for a reason that lies before it.
    Leave(Option<Cause>),
    /// It cannot be run here.
    Lack(BlockedBy),
}

impl<'a> Run<'a> {
    fn new(job: Job<'a>, world: &dyn World) -> Self {
        let scripts: Vec<Script> = job.runbook.steps.iter().map(|step| Script::parse(&step.script)).collect();
        let mut given: BTreeSet<String> = world.environment().into_iter().map(|(name, _)| name).collect();
        given.extend(job.options.variables.iter().map(|(name, _)| name.clone()));
        given.extend(job.runbook.variables.iter().map(|variable| variable.name.clone()));
        let settled = settled::settled(&job.runbook, &scripts, &given);
        let mut redactor = job.redactor.clone();
        redactor.add_aliases(world.aliases());
        Self {
            job,
            scripts,
            given,
            settled,
            redactor,
            results: Vec::new(),
            texts: Vec::new(),
            past: Vec::new(),
            beside: Vec::new(),
            lacking: None,
            failed_setup: None,
            has_stopped: false,
            has_run: false,
            pending: Duration::ZERO,
            clean_up_ends: None,
            statuses: BTreeMap::new(),
            has_company: false,
            out_of_time: None,
            ledger: Ledger::default(),
        }
    }

    async fn steps<S: Session + Send>(
        &mut self,
        world: &mut dyn World,
        session: &mut S,
        listener: &mut dyn Listener,
    ) -> Result<(), ShellError> {
        let runbook = Arc::clone(&self.job.runbook);
        let order = self.job.plan.order.clone();
        if order.iter().any(|index| self.job.plan.fates[*index] == Fate::Run) {
            self.lacking = preflight::unmet(runbook.directives.requires.iter(), runbook.source.path(), session, world).await?;
        }
        let mut is_cleaning = false;
        for index in order {
            let fate = self.job.plan.fates[index];
            let role = runbook.steps[index].directives.role;
            if fate == Fate::Leave {
                continue;
            }
            if role == Role::Cleanup && !std::mem::replace(&mut is_cleaning, true) {
                // What the setup has started may be what cleaning up needs.
                let ordinary = |step: usize| runbook.steps[step].directives.role == Role::Ordinary;
                self.stop_beside(ordinary, world, session, listener).await?;
            }
            self.look_at_the_time(index);
            let turn = match self.turn(index, session) {
                // Waiting is for those that run.
                Turn::Run => match self.wait(role, world).await {
                    Pause::Over => Turn::Run,
                    Pause::Interrupted => Turn::Leave(None),
                    Pause::OutOfTime => {
                        self.look_at_the_time(index);
                        Turn::Leave(self.out_of_time.clone())
                    }
                },
                turn => turn,
            };
            let result = match turn {
                Turn::Skip => StepResult::not_run(index, StepStatus::Skipped),
                Turn::Leave(caused_by) => StepResult { caused_by, ..StepResult::not_run(index, StepStatus::NotRun) },
                Turn::Lack(blocked_by) => {
                    StepResult { blocked_by: Some(blocked_by), ..StepResult::not_run(index, StepStatus::Unsupported) }
                }
                Turn::Run => {
                    if fate == Fate::Run {
                        listener.hear(&Event::StepStarted { runbook: self.job.position, step: index });
                    }
                    let result = self.step(index, world, session, listener).await?;
                    if result.as_ref().is_none_or(|result| result.attempts > 0) {
                        self.has_run = true;
                        world.timekeeper().pass(STEP_BOUNDARY);
                        self.pending += runbook.steps[index].directives.wait.unwrap_or_default();
                    }
                    match result {
                        Some(result) => result,
                        // Its result comes when it ends.
                        None => continue,
                    }
                }
            };
            let has_run = result.attempts > 0;
            self.tell(result, listener);
            let stops = &runbook.steps[index].directives.stop;
            if has_run && !stops.is_empty() {
                self.stop_beside(|step| stops.contains(&runbook.steps[step].id), world, session, listener).await?;
            }
        }
        self.stop_beside(|_| true, world, session, listener).await
    }

    /// Whether a step runs now, by what became of those before it.
    fn turn<S: Session>(&self, index: usize, session: &S) -> Turn {
        let interrupt = &self.job.interrupt;
        if self.job.plan.fates[index] == Fate::Skip {
            return Turn::Skip;
        }
        if let Some(lacking) = &self.lacking {
            return Turn::Lack(lacking.clone());
        }
        match self.job.runbook.steps[index].directives.role {
            // Whatever happened; only where nothing did is there nothing to clean up.
            Role::Cleanup if interrupt.is_raised_again() || interrupt.is_raised() && !self.has_run => Turn::Leave(None),
            Role::Cleanup => Turn::Run,
            _ if self.has_stopped || interrupt.is_raised() => Turn::Leave(None),
            _ if self.out_of_time.is_some() => Turn::Leave(self.out_of_time.clone()),
            _ => match self.failed_setup.clone().or_else(|| self.unmet_need(index)).or_else(|| self.missing_prerequisite(index, session)) {
                Some(cause) => Turn::Leave(Some(cause)),
                None => Turn::Run,
            },
        }
    }

    /// Lets the time pass that steps have asked for.
    async fn wait(&mut self, role: Role, world: &mut dyn World) -> Pause {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_zero() || self.job.interrupt.is_raised() {
            return Pause::Over;
        }
        // Whoever asks to stop does not wait for what another step has asked for.
        match self.pause(pending, Role::Ordinary, world).await {
            Pause::Interrupted | Pause::OutOfTime if role == Role::Cleanup => Pause::Over,
            pause => pause,
        }
    }

    /// Takes note when the time of the whole run is over; `index` is the step whose turn it is.
    fn look_at_the_time(&mut self, index: usize) {
        if self.out_of_time.is_some() || Instant::now() < self.job.ends {
            return;
        }
        let before = self.before(index);
        // The time was over during the last step that ran, or before the first.
        let step = before.into_iter().rev().find(|other| self.statuses.get(other).is_some_and(|status| ran(*status))).unwrap_or(index);
        let reason = format!("the run had taken {}, the most that it may", plain(self.job.options.run_timeout));
        self.out_of_time = Some(Cause { step, line: self.job.runbook.steps[step].line, variable: None, reason });
    }

    /// The step that this one says it needs, and that did not pass.
    fn unmet_need(&self, index: usize) -> Option<Cause> {
        let steps = &self.job.runbook.steps;
        steps[index].directives.needs.iter().find_map(|id| {
            let other = steps.iter().position(|step| step.id == *id)?;
            let what = match self.statuses.get(&other)? {
                StepStatus::Passed => return None,
                StepStatus::Failed => "failed",
                StepStatus::TimedOut => "timed out",
                StepStatus::Unsupported => "could not be run here",
                StepStatus::Skipped => "was skipped",
                StepStatus::NotRun => "was not run",
            };
            Some(Cause { step: other, line: steps[other].line, variable: None, reason: format!("it needs `{id}`, which {what}") })
        })
    }

    /// Takes a result in, and tells it unless nobody asked for it.
    pub(super) fn tell(&mut self, result: StepResult, listener: &mut dyn Listener) {
        self.statuses.insert(result.index, result.status);
        let step = &self.job.runbook.steps[result.index];
        let has_failed = matches!(result.status, StepStatus::Failed | StepStatus::TimedOut);
        self.has_stopped |= self.job.interrupt.is_raised() || (self.job.options.fail_fast && has_failed);
        if step.directives.role == Role::Setup && (has_failed || result.status == StepStatus::Unsupported) && self.failed_setup.is_none() {
            let reason = "the setup did not work".to_owned();
            self.failed_setup = Some(Cause { step: result.index, line: step.line, variable: None, reason });
        }
        let is_silent = matches!(result.status, StepStatus::Passed | StepStatus::NotRun) && result.caused_by.is_none();
        if self.job.plan.fates[result.index] == Fate::Prerequisite && is_silent {
            return;
        }
        let text = promise_text(&result);
        self.redactor.learn_from(&result.stdout.text);
        self.redactor.learn_from(&result.stderr.text);
        let result = Arc::new(self.redactor.result(result, &step.script));
        listener.hear(&Event::StepFinished { runbook: self.job.position, result: Arc::clone(&result) });
        self.texts.push(text);
        self.results.push(result);
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
        let before = self.before(index);
        let ground = Lacking { runbook: &self.job.runbook, scripts: &self.scripts, before: &before, past: &self.past, values: &values };
        lacking.into_iter().find_map(|result| ground.cause(result, index))
    }

    /// Runs a step; none when it goes on in the background.
    async fn step<S: Session + Send>(
        &mut self,
        index: usize,
        world: &mut dyn World,
        session: &mut S,
        listener: &mut dyn Listener,
    ) -> Result<Option<StepResult>, ShellError> {
        let runbook = Arc::clone(&self.job.runbook);
        let step = &runbook.steps[index];
        if let Some(lacking) = preflight::unmet(step.directives.requires.iter(), runbook.source.path(), session, world).await? {
            return Ok(Some(StepResult { blocked_by: Some(lacking), ..StepResult::not_run(index, StepStatus::Unsupported) }));
        }
        let Some(bounded) = self.block(step) else {
            let reason = "there is no time left for cleaning up".to_owned();
            let caused_by = Some(Cause { step: index, line: step.line, variable: None, reason });
            return Ok(Some(StepResult { caused_by, ..StepResult::not_run(index, StepStatus::NotRun) }));
        };
        if let Some(background) = &step.directives.background {
            return self.start_beside(index, bounded.block, background.ready.as_deref(), world, session, listener).await;
        }
        let Some(principal) = &step.directives.principal else {
            return self.attempts(index, bounded, world, session, listener).await.map(Some);
        };
        let before = match self.disguise(index, principal, world, session).await? {
            Ok(before) => before,
            Err(result) => return Ok(Some(result)),
        };
        let result = self.attempts(index, bounded, world, session, listener).await;
        self.undisguise(index, before, world, session).await?;
        result.map(Some)
    }

    /// What the shell is to run for a step; none when there is no time left for it.
    pub(super) fn block(&mut self, step: &Step) -> Option<Bounded> {
        let directives = &step.directives;
        let mut timeout = directives.timeout.or(self.job.runbook.directives.timeout).unwrap_or(self.job.options.timeout);
        let mut run_limit = None;
        let insists = directives.role == Role::Cleanup;
        let now = Instant::now();
        if insists {
            let mut end = *self.clean_up_ends.get_or_insert(now + self.job.options.cleanup_timeout);
            if self.job.interrupt.is_raised() {
                end = end.min(now + INTERRUPTED_CLEAN_UP_TIME_MAX);
                self.clean_up_ends = Some(end);
            }
            timeout = timeout.min(end.checked_duration_since(now)?);
        } else if let left = self.job.ends.saturating_duration_since(now)
            && left < timeout
        {
            (timeout, run_limit) = (left, Some(self.job.options.run_timeout));
        }
        let script =
            self.job.options.variables.iter().fold(step.script.clone(), |script, (name, value)| {
                crate::bash::substitute_assignment(&script, name, value).unwrap_or(script)
            });
        Some(Bounded { block: Block { script, timeout, stdin: input(directives.stdin.as_deref()), insists }, run_limit })
    }

    /// The steps before one, in the order of the run.
    pub(super) fn before(&self, index: usize) -> Vec<usize> {
        self.job.plan.order.iter().copied().take_while(|other| *other != index).collect()
    }

    fn printable_variables(&self, variables: &crate::shell::Variables) -> Vec<(String, String)> {
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        let captured = self.job.runbook.steps.iter().flat_map(|step| &step.directives.captures).map(|capture| capture.name.as_str());
        let written = self.scripts.iter().flat_map(|script| script.assignments()).map(|one| one.name.as_str());
        let assigned: BTreeSet<&str> = written.chain(captured).collect();
        let secret = learnt(self.job.options).names(&self.job.runbook);
        for (name, variable) in variables {
            let Some(value) = &variable.value else { continue };
            if assigned.contains(name.as_str()) && !is_secret_name(name) && !secret.contains(&name.as_str()) {
                own.insert(name.clone(), self.redactor.mask(&self.redactor.alias(value)));
            }
        }
        own.into_iter().collect()
    }
}

/// Whether a step with this status was run.
fn ran(status: StepStatus) -> bool {
    matches!(status, StepStatus::Passed | StepStatus::Failed | StepStatus::TimedOut | StepStatus::Unsupported)
}

/// A time as options say it: `90s`, `5m`, `2h`.
fn plain(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{}ms", time.as_millis()),
        seconds if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

/// What says from outside which values are secret.
pub fn learnt(options: &RunOptions) -> Learnt<'_> {
    Learnt { named: &options.secrets, given: &options.variables }
}

/// What a step reads: its text as whole lines.
fn input(text: Option<&str>) -> Vec<u8> {
    let mut bytes = text.unwrap_or_default().as_bytes().to_vec();
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes
}
