//! Paths of `Microsoft.ManagedIdentity`.

use http::Method;
use serde_json::{Map, Value, json};

use super::credentials;
use super::model::{FederatedCredential, Identity};
use super::operations::{self, Place};
use crate::cloud::arm::table::{self, Line, line};
use crate::cloud::arm::tracked::require_group;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Context, Endpoint, Reply, Request};

const IDENTITY: &str =
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}";
const IDENTITIES_OF_GROUP: &str =
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities";
const IDENTITIES: &str = "subscriptions/{subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities";
const CREDENTIAL: &str = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}/federatedIdentityCredentials/{credential}";
const CREDENTIALS: &str = "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}/federatedIdentityCredentials";

/// Every operation, and what it takes.
pub(crate) static LINES: [Line; 10] = [
    line(Method::GET, IDENTITY, "identities.get", "Microsoft.ManagedIdentity/userAssignedIdentities/read", get),
    line(Method::PUT, IDENTITY, "identities.put", "Microsoft.ManagedIdentity/userAssignedIdentities/write", put),
    line(Method::PATCH, IDENTITY, "identities.patch", "Microsoft.ManagedIdentity/userAssignedIdentities/write", patch),
    line(Method::DELETE, IDENTITY, "identities.delete", "Microsoft.ManagedIdentity/userAssignedIdentities/delete", delete),
    line(Method::GET, IDENTITIES_OF_GROUP, "identities.list", "Microsoft.ManagedIdentity/userAssignedIdentities/read", list),
    line(Method::GET, IDENTITIES, "identities.list", "Microsoft.ManagedIdentity/userAssignedIdentities/read", list),
    line(
        Method::GET,
        CREDENTIAL,
        "federatedCredentials.get",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
        get_credential,
    ),
    line(
        Method::PUT,
        CREDENTIAL,
        "federatedCredentials.put",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
        put_credential,
    ),
    line(
        Method::DELETE,
        CREDENTIAL,
        "federatedCredentials.delete",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
        delete_credential,
    ),
    line(
        Method::GET,
        CREDENTIALS,
        "federatedCredentials.list",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
        list_credentials,
    ),
];

/// The operation that a request asks for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    table::find(request, "Microsoft.ManagedIdentity", &LINES)
}

fn place<'a>(context: &Context<'a>) -> Place<'a> {
    let params = context.params;
    Place { subscription: params.get("subscription"), group: params.get("group"), name: params.get("identity") }
}

/// Recorded: 201 with a relative Location, or 200.
fn put(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let request = operations::read(&context.request.json()?)?;
    let place = place(context);
    let (identity, is_new) = operations::put(context.state, place, context.now, request)?;
    let body = encode(&identity, context.request.api_version());
    Ok(if is_new { Reply::with_status(201, body).with_header("location", identity.id()) } else { Reply::json(body) })
}

fn patch(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let request = operations::read(&context.request.json()?)?;
    let place = place(context);
    let identity = operations::patch(context.state, place, request)?;
    Ok(Reply::json(encode(&identity, context.request.api_version())))
}

fn get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let identity = operations::find(context.state, place(context))?;
    Ok(Reply::json(encode(identity, context.request.api_version())))
}

/// Recorded: 200 without a body. REST reference: 204 when there was nothing.
fn delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let place = place(context);
    let existed = operations::delete(context.state, place)?;
    Ok(Reply::empty(if existed { 200 } else { 204 }))
}

/// Recorded: in the order of creation, without `nextLink`.
fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let place = place(context);
    if !place.group.is_empty() {
        require_group(context.state, place.subscription, place.group)?;
    }
    let wanted = context.state.msi.identities().filter(|identity| {
        identity.subscription.eq_ignore_ascii_case(place.subscription)
            && (place.group.is_empty() || identity.group.eq_ignore_ascii_case(place.group))
    });
    let value: Vec<Value> = wanted.map(|identity| encode(identity, context.request.api_version())).collect();
    Ok(Reply::json(json!({ "value": value })))
}

/// Recorded: 201 with a relative Location, or 200 without one.
fn put_credential(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let place = place(context);
    let credential = credentials::read(&context.request.json()?, context.params.get("credential"), context.now)?;
    let (identity, credential, is_new) = credentials::put(context.state, place, credential)?;
    let body = encode_credential(&identity, &credential);
    let location = identity.credential_id(&credential.name);
    Ok(if is_new { Reply::with_status(201, body).with_header("location", location) } else { Reply::json(body) })
}

fn get_credential(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (identity, credential) = credentials::find(context.state, place(context), context.params.get("credential"))?;
    Ok(Reply::json(encode_credential(identity, credential)))
}

fn delete_credential(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let place = place(context);
    let existed = credentials::delete(context.state, place, context.params.get("credential"))?;
    Ok(Reply::empty(if existed { 200 } else { 204 }))
}

/// Recorded: in the order of creation.
fn list_credentials(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let identity = credentials::parent(context.state, place(context))?;
    let value: Vec<Value> = identity.credentials.iter().map(|credential| encode_credential(identity, credential)).collect();
    Ok(Reply::json(json!({ "value": value })))
}

/// An identity. Recorded: the order of keys changed with api-version 2023-01-31, which has no `isolationScope` yet. Assumed: that came
/// with the next stable one.
fn encode(identity: &Identity, api_version: &str) -> Value {
    let mut properties = Map::new();
    properties.insert("tenantId".into(), json!(identity.tenant_id));
    properties.insert("principalId".into(), json!(identity.principal_id));
    properties.insert("clientId".into(), json!(identity.client_id));
    if api_version >= "2024-11-30" {
        properties.insert("isolationScope".into(), json!(identity.isolation_scope));
    }
    let tags: Map<String, Value> = identity.tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let (id, name, kind) = (identity.id(), &identity.name, "Microsoft.ManagedIdentity/userAssignedIdentities");
    if api_version < "2023-01-31" {
        return json!({"id": id, "name": name, "type": kind, "location": identity.location, "tags": tags, "properties": properties});
    }
    json!({"location": identity.location, "tags": tags, "id": id, "name": name, "type": kind, "properties": properties})
}

/// A credential, in the recorded order of keys.
fn encode_credential(identity: &Identity, credential: &FederatedCredential) -> Value {
    json!({
        "id": identity.credential_id(&credential.name),
        "name": credential.name,
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "properties": {"issuer": credential.issuer, "subject": credential.subject, "audiences": credential.audiences},
    })
}
