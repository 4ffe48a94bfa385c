//! What Resource Manager itself says no with, whichever service was meant.

use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::Request;

/// A subscription that the tenant does not have. Public reports.
pub(crate) fn subscription_not_found(id: &str) -> Fault {
    Fault::new(404, "SubscriptionNotFound", format!("The subscription '{id}' could not be found."))
}

/// A subscription id that is no GUID. Public reports.
pub(crate) fn subscription_malformed(id: &str) -> Fault {
    Fault::new(400, "InvalidSubscriptionId", format!("The provided subscription identifier '{id}' is malformed or invalid."))
}

/// Every request to Resource Manager names its api-version. Public reports.
///
/// # Errors
/// `MissingApiVersionParameter`.
pub(crate) fn require_api_version(request: &Request) -> Result<(), Fault> {
    if request.api_version().is_empty() {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(Fault::new(400, "MissingApiVersionParameter", message));
    }
    Ok(())
}
