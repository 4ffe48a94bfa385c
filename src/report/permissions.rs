//! The least that the steps of each runbook needed, schema `docent/permissions/1`: per principal the actions in Azure, by scope, and the
//! rules of each cluster. What everybody has who is signed in is left out, and so is whatever was refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    engine::{
        access::{Permission, Use},
        event::{Event, Listener},
        result::StepResult,
    },
    runbook::Runbook,
};

/// Collects what a run has used and writes one JSON document when it ends, interrupted runs included.
pub struct PermissionsReport<W> {
    out: W,
    runbooks: BTreeMap<usize, Entry>,
    error: Option<std::io::Error>,
}

struct Entry {
    document: Arc<Runbook>,
    uses: BTreeSet<Use>,
}

impl<W: Write + Send> PermissionsReport<W> {
    /// A report to `out`.
    pub fn new(out: W) -> Self {
        Self { out, runbooks: BTreeMap::new(), error: None }
    }

    /// What went wrong while writing, if anything did.
    pub fn take_error(&mut self) -> Option<std::io::Error> {
        self.error.take()
    }

    fn write(&mut self) -> std::io::Result<()> {
        let runbooks: Vec<Value> = self
            .runbooks
            .values()
            .map(|entry| json!({ "path": entry.document.source.path(), "principals": principals(&entry.uses) }))
            .collect();
        let report = json!({ "schema": "docent/permissions/1", "docent": env!("CARGO_PKG_VERSION"), "runbooks": runbooks });
        serde_json::to_writer_pretty(&mut self.out, &report)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}

impl<W: Write + Send> Listener for PermissionsReport<W> {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::RunbookStarted { runbook, document, .. } => {
                self.runbooks.insert(*runbook, Entry { document: Arc::clone(document), uses: BTreeSet::new() });
            }
            Event::StepFinished { runbook, result } => {
                if let Some(entry) = self.runbooks.get_mut(runbook) {
                    entry.uses.extend(uses(result));
                }
            }
            Event::RunFinished { .. } => {
                if let Err(error) = self.write() {
                    self.error.get_or_insert(error);
                }
            }
            _ => {}
        }
    }
}

/// What all attempts of a step have used.
fn uses(result: &StepResult) -> impl Iterator<Item = Use> {
    let attempts = result.earlier.iter().chain([result]);
    let used = attempts.flat_map(|attempt| &attempt.accesses).flat_map(|access| &access.uses);
    used.cloned().collect::<Vec<_>>().into_iter()
}

/// One entry a principal, in the order of their names.
fn principals(uses: &BTreeSet<Use>) -> Vec<Value> {
    let mut of: BTreeMap<&str, (&str, Vec<&Permission>)> = BTreeMap::new();
    for one in uses {
        let (name, permissions) = of.entry(&one.principal).or_insert((&one.name, Vec::new()));
        // A cluster knows an application by its object id only.
        if *name == one.principal {
            *name = &one.name;
        }
        permissions.push(&one.permission);
    }
    let mut named: Vec<_> = of.into_iter().map(|(principal, (name, permissions))| (name, principal, permissions)).collect();
    named.sort_by_key(|(name, principal, _)| (*name, *principal));
    let shown = named.into_iter().map(|(name, principal, permissions)| {
        json!({ "name": name, "principal": principal, "azure": azure(&permissions), "kubernetes": clusters(&permissions) })
    });
    shown.collect()
}

/// The actions by scope, both in order.
fn azure(permissions: &[&Permission]) -> Vec<Value> {
    // Azure compares ids and actions without regard to case, and its own services write them differently.
    type Actions = BTreeMap<String, String>;
    let mut scopes: BTreeMap<String, (String, [Actions; 2])> = BTreeMap::new();
    for permission in permissions {
        let Permission::Action { scope, action, on_data } = permission else { continue };
        let scope = canonical(scope);
        let (_, actions) = scopes.entry(scope.to_lowercase()).or_insert_with(|| (scope, Default::default()));
        actions[usize::from(*on_data)].entry(action.to_lowercase()).or_insert_with(|| action.clone());
    }
    let shown = scopes.into_values().map(|(scope, [actions, data])| {
        let list = |actions: Actions| actions.into_values().collect::<Vec<_>>();
        json!({ "scope": scope, "actions": list(actions), "dataActions": list(data) })
    });
    shown.collect()
}

