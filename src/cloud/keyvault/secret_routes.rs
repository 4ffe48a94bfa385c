//! Paths of the data plane.

use http::Method;
use serde_json::Value;

use super::faults;
use super::lifecycle;
use super::model::Vault;
use super::secret_wire::{self, View};
use super::secrets;
use super::vaults::by_host;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request, Run};

/// The operation that a request asks a vault for; none when the host is not a vault's.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    request.host.strip_suffix(".vault.azure.net")?;
    Some(find(request))
}

fn find(request: &Request) -> Result<Endpoint, Fault> {
    // Clients write `/secrets/NAME/` for the newest version, and some write `//secrets`; the service takes both.
    let all = request.parts();
    let parts: Vec<&str> = all.into_iter().filter(|part| !part.is_empty()).collect();
    let Some((kind, rest)) = parts.split_first() else {
        return Err(unknown(request));
    };
    let kind = kind.to_ascii_lowercase();
    match (&request.method, kind.as_str(), rest) {
        (&Method::GET, "secrets", []) => Ok(endpoint("secrets.list", "readMetadata/action", "", "", list)),
        (&Method::POST, "secrets", ["restore"]) => Err(unsupported("restore of secrets")),
        (&Method::PUT, "secrets", [name]) => Ok(endpoint("secrets.set", "setSecret/action", name, "", set)),
        (&Method::GET, "secrets", [name]) => Ok(endpoint("secrets.get", "getSecret/action", name, "", get)),
        (&Method::DELETE, "secrets", [name]) => Ok(endpoint("secrets.delete", "delete", name, "", delete)),
        (&Method::PATCH, "secrets", [name]) => Ok(endpoint("secrets.update", "update/action", name, "", update)),
        (&Method::GET, "secrets", [name, "versions"]) => Ok(endpoint("secrets.versions", "readMetadata/action", name, "", versions)),
        (&Method::POST, "secrets", [_, "backup"]) => Err(unsupported("backup of secrets")),
        (&Method::GET, "secrets", [name, version]) => Ok(endpoint("secrets.get", "getSecret/action", name, version, get)),
        (&Method::PATCH, "secrets", [name, version]) => Ok(endpoint("secrets.update", "update/action", name, version, update)),
        (&Method::GET, "deletedsecrets", []) => Ok(endpoint("deletedsecrets.list", "readMetadata/action", "", "", list_deleted)),
        (&Method::GET, "deletedsecrets", [name]) => Ok(endpoint("deletedsecrets.get", "readMetadata/action", name, "", get_deleted)),
        (&Method::DELETE, "deletedsecrets", [name]) => Ok(endpoint("deletedsecrets.purge", "purge/action", name, "", purge)),
        (&Method::POST, "deletedsecrets", [name, "recover"]) => Ok(endpoint("deletedsecrets.recover", "recover/action", name, "", recover)),
        (_, "keys" | "deletedkeys" | "certificates" | "deletedcertificates" | "storage" | "deletedstorage" | "rng", _) => {
            Err(unsupported(kind.trim_start_matches("deleted")))
        }
        _ => Err(unknown(request)),
    }
}

fn endpoint(name: &'static str, action: &str, secret: &str, version: &str, run: Run) -> Endpoint {
    let scope = if secret.is_empty() { String::new() } else { format!("secrets/{secret}") };
    let access = Access::VaultData { action: format!("Microsoft.KeyVault/vaults/secrets/{action}"), scope };
    Endpoint { name, access, params: Params::of(&[("secret", secret), ("version", version)]), run }
}

fn unsupported(what: &str) -> Fault {
    Fault::unsupported(format!("Key Vault {what}"), "only secrets are emulated in a vault")
}

fn unknown(request: &Request) -> Fault {
    Fault::unsupported(format!("Key Vault {} {}", request.method, request.path), "")
}

/// The vault and its name; authorization has found it already.
fn vault<'a>(context: &'a Context<'_>) -> Result<&'a Vault, Fault> {
    if context.request.api_version().is_empty() {
        return Err(faults::api_version_missing());
    }
    by_host(context.state, &context.request.host).ok_or_else(|| faults::secret_not_found(context.params.get("secret")))
}

