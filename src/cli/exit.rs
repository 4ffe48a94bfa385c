//! Every exit code, one sentence each.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything passed.
    Passed,
    /// A step failed.
    Failed,
    /// The command line or the configuration is wrong; nothing was run.
    Usage,
    /// A runbook could not be read, or says something that keeps it from being run.
    Unreadable,
    /// docent could not do its work.
    Broken,
    /// Something of a run is left, in Azure or on this machine, and could not be removed.
    LeftBehind,
    /// Nothing failed, but something could not be run.
    Incomplete,
    /// It was interrupted.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unreadable => 3,
            Self::Broken => 4,
            Self::LeftBehind => 5,
            Self::Incomplete => 6,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
