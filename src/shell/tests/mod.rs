//! The persistent shell against a real bash. Where there is none, these tests say so and pass.

mod background;
mod edge;
mod failures;
mod killing;
mod lifecycle;
mod rewind;
mod streams;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::*;

/// A session with a scratch directory `$T`.
struct Fixture {
    bash: Bash,
    scratch: PathBuf,
    /// The same directory as it is found from outside.
    seen: PathBuf,
    control: PathBuf,
    _directory: TempDir,
}

fn bash_path() -> Option<PathBuf> {
    ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].into_iter().map(PathBuf::from).find(|path| path.exists())
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skip() {
    eprintln!("skipped: there is no bash on this machine");
}

/// A launch into `directory` with a PATH and `$T`; none where there is no bash.
fn launch(directory: &Path) -> Option<Launch> {
    let Some(bash) = bash_path() else {
        skip();
        return None;
    };
    let mut launch = Launch::new(Helper::this_program().expect("a test program has a path"), bash, directory);
    let scratch = directory.join("t");
    std::fs::create_dir_all(&scratch).expect("a fresh directory takes another");
    launch.environment.insert("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
    launch.sandbox = Sandbox::BestEffort;
    launch.environment.insert("T".into(), scratch.into());
    Some(launch)
}

impl Fixture {
    async fn start() -> Option<Self> {
        Self::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut Launch)) -> Option<Self> {
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        let mut launch = launch(directory.path())?;
        change(&mut launch);
        let bash = Bash::start(launch).await.expect("bash starts");
        let (scratch, control) = (directory.path().join("t"), bash.control_directory().to_owned());
        let seen = bash.room().seen(&scratch);
        Some(Self { bash, scratch, seen, control, _directory: directory })
    }

    async fn run(&mut self, script: &str) -> Outcome {
        self.run_within(script, Duration::from_secs(20)).await
    }

    async fn run_within(&mut self, script: &str, timeout: Duration) -> Outcome {
        self.bash.run(Block { script: script.to_owned(), timeout, ..Block::default() }).await.expect("there is a shell for the block")
    }

    /// One line: how the block ended, `DIED` when the shell did, both streams, with fixed names for directories.
    fn describe(&self, outcome: &Outcome) -> String {
        let mut line = match outcome.ending {
            Ending::Exited(status) => format!("rc={status}"),
            Ending::Signaled(signal) => format!("sig={signal}"),
            Ending::TimedOut => "TIMEOUT".to_owned(),
            Ending::Interrupted => "INTERRUPTED".to_owned(),
            Ending::Stopped => "STOPPED".to_owned(),
        };
        if outcome.shell_restarted {
            line.push_str(" DIED");
        }
        let shown = |text: &str| text.replace(&*self.control.to_string_lossy(), "$CTL").replace(&*self.scratch.to_string_lossy(), "$T");
        line.push_str(&format!(" out={:?}", shown(&outcome.stdout.text())));
        if outcome.stderr.total > 0 {
            line.push_str(&format!(" err={:?}", shown(&outcome.stderr.text())));
        }
        line
    }
}

/// Runs blocks in one session and compares each with its line.
async fn check(blocks: &[(&str, &str)]) {
    check_within(Duration::from_secs(20), blocks).await;
}

/// The same with another time-out.
async fn check_within(timeout: Duration, blocks: &[(&str, &str)]) {
    let Some(mut shell) = Fixture::start().await else { return };
    for (script, expected) in blocks {
        let outcome = shell.run_within(script, timeout).await;
        assert_eq!(shell.describe(&outcome), *expected, "after {script:?}");
    }
    shell.bash.stop().await.expect("nothing is left");
}
