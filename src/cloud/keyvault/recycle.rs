//! Deleted vaults: soft delete, recovery, purge.

use jiff::{SignedDuration, Timestamp};

use super::faults;
use super::lifecycle;
use super::model::{Author, DeletedVault, Purge, Vault};
use super::vaults::Place;
use crate::cloud::arm::tracked::is_same_location;
use crate::cloud::authorization;
use crate::cloud::fault::Fault;
use crate::cloud::identity::azure_rbac::is_at_or_below;
use crate::cloud::state::State;

/// Deletes the vault; it can be recovered until its retention is over. Its role assignments go and do not come back (soft-delete
/// overview).
///
/// # Errors
/// `ResourceNotFound`.
pub(crate) fn delete(state: &mut State, place: Place<'_>, now: Timestamp) -> Result<(), Fault> {
    super::vaults::find(state, place)?;
    delete_where(state, now, |vault| vault.is(place.subscription, place.group, place.name));
    Ok(())
}

/// Deletes every vault of the resource group `scope`: they can be recovered like vaults deleted one by one.
pub(crate) fn delete_group(state: &mut State, scope: &str, now: Timestamp) {
    delete_where(state, now, |vault| is_at_or_below(&vault.id(), scope));
}

fn delete_where(state: &mut State, now: Timestamp, leaves: impl Fn(&Vault) -> bool) {
    let (gone, kept) = std::mem::take(&mut state.keyvault.vaults).into_iter().partition(|vault| leaves(vault));
    state.keyvault.vaults = kept;
    let gone: Vec<Vault> = gone;
    for vault in gone {
        authorization::delete_scope(state, &vault.id());
        let purged = days_later(now, vault.retention_days);
        state.keyvault.deleted.push(DeletedVault { vault, deleted: now, purged, purging: None });
    }
}

/// `days` after `at`, clamped to the last representable instant.
pub(crate) fn days_later(at: Timestamp, days: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(days * 24)).unwrap_or(Timestamp::MAX)
}

/// Brings a deleted vault back as it was, secrets and access policies included; recorded: `Succeeded` at once.
///
/// # Errors
/// `SoftDeletedVaultDoesNotExist`, also when it was deleted from elsewhere. Assumed for the latter.
pub(crate) fn recover(state: &mut State, place: Place<'_>, author: Author, now: Timestamp) -> Result<Vault, Fault> {
    let same = |deleted: &DeletedVault| deleted.vault.is(place.subscription, place.group, place.name) && deleted.purging.is_none();
    let position = state.keyvault.deleted.iter().position(same).ok_or_else(faults::soft_deleted_missing)?;
    let mut vault = state.keyvault.deleted.remove(position).vault;
    vault.stamp.modified_by = author;
    vault.stamp.modified = now;
    state.keyvault.vaults.push(vault.clone());
    Ok(vault)
}

/// The deleted vault of that name and place.
///
/// # Errors
/// `DeletedVaultNotFound`.
pub(crate) fn find<'a>(state: &'a State, subscription: &str, location: &str, name: &str) -> Result<&'a DeletedVault, Fault> {
    state
        .keyvault
        .deleted_by_name(name)
        .filter(|deleted| {
            deleted.vault.subscription.eq_ignore_ascii_case(subscription) && is_same_location(&deleted.vault.location, location)
        })
        .ok_or_else(|| faults::deleted_vault_not_found(name))
}

/// Starts to destroy a deleted vault for good; the same purge is told again while it lasts. Assumed for the latter.
///
/// # Errors
/// `DeletedVaultNotFound`; `MethodNotAllowed` under purge protection.
pub(crate) fn purge(state: &mut State, subscription: &str, location: &str, name: &str, now: Timestamp) -> Result<Purge, Fault> {
    let deleted = find(state, subscription, location, name)?;
    if deleted.vault.purge_protection {
        return Err(faults::purge_not_allowed());
    }
    if deleted.purging.is_some()
        && let Some(running) = state.keyvault.purges.iter().rev().find(|purge| purge.vault.eq_ignore_ascii_case(name))
    {
        return Ok(running.clone());
    }
    let token = state.ids.hex(&format!("purge {}", name.to_lowercase()), 24);
    let purge = Purge { token, vault: name.to_owned(), subscription: subscription.to_owned(), started: now };
    for deleted in &mut state.keyvault.deleted {
        if deleted.vault.name.eq_ignore_ascii_case(name) {
            deleted.purging = Some(lifecycle::purge_end(now));
        }
    }
    state.keyvault.purges.push(purge.clone());
    Ok(purge)
}
