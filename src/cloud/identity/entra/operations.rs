//! The rules of the token endpoint.

use jiff::Timestamp;

use super::errors::{self, Refusal};
use super::model::{ServicePrincipal, User};
use crate::cloud::clock::since;
use crate::cloud::http::endpoint::Query;
use crate::cloud::identity::jwt::Jwt;
use crate::cloud::identity::token::{self, Audience};
use crate::cloud::kube;
use crate::cloud::msi::{self, Mismatch};
use crate::cloud::observation::Observation;
use crate::cloud::state::State;

/// Entra's documentation gives seconds; Assumed: a minute covers them.
const FEDERATION_PROPAGATION_SECONDS: u64 = 60;

/// A token that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) access_token: String,
    pub(crate) expires_in: i64,
    /// The user, when it is a user's.
    pub(crate) user: Option<User>,
}

/// Grants an access token for what `form` asks for.
pub(crate) fn grant(state: &mut State, form: &Query, now: Timestamp) -> Result<Granted, Refusal> {
    let required = |name: &str| form.get(name).filter(|value| !value.is_empty()).ok_or_else(|| errors::missing_parameter(name));
    let kind = required("grant_type")?;
    let client_id = required("client_id")?;
    match kind {
        "refresh_token" => {
            let presented = required("refresh_token")?;
            let user = state.directory.users.iter().find(|user| user.refresh_token == presented).cloned();
            let user = user.ok_or_else(errors::bad_refresh_token)?;
            for_user(state, user, client_id, &resource(state, required("scope")?)?, now)
        }
        "client_credentials" => {
            let principal = state.directory.by_app_id(client_id).cloned();
            let tenant = &state.directory.tenant;
            let principal = principal.ok_or_else(|| errors::unknown_client(client_id, &tenant.display_name))?;
            let resource = resource(state, required("scope")?)?;
            prove(state, &principal, form, now)?;
            for_application(state, &principal, &resource, now)
        }
        "password" => {
            let user = by_password(state, required("username")?, required("password")?)?;
            for_user(state, user, client_id, &resource(state, required("scope")?)?, now)
        }
        other => Err(errors::unknown_grant(other)),
    }
}

/// A password alone is not enough: Azure asks every user for a second factor (Microsoft Entra documentation, "Planning for mandatory
/// multifactor authentication"), unless the document is about a tenant that does not.
fn by_password(state: &State, username: &str, password: &str) -> Result<User, Refusal> {
    let tenant = &state.directory.tenant;
    let user = state.directory.users.iter().find(|user| user.user_principal_name.eq_ignore_ascii_case(username));
    match user {
        None => Err(errors::unknown_user(&tenant.display_name)),
        Some(user) if user.password.is_empty() || user.password != password => Err(errors::wrong_password()),
        Some(_) if state.directory.needs_second_factor => Err(errors::second_factor()),
        Some(user) => Ok(user.clone()),
    }
}

/// A principal shows a secret or an assertion.
fn prove(state: &mut State, principal: &ServicePrincipal, form: &Query, now: Timestamp) -> Result<(), Refusal> {
    if let Some(assertion) = form.get("client_assertion") {
        return federate(state, principal, assertion, now);
    }
    let secret = form.get("client_secret").ok_or_else(errors::no_proof)?;
    let password =
        state.directory.application(&principal.app_id).and_then(|known| known.passwords.iter().find(|known| known.secret == secret));
    match password {
        Some(password) if password.ends <= now => Err(errors::expired_secret(&principal.app_id)),
        Some(_) => Ok(()),
        None if principal.secrets.iter().any(|known| known == secret) => Ok(()),
        None => Err(errors::wrong_secret(&principal.app_id)),
    }
}

