//! Roles × verbs × kinds × scopes: the authorizers against a naive reading of the role data, and cells that others have described.
//!
//! The naive reading shares nothing with the code under test but the role tables: it spells every granted triple out and looks it up.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::azure_webhook::{self, Webhook};
use super::bootstrap;
use super::model::{Cluster, Settings};
use super::objects::{Key, Store};
use super::rbac;
use super::resources;
use crate::cloud::http::endpoint::KubeAttributes;
use crate::cloud::identity::azure_rbac::Grant;
use crate::cloud::identity::builtin_roles;
use crate::cloud::identity::caller::KubeUser;

const CLUSTER: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c";
const OID: &str = "33333333-0000-4000-8000-000000000001";

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

fn attributes(verb: &str, (group, kind, subresource): (&str, &str, &str), namespace: &str) -> KubeAttributes {
    KubeAttributes {
        verb: verb.to_owned(),
        group: group.to_owned(),
        resource: kind.to_owned(),
        subresource: subresource.to_owned(),
        namespace: namespace.to_owned(),
        ..KubeAttributes::default()
    }
}

fn user() -> KubeUser {
    KubeUser {
        name: "ada@x".into(),
        groups: vec!["system:authenticated".into()],
        extra: vec![("oid".into(), vec![OID.into()])],
        ..KubeUser::default()
    }
}

/// The grant of an Azure role at the cluster or at the namespace `dev`.
fn azure(role: &str, scope: &str) -> Webhook {
    let grants = builtin_roles::by_name(&format!("Azure Kubernetes Service RBAC {role}")).map(|role| Grant {
        assignment_id: "a".into(),
        principal_id: OID.into(),
        role_id: role.id.into(),
        scope: scope.into(),
        created: Timestamp::UNIX_EPOCH,
        custom: None,
    });
    Webhook { cluster_id: CLUSTER.into(), grants: grants.into_iter().collect() }
}

