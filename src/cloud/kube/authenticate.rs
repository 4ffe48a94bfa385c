//! Who asks an API server: a client certificate, a static token, or a service-account token; anonymous requests are refused, as AKS does.

use jiff::Timestamp;

use super::authorizer::Asker;
use super::entra_token;
use super::model::Cluster;
use super::objects::{text, uid_of};
use super::rbac;
use super::resources;
use super::status::Status;
use crate::cloud::http::endpoint::{KubeAttributes, Request, percent_decode};
use crate::cloud::identity::caller::KubeUser;
use crate::cloud::identity::jwt::Jwt;
use crate::cloud::identity::keys;
use crate::cloud::state::State;
use crate::cloud::trace::{Checks, Trace};

const AUTHENTICATED: &str = "system:authenticated";

/// The user behind a request, impersonation included.
pub(crate) fn authenticate(
    state: &State,
    cluster: &Cluster,
    request: &Request,
    checks: &mut Checks,
    taken: &mut Trace,
) -> Result<KubeUser, Status> {
    let user = match by_certificate(cluster, request) {
        Some(user) => {
            checks.note("3 credential", "a client certificate that the cluster's own authority signed");
            checks.note("7 user", format!("{}, by the certificate", user.name));
            user
        }
        None => by_token(state, cluster, request.bearer().unwrap_or_default(), checks).map_err(|why| {
            checks.note("9 answer", format!("401 Unauthorized: {why}"));
            Status::unauthorized()
        })?,
    };
    impersonated(state, cluster, request, user, checks, taken)
}

/// Why a token opens nothing, in the words of a token review; none when it does, or when there is none.
pub(crate) fn objection(state: &State, cluster: &Cluster, request: &Request) -> Option<String> {
    let token = request.bearer()?;
    if by_certificate(cluster, request).is_some() { None } else { by_token(state, cluster, token, &mut Checks::default()).err() }
}

fn by_certificate(cluster: &Cluster, request: &Request) -> Option<KubeUser> {
    let presented = request.client_certificate.as_ref()?;
    let (_, user) = cluster.certificates.iter().find(|(known, _)| known == presented)?;
    Some(with_group(user.clone(), AUTHENTICATED))
}

fn by_token(state: &State, cluster: &Cluster, token: &str, checks: &mut Checks) -> Result<KubeUser, String> {
    if let Some((_, user)) = cluster.tokens.iter().find(|(known, _)| known == token) {
        checks.note("3 credential", "the token of the cluster's local account");
        checks.note("7 user", user.name.clone());
        return Ok(with_group(user.clone(), AUTHENTICATED));
    }
    if token.is_empty() {
        checks.note("3 credential", "none");
    }
    reviewed(state, cluster, token, &cluster.audiences(), checks)
}

/// The user of a token that some authenticator signed: the cluster's own issuer, then the webhook for Entra's.
///
/// # Errors
/// What a token review says: kubernetes `union.go` lists the objections of all authenticators.
pub(crate) fn reviewed(
    state: &State,
    cluster: &Cluster,
    token: &str,
    audiences: &[String],
    checks: &mut Checks,
) -> Result<KubeUser, String> {
    const INVALID: &str = "invalid bearer token";
    let now = state.now();
    match service_account(cluster, token, audiences, now) {
        Ok(user) => {
            checks.note("3 credential", "a service-account token: signature, issuer, audience, time and what it is bound to are right");
            checks.note("7 user", user.name.clone());
            return Ok(user);
        }
        Err(Objection::NotOurs) => {}
        Err(Objection::Refused(why)) => checks.note("3 credential", format!("a service-account token: {why}")),
    }
    let Some(entra) = &cluster.settings.entra else {
        checks.note("4 webhook", "none: the cluster has no Entra integration");
        return Err(INVALID.to_owned());
    };
    let known = cluster.audiences();
    if !audiences.iter().any(|audience| known.contains(audience)) {
        return Err(INVALID.to_owned());
    }
    let found = entra_token::review(&state.directory, entra, token, now, checks);
    found.map(|user| with_group(user, AUTHENTICATED)).map_err(|why| format!("[{INVALID}, {why}]"))
}

/// The service account of a token: signature, issuer, audience, time, and that the account (and the pod it is bound to) is still the same.
fn service_account(cluster: &Cluster, token: &str, audiences: &[String], now: Timestamp) -> Result<KubeUser, Objection> {
    let jwt = Jwt::parse(token).ok_or(Objection::NotOurs)?;
    let issuer = cluster.issuer();
    if jwt.text("iss") != Some(&issuer) {
        return Err(Objection::NotOurs);
    }
    jwt.verify(&[keys::cluster().jwk(&issuer)]).map_err(|_| Objection::Refused("its signature is not the cluster's"))?;
    if !jwt.audiences().iter().any(|audience| audiences.iter().any(|known| known == audience)) {
        return Err(Objection::Refused("it is meant for another audience"));
    }
    if jwt.seconds("exp").is_none_or(|end| end <= now.as_second()) || jwt.seconds("nbf").unwrap_or_default() > now.as_second() {
        return Err(Objection::Refused("it is not valid now"));
    }
    bound_account(cluster, &jwt).ok_or(Objection::Refused("what it is bound to is gone"))
}

