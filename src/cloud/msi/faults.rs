//! The exact refusals of `Microsoft.ManagedIdentity`.

use super::model::CREDENTIALS_MAX;
use crate::cloud::fault::Fault;

/// Table of errors of the considerations page: status and message. Assumed: the code.
pub(crate) fn one_audience() -> Fault {
    bad_request("Federated identity credentials must have exactly one audience.")
}

/// Table of errors of the considerations page: status and message. Assumed: the code.
pub(crate) fn empty_properties() -> Fault {
    bad_request("Federated Identity Credential from HTTP body has empty properties")
}

/// Table of errors of the considerations page: status and message. Assumed: the code.
pub(crate) fn credential_name_not_valid(name: &str) -> Fault {
    bad_request(format!("Federated Identity Credential name '{name}' is invalid."))
}

/// Two public reports print the code; the page's table says 400.
pub(crate) fn already_trusted() -> Fault {
    Fault::new(409, "Conflict", "Issuer and subject combination already exists for this Managed Identity.")
}

/// Assumed: the wording; the limit is that of the considerations page.
pub(crate) fn too_many_credentials() -> Fault {
    bad_request(format!("Too many Federated Identity Credentials; a Managed Identity may have {CREDENTIALS_MAX} of them."))
}

/// Assumed: the wording; the limit is that of the considerations page.
pub(crate) fn field_too_long(field: &str) -> Fault {
    bad_request(format!("The {field} of a Federated Identity Credential must not be longer than 600 characters."))
}

/// Assumed: the wording.
pub(crate) fn identity_name_not_valid(name: &str) -> Fault {
    bad_request(format!("Resource name '{name}' is invalid. It must have 3 to 128 letters, digits, hyphens or underscores."))
}

/// Assumed: the wording of a body that has `what` in the wrong form.
pub(crate) fn bad_property(what: &str) -> Fault {
    bad_request(format!("The property '{what}' is invalid."))
}

/// The page's table says 404 for a missing parent; the wording is Resource Manager's own, quoted in public reports of other types.
/// `verb` is `read`, `write` or `delete`.
pub(crate) fn parent_not_found(verb: &str, subscription: &str, group: &str, identity: &str) -> Fault {
    Fault::new(
        404,
        "ParentResourceNotFound",
        format!(
            "Failed to perform '{verb}' on resource(s) of type 'userAssignedIdentities/federatedIdentityCredentials', because the parent \
             resource '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/\
             {identity}' could not be found."
        ),
    )
}

fn bad_request(message: impl Into<String>) -> Fault {
    Fault::new(400, "BadRequest", message)
}
