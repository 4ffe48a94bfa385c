//! The Kubernetes API through the pipeline.

use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::model::{NodePool, Settings};
use crate::cloud::http::endpoint::{Reply, ReplyBody, Request, StreamStep};
use crate::cloud::observation::Observation;
use crate::cloud::testing::TestCloud;

const HOST: &str = "c-1.hcp.eastus.azmk8s.io";
const TOKEN: &str = "static";
const ISSUER: &str = "https://eastus.oic.prod-aks.azure.com/tenant/guid/";

fn cloud() -> TestCloud {
    let cloud = TestCloud::new();
    {
        let mut state = cloud.shared.state();
        let now = state.now();
        let pool = NodePool {
            name: "nodepool1".into(),
            count: 3,
            vm_size: "x".into(),
            mode: "system".into(),
            node_image: "i".into(),
            max_pods: 250,
        };
        let settings = Settings {
            resource_id: "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/c".into(),
            subscription: "s".into(),
            node_resource_group: "MC_rg_c_eastus".into(),
            location: "eastus".into(),
            fqdn: HOST.into(),
            git_version: "v1.34.5".into(),
            tenant_id: "tenant".into(),
            issuer_url: ISSUER.into(),
            workload_identity: true,
            entra: None,
            pools: vec![pool],
        };
        super::provision(&mut state, settings, "", TOKEN, now);
    }
    cloud.advance(1);
    cloud
}

fn request(method: &str, target: &str, body: &Value) -> Request {
    let request = Request::new(Method::from_bytes(method.as_bytes()).expect("a method"), HOST, target).with_bearer(TOKEN);
    if body.is_null() { request } else { request.with_json(body) }
}

fn with_header(mut request: Request, name: &'static str, value: &'static str) -> Request {
    request.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    request
}

fn json_of(reply: &Reply) -> Value {
    match &reply.body {
        ReplyBody::Json(body) => body.clone(),
        ReplyBody::Text { text, .. } => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        _ => Value::Null,
    }
}

#[track_caller]
fn call(cloud: &TestCloud, method: &str, target: &str, body: Value) -> (u16, Value) {
    let reply = cloud.shared.handle(&request(method, target, &body));
    (reply.status, json_of(&reply))
}

#[track_caller]
fn refused(cloud: &TestCloud, method: &str, target: &str, body: Value, status: u16, reason: &str, message: &str) {
    let (found, body) = call(cloud, method, target, body);
    assert_eq!((found, body["kind"].as_str(), body["reason"].as_str().unwrap_or_default()), (status, Some("Status"), reason), "{body}");
    assert_eq!(body["message"], message);
    assert_eq!(body["code"], status);
}

fn pod(name: &str) -> Value {
    json!({"apiVersion":"v1","kind":"Pod","metadata":{"name":name},"spec":{"containers":[{"name":"a","image":"nginx"}]}})
}

const PODS: &str = "/api/v1/namespaces/default/pods";

#[test]
fn a_created_pod_is_complete_and_can_be_read_as_object_and_as_table() {
    let cloud = cloud();
    let (status, created) = call(&cloud, "POST", PODS, pod("p"));
    assert_eq!(status, 201, "{created}");
    assert_eq!(created["spec"]["serviceAccountName"], "default");
    let volume = &created["spec"]["volumes"][0];
    assert!(volume["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access-") && name.len() == 21), "{volume}");
    assert_eq!(volume["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"], 3607);
    assert_eq!(created["spec"]["containers"][0]["volumeMounts"][0]["name"], volume["name"]);
    assert_eq!(created["status"], json!({"phase":"Pending","qosClass":"BestEffort"}));
    let table =
        cloud.shared.handle(&with_header(request("GET", PODS, &Value::Null), "accept", "application/json;as=Table;v=v1;g=meta.k8s.io"));
    let table = json_of(&table);
    assert_eq!(table["rows"][0]["cells"][0], "p");
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let (_, list) = call(&cloud, "GET", PODS, Value::Null);
    assert_eq!((&list["kind"], list["items"][0].get("kind")), (&json!("PodList"), None));
    refused(&cloud, "POST", PODS, pod("p"), 409, "AlreadyExists", "pods \"p\" already exists");
}

