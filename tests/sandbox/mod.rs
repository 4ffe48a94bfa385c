//! Getting out of the sandbox: every row of the list is attempted inside, with all layers, without namespaces, and without walls.
//!
//! Attempts run in this very program started again: as root where the tests are root, as an ordinary user, with a secret in its
//! environment and one on descriptor 9. What is tried is `escapes.py`; what is planted outside is `outside.rs`.

mod calls;
mod outside;
mod power;
mod trust;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use docent::shell::{Bash, Block, Helper, Launch, Layer, Plan, Room, Sandbox, Session};
use rustix::process::geteuid;

use self::outside::Outside;

/// Set for the program that attempts: the layers to leave out, or `all`.
const ATTEMPT: &str = "DOCENT_TEST_ESCAPE_WITHOUT";
/// And the rows to try; all when empty.
const ROWS: &str = "DOCENT_TEST_ESCAPE_ROWS";

/// What must keep working, whatever the walls.
const NEEDED: [&str; 5] = ["00 write, run", "00 reach the cloud", "00 resolve, fetch", "00 loops, pipes", "00 own server"];

/// A program may run from memory: so may any that a document brings along.
const BY_DESIGN: [&str; 1] = ["31"];

/// Without namespaces, what files and processes there are, and when they changed, can be seen and touched.
const WITHOUT_NAMESPACES: [&str; 4] = ["03", "09", "31", "40"];

/// What the kernel, a container or the user's lack of powers may refuse even without walls. Row 30 needs a terminal, 26 and 27 what docent
/// never hands on; `the_rows_that_docent_itself_closes_are_open_without_it` shows those.
const MAY_FAIL_ANYWHERE: [&str; 13] = ["12", "13", "16", "17", "26", "27", "28", "30", "33", "34", "35", "41", "43"];

fn python() -> Option<&'static str> {
    ["/usr/bin/python3", "/usr/local/bin/python3"].into_iter().find(|path| Path::new(path).exists())
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped(what: &str) {
    eprintln!("skipped: {what}");
}

/// Who attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Whoever runs the tests.
    Same,
    /// An ordinary user.
    Ordinary,
}

impl Who {
    fn all() -> Vec<Self> {
        if geteuid().is_root() { vec![Self::Same, Self::Ordinary] } else { vec![Self::Same] }
    }
}

/// What came of the rows: those that succeeded, and a sentence for each that did not.
#[derive(Debug)]
struct Matrix {
    succeeded: BTreeSet<String>,
    refused: BTreeMap<String, String>,
    /// The layers that did not hold.
    missing: String,
}

impl Matrix {
    fn read(text: &str) -> Self {
        let mut matrix = Self { succeeded: BTreeSet::new(), refused: BTreeMap::new(), missing: String::new() };
        for line in text.lines().filter_map(|line| line.strip_prefix("ROW ")) {
            match line.split_once(" = ") {
                Some((name, "Y")) => drop(matrix.succeeded.insert(name.to_owned())),
                Some(("missing", layers)) => matrix.missing = layers.to_owned(),
                Some((name, why)) => drop(matrix.refused.insert(name.to_owned(), why.to_owned())),
                None => {}
            }
        }
        matrix
    }

    #[track_caller]
    fn check_needed(&self) {
        for row in NEEDED {
            assert!(self.succeeded.contains(row), "{row} must work: {:?}", self.refused.get(row));
        }
    }

    /// Without what must work.
    fn escapes(&self) -> Vec<&str> {
        self.succeeded.iter().map(String::as_str).filter(|row| !row.starts_with("00")).collect()
    }
}

