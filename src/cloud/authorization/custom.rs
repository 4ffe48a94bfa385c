//! Custom roles: role definitions that somebody of the tenant writes.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::definitions;
use super::faults;
use crate::cloud::clock::arm_time;
use crate::cloud::fault::Fault;
use crate::cloud::identity::azure_rbac::{CustomPermission, CustomRole, is_at_or_below};
use crate::cloud::identity::builtin_roles;
use crate::cloud::state::State;

/// A custom role with what its decisions do not need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleDefinition {
    pub(crate) role: Arc<CustomRole>,
    pub(crate) description: String,
    /// Where it can be assigned.
    pub(crate) assignable_scopes: Vec<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// Object id of who made it.
    pub(crate) created_by: String,
    pub(crate) updated_by: String,
}

impl RoleDefinition {
    /// Whether it can be assigned at `scope`.
    pub(crate) fn is_assignable(&self, scope: &str) -> bool {
        self.assignable_scopes.iter().any(|assignable| is_at_or_below(scope, assignable))
    }

    /// Whether a list at `scope` shows it: it can be assigned there, above or below.
    pub(crate) fn is_shown_at(&self, scope: &str) -> bool {
        self.is_assignable(scope) || self.assignable_scopes.iter().any(|assignable| is_at_or_below(assignable, scope))
    }
}

/// Creates the definition named `id`, or replaces the one that is there. Returns it and whether it is new.
///
/// # Errors
/// An id that is no GUID or a built-in role's; a body without a name, permissions or scopes; a name that another role has.
pub(crate) fn put(
    state: &mut State,
    caller_id: &str,
    now: Timestamp,
    (scope, id): (&str, &str),
    body: &Value,
) -> Result<(RoleDefinition, bool), Fault> {
    Uuid::parse_str(id).map_err(|_| faults::invalid_definition_id(id))?;
    if builtin_roles::by_id(id).is_some() {
        return Err(faults::built_in_is_fixed());
    }
    let properties = &body["properties"];
    let name =
        properties["roleName"].as_str().map(str::trim).filter(|name| !name.is_empty()).ok_or_else(|| faults::bad_request("roleName"))?;
    let texts =
        |value: &Value| -> Vec<String> { value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect() };
    let permissions: Vec<CustomPermission> = properties["permissions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|permission| CustomPermission {
            actions: texts(&permission["actions"]),
            not_actions: texts(&permission["notActions"]),
            data_actions: texts(&permission["dataActions"]),
            not_data_actions: texts(&permission["notDataActions"]),
        })
        .collect();
    if permissions.iter().all(|permission| permission.actions.is_empty() && permission.data_actions.is_empty()) {
        return Err(faults::no_actions());
    }
    let mut scopes = texts(&properties["assignableScopes"]);
    if scopes.is_empty() {
        scopes.push(scope.to_owned());
    }
    if let Some(bad) =
        scopes.iter().find(|scope| !scope.starts_with("/subscriptions/") && !scope.starts_with("/providers/Microsoft.Management/"))
    {
        return Err(faults::invalid_assignable_scope(bad));
    }
    let is_taken = |known: &RoleDefinition| known.role.name.eq_ignore_ascii_case(name) && !known.role.id.eq_ignore_ascii_case(id);
    if builtin_roles::by_name(name).is_some() || state.authorization.definitions().any(is_taken) {
        return Err(faults::name_is_taken(name));
    }
    let known = state.authorization.definition(id).cloned();
    let definition = RoleDefinition {
        role: Arc::new(CustomRole { id: id.to_lowercase(), name: name.to_owned(), permissions }),
        description: properties["description"].as_str().unwrap_or_default().to_owned(),
        assignable_scopes: scopes,
        created: known.as_ref().map_or(now, |known| known.created),
        updated: now,
        created_by: known.as_ref().map_or(caller_id, |known| &known.created_by).to_owned(),
        updated_by: caller_id.to_owned(),
    };
    state.authorization.put_definition(definition.clone());
    Ok((definition, known.is_none()))
}

/// Deletes a definition that nobody has; none when there is none.
///
/// # Errors
/// A built-in role; assignments of the role.
pub(crate) fn delete(state: &mut State, id: &str) -> Result<Option<RoleDefinition>, Fault> {
    if builtin_roles::by_id(id).is_some() {
        return Err(faults::built_in_is_fixed());
    }
    if state.authorization.assignments().any(|assignment| assignment.role_id.eq_ignore_ascii_case(id)) {
        return Err(faults::has_assignments());
    }
    Ok(state.authorization.remove_definition(id))
}

/// A definition on the wire, its keys in the order of a built-in one.
pub(crate) fn encode(subscription: &str, definition: &RoleDefinition) -> Value {
    let of = |permission: &CustomPermission| {
        let CustomPermission { actions, not_actions, data_actions, not_data_actions } = permission;
        definitions::permission([actions, not_actions, data_actions, not_data_actions])
    };
    let permissions: Vec<Value> = definition.role.permissions.iter().map(of).collect();
    json!({
        "properties": {
            "roleName": definition.role.name,
            "type": "CustomRole",
            "description": definition.description,
            "assignableScopes": definition.assignable_scopes,
            "permissions": permissions,
            "createdOn": arm_time(definition.created),
            "updatedOn": arm_time(definition.updated),
            "createdBy": definition.created_by,
            "updatedBy": definition.updated_by,
        },
        "id": definitions::id(subscription, &definition.role.id),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": definition.role.id,
    })
}
