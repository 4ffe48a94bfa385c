//! Steps that run in the background: started, waited for until they are ready, stopped, and only then judged.

use std::{sync::Arc, time::Duration};

use crate::{
    diagnostic::Severity,
    engine::{
        assess::{Ended, plain_values},
        cause::{Past, expand},
        event::{Event, Listener},
        execute::Run,
        plan::Fate,
        result::{Note, StepResult},
        world::{Observation, World},
    },
    runbook::Step,
    shell::{Background, Block, Ending, Readiness, Session, ShellError},
};

/// A step that runs beside the others.
pub(super) struct Beside {
    /// Index in the runbook.
    index: usize,
    background: Background,
    /// What the world saw while it was started.
    seen: Vec<Observation>,
    timeout: Duration,
}

impl Run<'_> {
    /// Starts a step and waits until it is ready; its result when it does not come so far.
    pub(super) async fn start_beside<S: Session + Send>(
        &mut self,
        index: usize,
        block: Block,
        ready: Option<&str>,
        world: &mut dyn World,
        session: &mut S,
        listener: &mut dyn Listener,
    ) -> Result<Option<StepResult>, ShellError> {
        let values = plain_values(session);
        let timeout = block.timeout;
        let ready = ready.map(|text| expand(text, &values));
        let mut background = session.start_background(block, ready, &world.beside()).await?;
        self.redactor.add_aliases([(background.control_directory().display().to_string(), "/docent/control".to_owned())]);
        let readiness = background.wait_until_ready(timeout, &self.job.interrupt).await;
        let beside = Beside { index, background, seen: world.observe(), timeout };
        if readiness != Readiness::Ready {
            return self.end_beside(beside, readiness, world, session).await.map(Some);
        }
        let expanded = expand(&self.job.runbook.steps[index].script, &values).to_lowercase();
        self.remember(Past { index, succeeded: true, root: index, expanded });
        if self.job.plan.fates[index] == Fate::Run {
            listener.hear(&Event::StepInBackground { runbook: self.job.position, step: index });
        }
        self.beside.push(beside);
        Ok(None)
    }

    /// Stops the steps that are meant, in the order in which they were started, and tells what became of them.
    pub(super) async fn stop_beside<S: Session + Send>(
        &mut self,
        is_meant: impl Fn(usize) -> bool,
        world: &mut dyn World,
        session: &mut S,
        listener: &mut dyn Listener,
    ) -> Result<(), ShellError> {
        let (meant, others) = std::mem::take(&mut self.beside).into_iter().partition(|beside: &Beside| is_meant(beside.index));
        self.beside = others;
        for beside in meant {
            let result = self.end_beside(beside, Readiness::Ready, world, session).await?;
            self.tell(result, listener);
        }
        Ok(())
    }

    async fn end_beside<S: Session + Send>(
        &mut self,
        beside: Beside,
        readiness: Readiness,
        world: &mut dyn World,
        session: &mut S,
    ) -> Result<StepResult, ShellError> {
        let Beside { index, background, seen, timeout } = beside;
        let mut outcome = background.stop().await?;
        if outcome.ending == Ending::Stopped {
            outcome.ending = match readiness {
                Readiness::TimedOut => Ending::TimedOut,
                // What was cut off has earned no verdict.
                _ if self.job.interrupt.is_raised() => Ending::Interrupted,
                _ => Ending::Stopped,
            };
        }
        self.assess(index, Ended { outcome, seen, timeout, run_limit: None, background: Some(readiness) }, world, session).await
    }

    /// A failed step may have needed one in the background that is gone.
    pub(super) fn dead_beside(&self, failed: &Step) -> Vec<Note> {
        let runbook = Arc::clone(&self.job.runbook);
        let dead = self.beside.iter().filter_map(|beside| {
            let how = match beside.background.ended()? {
                Ending::Exited(status) => format!("status {status}"),
                Ending::Signaled(signal) => format!("signal {signal}"),
                Ending::TimedOut | Ending::Interrupted | Ending::Stopped => return None,
            };
            let step = &runbook.steps[beside.index];
            let message = format!("`{}` (line {}), which runs in the background, had ended with {how} by then", step.id, step.line);
            Some(Note { severity: Severity::Advice, code: "background-ended", message, line: failed.line })
        });
        dead.collect()
    }
}
