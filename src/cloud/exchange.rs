//! Requests from inside: a pod's program talks to the cloud as any client does, without a socket.

use jiff::Timestamp;

use super::http::endpoint::{Reply, Request};
use super::observation::Observation;
use super::state::State;

/// Something that answers requests the way the network would.
pub(crate) trait Exchange: Send + Sync {
    /// The answer to a request; the whole pipeline is behind it. A host that nobody has is `None`, as a name that does not resolve.
    fn exchange(&self, request: &Request) -> Option<Exchanged>;
}

/// An answer, with what the cloud noticed on the way to it. Whoever asked decides when that is told.
#[derive(Debug)]
pub(crate) struct Exchanged {
    pub(crate) reply: Reply,
    pub(crate) observations: Vec<Observation>,
}

/// What a program wants to be written down when it is done; run under the lock.
pub(crate) type Commit = Box<dyn FnOnce(&mut State, Timestamp) + Send>;

/// Work that must run without the lock, on a thread of its own outside any runtime (it may start one), because it makes requests itself.
pub(crate) type Program = Box<dyn FnOnce(&dyn Exchange) -> Commit + Send>;