#[test]
fn refusals_are_those_of_a_real_server() {
    let cloud = cloud();
    refused(&cloud, "GET", &format!("{PODS}/nope"), Value::Null, 404, "NotFound", "pods \"nope\" not found");
    refused(&cloud, "POST", "/api/v1/namespaces/nope/pods", pod("p"), 404, "NotFound", "namespaces \"nope\" not found");
    let mut without_account = pod("x");
    without_account["spec"]["serviceAccountName"] = json!("missing-sa");
    let message = "pods \"x\" is forbidden: error looking up service account default/missing-sa: serviceaccount \"missing-sa\" not found";
    refused(&cloud, "POST", PODS, without_account, 403, "Forbidden", message);
    let mut odd = pod("x3");
    odd["labels"] = json!({"a": "b"});
    odd["spec"]["bogus"] = json!(1);
    let message =
        "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"labels\", unknown field \"spec.bogus\"";
    refused(&cloud, "POST", &format!("{PODS}?fieldValidation=Strict"), odd.clone(), 400, "BadRequest", message);
    let reply = cloud.shared.handle(&request("POST", &format!("{PODS}?fieldValidation=Warn"), &odd));
    assert_eq!((reply.status, reply.header("warning")), (201, Some("299 - \"unknown field \\\"labels\\\"\"")));
    let empty = json!({"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad"},"spec":{}});
    refused(&cloud, "POST", PODS, empty, 422, "Invalid", "Pod \"bad\" is invalid: spec.containers: Required value");
    let review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let message = "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
    refused(&cloud, "POST", review, json!([]), 400, "BadRequest", message);
    refused(&cloud, "GET", "/apis/nosuch/v1/things", Value::Null, 404, "NotFound", "the server could not find the requested resource");
    refused(
        &cloud,
        "DELETE",
        "/api/v1/namespaces/default",
        Value::Null,
        403,
        "Forbidden",
        "namespaces \"default\" is forbidden: this namespace may not be deleted",
    );
}

#[test]
fn what_is_not_emulated_is_refused_by_name_and_noted() {
    let cloud = cloud();
    let deployment = json!({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{}});
    let (status, body) = call(&cloud, "POST", "/apis/apps/v1/namespaces/default/deployments", deployment);
    assert_eq!((status, &body["message"]), (501, &json!("creating a Deployment is not emulated by docent's embedded cluster")));
    let noted = cloud.shared.state().take_observations();
    assert!(
        matches!(noted.as_slice(), [Observation::Unsupported(unsupported)] if unsupported.what == "creating a Deployment"),
        "{noted:?}"
    );
    let (status, list) = call(&cloud, "GET", "/apis/apps/v1/namespaces/default/deployments", Value::Null);
    assert_eq!((status, &list["items"]), (200, &json!([])));
    call(&cloud, "POST", PODS, pod("p"));
    assert_eq!(call(&cloud, "POST", &format!("{PODS}/p/exec?command=ls"), Value::Null).0, 501);
    assert_eq!(call(&cloud, "GET", &format!("{PODS}/p/exec?command=ls"), Value::Null).0, 501);
}

