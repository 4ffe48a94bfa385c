//! From a request to a caller who may: bearer tokens, and Azure RBAC's answer in Resource Manager's words.

use jiff::Timestamp;

use super::azure_rbac::{self, Decision, Denial, Plane};
use super::caller::{Caller, CallerKind, EntraCaller};
use super::token::{self, Audience, Rejection};
use crate::cloud::arm::faults;
use crate::cloud::authorization;
use crate::cloud::clock::since;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::Request;
use crate::cloud::observation::Observation;
use crate::cloud::state::State;
use crate::cloud::trace::{Permission, Use};

/// Azure documents that a change of role assignments takes up to ten minutes (role-based access control, troubleshooting).
pub(crate) const ROLE_PROPAGATION_SECONDS: u64 = 600;

/// Who asks Resource Manager.
pub(crate) fn resource_manager_caller(state: &mut State, request: &Request) -> Result<Caller, Fault> {
    let tenant = state.directory.tenant.id.clone();
    let challenge = |fault: Fault, description: &str| {
        let text = format!(
            "Bearer authorization_uri=\"https://login.windows.net/{tenant}\", error=\"invalid_token\", error_description=\"{description}\""
        );
        fault.with_header("www-authenticate", text)
    };
    let Some(bearer) = request.bearer() else {
        let description = "The authentication failed because of missing 'Authorization' header.";
        let message = "Authentication failed. The 'Authorization' header is missing.";
        return Err(challenge(Fault::new(401, "AuthenticationFailed", message), description));
    };
    let now = state.now();
    let read = token::read(&state.directory, Audience::ResourceManager, bearer, now);
    state.note_token("Resource Manager", &read);
    let caller = read.map_err(|rejection| {
        // Texts as quoted in public reports.
        let (code, message) = match rejection {
            Rejection::Invalid | Rejection::Gone => ("InvalidAuthenticationToken", "The access token is invalid.".to_owned()),
            Rejection::Tenant(found) => (
                "InvalidAuthenticationTokenTenant",
                format!(
                    "The access token is from the wrong issuer '{found}'. It must match the tenant '{}' associated with this subscription. \
                     Please use the authority (URL) 'https://login.windows.net/{tenant}' to get the token. Note, if the subscription is \
                     transferred to another tenant there is no impact to the services, but information about new tenant could take time to \
                     propagate (up to an hour). If you just transferred your subscription and see this error message, please try back later.",
                    token::issuer(&tenant)
                ),
            ),
            Rejection::Audience(found) => (
                "InvalidAuthenticationTokenAudience",
                format!(
                    "The access token has been obtained for wrong audience or resource '{found}'. It should exactly match with one of the \
                     allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net',\
                     'https://management.azure.com/','https://management.azure.com'."
                ),
            ),
            Rejection::Expired(at) => (
                "ExpiredAuthenticationToken",
                format!("The access token expiry UTC time '{}' is earlier than current UTC time '{}'.", us_time(at), us_time(now)),
            ),
        };
        challenge(Fault::new(401, code, &message), &message)
    })?;
    require_subscription(state, request)?;
    Ok(Caller::Entra(caller))
}

/// Resource Manager looks for the subscription before it asks who may.
fn require_subscription(state: &State, request: &Request) -> Result<(), Fault> {
    let [keyword, id, ..] = &request.segments[..] else { return Ok(()) };
    if !keyword.eq_ignore_ascii_case("subscriptions") || id.eq_ignore_ascii_case(&state.arm.subscription().id) {
        return Ok(());
    }
    Err(if uuid::Uuid::try_parse(id).is_ok() { faults::subscription_not_found(id) } else { faults::subscription_malformed(id) })
}

/// Who asks Microsoft Graph.
pub(crate) fn graph_caller(state: &mut State, request: &Request) -> Result<Caller, Fault> {
    let refused = |message: &str| Fault::new(401, "InvalidAuthenticationToken", message);
    let bearer = request.bearer().ok_or_else(|| refused("Access token is empty."))?;
    let read = token::read(&state.directory, Audience::Graph, bearer, state.now());
    state.note_token("Microsoft Graph", &read);
    read.map(Caller::Entra).map_err(|rejection| match rejection {
        Rejection::Expired(_) => refused("Lifetime validation failed, the token is expired."),
        Rejection::Audience(_) => refused("Access token validation failure. Invalid audience."),
        // Assumed: the real Graph serves every tenant, and would answer about the other one.
        Rejection::Tenant(_) => refused("Access token validation failure. Invalid issuer."),
        Rejection::Invalid | Rejection::Gone => refused("Access token validation failure. Invalid signature."),
    })
}

