//! Clusters with Entra integration, through the pipeline: who gets in, and what Azure's roles let them do.

use http::Method;
use serde_json::{Value, json};

use super::bench::{Bench, SERVER, azure_rbac, managed};
use crate::cloud::http::endpoint::Request;
use crate::cloud::identity::keys;
use crate::cloud::identity::token;
use crate::cloud::lab::{Who, answer};
use crate::cloud::testing::AZ;

const PODS: &str = "/api/v1/namespaces/default/pods";
const NOT_ALLOWED: &str = "User does not have access to the resource in Azure. Update role assignment to allow access.";

#[test]
fn without_a_binding_a_user_of_entra_is_known_and_may_nothing() {
    let bench = Bench::new(managed(), false);
    let (status, body) = bench.ask(Who::User, "GET", PODS, &Value::Null);
    let expected = "pods is forbidden: User \"reader@docentlab.onmicrosoft.com\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";
    assert_eq!((status, &body["message"]), (403, &json!(expected)));
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let (_, body) = bench.ask(Who::User, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", &review);
    let user = &body["status"]["userInfo"];
    assert_eq!(user["username"], "reader@docentlab.onmicrosoft.com");
    assert_eq!((&user["groups"], &user["extra"]["oid"][0]), (&json!(["system:authenticated"]), &json!(bench.lab.user_id())));
}

#[test]
fn the_admin_groups_are_bound_to_cluster_admin_and_the_binding_comes_back() {
    let bench = Bench::new(managed(), false);
    let inner = bench.group("inner", &[&bench.lab.user_id()]);
    let admins = bench.group("admins", &[&inner]);
    assert_eq!(bench.status(Who::User, "GET", PODS), 403);
    let (_, mut body) = bench.lab.arm(Method::GET, &bench.cluster(), &Value::Null);
    body["properties"]["aadProfile"]["adminGroupObjectIDs"] = json!([admins]);
    assert_eq!(bench.lab.arm(Method::PUT, &bench.cluster(), &body).0, 200);
    bench.lab.advance(120);
    assert_eq!(bench.status(Who::User, "GET", PODS), 200, "through a group in the group");
    let binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/aks-cluster-admin-binding-aad";
    let (_, found) = bench.ask(Who::User, "GET", binding, &Value::Null);
    assert_eq!((&found["roleRef"]["name"], &found["subjects"][0]["name"]), (&json!("cluster-admin"), &json!(admins)));
    assert_eq!(bench.status(Who::User, "DELETE", binding), 200);
    assert_eq!(bench.status(Who::User, "GET", binding), 200, "the add-on manager puts it back");
    body["properties"]["aadProfile"]["adminGroupObjectIDs"] = json!([]);
    assert_eq!(bench.lab.arm(Method::PUT, &bench.cluster(), &body).0, 200);
    bench.lab.advance(120);
    assert_eq!(bench.status(Who::User, "GET", PODS), 403);
}

#[test]
fn a_token_is_refused_by_its_issuer_audience_time_and_signature() {
    let bench = Bench::new(managed(), false);
    let state = bench.lab.cloud.shared.state();
    let (directory, now) = (state.directory.clone(), state.now());
    drop(state);
    let tenant = directory.tenant.id.clone();
    let good = token::issue_for_user(&directory, directory.signed_in_user(), AZ, SERVER, "t", now);
    assert_eq!(bench.review(&good)["authenticated"], true);
    let claims = |change: &dyn Fn(&mut Value)| {
        let mut claims = json!({"aud": SERVER, "iss": format!("https://sts.windows.net/{tenant}/"), "exp": now.as_second() + 600,
            "nbf": now.as_second(), "upn": "eve@x", "oid": "o", "tid": tenant});
        change(&mut claims);
        keys::entra().sign(&tenant, &claims)
    };
    let stranger = "11111111-0000-4000-8000-000000000000";
    let forged = keys::cluster().sign(&tenant, &json!({"aud": SERVER, "iss": format!("https://sts.windows.net/{tenant}/"), "exp": now.as_second() + 600, "upn": "eve@x", "oid": "o"}));
    let for_arm = token::issue_for_user(&directory, directory.signed_in_user(), AZ, "https://management.azure.com", "t", now);
    let cases = [
        (
            claims(&|claims| claims["exp"] = json!(now.as_second())),
            "oidc: token is expired (Token Expiry: 2026-01-01 00:07:00 +0000 UTC)".to_owned(),
        ),
        (for_arm, format!("oidc: expected audience \"{SERVER}\" got [\"https://management.azure.com\"]")),
        (
            claims(&|claims| claims["iss"] = json!(format!("https://sts.windows.net/{stranger}/"))),
            format!(
                "oidc: id token issued by a different provider, expected \"https://sts.windows.net/{tenant}/\" got \"https://sts.windows.net/{stranger}/\""
            ),
        ),
        (forged, "failed to verify signature: failed to verify id token signature".to_owned()),
        (
            claims(&|claims| claims["nbf"] = json!(now.as_second() + 60)),
            "oidc: current time 2026-01-01 00:07:00 +0000 UTC before the nbf (not before) time: 2026-01-01 00:08:00 +0000 UTC".to_owned(),
        ),
        (
            claims(&|claims| {
                claims.as_object_mut().expect("claims").retain(|name, _| name != "upn" && name != "oid");
            }),
            String::new(),
        ),
        ("eyJ.eyJ.x".to_owned(), "oidc: malformed jwt: compact JWS format must have three parts".to_owned()),
    ];
    bench.lab.hints();
    for (token, why) in cases {
        let (status, body) = bench.with_token(&token, PODS);
        assert_eq!((status, &body["message"]), (401, &json!("Unauthorized")), "{why}");
        if why.is_empty() {
            assert_eq!(bench.review(&token)["error"], "[invalid bearer token, username claim upn nor oid found in the token]");
            bench.lab.hints();
            continue;
        }
        assert_eq!(bench.review(&token)["error"], json!(format!("[invalid bearer token, failed to verify token for azure: {why}]")));
        assert_eq!(bench.lab.hints(), [format!("the cluster c refused the token: {why}")]);
    }
}

#[test]
fn more_than_200_groups_are_looked_up_for_a_user_and_refused_for_an_application() {
    let bench = Bench::new(managed(), false);
    let (client, principal) = bench.lab.identity("busy");
    let user = bench.lab.user_id();
    {
        let mut state = bench.lab.cloud.shared.state();
        for number in 0..201 {
            let template = state.directory.groups.first().cloned();
            assert!(template.is_none() || number > 0);
            state.directory.groups.push(crate::cloud::identity::entra::model::Group {
                object_id: format!("22222222-0000-4000-8000-{number:012}"),
                display_name: format!("g{number}"),
                mail_nickname: format!("g{number}"),
                description: None,
                created: jiff::Timestamp::UNIX_EPOCH,
                members: vec![user.clone(), principal.clone()],
            });
        }
    }
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let target = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let (status, body) = bench.ask(Who::User, "POST", target, &review);
    assert_eq!((status, body["status"]["userInfo"]["groups"].as_array().map(Vec::len)), (201, Some(202)));
    assert_eq!(bench.ask(Who::App(&client), "POST", target, &review).0, 401);
    bench.lab.cloud.shared.state().directory.groups.pop();
    let (status, body) = bench.ask(Who::App(&client), "POST", target, &review);
    let user = &body["status"]["userInfo"];
    assert_eq!((status, &user["username"], user["groups"].as_array().map(Vec::len)), (201, &json!(principal), Some(201)));
}

#[test]
fn local_accounts_are_given_out_until_they_are_disabled() {
    let bench = Bench::new(managed(), true);
    let credential = |kind: &str| bench.lab.arm(Method::POST, &format!("{}/listCluster{kind}Credential", bench.cluster()), &Value::Null);
    let (status, body) = credential("Admin");
    let message = "Getting static credential is not allowed because this cluster is set to disable local accounts.";
    assert_eq!((status, &body["message"]), (400, &json!(message)));
    let (status, body) = credential("User");
    assert_eq!(status, 200);
    let config =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body["kubeconfigs"][0]["value"].as_str().unwrap()).unwrap();
    let config: Value = serde_saphyr::from_str(std::str::from_utf8(&config).unwrap()).unwrap();
    let user = &config["users"][0];
    assert_eq!((&user["name"], &user["user"]["exec"]["command"]), (&json!("clusterUser_rg_c"), &json!("kubelogin")));
    assert_eq!(user["user"]["exec"]["args"][2], "AzurePublicCloud");
    assert!(user["user"].get("token").is_none() && user["user"].get("client-key-data").is_none(), "it holds no secret");
}

