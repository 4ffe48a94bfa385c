//! Vaults as the control plane writes them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::lifecycle;
use super::model::{AccessPolicy, DeletedVault, NetworkRules, Purge, Tags, Vault};
use crate::cloud::clock::whole_seconds;

/// A vault. Recorded: the order of keys; `vaultUri` without a final slash while its name is being registered; `networkAcls` that are
/// only the defaults are left out, and so is every `enable…` that was never said. Assumed: the places of `networkAcls`,
/// `enableRbacAuthorization` and `enablePurgeProtection`.
pub(crate) fn vault(vault: &Vault, now: Timestamp) -> Value {
    let phase = lifecycle::of_vault(vault, now);
    let mut properties = Map::new();
    properties.insert("sku".into(), json!({"family": "A", "name": vault.sku.as_str()}));
    properties.insert("tenantId".into(), json!(vault.tenant_id));
    if vault.network != NetworkRules::default() {
        properties.insert("networkAcls".into(), network(&vault.network));
    }
    properties.insert("accessPolicies".into(), vault.access_policies.iter().map(policy).collect());
    properties.insert("enabledForDeployment".into(), json!(vault.enabled_for_deployment));
    let mut optional = |name: &str, value: Option<bool>| {
        if let Some(value) = value {
            properties.insert(name.into(), json!(value));
        }
    };
    optional("enabledForDiskEncryption", vault.enabled_for_disk_encryption);
    optional("enabledForTemplateDeployment", vault.enabled_for_template_deployment);
    optional("enableSoftDelete", Some(true));
    properties.insert("softDeleteRetentionInDays".into(), json!(vault.retention_days));
    let mut optional = |name: &str, value: Option<bool>| {
        if let Some(value) = value {
            properties.insert(name.into(), json!(value));
        }
    };
    optional("enableRbacAuthorization", vault.rbac);
    optional("enablePurgeProtection", vault.purge_protection.then_some(true));
    let slash = if phase.is_final() { "/" } else { "" };
    properties.insert("vaultUri".into(), json!(format!("{}{slash}", vault.address())));
    properties.insert("provisioningState".into(), json!(phase.state));
    properties.insert("publicNetworkAccess".into(), json!(if vault.public_network { "Enabled" } else { "Disabled" }));
    json!({
        "id": vault.id(),
        "name": vault.name,
        "type": "Microsoft.KeyVault/vaults",
        "location": vault.location,
        "tags": tags(&vault.tags),
        "systemData": {
            "createdBy": vault.stamp.created_by.name,
            "createdByType": vault.stamp.created_by.kind,
            "createdAt": milliseconds(vault.stamp.created),
            "lastModifiedBy": vault.stamp.modified_by.name,
            "lastModifiedByType": vault.stamp.modified_by.kind,
            "lastModifiedAt": milliseconds(vault.stamp.modified),
        },
        "properties": properties,
    })
}

/// A deleted vault. Recorded: whole seconds; `purgeProtectionEnabled` only when true; the location of the id in short form.
pub(crate) fn deleted(deleted: &DeletedVault) -> Value {
    let vault = &deleted.vault;
    let mut properties = Map::new();
    properties.insert("vaultId".into(), json!(vault.id()));
    properties.insert("location".into(), json!(vault.location));
    properties.insert("tags".into(), tags(&vault.tags));
    properties.insert("deletionDate".into(), json!(whole_seconds(deleted.deleted)));
    properties.insert("scheduledPurgeDate".into(), json!(whole_seconds(deleted.purged)));
    if vault.purge_protection {
        properties.insert("purgeProtectionEnabled".into(), json!(true));
    }
    json!({
        "id": format!(
            "/subscriptions/{}/providers/Microsoft.KeyVault/locations/{}/deletedVaults/{}",
            vault.subscription,
            short_location(&vault.location),
            vault.name
        ),
        "name": vault.name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": properties,
    })
}

/// A purge, as its operation URL tells of it. Recorded: a space instead of the `T`; `lastActionDateTime` when it is over.
pub(crate) fn purge(purge: &Purge, now: Timestamp) -> Value {
    let phase = lifecycle::of_purge(purge, now);
    let date = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let mut body = Map::new();
    body.insert("createdDateTime".into(), json!(date(purge.started)));
    if phase.is_final() {
        body.insert("lastActionDateTime".into(), json!(date(lifecycle::purge_end(purge.started))));
    }
    body.insert("status".into(), json!(phase.state));
    Value::Object(body)
}

/// `East US` and `eastus` are one place; ids have the short form.
pub(crate) fn short_location(location: &str) -> String {
    location.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
}

fn tags(tags: &Tags) -> Value {
    tags.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()
}

fn policy(policy: &AccessPolicy) -> Value {
    let mut permissions = Map::new();
    let kinds =
        [("keys", &policy.keys), ("secrets", &policy.secrets), ("certificates", &policy.certificates), ("storage", &policy.storage)];
    for (name, words) in kinds {
        if let Some(words) = words {
            permissions.insert(name.into(), json!(words));
        }
    }
    let mut body = Map::new();
    body.insert("tenantId".into(), json!(policy.tenant_id));
    body.insert("objectId".into(), json!(policy.object_id));
    if let Some(application) = &policy.application_id {
        body.insert("applicationId".into(), json!(application));
    }
    body.insert("permissions".into(), permissions.into());
    Value::Object(body)
}

fn network(rules: &NetworkRules) -> Value {
    json!({
        "bypass": rules.bypass,
        "defaultAction": if rules.allow_by_default { "Allow" } else { "Deny" },
        "ipRules": rules.addresses.iter().map(|value| json!({"value": value})).collect::<Vec<_>>(),
        "virtualNetworkRules": rules.subnets.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(),
    })
}

/// Milliseconds with trailing zeros dropped, as `systemData` of a vault has them (recorded: `.04Z`).
fn milliseconds(at: Timestamp) -> String {
    let fraction = format!("{:03}", at.subsec_millisecond());
    let fraction = fraction.trim_end_matches('0');
    let seconds = at.strftime("%Y-%m-%dT%H:%M:%S");
    if fraction.is_empty() { format!("{seconds}Z") } else { format!("{seconds}.{fraction}Z") }
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, short_location};

    #[test]
    fn milliseconds_drop_their_trailing_zeros() {
        for (given, expected) in [
            ("2022-04-07T07:21:51.04Z", "2022-04-07T07:21:51.04Z"),
            ("2022-04-07T07:21:51.0419Z", "2022-04-07T07:21:51.041Z"),
            ("2022-04-07T07:21:51Z", "2022-04-07T07:21:51Z"),
        ] {
            assert_eq!(milliseconds(given.parse().unwrap()), expected);
        }
        assert_eq!(short_location("North Central US"), "northcentralus");
    }
}
