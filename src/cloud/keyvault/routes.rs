//! Paths of the control plane; the hosts of vaults are the data plane's.

use http::Method;
use serde_json::{Value, json};

use super::lifecycle;
use super::model::Vault;
use super::vault_body;
use super::vaults::{Place, Put, Terms};
use super::{recycle, secret_routes, vault_wire, vaults};
use crate::cloud::arm::faults::require_api_version;
use crate::cloud::arm::id::match_path;
use crate::cloud::arm::lro::hurried;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request, Run};
use crate::cloud::http::hosts::RESOURCE_MANAGER;

/// The operation that a request asks Key Vault for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host != RESOURCE_MANAGER {
        return secret_routes::route(request);
    }
    Some(control_plane(request)?.and_then(|endpoint| require_api_version(request).map(|()| endpoint)))
}

fn control_plane(request: &Request) -> Option<Result<Endpoint, Fault>> {
    let at = |pattern: &str| match_path(&request.segments, pattern);
    if let Some(found) = at("subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.KeyVault/vaults/{v}") {
        let [subscription, group, vault] = found[..] else { return None };
        return Some(one(request, subscription, group, vault));
    }
    if let Some(found) = at("subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.KeyVault/vaults") {
        let [subscription, group] = found[..] else { return None };
        // Public reports: a refusal of a list names the id down to the provider.
        let scope = format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault");
        let params = Params::of(&[("subscription", subscription), ("group", group)]);
        return read_only(request, "vaults.list", "vaults/read", scope, params, list);
    }
    if let Some(found) = at("subscriptions/{s}/providers/Microsoft.KeyVault/vaults") {
        let params = Params::of(&[("subscription", found[0])]);
        let scope = format!("/subscriptions/{}/providers/Microsoft.KeyVault", found[0]);
        return read_only(request, "vaults.list", "vaults/read", scope, params, list);
    }
    if let Some(found) = at("subscriptions/{s}/providers/Microsoft.KeyVault/checkNameAvailability") {
        let scope = format!("/subscriptions/{}", found[0]);
        let endpoint = arm("vaults.checkName", "checkNameAvailability/read", scope, Params::none(), check_name);
        return (request.method == Method::POST).then_some(Ok(endpoint));
    }
    if let Some(found) = at("subscriptions/{s}/providers/Microsoft.KeyVault/deletedVaults") {
        let params = Params::of(&[("subscription", found[0])]);
        let scope = format!("/subscriptions/{}", found[0]);
        return read_only(request, "deletedVaults.list", "deletedVaults/read", scope, params, list_deleted);
    }
    if let Some(found) = at("subscriptions/{s}/providers/Microsoft.KeyVault/locations/{l}/deletedVaults/{v}") {
        let [subscription, location, vault] = found[..] else { return None };
        let params = Params::of(&[("subscription", subscription), ("location", location), ("vault", vault)]);
        let scope = format!("/subscriptions/{subscription}");
        return read_only(request, "deletedVaults.get", "locations/deletedVaults/read", scope, params, get_deleted);
    }
    if let Some(found) = at("subscriptions/{s}/providers/Microsoft.KeyVault/locations/{l}/deletedVaults/{v}/purge") {
        let [subscription, location, vault] = found[..] else { return None };
        let params = Params::of(&[("subscription", subscription), ("location", location), ("vault", vault)]);
        let scope = format!("/subscriptions/{subscription}");
        let endpoint = arm("deletedVaults.purge", "locations/deletedVaults/purge/action", scope, params, purge);
        return (request.method == Method::POST).then_some(Ok(endpoint));
    }
    if let Some(found) = at("subscriptions/{s}/providers/Microsoft.KeyVault/locations/{l}/operationResults/{o}") {
        let [subscription, _, token] = found[..] else { return None };
        let params = Params::of(&[("subscription", subscription), ("token", token)]);
        let scope = format!("/subscriptions/{subscription}");
        return read_only(request, "purges.get", "locations/operationResults/read", scope, params, get_purge);
    }
    let is_ours = request
        .segments
        .iter()
        .zip(request.segments.iter().skip(1))
        .any(|(provider, name)| provider.eq_ignore_ascii_case("providers") && name.eq_ignore_ascii_case("Microsoft.KeyVault"));
    let is_last_provider = !request.segments.iter().any(|segment| segment.eq_ignore_ascii_case("Microsoft.Authorization"));
    (is_ours && is_last_provider).then(|| Err(Fault::unsupported(format!("{} {}", request.method, request.path), "")))
}

fn one(request: &Request, subscription: &str, group: &str, vault: &str) -> Result<Endpoint, Fault> {
    let scope = format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{vault}");
    let params = Params::of(&[("subscription", subscription), ("group", group), ("vault", vault)]);
    let (name, action, run): (_, _, Run) = match request.method {
        Method::GET => ("vaults.get", "vaults/read", get),
        Method::PUT => ("vaults.put", "vaults/write", put),
        Method::PATCH => ("vaults.patch", "vaults/write", patch),
        Method::DELETE => ("vaults.delete", "vaults/delete", delete),
        _ => return Err(Fault::unsupported(format!("{} of a vault", request.method), "")),
    };
    Ok(arm(name, action, scope, params, run))
}

