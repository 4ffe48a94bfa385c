//! Container registries: `Microsoft.ContainerRegistry/registries`, and who may pull from them.
//!
//! Emulated: create, read, list, delete, import of images; the nodes of a cluster pull what is in a registry when the kubelet's identity has
//! the action of the role AcrPull there. Refused by name: pushing, building, tokens of registries, admin users, networks, replication.
//!
//! Recordings: azure-cli's ACR tests (`test_acr_import_no_wait.yaml`, `test_acr_create_with_managed_registry.yaml`); where they are silent a
//! comment says `Assumed:`.

pub(crate) mod model;
mod operations;
pub(crate) mod pull;
pub(crate) mod routes;

use jiff::Timestamp;

use crate::cloud::arm::resource::Resource;
use crate::cloud::authorization;
use crate::cloud::identity::azure_rbac::is_at_or_below;
use crate::cloud::state::State;

/// The type of the resource.
pub(crate) const KIND: &str = "Microsoft.ContainerRegistry/registries";

/// The registries, for lists over all services.
pub(crate) fn resources(state: &State) -> Vec<Resource> {
    let of = |registry: &model::Registry| Resource {
        id: registry.id(),
        name: registry.name.clone(),
        kind: KIND,
        location: registry.location.clone(),
        tags: registry.tags.clone(),
    };
    state.registries.all().map(of).collect()
}

/// Deletes the registries of a resource group (`scope` is its id).
pub(crate) fn delete_group(state: &mut State, scope: &str, _now: Timestamp) {
    let gone = state.registries.remove_where(|registry| is_at_or_below(&registry.id(), scope));
    for registry in gone {
        authorization::delete_scope(state, &registry.id());
    }
}
