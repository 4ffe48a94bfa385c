//! The Kubernetes API of every cluster, and the public documents of its issuer.
//!
//! Emulated: discovery in both dialects, objects of the core and RBAC kinds with every way to change them, tables, watches, logs,
//! service-account tokens, reviews, RBAC. Workloads above pods, services, ingresses and volumes read as empty and are refused by name when
//! they are written; so are `exec`, `attach` and `port-forward`.
//!
//! Bodies are JSON values, checked and completed by one table of types ([`schema`]); what kubectl sends as protobuf is decoded, and nothing
//! is ever encoded. Wire facts were measured with kubectl 1.27 to 1.33.

mod admission;
mod aks_objects;
mod authenticate;
mod authorizer;
mod azure_webhook;
#[cfg(test)]
mod bench;
mod bootstrap;
#[cfg(test)]
mod checks_tests;
pub(crate) mod controllers;
mod decode;
mod defaults;
mod discovery;
mod duration;
#[cfg(test)]
mod entra_tests;
mod entra_token;
mod escalation;
mod handlers;
mod issuer;
#[cfg(test)]
mod kubectl_tests;
mod logs;
#[cfg(test)]
mod matrix_tests;
pub(crate) mod model;
mod names;
pub(crate) mod objects;
mod openapi;
mod operations;
mod patch;
pub(crate) mod pod_status;
pub(crate) mod pods;
#[cfg(test)]
mod properties;
mod protobuf;
#[cfg(test)]
mod quoted_tests;
mod rbac;
mod request_path;
pub(crate) mod resources;
mod reviews;
pub(crate) mod routes;
mod schema;
mod selector;
mod status;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod tokens;
mod validation;
mod watch;
pub(crate) mod webhook;

use base64::Engine as _;
use jiff::Timestamp;
use serde_json::Value;

use crate::cloud::exchange::Program;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{KubeAttributes, Request};
use crate::cloud::identity::caller::{Caller, KubeUser};
use crate::cloud::identity::jwt::Jwt;
use crate::cloud::observation::Observation;
use crate::cloud::registry;
use crate::cloud::state::State;
use crate::cloud::trace::{Checks, Trace};
use authorizer::Asker;
use model::{Cluster, Settings};
use status::Status;

/// Lets the controllers do what is due; true when they changed something. Called again until nobody changes anything.
pub(crate) fn settle(state: &mut State, now: Timestamp) -> bool {
    let authority = state.authority.clone();
    look_at_registries(state);
    let changed = state.kube.clusters_mut().filter_map(|cluster| controllers::settle(cluster, authority.pem(), now).then_some(()));
    changed.count() > 0
}

/// What the nodes can pull now: role assignments and images may have changed.
fn look_at_registries(state: &mut State) {
    let kubelets: Vec<(String, String)> =
        state.aks.clusters().filter_map(|cluster| Some((cluster.id.clone(), cluster.kubelet.as_ref()?.object_id.clone()))).collect();
    for (id, object_id) in kubelets {
        let seen = registry::pull::seen_by(state, &object_id);
        if let Some(cluster) = state.kube.get_mut(&id) {
            cluster.registries = seen;
        }
    }
}

/// When a controller or a pod next has something to do by itself, after `now`.
pub(crate) fn next_due(state: &State, now: Timestamp) -> Option<Timestamp> {
    state.kube.clusters().filter_map(|cluster| controllers::next_due(cluster, now)).min()
}

/// The next program of a pod that is to run outside the lock; it is not returned again.
pub(crate) fn next_program(state: &mut State, now: Timestamp) -> Option<Program> {
    pods::program::next(state, now)
}

/// Whether an API server or an issuer answers to this host name now.
pub(crate) fn host_exists(state: &State, host: &str) -> bool {
    if host.ends_with(issuer::HOST_SUFFIX) {
        let prefix = format!("https://{host}/");
        return state.kube.clusters().any(|cluster| cluster.settings.issuer_url.starts_with(&prefix));
    }
    state.kube.by_host(host).is_some()
}

