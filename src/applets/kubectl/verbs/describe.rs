//! `kubectl describe`: which objects, one after the other; how each looks is in `crate::applets::kubectl::describe`.

use serde_json::Value;

use super::super::describe::{Described, describer};
use super::super::discovery::{Resource, list, text};
use super::super::failure::Failure;
use super::super::selection::{Bare, Wanted, select};
use super::super::server::{Call, JSON};
use super::super::session::Session;
use super::object::{Object, items, list_call, of_files, of_value, read};

pub(super) fn run(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    let (mut objects, mut failures) = (Vec::new(), Vec::new());
    if line.list("filename").is_empty() {
        if line.args.is_empty() {
            return Err(Failure::error(
                "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of supported resources.",
            ));
        }
        let discovery = session.discovery()?;
        for wanted in select(&line, &line.args, &discovery, Bare::All)? {
            match find(session, wanted) {
                Ok(found) => objects.extend(found),
                Err(failure) => failures.push(failure),
            }
        }
    } else {
        let (read, failed) = of_files(session, false)?;
        (objects, failures) = (read, failed);
    }
    let is_empty = objects.is_empty();
    let mut is_first = true;
    for object in objects {
        match describe(session, &object) {
            // Objects found by the beginning of their name are each followed by an empty line (measured with 1.33).
            Ok(text) if line.args.len() > 1 && !line.args.contains(&object.name) => session.out(format!("{text}\n")),
            Ok(text) => {
                let separator = if std::mem::take(&mut is_first) { "" } else { "\n\n" };
                session.out(format!("{separator}{text}"));
            }
            Err(failure) => failures.push(failure),
        }
    }
    if is_empty && failures.is_empty() {
        let namespace = session.namespace()?;
        session.err(if line.is_on("all-namespaces", false) {
            "No resources found".to_owned()
        } else {
            format!("No resources found in {namespace} namespace.")
        });
    }
    Failure::all(failures).map_or(Ok(0), Err)
}

/// The objects meant; a name that no object has may be the beginning of others.
fn find(session: &mut Session<'_, '_>, wanted: Wanted) -> Result<Vec<Object>, Failure> {
    match wanted {
        Wanted::Listed { resource } => {
            let namespace = session.namespace_to_list()?;
            let call = list_call(session, &resource, namespace.as_deref()).with("limit", "500");
            let answer = session.json(&call)?;
            Ok(items(&answer, &resource).into_iter().map(|value| of_value(&resource, value)).collect())
        }
        Wanted::Named { resource, name } => {
            let namespace = if resource.is_namespaced { session.namespace()? } else { String::new() };
            match read(session, &resource, &namespace, &name, JSON) {
                Ok(value) => Ok(vec![of_value(&resource, value)]),
                Err(error) if error.is_not_found() => {
                    let others = by_prefix(session, &resource, &namespace, &name)?;
                    if others.is_empty() { Err(error.into()) } else { Ok(others) }
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}

fn by_prefix(session: &mut Session<'_, '_>, resource: &Resource, namespace: &str, prefix: &str) -> Result<Vec<Object>, Failure> {
    let answer = match session.json(&Call::get(resource.path(Some(namespace))).with("limit", "500")) {
        Ok(answer) => answer,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let found = items(&answer, resource).into_iter().filter(|value| text(&value["metadata"]["name"]).starts_with(prefix));
    Ok(found.map(|value| of_value(resource, value)).collect())
}

fn describe(session: &mut Session<'_, '_>, object: &Object) -> Result<String, Failure> {
    let describer = describer(&object.resource.group, &object.resource.kind).ok_or_else(|| {
        Failure::refused(
            format!("`kubectl describe {}`", object.resource.plural_label()),
            format!("kubectl get {} -o yaml", object.resource.plural),
        )
    })?;
    let value = if object.source.is_empty() { object.value.clone() } else { session.json(&Call::get(object.path()))? };
    let events =
        if describer.has_events && session.line.is_on("show-events", true) { Some(events(session, object, &value)?) } else { None };
    let mut related = Vec::new();
    for path in (describer.needs)(&value) {
        let answer = session.json(&path);
        related.push(answer.map_err(|error| Failure::from(error).text));
    }
    let described = Described { object: &value, events: events.as_deref(), related: &related, now: session.now() };
    Ok((describer.describe)(&described))
}

/// What happened to the object, oldest first.
fn events(session: &mut Session<'_, '_>, object: &Object, value: &Value) -> Result<Vec<Value>, Failure> {
    let metadata = &value["metadata"];
    let mut terms = vec![
        format!("involvedObject.name={}", object.name),
        format!("involvedObject.namespace={}", object.namespace),
        format!("involvedObject.uid={}", text(&metadata["uid"])),
    ];
    if object.resource.kind != "Pod" {
        terms.insert(2, format!("involvedObject.kind={}", object.resource.kind));
    }
    let path = if object.namespace.is_empty() {
        "/api/v1/events".to_owned()
    } else {
        format!("/api/v1/namespaces/{}/events", super::super::server::segment(&object.namespace))
    };
    let call = Call::get(path).with("fieldSelector", terms.join(",")).with("limit", "500");
    match session.json(&call) {
        Ok(answer) => {
            let mut events = list(&answer["items"]).to_vec();
            events.sort_by_key(|event| text(&event["lastTimestamp"]));
            Ok(events)
        }
        // Not being allowed to read events hides them, no more.
        Err(_) => Ok(Vec::new()),
    }
}
