//! `az role definition create|update|delete`: custom roles (Microsoft.Authorization, api-version 2022-05-01-preview).

use http::Method;
use serde_json::{Map, Value, json};

use super::Command;
use super::role::{at_scope, fetched_definitions, is_guid, refused, scope_of};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::session::{Call, Session};
use crate::applets::az::table::models::printed;

pub(super) const COMMANDS: [Command; 3] = [
    Command { name: "role definition create", options: &["--role-definition"], table: None, run: create },
    Command { name: "role definition update", options: &["--role-definition"], table: None, run: update },
    Command {
        name: "role definition delete",
        options: &["--name", "--resource-group", "--scope", "--custom-role-only"],
        table: None,
        run: delete,
    },
];

/// The definition that is given, as a file or as JSON, its keys in camel case: `AssignableScopes` is `assignableScopes`.
fn given(arguments: &Arguments) -> Result<Map<String, Value>, Failure> {
    let text = arguments.required("--role-definition");
    let text = if std::path::Path::new(text).exists() {
        std::fs::read_to_string(text).map_err(|error| Failure::Refused(format!("cannot read {text}: {error}")))?
    } else {
        text.to_owned()
    };
    let Ok(parsed) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) else {
        return refused(format!("Failed to parse string as JSON:\n{text}"));
    };
    let Value::Object(members) = parsed else {
        return refused("Invalid role definition. A valid dictionary JSON representation is expected.");
    };
    let camel = |name: String| {
        let mut letters = name.chars();
        letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
    };
    Ok(members.into_iter().map(|(name, value)| (camel(name), value)).collect())
}

/// Writes the role `name` under the GUID `id`, at the first of its scopes.
fn write(session: &mut Session<'_, '_>, definition: &Map<String, Value>, name: &str, id: &str) -> Result<Value, Failure> {
    let of = |one: &Value| -> Value {
        ["actions", "notActions", "dataActions", "notDataActions"]
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), one.get(key).filter(|list| !list.is_null())?.clone())))
            .collect::<Map<_, _>>()
            .into()
    };
    let permissions: Vec<Value> = match definition.get("permissions").and_then(Value::as_array) {
        Some(several) => several.iter().map(of).collect(),
        None => vec![of(&Value::Object(definition.clone()))],
    };
    let scopes = definition.get("assignableScopes").cloned().unwrap_or_default();
    let scope = scopes[0].as_str().unwrap_or_default().to_owned();
    let mut properties = json!({"roleName": name});
    if let Some(description) = definition.get("description").filter(|text| !text.is_null()) {
        properties["description"] = description.clone();
    }
    properties["type"] = json!("CustomRole");
    properties["permissions"] = json!(permissions);
    properties["assignableScopes"] = scopes;
    let call = Call::arm(Method::PUT, &at_scope(&scope, &format!("roleDefinitions/{id}")));
    let made = session.fetch(&call.with_body(json!({ "properties": properties })))?;
    Ok(printed("RoleDefinition", &made))
}

fn has_scopes(definition: &Map<String, Value>) -> bool {
    definition.get("assignableScopes").and_then(Value::as_array).is_some_and(|scopes| !scopes.is_empty())
}

fn create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let definition = given(arguments)?;
    let Some(name) = definition.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned) else {
        return refused("please provide role name");
    };
    if !has_scopes(&definition) {
        return refused("please provide 'assignableScopes'");
    }
    let id = session.random_guid()?.to_string();
    write(session, &definition, &name, &id)
}

fn update(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let definition = given(arguments)?;
    if let Some(id) = definition.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) {
        let guid = id.rsplit('/').next().unwrap_or_default().to_owned();
        let name = definition.get("roleName").and_then(Value::as_str).unwrap_or_default().to_owned();
        return write(session, &definition, &name, &guid);
    }
    session.warn("Role \"id\" is missing. Look for the role in the current subscription...");
    let name = definition.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let scopes: Vec<String> = match definition.get("assignableScopes").and_then(Value::as_array).filter(|scopes| !scopes.is_empty()) {
        Some(scopes) => scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => vec![session.scope()?],
    };
    for scope in scopes {
        let matching = matching(session, &scope, &name)?;
        match matching.as_slice() {
            [] => {}
            [one] => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let (id, name) = (text(&one["name"]), text(&one["properties"]["roleName"]));
                return write(session, &definition, &name, &id);
            }
            _ => return refused(format!("More than 2 definitions are found with the name of \"{name}\"")),
        }
    }
    refused(format!("No definition was found with the name of \"{name}\""))
}

/// The definitions at a scope whose name or GUID is `name`.
fn matching(session: &mut Session<'_, '_>, scope: &str, name: &str) -> Result<Vec<Value>, Failure> {
    let mut found = fetched_definitions(session, scope, Some(name).filter(|name| !is_guid(name)))?;
    found.retain(|one| one["name"] == name || one["properties"]["roleName"] == name);
    Ok(found)
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let scope = scope_of(session, arguments)?;
    let mut found = matching(session, &scope, arguments.required("--name"))?;
    if arguments.truth("--custom-role-only") == Some(true) {
        found.retain(|one| one["properties"]["type"] == "CustomRole");
    }
    for one in found {
        let id = one["name"].as_str().unwrap_or_default();
        session.fetch(&Call::arm(Method::DELETE, &at_scope(&scope, &format!("roleDefinitions/{id}"))))?;
    }
    Ok(Value::Null)
}
