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
use crate::cloud::trace::Checks;

/// The user of an access token for AKS, or what the webhook says about it.
///
/// The checks are numbered as the steps of a request in "Access and identity options for AKS": a token is issued (1), kubectl asks with it
/// (2, 3), the API server asks the webhook (4), which checks the token (5), gathers the groups (6) and answers with the user (7).
pub(crate) fn review(directory: &Directory, entra: &Entra, token: &str, now: Timestamp, checks: &mut Checks) -> Result<KubeUser, String> {
    let Some(jwt) = Jwt::parse(token) else {
        let why = "oidc: malformed jwt: compact JWS format must have three parts";
        checks.note("3 credential", "no token that can be read");
        return Err(format!("{FAILED}{why}"));
    };
    let at = |claim: &str| jwt.seconds(claim).map(go_time).unwrap_or_default();
    let client = jwt.text("appid").unwrap_or("nobody");
    checks.note("1 token", format!("issued by {} through the client {client} at {}", jwt.text("iss").unwrap_or("nobody"), at("iat")));
    checks.note("2 request", format!("asked with it for {}, until {}", jwt.audiences().join(", "), at("exp")));
    checks.note("3 credential", "a bearer token, which the cluster has not issued itself");
    checks.note("4 webhook", "Entra integration is on, so the webhook is asked");
    verify(&jwt, entra, now).map_err(|why| {
        checks.note("5 signature", why.clone());
        format!("{FAILED}{why}")
    })?;
    checks.note("5 signature", "issuer, audience, time and signature are right");
    // The tenant is the cluster's, and it is that of the directory: nobody else signs for it.
    let object_id = jwt.text("oid").unwrap_or_default().to_owned();
    let name = jwt.text("upn").unwrap_or(&object_id).to_owned();
    if name.is_empty() {
        return Err("username claim upn nor oid found in the token".to_owned());
    }
    let (groups, source) = groups(directory, &jwt, &object_id).inspect_err(|why| checks.note("6 groups", why.clone()))?;
    checks.note("6 groups", format!("{source}: {}", if groups.is_empty() { "none".to_owned() } else { groups.join(", ") }));
    checks.note("7 user", format!("{name} (object id {object_id})"));
    Ok(KubeUser { name, uid: String::new(), groups, extra: vec![("oid".to_owned(), vec![object_id])] })
}

/// How a refusal of the verification begins.
const FAILED: &str = "failed to verify token for azure: ";

/// The checks of the verification, in its order.
fn verify(jwt: &Jwt<'_>, entra: &Entra, now: Timestamp) -> Result<(), String> {
    let expected = token::issuer(&entra.tenant_id);
    let issuer = jwt.text("iss").unwrap_or_default();
    if issuer != expected {
        return Err(format!("oidc: id token issued by a different provider, expected {expected:?} got {issuer:?}"));
    }
    let audiences = jwt.audiences();
    if !audiences.iter().any(|audience| Audience::of(audience) == Some(Audience::KubernetesService)) {
        let server = Audience::KubernetesService.names()[0];
        return Err(format!("oidc: expected audience {server:?} got [{}]", quoted(&audiences)));
    }
    let expires = jwt.seconds("exp").unwrap_or_default();
    if expires <= now.as_second() {
        return Err(format!("oidc: token is expired (Token Expiry: {})", go_time(expires)));
    }
    let not_before = jwt.seconds("nbf").unwrap_or_default();
    if not_before > now.as_second() {
        let (now, not_before) = (go_time(now.as_second()), go_time(not_before));
        return Err(format!("oidc: current time {now} before the nbf (not before) time: {not_before}"));
    }
    if jwt.verify(&[keys::entra().jwk(&entra.tenant_id)]).is_err() {
        return Err("failed to verify signature: failed to verify id token signature".to_owned());
    }
    Ok(())
}

/// The groups of the claim; those of the directory when the claim was too long for the token. An application cannot be looked up so.
fn groups(directory: &Directory, jwt: &Jwt<'_>, object_id: &str) -> Result<(Vec<String>, &'static str), String> {
    let claimed = jwt.claims()["groups"].as_array();
    if let Some(claimed) = claimed {
        return Ok((claimed.iter().filter_map(|group| group.as_str()).map(str::to_owned).collect(), "of the token"));
    }
    if jwt.claims()["_claim_names"]["groups"].is_null() {
        return Ok((Vec::new(), "of the token"));
    }
    if jwt.text("upn").is_none() {
        // Documentation of AKS: a service principal in more than 200 groups cannot sign in. Assumed: the words.
        return Err("failed to get groups for the user: overage claim is not supported for service principals".to_owned());
    }
    Ok((directory.with_groups(object_id).split_off(1), "of Microsoft Graph, because they were too many for the token"))
}

fn quoted(texts: &[&str]) -> String {
    texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(" ")
}

/// Go's text of a time.
fn go_time(second: i64) -> String {
    Timestamp::from_second(second).unwrap_or_default().strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()
}
