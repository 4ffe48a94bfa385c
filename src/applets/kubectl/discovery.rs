//! What kinds of objects the server has, and which of them a word such as `po`, `deploy` or `pods.v1` means.

use serde_json::Value;

use super::failure::Failure;
use super::server::{AGGREGATED, Call, CallError, Server, segment};

/// One kind of object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) is_namespaced: bool,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) verbs: Vec<String>,
}

impl Resource {
    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of all objects, of one namespace when there is one to name.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { format!("/api/{}", self.version) } else { format!("/apis/{}/{}", self.group, self.version) };
        match namespace.filter(|_| self.is_namespaced) {
            Some(namespace) => format!("{root}/namespaces/{}/{}", segment(namespace), self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }

    /// The path of one object.
    pub(crate) fn object_path(&self, namespace: &str, name: &str) -> String {
        format!("{}/{}", self.path(Some(namespace)), segment(name))
    }

    /// `pod`, `deployment.apps`: how single objects are named in messages.
    pub(crate) fn label(&self) -> String {
        let kind = self.kind.to_lowercase();
        if self.group.is_empty() { kind } else { format!("{kind}.{}", self.group) }
    }

    /// `pods`, `deployments.apps`.
    pub(crate) fn plural_label(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// Everything that the server has, in its own order: core first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Discovery {
    pub(crate) resources: Vec<Resource>,
    /// `v1`, `apps/v1`, …
    pub(crate) versions: Vec<String>,
}

impl Discovery {
    /// Asks the server.
    pub(crate) fn fetch(server: &Server) -> Result<Self, CallError> {
        let mut discovery = Self::default();
        for root in ["/api", "/apis"] {
            let answer = server.json(&Call::get(root).with("timeout", "32s").accepting(AGGREGATED))?;
            if answer["kind"] == "APIGroupDiscoveryList" {
                discovery.read_aggregated(&answer);
            } else {
                discovery.read_one_by_one(server, &answer)?;
            }
        }
        Ok(discovery)
    }

    fn read_aggregated(&mut self, answer: &Value) {
        for group in list(&answer["items"]) {
            let name = text(&group["metadata"]["name"]);
            for version in list(&group["versions"]) {
                let number = text(&version["version"]);
                self.versions.push(if name.is_empty() { number.clone() } else { format!("{name}/{number}") });
                for resource in list(&version["resources"]) {
                    self.resources.push(Resource {
                        group: name.clone(),
                        version: number.clone(),
                        plural: text(&resource["resource"]),
                        singular: text(&resource["singularResource"]),
                        kind: text(&resource["responseKind"]["kind"]),
                        is_namespaced: resource["scope"] == "Namespaced",
                        short_names: texts(&resource["shortNames"]),
                        categories: texts(&resource["categories"]),
                        verbs: texts(&resource["verbs"]),
                    });
                }
            }
        }
    }

    /// The older way: a list of versions, then each version's resources.
    fn read_one_by_one(&mut self, server: &Server, answer: &Value) -> Result<(), CallError> {
        let core = list(&answer["versions"]).iter().map(|version| (String::new(), text(version)));
        let groups = list(&answer["groups"])
            .iter()
            .flat_map(|group| list(&group["versions"]).iter().map(|version| (text(&group["name"]), text(&version["version"]))));
        for (group, version) in core.chain(groups).collect::<Vec<_>>() {
            let (path, label) = if group.is_empty() {
                (format!("/api/{version}"), version.clone())
            } else {
                (format!("/apis/{group}/{version}"), format!("{group}/{version}"))
            };
            self.versions.push(label);
            for resource in list(&server.json(&Call::get(path).with("timeout", "32s"))?["resources"]) {
                let plural = text(&resource["name"]);
                if plural.contains('/') {
                    continue;
                }
                self.resources.push(Resource {
                    group: group.clone(),
                    version: version.clone(),
                    singular: text(&resource["singularName"]),
                    kind: text(&resource["kind"]),
                    is_namespaced: resource["namespaced"] == true,
                    short_names: texts(&resource["shortNames"]),
                    categories: texts(&resource["categories"]),
                    verbs: texts(&resource["verbs"]),
                    plural,
                });
            }
        }
        Ok(())
    }

    /// The resource that `word` means: plural, singular, short or kind, with `.version.group` or `.group` after it.
    pub(crate) fn find(&self, word: &str) -> Result<&Resource, Failure> {
        let lower = word.to_lowercase();
        let (name, suffix) = lower.split_once('.').unwrap_or((&lower, ""));
        let is_named = |resource: &Resource| resource.plural == name || resource.singular == name || resource.kind.to_lowercase() == name;
        let fits = |resource: &Resource| {
            let versioned = suffix
                .strip_prefix(resource.version.as_str())
                .and_then(|rest| rest.strip_prefix('.'))
                .map(|group| group.trim_end_matches('.'));
            suffix.is_empty()
                || resource.group == suffix
                || versioned == Some(&resource.group)
                || (resource.group.is_empty() && suffix == resource.version)
        };
        let is_short = |resource: &Resource| resource.short_names.iter().any(|short| short == name);
        let candidates = || self.resources.iter().filter(|resource| fits(resource));
        let found = candidates().find(|resource| is_named(resource)).or_else(|| candidates().find(|resource| is_short(resource)));
        found.ok_or_else(|| Failure::error(format!("the server doesn't have a resource type {name:?}")))
    }

    /// The resources of a category such as `all`; empty when there is none of that name.
    pub(crate) fn category(&self, word: &str) -> Vec<&Resource> {
        self.resources.iter().filter(|resource| resource.categories.iter().any(|category| category == word)).collect()
    }

    /// The resource of an object's apiVersion and kind.
    pub(crate) fn of_kind(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.kind == kind && resource.api_version() == api_version)
    }
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text, empty when the value is none.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    list(value).iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fake::discovery;

    #[test]
    fn words_find_their_resource() {
        let discovery = discovery();
        for (word, plural) in [
            ("po", "pods"),
            ("Pod", "pods"),
            ("pods", "pods"),
            ("deploy", "deployments"),
            ("deployments.apps", "deployments"),
            ("deployments.v1.apps", "deployments"),
            ("pods.v1", "pods"),
            ("ns", "namespaces"),
        ] {
            assert_eq!(discovery.find(word).expect(word).plural, plural, "for {word}");
        }
        assert_eq!(discovery.find("podz").expect_err("unknown").text, "error: the server doesn't have a resource type \"podz\"");
        assert_eq!(discovery.find("nosuch.foo").expect_err("unknown").text, "error: the server doesn't have a resource type \"nosuch\"");
        assert!(discovery.find("pods.apps").is_err());
    }

    #[test]
    fn paths_follow_scope_and_group() {
        let discovery = discovery();
        assert_eq!(discovery.find("po").expect("pods").object_path("dev", "a b"), "/api/v1/namespaces/dev/pods/a%20b");
        assert_eq!(discovery.find("deploy").expect("deployments").path(None), "/apis/apps/v1/deployments");
        assert_eq!(discovery.find("ns").expect("namespaces").object_path("dev", "x"), "/api/v1/namespaces/x");
    }
}
