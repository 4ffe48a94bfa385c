//! The token webhook of a cluster with Entra integration: whose access token this is. It decides and says why.
//!
//! Steps and words: kubeguard `auth/providers/azure/azure.go`; refusals of the verification: go-oidc `oidc/verify.go`, in its order.

use jiff::Timestamp;

use super::model::Entra;
use crate::cloud::identity::caller::KubeUser;
use crate::cloud::identity::entra::model::Model as Directory;
use crate::cloud::identity::jwt::Jwt;
use crate::cloud::identity::keys;
use crate::cloud::identity::token::{self, Audience};

/// The user of an access token for AKS, or what the webhook says about it.
pub(crate) fn review(directory: &Directory, entra: &Entra, token: &str, now: Timestamp) -> Result<KubeUser, String> {
    let failed = |why: String| format!("failed to verify token for azure: {why}");
    let Some(jwt) = Jwt::parse(token) else {
        return Err(failed("oidc: malformed jwt: compact JWS format must have three parts".to_owned()));
    };
    let expected = token::issuer(&entra.tenant_id);
    let issuer = jwt.text("iss").unwrap_or_default();
    if issuer != expected {
        return Err(failed(format!("oidc: id token issued by a different provider, expected {expected:?} got {issuer:?}")));
    }
    let audiences = jwt.audiences();
    if !audiences.iter().any(|audience| Audience::of(audience) == Some(Audience::KubernetesService)) {
        let server = Audience::KubernetesService.names()[0];
        return Err(failed(format!("oidc: expected audience {server:?} got [{}]", quoted(&audiences))));
    }
    let expires = jwt.seconds("exp").unwrap_or_default();
    if expires <= now.as_second() {
        return Err(failed(format!("oidc: token is expired (Token Expiry: {})", go_time(expires))));
    }
    let not_before = jwt.seconds("nbf").unwrap_or_default();
    if not_before > now.as_second() {
        let (now, not_before) = (go_time(now.as_second()), go_time(not_before));
        return Err(failed(format!("oidc: current time {now} before the nbf (not before) time: {not_before}")));
    }
    if jwt.verify(&[keys::entra().jwk(&entra.tenant_id)]).is_err() {
        return Err(failed("failed to verify signature: failed to verify id token signature".to_owned()));
    }
    // The tenant is the cluster's, and it is that of the directory: nobody else signs for it.
    let object_id = jwt.text("oid").unwrap_or_default().to_owned();
    let name = jwt.text("upn").unwrap_or(&object_id).to_owned();
    if name.is_empty() {
        return Err("username claim upn nor oid found in the token".to_owned());
    }
    let groups = groups(directory, &jwt, &object_id)?;
    Ok(KubeUser { name, uid: String::new(), groups, extra: vec![("oid".to_owned(), vec![object_id])] })
}

/// The groups of the claim; those of the directory when the claim was too long for the token. An application cannot be looked up so.
fn groups(directory: &Directory, jwt: &Jwt<'_>, object_id: &str) -> Result<Vec<String>, String> {
    let claimed = jwt.claims()["groups"].as_array();
    if let Some(claimed) = claimed {
        return Ok(claimed.iter().filter_map(|group| group.as_str()).map(str::to_owned).collect());
    }
    if jwt.claims()["_claim_names"]["groups"].is_null() {
        return Ok(Vec::new());
    }
    if jwt.text("upn").is_none() {
        // Documentation of AKS: a service principal in more than 200 groups cannot sign in. Assumed: the words.
        return Err("failed to get groups for the user: overage claim is not supported for service principals".to_owned());
    }
    Ok(directory.with_groups(object_id).split_off(1))
}

fn quoted(texts: &[&str]) -> String {
    texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(" ")
}

/// Go's text of a time.
fn go_time(second: i64) -> String {
    Timestamp::from_second(second).unwrap_or_default().strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()
}
