//! The Kubernetes API of every cluster.

mod decode;
mod discovery;
mod duration;
pub(crate) mod model;
pub(crate) mod objects;
mod openapi;
mod patch;
mod pod_status;
mod protobuf;
pub(crate) mod resources;
pub(crate) mod routes;
mod schema;
mod selector;
mod status;
mod table;

use jiff::Timestamp;
use serde_json::Value;

use crate::cloud::exchange::Program;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{KubeAttributes, Request};
use crate::cloud::identity::caller::Caller;
use crate::cloud::state::State;

/// Lets the controllers do what is due; true when they changed something. Called again until nobody changes anything.
pub(crate) fn settle(_state: &mut State, _now: Timestamp) -> bool {
    false
}

/// When a controller or a pod next has something to do by itself, after `now`.
pub(crate) fn next_due(_state: &State, _now: Timestamp) -> Option<Timestamp> {
    None
}

/// The next program (of a pod, say) that is to run outside the lock; it is not returned again.
pub(crate) fn next_program(_state: &mut State, _now: Timestamp) -> Option<Program> {
    None
}

/// Whether an API server or an issuer answers to this host name now.
pub(crate) fn host_exists(_state: &State, _host: &str) -> bool {
    false
}

/// Who asks an API server: client certificate, static token, service-account token, or `system:anonymous`.
pub(crate) fn authenticate(_state: &State, _request: &Request) -> Result<Caller, Fault> {
    Err(Fault::unsupported("the Kubernetes API", ""))
}

/// Whether Kubernetes authorization lets `caller` do that.
pub(crate) fn authorize(_state: &mut State, _caller: &Caller, attributes: &KubeAttributes) -> Result<(), Fault> {
    Err(Fault::unsupported(attributes.verb.clone(), ""))
}

/// The published signing keys of a cluster's issuer, exactly as given (the final slash counts); none when there is no such issuer.
pub(crate) fn issuer_keys(_state: &State, _issuer: &str) -> Option<Vec<Value>> {
    None
}
