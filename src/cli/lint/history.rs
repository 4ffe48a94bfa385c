//! The versions of a file in the history of its git repository, read with the `git` program: no hook, no pager, no network, no lock.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use crate::cli::{Problem, exit::Exit, options};

/// Versions that are looked at, the newest first.
const VERSIONS_MAX: usize = 2000;
/// What git may print: all versions together.
const OUTPUT_BYTES_MAX: u64 = 256 << 20;
/// How long git may take.
const TIME_MAX: Duration = Duration::from_secs(60);
/// What a repository's own configuration could make git run, switched off; and names as they are.
const SETTINGS: [&str; 6] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "log.showSignature=false",
    "protocol.allow=never",
    "core.pager=cat",
];
/// What the caller's environment could change.
const REMOVED_VARIABLES: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_EXTERNAL_DIFF",
    "GIT_TRACE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_NAMESPACE",
];

/// A file as it was in a commit.
pub(super) struct Version {
    pub(super) commit: String,
    /// The day of the commit.
    pub(super) date: String,
    /// Its path then.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// The versions of a file, the newest first, renames followed.
pub(super) struct History {
    pub(super) versions: Vec<Version>,
    /// Whether renames could be looked for.
    pub(super) is_followed: bool,
}

impl History {
    /// Reads the history of a file, which need not exist any more.
    pub(super) fn of(file: &Path) -> Result<Self, Problem> {
        let git = Git::at(file)?;
        let followed = git.log(&["--follow"]);
        // In a clone without all its objects renames cannot be found, but the history of the path can.
        let (entries, is_followed) = match followed {
            Ok(entries) => (entries, true),
            Err(Failure::Refused(_)) => (git.log(&[])?, false),
            Err(other) => return Err(other.into()),
        };
        let versions = git.contents(entries)?;
        if versions.is_empty() {
            let message = format!("{} has no history in its git repository\n\nTry: docent lint --against without --git", file.display());
            return Err(Problem::new(Exit::Usage, message));
        }
        Ok(Self { versions, is_followed })
    }
}

struct Git {
    program: PathBuf,
    folder: PathBuf,
    /// The file, from the root of the repository.
    path: String,
}

impl Git {
    fn at(file: &Path) -> Result<Self, Problem> {
        let program = options::find("git")
            .ok_or_else(|| Problem::new(Exit::Broken, "git is not on PATH; --git reads the history of the source with it"))?;
        let absolute = std::path::absolute(file).map_err(|error| Problem::of(Exit::Unreadable, &error))?;
        // The folder of a file that was moved away may be gone too.
        let folder = absolute.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned();
        let rest = absolute.strip_prefix(&folder).unwrap_or(&absolute).to_string_lossy().into_owned();
        let git = Self { program, folder, path: rest };
        let prefix = git.run(&["rev-parse", "--show-prefix"], None).map_err(|problem| match problem {
            Failure::Refused(why) if why.contains("not a git repository") => {
                Problem::new(Exit::Usage, format!("{} is in no git repository, so it has no history to look at", file.display()))
            }
            other => other.into(),
        })?;
        let prefix = String::from_utf8_lossy(&prefix).trim_end_matches('\n').to_owned();
        Ok(Self { path: format!("{prefix}{}", git.path), ..git })
    }

    /// Commits that touched a file: hash, day, and the file's path then.
    fn log(&self, options: &[&str]) -> Result<Vec<(String, String, String)>, Failure> {
        let number = format!("--max-count={VERSIONS_MAX}");
        let words = ["log", "--no-ext-diff", "--no-textconv", "--format=%x01%H %cs", "--name-only", "-z", &number];
        let top = format!(":(top,literal){}", self.path);
        let printed = self.run(&[&words[..], options, &["--", &top]].concat(), None)?;
        let printed = String::from_utf8_lossy(&printed).into_owned();
        let mut path = self.path.clone();
        let mut entries = Vec::new();
        for record in printed.split('\u{1}') {
            let mut fields = record.split('\0').map(|field| field.trim_matches('\n')).filter(|field| !field.is_empty());
            let Some((commit, date)) = fields.next().and_then(|head| head.split_once(' ')) else { continue };
            path = fields.next().map_or(path, str::to_owned);
            entries.push((commit.to_owned(), date.to_owned(), path.clone()));
        }
        Ok(entries)
    }

