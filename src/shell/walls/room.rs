//! docent's end of a room.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, recvmsg, sendmsg, socketpair,
};
use rustix::process::Pid;
use tempfile::TempDir;

use super::Sandbox;
use super::host::message;
use super::layers::{Layer, Layers};
use super::network;
use super::policy::Policy;
use super::quota::{Places, Quota};
use crate::shell::error::ShellError;
use crate::shell::helper;
use crate::shell::launch::Helper;

/// The room says its first word within this, or is another program.
const FIRST_WORD_TIME_MAX: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };
/// The room needs no longer to end.
const END_TIME_MAX: Duration = Duration::from_secs(10);
/// With less than this there is no room left.
const FULL_BYTES: u64 = 64 << 10;
/// In memory where there is such a place: a block costs half as much there.
const IN_MEMORY: &str = "/dev/shm";

/// What a room is opened with.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The executable that serves as the room.
    pub helper: Helper,
    /// How much of a sandbox is wanted.
    pub sandbox: Sandbox,
    /// The run's private directory; removed when docent dies without [`Room::close`].
    pub directory: PathBuf,
    /// What blocks may read besides the system, programs mostly: folders and files, by absolute paths.
    pub readable: Vec<PathBuf>,
    /// Whether blocks reach a listener of docent's.
    pub has_listener: bool,
    /// Layers to leave out, to see what they are for.
    pub without: Vec<Layer>,
}

impl Plan {
    /// A room without a listener, for what is in `directory`.
    pub fn new(helper: Helper, sandbox: Sandbox, directory: impl Into<PathBuf>) -> Self {
        Self { helper, sandbox, directory: directory.into(), readable: Vec::new(), has_listener: false, without: Vec::new() }
    }
}

/// Where all shells of a run live. Dropping it kills all that is in it, and removes the run's directory.
#[derive(Debug)]
pub struct Room {
    socket: Mutex<Option<OwnedFd>>,
    process: Arc<duct::Handle>,
    executable: PathBuf,
    layers: Layers,
    listener: Mutex<Option<TcpListener>>,
    owner: Option<(Uid, Gid)>,
    /// Where the run's directory is called so outside.
    directory: PathBuf,
    /// The run's directory as blocks see it, where that is one that only the room shows.
    inner: Option<OwnedFd>,
    is_furnished: AtomicBool,
    quota: Option<Quota>,
    control: TempDir,
    sessions: AtomicUsize,
}