/// Who asks an API server: client certificate, static token, service-account token or Entra's.
pub(crate) fn authenticate(state: &mut State, request: &Request) -> Result<Caller, Fault> {
    let cluster = state.kube.by_host(&request.host).ok_or_else(|| routes::fault(&Status::no_such_path()))?;
    let (mut checks, mut taken) = (Checks::default(), Trace::default());
    let found = authenticate::authenticate(state, cluster, request, &mut checks, &mut taken).map(Caller::Kube);
    let objection = if found.is_err() { authenticate::objection(state, cluster, request) } else { None };
    state.trace.take_over(checks);
    state.trace.adopt(taken);
    if let Ok(Caller::Kube(user)) = &found {
        state.trace.caller(format!("{} (groups {})", user.name, user.groups.join(", ")));
    }
    if let Some(text) = objection.and_then(|why| hint(state, request, &why)) {
        state.observe(Observation::Hint { about: request.host.clone(), text });
    }
    found.map_err(|status| routes::fault(&status))
}

/// What the API server does not tell a caller whose token it refuses.
fn hint(state: &State, request: &Request, why: &str) -> Option<String> {
    let cluster = state.kube.by_host(&request.host)?;
    let name = cluster.settings.resource_id.rsplit('/').next().unwrap_or_default();
    if let Some(jwt) = request.bearer().and_then(Jwt::parse).filter(|jwt| jwt.text("iss") == Some(&cluster.issuer())) {
        let has_expired = jwt.seconds("exp").is_some_and(|end| end <= state.now().as_second());
        let account = jwt.text("sub").unwrap_or_default();
        return has_expired.then(|| format!("the token of {account} has expired"));
    }
    let Some((_, why)) = why.split_once("failed to verify token for azure: ") else {
        let is_of_entra = request.bearer().is_some_and(|token| token.starts_with("ey")) && cluster.settings.entra.is_none();
        return is_of_entra
            .then(|| format!("the cluster {name} has no Entra integration, so it accepts tokens of its own service accounts only"));
    };
    Some(format!("the cluster {name} refused the token: {}", why.strip_suffix(']').unwrap_or(why)))
}

/// Whether Kubernetes authorization lets `caller` do that to the cluster behind `request`.
pub(crate) fn authorize(state: &mut State, request: &Request, caller: &Caller, attributes: &KubeAttributes) -> Result<(), Fault> {
    let refuse = |status: &Status| Err(routes::fault(status));
    let (Some(cluster), Some(user)) = (state.kube.by_host(&request.host), caller.kube()) else {
        return refuse(&Status::unauthorized());
    };
    let mut checks = Checks::default();
    let asker = Asker::of(state, cluster, user);
    let decision = asker.decide_telling(&cluster.store, attributes, &mut checks);
    state.trace.take_over(checks);
    asker.account(&mut state.trace);
    if decision.allowed {
        state.trace.note("9 answer", "the request goes on");
        return Ok(());
    }
    state.trace.note("9 answer", "403 Forbidden");
    let why = rbac::refusal(user, attributes);
    if attributes.resource.is_empty() {
        return refuse(&Status::forbidden_path(format!("forbidden: {why}")));
    }
    let resource =
        if attributes.group.is_empty() { attributes.resource.clone() } else { format!("{}.{}", attributes.resource, attributes.group) };
    refuse(&Status::forbidden_words(&resource, &attributes.name, &why, &decision.reason))
}

/// The published signing keys of a cluster's issuer, exactly as given (the final slash counts); none when there is no such issuer.
pub(crate) fn issuer_keys(state: &State, issuer: &str) -> Option<Vec<Value>> {
    state.kube.by_issuer(issuer).map(issuer::published_keys)
}

/// Brings up the Kubernetes side of a new cluster, whose local account has this certificate and token.
pub(crate) fn provision(state: &mut State, settings: Settings, certificate_pem: &str, token: &str, now: Timestamp) {
    let mut cluster = Cluster::new(settings);
    let account = KubeUser { name: "masterclient".to_owned(), groups: vec!["system:masters".to_owned()], ..KubeUser::default() };
    cluster.certificates.extend(der(certificate_pem).map(|der| (der, account.clone())));
    cluster.tokens.push((token.to_owned(), account));
    bootstrap::fill(&mut cluster, now);
    state.kube.insert(cluster);
}

/// Follows a change of the managed cluster: version, issuer, workload identity, nodes.
pub(crate) fn reconfigure(state: &mut State, settings: &Settings, now: Timestamp) {
    let Some(cluster) = state.kube.get_mut(&settings.resource_id) else { return };
    cluster.settings = settings.clone();
    bootstrap::nodes(cluster, now);
}

/// Removes the Kubernetes side of a cluster.
pub(crate) fn remove(state: &mut State, resource_id: &str) {
    state.kube.remove(resource_id);
}

fn der(pem: &str) -> Option<Vec<u8>> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
