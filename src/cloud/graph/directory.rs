//! The rules of changing the directory.
//!
//! The signed-in user administers the tenant; nobody else changes it. Assumed: the real directory has finer roles, and lets every user make
//! security groups.

use jiff::{Span, Timestamp};
use serde_json::{Value, json};

use crate::cloud::clock::whole_seconds;
use crate::cloud::fault::Fault;
use crate::cloud::identity::caller::Caller;
use crate::cloud::identity::entra::model::{Application, Group, Password, ServicePrincipal, ServicePrincipalKind, User};
use crate::cloud::state::State;

/// Public reports.
pub(crate) fn not_found(id: &str) -> Fault {
    let message = format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
    Fault::new(404, "Request_ResourceNotFound", message)
}

fn bad_request(message: impl Into<String>) -> Fault {
    Fault::new(400, "Request_BadRequest", message)
}

/// Refuses everybody but the administrator. Public reports.
pub(crate) fn require_administrator(state: &State, caller: &Caller) -> Result<(), Fault> {
    if caller.object_id() == state.directory.signed_in_user().object_id {
        return Ok(());
    }
    Err(Fault::new(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."))
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}

/// Documented: these properties must be there. Assumed: the words.
fn required<'a>(body: &'a Value, name: &str, kind: &str) -> Result<&'a str, Fault> {
    let missing = || bad_request(format!("A value is required for property '{name}' of resource '{kind}'."));
    body[name].as_str().filter(|value| !value.is_empty()).ok_or_else(missing)
}

/// Adds a user, who can sign in with the password.
pub(crate) fn create_user(state: &mut State, body: &Value) -> Result<User, Fault> {
    let upn = required(body, "userPrincipalName", "User")?.to_owned();
    let display_name = required(body, "displayName", "User")?.to_owned();
    required(body, "mailNickname", "User")?;
    let password = body["passwordProfile"]["password"].as_str().unwrap_or_default().to_owned();
    // Public reports of both sentences.
    if !upn
        .rsplit_once('@')
        .is_some_and(|(name, domain)| !name.is_empty() && domain.eq_ignore_ascii_case(&state.directory.tenant.default_domain))
    {
        return Err(bad_request(
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
        ));
    }
    if !is_complex(&password) {
        return Err(bad_request(
            "The specified password does not comply with password complexity requirements. Please provide a different password.",
        ));
    }
    if state.directory.users.iter().any(|user| user.user_principal_name.eq_ignore_ascii_case(&upn)) {
        return Err(bad_request("Another object with the same value for property userPrincipalName already exists."));
    }
    let key = upn.to_lowercase();
    let user = User {
        object_id: state.ids.guid(&format!("user {key}")),
        user_principal_name: upn,
        display_name,
        given_name: text(body, "givenName").to_owned(),
        surname: text(body, "surname").to_owned(),
        refresh_token: format!("1.docent-{}", state.ids.guid(&format!("refresh token {key}"))),
        password,
    };
    state.remember_secret(&user.refresh_token);
    state.remember_secret(&user.password);
    state.directory.users.push(user.clone());
    Ok(user)
}

/// Documented: eight characters or more, of three kinds out of four.
fn is_complex(password: &str) -> bool {
    let kinds: [fn(char) -> bool; 4] =
        [|c| c.is_lowercase(), |c| c.is_uppercase(), |c| c.is_ascii_digit(), |c| !c.is_alphanumeric() && !c.is_whitespace()];
    password.chars().count() >= 8 && kinds.iter().filter(|is_of| password.chars().any(is_of)).count() >= 3
}

