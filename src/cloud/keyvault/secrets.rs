//! The rules of the data plane: what may be done with secrets, and when.

use jiff::Timestamp;

use super::faults;
use super::lifecycle;
use super::model::{DeletedSecret, Secret, SecretValue, SecretVersion, Tags, Vault};
use super::names::is_secret_name;
use super::recycle::days_later;
use crate::cloud::fault::Fault;
use crate::cloud::state::State;

/// Longest value, in characters (about secrets: 25k bytes).
pub(crate) const VALUE_CHARS_MAX: usize = 25_600;

/// What a client may say about a version besides its value; what it does not say is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecretAttributes {
    pub(crate) content_type: Option<String>,
    pub(crate) enabled: Option<bool>,
    pub(crate) not_before: Option<i64>,
    pub(crate) expires: Option<i64>,
    pub(crate) tags: Option<Tags>,
}

/// Gives the secret a new version, and makes the secret when there is none. Returns the version's id.
///
/// # Errors
/// A bad name, a value that is too long, a secret of that name that is deleted or on its way.
pub(crate) fn set(
    state: &mut State,
    vault_name: &str,
    name: &str,
    value: String,
    attributes: SecretAttributes,
    now: Timestamp,
) -> Result<String, Fault> {
    check_name(name)?;
    if value.chars().count() > VALUE_CHARS_MAX {
        return Err(faults::value_too_long());
    }
    state.remember_secret(&value);
    let id = state.ids.hex(&format!("secret {vault_name}/{name}").to_lowercase(), 16);
    let vault = vault_mut(state, vault_name)?;
    check_not_deleted(vault, name, now)?;
    let version = SecretVersion {
        id: id.clone(),
        value: SecretValue(value),
        content_type: attributes.content_type,
        enabled: attributes.enabled.unwrap_or(true),
        not_before: attributes.not_before,
        expires: attributes.expires,
        created: now,
        updated: now,
        tags: attributes.tags,
    };
    match position(vault, name) {
        Some(at) if !lifecycle::of_secret(&vault.secrets[at], now).is_final() => return Err(faults::secret_is_being_recovered(name)),
        Some(at) => vault.secrets[at].versions.push(version),
        None => vault.secrets.push(Secret { name: name.to_owned(), versions: vec![version], recovered: None }),
    }
    Ok(id)
}

/// The secret, when it can be seen.
///
/// # Errors
/// A bad name, `SecretNotFound`.
pub(crate) fn find<'a>(vault: &'a Vault, name: &str, now: Timestamp) -> Result<&'a Secret, Fault> {
    check_name(name)?;
    vault.secret(name).filter(|secret| lifecycle::of_secret(secret, now).is_final()).ok_or_else(|| faults::secret_not_found(name))
}

/// The version of a secret, the newest one for an empty id. A value may be read outside of `nbf` and `exp` (about secrets).
///
/// # Errors
/// A bad name, `SecretNotFound`, `SecretDisabled`.
pub(crate) fn read<'a>(vault: &'a Vault, name: &str, version: &str, now: Timestamp) -> Result<(&'a Secret, &'a SecretVersion), Fault> {
    let secret = find(vault, name, now)?;
    let found = secret.version(version).ok_or_else(|| faults::secret_not_found(&format!("{name}/{version}")))?;
    if found.enabled { Ok((secret, found)) } else { Err(faults::secret_disabled()) }
}

