//! The journal of a run: who may read and clean it, and what a resumed run is. How runs end at any point is in `interruptions.rs`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

const DOCUMENT: &str = concat!(
    "# Interrupted\n\n",
    "```bash\nmkdir -p deep/er && chmod 500 deep && echo one\n```\n\n",
    // A daemon that leaves its session and does not listen.
    "```bash\n(trap '' INT TERM HUP; setsid sleep 1000 & ) >/dev/null 2>&1\necho two\n```\n\n",
    "<!-- docent: background ready=up -->\n```bash\necho up; sleep 1000\n```\n\n",
    "```bash\necho \"the password is $ADMIN_PASSWORD\"\n```\n\n",
    "```bash\ntouch \"$MARK\" 2>/dev/null || :; [ -e \"$GO\" ] || sleep 1000\n```\n\n",
    "```bash\necho last\n```\n",
);

/// A folder with a document, and docent in it with a state and temporary files of its own.
pub(crate) struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        fs::write(folder.path().join("a.md"), DOCUMENT).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn docent(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docent"));
        command.args(words).current_dir(self.folder.path()).env("XDG_STATE_HOME", self.path("state")).env("TMPDIR", self.path("tmp"));
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn start(&self) -> Child {
        let (mark, go) = (format!("MARK={}", self.path("mark").display()), format!("GO={}", self.path("go").display()));
        let words = ["test", "a.md", "--target", "none", "--var", "ADMIN_PASSWORD=hunter2-hunter2", "--var", &mark, "--var", &go];
        self.docent(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Where its temporary files are.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.path("tmp")
    }

    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        fs::read_dir(self.path("state/docent/runs")).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }

    /// Waits until the journal has so many lines, and gives the run's name.
    #[track_caller]
    pub(crate) fn wait_for_lines(&self, lines: usize) -> String {
        let started = Instant::now();
        loop {
            if let Some(journal) = self.journals().first()
                && fs::read_to_string(journal).is_ok_and(|text| text.lines().count() >= lines)
            {
                return journal.file_stem().unwrap().to_str().unwrap().to_owned();
            }
            assert!(started.elapsed() < PATIENCE, "the journal has no {lines} lines");
            std::thread::yield_now();
        }
    }

    /// `docent clean`, and what it says.
    pub(crate) fn clean(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.docent(&[&["clean"], words].concat()).output().unwrap();
        (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }

    /// What is there of a run, seen from outside: processes, files, mounts.
    pub(crate) fn remains(&self, run: &str) -> Vec<String> {
        let mut remains: Vec<String> = [self.path("tmp"), "/dev/shm".into(), self.path("state/docent/runs")]
            .iter()
            .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten())
            .map(|entry| entry.path().display().to_string())
            .filter(|path| path.contains(run))
            .collect();
        remains.extend(processes(run).iter().map(|pid| format!("process {pid}")));
        remains.extend(fs::read_to_string("/proc/mounts").unwrap().lines().filter(|line| line.contains(run)).map(str::to_owned));
        remains
    }
}

/// Processes with the run's name in their environment, zombies left out.
fn processes(run: &str) -> Vec<i32> {
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environment| String::from_utf8_lossy(&environment).contains(&format!("docent-{run}-")))
    })
    .collect()
}

pub(crate) fn signal(name: &str, pid: i32) {
    // One that is gone already needs none.
    let _ = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).stderr(Stdio::null()).status();
}

#[test]
fn a_run_that_goes_on_is_left_alone_and_its_journal_holds_no_secret() {
    let lab = Lab::new();
    let mut child = lab.start();
    let run = lab.wait_for_lines(10);
    let journal = fs::read_to_string(&lab.journals()[0]).unwrap();
    assert!(journal.contains("ADMIN_PASSWORD") && !journal.contains("hunter2"), "{journal}");
    assert!(lab.clean(&[]).1.contains("still going on"));
    assert_eq!(lab.clean(&[&run]).0, Some(2));
    assert!(!processes(&run).is_empty() && child.try_wait().unwrap().is_none());
    signal("KILL", i32::try_from(child.id()).unwrap());
    child.wait().unwrap();
    assert_eq!(lab.clean(&[&run]).0, Some(0));
    assert_eq!(lab.clean(&[&run]).0, Some(2), "it is unknown now");
}

#[test]
fn a_resumed_run_earns_all_of_its_verdicts_and_a_run_that_ends_leaves_no_journal() {
    let lab = Lab::new();
    let mut child = lab.start();
    let run = lab.wait_for_lines(10);
    signal("KILL", i32::try_from(child.id()).unwrap());
    child.wait().unwrap();
    fs::write(lab.path("go"), "").unwrap();
    let resume = |more: &[&str]| {
        let output = lab.docent(&[&["test", "--resume", &run, "--report", "json=report.json"], more].concat()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = resume(&[]);
    assert!(code == Some(2) && said.contains("a value for ADMIN_PASSWORD, which is not kept"), "{said}");
    let (mark, go) = (format!("MARK={}", lab.path("mark").display()), format!("GO={}", lab.path("go").display()));
    // What lets the step go on lies outside, which is what a sandbox is against.
    let (code, said) = resume(&["--sandbox", "off", "--var", "ADMIN_PASSWORD=hunter2-hunter2", "--var", &mark, "--var", &go]);
    assert!(code == Some(0) && said.contains("steps had ended; they run again"), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&fs::read(lab.path("report.json")).unwrap()).unwrap();
    let statuses: Vec<&str> =
        report["runbooks"][0]["steps"].as_array().unwrap().iter().filter_map(|step| step["status"].as_str()).collect();
    assert_eq!((report["target"].as_str(), statuses), (Some("none"), vec!["passed"; 6]));
    assert!(lab.journals().is_empty() && lab.remains(&run).is_empty(), "{:?}", lab.remains(&run));
    assert!(is_empty(&lab.path("tmp")));
}

#[test]
fn a_journal_that_is_not_ours_is_refused_by_name_and_reported() {
    let lab = Lab::new();
    let runs = lab.path("state/docent/runs");
    fs::create_dir_all(&runs).unwrap();
    fs::write(runs.join("newer.jsonl"), "{\"schema\": \"docent/journal/9\"}\n").unwrap();
    let (code, said) = lab.clean(&["newer"]);
    assert!(code == Some(2) && said.contains("docent/journal/9"), "{said}");
    assert_eq!(lab.clean(&[]).0, Some(5));
    assert!(runs.join("newer.jsonl").exists());
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}
