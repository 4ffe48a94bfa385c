//! Kubernetes RBAC: who may do what, decided from the stored roles and bindings. Pure; it decides and says why.
//!
//! Rules: kubernetes `pkg/apis/rbac/v1/evaluation_helpers.go`, `plugin/pkg/auth/authorizer/rbac/rbac.go`,
//! `pkg/registry/rbac/validation/rule.go`.

use serde_json::{Value, json};

use super::objects::{Store, text};
use super::resources::{self, Resource};
use crate::cloud::http::endpoint::KubeAttributes;
use crate::cloud::identity::caller::KubeUser;

/// The group that needs no rule.
pub(crate) const MASTERS: &str = "system:masters";

/// Whether a request is allowed, and the sentence behind it (empty when there is nothing to say).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    pub(crate) reason: String,
}

/// Decides one request of `user`.
pub(crate) fn decide(store: &Store, user: &KubeUser, attributes: &KubeAttributes) -> Decision {
    if user.groups.iter().any(|group| group == MASTERS) {
        return Decision { allowed: true, reason: String::new() };
    }
    let mut problems = Vec::new();
    for grant in grants(store, user, &attributes.namespace, &mut problems) {
        if grant.rules.iter().any(|rule| covers(rule, attributes)) {
            return Decision { allowed: true, reason: format!("RBAC: allowed by {}", grant.source) };
        }
    }
    let reason = if problems.is_empty() { String::new() } else { format!("RBAC: {}", problems.join(", ")) };
    Decision { allowed: false, reason }
}

/// The sentence of a refusal, without the authorizer's reason.
pub(crate) fn refusal(user: &KubeUser, attributes: &KubeAttributes) -> String {
    let KubeAttributes { verb, group, resource, subresource, namespace, path, .. } = attributes;
    let user = &user.name;
    if resource.is_empty() {
        return format!("User \"{user}\" cannot {verb} path \"{path}\"");
    }
    let resource = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
    let place = if namespace.is_empty() { "at the cluster scope".to_owned() } else { format!("in the namespace \"{namespace}\"") };
    format!("User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}")
}

/// The rules that apply to `user` in `namespace`, for a rules review: resource rules and non-resource rules.
pub(crate) fn rules_for(store: &Store, user: &KubeUser, namespace: &str) -> (Vec<Value>, Vec<Value>) {
    let (mut on_resources, mut on_paths) = (Vec::new(), Vec::new());
    if user.groups.iter().any(|group| group == MASTERS) {
        // The privileged-group authorizer resolves no rules; the binding of cluster-admin to the same group does.
        on_resources.push(json!({"verbs":["*"],"apiGroups":["*"],"resources":["*"]}));
        on_paths.push(json!({"verbs":["*"],"nonResourceURLs":["*"]}));
    }
    for grant in grants(store, user, namespace, &mut Vec::new()) {
        for rule in grant.rules {
            let list =
                if rule["nonResourceURLs"].as_array().is_some_and(|urls| !urls.is_empty()) { &mut on_paths } else { &mut on_resources };
            if !list.contains(&rule) {
                list.push(rule);
            }
        }
    }
    (on_resources, on_paths)
}

/// The rules that the stored bindings give `user` in `namespace`; what could not be resolved goes into `problems`.
pub(crate) fn held(store: &Store, user: &KubeUser, namespace: &str, problems: &mut Vec<String>) -> Vec<Value> {
    grants(store, user, namespace, problems).into_iter().flat_map(|grant| grant.rules).collect()
}

struct Grant {
    source: String,
    rules: Vec<Value>,
}

fn rbac(plural: &str) -> &'static Resource {
    resources::find("rbac.authorization.k8s.io", "v1", plural).expect("the RBAC kinds are in the table")
}

