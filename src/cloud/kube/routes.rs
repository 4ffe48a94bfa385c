//! Paths of API servers and of issuers' hosts.

use http::Method;
use serde_json::{Value, json};

use super::handlers;
use super::issuer;
use super::request_path;
use super::status::Status;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request};

type Run = fn(&mut Context<'_>) -> Result<Reply, Fault>;

/// Whether a host name (lower case) is that of an API server.
pub(crate) fn is_api_server(host: &str) -> bool {
    host.ends_with(".azmk8s.io") && host.contains(".hcp.")
}

/// The operation that a request asks a cluster or an issuer for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host.ends_with(issuer::HOST_SUFFIX) {
        return Some(issuer::route(request));
    }
    if !is_api_server(&request.host) {
        return None;
    }
    let path = request_path::parse(request);
    let access = Access::Kube(path.attributes.clone());
    let (name, run): (&'static str, Run) = if path.is_resource() { ("kube.resource", resource) } else { ("kube.path", non_resource) };
    Some(Ok(Endpoint { name, access, params: Params::none(), run }))
}

/// A refusal in the API server's words, for the pipeline.
pub(crate) fn fault(status: &Status) -> Fault {
    let fault = match &status.unsupported {
        Some(what) => Fault::unsupported(what.clone(), ""),
        None => Fault::new(status.code, status.reason, status.message.clone()),
    };
    fault.with_body(status.body())
}

fn resource(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let path = request_path::parse(context.request);
    handlers::resource(context, &path).map_err(|status| fault(&status))
}

fn non_resource(context: &mut Context<'_>) -> Result<Reply, Fault> {
    if context.request.method != Method::GET && context.request.method != Method::HEAD {
        return Err(fault(&Status::method_not_allowed()));
    }
    handlers::non_resource(context).map_err(|status| fault(&status))
}

/// The paths that the server lists at its root.
pub(crate) fn root_paths() -> Value {
    json!({"paths": ["/api", "/api/v1", "/apis", "/apis/", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]})
}
