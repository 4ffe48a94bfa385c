//! Managed clusters, their node pools and credentials.

pub(crate) mod model;
pub(crate) mod routes;

use jiff::Timestamp;

use crate::cloud::state::State;

/// Lets this service's controllers do what is due; true when they changed something. Called again until nobody changes anything.
pub(crate) fn settle(_state: &mut State, _now: Timestamp) -> bool {
    false
}

/// When this service next has something to do by itself, after `now`.
pub(crate) fn next_due(_state: &State, _now: Timestamp) -> Option<Timestamp> {
    None
}

/// Deletes everything of this service in a resource group (`scope` is its id; compare without regard to case).
pub(crate) fn delete_group(_state: &mut State, _scope: &str, _now: Timestamp) {}

/// The Azure resources of this service, for lists over all services.
pub(crate) fn resources(_state: &State) -> Vec<crate::cloud::arm::resource::Resource> {
    Vec::new()
}