/// The decision about an action of a caller, with what the report should know about it.
pub(crate) fn decide(state: &mut State, caller: &EntraCaller, action: &str, scope: &str, plane: Plane) -> Decision {
    let grants = authorization::grants(state);
    let principals = state.directory.with_groups(&caller.object_id);
    let decision = azure_rbac::decide(&grants, &principals, action, scope, plane);
    note_decision(state, caller, action, scope, plane, &decision);
    if let Decision::Allowed(grant) = &decision {
        let age = since(grant.created, state.now());
        if age.as_secs() < ROLE_PROPAGATION_SECONDS && grant.scope != state.arm.subscription().scope() {
            let role = grant.role_name();
            let text = format!(
                "the role assignment {role} at {} was {} s old when it was used; Azure may take up to 10 minutes to apply it",
                grant.scope,
                age.as_secs()
            );
            state.observe(Observation::Luck { text });
        }
    }
    decision
}

fn note_decision(state: &mut State, caller: &EntraCaller, action: &str, scope: &str, plane: Plane, decision: &Decision) {
    let kind = if plane == Plane::Data { "data action" } else { "action" };
    state.trace.note(kind, format!("{action} at {scope} is {}", decision.told()));
    if let Decision::Allowed(_) = decision {
        let permission = Permission::Action { scope: scope.to_owned(), action: action.to_owned(), on_data: plane == Plane::Data };
        state.trace.used(&Use { principal: caller.object_id.clone(), name: caller.name.clone(), permission });
    }
}

/// Whether `caller` may do a control-plane `action` at `scope`.
///
/// # Errors
/// `AuthorizationFailed`, worded as Resource Manager does.
pub(crate) fn require_action(state: &mut State, caller: &Caller, action: &str, scope: &str) -> Result<(), Fault> {
    let Some(entra) = caller.entra() else {
        return Err(Fault::new(401, "AuthenticationFailed", "Authentication failed."));
    };
    match decide(state, entra, action, scope, Plane::Control) {
        Decision::Allowed(_) => Ok(()),
        Decision::Denied(Denial::Conditional { role }) => Err(Fault::unsupported(
            format!("the condition of the role {role}"),
            "use a role without a condition, such as User Access Administrator",
        )),
        Decision::Denied(_) => Err(authorization_failed(entra, action, scope)),
    }
}

/// Whether `caller`, who may do `(action, scope)`, may also do what that does to another resource: `(action, scope)` of the link.
///
/// # Errors
/// `LinkedAuthorizationFailed`, worded as Resource Manager does (public reports).
pub(crate) fn require_linked(state: &mut State, caller: &Caller, own: (&str, &str), linked: (&str, &str)) -> Result<(), Fault> {
    let Some(entra) = caller.entra() else {
        return Err(Fault::new(401, "AuthenticationFailed", "Authentication failed."));
    };
    if matches!(decide(state, entra, linked.0, linked.1, Plane::Control), Decision::Allowed(_)) {
        return Ok(());
    }
    let message = format!(
        "The client '{}' with object id '{}' has permission to perform action '{}' on scope '{}'; however, it does not have permission to \
         perform action(s) '{}' on the linked scope(s) '{}' (respectively) or the linked scope(s) are invalid.",
        client(entra),
        entra.object_id,
        own.0,
        own.1,
        linked.0,
        linked.1
    );
    Err(Fault::new(403, "LinkedAuthorizationFailed", message))
}

/// Those of `items` that the caller may read by `action`: Resource Manager's own lists show what the caller may see, instead of refusing.
pub(crate) fn readable<T>(state: &mut State, caller: &Caller, action: &str, items: Vec<T>, scope: impl Fn(&T) -> String) -> Vec<T> {
    let Some(caller) = caller.entra() else { return Vec::new() };
    let grants = authorization::grants(state);
    let principals = state.directory.with_groups(&caller.object_id);
    let mut may = |item: &T| {
        let scope = scope(item);
        let decision = azure_rbac::decide(&grants, &principals, action, &scope, Plane::Control);
        note_decision(state, caller, action, &scope, Plane::Control, &decision);
        matches!(decision, Decision::Allowed(_))
    };
    items.into_iter().filter(|item| may(item)).collect()
}

/// Public reports of `AuthorizationFailed`: a user is named by its UPN, a service principal by its object id, twice.
fn authorization_failed(caller: &EntraCaller, action: &str, scope: &str) -> Fault {
    let client = client(caller);
    let message = format!(
        "The client '{client}' with object id '{}' does not have authorization to perform action '{action}' over scope '{scope}' or the \
         scope is invalid. If access was recently granted, please refresh your credentials.",
        caller.object_id
    );
    Fault::new(403, "AuthorizationFailed", message)
}

fn client(caller: &EntraCaller) -> &str {
    match caller.kind {
        CallerKind::User => &caller.name,
        CallerKind::Application => &caller.object_id,
    }
}

fn us_time(at: Timestamp) -> String {
    at.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string()
}
