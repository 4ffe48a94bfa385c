//! What the sandbox lets blocks use up, and how it shows that one has come to the end of it.

use super::failure::Judgement;
use super::session::Ending;

/// Something of which blocks may have so much and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// What they write in all, in the run's directory and `/tmp`.
    Disk,
    /// The size of a file.
    FileSize,
    /// Processes and threads.
    Tasks,
    /// Memory of a process.
    Memory,
    /// Open files of a process.
    OpenFiles,
}

/// How bash and the C library call the errors that come of the bounds. Source: errno(3), as glibc and musl word it.
const MESSAGES: [(&str, Bound); 7] = [
    ("No space left on device", Bound::Disk),
    ("File size limit exceeded", Bound::FileSize),
    ("File too large", Bound::FileSize),
    ("Resource temporarily unavailable", Bound::Tasks),
    ("Cannot allocate memory", Bound::Memory),
    ("Out of memory", Bound::Memory),
    ("Too many open files", Bound::OpenFiles),
];
/// What starts a process or a thread, in messages about it.
const STARTS: [&str; 4] = ["fork", "thread", "clone", "spawn"];
/// The signal of a process whose file becomes too large. Source: signal(7).
const SIGXFSZ: i32 = 25;

impl Bound {
    /// Which one a block has met that has failed, or in which something has; `stderr` is what it said. Only where it says so: programs meet
    /// bounds of their own too. A block that sets bounds itself is not told of ours.
    pub(super) fn told(ending: Ending, judgement: &Judgement, script: &str, stderr: &str, is_full: impl Fn() -> bool) -> Option<Self> {
        if script.contains("ulimit") {
            return None;
        }
        let exited = match ending {
            Ending::Exited(status) => Some(status).filter(|status| *status != 0),
            Ending::TimedOut | Ending::Signaled(_) => Some(0),
            Ending::Interrupted | Ending::Stopped => None,
        };
        let failed = judgement.stopped_at.iter().chain(&judgement.masked).map(|failure| failure.status);
        let mut statuses = failed.chain(exited).peekable();
        statuses.peek()?;
        if statuses.any(|status| status == 128 + SIGXFSZ) {
            return Some(Self::FileSize);
        }
        let (_, bound) = MESSAGES.iter().find(|(message, bound)| {
            let mut lines = stderr.lines().filter(|line| line.contains(message));
            // The same error of a descriptor says that nothing is there to be read yet.
            *bound != Self::Tasks && lines.next().is_some() || lines.any(|line| STARTS.iter().any(|word| line.contains(word)))
        })?;
        // A device that is always full says the same. What was full may have been made room on since.
        (*bound != Self::Disk || is_full() || !script.contains("/dev/full")).then_some(*bound)
    }

    /// What it is, as a sentence fragment.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Disk => "what steps may write in all, 512 MiB or 131,072 files in their own directories and /tmp, is used up",
            Self::FileSize => "a file of a step may have 64 MiB",
            Self::Tasks => "the steps of a document may have 192 processes and threads at a time",
            Self::Memory => "a process of a step may have 5 GiB of addresses",
            Self::OpenFiles => "a process of a step may have 4,096 open files",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_named_when_a_failed_block_speaks_of_it() {
        let check =
            |ending, script: &str, stderr: &str, is_full: bool| Bound::told(ending, &Judgement::default(), script, stderr, || is_full);
        let failed = Ending::Exited(1);
        assert_eq!(check(failed, "", "head: error writing: No space left on device\n", false), Some(Bound::Disk));
        assert_eq!(check(failed, "cat x >/dev/full", "cat: write error: No space left on device\n", false), None);
        assert_eq!(check(failed, "cat x >/dev/full", "cat: write error: No space left on device\n", true), Some(Bound::Disk));
        assert_eq!(check(failed, "", "bash: fork: retry: Resource temporarily unavailable\n", true), Some(Bound::Tasks));
        assert_eq!(check(failed, "", "cat: -: Resource temporarily unavailable\n", true), None);
        assert_eq!(check(Ending::TimedOut, "", "bash: fork: Cannot allocate memory\n", false), Some(Bound::Memory));
        assert_eq!(check(Ending::Exited(153), "", "", false), Some(Bound::FileSize));
        assert_eq!(check(Ending::Exited(153), "ulimit -f 1; head x >y", "", false), None);
        assert_eq!(check(Ending::Exited(0), "", "Too many open files", false), None);
        assert_eq!(check(failed, "", "no such file", true), None);
    }
}