#[test]
fn the_two_cluster_roles_open_their_own_credential_and_nothing_in_the_cluster() {
    let bench = Bench::new(managed(), false);
    let (client, principal) = bench.lab.identity("dev");
    let get = |kind: &str| {
        bench.lab.arm_as(Who::App(&client), Method::POST, &format!("{}/listCluster{kind}Credential", bench.cluster()), &Value::Null).0
    };
    assert_eq!((get("User"), get("Admin")), (403, 403));
    bench.lab.assign(&principal, "Azure Kubernetes Service Cluster User Role", &bench.cluster());
    assert_eq!((get("User"), get("Admin")), (200, 403));
    assert_eq!(bench.status(Who::App(&client), "GET", PODS), 403, "it may only fetch the kubeconfig");
    bench.lab.assign(&principal, "Azure Kubernetes Service Cluster Admin Role", &bench.cluster());
    assert_eq!(get("Admin"), 200);
}

#[test]
fn an_owner_has_no_right_in_a_cluster_until_a_role_of_kubernetes_is_assigned() {
    let bench = Bench::new(azure_rbac(), true);
    let (status, body) = bench.ask(Who::User, "GET", PODS, &Value::Null);
    let expected = format!(
        "pods is forbidden: User \"reader@docentlab.onmicrosoft.com\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\": {NOT_ALLOWED}"
    );
    assert_eq!((status, &body["message"]), (403, &json!(expected)));
    assert_eq!(bench.status(Who::User, "GET", "/version"), 200, "discovery is open to every user of Entra");
    let scope = format!("{}/namespaces/default", bench.cluster());
    bench.lab.assign(&bench.lab.user_id(), "Azure Kubernetes Service RBAC Reader", &scope);
    assert_eq!(bench.status(Who::User, "GET", PODS), 200);
    assert_eq!(bench.status(Who::User, "GET", "/api/v1/namespaces/default/secrets"), 403);
    assert_eq!(bench.status(Who::User, "GET", "/api/v1/namespaces/kube-system/pods"), 403, "another namespace");
    assert_eq!(bench.status(Who::User, "GET", "/api/v1/pods"), 403, "all namespaces");
}

