//! Paths of `Microsoft.ManagedIdentity`.

use http::Method;
use serde_json::{Map, Value, json};

use super::credentials;
use super::model::{FederatedCredential, Identity};
use super::operations::{self, Place};
use crate::cloud::arm::faults::require_api_version;
use crate::cloud::arm::id::match_path;
use crate::cloud::arm::tracked::require_group;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request, Run};
use crate::cloud::http::hosts::RESOURCE_MANAGER;

const COLLECTION: &str = "subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.ManagedIdentity/userAssignedIdentities";

/// The operation that a request asks for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host != RESOURCE_MANAGER {
        return None;
    }
    Some(find(request)?.and_then(|endpoint| require_api_version(request).map(|()| endpoint)))
}

fn find(request: &Request) -> Option<Result<Endpoint, Fault>> {
    let at = |below: &str| match_path(&request.segments, &format!("{COLLECTION}{below}"));
    if let Some(&[subscription, group, name]) = at("/{i}").as_deref() {
        return Some(one(request, Place { subscription, group, name }));
    }
    if let Some(&[subscription, group, name, credential]) = at("/{i}/federatedIdentityCredentials/{f}").as_deref() {
        return Some(one_credential(request, Place { subscription, group, name }, credential));
    }
    if let Some(&[subscription, group, name]) = at("/{i}/federatedIdentityCredentials").as_deref() {
        let place = Place { subscription, group, name };
        let endpoint = arm("federatedCredentials.list", "federatedIdentityCredentials/read", place, "", list_credentials);
        return (request.method == Method::GET).then_some(Ok(endpoint));
    }
    if let Some(&[subscription, group]) = at("").as_deref() {
        let endpoint = arm("identities.list", "read", Place { subscription, group, name: "" }, "", list);
        return (request.method == Method::GET).then_some(Ok(endpoint));
    }
    if let Some(&[subscription]) =
        match_path(&request.segments, "subscriptions/{s}/providers/Microsoft.ManagedIdentity/userAssignedIdentities").as_deref()
    {
        let endpoint = arm("identities.list", "read", Place { subscription, group: "", name: "" }, "", list);
        return (request.method == Method::GET).then_some(Ok(endpoint));
    }
    let (_, rest) = crate::cloud::arm::id::split_at_provider(&request.segments)?;
    let is_ours = rest.first().is_some_and(|provider| provider.eq_ignore_ascii_case("Microsoft.ManagedIdentity"));
    is_ours.then(|| Err(Fault::unsupported(format!("{} {}", request.method, request.path), "")))
}

fn one(request: &Request, place: Place<'_>) -> Result<Endpoint, Fault> {
    let (name, action, run): (_, _, Run) = match request.method {
        Method::GET => ("identities.get", "read", get),
        Method::PUT => ("identities.put", "write", put),
        Method::PATCH => ("identities.patch", "write", patch),
        Method::DELETE => ("identities.delete", "delete", delete),
        _ => return Err(Fault::unsupported(format!("{} of a managed identity", request.method), "")),
    };
    Ok(arm(name, action, place, "", run))
}

fn one_credential(request: &Request, place: Place<'_>, credential: &str) -> Result<Endpoint, Fault> {
    let (name, action, run): (_, _, Run) = match request.method {
        Method::GET => ("federatedCredentials.get", "federatedIdentityCredentials/read", get_credential),
        Method::PUT => ("federatedCredentials.put", "federatedIdentityCredentials/write", put_credential),
        Method::DELETE => ("federatedCredentials.delete", "federatedIdentityCredentials/delete", delete_credential),
        _ => return Err(Fault::unsupported(format!("{} of a federated credential", request.method), "")),
    };
    Ok(arm(name, action, place, credential, run))
}

fn arm(name: &'static str, action: &str, place: Place<'_>, credential: &str, run: Run) -> Endpoint {
    let Place { subscription, group, name: identity } = place;
    let mut scope = format!("/subscriptions/{subscription}");
    if !group.is_empty() {
        scope = format!("{scope}/resourceGroups/{group}");
    }
    // Public reports: a refusal names the whole id, or for a list the id down to the provider.
    scope.push_str("/providers/Microsoft.ManagedIdentity");
    if !identity.is_empty() {
        scope = format!("{scope}/userAssignedIdentities/{identity}");
    }
    if !credential.is_empty() {
        scope = format!("{scope}/federatedIdentityCredentials/{credential}");
    }
    let action = format!("Microsoft.ManagedIdentity/userAssignedIdentities/{action}");
    let params = Params::of(&[("subscription", subscription), ("group", group), ("identity", identity), ("credential", credential)]);
    Endpoint { name, access: Access::Arm { action, scope }, params, run }
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
