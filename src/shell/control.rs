//! The control directory: FIFOs and small files between docent and bash.
//!
//! Blocks can write to it, and docent may have more power than they: everything is opened below the directory itself, no link is
//! followed, and what is written is always a new file.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, chownat, fchown, fstat, mkfifoat, openat, unlinkat};
use tokio::net::unix::pipe;

use super::walls::Room;

/// A checkpoint larger than this is no checkpoint.
const TAKEN_BYTES_MAX: u64 = 64 << 20;

/// The control directory of one session; removed with it.
#[derive(Debug)]
pub(super) struct Control {
    path: PathBuf,
    directory: OwnedFd,
    /// The directory as text: it stands in scripts.
    text: String,
    nonce: String,
    /// The user that blocks are, where it is not docent's own.
    owner: Option<(rustix::fs::Uid, rustix::fs::Gid)>,
}

impl Drop for Control {
    fn drop(&mut self) {
        // Goes with the room otherwise.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

impl Control {
    pub(super) fn make(room: &Room) -> io::Result<Self> {
        let (path, directory) = room.make_control()?;
        let text = path.to_str().ok_or_else(|| io::Error::other("the run's directory is not named in UTF-8"))?.to_owned();
        let random = RandomState::new();
        let nonce = format!("{:016x}{:016x}", random.hash_one(1), random.hash_one(2));
        Ok(Self { path, directory, text, nonce, owner: room.owner() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// How bash names a file of it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(super) fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        self.remove(name);
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.directory, name, flags, Mode::RUSR | Mode::WUSR)?;
        if let Some((uid, gid)) = self.owner {
            fchown(&file, Some(uid), Some(gid))?;
        }
        File::from(file).write_all(content)
    }

    /// Reads a file and removes it, so that it cannot be taken for a later one.
    pub(super) fn take(&self, name: &str) -> io::Result<Vec<u8>> {
        // Without waiting: a block may have put a FIFO there.
        let file = self.open(name, OFlags::RDONLY | OFlags::NONBLOCK)?;
        if !FileType::from_raw_mode(fstat(&file)?.st_mode).is_file() {
            return Err(io::Error::other("not a file"));
        }
        let mut content = Vec::new();
        File::from(file).take(TAKEN_BYTES_MAX).read_to_end(&mut content)?;
        self.remove(name);
        Ok(content)
    }

    /// A new FIFO to read from. It is open before bash opens it, and only for reading, so the end of the last writer is seen.
    pub(super) fn stream(&self, name: &str) -> io::Result<pipe::Receiver> {
        pipe::Receiver::from_owned_fd(self.fifo(name, OFlags::RDONLY | OFlags::NONBLOCK)?)
    }

    /// A new FIFO to read from that stays open although writers come and go.
    pub(super) fn lasting_stream(&self, name: &str) -> io::Result<pipe::Receiver> {
        let fifo = self.fifo(name, OFlags::RDWR | OFlags::NONBLOCK)?;
        pipe::Receiver::from_owned_fd_unchecked(fifo)
    }

    /// A new FIFO to write to; opening does not wait for a reader, and one that goes away is no error.
    pub(super) fn sink(&self, name: &str) -> io::Result<File> {
        self.fifo(name, OFlags::RDWR).map(File::from)
    }

    fn fifo(&self, name: &str, flags: OFlags) -> io::Result<OwnedFd> {
        self.remove(name);
        mkfifoat(&self.directory, name, Mode::RUSR | Mode::WUSR)?;
        if let Some((uid, gid)) = self.owner {
            chownat(&self.directory, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        let fifo = self.open(name, flags)?;
        if !FileType::from_raw_mode(fstat(&fifo)?.st_mode).is_fifo() {
            return Err(io::Error::other("not a FIFO"));
        }
        Ok(fifo)
    }

    fn open(&self, name: &str, flags: OFlags) -> io::Result<OwnedFd> {
        Ok(openat(&self.directory, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
    }

    pub(super) fn remove(&self, name: &str) {
        // It goes with the directory otherwise.
        let _ = unlinkat(&self.directory, name, AtFlags::empty());
    }
}
