//! What the API server fills in before admission: kubernetes `pkg/apis/core/v1/defaults.go` and the registries' `PrepareForCreate`.

use base64::Engine;
use serde_json::{Map, Value, json};

use super::bootstrap;
use super::objects::{metadata, text};
use super::resources::Resource;

/// Completes a new object in place.
pub(crate) fn apply(resource: &Resource, object: &mut Value) {
    object["apiVersion"] = json!(resource.api_version());
    object["kind"] = json!(resource.kind);
    match (resource.group, resource.plural) {
        ("", "pods") => pod(object),
        ("", "secrets") => secret(object),
        ("", "namespaces") => namespace(object),
        (_, "rolebindings" | "clusterrolebindings") => binding(object),
        _ => {}
    }
}

fn or_insert(object: &mut Value, name: &str, value: Value) {
    if object[name].is_null() {
        object[name] = value;
    }
}

fn namespace(object: &mut Value) {
    let name = text(object, "/metadata/name").to_owned();
    let fresh = bootstrap::namespace(&name);
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
    object["spec"] = fresh["spec"].clone();
    object["status"] = fresh["status"].clone();
}

/// `stringData` becomes `data`; the type is `Opaque` unless it is said.
fn secret(object: &mut Value) {
    let plain = object.as_object_mut().and_then(|object| object.shift_remove("stringData"));
    for (key, value) in plain.as_ref().and_then(Value::as_object).into_iter().flatten() {
        let encoded = base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap_or_default());
        object["data"][key] = json!(encoded);
    }
    or_insert(object, "type", json!("Opaque"));
}

fn binding(object: &mut Value) {
    or_insert(&mut object["roleRef"], "apiGroup", json!("rbac.authorization.k8s.io"));
    for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if subject["kind"] != "ServiceAccount" {
            or_insert(subject, "apiGroup", json!("rbac.authorization.k8s.io"));
        }
    }
}

fn pod(object: &mut Value) {
    or_insert(object, "spec", json!({}));
    pod_spec(&mut object["spec"]);
    let quality = quality_of_service(&object["spec"]);
    object["status"] = json!({"phase": "Pending", "qosClass": quality});
    let _ = metadata(object);
}

/// Defaults of a pod's (or a template's) spec.
pub(crate) fn pod_spec(spec: &mut Value) {
    for volume in spec["volumes"].as_array_mut().into_iter().flatten() {
        for kind in ["secret", "configMap", "projected", "downwardAPI"] {
            if volume[kind].is_object() {
                or_insert(&mut volume[kind], "defaultMode", json!(420));
            } else if let Some(volume) = volume.as_object_mut() {
                volume.shift_remove(kind);
            }
        }
        for source in volume.pointer_mut("/projected/sources").and_then(Value::as_array_mut).into_iter().flatten() {
            if source["serviceAccountToken"].is_object() {
                or_insert(&mut source["serviceAccountToken"], "expirationSeconds", json!(3600));
            } else if let Some(source) = source.as_object_mut() {
                source.shift_remove("serviceAccountToken");
            }
        }
    }
    for kind in ["initContainers", "containers"] {
        match spec[kind].as_array_mut() {
            Some(containers) => containers.iter_mut().for_each(container),
            None => drop(spec.as_object_mut().map(|spec| spec.shift_remove(kind))),
        }
    }
    if spec["volumes"].is_null()
        && let Some(spec) = spec.as_object_mut()
    {
        spec.shift_remove("volumes");
    }
    or_insert(spec, "restartPolicy", json!("Always"));
    or_insert(spec, "terminationGracePeriodSeconds", json!(30));
    or_insert(spec, "dnsPolicy", json!("ClusterFirst"));
    or_insert(spec, "securityContext", json!({}));
    or_insert(spec, "schedulerName", json!("default-scheduler"));
    or_insert(spec, "enableServiceLinks", json!(true));
    // The older name of the field follows the newer one and the other way round.
    let account =
        [text(spec, "/serviceAccountName"), text(spec, "/serviceAccount")].into_iter().find(|name| !name.is_empty()).map(str::to_owned);
    if let Some(account) = account {
        spec["serviceAccountName"] = json!(account);
        spec["serviceAccount"] = json!(account);
    }
}

