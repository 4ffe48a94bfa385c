//! The journal of a run: what is about to happen, written down before it does, so that somebody can finish it when docent cannot.
//!
//! A file of JSON lines in a directory that only its owner can look into. Lines are written at once, which outlives the death of any
//! process. The first one, by which everything of the run can be found, is on the disk before anything happens; the others a thread brings
//! there, in as few goes as the disk allows. What they tell of is gone when the machine dies, so steps do not wait for it: a sync takes
//! longer than most steps. Values of variables never stand here.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    hash::{BuildHasher, RandomState},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use serde::{Deserialize, Serialize};

use crate::engine::{event::Event, remains::began};

/// What the first line says that this is.
const SCHEMA: &str = "docent/journal/1";

/// The end of a journal's name.
const EXTENSION: &str = "jsonl";

/// A journal larger than this is none of ours.
const BYTES_MAX: u64 = 64 << 20;

/// What was asked for when the run began, as far as it is no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each is the option of its name")]
pub struct Asked {
    /// The current directory then.
    pub folder: PathBuf,
    pub paths: Vec<PathBuf>,
    pub target: Option<String>,
    pub seed: Option<u64>,
    pub filter: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub tabs: Vec<String>,
    pub zones: Vec<String>,
    /// The names of the variables that were given.
    pub variables: Vec<String>,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    schema: String,
    /// The run's name.
    pub run: String,
    /// docent's process.
    pub process: Process,
    /// Wall time, RFC 3339.
    pub started: String,
    /// Where directories are made whose names begin with [`prefix`].
    pub roots: Vec<PathBuf>,
    /// What was asked for.
    pub asked: Asked,
}

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it began, in ticks since the machine did.
    pub began: u64,
    /// Which start of the machine that was.
    pub boot: String,
}

/// A later line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Record {
    Place { path: PathBuf },
    User { user: u32 },
    StepStarted { runbook: usize, step: usize },
    StepFinished { runbook: usize, step: usize },
    RunFinished { interrupted: bool },
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    run: String,
    path: PathBuf,
    file: Mutex<File>,
    sync: Option<SyncSender<()>>,
    syncing: Option<JoinHandle<()>>,
}

impl Journal {
    /// Begins a journal below `directory`, which is made when it is missing. When this comes back, it is on the disk.
    ///
    /// # Errors
    /// When the directory or the file cannot be made.
    pub fn begin(directory: &Path, roots: Vec<PathBuf>, asked: Asked) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let random = RandomState::new();
        let run = format!("{:012x}", random.hash_one(directory) & 0xffff_ffff_ffff);
        let path = directory.join(format!("{run}.{EXTENSION}"));
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        let pid = i32::try_from(std::process::id()).map_err(io::Error::other)?;
        let process = began(pid).ok_or_else(|| io::Error::other("the system does not tell when processes began"))?;
        let started = jiff::Timestamp::now().to_string();
        let beginning = Beginning { schema: SCHEMA.to_owned(), run: run.clone(), process, started, roots, asked };
        let (sync, orders) = sync_channel::<()>(1);
        let mirror = file.try_clone()?;
        let syncing = std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            while orders.recv().is_ok() {
                // What cannot be synced is written all the same.
                let _ = mirror.sync_data();
            }
        })?;
        let journal = Self { run, path, file: Mutex::new(file), sync: Some(sync), syncing: Some(syncing) };
        journal.write(&beginning)?;
        journal.file().sync_all()?;
        // So that the file itself is found.
        File::open(directory)?.sync_all()?;
        Ok(journal)
    }

    /// The run's name.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What the names of the run's directories begin with.
    pub fn prefix(&self) -> String {
        prefix(&self.run)
    }

    /// Notes a directory that was made besides.
    pub fn place(&self, path: &Path) {
        self.note(&Record::Place { path: path.to_owned() });
    }

    /// Notes the user of the machine that is this run's alone.
    pub fn user(&self, user: u32) {
        self.note(&Record::User { user });
    }

    /// Notes what is about to happen, or has.
    pub fn hear(&self, event: &Event) {
        match event {
            Event::StepStarted { runbook, step } => self.note(&Record::StepStarted { runbook: *runbook, step: *step }),
            Event::StepFinished { runbook, result } => self.note(&Record::StepFinished { runbook: *runbook, step: result.index }),
            Event::RunFinished { interrupted, .. } => self.note(&Record::RunFinished { interrupted: *interrupted }),
            _ => {}
        }
    }

    /// The run is over and has left nothing: nobody needs the journal any more.
    pub fn remove(&self) {
        // One that stays is put away by `docent clean`.
        let _ = fs::remove_file(&self.path);
    }

    fn note(&self, record: &Record) {
        // A full disk must not end a run.
        if self.write(record).is_ok() {
            // One order that waits stands for all that was written before it is taken.
            let _ = self.sync.as_ref().map(|sync| sync.try_send(()));
        }
    }

    fn write(&self, record: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        // One write: a line is there whole or torn, never mixed with another.
        self.file().write_all(&line)
    }

    fn file(&self) -> std::sync::MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.sync = None;
        // It ends with its orders.
        let _ = self.syncing.take().map(JoinHandle::join);
    }
}

/// What the names of the directories of a run begin with.
pub fn prefix(run: &str) -> String {
    format!("docent-{run}-")
}

