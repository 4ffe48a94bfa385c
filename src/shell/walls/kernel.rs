//! System calls that nobody wraps. All unsafe code of the shell is in this file, one call to a function.
#![expect(unsafe_code, reason = "fork, close_range, mount_setattr, the Landlock version and seccomp's listener have no safe wrapper")]

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::Pid;
use rustix::thread::UnshareFlags;
use seccompiler::sock_filter;

/// Which side of a fork this is.
#[derive(Debug)]
pub(in crate::shell) enum Fork {
    Child,
    Parent(Pid),
}

/// Forks this process, which must have one thread: the child may then do whatever it likes.
pub(in crate::shell) fn fork() -> io::Result<Fork> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("more than one thread"));
    }
    // SAFETY: there is one thread, so no lock can be held by a thread that the child lacks.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => Pid::from_raw(pid).map(Fork::Parent).ok_or_else(|| io::Error::other("no process id")),
    }
}

/// Forks this process, which must have one thread, a child of its parent: the two are brothers.
pub(in crate::shell) fn fork_brother() -> io::Result<Fork> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("more than one thread"));
    }
    let flags = libc::CLONE_PARENT | libc::SIGCHLD;
    // SAFETY: as for `fork`, and with a copy of this stack; nothing is written through the pointers, which are null.
    match unsafe { libc::syscall(libc::SYS_clone, libc::c_long::from(flags), 0usize, 0usize, 0usize, 0usize) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => i32::try_from(pid).ok().and_then(Pid::from_raw).map(Fork::Parent).ok_or_else(|| io::Error::other("no process id")),
    }
}

/// Leaves namespaces behind; never the table of descriptors.
pub(super) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: the one flag that can break threads' view of descriptors is taken out.
    unsafe { rustix::thread::unshare_unsafe(flags - UnshareFlags::FILES) }.map_err(io::Error::from)
}

/// Makes sure that no executed program keeps a descriptor above standard error.
pub(super) fn close_on_exec() {
    // SAFETY: plain numbers; the call changes flags of descriptors and no memory.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if closed == 0 {
        return;
    }
    // Before Linux 5.11.
    for entry in std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
        let number: Option<RawFd> = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(number) = number.filter(|number| *number > 2) {
            // SAFETY: sets a flag of a number that may or may not be open.
            unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
}

/// Makes a mount and all below it read-only, without devices and set-user-id programs.
pub(super) fn make_read_only(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path is terminated and the structure lives through the call, which only reads it and is told its size.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The kernel's version of Landlock; 0 without it.
pub(super) fn landlock_version() -> u32 {
    const VERSION_FLAG: u32 = 1;
    // SAFETY: with this flag the call takes no memory.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0usize, VERSION_FLAG) };
    u32::try_from(version).unwrap_or(0)
}

/// Installs a filter for this thread that hands some calls to the returned descriptor. Privileges must be locked before.
pub(super) fn listen(program: &[sock_filter]) -> io::Result<OwnedFd> {
    // Since 5.19; without it a signal repeats a call that was already done.
    const WAIT_KILLABLE: libc::c_ulong = 1 << 5;
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut().cast() };
    for flags in [libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER] {
        // SAFETY: the program has the kernel's layout (`sock_filter` is `repr(C)`), is of the told length and only read.
        let fd = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter) };
        if let Some(fd) = RawFd::try_from(fd).ok().filter(|fd| *fd >= 0) {
            // SAFETY: the call has just made this descriptor for us.
            return Ok(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }
    Err(io::Error::last_os_error())
}

/// A call that waits for its supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub id: u64,
    /// The thread, as this process numbers it.
    pub thread: u32,
    pub number: i64,
    pub arguments: [u64; 6],
}

// Source: the kernel's `seccomp.h`: requests of type `!`, numbers 0 to 3, with the sizes of their structures.
const RECEIVE: libc::c_ulong = 0xC050_2100;
const SEND: libc::c_ulong = 0xC018_2101;
const IS_VALID: libc::c_ulong = 0x4008_2102;
const ADD_DESCRIPTOR: libc::c_ulong = 0x4018_2103;

/// Takes the next call; an error of kind `NotFound` when it went away meanwhile.
pub(super) fn receive(listener: &impl AsFd) -> io::Result<Waiting> {
    // SAFETY: numbers only, for which zero is a value; the kernel wants it zeroed.
    let mut notice: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the structure is the one that this request fills.
    if unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), RECEIVE as _, &raw mut notice) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Waiting { id: notice.id, thread: notice.pid, number: notice.data.nr.into(), arguments: notice.data.args })
}

/// Whether the call still waits, so that its thread's number still means that thread.
pub(super) fn still_waits(listener: &impl AsFd, id: u64) -> bool {
    // SAFETY: the request reads one number.
    unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), IS_VALID as _, &raw const id) == 0 }
}

/// Ends the call with success or an error number.
pub(super) fn answer(listener: &impl AsFd, id: u64, error: i32) {
    let reply = libc::seccomp_notif_resp { id, val: 0, error: -error, flags: 0 };
    // SAFETY: the structure is the one that this request reads. A caller that is gone needs no answer.
    unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), SEND as _, &raw const reply) };
}

/// Puts `descriptor` in the place of the caller's `number`.
pub(super) fn replace_descriptor(
    listener: &impl AsFd,
    id: u64,
    descriptor: &impl AsFd,
    number: u32,
    close_on_exec: bool,
) -> io::Result<()> {
    const SET_NUMBER: u32 = 1;
    let source = u32::try_from(descriptor.as_fd().as_raw_fd()).map_err(io::Error::other)?;
    let flags = if close_on_exec { libc::O_CLOEXEC as u32 } else { 0 };
    let request = libc::seccomp_notif_addfd { id, flags: SET_NUMBER, srcfd: source, newfd: number, newfd_flags: flags };
    // SAFETY: the structure is the one that this request reads.
    match unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), ADD_DESCRIPTOR as _, &raw const request) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