fn read_only(
    request: &Request,
    name: &'static str,
    action: &str,
    scope: String,
    params: Params,
    run: Run,
) -> Option<Result<Endpoint, Fault>> {
    (request.method == Method::GET).then(|| Ok(arm(name, action, scope, params, run)))
}

fn arm(name: &'static str, action: &str, scope: String, params: Params, run: Run) -> Endpoint {
    Endpoint { name, access: Access::Arm { action: format!("Microsoft.KeyVault/{action}"), scope }, params, run }
}

fn place<'a>(context: &Context<'a>) -> Place<'a> {
    let params = context.params;
    Place { subscription: params.get("subscription"), group: params.get("group"), name: params.get("vault") }
}

fn terms<'a>(context: &Context<'a>) -> Terms<'a> {
    Terms { caller: context.caller, now: context.now, api_version: context.request.api_version(), profile: context.profile }
}

fn vault_reply(vault: &Vault, context: &Context<'_>) -> Reply {
    let reply = Reply::json(vault_wire::vault(vault, context.now));
    match lifecycle::of_vault(vault, context.now).until {
        None => reply,
        Some(until) => hurried(reply, context.state).pending_until(until),
    }
}

/// Recorded: 200 for a new vault too, without a Location.
fn put(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let request = vault_body::read(&context.request.json()?)?;
    let (place, terms) = (place(context), terms(context));
    let vault = vaults::put(context.state, place, terms, request)?;
    let mut reply = vault_reply(&vault, context);
    // A write is not a poll: time does not pass for it.
    reply.pending_until = None;
    Ok(reply)
}

fn patch(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let request = vault_body::read(&context.request.json()?)?;
    let (place, terms) = (place(context), terms(context));
    let vault = vaults::change(context.state, place, terms, request, Put::Part)?;
    Ok(Reply::json(vault_wire::vault(&vault, context.now)))
}

fn get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let vault = vaults::find(context.state, place(context))?;
    Ok(vault_reply(vault, context))
}

/// Recorded: 200 without a body, at once.
fn delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let place = place(context);
    recycle::delete(context.state, place, context.now)?;
    Ok(Reply::empty(200))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (subscription, group) = (context.params.get("subscription"), context.params.get("group"));
    if !group.is_empty() {
        crate::cloud::arm::tracked::require_group(context.state, subscription, group)?;
    }
    let vaults = vaults::list(context.state, |vault| {
        vault.subscription.eq_ignore_ascii_case(subscription) && (group.is_empty() || vault.group.eq_ignore_ascii_case(group))
    });
    let value: Vec<Value> = vaults.into_iter().map(|vault| vault_wire::vault(vault, context.now)).collect();
    Ok(Reply::json(json!({ "value": value })))
}

/// When a name is free, the reason and the message are null. Assumed: null rather than absent.
fn check_name(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.request.json()?;
    let name = body["name"].as_str().unwrap_or_default();
    Ok(Reply::json(match vaults::name_availability(context.state, name) {
        Ok(()) => json!({"nameAvailable": true, "reason": null, "message": null}),
        Err((reason, message)) => json!({"nameAvailable": false, "reason": reason, "message": message}),
    }))
}

fn list_deleted(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let subscription = context.params.get("subscription");
    let deleted = context.state.keyvault.deleted.iter().filter(|known| known.vault.subscription.eq_ignore_ascii_case(subscription));
    let value: Vec<Value> = deleted.map(vault_wire::deleted).collect();
    Ok(Reply::json(json!({ "value": value })))
}

fn get_deleted(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let params = context.params;
    let deleted = recycle::find(context.state, params.get("subscription"), params.get("location"), params.get("vault"))?;
    Ok(Reply::json(vault_wire::deleted(deleted)))
}

/// Recorded: 202 without a body and a Location, whose poll says 202 with a body and then 200.
fn purge(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let params = context.params;
    let (subscription, location) = (params.get("subscription"), params.get("location"));
    let purge = recycle::purge(context.state, subscription, location, params.get("vault"), context.now)?;
    let url = format!(
        "https://{RESOURCE_MANAGER}/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{}/operationResults/{}?api-version={}",
        vault_wire::short_location(location),
        purge.token,
        context.request.api_version()
    );
    Ok(hurried(Reply::empty(202).with_header("location", url), context.state))
}

fn get_purge(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (subscription, token) = (context.params.get("subscription"), context.params.get("token"));
    let purges = &context.state.keyvault.purges;
    let found = purges.iter().find(|purge| purge.subscription.eq_ignore_ascii_case(subscription) && purge.token == token);
    // Assumed: the answer to an operation that nobody started.
    let purge = found.ok_or_else(|| Fault::new(404, "OperationNotFound", format!("The operation '{token}' was not found.")))?;
    let body = vault_wire::purge(purge, context.now);
    Ok(match lifecycle::of_purge(purge, context.now).until {
        None => Reply::json(body),
        Some(until) => {
            let url = format!("https://{RESOURCE_MANAGER}{}?api-version={}", context.request.path, context.request.api_version());
            hurried(Reply::with_status(202, body).with_header("location", url), context.state).pending_until(until)
        }
    })
}