/// Runs the attempts in a program of their own; none where there is no Python.
fn attempt(who: Who, without: &str, rows: &str) -> Option<Matrix> {
    if python().is_none() {
        skipped("there is no python3 in /usr/bin or /usr/local/bin");
        return None;
    }
    let secret = tempfile::NamedTempFile::new().expect("a scratch file");
    fs::write(secret.path(), "SECRET").expect("a scratch file");
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", r#"exec "$0" "$@" 9<"$SECRET_FILE""#])
        .arg(std::env::current_exe().expect("a test program has a path"))
        .args(["--exact", "sandbox::attempts", "--nocapture"])
        .env_clear()
        .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HARNESS", "HARNESS_SECRET"), (ATTEMPT, without), (ROWS, rows)])
        .env("SECRET_FILE", secret.path())
        .stdin(Stdio::null());
    if who == Who::Ordinary {
        fs::set_permissions(secret.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("it is ours");
        command.uid(65534).gid(65534);
    }
    let output = command.output().expect("this program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Some(Matrix::read(&text))
}

/// Nothing unless it is started by [`attempt`].
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the rows are for whoever started this program")]
async fn attempts() {
    let (Ok(without), Ok(rows), Some(python)) = (std::env::var(ATTEMPT), std::env::var(ROWS), python()) else { return };
    let directory = tempfile::tempdir().expect("a scratch folder");
    let sandbox = if without == "all" { Sandbox::Off } else { Sandbox::BestEffort };
    let mut plan = Plan::new(Helper::this_program().expect("a test program has a path"), sandbox, directory.path());
    plan.has_listener = true;
    plan.without = Layer::ALL.into_iter().filter(|layer| without.split(',').any(|name| name == layer.as_str())).collect();
    let room = Room::open(plan).await.expect("a room");
    // What is planted belongs to the user that blocks are, so that ordinary permissions explain no failure.
    let outside = Outside::plant(room.user());
    let missing =
        room.layers().states().iter().filter(|state| !state.holds).map(|state| format!("{} ({})", state.layer.as_str(), state.detail));
    println!("ROW missing = {}", missing.collect::<Vec<_>>().join("; "));
    let mut launch = Launch::new(Helper::this_program().expect("a test program has a path"), "/bin/bash", directory.path());
    launch.environment.insert("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
    launch.room = Some(room.clone());
    let work = launch.work();
    let port = outside::serve(room.take_listener().expect("it was planned"), room.seen(&work));
    fs::create_dir_all(&work).expect("a scratch folder");
    fs::write(work.join("escapes.py"), include_str!("escapes.py")).expect("a scratch file");
    fs::write(work.join("where.json"), outside.description(port, &rows.split(',').filter(|row| !row.is_empty()).collect::<Vec<_>>()))
        .expect("a scratch file");
    let mut bash = Bash::start(launch).await.expect("bash starts");
    let script = format!("HELPER=$PPID {python} escapes.py \"$(cat where.json)\"");
    let outcome = bash.run(Block { script, timeout: Duration::from_secs(120), ..Block::default() }).await.expect("there is a shell");
    for line in outcome.stdout.text().lines() {
        println!("ROW {line}");
    }
    assert!(outcome.is_success(), "{:?} {}", outcome.ending, outcome.stderr.text());
    bash.stop().await.expect("nothing is left");
    drop(bash);
    room.close().await;
    println!("ROW 42 = {}", if outside.has_daemon() { "Y" } else { "n" });
    outside.end_daemons();
}

#[test]
fn with_all_layers_only_the_row_by_design_gets_out() {
    for who in Who::all() {
        let Some(matrix) = attempt(who, "none", "") else { return };
        matrix.check_needed();
        if matrix.missing.is_empty() {
            assert_eq!(matrix.escapes(), BY_DESIGN, "{who:?}");
        } else {
            skipped(&format!("this machine does not have all layers: {}", matrix.missing));
        }
    }
}

#[test]
fn without_namespaces_only_what_is_there_can_be_seen() {
    for who in Who::all() {
        let Some(matrix) = attempt(who, "namespaces", "") else { return };
        matrix.check_needed();
        if matrix.missing.contains(';') {
            skipped(&format!("this machine lacks more than namespaces: {}", matrix.missing));
            continue;
        }
        let others: Vec<&str> = matrix.escapes().into_iter().filter(|row| !WITHOUT_NAMESPACES.contains(row)).collect();
        assert!(others.is_empty(), "{who:?}: rows {others:?}");
    }
}

#[test]
fn without_walls_the_attempts_succeed() {
    for who in Who::all() {
        let Some(matrix) = attempt(who, "all", "") else { return };
        matrix.check_needed();
        for (row, why) in &matrix.refused {
            // Nothing outlives a run, walls or not.
            assert!(MAY_FAIL_ANYWHERE.contains(&row.as_str()) || row == "42", "{who:?}: row {row} shows nothing: {why}");
        }
    }
}

/// Which layers stop which rows: with all of these off the row is open, and each of them alone keeps it closed.
const STOPPED_BY: [(&str, &str); 13] = [
    ("limits", "36,37,38"),
    ("seccomp", "17,33,34,35"),
    ("landlock", "22"),
    ("namespaces", "03,09,40"),
    ("namespaces,landlock", "01,02,04,05,06,07,08,10,21,24,25,39"),
    ("namespaces,connections", "11,13,14,18"),
    ("namespaces,seccomp", "12,15"),
    ("namespaces,seccomp,connections", "19,43"),
    ("namespaces,landlock,seccomp", "23,28,29"),
    ("namespaces,landlock,seccomp,connections", "20"),
    ("landlock,seccomp,identity", "32"),
    ("identity", "16"),
    // What is not there cannot be reached, and nothing outlives a run: `the_rows_that_docent_itself_closes_are_open_without_it`.
    ("docent itself", "26,27,30,41,42"),
];

#[test]
fn each_row_is_open_without_the_layers_that_stop_it_and_closed_with_any_of_them() {
    let all: BTreeSet<&str> = STOPPED_BY.iter().flat_map(|(_, rows)| rows.split(',')).chain(BY_DESIGN).collect();
    assert_eq!(
        all.into_iter().collect::<Vec<_>>(),
        (1..=43).map(|row| format!("{row:02}")).collect::<Vec<_>>(),
        "every row has its layers"
    );
    let Some(matrix) = attempt(Who::Same, "none", "01") else { return };
    if !matrix.missing.is_empty() {
        return skipped(&format!("this machine lacks {}", matrix.missing));
    }
    let stopped = STOPPED_BY.iter().filter(|(layers, _)| !layers.contains("docent"));
    // What is to be closed, by the layers that are off: all but one of those that stop it.
    let mut closed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (layers, rows) in stopped {
        let matrix = attempt(Who::Same, layers, rows).expect("there is python");
        for row in rows.split(',').filter(|row| !matrix.escapes().contains(row)) {
            // What no kernel setting or lack of powers explains is a layer that was not told.
            let bare = attempt(Who::Same, "all", row).expect("there is python");
            let why = bare.refused.get(row).cloned().unwrap_or_default();
            assert!(MAY_FAIL_ANYWHERE.contains(&row) && !bare.escapes().contains(&row), "without {layers} row {row}: {:?}", matrix.refused);
            skipped(&format!("row {row} cannot be opened on this machine: {why}"));
        }
        let layers: Vec<&str> = layers.split(',').collect();
        for layer in layers.iter().filter(|_| layers.len() > 1) {
            let others: Vec<&str> = layers.iter().copied().filter(|other| other != layer).collect();
            closed.entry(others.join(",")).or_default().extend(rows.split(','));
        }
    }
    let mut open = Vec::new();
    for (off, rows) in closed {
        let rows: Vec<&str> = rows.into_iter().collect();
        let matrix = attempt(Who::Same, &off, &rows.join(",")).expect("there is python");
        open.extend(matrix.escapes().into_iter().map(|row| format!("{row} with all layers but {off}")));
    }
    assert!(open.is_empty(), "{open:#?}");
}

/// The environment, descriptors and the terminal: docent hands on none of them, with walls or without, and ends what is left running. Here
/// Python is started without docent.
#[test]
fn the_rows_that_docent_itself_closes_are_open_without_it() {
    let Some(python) = python() else { return skipped("there is no python3") };
    let folder = tempfile::tempdir().expect("a scratch folder");
    let script: PathBuf = folder.path().join("escapes.py");
    fs::write(&script, include_str!("escapes.py")).expect("a scratch file");
    fs::write(folder.path().join("secret"), "SECRET").expect("a scratch file");
    let output = Command::new("/bin/sh")
        .args(["-c", r#"exec "$0" "$@" 9<secret"#, python, "-c", "import pty, sys; pty.spawn(sys.argv[1:])", python])
        .arg(&script)
        .arg(r#"{"rows": ["26", "27", "30"]}"#)
        .env("HARNESS", "HARNESS_SECRET")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("python runs");
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    for row in ["26 = Y", "27 = Y"] {
        assert!(text.lines().any(|line| line.ends_with(row)), "{row}: {text}");
    }
    // Linux 6.2 and newer can refuse this to everybody.
    let refused = fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti").is_ok_and(|text| text.trim() == "0");
    assert!(refused || text.lines().any(|line| line.ends_with("30 = Y")), "{text}");

    let outside = Outside::plant(None);
    let status =
        Command::new(python).arg(&script).arg(outside.description(1, &["41"])).current_dir(folder.path()).stdin(Stdio::null()).output();
    assert!(status.expect("python runs").status.success());
    let outlives = outside.has_daemon();
    outside.end_daemons();
    assert!(outlives, "row 42 would not see a daemon");
}

#[test]
fn a_room_is_set_up_and_gone_quickly() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let open = |sandbox| {
        let directory = tempfile::tempdir().expect("a scratch folder");
        runtime.block_on(async {
            let room = Room::open(Plan::new(Helper::this_program().expect("a path"), sandbox, directory.path())).await.expect("a room");
            let names = room.layers().summary();
            room.close().await;
            names
        })
    };
    // Only that it ends at all: how fast is for benches on a machine that does nothing else.
    let started = Instant::now();
    assert!(open(Sandbox::BestEffort).contains("seccomp"));
    assert_eq!(open(Sandbox::Off), "no walls");
    assert!(started.elapsed() < Duration::from_secs(60));
}
