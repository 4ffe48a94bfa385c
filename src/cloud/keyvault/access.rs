//! Who may use what is in a vault: token, permission model, network rules.

use std::net::Ipv4Addr;

use super::faults;
use super::hints;
use super::model::{NetworkRules, Vault};
use super::vaults::by_host;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::Request;
use crate::cloud::identity::authorize::decide;
use crate::cloud::identity::azure_rbac::{Decision, Plane};
use crate::cloud::identity::caller::{Caller, EntraCaller};
use crate::cloud::identity::token::{self, Audience, Rejection};
use crate::cloud::observation::Observation;
use crate::cloud::state::State;

/// The address that every client seems to come from, out of the block that is kept for documentation.
const CLIENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);

/// Authenticates the request to the vault that its host names, and decides whether the caller may do `action` on what is at `below`
/// (`secrets/NAME`, empty for the vault itself).
///
/// # Errors
/// The challenge for a request without a token, the refusals of tokens, of the permission model and of the network rules.
pub(crate) fn authorize(state: &mut State, request: &Request, action: &str, below: &str) -> Result<Caller, Fault> {
    let tenant_id = state.directory.tenant.id.clone();
    let Some(vault) = by_host(state, &request.host).cloned() else {
        // Assumed: a real client fails earlier, because the name of a vault that is not there does not resolve.
        return Err(Fault::new(404, "VaultNotFound", format!("The host {} does not exist.", request.host)));
    };
    let bearer = request.bearer().ok_or_else(|| faults::token_missing(&tenant_id))?;
    let read = token::read(&state.directory, Audience::KeyVault, bearer, state.now());
    state.note_token("Key Vault", &read);
    let caller = read.map_err(|rejection| match rejection {
        Rejection::Audience(found) => faults::wrong_audience(&tenant_id, &found),
        Rejection::Tenant(found) => faults::wrong_issuer(&tenant_id, &found),
        Rejection::Expired(_) => faults::invalid_token(&tenant_id, "the token is expired"),
        Rejection::Invalid => faults::invalid_token(&tenant_id, "the token is not one of this tenant"),
        Rejection::Gone => faults::invalid_token(&tenant_id, "the principal of the token does not exist"),
    })?;
    check_network(&vault, &caller, action)?;
    if vault.uses_rbac() {
        check_roles(state, &vault, &caller, action, below)?;
    } else {
        check_policies(state, &vault, &caller, request, action)?;
    }
    Ok(Caller::Entra(caller))
}

fn check_network(vault: &Vault, caller: &EntraCaller, action: &str) -> Result<(), Fault> {
    if !vault.public_network {
        return Err(faults::forbidden_by_connection(vault, caller, action));
    }
    if admits(&vault.network, CLIENT_ADDRESS) {
        return Ok(());
    }
    Err(faults::forbidden_by_firewall(vault, caller, &CLIENT_ADDRESS.to_string()))
}

/// Whether rules let an address in. Subnets never do: nothing here runs in one.
fn admits(rules: &NetworkRules, address: Ipv4Addr) -> bool {
    rules.allow_by_default || rules.addresses.iter().any(|range| range_holds(range, address))
}

fn range_holds(range: &str, address: Ipv4Addr) -> bool {
    let (base, length) = range.split_once('/').unwrap_or((range, "32"));
    let (Ok(base), Ok(length)) = (base.parse::<Ipv4Addr>(), length.parse::<u32>()) else { return false };
    let mask = if length > 32 { return false } else { u32::MAX.checked_shl(32 - length).unwrap_or(0) };
    base.to_bits() & mask == address.to_bits() & mask
}

fn check_roles(state: &mut State, vault: &Vault, caller: &EntraCaller, action: &str, below: &str) -> Result<(), Fault> {
    let id = vault.id();
    let scope = if below.is_empty() { id } else { format!("{id}/{below}") };
    let Decision::Denied(denial) = decide(state, caller, action, &scope, Plane::Data) else { return Ok(()) };
    let text = hints::of_denial(state, caller, vault, action, &denial);
    state.observe(Observation::Hint { about: vault.name.clone(), text });
    Err(faults::forbidden_by_rbac(vault, caller, action, below))
}

fn check_policies(state: &mut State, vault: &Vault, caller: &EntraCaller, request: &Request, action: &str) -> Result<(), Fault> {
    let permission = permission(request, action);
    let principals = state.directory.with_groups(&caller.object_id);
    let is_granted = is_granted(vault, &principals, &caller.app_id, permission);
    let found = if is_granted { "granted by an access policy" } else { "no access policy grants it" };
    state.trace.note("access policy", format!("{permission} in the vault {}: {found}", vault.name));
    if is_granted {
        return Ok(());
    }
    let text = hints::of_missing_policy(state, caller, vault, action, permission);
    state.observe(Observation::Hint { about: vault.name.clone(), text });
    Err(faults::forbidden_by_policy(vault, caller, permission))
}

/// The permission of an access policy that stands for a data action (REST reference, required permissions of each operation). The two
/// planes differ for metadata: one deleted secret takes `get`, lists take `list`.
fn permission(request: &Request, action: &str) -> &'static str {
    let is_one_deleted = request.segments.first().is_some_and(|segment| segment.eq_ignore_ascii_case("deletedsecrets"))
        && request.segments.get(1).is_some_and(|name| !name.is_empty());
    match action.strip_prefix("Microsoft.KeyVault/vaults/secrets/").unwrap_or(action) {
        "getSecret/action" => "get",
        "readMetadata/action" if is_one_deleted => "get",
        "readMetadata/action" => "list",
        "delete" => "delete",
        "recover/action" => "recover",
        "purge/action" => "purge",
        // An update of attributes takes `set` too.
        _ => "set",
    }
}

/// Whether a policy of one of `principals` has the permission. `all` is every one but `purge` (about access policies). A policy with an
/// application id counts only for a user who comes through that application.
fn is_granted(vault: &Vault, principals: &[String], app_id: &str, permission: &str) -> bool {
    vault.access_policies.iter().any(|policy| {
        principals.iter().any(|principal| principal.eq_ignore_ascii_case(&policy.object_id))
            && policy.application_id.as_ref().is_none_or(|application| application.eq_ignore_ascii_case(app_id))
            && policy
                .secrets
                .iter()
                .flatten()
                .any(|word| word.eq_ignore_ascii_case(permission) || (word.eq_ignore_ascii_case("all") && permission != "purge"))
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::range_holds;

    #[test]
    fn addresses_and_ranges_are_read_and_nonsense_holds_nothing() {
        let address = Ipv4Addr::new(203, 0, 113, 10);
        for (range, expected) in [
            ("203.0.113.10", true),
            ("203.0.113.10/32", true),
            ("203.0.113.0/24", true),
            ("0.0.0.0/0", true),
            ("203.0.112.0/24", false),
            ("203.0.113.11", false),
            ("203.0.113.0/33", false),
            ("x", false),
            ("", false),
        ] {
            assert_eq!(range_holds(range, address), expected, "{range}");
        }
    }
}
