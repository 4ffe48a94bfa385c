//! The roles and bindings that AKS itself puts into a cluster and keeps as they are.
//!
//! `aks-service` is what Microsoft's support works under; the documentation ("Access and identity options", "Support policies") says what it
//! must not do: change permissions, make roles or bindings. The label `addonmanager.kubernetes.io/mode: Reconcile` means that a change is
//! undone.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::Cluster;
use super::objects::Key;
use super::resources;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Puts back what is missing or was changed; true when there was something to do.
pub(crate) fn settle(cluster: &mut Cluster, now: Timestamp) -> bool {
    let mut wanted = vec![
        ("clusterroles", "aks-service", "ClusterRole", service_role()),
        ("clusterrolebindings", "aks-service-rolebinding", "ClusterRoleBinding", binding("aks-service", &[("User", "aks-support")])),
        // Public listings of bindings in AKS clusters. Assumed: the subject.
        ("clusterrolebindings", "aks-cluster-admin-binding", "ClusterRoleBinding", binding("cluster-admin", &[("User", "clusterAdmin")])),
    ];
    let groups = cluster.settings.entra.as_ref().map(|entra| entra.admin_groups.clone()).unwrap_or_default();
    let is_bound = !groups.is_empty();
    if is_bound {
        // Public descriptions of the binding: one subject for each group.
        let subjects: Vec<(&str, &str)> = groups.iter().map(|group| ("Group", group.as_str())).collect();
        wanted.push(("clusterrolebindings", ADMIN_GROUPS, "ClusterRoleBinding", binding("cluster-admin", &subjects)));
    }
    let mut changed = false;
    for (plural, name, kind, parts) in wanted {
        changed |= keep(cluster, plural, name, kind, &parts, now);
    }
    let bindings = kind_of("clusterrolebindings");
    changed | (!is_bound && cluster.store.delete(&Key::new(bindings, "", ADMIN_GROUPS)).is_some())
}

/// The binding of the groups that `--aad-admin-group-object-ids` names.
const ADMIN_GROUPS: &str = "aks-cluster-admin-binding-aad";

fn kind_of(plural: &str) -> &'static resources::Resource {
    resources::find(GROUP, "v1", plural).expect("the RBAC kinds are in the table")
}

fn keep(cluster: &mut Cluster, plural: &str, name: &str, kind: &str, parts: &Value, now: Timestamp) -> bool {
    let resource = kind_of(plural);
    let key = Key::new(resource, "", name);
    let Some(known) = cluster.store.get(&key).map(|known| (**known).clone()) else {
        let labels = json!({"addonmanager.kubernetes.io/mode": "Reconcile", "kubernetes.io/cluster-service": "true"});
        let mut object = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"labels": labels}});
        overlay(&mut object, parts);
        cluster.store.create(resource, key, object, now);
        return true;
    };
    let mut restored = known.clone();
    overlay(&mut restored, parts);
    if restored == known {
        return false;
    }
    cluster.store.update(resource, &key, restored);
    true
}

fn overlay(object: &mut Value, parts: &Value) {
    for (name, value) in parts.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
}

fn binding(role: &str, subjects: &[(&str, &str)]) -> Value {
    let subjects: Vec<Value> = subjects.iter().map(|(kind, name)| json!({"apiGroup": GROUP, "kind": kind, "name": name})).collect();
    json!({"roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role}, "subjects": subjects})
}

/// Assumed: the rules. The documentation says only what they are for, looking for problems, and what they leave out.
fn service_role() -> Value {
    let read = ["get", "list", "watch"];
    let rule = |group: &str, kinds: &[&str]| json!({"apiGroups": [group], "resources": kinds, "verbs": read});
    json!({"rules": [
        rule("", &["configmaps", "endpoints", "events", "limitranges", "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes",
            "pods", "pods/log", "resourcequotas", "serviceaccounts", "services"]),
        rule("apps", &["daemonsets", "deployments", "replicasets", "statefulsets"]),
        rule("batch", &["cronjobs", "jobs"]),
        rule("networking.k8s.io", &["ingresses", "networkpolicies"]),
        rule(GROUP, &["clusterrolebindings", "clusterroles", "rolebindings", "roles"]),
    ]})
}
