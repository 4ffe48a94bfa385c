//! Key Vault: vaults (control plane) and their secrets (data plane).
//!
//! Emulated: vaults with soft delete, purge protection, both permission models and network rules by address; secrets with versions,
//! attributes, soft delete, recovery and purge; the challenge that a client without a token gets; the refusals of both permission
//! models. Refused by name: keys, certificates, storage accounts, backup and restore, private endpoints, managed HSMs.
//!
//! The control plane and the data plane are apart, as in Azure: the owner of a vault may still be refused its secrets.
//!
//! Sources: the Key Vault REST reference and its soft-delete and RBAC guides, and recorded answers of the service.

mod access;
mod faults;
mod hints;
mod lifecycle;
pub(crate) mod model;
mod names;
mod recycle;
pub(crate) mod routes;
mod secret_routes;
mod secret_wire;
mod secrets;
#[cfg(test)]
mod tests;
mod vault_body;
mod vault_wire;
mod vaults;

use serde_json::{Map, json};

use crate::cloud::arm::resource::Resource;
use crate::cloud::state::State;

pub(crate) use access::authorize;
pub(crate) use hints::of_absent_secret;
pub(crate) use lifecycle::{next_due, settle};
pub(crate) use recycle::delete_group;
pub(crate) use vaults::host_exists;

/// The vaults, for lists over all services.
pub(crate) fn resources(state: &State) -> Vec<Resource> {
    let vaults = vaults::list(state, |_| true).into_iter();
    vaults
        .map(|vault| Resource {
            id: vault.id(),
            name: vault.name.clone(),
            kind: "Microsoft.KeyVault/vaults",
            location: vault.location.clone(),
            tags: Some(vault.tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>()),
        })
        .collect()
}
