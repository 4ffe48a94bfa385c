//! The rules of the control plane: creating, changing and finding vaults.

use jiff::Timestamp;

use super::faults;
use super::model::{Author, Sku, Stamp, Vault};
use super::names::is_vault_name;
use super::recycle;
use super::vault_body::VaultRequest;
use crate::cloud::arm::tracked as arm;
use crate::cloud::fault::Fault;
use crate::cloud::identity::caller::{Caller, CallerKind, EntraCaller};
use crate::cloud::profile::Profile;
use crate::cloud::state::State;

/// Where a vault is, or is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) subscription: &'a str,
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
}

/// What a PUT needs to know besides the body.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) now: Timestamp,
    pub(crate) api_version: &'a str,
    pub(crate) profile: &'a Profile,
}

/// Creates the vault, changes the one that is there, or brings back a deleted one.
///
/// # Errors
/// A name that is bad or taken, a missing group, a property that cannot be taken back.
pub(crate) fn put(state: &mut State, place: Place<'_>, terms: Terms<'_>, request: VaultRequest) -> Result<Vault, Fault> {
    let group = arm::require_writable_group(state, place.subscription, place.group)?.name.clone();
    if let Some(vault) = state.keyvault.find(place.subscription, place.group, place.name) {
        if let Some(location) = request.location.as_deref().filter(|location| !arm::is_same_location(location, &vault.location)) {
            return Err(arm::other_location(&vault.name, &vault.location, &vault.group, location));
        }
        return change(state, place, terms, request, Put::Whole);
    }
    if !is_vault_name(place.name) {
        return Err(faults::vault_name_not_valid(place.name));
    }
    if state.keyvault.by_name(place.name).is_some() {
        return Err(faults::vault_already_exists(place.name));
    }
    if request.recover {
        return recycle::recover(state, place, author(terms.caller), terms.now);
    }
    if state.keyvault.deleted_by_name(place.name).is_some() {
        return Err(faults::soft_deleted_conflict());
    }
    let vault = new_vault(state, place, &group, terms, request)?;
    state.keyvault.vaults.push(vault.clone());
    Ok(vault)
}

fn new_vault(state: &State, place: Place<'_>, group: &str, terms: Terms<'_>, request: VaultRequest) -> Result<Vault, Fault> {
    let location = request.location.clone().ok_or_else(arm::location_required)?;
    arm::require_region(&location, "Microsoft.KeyVault/vaults")?;
    check_irreversible(&request)?;
    let tenant_id = tenant(state, &request)?;
    let retention_days = request.retention_days.unwrap_or(90);
    if !(7..=90).contains(&retention_days) {
        return Err(faults::retention_out_of_range(retention_days));
    }
    // Key Vault documentation: RBAC is the default of vaults created with api-version 2026-02-01 or later. Dates compare as text.
    let rbac_by_default = terms.api_version >= terms.profile.vault_rbac_default_from_api;
    let author = author(terms.caller);
    Ok(Vault {
        subscription: place.subscription.to_owned(),
        group: group.to_owned(),
        name: place.name.to_owned(),
        location,
        tags: request.tags.unwrap_or_default(),
        tenant_id,
        sku: request.sku.unwrap_or(Sku::Standard),
        access_policies: request.access_policies.unwrap_or_default(),
        enabled_for_deployment: request.enabled_for_deployment.unwrap_or(false),
        enabled_for_disk_encryption: request.enabled_for_disk_encryption,
        enabled_for_template_deployment: request.enabled_for_template_deployment,
        rbac: request.rbac.or(rbac_by_default.then_some(true)),
        purge_protection: request.purge_protection == Some(true),
        retention_days,
        public_network: request.public_network.unwrap_or(true),
        network: request.network.unwrap_or_default(),
        stamp: Stamp { created_by: author.clone(), created: terms.now, modified_by: author, modified: terms.now },
        secrets: Vec::new(),
        deleted_secrets: Vec::new(),
    })
}

/// How much of a vault a write replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// PUT: what is not said goes back to its default, but for what cannot be taken back.
    Whole,
    /// PATCH: what is not said stays.
    Part,
}

