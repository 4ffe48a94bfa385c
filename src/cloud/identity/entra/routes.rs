//! Paths of the token service.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};

use super::errors::{self, Refusal};
use super::operations::{self, Granted};
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Query, Reply, Request};
use crate::cloud::http::hosts;
use crate::cloud::identity::keys;
use crate::cloud::state::State;

/// 2099-01-01, so that clients which look at the wall find an identity token valid.
const ID_TOKEN_EXPIRES: i64 = 4_070_908_800;

/// The operation that a request asks the token service for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host != hosts::LOGIN {
        return None;
    }
    let endpoint = |name, why, tenant: &str, run| {
        Some(Ok(Endpoint { name, access: Access::Public(why), params: Params::of(&[("tenant", tenant)]), run }))
    };
    match (request.method.as_str(), &request.parts()[..]) {
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"] | [tenant, ".well-known", "openid-configuration"]) => {
            endpoint("entra.discovery", "clients read it before they have a token", tenant, discovery)
        }
        ("GET", [tenant, "discovery", "v2.0", "keys"] | [tenant, "discovery", "keys"]) => {
            endpoint("entra.keys", "public keys", tenant, signing_keys)
        }
        ("GET", ["common", "discovery", "instance"]) => {
            endpoint("entra.instance", "clients read it before they have a token", "common", instance)
        }
        ("GET", ["common", "userrealm", user]) => endpoint("entra.realm", "clients read it before they have a token", user, realm),
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => endpoint("entra.token", "this is where tokens come from", tenant, token),
        _ => Some(Err(unknown(request))),
    }
}

fn unknown(request: &Request) -> Fault {
    let what = match &request.parts()[..] {
        [_, "oauth2", ..] if request.method == Method::GET => "interactive sign-in".to_owned(),
        [_, "oauth2", _, "devicecode"] => "device-code sign-in".to_owned(),
        _ => format!("{} https://{}{}", request.method, request.host, request.path),
    };
    Fault::unsupported(what, "the run is signed in already; leave the sign-in out, or sign in as a service principal")
}

fn discovery(context: &mut Context<'_>) -> Result<Reply, Fault> {
    require_tenant(context)?;
    let asked = context.params.get("tenant");
    let tenant = &context.state.directory.tenant.id;
    // Documented: the multi-tenant names keep a placeholder in the issuer and their own name in the endpoints.
    let (shown, issuer) = match asked {
        "common" | "organizations" => (asked, "{tenantid}"),
        _ => (tenant.as_str(), tenant.as_str()),
    };
    let base = format!("https://{}/{shown}", hosts::LOGIN);
    Ok(Reply::json(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic", "self_signed_tls_client_auth"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("https://{}/{issuer}/v2.0", hosts::LOGIN),
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "claims_supported": ["sub", "iss", "cloud_instance_name", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"],
        "tenant_region_scope": "NA",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    })))
}

fn signing_keys(context: &mut Context<'_>) -> Result<Reply, Fault> {
    require_tenant(context)?;
    Ok(Reply::json(json!({"keys": [keys::entra().jwk(&context.state.directory.tenant.id)]})))
}

/// Measured (azure-cli 2.91): the three members that MSAL reads.
fn instance(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let tenant = &context.state.directory.tenant.id;
    Ok(Reply::json(json!({
        "tenant_discovery_endpoint": format!("https://{}/{tenant}/v2.0/.well-known/openid-configuration", hosts::LOGIN),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": hosts::LOGIN,
            "preferred_cache": "login.windows.net",
            "aliases": [hosts::LOGIN, "login.windows.net", "login.microsoft.com", "sts.windows.net"],
        }],
    })))
}

fn realm(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let user = context.params.get("tenant");
    let domain = user.rsplit_once('@').map_or("", |(_, domain)| domain);
    let known = domain.eq_ignore_ascii_case(&context.state.directory.tenant.default_domain);
    Ok(Reply::json(json!({
        "ver": "1.0",
        "account_type": if known { "Managed" } else { "Unknown" },
        "domain_name": domain,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    })))
}