/// An id with `resourceGroups` spelled as Resource Manager documents it.
fn canonical(scope: &str) -> String {
    let parts = scope.split('/').map(|part| if part.eq_ignore_ascii_case("resourceGroups") { "resourceGroups" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The rules of each cluster and namespace, as a role's manifest has them. Kinds of a group that share their verbs share a rule.
fn clusters(permissions: &[&Permission]) -> Vec<Value> {
    /// Verbs of each kind, and of each path.
    #[derive(Default)]
    struct Rules<'a> {
        kinds: BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>,
        paths: BTreeMap<&'a str, BTreeSet<&'a str>>,
    }
    let mut places: BTreeMap<(String, &str), Rules<'_>> = BTreeMap::new();
    for permission in permissions {
        match permission {
            Permission::Action { .. } => {}
            Permission::Rule { cluster, namespace, group, resource, verb } => {
                let rules = places.entry((canonical(cluster), namespace)).or_default();
                rules.kinds.entry((group, resource)).or_default().insert(verb);
            }
            Permission::Path { cluster, path, verb } => {
                places.entry((canonical(cluster), "")).or_default().paths.entry(path).or_default().insert(verb);
            }
        }
    }
    let shown = places.into_iter().map(|((cluster, namespace), rules)| {
        let mut shared: BTreeMap<(&str, BTreeSet<&str>), Vec<&str>> = BTreeMap::new();
        for ((group, resource), verbs) in rules.kinds {
            shared.entry((group, verbs)).or_default().push(resource);
        }
        let kinds = shared.into_iter().map(|((group, verbs), kinds)| json!({ "apiGroups": [group], "resources": kinds, "verbs": verbs }));
        let mut shared: BTreeMap<BTreeSet<&str>, Vec<&str>> = BTreeMap::new();
        for (path, verbs) in rules.paths {
            shared.entry(verbs).or_default().push(path);
        }
        let paths = shared.into_iter().map(|(verbs, paths)| json!({ "nonResourceURLs": paths, "verbs": verbs }));
        let rules: Vec<Value> = kinds.chain(paths).collect();
        // What belongs to no namespace wants a ClusterRole and a binding for the whole cluster.
        json!({ "cluster": cluster, "namespace": Some(namespace).filter(|name| !name.is_empty()), "rules": rules })
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(scope: &str, action: &str, on_data: bool) -> Permission {
        Permission::Action { scope: scope.to_owned(), action: action.to_owned(), on_data }
    }

    fn rule(namespace: &str, resource: &str, verb: &str) -> Permission {
        let [cluster, namespace, resource, verb] = ["/c", namespace, resource, verb].map(str::to_owned);
        Permission::Rule { cluster, namespace, group: String::new(), resource, verb }
    }

    #[test]
    fn each_principal_has_its_actions_by_scope_and_its_rules_by_namespace() {
        let used = |name: &str, permission: Permission| Use { principal: format!("id of {name}"), name: name.to_owned(), permission };
        let uses = BTreeSet::from([
            used("ben", action("/s/resourcegroups/g", "A/write", false)),
            used("ben", action("/s/resourceGroups/G", "a/Write", false)),
            used("ben", action("/s", "B/read", true)),
            used("ada", rule("dev", "pods", "list")),
            used("ada", rule("dev", "pods", "get")),
            used("ada", rule("dev", "secrets", "get")),
            used("ada", rule("dev", "secrets", "list")),
            used("ada", rule("dev", "pods/log", "get")),
            used("ada", rule("", "nodes", "get")),
            used("ada", Permission::Path { cluster: "/c".to_owned(), path: "/metrics".to_owned(), verb: "get".to_owned() }),
        ]);
        let expected = json!([
            { "name": "ada", "principal": "id of ada", "azure": [], "kubernetes": [
                { "cluster": "/c", "namespace": null, "rules": [
                    { "apiGroups": [""], "resources": ["nodes"], "verbs": ["get"] },
                    { "nonResourceURLs": ["/metrics"], "verbs": ["get"] },
                ]},
                { "cluster": "/c", "namespace": "dev", "rules": [
                    { "apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"] },
                    { "apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"] },
                ]},
            ]},
            { "name": "ben", "principal": "id of ben", "kubernetes": [], "azure": [
                { "scope": "/s", "actions": [], "dataActions": ["B/read"] },
                { "scope": "/s/resourceGroups/G", "actions": ["a/Write"], "dataActions": [] },
            ]},
        ]);
        assert_eq!(json!(principals(&uses)), expected);
    }
}
