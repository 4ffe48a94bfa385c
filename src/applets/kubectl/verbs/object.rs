//! What several verbs do with objects: read one, list many, name them, read the manifests of `-f`.

use std::rc::Rc;

use serde_json::Value;

use super::super::discovery::{Discovery, Resource, list, text};
use super::super::failure::Failure;
use super::super::manifest::{self, Document};
use super::super::selection::Wanted;
use super::super::server::{Call, CallError};
use super::super::session::Session;

/// One object of the server, or of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Object {
    pub(super) resource: Resource,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) value: Value,
    /// `STDIN` or the file it was read from; empty for one that the server named.
    pub(super) source: String,
}

impl Object {
    pub(super) fn path(&self) -> String {
        self.resource.object_path(&self.namespace, &self.name)
    }

    /// `pod/x`, `deployment.apps/web`.
    pub(super) fn label(&self) -> String {
        format!("{}/{}", self.resource.label(), self.name)
    }

    /// How cli-runtime describes an object inside errors.
    pub(super) fn info(&self) -> String {
        let version = format!("{}/{}", self.resource.group, self.resource.version);
        format!(
            "Resource: \"{version}, Resource={}\", GroupVersionKind: \"{version}, Kind={}\"\nName: {:?}, Namespace: {:?}",
            self.resource.plural, self.resource.kind, self.name, self.namespace
        )
    }
}

/// Asks for one object. When it is missing, and its namespace too, it is the namespace that is named (cli-runtime `Info.Get`).
pub(super) fn read(
    session: &mut Session<'_, '_>,
    resource: &Resource,
    namespace: &str,
    name: &str,
    accept: &'static str,
) -> Result<Value, CallError> {
    if name.is_empty() {
        return Err(CallError::Failed(Failure::error("resource name may not be empty")));
    }
    let error = match session.json(&Call::get(resource.object_path(namespace, name)).accepting(accept)) {
        Err(error) if error.is_not_found() && resource.is_namespaced && namespace != "default" => error,
        answer => return answer,
    };
    match session.call(&Call::get(format!("/api/v1/namespaces/{}", super::super::server::segment(namespace))).accepting(accept)) {
        Err(missing) if missing.is_not_found() => Err(missing),
        _ => Err(error),
    }
}

/// Asks for all objects of a kind under the selectors of the command line.
pub(super) fn list_call(session: &Session<'_, '_>, resource: &Resource, namespace: Option<&str>) -> Call {
    Call::get(resource.path(namespace))
        .with_some("labelSelector", session.line.text("selector"))
        .with_some("fieldSelector", session.line.text("field-selector"))
}

/// The items of a list, each with its kind: a server leaves it out.
pub(super) fn items(answer: &Value, resource: &Resource) -> Vec<Value> {
    list(&answer["items"])
        .iter()
        .map(|item| {
            let mut with_kind = serde_json::Map::new();
            with_kind.insert("apiVersion".to_owned(), resource.api_version().into());
            with_kind.insert("kind".to_owned(), resource.kind.clone().into());
            with_kind.extend(item.as_object().cloned().unwrap_or_default());
            Value::Object(with_kind)
        })
        .collect()
}

/// The objects that the words of the command line mean, each read from the server.
pub(super) fn gather(session: &mut Session<'_, '_>, wanted: Vec<Wanted>) -> (Vec<Object>, Vec<Failure>) {
    let (mut objects, mut failures) = (Vec::new(), Vec::new());
    for wanted in wanted {
        match gather_one(session, wanted) {
            Ok(found) => objects.extend(found),
            Err(failure) => failures.push(failure),
        }
    }
    (objects, failures)
}

fn gather_one(session: &mut Session<'_, '_>, wanted: Wanted) -> Result<Vec<Object>, Failure> {
    match wanted {
        Wanted::Named { resource, name } => {
            let namespace = if resource.is_namespaced { session.namespace()? } else { String::new() };
            let value = read(session, &resource, &namespace, &name, super::super::server::JSON)?;
            Ok(vec![Object { resource, namespace, name, value, source: String::new() }])
        }
        Wanted::Listed { resource } => {
            let namespace = session.namespace_to_list()?;
            let call = list_call(session, &resource, namespace.as_deref());
            let answer = session.json(&call)?;
            Ok(items(&answer, &resource).into_iter().map(|value| of_value(&resource, value)).collect())
        }
    }
}

/// An object as the server gave it.
pub(super) fn of_value(resource: &Resource, value: Value) -> Object {
    let metadata = &value["metadata"];
    Object {
        resource: resource.clone(),
        namespace: text(&metadata["namespace"]),
        name: text(&metadata["name"]),
        source: String::new(),
        value,
    }
}

/// The manifests of `-f`, resolved; failures of single documents stand beside.
///
/// `validated` adds the check for kind and apiVersion that `--validate` stands for.
pub(super) fn of_files(session: &mut Session<'_, '_>, validated: bool) -> Result<(Vec<Object>, Vec<Failure>), Failure> {
    let files = session.line.list("filename");
    let recursive = session.line.is_on("recursive", false);
    let documents = manifest::read_all(&files, recursive, session.program.stdin)?;
    let (mut objects, mut failures) = (Vec::new(), Vec::new());
    for document in documents {
        match document.and_then(|document| resolve(session, document, validated)) {
            Ok(object) => objects.push(object),
            Err(failure) => failures.push(failure),
        }
    }
    if let Some(selector) = session.line.text("selector").filter(|selector| !selector.is_empty()) {
        let pairs: Vec<(&str, &str)> =
            selector.split(',').filter_map(|term| term.split_once("==").or_else(|| term.split_once('='))).collect();
        if pairs.len() != selector.split(',').count() {
            return Err(Failure::refused(format!("the selector {selector:?} on manifests"), "a selector of the form key=value"));
        }
        objects.retain(|object| pairs.iter().all(|(key, value)| object.value["metadata"]["labels"][*key] == *value));
    }
    Ok((objects, failures))
}

