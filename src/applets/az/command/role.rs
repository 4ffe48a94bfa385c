//! `az role`: assignments (Microsoft.Authorization, api-version 2022-04-01) and definitions (2022-05-01-preview), and the search in Microsoft
//! Graph for whoever is meant.

use http::Method;
use serde_json::{Map, Value, json};

use super::Command;
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::{query_encoded, scope_encoded, successful};
use crate::applets::az::session::{Call, Session};
use crate::applets::az::table::models::printed;

const ASSIGNMENTS_API: &str = "api-version=2022-04-01";
const DEFINITIONS_API: &str = "api-version=2022-05-01-preview";

pub(super) const COMMANDS: [Command; 4] = [
    Command {
        name: "role assignment create",
        options: &["--role", "--scope", "--assignee", "--assignee-object-id", "--assignee-principal-type", "--description", "--name"],
        table: None,
        run: create,
    },
    Command {
        name: "role assignment list",
        options: &[
            "--assignee",
            "--assignee-object-id",
            "--role",
            "--resource-group",
            "--scope",
            "--include-inherited",
            "--all",
            "--fill-role-definition-name",
            "--fill-principal-name",
        ],
        table: Some("[].{Principal: principalName, Role: roleDefinitionName, Scope: scope}"),
        run: list,
    },
    Command {
        name: "role assignment delete",
        options: &["--ids", "--assignee", "--assignee-object-id", "--role", "--resource-group", "--scope", "--include-inherited", "--yes"],
        table: None,
        run: delete,
    },
    Command {
        name: "role definition list",
        options: &["--name", "--resource-group", "--scope", "--custom-role-only"],
        table: Some("[].{Name: roleName, Type: type, Description: description}"),
        run: definitions,
    },
];

pub(super) fn refused<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Refused(text.into()))
}

/// An empty option would be ignored, and so would list or delete far more than was meant.
fn nothing_empty(arguments: &Arguments) -> Result<(), Failure> {
    let empty = ["--assignee", "--scope", "--role", "--resource-group"].into_iter().find(|option| arguments.get(option) == Some(""));
    match empty {
        Some(option) => refused(format!("usage error: {option} can't be an empty string. Either omit it or provide a non-empty string.")),
        None => Ok(()),
    }
}

pub(super) fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

