//! Azure's authorization webhook: what role assignments in Azure let a user of Entra do in a cluster. Pure; it decides and says why.
//!
//! Source: kubeguard `authz/providers/azure/azure.go` and `rbac/checkaccessreqhelper.go`, `rbac/rbac.go`.

use super::resources;
use crate::cloud::http::endpoint::KubeAttributes;
use crate::cloud::identity::azure_rbac::{self, Grant, Plane};
use crate::cloud::identity::caller::KubeUser;

/// What the type of a cluster is called in data actions.
const CLUSTER_TYPE: &str = "Microsoft.ContainerService/managedClusters";

const NOT_ALLOWED: &str = "User does not have access to the resource in Azure. Update role assignment to allow access.";
const NO_OPINION: &str = "Azure does not have opinion for this user.";
const NOT_OF_ENTRA: &str = "Azure does not have opinion for this non AAD user. If you are an AAD user, please set Extra:oid parameter for impersonated user in the kubeconfig";

/// A user's role assignments and the cluster that is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    /// The managed cluster's id.
    pub(crate) cluster_id: String,
    /// Role assignments of everybody.
    pub(crate) grants: Vec<Grant>,
}

/// A decision with what it was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opinion {
    pub(crate) allowed: bool,
    /// What the API server is told.
    pub(crate) reason: String,
    /// Where Azure was asked about the data actions.
    pub(crate) scope: String,
    /// The data actions that the request needs; none where no role decides.
    pub(crate) actions: Vec<String>,
    /// Why, for people who ask.
    pub(crate) told: String,
}

/// Decides one request of `user`.
pub(crate) fn decide(webhook: &Webhook, user: &KubeUser, attributes: &KubeAttributes) -> Opinion {
    let scope = scope(&webhook.cluster_id, &attributes.namespace);
    let opinion = |allowed: bool, reason: &str, actions: Vec<String>, told: String| Opinion {
        allowed,
        reason: reason.to_owned(),
        scope: scope.clone(),
        actions,
        told,
    };
    let refused = |reason: &str| opinion(false, reason, Vec::new(), reason.to_owned());
    if user.name.to_lowercase().starts_with("system:") {
        return refused(NO_OPINION);
    }
    let Some(object_id) = object_id(user) else { return refused(NOT_OF_ENTRA) };
    if attributes.resource.is_empty() && is_for_everybody(attributes) {
        return opinion(true, "Access allowed by Azure RBAC", Vec::new(), "open to every user of Entra".to_owned());
    }
    let Some(actions) = data_actions(attributes) else { return refused(NOT_ALLOWED) };
    // Group names that are no GUIDs are not Entra's.
    let groups = user.groups.iter().filter(|group| uuid::Uuid::try_parse(group).is_ok());
    let principals: Vec<String> = std::iter::once(object_id.to_owned()).chain(groups.cloned()).collect();
    let mut last = None;
    for action in &actions {
        match azure_rbac::decide(&webhook.grants, &principals, action, &scope, Plane::Data) {
            azure_rbac::Decision::Allowed(grant) => last = Some(grant),
            azure_rbac::Decision::Denied(denial) => {
                let told = format!("{action} at {scope} is denied: {}", denial.told());
                return opinion(false, NOT_ALLOWED, Vec::new(), told);
            }
        }
    }
    let Some(grant) = last else { return refused(NOT_ALLOWED) };
    let reason = format!(
        "Access allowed by Azure RBAC Role Assignment {} of Role {} to user {}",
        grant.assignment_id.rsplit('/').next().unwrap_or_default(),
        grant.role_id,
        user.name
    );
    let told = format!("{} at {scope} is allowed by the role {} at {}", actions.join(", "), grant.role_name(), grant.scope);
    opinion(true, &reason, actions, told)
}

fn object_id(user: &KubeUser) -> Option<&str> {
    let (_, values) = user.extra.iter().find(|(name, _)| name == "oid")?;
    values.first().map(String::as_str).filter(|id| !id.is_empty())
}

