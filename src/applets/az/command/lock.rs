//! `az lock`: management locks (Microsoft.Authorization, api-version 2016-09-01).

use http::Method;
use serde_json::{Map, Value, json};

use super::Command;
use super::role::refused;
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::{path_encoded, successful};
use crate::applets::az::session::{Call, Session};
use crate::applets::az::table::models::printed;

const WHERE: [&str; 4] = ["--resource-group", "--namespace", "--resource-type", "--resource"];

pub(super) const COMMANDS: [Command; 4] = [
    Command {
        name: "lock create",
        options: &["--name", "--lock-type", WHERE[0], WHERE[1], "--notes", WHERE[2], WHERE[3]],
        table: None,
        run: create,
    },
    Command { name: "lock list", options: &WHERE, table: None, run: list },
    Command { name: "lock show", options: &["--name", WHERE[0], WHERE[1], WHERE[2], WHERE[3], "--ids"], table: None, run: show },
    Command { name: "lock delete", options: &["--name", WHERE[0], WHERE[1], WHERE[2], WHERE[3], "--ids"], table: None, run: delete },
];

/// What is locked: a resource, given by its id or by its parts, a group, or the subscription.
fn scope_of(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<String, Failure> {
    let group = match arguments.get("--resource-group") {
        Some(group) => Some(format!("{}/resourceGroups/{}", session.scope()?, path_encoded(group))),
        None => None,
    };
    let Some(resource) = arguments.get("--resource") else {
        return group.map_or_else(|| session.scope(), Ok);
    };
    if resource.starts_with("/subscriptions/") {
        return Ok(resource.to_owned());
    }
    let Some(group) = group else { return refused("--resource-group/-g is required.") };
    let kind = arguments.get("--resource-type").unwrap_or_default();
    let (namespace, kind) = match (arguments.get("--namespace"), kind.split_once('/')) {
        (None, Some((namespace, kind))) => (namespace, kind),
        (Some(namespace), _) => (namespace, kind),
        (None, None) => return refused("--namespace is required"),
    };
    Ok(format!("{group}/providers/{namespace}/{kind}/{}", path_encoded(resource)))
}

fn call(method: Method, scope: &str, name: &str) -> Call {
    let name = if name.is_empty() { String::new() } else { format!("/{}", path_encoded(name)) };
    Call::arm(method, &format!("{scope}/providers/Microsoft.Authorization/locks{name}?api-version=2016-09-01"))
}

/// The ids that are given, or the one that the other options make.
fn calls(session: &mut Session<'_, '_>, arguments: &Arguments, method: &Method) -> Result<Vec<Call>, Failure> {
    let ids = arguments.all("--ids");
    if ids.is_empty() {
        let scope = scope_of(session, arguments)?;
        return Ok(vec![call(method.clone(), &scope, arguments.get("--name").unwrap_or_default())]);
    }
    let calls = ids.iter().map(|id| Call::arm(method.clone(), &format!("{id}?api-version=2016-09-01")));
    Ok(calls.collect())
}

fn create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let scope = scope_of(session, arguments)?;
    let mut properties = Map::from_iter([("level".to_owned(), json!(arguments.required("--lock-type")))]);
    if let Some(notes) = arguments.get("--notes") {
        properties.insert("notes".to_owned(), json!(notes));
    }
    let call = call(Method::PUT, &scope, arguments.required("--name")).with_body(json!({ "properties": properties }));
    Ok(printed("ManagementLockObject", &session.fetch(&call)?))
}

fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let scope = scope_of(session, arguments)?;
    let locks = session.list(&call(Method::GET, &scope, ""))?;
    Ok(locks.iter().map(|lock| printed("ManagementLockObject", lock)).collect())
}

fn show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let mut shown = Vec::new();
    for call in calls(session, arguments, &Method::GET)? {
        shown.push(printed("ManagementLockObject", &session.fetch(&call)?));
    }
    Ok(if shown.len() == 1 { shown.remove(0) } else { shown.into() })
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    for call in calls(session, arguments, &Method::DELETE)? {
        let response = session.send(&call)?;
        successful(&response)?;
    }
    Ok(Value::Null)
}
