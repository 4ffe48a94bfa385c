//! What the API server says about itself: groups, resources, version. Both dialects of discovery, because clients mix them.

use serde_json::{Value, json};

use super::resources::{self, Resource};

/// The content type without which kubectl finds nothing in an aggregated answer (measured).
pub(crate) const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Whether a client takes the aggregated form.
pub(crate) fn wants_aggregated(accept: &str) -> bool {
    accept.contains("as=APIGroupDiscoveryList") && accept.contains("v=v2;")
}

/// `GET /api`, aggregated: the core group.
pub(crate) fn core_aggregated() -> Value {
    list(vec![group_item("", "v1")])
}

/// `GET /apis`, aggregated: every other group.
pub(crate) fn groups_aggregated() -> Value {
    list(resources::groups().into_iter().map(|(group, version)| group_item(group, version)).collect())
}

/// `GET /api` in the older form.
pub(crate) fn core_versions(host: &str) -> Value {
    json!({"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[{"clientCIDR":"0.0.0.0/0","serverAddress":format!("{host}:443")}]})
}

/// `GET /apis` in the older form.
pub(crate) fn group_list() -> Value {
    let groups: Vec<Value> = resources::groups().into_iter().map(|(group, version)| group_summary(group, version)).collect();
    json!({"kind":"APIGroupList","apiVersion":"v1","groups":groups})
}

/// `GET /apis/GROUP`; `None` for an unknown group.
pub(crate) fn group(name: &str) -> Option<Value> {
    let (group, version) = resources::groups().into_iter().find(|(group, _)| *group == name)?;
    let mut summary = group_summary(group, version);
    summary["kind"] = json!("APIGroup");
    summary["apiVersion"] = json!("v1");
    Some(summary)
}

/// `GET /api/v1` and `GET /apis/GROUP/VERSION`; `None` for an unknown one.
pub(crate) fn resource_list(group: &str, version: &str) -> Option<Value> {
    let mut entries = Vec::new();
    for resource in served(group, version) {
        entries.push(entry(resource));
        for (name, kind, verbs) in resource.subresources {
            let (kind_group, kind_version, kind) = response_kind(resource, kind);
            let mut entry = json!({"name": format!("{}/{name}", resource.plural), "singularName": "", "namespaced": resource.namespaced});
            if kind_group != resource.group {
                entry["group"] = json!(kind_group);
                entry["version"] = json!(kind_version);
            }
            entry["kind"] = json!(kind);
            entry["verbs"] = json!(verbs);
            entries.push(entry);
        }
    }
    if entries.is_empty() {
        return None;
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Some(json!({"kind":"APIResourceList","apiVersion":"v1","groupVersion":group_version,"resources":entries}))
}

/// `GET /version` for a server of `git_version` (`v1.34.5`).
pub(crate) fn version(git_version: &str) -> Value {
    let mut parts = git_version.trim_start_matches('v').split('.');
    json!({
        "major": parts.next().unwrap_or_default(),
        "minor": parts.next().unwrap_or_default(),
        "gitVersion": git_version,
        // Assumed: a commit that does not exist, so that nobody mistakes this server for a build of Kubernetes.
        "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.24.9",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

fn served<'a>(group: &'a str, version: &'a str) -> impl Iterator<Item = &'static Resource> + use<'a> {
    resources::all().iter().filter(move |resource| resource.group == group && resource.version == version)
}

fn list(items: Vec<Value>) -> Value {
    json!({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":items})
}

fn group_item(group: &str, version: &str) -> Value {
    let resources: Vec<Value> = served(group, version).map(aggregated_entry).collect();
    let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
    json!({"metadata": metadata, "versions": [{"version": version, "resources": resources, "freshness": "Current"}]})
}

fn group_summary(group: &str, version: &str) -> Value {
    let preferred = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"name": group, "versions": [preferred.clone()], "preferredVersion": preferred})
}

fn entry(resource: &Resource) -> Value {
    let mut entry = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": resource.verbs(),
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        entry["categories"] = json!(resource.categories);
    }
    entry
}

fn aggregated_entry(resource: &Resource) -> Value {
    let mut entry = json!({
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs(),
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        entry["categories"] = json!(resource.categories);
    }
    let subresources: Vec<Value> = resource
        .subresources
        .iter()
        .map(|(name, kind, verbs)| {
            let (group, version, kind) = response_kind(resource, kind);
            json!({"subresource": name, "responseKind": {"group": group, "version": version, "kind": kind}, "verbs": verbs})
        })
        .collect();
    if !subresources.is_empty() {
        entry["subresources"] = json!(subresources);
    }
    entry
}

/// Group, version and kind of a subresource; an empty kind is the resource's own.
fn response_kind(resource: &Resource, kind: &'static str) -> (&'static str, &'static str, &'static str) {
    let mut parts = kind.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(group), Some(version), Some(kind)) => (group, version, kind),
        _ if kind.is_empty() => (resource.group, resource.version, resource.kind),
        _ => (resource.group, resource.version, kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_group_has_no_name_and_pods_have_short_names() {
        let core = core_aggregated();
        assert_eq!(core["items"][0]["metadata"], json!({}));
        let resources = core["items"][0]["versions"][0]["resources"].as_array().expect("resources");
        let pods = resources.iter().find(|resource| resource["resource"] == "pods").expect("pods");
        assert_eq!(pods["shortNames"], json!(["po"]));
        assert_eq!(pods["categories"], json!(["all"]));
    }

    #[test]
    fn both_dialects_name_the_same_resources() {
        for (group, version) in resources::groups().into_iter().chain([("", "v1")]) {
            let legacy = resource_list(group, version).expect("served");
            let plain = legacy["resources"]
                .as_array()
                .expect("a list")
                .iter()
                .filter(|entry| !entry["name"].as_str().unwrap_or("").contains('/'))
                .count();
            assert_eq!(group_item(group, version)["versions"][0]["resources"].as_array().map(Vec::len), Some(plain));
        }
        assert!(resource_list("nosuch", "v1").is_none());
    }

    #[test]
    fn the_version_names_its_minor() {
        assert_eq!(version("v1.34.5")["minor"], "34");
    }
}