/// The scope that the options name, or the subscription.
pub(super) fn scope_of(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<String, Failure> {
    match (arguments.get("--scope"), arguments.get("--resource-group")) {
        (Some(_), Some(group)) => refused(format!("Resource group \"{group}\" is redundant because scope is supplied")),
        (Some(scope), None) if scope.starts_with("/subscriptions/") && !is_resource_id(scope) => {
            refused("Invalid scope. Please use --help to view the valid format.")
        }
        (Some(scope), None) => Ok(scope.to_owned()),
        (None, Some(group)) => Ok(format!("{}/resourceGroups/{group}", session.scope()?)),
        (None, None) => session.scope(),
    }
}

/// `/subscriptions/{id}`, with a group, with providers, types and names in pairs.
fn is_resource_id(scope: &str) -> bool {
    let parts: Vec<&str> = scope.trim_start_matches('/').split('/').collect();
    let rest = match parts.as_slice() {
        [_, subscription, rest @ ..] if !subscription.is_empty() => rest,
        _ => return false,
    };
    let rest = match rest {
        [groups, group, rest @ ..] if groups.eq_ignore_ascii_case("resourceGroups") && !group.is_empty() => rest,
        rest => rest,
    };
    match rest {
        [] => true,
        [providers, namespace, pairs @ ..] => {
            let plain = !namespace.is_empty() && pairs.iter().all(|part| !part.is_empty());
            providers.eq_ignore_ascii_case("providers")
                && plain
                && !pairs.is_empty()
                && pairs.iter().filter(|part| !part.eq_ignore_ascii_case("providers")).count() >= 2
        }
        _ => false,
    }
}

fn at(scope: &str, kind: &str, query: &str) -> String {
    let scope = scope_encoded(scope.trim_matches('/'));
    let slash = if scope.is_empty() { "" } else { "/" };
    format!("/{scope}{slash}providers/Microsoft.Authorization/{kind}?{query}")
}

/// The path of a role definition at a scope, with the query.
pub(super) fn at_scope(scope: &str, kind: &str) -> String {
    at(scope, kind, DEFINITIONS_API)
}

/// Gives a principal a role; one that has it already is told and left alone.
pub(super) fn assign(session: &mut Session<'_, '_>, role: &str, principal: &str, kind: &str, scope: &str) -> Result<(), Failure> {
    if !grant(session, role, principal, kind, scope)? {
        session.warn("  Role assignment already exists.\n");
    }
    Ok(())
}

/// Gives a principal a role; false when it has it already.
pub(super) fn grant(session: &mut Session<'_, '_>, role: &str, principal: &str, kind: &str, scope: &str) -> Result<bool, Failure> {
    let role = role_id(session, role, scope)?;
    let name = session.random_guid()?;
    let properties = json!({ "roleDefinitionId": role, "principalId": principal, "principalType": kind });
    let call = Call::arm(Method::PUT, &at(scope, &format!("roleAssignments/{name}"), ASSIGNMENTS_API));
    let response = session.send(&call.with_body(json!({ "properties": properties })))?;
    let exists = response.status.as_u16() == 409 && response.json().unwrap_or_default()["error"]["code"] == "RoleAssignmentExists";
    if exists { Ok(false) } else { successful(&response).map(|()| true) }
}

/// Takes a role at a scope from a principal.
pub(super) fn revoke(session: &mut Session<'_, '_>, role: &str, principal: &str, scope: &str) -> Result<(), Failure> {
    let search =
        Search { scope: Some(scope.to_owned()), principal: Some(principal.to_owned()), role: Some(role.to_owned()), inherited: false };
    let ids: Vec<String> = search.run(session)?.iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect();
    for id in ids {
        session.fetch(&Call::arm(Method::DELETE, &format!("/{}?{ASSIGNMENTS_API}", scope_encoded(id.trim_matches('/')))))?;
    }
    Ok(())
}

/// The definitions at a scope, of one role name or all.
pub(super) fn fetched_definitions(session: &mut Session<'_, '_>, scope: &str, role_name: Option<&str>) -> Result<Vec<Value>, Failure> {
    let filter = role_name.map(|name| format!("&$filter={}", query_encoded(&format!("roleName eq '{name}'"))));
    session.list(&Call::arm(Method::GET, &at(scope, "roleDefinitions", &format!("{DEFINITIONS_API}{}", filter.unwrap_or_default()))))
}

/// The id of a role's definition, by its name where it is none.
fn role_id(session: &mut Session<'_, '_>, role: &str, scope: &str) -> Result<String, Failure> {
    let lower = role.to_ascii_lowercase();
    if lower.starts_with("/subscriptions/") && lower.contains("/providers/microsoft.authorization/roledefinitions/") {
        return Ok(role.to_owned());
    }
    if is_guid(role) {
        return Ok(format!("{}/providers/Microsoft.Authorization/roleDefinitions/{role}", session.scope()?));
    }
    let found = fetched_definitions(session, scope, Some(role))?;
    let ids: Vec<&str> = found.iter().filter_map(|definition| definition["id"].as_str()).collect();
    match ids.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => refused(format!("Role '{role}' doesn't exist.")),
        several => {
            let list: Vec<String> = several.iter().map(|id| format!("'{id}'")).collect();
            refused(format!("More than one role matches the given name '{role}'. Please pick a value from '[{}]'", list.join(", ")))
        }
    }
}

