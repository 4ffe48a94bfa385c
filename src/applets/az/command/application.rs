//! `az ad app` and `az ad sp`: applications and their service principals.

use http::Method;
use jiff::ToSpan as _;
use serde_json::{Value, json};

use super::ad::{found, graph, quoted};
use super::{Command, role};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::session::{Call, Session};

pub(super) const COMMANDS: [Command; 9] = [
    Command { name: "ad app create", options: &["--display-name"], table: None, run: app_create },
    Command { name: "ad app show", options: &["--id"], table: None, run: app_show },
    Command { name: "ad app list", options: &["--display-name", "--app-id", "--all"], table: None, run: app_list },
    Command { name: "ad app delete", options: &["--id"], table: None, run: app_delete },
    Command { name: "ad sp create", options: &["--id"], table: None, run: sp_create },
    Command { name: "ad sp show", options: &["--id"], table: None, run: sp_show },
    Command { name: "ad sp list", options: &["--display-name", "--spn", "--all"], table: None, run: sp_list },
    Command { name: "ad sp delete", options: &["--id"], table: None, run: sp_delete },
    Command { name: "ad sp create-for-rbac", options: &["--display-name", "--role", "--scopes", "--years"], table: None, run: for_rbac },
];

const CREDENTIAL_WARNING: &str = "The output includes credentials that you must protect. Be sure that you do not include these credentials in \
    your code or check the credentials into your source control. For more information, see https://aka.ms/azadsp-cli";

fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap_or_default().to_owned()
}

/// The object id of the application that an identifier URI, a client id or an object id names.
fn app_id(session: &mut Session<'_, '_>, identifier: &str) -> Result<String, Failure> {
    if uuid::Uuid::try_parse(identifier).is_err() {
        // No application here has an identifier URI.
        return Err(Failure::Service { status: 404, message: format!("Application with identifier URI '{identifier}' doesn't exist") });
    }
    let known = found(session, "applications", &format!("appId eq {}", quoted(identifier)))?;
    Ok(known.first().map_or_else(|| identifier.to_owned(), id_of))
}

fn sp_id(session: &mut Session<'_, '_>, identifier: &str) -> Result<String, Failure> {
    let known = found(session, "servicePrincipals", &format!("servicePrincipalNames/any(c:c eq {})", quoted(identifier)))?;
    match known.first() {
        Some(principal) => Ok(id_of(principal)),
        None if uuid::Uuid::try_parse(identifier).is_ok() => Ok(identifier.to_owned()),
        None => Err(Failure::Service { status: 404, message: format!("Service principal '{identifier}' doesn't exist") }),
    }
}

/// The application of that name: the one that is there already, or a new one.
fn named(session: &mut Session<'_, '_>, name: &str) -> Result<Value, Failure> {
    let mut known = found(session, "applications", &format!("startswith(displayName,{})", quoted(name)))?;
    known.retain(|application| application["displayName"] == name);
    if known.len() > 1 {
        let ids: Vec<String> = known.iter().map(id_of).collect();
        let text =
            format!("More than one application have the same display name '{name}': (id) {}, please remove them first.", ids.join(", "));
        return Err(Failure::Refused(text));
    }
    if let Some(application) = known.pop() {
        session.warn(&format!("Found an existing application instance: (id) {}. We will patch it.", id_of(&application)));
        return Ok(application);
    }
    graph(session, &Call::graph(Method::POST, "/applications").with_body(json!({ "displayName": name })))
}

fn app_create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    named(session, arguments.required("--display-name"))
}

fn app_show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let id = app_id(session, arguments.required("--id"))?;
    graph(session, &Call::graph(Method::GET, &format!("/applications/{id}")))
}

fn app_delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let id = app_id(session, arguments.required("--id"))?;
    graph(session, &Call::graph(Method::DELETE, &format!("/applications/{id}")))
}

