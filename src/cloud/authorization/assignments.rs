//! The rules of role assignments.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::definitions;
use super::faults;
use super::filter::{self, Term};
use super::model::{PrincipalType, RoleAssignment, is_same_scope};
use crate::cloud::arm::tracked::require_scope;
use crate::cloud::clock::arm_time;
use crate::cloud::fault::Fault;
use crate::cloud::identity::azure_rbac::is_at_or_below;
use crate::cloud::identity::builtin_roles;
use crate::cloud::observation::Observation;
use crate::cloud::state::State;

/// What a client asks for.
#[derive(Clone, Debug)]
pub(crate) struct AssignmentRequest {
    /// The id of a definition, with or without a scope before it.
    pub(crate) role_definition_id: String,
    pub(crate) principal_id: String,
    pub(crate) principal_type: Option<PrincipalType>,
    pub(crate) description: Option<String>,
}

/// Reads the body of a PUT: api-versions since 2018 have it in `properties`.
///
/// # Errors
/// A member that is missing or of the wrong form; 501 for conditions and delegated identities.
pub(crate) fn read(body: &Value) -> Result<AssignmentRequest, Fault> {
    let properties = &body["properties"];
    let text = |name: &str| properties[name].as_str().map(str::to_owned);
    for (name, what) in [("condition", "conditions"), ("delegatedManagedIdentityResourceId", "delegated managed identities")] {
        if properties[name].as_str().is_some_and(|value| !value.is_empty()) {
            return Err(Fault::unsupported(format!("{what} of role assignments"), ""));
        }
    }
    let principal_type = text("principalType").filter(|word| !word.is_empty());
    Ok(AssignmentRequest {
        role_definition_id: text("roleDefinitionId").ok_or_else(|| faults::bad_request("roleDefinitionId"))?,
        principal_id: text("principalId").ok_or_else(|| faults::bad_request("principalId"))?,
        principal_type: principal_type
            .map(|word| PrincipalType::parse(&word).ok_or_else(|| faults::bad_request("principalType")))
            .transpose()?,
        description: text("description"),
    })
}

/// Creates an assignment named `name` at `scope`, or changes the description of the one that is there. Returns it and whether it is new.
///
/// # Errors
/// A name or principal that is no GUID; a scope, role or principal that does not exist; an assignment that exists already.
pub(crate) fn put(
    state: &mut State,
    caller_id: &str,
    now: Timestamp,
    (scope, name): (&str, &str),
    request: AssignmentRequest,
) -> Result<(RoleAssignment, bool), Fault> {
    Uuid::parse_str(name).map_err(|_| faults::invalid_assignment_id(name))?;
    Uuid::parse_str(&request.principal_id).map_err(|_| faults::invalid_principal_id(&request.principal_id))?;
    require_scope(state, scope)?;
    let role_id = role_of(state, scope, &request.role_definition_id)?;
    let principal_type = principal_type(state, scope, &request)?;
    if let Some(same_name) = state.authorization.by_name(name) {
        return update(state, same_name.clone(), scope, &role_id, request, now).map(|assignment| (assignment, false));
    }
    let twin = state.authorization.assignments().find(|known| {
        is_same_scope(&known.scope, scope) && known.role_id == role_id && known.principal_id.eq_ignore_ascii_case(&request.principal_id)
    });
    if let Some(twin) = twin {
        return Err(faults::exists(&twin.name));
    }
    let assignment = RoleAssignment {
        name: name.to_owned(),
        scope: scope.to_owned(),
        role_id,
        principal_id: request.principal_id,
        principal_type,
        description: request.description,
        created: now,
        updated: now,
        created_by: caller_id.to_owned(),
    };
    state.authorization.insert(assignment.clone());
    Ok((assignment, true))
}

/// Built-in roles that hold under a condition, which is not emulated: assigned without it they would allow too much.
const CONDITIONAL: [&str; 1] = ["Key Vault Data Access Administrator"];

/// The GUID of the role that an id names, of whatever scope the id is.
fn role_of(state: &State, scope: &str, definition_id: &str) -> Result<String, Fault> {
    let guid = definition_id.rsplit('/').next().unwrap_or_default();
    if let Some(custom) = state.authorization.definition(guid) {
        let name = &custom.role.name;
        return if custom.is_assignable(scope) { Ok(custom.role.id.clone()) } else { Err(faults::not_assignable(name, scope)) };
    }
    let role = builtin_roles::by_id(guid).ok_or_else(|| faults::no_definition(400, guid))?;
    if CONDITIONAL.contains(&role.name) {
        return Err(Fault::unsupported(format!("the condition of the role {}", role.name), "use User Access Administrator"));
    }
    Ok(role.id.to_owned())
}

