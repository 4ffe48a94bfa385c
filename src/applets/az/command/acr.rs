//! `az acr`: container registries (Microsoft.ContainerRegistry, api-version 2025-11-01), and what `az aks` does with them.
//!
//! Source: azure-cli 2.91, `acr/custom.py`, `acr/import.py`, `acr/_utils.py`, `acs/_roleassignments.py`.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{Command, confirmed, location_of, role, tags_of};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::{operate, path_encoded, query_encoded};
use crate::applets::az::session::{Call, Session};
use crate::applets::az::table::models::printed;

const API: &str = "api-version=2025-11-01";
const MODEL: &str = "Registry";
const KIND: &str = "Microsoft.ContainerRegistry/registries";
/// How often az tries to change who may pull, and how much longer it waits each time.
const ATTEMPTS_MAX: u32 = 10;
const PAUSE: Duration = Duration::from_secs(2);

const TABLE: &str = "[].{NAME: name, \"RESOURCE GROUP\": resourceGroup, LOCATION: location, SKU: sku.name, \"LOGIN SERVER\": loginServer, \
                     \"CREATION DATE\": creationDate, \"ADMIN ENABLED\": adminUserEnabled}";

pub(super) const COMMANDS: [Command; 5] = [
    Command {
        name: "acr create",
        options: &["--name", "--resource-group", "--sku", "--location", "--tags", "--admin-enabled"],
        table: None,
        run: create,
    },
    Command { name: "acr show", options: &["--name", "--resource-group"], table: None, run: show },
    Command { name: "acr list", options: &["--resource-group"], table: Some(TABLE), run: list },
    Command {
        name: "acr import",
        options: &["--name", "--resource-group", "--source", "--registry", "--image", "--force", "--no-wait"],
        table: None,
        run: import,
    },
    Command { name: "acr delete", options: &["--name", "--resource-group", "--yes"], table: None, run: delete },
];

fn refused<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Refused(text.into()))
}

/// The path of a registry; its group is looked for in the subscription when it is not told.
fn path(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<String, Failure> {
    let name = arguments.required("--name").to_owned();
    match arguments.get("--resource-group").filter(|group| !group.is_empty()) {
        Some(group) => Ok(format!("{}/providers/{KIND}/{}", session.group_scope(group)?, path_encoded(&name))),
        None => id_of(session, &name),
    }
}

/// The id of the registry of that name in the subscription.
fn id_of(session: &mut Session<'_, '_>, name: &str) -> Result<String, Failure> {
    let filter = query_encoded(&format!("resourceType eq '{KIND}'"));
    let scope = session.scope()?;
    let all = session.list(&Call::arm(Method::GET, &format!("{scope}/resources?$filter={filter}&api-version=2022-09-01")))?;
    let found = all.iter().find(|one| one["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name)));
    if let Some(id) = found.and_then(|one| one["id"].as_str()) {
        return Ok(id.to_owned());
    }
    let account = session.account()?;
    let subscription = account.0["name"].as_str().unwrap_or_default();
    refused(format!(
        "The resource with name '{name}' and type '{KIND}' could not be found in subscription '{subscription} ({})'.",
        account.id()
    ))
}

fn create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let name = arguments.required("--name");
    if name.contains(|letter: char| letter.is_ascii_uppercase()) {
        return refused("argument error: Registry name must use only lowercase.");
    }
    if name.contains('-') {
        return refused("argument error: Registry name cannot contain dashes.");
    }
    let location = location_of(session, arguments)?;
    let is_admin = arguments.has("--admin-enabled") && arguments.get("--admin-enabled") != Some("false");
    let mut body =
        json!({"location": location, "sku": {"name": arguments.required("--sku")}, "properties": {"adminUserEnabled": is_admin}});
    if let Some(tags) = tags_of(arguments) {
        body["tags"] = tags;
    }
    let path = path(session, arguments)?;
    let made = operate(session, &Call::arm(Method::PUT, &format!("{path}?{API}")).with_body(body), false)?;
    Ok(printed(MODEL, &made))
}

fn show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let path = path(session, arguments)?;
    Ok(printed(MODEL, &session.fetch(&Call::arm(Method::GET, &format!("{path}?{API}")))?))
}

fn all(session: &mut Session<'_, '_>, group: Option<&str>) -> Result<Vec<Value>, Failure> {
    let scope = match group.filter(|group| !group.is_empty()) {
        Some(group) => session.group_scope(group)?,
        None => session.scope()?,
    };
    session.list(&Call::arm(Method::GET, &format!("{scope}/providers/{KIND}?{API}")))
}

fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    Ok(all(session, arguments.get("--resource-group"))?.iter().map(|one| printed(MODEL, one)).collect())
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    confirmed(session, arguments)?;
    let path = path(session, arguments)?;
    operate(session, &Call::arm(Method::DELETE, &format!("{path}?{API}")), false)?;
    Ok(Value::Null)
}

