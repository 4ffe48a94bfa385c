//! What happens to a new object between its defaults and its validation: the built-in plugins, then the webhooks.
//!
//! A webhook here is a function over the cluster as it was when the request came; it gets no lock and makes no request, so one step is
//! enough. Webhooks are listed in [`WEBHOOKS`].

use serde_json::{Value, json};

use super::model::Cluster;
use super::objects::text;
use super::resources::{self, Resource};
use super::status::Status;
use super::webhook;
use crate::cloud::profile::Profile;

/// Why a webhook said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) code: u16,
    pub(crate) message: String,
}

/// A mutating webhook.
pub(crate) struct Webhook {
    /// `mutation.azure-workload-identity.io`.
    pub(crate) name: &'static str,
    /// Whether it is called for a creation of this object.
    pub(crate) matches: fn(&Cluster, &Resource, &Value) -> bool,
    /// Changes the object, or refuses it.
    pub(crate) review: fn(&Cluster, &Profile, &mut Value) -> Result<(), Denial>,
}

/// The webhooks of every cluster, in the order of their calls.
pub(crate) const WEBHOOKS: &[Webhook] = &[webhook::WEBHOOK];

/// Where the token of the API server is mounted.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Namespaces that cannot be deleted: apiserver `plugin/namespace/lifecycle`.
pub(crate) const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];

/// Admits a new object, changing it on the way.
pub(crate) fn admit(cluster: &mut Cluster, profile: &Profile, resource: &Resource, object: &mut Value) -> Result<(), Status> {
    if (resource.group, resource.plural) == ("", "pods") {
        service_account(cluster, resource, object)?;
        priority(object);
        tolerations(object);
    }
    for webhook in WEBHOOKS {
        if (webhook.matches)(cluster, resource, object) {
            (webhook.review)(cluster, profile, object)
                .map_err(|denial| Status::denied_by_webhook(webhook.name, denial.code, &denial.message))?;
        }
    }
    Ok(())
}

/// Kubernetes `plugin/pkg/admission/serviceaccount`.
fn service_account(cluster: &mut Cluster, pods: &Resource, pod: &mut Value) -> Result<(), Status> {
    let spec = &mut pod["spec"];
    if text(spec, "/serviceAccountName").is_empty() {
        spec["serviceAccountName"] = json!("default");
        spec["serviceAccount"] = json!("default");
    }
    let (namespace, pod_name) = (text(pod, "/metadata/namespace").to_owned(), text(pod, "/metadata/name").to_owned());
    let name = text(pod, "/spec/serviceAccountName").to_owned();
    let accounts = resources::find("", "v1", "serviceaccounts").expect("service accounts are in the table");
    let Some(account) = cluster.store.find(accounts, &namespace, &name).cloned() else {
        let why = format!("error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found");
        return Err(Status::forbidden(pods, &pod_name, &why));
    };
    if pod["spec"]["imagePullSecrets"].as_array().is_none_or(Vec::is_empty) && account["imagePullSecrets"].is_array() {
        pod["spec"]["imagePullSecrets"] = account["imagePullSecrets"].clone();
    } else if let Some(spec) = pod["spec"].as_object_mut() {
        spec.retain(|name, value| name != "imagePullSecrets" || value.is_array());
    }
    let mounts = match (&pod["spec"]["automountServiceAccountToken"], &account["automountServiceAccountToken"]) {
        (Value::Bool(own), _) | (Value::Null, Value::Bool(own)) => *own,
        _ => true,
    };
    if mounts {
        mount_token(cluster, pod);
    }
    Ok(())
}

fn mount_token(cluster: &mut Cluster, pod: &mut Value) {
    let mut volume_name = None;
    for kind in ["initContainers", "containers"] {
        let containers = pod["spec"].get_mut(kind).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let has_mount =
                container["volumeMounts"].as_array().is_some_and(|mounts| mounts.iter().any(|mount| mount["mountPath"] == TOKEN_PATH));
            if has_mount {
                continue;
            }
            let name = volume_name.get_or_insert_with(|| format!("kube-api-access-{}", cluster.store.draw_suffix()));
            push(container, "volumeMounts", json!({"mountPath": TOKEN_PATH, "name": name, "readOnly": true}));
        }
    }
    let Some(name) = volume_name else { return };
    push(
        &mut pod["spec"],
        "volumes",
        json!({"name": name, "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
            {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}},
        ]}}),
    );
}

/// Appends to a list that may be missing.
pub(crate) fn push(object: &mut Value, list: &str, item: Value) {
    match object.get_mut(list).and_then(Value::as_array_mut) {
        Some(items) => items.push(item),
        None => object[list] = json!([item]),
    }
}

/// Kubernetes `plugin/pkg/admission/priority`: no class means priority 0.
fn priority(pod: &mut Value) {
    let spec = &mut pod["spec"];
    if spec["priority"].is_null() {
        spec["priority"] = json!(match spec["priorityClassName"].as_str() {
            Some("system-cluster-critical") => 2_000_000_000,
            Some("system-node-critical") => 2_000_001_000,
            _ => 0,
        });
    }
    if spec["preemptionPolicy"].is_null() {
        spec["preemptionPolicy"] = json!("PreemptLowerPriority");
    }
    if let Some(spec) = spec.as_object_mut() {
        spec.retain(|name, value| name != "priorityClassName" || !value.is_null());
    }
}

/// Kubernetes `plugin/pkg/admission/defaulttolerationseconds`, and `podtolerationrestriction`, which AKS enables too (AKS FAQ, "What
/// Kubernetes admission controllers does AKS support?"): a pod that asks for resources tolerates memory pressure.
fn tolerations(pod: &mut Value) {
    let tolerated = |pod: &Value, key: &str, effect: &str| {
        pod["spec"]["tolerations"].as_array().into_iter().flatten().any(|toleration| {
            (toleration["key"] == key || text(toleration, "/key").is_empty())
                && (toleration["effect"] == effect || text(toleration, "/effect").is_empty())
        })
    };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        if !tolerated(pod, key, "NoExecute") {
            let toleration = json!({"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300});
            push(&mut pod["spec"], "tolerations", toleration);
        }
    }
    let pressure = "node.kubernetes.io/memory-pressure";
    if pod["status"]["qosClass"] != "BestEffort" && !tolerated(pod, pressure, "NoSchedule") {
        push(&mut pod["spec"], "tolerations", json!({"effect": "NoSchedule", "key": pressure, "operator": "Exists"}));
    }
}
