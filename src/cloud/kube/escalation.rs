//! Nobody grants more than they have: what a write of a role or a binding must be covered by. Pure.
//!
//! Rules: kubernetes `pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased/storage.go`,
//! `pkg/registry/rbac/validation/rule.go`, component-helpers `auth/rbac/validation/policy_comparator.go`.

use serde_json::{Value, json};

use super::authorizer::Asker;
use super::objects::{Store, name_of, text};
use super::rbac;
use super::resources::{self, Resource};
use super::status::Status;
use crate::cloud::http::endpoint::KubeAttributes;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Refuses the write of a role or binding that would give away what `asker` does not have.
pub(crate) fn check(store: &Store, asker: &Asker, resource: &Resource, namespace: &str, object: &Value) -> Result<(), Status> {
    if resource.group != GROUP || asker.is_master() {
        return Ok(());
    }
    match resource.plural {
        "roles" | "clusterroles" => check_role(store, asker, resource, namespace, object),
        "rolebindings" | "clusterrolebindings" => check_binding(store, asker, resource, namespace, object),
        _ => Ok(()),
    }
}

fn check_role(store: &Store, asker: &Asker, resource: &Resource, namespace: &str, role: &Value) -> Result<(), Status> {
    let name = name_of(role);
    if may(store, asker, &on_role("escalate", resource.plural, namespace, name), &rules_of(role)) {
        return Ok(());
    }
    // A role that gathers others can come to hold anything.
    if role["aggregationRule"]["clusterRoleSelectors"].as_array().is_some_and(|selectors| !selectors.is_empty()) {
        let everything =
            [json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}), json!({"verbs": ["*"], "nonResourceURLs": ["*"]})];
        if uncovered(store, asker, namespace, &everything).is_some() {
            return Err(Status::forbidden(resource, name, "must have cluster-admin privileges to use the aggregationRule"));
        }
    }
    confirm(store, asker, resource, namespace, name, &rules_of(role))
}

fn check_binding(store: &Store, asker: &Asker, resource: &Resource, namespace: &str, binding: &Value) -> Result<(), Status> {
    let (kind, role) = (text(binding, "/roleRef/kind"), text(binding, "/roleRef/name"));
    let (plural, home) = if kind == "Role" { ("roles", namespace) } else { ("clusterroles", "") };
    let roles = resources::find(GROUP, "v1", plural).expect("the RBAC kinds are in the table");
    let granted = store.find(roles, home, role);
    let rules = granted.map(|role| rules_of(role)).unwrap_or_default();
    if may(store, asker, &on_role("bind", plural, namespace, role), &rules) {
        return Ok(());
    }
    let granted = granted.ok_or_else(|| Status::not_found(roles, role))?;
    confirm(store, asker, resource, namespace, name_of(binding), &rules_of(granted))
}

fn on_role(verb: &str, plural: &str, namespace: &str, name: &str) -> KubeAttributes {
    KubeAttributes {
        verb: verb.to_owned(),
        group: GROUP.to_owned(),
        resource: plural.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        ..KubeAttributes::default()
    }
}

/// Whether the asker may do it whatever the rules are. Who has all of these `rules` needs no such right, so none is noted.
fn may(store: &Store, asker: &Asker, attributes: &KubeAttributes, rules: &[Value]) -> bool {
    if !asker.would(store, attributes) {
        return false;
    }
    if rules.is_empty() || uncovered(store, asker, &attributes.namespace, rules).is_some() {
        return asker.decide(store, attributes).allowed;
    }
    note(store, asker, &attributes.namespace, rules);
    true
}

fn confirm(store: &Store, asker: &Asker, resource: &Resource, namespace: &str, name: &str, rules: &[Value]) -> Result<(), Status> {
    if let Some(why) = uncovered(store, asker, namespace, rules) {
        return Err(Status::forbidden(resource, name, &why));
    }
    note(store, asker, namespace, rules);
    Ok(())
}

/// Without each of these rules the write would be refused.
fn note(store: &Store, asker: &Asker, namespace: &str, rules: &[Value]) {
    for piece in rules.iter().flat_map(pieces) {
        let (resource, subresource) = piece.resource.as_deref().map_or(("", ""), |name| name.split_once('/').unwrap_or((name, "")));
        let attributes = KubeAttributes {
            verb: piece.verbs.concat(),
            group: piece.group.clone().unwrap_or_default(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: piece.name.clone().unwrap_or_default(),
            path: piece.url.clone().unwrap_or_default(),
        };
        asker.take_rule(store, &attributes);
    }
}

fn rules_of(role: &Value) -> Vec<Value> {
    role["rules"].as_array().cloned().unwrap_or_default()
}

/// The sentence about those of `rules` that the asker does not have in `namespace`; none when it has them all.
fn uncovered(store: &Store, asker: &Asker, namespace: &str, rules: &[Value]) -> Option<String> {
    let mut problems = Vec::new();
    let own: Vec<Value> = rbac::held(store, asker.user(), namespace, &mut problems);
    let missing: Vec<Piece> = rules.iter().flat_map(pieces).filter(|piece| !own.iter().any(|rule| piece.is_covered_by(rule))).collect();
    if missing.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = compacted(missing).iter().map(Piece::text).collect();
    lines.sort_unstable();
    lines.dedup();
    let groups = go_list(&asker.user().groups);
    let mut why = format!(
        "user {} (groups={groups}) is attempting to grant RBAC permissions not currently held:\n{}",
        go_text(&asker.user().name),
        lines.join("\n")
    );
    if !problems.is_empty() {
        why.push_str(&format!("; resolution errors: [{}]", problems.join(", ")));
    }
    Some(why)
}

/// The smallest parts of a rule, as they are compared: one verb on one kind, name or path; verbs are gathered again for people.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    group: Option<String>,
    resource: Option<String>,
    url: Option<String>,
    name: Option<String>,
    verbs: Vec<String>,
}

