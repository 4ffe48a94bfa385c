//! The environment of a container: values, references, and what refers to something that is not there.
//!
//! Kubernetes `pkg/kubelet/kubelet_pods.go`, `makeEnvironmentVariables`, and `third_party/forked/golang/expansion`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::super::model::Cluster;
use super::super::objects::{name_of, namespace_of, text, uid_of};
use super::super::resources;

/// The variables of a container by name.
///
/// # Errors
/// The kubelet's message when a reference leads nowhere; the container waits with `CreateContainerConfigError`.
pub(crate) fn resolve(cluster: &Cluster, pod: &Value, container: &Value) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for source in container["envFrom"].as_array().into_iter().flatten() {
        let prefix = text(source, "/prefix");
        for (kind, is_secret) in [("configMapRef", false), ("secretRef", true)] {
            let reference = &source[kind];
            if !reference.is_object() {
                continue;
            }
            let Some(entries) = entries(cluster, pod, reference, is_secret)? else { continue };
            variables.extend(entries.into_iter().map(|(name, value)| (format!("{prefix}{name}"), value)));
        }
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        let name = text(variable, "/name").to_owned();
        let from = &variable["valueFrom"];
        let value = if from.is_object() { referred(cluster, pod, from)? } else { Some(expand(text(variable, "/value"), &variables)) };
        if let Some(value) = value {
            variables.insert(name, value);
        }
    }
    Ok(variables)
}

fn referred(cluster: &Cluster, pod: &Value, from: &Value) -> Result<Option<String>, String> {
    for (kind, is_secret) in [("configMapKeyRef", false), ("secretKeyRef", true)] {
        let reference = &from[kind];
        if !reference.is_object() {
            continue;
        }
        let Some(entries) = entries(cluster, pod, reference, is_secret)? else { return Ok(None) };
        let key = text(reference, "/key");
        return match entries.get(key) {
            Some(value) => Ok(Some(value.clone())),
            None if reference["optional"] == true => Ok(None),
            None => {
                let what = if is_secret { "Secret" } else { "ConfigMap" };
                Err(format!("couldn't find key {key} in {what} {}/{}", namespace_of(pod), text(reference, "/name")))
            }
        };
    }
    Ok(Some(field(pod, text(from, "/fieldRef/fieldPath"))))
}

fn entries(cluster: &Cluster, pod: &Value, reference: &Value, is_secret: bool) -> Result<Option<BTreeMap<String, String>>, String> {
    let (plural, word) = if is_secret { ("secrets", "secret") } else { ("configmaps", "configmap") };
    let resource = resources::find("", "v1", plural).expect("core kinds are in the table");
    let name = text(reference, "/name");
    let Some(object) = cluster.store.find(resource, namespace_of(pod), name) else {
        return if reference["optional"] == true { Ok(None) } else { Err(format!("{word} \"{name}\" not found")) };
    };
    let read = |value: &Value| {
        let value = value.as_str().unwrap_or_default();
        if !is_secret {
            return value.to_owned();
        }
        String::from_utf8_lossy(&STANDARD.decode(value).unwrap_or_default()).into_owned()
    };
    Ok(Some(object["data"].as_object().into_iter().flatten().map(|(name, value)| (name.clone(), read(value))).collect()))
}

/// A field of the pod, as the downward API gives it; empty when it is not one of those.
fn field(pod: &Value, path: &str) -> String {
    let subscript = |map: &str| path.strip_prefix(map).and_then(|rest| rest.strip_prefix("['")).and_then(|rest| rest.strip_suffix("']"));
    if let Some(name) = subscript("metadata.labels") {
        return pod["metadata"]["labels"][name].as_str().unwrap_or_default().to_owned();
    }
    if let Some(name) = subscript("metadata.annotations") {
        return pod["metadata"]["annotations"][name].as_str().unwrap_or_default().to_owned();
    }
    let found = match path {
        "metadata.name" => name_of(pod),
        "metadata.namespace" => namespace_of(pod),
        "metadata.uid" => uid_of(pod),
        "spec.nodeName" => text(pod, "/spec/nodeName"),
        "spec.serviceAccountName" => text(pod, "/spec/serviceAccountName"),
        "status.podIP" | "status.podIPs" => text(pod, "/status/podIP"),
        "status.hostIP" | "status.hostIPs" => text(pod, "/status/hostIP"),
        _ => "",
    };
    found.to_owned()
}

/// `$(NAME)` becomes the variable, `$$` a dollar sign; what is not known stays as it is.
fn expand(value: &str, variables: &BTreeMap<String, String>) -> String {
    let mut expanded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if let Some(behind) = behind.strip_prefix('$') {
            expanded.push('$');
            rest = behind;
        } else if let Some((name, behind)) = behind.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match variables.get(name) {
                Some(value) => expanded.push_str(value),
                None => expanded.push_str(&format!("$({name})")),
            }
            rest = behind;
        } else {
            expanded.push('$');
            rest = behind;
        }
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn references_to_earlier_variables_are_expanded() {
        let variables = [("A".to_owned(), "1".to_owned())].into();
        for (value, expected) in [("x$(A)y", "x1y"), ("$$(A)", "$(A)"), ("$(B)", "$(B)"), ("$A", "$A"), ("a$", "a$"), ("$(A", "$(A")] {
            assert_eq!(expand(value, &variables), expected, "{value}");
        }
    }
}
