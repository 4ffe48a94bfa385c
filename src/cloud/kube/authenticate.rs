//! Who asks an API server: a client certificate, a static token, or a service-account token; anonymous requests are refused, as AKS does.

use jiff::Timestamp;

use super::model::Cluster;
use super::objects::{text, uid_of};
use super::rbac;
use super::resources;
use super::status::Status;
use crate::cloud::http::endpoint::{KubeAttributes, Request};
use crate::cloud::identity::caller::KubeUser;
use crate::cloud::identity::jwt::Jwt;
use crate::cloud::identity::keys;

const AUTHENTICATED: &str = "system:authenticated";

/// The user behind a request, impersonation included.
pub(crate) fn authenticate(cluster: &Cluster, request: &Request, now: Timestamp) -> Result<KubeUser, Status> {
    let user = by_certificate(cluster, request).or_else(|| by_token(cluster, request, now)).ok_or_else(Status::unauthorized)?;
    impersonated(cluster, request, user)
}

fn by_certificate(cluster: &Cluster, request: &Request) -> Option<KubeUser> {
    let presented = request.client_certificate.as_ref()?;
    let (_, user) = cluster.certificates.iter().find(|(known, _)| known == presented)?;
    Some(with_group(user.clone(), AUTHENTICATED))
}

fn by_token(cluster: &Cluster, request: &Request, now: Timestamp) -> Option<KubeUser> {
    let token = request.bearer()?;
    if let Some((_, user)) = cluster.tokens.iter().find(|(known, _)| known == token) {
        return Some(with_group(user.clone(), AUTHENTICATED));
    }
    service_account(cluster, token, &cluster.audiences(), now)
}

/// The service account of a token: signature, issuer, audience, time, and that the account (and the pod it is bound to) is still the same.
pub(crate) fn service_account(cluster: &Cluster, token: &str, audiences: &[String], now: Timestamp) -> Option<KubeUser> {
    let jwt = Jwt::parse(token)?;
    let issuer = cluster.issuer();
    jwt.verify(&[keys::cluster().jwk(&issuer)]).ok()?;
    let is_ours =
        jwt.text("iss") == Some(&issuer) && jwt.audiences().iter().any(|audience| audiences.iter().any(|known| known == audience));
    let is_valid_now = jwt.seconds("exp")? > now.as_second() && jwt.seconds("nbf").unwrap_or_default() <= now.as_second();
    if !is_ours || !is_valid_now {
        return None;
    }
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

/// `--as` and `--as-group`: the user must be allowed to impersonate each of them (apiserver `filters/impersonation.go`).
fn impersonated(cluster: &Cluster, request: &Request, user: KubeUser) -> Result<KubeUser, Status> {
    let groups: Vec<String> =
        request.headers.get_all("impersonate-group").iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
    let Some(name) = request.header("impersonate-user").filter(|name| !name.is_empty()) else {
        if groups.is_empty() {
            return Ok(user);
        }
        return Err(Status::bad_request("requested [{Group  } ] without impersonating a user"));
    };
    let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let mut wanted = vec![match account {
        Some((namespace, name)) => ("serviceaccounts", namespace, name),
        None => ("users", "", name),
    }];
    wanted.extend(groups.iter().map(|group| ("groups", "", group.as_str())));
    for (resource, namespace, name) in wanted {
        let attributes = KubeAttributes {
            verb: "impersonate".to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..KubeAttributes::default()
        };
        let decision = rbac::decide(&cluster.store, &user, &attributes);
        if !decision.allowed {
            let why = rbac::refusal(&user, &attributes);
            return Err(Status::forbidden_words(resource, name, &why, &decision.reason));
        }
    }
    let mut groups = groups;
    if let (Some((namespace, _)), true) = (account, groups.is_empty()) {
        groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    }
    Ok(with_group(KubeUser { name: name.to_owned(), uid: String::new(), groups, extra: Vec::new() }, AUTHENTICATED))
}
