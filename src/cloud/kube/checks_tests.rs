//! Checks that guard against one thing each: taken away, that thing would go through and everything else would stay as it is.

use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::bench::{Bench, managed};
use crate::cloud::http::endpoint::Request;
use crate::cloud::lab::{Answer, Who, answer};

const RBAC: &str = "rbac.authorization.k8s.io";

/// A cluster whose local account is at hand.
struct Place {
    bench: Bench,
    local: String,
}

impl Place {
    fn new() -> Self {
        let bench = Bench::new(managed(), false);
        let local = {
            let state = bench.lab.cloud.shared.state();
            state.aks.get(&bench.cluster()).and_then(|cluster| cluster.credentials.clone()).expect("made").token
        };
        Self { bench, local }
    }

    fn make(&self, target: &str, body: &Value) -> Value {
        self.bench.as_local(&self.local, "POST", target, body)
    }

    /// Asks with a token and headers.
    fn ask(&self, token: &str, headers: &[(&'static str, &str)], method: &str, target: &str, body: &Value) -> Answer {
        let mut request =
            Request::new(Method::from_bytes(method.as_bytes()).expect("a method"), &self.bench.host, target).with_bearer(token);
        if !body.is_null() {
            request = request.with_json(body);
        }
        for (name, value) in headers {
            request.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header's text"));
        }
        answer(&self.bench.lab.cloud.shared.handle(&request))
    }

    /// Rules for a user, everywhere or in a namespace.
    fn rules(&self, name: &str, user: &str, namespace: &str, rules: &Value) {
        let (role, binding, home) = if namespace.is_empty() {
            ("ClusterRole", "ClusterRoleBinding", String::new())
        } else {
            ("Role", "RoleBinding", format!("namespaces/{namespace}/"))
        };
        let of = |kind: &str| format!("/apis/{RBAC}/v1/{home}{}s", kind.to_lowercase());
        let version = format!("{RBAC}/v1");
        self.make(&of(role), &json!({"apiVersion": version, "kind": role, "metadata": {"name": name}, "rules": rules}));
        let subject = match user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')) {
            Some((namespace, name)) => json!({"kind": "ServiceAccount", "namespace": namespace, "name": name}),
            None => json!({"apiGroup": RBAC, "kind": "User", "name": user}),
        };
        let body = json!({"apiVersion": version, "kind": binding, "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC, "kind": role, "name": name}, "subjects": [subject]});
        self.make(&of(binding), &body);
    }

    /// A token of an account, for a pod when one is named by name and uid.
    fn token(&self, account: &str, pod: Option<(&str, &str)>) -> Answer {
        let mut body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        if let Some((name, uid)) = pod {
            body["spec"]["boundObjectRef"] = json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid});
        }
        self.ask(&self.local, &[], "POST", &format!("/api/v1/namespaces/default/serviceaccounts/{account}/token"), &body)
    }

    fn who(&self, token: &str, headers: &[(&'static str, &str)]) -> Answer {
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let (status, body) = self.ask(token, headers, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", &body);
        (status, if status == 201 { body["status"]["userInfo"].clone() } else { body["message"].clone() })
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn who_may_change_a_role_or_a_binding_does_not_make_it_more_than_they_have() {
    let place = Place::new();
    let all = json!(["create", "get", "update", "patch"]);
    let rules = json!([
        {"apiGroups": [RBAC], "resources": ["roles", "rolebindings"], "verbs": all},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
    ]);
    place.rules("mallory", "mallory", "default", &rules);
    let as_mallory = [("impersonate-user", "mallory")];
    let roles = format!("/apis/{RBAC}/v1/namespaces/default/roles");
    let role = |resource: &str| {
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": "Role", "metadata": {"name": "own"},
            "rules": [{"apiGroups": [""], "resources": [resource], "verbs": ["get"]}]})
    };
    assert_eq!(place.ask(&place.local, &as_mallory, "POST", &roles, &role("pods")).0, 201);
    for method in ["PUT", "PATCH"] {
        let target = format!("{roles}/own");
        let headers: &[(&'static str, &str)] =
            if method == "PATCH" { &[("impersonate-user", "mallory"), ("x", "y")] } else { &[("impersonate-user", "mallory")] };
        let mut request = Request::new(Method::from_bytes(method.as_bytes()).expect("a method"), &place.bench.host, &target)
            .with_bearer(&place.local)
            .with_json(&role("secrets"));
        if method == "PATCH" {
            request.headers.insert("content-type", HeaderValue::from_static("application/merge-patch+json"));
        }
        for (name, value) in headers {
            request.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header's text"));
        }
        let (status, body) = answer(&place.bench.lab.cloud.shared.handle(&request));
        assert_eq!(status, 403, "{method}: {body}");
        assert!(text(&body["message"]).contains("is attempting to grant RBAC permissions not currently held"), "{body}");
    }
    let binding = json!({"apiVersion": format!("{RBAC}/v1"), "kind": "RoleBinding", "metadata": {"name": "strong"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}, "subjects": []});
    let bindings = format!("/apis/{RBAC}/v1/namespaces/default/rolebindings");
    place.make(&bindings, &binding);
    let mut with_mallory = binding;
    with_mallory["subjects"] = json!([{"apiGroup": RBAC, "kind": "User", "name": "mallory"}]);
    assert_eq!(place.ask(&place.local, &as_mallory, "PUT", &format!("{bindings}/strong"), &with_mallory).0, 403);
}

#[test]
fn each_thing_that_is_impersonated_needs_a_right_of_its_own() {
    let place = Place::new();
    let robot = text(&place.token("default", None).1["status"]["token"]).to_owned();
    let of = |resource: &str, names: Value| json!({"apiGroups": [""], "resources": [resource], "verbs": ["impersonate"], "resourceNames": names});
    let account = "system:serviceaccount:default:default";
    place.rules("speaks", account, "", &json!([of("users", json!(["jane", "system:anonymous"])), of("groups", json!(["devs"]))]));
    place.rules("speaks-here", account, "default", &json!([of("serviceaccounts", json!([]))]));
    let check = |headers: &[(&'static str, &str)], status: u16, expected: &str| {
        let (found, body) = place.who(&robot, headers);
        assert!(found == status && body.to_string().contains(expected), "{headers:?}: {found} {body}");
    };
    check(&[("impersonate-user", "jane"), ("impersonate-group", "devs")], 201, r#"["devs","system:authenticated"]"#);
    check(&[("impersonate-user", "joe")], 403, "cannot impersonate resource \\\"users\\\"");
    check(&[("impersonate-user", "jane"), ("impersonate-group", "system:masters")], 403, "cannot impersonate resource \\\"groups\\\"");
    check(
        &[("impersonate-user", "jane"), ("impersonate-uid", "7")],
        403,
        "cannot impersonate resource \\\"uids\\\" in API group \\\"authentication.k8s.io\\\"",
    );
    check(&[("impersonate-user", "jane"), ("impersonate-extra-oid", "x")], 403, "cannot impersonate resource \\\"userextras/oid\\\"");
    check(&[("impersonate-group", "devs")], 400, "requested impersonation without impersonating a user");
    check(&[("impersonate-user", account)], 201, r#""system:serviceaccounts:default""#);
    check(&[("impersonate-user", "system:serviceaccount:kube-system:default")], 403, "in the namespace \\\"kube-system\\\"");
    check(&[("impersonate-user", "system:anonymous")], 403, "selfsubjectreviews");
    let (status, body) = place.ask(&robot, &[("impersonate-user", "system:anonymous")], "GET", "/api", &Value::Null);
    assert_eq!(status, 403, "discovery is for those who are authenticated: {body}");
}

#[test]
fn a_token_ends_with_its_account_and_with_its_pod() {
    let place = Place::new();
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"serviceAccountName": "robot", "containers": [{"name": "a", "image": "nginx"}]}});
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    let pods = "/api/v1/namespaces/default/pods";
    place.make(accounts, &account);
    let uid = text(&place.make(pods, &pod)["metadata"]["uid"]).to_owned();
    let (status, refusal) = place.token("robot", Some(("p", "another")));
    assert_eq!(status, 409, "{refusal}");
    let bound = text(&place.token("robot", Some(("p", &uid))).1["status"]["token"]).to_owned();
    let free = text(&place.token("robot", None).1["status"]["token"]).to_owned();
    assert_eq!((place.who(&bound, &[]).0, place.who(&free, &[]).0), (201, 201));
    let now = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0});
    assert_eq!(place.ask(&place.local, &[], "DELETE", &format!("{pods}/p"), &now).0, 200);
    assert_eq!((place.who(&bound, &[]).0, place.who(&free, &[]).0), (401, 201), "the pod is gone");
    place.make(pods, &pod);
    assert_eq!(place.who(&bound, &[]).0, 401, "another pod of the same name");
    assert_eq!(place.ask(&place.local, &[], "DELETE", &format!("{accounts}/robot"), &Value::Null).0, 200);
    assert_eq!(place.who(&free, &[]).0, 401, "the account is gone");
    place.make(accounts, &account);
    assert_eq!(place.who(&free, &[]).0, 401, "another account of the same name");
}

#[test]
fn what_somebody_changes_in_the_roles_of_aks_is_undone() {
    let place = Place::new();
    let role = format!("/apis/{RBAC}/v1/clusterroles/aks-service");
    let before = place.ask(&place.local, &[], "GET", &role, &Value::Null).1;
    let mut changed = before.clone();
    changed["rules"] = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    assert_eq!(place.ask(&place.local, &[], "PUT", &role, &changed).0, 200);
    assert_eq!(place.ask(&place.local, &[], "GET", &role, &Value::Null).1["rules"], before["rules"]);
}

#[test]
fn reviews_are_of_whom_and_where_they_say() {
    let place = Place::new();
    let of = |kind: &str, spec: Value| json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec});
    let secrets = json!({"verb": "get", "resource": "secrets", "namespace": "default"});
    let named = of("SubjectAccessReview", json!({"user": "nobody", "resourceAttributes": secrets}));
    let target = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    assert_eq!(place.make(target, &named)["status"]["allowed"], false, "the local account may, who is asked about may not");
    let grouped = of("SubjectAccessReview", json!({"user": "nobody", "groups": ["system:masters"], "resourceAttributes": secrets}));
    assert_eq!(place.make(target, &grouped)["status"]["allowed"], true);
    let local = of("LocalSubjectAccessReview", json!({"user": "nobody", "resourceAttributes": secrets}));
    let of_namespace = |name: &str| format!("/apis/authorization.k8s.io/v1/namespaces/{name}/localsubjectaccessreviews");
    assert_eq!(place.make(&of_namespace("default"), &local)["status"]["allowed"], false);
    assert_eq!(place.ask(&place.local, &[], "POST", &of_namespace("kube-system"), &local).0, 400);
}

#[test]
fn a_token_of_entra_is_for_the_cluster_and_not_for_other_audiences() {
    let place = Place::new();
    let token = place.bench.lab.token(Who::User, super::bench::SERVER).expect("a token");
    let review = |audiences: Value| {
        let body =
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token, "audiences": audiences}});
        place.make("/apis/authentication.k8s.io/v1/tokenreviews", &body)["status"].clone()
    };
    assert_eq!(review(json!([]))["authenticated"], true);
    let refused = review(json!(["https://elsewhere"]));
    assert_eq!((&refused["authenticated"], &refused["error"]), (&Value::Null, &json!("invalid bearer token")));
}
