//! `az login` and `az logout`, as far as nobody has to type anything: service principals with a secret or a federated token, users with a
//! password, the managed identity of a machine. A bare `az login` finds the user who is signed in already; without one, a browser or a code is refused by name.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{Command, account};
use crate::applets::az::credential::{self, Audience, MachineIdentity, Proof, chain};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::profile::Subscription;
use crate::applets::az::session::{Call, Session};

pub(super) const COMMANDS: [Command; 2] = [
    Command {
        name: "login",
        options: &[
            "--username",
            "--password",
            "--tenant",
            "--service-principal",
            "--federated-token",
            "--use-device-code",
            "--identity",
            "--client-id",
            "--object-id",
            "--resource-id",
            "--allow-no-subscriptions",
        ],
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
    let refused = |text: &str| Err(Failure::Refused(text.to_owned()));
    // In the order of azure-cli 2.91, `profile/custom.py`.
    if arguments.has("--identity") {
        if ["--password", "--service-principal", "--tenant"].iter().any(|key| arguments.has(key)) {
            return refused("usage error: '--identity' is not applicable with other arguments");
        }
        if arguments.has("--username") {
            return refused(
                "Passing the managed identity ID with --username is no longer supported. Use --client-id, --object-id or --resource-id instead.",
            );
        }
        if arguments.has("--use-device-code") {
            return refused("usage error: '--use-device-code' is not applicable with other arguments");
        }
        return of_machine(session, arguments);
    }
    if !arguments.has("--username") && !arguments.has("--service-principal") {
        return again(session, arguments);
    }
    let proof = proof_in(arguments)?;
    let is_service_principal = arguments.has("--service-principal");
    if !is_service_principal {
        session.warn(PASSWORD_WARNING);
    }
    if is_service_principal && !arguments.has("--tenant") {
        return refused("usage error: --service-principal --username NAME --password SECRET --tenant TENANT");
    }
    let username = arguments.required("--username").to_owned();
    // Without a tenant az signs a user in with any organization and looks at all tenants of the answer.
    let tenant = discovered(session, arguments.get("--tenant").unwrap_or("organizations"))?;
    if let Proof::Password { username, .. } = &proof {
        // Whether the user's own company signs him in; where it does not, the answer changes nothing.
        let realm = format!("https://login.microsoftonline.com/common/userrealm/{username}?api-version=1.0");
        let _ = asked(session, &realm)?;
    }
    let answer = session.token_by(&proof, &username, &tenant, Audience::Arm.scope())?;
    session.use_token(Audience::Arm, answer["access_token"].as_str().unwrap_or_default());
    let home = if arguments.has("--tenant") { tenant.clone() } else { home_tenant(&answer, &tenant) };
    proof.keep(session.profile.folder(), &home, &answer, &username)?;
    let kind = if is_service_principal { "servicePrincipal" } else { "user" };
    let user = json!({ "name": username, "type": kind });
    let fresh = if arguments.has("--tenant") { subscriptions(session, &tenant, &user)? } else { of_all_tenants(session, &user)? };
    let nobody = format!("No subscriptions found for {username}.");
    signed_in(session, arguments, fresh, (&home, &user), &nobody)
}

/// The tenant that a user's token is of.
fn home_tenant(answer: &Value, tenant: &str) -> String {
    let claims = credential::claims_in(answer["id_token"].as_str().unwrap_or_default());
    claims["tid"].as_str().unwrap_or(tenant).to_owned()
}

/// The machine's managed identity, as azure-cli 2.91 signs it in (`core/_profile.py`, `login_with_managed_identity`).
fn of_machine(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let named = [
        ("--client-id", MachineIdentity::Client as fn(String) -> MachineIdentity),
        ("--object-id", MachineIdentity::Object),
        ("--resource-id", MachineIdentity::Resource),
    ];
    let mut named = named.into_iter().filter_map(|(key, of)| arguments.get(key).filter(|id| !id.is_empty()).map(|id| of(id.to_owned())));
    let identity = named.next();
    if named.next().is_some() {
        return Err(Failure::Refused("Usage error: Provide only one of --client-id, --object-id, --resource-id.".to_owned()));
    }
    let user = match &identity {
        Some(identity) => json!({"name": "userAssignedIdentity", "type": "servicePrincipal", "assignedIdentityInfo": identity.kept()}),
        None => json!({"name": "systemAssignedIdentity", "type": "servicePrincipal", "assignedIdentityInfo": "MSI"}),
    };
    let answer = Proof::Machine(identity).redeem(session.client.as_ref(), "", Audience::Arm)?;
    let token = answer["access_token"].as_str().unwrap_or_default().to_owned();
    session.use_token(Audience::Arm, &token);
    let tenant = credential::claims_in(&token)["tid"].as_str().unwrap_or_default().to_owned();
    let fresh = subscriptions(session, &tenant, &user)?;
    let nobody = "No access was configured for the managed identity, hence no subscriptions were found. If this is expected, use \
                  '--allow-no-subscriptions' to have tenant level access.";
    signed_in(session, arguments, fresh, (&tenant, &user), nobody)
}

/// The subscriptions that the token shows in a tenant.
fn subscriptions(session: &mut Session<'_, '_>, tenant: &str, user: &Value) -> Result<Vec<Subscription>, Failure> {
    let found = session.list(&Call::arm(Method::GET, "/subscriptions?api-version=2022-12-01"))?;
    Ok(found.iter().map(|wire| subscription(wire, tenant, user)).collect())
}

/// The same in every tenant, whose names az keeps then (transcript 58).
fn of_all_tenants(session: &mut Session<'_, '_>, user: &Value) -> Result<Vec<Subscription>, Failure> {
    let tenants = session.list(&Call::arm(Method::GET, "/tenants?api-version=2022-12-01"))?;
    let mut all = Vec::new();
    let name = user["name"].as_str().unwrap_or_default();
    for tenant in &tenants {
        let id = tenant["tenantId"].as_str().unwrap_or_default();
        let id = discovered(session, id)?;
        let proof = Proof::RefreshToken(credential::refresh_token(name, session.profile.folder()).unwrap_or_default());
        let answer = session.token_by(&proof, name, &id, Audience::Arm.scope())?;
        session.use_token(Audience::Arm, answer["access_token"].as_str().unwrap_or_default());
        for mut one in subscriptions(session, &id, user)? {
            one.0["tenantDefaultDomain"] = tenant["defaultDomain"].clone();
            one.0["tenantDisplayName"] = tenant["displayName"].clone();
            all.push(one);
        }
    }
    Ok(all)
}

/// Keeps the subscriptions of a new sign-in, and shows them; `nobody` is said when there are none.
fn signed_in(
    session: &mut Session<'_, '_>,
    arguments: &Arguments,
    mut fresh: Vec<Subscription>,
    (tenant, user): (&str, &Value),
    nobody: &str,
) -> Result<Value, Failure> {
    if fresh.is_empty() {
        if !arguments.has("--allow-no-subscriptions") {
            return Err(Failure::Refused(nobody.to_owned()));
        }
        // azure-cli `core/_profile.py`, `_build_tenant_level_accounts`.
        fresh.push(Subscription(json!({
            "id": tenant, "name": "N/A(tenant level account)", "state": "Enabled", "user": user, "isDefault": false, "tenantId": tenant,
            "environmentName": "AzureCloud",
        })));
    }
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

fn subscription(wire: &Value, tenant: &str, user: &Value) -> Subscription {
    let home = wire["tenantId"].as_str().unwrap_or(tenant);
    let managed_by = wire["managedByTenants"].as_array().cloned().unwrap_or_default();
    Subscription(json!({
        "id": wire["subscriptionId"], "name": wire["displayName"], "state": wire["state"], "user": user,
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