/// What the principal is. A client that says so is believed about a principal that is not there, because it may only not have spread
/// yet (the text of `PrincipalNotFound`, and what clients say about skipping the check).
fn principal_type(state: &mut State, scope: &str, request: &AssignmentRequest) -> Result<PrincipalType, Fault> {
    let actual = state.directory.principal(&request.principal_id).map(|principal| principal.kind());
    match (actual, request.principal_type) {
        (Some(actual), Some(given)) if !given.as_str().eq_ignore_ascii_case(actual) => {
            Err(faults::unmatched_type(&request.principal_id, actual, given))
        }
        (Some(actual), _) => PrincipalType::parse(actual).ok_or_else(|| faults::bad_request("principalType")),
        (None, Some(given)) => {
            let text = nobody(state, scope, &request.principal_id);
            state.observe(Observation::Hint { about: request.principal_id.clone(), text });
            Ok(given)
        }
        (None, None) => {
            let tenant_id = state.directory.tenant.id.clone();
            Err(faults::principal_not_found(&request.principal_id, &tenant_id))
        }
    }
}

/// What a role assignment to nobody is worth, and who was perhaps meant.
fn nobody(state: &State, scope: &str, principal_id: &str) -> String {
    let meant = state.directory.by_app_id(principal_id).map_or_else(String::new, |service| {
        format!("; it is the client id of {}, whose object id is {}", service.display_name, service.object_id)
    });
    format!(
        "no principal has the object id {principal_id}, so the role assignment at {scope} gives nobody anything (Azure does not look it up \
         when principalType is given){meant}"
    )
}

/// The same name again: only the description may differ. Assumed: a role that differs is refused like a principal that does.
fn update(
    state: &mut State,
    mut known: RoleAssignment,
    scope: &str,
    role_id: &str,
    request: AssignmentRequest,
    now: Timestamp,
) -> Result<RoleAssignment, Fault> {
    let is_same =
        is_same_scope(&known.scope, scope) && known.role_id == role_id && known.principal_id.eq_ignore_ascii_case(&request.principal_id);
    if !is_same {
        return Err(faults::update_not_permitted());
    }
    if request.description != known.description {
        known.description = request.description;
        known.updated = now;
        state.authorization.replace(known.clone());
    }
    Ok(known)
}

/// The assignments that a list at `scope` shows: those above, at and below it, which a filter narrows. `atScope()` leaves out what is
/// below (recorded).
///
/// # Errors
/// 501 for a filter that is not emulated.
pub(crate) fn list<'a>(state: &'a State, scope: &str, filter: Option<&str>) -> Result<Vec<&'a RoleAssignment>, Fault> {
    let unsupported = |what: String| Fault::unsupported(format!("the filter {what} of role assignments"), "");
    let terms = filter::parse(filter.unwrap_or_default()).map_err(&unsupported)?;
    let mut chosen: Vec<&RoleAssignment> = state
        .authorization
        .assignments()
        .filter(|known| is_at_or_below(scope, &known.scope) || is_at_or_below(&known.scope, scope))
        .collect();
    for term in terms {
        match term {
            Term::Call { name, argument: None } if name.eq_ignore_ascii_case("atScope") => {
                chosen.retain(|known| is_at_or_below(scope, &known.scope));
            }
            Term::Equals { name, value } if name.eq_ignore_ascii_case("principalId") => {
                chosen.retain(|known| known.principal_id.eq_ignore_ascii_case(&value));
            }
            // REST reference: what the principal has by itself and through groups.
            Term::Call { name, argument: Some(principal) } if name.eq_ignore_ascii_case("assignedTo") => {
                let principals = state.directory.with_groups(&principal);
                chosen.retain(|known| principals.iter().any(|principal| known.principal_id.eq_ignore_ascii_case(principal)));
            }
            Term::Equals { name, .. } | Term::Call { name, .. } => return Err(unsupported(name)),
        }
    }
    Ok(chosen)
}

/// What an answer is for: a few members differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The 201: `createdBy` is null (recorded).
    Created,
    /// A read.
    Read,
    /// A deletion, at that time: `updatedOn` is it (recorded).
    Deleted(Timestamp),
}

/// An assignment. Recorded: the order of keys, and explicit nulls.
pub(crate) fn encode(subscription: &str, assignment: &RoleAssignment, answer: Answer) -> Value {
    let updated = if let Answer::Deleted(at) = answer { at } else { assignment.updated };
    json!({
        "properties": {
            "roleDefinitionId": definitions::id(subscription, &assignment.role_id),
            "principalId": assignment.principal_id,
            "principalType": assignment.principal_type.as_str(),
            "scope": assignment.scope,
            "condition": null,
            "conditionVersion": null,
            "createdOn": arm_time(assignment.created),
            "updatedOn": arm_time(updated),
            "createdBy": (answer != Answer::Created).then_some(&assignment.created_by),
            "updatedBy": assignment.created_by,
            "delegatedManagedIdentityResourceId": null,
            "description": assignment.description,
        },
        "id": assignment.id(),
        "type": "Microsoft.Authorization/roleAssignments",
        "name": assignment.name,
    })
}
