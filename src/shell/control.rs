//! The control directory: FIFOs and small files between docent and bash.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;
use tokio::net::unix::pipe;

use super::launch::Launch;

/// In memory where there is such a place: a block costs half as much there.
const IN_MEMORY: &str = "/dev/shm";

/// The control directory of one session; removed with it.
#[derive(Debug)]
pub(super) struct Control {
    directory: TempDir,
    /// The directory as text: it stands in scripts.
    text: String,
    nonce: String,
}

impl Control {
    pub(super) fn make(launch: &Launch) -> io::Result<Self> {
        let mut prefix = tempfile::Builder::new();
        // Named after the run's directory, so that whoever cleans up after a killed run finds it.
        let name = launch.directory.file_name().and_then(|name| name.to_str()).filter(|name| name.starts_with("docent-"));
        let name = name.map_or_else(|| "docent.".to_owned(), |name| format!("{name}."));
        prefix.prefix(&name);
        let directory = match prefix.tempdir_in(IN_MEMORY) {
            Ok(directory) => directory,
            Err(_) => prefix.tempdir_in(&launch.directory)?,
        };
        let text = directory.path().to_str().ok_or_else(|| io::Error::other("the run's directory is not named in UTF-8"))?.to_owned();
        let random = RandomState::new();
        Ok(Self { directory, text, nonce: format!("{:016x}{:016x}", random.hash_one(1), random.hash_one(2)) })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        File::create(self.file(name))?.write_all(content)
    }

    /// Reads a file and removes it, so that it cannot be taken for a later one.
    pub(super) fn take(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.file(name);
        let content = std::fs::read(&path)?;
        std::fs::remove_file(&path)?;
        Ok(content)
    }

    /// A new FIFO to read from. It is open before bash opens it, and only for reading, so the end of the last writer is seen.
    pub(super) fn stream(&self, name: &str) -> io::Result<pipe::Receiver> {
        pipe::OpenOptions::new().open_receiver(self.fifo(name)?)
    }

    /// A new FIFO to read from that stays open although writers come and go.
    pub(super) fn lasting_stream(&self, name: &str) -> io::Result<pipe::Receiver> {
        pipe::OpenOptions::new().read_write(true).open_receiver(self.fifo(name)?)
    }

    /// A new FIFO to write to; opening does not wait for a reader, and one that goes away is no error.
    pub(super) fn sink(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.fifo(name)?)
    }

    fn fifo(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.file(name);
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR)?;
        Ok(path)
    }

    pub(super) fn remove(&self, name: &str) {
        // It goes with the directory otherwise.
        let _ = std::fs::remove_file(self.file(name));
    }
}
