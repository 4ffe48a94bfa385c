//! A path of the API server taken apart: apiserver `pkg/endpoints/request/requestinfo.go`.

use http::Method;

use super::resources::{self, Resource};
use crate::cloud::http::endpoint::{KubeAttributes, Request};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestPath {
    pub(crate) attributes: KubeAttributes,
    /// Empty for a non-resource request.
    pub(crate) version: String,
}

impl RequestPath {
    /// The kind of a resource request; `None` when no kind has this path.
    pub(crate) fn resource(&self) -> Option<&'static Resource> {
        resources::find(&self.attributes.group, &self.version, &self.attributes.resource)
    }

    pub(crate) fn is_resource(&self) -> bool {
        !self.attributes.resource.is_empty()
    }
}

/// Reads method and path.
pub(crate) fn parse(request: &Request) -> RequestPath {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).filter(|segment| !segment.is_empty()).collect();
    let (group, version, rest) = match segments.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return path_only(request),
    };
    // `/namespaces/NAME` is the namespace itself; deeper, it is where something else lives.
    let (namespace, rest) = match rest {
        ["namespaces", name] => (*name, rest),
        ["namespaces", name, "status" | "finalize"] => (*name, rest),
        ["namespaces", name, deeper @ ..] => (*name, deeper),
        _ => ("", rest),
    };
    let [resource, tail @ ..] = rest else { return path_only(request) };
    let name = tail.first().copied().unwrap_or_default();
    let subresource = tail.get(1).copied().unwrap_or_default();
    let selected =
        request.query.get("fieldSelector").and_then(|selector| selector.strip_prefix("metadata.name=")).filter(|name| !name.contains(','));
    let watches = matches!(request.query.get("watch"), Some("true" | "1" | ""));
    let verb = match (&request.method, name.is_empty()) {
        (&Method::GET | &Method::HEAD, false) => "get",
        (&Method::GET | &Method::HEAD, true) if watches => "watch",
        (&Method::GET | &Method::HEAD, true) => "list",
        (&Method::POST, _) => "create",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, false) => "delete",
        (&Method::DELETE, true) => "deletecollection",
        _ => "",
    };
    let name = if name.is_empty() && matches!(verb, "list" | "watch" | "deletecollection") { selected.unwrap_or_default() } else { name };
    RequestPath {
        attributes: KubeAttributes {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: (*resource).to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            path: request.path.clone(),
        },
        version: version.to_owned(),
    }
}

fn path_only(request: &Request) -> RequestPath {
    let attributes =
        KubeAttributes { verb: request.method.as_str().to_lowercase(), path: request.path.clone(), ..KubeAttributes::default() };
    RequestPath { attributes, version: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: Method, target: &str, expected: [&str; 6]) {
        let found = parse(&Request::new(method, "x", target)).attributes;
        let shown = [&found.verb, &found.group, &found.resource, &found.subresource, &found.namespace, &found.name];
        assert_eq!(shown.map(String::as_str), expected, "{target}");
    }

    #[test]
    fn paths_become_verbs_and_resources() {
        check(Method::GET, "/api/v1/namespaces/dev/pods/p/log?container=c", ["get", "", "pods", "log", "dev", "p"]);
        check(Method::GET, "/api/v1/pods?limit=500", ["list", "", "pods", "", "", ""]);
        check(Method::GET, "/api/v1/namespaces/dev/pods?watch=true&fieldSelector=metadata.name%3Dp", ["watch", "", "pods", "", "dev", "p"]);
        check(Method::POST, "/apis/apps/v1/namespaces/dev/deployments", ["create", "apps", "deployments", "", "dev", ""]);
        check(Method::GET, "/api/v1/namespaces/dev", ["get", "", "namespaces", "", "dev", "dev"]);
        check(Method::PUT, "/api/v1/namespaces/dev/finalize", ["update", "", "namespaces", "finalize", "dev", "dev"]);
        check(Method::DELETE, "/api/v1/namespaces/dev/pods", ["deletecollection", "", "pods", "", "dev", ""]);
        check(Method::GET, "/api/v1", ["get", "", "", "", "", ""]);
        check(Method::GET, "/healthz", ["get", "", "", "", "", ""]);
        check(
            Method::POST,
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            ["create", "authorization.k8s.io", "selfsubjectaccessreviews", "", "", ""],
        );
    }
}
