//! Azure Resource Manager: subscriptions, resource groups, resource ids, long-running operations.

pub(crate) mod catalog;
pub(crate) mod faults;
pub(crate) mod id;
pub(crate) mod lro;
pub(crate) mod model;
pub(crate) mod operations;
pub(crate) mod regions;
pub(crate) mod resource;
pub(crate) mod routes;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod tracked;

use jiff::Timestamp;

use crate::cloud::state::State;

/// Removes what a group deletion that has ended leaves behind.
pub(crate) fn settle(state: &mut State, now: Timestamp) -> bool {
    operations::finish_deletions(state, now)
}

/// When the next long-running operation ends.
pub(crate) fn next_due(state: &State, now: Timestamp) -> Option<Timestamp> {
    state.operations.next_end(now)
}
