//! From a request of the API server to an operation, and from its result to a reply.

use std::collections::VecDeque;

use http::Method;
use serde_json::{Map, Value, json};

use super::authorizer::Asker;
use super::decode;
use super::discovery;
use super::logs;
use super::model::Cluster;
use super::objects::text;
use super::openapi;
use super::operations::{FieldValidation, PatchKind, Target, WriteOptions, Written};
use super::pods;
use super::protobuf;
use super::request_path::RequestPath;
use super::resources::{self, Emulation, Resource};
use super::reviews;
use super::routes;
use super::selector::Selector;
use super::status::Status;
use super::table::{self, RowObject};
use super::tokens;
use super::watch::Watch;
use crate::cloud::clock::later;
use crate::cloud::http::endpoint::{Context, Reply, Request};
use crate::cloud::state::State;

/// A watch without a time-out of its own ends after this (apiserver `--min-request-timeout`: 30 to 60 minutes).
const WATCH_SECONDS_DEFAULT: u64 = 1800;

const JSON: &str = "application/json";

fn cluster<'a>(state: &'a State, request: &Request) -> Result<&'a Cluster, Status> {
    state.kube.by_host(&request.host).ok_or_else(Status::no_such_path)
}

/// Answers a path that is no resource: versions, discovery, health, OpenAPI.
pub(crate) fn non_resource(context: &mut Context<'_>) -> Result<Reply, Status> {
    let cluster = cluster(context.state, context.request)?;
    let request = context.request;
    let accept = request.header("accept").unwrap_or_default();
    let aggregated = discovery::wants_aggregated(accept);
    let git_version = &cluster.settings.git_version;
    let parts: Vec<&str> = request.segments.iter().map(String::as_str).filter(|segment| !segment.is_empty()).collect();
    let found = match parts.as_slice() {
        [] => Some(routes::root_paths()),
        ["version"] => Some(discovery::version(git_version)),
        ["healthz" | "livez" | "readyz", ..] => return Ok(Reply::text(200, "text/plain; charset=utf-8", "ok")),
        ["api"] if aggregated => return Ok(with_type(discovery::core_aggregated(), discovery::AGGREGATED)),
        ["apis"] if aggregated => return Ok(with_type(discovery::groups_aggregated(), discovery::AGGREGATED)),
        ["api"] => Some(discovery::core_versions(&cluster.settings.fqdn)),
        ["apis"] => Some(discovery::group_list()),
        ["api", "v1"] => discovery::resource_list("", "v1"),
        ["apis", group] => discovery::group(group),
        ["apis", group, version] => discovery::resource_list(group, version),
        ["openapi", "v3"] => Some(openapi::index(git_version)),
        ["openapi", "v3", "api", "v1"] => openapi::document("", "v1", git_version),
        ["openapi", "v3", "apis", group, version] => openapi::document(group, version, git_version),
        ["openapi", "v2"] => return Ok(Reply::bytes(200, openapi::V2_CONTENT_TYPE, openapi::V2_BODY)),
        _ => None,
    };
    found.map(Reply::json).ok_or_else(Status::no_such_path)
}

fn with_type(body: Value, content_type: &'static str) -> Reply {
    Reply::text(200, content_type, body.to_string())
}

