//! Vaults and secrets as stored. No HTTP, no time read.

use jiff::Timestamp;

/// Tags, in the order given.
pub(crate) type Tags = Vec<(String, String)>;

/// Every vault, the deleted ones that can still be recovered, and the purges under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// In the order of their creation.
    pub(crate) vaults: Vec<Vault>,
    /// In the order of their deletion.
    pub(crate) deleted: Vec<DeletedVault>,
    /// In the order of their start; finished ones stay readable.
    pub(crate) purges: Vec<Purge>,
}

/// A vault, with what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    pub(crate) subscription: String,
    /// The resource group, spelled as its creator spelled it.
    pub(crate) group: String,
    pub(crate) name: String,
    /// As given: `eastus` or `East US`.
    pub(crate) location: String,
    pub(crate) tags: Tags,
    pub(crate) tenant_id: String,
    pub(crate) sku: Sku,
    pub(crate) access_policies: Vec<AccessPolicy>,
    pub(crate) enabled_for_deployment: bool,
    /// None: never said, and not echoed.
    pub(crate) enabled_for_disk_encryption: Option<bool>,
    /// None: never said, and not echoed.
    pub(crate) enabled_for_template_deployment: Option<bool>,
    /// Azure RBAC decides on secrets; else access policies do. None: never said, not echoed, and access policies.
    pub(crate) rbac: Option<bool>,
    pub(crate) purge_protection: bool,
    /// 7 to 90.
    pub(crate) retention_days: i64,
    pub(crate) public_network: bool,
    pub(crate) network: NetworkRules,
    pub(crate) stamp: Stamp,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) deleted_secrets: Vec<DeletedSecret>,
}

/// The service tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sku {
    Standard,
    Premium,
}

/// What one principal may do in a vault without Azure RBAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessPolicy {
    pub(crate) tenant_id: String,
    pub(crate) object_id: String,
    pub(crate) application_id: Option<String>,
    pub(crate) keys: Option<Vec<String>>,
    pub(crate) secrets: Option<Vec<String>>,
    pub(crate) certificates: Option<Vec<String>>,
    pub(crate) storage: Option<Vec<String>>,
}

/// Who may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetworkRules {
    /// `AzureServices` or `None`.
    pub(crate) bypass: String,
    /// What happens to an address that no rule names.
    pub(crate) allow_by_default: bool,
    /// Addresses and ranges in CIDR notation, as given.
    pub(crate) addresses: Vec<String>,
    /// Ids of subnets.
    pub(crate) subnets: Vec<String>,
}

impl Default for NetworkRules {
    fn default() -> Self {
        Self { bypass: "AzureServices".to_owned(), allow_by_default: true, addresses: Vec::new(), subnets: Vec::new() }
    }
}

/// Who made and changed it, and when (`systemData`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) created_by: Author,
    pub(crate) created: Timestamp,
    pub(crate) modified_by: Author,
    pub(crate) modified: Timestamp,
}

/// Somebody as `systemData` names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    /// Sign-in name of a user, application id of an application.
    pub(crate) name: String,
    /// `User` or `Application`.
    pub(crate) kind: &'static str,
}

/// A vault that was deleted and not purged.
#[derive(Clone, Debug)]
pub(crate) struct DeletedVault {
    pub(crate) vault: Vault,
    pub(crate) deleted: Timestamp,
    /// When the service purges it by itself.
    pub(crate) purged: Timestamp,
    /// Set while somebody's purge is under way: when it ends.
    pub(crate) purging: Option<Timestamp>,
}

/// A purge that somebody asked for.
#[derive(Clone, Debug)]
pub(crate) struct Purge {
    /// What the operation URL ends in.
    pub(crate) token: String,
    /// The vault's name.
    pub(crate) vault: String,
    pub(crate) subscription: String,
    pub(crate) started: Timestamp,
}

/// A secret with its versions.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    pub(crate) name: String,
    /// Oldest first, never empty.
    pub(crate) versions: Vec<SecretVersion>,
    /// When it was last recovered.
    pub(crate) recovered: Option<Timestamp>,
}

