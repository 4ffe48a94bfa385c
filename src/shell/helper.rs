//! The helper: docent again, re-executed, between docent and bash. Single-threaded and without a runtime.
//!
//! It is sub-reaper of all that blocks start and holds the lifeline, a socket to docent: when that closes, for whatever reason,
//! it kills the whole tree, removes the control directory (and, when docent did not say farewell, the run's whole directory) and ends. It runs in a session of its own without a terminal.
//! A parent-death signal would not do: it follows the parent's *thread*, and a runtime ends idle threads.
//! Known limit: without the sandbox's walls a block can kill the helper; docent then kills bash's process group and says so.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendFlags, send};
use rustix::process::{Pid, PidfdFlags, WaitStatus, getpid, pidfd_open, set_child_subreaper, setsid};

use super::process_tree::{kill_descendants, reap};

/// The first argument that makes a program the helper.
pub(super) const MARKER: &str = "--docent-shell-helper";

/// How long processes may take to die.
const KILL_TIME_MAX: Duration = Duration::from_secs(5);

/// How often orphans that have ended are taken note of.
const REAP_PERIOD: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// What docent tells the helper, one byte each.
pub(super) mod command {
    /// Start bash on the script FIFO of the next generation.
    pub(in crate::shell) const START: u8 = b'R';
    /// Kill everything.
    pub(in crate::shell) const KILL: u8 = b'K';
    /// docent is about to cut the lifeline and will look after the run's directory itself.
    pub(in crate::shell) const FAREWELL: u8 = b'F';
}

/// Serves as the shell's helper, and never returns, when this program was started as one. Otherwise does nothing.
pub fn intercept() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == MARKER) {
        let status = if Helper::new(arguments).is_some_and(Helper::serve) { 0 } else { 1 };
        std::process::exit(status);
    }
}

/// The name of the script FIFO of a generation.
pub(super) fn script_fifo(generation: u32) -> String {
    format!("s{generation}")
}

struct Helper {
    bash: PathBuf,
    control: PathBuf,
    work: PathBuf,
    generation: u32,
    shell: Option<Shell>,
}

struct Shell {
    pid: Pid,
    /// None where the kernel has no such thing; then its end is seen a period later.
    ended: Option<OwnedFd>,
}

impl Helper {
    fn new(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let (bash, control, work) = (arguments.next()?.into(), arguments.next()?.into(), arguments.next()?.into());
        Some(Self { bash, control, work, generation: 0, shell: None })
    }

    /// Works until the lifeline is cut. False when it could not begin.
    fn serve(mut self) -> bool {
        // Fails only for a leader of a process group, which a fresh child is not; there is then a terminal to lose and no more.
        let _ = setsid();
        if set_child_subreaper(Some(getpid())).is_err() {
            return false;
        }
        tell(&format!("H{}", inherited_descriptors().iter().map(|number| format!(" {number}")).collect::<String>()));
        let mut was_told = false;
        while let Some(order) = self.wait_for_order() {
            match order {
                command::FAREWELL => was_told = true,
                command::START => self.start(),
                command::KILL => {
                    self.shell = None;
                    let left = kill_descendants(KILL_TIME_MAX, |_, _| {});
                    tell(&format!("K {left}"));
                }
                _ => {}
            }
        }
        kill_descendants(KILL_TIME_MAX, |_, _| {});
        // Nobody else will: docent may be gone. It is on a file system in memory.
        let _ = std::fs::remove_dir_all(&self.control);
        if let Some(directory) = self.work.parent().filter(|_| !was_told) {
            let _ = std::fs::remove_dir_all(directory);
        }
        true
    }

    /// The next order; none when the lifeline is cut.
    fn wait_for_order(&mut self) -> Option<u8> {
        let lifeline = rustix::stdio::stdin();
        loop {
            let ended = self.shell.as_ref().and_then(|shell| shell.ended.as_ref());
            let mut sources = vec![PollFd::new(&lifeline, PollFlags::IN)];
            sources.extend(ended.map(|ended| PollFd::new(ended, PollFlags::IN)));
            // A failed poll is treated as a wake-up; a broken lifeline shows in the read.
            let _ = poll(&mut sources, Some(&REAP_PERIOD));
            let spoken = !sources[0].revents().is_empty();
            self.reap();
            if spoken {
                let mut order = [0];
                match rustix::io::read(lifeline, &mut order) {
                    Ok(1) => return Some(order[0]),
                    Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                    Ok(_) | Err(_) => return None,
                }
            }
        }
    }

    fn start(&mut self) {
        self.generation += 1;
        let script = self.control.join(script_fifo(self.generation));
        let spawned = Command::new(&self.bash)
            .args(["--noprofile", "--norc"])
            .arg(script)
            .current_dir(&self.work)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own, so that `kill 0` in a block does not reach the helper.
            .process_group(0)
            .spawn();
        match spawned {
            Ok(child) => {
                let pid = Pid::from_child(&child);
                self.shell = Some(Shell { pid, ended: pidfd_open(pid, PidfdFlags::empty()).ok() });
                tell(&format!("S {}", pid.as_raw_nonzero()));
            }
            Err(error) => tell(&format!("X {}", error.raw_os_error().unwrap_or(0))),
        }
    }

    fn reap(&mut self) {
        let mut end = None;
        let shell = self.shell.as_ref().map(|shell| shell.pid);
        reap(|pid, status| {
            if Some(pid) == shell {
                end = Some(status);
            }
        });
        if let Some(status) = end {
            self.shell = None;
            tell(&format!("D {}", end_text(status)));
        }
    }
}

fn end_text(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => format!("e {status}"),
        (None, Some(signal)) => format!("s {signal}"),
        (None, None) => "e 255".to_owned(),
    }
}

/// Sends one line to docent. Without SIGPIPE: the helper must outlive docent to clean up.
fn tell(line: &str) {
    let mut rest = format!("{line}\n").into_bytes();
    while !rest.is_empty() {
        match send(rustix::stdio::stdin(), &rest, SendFlags::NOSIGNAL) {
            Ok(count) => drop(rest.drain(..count)),
            Err(rustix::io::Errno::INTR) => {}
            // The lifeline is cut; the next read says so too.
            Err(_) => return,
        }
    }
}

/// Descriptors above standard error that an executed program would keep: docent opens none such, but whoever started it may have.
fn inherited_descriptors() -> Vec<u32> {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let Ok(entries) = std::fs::read_dir("/proc/self/fdinfo") else { return Vec::new() };
    let mut inherited: Vec<u32> = entries
        .flatten()
        .filter_map(|entry| {
            let number: u32 = entry.file_name().to_str()?.parse().ok()?;
            let info = std::fs::read_to_string(entry.path()).ok()?;
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
            let flags = u32::from_str_radix(flags.trim(), 8).ok()?;
            (number > 2 && flags & CLOSE_ON_EXEC == 0).then_some(number)
        })
        .collect();
    inherited.sort_unstable();
    inherited
}
