//! Paths of the control plane; the hosts of vaults are the data plane's.

use http::Method;
use serde_json::{Value, json};

use super::lifecycle;
use super::model::Vault;
use super::vault_body;
use super::vaults::{Place, Put, Terms};
use super::{recycle, secret_routes, vault_wire, vaults};
use crate::cloud::arm::lro::hurried;
use crate::cloud::arm::table::{self, Line, line};
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Context, Endpoint, Reply, Request};
use crate::cloud::http::hosts::RESOURCE_MANAGER;

const VAULT: &str = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{vault}";
const VAULTS_OF_GROUP: &str = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults";
const VAULTS: &str = "subscriptions/{subscription}/providers/Microsoft.KeyVault/vaults";
const CHECK_NAME: &str = "subscriptions/{subscription}/providers/Microsoft.KeyVault/checkNameAvailability";
const DELETED_VAULTS: &str = "subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedVaults";
const DELETED_VAULT: &str = "subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{vault}";
const PURGE: &str = "subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{vault}/purge";
const PURGE_RESULT: &str = "subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/operationResults/{token}";
const HSMS_OF_GROUP: &str = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/managedHSMs";
const HSMS: &str = "subscriptions/{subscription}/providers/Microsoft.KeyVault/managedHSMs";
const DELETED_HSMS: &str = "subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedManagedHSMs";

/// Every operation, and what it takes.
pub(crate) static LINES: [Line; 14] = [
    line(Method::GET, VAULT, "vaults.get", "Microsoft.KeyVault/vaults/read", get),
    line(Method::PUT, VAULT, "vaults.put", "Microsoft.KeyVault/vaults/write", put),
    line(Method::PATCH, VAULT, "vaults.patch", "Microsoft.KeyVault/vaults/write", patch),
    line(Method::DELETE, VAULT, "vaults.delete", "Microsoft.KeyVault/vaults/delete", delete),
    line(Method::GET, VAULTS_OF_GROUP, "vaults.list", "Microsoft.KeyVault/vaults/read", list),
    line(Method::GET, VAULTS, "vaults.list", "Microsoft.KeyVault/vaults/read", list),
    line(Method::POST, CHECK_NAME, "vaults.checkName", "Microsoft.KeyVault/checkNameAvailability/read", check_name),
    line(Method::GET, DELETED_VAULTS, "deletedVaults.list", "Microsoft.KeyVault/deletedVaults/read", list_deleted),
    line(Method::GET, DELETED_VAULT, "deletedVaults.get", "Microsoft.KeyVault/locations/deletedVaults/read", get_deleted),
    line(Method::POST, PURGE, "deletedVaults.purge", "Microsoft.KeyVault/locations/deletedVaults/purge/action", purge),
    line(Method::GET, PURGE_RESULT, "purges.get", "Microsoft.KeyVault/locations/operationResults/read", get_purge),
    line(Method::GET, HSMS_OF_GROUP, "managedHsms.list", "Microsoft.KeyVault/managedHSMs/read", list_hsms),
    line(Method::GET, HSMS, "managedHsms.list", "Microsoft.KeyVault/managedHSMs/read", list_hsms),
    line(Method::GET, DELETED_HSMS, "deletedManagedHsms.list", "Microsoft.KeyVault/deletedManagedHsms/read", list_hsms),
];

/// The operation that a request asks Key Vault for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    secret_routes::route(request).or_else(|| table::find(request, "Microsoft.KeyVault", &LINES))
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

/// There are none, because nobody can make one here; az asks whenever it looks for a vault that is deleted or not in the group that was
/// named (measured with az 2.91).
fn list_hsms(_context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::json(json!({"value": []})))
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
