//! `kubectl apply`: create what is missing, patch what differs, leave the rest alone.

use serde_json::{Map, Value, json};

use super::super::failure::Failure;
use super::super::merge;
use super::super::print::json::compact;
use super::super::print::{Form, Printer, as_list};
use super::super::server::{Call, CallError, JSON};
use super::super::session::Session;
use super::object::{DryRun, Object, field_validation, of_files, read};

/// Holds what was applied last.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const MANAGER: &str = "kubectl-client-side-apply";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const MERGE: &str = "application/merge-patch+json";
/// Groups whose kinds have merge rules: those without a dot, and Kubernetes' own.
const OWN_GROUPS: &str = ".k8s.io";

pub(super) fn run(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    if !session.line.args.is_empty() {
        return Err(Failure::usage("apply", format!("Unexpected args: [{}]", session.line.args.join(" "))));
    }
    if session.line.list("filename").is_empty() {
        return Err(Failure::error("must specify one of -f and -k"));
    }
    let form = Form::of(&session.line, Printer::Object)?;
    let dry_run = DryRun::of(session)?;
    let validation = field_validation(session)?;
    let server_side = session.line.is_on("server-side", false);
    if server_side && dry_run == DryRun::Client {
        return Err(Failure::error("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)"));
    }
    if !server_side && session.line.is_on("force-conflicts", false) {
        return Err(Failure::error("--force-conflicts only works with --server-side"));
    }
    let (objects, mut failures) = of_files(session, validation != "Ignore")?;
    if objects.is_empty() && failures.is_empty() {
        return Err(Failure::error("no objects passed to apply"));
    }
    let mut applied = Vec::new();
    for object in &objects {
        let outcome =
            if server_side { server_side_one(session, object, dry_run, validation) } else { one(session, object, dry_run, validation) };
        match outcome {
            Ok((outcome, value)) => match form {
                Form::Human => session.out(format!("{} {outcome}{}\n", object.label(), dry_run.suffix())),
                Form::Name => session.out(format!("{}\n", object.label())),
                _ => applied.push(value),
            },
            Err(error) => failures.push(error.into()),
        }
    }
    if !applied.is_empty() {
        let whole = if applied.len() == 1 { applied.remove(0) } else { as_list(applied) };
        let text = form.print(&super::super::print::without_managed_fields(whole), "")?.unwrap_or_default();
        session.out(text);
    }
    Failure::all(failures).map_or(Ok(0), Err)
}

/// Applies one object; what happened, and what the server has now.
fn one(session: &mut Session<'_, '_>, object: &Object, dry_run: DryRun, validation: &str) -> Result<(&'static str, Value), CallError> {
    let manager = session.line.text("field-manager").unwrap_or(MANAGER).to_owned();
    let modified = with_annotation(&object.value);
    let retrieving = |error: CallError| {
        let what = format!("error when retrieving current configuration of:\n{}\nfrom server for: {:?}: ", object.info(), object.source);
        match error {
            CallError::Failed(failure) if failure.text.starts_with("error: resource name") => {
                CallError::Failed(Failure::error(format!("{what}{}", failure.text.trim_start_matches("error: "))))
            }
            error => error.while_doing(&what),
        }
    };
    let live = match read(session, &object.resource, &object.namespace, &object.name, JSON) {
        Ok(live) => live,
        Err(error) if error.is_not_found() => {
            if dry_run == DryRun::Client {
                return Ok(("created", modified));
            }
            let call = Call::post(object.resource.path(Some(&object.namespace)), modified)
                .with("fieldManager", manager)
                .with("fieldValidation", validation);
            let created = session
                .json(&dry_run.on(call))
                .map_err(|error| error.while_doing(&format!("error when creating {:?}: ", object.source)))?;
            return Ok(("created", created));
        }
        Err(error) => return Err(retrieving(error)),
    };
    let last = live["metadata"]["annotations"][LAST_APPLIED].as_str();
    if last.is_none() {
        session.err(format!(
            "Warning: resource {}/{} is missing the {LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.",
            object.resource.plural_label(),
            object.name
        ));
    }
    if dry_run == DryRun::Client {
        return Ok(("configured", modified));
    }
    let original: Value = last.and_then(|last| serde_json::from_str(last).ok()).unwrap_or_default();
    let group = &object.resource.group;
    let has_rules = !group.contains('.') || group.ends_with(OWN_GROUPS);
    let (content_type, patch) = if has_rules {
        (STRATEGIC, merge::strategic(&object.resource.kind, &original, &modified, &live))
    } else {
        (MERGE, merge::plain(&original, &modified, &live))
    };
    if patch.as_object().is_some_and(Map::is_empty) {
        return Ok(("unchanged", live));
    }
    let call = Call::patch(object.path(), content_type, patch.clone()).with("fieldManager", manager).with("fieldValidation", validation);
    let patched = session.json(&dry_run.on(call)).map_err(|error| {
        let source = &object.source;
        error.while_doing(&format!(
            "error when applying patch:\n{}\nto:\n{}\nfor: {source:?}: error when patching {source:?}: ",
            compact(&patch),
            object.info()
        ))
    })?;
    Ok(("configured", patched))
}