impl Room {
    /// Starts it and hears what holds.
    ///
    /// # Errors
    ///
    /// When it cannot be started, and with [`Sandbox::Require`] when network or secrets would be in reach.
    pub async fn open(plan: Plan) -> Result<Arc<Self>, ShellError> {
        let executable = plan.helper.executable().to_owned();
        let control = control_directory(&plan.directory).map_err(ShellError::control("make the control directory"))?;
        let listener = plan.has_listener.then(network::listen).transpose().map_err(ShellError::control("listen on loopback"))?;
        let port = listener.as_ref().and_then(|listener| listener.local_addr().ok()).map(|address| address.port());
        let walls = plan.sandbox != Sandbox::Off;
        let directory = absolute(&plan.directory);
        let policy = Policy {
            walls,
            control: control.path().to_owned(),
            directory: directory.clone(),
            readable: plan.readable,
            port,
            without: plan.without,
        };
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(|error| ShellError::control("make the lifeline")(error.into()))?;
        rustix::io::ioctl_fionbio(&ours, true).map_err(|error| ShellError::control("make the lifeline")(error.into()))?;
        let mut arguments = vec![helper::MARKER.into()];
        arguments.extend(policy.arguments());
        // The expression owns their end and must be gone before we wait for the end of ours. An empty environment: nothing of the
        // caller's is to be found in it.
        let process = duct::cmd(&executable, arguments)
            .full_env(std::iter::empty::<(String, String)>())
            .stdin_file(std::fs::File::from(theirs))
            .stdout_null()
            .stderr_null()
            .unchecked()
            .start()
            .map_err(|source| ShellError::HelperMissing { executable: executable.clone(), source })?;
        let heard = tokio::task::spawn_blocking(move || first_word(&ours).map(|word| (ours, word))).await;
        let Ok(Some((socket, FirstWord { owner, layers, listener: inside, directory: inner }))) = heard else {
            // Whatever it is, it does not watch the lifeline.
            let _ = process.kill();
            return Err(ShellError::HelperSilent { executable });
        };
        let quota = walls.then(|| {
            let mut own = vec![control.path().to_owned()];
            // Memory of the room's own has a size of its own.
            own.extend(Some(&directory).filter(|_| inner.is_none()).cloned());
            let room = process.pids().first().and_then(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
            Quota::watch(Places { own, user: owner.filter(|_| inner.is_none()), room })
        });
        let room = Self {
            socket: Mutex::new(Some(socket)),
            process: Arc::new(process),
            executable,
            layers,
            listener: Mutex::new(if plan.has_listener { inside.or(listener) } else { None }),
            owner: owner.map(|owner| (Uid::from_raw(owner), Gid::from_raw(owner))),
            directory,
            inner,
            is_furnished: AtomicBool::new(false),
            quota,
            control,
            sessions: AtomicUsize::new(0),
        };
        if room.owner.is_some() {
            // Blocks pass through it and cannot exchange what is in it.
            let open = Mode::RWXU | Mode::XGRP | Mode::XOTH;
            rustix::fs::chmod(room.control.path(), open)
                .map_err(|error| ShellError::control("open the control directory")(error.into()))?;
        }
        if let Some(lacking) = room.layers.lacking().filter(|_| plan.sandbox == Sandbox::Require) {
            let detail =
                room.layers.states().iter().find(|state| state.layer == lacking).map(|state| state.detail.clone()).unwrap_or_default();
            let what = if room.layers.denies_network() { "your files" } else { "the network" };
            room.close().await;
            return Err(ShellError::WallsMissing { what, layer: lacking, detail });
        }
        Ok(Arc::new(room))
    }

    /// What holds; nothing without a sandbox.
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Where docent and the shells of the room meet.
    pub fn control_directory(&self) -> &Path {
        self.control.path()
    }

    /// The listener that blocks reach, once.
    pub fn take_listener(&self) -> Option<TcpListener> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Hands the run's directory to blocks, as it is now: all that is in it is theirs, and where the room has a directory of its own it is
    /// copied there. Before the first block, once; later calls do nothing.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn furnish(&self) -> io::Result<()> {
        if self.is_furnished.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let directory = self.seen(&self.directory);
        if directory != self.directory {
            copy(&self.directory, &directory)?;
        }
        self.owner.map_or(Ok(()), |owner| give(&directory.join("."), owner))
    }

    /// Where docent finds what blocks call `path`: their files may be in memory that only the room shows.
    pub fn seen(&self, path: &Path) -> PathBuf {
        match (&self.inner, path.strip_prefix(&self.directory)) {
            (Some(inner), Ok(rest)) => Path::new("/proc/self/fd").join(inner.as_raw_fd().to_string()).join(rest),
            _ => path.to_owned(),
        }
    }

    /// Whether there is no room left for what blocks write; never where nobody counts it beforehand.
    pub(in crate::shell) fn is_full(&self) -> bool {
        let Some(found) = self.inner.as_ref().and_then(|inner| rustix::fs::fstatvfs(inner).ok()) else { return false };
        found.f_bavail.saturating_mul(found.f_frsize) < FULL_BYTES || found.f_favail == 0
    }

    /// A block begins, which may write as much as is left.
    pub(in crate::shell) async fn begin_to_count(&self) {
        if let Some(quota) = &self.quota {
            quota.begin().await;
        }
    }

    /// Waits until blocks have written more than they may; for ever where the system does not let them.
    pub(in crate::shell) async fn overfull(&self) {
        match &self.quota {
            Some(quota) => quota.over().await,
            None => std::future::pending().await,
        }
    }

    /// Whether there are walls.
    pub(in crate::shell) fn has_walls(&self) -> bool {
        self.quota.is_some()
    }

    /// Whether blocks can run the program at this path.
    pub fn shows(&self, program: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt;
        // A room with mounts of its own shows what it was told to, whoever owns the folders above.
        let is_open = |path: &Path| path.metadata().is_ok_and(|found| found.permissions().mode() & 0o001 != 0);
        self.owner.is_none() || self.has_own_processes() || program.ancestors().all(is_open)
    }

    /// The user that the host sees blocks as, where it is not docent's own.
    pub fn user(&self) -> Option<u32> {
        self.owner.map(|(uid, _)| uid.as_raw())
    }

    pub(in crate::shell) fn owner(&self) -> Option<(Uid, Gid)> {
        self.owner
    }

    /// Whether process numbers of blocks mean nothing outside.
    pub(in crate::shell) fn has_own_processes(&self) -> bool {
        self.layers.holds(Layer::Namespaces)
    }

