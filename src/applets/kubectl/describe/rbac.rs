//! Roles and their bindings.

use serde_json::Value;

use super::super::discovery::{list, text};
use super::parts::{annotations, labels};
use super::{Described, Writer};

fn head(writer: &mut Writer, object: &Value) {
    let metadata = &object["metadata"];
    writer.field(0, "Name", text(&metadata["name"]));
    labels(writer, "Labels", &metadata["labels"]);
    annotations(writer, &metadata["annotations"]);
}

pub(super) fn role(described: &Described<'_>) -> String {
    let mut writer = Writer::default();
    head(&mut writer, described.object);
    writer.line(0, "PolicyRule:\n  Resources\tNon-Resource URLs\tResource Names\tVerbs");
    writer.line(1, "---------\t-----------------\t--------------\t-----");
    let texts = |value: &Value| list(value).iter().map(text).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for rule in list(&described.object["rules"]) {
        let verbs = texts(&rule["verbs"]);
        let names = texts(&rule["resourceNames"]);
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                let label = if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") };
                rows.push((verbs.clone(), label, "[]".to_owned(), format!("[{}]", names.join(" "))));
            }
        }
        for url in texts(&rule["nonResourceURLs"]) {
            rows.push((verbs.clone(), String::new(), format!("[{url}]"), "[]".to_owned()));
        }
    }
    // kubectl sorts by Go's text of a rule, brackets included: `pods/log]` comes before `pods]`.
    rows.sort_by_key(|(verbs, resource, url, names)| (format!("{}]", verbs.join(" ")), format!("{resource}]"), names.clone(), url.clone()));
    rows.iter().for_each(|(verbs, resource, url, names)| writer.line(1, format!("{resource}\t{url}\t{names}\t[{}]", verbs.join(" "))));
    writer.finish()
}

pub(super) fn binding(described: &Described<'_>) -> String {
    let binding = described.object;
    let mut writer = Writer::default();
    head(&mut writer, binding);
    writer.line(0, "Role:");
    writer.field(1, "Kind", text(&binding["roleRef"]["kind"]));
    writer.field(1, "Name", text(&binding["roleRef"]["name"]));
    writer.line(0, "Subjects:\n  Kind\tName\tNamespace");
    writer.line(1, "----\t----\t---------");
    for subject in list(&binding["subjects"]) {
        writer.line(1, format!("{}\t{}\t{}", text(&subject["kind"]), text(&subject["name"]), text(&subject["namespace"])));
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described(describe: fn(&Described<'_>) -> String, object: &Value) -> String {
        describe(&Described { object, events: None, related: &[], now: "2026-01-01T00:00:00Z".parse().expect("a time") })
    }

    // Recorded with kubectl 1.32.
    #[test]
    fn roles_and_bindings_look_as_recorded() {
        let rules = json!([{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]}]);
        assert_eq!(
            described(role, &json!({"metadata": {"name": "pod-reader"}, "rules": rules})),
            "Name:         pod-reader\nLabels:       <none>\nAnnotations:  <none>\nPolicyRule:\n  Resources  Non-Resource URLs  Resource Names  Verbs\n  ---------  -----------------  --------------  -----\n  pods/log   []                 []              [get list watch]\n  pods       []                 []              [get list watch]\n"
        );
        let subjects = json!([{"kind": "User", "name": "alice"}, {"kind": "ServiceAccount", "name": "bob", "namespace": "dev"}]);
        assert_eq!(
            described(
                binding,
                &json!({"metadata": {"name": "rb1"}, "roleRef": {"kind": "Role", "name": "pod-reader"}, "subjects": subjects})
            ),
            "Name:         rb1\nLabels:       <none>\nAnnotations:  <none>\nRole:\n  Kind:  Role\n  Name:  pod-reader\nSubjects:\n  Kind            Name   Namespace\n  ----            ----   ---------\n  User            alice  \n  ServiceAccount  bob    dev\n"
        );
    }
}