fn server_side_one(
    session: &mut Session<'_, '_>,
    object: &Object,
    dry_run: DryRun,
    validation: &str,
) -> Result<(&'static str, Value), CallError> {
    if object.name.is_empty() {
        return Err(CallError::Failed(Failure::error("metadata.name is required")));
    }
    let manager = session.line.text("field-manager").unwrap_or("kubectl").to_owned();
    let force = session.line.is_on("force-conflicts", false).to_string();
    let call = Call::patch(object.path(), "application/apply-patch+yaml", object.value.clone())
        .with("fieldManager", manager)
        .with("fieldValidation", validation)
        .with("force", force);
    Ok(("serverside-applied", session.json(&dry_run.on(call))?))
}

/// The object with itself in its annotation: what `apply` sends and later compares with.
pub(super) fn with_annotation(object: &Value) -> Value {
    let mut bare = object.clone();
    if let Some(fields) = bare.as_object_mut() {
        fields.remove("status");
        let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
        if !metadata.is_object() {
            *metadata = json!({});
        }
        if !metadata["annotations"].is_object() {
            metadata["annotations"] = json!({});
        }
        if let Some(annotations) = metadata["annotations"].as_object_mut() {
            annotations.remove(LAST_APPLIED);
        }
    }
    let text = format!("{}\n", compact(&bare));
    let mut annotated = bare;
    annotated["metadata"]["annotations"][LAST_APPLIED] = text.into();
    annotated
}

#[cfg(test)]
mod tests {
    use super::super::super::fake::kubectl;
    use super::*;

    const ACCOUNT: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  annotations:\n    azure.workload.identity/client-id: \"1\"\n  name: \"wi-sa\"\n  namespace: \"default\"\n";
    const PATH: &str = "GET /api/v1/namespaces/default/serviceaccounts/wi-sa";
    const CREATE: &str = "POST /api/v1/namespaces/default/serviceaccounts?fieldManager=kubectl-client-side-apply&fieldValidation=Strict";

