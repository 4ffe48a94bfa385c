//! Roles × verbs × kinds × scopes: what the API server decides and says, against a naive reading of the role data.
//!
//! The naive reading shares nothing with the code under test but the role tables: it spells every granted triple out and looks it up, and it
//! writes the refusals down by itself. That the role tables are those that Microsoft and Kubernetes publish is a test of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::bench::{Bench, azure_rbac, managed};
use super::objects::{Key, Store};
use super::{request_path, resources};
use crate::cloud::http::endpoint::{KubeAttributes, Request};
use crate::cloud::identity::builtin_roles;
use crate::cloud::identity::caller::{Caller, KubeUser};
use crate::cloud::state::State;

const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
/// Group, kind, subresource.
const KINDS: [(&str, &str, &str); 12] = [
    ("", "pods", ""),
    ("", "pods", "log"),
    ("", "pods", "exec"),
    ("", "secrets", ""),
    ("", "configmaps", ""),
    ("rbac.authorization.k8s.io", "roles", ""),
    ("rbac.authorization.k8s.io", "rolebindings", ""),
    ("", "resourcequotas", ""),
    ("", "namespaces", ""),
    ("apps", "deployments", ""),
    ("apiextensions.k8s.io", "customresourcedefinitions", ""),
    ("", "nodes", ""),
];
const AZURE: [&str; 5] = ["Reader", "Writer", "Admin", "Cluster Admin", "none"];
const KUBERNETES: [&str; 5] = ["view", "edit", "admin", "cluster-admin", "none"];
const NAME: &str = "ada@x";

/// What the API server makes of the question.
fn attributes(verb: &str, (group, kind, subresource): (&str, &str, &str), namespace: &str) -> KubeAttributes {
    let has_name = matches!(verb, "get" | "update" | "patch" | "delete") || !subresource.is_empty();
    // The name of a namespace is where it is.
    let name = if kind == "namespaces" && !namespace.is_empty() { namespace } else { "x" };
    KubeAttributes {
        verb: verb.to_owned(),
        group: group.to_owned(),
        resource: kind.to_owned(),
        subresource: subresource.to_owned(),
        namespace: namespace.to_owned(),
        name: if has_name { name.to_owned() } else { String::new() },
        path: String::new(),
    }
}

/// The same as a request, where HTTP has one: nobody lists a subresource, and only reviews ask for a node in a namespace.
fn request(host: &str, asked: &KubeAttributes) -> Option<Request> {
    let method = match asked.verb.as_str() {
        "get" | "list" | "watch" => Method::GET,
        "create" => Method::POST,
        "update" => Method::PUT,
        "patch" => Method::PATCH,
        _ => Method::DELETE,
    };
    let is_on_all = matches!(asked.verb.as_str(), "list" | "watch" | "create" | "deletecollection");
    let is_namespace = asked.resource == "namespaces";
    let is_cluster_wide = matches!(asked.resource.as_str(), "nodes" | "customresourcedefinitions");
    if (!asked.subresource.is_empty() && is_on_all && asked.verb != "create")
        || (is_cluster_wide && !asked.namespace.is_empty())
        || (is_namespace && is_on_all != asked.namespace.is_empty())
    {
        return None;
    }
    let root = if asked.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}/v1", asked.group) };
    let home = if asked.namespace.is_empty() || is_namespace { String::new() } else { format!("/namespaces/{}", asked.namespace) };
    let name = if asked.name.is_empty() { String::new() } else { format!("/{}", asked.name) };
    let below = if asked.subresource.is_empty() { String::new() } else { format!("/{}", asked.subresource) };
    let query = if asked.verb == "watch" { "?watch=true" } else { "" };
    Some(Request::new(method, host, &format!("{root}{home}/{}{name}{below}{query}", asked.resource)))
}

/// The refusal, as apiserver `responsewriters/errors.go` puts it together.
fn naive_text(user: &str, asked: &KubeAttributes, reason: &str) -> String {
    let mut text = asked.resource.clone();
    if !asked.group.is_empty() {
        text += &format!(".{}", asked.group);
    }
    if !asked.name.is_empty() {
        text += &format!(" \"{}\"", asked.name);
    }
    text += &format!(" is forbidden: User \"{user}\" cannot {} resource \"{}", asked.verb, asked.resource);
    if !asked.subresource.is_empty() {
        text += &format!("/{}", asked.subresource);
    }
    text += &format!("\" in API group \"{}\" ", asked.group);
    text +=
        &(if asked.namespace.is_empty() { "at the cluster scope".to_owned() } else { format!("in the namespace \"{}\"", asked.namespace) });
    if reason.is_empty() { text } else { format!("{text}: {reason}") }
}

/// `*` as a shell has it, over texts in lower case, one character after the other.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if like(rest, text) => true,
        (Some((b'*', _)), Some((_, text))) => like(pattern, text),
        (Some((one, rest)), Some((other, text))) => one == other && like(rest, text),
        _ => false,
    }
}

