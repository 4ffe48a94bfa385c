//! Which host names exist.

use crate::cloud::state::State;
use crate::cloud::{keyvault, kube};

/// Resource Manager.
pub(crate) const RESOURCE_MANAGER: &str = "management.azure.com";
/// The token service.
pub(crate) const LOGIN: &str = "login.microsoftonline.com";
/// Microsoft Graph.
pub(crate) const GRAPH: &str = "graph.microsoft.com";
/// Where az looks for its newest version; refused without a word, because az does not mind.
const VERSION_CHECK: &str = "azcliprod.blob.core.windows.net";

/// Whether somebody answers to `host` (lower case, without a port).
pub(crate) fn is_served(state: &State, host: &str) -> bool {
    matches!(host, RESOURCE_MANAGER | LOGIN | GRAPH) || keyvault::host_exists(state, host) || kube::host_exists(state, host)
}

/// Whether a refusal of `host` is worth telling: a name below Azure's own domains that nobody has is an answer of the emulated world (no
/// such vault, no such cluster), not something that docent lacks.
pub(crate) fn refusal_is_notable(host: &str) -> bool {
    let world = [".vault.azure.net", ".azmk8s.io", ".oic.prod-aks.azure.com"];
    host != VERSION_CHECK && !world.iter().any(|suffix| host.ends_with(suffix))
}