fn grants(store: &Store, user: &KubeUser, namespace: &str, problems: &mut Vec<String>) -> Vec<Grant> {
    let mut found = Vec::new();
    for (key, binding) in store.list(rbac("clusterrolebindings"), None) {
        if let Some(subject) = matching_subject(binding, user, "") {
            let role = text(binding, "/roleRef/name");
            match store.find(rbac("clusterroles"), "", role) {
                Some(object) => found.push(Grant {
                    source: format!("ClusterRoleBinding \"{}\" of ClusterRole \"{role}\" to {subject}", key.name),
                    rules: rules_of(object),
                }),
                None => problems.push(format!("clusterrole.rbac.authorization.k8s.io \"{role}\" not found")),
            }
        }
    }
    if namespace.is_empty() {
        return found;
    }
    for (key, binding) in store.list(rbac("rolebindings"), Some(namespace)) {
        let Some(subject) = matching_subject(binding, user, namespace) else { continue };
        let (kind, role) = (text(binding, "/roleRef/kind"), text(binding, "/roleRef/name"));
        let object =
            if kind == "ClusterRole" { store.find(rbac("clusterroles"), "", role) } else { store.find(rbac("roles"), namespace, role) };
        match object {
            Some(object) => found.push(Grant {
                source: format!("RoleBinding \"{}/{namespace}\" of {kind} \"{role}\" to {subject}", key.name),
                rules: rules_of(object),
            }),
            None => problems.push(format!("{}.rbac.authorization.k8s.io \"{role}\" not found", kind.to_lowercase())),
        }
    }
    found
}

fn rules_of(role: &Value) -> Vec<Value> {
    role["rules"].as_array().cloned().unwrap_or_default()
}

/// The subject through which a binding reaches the user, as reasons name it.
fn matching_subject(binding: &Value, user: &KubeUser, namespace: &str) -> Option<String> {
    binding["subjects"].as_array()?.iter().find_map(|subject| {
        let name = subject["name"].as_str()?;
        match subject["kind"].as_str()? {
            "User" => (user.name == name).then(|| format!("User \"{name}\"")),
            "Group" => user.groups.iter().any(|group| group == name).then(|| format!("Group \"{name}\"")),
            "ServiceAccount" => {
                let of = subject["namespace"].as_str().unwrap_or(namespace);
                (user.name == format!("system:serviceaccount:{of}:{name}")).then(|| format!("ServiceAccount \"{name}/{of}\""))
            }
            _ => None,
        }
    })
}

