//! `az keyvault`: vaults (Microsoft.KeyVault, api-version 2026-02-01). Managed HSMs are refused by name.

use http::Method;
use serde_json::{Value, json};

use super::{Command, ad, location_of, tags_of};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::{operate, path_encoded, query_encoded};
use crate::applets::az::session::{Call, Session};
use crate::applets::az::table::models::printed;

const API: &str = "api-version=2026-02-01";
const MODEL: &str = "Vault";
/// How long deleted vaults are kept where nobody says, in days.
const RETENTION_DAYS: i64 = 90;

pub(super) const COMMANDS: [Command; 4] = [
    Command {
        name: "keyvault create",
        options: &[
            "--resource-group",
            "--name",
            "--location",
            "--sku",
            "--tags",
            "--enabled-for-deployment",
            "--enabled-for-disk-encryption",
            "--enabled-for-template-deployment",
            "--enable-rbac-authorization",
            "--enable-purge-protection",
            "--retention-days",
            "--bypass",
            "--default-action",
            "--no-self-perms",
            "--public-network-access",
            "--no-wait",
        ],
        table: None,
        run: create,
    },
    Command { name: "keyvault show", options: &["--resource-group", "--name"], table: None, run: show },
    Command { name: "keyvault list", options: &["--resource-group", "--resource-type"], table: None, run: list },
    Command { name: "keyvault delete", options: &["--resource-group", "--name", "--no-wait"], table: None, run: delete },
];

fn path(session: &mut Session<'_, '_>, group: &str, name: &str) -> Result<String, Failure> {
    let scope = session.group_scope(group)?;
    Ok(format!("{scope}/providers/Microsoft.KeyVault/vaults/{}", path_encoded(name)))
}

/// The path of a vault by its group and name; without a group, or with an empty one, the vault is looked up by its name.
fn found(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<String, Failure> {
    let Some(name) = arguments.get("--name").filter(|name| !name.is_empty()) else {
        // Measured: without a group az looks for a managed HSM, with one it asks for the name.
        let has_group = arguments.get("--resource-group").is_some_and(|group| !group.is_empty());
        let message =
            if has_group { "Please specify --vault-name or --hsm-name." } else { "The HSM 'None' not found within subscription." };
        return Err(Failure::Refused(message.to_owned()));
    };
    if let Some(group) = arguments.get("--resource-group").filter(|group| !group.is_empty()) {
        return path(session, group, name);
    }
    let scope = session.scope()?;
    let filter = query_encoded(&format!("resourceType eq 'Microsoft.KeyVault/vaults' and name eq '{name}'"));
    let vaults = session.list(&Call::arm(Method::GET, &format!("{scope}/resources?$filter={filter}&api-version=2015-11-01")))?;
    let id = vaults.iter().find_map(|vault| vault["id"].as_str());
    let group = id.and_then(|id| id.split('/').nth(4)).map(str::to_owned);
    let group = group.ok_or_else(|| Failure::Refused(format!("The Vault '{name}' not found within subscription.")))?;
    path(session, &group, name)
}

fn create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let Some(name) = arguments.get("--name").filter(|name| !name.is_empty()) else {
        return Err(Failure::Refused("Please specify --vault-name or --hsm-name.".to_owned()));
    };
    // A group that cannot be asked for its location counts as a mistake in the words, with all that is printed of it (measured).
    let location = location_of(session, arguments).map_err(|failure| match failure {
        Failure::Service { message, .. } => Failure::Usage { message, recommendations: Vec::new(), reference: false },
        other => other,
    })?;
    let path = path(session, arguments.required("--resource-group"), name)?;
    let url = format!("{path}?{API}");
    // Any error means that there is no such vault yet.
    if session.send(&Call::arm(Method::GET, &url))?.status.is_success() {
        return Err(Failure::Refused(format!("The specified vault: {name} already exists")));
    }
    let by_role = arguments.truth("--enable-rbac-authorization").unwrap_or(true);
    let owner =
        if by_role || arguments.truth("--no-self-perms") == Some(true) { None } else { ad::me(session)?["id"].as_str().map(str::to_owned) };
    let tenant = session.account()?.tenant().to_owned();
    let body = body(arguments, &location, &tenant, owner.as_deref())?;
    let vault = operate(session, &Call::arm(Method::PUT, &url).with_body(body), arguments.has("--no-wait"))?;
    Ok(if arguments.has("--no-wait") { Value::Null } else { printed(MODEL, &vault) })
}