    /// The contents of the file in these commits; a commit that deleted it has none.
    fn contents(&self, entries: Vec<(String, String, String)>) -> Result<Vec<Version>, Problem> {
        let broken = |error: std::io::Error| Problem::of(Exit::Broken, &error);
        let mut wanted = tempfile::tempfile().map_err(broken)?;
        let entries: Vec<_> = entries.into_iter().filter(|(.., path)| !path.contains('\n')).collect();
        for (commit, _, path) in &entries {
            writeln!(wanted, "{commit}:{path}").map_err(broken)?;
        }
        wanted.rewind().map_err(broken)?;
        let printed = self.run(&["cat-file", "--batch"], Some(wanted))?;
        let mut rest = printed.as_slice();
        let mut versions = Vec::new();
        for (commit, date, path) in entries {
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { break };
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            rest = &rest[end + 1..];
            if head.ends_with(" missing") {
                continue;
            }
            let Some(size) = head.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok()) else { break };
            let Some(bytes) = rest.get(..size) else { break };
            if head.contains(" blob ") {
                versions.push(Version { commit, date, path, bytes: bytes.to_vec() });
            }
            rest = rest.get(size + 1..).unwrap_or_default();
        }
        Ok(versions)
    }

    fn run(&self, words: &[&str], input: Option<File>) -> Result<Vec<u8>, Failure> {
        let mut command = Command::new(&self.program);
        command.arg("-C").arg(&self.folder).args(["--no-pager", "--no-optional-locks"]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for name in REMOVED_VARIABLES {
            command.env_remove(name);
        }
        command.args(words).env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1").env("LC_ALL", "C");
        command.stdin(input.map_or_else(Stdio::null, Stdio::from)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(Failure::NotStarted)?;
        let (sender, receiver) = mpsc::channel();
        let streams = (child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(stderr)) = streams else { return Err(Failure::TooSlow) };
        let errors = std::thread::spawn(move || read(stderr, 1 << 16));
        std::thread::spawn(move || {
            // Nobody listens any more when git took too long.
            let _ = sender.send(read(stdout, OUTPUT_BYTES_MAX));
        });
        let printed = receiver.recv_timeout(TIME_MAX);
        if printed.as_ref().map_or(true, |printed| printed.len() as u64 >= OUTPUT_BYTES_MAX) {
            // It may have ended by itself meanwhile.
            let _ = child.kill();
        }
        let status = child.wait().map_err(Failure::NotStarted)?;
        match printed {
            Err(_) => Err(Failure::TooSlow),
            Ok(printed) if printed.len() as u64 >= OUTPUT_BYTES_MAX => Err(Failure::TooMuch),
            Ok(printed) if status.success() => Ok(printed),
            Ok(_) => Err(Failure::Refused(String::from_utf8_lossy(&errors.join().unwrap_or_default()).trim().to_owned())),
        }
    }
}

fn read(stream: impl Read, bytes_max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A stream that breaks off is an answer that breaks off: git's status tells.
    let _ = stream.take(bytes_max).read_to_end(&mut bytes);
    bytes
}

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("git cannot be started: {0}")]
    NotStarted(std::io::Error),
    #[error("git took more than {} s", TIME_MAX.as_secs())]
    TooSlow,
    #[error("the history has more than {} MB", OUTPUT_BYTES_MAX >> 20)]
    TooMuch,
    #[error("git: {0}")]
    Refused(String),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::new(Exit::Broken, failure.to_string())
    }
}