/// A workload shows a token of its own issuer. Order (Assumed where two things are wrong at once): credentials, issuer, subject, audience,
/// then time and signature.
fn federate(state: &mut State, principal: &ServicePrincipal, assertion: &str, now: Timestamp) -> Result<(), Refusal> {
    let jwt = Jwt::parse(assertion).ok_or_else(errors::malformed_assertion)?;
    let (issuer, subject) = (jwt.text("iss").unwrap_or_default(), jwt.text("sub").unwrap_or_default());
    let audiences = jwt.audiences();
    let audience = audiences.first().copied().unwrap_or_default();
    let fits = audiences.iter().find_map(|audience| msi::match_assertion(state, &principal.app_id, issuer, subject, audience).ok());
    let matched = match fits {
        Some(matched) => matched,
        None => msi::match_assertion(state, &principal.app_id, issuer, subject, audience).map_err(|mismatch| {
            if let Some(text) = msi::mismatch_hint(state, &principal.app_id, mismatch, issuer, subject, audience) {
                state.observe(Observation::Hint { about: principal.display_name.clone(), text });
            }
            match mismatch {
                Mismatch::NoCredentials => errors::no_credentials(&principal.app_id, &principal.display_name),
                Mismatch::Issuer => errors::issuer_unknown(issuer),
                Mismatch::SubjectCaseOnly => errors::subject_in_other_case(subject),
                Mismatch::Subject => errors::subject_unknown(subject),
                Mismatch::Audience => errors::audience_unknown(audience),
            }
        })?,
    };
    let at = |claim: &str| jwt.seconds(claim).and_then(|second| Timestamp::from_second(second).ok());
    let (from, until) = (at("nbf").or_else(|| at("iat")), at("exp"));
    if until.is_none_or(|until| now >= until) || from.is_some_and(|from| now < from) {
        return Err(errors::outside_validity(now, from, until));
    }
    let keys = kube::issuer_keys(state, issuer).ok_or_else(errors::issuer_unreachable)?;
    jwt.verify(&keys).map_err(|_| errors::bad_signature())?;
    let age = since(matched.created, now).as_secs();
    if age < FEDERATION_PROPAGATION_SECONDS {
        let name = matched.credential_id.rsplit('/').next().unwrap_or_default();
        let text = format!("the federated credential {name} was {age} s old when it was used; Azure may take up to a minute to know it");
        state.observe(Observation::Luck { text });
    }
    Ok(())
}

fn for_user(state: &mut State, user: User, client_id: &str, resource: &str, now: Timestamp) -> Result<Granted, Refusal> {
    let id = state.ids.hex("token", 11);
    let access_token = token::issue_for_user(&state.directory, &user, client_id, resource, &id, now);
    state.remember_secret(&access_token);
    Ok(Granted { access_token, expires_in: token::USER_TOKEN_SECONDS, user: Some(user) })
}

fn for_application(state: &mut State, principal: &ServicePrincipal, resource: &str, now: Timestamp) -> Result<Granted, Refusal> {
    let id = state.ids.hex("token", 11);
    let access_token = token::issue_for_app(&state.directory, principal, resource, &id, now);
    state.remember_secret(&access_token);
    Ok(Granted { access_token, expires_in: token::WORKLOAD_TOKEN_SECONDS, user: None })
}

/// The resource of a scope list: the scope that ends in `/.default`, or a permission of Graph, without that end. The double slash in
/// `https://management.core.windows.net//.default` keeps one of its slashes, as in the tokens that Azure makes of it.
fn resource(state: &State, scopes: &str) -> Result<String, Refusal> {
    let wanted = scopes.split_whitespace().find(|scope| !matches!(*scope, "openid" | "offline_access" | "profile" | "email"));
    let wanted = wanted.ok_or_else(|| errors::missing_parameter("scope"))?;
    let resource = wanted.rsplit_once('/').map_or(wanted, |(resource, _)| resource);
    match Audience::of(resource) {
        Some(_) => Ok(resource.to_owned()),
        None => Err(errors::unknown_resource(resource, &state.directory.tenant.display_name)),
    }
}
