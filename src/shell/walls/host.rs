//! The room's processes: the one outside, and, with namespaces, the one that is process 1 inside.

use std::ffi::OsString;
use std::io::{IoSlice, IoSliceMut};
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::{WaitOptions, getpid, set_child_subreaper, setsid, wait};

use super::confine::{Confinement, Space};
use super::identity::Lodger;
use super::kernel::{self, Fork, fork};
use super::layers::{Layer, Layers};
use super::namespaces::{self, Entered};
use super::policy::Policy;
use crate::shell::helper;
use crate::shell::process_tree::{kill_descendants, reap};

/// How long processes may take to die.
const KILL_TIME_MAX: Duration = Duration::from_secs(5);
/// How often orphans that have ended are taken note of.
const REAP_PERIOD: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
/// Paths are shorter.
const MESSAGE_BYTES_MAX: usize = 8192;
/// The status of process 1 when docent said that it looks after the directories itself.
const TOLD: i32 = 0;
/// Its status when docent went away without a word.
const ABANDONED: i32 = 3;

/// The room's messages, by their first byte.
pub(super) mod message {
    /// To docent: what holds; out of namespaces of its own with the listener in its network and the run's directory, in this order.
    pub(in crate::shell::walls) const READY: u8 = b'R';
    /// To the room: a shell is wanted, with its control directory and its lifeline.
    pub(in crate::shell::walls) const ENTER: u8 = b'E';
    /// To the room: docent will look after the directories.
    pub(in crate::shell::walls) const FAREWELL: u8 = b'F';
}

/// Serves as the room whose policy the arguments are, until docent lets go of it. False when it could not begin.
pub(in crate::shell) fn serve(arguments: impl Iterator<Item = OsString>) -> bool {
    // Fails only for a leader of a process group, which a fresh child is not; there is then a terminal to lose and no more.
    let _ = setsid();
    kernel::close_on_exec();
    let Some(policy) = Policy::parse(arguments) else { return false };
    if set_child_subreaper(Some(getpid())).is_err() {
        return false;
    }
    let directories = [policy.control.clone(), policy.directory.clone()];
    let lodger = if policy.walls { Lodger::choose() } else { None };
    let owner = lodger.as_ref().map(Lodger::user);
    let mut layers = Layers::default();
    let (mut space, mut listener, mut directory) = (Space::Host, None, None);
    if policy.walls {
        let entered = if policy.allows(Layer::Namespaces) { namespaces::enter(&policy, owner) } else { Err("switched off".to_owned()) };
        match entered {
            Ok(Entered::Outside) => return clean(keep_watch(), &directories),
            Ok(Entered::Inside { listener: door, directory: own }) => {
                directory = Some(own);
                layers.set(Layer::Namespaces, true, "users, processes, network, mounts, IPC, host name; a minimal root");
                layers.set(Layer::Lifeline, true, "the end of process 1 ends all");
                (space, listener) = (Space::Own, Some(door));
            }
            Err(why) => {
                layers.set(Layer::Namespaces, false, why);
                layers.set(Layer::Lifeline, true, "a sub-reaper kills all");
            }
        }
    }
    let room = Room { confinement: Confinement::new(policy, space, owner, layers) };
    let was_told = room.serve(listener, directory);
    if space == Space::Own {
        // The kernel kills the others; whoever stays outside does the rest.
        std::process::exit(if was_told { TOLD } else { ABANDONED });
    }
    kill_descendants(KILL_TIME_MAX, |_, _| {});
    if let Some(lodger) = lodger {
        lodger.clean(&directories);
    }
    clean(was_told, &directories)
}

/// Removes what docent will not remove, because it is gone.
fn clean(was_told: bool, directories: &[PathBuf]) -> bool {
    for directory in directories.iter().filter(|_| !was_told) {
        let _ = std::fs::remove_dir_all(directory);
    }
    true
}

/// Waits outside for the end of process 1. Whether docent said farewell to it.
fn keep_watch() -> bool {
    // The lifeline is the other's alone: docent must see its end.
    if let Ok(nothing) = std::fs::File::open("/dev/null") {
        let _ = rustix::stdio::dup2_stdin(nothing);
    }
    let mut was_told = false;
    loop {
        match wait(WaitOptions::empty()) {
            // The last to end is process 1: the one between has ended long before.
            Ok(Some((_, status))) => was_told = status.exit_status() == Some(TOLD),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return was_told,
        }
    }
}

struct Room {
    confinement: Confinement,
}

impl Room {
    /// Starts a helper for each shell that is wanted. Whether docent said farewell.
    fn serve(&self, listener: Option<TcpListener>, directory: Option<OwnedFd>) -> bool {
        self.tell_ready(listener, directory);
        let mut was_told = false;
        loop {
            let docent = rustix::stdio::stdin();
            let mut sources = [PollFd::new(&docent, PollFlags::IN)];
            // A failed poll is treated as a wake-up; a broken socket shows when it is read.
            let _ = poll(&mut sources, Some(&REAP_PERIOD));
            let spoken = !sources[0].revents().is_empty();
            reap(|_, _| {});
            if !spoken {
                continue;
            }
            match hear(docent) {
                Ok(None) => return was_told,
                Ok(Some((bytes, lifeline))) => match (bytes.split_first(), lifeline) {
                    (Some((&message::ENTER, control)), Some(lifeline)) => self.enter(OsString::from_vec(control.to_vec()).into(), lifeline),
                    (Some((&message::FAREWELL, _)), _) => was_told = true,
                    _ => {}
                },
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(_) => return was_told,
            }
        }
    }

    fn tell_ready(&self, listener: Option<TcpListener>, directory: Option<OwnedFd>) {
        let owner = self.confinement.owner().map(|owner| owner.to_string()).unwrap_or_default();
        let text = format!("{}{owner}\n{}", char::from(message::READY), self.confinement.layers().encode());
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let door = listener.iter().map(AsFd::as_fd);
        let descriptors: Vec<BorrowedFd<'_>> = door.chain(directory.iter().map(AsFd::as_fd)).collect();
        if !descriptors.is_empty() {
            ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        }
        // When docent is gone, the next read says so.
        let _ = sendmsg(rustix::stdio::stdin(), &[IoSlice::new(text.as_bytes())], &mut ancillary, SendFlags::NOSIGNAL);
    }

    /// Becomes, in a child, the helper of a shell.
    fn enter(&self, control: PathBuf, lifeline: OwnedFd) {
        // Without a child docent sees the end of the lifeline at once.
        if let Ok(Fork::Child) = fork() {
            let begun = rustix::stdio::dup2_stdin(&lifeline).is_ok() && self.confinement.become_helper().is_ok() && {
                drop(lifeline);
                helper::serve(control, &self.confinement)
            };
            std::process::exit(if begun { 0 } else { 1 });
        }
    }
}

/// A message, and the descriptor that came with it.
type Message = (Vec<u8>, Option<OwnedFd>);

/// The next message, and the descriptor that came with it; none at the end.
fn hear(socket: BorrowedFd<'_>) -> Result<Option<Message>, rustix::io::Errno> {
    let mut bytes = vec![0; MESSAGE_BYTES_MAX];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let descriptor = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    bytes.truncate(received.bytes);
    Ok((received.bytes > 0).then_some((bytes, descriptor)))
}
