//! Nothing that a block has started outlives it, docent, or docent's sudden death.
//!
//! Processes are found by a marker in their environment, which only their own tree has.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Bash, Block, Ending, Fixture, Interrupt, Sandbox, Session, ShellError, launch};

/// Set for the child that `a_killed_docent_leaves_nothing_running` starts: the directory to run in.
const VICTIM: &str = "DOCENT_TEST_SHELL_VICTIM";

/// Trees that leave the session and ignore signals, and one that keeps replacing itself by a double fork into a new session.
const ADVERSARY: &str = r#"
for i in 1 2 3; do
  setsid bash -c 'trap "" TERM INT HUP; (trap "" TERM INT HUP; sleep 600) & (sleep 600) & sleep 600' >/dev/null 2>&1 &
done
cat >"$T/respawn" <<'EOF'
n=$1
[ "$n" -gt 0 ] || exec sleep 600
sleep 0.005
(setsid bash "$0" $((n - 1)) >/dev/null 2>&1 &)
EOF
setsid bash "$T/respawn" 60 >/dev/null 2>&1 &
"#;

/// The processes that have this scratch directory in their environment; the dead and the dying have none.
fn survivors(scratch: &Path) -> Vec<u32> {
    let marker = format!("T={}", scratch.display());
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let has_marker = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes())
    };
    pids.filter(has_marker).collect()
}

/// How many processes of the run whose scratch directory is `scratch` have this command line.
pub(super) fn processes_with(scratch: &str, command: &str) -> usize {
    let is_it = |pid: &u32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> = words.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        words.join(" ").trim_end() == command
    };
    survivors(Path::new(scratch)).iter().filter(|pid| is_it(pid)).count()
}

