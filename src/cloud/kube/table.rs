//! Lists as tables, made by the server: columns and cells of kubernetes `pkg/printers/internalversion/printers.go`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::duration::{age, human};
use super::objects::text;
use super::pod_status;
use super::resources::Resource;

/// What a row carries beside its cells: `includeObject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowObject {
    Metadata,
    Full,
    None,
}

/// Name, type, format, priority (1: only with `-o wide`).
type Column = (&'static str, &'static str, &'static str, u8);

const NAME: Column = ("Name", "string", "name", 0);
const AGE: Column = ("Age", "string", "", 0);

const fn text_column(name: &'static str) -> Column {
    (name, "string", "", 0)
}

const fn wide(name: &'static str) -> Column {
    (name, "string", "", 1)
}

const fn number(name: &'static str) -> Column {
    (name, "integer", "", 0)
}

fn columns(resource: &Resource) -> Vec<Column> {
    let middle: &[Column] = match (resource.group, resource.plural) {
        ("", "pods") => &[
            text_column("Ready"),
            text_column("Status"),
            text_column("Restarts"),
            AGE,
            wide("IP"),
            wide("Node"),
            wide("Nominated Node"),
            wide("Readiness Gates"),
        ],
        ("", "services") => {
            &[text_column("Type"), text_column("Cluster-IP"), text_column("External-IP"), text_column("Port(s)"), AGE, wide("Selector")]
        }
        ("", "serviceaccounts") => &[number("Secrets"), AGE],
        ("", "secrets") => &[text_column("Type"), number("Data"), AGE],
        ("", "configmaps") => &[number("Data"), AGE],
        ("", "namespaces") => &[text_column("Status"), AGE],
        ("", "endpoints") => &[text_column("Endpoints"), AGE],
        ("", "resourcequotas") => &[text_column("Request"), text_column("Limit"), AGE],
        ("", "nodes") => &[
            text_column("Status"),
            text_column("Roles"),
            AGE,
            text_column("Version"),
            wide("Internal-IP"),
            wide("External-IP"),
            wide("OS-Image"),
            wide("Kernel-Version"),
            wide("Container-Runtime"),
        ],
        ("", "limitranges") | (_, "roles" | "clusterroles") => &[("Created At", "date", "", 0)],
        (_, "rolebindings" | "clusterrolebindings") => &[text_column("Role"), AGE, wide("Users"), wide("Groups"), wide("ServiceAccounts")],
        (_, "leases") => &[text_column("Holder"), AGE],
        ("", "events") => {
            return vec![
                text_column("Last Seen"),
                text_column("Type"),
                text_column("Reason"),
                text_column("Object"),
                wide("Subobject"),
                wide("Source"),
                text_column("Message"),
                wide("First Seen"),
                ("Count", "integer", "", 1),
                ("Name", "string", "name", 1),
            ];
        }
        _ => &[AGE],
    };
    [&[NAME], middle].concat()
}

/// A table of `objects`; `revision` is the list's resource version. Column descriptions are left empty, clients do not show them.
pub(crate) fn table<'a>(
    resource: &Resource,
    objects: impl Iterator<Item = &'a Value>,
    revision: &str,
    row_object: RowObject,
    now: Timestamp,
) -> Value {
    let definitions: Vec<Value> = columns(resource)
        .iter()
        .map(
            |(name, kind, format, priority)| json!({"name": name, "type": kind, "format": format, "description": "", "priority": priority}),
        )
        .collect();
    let rows: Vec<Value> = objects
        .map(|object| {
            let mut row = json!({"cells": cells(resource, object, now)});
            match row_object {
                RowObject::Full => row["object"] = object.clone(),
                RowObject::Metadata => {
                    row["object"] = json!({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":object["metadata"]});
                }
                RowObject::None => {}
            }
            row
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": revision},
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

fn cells(resource: &Resource, object: &Value, now: Timestamp) -> Vec<Value> {
    let created = text(object, "/metadata/creationTimestamp");
    let name = json!(text(object, "/metadata/name"));
    let age_cell = json!(age(created, now));
    match (resource.group, resource.plural) {
        ("", "pods") => pod(object, name, age_cell, now),
        ("", "services") => service(object, name, age_cell),
        ("", "serviceaccounts") => vec![name, json!(length(&object["secrets"])), age_cell],
        ("", "secrets") => vec![name, object["type"].clone(), json!(length(&object["data"])), age_cell],
        ("", "configmaps") => vec![name, json!(length(&object["data"]) + length(&object["binaryData"])), age_cell],
        ("", "namespaces") => vec![name, json!(text(object, "/status/phase")), age_cell],
        ("", "endpoints") => vec![name, json!(endpoints(object)), age_cell],
        ("", "resourcequotas") => vec![name, json!(""), json!(""), age_cell],
        ("", "nodes") => node(object, name, age_cell),
        ("", "events") => event(object, name, now),
        ("", "limitranges") | (_, "roles" | "clusterroles") => vec![name, json!(created)],
        (_, "rolebindings" | "clusterrolebindings") => binding(object, name, age_cell),
        (_, "leases") => vec![name, json!(text(object, "/spec/holderIdentity")), age_cell],
        _ => vec![name, age_cell],
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(entries) => entries.len(),
        _ => 0,
    }
}

fn or_none(text: &str) -> Value {
    json!(if text.is_empty() { "<none>" } else { text })
}

fn pod(object: &Value, name: Value, age_cell: Value, now: Timestamp) -> Vec<Value> {
    let summary = pod_status::summarize(object);
    let restarts = match summary.last_restart {
        Some(at) if summary.restarts > 0 => format!("{} ({} ago)", summary.restarts, human(now.as_second() - at.as_second())),
        _ => summary.restarts.to_string(),
    };
    vec![
        name,
        json!(format!("{}/{}", summary.ready, summary.containers)),
        json!(summary.reason),
        json!(restarts),
        age_cell,
        or_none(text(object, "/status/podIP")),
        or_none(text(object, "/spec/nodeName")),
        or_none(text(object, "/status/nominatedNodeName")),
        json!("<none>"),
    ]
}

fn service(object: &Value, name: Value, age_cell: Value) -> Vec<Value> {
    let ports: Vec<String> = object["spec"]["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|port| {
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            match port["nodePort"].as_i64().filter(|node_port| *node_port > 0) {
                Some(node_port) => format!("{}:{node_port}/{protocol}", port["port"]),
                None => format!("{}/{protocol}", port["port"]),
            }
        })
        .collect();
    let selector: Vec<String> = object["spec"]["selector"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    vec![
        name,
        json!(text(object, "/spec/type")),
        or_none(text(object, "/spec/clusterIP")),
        json!("<none>"),
        or_none(&ports.join(",")),
        age_cell,
        or_none(&selector.join(",")),
    ]
}

fn endpoints(object: &Value) -> String {
    let mut shown = Vec::new();
    for subset in object["subsets"].as_array().into_iter().flatten() {
        for address in subset["addresses"].as_array().into_iter().flatten() {
            for port in subset["ports"].as_array().into_iter().flatten() {
                shown.push(format!("{}:{}", address["ip"].as_str().unwrap_or_default(), port["port"]));
            }
        }
    }
    if shown.is_empty() { "<none>".to_owned() } else { shown.join(",") }
}

fn node(object: &Value, name: Value, age_cell: Value) -> Vec<Value> {
    let ready = object["status"]["conditions"].as_array().into_iter().flatten().find(|condition| condition["type"] == "Ready");
    let mut status = match ready.and_then(|condition| condition["status"].as_str()) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if object["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    let roles: Vec<&str> = object["metadata"]["labels"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(label, _)| label.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let address = |kind: &str| {
        let addresses = object["status"]["addresses"].as_array().into_iter().flatten();
        addresses.filter(|address| address["type"] == kind).find_map(|address| address["address"].as_str()).unwrap_or_default()
    };
    let info = |name: &str| object["status"]["nodeInfo"][name].as_str().unwrap_or("<unknown>");
    vec![
        name,
        json!(status),
        or_none(&roles.join(",")),
        age_cell,
        json!(text(object, "/status/nodeInfo/kubeletVersion")),
        or_none(address("InternalIP")),
        or_none(address("ExternalIP")),
        json!(info("osImage")),
        json!(info("kernelVersion")),
        json!(info("containerRuntimeVersion")),
    ]
}

fn event(object: &Value, name: Value, now: Timestamp) -> Vec<Value> {
    let first = match text(object, "/firstTimestamp") {
        "" => text(object, "/eventTime"),
        time => time,
    };
    let last = match text(object, "/lastTimestamp") {
        "" => first,
        time => time,
    };
    let count = object["count"].as_i64().unwrap_or(1);
    let first_seen = age(first, now);
    let last_seen = if count > 1 { format!("{} (x{count} over {first_seen})", age(last, now)) } else { age(last, now) };
    let component = match text(object, "/source/component") {
        "" => text(object, "/reportingComponent"),
        component => component,
    };
    let source = match text(object, "/source/host") {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    };
    let about = format!("{}/{}", text(object, "/involvedObject/kind").to_lowercase(), text(object, "/involvedObject/name"));
    vec![
        json!(last_seen),
        json!(text(object, "/type")),
        json!(text(object, "/reason")),
        json!(about),
        json!(text(object, "/involvedObject/fieldPath")),
        json!(source),
        json!(text(object, "/message").trim()),
        json!(first_seen),
        json!(count),
        name,
    ]
}

fn binding(object: &Value, name: Value, age_cell: Value) -> Vec<Value> {
    let subjects = |kind: &str| {
        let all = object["subjects"].as_array().into_iter().flatten();
        let names: Vec<String> = all
            .filter(|subject| subject["kind"] == kind)
            .map(|subject| {
                let name = subject["name"].as_str().unwrap_or_default();
                match (kind, subject["namespace"].as_str()) {
                    ("ServiceAccount", Some(namespace)) => format!("{namespace}/{name}"),
                    _ => name.to_owned(),
                }
            })
            .collect();
        json!(names.join(", "))
    };
    let role = format!("{}/{}", text(object, "/roleRef/kind"), text(object, "/roleRef/name"));
    vec![name, json!(role), age_cell, subjects("User"), subjects("Group"), subjects("ServiceAccount")]
}

#[cfg(test)]
mod tests {
    use super::super::resources;
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:05:00Z".parse().expect("a time")
    }

    #[track_caller]
    fn check(plural: &str, object: &Value, expected: &[&str]) {
        let resource = resources::by_plural(plural).expect("known");
        let table = table(resource, std::iter::once(object), "7", RowObject::Metadata, now());
        let shown: Vec<String> = table["rows"][0]["cells"]
            .as_array()
            .expect("cells")
            .iter()
            .map(|cell| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned))
            .collect();
        assert_eq!(shown, expected);
        assert_eq!(table["columnDefinitions"].as_array().map(Vec::len), Some(expected.len()), "a cell for each column");
    }

    #[test]
    fn rows_have_the_cells_of_their_kind() {
        let meta = json!({"name":"x","creationTimestamp":"2026-01-01T00:00:00Z"});
        check("secrets", &json!({"metadata":meta,"type":"Opaque","data":{"a":"Yg=="}}), &["x", "Opaque", "1", "5m"]);
        check("serviceaccounts", &json!({"metadata":meta}), &["x", "0", "5m"]);
        check("roles", &json!({"metadata":meta}), &["x", "2026-01-01T00:00:00Z"]);
        check(
            "rolebindings",
            &json!({"metadata":meta,"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"ServiceAccount","name":"b","namespace":"dev"}]}),
            &["x", "Role/r", "5m", "", "", "dev/b"],
        );
        check(
            "pods",
            &json!({"metadata":meta,"spec":{"containers":[{"name":"a"}],"nodeName":"n"},"status":{"phase":"Pending"}}),
            &["x", "0/1", "Pending", "0", "5m", "<none>", "n", "<none>", "<none>"],
        );
        check(
            "events",
            &json!({"metadata":meta,"firstTimestamp":"2026-01-01T00:00:00Z","lastTimestamp":"2026-01-01T00:04:00Z","count":3,"type":"Warning","reason":"BackOff",
                "involvedObject":{"kind":"Pod","name":"p"},"message":"m\n","source":{"component":"kubelet","host":"n"}}),
            &["60s (x3 over 5m)", "Warning", "BackOff", "pod/p", "", "kubelet, n", "m", "5m", "3", "x"],
        );
    }
}
