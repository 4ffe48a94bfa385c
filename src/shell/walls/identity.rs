//! Who blocks run as: never as root.
//!
//! Where docent is root, each run gets a user of its own: what bounds and permissions say of a user then speaks of one run.

use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Gid, Pid, Signal, Uid, getegid, geteuid, getpid, kill_process};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, remove_capability_from_bounding_set, set_capabilities,
    set_capabilities_secure_bits, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

/// The user that owns nothing, on every Linux.
const NOBODY: u32 = 65534;
/// Users that nobody gives to anybody. Source: systemd's "Users, Groups, UIDs and GIDs", where these are unused.
const UNUSED: std::ops::Range<u32> = 60706..61184;
/// Processes may take so long to die.
const KILL_TIME_MAX: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);
/// Where everybody may leave something, and processes on the host's file systems do.
pub(super) const SHARED: [&str; 2] = ["/tmp", "/dev/shm"];
/// Who blocks are in namespaces of their own.
pub(super) const INSIDE: u32 = 1000;

/// The user on the host that blocks are; another run gets another one as long as this is held.
#[derive(Debug)]
pub(super) struct Lodger {
    user: u32,
    /// Says to other runs that the user is taken. The kernel forgets it with the last process that holds it.
    claim: Option<OwnedFd>,
}

impl Lodger {
    /// A user that has no process and is no other run's, where this process may become another; none where blocks are whoever runs docent.
    pub(super) fn choose() -> Option<Self> {
        if !geteuid().is_root() || !can_change_user() || !is_mapped(NOBODY) {
            return None;
        }
        let busy = busy_users();
        let offset = getpid().as_raw_nonzero().get().unsigned_abs() % u32::try_from(UNUSED.len()).unwrap_or(1);
        let all = (UNUSED.start + offset..UNUSED.end).chain(UNUSED.start..UNUSED.start + offset);
        let claimed = all.filter(|user| !busy.contains(user) && is_mapped(*user)).find_map(|user| Some((user, claim(user)?)));
        Some(match claimed {
            Some((user, claim)) => Self { user, claim: Some(claim) },
            // As many runs as users: they share one.
            None => Self { user: NOBODY, claim: None },
        })
    }

    pub(super) fn user(&self) -> u32 {
        self.user
    }

    /// Removes what blocks have left where everybody may leave something; not `kept`, which others remove. A user that runs share, or
    /// have shared, may have more than one run's.
    pub(super) fn clean(&self, kept: &[impl AsRef<Path>]) {
        if self.claim.is_some() {
            remove_files_of(self.user, kept);
        }
    }
}

/// Kills what runs as the user that a run had for itself, and removes what belongs to it where everybody may leave something. Comes back with
/// the processes. Does nothing when the user is another run's by now.
pub fn evict(user: u32) -> Vec<i32> {
    let mut killed = Vec::new();
    if !UNUSED.contains(&user) || !geteuid().is_root() {
        return killed;
    }
    // Held until the end, so that no run takes the user in the meantime.
    let Some(_claim) = claim(user) else { return killed };
    let deadline = Instant::now() + KILL_TIME_MAX;
    loop {
        let processes = processes_of(user);
        if processes.is_empty() || Instant::now() >= deadline {
            break;
        }
        for pid in processes {
            // The user's number is nobody else's, so the process is what it was.
            if kill_process(pid, Signal::KILL).is_ok() && !killed.contains(&pid.as_raw_nonzero().get()) {
                killed.push(pid.as_raw_nonzero().get());
            }
        }
        std::thread::sleep(PAUSE);
    }
    remove_files_of(user, &[] as &[&Path]);
    killed
}

fn processes_of(user: u32) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    // One that has ended and waits for its parent has nothing left that could be ended.
    let lives = |entry: &DirEntry| std::fs::read(entry.path().join("stat")).is_ok_and(|stat| !has_ended(&stat));
    let own = processes.filter(|entry| entry.metadata().is_ok_and(|found| found.uid() == user) && lives(entry));
    own.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// Whether `/proc/PID/stat` is that of a zombie. Source: proc(5), the state behind the name.
fn has_ended(stat: &[u8]) -> bool {
    let state = stat.iter().rposition(|byte| *byte == b')').and_then(|end| stat.get(end + 2));
    matches!(state, Some(b'Z' | b'X') | None)
}

/// Removes what belongs to a run's own user where everybody may leave something; not `kept`.
fn remove_files_of(user: u32, kept: &[impl AsRef<Path>]) {
    if !UNUSED.contains(&user) || !geteuid().is_root() {
        return;
    }
    let entries = SHARED.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|path| !kept.iter().any(|kept| kept.as_ref() == path)) {
        let Ok(found) = std::fs::symlink_metadata(&path) else { continue };
        if found.uid() == user {
            // What is gone meanwhile is gone. Neither of the two follows a link.
            let _ = if found.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        }
    }
}

