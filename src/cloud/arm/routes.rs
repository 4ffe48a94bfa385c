//! Paths of Resource Manager itself: groups, deletion results; what else it lists is in `catalog`.

use http::Method;
use serde_json::{Value, json};

use super::id::{match_path, split_at_provider};
use super::model::Group;
use super::operations::{self, GroupRequest};
use super::{catalog, faults, lro};
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request, Run};
use crate::cloud::http::hosts;
use crate::cloud::identity::authorize::readable;

/// The operation that a request asks Resource Manager for. It is asked after all services, and refuses by name what nobody knows.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host != hosts::RESOURCE_MANAGER {
        return None;
    }
    Some(groups(request).map_or_else(|| Err(unknown(request)), |endpoint| versioned(request, endpoint)))
}

/// What Resource Manager lists by itself, asked before the services: `providers/Microsoft.KeyVault` is no vault's business.
pub(crate) fn listing(request: &Request) -> Option<Result<Endpoint, Fault>> {
    let endpoint = catalog::route(request).filter(|_| request.host == hosts::RESOURCE_MANAGER)?;
    Some(versioned(request, endpoint))
}

fn versioned(request: &Request, endpoint: Endpoint) -> Result<Endpoint, Fault> {
    faults::require_api_version(request).map(|()| endpoint)
}

fn groups(request: &Request) -> Option<Endpoint> {
    let path = &request.segments;
    let arm = |action: &str, scope: String| Access::Arm { action: format!("Microsoft.Resources/subscriptions/{action}"), scope };
    if let Some(found) = match_path(path, "subscriptions/{subscription}/resourceGroups/{group}") {
        let [subscription, group] = found[..] else { return None };
        let scope = format!("/subscriptions/{subscription}/resourceGroups/{group}");
        let (name, action, run): (_, _, Run) = match request.method {
            // An address that ends with an empty name is that of the collection (public report of such a PUT).
            Method::PUT | Method::PATCH | Method::DELETE | Method::HEAD if group.is_empty() => {
                return Some(Endpoint { name: "groups.nameless", access: Access::SignedIn, params: Params::none(), run: nameless });
            }
            Method::PUT => ("groups.put", "resourceGroups/write", put),
            Method::PATCH => ("groups.patch", "resourceGroups/write", patch),
            Method::GET => ("groups.get", "resourceGroups/read", get),
            Method::HEAD => ("groups.exists", "resourceGroups/read", head),
            Method::DELETE => ("groups.delete", "resourceGroups/delete", delete),
            _ => return None,
        };
        return Some(Endpoint { name, access: arm(action, scope), params: Params::of(&[("group", group)]), run });
    }
    if request.method != Method::GET {
        return None;
    }
    if match_path(path, "subscriptions/{subscription}/resourceGroups").is_some() {
        return Some(Endpoint { name: "groups.list", access: Access::SignedIn, params: Params::none(), run: list });
    }
    if let Some(found) = match_path(path, "subscriptions/{subscription}/operationresults/{job}") {
        let params = Params::of(&[("job", found[1])]);
        return Some(Endpoint { name: "groups.deletion", access: Access::SignedIn, params, run: deletion });
    }
    let status = match_path(path, "subscriptions/{subscription}/providers/{namespace}/locations/{location}/operations/{id}");
    if let Some(found) = status {
        let params = Params::of(&[("id", found[3])]);
        return Some(Endpoint { name: "operations.status", access: Access::SignedIn, params, run: operation_status });
    }
    let found = match_path(path, "subscriptions/{subscription}/providers/{namespace}/locations/{location}/operationresults/{id}")?;
    let params = Params::of(&[("id", found[3])]);
    Some(Endpoint { name: "operations.result", access: Access::SignedIn, params, run: operation_result })
}

/// Public report: `{"Message": "The requested resource does not support http method 'PUT'."}` with status 405, and no code.
fn nameless(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let message = format!("The requested resource does not support http method '{}'.", context.request.method);
    Ok(Reply::with_status(405, json!({ "Message": message })))
}

fn put(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let request = read_group(&context.request.json()?);
    let (group, is_new) = operations::put_group(context.state, context.params.get("group"), request)?;
    Ok(Reply::with_status(if is_new { 201 } else { 200 }, operations::group_json(context.state, &group)))
}

