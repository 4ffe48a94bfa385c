//! What the token endpoint says no with.
//!
//! A description has no quotes, backslashes, line ends or escapes: `azure_identity` reads it as a borrowed text and loses it otherwise.

use jiff::Timestamp;
use serde_json::json;

use crate::cloud::fault::Fault;
use crate::cloud::state::State;

/// An `AADSTS…` refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// OAuth's `error`.
    pub(crate) error: &'static str,
    pub(crate) code: u32,
    pub(crate) text: String,
}

/// The newer address at the end of federation errors; the older one is kept where it was reported.
const FEDERATION: &str = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
const FEDERATION_OLD: &str = "https://docs.microsoft.com/en-us/azure/active-directory/develop/workload-identity-federation";
const CHECK: &str = "Check your federated identity credential Subject, Audience and Issuer against the presented assertion.";

fn client(code: u32, text: String) -> Refusal {
    Refusal { status: 401, error: "invalid_client", code, text }
}

/// No credential has the issuer. Public report Azure/azure-workload-identity#1200.
pub(crate) fn issuer_unknown(issuer: &str) -> Refusal {
    let text = format!(
        "No matching federated identity record found for presented assertion issuer '{issuer}'. Please check your federated identity \
                 credential Subject, Audience and Issuer against the presented assertion. {FEDERATION_OLD}"
    );
    client(700_211, text)
}

/// No credential of the issuer has the subject. Public reports of 2025.
pub(crate) fn subject_unknown(subject: &str) -> Refusal {
    client(
        700_213,
        format!("No matching federated identity record found for presented assertion subject '{subject}'. {CHECK} {FEDERATION}"),
    )
}

/// The subject fits but for its case. Public report Azure/login#515.
pub(crate) fn subject_in_other_case(subject: &str) -> Refusal {
    let text = format!(
        "No matching federated identity record found for presented assertion subject '{subject}'. The subject matches with case-insensitive \
         comparison, but not with case-sensitive comparison. {CHECK} {FEDERATION}"
    );
    client(7_002_138, text)
}

/// The credential has another audience. Public reports.
pub(crate) fn audience_unknown(audience: &str) -> Refusal {
    client(
        700_212,
        format!("No matching federated identity record found for presented assertion audience '{audience}'. {CHECK} {FEDERATION}"),
    )
}

/// The identity has no credentials. Public reports.
pub(crate) fn no_credentials(client_id: &str, name: &str) -> Refusal {
    client(70_025, format!("The client '{client_id}'({name}) has no configured federated identity credentials."))
}

/// Nobody has the client id. Public reports.
pub(crate) fn unknown_client(client_id: &str, tenant: &str) -> Refusal {
    let text = format!(
        "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the application has not been \
         installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request \
         to the wrong tenant."
    );
    Refusal { status: 400, error: "unauthorized_client", code: 700_016, text }
}

/// The issuer's keys cannot be had. Azure/azure-workload-identity, troubleshooting.
pub(crate) fn issuer_unreachable() -> Refusal {
    Refusal { status: 400, error: "invalid_request", code: 90_061, text: "Request to External OIDC endpoint failed.".to_owned() }
}

/// The assertion's signature is not by the issuer. Assumed: Entra adds the reason and the key's thumbprint.
pub(crate) fn bad_signature() -> Refusal {
    client(50_013, "Assertion failed signature validation. [Reason - The key was not found.]".to_owned())
}

/// What was presented is no token. Public reports.
pub(crate) fn malformed_assertion() -> Refusal {
    client(50_027, "JWT token is invalid or malformed.".to_owned())
}

/// The assertion is not valid now. Public reports.
pub(crate) fn outside_validity(now: Timestamp, from: Option<Timestamp>, until: Option<Timestamp>) -> Refusal {
    let ticks = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.%7fZ").to_string();
    let known = |at: Option<Timestamp>| at.map(ticks).unwrap_or_default();
    let text = format!(
        "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry time of assertion {}. Review the \
         documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
        ticks(now),
        known(from),
        known(until)
    );
    client(700_024, text)
}

/// The secret is wrong. Public reports.
pub(crate) fn wrong_secret(client_id: &str) -> Refusal {
    let text = format!(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a \
         secret added to app '{client_id}'."
    );
    client(7_000_215, text)
}

/// Neither a secret nor an assertion. Public reports.
pub(crate) fn no_proof() -> Refusal {
    client(7_000_218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.".to_owned())
}

/// A parameter is absent. Public reports.
pub(crate) fn missing_parameter(name: &str) -> Refusal {
    let text = format!("The request body must contain the following parameter: '{name}'.");
    Refusal { status: 400, error: "invalid_request", code: 900_144, text }
}

/// A grant type that does not exist. Public reports.
pub(crate) fn unknown_grant(grant: &str) -> Refusal {
    let text = format!("The app requested an unsupported grant type '{grant}'.");
    Refusal { status: 400, error: "unsupported_grant_type", code: 70_003, text }
}

/// The refresh token is not one of this tenant. Public reports.
pub(crate) fn bad_refresh_token() -> Refusal {
    Refusal { status: 400, error: "invalid_grant", code: 9_002_313, text: "Invalid request. Request is malformed or invalid.".to_owned() }
}

/// User name or password is wrong. Public reports.
pub(crate) fn wrong_password() -> Refusal {
    let text = "Error validating credentials due to invalid username or password.".to_owned();
    Refusal { status: 400, error: "invalid_grant", code: 50_126, text }
}

/// The password is right and not enough; the application is Resource Manager. Public reports.
pub(crate) fn second_factor() -> Refusal {
    let text =
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor \
                authentication to access '797f4846-ba00-4fd7-ba43-dac1f8f63013'."
            .to_owned();
    Refusal { status: 400, error: "invalid_grant", code: 50_076, text }
}

/// Nobody has that name. Public reports.
pub(crate) fn unknown_user(tenant: &str) -> Refusal {
    let text = format!(
        "The user account {{EUII Hidden}} does not exist in the {tenant} directory. To sign into this application, the account must be added to \
         the directory."
    );
    Refusal { status: 400, error: "invalid_grant", code: 50_034, text }
}

/// The secret's time is over. Public reports.
pub(crate) fn expired_secret(client_id: &str) -> Refusal {
    client(
        7_000_222,
        format!(
            "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."
        ),
    )
}

/// No API has the resource's name. Public reports.
pub(crate) fn unknown_resource(resource: &str, tenant: &str) -> Refusal {
    let text = format!(
        "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been \
         installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request \
         to the wrong tenant."
    );
    Refusal { status: 400, error: "invalid_resource", code: 500_011, text }
}

/// No such tenant. Public reports.
pub(crate) fn unknown_tenant(tenant: &str) -> Refusal {
    let text = format!(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your \
         subscription administrator, this may happen if there are no active subscriptions for the tenant."
    );
    Refusal { status: 400, error: "invalid_request", code: 90_002, text }
}

impl Refusal {
    /// The refusal on the wire, with its trace and correlation ids.
    pub(crate) fn into_fault(self, state: &mut State, now: Timestamp) -> Fault {
        let (trace, correlation) = (state.ids.guid("trace"), state.ids.guid("correlation"));
        let timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let text: String =
            self.text.chars().map(|letter| if matches!(letter, '"' | '\\') || letter.is_control() { ' ' } else { letter }).collect();
        let description = format!("AADSTS{}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}", self.code);
        let body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        Fault::new(self.status, self.error, self.text).with_body(body)
    }
}
