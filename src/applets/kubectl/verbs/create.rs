//! `kubectl create`: from files, and the objects that have a command of their own.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::discovery::Resource;
use super::super::failure::Failure;
use super::super::kubeconfig::plain_io;
use super::super::print::json::pretty_in_order;
use super::super::print::{Form, Printer, as_list, without_managed_fields};
use super::super::server::{Call, CallError};
use super::super::session::Session;
use super::apply::{LAST_APPLIED, with_annotation};
use super::object::{DryRun, field_validation, of_files};

const MANAGER: &str = "kubectl-create";

/// `kubectl create -f`.
pub(super) fn from_files(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    if !session.line.args.is_empty() {
        return Err(Failure::usage("create", format!("Unexpected args: [{}]", session.line.args.join(" "))));
    }
    if session.line.list("filename").is_empty() {
        return Err(Failure::error("must specify one of -f and -k"));
    }
    let form = Form::of(&session.line, Printer::Object)?;
    let dry_run = DryRun::of(session)?;
    let validation = field_validation(session)?;
    let (objects, broken) = of_files(session, validation != "Ignore")?;
    let mut failures = Vec::new();
    if objects.is_empty() && broken.is_empty() {
        return Err(Failure::error("no objects passed to create"));
    }
    let mut created = Vec::new();
    for object in &objects {
        let body = if session.line.is_on("save-config", false) { with_annotation(&object.value) } else { object.value.clone() };
        let outcome = match dry_run {
            DryRun::Client => Ok(body),
            _ => session.json(&dry_run.on(call(session, &object.resource, &object.namespace, body, validation))),
        };
        match outcome {
            Ok(value) => match form {
                Form::Human => session.out(format!("{} created{}\n", object.label(), dry_run.suffix())),
                Form::Name => session.out(format!("{}\n", object.label())),
                _ => created.push(without_managed_fields(value)),
            },
            Err(error) => failures.push(error.while_doing(&format!("error when creating {:?}: ", object.source)).into()),
        }
    }
    // Objects come first here, broken documents last (measured with 1.33).
    failures.extend(broken);
    if !created.is_empty() {
        let whole = if created.len() == 1 { created.remove(0) } else { as_list(created) };
        let text = form.print(&whole, "")?.unwrap_or_default();
        session.out(text);
    }
    Failure::all(failures).map_or(Ok(0), Err)
}

fn call(session: &Session<'_, '_>, resource: &Resource, namespace: &str, body: Value, validation: &str) -> Call {
    let manager = session.line.text("field-manager").unwrap_or(MANAGER).to_owned();
    Call::post(resource.path(Some(namespace)), body).with("fieldManager", manager).with("fieldValidation", validation)
}

pub(super) fn namespace(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = the_name(session)?;
    let object =
        json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name, "creationTimestamp": null}, "spec": {}, "status": {}});
    one(session, object, "")
}

pub(super) fn service_account(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = the_name(session)?;
    let object = json!({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": name, "creationTimestamp": null}});
    one(session, object, "failed to create serviceaccount: ")
}

pub(super) fn config_map(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = the_name(session)?;
    let mut object = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, "creationTimestamp": null}});
    let (mut texts, mut binaries) = (Map::new(), Map::new());
    for (key, bytes) in data(session, "ConfigMap", &name)? {
        match String::from_utf8(bytes) {
            Ok(text) => texts.insert(key, text.into()),
            Err(bytes) => binaries.insert(key, STANDARD.encode(bytes.as_bytes()).into()),
        };
    }
    for (field, entries) in [("data", texts), ("binaryData", binaries)] {
        if !entries.is_empty() {
            object[field] = Value::Object(entries);
        }
    }
    one(session, object, "failed to create configmap: ")
}

pub(super) fn secret(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = the_name(session)?;
    let mut object = json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": name, "creationTimestamp": null}});
    let entries: Map<String, Value> =
        data(session, "Secret", &name)?.into_iter().map(|(key, bytes)| (key, STANDARD.encode(bytes).into())).collect();
    if !entries.is_empty() {
        object["data"] = Value::Object(entries);
    }
    if let Some(kind) = session.line.text("type").filter(|kind| !kind.is_empty()) {
        object["type"] = kind.into();
    }
    one(session, object, "failed to create secret ")
}

pub(super) fn the_name(session: &Session<'_, '_>) -> Result<String, Failure> {
    match session.line.args.as_slice() {
        [name] => Ok(name.clone()),
        args => Err(Failure::usage(&session.line.path, format!("exactly one NAME is required, got {}", args.len()))),
    }
}

