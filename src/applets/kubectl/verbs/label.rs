//! `kubectl label` and `kubectl annotate`.

use serde_json::{Map, Value, json};

use super::super::failure::Failure;
use super::super::manifest;
use super::super::print::{Form, Printer, as_list, without_managed_fields};
use super::super::selection::{Bare, select};
use super::super::server::Call;
use super::super::session::Session;
use super::object::{DryRun, Object, gather, of_files};

/// What the two commands differ in.
struct Mark {
    /// `label` or `annotation`.
    noun: &'static str,
    /// `labels` or `annotations`.
    field: &'static str,
    manager: &'static str,
}

const LABEL: Mark = Mark { noun: "label", field: "labels", manager: "kubectl-label" };
const ANNOTATION: Mark = Mark { noun: "annotation", field: "annotations", manager: "kubectl-annotate" };

/// A key with its new value; none when it is to go.
type Change = (String, Option<String>);

pub(super) fn label(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    run(session, &LABEL)
}

pub(super) fn annotate(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    run(session, &ANNOTATION)
}

fn run(session: &mut Session<'_, '_>, mark: &Mark) -> Result<i32, Failure> {
    let line = session.line.clone();
    if line.is_on("list", false) {
        return Err(Failure::refused(format!("option --list of `kubectl {}`", line.path), "kubectl get --show-labels"));
    }
    let form = Form::of(&line, Printer::Object)?;
    let dry_run = DryRun::of(session)?;
    let (resources, changes) = split(&line.args, mark)?;
    let local = line.is_on("local", false);
    let has_files = !line.list("filename").is_empty();
    if local && resources.is_empty() && !has_files {
        return Err(Failure::error("one or more files must be specified as -f pod.yaml or --filename=pod.json"));
    }
    if local && !resources.is_empty() {
        return Err(Failure::error("can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set"));
    }
    if resources.is_empty() && !has_files {
        return Err(Failure::error("one or more resources must be specified as <resource> <name> or <resource>/<name>"));
    }
    if changes.is_empty() {
        return Err(Failure::error(format!("at least one {} update is required", mark.noun)));
    }
    if local {
        return change_files(session, mark, &form, &changes);
    }
    let (objects, mut failures) = if has_files {
        of_files(session, false)?
    } else {
        let discovery = session.discovery()?;
        let wanted = select(&line, &resources, &discovery, Bare::Refused)?;
        gather(session, wanted)
    };
    let mut changed = Vec::new();
    for object in objects {
        match change_one(session, mark, dry_run, &object, &changes) {
            Ok((outcome, _)) if form == Form::Human => session.out(format!("{} {outcome}{}\n", object.label(), dry_run.suffix())),
            Ok(_) if form == Form::Name => session.out(format!("{}\n", object.label())),
            Ok((_, value)) => changed.push(without_managed_fields(value)),
            Err(failure) => failures.push(failure),
        }
    }
    print(session, &form, changed)?;
    Failure::all(failures).map_or(Ok(0), Err)
}

fn print(session: &mut Session<'_, '_>, form: &Form, mut values: Vec<Value>) -> Result<(), Failure> {
    if values.is_empty() {
        return Ok(());
    }
    let whole = if values.len() == 1 { values.remove(0) } else { as_list(values) };
    let text = form.print(&whole, "")?.unwrap_or_default();
    session.out(text);
    Ok(())
}

fn change_one(
    session: &mut Session<'_, '_>,
    mark: &Mark,
    dry_run: DryRun,
    object: &Object,
    changes: &[Change],
) -> Result<(String, Value), Failure> {
    let live = if object.source.is_empty() { object.value.clone() } else { session.json(&Call::get(object.path()))? };
    let before = live["metadata"][mark.field].as_object().cloned().unwrap_or_default();
    let (after, outcome) = changed(session, mark, before.clone(), changes)?;
    let mut value = live;
    if dry_run == DryRun::Client || (outcome == "not labeled") {
        value["metadata"][mark.field] = Value::Object(after);
        return Ok((outcome, value));
    }
    let mut patch = Map::new();
    for (key, value) in changes {
        let is_same = before.get(key).and_then(Value::as_str) == value.as_deref();
        if !is_same {
            patch.insert(key.clone(), value.clone().map_or(Value::Null, Value::from));
        }
    }
    if patch.is_empty() {
        return Ok((outcome, value));
    }
    let manager = session.line.text("field-manager").unwrap_or(mark.manager).to_owned();
    let call =
        Call::patch(object.path(), "application/merge-patch+json", json!({"metadata": {mark.field: patch}})).with("fieldManager", manager);
    Ok((outcome, session.json(&dry_run.on(call))?))
}