/// Users that have a process, or an account.
fn busy_users() -> BTreeSet<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut busy: BTreeSet<u32> = processes.filter_map(|entry| Some(entry.metadata().ok()?.uid())).collect();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    busy.extend(accounts.lines().filter_map(|line| line.split(':').nth(2)?.parse::<u32>().ok()));
    busy
}

/// Takes the name that stands for a user, which only one process of a machine can have.
fn claim(user: u32) -> Option<OwnedFd> {
    let name = SocketAddr::from_abstract_name(format!("docent-user-{user}")).ok()?;
    UnixListener::bind_addr(&name).ok().map(OwnedFd::from)
}

/// Root without the power to become somebody else (a container with all capabilities dropped) stays who it is.
fn can_change_user() -> bool {
    let Ok(own) = rustix::thread::capabilities(None) else { return false };
    own.effective.contains(CapabilitySet::SETUID | CapabilitySet::SETGID | CapabilitySet::CHOWN)
}

/// Whether this number means a user and a group here: containers may have few.
fn is_mapped(id: u32) -> bool {
    ["/proc/self/uid_map", "/proc/self/gid_map"].iter().all(|file| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines().any(|line| {
            let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            matches!(numbers[..], [first, _, count] if (first..first.saturating_add(count)).contains(&u64::from(id)))
        })
    })
}

/// Becomes `user`, for good, unless that is who it is.
pub(super) fn become_user(user: u32) -> Result<(), String> {
    let failed = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
    if geteuid() == uid {
        return Ok(());
    }
    set_thread_groups(&[]).map_err(failed("setgroups"))?;
    set_thread_res_gid(gid, gid, gid).map_err(failed("setresgid"))?;
    set_thread_res_uid(uid, uid, uid).map_err(failed("setresuid"))
}

/// Becomes `user`, if any, and gives up all powers for good. The sentence says who the process is afterwards.
pub(super) fn drop_powers(user: Option<u32>) -> Result<String, String> {
    let failed = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    for capability in CapabilitySet::all().iter() {
        // Needs a capability itself; without it, locked privileges keep executed programs from gaining any.
        let _ = remove_capability_from_bounding_set(capability);
    }
    let _ = set_capabilities_secure_bits(CapabilitiesSecureBits::NO_ROOT | CapabilitiesSecureBits::NO_ROOT_LOCKED);
    if let Some(user) = user {
        become_user(user)?;
    }
    let none = CapabilitySets { effective: CapabilitySet::empty(), permitted: CapabilitySet::empty(), inheritable: CapabilitySet::empty() };
    set_capabilities(None, none).map_err(failed("capset"))?;
    match (user, geteuid().is_root()) {
        (_, true) => Ok("root without capabilities".to_owned()),
        _ => Ok(format!("user {}, group {}", geteuid().as_raw(), getegid().as_raw())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_runs_have_the_same_user() {
        let Some(first) = Lodger::choose() else { return };
        let second = Lodger::choose().expect("as before");
        assert!(UNUSED.contains(&first.user()) && UNUSED.contains(&second.user()) && first.user() != second.user());
        assert!(claim(first.user()).is_none());
        let user = first.user();
        drop(first);
        assert!(claim(user).is_some(), "it is free again");
    }

    #[test]
    fn what_a_dead_run_has_left_is_ended_and_a_living_one_is_not() {
        use std::os::unix::process::CommandExt;
        let Some(lodger) = Lodger::choose() else { return };
        let user = lodger.user();
        let mut command = std::process::Command::new("/bin/sh");
        let mut child =
            command.args(["-c", "read x"]).uid(user).gid(user).stdin(std::process::Stdio::piped()).env_clear().spawn().expect("a child");
        assert_eq!(evict(user), [] as [i32; 0], "the run still goes on");
        assert!(child.try_wait().expect("it is ours").is_none());
        drop(lodger);
        assert_eq!(evict(user), [i32::try_from(child.id()).expect("a process id")]);
        child.wait().expect("it is ours");
        assert_eq!(evict(0), [] as [i32; 0]);
    }

    #[test]
    fn only_what_belongs_to_the_run_s_user_is_removed() {
        let Some(lodger) = Lodger::choose() else { return };
        let folder = tempfile::Builder::new().prefix("docent-lodger").tempdir_in("/tmp").expect("a place for temporary files");
        let own = tempfile::Builder::new().prefix("docent-lodger").tempdir_in("/tmp").expect("a place for temporary files");
        std::fs::write(own.path().join("file"), "").expect("it is ours");
        std::os::unix::fs::symlink(folder.path(), own.path().join("link")).expect("it is ours");
        std::os::unix::fs::chown(own.path(), Some(lodger.user()), Some(lodger.user())).expect("root may");
        lodger.clean(&[own.path()]);
        assert!(own.path().exists());
        lodger.clean(&[] as &[&Path]);
        assert!(!own.path().exists() && folder.path().exists());
    }
}