fn resolve(session: &mut Session<'_, '_>, document: Document, validated: bool) -> Result<Object, Failure> {
    let Document { source, mut object } = document;
    if validated {
        validate(&object).map_err(|problem| {
            Failure::error(format!("error validating {source:?}: error validating data: {problem}; if you choose to ignore these errors, turn validation off with --validate=false"))
        })?;
    }
    decode(&object).map_err(|problem| Failure::error(format!("unable to decode {source:?}: {problem}")))?;
    let (api_version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let discovery: Rc<Discovery> = session.discovery()?;
    let given = text(&object["metadata"]["namespace"]);
    let name = text(&object["metadata"]["name"]);
    let Some(resource) = discovery.of_kind(&api_version, &kind) else {
        return Err(Failure::error(format!(
            "resource mapping not found for name: {name:?} namespace: {given:?} from {source:?}: no matches for kind {kind:?} in version {api_version:?}\nensure CRDs are installed first"
        )));
    };
    let mut namespace = String::new();
    if resource.is_namespaced {
        namespace = session.namespace()?;
        if given.is_empty() {
            if !object["metadata"].is_object() {
                object["metadata"] = Value::Object(serde_json::Map::new());
            }
            object["metadata"]["namespace"] = namespace.clone().into();
        } else if session.server()?.target().namespace_is_explicit && given != namespace {
            return Err(Failure::error(format!(
                "the namespace from the provided object {given:?} does not match the namespace {namespace:?}. You must pass '--namespace={given}' to perform this operation."
            )));
        } else {
            namespace = given;
        }
    }
    Ok(Object { resource: resource.clone(), namespace, name, value: object, source })
}

/// What kubectl checks before it knows any schema.
fn validate(object: &Value) -> Result<(), String> {
    let Some(fields) = object.as_object() else { return Err("invalid object to validate".to_owned()) };
    let problem = |key: &str| match fields.get(key) {
        None | Some(Value::Null) => Some(format!("{key} not set")),
        Some(Value::String(_)) => None,
        Some(_) => Some(format!("{key} isn't string type")),
    };
    match (problem("apiVersion"), problem("kind")) {
        (Some(version), Some(kind)) => Err(format!("[{version}, {kind}]")),
        (Some(problem), None) | (None, Some(problem)) => Err(problem),
        (None, None) => Ok(()),
    }
}

/// Go's decoding of what every object has: a kind, and metadata of the right types. The first field in sorted order is named.
fn decode(object: &Value) -> Result<(), String> {
    if !object.is_object() {
        return Err(wrong(object, "value", "unstructured.detector"));
    }
    if text(&object["kind"]).is_empty() {
        return Err(format!("Object 'Kind' is missing in '{}'", super::super::print::json::compact(object)));
    }
    if !object["apiVersion"].is_string() && !object["apiVersion"].is_null() {
        return Err(wrong(&object["apiVersion"], "struct field metadataOnlyObject.apiVersion", "string"));
    }
    let metadata = &object["metadata"];
    if !metadata.is_object() && !metadata.is_null() {
        return Err(wrong(metadata, "struct field metadataOnlyObject.metadata", "v1.ObjectMeta"));
    }
    for key in ["annotations", "generateName", "labels", "name", "namespace"] {
        let place = format!("struct field ObjectMeta.metadata.{key}");
        let is_map = matches!(key, "annotations" | "labels");
        match &metadata[key] {
            Value::Object(entries) if is_map => {
                let mut keys: Vec<&String> = entries.keys().collect();
                keys.sort();
                if let Some(value) = keys.into_iter().map(|key| &entries[key]).find(|value| !value.is_string() && !value.is_null()) {
                    return Err(wrong(value, &place, "string"));
                }
            }
            Value::Null => {}
            Value::String(_) if !is_map => {}
            value => return Err(wrong(value, &place, if is_map { "map[string]string" } else { "string" })),
        }
    }
    Ok(())
}

fn wrong(value: &Value, place: &str, wanted: &str) -> String {
    let found = match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null => "null",
    };
    format!("json: cannot unmarshal {found} into Go {place} of type {wanted}")
}

/// What `--dry-run` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DryRun {
    None,
    Client,
    Server,
}

impl DryRun {
    pub(super) fn of(session: &Session<'_, '_>) -> Result<Self, Failure> {
        match session.line.text("dry-run").unwrap_or("none") {
            "none" => Ok(Self::None),
            "client" => Ok(Self::Client),
            "server" => Ok(Self::Server),
            // Measured with kubectl 1.33: the bare option still means the client, with a deprecation that holds a time.
            "unchanged" => Ok(Self::Client),
            other => Err(Failure::error(format!("Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."))),
        }
    }

    /// What stands after the outcome of an object.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        }
    }

    /// The call, told to change nothing when it must not.
    pub(super) fn on(self, call: Call) -> Call {
        if self == Self::Server { call.with("dryRun", "All") } else { call }
    }
}

/// The `fieldValidation` that `--validate` asks for.
pub(super) fn field_validation(session: &Session<'_, '_>) -> Result<&'static str, Failure> {
    match session.line.text("validate").unwrap_or("strict") {
        "true" | "strict" => Ok("Strict"),
        "warn" => Ok("Warn"),
        "false" | "ignore" => Ok("Ignore"),
        other => {
            Err(Failure::error(format!("invalid - validate option {other:?}; must be one of: strict (or true), warn, ignore (or false)")))
        }
    }
}