/// The new marks, and the word for what was done.
fn changed(
    session: &mut Session<'_, '_>,
    mark: &Mark,
    mut marks: Map<String, Value>,
    changes: &[Change],
) -> Result<(Map<String, Value>, String), Failure> {
    let overwrites = session.line.is_on("overwrite", false);
    if !overwrites {
        let clashes: Vec<String> = changes
            .iter()
            .filter_map(|(key, value)| {
                let (old, new) = (marks.get(key)?.as_str()?, value.as_deref()?);
                (old != new).then(|| format!("'{key}' already has a value ({old})"))
            })
            .collect();
        if !clashes.is_empty() && mark.noun == "annotation" {
            return Err(Failure::error(format!(
                "--overwrite is false but found the following declared annotation(s): {}",
                clashes.join("; ")
            )));
        }
        let lines: Vec<String> = clashes.into_iter().map(|clash| format!("{clash}, and --overwrite is false")).collect();
        match lines.as_slice() {
            [] => {}
            [line] => return Err(Failure::error(line)),
            lines => return Err(Failure::error(format!("[{}]", lines.join(", ")))),
        }
    }
    let (mut set, mut removed) = (false, false);
    for (key, value) in changes {
        match value {
            Some(value) => set |= marks.insert(key.clone(), value.clone().into()).is_none_or(|old| old != *value),
            None => {
                let had = marks.remove(key).is_some();
                if !had && mark.noun == "label" && session.line.text("output").is_none() {
                    session.out(format!("label {key:?} not found.\n"));
                }
                removed |= had;
            }
        }
    }
    let outcome = match (mark.noun, set, removed) {
        ("annotation", _, _) => "annotated",
        (_, true, _) => "labeled",
        (_, false, true) => "unlabeled",
        (_, false, false) => "not labeled",
    };
    Ok((marks, outcome.to_owned()))
}

/// `--local`: the manifests with their marks changed, without any server.
fn change_files(session: &mut Session<'_, '_>, mark: &Mark, form: &Form, changes: &[Change]) -> Result<i32, Failure> {
    let files = session.line.list("filename");
    let recursive = session.line.is_on("recursive", false);
    let mut values = Vec::new();
    for document in manifest::read_all(&files, recursive, session.program.stdin)? {
        let mut value = document?.object;
        let kind = value["kind"].as_str().unwrap_or_default().to_lowercase();
        let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if !value["metadata"].is_object() {
            return Err(Failure::error(format!("the {kind} has no metadata")));
        }
        let before = value["metadata"][mark.field].as_object().cloned().unwrap_or_default();
        let (after, outcome) = changed(session, mark, before, changes)?;
        value["metadata"][mark.field] = Value::Object(after);
        match form {
            Form::Human => session.out(format!("{kind}/{name} {outcome}\n")),
            Form::Name => session.out(format!("{kind}/{name}\n")),
            _ => values.push(value),
        }
    }
    print(session, form, values)?;
    Ok(0)
}

/// Resources come first, changes after: `key=value`, or `key-` to remove.
fn split(args: &[String], mark: &Mark) -> Result<(Vec<String>, Vec<Change>), Failure> {
    let is_change = |arg: &&String| arg.contains('=') || arg.ends_with('-');
    let first = args.iter().position(|arg| is_change(&arg)).unwrap_or(args.len());
    let mut changes: Vec<Change> = Vec::new();
    for arg in &args[first..] {
        let change = match arg.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                if mark.noun == "label" {
                    check_value(arg, value)?;
                }
                (key.to_owned(), Some(value.to_owned()))
            }
            None if arg.ends_with('-') && arg.len() > 1 => (arg.trim_end_matches('-').to_owned(), None),
            _ => return Err(Failure::error(format!("unexpected {} spec: {arg}", mark.noun))),
        };
        if changes.iter().any(|(key, value)| *key == change.0 && value.is_some() != change.1.is_some()) {
            return Err(Failure::error(format!(
                "can not both modify and remove {} {} in the same command",
                if mark.noun == "label" { "a" } else { "an" },
                mark.noun
            )));
        }
        changes.push(change);
    }
    Ok((args[..first].to_vec(), changes))
}

