//! What a cluster does by itself after a write or when time has passed. Each controller is a function over one cluster that says whether
//! it changed something; they are asked again until none does.

mod namespaces;

use jiff::Timestamp;

use super::model::Cluster;

/// Asks every controller once; true when one changed something.
pub(crate) fn settle(cluster: &mut Cluster, authority_pem: &str, now: Timestamp) -> bool {
    namespaces::settle(cluster, authority_pem, now)
}

/// When a controller next has something to do by itself, after `now`.
pub(crate) fn next_due(_cluster: &Cluster, _now: Timestamp) -> Option<Timestamp> {
    None
}