fn patch(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let request = read_group(&context.request.json()?);
    let group = operations::patch_group(context.state, context.params.get("group"), request)?;
    Ok(Reply::json(operations::group_json(context.state, &group)))
}

fn get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let group = operations::require_group(context.state, context.params.get("group"))?;
    Ok(until_deleted(Reply::json(operations::group_json(context.state, group)), context, &group.name))
}

fn head(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let group = operations::require_group(context.state, context.params.get("group"))?;
    Ok(until_deleted(Reply::empty(204), context, &group.name))
}

/// A client that waits for a group to go away looks at it again and again.
fn until_deleted(reply: Reply, context: &Context<'_>, group: &str) -> Reply {
    let scope = operations::group_scope(context.state, group);
    match context.state.operations.running_on(&scope, context.now) {
        Some(deletion) => reply.pending_until(deletion.ends()),
        None => reply,
    }
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let wanted = context.request.query.get("$filter").map(catalog::tag_filter).transpose()?;
    let has = |group: &&Group| {
        wanted.as_ref().is_none_or(|(name, value)| {
            let tag = group.tags.as_ref().and_then(|tags| tags.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
            tag.is_some_and(|(_, tag)| value.as_ref().is_none_or(|value| tag == value))
        })
    };
    let state = &mut *context.state;
    let groups = state.arm.groups.values().filter(has);
    let groups: Vec<(String, Value)> =
        groups.map(|group| (operations::group_scope(state, &group.name), operations::group_json(state, group))).collect();
    let action = "Microsoft.Resources/subscriptions/resourceGroups/read";
    let groups = readable(state, context.caller, action, groups, |(scope, _)| scope.clone());
    let groups: Vec<Value> = groups.into_iter().map(|(_, shown)| shown).collect();
    Ok(Reply::json(json!({ "value": groups })))
}

fn delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let operation = operations::delete_group(context.state, context.params.get("group"), context.now)?;
    let location = deletion_url(context, &operation.id);
    Ok(polled(Reply::empty(202).with_header("location", location), context))
}

fn deletion(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let job = context.params.get("job");
    let reply = operation(context, job)?.result_reply(deletion_url(context, job), context.now);
    Ok(if reply.status == 202 { polled(reply, context) } else { reply })
}

fn operation_status(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let reply = operation(context, context.params.get("id"))?.status_reply(context.now);
    Ok(if reply.pending_until.is_some() { lro::hurried(reply, context.state) } else { reply })
}

fn operation_result(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let operation = operation(context, context.params.get("id"))?;
    let reply = operation.result_reply(operation.location_url(context.request.api_version()), context.now);
    Ok(if reply.pending_until.is_some() { lro::hurried(reply, context.state) } else { reply })
}

fn operation<'a>(context: &'a Context<'_>, id: &str) -> Result<&'a lro::Operation, Fault> {
    // Assumed: the wording for an operation that nobody started.
    let unknown = || Fault::new(404, "NotFound", format!("The operation '{id}' could not be found."));
    context.state.operations.get(id).ok_or_else(unknown)
}

fn deletion_url(context: &Context<'_>, job: &str) -> String {
    let subscription = &context.state.arm.subscription().id;
    let version = context.request.api_version();
    format!("https://management.azure.com/subscriptions/{subscription}/operationresults/{job}?api-version={version}")
}

/// Recorded: the client came back every 15 s, so the service asked for it. Measured with az 2.91: `Retry-After` wins over the hint in
/// milliseconds, so a client that sleeps on the wall gets only that.
fn polled(reply: Reply, context: &Context<'_>) -> Reply {
    if context.state.clock.follows_wall() { lro::hurried(reply, context.state) } else { reply.with_header("retry-after", "15") }
}

fn read_group(body: &Value) -> GroupRequest {
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    GroupRequest { location: text("location"), tags: body["tags"].as_object().cloned(), managed_by: text("managedBy") }
}

/// A path that no service knows, named by its resource type.
fn unknown(request: &Request) -> Fault {
    let Some((_, rest)) = split_at_provider(&request.segments) else {
        return Fault::unsupported(format!("{} {}", request.method, request.path), "");
    };
    let types = rest.get(1..).unwrap_or_default().iter().step_by(2).map(String::as_str);
    let kind = rest.first().into_iter().map(String::as_str).chain(types).collect::<Vec<_>>().join("/");
    Fault::unsupported(format!("{kind} ({})", request.method), "run the step against your own subscription, or skip it")
}
