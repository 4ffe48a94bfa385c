//! `kubectl get`: the server's tables, or objects in another form.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::discovery::{Resource, list, text};
use super::super::duration::age;
use super::super::failure::Failure;
use super::super::jsonpath::Template;
use super::super::print::table::{Rows, TableOptions};
use super::super::print::{Form, Printer, as_list, without_managed_fields};
use super::super::selection::{Bare, Wanted, select};
use super::super::server::{Call, CallError, JSON, TABLE};
use super::super::session::Session;
use super::object::{items, list_call, of_files, read};

pub(super) fn run(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    if let Some(path) = line.text("raw").filter(|path| !path.is_empty()) {
        let answer = session.call(&Call::get(path).accepting("application/json, */*"))?;
        session.out(String::from_utf8_lossy(&answer.body));
        return Ok(0);
    }
    let form = Form::of(&line, Printer::Get)?;
    let files = line.list("filename");
    let wanted = if files.is_empty() {
        if line.args.is_empty() {
            session.err(
                "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of supported resources.\n",
            );
            return Err(Failure::usage(
                "get",
                "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).",
            ));
        }
        let discovery = session.discovery()?;
        select(&line, &line.args, &discovery, Bare::All)?
    } else {
        let (objects, failures) = of_files(session, false)?;
        if let Some(failure) = Failure::all(failures) {
            return Err(failure);
        }
        objects.into_iter().map(|object| Wanted::Named { resource: object.resource, name: object.name }).collect()
    };
    let sort_by = line
        .text("sort-by")
        .filter(|path| !path.is_empty())
        .map(|path| Template::parse_relaxed(path).map_err(Failure::error))
        .transpose()?;
    match form {
        Form::Human | Form::Wide => tables(session, &wanted, form == Form::Wide, sort_by.as_ref()),
        form => objects(session, &wanted, &form, sort_by.as_ref()),
    }
}

/// Whether names carry their kind: always when several kinds were asked for.
fn shows_kind(session: &Session<'_, '_>, wanted: &[Wanted]) -> bool {
    let words = &session.line.args;
    let kinds: Vec<&Resource> = wanted.iter().map(Wanted::resource).collect();
    session.line.is_on("show-kind", false)
        || kinds.windows(2).any(|pair| pair[0] != pair[1])
        || words.first().is_some_and(|word| word == "all" || word.contains(','))
}

fn tables(session: &mut Session<'_, '_>, wanted: &[Wanted], wide: bool, sort_by: Option<&Template>) -> Result<i32, Failure> {
    let line = session.line.clone();
    let shows_kind = shows_kind(session, wanted);
    let no_headers = line.is_on("no-headers", false);
    let across = line.is_on("all-namespaces", false);
    let mut sections: Vec<(Resource, Rows)> = Vec::new();
    let mut failures = Vec::new();
    for wanted in wanted {
        let resource = wanted.resource();
        let table = match fetch_table(session, wanted, sort_by.is_some()) {
            Ok(table) => table,
            Err(error) if error.is_not_found() && line.is_on("ignore-not-found", false) => continue,
            Err(error) => {
                failures.push(error.into());
                continue;
            }
        };
        let table = sorted(as_table(session, table, wanted), sort_by)?;
        let options = TableOptions {
            wide,
            no_headers,
            with_namespace: across && resource.is_namespaced,
            show_labels: line.is_on("show-labels", false),
            label_columns: line.list("label-columns"),
            kind: shows_kind.then(|| resource.label()),
        };
        if list(&table["rows"]).is_empty() {
            continue;
        }
        match sections.last_mut().filter(|(last, _)| last == resource) {
            Some((_, rows)) => rows.add(&table, &options),
            None => {
                let mut rows = Rows::default();
                rows.add(&table, &options);
                sections.push((resource.clone(), rows));
            }
        }
    }
    let is_empty = sections.is_empty();
    let text: Vec<String> = sections.iter().map(|(_, rows)| rows.print(no_headers)).collect();
    session.out(text.join("\n"));
    if is_empty && failures.is_empty() && !line.is_on("ignore-not-found", false) {
        let all_namespaced = wanted.iter().all(|wanted| wanted.resource().is_namespaced);
        let message = if all_namespaced && !across {
            format!("No resources found in {} namespace.", session.namespace()?)
        } else {
            "No resources found".to_owned()
        };
        session.err(message);
    }
    Failure::all(failures).map_or(Ok(0), Err)
}