fn token(context: &mut Context<'_>) -> Result<Reply, Fault> {
    require_tenant(context)?;
    let form = context.request.form();
    if let Some(
        grant @ ("authorization_code" | "urn:ietf:params:oauth:grant-type:device_code" | "urn:ietf:params:oauth:grant-type:jwt-bearer"),
    ) = form.get("grant_type")
    {
        return Err(Fault::unsupported(format!("the grant type {grant}"), "the run is signed in already"));
    }
    let granted = operations::grant(context.state, &form, context.now);
    note(context.state, &form, &granted);
    match granted {
        Ok(granted) => Ok(no_store(Reply::json(granted_json(context, &granted)))),
        Err(refusal) => Err(refusal.into_fault(context.state, context.now)),
    }
}

/// Writes down who wanted a token of which kind, and what became of it.
fn note(state: &mut State, form: &Query, granted: &Result<Granted, Refusal>) {
    let field = |name: &str| form.get(name).unwrap_or_default();
    let found = match granted {
        Ok(_) => format!("issued for {}", field("scope")),
        Err(refusal) => format!("refused for {}: AADSTS{}", field("scope"), refusal.code),
    };
    let user = match granted {
        Ok(Granted { user: Some(user), .. }) => user.user_principal_name.clone(),
        _ => field("username").to_owned(),
    };
    let client = format!("client {}", field("client_id"));
    state.trace.caller(if user.is_empty() { client } else { format!("user {user} through the {client}") });
    state.trace.note("1 token", format!("{}: {found}", field("grant_type")));
}

/// Documented: answers of a token endpoint are not cached.
fn no_store(reply: Reply) -> Reply {
    reply.with_header("cache-control", "no-store, no-cache").with_header("pragma", "no-cache")
}

fn granted_json(context: &Context<'_>, granted: &Granted) -> Value {
    let mut body = json!({
        "token_type": "Bearer",
        "expires_in": granted.expires_in,
        "ext_expires_in": granted.expires_in,
        "access_token": granted.access_token,
    });
    let Some(user) = &granted.user else { return body };
    let form = context.request.form();
    let (client_id, scope) = (form.get("client_id").unwrap_or_default(), form.get("scope").unwrap_or_default());
    let tenant = &context.state.directory.tenant.id;
    body["scope"] = json!(scope);
    body["refresh_token"] = json!(user.refresh_token);
    // Measured (azure-cli 2.91): MSAL reads these; `foci` says that az's clients share their refresh tokens.
    body["foci"] = json!("1");
    body["id_token"] = json!(keys::entra().sign(
        tenant,
        &json!({
            "aud": client_id,
            "iss": format!("https://{}/{tenant}/v2.0", hosts::LOGIN),
            "iat": context.now.as_second(),
            "exp": ID_TOKEN_EXPIRES,
            "name": user.display_name,
            "oid": user.object_id,
            "preferred_username": user.user_principal_name,
            "sub": user.object_id,
            "tid": tenant,
            "ver": "2.0",
        }),
    ));
    body["client_info"] = json!(URL_SAFE_NO_PAD.encode(json!({"uid": user.object_id, "utid": tenant}).to_string()));
    body
}

fn require_tenant(context: &mut Context<'_>) -> Result<(), Fault> {
    let asked = context.params.get("tenant");
    if is_tenant(context.state, asked) {
        return Ok(());
    }
    Err(errors::unknown_tenant(asked).into_fault(context.state, context.now))
}

fn is_tenant(state: &State, name: &str) -> bool {
    let tenant = &state.directory.tenant;
    matches!(name, "common" | "organizations") || name.eq_ignore_ascii_case(&tenant.id) || name.eq_ignore_ascii_case(&tenant.default_domain)
}