/// Changes a vault that is there.
///
/// # Errors
/// A missing vault, a property that cannot be taken back, a change of the permission model without the right to assign roles.
pub(crate) fn change(state: &mut State, place: Place<'_>, terms: Terms<'_>, request: VaultRequest, put: Put) -> Result<Vault, Fault> {
    check_irreversible(&request)?;
    let tenant_id = if put == Put::Whole { Some(tenant(state, &request)?) } else { request.tenant_id.clone() };
    let vault = find(state, place)?;
    if request.retention_days.is_some_and(|days| days != vault.retention_days) {
        return Err(faults::retention_is_fixed());
    }
    if request.rbac.is_some_and(|rbac| rbac != vault.uses_rbac()) {
        // RBAC guide: changing the permission model needs the unrestricted right to assign roles. Assumed: it is refused like any
        // missing action.
        let scope = vault.id();
        crate::cloud::identity::authorize::require_action(state, terms.caller, "Microsoft.Authorization/roleAssignments/write", &scope)?;
    }
    let author = author(terms.caller);
    let vault = state.keyvault.by_name_mut(place.name).ok_or_else(|| not_found(place))?;
    let whole = put == Put::Whole;
    vault.tenant_id = tenant_id.unwrap_or_else(|| vault.tenant_id.clone());
    replace(&mut vault.tags, request.tags, whole);
    replace(&mut vault.access_policies, request.access_policies, whole);
    replace(&mut vault.enabled_for_deployment, request.enabled_for_deployment, whole);
    vault.enabled_for_disk_encryption = request.enabled_for_disk_encryption.or(vault.enabled_for_disk_encryption);
    vault.enabled_for_template_deployment = request.enabled_for_template_deployment.or(vault.enabled_for_template_deployment);
    vault.rbac = request.rbac.or(vault.rbac);
    vault.sku = request.sku.unwrap_or(vault.sku);
    vault.purge_protection |= request.purge_protection == Some(true);
    vault.public_network = request.public_network.unwrap_or(vault.public_network || whole);
    replace(&mut vault.network, request.network, whole);
    vault.stamp.modified_by = author;
    vault.stamp.modified = terms.now;
    Ok(vault.clone())
}

fn replace<T: Default>(current: &mut T, given: Option<T>, whole: bool) {
    match given {
        Some(value) => *current = value,
        None if whole => *current = T::default(),
        None => {}
    }
}

fn check_irreversible(request: &VaultRequest) -> Result<(), Fault> {
    if request.purge_protection == Some(false) {
        return Err(faults::purge_protection_is_irreversible());
    }
    // Soft-delete overview: soft delete can no longer be left out of new vaults, nor taken out of old ones.
    if request.soft_delete == Some(false) { Err(faults::soft_delete_is_irreversible()) } else { Ok(()) }
}

fn tenant(state: &State, request: &VaultRequest) -> Result<String, Fault> {
    let own = &state.directory.tenant.id;
    match &request.tenant_id {
        Some(given) if given.eq_ignore_ascii_case(own) => Ok(own.clone()),
        // Assumed: the wording of the refusal of a missing or foreign tenant.
        _ => Err(faults::bad_property("tenantId")),
    }
}

/// The vault, or the gateway's 404 (recorded). A missing group is said first.
///
/// # Errors
/// `ResourceGroupNotFound`, `ResourceNotFound`.
pub(crate) fn find<'a>(state: &'a State, place: Place<'_>) -> Result<&'a Vault, Fault> {
    arm::require_group(state, place.subscription, place.group)?;
    state.keyvault.find(place.subscription, place.group, place.name).ok_or_else(|| not_found(place))
}

fn not_found(place: Place<'_>) -> Fault {
    arm::resource_not_found("Microsoft.KeyVault/vaults", place.name, place.group)
}

/// Who writes, as `systemData` names them.
pub(crate) fn author(caller: &Caller) -> Author {
    let (name, kind) = match caller.entra() {
        Some(EntraCaller { kind: CallerKind::User, name, .. }) => (name.clone(), "User"),
        Some(EntraCaller { app_id, .. }) => (app_id.clone(), "Application"),
        None => (String::new(), "Application"),
    };
    Author { name, kind }
}

/// The vault that a data-plane host names.
pub(crate) fn by_host<'a>(state: &'a State, host: &str) -> Option<&'a Vault> {
    state.keyvault.by_name(host.strip_suffix(".vault.azure.net")?)
}

/// Whether a data-plane host can be reached. Assumed: a vault's name resolves as soon as the vault is there.
pub(crate) fn host_exists(state: &State, host: &str) -> bool {
    by_host(state, host).is_some()
}

/// Every vault that `chosen` wants, ordered by resource group and then name, without case (recorded).
pub(crate) fn list(state: &State, chosen: impl Fn(&Vault) -> bool) -> Vec<&Vault> {
    let mut vaults: Vec<_> = state.keyvault.vaults.iter().filter(|vault| chosen(vault)).collect();
    vaults.sort_by_key(|vault| (vault.group.to_lowercase(), vault.name.to_lowercase()));
    vaults
}

/// Whether a name is free, and the sentence when it is not: taken, deleted but kept, or no name at all.
pub(crate) fn name_availability(state: &State, name: &str) -> Result<(), (&'static str, String)> {
    if !is_vault_name(name) {
        return Err(("AccountNameInvalid", faults::vault_name_not_valid(name).message().to_owned()));
    }
    if state.keyvault.by_name(name).is_some() || state.keyvault.deleted_by_name(name).is_some() {
        return Err(("AlreadyExists", faults::already_in_use(name)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[test]
    fn a_whole_write_resets_what_it_does_not_say_and_a_part_keeps_it() {
        let mut value = true;
        replace(&mut value, None, false);
        assert!(value);
        replace(&mut value, None, true);
        assert!(!value);
    }
}