/// Creates one object; `failing` stands before a server's message where kubectl wraps it.
fn one(session: &mut Session<'_, '_>, object: Value, failing: &str) -> Result<i32, Failure> {
    let is_namespaced = object["kind"] != "Namespace";
    one_of(session, object, "", is_namespaced, failing)
}

/// The same for an object of any API group, of version `v1`.
pub(super) fn one_of(
    session: &mut Session<'_, '_>,
    mut object: Value,
    group: &str,
    is_namespaced: bool,
    failing: &str,
) -> Result<i32, Failure> {
    let form = Form::of(&session.line, Printer::Object)?;
    let dry_run = DryRun::of(session)?;
    let validation = field_validation(session)?;
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let qualified = if group.is_empty() { kind.to_lowercase() } else { format!("{}.{group}", kind.to_lowercase()) };
    let label = format!("{qualified}/{name}");
    let given = session.line.text("namespace").map(str::to_owned);
    if is_namespaced {
        // A namespace that was only implied is left out of what a dry run prints (measured).
        let namespace = if dry_run == DryRun::Client { given } else { Some(session.namespace()?) };
        if let Some(namespace) = namespace {
            object["metadata"]["namespace"] = namespace.into();
        }
    }
    if session.line.is_on("save-config", false) {
        // Go writes the struct, in its own order.
        let text = format!("{object}\n");
        object["metadata"]["annotations"] = json!({LAST_APPLIED: text});
    }
    let object = if dry_run == DryRun::Client {
        object
    } else {
        let resource = Resource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            plural: format!("{}s", kind.to_lowercase()),
            singular: kind.to_lowercase(),
            kind,
            is_namespaced,
            short_names: Vec::new(),
            categories: Vec::new(),
            verbs: Vec::new(),
        };
        let namespace = if is_namespaced { session.namespace()? } else { String::new() };
        // What Go leaves out of a protobuf body is left out here too.
        let mut body = object;
        if let Some(metadata) = body["metadata"].as_object_mut() {
            metadata.remove("creationTimestamp");
        }
        if let Some(fields) = body.as_object_mut() {
            fields.retain(|key, value| !(matches!(key.as_str(), "spec" | "status") && value.as_object().is_some_and(Map::is_empty)));
        }
        let created = session.json(&dry_run.on(call(session, &resource, &namespace, body, validation)));
        kind_first(created.map_err(|error| wrapped(error, failing))?)
    };
    let text = match form {
        Form::Human => format!("{label} created{}\n", dry_run.suffix()),
        Form::Json => format!("{}\n", pretty_in_order(&without_managed_fields(object), 4)),
        form => form.print(&without_managed_fields(object), &label)?.unwrap_or_default(),
    };
    session.out(text);
    Ok(0)
}

