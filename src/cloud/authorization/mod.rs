//! Role definitions and role assignments.

pub(crate) mod model;
pub(crate) mod routes;

use crate::cloud::identity::azure_rbac::Grant;
use crate::cloud::state::State;

/// The GUID of Azure's built-in role Owner.
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/// Every role assignment, in order of creation.
pub(crate) fn grants(state: &State) -> Vec<Grant> {
    state.authorization.assignments.clone()
}

/// Makes `principal_id` Owner at `scope`, as the run finds it.
pub(crate) fn seed_owner(state: &mut State, principal_id: &str, scope: &str) {
    let id = state.ids.fixed_guid("owner assignment");
    let grant = Grant {
        assignment_id: format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{id}"),
        principal_id: principal_id.to_owned(),
        role_id: OWNER.to_owned(),
        scope: scope.to_owned(),
        created: state.now(),
    };
    state.authorization.assignments.push(grant);
}

/// Removes the assignments at a scope that is deleted, and below.
pub(crate) fn delete_scope(state: &mut State, scope: &str) {
    state.authorization.assignments.retain(|grant| !crate::cloud::identity::azure_rbac::is_at_or_below(&grant.scope, scope));
}
