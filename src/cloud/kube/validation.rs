//! What the API server requires of an object: kubernetes `pkg/apis/core/validation/validation.go` and its neighbours, for the rules that
//! manifests of runbooks break. An object that passes here may still break a rarer rule of a real server.

use serde_json::{Map, Value, json};

use super::names;
use super::objects::text;
use super::resources::Resource;
use super::status::Cause;

/// Problems of a new object.
pub(crate) fn validate(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    metadata(resource, object, &mut causes);
    match (resource.group, resource.plural) {
        ("", "pods") => pod_spec(&object["spec"], "spec", &mut causes),
        ("", "secrets") => data_keys(object, &["data"], &mut causes),
        ("", "configmaps") => data_keys(object, &["data", "binaryData"], &mut causes),
        (_, "roles" | "clusterroles") => rules(object, resource.namespaced, &mut causes),
        (_, "rolebindings" | "clusterrolebindings") => binding(object, resource.namespaced, &mut causes),
        _ => {}
    }
    causes
}

/// Problems of changing `old` into `new`.
pub(crate) fn validate_update(resource: &Resource, old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = validate(resource, new);
    match (resource.group, resource.plural) {
        ("", "pods") => pod_update(old, new, &mut causes),
        ("", "secrets") => {
            if old["type"] != new["type"] {
                causes.push(Cause::invalid("type", &new["type"], "field is immutable"));
            }
            immutable_data(old, new, &mut causes);
        }
        ("", "configmaps") => immutable_data(old, new, &mut causes),
        (_, "rolebindings" | "clusterrolebindings") if old["roleRef"] != new["roleRef"] => {
            causes.push(Cause::invalid("roleRef", &go_struct(&new["roleRef"]), "cannot change roleRef"));
        }
        _ => {}
    }
    causes
}

/// A `roleRef` as Go's `%#v` in a field error prints it.
fn go_struct(role_ref: &Value) -> Value {
    json!({"APIGroup": role_ref["apiGroup"], "Kind": role_ref["kind"], "Name": role_ref["name"]})
}

fn metadata(resource: &Resource, object: &Value, causes: &mut Vec<Cause>) {
    let name = text(object, "/metadata/name");
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else {
        let problems = match (resource.group, resource.plural) {
            ("", "namespaces") => names::dns_label(name),
            ("", "services") => names::dns_label(name),
            (group, _) if group.starts_with("rbac.") => names::path_segment(name),
            _ => names::dns_subdomain(name),
        };
        causes.extend(problems.iter().map(|problem| Cause::invalid("metadata.name", &json!(name), problem)));
    }
    let empty = Map::new();
    for (key, value) in object["metadata"]["labels"].as_object().unwrap_or(&empty) {
        causes.extend(names::qualified_name(key).iter().map(|problem| Cause::invalid("metadata.labels", &json!(key), problem)));
        let value = value.as_str().unwrap_or_default();
        causes.extend(names::label_value(value).iter().map(|problem| Cause::invalid("metadata.labels", &json!(value), problem)));
    }
    for key in object["metadata"]["annotations"].as_object().unwrap_or(&empty).keys() {
        let lower = key.to_lowercase();
        causes.extend(names::qualified_name(&lower).iter().map(|problem| Cause::invalid("metadata.annotations", &json!(key), problem)));
    }
}

fn one_of(value: &Value, field: &str, supported: &[&str], causes: &mut Vec<Cause>) {
    if let Some(text) = value.as_str()
        && !supported.contains(&text)
    {
        causes.push(Cause::unsupported(field, value, supported));
    }
}