    #[test]
    fn what_is_missing_is_created_with_its_annotation() {
        let outcome = kubectl(&["apply", "-f", "-"], ACCOUNT, &[(CREATE, 201, json!({}))]);
        assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "serviceaccount/wi-sa created\n", ""));
        let body: Value =
            serde_json::from_str(outcome.asked[1].split_once(" {").map(|(_, body)| format!("{{{body}")).expect("a body").as_str())
                .expect("JSON");
        // Recorded with kubectl 1.32.
        assert_eq!(
            body["metadata"]["annotations"][LAST_APPLIED],
            "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",\"metadata\":{\"annotations\":{\"azure.workload.identity/client-id\":\"1\"},\"name\":\"wi-sa\",\"namespace\":\"default\"}}\n"
        );
    }

    #[test]
    fn what_is_there_is_left_alone_or_patched() {
        let live = |client: &str| {
            with_annotation(
                &json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"annotations": {"azure.workload.identity/client-id": client}, "name": "wi-sa", "namespace": "default"}}),
            )
        };
        assert_eq!(kubectl(&["apply", "-f", "-"], ACCOUNT, &[(PATH, 200, live("1"))]).stdout, "serviceaccount/wi-sa unchanged\n");
        let patch = "PATCH /api/v1/namespaces/default/serviceaccounts/wi-sa?fieldManager=kubectl-client-side-apply&fieldValidation=Strict";
        let outcome = kubectl(&["apply", "-f", "-"], ACCOUNT, &[(PATH, 200, live("2")), (patch, 200, json!({}))]);
        assert_eq!(outcome.stdout, "serviceaccount/wi-sa configured\n");
        assert!(outcome.asked[1].contains("\"azure.workload.identity/client-id\":\"1\""), "{}", outcome.asked[1]);
        assert_eq!(
            kubectl(&["apply", "--dry-run=client", "-f", "-"], ACCOUNT, &[(PATH, 200, live("2"))]).stdout,
            "serviceaccount/wi-sa configured (dry run)\n"
        );
    }

    #[track_caller]
    fn fails(words: &[&str], manifest: &str, stderr: &str) {
        let outcome = kubectl(words, manifest, &[]);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (1, stderr), "for {manifest}");
    }

    // Measured with kubectl 1.32 (kubernetes-wire A5).
    #[test]
    fn broken_manifests_have_the_texts_of_kubectl() {
        let apply = &["apply", "-f", "-"];
        fails(
            apply,
            "apiVersion: v1\nmetadata: {name: x}\n",
            "error: error validating \"STDIN\": error validating data: kind not set; if you choose to ignore these errors, turn validation off with --validate=false\n",
        );
        fails(
            apply,
            "kind: Pod\n",
            "error: error validating \"STDIN\": error validating data: apiVersion not set; if you choose to ignore these errors, turn validation off with --validate=false\n",
        );
        fails(
            apply,
            "hello\n",
            "error: error validating \"STDIN\": error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false\n",
        );
        fails(
            apply,
            "apiVersion: v1\nkind: Podd\nmetadata: {name: x3}\n",
            "error: resource mapping not found for name: \"x3\" namespace: \"\" from \"STDIN\": no matches for kind \"Podd\" in version \"v1\"\nensure CRDs are installed first\n",
        );
        fails(apply, "", "error: no objects passed to apply\n");
        fails(
            &["apply", "-n", "other", "-f", "-"],
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x3, namespace: default}\n",
            "error: the namespace from the provided object \"default\" does not match the namespace \"other\". You must pass '--namespace=default' to perform this operation.\n",
        );
        fails(
            apply,
            "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {a: true}}\n",
            "error: unable to decode \"STDIN\": json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string\n",
        );
        fails(
            apply,
            "apiVersion: v1\nkind: Pod\nmetadata:\nname: x\nspec:\n",
            "error: error when retrieving current configuration of:\nResource: \"/v1, Resource=pods\", GroupVersionKind: \"/v1, Kind=Pod\"\nName: \"\", Namespace: \"default\"\nfrom server for: \"STDIN\": resource name may not be empty\n",
        );
        fails(&["apply", "-f", "nope.yaml"], "", "error: the path \"nope.yaml\" does not exist\n");
        fails(&["apply"], "", "error: must specify one of -f and -k\n");
    }

    #[test]
    fn a_good_document_before_a_broken_one_is_applied() {
        let outcome = kubectl(&["apply", "-f", "-"], &format!("{ACCOUNT}---\na: b\n c: d\n"), &[(CREATE, 201, json!({}))]);
        assert_eq!(outcome.stdout, "serviceaccount/wi-sa created\n");
        assert_eq!(
            (outcome.status, outcome.stderr.as_str()),
            (
                1,
                "error: error parsing STDIN: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context\n"
            )
        );
    }

    #[test]
    fn the_servers_refusal_names_the_source() {
        let refusal = json!({"kind": "Status", "reason": "Forbidden", "message": "no"});
        let outcome = kubectl(&["apply", "-f", "-"], ACCOUNT, &[(CREATE, 403, refusal)]);
        assert_eq!(outcome.stderr, "Error from server (Forbidden): error when creating \"STDIN\": no\n");
    }
}