fn fetch_table(session: &mut Session<'_, '_>, wanted: &Wanted, whole_objects: bool) -> Result<Value, CallError> {
    match wanted {
        Wanted::Named { resource, name } => {
            let namespace = session.namespace().map_err(CallError::Failed)?;
            read(session, resource, &namespace, name, TABLE)
        }
        Wanted::Listed { resource } => {
            let namespace = session.namespace_to_list().map_err(CallError::Failed)?;
            let call = list_call(session, resource, namespace.as_deref()).accepting(TABLE);
            let call = if whole_objects { call.with("includeObject", "Object") } else { call.with("limit", chunk_size(session)) };
            session.json(&call)
        }
    }
}

fn chunk_size(session: &Session<'_, '_>) -> String {
    session.line.text("chunk-size").unwrap_or("500").to_owned()
}

/// A server without tables gets the two columns that kubectl can make up itself.
fn as_table(session: &Session<'_, '_>, answer: Value, wanted: &Wanted) -> Value {
    if answer["kind"] == "Table" {
        return answer;
    }
    let objects = if answer["items"].is_array() { items(&answer, wanted.resource()) } else { vec![answer] };
    let rows: Vec<Value> = objects
        .into_iter()
        .map(|object| {
            let metadata = &object["metadata"];
            let cells = [text(&metadata["name"]), age(&text(&metadata["creationTimestamp"]), session.now())];
            serde_json::json!({"cells": cells, "object": object})
        })
        .collect();
    serde_json::json!({"kind": "Table", "columnDefinitions": [{"name": "Name", "priority": 0}, {"name": "Age", "priority": 0}], "rows": rows})
}

fn sorted(mut table: Value, sort_by: Option<&Template>) -> Result<Value, Failure> {
    let Some(template) = sort_by else { return Ok(table) };
    let mut rows = list(&table["rows"]).to_vec();
    sort(&mut rows, template, |row| &row["object"])?;
    table["rows"] = Value::Array(rows);
    Ok(table)
}

fn sort(values: &mut [Value], template: &Template, object: impl Fn(&Value) -> &Value) -> Result<(), Failure> {
    let key =
        |value: &Value| template.values(object(value)).map(|found| found.first().map(|value| (*value).clone())).map_err(Failure::error);
    let keys = values.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    if !values.is_empty() && keys.iter().all(Option::is_none) {
        return Err(Failure::error("couldn't find any field with path in the list of objects"));
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|left, right| compare(keys[*left].as_ref(), keys[*right].as_ref()));
    let moved: Vec<Value> = order.into_iter().map(|index| values[index].clone()).collect();
    values.clone_from_slice(&moved);
    Ok(())
}

fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
        (Some(left), Some(right)) => text(left).cmp(&text(right)),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

