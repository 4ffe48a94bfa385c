//! Paths of `Microsoft.Authorization`, at any scope.

use http::Method;
use serde_json::{Value, json};

use super::assignments::{self, Answer};
use super::{custom, definitions, faults, locks};
use crate::cloud::arm::faults::require_api_version;
use crate::cloud::arm::id::split_at_provider;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request, Run};
use crate::cloud::http::hosts::RESOURCE_MANAGER;
use crate::cloud::identity::authorize::require_action;
use crate::cloud::identity::builtin_roles;

/// The operation that a request asks for; none when the last provider in the path is another one.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host != RESOURCE_MANAGER {
        return None;
    }
    let (scope, rest) = split_at_provider(&request.segments)?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let (provider, rest) = rest.split_first()?;
    if !provider.eq_ignore_ascii_case("Microsoft.Authorization") {
        return None;
    }
    Some(require_api_version(request).and_then(|()| find(request, &scope, rest)))
}

fn find(request: &Request, scope: &str, rest: &[&str]) -> Result<Endpoint, Fault> {
    let unsupported = || Fault::unsupported(format!("{} Microsoft.Authorization/{}", request.method, rest.join("/")), "");
    let (kind, rest) = rest.split_first().ok_or_else(unsupported)?;
    let kind = kind.to_ascii_lowercase();
    let (name, action, run): (_, _, Run) = match (&request.method, kind.as_str(), rest) {
        (&Method::GET, "roledefinitions", []) => ("roleDefinitions.list", "roleDefinitions/read", list_definitions),
        (&Method::GET, "roledefinitions", [_]) => ("roleDefinitions.get", "roleDefinitions/read", get_definition),
        (&Method::GET, "roleassignments", []) => ("roleAssignments.list", "roleAssignments/read", list),
        (&Method::GET, "roleassignments", [_]) => ("roleAssignments.get", "roleAssignments/read", get),
        (&Method::PUT, "roleassignments", [_]) => ("roleAssignments.put", "roleAssignments/write", put),
        (&Method::DELETE, "roleassignments", [_]) => ("roleAssignments.delete", "roleAssignments/delete", delete),
        (&Method::GET, "locks", []) => ("locks.list", "locks/read", list_locks),
        (&Method::GET, "locks", [_]) => ("locks.get", "locks/read", get_lock),
        (&Method::PUT, "locks", [_]) => ("locks.put", "locks/write", put_lock),
        (&Method::DELETE, "locks", [_]) => ("locks.delete", "locks/delete", delete_lock),
        (&Method::PUT, "roledefinitions", [_]) => ("roleDefinitions.put", "roleDefinitions/write", put_definition),
        (&Method::DELETE, "roledefinitions", [_]) => ("roleDefinitions.delete", "roleDefinitions/delete", delete_definition),
        _ => return Err(unsupported()),
    };
    let above = scope.trim_end_matches('/');
    let named = rest.first().copied().unwrap_or_default();
    let params = Params::of(&[("scope", if above.is_empty() { "/" } else { above }), ("name", named)]);
    // Public reports: a refusal names the whole id, or for a list the id down to the provider.
    let below = if named.is_empty() { String::new() } else { format!("/{}/{named}", action.split('/').next().unwrap_or_default()) };
    let asked = format!("{above}/providers/Microsoft.Authorization{below}");
    let access = Access::Arm { action: format!("Microsoft.Authorization/{action}"), scope: asked };
    Ok(Endpoint { name, access, params, run })
}

fn list_locks(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let value: Vec<Value> = locks::list(context.state, context.params.get("scope")).map(locks::Lock::encode).collect();
    Ok(Reply::json(json!({ "value": value })))
}

fn get_lock(context: &mut Context<'_>) -> Result<Reply, Fault> {
    locks::get(context.state, context.params.get("scope"), context.params.get("name")).map(|lock| Reply::json(lock.encode()))
}

