//! What a shell is started with.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::interrupt::Interrupt;
use super::walls::{Room, Sandbox};

/// Bytes of each stream of each block that are kept unless a launch says otherwise.
const OUTPUT_BYTES_MAX: usize = 1024 * 1024;

/// What a shell is started with. Everything is by value: nothing is read from the caller's environment or current directory.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The executable that serves as the shell's helper.
    pub helper: Helper,
    /// bash, 4.4 or newer.
    pub bash: PathBuf,
    /// The run's private directory; `home/`, `tmp/` and `work/` are made in it when they are missing, and blocks start in `work/`.
    /// It is removed, with all that is in it, when the shell is dropped or docent dies without [`super::Session::stop`].
    pub directory: PathBuf,
    /// The exact environment of bash; nothing is inherited and nothing is added.
    pub environment: BTreeMap<OsString, OsString>,
    /// Bytes of each stream of each block that are kept; the rest is read and counted.
    pub output_bytes_max: usize,
    /// Whether a block stops at its first failing command; a document can still say `set +e` or `set -e`.
    pub errexit: bool,
    /// The first value of `RANDOM`; none leaves it to bash.
    pub seed: Option<u32>,
    /// Ends blocks from outside.
    pub interrupt: Interrupt,
    /// The sandbox of the shell's own room, when it is not given one.
    pub sandbox: Sandbox,
    /// The room that the shell lives in; none opens one for it alone.
    pub room: Option<Arc<Room>>,
}

impl Launch {
    /// A launch with an empty environment, 1 MiB of each stream, stopping at failures, unseeded, without a sandbox.
    pub fn new(helper: Helper, bash: impl Into<PathBuf>, directory: impl Into<PathBuf>) -> Self {
        Self {
            helper,
            bash: bash.into(),
            directory: directory.into(),
            environment: BTreeMap::new(),
            output_bytes_max: OUTPUT_BYTES_MAX,
            errexit: true,
            seed: None,
            interrupt: Interrupt::new(),
            sandbox: Sandbox::Off,
            room: None,
        }
    }

    /// The private home directory.
    pub fn home(&self) -> PathBuf {
        self.directory.join("home")
    }

    /// The private directory for temporary files.
    pub fn temporary(&self) -> PathBuf {
        self.directory.join("tmp")
    }

    /// The directory that the first block starts in.
    pub fn work(&self) -> PathBuf {
        self.directory.join("work")
    }

    /// Makes the directories that are missing.
    pub(super) fn make_directories(&self) -> io::Result<()> {
        for directory in [self.home(), self.temporary(), self.work()] {
            std::fs::create_dir_all(directory)?;
        }
        Ok(())
    }
}

/// The executable that is started as the shell's helper: any program that calls [`crate::reexec::intercept`] first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helper {
    executable: PathBuf,
}

impl Helper {
    /// This very program. With feature `harness` an initialiser answers before `main`, so test programs can be the helper too.
    ///
    /// # Errors
    ///
    /// When the system cannot tell where the program's file is.
    pub fn this_program() -> io::Result<Self> {
        crate::reexec::keep();
        std::env::current_exe().map(|executable| Self { executable })
    }

    /// Another program, such as the `docent` that was installed.
    pub fn program(executable: impl Into<PathBuf>) -> Self {
        Self { executable: executable.into() }
    }

    /// Its path.
    pub fn executable(&self) -> &Path {
        &self.executable
    }
}
