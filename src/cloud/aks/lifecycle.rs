//! What happens when an operation on a cluster ends.
//!
//! | from | after | to |
//! |---|---|---|
//! | Creating | 5 to 7 minutes | Succeeded: kubelet identity, credentials, Kubernetes API |
//! | Updating | about 100 seconds | Succeeded: the Kubernetes API follows the new settings |
//! | Deleting | about 200 seconds | gone, with the node resource group and the identities |

use jiff::Timestamp;

use super::model::{Credentials, KubeletIdentity, ManagedCluster, OperationKind};
use crate::cloud::authorization;
use crate::cloud::kube;
use crate::cloud::kube::model::{Entra, NodePool, Settings};
use crate::cloud::state::State;

/// Ends every operation that is over; true when there was one.
pub(crate) fn settle(state: &mut State, now: Timestamp) -> bool {
    let over = |cluster: &&ManagedCluster| cluster.operation.as_ref().is_some_and(|operation| operation.ends <= now);
    let due: Vec<ManagedCluster> = state.aks.clusters().filter(over).cloned().collect();
    let any = !due.is_empty();
    for mut cluster in due {
        let Some(operation) = cluster.operation.take() else { continue };
        match operation.kind {
            OperationKind::Creating => finish_creation(state, cluster, operation.ends),
            OperationKind::Updating => {
                kube::reconfigure(state, &settings(state, &cluster), operation.ends);
                state.aks.insert(cluster);
            }
            OperationKind::Deleting => remove(state, &cluster.id),
        }
    }
    any
}

fn finish_creation(state: &mut State, mut cluster: ManagedCluster, now: Timestamp) {
    let name = format!("{}-agentpool", cluster.name);
    let node_group = cluster.node_resource_group();
    let resource_id = format!(
        "/subscriptions/{}/resourcegroups/{node_group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
        cluster.subscription
    );
    let principal = state.directory.register_managed_identity(&mut state.ids, &resource_id, &name, now);
    cluster.kubelet = Some(KubeletIdentity { resource_id, client_id: principal.app_id, object_id: principal.object_id });
    // Recorded: 128 hexadecimal digits; the certificate's names are those of public kubeconfigs.
    let token = state.ids.hex(&format!("cluster token {}", cluster.id.to_lowercase()), 64);
    state.remember_secret(&token);
    let groups = ["system:masters"];
    let issued = state.authority.issue_client("masterclient", &groups).expect("fixed ASCII names can stand in a certificate");
    let local = Credentials { certificate_pem: issued.certificate_pem, key_pem: issued.key_pem, token };
    let settings = settings(state, &cluster);
    kube::provision(state, settings, &local.certificate_pem, &local.token, now);
    cluster.credentials = Some(local);
    state.aks.insert(cluster);
}

/// What the Kubernetes side needs to know of a cluster.
fn settings(state: &State, cluster: &ManagedCluster) -> Settings {
    let pools = cluster.property("/agentPoolProfiles").and_then(|pools| pools.as_array()).cloned().unwrap_or_default();
    let text = |pool: &serde_json::Value, name: &str| pool[name].as_str().unwrap_or_default().to_owned();
    Settings {
        resource_id: cluster.id.clone(),
        subscription: cluster.subscription.clone(),
        node_resource_group: cluster.node_resource_group().to_owned(),
        location: cluster.location.clone(),
        fqdn: cluster.fqdn().to_owned(),
        git_version: format!("v{}", cluster.text("/currentKubernetesVersion")),
        tenant_id: state.directory.tenant.id.clone(),
        issuer_url: cluster.text("/oidcIssuerProfile/issuerURL").to_owned(),
        workload_identity: cluster.is_set("/securityProfile/workloadIdentity/enabled"),
        entra: cluster.property("/aadProfile").filter(|profile| profile.is_object()).map(|profile| Entra {
            tenant_id: profile["tenantID"].as_str().unwrap_or(&state.directory.tenant.id).to_owned(),
            admin_groups: profile["adminGroupObjectIDs"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|id| id.as_str())
                .map(str::to_owned)
                .collect(),
            azure_rbac: profile["enableAzureRBAC"] == true,
        }),
        pools: pools
            .iter()
            .map(|pool| NodePool {
                name: text(pool, "name"),
                count: pool["count"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default(),
                vm_size: text(pool, "vmSize"),
                mode: text(pool, "mode").to_lowercase(),
                node_image: text(pool, "nodeImageVersion"),
                max_pods: pool["maxPods"].as_u64().unwrap_or(250),
            })
            .collect(),
    }
}

/// Removes a cluster at once, with everything that belongs to it.
pub(crate) fn remove(state: &mut State, id: &str) {
    let Some(cluster) = state.aks.remove(id) else { return };
    kube::remove(state, &cluster.id);
    state.arm.groups.remove(&cluster.node_resource_group().to_lowercase());
    authorization::delete_scope(
        state,
        &format!("/subscriptions/{}/resourceGroups/{}", cluster.subscription, cluster.node_resource_group()),
    );
    if let Some(kubelet) = &cluster.kubelet {
        state.directory.remove_service_principal(&kubelet.object_id);
    }
    if let Some(principal) = cluster.identity["principalId"].as_str() {
        state.directory.remove_service_principal(principal);
    }
}