/// Objects of the directory by their ids.
fn objects(session: &mut Session<'_, '_>, ids: &[String]) -> Result<Vec<Value>, Failure> {
    let body = json!({ "ids": ids, "types": ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"] });
    session.list(&Call::graph(Method::POST, "/directoryObjects/getByIds").with_body(body))
}

fn principal_type(object: &Value) -> Option<String> {
    let kind = object["@odata.type"].as_str()?.trim_start_matches("#microsoft.graph.");
    let mut letters = kind.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect())
}

/// Whom a name means: a user by his principal name, a service principal by any of its names, any object by its id.
fn resolved(session: &mut Session<'_, '_>, assignee: &str) -> Result<(String, Option<String>), Failure> {
    let outcome = searched(session, assignee);
    match outcome {
        Err(Failure::Service { message, .. }) => {
            session.warn(&format!(
                "Failed to query {assignee} by invoking Graph API. If you don't have permission to query Graph API, please specify \
                 --assignee-object-id and --assignee-principal-type."
            ));
            if is_guid(assignee) {
                session.warn(&format!("Assuming {assignee} as an object ID."));
                return Ok((assignee.to_owned(), None));
            }
            refused(message)
        }
        other => other,
    }
}

fn searched(session: &mut Session<'_, '_>, assignee: &str) -> Result<(String, Option<String>), Failure> {
    let id_of = |object: &Value| object["id"].as_str().unwrap_or_default().to_owned();
    if assignee.contains('@') {
        let filter = query_encoded(&format!("userPrincipalName eq '{assignee}'"));
        let users = session.list(&Call::graph(Method::GET, &format!("/users?$filter={filter}")))?;
        if let Some(user) = users.first() {
            return Ok((id_of(user), Some("User".to_owned())));
        }
    }
    let filter = query_encoded(&format!("servicePrincipalNames/any(c:c eq '{assignee}')"));
    let principals = session.list(&Call::graph(Method::GET, &format!("/servicePrincipals?$filter={filter}")))?;
    if let Some(principal) = principals.first() {
        return Ok((id_of(principal), Some("ServicePrincipal".to_owned())));
    }
    let by_id = if is_guid(assignee) { objects(session, &[assignee.to_owned()])? } else { Vec::new() };
    if let Some(object) = by_id.first() {
        return Ok((id_of(object), principal_type(object)));
    }
    refused(format!(
        "Cannot find user or service principal in graph database for '{assignee}'. If the assignee is an appId, make sure the corresponding \
         service principal is created with 'az ad sp create --id {assignee}'."
    ))
}

fn create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    nothing_empty(arguments)?;
    let (assignee, object_id) = (arguments.get("--assignee"), arguments.get("--assignee-object-id").filter(|id| !id.is_empty()));
    if assignee.is_some() == object_id.is_some() {
        return refused("usage error: --assignee STRING | --assignee-object-id GUID");
    }
    if arguments.has("--assignee-principal-type") && object_id.is_none() {
        return refused("usage error: --assignee-object-id GUID --assignee-principal-type TYPE");
    }
    let (principal, kind) = match (assignee, object_id, arguments.get("--assignee-principal-type")) {
        (Some(assignee), _, _) => resolved(session, assignee)?,
        (None, Some(id), Some(kind)) => (id.to_owned(), Some(kind.to_owned())),
        (None, id, None) => {
            session.warn(
                "RBAC service might reject creating role assignment without --assignee-principal-type in the future. Better to specify \
                 --assignee-principal-type manually.",
            );
            let id = id.unwrap_or_default().to_owned();
            let kind = objects(session, std::slice::from_ref(&id)).ok().and_then(|found| found.first().and_then(principal_type));
            (id, kind)
        }
        (None, None, Some(_)) => return refused("usage error: --assignee STRING | --assignee-object-id GUID"),
    };
    let scope = scope_of(session, arguments)?;
    let role = role_id(session, arguments.required("--role"), &scope)?;
    let name = match arguments.get("--name") {
        Some(name) => name.to_owned(),
        None => session.random_guid()?.to_string(),
    };
    let mut properties = json!({ "roleDefinitionId": role, "principalId": principal });
    if let Some(kind) = kind {
        properties["principalType"] = json!(kind);
    }
    if let Some(description) = arguments.get("--description") {
        properties["description"] = json!(description);
    }
    let call = Call::arm(Method::PUT, &at(&scope, &format!("roleAssignments/{name}"), ASSIGNMENTS_API));
    let response = session.send(&call.with_body(json!({ "properties": properties })))?;
    let body = response.json().unwrap_or_default();
    // Somebody has this role already: az shows the older assignment and succeeds (transcript 29).
    if response.status.as_u16() == 409 && body["error"]["code"] == "RoleAssignmentExists" {
        let search = Search {
            scope: Some(scope),
            principal: Some(principal),
            role: Some(arguments.required("--role").to_owned()),
            inherited: false,
        };
        let older = named(session, &search, true, true)?;
        return older.into_iter().next().map_or_else(|| refused("list index out of range"), Ok);
    }
    successful(&response)?;
    Ok(printed("RoleAssignment", &body))
}

