//! What can go wrong with the shell itself, as opposed to with a block.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::walls::Layer;

/// docent could not give a block a shell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShellError {
    /// The path of bash names nothing that can be executed.
    #[error("bash cannot be started from {}", path.display())]
    BashMissing {
        /// The path that was tried.
        path: PathBuf,
        /// Why the system refused.
        #[source]
        source: io::Error,
    },
    /// The program answers, but it is another shell.
    #[error("{} is not bash", path.display())]
    NotBash {
        /// The path that was tried.
        path: PathBuf,
    },
    /// bash lacks what checkpoints need.
    #[error("bash {version} is too old: {} or newer is needed", ShellError::OLDEST_BASH)]
    BashTooOld {
        /// The version that it reports.
        version: String,
    },
    /// The executable that was to serve as the shell's helper is another program, or does not look at its arguments early enough.
    #[error(
        "{} does not serve as the shell's helper (it must call docent::reexec::intercept() first in main)", executable.display()
    )]
    HelperSilent {
        /// The executable that was started.
        executable: PathBuf,
    },
    /// The helper could not be started.
    #[error("the shell's helper cannot be started from {}", executable.display())]
    HelperMissing {
        /// The executable that was tried.
        executable: PathBuf,
        /// Why the system refused.
        #[source]
        source: io::Error,
    },
    /// Somebody killed the helper: what the block had started may still run.
    #[error("the shell's helper was killed")]
    HelperLost,
    /// bash did not come up in time.
    #[error("bash did not answer within {} s of its start", within.as_secs())]
    NoAnswer {
        /// How long was waited.
        within: Duration,
    },
    /// bash ended before its first command.
    #[error("bash ended while it was starting")]
    EndedAtStart,
    /// Processes survived SIGKILL (another user's, or stuck in the kernel).
    #[error("{left} processes of the block could not be killed")]
    Unkillable {
        /// How many were left.
        left: u32,
    },
    /// The sandbox that was required cannot be had.
    #[error("the sandbox cannot keep a document from {what}: {} does not hold ({detail})", layer.as_str())]
    WallsMissing {
        /// What it could reach.
        what: &'static str,
        /// The layer to mend.
        layer: Layer,
        /// Why it does not hold.
        detail: String,
    },
    /// A layer of the sandbox held when it was tried and did not when it was needed.
    #[error("the sandbox could not be put around bash ({why})")]
    WallsBroken {
        /// Which, and why.
        why: String,
    },
    /// A file, FIFO or socket of the control directory failed.
    #[error("cannot {action}")]
    Control {
        /// What was being done, as an infinitive.
        action: &'static str,
        /// Why the system refused.
        #[source]
        source: io::Error,
    },
}

impl ShellError {
    /// The oldest bash whose `declare -p`, `trap` and `return` behave as checkpoints need.
    pub const OLDEST_BASH: &'static str = "4.4";

    /// Wraps a system error, saying what was being done.
    pub(super) fn control(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Control { action, source }
    }
}