/// What a journal tells.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its file.
    pub path: PathBuf,
    /// Its first line.
    pub beginning: Beginning,
    /// Directories that were made besides those with the run's name.
    pub places: Vec<PathBuf>,
    /// Users of the machine that were the run's alone.
    pub users: Vec<u32>,
    /// How many steps had ended.
    pub finished: usize,
    /// How many had begun and not ended.
    pub open: usize,
}

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No run has this name.
    #[error("no journal of a run `{run}`")]
    Unknown {
        /// The name.
        run: String,
    },
    /// Another docent wrote it.
    #[error("{} says `{schema}`, and this docent knows `{SCHEMA}`: use the docent that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// What it says.
        schema: String,
    },
    /// Something else wrote it.
    #[error("{} is no journal of docent", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A line in the middle is broken.
    #[error("{}:{line}: a broken line", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        line: usize,
    },
}

/// The names of the runs whose journals lie in `directory`, in order.
pub fn runs(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let name = |path: PathBuf| Some(path.extension().filter(|end| *end == EXTENSION).and(path.file_stem())?.to_str()?.to_owned());
    let mut runs: Vec<String> = entries.flatten().filter_map(|entry| name(entry.path())).collect();
    runs.sort();
    runs
}

/// Reads the journal of a run. A torn last line is no error: whoever wrote it was killed at that moment.
///
/// # Errors
/// When there is none, when it is not ours, or when it is broken before its end.
pub fn read(directory: &Path, run: &str) -> Result<Account, JournalError> {
    if run.is_empty() || !run.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(JournalError::Unknown { run: run.to_owned() });
    }
    let path = directory.join(format!("{run}.{EXTENSION}"));
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => JournalError::Unknown { run: run.to_owned() },
        _ => JournalError::Unreadable { path: path.clone(), source },
    };
    let found = fs::symlink_metadata(&path).map_err(unreadable)?;
    if !found.is_file() || found.len() > BYTES_MAX {
        return Err(JournalError::Foreign { path });
    }
    let bytes = fs::read(&path).map_err(unreadable)?;
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first: serde_json::Value =
        lines.next().and_then(|line| serde_json::from_slice(line).ok()).ok_or_else(|| JournalError::Foreign { path: path.clone() })?;
    match first["schema"].as_str() {
        Some(SCHEMA) => {}
        Some(schema) if schema.starts_with("docent/journal/") => {
            return Err(JournalError::Newer { schema: schema.to_owned(), path });
        }
        _ => return Err(JournalError::Foreign { path }),
    }
    let beginning: Beginning = serde_json::from_value(first).map_err(|_| JournalError::Foreign { path: path.clone() })?;
    if beginning.run != run {
        return Err(JournalError::Foreign { path });
    }
    let mut account = Account { path: path.clone(), beginning, places: Vec::new(), users: Vec::new(), finished: 0, open: 0 };
    for (index, line) in lines.enumerate() {
        match serde_json::from_slice(line) {
            Ok(Record::Place { path }) => account.places.push(path),
            Ok(Record::User { user }) => account.users.push(user),
            Ok(Record::StepStarted { .. }) => account.open += 1,
            Ok(Record::StepFinished { .. }) => {
                account.open = account.open.saturating_sub(1);
                account.finished += 1;
            }
            Ok(Record::RunFinished { .. }) => {}
            Err(_) if line.last() != Some(&b'\n') => {}
            Err(_) => return Err(JournalError::Broken { path, line: index + 2 }),
        }
    }
    Ok(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(folder: &Path) -> Journal {
        Journal::begin(folder, vec!["/tmp".into()], Asked { seed: Some(7), ..Asked::default() }).unwrap()
    }

    #[test]
    fn what_was_written_is_read_and_a_torn_last_line_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let journal = begun(&folder.path().join("a/b"));
        let directory = folder.path().join("a/b");
        journal.place(Path::new("/dev/shm/docent.x"));
        journal.hear(&Event::StepStarted { runbook: 0, step: 0 });
        let account = read(&directory, journal.run()).unwrap();
        assert_eq!((account.finished, account.open, account.beginning.asked.seed), (0, 1, Some(7)));
        assert_eq!((account.places, runs(&directory)), (vec![PathBuf::from("/dev/shm/docent.x")], vec![journal.run().to_owned()]));
        let path = account.path;
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        assert_eq!(read(&directory, journal.run()).unwrap().open, 0);
        fs::write(&path, [&whole[..], b"{\"event\": 3}\n", &whole[whole.len() - 20..]].concat()).unwrap();
        assert!(matches!(read(&directory, journal.run()), Err(JournalError::Broken { line: 4, .. })));
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        journal.remove();
        assert!(runs(&directory).is_empty());
    }

    #[test]
    fn newer_and_foreign_journals_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| fs::write(folder.path().join("abc.jsonl"), text).unwrap();
        let said = |run: &str| read(folder.path(), run).unwrap_err().to_string();
        write("{\"schema\": \"docent/journal/2\"}\n");
        assert!(said("abc").contains("says `docent/journal/2`"), "{}", said("abc"));
        write("hello\n");
        assert!(said("abc").contains("is no journal"), "{}", said("abc"));
        assert!(said("../abc").contains("no journal of a run"));
        assert!(said("abd").contains("no journal of a run `abd`"));
        let journal = begun(folder.path());
        fs::copy(folder.path().join(format!("{}.jsonl", journal.run())), folder.path().join("abc.jsonl")).unwrap();
        assert!(said("abc").contains("is no journal"), "another run's: {}", said("abc"));
    }
}
