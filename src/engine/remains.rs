//! What a killed run has left on this machine: its processes and its directories. Found by the run's name, which nobody else has.

use std::{
    fs, io,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::{
    engine::journal::{Account, Process, prefix},
    shell::evict,
};

/// The helper of a killed run kills and removes by itself; it gets so long.
const HELPER_TIME_MAX: Duration = Duration::from_secs(2);

/// Processes may take so long to die.
const KILL_TIME_MAX: Duration = Duration::from_secs(5);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// What was found and done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Processes that were killed.
    pub killed: Vec<i32>,
    /// Directories that were removed.
    pub removed: Vec<PathBuf>,
    /// What is still there, and why.
    pub left: Vec<String>,
}

/// A process as it can be found again; none when it is gone.
pub fn began(pid: i32) -> Option<Process> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold blanks and parentheses; the time is the 20th field behind it.
    let behind = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let began = std::str::from_utf8(&stat[behind..]).ok()?.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
    Some(Process { pid, began, boot })
}

/// Whether the docent that wrote a journal is still at work.
pub fn is_running(account: &Account) -> bool {
    began(account.beginning.process.pid).as_ref() == Some(&account.beginning.process)
}

/// Kills and removes what the run of `account` has left, and says what that was. Its docent must be gone.
pub fn clean(account: &Account) -> Cleaned {
    let name = prefix(&account.beginning.run);
    let mut cleaned = Cleaned::default();
    let patience = Instant::now() + HELPER_TIME_MAX;
    while !processes(&name).is_empty() && Instant::now() < patience {
        std::thread::sleep(PAUSE);
    }
    let deadline = Instant::now() + KILL_TIME_MAX;
    loop {
        let found = processes(&name);
        if found.is_empty() {
            break;
        }
        for pid in &found {
            if kill(*pid, &name) && !cleaned.killed.contains(pid) {
                cleaned.killed.push(*pid);
            }
        }
        if Instant::now() >= deadline {
            cleaned.left.extend(found.iter().map(|pid| format!("process {pid} does not end")));
            break;
        }
        std::thread::sleep(PAUSE);
    }
    for user in &account.users {
        // What has thrown its environment away is still this user's, and another run's user is left alone.
        cleaned.killed.extend(evict(*user));
    }
    for place in places(account, &name) {
        match remove(&place) {
            Ok(()) => cleaned.removed.push(place),
            Err(error) => cleaned.left.push(format!("{} cannot be removed: {error}", place.display())),
        }
    }
    cleaned
}

/// Processes that carry the run's name in their environment or work in one of its directories.
fn processes(name: &str) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| *pid != own && belongs(*pid, name)).collect()
}

fn belongs(pid: i32, name: &str) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    let folder = Path::new("/proc").join(pid.to_string());
    // One that has ended has neither.
    fs::read(folder.join("environ")).is_ok_and(|environment| holds(&environment))
        || fs::read_link(folder.join("cwd")).is_ok_and(|cwd| holds(cwd.as_os_str().as_bytes()))
        || fs::read(folder.join("cmdline")).is_ok_and(|words| holds(&words) && words.windows(8).any(|part| part == b"--docent"))
}

/// Kills a process if it still is the one that is meant: the handle is taken first, so its number cannot become another's meanwhile.
fn kill(pid: i32, name: &str) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return false };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    belongs(pid.as_raw_nonzero().get(), name) && pidfd_send_signal(&handle, Signal::KILL).is_ok()
}

/// The directories of a run that are there: those with its name, and those that it has noted.
fn places(account: &Account, name: &str) -> Vec<PathBuf> {
    let roots = &account.beginning.roots;
    let named = roots.iter().filter_map(|root| fs::read_dir(root).ok()).flatten().flatten();
    let mut places: Vec<PathBuf> =
        named.filter(|entry| entry.file_name().as_bytes().starts_with(name.as_bytes())).map(|entry| entry.path()).collect();
    let is_ours = |place: &&PathBuf| {
        let named = place.file_name().is_some_and(|file| file.as_bytes().starts_with(b"docent"));
        named && place.parent().is_some_and(|parent| roots.iter().any(|root| root == parent))
    };
    places.extend(account.places.iter().filter(is_ours).cloned());
    places.retain(|place| fs::symlink_metadata(place).is_ok_and(|found| found.is_dir()));
    places.sort();
    places.dedup();
    places
}

/// Removes a directory, also when the run has made parts of it unwritable.
fn remove(place: &Path) -> io::Result<()> {
    match fs::remove_dir_all(place) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(place);
            fs::remove_dir_all(place)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Gives the owner back the right to look into directories and to change them; links are not followed.
fn open_up(place: &Path) {
    let mut open = vec![place.to_owned()];
    while let Some(folder) = open.pop() {
        if !fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir()) {
            continue;
        }
        // What cannot be changed is said by the removal.
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        open.extend(fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()));
    }
}