/// Defaults of a container.
pub(crate) fn container(container: &mut Value) {
    let policy = if pulls_always(text(container, "/image")) { "Always" } else { "IfNotPresent" };
    or_insert(container, "imagePullPolicy", json!(policy));
    or_insert(container, "resources", json!({}));
    or_insert(container, "terminationMessagePath", json!("/dev/termination-log"));
    or_insert(container, "terminationMessagePolicy", json!("File"));
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        or_insert(port, "protocol", json!("TCP"));
    }
    for variable in container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(reference) = variable.pointer_mut("/valueFrom/fieldRef") {
            or_insert(reference, "apiVersion", json!("v1"));
        }
    }
    let limits = container["resources"].get("limits").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    for (name, limit) in limits {
        let requests = &mut container["resources"]["requests"];
        if requests.get(&name).is_none() {
            requests[&name] = limit;
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get_mut(probe).filter(|probe| probe.is_object()) else { continue };
        for (name, value) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)] {
            or_insert(probe, name, json!(value));
        }
        if let Some(http) = probe.get_mut("httpGet").filter(|http| http.is_object()) {
            or_insert(http, "path", json!("/"));
            or_insert(http, "scheme", json!("HTTP"));
        }
    }
}

/// No tag or the tag `latest`.
fn pulls_always(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

/// `Guaranteed`, `Burstable` or `BestEffort`: kubernetes `pkg/apis/core/helper/qos`.
fn quality_of_service(spec: &Value) -> &'static str {
    let containers: Vec<&Value> =
        ["containers", "initContainers"].iter().flat_map(|kind| spec[*kind].as_array().into_iter().flatten()).collect();
    let amounts = |container: &Value, kind: &str| -> Vec<(String, String)> {
        let wanted = container["resources"][kind].as_object().into_iter().flatten();
        wanted
            .filter(|(name, amount)| matches!(name.as_str(), "cpu" | "memory") && *amount != "0")
            .map(|(name, amount)| (name.clone(), amount.as_str().unwrap_or_default().to_owned()))
            .collect()
    };
    if containers.iter().all(|container| amounts(container, "requests").is_empty() && amounts(container, "limits").is_empty()) {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|container| {
        let limits = amounts(container, "limits");
        limits.len() == 2 && amounts(container, "requests").iter().all(|request| limits.contains(request))
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

#[cfg(test)]
mod tests {
    use super::super::resources;
    use super::*;

    #[test]
    fn a_pod_is_completed_as_by_a_real_server() {
        let mut object = json!({"metadata":{"name":"p"},"spec":{"serviceAccountName":"sa","containers":[
            {"name":"a","image":"nginx","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]}});
        apply(resources::by_plural("pods").expect("known"), &mut object);
        let container = &object["spec"]["containers"][0];
        assert_eq!(container["imagePullPolicy"], "Always");
        assert_eq!(container["ports"][0]["protocol"], "TCP");
        assert_eq!(container["resources"]["requests"], json!({"cpu":"1","memory":"1Gi"}));
        assert_eq!(object["spec"]["serviceAccount"], "sa");
        assert_eq!(object["status"], json!({"phase":"Pending","qosClass":"Guaranteed"}));
        assert!(object["spec"].get("volumes").is_none() && object["spec"].get("initContainers").is_none());
    }

    #[test]
    fn images_with_a_tag_are_pulled_when_missing() {
        assert!(pulls_always("nginx") && pulls_always("host:5000/nginx") && pulls_always("a/b:latest"));
        assert!(!pulls_always("nginx:1.25") && !pulls_always("a@sha256:00"));
    }

    #[test]
    fn string_data_becomes_data() {
        let mut object = json!({"metadata":{"name":"s"},"stringData":{"k":"v"}});
        apply(resources::by_plural("secrets").expect("known"), &mut object);
        assert_eq!(object["data"], json!({"k":"dg=="}));
        assert_eq!(object["type"], "Opaque");
        assert!(object.get("stringData").is_none());
    }
}
