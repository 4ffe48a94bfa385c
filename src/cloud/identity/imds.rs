//! The metadata service of a machine that has a managed identity: tokens at a link-local address, over plain HTTP.
//!
//! Documentation: "How managed identities for Azure resources work with Azure virtual machines", and "How to use managed identities for Azure
//! resources on an Azure VM to acquire an access token" (request, answer, error handling). Emulated: tokens of one user-assigned identity.
//! Everything else of the service is refused by name. Where the machine has no identity nobody answers at the address (`http::server`).

use http::Method;
use serde_json::{Value, json};

use super::entra::model::ServicePrincipal;
use super::token::{self, Audience};
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request};
use crate::cloud::http::hosts;

/// The operation that a request asks the machine for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host != hosts::METADATA {
        return None;
    }
    let is_token = request.method == Method::GET && request.parts() == ["metadata", "identity", "oauth2", "token"];
    if !is_token {
        let what = format!("{} http://{}{}", request.method, request.host, request.path);
        return Some(Err(Fault::unsupported(what, "")));
    }
    let access = Access::Public("only what runs on the machine reaches it");
    Some(Ok(Endpoint { name: "imds.token", access, params: Params::none(), run: answer }))
}

fn refused(error: &str, description: &str) -> Fault {
    let body: Value = json!({"error": error, "error_description": description});
    Fault::new(400, error, description).with_body(body)
}

/// The documented shape: all numbers are texts.
fn answer(context: &mut Context<'_>) -> Result<Reply, Fault> {
    // What a server-side request forgery cannot set.
    if !context.request.header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(refused("invalid_request", "Required metadata header not specified"));
    }
    let query = &context.request.query;
    let resource = query.get("resource").filter(|resource| !resource.is_empty());
    let resource = resource.ok_or_else(|| refused("invalid_request", "Required audience parameter not specified"))?.to_owned();
    let principal = identity(context).ok_or_else(|| refused("invalid_request", "Identity not found"))?;
    if Audience::of(&resource).is_none() {
        // Public reports of AADSTS500011 through a managed identity.
        let tenant = &context.state.directory.tenant.display_name;
        let text = format!("AADSTS500011: The resource principal named {resource} was not found in the tenant named {tenant}.");
        return Err(refused("invalid_resource", &text));
    }
    let (state, now) = (&mut *context.state, context.now);
    let id = state.ids.hex("token", 11);
    let access_token = token::issue_for_app(&state.directory, &principal, &resource, &id, now);
    state.remember_secret(&access_token);
    state.trace.caller(format!("managed identity {} (object id {})", principal.display_name, principal.object_id));
    state.trace.note("token", format!("issued to the machine's identity for {resource}"));
    let seconds = token::WORKLOAD_TOKEN_SECONDS;
    Ok(Reply::json(json!({
        "access_token": access_token,
        "client_id": principal.app_id,
        "expires_in": seconds.to_string(),
        "expires_on": (now.as_second() + seconds).to_string(),
        "ext_expires_in": seconds.to_string(),
        "not_before": now.as_second().to_string(),
        "resource": resource,
        "token_type": "Bearer",
    })))
}

/// The machine's identity, when the request names it, or none: a machine with one identity needs no name.
fn identity(context: &Context<'_>) -> Option<ServicePrincipal> {
    let object_id = context.state.machine_identity.as_ref()?;
    let principal = context.state.directory.service_principals.iter().find(|known| known.object_id == *object_id)?;
    let query = &context.request.query;
    let asked = |name: &str| query.get(name).filter(|value| !value.is_empty());
    let fits = |asked: Option<&str>, known: &str| asked.is_none_or(|asked| asked.eq_ignore_ascii_case(known));
    let is_named = fits(asked("client_id"), &principal.app_id)
        && fits(asked("object_id").or_else(|| asked("principal_id")), &principal.object_id)
        && fits(asked("mi_res_id").or_else(|| asked("msi_res_id")), &principal.resource_id);
    is_named.then(|| principal.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::testing::{Answer, TestCloud};

    fn machine() -> (TestCloud, ServicePrincipal) {
        let cloud = TestCloud::new();
        let principal = {
            let mut state = cloud.shared.state();
            let state = &mut *state;
            let now = state.now();
            let principal = state.directory.register_managed_identity(&mut state.ids, "/x", "id", now);
            state.machine_identity = Some(principal.object_id.clone());
            principal
        };
        (cloud, principal)
    }

    fn asked(cloud: &TestCloud, query: &str, header: bool) -> Answer {
        let mut request = Request::new(Method::GET, hosts::METADATA, &format!("/metadata/identity/oauth2/token?{query}"));
        if header {
            request.headers.insert("metadata", http::HeaderValue::from_static("true"));
        }
        cloud.send(&request)
    }

    #[test]
    fn a_machine_gets_tokens_of_its_identity_and_of_no_other() {
        let (cloud, principal) = machine();
        let answer = asked(&cloud, "api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net", true);
        assert_eq!(
            (answer.status, &answer.body["client_id"], &answer.body["expires_in"]),
            (200, &json!(principal.app_id), &json!("86400"))
        );
        let token = answer.body["access_token"].as_str().expect("a token");
        let state = cloud.shared.state();
        let caller = token::read(&state.directory, Audience::KeyVault, token, state.now());
        drop(state);
        assert_eq!(caller.expect("a good token").object_id, principal.object_id);
        let named = asked(&cloud, &format!("resource=https%3A%2F%2Fvault.azure.net&client_id={}", principal.app_id), true);
        assert_eq!(named.status, 200);
        for (query, header, description) in [
            ("resource=https%3A%2F%2Fvault.azure.net", false, "Required metadata header not specified"),
            ("resource=", true, "Required audience parameter not specified"),
            ("resource=https%3A%2F%2Fvault.azure.net&client_id=other", true, "Identity not found"),
            ("resource=https%3A%2F%2Fvault.azure.net&mi_res_id=%2Fy", true, "Identity not found"),
        ] {
            let answer = asked(&cloud, query, header);
            assert_eq!((answer.status, &answer.body["error_description"]), (400, &json!(description)), "{query}");
        }
        assert_eq!(asked(&cloud, "resource=https%3A%2F%2Fstrange", true).body["error"], json!("invalid_resource"));
    }

    #[test]
    fn a_machine_without_an_identity_has_no_tokens() {
        let cloud = TestCloud::new();
        assert_eq!(asked(&cloud, "resource=https%3A%2F%2Fvault.azure.net", true).body["error_description"], json!("Identity not found"));
    }
}
