//! `az login` and `az logout`, as far as nobody has to type anything: service principals with a secret or a federated token, users with a
//! password. A bare `az login` finds the user who is signed in already; without one, a browser or a code is refused by name.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{Command, account};
use crate::applets::az::credential::{self, Audience, Proof, chain};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::profile::Subscription;
use crate::applets::az::session::{Call, Session};

pub(super) const COMMANDS: [Command; 2] = [
    Command {
        name: "login",
        options: &["--username", "--password", "--tenant", "--service-principal", "--federated-token", "--use-device-code"],
        table: Some(account::TABLE),
        run: login,
    },
    Command { name: "logout", options: &["--username"], table: None, run: logout },
];

/// What `az` says when a user signs in with a password.
const PASSWORD_WARNING: &str = "Starting September 1, 2025, MFA will be gradually enforced for Azure public cloud. \
    The authentication with username and password in the command line is not supported with MFA. \
    Consider using one of the compatible authentication methods. For more details, see https://go.microsoft.com/fwlink/?linkid=2276314";

fn proof_in(arguments: &Arguments) -> Result<Proof, Failure> {
    let refused = |text: &str| Failure::Refused(text.to_owned());
    let is_service_principal = arguments.has("--service-principal");
    let Some(username) = arguments.get("--username") else {
        return Err(refused("usage error: --service-principal --username NAME --password SECRET --tenant TENANT"));
    };
    let username = username.to_owned();
    match (arguments.get("--password"), arguments.get("--federated-token"), is_service_principal) {
        (_, Some(token), true) => Ok(Proof::Assertion { application: username, token: token.to_owned() }),
        (Some(secret), None, true) => Ok(Proof::Secret { application: username, secret: secret.to_owned() }),
        (Some(password), _, false) => Ok(Proof::Password { username, password: password.to_owned() }),
        (None, _, _) => Err(refused("Please specify both username and password in non-interactive mode.")),
    }
}

/// The user who is signed in already, as if the browser had known him; the tenant that is asked for must be his.
///
/// Assumed: the real one opens a browser, which ends in the same list for somebody who chooses the same account again.
fn again(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let interactive = || Failure::Unsupported { what: "az login (interactive)".to_owned(), kind: "prompt" };
    let account = session.profile.subscription(None).ok().filter(|account| !account.is_service_principal()).ok_or_else(interactive)?;
    if let Some(tenant) = arguments.get("--tenant")
        && discovered(session, tenant)? != account.tenant()
    {
        return Err(interactive());
    }
    let found = session.list(&Call::arm(Method::GET, "/subscriptions?api-version=2022-12-01"))?;
    let is_found = |one: &Subscription| found.iter().any(|wire| wire["subscriptionId"].as_str() == Some(one.id()));
    Ok(session.profile.subscriptions().into_iter().filter(is_found).map(account::listed).collect())
}

fn login(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    if !arguments.has("--username") && !arguments.has("--service-principal") {
        return again(session, arguments);
    }
    let proof = proof_in(arguments)?;
    let is_service_principal = arguments.has("--service-principal");
    if !is_service_principal {
        session.warn(PASSWORD_WARNING);
    }
    let Some(tenant) = arguments.get("--tenant") else {
        return Err(if is_service_principal {
            Failure::Refused("usage error: --service-principal --username NAME --password SECRET --tenant TENANT".to_owned())
        } else {
            Failure::Unsupported { what: "az login without --tenant".to_owned(), kind: "option" }
        });
    };
    let username = arguments.required("--username");
    let tenant = discovered(session, tenant)?;
    if let Proof::Password { username, .. } = &proof {
        // Whether the user's own company signs him in; where it does not, the answer changes nothing.
        let realm = format!("https://login.microsoftonline.com/common/userrealm/{username}?api-version=1.0");
        let _ = asked(session, &realm)?;
    }
    let answer = proof.redeem(session.client.as_ref(), &tenant, Audience::Arm)?;
    session.use_token(Audience::Arm, answer["access_token"].as_str().unwrap_or_default());
    let found = session.list(&Call::arm(Method::GET, "/subscriptions?api-version=2022-12-01"))?;
    if found.is_empty() {
        return Err(Failure::Refused(format!("No subscriptions found for {username}.")));
    }
    let kind = if is_service_principal { "servicePrincipal" } else { "user" };
    let fresh: Vec<Subscription> = found.iter().map(|wire| subscription(wire, &tenant, username, kind)).collect();
    proof.keep(session.profile.folder(), &tenant, &answer, username)?;
    let ids: Vec<String> = fresh.iter().map(|one| one.id().to_owned()).collect();
    session.profile.merge(fresh)?;
    let now = session.profile.subscriptions();
    Ok(now.into_iter().filter(|one| ids.iter().any(|id| id == one.id())).map(account::listed).collect())
}

/// The tenant by its id: Entra's token endpoint begins with it, whatever name was given.
fn discovered(session: &Session<'_, '_>, tenant: &str) -> Result<String, Failure> {
    let url = format!("https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration");
    let text = asked(session, &url)?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    let endpoint = answer["token_endpoint"].as_str().and_then(|endpoint| endpoint.split('/').nth(3)).map(str::to_owned);
    endpoint.ok_or_else(|| Failure::Refused(format!("Failed to resolve tenant '{tenant}'.\n\nError detail: {text}")))
}

/// The answer of Entra to a question that needs no token.
fn asked(session: &Session<'_, '_>, url: &str) -> Result<String, Failure> {
    let request = Request::get(url).header("Accept", "*/*").body(Bytes::new()).map_err(|error| Failure::Refused(error.to_string()))?;
    let response = session.client.send(request).map_err(|error| Failure::Refused(chain(&error)))?;
    Ok(String::from_utf8_lossy(&response.body).into_owned())
}

fn subscription(wire: &Value, tenant: &str, username: &str, kind: &str) -> Subscription {
    let home = wire["tenantId"].as_str().unwrap_or(tenant);
    let managed_by = wire["managedByTenants"].as_array().cloned().unwrap_or_default();
    Subscription(json!({
        "id": wire["subscriptionId"], "name": wire["displayName"], "state": wire["state"], "user": { "name": username, "type": kind },
        "isDefault": false, "tenantId": tenant, "environmentName": "AzureCloud", "homeTenantId": home, "managedByTenants": managed_by,
    }))
}

fn logout(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let name = match arguments.get("--username") {
        Some(name) => name.to_owned(),
        None => {
            let account = session.profile.subscription(None);
            // Assumed: the wording of the real one where there is no account.
            account.map_err(|_| Failure::Refused("There are no active accounts.".to_owned()))?.user().to_owned()
        }
    };
    credential::forget(session.profile.folder(), &name)?;
    session.profile.forget(&name)?;
    Ok(Value::Null)
}