#[test]
fn role_assignments_hold_through_groups_and_from_the_group_and_subscription_down() {
    let bench = Bench::new(azure_rbac(), true);
    let (client, principal) = bench.lab.identity("dev");
    let who = Who::App(&client);
    let group = bench.group("devs", &[&principal]);
    assert_eq!(bench.status(who, "GET", PODS), 403);
    bench.lab.assign(&group, "Azure Kubernetes Service RBAC Writer", &bench.lab.path("/resourceGroups/rg"));
    assert_eq!(bench.status(who, "GET", "/api/v1/namespaces/default/secrets"), 200);
    assert_eq!(bench.status(who, "GET", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"), 403);
    bench.lab.assign(&principal, "Azure Kubernetes Service RBAC Admin", &bench.lab.path(""));
    assert_eq!(bench.status(who, "GET", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"), 200);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "dev"}});
    assert_eq!(bench.ask(who, "POST", "/api/v1/namespaces", &namespace).0, 403, "the administrator of namespaces makes none");
    bench.lab.assign(&principal, "Azure Kubernetes Service RBAC Cluster Admin", &bench.cluster());
    assert_eq!(bench.ask(who, "POST", "/api/v1/namespaces", &namespace).0, 201);
}

#[test]
fn identities_outside_entra_are_left_to_kubernetes() {
    let bench = Bench::new(azure_rbac(), false);
    let local = {
        let state = bench.lab.cloud.shared.state();
        state.aks.get(&bench.cluster()).and_then(|cluster| cluster.credentials.clone()).expect("made").token
    };
    assert_eq!(bench.with_token(&local, PODS).0, 200, "the local account is of Kubernetes");
    let request = Request::new(Method::POST, &bench.host, "/api/v1/namespaces/default/serviceaccounts/default/token").with_bearer(&local);
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"});
    let (_, made) = answer(&bench.lab.cloud.shared.handle(&request.with_json(&body)));
    let (status, body) = bench.with_token(made["status"]["token"].as_str().expect("a token"), PODS);
    let message = body["message"].as_str().unwrap_or_default();
    assert_eq!(status, 403);
    assert!(message.ends_with("in the namespace \"default\": Azure does not have opinion for this user."), "{message}");
    let mut as_bob = Request::new(Method::GET, &bench.host, PODS).with_bearer(&local);
    as_bob.headers.insert("impersonate-user", http::HeaderValue::from_static("bob"));
    let (_, body) = answer(&bench.lab.cloud.shared.handle(&as_bob));
    assert!(
        body["message"].as_str().is_some_and(|message| message.contains("Azure does not have opinion for this non AAD user.")),
        "{body}"
    );
}

#[test]
fn a_custom_role_gives_its_data_actions_but_for_those_that_it_takes_away() {
    let bench = Bench::new(azure_rbac(), true);
    let (client, principal) = bench.lab.identity("ops");
    let who = Who::App(&client);
    let id = "99999999-0000-4000-8000-000000000001";
    let definition = json!({"properties": {"roleName": "All But Secrets", "assignableScopes": [bench.lab.path("")], "permissions": [{
        "actions": [], "dataActions": ["Microsoft.ContainerService/managedClusters/*/read"],
        "notDataActions": ["Microsoft.ContainerService/managedClusters/secrets/*"]}]}});
    let target = bench.lab.path(&format!("/providers/Microsoft.Authorization/roleDefinitions/{id}"));
    assert_eq!(bench.lab.arm(Method::PUT, &target, &definition).0, 201);
    let assignment = format!("{}/providers/Microsoft.Authorization/roleAssignments/{id}", bench.cluster());
    assert_eq!(bench.lab.arm(Method::PUT, &assignment, &bench.lab.assignment_body(id, &principal)).0, 201);
    assert_eq!(bench.status(who, "GET", "/api/v1/nodes"), 200);
    assert_eq!(bench.status(who, "GET", "/api/v1/secrets"), 403);
    assert_eq!(bench.status(who, "DELETE", &format!("{PODS}/p")), 403);
}

#[test]
fn rules_of_the_webhook_cannot_be_listed_and_the_review_says_so() {
    for (entra, incomplete) in [(managed(), false), (azure_rbac(), true)] {
        let bench = Bench::new(entra, true);
        let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "default"}});
        let (_, body) = bench.ask(Who::User, "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", &body);
        assert_eq!(body["status"]["incomplete"], incomplete, "{body}");
    }
}

#[test]
fn a_cluster_without_the_integration_accepts_no_token_of_entra() {
    let bench = Bench::new(Value::Null, false);
    bench.lab.hints();
    assert_eq!(bench.status(Who::User, "GET", PODS), 401);
    assert_eq!(bench.lab.hints(), ["the cluster c has no Entra integration, so it accepts tokens of its own service accounts only"]);
}
