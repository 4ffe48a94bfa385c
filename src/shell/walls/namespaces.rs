//! Namespaces of the room's own: users, processes, network, mounts, IPC, host name.
//!
//! The whole recipe is tried in children that are thrown away when any part of it fails: on systems that restrict it, leaving the
//! namespaces succeeds and only the mapping or a mount does not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::process::{Pid, Signal, getegid, geteuid, set_parent_process_death_signal};
use rustix::thread::{UnshareFlags, set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::identity::INSIDE;
use super::kernel::{Fork, fork, unshare};
use super::policy::Policy;
use super::{network, root};
use crate::shell::process_tree::kill_descendants;

/// A machine that takes longer has other worries.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Where this process is afterwards.
#[derive(Debug)]
pub(super) enum Entered {
    /// On the host; a child of it is process 1 inside.
    Outside,
    /// It is process 1 inside.
    Inside {
        /// The way out of the room's network.
        listener: TcpListener,
        /// The run's directory, which only the room shows.
        directory: OwnedFd,
    },
}

/// Goes in, in a child of a child. The host is to see blocks as `owner`; none for whoever runs docent. The error names the step that was
/// refused; nothing is left of the attempt then.
pub(super) fn enter(policy: &Policy, owner: Option<u32>) -> Result<Entered, String> {
    let (mut ours, mut theirs) = UnixStream::pair().map_err(|error| format!("socketpair: {error}"))?;
    match fork().map_err(|error| format!("fork: {error}"))? {
        Fork::Parent(child) => {
            drop(theirs);
            escort(&mut ours, child, owner).map(|()| Entered::Outside).inspect_err(|_| {
                kill_descendants(TIME_MAX, |_, _| {});
            })
        }
        Fork::Child => {
            drop(ours);
            match descend(policy, owner.is_some(), &mut theirs) {
                Ok((listener, directory)) => Ok(Entered::Inside { listener, directory }),
                Err(why) => {
                    let _ = theirs.write_all(format!("E{why}").as_bytes());
                    std::process::exit(1);
                }
            }
        }
    }
}

/// The part of who stays outside: only it may say who the users inside are.
fn escort(child: &mut UnixStream, pid: Pid, owner: Option<u32>) -> Result<(), String> {
    child.set_read_timeout(Some(TIME_MAX)).map_err(|error| error.to_string())?;
    heard(child)?;
    map_users(pid, owner)?;
    child.write_all(b"m").map_err(|error| error.to_string())?;
    heard(child)
}

fn heard(child: &mut UnixStream) -> Result<(), String> {
    let mut byte = [0];
    match child.read(&mut byte) {
        Ok(1) if byte[0] == b'k' => Ok(()),
        Ok(1) => {
            let mut why = String::new();
            // What was told before it went away is all there is.
            let _ = child.take(1000).read_to_string(&mut why);
            Err(why)
        }
        Ok(_) => Err("the room went away while it was set up".to_owned()),
        Err(error) => Err(format!("the room was not set up in time: {error}")),
    }
}

fn map_users(pid: Pid, owner: Option<u32>) -> Result<(), String> {
    let write = |file: &str, text: String| {
        std::fs::write(format!("/proc/{}/{file}", pid.as_raw_nonzero()), text).map_err(|error| format!("{file}: {error}"))
    };
    match owner {
        // Root inside is needed to set the room up; blocks are the other.
        Some(owner) => {
            let map = format!("0 0 1\n{INSIDE} {owner} 1\n");
            write("uid_map", map.clone())?;
            write("gid_map", map)
        }
        None => {
            write("setgroups", "deny".to_owned())?;
            write("uid_map", format!("{INSIDE} {} 1\n", geteuid().as_raw()))?;
            write("gid_map", format!("{INSIDE} {} 1\n", getegid().as_raw()))
        }
    }
}

/// The part of who goes inside; returns as process 1.
fn descend(policy: &Policy, is_mapped: bool, parent: &mut UnixStream) -> Result<(TcpListener, OwnedFd), String> {
    let said = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    // The parent has one thread, so this cannot fire early.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let all = UnshareFlags::NEWUSER
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS;
    unshare(all).map_err(said("unshare"))?;
    parent.write_all(b"k").map_err(said("tell"))?;
    let mut byte = [0];
    parent.read_exact(&mut byte).map_err(said("hear"))?;
    if is_mapped {
        let (uid, gid) = (rustix::process::Uid::ROOT, rustix::process::Gid::ROOT);
        set_thread_groups(&[]).map_err(|error| format!("setgroups: {error}"))?;
        set_thread_res_gid(gid, gid, gid).map_err(|error| format!("setresgid: {error}"))?;
        set_thread_res_uid(uid, uid, uid).map_err(|error| format!("setresuid: {error}"))?;
    }
    rustix::system::sethostname(b"docent").map_err(|error| format!("sethostname: {error}"))?;
    network::bring_loopback_up().map_err(said("loopback"))?;
    let listener = network::listen().map_err(said("listen"))?;
    match fork().map_err(said("fork"))? {
        Fork::Parent(_) => std::process::exit(0),
        Fork::Child => {}
    }
    let directory = root::build(policy)?;
    parent.write_all(b"k").map_err(said("tell"))?;
    Ok((listener, directory))
}
