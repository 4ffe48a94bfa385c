//! `kubectl create role|clusterrole|rolebinding|clusterrolebinding`.
//!
//! Source: kubectl `pkg/cmd/create/create_role.go`, `create_clusterrole.go`, `create_rolebinding.go`, `create_clusterrolebinding.go`.

use serde_json::{Map, Value, json};

use super::super::failure::Failure;
use super::super::session::Session;
use super::create::{one_of, the_name};

const GROUP: &str = "rbac.authorization.k8s.io";
const VERSION: &str = "rbac.authorization.k8s.io/v1";

/// A resource as `--resource` names it, and as the server calls it.
struct Wanted {
    group: String,
    resource: String,
}

pub(super) fn role(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = the_name(session)?;
    let rules = rules(session, &[])?;
    one_of(
        session,
        json!({"kind": "Role", "apiVersion": VERSION, "metadata": {"name": name, "creationTimestamp": null}, "rules": rules}),
        GROUP,
        true,
        // Measured with 1.32: a refused role is told as the server says it, a refused binding is wrapped.
        "",
    )
}

pub(super) fn cluster_role(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = the_name(session)?;
    let urls = session.line.list("non-resource-url");
    let selector = session.line.text("aggregation-rule").unwrap_or_default().to_owned();
    let mut object = json!({"kind": "ClusterRole", "apiVersion": VERSION, "metadata": {"name": name, "creationTimestamp": null}});
    if selector.is_empty() {
        object["rules"] = json!(rules(session, &urls)?);
    } else {
        let names = ["verb", "resource", "non-resource-url"];
        if names.iter().any(|name| !session.line.list(name).is_empty()) || !session.line.repeated("resource-name").is_empty() {
            return Err(Failure::error("aggregation rule must be specified without verbs, resources, resource names or non-resource-urls"));
        }
        let labels: Map<String, Value> =
            selector.split(',').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (key.to_owned(), json!(value))).collect();
        object["rules"] = Value::Null;
        object["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
    }
    one_of(session, object, GROUP, false, "")
}

