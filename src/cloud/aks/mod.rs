//! Managed clusters, their node pools and credentials: `Microsoft.ContainerService/managedClusters`.
//!
//! Emulated: create, update, read, list and delete, with the times that Azure takes; the defaults of the profile; the OIDC issuer and
//! workload identity; the cluster's own identity and its kubelet's; credentials of local accounts. A cluster's Kubernetes API is in
//! [`kube`](crate::cloud::kube).
//!
//! Refused by name: clusters with Microsoft Entra integration, private clusters, service principals, Windows pools, writes to single node
//! pools, start, stop, and everything else below a cluster.
//!
//! Recordings: azure-cli's AKS tests of 2022 to 2026; where they are silent a comment says `Assumed:`.

mod credentials;
mod defaults;
pub(crate) mod lifecycle;
pub(crate) mod model;
mod names;
mod operations;
pub(crate) mod routes;
#[cfg(test)]
mod tests;
mod versions;

use jiff::Timestamp;

use crate::cloud::arm::resource::Resource;
use crate::cloud::state::State;

/// Finishes what has ended: creations, updates, deletions. True when something did.
pub(crate) fn settle(state: &mut State, now: Timestamp) -> bool {
    lifecycle::settle(state, now)
}

/// When the next operation on a cluster ends.
pub(crate) fn next_due(state: &State, now: Timestamp) -> Option<Timestamp> {
    state.aks.clusters().filter_map(|cluster| cluster.operation.as_ref()).map(|operation| operation.ends).filter(|ends| *ends > now).min()
}

/// Deletes the clusters of a resource group (`scope` is its id), with their Kubernetes state and node resource groups.
pub(crate) fn delete_group(state: &mut State, scope: &str, _now: Timestamp) {
    let prefix = format!("{}/", scope.to_lowercase());
    let ids: Vec<String> =
        state.aks.clusters().map(|cluster| cluster.id.clone()).filter(|id| id.to_lowercase().starts_with(&prefix)).collect();
    for id in ids {
        lifecycle::remove(state, &id);
    }
}

/// The clusters, for lists over all services.
pub(crate) fn resources(state: &State) -> Vec<Resource> {
    let of = |cluster: &model::ManagedCluster| Resource {
        id: cluster.id.clone(),
        name: cluster.name.clone(),
        kind: "Microsoft.ContainerService/managedClusters",
        location: cluster.location.clone(),
        tags: cluster.tags.clone(),
    };
    state.aks.clusters().map(of).collect()
}
