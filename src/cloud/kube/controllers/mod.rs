//! What a cluster does by itself after a write or when time has passed. Each controller is a function over one cluster that says whether
//! it changed something; they are asked again until none does.

mod aggregation;
mod kubelet;
mod namespaces;
mod quantity;
mod scheduler;

use jiff::Timestamp;

use super::aks_objects;
use super::model::Cluster;

pub(crate) use kubelet::{Finding, finish};

/// Asks every controller once; true when one changed something.
pub(crate) fn settle(cluster: &mut Cluster, authority_pem: &str, now: Timestamp) -> bool {
    let namespaces = namespaces::settle(cluster, authority_pem, now);
    let aks = aks_objects::settle(cluster, now);
    let aggregation = aggregation::settle(cluster) || aks;
    kubelet::settle(cluster, now) || namespaces || aggregation
}

/// When a controller next has something to do by itself, after `now`.
pub(crate) fn next_due(cluster: &Cluster, now: Timestamp) -> Option<Timestamp> {
    cluster.kubelet.runs.values().flat_map(|run| run.dues()).filter(|due| *due > now).min()
}