/// Discovery is open to every user of Entra.
fn is_for_everybody(attributes: &KubeAttributes) -> bool {
    attributes.verb.eq_ignore_ascii_case("get")
        && ["/api", "/openapi", "/version", "/healthz"].iter().any(|prefix| attributes.path.to_lowercase().starts_with(prefix))
}

/// The id that a role is assigned at to hold in one namespace.
fn scope(cluster_id: &str, namespace: &str) -> String {
    if namespace.is_empty() { cluster_id.to_owned() } else { format!("{cluster_id}/namespaces/{namespace}") }
}

/// The data actions that a request needs, all of them; none when Azure has no name for its verb.
fn data_actions(attributes: &KubeAttributes) -> Option<Vec<String>> {
    let KubeAttributes { verb, group, resource, subresource, path, .. } = attributes;
    let word = action_word(verb)?;
    if resource.is_empty() {
        return Some(vec![format!("{CLUSTER_TYPE}/{}/{word}", path.trim_matches('/'))]);
    }
    if [verb, group, resource].iter().any(|part| *part == "*") {
        // The real webhook asks about every kind that fits; the kinds here are those of this API server.
        let known = resources::all().iter().filter(|known| {
            (group == "*" || known.group == group)
                && (resource == "*" || known.plural == resource)
                && (attributes.namespace.is_empty() || known.namespaced)
        });
        let words: Vec<&str> = if verb == "*" { vec!["read", "write", "delete"] } else { vec![word] };
        let named = known.flat_map(|known| words.iter().map(|word| data_action(known.group, known.plural, word)));
        return Some(named.collect::<Vec<_>>()).filter(|actions| !actions.is_empty());
    }
    if !is_built_in(group, resource) && matches!(word, "read" | "write" | "delete") {
        return Some(vec![format!("{CLUSTER_TYPE}/customresources/{word}")]);
    }
    if resource == "pods" && subresource == "exec" {
        return Some(vec![format!("{CLUSTER_TYPE}/pods/exec/action")]);
    }
    Some(vec![data_action(group, resource, word)])
}

fn data_action(group: &str, resource: &str, word: &str) -> String {
    if group.is_empty() { format!("{CLUSTER_TYPE}/{resource}/{word}") } else { format!("{CLUSTER_TYPE}/{group}/{resource}/{word}") }
}

fn action_word(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "get" | "list" | "watch" => "read",
        "create" | "patch" | "update" => "write",
        "delete" | "deletecollection" => "delete",
        "bind" => "bind/action",
        "escalate" => "escalate/action",
        "use" => "use/action",
        "impersonate" => "impersonate/action",
        "*" => "*",
        _ => return None,
    })
}