fn objects(session: &mut Session<'_, '_>, wanted: &[Wanted], form: &Form, sort_by: Option<&Template>) -> Result<i32, Failure> {
    let line = session.line.clone();
    let keeps_managed_fields = line.is_on("show-managed-fields", false);
    let ignores_missing = line.is_on("ignore-not-found", false);
    let (mut found, mut failures): (Vec<(Resource, Value)>, Vec<Failure>) = Default::default();
    for wanted in wanted {
        let resource = wanted.resource().clone();
        let fetched = match wanted {
            Wanted::Named { name, .. } => {
                let namespace = session.namespace()?;
                read(session, &resource, &namespace, name, JSON).map(|object| vec![object])
            }
            Wanted::Listed { .. } => {
                let namespace = session.namespace_to_list()?;
                let call = list_call(session, &resource, namespace.as_deref()).with("limit", chunk_size(session));
                session.json(&call).map(|answer| items(&answer, &resource))
            }
        };
        match fetched {
            Ok(objects) => found.extend(objects.into_iter().map(|object| (resource.clone(), object))),
            Err(error) if error.is_not_found() && ignores_missing => {}
            Err(error) => failures.push(error.into()),
        }
    }
    let mut values: Vec<Value> = found
        .iter()
        .map(|(_, object)| if keeps_managed_fields { object.clone() } else { without_managed_fields(object.clone()) })
        .collect();
    if let Some(template) = sort_by {
        sort(&mut values, template, |value| value)?;
    }
    let is_single = matches!(wanted, [Wanted::Named { .. }]);
    let printed = match form {
        Form::Name => {
            found.iter().map(|(resource, object)| format!("{}/{}\n", resource.label(), text(&object["metadata"]["name"]))).collect()
        }
        Form::Columns(columns) if !values.is_empty() || failures.is_empty() => {
            columns.print(&values.iter().collect::<Vec<_>>(), line.is_on("no-headers", false)).map_err(Failure::error)?
        }
        _ if is_single => match values.first() {
            Some(object) => form.print(object, "")?.unwrap_or_default(),
            None => String::new(),
        },
        _ if values.is_empty() && !failures.is_empty() => String::new(),
        _ => form.print(&as_list(values), "")?.unwrap_or_default(),
    };
    session.out(printed);
    Failure::all(failures).map_or(Ok(0), Err)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::fake::kubectl;
    use super::*;

    fn pods() -> Value {
        json!({"kind": "Table", "columnDefinitions": [{"name": "Name", "priority": 0}, {"name": "Ready", "priority": 0}], "rows": [
            {"cells": ["b", "1/1"], "object": {"metadata": {"name": "b", "namespace": "default"}}},
            {"cells": ["a", "0/1"], "object": {"metadata": {"name": "a", "namespace": "default"}}},
        ]})
    }

    #[test]
    fn a_list_is_the_servers_table() {
        let outcome =
            kubectl(&["get", "po", "-l", "a=b"], "", &[("GET /api/v1/namespaces/default/pods?labelSelector=a%3Db&limit=500", 200, pods())]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (0, "NAME   READY\nb      1/1\na      0/1\n"));
    }

    #[test]
    fn several_kinds_are_told_apart_and_a_missing_one_fails_at_the_end() {
        let one = json!({"kind": "Table", "columnDefinitions": [{"name": "Name"}], "rows": [{"cells": ["x"]}]});
        let outcome = kubectl(
            &["get", "sa/x", "po/q", "deploy/x"],
            "",
            &[
                ("GET /api/v1/namespaces/default/serviceaccounts/x", 200, one.clone()),
                ("GET /apis/apps/v1/namespaces/default/deployments/x", 200, one),
            ],
        );
        assert_eq!(outcome.stdout, "NAME\nserviceaccount/x\n\nNAME\ndeployment.apps/x\n");
        assert_eq!((outcome.status, outcome.stderr.as_str()), (1, "Error from server (NotFound): things \"q\" not found\n"));
    }

    #[test]
    fn nothing_is_said_on_standard_error() {
        let empty = json!({"kind": "Table", "columnDefinitions": [{"name": "Name"}], "rows": []});
        let outcome = kubectl(&["get", "po"], "", &[("GET /api/v1/namespaces/default/pods?limit=500", 200, empty.clone())]);
        assert_eq!(
            (outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()),
            (0, "", "No resources found in default namespace.\n")
        );
        assert_eq!(kubectl(&["get", "po", "-A"], "", &[("GET /api/v1/pods?limit=500", 200, empty)]).stderr, "No resources found\n");
    }

    #[test]
    fn other_forms_print_objects() {
        let list = json!({"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "b", "managedFields": []}}, {"metadata": {"name": "a"}}]});
        let answers = [("GET /api/v1/namespaces/default/pods?limit=500", 200, list)];
        assert_eq!(kubectl(&["get", "po", "-o", "name"], "", &answers).stdout, "pod/b\npod/a\n");
        assert_eq!(kubectl(&["get", "po", "-o", "jsonpath={.items[*].metadata.name}"], "", &answers).stdout, "b a");
        assert_eq!(
            kubectl(&["get", "po", "--sort-by", ".metadata.name", "-o", "custom-columns=N:.metadata.name"], "", &answers).stdout,
            "N\na\nb\n"
        );
        assert_eq!(
            kubectl(&["get", "po", "-o", "yaml"], "", &answers).stdout,
            "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: b\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\nkind: List\nmetadata:\n  resourceVersion: \"\"\n"
        );
        assert!(
            kubectl(&["get", "po", "-o", "foo"], "", &answers).stderr.starts_with(
                "error: unable to match a printer suitable for the output format \"foo\", allowed formats are: custom-columns,"
            )
        );
    }

    #[test]
    fn a_missing_namespace_is_what_is_named() {
        let outcome = kubectl(&["get", "po", "x", "-n", "dev"], "", &[]);
        assert_eq!(outcome.stderr, "Error from server (NotFound): things \"dev\" not found\n");
        assert_eq!(outcome.asked, ["GET /api/v1/namespaces/dev/pods/x", "GET /api/v1/namespaces/dev"]);
    }
}