/// The object in the order of Go's struct, which begins with the kind.
fn kind_first(object: Value) -> Value {
    match object {
        Value::Object(mut fields) => {
            let first: Map<_, _> = ["kind", "apiVersion"].iter().filter_map(|key| fields.shift_remove_entry(*key)).collect();
            first.into_iter().chain(fields).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

fn wrapped(error: CallError, failing: &str) -> Failure {
    match error {
        CallError::Refused(status) if !failing.is_empty() => Failure::error(format!("{failing}{}", status.message)),
        error => error.into(),
    }
}

/// Keys and values of `--from-literal`, `--from-file` and `--from-env-file`, sorted.
fn data(session: &Session<'_, '_>, kind: &str, name: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let line = &session.line;
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |key: String, bytes: Vec<u8>| {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
            return Err(Failure::error(format!(
                "{key:?} is not valid key name for a {kind} a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
            )));
        }
        if entries.iter().any(|(known, _)| *known == key) {
            return Err(Failure::error(format!(
                "cannot add key {key:?}, another key by that name already exists in Data for {kind} {name:?}"
            )));
        }
        entries.push((key, bytes));
        Ok(())
    };
    let env_files = line.list("from-env-file");
    let has_others = !line.repeated("from-literal").is_empty() || !line.list("from-file").is_empty();
    if !env_files.is_empty() && has_others {
        return Err(Failure::error("from-env-file cannot be combined with from-file or from-literal"));
    }
    for literal in line.repeated("from-literal") {
        let (key, value) = literal
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Failure::error(format!("invalid literal source {literal}, expected key=value")))?;
        // A value may stand in one pair of quotes of its own.
        let value = ['\'', '"'].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(value);
        add(key.to_owned(), value.as_bytes().to_vec())?;
    }
    for source in line.list("from-file") {
        let (key, path) = match source.split_once('=') {
            Some((key, path)) => (Some(key), path),
            None => (None, source.as_str()),
        };
        let unreadable = |fault: &std::io::Error| Failure::error(format!("error reading {path}: {}", plain_io(fault)));
        let found = Path::new(path).metadata().map_err(|fault| unreadable(&fault))?;
        if !found.is_dir() {
            let key = key.map_or_else(|| file_name(Path::new(path)), str::to_owned);
            add(key, std::fs::read(path).map_err(|fault| unreadable(&fault))?)?;
            continue;
        }
        if key.is_some() {
            return Err(Failure::error("cannot give a key name for a directory path"));
        }
        let mut files: Vec<_> = std::fs::read_dir(path)
            .map_err(|fault| unreadable(&fault))?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        for file in files {
            add(file_name(&file), std::fs::read(&file).map_err(|fault| unreadable(&fault))?)?;
        }
    }
    for path in env_files {
        let text = std::fs::read_to_string(&path).map_err(|fault| Failure::error(format!("error reading {path}: {}", plain_io(&fault))))?;
        for line in text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            // A name alone takes the value of the environment.
            let (key, value) = match line.split_once('=') {
                Some((key, value)) => (key, value.to_owned()),
                None => (line, session.program.variable(line).unwrap_or_default().to_owned()),
            };
            add(key.to_owned(), value.into_bytes())?;
        }
    }
    entries.sort();
    Ok(entries)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `kubectl create token`.
pub(super) fn token(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = the_name(session)?;
    let form = Form::of(&session.line, Printer::Object)?;
    let mut spec = Map::new();
    let audiences = session.line.repeated("audience");
    if !audiences.is_empty() {
        spec.insert("audiences".to_owned(), json!(audiences));
    }
    match session.line.duration("duration") {
        Some(None) => return Err(Failure::error("--duration must be greater than or equal to 0")),
        Some(Some(duration)) if duration.subsec_nanos() != 0 => {
            return Err(Failure::error("--duration cannot be expressed in units less than seconds"));
        }
        Some(Some(duration)) if !duration.is_zero() => {
            spec.insert("expirationSeconds".to_owned(), duration.as_secs().into());
        }
        _ => {}
    }
    let bound = |option: &str| session.line.text(option).filter(|text| !text.is_empty()).map(str::to_owned);
    match (bound("bound-object-kind"), bound("bound-object-name"), bound("bound-object-uid")) {
        (None, Some(_), _) => return Err(Failure::error("--bound-object-name can only be set if --bound-object-kind is provided")),
        (None, None, Some(_)) => return Err(Failure::error("--bound-object-uid can only be set if --bound-object-kind is provided")),
        (Some(_), None, _) => return Err(Failure::error("--bound-object-name is required if --bound-object-kind is provided")),
        (Some(kind), Some(name), uid) => {
            if !["Pod", "Secret", "Node"].contains(&kind.as_str()) {
                return Err(Failure::error("supported --bound-object-kind values are Node, Pod, Secret"));
            }
            let mut reference = json!({"kind": kind, "apiVersion": "v1", "name": name});
            if let Some(uid) = uid {
                reference["uid"] = uid.into();
            }
            spec.insert("boundObjectRef".to_owned(), reference);
        }
        (None, None, None) => {}
    }
    let mut request = json!({"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": {}});
    if !spec.is_empty() {
        request["spec"] = Value::Object(spec);
    }
    let namespace = session.namespace()?;
    let path = format!(
        "/api/v1/namespaces/{}/serviceaccounts/{}/token",
        super::super::server::segment(&namespace),
        super::super::server::segment(&name)
    );
    let answer = session.json(&Call::post(path, request)).map_err(|error| wrapped(error, "failed to create token: "))?;
    let token = answer["status"]["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Failure::error("failed to create token: no token in server response"));
    }
    let text = match form {
        // The line end is for terminals only, and a step has none.
        Form::Human => token.to_owned(),
        Form::Json => format!("{}\n", pretty_in_order(&answer, 4)),
        form => form.print(&answer, &format!("tokenrequest.authentication.k8s.io/{name}"))?.unwrap_or_default(),
    };
    session.out(text);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::super::super::fake::kubectl;
    use super::*;

    // Measured with kubectl 1.33.
    #[test]
    fn dry_runs_print_what_would_be_sent() {
        assert_eq!(
            kubectl(&["create", "ns", "x", "--dry-run=client", "-o", "yaml"], "", &[]).stdout,
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  creationTimestamp: null\n  name: x\nspec: {}\nstatus: {}\n"
        );
        assert_eq!(
            kubectl(
                &["create", "secret", "generic", "x", "--from-literal=a=b", "--type=foo/bar", "--dry-run=client", "-o", "json"],
                "",
                &[]
            )
            .stdout,
            "{\n    \"kind\": \"Secret\",\n    \"apiVersion\": \"v1\",\n    \"metadata\": {\n        \"name\": \"x\",\n        \"creationTimestamp\": null\n    },\n    \"data\": {\n        \"a\": \"Yg==\"\n    },\n    \"type\": \"foo/bar\"\n}\n"
        );
        assert_eq!(kubectl(&["create", "sa", "x", "--dry-run=client"], "", &[]).stdout, "serviceaccount/x created (dry run)\n");
    }

    #[test]
    fn wrong_data_is_refused() {
        let fails = |words: &[&str], text: &str| assert_eq!(kubectl(words, "", &[]).stderr, format!("error: {text}\n"));
        fails(&["create", "cm", "x", "--from-literal=ab"], "invalid literal source ab, expected key=value");
        fails(&["create", "cm", "x", "--from-file=/nope"], "error reading /nope: no such file or directory");
        fails(
            &["create", "cm", "x", "--from-literal=a=b", "--from-literal=a=c"],
            "cannot add key \"a\", another key by that name already exists in Data for ConfigMap \"x\"",
        );
        fails(&["create", "ns", "a", "b"], "exactly one NAME is required, got 2\nSee 'kubectl create namespace -h' for help and examples");
        fails(&["create", "token", "x", "--duration=500ms"], "--duration cannot be expressed in units less than seconds");
    }

    #[test]
    fn objects_are_created_where_the_command_line_says() {
        let outcome = kubectl(
            &["create", "sa", "bob", "-n", "dev"],
            "",
            &[("POST /api/v1/namespaces/dev/serviceaccounts?fieldManager=kubectl-create&fieldValidation=Strict", 201, json!({}))],
        );
        assert_eq!((outcome.status, outcome.stdout.as_str()), (0, "serviceaccount/bob created\n"));
        assert!(
            outcome.asked[0]
                .ends_with("{\"kind\":\"ServiceAccount\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"bob\",\"namespace\":\"dev\"}}"),
            "{}",
            outcome.asked[0]
        );
    }

    #[test]
    fn a_token_is_printed_without_a_line_end() {
        let path = "POST /api/v1/namespaces/default/serviceaccounts/bob/token";
        let outcome = kubectl(
            &["create", "token", "bob", "--audience", "a,b", "--duration=1h"],
            "",
            &[(path, 201, json!({"status": {"token": "x.y.z"}}))],
        );
        assert_eq!(outcome.stdout, "x.y.z");
        assert!(outcome.asked[0].ends_with("\"spec\":{\"audiences\":[\"a,b\"],\"expirationSeconds\":3600}}"), "{}", outcome.asked[0]);
        assert_eq!(kubectl(&["create", "token", "nope"], "", &[]).stderr, "error: failed to create token: things \"token\" not found\n");
    }

    #[test]
    fn an_object_that_exists_is_the_servers_word() {
        let refusal = json!({"kind": "Status", "reason": "AlreadyExists", "message": "already exists"});
        let create = |what: &str| format!("POST /api/v1/{what}?fieldManager=kubectl-create&fieldValidation=Strict");
        assert_eq!(
            kubectl(&["create", "ns", "x"], "", &[(&create("namespaces"), 409, refusal.clone())]).stderr,
            "Error from server (AlreadyExists): already exists\n"
        );
        assert_eq!(
            kubectl(&["create", "cm", "x"], "", &[(&create("namespaces/default/configmaps"), 409, refusal.clone())]).stderr,
            "error: failed to create configmap: already exists\n"
        );
        let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";
        assert_eq!(
            kubectl(&["create", "-f", "-"], manifest, &[(&create("namespaces/default/configmaps"), 409, refusal)]).stderr,
            "Error from server (AlreadyExists): error when creating \"STDIN\": already exists\n"
        );
    }
}
