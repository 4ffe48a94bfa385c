//! What a refusal of the data plane does not say: who has which role where, in a sentence for the author of a document.

use super::model::Vault;
use super::vaults::by_host;
use crate::cloud::authorization;
use crate::cloud::identity::azure_rbac::{Denial, Grant, Plane, is_at_or_below};
use crate::cloud::identity::builtin_roles::{self, BuiltinRole};
use crate::cloud::identity::caller::EntraCaller;
use crate::cloud::identity::entra::model::Principal;
use crate::cloud::state::State;

/// Why Azure RBAC said no.
pub(crate) fn of_denial(state: &State, caller: &EntraCaller, vault: &Vault, action: &str, denial: &Denial) -> String {
    let who = &caller.name;
    let name = &vault.name;
    let wanted = least_role(action);
    match denial {
        Denial::RolesLackAction { roles } => {
            let manages_only = roles.iter().filter_map(|role| builtin_roles::by_name(role)).all(manages_only);
            let because = if manages_only { ", which is about the vault and not what is in it" } else { ", which does not include this" };
            format!("{who} has {} at the vault {name}{because}; {wanted} would do", roles.join(" and "))
        }
        Denial::Conditional { role } => format!("{who} has {role} at the vault {name} under a condition, which docent does not evaluate"),
        Denial::NoAssignmentHere { elsewhere } if !elsewhere.is_empty() => {
            let places: Vec<_> = elsewhere.iter().map(|grant| format!("{} at {}", role_name(grant), grant.scope)).collect();
            format!("{who} has {}, which does not reach the vault {name}", places.join(" and "))
        }
        Denial::NoAssignmentHere { .. } => {
            let others: Vec<_> = grants_that_would_do(state, vault, action)
                .into_iter()
                .map(|grant| format!("{} there belongs to {}", role_name(&grant), principal_name(state, &grant.principal_id)))
                .collect();
            if others.is_empty() {
                format!("{who} has no role at the vault {name}; {wanted} would do")
            } else {
                format!("{who} has no role at the vault {name}; {}", others.join(", "))
            }
        }
    }
}

/// What the vault behind a host has instead of a secret that is not there; none when there is no such vault or the secret is there.
pub(crate) fn of_absent_secret(state: &State, host: &str, secret: &str) -> Option<String> {
    let vault = by_host(state, host)?;
    let is_named = |name: &str| name.eq_ignore_ascii_case(secret);
    if vault.secrets.iter().any(|known| is_named(&known.name)) {
        return None;
    }
    let name = &vault.name;
    if vault.deleted_secrets.iter().any(|deleted| is_named(&deleted.secret.name)) {
        return Some(format!("the secret {secret} of the vault {name} was deleted; it can be recovered"));
    }
    let others: Vec<_> = vault.secrets.iter().map(|known| known.name.as_str()).collect();
    let has = if others.is_empty() { "no secret at all".to_owned() } else { format!("only {}", others.join(", ")) };
    Some(format!("the vault {name} has no secret {secret}; it has {has}"))
}

/// Why access policies said no.
pub(crate) fn of_missing_policy(state: &State, caller: &EntraCaller, vault: &Vault, action: &str, permission: &str) -> String {
    let principals = state.directory.with_groups(&caller.object_id);
    let has_role = grants_that_would_do(state, vault, action)
        .into_iter()
        .find(|grant| principals.iter().any(|principal| principal.eq_ignore_ascii_case(&grant.principal_id)));
    match has_role {
        Some(grant) => format!(
            "{} has {} for the vault {}, but this vault uses access policies, so role assignments do not count",
            caller.name,
            role_name(&grant),
            vault.name
        ),
        None => format!("no access policy of the vault {} gives {} the permission {permission}", vault.name, caller.name),
    }
}

/// The grants whose role has `action` at the vault or above, whoever they belong to.
fn grants_that_would_do(state: &State, vault: &Vault, action: &str) -> Vec<Grant> {
    let mut grants = authorization::grants(state);
    grants.retain(|grant| is_at_or_below(&vault.id(), &grant.scope) && grant.allows(action, Plane::Data));
    grants
}

/// The smallest built-in role for an action on secrets (RBAC guide of Key Vault).
fn least_role(action: &str) -> &'static str {
    let reads = action.ends_with("/getSecret/action") || action.ends_with("/readMetadata/action");
    if reads { "Key Vault Secrets User" } else { "Key Vault Secrets Officer" }
}

/// Whether a role has nothing to do with what is in a vault.
fn manages_only(role: &BuiltinRole) -> bool {
    role.permissions.iter().all(|permission| permission.data_actions.is_empty())
}

fn role_name(grant: &Grant) -> &str {
    grant.role_name()
}

fn principal_name<'a>(state: &'a State, object_id: &'a str) -> &'a str {
    state.directory.principal(object_id).map_or(object_id, |principal| match principal {
        Principal::User(user) => &user.user_principal_name,
        Principal::Group(group) => &group.display_name,
        Principal::Service(service) => &service.display_name,
    })
}