/// What Microsoft's table of roles says, read without the program's help.
fn naive_azure(role: &str, verb: &str, (group, kind, subresource): (&str, &str, &str)) -> bool {
    let Some(role) = builtin_roles::by_name(&format!("Azure Kubernetes Service RBAC {role}")) else { return false };
    let word = match verb {
        "get" | "list" | "watch" => "read",
        "delete" | "deletecollection" => "delete",
        _ => "write",
    };
    let path = match (kind, subresource, group) {
        ("pods", "exec", _) => "pods/exec/action".to_owned(),
        (_, _, "") => format!("{kind}/{word}"),
        _ => format!("{group}/{kind}/{word}"),
    };
    let action = format!("microsoft.containerservice/managedclusters/{path}").to_lowercase();
    let any = |patterns: &[&str]| patterns.iter().any(|pattern| like(pattern.to_lowercase().as_bytes(), action.as_bytes()));
    role.permissions.iter().any(|permission| any(permission.data_actions) && !any(permission.not_data_actions))
}

/// Every triple that the rules of a default role spell out; `*` stays a star.
fn naive_rules(store: &Store, role: &str) -> BTreeSet<(String, String, String)> {
    let kind = resources::find("rbac.authorization.k8s.io", "v1", "clusterroles").unwrap();
    let mut triples = BTreeSet::new();
    for rule in store.find(kind, "", role).map(|role| role["rules"].as_array().cloned().unwrap_or_default()).unwrap_or_default() {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                triples.extend(texts(&rule["verbs"]).into_iter().map(|verb| (group.clone(), resource.clone(), verb)));
            }
        }
    }
    triples
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A user of the tenant, who is in no group.
fn caller(oid: &str) -> Caller {
    Caller::Kube(KubeUser {
        name: NAME.into(),
        groups: vec!["system:authenticated".into()],
        extra: vec![("oid".into(), vec![oid.into()])],
        ..KubeUser::default()
    })
}

/// Whether a role has verb, kind and namespace.
type Held<'a> = dyn Fn(&str, (&str, &str, &str), &str) -> bool + 'a;

/// Asks every question in every place, and counts them.
#[track_caller]
fn check_all(state: &mut State, host: &str, caller: &Caller, reason: &str, label: &str, held: &Held<'_>) -> usize {
    let mut cells = 0;
    for namespace in ["", "dev", "other"] {
        for verb in VERBS {
            for kind in KINDS {
                let asked = attributes(verb, kind, namespace);
                let sent = request(host, &asked);
                if let Some(sent) = &sent {
                    let read = request_path::parse(sent).attributes;
                    assert_eq!(KubeAttributes { path: String::new(), ..read }, asked, "{} {}", sent.method, sent.path);
                }
                let any = sent.unwrap_or_else(|| Request::new(Method::GET, host, "/"));
                let found = super::authorize(state, &any, caller, &asked);
                let expected = if held(verb, kind, namespace) { Ok(()) } else { Err((403, naive_text(NAME, &asked, reason))) };
                assert_eq!(found.map_err(|fault| (fault.status(), fault.message().to_owned())), expected, "{label}");
                cells += 1;
            }
        }
    }
    cells
}

#[test]
fn every_cell_of_azures_roles_is_decided_and_worded_as_the_role_data_says() {
    let bench = Bench::new(azure_rbac(), false);
    let (_, principal) = bench.lab.identity("ada");
    let refusal = "User does not have access to the resource in Azure. Update role assignment to allow access.";
    let before = bench.lab.cloud.shared.state().clone();
    let mut cells = 0;
    for home in ["", "dev"] {
        for role in AZURE {
            bench.lab.cloud.shared.restore(&before);
            if role != "none" {
                let scope = if home.is_empty() { bench.cluster() } else { format!("{}/namespaces/{home}", bench.cluster()) };
                bench.lab.assign(&principal, &format!("Azure Kubernetes Service RBAC {role}"), &scope);
            }
            let mut state = bench.lab.cloud.shared.state();
            cells += check_all(
                &mut state,
                &bench.host,
                &caller(&principal),
                refusal,
                &format!("{role} at {home:?}"),
                &|verb, kind, namespace| (home.is_empty() || home == namespace) && naive_azure(role, verb, kind),
            );
        }
    }
    assert_eq!(cells, 2 * 5 * 3 * 8 * 12);
}

