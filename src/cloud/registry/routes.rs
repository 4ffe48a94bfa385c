//! Paths of `Microsoft.ContainerRegistry`.

use http::Method;
use serde_json::{Value, json};

use super::KIND;
use super::model::Registry;
use super::operations::{self, Place};
use crate::cloud::arm::table::{self, Line, line};
use crate::cloud::arm::tracked::require_group;
use crate::cloud::clock::arm_time;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Context, Endpoint, Reply, Request};

const REGISTRY: &str = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}";
const IMPORT: &str =
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}/importImage";
const OF_GROUP: &str = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries";
const ALL: &str = "subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/registries";

/// Every operation, and what it takes.
static LINES: [Line; 6] = [
    line(Method::GET, REGISTRY, "registries.get", "Microsoft.ContainerRegistry/registries/read", get),
    line(Method::PUT, REGISTRY, "registries.put", "Microsoft.ContainerRegistry/registries/write", put),
    line(Method::DELETE, REGISTRY, "registries.delete", "Microsoft.ContainerRegistry/registries/delete", delete),
    line(Method::POST, IMPORT, "registries.import", "Microsoft.ContainerRegistry/registries/importImage/action", import),
    line(Method::GET, OF_GROUP, "registries.list", "Microsoft.ContainerRegistry/registries/read", list),
    line(Method::GET, ALL, "registries.list", "Microsoft.ContainerRegistry/registries/read", list),
];

/// The operation that a request asks for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    table::find(request, "Microsoft.ContainerRegistry", &LINES)
}

fn place<'a>(context: &Context<'a>) -> Place<'a> {
    let params = context.params;
    Place { subscription: params.get("subscription"), group: params.get("group"), name: params.get("registry") }
}

/// Assumed: a registry is there at once; in the recordings it takes some seconds.
fn put(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (body, place) = (context.request.json()?, place(context));
    let (registry, is_new) = operations::put(context.state, context.caller, context.now, place, &body)?;
    Ok(Reply::with_status(if is_new { 201 } else { 200 }, encode(&registry)))
}

fn get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(Reply::json(encode(operations::find(context.state, place(context))?)))
}

fn delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let place = place(context);
    let existed = operations::delete(context.state, place)?;
    Ok(Reply::empty(if existed { 200 } else { 204 }))
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let place = place(context);
    if !place.group.is_empty() {
        require_group(context.state, place.subscription, place.group)?;
    }
    let wanted = context.state.registries.all().filter(|known| place.group.is_empty() || known.group.eq_ignore_ascii_case(place.group));
    Ok(Reply::json(json!({ "value": wanted.map(encode).collect::<Vec<_>>() })))
}

/// Assumed: an import is over at once; in the recordings it takes some seconds.
fn import(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (body, place) = (context.request.json()?, place(context));
    operations::import(context.state, place, &body)?;
    Ok(Reply::empty(200))
}

/// Recorded: the members and their order (`test_acr_import_no_wait.yaml`).
fn encode(registry: &Registry) -> Value {
    let (created, kind) = (arm_time(registry.created), if registry.is_of_user { "User" } else { "Application" });
    let off = |name: &str| json!({ name: { "status": "disabled" } });
    let mut policies = off("quarantinePolicy");
    policies["trustPolicy"] = json!({"type": "Notary", "status": "disabled"});
    policies["retentionPolicy"] = json!({"days": 7, "lastUpdatedTime": created, "status": "disabled"});
    policies["exportPolicy"] = json!({"status": "enabled"});
    json!({
        "sku": {"name": registry.sku, "tier": registry.sku},
        "type": KIND,
        "id": registry.id(),
        "name": registry.name,
        "location": registry.location,
        "tags": registry.tags.clone().unwrap_or_default(),
        "systemData": {
            "createdBy": registry.created_by, "createdByType": kind, "createdAt": created,
            "lastModifiedBy": registry.created_by, "lastModifiedByType": kind, "lastModifiedAt": created,
        },
        "properties": {
            "loginServer": registry.login_server(),
            "creationDate": created,
            "provisioningState": "Succeeded",
            "adminUserEnabled": false,
            "policies": policies,
            "encryption": {"status": "disabled"},
            "dataEndpointEnabled": false,
            "dataEndpointHostNames": [],
            "privateEndpointConnections": [],
            "publicNetworkAccess": "Enabled",
            "networkRuleBypassOptions": "AzureServices",
            "zoneRedundancy": "Disabled",
            "anonymousPullEnabled": false,
            "roleAssignmentMode": "LegacyRegistryPermissions",
        },
    })
}