/// Answers a request for a resource.
pub(crate) fn resource(context: &mut Context<'_>, path: &RequestPath) -> Result<Reply, Status> {
    let resource = path.resource().ok_or_else(Status::no_such_path)?;
    if resource.emulation == Emulation::Review {
        return review(context, path, resource);
    }
    let attributes = &path.attributes;
    if resource.plural == "pods" {
        pods::explain::remind(context.state, context.request, attributes);
    }
    match (attributes.verb.as_str(), attributes.subresource.as_str()) {
        ("get", "") => get(context, path, resource),
        ("list", "") => list(context, path, resource),
        ("watch", "") => watch(context, path, resource),
        ("create", "") => write(context, path, resource, |target, options, body| target.create(body, options)),
        ("create", "token") if resource.plural == "serviceaccounts" => token(context, path),
        ("update", "" | "status") => {
            let (name, subresource) = (&attributes.name, &attributes.subresource);
            write(context, path, resource, |target, options, body| target.update(name, body, subresource, options))
        }
        ("patch", "" | "status") => patch(context, path, resource),
        ("delete", "") => delete(context, path, resource),
        ("deletecollection", "") if resource.verbs().contains(&"deletecollection") => delete_collection(context, path, resource),
        ("get", "status") => get(context, path, resource),
        ("get", "log") if resource.plural == "pods" => {
            let cluster = cluster(context.state, context.request)?;
            let pod = cluster.store.find(resource, &attributes.namespace, &attributes.name);
            let pod = pod.ok_or_else(|| Status::not_found(resource, &attributes.name))?;
            logs::reply(cluster, pod, &context.request.query, context.now)
        }
        (_, subresource) => match resource.subresource(subresource) {
            Some(_) => Err(Status::not_emulated(&format!("{}/{subresource}", resource.plural))),
            None if subresource.is_empty() => Err(Status::method_not_allowed()),
            None => Err(Status::no_such_path()),
        },
    }
}

fn wants_table(accept: &str) -> bool {
    accept.contains("as=Table") && accept.contains("g=meta.k8s.io")
}

fn row_object(request: &Request) -> RowObject {
    match request.query.get("includeObject") {
        Some("Object") => RowObject::Full,
        Some("None") => RowObject::None,
        _ => RowObject::Metadata,
    }
}

fn get(context: &mut Context<'_>, path: &RequestPath, resource: &'static Resource) -> Result<Reply, Status> {
    let cluster = cluster(context.state, context.request)?;
    let attributes = &path.attributes;
    let namespace = if resource.namespaced { attributes.namespace.as_str() } else { "" };
    let object = cluster.store.find(resource, namespace, &attributes.name).ok_or_else(|| Status::not_found(resource, &attributes.name))?;
    if wants_table(context.request.header("accept").unwrap_or_default()) {
        let revision = text(object, "/metadata/resourceVersion");
        return Ok(Reply::json(table::table(resource, std::iter::once(&**object), revision, row_object(context.request), context.now)));
    }
    Ok(Reply::json((**object).clone()))
}

fn selector(request: &Request, resource: &Resource) -> Result<Selector, Status> {
    let query = |name: &str| request.query.get(name).unwrap_or_default();
    Selector::parse(resource, query("labelSelector"), query("fieldSelector"))
}

fn scope<'a>(path: &'a RequestPath, resource: &Resource) -> Option<&'a str> {
    Some(path.attributes.namespace.as_str()).filter(|namespace| resource.namespaced && !namespace.is_empty())
}

fn list(context: &mut Context<'_>, path: &RequestPath, resource: &'static Resource) -> Result<Reply, Status> {
    let cluster = cluster(context.state, context.request)?;
    let selector = selector(context.request, resource)?;
    let objects =
        cluster.store.list(resource, scope(path, resource)).map(|(_, object)| &**object).filter(|object| selector.matches(object));
    let revision = cluster.store.revision().max(1).to_string();
    if wants_table(context.request.header("accept").unwrap_or_default()) {
        return Ok(Reply::json(table::table(resource, objects, &revision, row_object(context.request), context.now)));
    }
    let items: Vec<Value> = objects.cloned().map(without_type).collect();
    Ok(Reply::json(json!({
        "kind": format!("{}List", resource.kind),
        "apiVersion": resource.api_version(),
        "metadata": {"resourceVersion": revision},
        "items": items,
    })))
}

/// Items of a typed list say neither `apiVersion` nor `kind`.
fn without_type(object: Value) -> Value {
    let Value::Object(mut object) = object else { return object };
    object.shift_remove("apiVersion");
    object.shift_remove("kind");
    Value::Object(object)
}