/// On a cluster of its own, and on one where Azure is asked too and has nothing to say for the user.
#[test]
fn every_cell_of_kubernetes_roles_is_decided_and_worded_as_the_role_data_says() {
    let mut cells = 0;
    for (entra, reason) in
        [(managed(), ""), (azure_rbac(), "User does not have access to the resource in Azure. Update role assignment to allow access.")]
    {
        let bench = Bench::new(entra, false);
        let before = bench.lab.cloud.shared.state().clone();
        for home in ["", "dev"] {
            for role in KUBERNETES {
                let mut state = before.clone();
                let store = &mut state.kube.clusters_mut().next().unwrap().store;
                if role != "none" {
                    let plural = if home.is_empty() { "clusterrolebindings" } else { "rolebindings" };
                    let kind = resources::find("rbac.authorization.k8s.io", "v1", plural).unwrap();
                    let binding = json!({"roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [{"kind": "User", "name": NAME}]});
                    store.create(kind, Key::new(kind, home, "ada"), binding, Timestamp::UNIX_EPOCH);
                }
                let triples = naive_rules(store, role);
                let label = format!("{role} in {home:?}");
                cells += check_all(
                    &mut state,
                    &bench.host,
                    &caller("nobody"),
                    reason,
                    &label,
                    &|verb, (group, kind, subresource), namespace| {
                        let resource = if subresource.is_empty() { kind.to_owned() } else { format!("{kind}/{subresource}") };
                        let all = ("*".to_owned(), "*".to_owned(), "*".to_owned());
                        let holds = triples.contains(&all) || triples.contains(&(group.to_owned(), resource, verb.to_owned()));
                        (home.is_empty() || home == namespace) && holds
                    },
                );
            }
        }
    }
    assert_eq!(cells, 2 * 2 * 5 * 3 * 8 * 12);
}

/// A file of the published role data; none, said by name, where it is not beside the checkout.
#[expect(clippy::print_stderr, reason = "a check that cannot run here says so")]
fn published(test: &str, file: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).expect("role data are JSON")),
        Err(_) => {
            eprintln!("skipped {test}: {file} is not beside this checkout");
            None
        }
    }
}

#[test]
fn the_tables_of_azures_roles_are_the_published_ones() {
    let Some(data) = published("the_tables_of_azures_roles_are_the_published_ones", "builtin-roles.json") else { return };
    let mut compared = 0;
    for role in data["roles"].as_array().into_iter().flatten() {
        let name = role["roleName"].as_str().unwrap_or_default();
        let Some(known) = builtin_roles::by_name(name) else { continue };
        let shown: Vec<Value> = known
            .permissions
            .iter()
            .map(|permission| json!([permission.actions, permission.not_actions, permission.data_actions, permission.not_data_actions]))
            .collect();
        let wanted: Vec<Value> = role["permissions"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|permission| {
                json!([permission["actions"], permission["notActions"], permission["dataActions"], permission["notDataActions"]])
            })
            .collect();
        assert_eq!((known.id, &shown), (role["id"].as_str().unwrap_or_default(), &wanted), "{name}");
        compared += 1;
    }
    assert!(compared >= 30, "only {compared} roles compared");
}

#[test]
fn the_default_roles_of_a_cluster_are_the_published_ones_aggregated() {
    let Some(data) = published("the_default_roles_of_a_cluster_are_the_published_ones_aggregated", "k8s-default-clusterroles.json") else {
        return;
    };
    let bench = Bench::new(managed(), false);
    let state = bench.lab.cloud.shared.state();
    let store = &state.kube.clusters().next().unwrap().store;
    let roles = data["roles"].as_object().expect("roles by name");
    // Pairs of a rule spelt out: group, kind and verb, or path and verb.
    let spelt = |rules: &Value| -> BTreeSet<(String, String, String)> {
        let mut all = BTreeSet::new();
        for rule in rules.as_array().into_iter().flatten() {
            for verb in texts(&rule["verbs"]) {
                for group in texts(&rule["apiGroups"]) {
                    all.extend(texts(&rule["resources"]).into_iter().map(|kind| (group.clone(), kind, verb.clone())));
                }
                all.extend(texts(&rule["nonResourceURLs"]).into_iter().map(|url| (String::new(), url, verb.clone())));
            }
        }
        all
    };
    let own: BTreeMap<&str, BTreeSet<_>> = roles.iter().map(|(name, role)| (name.as_str(), spelt(&role["rules"]))).collect();
    fn gathered<'a>(
        roles: &'a serde_json::Map<String, Value>,
        own: &BTreeMap<&'a str, BTreeSet<(String, String, String)>>,
        name: &str,
    ) -> BTreeSet<(String, String, String)> {
        let mut all = own.get(name).cloned().unwrap_or_default();
        if let Some(label) = roles[name]["aggregate"].as_str() {
            let label = format!("rbac.authorization.k8s.io/{label}");
            for (other, role) in roles.iter().filter(|(_, role)| role["labels"][&label] == "true") {
                let _ = role;
                all.extend(gathered(roles, own, other));
            }
        }
        all
    }
    let kind = resources::find("rbac.authorization.k8s.io", "v1", "clusterroles").unwrap();
    for name in roles.keys() {
        let found = store.find(kind, "", name).unwrap_or_else(|| panic!("there is no role {name}"));
        assert_eq!(spelt(&found["rules"]), gathered(roles, &own, name), "{name}");
    }
}
