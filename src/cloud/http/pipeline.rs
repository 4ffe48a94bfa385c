//! The one way of every request: route → authenticate → authorize → decode → operate → encode.
//!
//! A handler cannot be reached around it, and no decision means no.

use http::Method;

use super::endpoint::{Access, Context, Endpoint, Reply, Request};
use super::{dialect, hosts};
use crate::cloud::fault::Fault;
use crate::cloud::identity::authorize;
use crate::cloud::identity::caller::Caller;
use crate::cloud::observation::Observation;
use crate::cloud::profile::Profile;
use crate::cloud::state::State;
use crate::cloud::{aks, arm, authorization, graph, identity, keyvault, kube, msi, registry};

/// Answers one request. Whoever calls it settles the state after a write (`is_write`).
pub(crate) fn answer(state: &mut State, profile: &Profile, request: &Request) -> Reply {
    state.trace.begin();
    let reply = match operate(state, profile, request) {
        Ok(reply) => reply,
        Err(fault) => {
            if let Some(unsupported) = fault.as_unsupported() {
                state.observe(Observation::Unsupported(unsupported.clone()));
            }
            dialect::encode(state, request, &fault)
        }
    };
    let scheme = if request.host == hosts::METADATA { "http" } else { "https" };
    // The token endpoint says with 400 that somebody may not sign in.
    let refused = matches!(reply.status, 401 | 403) || reply.status == 400 && matches!(&*request.host, hosts::LOGIN | hosts::METADATA);
    state.trace.end(format!("{} {scheme}://{}{}", request.method, request.host, request.path), reply.status, refused);
    reply
}

/// Whether a request may have changed the state.
pub(crate) fn is_write(request: &Request) -> bool {
    !matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn operate(state: &mut State, profile: &Profile, request: &Request) -> Result<Reply, Fault> {
    let endpoint = route(request)?;
    let now = state.now();
    let caller = admit(state, &endpoint, request)?;
    let mut context = Context { state, caller: &caller, now, request, params: &endpoint.params, profile };
    (endpoint.run)(&mut context)
}

/// The endpoint of a request: the first service that knows the path.
pub(crate) fn route(request: &Request) -> Result<Endpoint, Fault> {
    let services = [
        identity::entra::routes::route,
        identity::imds::route,
        graph::routes::route,
        arm::routes::listing,
        msi::routes::route,
        registry::routes::route,
        authorization::routes::route,
        keyvault::routes::route,
        aks::routes::route,
        kube::routes::route,
        arm::routes::route,
    ];
    services.iter().find_map(|route| route(request)).unwrap_or_else(|| {
        let what = format!("{} https://{}{}", request.method, request.host, request.path);
        Err(Fault::unsupported(what, ""))
    })
}

/// Authenticates and authorizes.
fn admit(state: &mut State, endpoint: &Endpoint, request: &Request) -> Result<Caller, Fault> {
    match &endpoint.access {
        Access::Public(_) => Ok(Caller::Anonymous),
        Access::SignedIn => authorize::resource_manager_caller(state, request),
        Access::Arm { action, scope } => {
            let caller = authorize::resource_manager_caller(state, request)?;
            authorize::require_action(state, &caller, action, scope)?;
            authorization::locks::require_unlocked(state, &request.method, scope)?;
            Ok(caller)
        }
        Access::Graph => authorize::graph_caller(state, request),
        Access::VaultData { action, scope } => keyvault::authorize(state, request, action, scope),
        Access::Kube(attributes) => {
            let caller = kube::authenticate(state, request)?;
            kube::authorize(state, request, &caller, attributes)?;
            Ok(caller)
        }
    }
}
