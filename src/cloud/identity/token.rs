//! Access tokens of the tenant: made by the token endpoint, read by every service.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::{CallerKind, EntraCaller};
use super::entra::model::{Model, ServicePrincipal, User};
use super::jwt::Jwt;
use super::keys;

/// An API that tokens are issued for, with the names it goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    ResourceManager,
    Graph,
    KeyVault,
    /// The server application of AKS, which is the audience of every cluster with Entra integration.
    KubernetesService,
}

impl Audience {
    /// Every API.
    pub(crate) const ALL: [Self; 4] = [Self::ResourceManager, Self::Graph, Self::KeyVault, Self::KubernetesService];

    /// The values of `aud` that the API accepts, trailing slashes aside; the last one is its application id.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::ResourceManager => {
                &["https://management.core.windows.net", "https://management.azure.com", "797f4846-ba00-4fd7-ba43-dac1f8f63013"]
            }
            Self::Graph => &["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"],
            // Azure/kubelogin, docs/book/src/concepts/aks.md.
            Self::KubernetesService => &["6dae42f8-4368-4678-94ff-3960e28e3630"],
            Self::KeyVault => &["https://vault.azure.net", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"],
        }
    }

    /// The API that a resource identifier names.
    pub(crate) fn of(resource: &str) -> Option<Self> {
        let wanted = resource.trim_end_matches('/');
        Self::ALL.into_iter().find(|audience| audience.names().iter().any(|name| name.eq_ignore_ascii_case(wanted)))
    }
}

/// How long a token lives, in seconds. A user's varies between 60 and 90 minutes; Assumed: the middle.
pub(crate) const USER_TOKEN_SECONDS: i64 = 4500;
/// Managed identities' tokens live 24 hours (managed identity documentation).
pub(crate) const WORKLOAD_TOKEN_SECONDS: i64 = 86_400;

/// `iss` of the tenant's tokens.
pub(crate) fn issuer(tenant_id: &str) -> String {
    format!("https://sts.windows.net/{tenant_id}/")
}

/// The tenant of an issuer.
fn tenant_of(issuer: &str) -> Option<&str> {
    issuer.strip_prefix("https://sts.windows.net/")?.strip_suffix('/')
}

/// An access token for a user, through the client `app_id`.
pub(crate) fn issue_for_user(directory: &Model, user: &User, app_id: &str, audience: &str, id: &str, now: Timestamp) -> String {
    let mut claims = common(directory, audience, id, now, USER_TOKEN_SECONDS);
    claims["appid"] = json!(app_id);
    claims["idtyp"] = json!("user");
    claims["name"] = json!(user.display_name);
    claims["oid"] = json!(user.object_id);
    claims["scp"] = json!("user_impersonation");
    claims["sub"] = json!(user.object_id);
    claims["unique_name"] = json!(user.user_principal_name);
    claims["upn"] = json!(user.user_principal_name);
    add_groups(&mut claims, directory, &user.object_id);
    keys::entra().sign(&directory.tenant.id, &claims)
}

/// An access token for a service principal.
pub(crate) fn issue_for_app(directory: &Model, principal: &ServicePrincipal, audience: &str, id: &str, now: Timestamp) -> String {
    let mut claims = common(directory, audience, id, now, WORKLOAD_TOKEN_SECONDS);
    claims["appid"] = json!(principal.app_id);
    claims["idtyp"] = json!("app");
    claims["app_displayname"] = json!(principal.display_name);
    claims["oid"] = json!(principal.object_id);
    claims["sub"] = json!(principal.object_id);
    add_groups(&mut claims, directory, &principal.object_id);
    keys::entra().sign(&directory.tenant.id, &claims)
}

/// More groups than this do not fit into a token (Entra documentation, "Groups overage claim").
const GROUPS_MAX: usize = 200;

/// The server application of AKS asks for the groups of its callers, those that hold through other groups included.
fn add_groups(claims: &mut Value, directory: &Model, object_id: &str) {
    if claims["aud"].as_str().and_then(Audience::of) != Some(Audience::KubernetesService) {
        return;
    }
    let groups = directory.with_groups(object_id).split_off(1);
    if groups.len() > GROUPS_MAX {
        let endpoint = format!("https://graph.windows.net/{}/users/{object_id}/getMemberObjects", directory.tenant.id);
        claims["_claim_names"] = json!({"groups": "src1"});
        claims["_claim_sources"] = json!({"src1": {"endpoint": endpoint}});
    } else if !groups.is_empty() {
        claims["groups"] = json!(groups);
    }
}

fn common(directory: &Model, audience: &str, id: &str, now: Timestamp, seconds: i64) -> Value {
    json!({
        "aud": audience,
        "iss": issuer(&directory.tenant.id),
        "iat": now.as_second(),
        "nbf": now.as_second(),
        "exp": now.as_second() + seconds,
        "tid": directory.tenant.id,
        "uti": id,
        "ver": "1.0",
    })
}

/// Why a token was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Not a token of this tenant: garbage, forged, or of another run.
    Invalid,
    /// Made for another API, whose name is given.
    Audience(String),
    /// Of another tenant, whose issuer is given.
    Tenant(String),
    /// Its time is over, since the given instant.
    Expired(Timestamp),
    /// Its principal is no longer in the directory.
    Gone,
}