fn narrowed(session: &mut Session<'_, '_>, arguments: &Arguments, exact: Option<String>) -> String {
    if !arguments.has("--all") && !arguments.has("--display-name") && exact.is_none() {
        session.warn("The result is not complete. You can still use '--all' to get all of them with long latency expected, or provide a filter through command arguments");
    }
    let name = arguments.get("--display-name").map(|name| format!("startswith(displayName,{})", quoted(name)));
    exact.into_iter().chain(name).collect::<Vec<_>>().join(" and ")
}

fn app_list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let filter = narrowed(session, arguments, arguments.get("--app-id").map(|id| format!("appId eq {}", quoted(id))));
    found(session, "applications", &filter).map(Value::Array)
}

fn sp_list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let by_name = arguments.get("--spn").map(|name| format!("servicePrincipalNames/any(c:c eq {})", quoted(name)));
    let filter = narrowed(session, arguments, by_name);
    found(session, "servicePrincipals", &filter).map(Value::Array)
}

fn sp_create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let identifier = arguments.required("--id");
    let known = found(session, "applications", &format!("appId eq {}", quoted(identifier)))?;
    let client = match known.first() {
        Some(application) => application["appId"].clone(),
        // An object id of an application, or the client id of somebody else's.
        None => graph(session, &Call::graph(Method::GET, &format!("/applications/{identifier}")))
            .map_or(json!(identifier), |found| found["appId"].clone()),
    };
    let body = json!({"appId": client, "accountEnabled": true});
    graph(session, &Call::graph(Method::POST, "/servicePrincipals").with_body(body))
}

fn sp_show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let id = sp_id(session, arguments.required("--id"))?;
    graph(session, &Call::graph(Method::GET, &format!("/servicePrincipals/{id}")))
}

fn sp_delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let id = sp_id(session, arguments.required("--id"))?;
    graph(session, &Call::graph(Method::DELETE, &format!("/servicePrincipals/{id}")))
}

/// An application with a secret, its service principal, and the role that it is to have.
fn for_rbac(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    if arguments.has("--role") != arguments.has("--scopes") {
        return Err(Failure::Refused("Usage error: To create role assignments, specify both --role and --scopes.".to_owned()));
    }
    let now = session.clock.now();
    let name = match arguments.get("--display-name") {
        Some(name) => name.to_owned(),
        None => now.strftime("azure-cli-%Y-%m-%d-%H-%M-%S").to_string(),
    };
    let existing = found(session, "servicePrincipals", &format!("displayName eq {}", quoted(&name)))?;
    let application = named(session, &name)?;
    let (id, client) = (id_of(&application), application["appId"].clone());
    for known in application["passwordCredentials"].as_array().into_iter().flatten() {
        let call = Call::graph(Method::POST, &format!("/applications/{id}/removePassword"));
        graph(session, &call.with_body(json!({"keyId": known["keyId"]})))?;
    }
    let years = arguments.get("--years").and_then(|years| years.parse::<i64>().ok()).unwrap_or(1);
    let ends = now.to_zoned(jiff::tz::TimeZone::UTC).checked_add(years.years()).map_or(now, |ends| ends.timestamp());
    let text = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let credential = json!({"passwordCredential": {"displayName": "rbac", "startDateTime": text(now), "endDateTime": text(ends)}});
    let call = Call::graph(Method::POST, &format!("/applications/{id}/addPassword"));
    let password = graph(session, &call.with_body(credential))?["secretText"].clone();
    let principal = match existing.first() {
        Some(principal) => principal.clone(),
        None => {
            graph(session, &Call::graph(Method::POST, "/servicePrincipals").with_body(json!({"appId": client, "accountEnabled": true})))?
        }
    };
    if let Some(role) = arguments.get("--role") {
        for scope in arguments.all("--scopes").to_vec() {
            session.warn(&format!("Creating '{role}' role assignment under scope '{scope}'"));
            role::assign(session, role, &id_of(&principal), "ServicePrincipal", &scope)?;
        }
    }
    session.warn(CREDENTIAL_WARNING);
    let tenant = session.account()?.tenant().to_owned();
    Ok(json!({"appId": client, "displayName": name, "password": password, "tenant": tenant}))
}
