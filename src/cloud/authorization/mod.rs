//! Role definitions and role assignments (`Microsoft.Authorization`).
//!
//! Emulated: the built-in roles of the identity service's table, read by id, by name and in lists; custom roles; assignments at any scope of
//! the subscription, with the checks of the service. Refused by name: conditions, delegated managed identities, deny
//! assignments, locks, policies, eligible assignments. Whether an assignment lets somebody do something is decided by
//! `identity::azure_rbac`.
//!
//! Sources: the REST reference of role assignments, recorded answers (2019 to 2025), and the errors that public reports quote.

mod assignments;
pub(crate) mod custom;
mod definitions;
mod faults;
mod filter;
pub(crate) mod locks;
pub(crate) mod model;
pub(crate) mod routes;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::cloud::identity::azure_rbac::Grant;
use crate::cloud::state::State;
use model::{PrincipalType, RoleAssignment};

/// The GUID of Azure's built-in role Owner.
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/// Every role assignment as a decision needs it, in order of creation.
pub(crate) fn grants(state: &State) -> Vec<Grant> {
    let assignments = state.authorization.assignments();
    assignments
        .map(|assignment| Grant {
            assignment_id: assignment.id(),
            principal_id: assignment.principal_id.clone(),
            role_id: assignment.role_id.clone(),
            scope: assignment.scope.clone(),
            created: assignment.created,
            custom: state.authorization.definition(&assignment.role_id).map(|known| Arc::clone(&known.role)),
        })
        .collect()
}

/// Makes `principal_id` Owner at `scope`, as the run finds it.
pub(crate) fn seed_owner(state: &mut State, principal_id: &str, scope: &str) {
    let now = state.now();
    let assignment = RoleAssignment {
        name: state.ids.fixed_guid("owner assignment"),
        scope: scope.to_owned(),
        role_id: OWNER.to_owned(),
        principal_id: principal_id.to_owned(),
        principal_type: PrincipalType::User,
        description: None,
        created: now,
        updated: now,
        created_by: principal_id.to_owned(),
    };
    state.authorization.insert(assignment);
}

/// Gives a service principal a built-in role, as a service does by itself.
pub(crate) fn assign(state: &mut State, role_id: &str, principal_id: &str, scope: &str) {
    let now = state.now();
    let assignment = RoleAssignment {
        name: state.ids.guid(&format!("service assignment {}", scope.to_lowercase())),
        scope: scope.to_owned(),
        role_id: role_id.to_owned(),
        principal_id: principal_id.to_owned(),
        principal_type: PrincipalType::ServicePrincipal,
        description: None,
        created: now,
        updated: now,
        created_by: String::new(),
    };
    state.authorization.insert(assignment);
}

/// Removes the assignments at a scope that is deleted, and below: a recovered vault comes back without them (soft-delete overview of
/// Key Vault).
pub(crate) fn delete_scope(state: &mut State, scope: &str) {
    state.authorization.forget_below(scope);
}