/// The request for a new vault, its fields in the order of the real client (transcripts 15 and 57).
fn body(arguments: &Arguments, location: &str, tenant: &str, owner: Option<&str>) -> Result<Value, Failure> {
    let days = match arguments.get("--retention-days") {
        None => RETENTION_DAYS,
        Some(days) => days.trim().parse().map_err(|_| {
            let quoted = crate::applets::az::parse::python_text(days);
            Failure::Refused(format!("invalid literal for int() with base 10: {quoted}"))
        })?,
    };
    let all = json!(["all"]);
    let policies = owner.map(|owner| {
        json!([{ "tenantId": tenant, "objectId": owner,
            "permissions": { "keys": all, "secrets": all, "certificates": all, "storage": all } }])
    });
    let mut properties = json!({
        "tenantId": tenant,
        "sku": { "name": arguments.get("--sku").unwrap_or("standard"), "family": "A" },
        "accessPolicies": policies.unwrap_or_else(|| json!([])),
    });
    let switches = [
        ("enabledForDeployment", "--enabled-for-deployment"),
        ("enabledForDiskEncryption", "--enabled-for-disk-encryption"),
        ("enabledForTemplateDeployment", "--enabled-for-template-deployment"),
    ];
    for (key, option) in switches {
        if let Some(truth) = arguments.truth(option) {
            properties[key] = json!(truth);
        }
    }
    properties["enableRbacAuthorization"] = json!(arguments.truth("--enable-rbac-authorization").unwrap_or(true));
    properties["enableSoftDelete"] = json!(true);
    if let Some(truth) = arguments.truth("--enable-purge-protection") {
        properties["enablePurgeProtection"] = json!(truth);
    }
    properties["softDeleteRetentionInDays"] = json!(days);
    if let Some(access) = arguments.get("--public-network-access") {
        properties["publicNetworkAccess"] = json!(access);
    }
    let bypass = arguments.get("--bypass").unwrap_or("AzureServices");
    properties["networkAcls"] = json!({ "bypass": bypass, "defaultAction": arguments.get("--default-action").unwrap_or("Allow") });
    let mut body = json!({ "location": location });
    if let Some(tags) = tags_of(arguments) {
        body["tags"] = tags;
    }
    body["properties"] = properties;
    Ok(body)
}

fn show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let path = found(session, arguments)?;
    Ok(printed(MODEL, &session.fetch(&Call::arm(Method::GET, &format!("{path}?{API}")))?))
}

/// The vaults of a group or of the subscription. The real command also asks for managed HSMs and swallows all errors, so a group that does
/// not exist has no vaults; here no HSMs are asked for.
fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let kind = arguments.get("--resource-type");
    match kind {
        None | Some("vault") => {}
        Some("hsm") => return Err(Failure::unsupported_option("keyvault list", "--resource-type hsm")),
        Some(other) => return Err(Failure::Refused(format!("Unsupported resource type: {other}"))),
    }
    let call = match arguments.get("--resource-group").filter(|group| !group.is_empty()) {
        Some(group) => format!("{}/providers/Microsoft.KeyVault/vaults?{API}", session.group_scope(group)?),
        None => {
            let filter = query_encoded("resourceType eq 'Microsoft.KeyVault/vaults'");
            format!("{}/resources?$filter={filter}&api-version=2015-11-01", session.scope()?)
        }
    };
    let in_group = call.contains("/vaults?");
    let generic = |mut vault: Value| {
        let data = vault["systemData"].take();
        vault["systemData"] = data;
        vault
    };
    match session.list(&Call::arm(Method::GET, &call)) {
        Ok(vaults) => Ok(vaults.into_iter().map(|vault| if in_group { printed(MODEL, &vault) } else { generic(vault) }).collect()),
        Err(Failure::Service { .. }) if kind.is_none() => Ok(json!([])),
        Err(failure) => Err(failure),
    }
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    if arguments.get("--name").is_none_or(str::is_empty) {
        found(session, arguments)?;
    }
    session.warn(
        "Warning! If you have soft-delete protection enabled on this key vault, you will not be able to reuse this key vault name until the key \
         vault has been purged from the soft deleted state. Please see the following documentation for additional guidance.\n\
         https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview",
    );
    let path = found(session, arguments)?;
    session.fetch(&Call::arm(Method::DELETE, &format!("{path}?{API}")))?;
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::az::parse::parse;
    use crate::applets::az::table::options_of;
    use crate::applets::render::json::line;

    #[track_caller]
    fn check(words: &str, owner: Option<&str>, expected: &str) {
        let words = shlex::split(words).expect("words");
        let arguments = parse("keyvault create", &words, &options_of("keyvault create").expect("emulated")).expect("valid");
        assert_eq!(line(&body(&arguments, "centralindia", "t", owner).expect("a body")), expected);
    }

    #[test]
    fn the_body_of_a_new_vault_is_that_of_the_real_command() {
        check(
            "-g g -n v --enable-purge-protection --enable-rbac-authorization",
            None,
            concat!(
                r#"{"location": "centralindia", "properties": {"tenantId": "t", "sku": {"name": "standard", "family": "A"}, "#,
                r#""accessPolicies": [], "enableRbacAuthorization": true, "enableSoftDelete": true, "enablePurgeProtection": true, "#,
                r#""softDeleteRetentionInDays": 90, "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"}}}"#
            ),
        );
        check(
            "-g g -n v --enable-rbac-authorization false",
            Some("o"),
            concat!(
                r#"{"location": "centralindia", "properties": {"tenantId": "t", "sku": {"name": "standard", "family": "A"}, "#,
                r#""accessPolicies": [{"tenantId": "t", "objectId": "o", "permissions": {"keys": ["all"], "secrets": ["all"], "#,
                r#""certificates": ["all"], "storage": ["all"]}}], "enableRbacAuthorization": false, "enableSoftDelete": true, "#,
                r#""softDeleteRetentionInDays": 90, "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"}}}"#
            ),
        );
    }
}
