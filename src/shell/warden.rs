//! The process that starts every bash of a shell: it goes behind the walls once, and all that it starts is behind the same ones.
//!
//! A later bash can therefore signal what an earlier one has left running, which two that were walled in apart could not. The warden is a
//! child of the helper, and each bash is its brother, so that the helper alone sees them end. A block that kills the warden gains
//! nothing: the helper hires another.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::net::{SendFlags, send};
use rustix::process::{DumpableBehavior, Pid, set_dumpable_behavior, setpgid};

use super::helper::{Order, script_fifo};
use super::walls::{Confinement, Fork, fork, fork_brother, hear_line};

/// The helper's end of it; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Warden {
    socket: UnixStream,
}

impl Warden {
    /// Starts it; with it comes where calls wait for the supervisor.
    pub(super) fn hire(confinement: &Confinement, order: &Order, control: &Path) -> Result<(Self, Option<OwnedFd>), Failure> {
        let (ours, theirs) = UnixStream::pair()?;
        match fork()? {
            Fork::Parent(_) => {
                drop(theirs);
                let (answer, calls) = hear_line(&ours)?;
                match answer.as_str() {
                    READY => Ok((Self { socket: ours }, calls)),
                    "" => Err(Failure::Walls("it went away".to_owned())),
                    line => Err(Failure::heard(line).unwrap_or_else(|| Failure::Walls(line.to_owned()))),
                }
            }
            Fork::Child => {
                drop(ours);
                serve(theirs, confinement, order, control);
                std::process::exit(0);
            }
        }
    }

    /// Has it start bash on the script FIFO of `generation`. The outer error means that there is no warden any more.
    pub(super) fn start(&mut self, generation: u32) -> std::io::Result<Result<Pid, Failure>> {
        send(&self.socket, &generation.to_ne_bytes(), SendFlags::NOSIGNAL)?;
        let (line, _) = hear_line(&self.socket)?;
        match line.strip_prefix(STARTED).and_then(|number| Pid::from_raw(number.parse().ok()?)) {
            Some(pid) => Ok(Ok(pid)),
            None => Failure::heard(&line).map(Err).ok_or_else(|| std::io::ErrorKind::BrokenPipe.into()),
        }
    }
}

/// The walls are up.
const READY: &str = "R";
/// Comes before the process id of a bash.
const STARTED: &str = "S ";

fn serve(mut helper: UnixStream, confinement: &Confinement, order: &Order, control: &Path) {
    if let Ok(nothing) = std::fs::File::open("/dev/null") {
        // The lifeline is not this process's business.
        let _ = rustix::stdio::dup2_stdin(nothing);
    }
    let _ = setpgid(None, None);
    // Blocks are the same user and behind the same walls; its memory is still its own.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    if let Err(why) = confinement.apply(&helper) {
        let _ = writeln!(helper, "{}", Failure::Walls(why).to_line());
        return;
    }
    let mut generation = [0; 4];
    let mut alive = writeln!(helper, "{READY}").is_ok();
    while alive && helper.read_exact(&mut generation).is_ok() {
        let line = match start(order, control, u32::from_ne_bytes(generation)) {
            Ok(pid) => format!("{STARTED}{}", pid.as_raw_nonzero()),
            Err(failure) => failure.to_line(),
        };
        alive = writeln!(helper, "{line}").is_ok();
    }
}

/// Starts one. It answers by the end of a socket that executing it closes.
fn start(order: &Order, control: &Path, generation: u32) -> Result<Pid, Failure> {
    let (mut ours, mut theirs) = UnixStream::pair()?;
    match fork_brother()? {
        Fork::Parent(pid) => {
            drop(theirs);
            let mut answer = String::new();
            ours.read_to_string(&mut answer)?;
            Failure::heard(&answer).map_or(Ok(pid), Err)
        }
        Fork::Child => {
            // A group of its own, so that `kill 0` in a block does not reach the warden.
            let _ = setpgid(None, None);
            let error = Command::new(&order.bash)
                .args(["--noprofile", "--norc"])
                .arg(control.join(script_fifo(generation)))
                .current_dir(&order.work)
                .env_clear()
                .envs(order.environment.iter().map(|(name, value)| (name, value)))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .exec();
            // The parent takes silence for success, and then the helper sees this process end.
            let _ = theirs.write_all(Failure::System(error.raw_os_error().unwrap_or(0)).to_line().as_bytes());
            std::process::exit(126);
        }
    }
}

/// Why there is no bash.
pub(super) enum Failure {
    /// The system's error number.
    System(i32),
    /// A layer of the sandbox.
    Walls(String),
}

impl Failure {
    pub(super) fn to_line(&self) -> String {
        match self {
            Self::System(number) => format!("X {number}"),
            Self::Walls(why) => format!("W {}", why.replace('\n', " ")),
        }
    }

    fn heard(line: &str) -> Option<Self> {
        match line.split_once(' ') {
            Some(("X", number)) => Some(Self::System(number.parse().unwrap_or(0))),
            Some(("W", why)) => Some(Self::Walls(why.to_owned())),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::System(error.raw_os_error().unwrap_or(0))
    }
}
