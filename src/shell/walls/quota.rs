//! How much a run may write in all where no file system of its own says when it is enough.
//!
//! A room with a root of its own keeps what blocks write in memory of a fixed size; only the control directory is the host's. Elsewhere all
//! is on the host's file systems, and a limit on the size of a file says nothing of their number. So somebody looks: often at the file
//! systems, which costs nothing, and at the files only when something has grown there.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Pid;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::identity::SHARED;
use crate::shell::process_tree::descendants;

/// As much as a room with a root of its own has room for.
const BYTES_MAX: u64 = 512 << 20;
/// And as many files.
const FILES_MAX: u64 = 131_072;
/// A run that has had too much already may write so much more in a block: it can tidy up, and go on.
const GRACE_BYTES: u64 = 16 << 20;
/// Between two looks at the file systems.
const PERIOD: Duration = Duration::from_millis(50);
/// Looks at the file systems after which somebody looks at the files anyway: what others remove hides what a run writes.
const PERIODS_MAX: u32 = 20;
/// When a file system has grown by so much, somebody looks at the files.
const GROWTH_BYTES: u64 = 16 << 20;
/// The same for their number.
const GROWTH_FILES: u64 = 8192;
/// What a file counts as besides its content, so that one number bounds both.
const FILE_BYTES: u64 = BYTES_MAX / FILES_MAX;

/// Where blocks write on the host's file systems.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// Folders that are the run's own.
    pub own: Vec<PathBuf>,
    /// The user whose files are the run's own also where everybody may leave something; none where that is somebody's who has others.
    pub user: Option<u32>,
    /// The process below which all of the run is.
    pub room: Option<Pid>,
}

/// Looks after what a run writes, until it is dropped.
#[derive(Debug)]
pub(super) struct Quota {
    shared: Arc<Shared>,
    watcher: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    places: Places,
    bytes_max: u64,
    /// What was there when somebody last looked.
    written: AtomicU64,
    /// What may be there. Held while it is compared or changed: somebody who has counted before a block began must not end it.
    allowed: Mutex<u64>,
    is_over: watch::Sender<bool>,
}

impl Drop for Quota {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl Quota {
    /// Begins to look. Needs a runtime.
    pub(super) fn watch(places: Places) -> Self {
        Self::watch_for(places, BYTES_MAX)
    }

    fn watch_for(places: Places, bytes_max: u64) -> Self {
        let shared = Arc::new(Shared {
            places,
            bytes_max,
            written: AtomicU64::new(0),
            allowed: Mutex::new(bytes_max),
            is_over: watch::Sender::new(false),
        });
        let watched = Arc::clone(&shared);
        let watcher = tokio::spawn(async move {
            let mut before = Levels::read(&watched.places);
            let mut periods = 0;
            loop {
                tokio::time::sleep(PERIOD).await;
                let now = Levels::read(&watched.places);
                periods += 1;
                if !now.have_grown_since(&before) && !*watched.is_over.borrow() && periods < PERIODS_MAX {
                    // What has shrunk can grow again.
                    before.lower_to(&now);
                    continue;
                }
                before = now;
                periods = 0;
                look(&watched).await;
            }
        });
        Self { shared, watcher }
    }

    /// A block begins: from now on what counts is what it adds to what is there, if that is too much already.
    pub(super) async fn begin(&self) {
        if *self.shared.is_over.borrow() {
            // More was written before it ended.
            look(&self.shared).await;
        }
        let mut allowed = self.shared.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.shared.written.load(Ordering::Relaxed);
        *allowed = self.shared.bytes_max.max(written.saturating_add(GRACE_BYTES));
        self.shared.is_over.send_replace(false);
    }

    /// Waits until more was written than may be.
    pub(super) async fn over(&self) {
        // The sender lives in `self`, so the wait cannot end by its absence.
        let _ = self.shared.is_over.subscribe().wait_for(|is_over| *is_over).await;
    }
}

/// Looks at the files, beside all that waits.
async fn look(shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    // It fails only when the whole program ends.
    let _ = tokio::task::spawn_blocking(move || shared.look()).await;
}

impl Shared {
    fn look(&self) {
        let enough = self.allowed.lock().unwrap_or_else(PoisonError::into_inner).saturating_add(BYTES_MAX);
        let written = self.places.written(enough);
        let allowed = self.allowed.lock().unwrap_or_else(PoisonError::into_inner);
        self.written.store(written, Ordering::Relaxed);
        self.is_over.send_replace(written > *allowed);
    }
}

impl Places {
    /// What is there, files that have no name any more included; counting ends at `enough`.
    fn written(&self, enough: u64) -> u64 {
        let mut count = Count { bytes: 0, enough, linked: BTreeSet::new() };
        for place in &self.own {
            count.tree(place);
        }
        for entry in self.user.into_iter().flat_map(|_| SHARED).filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
            let path = entry.path();
            // One that was counted already is another's to count.
            if !self.own.contains(&path) && fs::symlink_metadata(&path).is_ok_and(|found| Some(found.uid()) == self.user) {
                count.tree(&path);
            }
        }
        for pid in self.room.into_iter().flat_map(descendants) {
            count.nameless(pid);
        }
        count.bytes
    }
}

struct Count {
    bytes: u64,
    enough: u64,
    /// Files that can be come upon twice.
    linked: BTreeSet<(u64, u64)>,
}