fn watch(context: &mut Context<'_>, path: &RequestPath, resource: &'static Resource) -> Result<Reply, Status> {
    let cluster = cluster(context.state, context.request)?;
    let request = context.request;
    let selector = selector(request, resource)?;
    let namespace = scope(path, resource).map(str::to_owned);
    let seconds = request.query.get("timeoutSeconds").and_then(|seconds| seconds.parse().ok()).filter(|seconds| *seconds > 0);
    let asked = request.query.get("resourceVersion").unwrap_or_default();
    let now = cluster.store.revision();
    let initial_events = request.query.get("sendInitialEvents");
    let from_start = matches!(asked, "" | "0") || initial_events == Some("true");
    let revision =
        if from_start { now } else { asked.parse().map_err(|_| Status::bad_request(format!("invalid resource version \"{asked}\"")))? };
    let mut source = Watch {
        resource_id: cluster.settings.resource_id.clone(),
        resource,
        namespace,
        selector,
        revision,
        table: wants_table(request.header("accept").unwrap_or_default()).then(|| row_object(request)),
        initial: VecDeque::new(),
        until: Some(later(context.now, std::time::Duration::from_secs(seconds.unwrap_or(WATCH_SECONDS_DEFAULT)))),
        failed: false,
    };
    if from_start && initial_events != Some("false") {
        let objects = cluster.store.list(resource, source.namespace.as_deref()).map(|(_, object)| object);
        let events: Vec<Value> =
            objects.filter(|object| source.selector.matches(object)).map(|object| source.event("ADDED", object, context.now)).collect();
        source.initial = events.into();
    }
    if initial_events == Some("true") {
        source.initial.push_back(source.bookmark(now));
    }
    Ok(Reply::stream(JSON, source))
}

/// The body as JSON, whatever it was written in.
fn body(request: &Request) -> Result<Value, Status> {
    let content_type = request.header("content-type").unwrap_or(JSON);
    let plain = content_type.split(';').next().unwrap_or_default().trim();
    if request.body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    match plain {
        "application/vnd.kubernetes.protobuf" => {
            protobuf::decode(&request.body, resources::type_of).map_err(|error| Status::bad_request(error.to_string()))
        }
        "application/yaml" | "application/apply-patch+yaml" => yaml(&request.body),
        "" | JSON | "application/json-patch+json" | "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
            json_body(&request.body)
        }
        _ => {
            Err(Status::unsupported_media_type("application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor"))
        }
    }
}

fn json_body(bytes: &[u8]) -> Result<Value, Status> {
    // Assumed: the sentence behind the first one is the parser's, not Go's.
    serde_json::from_slice(bytes).map_err(|error| Status::bad_request(format!("couldn't get version/kind; json parse error: {error}")))
}

fn yaml(bytes: &[u8]) -> Result<Value, Status> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Status::bad_request(error.to_string()))?;
    serde_saphyr::from_str(text).map_err(|error| Status::bad_request(format!("error converting YAML to JSON: {error}")))
}

fn options(request: &Request) -> Result<WriteOptions, Status> {
    let fields = match request.query.get("fieldValidation") {
        Some("Strict") => FieldValidation::Strict,
        Some("Ignore") => FieldValidation::Ignore,
        // The server's default since 1.27.
        None | Some("" | "Warn") => FieldValidation::Warn,
        Some(other) => return Err(Status::bad_request(format!("invalid fieldValidation: \"{other}\""))),
    };
    let dry_run = match request.query.get("dryRun") {
        None | Some("") => false,
        Some("All") => true,
        Some(other) => return Err(Status::bad_request(format!("invalid dryRun: \"{other}\""))),
    };
    Ok(WriteOptions {
        dry_run,
        fields,
        field_manager: request.query.get("fieldManager").unwrap_or("unknown").to_owned(),
        force: matches!(request.query.get("force"), Some("true" | "1")),
    })
}

fn target<'a>(context: &'a mut Context<'_>, path: &'a RequestPath, resource: &'static Resource) -> Result<Target<'a>, Status> {
    let user = context.caller.kube().ok_or_else(Status::unauthorized)?;
    let author = Asker::of(context.state, cluster(context.state, context.request)?, user);
    let cluster = context.state.kube.by_host_mut(&context.request.host).ok_or_else(Status::no_such_path)?;
    let namespace = if resource.namespaced { path.attributes.namespace.as_str() } else { "" };
    Ok(Target { cluster, author, profile: context.profile, resource, namespace, now: context.now })
}

