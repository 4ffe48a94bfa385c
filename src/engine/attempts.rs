//! One step, as often as it takes: run, judged, and run again where its directives say so.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    diagnostic::Severity,
    engine::{
        assess::Ended,
        event::{Event, Listener},
        execute::{Bounded, Run},
        plan::Fate,
        result::{Failure, Note, StepResult, StepStatus, Stream},
        retry::{Again, Patience, Spent},
        world::World,
    },
    runbook::Role,
    shell::{Session, ShellError},
};

/// So many earlier attempts are kept: the first, and the last ones.
const EARLIER_MAX: usize = 50;

/// What runs beside the steps lives in real time: where waiting costs nothing it gets this long between two attempts.
const BREATH: Duration = Duration::from_millis(100);

/// How a pause ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// The time has passed.
    Over,
    /// Somebody asked to stop.
    Interrupted,
    /// The run may take no longer.
    OutOfTime,
}

impl Run<'_> {
    /// Runs a step until it passes, or until trying again makes no sense any more.
    pub(super) async fn attempts<S: Session + Send>(
        &mut self,
        index: usize,
        first: Bounded,
        world: &mut dyn World,
        session: &mut S,
        listener: &mut dyn Listener,
    ) -> Result<StepResult, ShellError> {
        let runbook = Arc::clone(&self.job.runbook);
        let step = &runbook.steps[index];
        let patience = Patience::of(&step.directives);
        let mark = patience.map(|_| session.mark());
        let (wall, clock) = (Instant::now(), world.timekeeper().elapsed());
        let mut earlier: Vec<StepResult> = Vec::new();
        let mut next = first;
        let mut spent = Spent::default();
        let mut result = loop {
            let Bounded { mut block, mut run_limit } = next;
            if let Some(most) = patience.and_then(|patience| patience.attempt_time_max(spent)).filter(|most| *most < block.timeout) {
                (block.timeout, run_limit) = (most, None);
            }
            let timeout = block.timeout;
            let outcome = session.run(block).await?;
            self.has_company |= outcome.writers_left;
            let ended = Ended { outcome, seen: world.observe(), timeout, run_limit, background: None };
            let mut result = self.assess(index, ended, world, session).await?;
            spent = Spent { attempts: spent.attempts + 1, clock: world.timekeeper().elapsed().saturating_sub(clock), wall: wall.elapsed() };
            result.attempts = spent.attempts;
            let (Some(patience), Some(mark)) = (patience, &mark) else { return Ok(result) };
            let again = match patience.verdict(step, &self.scripts[index], &result) {
                Again::Safe => patience.pause(spent),
                Again::Hopeless => None,
                Again::Unsafe(message) => {
                    result.notes.push(Note { severity: Severity::Warning, code: "unsafe-retry", message, line: step.line });
                    None
                }
            };
            let Some(pause) = again else { break result };
            match self.pause(pause, step.directives.role, world).await {
                Pause::Over => {}
                Pause::Interrupted => {
                    // What was cut off has earned no verdict.
                    result.status = StepStatus::NotRun;
                    result.failures = vec![Failure::Interrupted];
                    break result;
                }
                Pause::OutOfTime => {
                    result.failures.push(Failure::RunTimedOut(self.job.options.run_timeout));
                    break result;
                }
            }
            session.go_back(mark).await?;
            let Some(bounded) = self.block(step) else { break result };
            if self.job.plan.fates[index] == Fate::Run {
                listener.hear(&Event::StepTriedAgain { runbook: self.job.position, step: index, attempt: spent.attempts + 1 });
            }
            if earlier.len() == EARLIER_MAX {
                earlier.remove(1);
            }
            earlier.push(StepResult { stdout: Stream::default(), stderr: Stream::default(), ..result });
            next = bounded;
        };
        if result.attempts > 1 {
            result.duration = wall.elapsed();
        }
        result.flaky = result.status == StepStatus::Passed && !earlier.is_empty() && patience.is_some_and(Patience::makes_flaky);
        result.earlier = earlier;
        Ok(result)
    }

    /// Lets time pass on the clock of the run, really where that is the wall.
    pub(super) async fn pause(&self, by: Duration, role: Role, world: &mut dyn World) -> Pause {
        let interrupt = &self.job.interrupt;
        let cleans_up = role == Role::Cleanup;
        let mut left = world.timekeeper().wait(by);
        if left.is_zero() && (!self.beside.is_empty() || self.has_company) {
            left = by.min(BREATH);
        }
        let end = if cleans_up { self.clean_up_ends } else { Some(self.job.ends) };
        let time_left = end.map_or(left, |end| end.saturating_duration_since(Instant::now()));
        let stopped = async { if cleans_up { interrupt.raised_again().await } else { interrupt.raised().await } };
        tokio::select! {
            biased;
            () = stopped => Pause::Interrupted,
            () = tokio::time::sleep(left.min(time_left)) => if time_left < left { Pause::OutOfTime } else { Pause::Over },
        }
    }
}