fn body(context: &Context<'_>) -> Result<Value, Fault> {
    serde_json::from_slice(&context.request.body).ok().filter(Value::is_object).ok_or_else(|| faults::bad_parameter("body"))
}

fn bundle(context: &Context<'_>, version: &str, view: View) -> Result<Reply, Fault> {
    let vault = vault(context)?;
    let name = context.params.get("secret");
    let secret = secrets::find(vault, name, context.now)?;
    let version = secret.version(version).ok_or_else(|| faults::secret_not_found(name))?;
    Ok(Reply::json(secret_wire::secret(vault, secret, version, view).into()))
}

fn set(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let vault = vault(context)?.name.clone();
    let body = body(context)?;
    let (value, attributes) = (secret_wire::read_value(&body)?, secret_wire::read_attributes(&body)?);
    let version = secrets::set(context.state, &vault, context.params.get("secret"), value, attributes, context.now)?;
    bundle(context, &version, View::Value)
}

fn get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let vault = vault(context)?;
    let (secret, version) = secrets::read(vault, context.params.get("secret"), context.params.get("version"), context.now)?;
    Ok(Reply::json(secret_wire::secret(vault, secret, version, View::Value).into()))
}

fn update(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let vault = vault(context)?.name.clone();
    let attributes = secret_wire::read_attributes(&body(context)?)?;
    let (name, version) = (context.params.get("secret"), context.params.get("version"));
    let version = secrets::update(context.state, &vault, name, version, attributes, context.now)?;
    bundle(context, &version, View::Attributes)
}

fn list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let vault = vault(context)?;
    let visible = vault.secrets.iter().filter(|secret| lifecycle::of_secret(secret, context.now).is_final());
    let items = visible.map(|secret| (secret.name.to_lowercase(), secret_wire::secret(vault, secret, secret.latest(), View::Item)));
    secret_wire::page(vault, context.request, items.collect()).map(Reply::json)
}

/// Recorded: ordered by the id of the version, not by time.
fn versions(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let vault = vault(context)?;
    let secret = secrets::find(vault, context.params.get("secret"), context.now)?;
    let items = secret.versions.iter().map(|version| (version.id.clone(), secret_wire::secret(vault, secret, version, View::Attributes)));
    secret_wire::page(vault, context.request, items.collect()).map(Reply::json)
}

fn delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let name = vault(context)?.name.clone();
    let deleted = secrets::delete(context.state, &name, context.params.get("secret"), context.now)?;
    let vault = vault(context)?;
    Ok(Reply::json(secret_wire::deleted(vault, &deleted, View::Attributes).into()))
}

fn list_deleted(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let vault = vault(context)?;
    let visible = vault.deleted_secrets.iter().filter(|deleted| lifecycle::of_deleted_secret(deleted.deleted, context.now).is_final());
    let items = visible.map(|deleted| (deleted.secret.name.to_lowercase(), secret_wire::deleted(vault, deleted, View::Item)));
    secret_wire::page(vault, context.request, items.collect()).map(Reply::json)
}

fn get_deleted(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let vault = vault(context)?;
    let name = context.params.get("secret");
    let deleted = vault.deleted_secret(name).ok_or_else(|| faults::deleted_secret_not_found(name))?;
    if let Some(until) = lifecycle::of_deleted_secret(deleted.deleted, context.now).until {
        // A client that deletes polls here until it is found; the refusal is a stage of that operation.
        let fault = faults::deleted_secret_not_found(name);
        let error = serde_json::json!({"error": {"code": fault.code(), "message": fault.message()}});
        return Ok(Reply::with_status(fault.status(), error).pending_until(until));
    }
    Ok(Reply::json(secret_wire::deleted(vault, deleted, View::Attributes).into()))
}

fn recover(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let name = vault(context)?.name.clone();
    let secret = secrets::recover(context.state, &name, context.params.get("secret"), context.now)?;
    let vault = vault(context)?;
    Ok(Reply::json(secret_wire::secret(vault, &secret, secret.latest(), View::Attributes).into()))
}

fn purge(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let name = vault(context)?.name.clone();
    secrets::purge(context.state, &name, context.params.get("secret"), context.now)?;
    Ok(Reply::empty(204))
}