    /// The executable that serves as the room.
    pub(in crate::shell) fn executable(&self) -> &Path {
        &self.executable
    }

    /// A new control directory for one shell, and the directory itself: what blocks make of the path later is not followed.
    pub(in crate::shell) fn make_control(&self) -> io::Result<(PathBuf, OwnedFd)> {
        let path = self.control.path().join(self.sessions.fetch_add(1, Ordering::Relaxed).to_string());
        rustix::fs::mkdir(&path, Mode::RWXU)?;
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
        let directory = rustix::fs::open(&path, flags, Mode::empty())?;
        rustix::fs::fchmod(&directory, Mode::RWXU)?;
        if let Some((uid, gid)) = self.owner {
            rustix::fs::fchown(&directory, Some(uid), Some(gid))?;
        }
        Ok((path, directory))
    }

    /// Lets a helper in, at the other end of `lifeline`.
    pub(in crate::shell) fn enter(&self, control: &Path, lifeline: &OwnedFd) -> io::Result<()> {
        let mut text = vec![message::ENTER];
        text.extend_from_slice(control.as_os_str().as_bytes());
        self.send(&text, Some(lifeline))
    }

    /// Ends it, with all that is in it; the directories are the caller's from now on.
    pub async fn close(&self) {
        // One that is gone needs no farewell.
        let _ = self.send(&[message::FAREWELL], None);
        drop(self.socket.lock().unwrap_or_else(PoisonError::into_inner).take());
        let process = Arc::clone(&self.process);
        // Its status tells nothing; one that hangs is left to the kernel.
        let _ = tokio::task::spawn_blocking(move || process.wait_timeout(END_TIME_MAX).map(|_| ())).await;
    }

    fn send(&self, text: &[u8], descriptor: Option<&OwnedFd>) -> io::Result<()> {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        let socket = socket.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let descriptors: Vec<_> = descriptor.iter().map(|descriptor| descriptor.as_fd()).collect();
        if !descriptors.is_empty() {
            ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        }
        sendmsg(socket, &[IoSlice::new(text)], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

/// What the room says first.
struct FirstWord {
    /// Who owns what blocks do.
    owner: Option<u32>,
    layers: Layers,
    /// The way out of a network of its own.
    listener: Option<TcpListener>,
    /// A directory of its own.
    directory: Option<OwnedFd>,
}

fn first_word(socket: &OwnedFd) -> Option<FirstWord> {
    let mut bytes = vec![0; 16 * 1024];
    let mut sources = [PollFd::new(socket, PollFlags::IN)];
    while poll(&mut sources, Some(&FIRST_WORD_TIME_MAX)) == Err(rustix::io::Errno::INTR) {}
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received =
        recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT).ok()?;
    let mut descriptors = ancillary.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    // Out of a room of its own come both, in this order.
    let (listener, directory) = (descriptors.next().map(TcpListener::from), descriptors.next());
    let text = std::str::from_utf8(&bytes[..received.bytes]).ok()?.strip_prefix(char::from(message::READY))?;
    let (owner, layers) = text.split_once('\n')?;
    Some(FirstWord { owner: owner.parse().ok(), layers: Layers::decode(layers), listener, directory })
}

fn control_directory(directory: &Path) -> io::Result<TempDir> {
    let mut prefix = tempfile::Builder::new();
    // Named after the run's directory, so that whoever cleans up after a killed run finds it.
    let name = directory.file_name().and_then(|name| name.to_str()).filter(|name| name.starts_with("docent-"));
    let name = name.map_or_else(|| "docent.".to_owned(), |name| format!("{name}."));
    prefix.prefix(&name);
    match prefix.tempdir_in(IN_MEMORY) {
        Ok(directory) => Ok(directory),
        Err(_) => prefix.tempdir_in(directory),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Copies what is in a directory, links as links.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&path)?, &target)?;
        } else if kind.is_dir() {
            std::fs::create_dir(&target)?;
            copy(&path, &target)?;
            std::fs::set_permissions(&target, std::fs::symlink_metadata(&path)?.permissions())?;
        } else if kind.is_file() {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

fn give(path: &Path, owner: (Uid, Gid)) -> io::Result<()> {
    let (uid, gid) = owner;
    rustix::fs::chownat(rustix::fs::CWD, path, Some(uid), Some(gid), rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
    if std::fs::symlink_metadata(path)?.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give(&entry?.path(), owner)?;
        }
    }
    Ok(())
}
