//! The JSON that creates or changes a vault, read.

use serde_json::{Map, Value};

use super::faults;
use super::model::{AccessPolicy, NetworkRules, Sku, Tags};
use crate::cloud::fault::Fault;

/// What a client asks for; what it does not say is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct VaultRequest {
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Tags>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) sku: Option<Sku>,
    pub(crate) access_policies: Option<Vec<AccessPolicy>>,
    pub(crate) enabled_for_deployment: Option<bool>,
    pub(crate) enabled_for_disk_encryption: Option<bool>,
    pub(crate) enabled_for_template_deployment: Option<bool>,
    pub(crate) rbac: Option<bool>,
    pub(crate) soft_delete: Option<bool>,
    pub(crate) purge_protection: Option<bool>,
    pub(crate) retention_days: Option<i64>,
    pub(crate) public_network: Option<bool>,
    pub(crate) network: Option<NetworkRules>,
    /// `createMode: recover`: bring the deleted vault of that name back.
    pub(crate) recover: bool,
}

/// Reads the body of a PUT or PATCH. Members that are null count as absent; unknown ones are ignored, as the service does.
///
/// # Errors
/// The refusal that names the member that is missing or of the wrong form.
pub(crate) fn read(body: &Value) -> Result<VaultRequest, Fault> {
    let root = body.as_object().ok_or_else(|| faults::bad_property("properties"))?;
    let empty = Map::new();
    let properties = object(root, "properties")?.unwrap_or(&empty);
    Ok(VaultRequest {
        location: text(root, "location")?,
        tags: tags(root)?,
        tenant_id: text(properties, "tenantId")?,
        sku: object(properties, "sku")?.map(read_sku).transpose()?,
        access_policies: list(properties, "accessPolicies")?.map(|all| all.iter().map(read_policy).collect()).transpose()?,
        enabled_for_deployment: flag(properties, "enabledForDeployment")?,
        enabled_for_disk_encryption: flag(properties, "enabledForDiskEncryption")?,
        enabled_for_template_deployment: flag(properties, "enabledForTemplateDeployment")?,
        rbac: flag(properties, "enableRbacAuthorization")?,
        soft_delete: flag(properties, "enableSoftDelete")?,
        purge_protection: flag(properties, "enablePurgeProtection")?,
        retention_days: whole(properties, "softDeleteRetentionInDays")?,
        public_network: word(properties, "publicNetworkAccess", &[("Enabled", true), ("Disabled", false)])?,
        network: object(properties, "networkAcls")?.map(read_network).transpose()?,
        recover: word(properties, "createMode", &[("recover", true), ("default", false)])?.unwrap_or(false),
    })
}

fn read_sku(sku: &Map<String, Value>) -> Result<Sku, Fault> {
    let name = text(sku, "name")?.and_then(|name| Sku::parse(&name));
    name.ok_or_else(|| faults::bad_property("sku"))
}

fn read_policy(policy: &Value) -> Result<AccessPolicy, Fault> {
    let policy = policy.as_object().ok_or_else(|| faults::bad_property("accessPolicies"))?;
    let empty = Map::new();
    let permissions = object(policy, "permissions")?.unwrap_or(&empty);
    Ok(AccessPolicy {
        tenant_id: text(policy, "tenantId")?.ok_or_else(|| faults::bad_property("accessPolicies.tenantId"))?,
        object_id: text(policy, "objectId")?.ok_or_else(|| faults::bad_property("accessPolicies.objectId"))?,
        application_id: text(policy, "applicationId")?,
        keys: words(permissions, "keys")?,
        secrets: words(permissions, "secrets")?,
        certificates: words(permissions, "certificates")?,
        storage: words(permissions, "storage")?,
    })
}

fn read_network(rules: &Map<String, Value>) -> Result<NetworkRules, Fault> {
    let members = |name: &'static str, member: &'static str| -> Result<Vec<String>, Fault> {
        let all = list(rules, name)?.unwrap_or(&[]);
        all.iter().map(|rule| rule[member].as_str().map(str::to_owned).ok_or_else(|| faults::bad_property(name))).collect()
    };
    Ok(NetworkRules {
        bypass: text(rules, "bypass")?.unwrap_or_else(|| "AzureServices".to_owned()),
        allow_by_default: word(rules, "defaultAction", &[("Allow", true), ("Deny", false)])?.unwrap_or(true),
        addresses: members("ipRules", "value")?,
        subnets: members("virtualNetworkRules", "id")?,
    })
}

fn present<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn read_as<'a, T>(object: &'a Map<String, Value>, name: &str, as_kind: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>, Fault> {
    present(object, name).map(|value| as_kind(value).ok_or_else(|| faults::bad_property(name))).transpose()
}

fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>, Fault> {
    read_as(object, name, |value| value.as_str().map(str::to_owned))
}

fn flag(object: &Map<String, Value>, name: &str) -> Result<Option<bool>, Fault> {
    read_as(object, name, Value::as_bool)
}

fn whole(object: &Map<String, Value>, name: &str) -> Result<Option<i64>, Fault> {
    read_as(object, name, Value::as_i64)
}

fn object<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, Fault> {
    read_as(object, name, Value::as_object)
}

fn list<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a [Value]>, Fault> {
    read_as(object, name, |value| value.as_array().map(Vec::as_slice))
}

fn words(object: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Fault> {
    let all = list(object, name)?;
    all.map(|all| all.iter().map(|word| word.as_str().map(str::to_owned).ok_or_else(|| faults::bad_property(name))).collect()).transpose()
}

fn word(object: &Map<String, Value>, name: &str, meanings: &[(&str, bool)]) -> Result<Option<bool>, Fault> {
    read_as(object, name, |value| {
        let given = value.as_str()?;
        meanings.iter().find(|(word, _)| word.eq_ignore_ascii_case(given)).map(|(_, meaning)| *meaning)
    })
}

fn tags(root: &Map<String, Value>) -> Result<Option<Tags>, Fault> {
    let given = object(root, "tags")?;
    given
        .map(|tags| {
            let pairs = tags.iter().map(|(name, value)| value.as_str().map(|value| (name.clone(), value.to_owned())));
            pairs.collect::<Option<Tags>>().ok_or_else(|| faults::bad_property("tags"))
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn nulls_count_as_absent_and_wrong_types_are_refused_by_name() {
        let request = read(&json!({"location": "eastus", "properties": {"enablePurgeProtection": null, "networkAcls": null}})).unwrap();
        assert_eq!((request.purge_protection, request.network), (None, None));
        let fault = read(&json!({"properties": {"enablePurgeProtection": "yes"}})).unwrap_err();
        assert!(fault.message().contains("enablePurgeProtection"), "{}", fault.message());
        assert!(read(&json!([])).is_err());
        assert!(read(&json!({"properties": {"sku": {"name": "gold"}}})).is_err());
    }
}
