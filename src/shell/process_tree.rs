//! Killing everything that a process has started, however it tries to get away.
//!
//! It works for a sub-reaper: whoever loses its parent below it becomes its child, so nobody can leave the tree, and having no
//! child at all proves that the tree is empty.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, wait};

/// Between two rounds: about as long as the kernel needs to take a killed process apart.
const ROUND_PAUSE: Duration = Duration::from_micros(500);

/// Kills all descendants of this process, which must be a sub-reaper, and gives the number of those that are still there after
/// `bound`. `reaped` hears of each child that ended.
pub(super) fn kill_descendants(bound: Duration, mut reaped: impl FnMut(Pid, WaitStatus)) -> u32 {
    let deadline = Instant::now() + bound;
    loop {
        let found = descendants(getpid());
        // Stopping all before killing any leaves no time for one to replace another.
        for signal in [Signal::STOP, Signal::KILL] {
            for pid in &found {
                // One that is gone by now, or that is another user's, is seen in the next round.
                let _ = kill_process(*pid, signal);
            }
        }
        if reap(&mut reaped) == Children::None {
            return 0;
        }
        if Instant::now() >= deadline {
            return u32::try_from(found.len()).unwrap_or(u32::MAX).max(1);
        }
        std::thread::sleep(ROUND_PAUSE);
    }
}

/// Whether this process has children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Children {
    /// None, dead or alive.
    None,
    /// At least one that lives.
    Some,
}

/// Takes note of all children that have ended.
pub(super) fn reap(mut reaped: impl FnMut(Pid, WaitStatus)) -> Children {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => reaped(pid, status),
            Ok(None) => return Children::Some,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Children::None,
        }
    }
}

/// All processes below `root`, by the parents that the kernel lists now.
pub(super) fn descendants(root: Pid) -> Vec<Pid> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(stat) = std::fs::read(process.path().join("stat")) else { continue };
        if let Some(parent) = parent(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root.as_raw_nonzero().get()];
    while let Some(pid) = open.pop() {
        for child in children.remove(&pid).unwrap_or_default() {
            found.extend(Pid::from_raw(child));
            open.push(child);
        }
    }
    found
}

/// The parent in the text of `/proc/PID/stat`: the second field after the name, which may itself hold blanks and parentheses.
fn parent(stat: &[u8]) -> Option<i32> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = stat[after_name..].split(|byte| *byte == b' ').filter(|field| !field.is_empty());
    fields.next()?;
    std::str::from_utf8(fields.next()?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_a_hostile_name() {
        assert_eq!(parent(b"42 (a) R 7 (b) S 41 40 39"), Some(41));
        assert_eq!(parent(b"42 (sh) S 1 2"), Some(1));
        assert_eq!(parent(b"garbage"), None);
    }

    #[test]
    fn a_child_is_found_below_this_process() {
        let mut child = std::process::Command::new("/bin/sh").args(["-c", "read x"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        assert!(descendants(getpid()).contains(&pid));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