#[test]
fn patches_of_every_kind_change_objects() {
    let cloud = cloud();
    call(&cloud, "POST", PODS, pod("p"));
    let patch = |content_type: &'static str, body: Value| {
        let reply = cloud.shared.handle(&with_header(request("PATCH", &format!("{PODS}/p"), &body), "content-type", content_type));
        (reply.status, json_of(&reply))
    };
    let (status, merged) = patch("application/merge-patch+json", json!({"metadata":{"labels":{"a":"b"}}}));
    assert_eq!((status, &merged["metadata"]["labels"]), (200, &json!({"a":"b"})));
    let (_, same) = patch("application/strategic-merge-patch+json", json!({"metadata":{"labels":{"a":"b"}}}));
    assert_eq!(same["metadata"]["resourceVersion"], merged["metadata"]["resourceVersion"], "no change, no revision");
    let (status, patched) = patch("application/json-patch+json", json!([{"op":"add","path":"/metadata/labels/q","value":"r"}]));
    assert_eq!((status, &patched["metadata"]["labels"]["q"]), (200, &json!("r")));
    let (status, refused) = patch("application/strategic-merge-patch+json", json!({"spec":{"nodeName":"other"}}));
    assert_eq!((status, &refused["reason"]), (422, &json!("Invalid")));
    let (status, image) = patch("application/strategic-merge-patch+json", json!({"spec":{"containers":[{"name":"a","image":"nginx:2"}]}}));
    assert_eq!((status, &image["metadata"]["generation"]), (200, &json!(2)), "{image}");
    assert_eq!(patch("text/plain", json!({})).0, 415);
}