/// What may be a label's value (apimachinery `IsValidLabelValue`).
fn check_value(arg: &str, value: &str) -> Result<(), Failure> {
    const LENGTH_MAX: usize = 63;
    if value.len() > LENGTH_MAX {
        return Err(Failure::error(format!("invalid label value: {arg:?}: must be no more than {LENGTH_MAX} characters")));
    }
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    let fits = value.chars().all(|c| is_edge(c) || "-_.".contains(c))
        && value.starts_with(is_edge) == value.ends_with(is_edge)
        && (value.is_empty() || value.starts_with(is_edge));
    if fits {
        return Ok(());
    }
    Err(Failure::error(format!(
        "invalid label value: {arg:?}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    )))
}

#[cfg(test)]
mod tests {
    use super::super::super::fake::kubectl;
    use super::*;

    const POD: &str = "GET /api/v1/namespaces/default/pods/p";
    const PATCH: &str = "PATCH /api/v1/namespaces/default/pods/p?fieldManager=kubectl-label";

    fn pod() -> Value {
        json!({"metadata": {"name": "p", "namespace": "default", "labels": {"x": "y"}}})
    }

    #[track_caller]
    fn check(words: &[&str], stdout: &str, stderr: &str, patch: Option<&str>) {
        let outcome = kubectl(words, "", &[(POD, 200, pod()), (PATCH, 200, pod())]);
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), (stdout, stderr), "for {words:?}");
        assert_eq!(outcome.asked.get(1).and_then(|line| line.split_once(" {")).map(|(_, body)| format!("{{{body}")).as_deref(), patch);
    }

    // Recorded with kubectl 1.32.
    #[test]
    fn labels_are_set_replaced_and_removed() {
        check(&["label", "pod", "p", "a=b"], "pod/p labeled\n", "", Some("{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"));
        check(&["label", "pod", "p", "x=z"], "", "error: 'x' already has a value (y), and --overwrite is false\n", None);
        check(&["label", "pod", "p", "x=z", "--overwrite"], "pod/p labeled\n", "", Some("{\"metadata\":{\"labels\":{\"x\":\"z\"}}}"));
        check(&["label", "pod", "p", "x-"], "pod/p unlabeled\n", "", Some("{\"metadata\":{\"labels\":{\"x\":null}}}"));
        check(&["label", "pod", "p", "x=y"], "pod/p not labeled\n", "", None);
        check(&["label", "pod", "p", "q-"], "label \"q\" not found.\npod/p not labeled\n", "", None);
    }

    // Measured with kubectl 1.33.
    #[test]
    fn wrong_marks_are_refused() {
        check(&["label", "pod", "p"], "", "error: at least one label update is required\n", None);
        check(&["annotate", "pod", "p"], "", "error: at least one annotation update is required\n", None);
        check(&["label"], "", "error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n", None);
        check(&["label", "pod", "p", "a=b", "a-"], "", "error: can not both modify and remove a label in the same command\n", None);
        assert!(
            kubectl(&["label", "pod", "p", "a=b c"], "", &[])
                .stderr
                .starts_with("error: invalid label value: \"a=b c\": a valid label must")
        );
    }

    #[test]
    fn local_changes_need_no_server() {
        let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";
        assert_eq!(kubectl(&["annotate", "--local", "-f", "-", "a=b"], manifest, &[]).stdout, "configmap/x annotated\n");
        assert_eq!(
            kubectl(&["label", "--local", "-f", "-", "a=y", "-o", "yaml"], manifest, &[]).stdout,
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    a: \"y\"\n  name: x\n"
        );
    }
}