fn covers(rule: &Value, attributes: &KubeAttributes) -> bool {
    let has = |name: &str, test: &dyn Fn(&str) -> bool| rule[name].as_array().into_iter().flatten().filter_map(Value::as_str).any(test);
    if !has("verbs", &|verb| verb == "*" || verb == attributes.verb) {
        return false;
    }
    if attributes.resource.is_empty() {
        return has("nonResourceURLs", &|url| {
            url == "*" || url == attributes.path || url.strip_suffix('*').is_some_and(|prefix| attributes.path.starts_with(prefix))
        });
    }
    let whole = if attributes.subresource.is_empty() {
        attributes.resource.clone()
    } else {
        format!("{}/{}", attributes.resource, attributes.subresource)
    };
    let any_parent = format!("*/{}", attributes.subresource);
    let names = rule["resourceNames"].as_array().filter(|names| !names.is_empty());
    has("apiGroups", &|group| group == "*" || group == attributes.group)
        && has("resources", &|resource| {
            resource == "*" || resource == whole || (!attributes.subresource.is_empty() && resource == any_parent)
        })
        && names.is_none_or(|names| names.iter().any(|name| name.as_str() == Some(&attributes.name)))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::super::objects::Key;
    use super::*;

    fn store() -> Store {
        let mut store = Store::new(Uuid::nil());
        let mut put = |plural: &str, namespace: &str, name: &str, object: Value| {
            store.create(rbac(plural), Key::new(rbac(plural), namespace, name), object, Timestamp::UNIX_EPOCH);
        };
        put(
            "roles",
            "dev",
            "r",
            json!({"rules":[{"apiGroups":[""],"resources":["pods","pods/log"],"verbs":["get","list"]},
            {"apiGroups":[""],"resources":["secrets"],"resourceNames":["only"],"verbs":["get"]}]}),
        );
        put(
            "rolebindings",
            "dev",
            "rb",
            json!({"roleRef":{"kind":"Role","name":"r"},
            "subjects":[{"kind":"User","name":"alice"},{"kind":"ServiceAccount","name":"bob"}]}),
        );
        put(
            "rolebindings",
            "dev",
            "dangling",
            json!({"roleRef":{"kind":"Role","name":"gone"},"subjects":[{"kind":"User","name":"carol"}]}),
        );
        put("clusterroles", "", "paths", json!({"rules":[{"nonResourceURLs":["/healthz","/api/*"],"verbs":["get"]}]}));
        put(
            "clusterrolebindings",
            "",
            "all",
            json!({"roleRef":{"kind":"ClusterRole","name":"paths"},"subjects":[{"kind":"Group","name":"system:authenticated"}]}),
        );
        store
    }

    fn user(name: &str) -> KubeUser {
        KubeUser { name: name.to_owned(), groups: vec!["system:authenticated".to_owned()], ..KubeUser::default() }
    }

    #[track_caller]
    fn check(name: &str, verb: &str, resource: &str, in_namespace: &str, object: &str, expected: bool) {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let attributes = KubeAttributes {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: in_namespace.to_owned(),
            name: object.to_owned(),
            ..KubeAttributes::default()
        };
        assert_eq!(decide(&store(), &user(name), &attributes).allowed, expected);
    }

    #[test]
    fn a_role_covers_its_namespace_its_subresources_and_its_names_only() {
        check("alice", "get", "pods", "dev", "p", true);
        check("alice", "get", "pods/log", "dev", "p", true);
        check("alice", "get", "pods/exec", "dev", "p", false);
        check("alice", "delete", "pods", "dev", "p", false);
        check("alice", "get", "pods", "default", "p", false);
        check("alice", "get", "secrets", "dev", "only", true);
        check("alice", "list", "secrets", "dev", "", false);
        check("system:serviceaccount:dev:bob", "list", "pods", "dev", "", true);
        check("system:serviceaccount:other:bob", "list", "pods", "dev", "", false);
        check("mallory", "get", "pods", "dev", "p", false);
    }

    #[test]
    fn paths_match_by_prefix_and_masters_need_no_rule() {
        let path = |path: &str| KubeAttributes { verb: "get".to_owned(), path: path.to_owned(), ..KubeAttributes::default() };
        assert!(decide(&store(), &user("x"), &path("/api/v1")).allowed);
        assert!(!decide(&store(), &user("x"), &path("/metrics")).allowed);
        let master = KubeUser { groups: vec![MASTERS.to_owned()], ..user("m") };
        assert!(decide(&Store::new(Uuid::nil()), &master, &path("/metrics")).allowed);
    }

    #[test]
    fn reasons_name_the_binding_or_the_missing_role() {
        let attributes = KubeAttributes {
            verb: "get".to_owned(),
            resource: "pods".to_owned(),
            namespace: "dev".to_owned(),
            name: "p".to_owned(),
            ..KubeAttributes::default()
        };
        let allowed = decide(&store(), &user("alice"), &attributes);
        assert_eq!(allowed.reason, "RBAC: allowed by RoleBinding \"rb/dev\" of Role \"r\" to User \"alice\"");
        let denied = decide(&store(), &user("carol"), &attributes);
        assert_eq!(denied.reason, "RBAC: role.rbac.authorization.k8s.io \"gone\" not found");
        let text = refusal(&user("carol"), &KubeAttributes { namespace: String::new(), subresource: "log".to_owned(), ..attributes });
        assert_eq!(text, "User \"carol\" cannot get resource \"pods/log\" in API group \"\" at the cluster scope");
    }
}
