//! The exact refusals of Key Vault, both planes.

use super::model::Vault;
use crate::cloud::fault::Fault;
use crate::cloud::identity::caller::EntraCaller;

/// Public report (a quotation by a third party, the code confirmed by the page of common error codes).
pub(crate) fn vault_name_not_valid(name: &str) -> Fault {
    Fault::new(
        400,
        "VaultNameNotValid",
        format!(
            "The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a \
             letter, end with a letter or digit, and not contain consecutive hyphens."
        ),
    )
}

/// Public reports with the raw body, wording of 2024 to 2026.
pub(crate) fn vault_already_exists(name: &str) -> Fault {
    Fault::new(409, "VaultAlreadyExists", already_in_use(name))
}

/// The sentence about a taken name, also the message of `checkNameAvailability`.
pub(crate) fn already_in_use(name: &str) -> String {
    format!("The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the name is already taken.")
}

/// Public report of January 2026.
pub(crate) fn soft_deleted_conflict() -> Fault {
    Fault::new(
        409,
        "ConflictError",
        "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this \
         link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
    )
}

/// Public reports: status 400 and the first two sentences.
pub(crate) fn soft_deleted_missing() -> Fault {
    Fault::new(
        400,
        "SoftDeletedVaultDoesNotExist",
        "A soft deleted vault with the given name does not exist. Ensure that the name for the vault that is being attempted to recover is \
         in a recoverable state. For more information on soft delete please follow this link \
         https://go.microsoft.com/fwlink/?linkid=2149745",
    )
}

/// Public reports: the code, and the beginning and end of the message. Assumed: the middle of the message, and 404.
pub(crate) fn deleted_vault_not_found(name: &str) -> Fault {
    Fault::new(404, "DeletedVaultNotFound", format!("The specified deleted vault '{name}' does not exist."))
}

