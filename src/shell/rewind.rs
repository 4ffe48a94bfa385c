//! Going back to an earlier state of the shell, so that a block can be tried again.
//!
//! The running shell is kept: its background jobs, descriptors and `$$` are those that the document knows. Its state is put back line by
//! line and compared; where that does not work out (a variable that is readonly by now) the shell gives way to a new one.

use std::io::Write;
use std::time::Duration;

use super::checkpoint::{Checkpoint, ExitTrap};
use super::driver::{self, file};
use super::error::ShellError;
use super::lifeline::News;
use super::persistent::Bash;
use super::report::Report;

/// A shell that has not gone back, or has not ended, within this is taken for stuck.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// A state of a shell to come back to.
#[derive(Debug, Clone)]
pub struct Mark {
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) exit_trap_spent: bool,
}

impl Bash {
    /// Brings the state of `mark` back.
    pub(super) async fn rewind(&mut self, mark: &Mark) -> Result<(), ShellError> {
        self.notice_end()?;
        if let (Some(now), Some(before), true) = (&self.checkpoint, &mark.checkpoint, self.is_running()) {
            let script = now.undo_script(before);
            let after = self.undo(&script).await?;
            let is_back = after.as_ref().is_some_and(|after| after.is_like(before));
            if !is_back {
                self.end_shell().await?;
            }
            // Ours is put back by the next block, where the attempt or going back took it away.
            self.arm_exit |= is_back && before.exit_trap() != ExitTrap::Own;
        }
        self.checkpoint.clone_from(&mark.checkpoint);
        self.exit_trap_spent = mark.exit_trap_spent;
        Ok(())
    }

    /// Runs the lines that bring a state back; the state after them, or none when the shell did not come so far.
    async fn undo(&mut self, script: &[u8]) -> Result<Option<Checkpoint>, ShellError> {
        self.control.write(file::RESTORE, script).map_err(ShellError::control("write the state to restore"))?;
        self.say(&driver::undo_line(self.control.text()))?;
        let lifeline = self.lifeline.as_mut().ok_or(ShellError::HelperLost)?;
        let channel = &mut self.channel;
        let answer = async {
            loop {
                tokio::select! {
                    news = lifeline.next() => if matches!(news?, News::Ended(_)) { return Ok::<_, ShellError>(false) },
                    reports = channel.next() => if reports?.iter().any(|report| matches!(report, Report::Done(_))) { return Ok(true) },
                }
            }
        };
        match tokio::time::timeout(ANSWER_TIME_MAX, answer).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => self.shell = None,
            Ok(Err(error)) => return Err(error),
            Err(_) => return Ok(None),
        }
        Ok(self.control.take(file::CHECKPOINT).ok().and_then(|bytes| Checkpoint::read(bytes, self.control.nonce())))
    }

    /// Ends the shell and nothing else; one that does not end is killed with all that runs.
    pub(super) async fn end_shell(&mut self) -> Result<(), ShellError> {
        if !self.is_running() {
            return Ok(());
        }
        self.say(driver::KILL_LINE)?;
        let lifeline = self.lifeline.as_mut().ok_or(ShellError::HelperLost)?;
        let ended = async {
            loop {
                if matches!(lifeline.next().await?, News::Ended(_)) {
                    return Ok::<_, ShellError>(());
                }
            }
        };
        match tokio::time::timeout(ANSWER_TIME_MAX, ended).await {
            Ok(ended) => {
                self.shell = None;
                ended
            }
            Err(_) => self.kill().await,
        }
    }

    fn is_running(&self) -> bool {
        self.shell.is_some()
    }

    fn say(&mut self, line: &str) -> Result<(), ShellError> {
        let shell = self.shell.as_mut().ok_or(ShellError::HelperLost)?;
        shell.script.write_all(line.as_bytes()).map_err(ShellError::control("write to bash"))
    }
}
