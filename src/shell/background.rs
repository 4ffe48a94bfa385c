//! A block that runs beside the others.
//!
//! It has a bash of its own below a helper of its own, so that its processes are a tree by themselves: it can be stopped without the
//! others, and a time-out of another block does not reach it. Its bash begins with the state of the session's, and nothing of what it
//! does to that state comes back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::ShellError;
use super::interrupt::Interrupt;
use super::lookout::Lookout;
use super::persistent::Bash;
use super::session::{Block, Ending, Outcome};

/// A block in the background. Dropping it kills all that it has started.
#[derive(Debug)]
pub struct Background {
    stop: Interrupt,
    ready: watch::Receiver<bool>,
    ended: watch::Receiver<Option<Ending>>,
    control: PathBuf,
    task: Task,
}

/// How the wait for a background block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It has printed its text, or needs none.
    Ready,
    /// It ended by itself before.
    Ended,
    /// It is still silent.
    TimedOut,
    /// Somebody asked to stop.
    Interrupted,
}

/// Ends with its owner.
#[derive(Debug)]
struct Task(JoinHandle<Result<Outcome, ShellError>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Background {
    /// Runs `block` in `bash`, which is launched with `stop` and serves nothing else.
    pub(super) fn start(mut bash: Bash, block: Block, ready: Option<&str>, stop: Interrupt) -> Self {
        let control = bash.control_directory().to_owned();
        let found = Arc::new(watch::Sender::new(ready.is_none()));
        let is_ready = found.subscribe();
        let lookout = ready.and_then(|text| Lookout::new(text, found));
        let (tell, ended) = watch::channel(None);
        let task = tokio::spawn(async move {
            let stop = bash.interrupt();
            let mut outcome = bash.run_beside(&block, lookout).await?;
            if outcome.ending == Ending::Interrupted {
                outcome.ending = Ending::Stopped;
            }
            tell.send_replace(Some(outcome.ending));
            // What it has started and let go of lives on until then.
            stop.raised().await;
            bash.end().await?;
            Ok(outcome)
        });
        Self { stop, ready: is_ready, ended, control, task: Task(task) }
    }

    /// The directory that stands in its bash's messages.
    pub fn control_directory(&self) -> &Path {
        &self.control
    }

    /// How it ended, when it did so by itself.
    pub fn ended(&self) -> Option<Ending> {
        *self.ended.borrow()
    }

    /// Waits until it has printed its text.
    pub async fn wait_until_ready(&mut self, within: Duration, interrupt: &Interrupt) -> Readiness {
        tokio::select! {
            biased;
            // Whoever looks for the text is gone when the block is, and all of its output has been read by then.
            ready = self.ready.wait_for(|ready| *ready) => if ready.is_ok() { Readiness::Ready } else { Readiness::Ended },
            () = interrupt.raised() => Readiness::Interrupted,
            () = tokio::time::sleep(within) => Readiness::TimedOut,
        }
    }

    /// Stops it, with all that it has started, and gives the whole of what it did. One that had ended by itself keeps that ending.
    ///
    /// # Errors
    ///
    /// When its shell could not do its work.
    pub async fn stop(mut self) -> Result<Outcome, ShellError> {
        self.stop.raise();
        (&mut self.task.0).await.unwrap_or(Err(ShellError::HelperLost))
    }
}
