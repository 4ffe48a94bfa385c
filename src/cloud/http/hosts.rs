//! Which host names exist.

use crate::cloud::state::State;
use crate::cloud::{keyvault, kube};

/// Resource Manager.
pub(crate) const RESOURCE_MANAGER: &str = "management.azure.com";
/// The token service.
pub(crate) const LOGIN: &str = "login.microsoftonline.com";
/// Microsoft Graph.
pub(crate) const GRAPH: &str = "graph.microsoft.com";
/// The metadata service of a machine, at its link-local address; plain HTTP.
pub(crate) const METADATA: &str = "169.254.169.254";
/// Where az looks for its newest version; refused without a word, because az does not mind.
const VERSION_CHECK: &str = "azcliprod.blob.core.windows.net";

/// The host names that are answered, for people: a star stands for the names that vaults and clusters get.
pub const HOSTS: [&str; 6] =
    [RESOURCE_MANAGER, LOGIN, GRAPH, "*.vault.azure.net", "*.hcp.REGION.azmk8s.io", "REGION.oic.prod-aks.azure.com"];

/// Whether somebody answers to `host` (lower case, without a port).
pub(crate) fn is_served(state: &State, host: &str) -> bool {
    matches!(host, RESOURCE_MANAGER | LOGIN | GRAPH) || keyvault::host_exists(state, host) || kube::host_exists(state, host)
}

/// Whether `host` lies below a domain in which Azure gives every vault or cluster a name of its own.
pub(crate) fn is_of_the_world(host: &str) -> bool {
    [".vault.azure.net", ".azmk8s.io", ".oic.prod-aks.azure.com"].iter().any(|suffix| host.ends_with(suffix))
}

/// Whether the report should know that `host` was refused.
pub(crate) fn refusal_is_notable(host: &str) -> bool {
    host != VERSION_CHECK
}