/// Problems of a pod's (or a template's) `spec`.
pub(crate) fn pod_spec(spec: &Value, at: &str, causes: &mut Vec<Cause>) {
    let list = |name: &str| spec[name].as_array().map_or(&[][..], Vec::as_slice);
    let mut volumes = Vec::new();
    for (index, volume) in list("volumes").iter().enumerate() {
        let at = format!("{at}.volumes[{index}]");
        let name = text(volume, "/name");
        if name.is_empty() {
            causes.push(Cause::required(format!("{at}.name"), ""));
        } else {
            causes.extend(names::dns_label(name).iter().map(|problem| Cause::invalid(format!("{at}.name"), &json!(name), problem)));
            if volumes.contains(&name) {
                causes.push(Cause::duplicate(format!("{at}.name"), &json!(name)));
            }
        }
        if volume.as_object().is_some_and(|volume| volume.len() < 2) {
            causes.push(Cause::required(at, "must specify a volume type"));
        }
        volumes.push(name);
    }
    if list("containers").is_empty() {
        causes.push(Cause::required(format!("{at}.containers"), ""));
    }
    let mut seen = Vec::new();
    for kind in ["containers", "initContainers"] {
        for (index, container) in list(kind).iter().enumerate() {
            let at = format!("{at}.{kind}[{index}]");
            let name = text(container, "/name");
            if !name.is_empty() && seen.contains(&name) {
                causes.push(Cause::duplicate(format!("{at}.name"), &json!(name)));
            }
            seen.push(name);
            one_container(container, &at, &volumes, causes);
        }
    }
    one_of(&spec["restartPolicy"], &format!("{at}.restartPolicy"), &["Always", "Never", "OnFailure"], causes);
    one_of(&spec["dnsPolicy"], &format!("{at}.dnsPolicy"), &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"], causes);
    let account = text(spec, "/serviceAccountName");
    if !account.is_empty() {
        let field = format!("{at}.serviceAccountName");
        causes.extend(names::dns_subdomain(account).iter().map(|problem| Cause::invalid(field.clone(), &json!(account), problem)));
    }
}

fn one_container(container: &Value, at: &str, volumes: &[&str], causes: &mut Vec<Cause>) {
    let list = |name: &str| container[name].as_array().map_or(&[][..], Vec::as_slice);
    let name = text(container, "/name");
    if name.is_empty() {
        causes.push(Cause::required(format!("{at}.name"), ""));
    } else {
        causes.extend(names::dns_label(name).iter().map(|problem| Cause::invalid(format!("{at}.name"), &json!(name), problem)));
    }
    let image = text(container, "/image");
    if image.is_empty() {
        causes.push(Cause::required(format!("{at}.image"), ""));
    } else if image.trim() != image {
        causes.push(Cause::invalid(format!("{at}.image"), &json!(image), "must not have leading or trailing whitespace"));
    }
    for (index, port) in list("ports").iter().enumerate() {
        let at = format!("{at}.ports[{index}]");
        match port["containerPort"].as_i64() {
            None | Some(0) => causes.push(Cause::required(format!("{at}.containerPort"), "")),
            Some(number) if !(1..=65535).contains(&number) => {
                causes.push(Cause::invalid(format!("{at}.containerPort"), &json!(number), "must be between 1 and 65535, inclusive"));
            }
            Some(_) => {}
        }
        one_of(&port["protocol"], &format!("{at}.protocol"), &["SCTP", "TCP", "UDP"], causes);
        let name = text(port, "/name");
        if name.len() > 15 {
            causes.push(Cause::invalid(format!("{at}.name"), &json!(name), "must be no more than 15 characters"));
        }
    }
    for (index, source) in list("envFrom").iter().enumerate() {
        let at = format!("{at}.envFrom[{index}]");
        let given: Vec<&str> = ["configMapRef", "secretRef"].into_iter().filter(|kind| source[*kind].is_object()).collect();
        match given[..] {
            // Source: `validateEnvFrom`.
            [] => causes.push(Cause::invalid(at, &json!(""), "must specify one of: `configMapRef` or `secretRef`")),
            [kind] if text(&source[kind], "/name").is_empty() => causes.push(Cause::required(format!("{at}.{kind}.name"), "")),
            [_] => {}
            _ => causes.push(Cause::invalid(at, &json!(""), "may not have more than one field specified at a time")),
        }
    }
    for (index, variable) in list("env").iter().enumerate() {
        let at = format!("{at}.env[{index}]");
        if text(variable, "/name").is_empty() {
            causes.push(Cause::required(format!("{at}.name"), ""));
        }
        if !text(variable, "/value").is_empty() && variable["valueFrom"].is_object() {
            causes.push(Cause::invalid(format!("{at}.valueFrom"), &json!(""), "may not be specified when `value` is not empty"));
        }
        if let Some(from) = variable["valueFrom"].as_object() {
            let at = format!("{at}.valueFrom");
            // Source: `validateEnvVarValueFrom`.
            if from.values().all(|source| !source.is_object()) {
                let message = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
                causes.push(Cause::invalid(at.clone(), &json!(""), message));
            }
            for kind in ["configMapKeyRef", "secretKeyRef"] {
                if from.get(kind).is_some_and(|reference| reference.is_object() && text(reference, "/key").is_empty()) {
                    causes.push(Cause::required(format!("{at}.{kind}.key"), ""));
                }
            }
        }
    }
    for (index, mount) in list("volumeMounts").iter().enumerate() {
        let at = format!("{at}.volumeMounts[{index}]");
        let name = text(mount, "/name");
        if name.is_empty() {
            causes.push(Cause::required(format!("{at}.name"), ""));
        } else if !volumes.contains(&name) {
            causes.push(Cause::not_found(format!("{at}.name"), &json!(name)));
        }
        if text(mount, "/mountPath").is_empty() {
            causes.push(Cause::required(format!("{at}.mountPath"), ""));
        }
    }
    one_of(&container["imagePullPolicy"], &format!("{at}.imagePullPolicy"), &["Always", "IfNotPresent", "Never"], causes);
    resources(&container["resources"], &format!("{at}.resources"), causes);
}

/// Resources without a domain. Source: `standardResources` of `pkg/apis/core/helper/helpers.go`.
const STANDARD: [&str; 17] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.ephemeral-storage",
    "limits.ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
];

