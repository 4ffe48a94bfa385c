//! `az group`: resource groups (Microsoft.Resources, api-version 2024-11-01).

use http::Method;
use serde_json::{Value, json};

use super::{Command, confirmed, tags_of};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::{operate, path_encoded, query_encoded, successful};
use crate::applets::az::session::{Call, Session};

const API: &str = "api-version=2024-11-01";

pub(super) const COMMANDS: [Command; 5] = [
    Command { name: "group create", options: &["--name", "--location", "--tags", "--managed-by"], table: None, run: create },
    Command { name: "group show", options: &["--name"], table: None, run: show },
    Command {
        name: "group list",
        options: &["--tag"],
        table: Some("[].{Name: name, Location: location, Status: properties.provisioningState}"),
        run: list,
    },
    Command { name: "group exists", options: &["--name"], table: None, run: exists },
    Command { name: "group delete", options: &["--name", "--yes", "--no-wait"], table: None, run: delete },
];

/// The name of a location, asked for when a name for people is given (“Central India”).
pub(super) fn location_named(session: &mut Session<'_, '_>, location: &str) -> Result<String, Failure> {
    if !location.contains(' ') {
        return Ok(location.to_owned());
    }
    let scope = session.scope()?;
    let locations = session.list(&Call::arm(Method::GET, &format!("{scope}/locations?api-version=2022-12-01")))?;
    let named = locations.iter().find(|one| one["displayName"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(location)));
    Ok(named.and_then(|one| one["name"].as_str()).unwrap_or(location).to_owned())
}

/// The resource group of this name, as the service tells it.
pub(super) fn fetched(session: &mut Session<'_, '_>, name: &str) -> Result<Value, Failure> {
    let call = call(session, Method::GET, name)?;
    session.fetch(&call)
}

fn call(session: &mut Session<'_, '_>, method: Method, name: &str) -> Result<Call, Failure> {
    let scope = session.scope()?;
    Ok(Call::arm(method, &format!("{scope}/resourcegroups/{}?{API}", path_encoded(name))))
}

fn create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let location = location_named(session, arguments.required("--location"))?;
    let body = body(&location, tags_of(arguments), arguments.get("--managed-by"));
    let call = call(session, Method::PUT, arguments.required("--name"))?.with_body(body);
    Ok(printed(&session.fetch(&call)?))
}

fn body(location: &str, tags: Option<Value>, managed_by: Option<&str>) -> Value {
    let mut body = json!({ "location": location });
    if let Some(managed_by) = managed_by {
        body["managedBy"] = json!(managed_by);
    }
    if let Some(tags) = tags {
        body["tags"] = tags;
    }
    body
}

fn printed(wire: &Value) -> Value {
    let state = wire.get("properties").map(|properties| json!({ "provisioningState": properties["provisioningState"] }));
    // In the order of the real client's model, which `keys(@)` and `to_string(@)` show.
    json!({
        "id": wire["id"], "name": wire["name"], "type": wire["type"], "properties": state,
        "location": wire["location"], "managedBy": wire["managedBy"], "tags": wire["tags"],
    })
}

fn show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    Ok(printed(&fetched(session, arguments.required("--name"))?))
}

fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let scope = session.scope()?;
    let filter = arguments.get("--tag").filter(|tag| !tag.is_empty()).map(|tag| {
        let filter = match tag.split_once('=') {
            Some((key, value)) => format!("tagname eq '{key}' and tagvalue eq '{value}'"),
            None => format!("tagname eq '{tag}'"),
        };
        format!("$filter={}&", query_encoded(&filter))
    });
    let call = Call::arm(Method::GET, &format!("{scope}/resourcegroups?{}{API}", filter.unwrap_or_default()));
    Ok(session.list(&call)?.iter().map(printed).collect())
}

fn exists(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let call = call(session, Method::HEAD, arguments.required("--name"))?;
    let response = session.send(&call)?;
    if response.status.as_u16() == 404 {
        return Ok(json!(false));
    }
    successful(&response)?;
    Ok(json!(true))
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    confirmed(session, arguments)?;
    let call = call(session, Method::DELETE, arguments.required("--name"))?;
    operate(session, &call, arguments.has("--no-wait"))?;
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::render::json::line;

    #[test]
    fn the_body_has_only_what_was_said() {
        assert_eq!(line(&body("centralindia", None, None)), r#"{"location": "centralindia"}"#);
        assert_eq!(line(&body("eastus", Some(json!({"a": "x y"})), None)), r#"{"location": "eastus", "tags": {"a": "x y"}}"#);
    }
}