fn import(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let path = path(session, arguments)?;
    let asked = arguments.required("--source");
    let known = all(session, None)?;
    let registry = |name: &str| {
        let is_it = |one: &&Value| {
            let same = |value: &Value| value.as_str().is_some_and(|known| known.eq_ignore_ascii_case(name));
            same(&one["name"]) || same(&one["properties"]["loginServer"]) || same(&one["id"])
        };
        known.iter().find(is_it).map(|one| one["id"].clone())
    };
    let (source, image) = match arguments.get("--registry") {
        Some(name) => match registry(name) {
            Some(id) => (json!({"resourceId": id, "sourceImage": asked}), asked),
            None => {
                return refused(
                    "The source container registry can not be found in the current subscription. Please provide a valid address and/or \
                     credentials.",
                );
            }
        },
        None => {
            let Some((host, image)) = asked.split_once('/').filter(|(host, _)| !host.is_empty()) else {
                return refused("Source cannot be found. Please provide a valid image and source registry or a fully qualified source.");
            };
            if !host.contains('.') {
                return refused("Login server of the registry is not valid because it is not a fully qualified domain name.");
            }
            let source = match registry(host) {
                Some(id) => json!({"resourceId": id, "sourceImage": image}),
                None => json!({"registryUri": host, "sourceImage": image}),
            };
            (source, image)
        }
    };
    let targets: Vec<&str> = match arguments.all("--image") {
        [] => vec![image.split('@').next().unwrap_or_default()],
        given => given.iter().map(String::as_str).collect(),
    };
    let mode = if arguments.has("--force") { "Force" } else { "NoForce" };
    let body = json!({"source": source, "targetTags": targets, "mode": mode});
    let no_wait = arguments.has("--no-wait");
    if no_wait {
        session.warn("Import has started. Due to no-wait option, failures will not be reflected.");
    }
    operate(session, &Call::arm(Method::POST, &format!("{path}/importImage?{API}")).with_body(body), no_wait)?;
    Ok(Value::Null)
}

/// Lets somebody pull from a registry (by name or id), as `az aks --attach-acr` does: again for two minutes while it does not work.
pub(super) fn attach(session: &mut Session<'_, '_>, registry: &str, object_id: &str) -> Result<(), Failure> {
    let id = resolved(session, registry)?;
    let done = again(session, |session| role::grant(session, "acrpull", object_id, "ServicePrincipal", &id).map(|_| ()))?;
    if done { Ok(()) } else { refused("Could not create a role assignment for ACR. Are you an Owner on this subscription?") }
}

/// The opposite.
pub(super) fn detach(session: &mut Session<'_, '_>, registry: &str, object_id: &str) -> Result<(), Failure> {
    let id = resolved(session, registry)?;
    let done = again(session, |session| role::revoke(session, "acrpull", object_id, &id))?;
    if done { Ok(()) } else { refused("Could not delete role assignments for ACR. Are you an Owner on this subscription?") }
}

/// Whether it worked in the end; az keeps to itself why it did not.
fn again(session: &mut Session<'_, '_>, mut act: impl FnMut(&mut Session<'_, '_>) -> Result<(), Failure>) -> Result<bool, Failure> {
    for attempt in 1..=ATTEMPTS_MAX {
        match act(session) {
            Ok(()) => return Ok(true),
            Err(unsupported @ Failure::Unsupported { .. }) => return Err(unsupported),
            Err(_) => session.wait(PAUSE * attempt)?,
        }
    }
    Ok(false)
}

fn resolved(session: &mut Session<'_, '_>, registry: &str) -> Result<String, Failure> {
    if registry.starts_with("/subscriptions/") {
        let known = session.fetch(&Call::arm(Method::GET, &format!("{registry}?{API}")))?;
        return Ok(known["id"].as_str().unwrap_or(registry).to_owned());
    }
    id_of(session, registry)
}