/// The default roles, and one bound to ada everywhere or in `dev`.
fn kubernetes(role: &str, namespace: &str) -> Store {
    let mut cluster = Cluster::new(settings());
    bootstrap::fill(&mut cluster, Timestamp::UNIX_EPOCH);
    if role != "none" {
        let plural = if namespace.is_empty() { "clusterrolebindings" } else { "rolebindings" };
        let kind = resources::find("rbac.authorization.k8s.io", "v1", plural).unwrap();
        let binding = json!({"roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [{"kind": "User", "name": "ada@x"}]});
        cluster.store.create(kind, Key::new(kind, namespace, "ada"), binding, Timestamp::UNIX_EPOCH);
    }
    cluster.store
}

fn settings() -> Settings {
    Settings {
        resource_id: CLUSTER.into(),
        subscription: "s".into(),
        node_resource_group: "n".into(),
        location: "eastus".into(),
        fqdn: "c.hcp.eastus.azmk8s.io".into(),
        git_version: "v1.34.5".into(),
        tenant_id: Uuid::nil().to_string(),
        issuer_url: String::new(),
        workload_identity: false,
        entra: None,
        pools: Vec::new(),
    }
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
    let texts = |value: &Value| value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
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

#[test]
fn every_cell_is_what_the_role_data_says() {
    let mut cells = 0;
    for scope_namespace in ["", "dev"] {
        for asked_namespace in ["", "dev", "other"] {
            let reaches = scope_namespace.is_empty() || scope_namespace == asked_namespace;
            for role in AZURE {
                let scope = if scope_namespace.is_empty() { CLUSTER.to_owned() } else { format!("{CLUSTER}/namespaces/{scope_namespace}") };
                let webhook = azure(role, &scope);
                for verb in VERBS {
                    for kind in KINDS {
                        let found = azure_webhook::decide(&webhook, &user(), &attributes(verb, kind, asked_namespace));
                        let expected = reaches && naive_azure(role, verb, kind);
                        assert_eq!(found.allowed, expected, "{role} at {scope_namespace:?}: {verb} {kind:?} in {asked_namespace:?}");
                        let refusal = "User does not have access to the resource in Azure. Update role assignment to allow access.";
                        assert!(expected || found.reason == refusal, "{}", found.reason);
                        cells += 1;
                    }
                }
            }
            for role in KUBERNETES {
                let store = kubernetes(role, scope_namespace);
                let triples = naive_rules(&store, role);
                for verb in VERBS {
                    for kind in KINDS {
                        let (group, resource, subresource) = kind;
                        let resource = if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
                        let all = ("*".to_owned(), "*".to_owned(), "*".to_owned());
                        let held = triples.contains(&all) || triples.contains(&(group.to_owned(), resource, verb.to_owned()));
                        let found = rbac::decide(&store, &user(), &attributes(verb, kind, asked_namespace));
                        assert_eq!(found.allowed, reaches && held, "{role} in {scope_namespace:?}: {verb} {kind:?} in {asked_namespace:?}");
                        cells += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cells, 2 * 3 * 10 * 8 * 12);
}

/// Cells as others describe them: role, request, whether it is allowed, and where that is said.
#[test]
fn cells_that_microsoft_and_kubernetes_describe_hold() {
    const ROLES: &str = "learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers";
    const CONCEPTS: &str = "learn.microsoft.com/azure/aks/concepts-identity";
    const RBAC: &str = "kubernetes.io/docs/reference/access-authn-authz/rbac";
    const DEV: &str = "dev";
    let cells: [(&str, &str, &str, &str, bool, &str); 40] = [
        ("Reader", "get", "pods", DEV, true, CONCEPTS),
        ("Reader", "list", "configmaps", DEV, true, ROLES),
        ("Reader", "get", "pods/log", DEV, true, ROLES),
        ("Reader", "watch", "apps/deployments", DEV, true, ROLES),
        ("Reader", "get", "resourcequotas", DEV, true, ROLES),
        ("Reader", "get", "namespaces", DEV, true, ROLES),
        ("Reader", "get", "secrets", DEV, false, CONCEPTS),
        ("Reader", "list", "rbac.authorization.k8s.io/roles", DEV, false, CONCEPTS),
        ("Reader", "list", "rbac.authorization.k8s.io/rolebindings", DEV, false, CONCEPTS),
        ("Reader", "create", "pods", DEV, false, CONCEPTS),
        ("Reader", "create", "pods/exec", DEV, false, ROLES),
        ("Writer", "create", "pods", DEV, true, CONCEPTS),
        ("Writer", "get", "secrets", DEV, true, CONCEPTS),
        ("Writer", "create", "pods/exec", DEV, true, ROLES),
        ("Writer", "delete", "apps/deployments", DEV, true, ROLES),
        ("Writer", "get", "rbac.authorization.k8s.io/roles", DEV, false, CONCEPTS),
        ("Writer", "update", "rbac.authorization.k8s.io/rolebindings", DEV, false, CONCEPTS),
        ("Writer", "create", "resourcequotas", DEV, false, ROLES),
        ("Admin", "create", "rbac.authorization.k8s.io/roles", DEV, true, CONCEPTS),
        ("Admin", "create", "rbac.authorization.k8s.io/rolebindings", DEV, true, CONCEPTS),
        ("Admin", "get", "secrets", DEV, true, ROLES),
        ("Admin", "update", "resourcequotas", DEV, false, CONCEPTS),
        ("Admin", "delete", "namespaces", DEV, false, CONCEPTS),
        ("Admin", "get", "resourcequotas", DEV, true, ROLES),
        ("Cluster Admin", "update", "resourcequotas", DEV, true, CONCEPTS),
        ("Cluster Admin", "delete", "namespaces", "", true, CONCEPTS),
        ("Cluster Admin", "get", "nodes", "", true, CONCEPTS),
        ("none", "list", "pods", DEV, false, CONCEPTS),
        ("view", "get", "pods", DEV, true, RBAC),
        ("view", "get", "secrets", DEV, false, RBAC),
        ("view", "list", "rbac.authorization.k8s.io/roles", DEV, false, RBAC),
        ("view", "create", "pods", DEV, false, RBAC),
        ("edit", "get", "secrets", DEV, true, RBAC),
        ("edit", "create", "pods", DEV, true, RBAC),
        ("edit", "get", "rbac.authorization.k8s.io/roles", DEV, false, RBAC),
        ("admin", "create", "rbac.authorization.k8s.io/roles", DEV, true, RBAC),
        ("admin", "update", "resourcequotas", DEV, false, RBAC),
        ("admin", "update", "namespaces", DEV, false, RBAC),
        ("cluster-admin", "update", "namespaces", DEV, true, RBAC),
        ("cluster-admin", "delete", "nodes", "", true, RBAC),
    ];
    for (role, verb, what, namespace, expected, source) in cells {
        let (group, rest) = match what.split_once('/') {
            Some((group, rest)) if group.contains('.') || group == "apps" => (group, rest),
            _ => ("", what),
        };
        let (kind, subresource) = rest.split_once('/').unwrap_or((rest, ""));
        let asked = attributes(verb, (group, kind, subresource), namespace);
        let allowed = if KUBERNETES.contains(&role) && role != "none" {
            rbac::decide(&kubernetes(role, ""), &user(), &asked).allowed
        } else {
            azure_webhook::decide(&azure(role, CLUSTER), &user(), &asked).allowed
        };
        assert_eq!(allowed, expected, "{role} {verb} {what}: {source}");
    }
}

#[test]
fn kinds_of_definitions_are_custom_resources_to_azure() {
    let certificate = attributes("get", ("cert-manager.io", "certificates", ""), "dev");
    assert!(!azure_webhook::decide(&azure("Reader", CLUSTER), &user(), &certificate).allowed);
    assert!(azure_webhook::decide(&azure("Admin", CLUSTER), &user(), &certificate).allowed);
    let system = KubeUser { name: "SYSTEM:node:x".into(), ..user() };
    let refused = azure_webhook::decide(&azure("Cluster Admin", CLUSTER), &system, &certificate);
    assert_eq!((refused.allowed, refused.reason.as_str()), (false, "Azure does not have opinion for this user."));
}