impl Count {
    fn file(&mut self, found: &Metadata) {
        if found.nlink() == 1 || found.is_dir() || self.linked.insert((found.dev(), found.ino())) {
            // Source: stat(2): blocks are 512 bytes, whatever the file system's are.
            self.bytes = self.bytes.saturating_add(found.blocks().saturating_mul(512)).saturating_add(FILE_BYTES);
        }
    }

    fn tree(&mut self, top: &Path) {
        let mut open = vec![top.to_owned()];
        while let Some(path) = open.pop().filter(|_| self.bytes < self.enough) {
            let Ok(found) = fs::symlink_metadata(&path) else { continue };
            self.file(&found);
            if found.is_dir() {
                open.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
            }
        }
    }

    /// Files that a process has open and nobody can find.
    fn nameless(&mut self, pid: Pid) {
        let folder = PathBuf::from(format!("/proc/{}/fd", pid.as_raw_nonzero()));
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let is_gone = |name: OsString| name.as_bytes().starts_with(b"/") && name.as_bytes().ends_with(b" (deleted)");
            if !fs::read_link(entry.path()).is_ok_and(|name| is_gone(name.into_os_string())) {
                continue;
            }
            if let Ok(found) = fs::metadata(entry.path())
                && found.is_file()
                && self.linked.insert((found.dev(), found.ino()))
            {
                self.bytes = self.bytes.saturating_add(found.blocks().saturating_mul(512)).saturating_add(FILE_BYTES);
            }
        }
    }
}

/// How full the file systems are that blocks write to.
struct Levels(Vec<Level>);

#[derive(Clone, Copy)]
struct Level {
    bytes: u64,
    files: u64,
}

impl Levels {
    fn read(places: &Places) -> Self {
        let shared = places.user.into_iter().flat_map(|_| SHARED).map(PathBuf::from);
        let level = |path: PathBuf| match rustix::fs::statvfs(&path) {
            Ok(found) => Level {
                bytes: found.f_blocks.saturating_sub(found.f_bfree).saturating_mul(found.f_frsize),
                files: found.f_files.saturating_sub(found.f_ffree),
            },
            Err(_) => Level { bytes: 0, files: 0 },
        };
        Self(places.own.iter().cloned().chain(shared).map(level).collect())
    }

    fn have_grown_since(&self, before: &Self) -> bool {
        let grown = |(now, before): (&Level, &Level)| now.bytes >= before.bytes + GROWTH_BYTES || now.files >= before.files + GROWTH_FILES;
        self.0.iter().zip(&before.0).any(grown)
    }

    fn lower_to(&mut self, now: &Self) {
        for (level, now) in self.0.iter_mut().zip(&now.0) {
            level.bytes = level.bytes.min(now.bytes);
            level.files = level.files.min(now.files);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_a_run_has_written_is_counted_once_and_links_are_not_followed() {
        let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let write = |path: PathBuf, kib: usize| fs::write(path, vec![b'x'; kib << 10]).unwrap();
        let written = || Places { own: vec![own.path().to_owned()], ..Places::default() }.written(u64::MAX) >> 10;
        let empty = written();
        write(other.path().join("large"), 4096);
        symlink(other.path(), own.path().join("link")).unwrap();
        fs::create_dir(own.path().join("folder")).unwrap();
        write(own.path().join("folder/file"), 512);
        fs::hard_link(own.path().join("folder/file"), own.path().join("again")).unwrap();
        let full = written() - empty;
        assert!((512..600).contains(&full), "{full} KiB");
        let places = Places { own: vec![own.path().to_owned()], ..Places::default() };
        assert!(places.written(1) < 64 << 10, "it goes on counting");
    }

    #[test]
    fn files_without_a_name_count_as_long_as_somebody_holds_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = File::create(folder.path().join("gone")).unwrap();
        file.write_all(&vec![b'x'; 1 << 20]).unwrap();
        let mut holder =
            std::process::Command::new("/bin/sh").args(["-c", "read x"]).stdin(std::process::Stdio::piped()).stdout(file).spawn().unwrap();
        let held = || {
            let mut count = Count { bytes: 0, enough: u64::MAX, linked: BTreeSet::new() };
            count.nameless(Pid::from_child(&holder));
            count.bytes
        };
        assert_eq!(held(), 0, "it has a name");
        fs::remove_file(folder.path().join("gone")).unwrap();
        assert!(held() >= 1 << 20);
        drop(holder.stdin.take());
        holder.wait().unwrap();
    }

    #[tokio::test]
    async fn too_much_is_noticed_and_the_next_block_may_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let quota = Quota::watch_for(Places { own: vec![folder.path().to_owned()], ..Places::default() }, 64 << 20);
        quota.begin().await;
        // Room is taken without being written to.
        let take = |name: &str| {
            let file = File::create(folder.path().join(name)).unwrap();
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, 80 << 20).unwrap();
        };
        take("much");
        tokio::time::timeout(Duration::from_secs(20), quota.over()).await.expect("somebody looks");
        quota.begin().await;
        assert!(!*quota.shared.is_over.borrow());
        quota.shared.look();
        assert!(!*quota.shared.is_over.borrow(), "what was there before does not end the next");
        take("more");
        tokio::time::timeout(Duration::from_secs(20), quota.over()).await.expect("it is still looked after");
    }
}