/// One value that a secret had.
#[derive(Clone, Debug)]
pub(crate) struct SecretVersion {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) value: SecretValue,
    pub(crate) content_type: Option<String>,
    pub(crate) enabled: bool,
    /// Seconds since 1970. Informative: reading works outside of them (about-secrets page).
    pub(crate) not_before: Option<i64>,
    /// Seconds since 1970.
    pub(crate) expires: Option<i64>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// None: never given, and not echoed.
    pub(crate) tags: Option<Tags>,
}

/// A secret's value, which no debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretValue(pub(crate) String);

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A secret that was deleted and not purged.
#[derive(Clone, Debug)]
pub(crate) struct DeletedSecret {
    pub(crate) secret: Secret,
    pub(crate) deleted: Timestamp,
    /// When the service purges it by itself.
    pub(crate) purged: Timestamp,
}

impl Model {
    /// The vault of that subscription, group and name; names compare without case.
    pub(crate) fn find(&self, subscription: &str, group: &str, name: &str) -> Option<&Vault> {
        self.vaults.iter().find(|vault| vault.is(subscription, group, name))
    }

    /// The vault of that name, wherever it is: names are unique in the world.
    pub(crate) fn by_name(&self, name: &str) -> Option<&Vault> {
        self.vaults.iter().find(|vault| vault.name.eq_ignore_ascii_case(name))
    }

    /// The same, to change it.
    pub(crate) fn by_name_mut(&mut self, name: &str) -> Option<&mut Vault> {
        self.vaults.iter_mut().find(|vault| vault.name.eq_ignore_ascii_case(name))
    }

    /// The deleted vault of that name.
    pub(crate) fn deleted_by_name(&self, name: &str) -> Option<&DeletedVault> {
        self.deleted.iter().find(|deleted| deleted.vault.name.eq_ignore_ascii_case(name))
    }
}

impl Vault {
    /// Whether these name it, without case.
    pub(crate) fn is(&self, subscription: &str, group: &str, name: &str) -> bool {
        self.subscription.eq_ignore_ascii_case(subscription)
            && self.group.eq_ignore_ascii_case(group)
            && self.name.eq_ignore_ascii_case(name)
    }

    /// The resource id (recorded: `resourceGroups`).
    pub(crate) fn id(&self) -> String {
        format!("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.KeyVault/vaults/{}", self.subscription, self.group, self.name)
    }

    /// `https://NAME.vault.azure.net`, without a final slash.
    pub(crate) fn address(&self) -> String {
        format!("https://{}.vault.azure.net", self.name.to_ascii_lowercase())
    }

    /// Whether Azure RBAC decides on its contents.
    pub(crate) fn uses_rbac(&self) -> bool {
        self.rbac == Some(true)
    }

    /// What happens to deleted secrets. Recorded for 7 to 89 days and for 90; without `+Purgeable` under purge protection by the
    /// documentation of `DeletionRecoveryLevel`.
    pub(crate) fn recovery_level(&self) -> &'static str {
        match (self.retention_days < 90, self.purge_protection) {
            (true, false) => "CustomizedRecoverable+Purgeable",
            (true, true) => "CustomizedRecoverable",
            (false, false) => "Recoverable+Purgeable",
            (false, true) => "Recoverable",
        }
    }

    /// The secret of that name; names compare without case.
    pub(crate) fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.iter().find(|secret| secret.name.eq_ignore_ascii_case(name))
    }

    /// The deleted secret of that name.
    pub(crate) fn deleted_secret(&self, name: &str) -> Option<&DeletedSecret> {
        self.deleted_secrets.iter().find(|deleted| deleted.secret.name.eq_ignore_ascii_case(name))
    }
}

impl Secret {
    /// The newest version.
    pub(crate) fn latest(&self) -> &SecretVersion {
        self.versions.last().expect("a secret is made with its first version and loses none")
    }

    /// The version of that id, the newest one for an empty id.
    pub(crate) fn version(&self, id: &str) -> Option<&SecretVersion> {
        if id.is_empty() { Some(self.latest()) } else { self.versions.iter().find(|version| version.id.eq_ignore_ascii_case(id)) }
    }
}

impl Sku {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }

    /// Reads the word on the wire, without case.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Standard, Self::Premium].into_iter().find(|sku| sku.as_str().eq_ignore_ascii_case(word))
    }
}