/// Why a token is not that of a service account.
enum Objection {
    /// Another issuer's.
    NotOurs,
    Refused(&'static str),
}

/// The account that a token names, when it and the pod of the token are still the same.
fn bound_account(cluster: &Cluster, jwt: &Jwt<'_>) -> Option<KubeUser> {
    let bound = &jwt.claims()["kubernetes.io"];
    let namespace = text(bound, "/namespace");
    let name = text(bound, "/serviceaccount/name");
    let accounts = resources::find("", "v1", "serviceaccounts")?;
    let account = cluster.store.find(accounts, namespace, name)?;
    if uid_of(account) != text(bound, "/serviceaccount/uid") {
        return None;
    }
    let mut extra =
        vec![("authentication.kubernetes.io/credential-id".to_owned(), vec![format!("JTI={}", jwt.text("jti").unwrap_or_default())])];
    if bound["pod"].is_object() {
        let pods = resources::find("", "v1", "pods")?;
        let pod = cluster.store.find(pods, namespace, text(bound, "/pod/name"))?;
        if uid_of(pod) != text(bound, "/pod/uid") {
            return None;
        }
        extra.push(("authentication.kubernetes.io/pod-name".to_owned(), vec![text(bound, "/pod/name").to_owned()]));
        extra.push(("authentication.kubernetes.io/pod-uid".to_owned(), vec![text(bound, "/pod/uid").to_owned()]));
    }
    Some(KubeUser {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid: uid_of(account).to_owned(),
        groups: vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}"), AUTHENTICATED.to_owned()],
        extra,
    })
}

fn with_group(mut user: KubeUser, group: &str) -> KubeUser {
    if !user.groups.iter().any(|known| known == group) {
        user.groups.push(group.to_owned());
    }
    user
}

/// `--as`, `--as-uid`, `--as-group` and what `Impersonate-Extra-…` says: the user must be allowed to impersonate each of them (apiserver
/// `filters/impersonation/impersonation.go`).
fn impersonated(
    state: &State,
    cluster: &Cluster,
    request: &Request,
    user: KubeUser,
    checks: &mut Checks,
    taken: &mut Trace,
) -> Result<KubeUser, Status> {
    let groups: Vec<String> =
        request.headers.get_all("impersonate-group").iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
    let uid = request.header("impersonate-uid").unwrap_or_default().to_owned();
    let extra = impersonated_extra(request);
    let Some(name) = request.header("impersonate-user").filter(|name| !name.is_empty()) else {
        if groups.is_empty() && uid.is_empty() && extra.is_empty() {
            return Ok(user);
        }
        return Err(Status::bad_request("requested impersonation without impersonating a user"));
    };
    let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let of = |resource: &str, name: &str| KubeAttributes {
        verb: "impersonate".to_owned(),
        resource: resource.to_owned(),
        name: name.to_owned(),
        ..KubeAttributes::default()
    };
    let mut wanted = vec![match account {
        Some((namespace, name)) => KubeAttributes { namespace: namespace.to_owned(), ..of("serviceaccounts", name) },
        None => of("users", name),
    }];
    wanted.extend(groups.iter().map(|group| of("groups", group)));
    for (key, values) in &extra {
        wanted.extend(values.iter().map(|value| KubeAttributes {
            group: "authentication.k8s.io".to_owned(),
            subresource: key.clone(),
            ..of("userextras", value)
        }));
    }
    if !uid.is_empty() {
        wanted.push(KubeAttributes { group: "authentication.k8s.io".to_owned(), ..of("uids", &uid) });
    }
    let asker = Asker::of(state, cluster, &user);
    for attributes in wanted {
        let decision = asker.decide_telling(&cluster.store, &attributes, checks);
        if !decision.allowed {
            let why = rbac::refusal(&user, &attributes);
            let resource = match attributes.group.as_str() {
                "" => attributes.resource.clone(),
                group => format!("{}.{group}", attributes.resource),
            };
            return Err(Status::forbidden_words(&resource, &attributes.name, &why, &decision.reason));
        }
    }
    asker.account(taken);
    checks.note("7 user", format!("{} speaks as {name}", user.name));
    let mut groups = groups;
    if let (Some((namespace, _)), true) = (account, groups.is_empty()) {
        groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    }
    let found = KubeUser { name: name.to_owned(), uid, groups, extra };
    // The anonymous user is never authenticated, whoever speaks for them.
    if name == "system:anonymous" {
        return Ok(with_group(found, "system:unauthenticated"));
    }
    Ok(with_group(found, AUTHENTICATED))
}

/// `Impersonate-Extra-KEY: VALUE`; keys are lower case and percent-encoded on the wire.
fn impersonated_extra(request: &Request) -> Vec<(String, Vec<String>)> {
    let mut extra: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in &request.headers {
        let (Some(key), Ok(value)) = (name.as_str().strip_prefix("impersonate-extra-"), value.to_str()) else { continue };
        let key = percent_decode(key);
        match extra.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value.to_owned()),
            None => extra.push((key, vec![value.to_owned()])),
        }
    }
    extra
}
