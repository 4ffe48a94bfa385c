//! The sandbox: what keeps a block from doing harm, in layers, each as far as the machine has it.
//!
//! A *room* is where all shells of a run live: a process of docent that stays outside, and, where namespaces are to be had, one inside
//! them that is process 1 there. Every shell gets a helper in the room; every bash is confined between fork and exec by [`confine`].
//! Without namespaces the same room stands on the host, and Landlock, the system-call filter and the connection supervisor take over.
//!
//! What does not hold is said ([`Layers`]); it is never assumed. Deliberately absent: what a document may reach beyond its own network,
//! which is the embedded cloud's business.

mod confine;
mod files;
mod host;
mod identity;
mod kernel;
mod layers;
mod limits;
mod namespaces;
mod network;
mod notify;
mod policy;
mod programs;
mod quota;
mod room;
mod root;
mod syscalls;

use std::ffi::OsStr;

pub(super) use confine::Confinement;
pub(super) use host::serve;
pub use identity::evict;
pub(super) use kernel::{Fork, fork, fork_brother};
pub use layers::{Layer, LayerState, Layers};
pub(super) use notify::{Supervisor, hear_line};
pub use programs::programs;
pub use room::{Plan, Room};

/// What is asked of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sandbox {
    /// All that the machine offers; nothing runs unless network and secrets are out of reach.
    Require,
    /// All that the machine offers.
    BestEffort,
    /// A private directory and a clean environment, and no walls.
    #[default]
    Off,
}

impl Sandbox {
    /// The one that is written so.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Require, Self::BestEffort, Self::Off].into_iter().find(|sandbox| sandbox.as_str() == name)
    }

    /// The usual one where the variable `CI` has this value: build servers run documents of strangers beside credentials.
    pub fn usual(ci: Option<&OsStr>) -> Self {
        let is_set = ci.is_some_and(|value| !["", "0"].iter().any(|no| value == *no) && !value.eq_ignore_ascii_case("false"));
        if is_set { Self::Require } else { Self::BestEffort }
    }

    /// As it is written on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Require => "require",
            Self::BestEffort => "best-effort",
            Self::Off => "off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_server_requires_the_sandbox_unless_it_says_that_it_is_none() {
        for (value, expected) in [(None, Sandbox::BestEffort), (Some("true"), Sandbox::Require), (Some("1"), Sandbox::Require)] {
            assert_eq!(Sandbox::usual(value.map(OsStr::new)), expected, "{value:?}");
        }
        for value in ["", "0", "false", "False"] {
            assert_eq!(Sandbox::usual(Some(OsStr::new(value))), Sandbox::BestEffort, "{value:?}");
        }
        assert_eq!(Sandbox::named("require"), Some(Sandbox::Require));
        assert_eq!(Sandbox::named("on"), None);
    }
}
