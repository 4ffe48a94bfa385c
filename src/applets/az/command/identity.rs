//! `az identity`: user-assigned managed identities (Microsoft.ManagedIdentity, api-version 2025-05-31-preview).

use http::Method;
use serde_json::{Value, json};

use super::{Command, group, tags_of};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::path_encoded;
use crate::applets::az::session::{Call, Session};

const API: &str = "api-version=2025-05-31-preview";

pub(super) const COMMANDS: [Command; 4] = [
    Command { name: "identity create", options: &["--resource-group", "--name", "--location", "--tags"], table: None, run: create },
    Command { name: "identity show", options: &["--resource-group", "--name", "--ids"], table: None, run: show },
    Command { name: "identity list", options: &["--resource-group"], table: None, run: list },
    Command { name: "identity delete", options: &["--resource-group", "--name", "--ids"], table: None, run: delete },
];

/// The path of an identity, without the query.
pub(super) fn path(session: &mut Session<'_, '_>, group: &str, name: &str) -> Result<String, Failure> {
    let scope = session.group_scope(group)?;
    Ok(format!("{scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{}", path_encoded(name)))
}

/// What these commands print: the properties beside the rest, and nothing that the service left out.
pub(super) fn flattened(wire: Value) -> Value {
    let Value::Object(mut map) = wire else { return wire };
    if let Some(Value::Object(properties)) = map.remove("properties") {
        map.extend(properties);
    }
    map.retain(|_, value| !value.is_null());
    Value::Object(map)
}

/// The identities that the options name: `--ids`, or a group and a name.
fn chosen(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Vec<String>, Failure> {
    if arguments.has("--ids") {
        let ids = arguments.all("--ids").iter().map(|id| id.trim().to_owned());
        return Ok(ids.filter(|id| !id.is_empty()).collect());
    }
    // The parser lets both be left out because of `--ids`; the command then misses the first (measured).
    for (key, name) in [("--resource-group", "--resource-group"), ("--name", "-n")] {
        if !arguments.has(key) {
            return Err(Failure::Refused(format!("InvalidArgumentValue: Missing required field: {name}")));
        }
    }
    Ok(vec![path(session, arguments.required("--resource-group"), arguments.required("--name"))?])
}

fn create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let (group, name) = (arguments.required("--resource-group"), arguments.required("--name"));
    let location = match arguments.get("--location") {
        Some(location) => Some(location.to_owned()),
        // A group that cannot be read hides its own error behind a missing location (errors/E-identity-create-nolocation-norg.txt).
        None => group::fetched(session, group).ok().and_then(|group| group["location"].as_str().map(str::to_owned)),
    };
    let location = location.ok_or_else(|| Failure::Refused("InvalidArgumentValue: Missing required field: --location".to_owned()))?;
    let mut body = json!({ "location": location });
    if let Some(tags) = tags_of(arguments) {
        body["tags"] = tags;
    }
    let path = path(session, group, name)?;
    session.fetch(&Call::arm(Method::PUT, &format!("{path}?{API}")).with_body(body)).map(flattened)
}

fn show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let mut shown = Vec::new();
    for path in chosen(session, arguments)? {
        shown.push(session.fetch(&Call::arm(Method::GET, &format!("{path}?{API}"))).map(flattened)?);
    }
    Ok(if shown.len() == 1 { shown.remove(0) } else { Value::Array(shown) })
}

fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let scope = match arguments.get("--resource-group") {
        Some(group) => session.group_scope(group)?,
        None => session.scope()?,
    };
    let call = Call::arm(Method::GET, &format!("{scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?{API}"));
    Ok(session.list(&call)?.into_iter().map(flattened).collect())
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    for path in chosen(session, arguments)? {
        session.fetch(&Call::arm(Method::DELETE, &format!("{path}?{API}")))?;
    }
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_printed_beside_the_rest() {
        let wire = json!({"id": "x", "tags": null, "properties": {"clientId": "c", "isolationScope": null}});
        assert_eq!(flattened(wire), json!({"id": "x", "clientId": "c"}));
    }
}