/// Removes a user, by id or name.
pub(crate) fn delete_user(state: &mut State, id: &str) -> Result<(), Fault> {
    let found = state.directory.users.iter().find(|user| is_called(user, id)).ok_or_else(|| not_found(id))?.object_id.clone();
    if found == state.directory.signed_in_user().object_id {
        // Assumed: the words; nobody deletes the account that they are signed in with.
        return Err(Fault::new(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."));
    }
    state.directory.users.retain(|user| user.object_id != found);
    state.directory.forget_member(&found);
    Ok(())
}

fn is_called(user: &User, id: &str) -> bool {
    user.object_id.eq_ignore_ascii_case(id) || user.user_principal_name.eq_ignore_ascii_case(id)
}

/// Adds a security group.
pub(crate) fn create_group(state: &mut State, body: &Value, now: Timestamp) -> Result<Group, Fault> {
    let display_name = required(body, "displayName", "Group")?.to_owned();
    let mail_nickname = required(body, "mailNickname", "Group")?.to_owned();
    if body["mailEnabled"] != false || body["securityEnabled"] != true {
        return Err(Fault::unsupported("groups that are no security groups", "use securityEnabled true and mailEnabled false"));
    }
    let group = Group {
        object_id: state.ids.guid(&format!("group {display_name}")),
        display_name,
        mail_nickname,
        description: body["description"].as_str().map(str::to_owned),
        created: now,
        members: Vec::new(),
    };
    state.directory.groups.push(group.clone());
    Ok(group)
}

/// Removes a group from the directory and from the groups that it is in.
pub(crate) fn delete_group(state: &mut State, id: &str) -> Result<(), Fault> {
    let before = state.directory.groups.len();
    state.directory.groups.retain(|group| !group.object_id.eq_ignore_ascii_case(id));
    if state.directory.groups.len() == before {
        return Err(not_found(id));
    }
    state.directory.forget_member(id);
    Ok(())
}

/// Adds the object that an `@odata.id` names to a group.
pub(crate) fn add_member(state: &mut State, group: &str, reference: &str) -> Result<(), Fault> {
    let id = reference.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let member = match state.directory.principal(id) {
        Some(principal) => principal.object_id().to_owned(),
        None => return Err(not_found(id)),
    };
    let found =
        state.directory.groups.iter_mut().find(|known| known.object_id.eq_ignore_ascii_case(group)).ok_or_else(|| not_found(group))?;
    if found.members.contains(&member) {
        // Quoted in azure-cli's own sources.
        return Err(bad_request("One or more added object references already exist for the following modified properties: 'members'."));
    }
    found.members.push(member);
    Ok(())
}

/// Takes a member out of a group.
pub(crate) fn remove_member(state: &mut State, group: &str, member: &str) -> Result<(), Fault> {
    let found =
        state.directory.groups.iter_mut().find(|known| known.object_id.eq_ignore_ascii_case(group)).ok_or_else(|| not_found(group))?;
    let before = found.members.len();
    found.members.retain(|known| !known.eq_ignore_ascii_case(member));
    if found.members.len() == before { Err(not_found(member)) } else { Ok(()) }
}

/// Registers an application.
pub(crate) fn create_application(state: &mut State, body: &Value, now: Timestamp) -> Result<Application, Fault> {
    let display_name = required(body, "displayName", "Application")?.to_owned();
    let application = Application {
        object_id: state.ids.guid(&format!("application object {display_name}")),
        app_id: state.ids.guid(&format!("application {display_name}")),
        display_name,
        created: now,
        passwords: Vec::new(),
    };
    state.directory.applications.push(application.clone());
    Ok(application)
}

/// Removes an application with its service principal.
pub(crate) fn delete_application(state: &mut State, id: &str) -> Result<(), Fault> {
    let position =
        state.directory.applications.iter().position(|known| known.object_id.eq_ignore_ascii_case(id)).ok_or_else(|| not_found(id))?;
    let gone = state.directory.applications.remove(position);
    let principal = state.directory.by_app_id(&gone.app_id).map(|principal| principal.object_id.clone());
    if let Some(principal) = principal {
        delete_service_principal(state, &principal)?;
    }
    Ok(())
}

/// Two years when nobody says (Graph reference, `application: addPassword`).
const PASSWORD_DAYS: i64 = 730;

/// Adds a client secret to an application; the answer is the only place that ever shows it.
pub(crate) fn add_password(state: &mut State, id: &str, body: &Value, now: Timestamp) -> Result<Value, Fault> {
    let credential = &body["passwordCredential"];
    let at = |name: &str| credential[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let starts = at("startDateTime").unwrap_or(now);
    let ends = at("endDateTime").or_else(|| now.checked_add(Span::new().hours(24 * PASSWORD_DAYS)).ok()).unwrap_or(Timestamp::MAX);
    let key_id = state.ids.guid(&format!("password {id}"));
    let secret = format!("{}~docent.{}", state.ids.hex(&format!("secret head {id}"), 2), state.ids.hex(&format!("secret {id}"), 15));
    let password = Password { key_id, display_name: credential["displayName"].as_str().map(str::to_owned), starts, ends, secret };
    state.remember_secret(&password.secret);
    let application =
        state.directory.applications.iter_mut().find(|known| known.object_id.eq_ignore_ascii_case(id)).ok_or_else(|| not_found(id))?;
    application.passwords.push(password.clone());
    let mut shown = shown_password(&password);
    shown["secretText"] = json!(password.secret);
    Ok(shown)
}

/// A client secret without the secret.
pub(crate) fn shown_password(password: &Password) -> Value {
    json!({
        "customKeyIdentifier": null,
        "displayName": password.display_name,
        "endDateTime": whole_seconds(password.ends),
        "hint": password.secret.chars().take(3).collect::<String>(),
        "keyId": password.key_id,
        "secretText": null,
        "startDateTime": whole_seconds(password.starts),
    })
}

/// Takes a client secret away.
pub(crate) fn remove_password(state: &mut State, id: &str, body: &Value) -> Result<(), Fault> {
    let application =
        state.directory.applications.iter_mut().find(|known| known.object_id.eq_ignore_ascii_case(id)).ok_or_else(|| not_found(id))?;
    let key_id = text(body, "keyId");
    let before = application.passwords.len();
    application.passwords.retain(|known| known.key_id != key_id);
    // Assumed: the words.
    if application.passwords.len() == before {
        Err(bad_request(format!("No password credential found with keyId {key_id}.")))
    } else {
        Ok(())
    }
}

/// Makes the service principal of an application.
pub(crate) fn create_service_principal(state: &mut State, body: &Value, now: Timestamp) -> Result<ServicePrincipal, Fault> {
    let app_id = required(body, "appId", "ServicePrincipal")?;
    let application = state.directory.applications.iter().find(|known| known.app_id.eq_ignore_ascii_case(app_id)).cloned();
    let Some(application) = application else {
        // Public reports.
        return Err(bad_request(format!("The appId '{app_id}' of the service principal does not reference a valid application object.")));
    };
    if state.directory.by_app_id(app_id).is_some() {
        // Public reports.
        return Err(Fault::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            format!(
                "The service principal cannot be created, updated, or restored because the service principal name {app_id} is already in use."
            ),
        ));
    }
    let principal = ServicePrincipal {
        object_id: state.ids.guid(&format!("service principal {}", application.app_id)),
        app_id: application.app_id,
        display_name: application.display_name,
        kind: ServicePrincipalKind::Application,
        created: now,
        resource_id: String::new(),
        secrets: Vec::new(),
    };
    state.directory.service_principals.push(principal.clone());
    Ok(principal)
}

/// Removes a service principal that is not a managed identity's.
pub(crate) fn delete_service_principal(state: &mut State, id: &str) -> Result<(), Fault> {
    let kind = state.directory.service_principals.iter().find(|known| known.object_id.eq_ignore_ascii_case(id)).map(|known| known.kind);
    match kind {
        None => Err(not_found(id)),
        // Documented: a managed identity goes with its resource. Assumed: the words.
        Some(ServicePrincipalKind::ManagedIdentity) => Err(bad_request("Cannot delete a service principal of a managed identity.")),
        Some(ServicePrincipalKind::Application) => {
            state.directory.remove_service_principal(id);
            state.directory.forget_member(id);
            Ok(())
        }
    }
}