/// REST reference: 201 for a new one, 200 for a changed one.
fn put_lock(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.request.json()?;
    let (lock, is_new) = locks::put(context.state, (context.params.get("scope"), context.params.get("name")), &body)?;
    Ok(Reply::with_status(if is_new { 201 } else { 200 }, lock.encode()))
}

/// REST reference: 200 when it was there, 204 when not.
fn delete_lock(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let was_there = locks::delete(context.state, context.params.get("scope"), context.params.get("name"));
    Ok(Reply::empty(if was_there { 200 } else { 204 }))
}

/// The subscription in a scope; empty at the root.
pub(super) fn subscription(scope: &str) -> &str {
    let mut segments = scope.split('/').skip(1);
    if segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case("subscriptions")) {
        segments.next().unwrap_or_default()
    } else {
        ""
    }
}

fn list_definitions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let value = definitions::list_at(context.state, context.params.get("scope"), context.request.query.get("$filter"))?;
    Ok(Reply::json(json!({ "value": value })))
}

fn get_definition(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let name = context.params.get("name");
    let subscription = subscription(context.params.get("scope"));
    if let Some(custom) = context.state.authorization.definition(name) {
        return Ok(Reply::json(custom::encode(subscription, custom)));
    }
    let role = builtin_roles::by_id(name).ok_or_else(|| faults::no_definition(404, name))?;
    Ok(Reply::json(definitions::encode(subscription, role)))
}

/// REST reference: 201 for a new one and for a changed one. Who may write a role must be allowed to at each of its scopes.
fn put_definition(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.request.json()?;
    let (scope, name) = (context.params.get("scope"), context.params.get("name"));
    let assignable = body["properties"]["assignableScopes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for assignable in assignable {
        require_action(context.state, context.caller, "Microsoft.Authorization/roleDefinitions/write", assignable)?;
    }
    let (definition, _) = custom::put(context.state, context.caller.object_id(), context.now, (scope, name), &body)?;
    Ok(Reply::with_status(201, custom::encode(subscription(scope), &definition)))
}

/// REST reference: 200 with what was deleted, 204 when there was nothing.
fn delete_definition(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (scope, name) = (context.params.get("scope"), context.params.get("name"));
    Ok(match custom::delete(context.state, name)? {
        Some(gone) => Reply::json(custom::encode(subscription(scope), &gone)),
        None => Reply::empty(204),
    })
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let scope = context.params.get("scope");
    let found = assignments::list(context.state, scope, context.request.query.get("$filter"))?;
    let value: Vec<Value> = found.into_iter().map(|known| assignments::encode(subscription(scope), known, Answer::Read)).collect();
    Ok(Reply::json(json!({ "value": value })))
}

fn get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (scope, name) = (context.params.get("scope"), context.params.get("name"));
    let found = context.state.authorization.find(scope, name).ok_or_else(|| faults::not_found(name))?;
    Ok(Reply::json(assignments::encode(subscription(scope), found, Answer::Read)))
}

/// Recorded: 201 for a new one. Assumed: 200 when the same is written again.
fn put(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let request = assignments::read(&context.request.json()?)?;
    let (scope, name) = (context.params.get("scope"), context.params.get("name"));
    let (assignment, is_new) = assignments::put(context.state, context.caller.object_id(), context.now, (scope, name), request)?;
    let (status, answer) = if is_new { (201, Answer::Created) } else { (200, Answer::Read) };
    Ok(Reply::with_status(status, assignments::encode(subscription(scope), &assignment, answer)))
}

/// Recorded: 200 with what was deleted. REST reference: 204 when there was nothing.
fn delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (scope, name) = (context.params.get("scope"), context.params.get("name"));
    Ok(match context.state.authorization.remove(scope, name) {
        Some(gone) => Reply::json(assignments::encode(subscription(scope), &gone, Answer::Deleted(context.now))),
        None => Reply::empty(204),
    })
}