/// Looks until `count` processes of the run have this command line: between `&` and the command line lie a fork and an exec.
#[track_caller]
pub(super) fn await_running(scratch: &Path, command: &str, count: usize) {
    let started = Instant::now();
    loop {
        let running = processes_with(&scratch.display().to_string(), command);
        if running == count {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{running} processes run `{command}`, not {count}");
        std::thread::yield_now();
    }
}

/// How many there are now; room and helper have no environment.
fn alive(shell: &Fixture) -> usize {
    survivors(&shell.scratch).len()
}

#[tokio::test]
async fn a_time_out_kills_everything_and_the_next_block_has_the_state_before() {
    let Some(mut shell) = Fixture::start().await else { return };
    shell.run("A=1; sleep 600 & B=$!").await;
    let outcome = shell.run_within(&format!("A=2\n{ADVERSARY}\nsleep 600"), Duration::from_millis(400)).await;
    assert_eq!(outcome.ending, Ending::TimedOut);
    assert!(outcome.shell_restarted && !outcome.writers_left);
    assert_eq!(alive(&shell), 0);
    assert_eq!(shell.run("echo $A").await.stdout.text(), "1\n");
}

#[tokio::test]
async fn stopping_kills_what_a_block_has_left_running() {
    let Some(mut shell) = Fixture::start().await else { return };
    assert_eq!(shell.run(ADVERSARY).await.ending, Ending::Exited(0));
    assert!(alive(&shell) > 3);
    shell.bash.stop().await.unwrap();
    assert_eq!(survivors(&shell.scratch), Vec::<u32>::new());
}

#[tokio::test]
async fn an_interrupt_ends_the_block_and_refuses_the_next() {
    let interrupt = Interrupt::new();
    let handle = interrupt.clone();
    let Some(mut shell) = Fixture::start_with(|launch| launch.interrupt = handle).await else { return };
    shell.run("A=1").await;
    let mark = shell.seen.join("running");
    let raise = async {
        while !mark.exists() {
            tokio::task::yield_now().await;
        }
        interrupt.raise();
    };
    let block = Block { script: "A=2; : >$T/running; sleep 600".into(), timeout: Duration::from_secs(60), ..Block::default() };
    let (outcome, ()) = tokio::join!(shell.bash.run(block), raise);
    assert_eq!(outcome.unwrap().ending, Ending::Interrupted);
    assert_eq!(alive(&shell), 0);
    assert_eq!(shell.run("echo no").await.ending, Ending::Interrupted);
    interrupt.clear();
    assert_eq!(shell.run("echo $A").await.stdout.text(), "1\n");
}

#[tokio::test]
async fn kill_0_reaches_the_shell_and_not_the_helper() {
    let Some(mut shell) = Fixture::start().await else { return };
    assert_eq!(shell.run("A=1; kill -9 0").await.ending, Ending::Signaled(9));
    assert_eq!(shell.run("echo ok").await.stdout.text(), "ok\n");
}

#[tokio::test]
async fn behind_walls_a_block_cannot_kill_the_helper() {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run("kill -9 $PPID 2>/dev/null || echo refused").await;
    assert_eq!((outcome.ending, &*outcome.stdout.text()), (Ending::Exited(0), "refused\n"));
}

#[tokio::test]
async fn a_block_that_kills_the_helper_is_an_error_and_takes_the_shell_with_it() {
    let Some(mut shell) = Fixture::start_with(|launch| launch.sandbox = Sandbox::Off).await else { return };
    let killed =
        shell.bash.run(Block { script: "kill -9 $PPID; sleep 600".into(), timeout: Duration::from_secs(60), ..Block::default() }).await;
    assert!(matches!(killed, Err(ShellError::HelperLost)), "{killed:?}");
    let again = shell.bash.run(Block { script: "echo no".into(), timeout: Duration::from_secs(60), ..Block::default() }).await;
    assert!(matches!(again, Err(ShellError::HelperLost)), "{again:?}");
    await_none(&shell.scratch);
}

#[tokio::test]
async fn a_session_that_is_dropped_leaves_nothing_running() {
    let Some(mut shell) = Fixture::start().await else { return };
    shell.run(ADVERSARY).await;
    let scratch = shell.scratch.clone();
    drop(shell);
    await_none(&scratch);
}

#[test]
fn a_killed_docent_leaves_nothing_running() {
    let directory = tempfile::tempdir().unwrap();
    if launch(directory.path()).is_none() {
        return;
    }
    // This very test program, asked to run the test below only, in which it runs a block and is killed by us.
    let mut docent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "shell::tests::killing::victim", "--nocapture"])
        .env(VICTIM, directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let scratch = directory.path().join("t");
    let started = Instant::now();
    while !scratch.join("told").exists() {
        assert!(started.elapsed() < Duration::from_secs(20), "the block did not start");
        std::thread::yield_now();
    }
    assert!(survivors(&scratch).len() > 3);
    let control = std::fs::read_to_string(scratch.join("told")).unwrap();
    docent.kill().unwrap();
    docent.wait().unwrap();
    await_none(&scratch);
    // The room removes both just before it ends; nobody else would.
    for gone in [Path::new(control.trim()), directory.path()] {
        let started = Instant::now();
        while gone.exists() {
            assert!(started.elapsed() < Duration::from_secs(10), "still there: {}", gone.display());
            std::thread::yield_now();
        }
    }
}

/// Nothing unless it is started by the test above.
#[tokio::test]
async fn victim() {
    let Some(directory) = std::env::var_os(VICTIM) else { return };
    let Some(launch) = launch(Path::new(&directory)) else { return };
    let mut bash = Bash::start(launch).await.unwrap();
    let control = bash.control_directory().to_string_lossy().into_owned();
    let seen = bash.room().seen(&Path::new(&directory).join("t/running"));
    let tell = async {
        while !seen.exists() {
            tokio::task::yield_now().await;
        }
        let new = Path::new(&directory).join("t/told.new");
        std::fs::write(&new, control).unwrap();
        std::fs::rename(&new, new.with_extension("")).unwrap();
        std::future::pending::<()>().await;
    };
    let script = format!("{ADVERSARY}\nsleep 0.2; : >$T/running; sleep 600");
    let block = Block { script, timeout: Duration::from_secs(60), ..Block::default() };
    tokio::select! {
        ended = bash.run(block) => drop(ended.unwrap()),
        () = tell => {}
    }
}

/// Nobody tells when the helper has done its work, so this looks until it has, with a bound.
#[track_caller]
pub(super) fn await_none(scratch: &Path) {
    let started = Instant::now();
    while !survivors(scratch).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(10), "still running: {:?}", survivors(scratch));
        std::thread::yield_now();
    }
}
