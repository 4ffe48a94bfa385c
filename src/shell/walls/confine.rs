//! What happens to a bash between fork and exec.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::process::{DumpableBehavior, Pid, geteuid, getpid, set_dumpable_behavior};
use rustix::thread::set_no_new_privs;

use super::identity::{self, INSIDE};
use super::kernel::{Fork, fork};
use super::layers::{Layer, Layers};
use super::notify::{self, Supervisor};
use super::policy::Policy;
use super::syscalls::Filters;
use super::{files, limits, network};

/// Whose namespaces a room is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell) enum Space {
    /// Its own.
    Own,
    /// Those of whoever runs docent.
    Host,
}

/// What a bash is confined by.
#[derive(Debug)]
pub(in crate::shell) struct Confinement {
    policy: Policy,
    space: Space,
    /// Whom blocks run as, where this process may choose.
    user: Option<u32>,
    /// Who that is on the host.
    owner: Option<u32>,
    filters: Result<Filters, String>,
    /// The process that all of the run descends from.
    room: Pid,
    /// What held when it was tried; the same must hold for each bash.
    promised: Layers,
}

impl Confinement {
    /// Tries all of it in a child that is thrown away. `owner` is whom the host is to see as doing what blocks do; `outer` says what is
    /// known of namespaces.
    pub(super) fn new(policy: Policy, space: Space, owner: Option<u32>, outer: Layers) -> Self {
        let user = match space {
            Space::Own => geteuid().is_root().then_some(INSIDE),
            Space::Host => owner,
        };
        let filters = Filters::compile(space);
        let mut confinement = Self { policy, space, user, owner, filters, room: getpid(), promised: Layers::default() };
        if confinement.policy.walls {
            confinement.promised = confinement.trial(outer);
        }
        confinement
    }

    /// What holds.
    pub(in crate::shell) fn layers(&self) -> &Layers {
        &self.promised
    }

    /// Looks after the connections of a bash, if they need it.
    pub(in crate::shell) fn supervisor(&self) -> Supervisor {
        Supervisor::new(self.room, self.policy.port)
    }

    /// Confines this process for good. The error says which layer that was promised does not hold. Its parent is handed what it has to
    /// listen to.
    pub(in crate::shell) fn apply(&self, parent: &UnixStream) -> Result<(), String> {
        if !self.policy.walls {
            return Ok(());
        }
        let (held, listener) = self.restrict();
        if let Some(listener) = listener {
            notify::hand_over(parent, &listener).map_err(|error| format!("connections: {error}"))?;
        }
        match self.promised.states().iter().find(|state| state.holds && !held.holds(state.layer) && is_own(state.layer)) {
            Some(broken) => Err(broken.layer.as_str().to_owned()),
            None => Ok(()),
        }
    }

    fn restrict(&self) -> (Layers, Option<OwnedFd>) {
        let mut layers = Layers::default();
        let mut listener = None;
        let mut note = |layer, result: Result<String, String>| match result {
            Ok(how) => layers.set(layer, true, how),
            Err(why) => layers.set(layer, false, why),
        };
        let off = || Err("switched off".to_owned());
        // Counted while all of /proc can be seen. A room of its own counts from nothing.
        let tasks = if self.space == Space::Own { 0 } else { limits::tasks_of(self.user.unwrap_or_else(|| geteuid().as_raw())) };
        note(
            Layer::Limits,
            if self.policy.allows(Layer::Limits) { limits::set(tasks).map(|()| "processes, memory, file size".to_owned()) } else { off() },
        );
        let drop_powers = || {
            let who = identity::drop_powers(self.user)?;
            set_no_new_privs(true).map(|()| who).map_err(|error| format!("no_new_privs: {error}"))
        };
        note(Layer::Identity, if self.policy.allows(Layer::Identity) { drop_powers() } else { off() });
        note(Layer::Landlock, if self.policy.allows(Layer::Landlock) { files::restrict(&self.policy, self.space) } else { off() });
        let connections = match (self.space, self.policy.allows(Layer::Connections)) {
            (Space::Own, _) => Ok("not needed: the network is the run's own".to_owned()),
            (Space::Host, false) => off(),
            (Space::Host, true) => notify::install().map(|descriptor| {
                listener = Some(descriptor);
                "made by a supervisor".to_owned()
            }),
        };
        note(Layer::Connections, connections);
        let filters = match &self.filters {
            _ if !self.policy.allows(Layer::Seccomp) => off(),
            Ok(filters) => filters.apply().map(|()| "dangerous system calls are refused".to_owned()),
            Err(why) => Err(why.clone()),
        };
        note(Layer::Seccomp, filters);
        (layers, listener)
    }

    /// Makes this process the one between the room and a bash. On the host's network it looks after connections, and so must be allowed
    /// to look into processes of the user that blocks are: it becomes that user. The walls keep blocks from it.
    pub(in crate::shell) fn become_helper(&self) -> Result<(), String> {
        match self.user {
            Some(user) if self.space == Space::Host && self.policy.allows(Layer::Identity) => identity::become_user(user),
            _ => Ok(()),
        }
    }

    /// Confines a process as a bash would be, below one that does what a helper does, and lets it listen on a port of its own.
    fn try_out(&self, mut tell: UnixStream) -> std::io::Result<()> {
        self.become_helper().map_err(std::io::Error::other)?;
        let (ours, theirs) = UnixStream::pair()?;
        match fork()? {
            Fork::Child => {
                drop(ours);
                // As an executed program is, whoever this process was before.
                let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
                let (mut held, listener) = self.restrict();
                let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
                if let Some(listener) = listener {
                    notify::hand_over(&theirs, &listener)?;
                    drop((theirs, listener));
                    if let Err(error) = network::listen() {
                        held.set(Layer::Connections, false, format!("the supervisor cannot do its work: {error}"));
                    }
                }
                tell.write_all(held.encode().as_bytes())
            }
            Fork::Parent(_) => {
                drop((theirs, tell));
                if let (_, Some(calls)) = notify::hear_line(&ours)? {
                    self.supervisor().answer_all(&calls);
                }
                Ok(())
            }
        }
    }

    fn trial(&self, outer: Layers) -> Layers {
        let mut layers = outer.clone();
        let tried = UnixStream::pair().and_then(|(mut ours, theirs)| {
            match fork()? {
                Fork::Child => {
                    drop(ours);
                    // The end of the stream says that there is no more; what was not said does not hold.
                    let status = if self.try_out(theirs).is_ok() { 0 } else { 1 };
                    std::process::exit(status);
                }
                Fork::Parent(_) => drop(theirs),
            }
            let mut text = String::new();
            ours.read_to_string(&mut text)?;
            Ok(Layers::decode(&text))
        });
        let held = tried.unwrap_or_default();
        for layer in Layer::ALL.into_iter().filter(|layer| is_own(*layer)) {
            match held.states().iter().find(|state| state.layer == layer) {
                Some(state) => layers.set(layer, state.holds, state.detail.clone()),
                None => layers.set(layer, false, "the trial came to nothing"),
            }
        }
        layers
    }

    /// The user on the host that files of the run must belong to; none when that is whoever runs docent.
    pub(super) fn owner(&self) -> Option<u32> {
        self.owner.filter(|_| self.policy.allows(Layer::Identity))
    }
}

/// Whether a bash itself is restricted by this layer, rather than the room that it is in.
fn is_own(layer: Layer) -> bool {
    !matches!(layer, Layer::Namespaces | Layer::Lifeline)
}