/// Groups of Kubernetes itself end in `k8s.io` or have no dot; what else is there comes from custom resource definitions. Assumed: that this
/// tells the same kinds apart as Azure's list of operations.
fn is_built_in(group: &str, resource: &str) -> bool {
    let of_a_definition = resources::all().iter().any(|known| known.group == group && known.plural == resource);
    of_a_definition || !group.contains('.') || group.ends_with(".k8s.io")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::cloud::identity::azure_rbac::{CustomPermission, CustomRole};

    const CLUSTER: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/c";
    const OID: &str = "33333333-0000-4000-8000-000000000001";

    /// A webhook where `principal` has these data actions, below the clusters' type.
    fn webhook(principal: &str, actions: &[&str]) -> Webhook {
        let data_actions = actions.iter().map(|action| format!("{CLUSTER_TYPE}/{action}")).collect();
        let role = CustomRole {
            id: "r".into(),
            name: "r".into(),
            permissions: vec![CustomPermission { data_actions, ..CustomPermission::default() }],
        };
        let grant = Grant {
            assignment_id: "a".into(),
            principal_id: principal.into(),
            role_id: "r".into(),
            scope: CLUSTER.into(),
            created: Timestamp::UNIX_EPOCH,
            custom: Some(Arc::new(role)),
        };
        Webhook { cluster_id: CLUSTER.into(), grants: vec![grant] }
    }

    fn user(name: &str, groups: &[&str]) -> KubeUser {
        KubeUser {
            name: name.into(),
            groups: groups.iter().map(ToString::to_string).collect(),
            extra: vec![("oid".into(), vec![OID.into()])],
            ..KubeUser::default()
        }
    }

    fn asked(verb: &str, group: &str, resource: &str, subresource: &str) -> KubeAttributes {
        KubeAttributes {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            namespace: "dev".into(),
            ..KubeAttributes::default()
        }
    }

    #[track_caller]
    fn check(actions: &[&str], (verb, group, resource, subresource): (&str, &str, &str, &str), expected: bool) {
        let found = decide(&webhook(OID, actions), &user("ada@x", &[]), &asked(verb, group, resource, subresource));
        assert_eq!(found.allowed, expected, "{verb} {resource}.{group} with {actions:?}: {}", found.reason);
    }

    #[test]
    fn each_verb_needs_its_own_word() {
        for (verb, word) in [("get", "read"), ("patch", "write"), ("create", "write"), ("delete", "delete"), ("deletecollection", "delete")]
        {
            for given in ["read", "write", "delete"] {
                check(&[&format!("pods/{given}")], (verb, "", "pods", ""), given == word);
            }
        }
        for verb in ["bind", "escalate", "use", "impersonate"] {
            check(&["pods/read", "pods/write", "pods/delete"], (verb, "", "pods", ""), false);
            check(&[&format!("pods/{verb}/action")], (verb, "", "pods", ""), true);
        }
        check(&["*"], ("proxy", "", "pods", ""), false);
    }

    #[test]
    fn groups_of_kinds_and_subresources_are_named_or_left_out() {
        check(&["deployments/read"], ("get", "apps", "deployments", ""), false);
        check(&["apps/deployments/read"], ("get", "apps", "deployments", "scale"), true);
        check(&["pods/write"], ("create", "", "pods", "exec"), false);
        check(&["pods/exec/action"], ("create", "", "pods", "exec"), true);
        check(&["cert-manager.io/certificates/read"], ("get", "cert-manager.io", "certificates", ""), false);
        check(&["customresources/read"], ("get", "cert-manager.io", "certificates", ""), true);
        check(&["customresources/read"], ("get", "gateway.networking.k8s.io", "httproutes", ""), false);
    }

    #[test]
    fn a_star_needs_everything_that_it_stands_for() {
        check(&["*"], ("*", "*", "*", ""), true);
        check(&["*/read", "*/write"], ("*", "*", "*", ""), false);
        check(&["pods/read"], ("get", "", "*", ""), false);
        check(&["*/read"], ("get", "", "*", ""), true);
    }

    #[test]
    fn discovery_is_read_by_everybody_of_entra_and_nothing_else_is() {
        let path = |verb: &str, path: &str| {
            let asked = KubeAttributes { verb: verb.into(), path: path.into(), ..KubeAttributes::default() };
            decide(&webhook("nobody", &[]), &user("ada@x", &[]), &asked).allowed
        };
        assert!(path("get", "/api") && path("GET", "/Version") && path("get", "/openapi/v3"));
        assert!(!path("post", "/api") && !path("get", "/metrics") && !path("get", "/"));
    }

    #[test]
    fn only_groups_of_entra_lend_their_roles_and_the_systems_own_have_none() {
        let group = "22222222-0000-4000-8000-000000000001";
        let pods = asked("get", "", "pods", "");
        assert!(decide(&webhook(group, &["pods/read"]), &user("ada@x", &[group]), &pods).allowed);
        assert!(!decide(&webhook("devs", &["pods/read"]), &user("ada@x", &["devs"]), &pods).allowed, "a name is no object id");
        for name in ["system:node:x", "SYSTEM:node:x"] {
            let refused = decide(&webhook(OID, &["*"]), &user(name, &[]), &pods);
            assert_eq!((refused.allowed, refused.reason.as_str()), (false, NO_OPINION));
        }
        let stranger = KubeUser { extra: Vec::new(), ..user("ada@x", &[]) };
        assert_eq!(decide(&webhook(OID, &["*"]), &stranger, &pods).reason, NOT_OF_ENTRA);
    }
}