#[test]
fn server_side_apply_creates_changes_and_drops_fields() {
    let cloud = cloud();
    let target = "/api/v1/namespaces/default/configmaps/c?fieldManager=kubectl&fieldValidation=Strict";
    let apply = |data: Value| {
        let body = json!({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default"},"data":data});
        let reply = cloud.shared.handle(&with_header(request("PATCH", target, &body), "content-type", "application/apply-patch+yaml"));
        (reply.status, json_of(&reply))
    };
    assert_eq!(apply(json!({"a":"1","b":"2"})).0, 201);
    let (status, applied) = apply(json!({"b":"3"}));
    assert_eq!((status, &applied["data"]), (200, &json!({"b":"3"})), "{applied}");
}

#[test]
fn dry_runs_answer_and_store_nothing() {
    let cloud = cloud();
    assert_eq!(call(&cloud, "POST", &format!("{PODS}?dryRun=All"), pod("p")).0, 201);
    assert_eq!(call(&cloud, "GET", &format!("{PODS}/p"), Value::Null).0, 404);
    call(&cloud, "POST", PODS, pod("p"));
    assert_eq!(call(&cloud, "DELETE", &format!("{PODS}/p?dryRun=All"), Value::Null).0, 200);
    assert_eq!(call(&cloud, "GET", &format!("{PODS}/p"), Value::Null).0, 200);
}

#[test]
fn a_namespace_brings_its_account_and_takes_its_content_along() {
    let cloud = cloud();
    let namespace = json!({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"dev"}});
    let (status, created) = call(&cloud, "POST", "/api/v1/namespaces", namespace);
    assert_eq!((status, &created["status"]["phase"]), (201, &json!("Active")));
    assert_eq!(created["metadata"]["labels"], json!({"kubernetes.io/metadata.name":"dev"}));
    assert!(created["metadata"].get("namespace").is_none());
    assert_eq!(call(&cloud, "GET", "/api/v1/namespaces/dev/serviceaccounts/default", Value::Null).0, 200);
    let (_, map) = call(&cloud, "GET", "/api/v1/namespaces/dev/configmaps/kube-root-ca.crt", Value::Null);
    assert!(map["data"]["ca.crt"].as_str().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE")));
    assert_eq!(call(&cloud, "POST", "/api/v1/namespaces/dev/pods", pod("p")).0, 201);
    assert_eq!(call(&cloud, "DELETE", "/api/v1/namespaces/dev", Value::Null).0, 200);
    assert_eq!(call(&cloud, "GET", "/api/v1/namespaces/dev", Value::Null).0, 404);
    assert_eq!(call(&cloud, "GET", "/api/v1/pods", Value::Null).1["items"], json!([]));
}

#[test]
fn tokens_name_their_account_and_open_the_api_only_for_it() {
    let cloud = cloud();
    let target = "/api/v1/namespaces/default/serviceaccounts/default/token";
    let ask =
        |spec: Value| call(&cloud, "POST", target, json!({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":spec}));
    let (status, answer) = ask(json!({}));
    assert_eq!((status, &answer["status"]["expirationTimestamp"]), (201, &json!("2026-01-01T01:00:01Z")), "{answer}");
    let token = answer["status"]["token"].as_str().expect("a token").to_owned();
    assert!(cloud.shared.state().secrets().contains(&token), "a token is masked");
    let claims = crate::cloud::identity::jwt::Jwt::parse(&token).expect("a JWT").claims().clone();
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["sub"], "system:serviceaccount:default:default");
    assert_eq!(claims["kubernetes.io"]["serviceaccount"]["name"], "default");
    let whoami = |token: &str| {
        let request = Request::new(Method::POST, HOST, "/apis/authentication.k8s.io/v1/selfsubjectreviews").with_bearer(token);
        let reply = cloud.shared.handle(&request.with_json(&json!({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})));
        (reply.status, json_of(&reply))
    };
    let (status, review) = whoami(&token);
    assert_eq!((status, &review["status"]["userInfo"]["username"]), (201, &json!("system:serviceaccount:default:default")), "{review}");
    let reply = cloud.shared.handle(&Request::new(Method::GET, HOST, PODS).with_bearer(&token));
    let message = "pods is forbidden: User \"system:serviceaccount:default:default\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";
    assert_eq!((reply.status, &json_of(&reply)["message"]), (403, &json!(message)));
    let (_, foreign) = ask(json!({"audiences":["api://AzureADTokenExchange"]}));
    assert_eq!(whoami(foreign["status"]["token"].as_str().expect("a token")).0, 401, "a token for another audience");
    assert_eq!(ask(json!({"expirationSeconds":60})).0, 422);
    cloud.advance(3600);
    assert_eq!(whoami(&token).0, 401, "the token is over");
    let missing = target.replace("/default/token", "/nope/token");
    refused(
        &cloud,
        "POST",
        &missing,
        json!({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest"}),
        404,
        "NotFound",
        "serviceaccounts \"nope\" not found",
    );
}

#[test]
fn nobody_gets_in_without_a_credential() {
    let cloud = cloud();
    for request in [Request::new(Method::GET, HOST, "/version"), Request::new(Method::GET, HOST, PODS).with_bearer("wrong")] {
        let reply = cloud.shared.handle(&request);
        assert_eq!((reply.status, &json_of(&reply)["message"]), (401, &json!("Unauthorized")));
    }
    let mut foreign = Request::new(Method::GET, HOST, PODS);
    foreign.client_certificate = Some(vec![1, 2, 3]);
    assert_eq!(cloud.shared.handle(&foreign).status, 401, "a certificate of another cluster");
}

#[test]
fn a_role_binding_opens_what_it_names() {
    let cloud = cloud();
    let as_alice = |method: &str, target: &str| {
        let request = with_header(request(method, target, &Value::Null), "impersonate-user", "alice");
        cloud.shared.handle(&request).status
    };
    assert_eq!(as_alice("GET", PODS), 403);
    let role = json!({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["list"]}]});
    assert_eq!(call(&cloud, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", role).0, 201);
    let binding = json!({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"rb"},
        "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"alice","apiGroup":"rbac.authorization.k8s.io"}]});
    assert_eq!(call(&cloud, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding).0, 201);
    assert_eq!(as_alice("GET", PODS), 200);
    assert_eq!(as_alice("GET", &format!("{PODS}/p")), 403);
    assert_eq!(as_alice("GET", "/api/v1/pods"), 403);
    let review = |verb: &str| {
        let body = json!({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview",
            "spec":{"resourceAttributes":{"namespace":"default","verb":verb,"resource":"pods"}}});
        let request =
            with_header(request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &body), "impersonate-user", "alice");
        json_of(&cloud.shared.handle(&request))["status"]["allowed"].clone()
    };
    assert_eq!((review("list"), review("delete")), (json!(true), json!(false)));
}

#[test]
fn a_watch_sends_what_is_there_and_what_changes_until_its_time_is_over() {
    let cloud = cloud();
    call(&cloud, "POST", PODS, pod("one"));
    let reply = cloud.shared.handle(&request("GET", &format!("{PODS}?watch=true&timeoutSeconds=30&labelSelector=a%3Db"), &Value::Null));
    let ReplyBody::Stream { mut source, .. } = reply.body else { panic!("a stream") };
    let mut next = || {
        let state = cloud.shared.state();
        let now = state.now();
        match source.next(&state, now) {
            StreamStep::Chunk(bytes) => {
                let event: Value = serde_json::from_slice(&bytes).expect("an event");
                format!(
                    "{} {}",
                    event["type"].as_str().unwrap_or_default(),
                    event["object"]["metadata"]["name"].as_str().unwrap_or_default()
                )
            }
            StreamStep::Wait { until } => format!("wait {}", until.is_some()),
            StreamStep::End => "end".to_owned(),
        }
    };
    assert_eq!(next(), "wait true");
    let label = |value: Value| {
        let body = json!({"metadata":{"labels":{"a":value}}});
        cloud.shared.handle(&with_header(request("PATCH", &format!("{PODS}/one"), &body), "content-type", "application/merge-patch+json"));
    };
    label(json!("b"));
    assert_eq!(next(), "ADDED one");
    label(json!("c"));
    assert_eq!(next(), "DELETED one");
    assert_eq!(next(), "wait true");
    cloud.advance(30);
    assert_eq!(next(), "end");
}

#[test]
fn the_issuer_publishes_the_key_that_signs() {
    let cloud = cloud();
    let get = |path: &str| {
        let reply = cloud.shared.handle(&Request::new(Method::GET, "eastus.oic.prod-aks.azure.com", path));
        (reply.status, json_of(&reply))
    };
    let (status, configuration) = get("/tenant/guid/.well-known/openid-configuration");
    assert_eq!((status, &configuration["issuer"]), (200, &json!(ISSUER)));
    assert_eq!(configuration["jwks_uri"], format!("{ISSUER}openid/v1/jwks"));
    let (_, keys) = get("/tenant/guid/openid/v1/jwks");
    assert_eq!(keys["keys"], json!(super::issuer_keys(&cloud.shared.state(), ISSUER).expect("published")));
    assert_eq!(get("/tenant/other/openid/v1/jwks").0, 404);
    assert!(super::issuer_keys(&cloud.shared.state(), ISSUER.trim_end_matches('/')).is_none(), "the final slash counts");
}

#[test]
fn nodes_are_as_many_as_the_pool_says_and_the_version_is_the_clusters() {
    let cloud = cloud();
    let (_, nodes) = call(&cloud, "GET", "/api/v1/nodes", Value::Null);
    assert_eq!(nodes["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(nodes["items"][0]["status"]["nodeInfo"]["kubeletVersion"], "v1.34.5");
    assert_eq!(call(&cloud, "GET", "/version", Value::Null).1["gitVersion"], "v1.34.5");
}

#[test]
fn stale_updates_and_wrong_names_are_refused() {
    let cloud = cloud();
    call(&cloud, "POST", PODS, pod("p"));
    let (_, created) = call(&cloud, "GET", &format!("{PODS}/p"), Value::Null);
    let mut changed = created.clone();
    changed["metadata"]["labels"] = json!({"a":"b"});
    assert_eq!(call(&cloud, "PUT", &format!("{PODS}/p"), changed.clone()).0, 200);
    let message = "Operation cannot be fulfilled on pods \"p\": the object has been modified; please apply your changes to the latest version and try again";
    changed["metadata"]["labels"] = json!({"a":"c"});
    refused(&cloud, "PUT", &format!("{PODS}/p"), changed, 409, "Conflict", message);
    let message = "the name of the object (p) does not match the name on the URL (q)";
    refused(&cloud, "PUT", &format!("{PODS}/q"), created, 400, "BadRequest", message);
}
