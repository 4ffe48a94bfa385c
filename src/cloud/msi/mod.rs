//! User-assigned managed identities and their federated credentials (`Microsoft.ManagedIdentity`).
//!
//! Emulated: identities (create, update, read, list, delete) whose service principal lives in the directory, federated identity
//! credentials with the service's limits, and the match of a presented assertion against them, which the token endpoint asks for.
//! Refused by name: associated resources, revocation of tokens, system-assigned identities read by themselves.
//!
//! Sources: the REST reference, the considerations page of workload identity federation, and recorded answers of the service (ids carry
//! a lower-case `resourcegroups`, `tags` is always there, deletes answer 200 without a body).

mod credentials;
mod faults;
mod matching;
pub(crate) mod model;
mod operations;
pub(crate) mod routes;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::{Map, json};

use crate::cloud::arm::resource::Resource;
use crate::cloud::state::State;

pub(crate) use matching::{Mismatch, match_assertion, mismatch_hint, unknown_client_hint};
pub(crate) use operations::delete_group;

/// Nothing happens by itself here; true when something did.
pub(crate) fn settle(_state: &mut State, _now: Timestamp) -> bool {
    false
}

/// Nothing is ever due here.
pub(crate) fn next_due(_state: &State, _now: Timestamp) -> Option<Timestamp> {
    None
}

/// The identities, for lists over all services.
pub(crate) fn resources(state: &State) -> Vec<Resource> {
    let identities = state.msi.identities();
    identities
        .map(|identity| Resource {
            id: identity.id(),
            name: identity.name.clone(),
            kind: "Microsoft.ManagedIdentity/userAssignedIdentities",
            location: identity.location.clone(),
            tags: Some(identity.tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>()),
        })
        .collect()
}