fn resources(resources: &Value, at: &str, causes: &mut Vec<Cause>) {
    let empty = Map::new();
    for kind in ["limits", "requests"] {
        for name in resources[kind].as_object().unwrap_or(&empty).keys().filter(|name| !name.contains('/')) {
            // Source: `validateResourceName` and `validateContainerResourceName`.
            let field = format!("{at}.{kind}[{name}]");
            if !STANDARD.contains(&name.as_str()) && !name.starts_with("hugepages-") {
                causes.push(Cause::invalid(field.clone(), &json!(name), "must be a standard resource type or fully qualified"));
            }
            if !["cpu", "memory", "ephemeral-storage"].contains(&name.as_str()) && !name.starts_with("hugepages-") {
                causes.push(Cause::invalid(field, &json!(name), "must be a standard resource for containers"));
            }
        }
    }
    let limits = resources["limits"].as_object().unwrap_or(&empty);
    for (name, request) in resources["requests"].as_object().unwrap_or(&empty) {
        let Some(limit) = limits.get(name).and_then(Value::as_str) else { continue };
        let request = request.as_str().unwrap_or_default();
        if let (Some(asked), Some(most)) = (quantity(request), quantity(limit))
            && asked > most
        {
            causes.push(Cause::invalid(
                format!("{at}.requests"),
                &json!(request),
                &format!("must be less than or equal to {name} limit of {limit}"),
            ));
        }
    }
}