fn write(
    context: &mut Context<'_>,
    path: &RequestPath,
    resource: &'static Resource,
    operate: impl FnOnce(&mut Target<'_>, &WriteOptions, &Value) -> Result<Written, Status>,
) -> Result<Reply, Status> {
    if resource.emulation == Emulation::ReadAsEmpty {
        return Err(Status::not_emulated(&format!("creating a {}", resource.kind)));
    }
    if resource.namespaced && path.attributes.namespace.is_empty() {
        return Err(Status::method_not_allowed());
    }
    let options = options(context.request)?;
    let body = body(context.request)?;
    let request = context.request;
    let now = context.now;
    let mut target = target(context, path, resource)?;
    let written = operate(&mut target, &options, &body)?;
    let author = target.author.clone();
    author.account(&mut context.state.trace);
    Ok(written_reply(request, resource, written, now))
}

fn written_reply(request: &Request, resource: &Resource, written: Written, now: jiff::Timestamp) -> Reply {
    let status = if written.created { 201 } else { 200 };
    let body = if wants_table(request.header("accept").unwrap_or_default()) {
        let revision = text(&written.object, "/metadata/resourceVersion").to_owned();
        table::table(resource, std::iter::once(&written.object), &revision, row_object(request), now)
    } else {
        written.object
    };
    let mut reply = Reply::with_status(status, body);
    for warning in written.warnings {
        reply = reply.with_header("warning", format!("299 - \"{}\"", warning.replace('"', "\\\"")));
    }
    reply
}

fn patch(context: &mut Context<'_>, path: &RequestPath, resource: &'static Resource) -> Result<Reply, Status> {
    let kind = PatchKind::of(context.request.header("content-type").unwrap_or_default());
    let kind = kind.ok_or_else(|| Status::unsupported_media_type(PatchKind::ACCEPTED))?;
    let (name, subresource) = (&path.attributes.name, &path.attributes.subresource);
    write(context, path, resource, |target, options, body| target.patch(name, kind, body, subresource, options))
}

fn delete(context: &mut Context<'_>, path: &RequestPath, resource: &'static Resource) -> Result<Reply, Status> {
    let dry_run = options(context.request)?.dry_run;
    let body = body(context.request)?;
    let mut target = target(context, path, resource)?;
    target.delete(&path.attributes.name, &body, dry_run).map(Reply::json)
}

fn delete_collection(context: &mut Context<'_>, path: &RequestPath, resource: &'static Resource) -> Result<Reply, Status> {
    let dry_run = options(context.request)?.dry_run;
    let selector = selector(context.request, resource)?;
    let body = body(context.request)?;
    let mut target = target(context, path, resource)?;
    let items: Vec<Value> = target.delete_collection(&selector, &body, dry_run)?.into_iter().map(without_type).collect();
    Ok(Reply::json(json!({"kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(), "metadata": {}, "items": items})))
}

fn token(context: &mut Context<'_>, path: &RequestPath) -> Result<Reply, Status> {
    if context.request.method != Method::POST {
        return Err(Status::method_not_allowed());
    }
    let body = body(context.request)?;
    let cluster = context.state.kube.by_host_mut(&context.request.host).ok_or_else(Status::no_such_path)?;
    let (answer, token) = tokens::request(cluster, &path.attributes.namespace, &path.attributes.name, &body, context.now)?;
    context.state.remember_secret(&token);
    Ok(Reply::with_status(201, answer))
}

fn review(context: &mut Context<'_>, path: &RequestPath, resource: &'static Resource) -> Result<Reply, Status> {
    if path.attributes.verb != "create" {
        return Err(Status::method_not_allowed());
    }
    let body = body(context.request)?;
    if !body.is_object() {
        // The text of Go's decoder, for the structure that it reads first.
        let kinds = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
        let found = decode::json_name(&body);
        let why = format!("couldn't get version/kind; json parse error: json: cannot unmarshal {found} into Go value of type {kinds}");
        return Err(Status::bad_request(why));
    }
    let cluster = cluster(context.state, context.request)?;
    let user = context.caller.kube().ok_or_else(Status::unauthorized)?;
    let answer = reviews::answer(context.state, cluster, user, resource.kind, &path.attributes.namespace, &body, context.now)?;
    Ok(Reply::with_status(201, answer))
}
