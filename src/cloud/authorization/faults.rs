//! The exact refusals of `Microsoft.Authorization`.

use super::model::PrincipalType;
use crate::cloud::fault::Fault;

/// Several public reports of 2024 to 2026: the existing id without dashes.
pub(crate) fn exists(name: &str) -> Fault {
    let id = without_dashes(name);
    Fault::new(409, "RoleAssignmentExists", format!("The role assignment already exists. The ID of the existing role assignment is {id}."))
}

/// Several public reports: the principal without dashes, the directory with them, two spaces before the last sentence. Assumed: 400.
pub(crate) fn principal_not_found(principal_id: &str, tenant_id: &str) -> Fault {
    let principal = without_dashes(principal_id);
    Fault::new(
        400,
        "PrincipalNotFound",
        format!(
            "Principal {principal} does not exist in the directory {tenant_id}. Check that you have the correct principal ID. If you are \
             creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this \
             case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See \
             https://aka.ms/docs-principaltype"
        ),
    )
}

/// Public reports: the space before the comma and the misspelt word are the service's own. Assumed: 400.
pub(crate) fn unmatched_type(principal_id: &str, actual: &str, given: PrincipalType) -> Fault {
    let principal = without_dashes(principal_id);
    Fault::new(
        400,
        "UnmatchedPrincipalType",
        format!(
            "The PrincipalId '{principal}' has type '{actual}' , which is different from specified PrinciaplType '{}'.",
            given.as_str()
        ),
    )
}

/// Public reports: the first sentence. Assumed: the second.
pub(crate) fn invalid_principal_id(principal_id: &str) -> Fault {
    Fault::new(400, "InvalidPrincipalId", format!("The Principal ID '{principal_id}' is not valid. Principal ID must be a GUID."))
}

/// Assumed: the wording.
pub(crate) fn invalid_assignment_id(name: &str) -> Fault {
    Fault::new(
        400,
        "InvalidRoleAssignmentId",
        format!("The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."),
    )
}

/// Public reports quote the sentence with status 404 for a read; a write is refused with the same words. Assumed: 400 for the write.
pub(crate) fn no_definition(status: u16, id: &str) -> Fault {
    Fault::new(status, "RoleDefinitionDoesNotExist", format!("The specified role definition with ID '{id}' does not exist."))
}

/// Assumed: the wording.
pub(crate) fn invalid_definition_id(name: &str) -> Fault {
    Fault::new(
        400,
        "InvalidRoleDefinitionId",
        format!("The role definition ID '{name}' is not valid. The role definition ID must be a GUID."),
    )
}

/// Assumed: code and wording.
pub(crate) fn built_in_is_fixed() -> Fault {
    Fault::new(403, "RoleDefinitionUpdateNotAllowed", "The built-in role definitions cannot be changed or deleted.")
}

/// Assumed: the wording; the documentation says that a role must have an action.
pub(crate) fn no_actions() -> Fault {
    Fault::new(400, "InvalidRoleDefinition", "The role definition must have at least one action or data action.")
}

/// Assumed: the wording; the code is that of public reports.
pub(crate) fn invalid_assignable_scope(scope: &str) -> Fault {
    Fault::new(400, "InvalidAssignableScope", format!("The assignable scope '{scope}' is not valid."))
}

/// Public reports quote code and first sentence.
pub(crate) fn name_is_taken(name: &str) -> Fault {
    let message = format!("A custom role with the same name already exists in this directory. Use a different name: '{name}'.");
    Fault::new(409, "RoleDefinitionWithSameNameExists", message)
}

/// Azure RBAC troubleshooting quotes the sentence.
pub(crate) fn has_assignments() -> Fault {
    Fault::new(
        400,
        "RoleDefinitionHasAssignments",
        "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments)",
    )
}

/// Assumed: code and wording; the documentation says that a role can be assigned within its assignable scopes only.
pub(crate) fn not_assignable(role: &str, scope: &str) -> Fault {
    Fault::new(
        400,
        "RoleDefinitionNotAssignable",
        format!("The role '{role}' cannot be assigned at the scope '{scope}', which is not one of its assignable scopes or below one."),
    )
}

/// Public reports.
pub(crate) fn update_not_permitted() -> Fault {
    Fault::new(400, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
}

/// Assumed: the wording.
pub(crate) fn not_found(name: &str) -> Fault {
    Fault::new(404, "RoleAssignmentNotFound", format!("The role assignment '{name}' is not found."))
}

/// Assumed: the wording of a body that lacks a member or has it in the wrong form.
pub(crate) fn bad_request(what: &str) -> Fault {
    Fault::new(400, "BadRequestFormat", format!("The request was incorrectly formatted: '{what}' is missing or invalid."))
}

fn without_dashes(guid: &str) -> String {
    guid.replace('-', "").to_lowercase()
}