fn texts(rule: &Value, member: &str) -> Vec<String> {
    rule[member].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn pieces(rule: &Value) -> Vec<Piece> {
    let verbs = texts(rule, "verbs");
    let names: Vec<Option<String>> = match texts(rule, "resourceNames") {
        names if names.is_empty() => vec![None],
        names => names.into_iter().map(Some).collect(),
    };
    let mut all = Vec::new();
    for group in texts(rule, "apiGroups") {
        for resource in texts(rule, "resources") {
            for verb in &verbs {
                all.extend(names.iter().map(|name| Piece {
                    group: Some(group.clone()),
                    resource: Some(resource.clone()),
                    url: None,
                    name: name.clone(),
                    verbs: vec![verb.clone()],
                }));
            }
        }
    }
    for url in texts(rule, "nonResourceURLs") {
        all.extend(verbs.iter().map(|verb| Piece {
            group: None,
            resource: None,
            url: Some(url.clone()),
            name: None,
            verbs: vec![verb.clone()],
        }));
    }
    all
}

impl Piece {
    fn is_covered_by(&self, rule: &Value) -> bool {
        let has =
            |member: &str, test: &dyn Fn(&str) -> bool| rule[member].as_array().into_iter().flatten().filter_map(Value::as_str).any(test);
        let verbs = self.verbs.iter().all(|verb| has("verbs", &|known| known == "*" || known == verb));
        let group = self.group.as_ref().is_none_or(|group| has("apiGroups", &|known| known == "*" || known == group));
        let resource = self.resource.as_ref().is_none_or(|resource| {
            let any_parent = resource.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
            has("resources", &|known| known == "*" || known == resource || any_parent.as_deref() == Some(known))
        });
        let url = self.url.as_ref().is_none_or(|url| {
            has("nonResourceURLs", &|known| known == url || (known.ends_with('*') && url.starts_with(known.trim_end_matches('*'))))
        });
        let restricts = rule["resourceNames"].as_array().is_some_and(|names| !names.is_empty());
        let name = !restricts || self.name.as_ref().is_some_and(|name| has("resourceNames", &|known| known == name));
        verbs && group && resource && url && name
    }

    /// Kubernetes `pkg/apis/rbac/v1/helpers.go`, `CompactString`.
    fn text(&self) -> String {
        let mut parts = Vec::new();
        let mut part = |label: &str, value: &Option<String>| {
            if let Some(value) = value {
                parts.push(format!("{label}:[{}]", go_text(value)));
            }
        };
        part("APIGroups", &self.group);
        part("Resources", &self.resource);
        part("NonResourceURLs", &self.url);
        part("ResourceNames", &self.name);
        parts.push(format!("Verbs:{}", go_list(&self.verbs)));
        format!("{{{}}}", parts.join(", "))
    }
}

/// Pieces about the same kind and name share a line; kubernetes `pkg/registry/rbac/validation/policy_compact.go`. Paths stay apart.
fn compacted(missing: Vec<Piece>) -> Vec<Piece> {
    let mut compact: Vec<Piece> = Vec::new();
    for piece in missing {
        let same = |known: &&mut Piece| {
            piece.url.is_none() && (&known.group, &known.resource, &known.name) == (&piece.group, &piece.resource, &piece.name)
        };
        match compact.iter_mut().filter(|known| known.url.is_none()).find(same) {
            Some(known) => known.verbs.extend(piece.verbs),
            None => compact.push(piece),
        }
    }
    compact
}

/// Go's `%q`, as far as names in RBAC need it.
fn go_text(text: &str) -> String {
    json!(text).to_string()
}

fn go_list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| go_text(text)).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::super::objects::Key;
    use super::*;
    use crate::cloud::identity::caller::KubeUser;

    fn rbac_kind(plural: &str) -> &'static Resource {
        resources::find(GROUP, "v1", plural).unwrap()
    }

    fn put(store: &mut Store, plural: &str, namespace: &str, name: &str, object: Value) {
        let mut object = object;
        object["metadata"] = json!({"name": name});
        store.create(rbac_kind(plural), Key::new(rbac_kind(plural), namespace, name), object, Timestamp::UNIX_EPOCH);
    }

    /// alice has the rules `held` everywhere.
    fn store(held: Value) -> Store {
        let mut store = Store::new(Uuid::nil());
        put(&mut store, "clusterroles", "", "held", json!({ "rules": held }));
        put(
            &mut store,
            "clusterroles",
            "",
            "big",
            json!({"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]}),
        );
        let binding = json!({"roleRef": {"kind": "ClusterRole", "name": "held"}, "subjects": [{"kind": "User", "name": "alice"}]});
        put(&mut store, "clusterrolebindings", "", "b", binding);
        store
    }

    fn alice() -> Asker {
        Asker::in_kubernetes(KubeUser { name: "alice".into(), groups: vec!["g1".into(), "g2".into()], ..KubeUser::default() })
    }

    #[track_caller]
    fn check_rules(held: Value, granted: Value, expected: Option<&str>) {
        let object = json!({"metadata": {"name": "x"}, "rules": granted});
        let found = check(&store(held), &alice(), rbac_kind("roles"), "dev", &object).err().map(|status| status.message);
        let expected = expected.map(|lines| {
            format!(
                "roles.rbac.authorization.k8s.io \"x\" is forbidden: user \"alice\" (groups=[\"g1\" \"g2\"]) is attempting to grant RBAC \
                 permissions not currently held:\n{lines}"
            )
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_role_may_hold_what_its_author_holds_and_the_rest_is_listed_sorted_and_compact() {
        let pods = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]);
        check_rules(pods.clone(), pods.clone(), None);
        check_rules(
            pods.clone(),
            json!([{"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["get", "watch"]}]),
            Some(
                "{APIGroups:[\"\"], Resources:[\"deployments\"], Verbs:[\"get\" \"watch\"]}\n\
                 {APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"watch\"]}\n\
                 {APIGroups:[\"apps\"], Resources:[\"deployments\"], Verbs:[\"get\" \"watch\"]}\n\
                 {APIGroups:[\"apps\"], Resources:[\"pods\"], Verbs:[\"get\" \"watch\"]}",
            ),
        );
    }

    #[test]
    fn stars_names_subresources_and_paths_cover_as_the_authorizer_matches() {
        let all_logs = json!([{"apiGroups": [""], "resources": ["*/log"], "verbs": ["*"]}]);
        check_rules(all_logs.clone(), json!([{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]), None);
        let everything_of_core = Some("{APIGroups:[\"\"], Resources:[\"*\"], Verbs:[\"get\"]}");
        check_rules(all_logs, json!([{"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}]), everything_of_core);
        let one = json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get"]}]);
        check_rules(one.clone(), one.clone(), None);
        let all = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]);
        check_rules(one.clone(), all.clone(), Some("{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}"));
        check_rules(all, one, None);
        let paths = |url: &str| json!([{"nonResourceURLs": [url], "verbs": ["get"]}]);
        check_rules(paths("/metrics*"), paths("/metrics/x"), None);
        check_rules(paths("/metrics"), paths("/metrics/x"), Some("{NonResourceURLs:[\"/metrics/x\"], Verbs:[\"get\"]}"));
    }

    #[test]
    fn a_binding_needs_the_rules_or_the_verb_bind_and_the_role_must_exist() {
        let binding = |role: &str| json!({"metadata": {"name": "rb"}, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": []});
        let ask = |held: Value, role: &str| check(&store(held), &alice(), rbac_kind("rolebindings"), "dev", &binding(role));
        let refused = ask(json!([]), "big").unwrap_err().message;
        assert!(refused.starts_with("rolebindings.rbac.authorization.k8s.io \"rb\" is forbidden: user \"alice\""), "{refused}");
        assert!(refused.ends_with("{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}"), "{refused}");
        let bind = json!([{"apiGroups": [GROUP], "resources": ["clusterroles"], "resourceNames": ["big"], "verbs": ["bind"]}]);
        assert_eq!(ask(bind, "big"), Ok(()));
        assert_eq!(ask(json!([]), "gone").unwrap_err().message, "clusterroles.rbac.authorization.k8s.io \"gone\" not found");
    }

    #[test]
    fn escalate_and_masters_may_write_any_role_and_gathering_needs_everything() {
        let object = json!({"metadata": {"name": "x"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
        let escalate = json!([{"apiGroups": [GROUP], "resources": ["roles"], "verbs": ["escalate"]}]);
        assert_eq!(check(&store(escalate), &alice(), rbac_kind("roles"), "dev", &object), Ok(()));
        let master = Asker::in_kubernetes(KubeUser { name: "m".into(), groups: vec!["system:masters".into()], ..KubeUser::default() });
        assert_eq!(check(&Store::new(Uuid::nil()), &master, rbac_kind("roles"), "dev", &object), Ok(()));
        let gathering = json!({"metadata": {"name": "x"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}});
        let refused = check(&store(json!([])), &alice(), rbac_kind("clusterroles"), "", &gathering).unwrap_err().message;
        let expected =
            "clusterroles.rbac.authorization.k8s.io \"x\" is forbidden: must have cluster-admin privileges to use the aggregationRule";
        assert_eq!(refused, expected);
    }
}