impl Rejection {
    /// Why, as a sentence fragment.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Invalid => "it is no token of this tenant, or its signature is wrong".to_owned(),
            Self::Audience(found) => format!("it was issued for {found}"),
            Self::Tenant(found) => format!("it is of another tenant, {found}"),
            Self::Expired(at) => format!("it expired at {at}"),
            Self::Gone => "its principal is no longer in the directory".to_owned(),
        }
    }
}

/// Reads a token for `audience`: signature, issuer, time, audience and principal are checked.
pub(crate) fn read(directory: &Model, audience: Audience, token: &str, now: Timestamp) -> Result<EntraCaller, Rejection> {
    let jwt = Jwt::parse(token).ok_or(Rejection::Invalid)?;
    let tenant_id = &directory.tenant.id;
    let signer = jwt.text("iss").and_then(tenant_of).ok_or(Rejection::Invalid)?;
    jwt.verify(&[keys::entra().jwk(signer)]).map_err(|_| Rejection::Invalid)?;
    if signer != tenant_id {
        return Err(Rejection::Tenant(issuer(signer)));
    }
    if jwt.seconds("nbf").is_some_and(|from| from > now.as_second()) {
        return Err(Rejection::Invalid);
    }
    let expires = jwt.seconds("exp").and_then(|second| Timestamp::from_second(second).ok()).ok_or(Rejection::Invalid)?;
    if now >= expires {
        return Err(Rejection::Expired(expires));
    }
    let found = jwt.text("aud").unwrap_or_default();
    if Audience::of(found) != Some(audience) {
        return Err(Rejection::Audience(found.to_owned()));
    }
    let object_id = jwt.text("oid").ok_or(Rejection::Invalid)?;
    let principal = directory.principal(object_id).ok_or(Rejection::Gone)?;
    let kind = if jwt.text("idtyp") == Some("user") { CallerKind::User } else { CallerKind::Application };
    Ok(EntraCaller {
        tenant_id: tenant_id.clone(),
        object_id: object_id.to_owned(),
        app_id: jwt.text("appid").unwrap_or_default().to_owned(),
        kind,
        name: jwt.text("upn").unwrap_or_else(|| principal.display_name()).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::ids::Ids;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + second).unwrap()
    }

    fn user_token(directory: &Model, audience: &str) -> String {
        issue_for_user(directory, directory.signed_in_user(), "cli", audience, "t", at(0))
    }

    #[test]
    fn a_token_is_good_for_its_api_until_it_expires() {
        let directory = Model::new(&Ids::new(0));
        let token = user_token(&directory, "https://management.core.windows.net/");
        let caller = read(&directory, Audience::ResourceManager, &token, at(0)).unwrap();
        assert_eq!(caller.object_id, directory.signed_in_user().object_id);
        assert_eq!(caller.kind, CallerKind::User);
        assert_eq!(read(&directory, Audience::ResourceManager, &token, at(4500)), Err(Rejection::Expired(at(4500))));
        let wrong = read(&directory, Audience::KeyVault, &token, at(0));
        assert_eq!(wrong, Err(Rejection::Audience("https://management.core.windows.net/".to_owned())));
    }

    #[test]
    fn a_token_is_refused_before_its_time_and_without_an_end() {
        let directory = Model::new(&Ids::new(0));
        let user = directory.signed_in_user();
        let read_with = |name: &str, value: Value| {
            let mut claims = common(&directory, "https://vault.azure.net", "t", at(0), 60);
            claims["oid"] = json!(user.object_id);
            claims[name] = value;
            read(&directory, Audience::KeyVault, &keys::entra().sign(&directory.tenant.id, &claims), at(10))
        };
        assert!(read_with("nbf", json!(at(10).as_second())).is_ok());
        assert_eq!(read_with("nbf", json!(at(11).as_second())), Err(Rejection::Invalid));
        assert_eq!(read_with("exp", Value::Null), Err(Rejection::Invalid));
        assert_eq!(read_with("oid", json!("nobody")), Err(Rejection::Gone));
    }

    #[test]
    fn a_token_of_another_seed_is_refused() {
        let (one, other) = (Model::new(&Ids::new(0)), Model::new(&Ids::new(1)));
        let token = user_token(&other, "https://vault.azure.net");
        assert_eq!(read(&one, Audience::KeyVault, &token, at(0)), Err(Rejection::Tenant(issuer(&other.tenant.id))));
    }

    #[test]
    fn a_token_of_a_deleted_principal_is_refused() {
        let mut ids = Ids::new(0);
        let mut directory = Model::new(&ids);
        let principal = directory.register_managed_identity(&mut ids, "/x", "id", at(0));
        let token = issue_for_app(&directory, &principal, "https://vault.azure.net", "t", at(0));
        assert_eq!(read(&directory, Audience::KeyVault, &token, at(0)).unwrap().kind, CallerKind::Application);
        assert!(directory.remove_service_principal(&principal.object_id));
        assert_eq!(read(&directory, Audience::KeyVault, &token, at(0)), Err(Rejection::Gone));
    }
}