/// Which assignments are meant.
struct Search {
    scope: Option<String>,
    principal: Option<String>,
    role: Option<String>,
    inherited: bool,
}

impl Search {
    fn of(session: &mut Session<'_, '_>, arguments: &Arguments, all: bool) -> Result<Search, Failure> {
        if arguments.has("--assignee") && arguments.has("--assignee-object-id") {
            return refused("Usage error: Provide only one of --assignee or --assignee-object-id.");
        }
        if all && (arguments.has("--scope") || arguments.has("--resource-group")) {
            return refused("group or scope are not required when --all is used");
        }
        let scope = if all { None } else { Some(scope_of(session, arguments)?) };
        let principal = match arguments.get("--assignee") {
            Some(assignee) => Some(resolved(session, assignee)?.0),
            None => arguments.get("--assignee-object-id").map(str::to_owned),
        };
        Ok(Search { scope, principal, role: arguments.get("--role").map(str::to_owned), inherited: arguments.has("--include-inherited") })
    }

    /// The assignments as the service tells them.
    fn run(&self, session: &mut Session<'_, '_>) -> Result<Vec<Value>, Failure> {
        let subscription = session.scope()?;
        let (place, filter) = match (&self.scope, &self.principal) {
            (Some(scope), _) => (scope.clone(), Some("atScope()".to_owned())),
            (None, Some(principal)) => (subscription.clone(), Some(format!("principalId eq '{principal}'"))),
            (None, None) => (subscription.clone(), None),
        };
        let filter = filter.map(|filter| format!("&$filter={}", query_encoded(&filter))).unwrap_or_default();
        let mut found = session.list(&Call::arm(Method::GET, &at(&place, "roleAssignments", &format!("{ASSIGNMENTS_API}{filter}"))))?;
        if found.is_empty() {
            return Ok(found);
        }
        let of = |assignment: &Value, key: &str| assignment["properties"][key].as_str().unwrap_or_default().to_owned();
        if let Some(scope) = self.scope.as_ref().filter(|_| !self.inherited) {
            found.retain(|one| of(one, "scope").eq_ignore_ascii_case(scope));
        }
        if let Some(role) = &self.role {
            let id = role_id(session, role, self.scope.as_deref().unwrap_or(&subscription))?;
            found.retain(|one| of(one, "roleDefinitionId") == id);
        }
        if let Some(principal) = &self.principal {
            found.retain(|one| of(one, "principalId") == *principal);
        }
        Ok(found)
    }
}

/// Assignments as they are listed: without nulls, with the names of roles and principals.
fn named(session: &mut Session<'_, '_>, search: &Search, with_roles: bool, with_principals: bool) -> Result<Vec<Value>, Failure> {
    let found = search.run(session)?;
    let mut listed: Vec<Value> = found.iter().map(|one| without_nulls(printed("RoleAssignment", one))).collect();
    if listed.is_empty() {
        return Ok(listed);
    }
    if with_roles {
        let place = match &search.scope {
            Some(scope) => scope.clone(),
            None => session.scope()?,
        };
        let definitions = fetched_definitions(session, &place, None)?;
        for one in &mut listed {
            let definition = definitions.iter().find(|definition| definition["id"] == one["roleDefinitionId"]);
            one["roleDefinitionName"] = definition.map_or(Value::Null, |definition| definition["properties"]["roleName"].clone());
        }
    }
    if with_principals {
        let mut ids: Vec<String> = listed.iter().filter_map(|one| one["principalId"].as_str().map(str::to_owned)).collect();
        ids.sort_unstable();
        ids.dedup();
        // Whoever may not read the directory sees the assignments all the same.
        if let Ok(principals) = objects(session, &ids) {
            for one in &mut listed {
                let principal = principals.iter().find(|principal| principal["id"] == one["principalId"]);
                one["principalName"] = json!(principal.map(displayed).unwrap_or_default());
            }
        }
    }
    Ok(listed)
}

fn displayed(object: &Value) -> String {
    let name = object.get("userPrincipalName").or_else(|| object.get("servicePrincipalNames").map(|names| &names[0]));
    name.or_else(|| object.get("displayName")).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into(),
        other => other,
    }
}

fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    nothing_empty(arguments)?;
    let search = Search::of(session, arguments, arguments.has("--all"))?;
    let with = |option: &str| arguments.truth(option).unwrap_or(true);
    named(session, &search, with("--fill-role-definition-name"), with("--fill-principal-name")).map(Value::Array)
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    nothing_empty(arguments)?;
    let criteria = ["--ids", "--assignee", "--assignee-object-id", "--role", "--resource-group", "--scope"];
    if !criteria.iter().any(|option| arguments.has(option)) {
        return refused(format!("Please provide at least one of these arguments: {}", criteria.join(", ")));
    }
    let ids: Vec<String> = if arguments.has("--ids") {
        for option in ["--assignee", "--role", "--resource-group", "--scope", "--include-inherited"] {
            if arguments.has(option) {
                session.warn(&format!("option '{option}' will be ignored due to use of '--ids'."));
            }
        }
        arguments.all("--ids").to_vec()
    } else {
        let search = Search::of(session, arguments, false)?;
        search.run(session)?.iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect()
    };
    if ids.is_empty() {
        return refused("No matched assignments were found to delete");
    }
    for id in ids {
        session.fetch(&Call::arm(Method::DELETE, &format!("/{}?{ASSIGNMENTS_API}", scope_encoded(id.trim_matches('/')))))?;
    }
    Ok(Value::Null)
}

fn definitions(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let scope = scope_of(session, arguments)?;
    let name = arguments.get("--name").filter(|name| !name.is_empty());
    let mut found = fetched_definitions(session, &scope, name.filter(|name| !is_guid(name)))?;
    if let Some(name) = name {
        found.retain(|one| one["name"] == name || one["properties"]["roleName"] == name);
    }
    if arguments.truth("--custom-role-only") == Some(true) {
        found.retain(|one| one["properties"]["type"] == "CustomRole");
    }
    Ok(found.iter().map(|one| printed("RoleDefinition", one)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::az::parse::parse;
    use crate::applets::az::table::options_of;

    #[test]
    fn empty_options_are_refused_because_they_would_be_ignored() {
        let words = shlex::split("--assignee '' --role R --scope /s").expect("words");
        let name = "role assignment create";
        let arguments = parse(name, &words, &options_of(name).expect("emulated")).expect("valid");
        let failure = nothing_empty(&arguments).expect_err("an empty assignee");
        let text = "ERROR: usage error: --assignee can't be an empty string. Either omit it or provide a non-empty string.\n";
        assert_eq!((failure.text().as_str(), failure.status()), (text, 1));
    }

    #[test]
    fn scopes_are_checked_as_resource_ids() {
        let group = "/subscriptions/s/resourceGroups/g";
        for valid in ["/subscriptions/s", group, &format!("{group}/providers/Microsoft.KeyVault/vaults/v")] {
            assert!(is_resource_id(valid), "{valid}");
        }
        for invalid in ["/subscriptions/", &format!("{group}/providers/Microsoft.KeyVault"), &format!("{group}/x"), &format!("{group}/")] {
            assert!(!is_resource_id(invalid), "{invalid}");
        }
    }

    #[test]
    fn addresses_are_built_from_any_scope() {
        let url = at("/subscriptions/s/resourceGroups/g", "roleAssignments/1", ASSIGNMENTS_API);
        assert_eq!(url, "/subscriptions/s/resourceGroups/g/providers/Microsoft.Authorization/roleAssignments/1?api-version=2022-04-01");
        assert_eq!(at("/", "roleDefinitions", "x"), "/providers/Microsoft.Authorization/roleDefinitions?x");
    }

    #[test]
    fn principals_are_named_by_what_identifies_them() {
        assert_eq!(principal_type(&json!({"@odata.type": "#microsoft.graph.servicePrincipal"})).as_deref(), Some("ServicePrincipal"));
        assert_eq!(displayed(&json!({"userPrincipalName": "ada@x", "displayName": "Ada"})), "ada@x");
        assert_eq!(displayed(&json!({"servicePrincipalNames": ["app"], "displayName": "sp"})), "app");
        assert_eq!(displayed(&json!({"displayName": "Group"})), "Group");
    }
}
