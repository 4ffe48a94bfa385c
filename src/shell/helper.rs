//! The helper of one shell: a child of the room, between docent and bash. Single-threaded and without a runtime.
//!
//! It is sub-reaper of all that blocks start and holds the lifeline, a socket to docent: when that closes, for whatever reason,
//! it kills the whole tree, removes the control directory and ends. It is outside the walls that it puts around bash.
//! A parent-death signal would not do: it follows the parent's *thread*, and a runtime ends idle threads.
//! Known limit: without the sandbox's walls a block can kill the helper; docent then kills bash's process group and says so.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendFlags, send};
use rustix::process::{Pid, PidfdFlags, WaitStatus, getpid, pidfd_open, set_child_subreaper, setsid};

use super::process_tree::{kill_descendants, reap};
use super::walls::{self, Confinement, Supervisor};
use super::warden::{Failure, Warden};

/// The first argument that makes a program the room, and so the helper.
pub(super) const MARKER: &str = "--docent-shell-helper";

/// The file of the control directory that says which bash, where, and with which environment.
pub(super) const ORDER: &str = "h";

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
}

/// Serves as a room of shells, and never returns, when this program was started as one. Otherwise does nothing.
pub fn intercept() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == MARKER) {
        let status = if walls::serve(arguments) { 0 } else { 1 };
        std::process::exit(status);
    }
}

/// Serves one shell until its lifeline, which is standard input, is cut. False when it could not begin.
pub(super) fn serve(control: PathBuf, confinement: &Confinement) -> bool {
    let Some(order) = Order::read(&control) else { return false };
    let supervisor = confinement.supervisor();
    Helper { order, control, confinement, supervisor, generation: 0, shell: None, warden: None, supervised: Vec::new() }.serve()
}

/// The name of the script FIFO of a generation.
pub(super) fn script_fifo(generation: u32) -> String {
    format!("s{generation}")
}

/// Which bash, where, and with which environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub bash: OsString,
    pub work: OsString,
    /// `NAME=value`.
    pub environment: Vec<(OsString, OsString)>,
}

impl Order {
    /// As the content of the file; none of the parts can hold a NUL byte.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let pairs = self.environment.iter().flat_map(|(name, value)| [name, value]);
        for part in [&self.bash, &self.work].into_iter().chain(pairs) {
            bytes.extend_from_slice(part.as_encoded_bytes());
            bytes.push(0);
        }
        bytes
    }

    fn read(control: &Path) -> Option<Self> {
        let file = control.join(ORDER);
        let order = Self::decode(&std::fs::read(&file).ok()?);
        // Values need not lie about.
        let _ = std::fs::remove_file(file);
        order
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut parts = bytes.strip_suffix(&[0])?.split(|byte| *byte == 0).map(|part| OsString::from_vec(part.to_vec()));
        let (bash, work) = (parts.next()?, parts.next()?);
        let mut environment = Vec::new();
        while let Some(name) = parts.next() {
            environment.push((name, parts.next()?));
        }
        Some(Self { bash, work, environment })
    }
}

struct Helper<'a> {
    order: Order,
    control: PathBuf,
    confinement: &'a Confinement,
    supervisor: Supervisor,
    generation: u32,
    shell: Option<Shell>,
    /// None before the first bash, and when everything was killed.
    warden: Option<Warden>,
    /// Where calls wait for the supervisor, for each bash whose processes still live.
    supervised: Vec<OwnedFd>,
}

struct Shell {
    pid: Pid,
    /// None where the kernel has no such thing; then its end is seen a period later.
    ended: Option<OwnedFd>,
}

impl Helper<'_> {
    fn serve(mut self) -> bool {
        // Fails only for a leader of a process group, which a fresh child is not.
        let _ = setsid();
        if set_child_subreaper(Some(getpid())).is_err() {
            return false;
        }
        tell("H");
        while let Some(order) = self.wait_for_order() {
            match order {
                command::START => self.start(),
                command::KILL => {
                    self.shell = None;
                    self.warden = None;
                    let left = kill_descendants(KILL_TIME_MAX, |_, _| {});
                    tell(&format!("K {left}"));
                }
                _ => {}
            }
        }
        kill_descendants(KILL_TIME_MAX, |_, _| {});
        // Nobody else will: docent may be gone. It is on a file system in memory.
        let _ = std::fs::remove_dir_all(&self.control);
        true
    }

    /// The next order; none when the lifeline is cut.
    fn wait_for_order(&mut self) -> Option<u8> {
        let lifeline = rustix::stdio::stdin();
        loop {
            let ended = self.shell.as_ref().and_then(|shell| shell.ended.as_ref());
            let mut sources = vec![PollFd::new(&lifeline, PollFlags::IN)];
            sources.extend(self.supervised.iter().map(|calls| PollFd::new(calls, PollFlags::IN)));
            sources.extend(ended.map(|ended| PollFd::new(ended, PollFlags::IN)));
            // A failed poll is treated as a wake-up; a broken lifeline shows in the read.
            let _ = poll(&mut sources, Some(&REAP_PERIOD));
            let spoken = !sources[0].revents().is_empty();
            let events: Vec<PollFlags> = sources.iter().skip(1).map(PollFd::revents).collect();
            self.look_after(&events);
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

    /// Answers the calls that wait, and forgets where nobody is left to call. `events` are in the order of `supervised`.
    fn look_after(&mut self, events: &[PollFlags]) {
        let mut events = events.iter();
        self.supervised.retain(|calls| {
            let event = events.next().copied().unwrap_or(PollFlags::empty());
            if event.contains(PollFlags::IN) {
                self.supervisor.answer(calls);
            }
            event.contains(PollFlags::IN) || !event.intersects(PollFlags::HUP | PollFlags::ERR)
        });
    }

    fn start(&mut self) {
        self.generation += 1;
        match self.spawn() {
            Ok(pid) => {
                self.shell = Some(Shell { pid, ended: pidfd_open(pid, PidfdFlags::empty()).ok() });
                tell(&format!("S {}", pid.as_raw_nonzero()));
            }
            Err(failure) => tell(&failure.to_line()),
        }
    }

    /// Has the warden start bash. One that a block has killed is replaced.
    fn spawn(&mut self) -> Result<Pid, Failure> {
        if let Some(warden) = &mut self.warden
            && let Ok(started) = warden.start(self.generation)
        {
            return started;
        }
        let (mut warden, calls) = Warden::hire(self.confinement, &self.order, &self.control)?;
        self.supervised.extend(calls);
        let started = warden.start(self.generation)?;
        self.warden = Some(warden);
        started
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_its_file() {
        let pair = |name: &str, value: &[u8]| (name.into(), OsString::from_vec(value.to_vec()));
        let order = Order {
            bash: "/bin/bash".into(),
            work: "/w".into(),
            environment: vec![pair("A", b""), pair("B", b"two\nlines \xff="), pair("C", b"")],
        };
        assert_eq!(Order::decode(&order.encode()), Some(order));
        assert_eq!(Order::decode(b"/bin/bash\0/w\0A\0"), None);
        assert_eq!(Order::decode(b""), None);
    }
}