/// Changes what is said about a version; its value stays. Returns the version's id.
///
/// # Errors
/// A bad name, `SecretNotFound`.
pub(crate) fn update(
    state: &mut State,
    vault_name: &str,
    name: &str,
    version: &str,
    attributes: SecretAttributes,
    now: Timestamp,
) -> Result<String, Fault> {
    let vault = vault_mut(state, vault_name)?;
    let id = {
        let secret = find(vault, name, now)?;
        let found = secret.version(version).ok_or_else(|| faults::secret_not_found(&format!("{name}/{version}")))?;
        found.id.clone()
    };
    let versions = vault.secrets.iter_mut().filter(|secret| secret.name.eq_ignore_ascii_case(name)).flat_map(|secret| &mut secret.versions);
    for found in versions.filter(|found| found.id == id) {
        found.content_type = attributes.content_type.clone().or(found.content_type.take());
        found.enabled = attributes.enabled.unwrap_or(found.enabled);
        found.not_before = attributes.not_before.or(found.not_before);
        found.expires = attributes.expires.or(found.expires);
        found.tags = attributes.tags.clone().or(found.tags.take());
        found.updated = now;
    }
    Ok(id)
}

/// Deletes a secret with all its versions; it can be recovered until the vault's retention is over.
///
/// # Errors
/// A bad name, `SecretNotFound`.
pub(crate) fn delete(state: &mut State, vault_name: &str, name: &str, now: Timestamp) -> Result<DeletedSecret, Fault> {
    let vault = vault_mut(state, vault_name)?;
    find(vault, name, now)?;
    let at = position(vault, name).ok_or_else(|| faults::secret_not_found(name))?;
    let deleted = DeletedSecret { secret: vault.secrets.remove(at), deleted: now, purged: days_later(now, vault.retention_days) };
    vault.deleted_secrets.push(deleted.clone());
    Ok(deleted)
}

/// Brings a deleted secret back.
///
/// # Errors
/// A bad name, a secret that is not deleted or not yet.
pub(crate) fn recover(state: &mut State, vault_name: &str, name: &str, now: Timestamp) -> Result<Secret, Fault> {
    let vault = vault_mut(state, vault_name)?;
    let at = deleted_position(vault, name, now)?;
    let mut secret = vault.deleted_secrets.remove(at).secret;
    secret.recovered = Some(now);
    vault.secrets.push(secret.clone());
    Ok(secret)
}

/// Destroys a deleted secret for good.
///
/// # Errors
/// A bad name, a secret that is not deleted or not yet, purge protection.
pub(crate) fn purge(state: &mut State, vault_name: &str, name: &str, now: Timestamp) -> Result<(), Fault> {
    let vault = vault_mut(state, vault_name)?;
    let at = deleted_position(vault, name, now)?;
    if vault.purge_protection {
        return Err(faults::purge_is_protected(vault));
    }
    vault.deleted_secrets.remove(at);
    Ok(())
}

fn check_name(name: &str) -> Result<(), Fault> {
    if is_secret_name(name) { Ok(()) } else { Err(faults::secret_name_not_valid(name)) }
}

fn check_not_deleted(vault: &Vault, name: &str, now: Timestamp) -> Result<(), Fault> {
    match vault.deleted_secret(name) {
        Some(deleted) if lifecycle::of_deleted_secret(deleted.deleted, now).is_final() => Err(faults::secret_is_deleted(name)),
        Some(_) => Err(faults::secret_is_being_deleted(name)),
        None => Ok(()),
    }
}

fn position(vault: &Vault, name: &str) -> Option<usize> {
    vault.secrets.iter().position(|secret| secret.name.eq_ignore_ascii_case(name))
}

fn deleted_position(vault: &Vault, name: &str, now: Timestamp) -> Result<usize, Fault> {
    check_name(name)?;
    let found = vault.deleted_secrets.iter().position(|deleted| deleted.secret.name.eq_ignore_ascii_case(name));
    let at = found.ok_or_else(|| faults::deleted_secret_not_found(name))?;
    if lifecycle::of_deleted_secret(vault.deleted_secrets[at].deleted, now).is_final() {
        Ok(at)
    } else {
        Err(faults::secret_is_being_deleted(name))
    }
}

fn vault_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Vault, Fault> {
    state.keyvault.by_name_mut(name).ok_or_else(|| Fault::new(404, "VaultNotFound", format!("The vault {name} does not exist.")))
}
