//! Azure Resource Manager: subscriptions, resource groups, resource ids, long-running operations.

pub(crate) mod id;
pub(crate) mod lro;
pub(crate) mod model;
pub(crate) mod resource;
pub(crate) mod routes;
pub(crate) mod tracked;

use jiff::Timestamp;

use crate::cloud::state::State;

/// Removes what a group deletion that has ended leaves behind.
pub(crate) fn settle(_state: &mut State, _now: Timestamp) -> bool {
    false
}

/// When the next long-running operation ends.
pub(crate) fn next_due(state: &State, now: Timestamp) -> Option<Timestamp> {
    state.operations.next_end(now)
}