/// Eight public reports quote code and message.
pub(crate) fn purge_not_allowed() -> Fault {
    Fault::new(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.")
}

/// Public reports with the raw body inside a deployment error.
pub(crate) fn purge_protection_is_irreversible() -> Fault {
    bad_request(
        "The property \"enablePurgeProtection\" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.",
    )
}

/// Assumed: worded like the refusal for purge protection, which public reports quote.
pub(crate) fn soft_delete_is_irreversible() -> Fault {
    bad_request(
        "The property \"enableSoftDelete\" cannot be set to false. Enabling the soft delete functionality for a vault is an irreversible \
         action.",
    )
}

/// Public reports.
pub(crate) fn retention_is_fixed() -> Fault {
    bad_request("The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.")
}

/// Assumed: the wording; the bounds are those of the REST reference.
pub(crate) fn retention_out_of_range(days: i64) -> Fault {
    bad_request(format!("The property \"softDeleteRetentionInDays\" has the invalid value {days}; it must be between 7 and 90."))
}

/// Assumed: the wording, for a body that lacks `what` or has it in the wrong form.
pub(crate) fn bad_property(what: &str) -> Fault {
    bad_request(format!("The property \"{what}\" is missing or invalid."))
}

fn bad_request(message: impl Into<String>) -> Fault {
    Fault::new(400, "BadRequest", message)
}

/// Recorded in March 2026.
pub(crate) fn token_missing(tenant_id: &str) -> Fault {
    unauthorized(tenant_id, "AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token.")
}

/// Public reports quote the message with one accepted audience.
pub(crate) fn wrong_audience(tenant_id: &str, audience: &str) -> Fault {
    unauthorized(tenant_id, &format!("AKV10022: Invalid audience. Expected https://vault.azure.net, found: {audience}."))
}

/// Public report MicrosoftDocs/azure-docs#75410, which names Microsoft's own tenants among the expected ones. Assumed: that those are left out.
pub(crate) fn wrong_issuer(tenant_id: &str, found: &str) -> Fault {
    unauthorized(tenant_id, &format!("AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{tenant_id}/, found {found}."))
}

/// Assumed: the code and the wording of a token that cannot be read or is expired.
pub(crate) fn invalid_token(tenant_id: &str, why: &str) -> Fault {
    unauthorized(tenant_id, &format!("Error validating token: {why}."))
}

/// Recorded: the challenge header, without a scope or an error.
fn unauthorized(tenant_id: &str, message: &str) -> Fault {
    Fault::new(401, "Unauthorized", message).with_header(
        "www-authenticate",
        format!("Bearer authorization=\"https://login.microsoftonline.com/{tenant_id}\", resource=\"https://vault.azure.net\""),
    )
}

/// `appid=…;oid=…;iss=…` as every refusal of the data plane names a caller.
pub(crate) fn caller_line(caller: &EntraCaller) -> String {
    format!("appid={};oid={};iss=https://sts.windows.net/{}/", caller.app_id, caller.object_id, caller.tenant_id)
}

/// Several public logs quote the raw body. The resource id is in lower case.
pub(crate) fn forbidden_by_rbac(vault: &Vault, caller: &EntraCaller, action: &str, below: &str) -> Fault {
    let resource = if below.is_empty() { vault.id() } else { format!("{}/{below}", vault.id()) };
    Fault::new(
        403,
        "Forbidden",
        format!(
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were \
             changed recently, please observe propagation time.\r\nCaller: {}\r\nAction: '{action}'\r\nResource: '{}'\r\nAssignment: (not \
             found)\r\nDenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' \r\nVault: {};location={}\r\n",
            caller_line(caller),
            resource.to_lowercase(),
            vault.name,
            vault.location,
        ),
    )
    .with_inner_code("ForbiddenByRbac")
}

/// Several public logs and the documentation.
pub(crate) fn forbidden_by_policy(vault: &Vault, caller: &EntraCaller, permission: &str) -> Fault {
    Fault::new(
        403,
        "Forbidden",
        format!(
            "The user, group or application '{}' does not have secrets {permission} permission on key vault '{};location={}'. For help \
             resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287",
            caller_line(caller),
            vault.name,
            vault.location,
        ),
    )
    .with_inner_code("AccessDenied")
}

/// Public reports: the first sentence and the inner code. Assumed: the lines that follow.
pub(crate) fn forbidden_by_connection(vault: &Vault, caller: &EntraCaller, action: &str) -> Fault {
    Fault::new(
        403,
        "Forbidden",
        format!(
            "Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nCaller: \
             {}\r\nAction: '{action}'\r\nResource: '{}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \
             \r\nVault: {};location={}\r\n",
            caller_line(caller),
            vault.id().to_lowercase(),
            vault.name,
            vault.location,
        ),
    )
    .with_inner_code("ForbiddenByConnection")
}

/// Public reports: the first sentence, the line with the address and the inner code.
pub(crate) fn forbidden_by_firewall(vault: &Vault, caller: &EntraCaller, address: &str) -> Fault {
    Fault::new(
        403,
        "Forbidden",
        format!(
            "Client address is not authorized and caller is not a trusted service.\r\nClient address: {address}\r\nCaller: {}\r\nVault: \
             {};location={}",
            caller_line(caller),
            vault.name,
            vault.location,
        ),
    )
    .with_inner_code("ForbiddenByFirewall")
}

/// Recorded in March 2026. `what` is the name, with `/version` when one was asked for.
pub(crate) fn secret_not_found(what: &str) -> Fault {
    Fault::new(
        404,
        "SecretNotFound",
        format!(
            "A secret with (name/id) {what} was not found in this key vault. If you recently deleted this secret you may be able to recover \
             it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
        ),
    )
}

/// Recorded by several client libraries.
pub(crate) fn deleted_secret_not_found(name: &str) -> Fault {
    Fault::new(404, "SecretNotFound", format!("Deleted Secret not found: {name}"))
}

/// Recorded by a client library.
pub(crate) fn secret_disabled() -> Fault {
    Fault::new(403, "Forbidden", "Operation get is not allowed on a disabled secret.").with_inner_code("SecretDisabled")
}

/// A unit test of the service owner's library, the same text in three other public sources.
pub(crate) fn secret_is_deleted(name: &str) -> Fault {
    Fault::new(
        409,
        "Conflict",
        format!(
            "Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can \
             only be recovered or purged."
        ),
    )
    .with_inner_code("ObjectIsDeletedButRecoverable")
}

/// Recorded by a client library for keys, in an older form without the name. Assumed: the name, as in the newer texts.
pub(crate) fn secret_is_being_deleted(name: &str) -> Fault {
    Fault::new(409, "Conflict", format!("Secret {name} is currently being deleted.")).with_inner_code("ObjectIsBeingDeleted")
}

/// Public reports have the inner code. Assumed: the message.
pub(crate) fn secret_is_being_recovered(name: &str) -> Fault {
    Fault::new(409, "Conflict", format!("Secret {name} is currently being recovered.")).with_inner_code("ObjectIsBeingRecovered")
}

/// Public reports quote the first sentences. Assumed: the last line.
pub(crate) fn purge_is_protected(vault: &Vault) -> Fault {
    Fault::new(
        403,
        "Forbidden",
        format!(
            "Operation \"purge\" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically \
             purge it after the retention period has passed.\r\nVault: {};location={}",
            vault.name, vault.location
        ),
    )
    .with_inner_code("ForbiddenByPolicy")
}

/// Public reports and a client library's test.
pub(crate) fn secret_name_not_valid(name: &str) -> Fault {
    Fault::new(400, "BadParameter", format!("The request URI contains an invalid name: {name}"))
}

/// Assumed: the wording, for a body that lacks `what` or has it in the wrong form.
pub(crate) fn bad_parameter(what: &str) -> Fault {
    Fault::new(400, "BadParameter", format!("The property '{what}' is missing or has an invalid value."))
}

/// Assumed: the wording; the bound is that of the about-secrets page.
pub(crate) fn value_too_long() -> Fault {
    Fault::new(400, "BadParameter", "The value of the secret is longer than 25600 characters.")
}

/// Public reports: the message. An api-version is required on every call.
pub(crate) fn api_version_missing() -> Fault {
    Fault::new(400, "BadParameter", "api-version must be specified")
}