/// The rules that the options ask for: one for each API group, in the order in which the groups were named, then one for the paths.
fn rules(session: &mut Session<'_, '_>, urls: &[String]) -> Result<Vec<Value>, Failure> {
    let mut verbs: Vec<String> = Vec::new();
    for verb in session.line.list("verb") {
        let verb = verb.trim().to_owned();
        if verb == "*" {
            verbs = vec![verb];
            break;
        }
        if !verbs.contains(&verb) {
            verbs.push(verb);
        }
    }
    if verbs.is_empty() {
        return Err(Failure::error("at least one verb must be specified"));
    }
    let asked = session.line.list("resource");
    let mut names: Vec<String> = Vec::new();
    for name in session.line.repeated("resource-name") {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if asked.is_empty() && urls.is_empty() {
        return Err(Failure::error(if session.line.path.ends_with("clusterrole") {
            "one of resource or nonResourceURL must be specified"
        } else {
            "at least one resource must be specified"
        }));
    }
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for word in &asked {
        let wanted = wanted(session, word)?;
        match groups.iter_mut().find(|(group, _)| *group == wanted.group) {
            Some((_, resources)) if resources.contains(&wanted.resource) => {}
            Some((_, resources)) => resources.push(wanted.resource),
            None => groups.push((wanted.group, vec![wanted.resource])),
        }
    }
    let mut rules: Vec<Value> = Vec::new();
    for (group, resources) in groups {
        let mut rule = json!({"verbs": verbs, "apiGroups": [group], "resources": resources});
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        rules.push(rule);
    }
    if !urls.is_empty() {
        rules.push(json!({"verbs": verbs, "nonResourceURLs": urls}));
    }
    Ok(rules)
}

/// `pods`, `po`, `deployments.apps`, `pods/log`, `*`: what it means to the server.
fn wanted(session: &mut Session<'_, '_>, word: &str) -> Result<Wanted, Failure> {
    let (name, subresource) = word.split_once('/').unwrap_or((word, ""));
    let full = |resource: &str| if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
    if name == "*" {
        return Ok(Wanted { group: "*".to_owned(), resource: full("*") });
    }
    let discovery = session.discovery()?;
    match discovery.find(name) {
        Ok(known) => Ok(Wanted { group: known.group.clone(), resource: full(&known.plural) }),
        Err(_) => {
            let (resource, group) = name.split_once('.').unwrap_or((name, ""));
            let place = if group.is_empty() { String::new() } else { format!(" in group \"{group}\"") };
            Err(Failure::error(format!("the server doesn't have a resource type \"{resource}\"{place}")))
        }
    }
}

pub(super) fn role_binding(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = the_name(session)?;
    let (cluster_role, role) = (text(session, "clusterrole"), text(session, "role"));
    let (kind, role) = match (cluster_role.as_str(), role.as_str()) {
        ("", "") => return Err(Failure::error("exactly one of clusterrole or role must be specified")),
        (cluster_role, "") => ("ClusterRole", cluster_role.to_owned()),
        ("", role) => ("Role", role.to_owned()),
        _ => return Err(Failure::error("exactly one of clusterrole or role must be specified")),
    };
    binding(session, "RoleBinding", &name, kind, &role, true)
}

pub(super) fn cluster_role_binding(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let name = the_name(session)?;
    let role = text(session, "clusterrole");
    if role.is_empty() {
        return Err(Failure::error("clusterrole must be specified"));
    }
    binding(session, "ClusterRoleBinding", &name, "ClusterRole", &role, false)
}

fn text(session: &Session<'_, '_>, option: &str) -> String {
    session.line.text(option).unwrap_or_default().to_owned()
}

fn binding(
    session: &mut Session<'_, '_>,
    kind: &str,
    name: &str,
    role_kind: &str,
    role: &str,
    is_namespaced: bool,
) -> Result<i32, Failure> {
    let mut subjects = Vec::new();
    for (option, kind) in [("user", "User"), ("group", "Group")] {
        let named = session.line.repeated(option);
        subjects.extend(named.into_iter().map(|name| json!({"kind": kind, "apiGroup": GROUP, "name": name})));
    }
    for account in session.line.repeated("serviceaccount") {
        let Some((namespace, name)) =
            account.split_once(':').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty() && !name.contains(':'))
        else {
            return Err(Failure::error("serviceaccount must be <namespace>:<name>"));
        };
        subjects.push(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}));
    }
    let mut object = json!({"kind": kind, "apiVersion": VERSION, "metadata": {"name": name, "creationTimestamp": null}});
    if !subjects.is_empty() {
        object["subjects"] = json!(subjects);
    }
    object["roleRef"] = json!({"apiGroup": GROUP, "kind": role_kind, "name": role});
    one_of(session, object, GROUP, is_namespaced, &format!("failed to create {}: ", kind.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::super::super::fake::kubectl;
    use super::*;

    #[test]
    fn bindings_name_their_role_and_their_subjects() {
        let words =
            ["create", "rolebinding", "rb", "-n", "dev", "--clusterrole=view", "--user=ada", "--group=devs", "--serviceaccount=dev:bob"];
        let path = "POST /apis/rbac.authorization.k8s.io/v1/namespaces/dev/rolebindings?fieldManager=kubectl-create&fieldValidation=Strict";
        let outcome = kubectl(&words, "", &[(path, 201, json!({}))]);
        assert_eq!(
            (outcome.status, outcome.stdout.as_str()),
            (0, "rolebinding.rbac.authorization.k8s.io/rb created\n"),
            "{}",
            outcome.stderr
        );
        let body = concat!(
            r#""subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"ada"},{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"devs"},"#,
            r#"{"kind":"ServiceAccount","name":"bob","namespace":"dev"}],"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"}}"#
        );
        assert!(outcome.asked[0].ends_with(body), "{}", outcome.asked[0]);
        let fails = |words: &[&str], text: &str| assert_eq!(kubectl(words, "", &[]).stderr, format!("error: {text}\n"));
        fails(&["create", "rolebinding", "rb"], "exactly one of clusterrole or role must be specified");
        fails(
            &["create", "clusterrolebinding", "rb", "--clusterrole=x", "--serviceaccount=bob"],
            "serviceaccount must be <namespace>:<name>",
        );
    }

    #[test]
    fn a_refused_role_is_told_as_the_server_says_it_and_a_refused_binding_is_wrapped() {
        let refused = |words: &[&str], plural: &str| {
            let path = format!("POST /apis/rbac.authorization.k8s.io/v1/{plural}?fieldManager=kubectl-create&fieldValidation=Strict");
            let status = json!({"kind": "Status", "status": "Failure", "reason": "Forbidden", "message": "no", "code": 403});
            kubectl(words, "", &[(&path, 403, status)]).stderr
        };
        let role = refused(&["create", "clusterrole", "r", "--verb=get", "--non-resource-url=/x"], "clusterroles");
        assert_eq!(role, "Error from server (Forbidden): no\n");
        let binding = refused(&["create", "clusterrolebinding", "b", "--clusterrole=x", "--user=u"], "clusterrolebindings");
        assert_eq!(binding, "error: failed to create clusterrolebinding: no\n");
    }

    #[test]
    fn rules_are_gathered_by_group_and_need_a_verb_and_a_resource() {
        let outcome = kubectl(
            &["create", "role", "r", "--verb=get,list", "--verb=get", "--resource=po,secrets/x", "--resource-name=a"],
            "",
            &[(
                "POST /apis/rbac.authorization.k8s.io/v1/namespaces/default/roles?fieldManager=kubectl-create&fieldValidation=Strict",
                201,
                json!({}),
            )],
        );
        assert_eq!(outcome.stdout, "role.rbac.authorization.k8s.io/r created\n", "{}", outcome.stderr);
        let sent = outcome.asked.last().cloned().unwrap_or_default();
        assert!(
            sent.contains(r#""rules":[{"verbs":["get","list"],"apiGroups":[""],"resources":["pods","secrets/x"],"resourceNames":["a"]}]"#),
            "{sent}"
        );
        let fails = |words: &[&str], text: &str| assert_eq!(kubectl(words, "", &[]).stderr, format!("error: {text}\n"));
        fails(&["create", "role", "r", "--resource=pods"], "at least one verb must be specified");
        fails(&["create", "role", "r", "--verb=get"], "at least one resource must be specified");
        fails(&["create", "role", "r", "--verb=get", "--resource=podz"], "the server doesn't have a resource type \"podz\"");
        fails(&["create", "clusterrole", "r", "--verb=get"], "one of resource or nonResourceURL must be specified");
    }
}
