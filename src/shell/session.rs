//! A shell that blocks are run in, as the engine sees it.

use std::future::Future;
use std::time::Duration;

use super::background::Background;
use super::bound::Bound;
use super::capture::Captured;
use super::declaration::Variables;
use super::error::ShellError;
use super::failure::{CommandFailure, Defect, Departure};
use super::rewind::Mark;

/// A shell whose state carries from block to block. The engine is tested with a scripted one.
pub trait Session {
    /// Runs one block. A failing block is an [`Outcome`]; an error means that there is no shell to run it in.
    fn run(&mut self, block: Block) -> impl Future<Output = Result<Outcome, ShellError>> + Send;

    /// Starts a block beside the others. Its shell begins with the state of this one and with `variables`, and leaves this one alone.
    /// With `ready` it can be waited for until it has printed that text.
    fn start_background(
        &mut self,
        block: Block,
        ready: Option<String>,
        variables: &[(String, String)],
    ) -> impl Future<Output = Result<Background, ShellError>> + Send;

    /// The state of the shell now, to come back to.
    fn mark(&self) -> Mark;

    /// Goes back to a state of this session: variables, functions, options, traps and the current folder are as they were then. What still
    /// runs goes on; files and open descriptors stay as they are.
    fn go_back(&mut self, mark: &Mark) -> impl Future<Output = Result<(), ShellError>> + Send;

    /// The shell's variables after the last block; those it started with before the first.
    fn variables(&self) -> Variables;

    /// Ends the shell, running the document's own EXIT trap, and kills what still runs. Blocks cannot be run afterwards.
    fn stop(&mut self) -> impl Future<Output = Result<Farewell, ShellError>> + Send;
}

/// One block to run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// Its text; a missing last line end does not matter.
    pub script: String,
    /// Wall time after which it is killed; of no meaning in the background.
    pub timeout: Duration,
    /// What it reads on standard input; what it leaves unread is gone.
    pub stdin: Vec<u8>,
    /// It runs although somebody has asked to stop; asking again ends it.
    pub insists: bool,
}

/// How a block ended, and what it printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// Standard output until the end of the block.
    pub stdout: Captured,
    /// Standard error until the end of the block.
    pub stderr: Captured,
    /// Wall time.
    pub duration: Duration,
    /// The command that stopped the block, or that left it with a status; none when it ran to its end or a signal killed the shell.
    pub stopped_at: Option<CommandFailure>,
    /// Failed commands that did not stop the block, in order, at most 256: those inside captures above all.
    pub masked: Vec<CommandFailure>,
    /// The `exit`, `return` or `exec` by which the block ended; none when it ran to its end.
    pub left_by: Option<Departure>,
    /// What is wrong with the block as a text: it fails whatever its status is.
    pub defect: Option<Defect>,
    /// What the block had used up of what the sandbox lets it have, when that shows in how it ended.
    pub exhausted: Option<Bound>,
    /// A background job can still write to one of the streams.
    pub writers_left: bool,
    /// The shell is gone (`exit`, `exec`, `set -u`, a signal, the time-out) and the next block gets one from the checkpoint.
    pub shell_restarted: bool,
}

impl Outcome {
    /// Whether the block ran to its end with status 0 and is sound as a text. Masked failures are for the caller to weigh.
    pub fn is_success(&self) -> bool {
        self.ending == Ending::Exited(0) && self.defect.is_none()
    }
}

/// How a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With this status, 0 to 255.
    Exited(i32),
    /// A signal of this number killed the shell.
    Signaled(i32),
    /// It took longer than it may; it and all it had started were killed, and so were background jobs of earlier blocks.
    TimedOut,
    /// [`super::Interrupt::raise`] ended it likewise.
    Interrupted,
    /// It ran in the background until it was told to stop.
    Stopped,
}

/// What happened when the shell was stopped.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Farewell {
    /// The document's own EXIT trap, when it has one: what it printed and how it ended.
    pub exit_trap: Option<Outcome>,
}