/// A quantity as a number; `None` when it is not one.
pub(crate) fn quantity(text: &str) -> Option<f64> {
    let end = text.find(|letter: char| !(letter.is_ascii_digit() || letter == '.' || letter == '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        _ => 10_f64.powi(suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(number * factor)
}

fn data_keys(object: &Value, fields: &[&str], causes: &mut Vec<Cause>) {
    for field in fields {
        for key in object[*field].as_object().into_iter().flatten().map(|(key, _)| key) {
            let at = format!("{field}[{key}]");
            causes.extend(names::config_key(key).iter().map(|problem| Cause::invalid(at.clone(), &json!(key), problem)));
        }
    }
}

fn immutable_data(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    if old["immutable"] != true {
        return;
    }
    if new["immutable"] != true {
        causes.push(Cause::forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for field in ["data", "binaryData"] {
        if old[field] != new[field] {
            causes.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
}

fn rules(object: &Value, namespaced: bool, causes: &mut Vec<Cause>) {
    for (index, rule) in object["rules"].as_array().into_iter().flatten().enumerate() {
        let at = format!("rules[{index}]");
        let is_empty = |name: &str| rule[name].as_array().is_none_or(Vec::is_empty);
        if is_empty("verbs") {
            causes.push(Cause::required(format!("{at}.verbs"), "verbs must contain at least one value"));
        }
        if !is_empty("nonResourceURLs") {
            if namespaced {
                let problem = "namespaced rules cannot apply to non-resource URLs";
                causes.push(Cause::invalid(format!("{at}.nonResourceURLs"), &rule["nonResourceURLs"], problem));
            }
            continue;
        }
        if is_empty("apiGroups") {
            causes.push(Cause::required(format!("{at}.apiGroups"), "resource rules must supply at least one api group"));
        }
        if is_empty("resources") {
            causes.push(Cause::required(format!("{at}.resources"), "resource rules must supply at least one resource"));
        }
    }
}

fn binding(object: &Value, namespaced: bool, causes: &mut Vec<Cause>) {
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    for (field, supported) in [("apiGroup", &["rbac.authorization.k8s.io"][..]), ("kind", kinds)] {
        // What is missing is the empty text to Go.
        let given = json!(object["roleRef"][field].as_str().unwrap_or_default());
        one_of(&given, &format!("roleRef.{field}"), supported, causes);
    }
    if text(object, "/roleRef/name").is_empty() {
        causes.push(Cause::required("roleRef.name", ""));
    }
    for (index, subject) in object["subjects"].as_array().into_iter().flatten().enumerate() {
        let at = format!("subjects[{index}]");
        if text(subject, "/name").is_empty() {
            causes.push(Cause::required(format!("{at}.name"), ""));
        }
        one_of(&subject["kind"], &format!("{at}.kind"), &["ServiceAccount", "User", "Group"], causes);
        if subject["kind"] == "ServiceAccount" && !namespaced && text(subject, "/namespace").is_empty() {
            causes.push(Cause::required(format!("{at}.namespace"), ""));
        }
    }
}

/// A running pod may change its images, its deadlines, and gain tolerations.
fn pod_update(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let comparable = |pod: &Value| {
        let mut spec = pod["spec"].clone();
        for kind in ["containers", "initContainers"] {
            for container in spec[kind].as_array_mut().into_iter().flatten() {
                container["image"] = Value::Null;
            }
        }
        for name in ["activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"] {
            spec[name] = Value::Null;
        }
        spec
    };
    let kept = |name: &str| -> bool {
        let new = new["spec"][name].as_array().cloned().unwrap_or_default();
        old["spec"][name].as_array().into_iter().flatten().all(|item| new.contains(item))
    };
    if comparable(old) != comparable(new)
        || !kept("tolerations")
        || old["spec"]["terminationGracePeriodSeconds"] != new["spec"]["terminationGracePeriodSeconds"]
    {
        // The server appends a Go diff of both specs, which is left out here.
        let detail = "pod updates may not change fields other than \
                      `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions \
                      to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        causes.push(Cause::forbidden("spec", detail));
    }
}

#[cfg(test)]
mod tests {
    use super::super::resources as kinds;
    use super::super::status::Status;
    use super::*;

    #[track_caller]
    fn check(plural: &str, object: Value, expected: &str) {
        let resource = kinds::by_plural(plural).expect("known");
        let causes = validate(resource, &object);
        let shown = if causes.is_empty() { String::new() } else { Status::invalid(resource, "x", &causes).message };
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_pod_without_containers_or_image_is_refused_as_measured() {
        check("pods", json!({"metadata":{"name":"x"},"spec":{}}), "Pod \"x\" is invalid: spec.containers: Required value");
        check(
            "pods",
            json!({"metadata":{"name":"x"},"spec":{"containers":[{"name":"a"}]}}),
            "Pod \"x\" is invalid: spec.containers[0].image: Required value",
        );
        check("pods", json!({"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"b"}]}}), "");
    }

    #[test]
    fn mounts_need_their_volume_and_requests_stay_below_limits() {
        check(
            "pods",
            json!({"metadata":{"name":"x"},"spec":{"containers":[{"name":"a","image":"b","volumeMounts":[{"name":"v","mountPath":"/v"}],
                "resources":{"limits":{"cpu":"250m"},"requests":{"cpu":"1"}}}]}}),
            "Pod \"x\" is invalid: [spec.containers[0].volumeMounts[0].name: Not found: \"v\", spec.containers[0].resources.requests: Invalid value: \"1\": \
             must be less than or equal to cpu limit of 250m]",
        );
    }

    #[test]
    fn names_of_resources_and_sources_of_variables_are_checked() {
        let pod = |part: &str, value: Value| {
            let mut container = json!({"name": "a", "image": "b"});
            container[part] = value;
            json!({"metadata": {"name": "x"}, "spec": {"containers": [container]}})
        };
        check("pods", pod("resources", json!({"limits": {"nvidia.com/gpu": "1", "cpu": "1"}, "requests": {"hugepages-2Mi": "2Mi"}})), "");
        check(
            "pods",
            pod("resources", json!({"requests": {"cup": "100m"}})),
            "Pod \"x\" is invalid: [spec.containers[0].resources.requests[cup]: Invalid value: \"cup\": must be a standard resource type or fully qualified, \
             spec.containers[0].resources.requests[cup]: Invalid value: \"cup\": must be a standard resource for containers]",
        );
        check(
            "pods",
            pod("envFrom", json!([{"configMapRef": null}])),
            "Pod \"x\" is invalid: spec.containers[0].envFrom[0]: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`",
        );
        check(
            "pods",
            pod("env", json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}])),
            "Pod \"x\" is invalid: spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value",
        );
    }

    #[test]
    fn roles_and_bindings_need_their_parts() {
        check(
            "roles",
            json!({"metadata":{"name":"x"},"rules":[{"apiGroups":[""],"resources":["pods"]}]}),
            "Role.rbac.authorization.k8s.io \"x\" is invalid: rules[0].verbs: Required value: verbs must contain at least one value",
        );
        check(
            "clusterrolebindings",
            json!({"metadata":{"name":"x"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"}}),
            "ClusterRoleBinding.rbac.authorization.k8s.io \"x\" is invalid: roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"",
        );
        check(
            "rolebindings",
            json!({"metadata":{"name":"x"},"roleRef":{"apiGroup":"rbac.io","name":"r"},"subjects":[{"kind":"ServiceAccount","name":"s"}]}),
            "RoleBinding.rbac.authorization.k8s.io \"x\" is invalid: [roleRef.apiGroup: Unsupported value: \"rbac.io\": supported values: \
             \"rbac.authorization.k8s.io\", roleRef.kind: Unsupported value: \"\": supported values: \"Role\", \"ClusterRole\"]",
        );
    }

    #[test]
    fn a_pod_may_change_its_image_and_nothing_else() {
        let pods = kinds::by_plural("pods").expect("known");
        let pod = |image: &str, name: &str| json!({"metadata":{"name":"x"},"spec":{"containers":[{"name":name,"image":image}]}});
        assert!(validate_update(pods, &pod("a", "c"), &pod("b", "c")).is_empty());
        assert_eq!(validate_update(pods, &pod("a", "c"), &pod("a", "d")).len(), 1);
    }

    #[test]
    fn quantities_compare_across_suffixes() {
        assert_eq!(quantity("250m"), Some(0.25));
        assert!(quantity("128Mi") < quantity("1Gi"));
        assert_eq!(quantity("x"), None);
    }
}
