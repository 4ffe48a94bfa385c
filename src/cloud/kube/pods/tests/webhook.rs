//! What the webhook changes, and what it leaves alone.

use serde_json::{Value, json};

use super::chain::{Chain, PODS};
use crate::cloud::kube::webhook::WEBHOOK;
use crate::cloud::profile::Profile;

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect()
}

/// The pod as the webhook leaves it, or what it says no with.
#[track_caller]
fn review(chain: &Chain, profile: &Profile, mut pod: Value) -> Result<Value, String> {
    let state = chain.lab.cloud.shared.state();
    let cluster = state.kube.by_host(&chain.host).expect("the cluster is up");
    pod["metadata"]["namespace"] = json!("default");
    (WEBHOOK.review)(cluster, profile, &mut pod).map_err(|denial| denial.message)?;
    Ok(pod)
}

#[test]
fn variables_come_after_the_pods_own_in_their_order_and_the_volume_comes_last() {
    let chain = Chain::whole();
    let pod = chain.run(&chain.pod("p"));
    let container = &pod["spec"]["containers"][0];
    let expected =
        ["KEYVAULT_URL", "SECRET_NAME", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST"];
    assert_eq!(names(&container["env"]), expected);
    assert_eq!(container["env"][4]["value"], "/var/run/secrets/azure/wi/token/azure-identity-token");
    let volume = &pod["spec"]["volumes"][1];
    // sha256("p") begins with these digits; 63 letters in all.
    assert_eq!(volume["name"], "azure-workload-identity-reserved-148de9c5a7a44d19e56cd9ae1a554b");
    let token = &volume["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(*token, json!({"audience": "api://AzureADTokenExchange", "expirationSeconds": 3600, "path": "token/azure-identity-token"}));
    assert_eq!(container["volumeMounts"][1], json!({"mountPath": "/var/run/secrets/azure/wi", "name": volume["name"], "readOnly": true}));
}

#[test]
fn older_webhooks_mount_elsewhere() {
    let chain = Chain::whole();
    let old = Profile { webhook_reserved_token_path: false, ..Profile::default() };
    let pod = review(&chain, &old, chain.pod("p")).expect("admitted");
    assert_eq!(pod["spec"]["containers"][0]["env"][4]["value"], "/var/run/secrets/azure/tokens/azure-identity-token");
    assert_eq!(names(&pod["spec"]["volumes"]), ["azure-identity-token"]);
}

#[test]
fn what_is_defined_already_stays() {
    let chain = Chain::whole();
    let mut pod = chain.pod("p");
    pod["spec"]["containers"][0]["env"] = json!([{"name": "AZURE_CLIENT_ID", "value": "own"}]);
    pod["spec"]["containers"].as_array_mut().expect("a list").push(json!({"name": "other", "image": "x"}));
    pod["metadata"]["annotations"] = json!({"azure.workload.identity/skip-containers": "nothing; other"});
    let pod = review(&chain, &Profile::default(), pod).expect("admitted");
    let env = &pod["spec"]["containers"][0]["env"];
    assert_eq!((names(env).len(), &env[0]["value"]), (4, &json!("own")));
    assert_eq!(pod["spec"]["containers"][1].get("env"), None);
    assert_eq!(pod["spec"]["containers"][1].get("volumeMounts"), None);
}

#[test]
fn the_time_of_the_token_has_bounds_and_the_pod_wins() {
    let chain = Chain::whole();
    let with = |seconds: &str| {
        let mut pod = chain.pod("p");
        pod["metadata"]["annotations"] = json!({"azure.workload.identity/service-account-token-expiration": seconds});
        review(&chain, &Profile::default(), pod)
    };
    let pod = with("86400").expect("admitted");
    assert_eq!(pod["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"], 86_400);
    for seconds in ["60", "3599", "86401"] {
        let expected = format!("token expiration {seconds} not valid. Expected value to be between 3600 and 86400");
        assert_eq!(with(seconds), Err(expected));
    }
    assert_eq!(with("1h"), Err("strconv.ParseInt: parsing \"1h\": invalid syntax".to_owned()));
}

#[test]
fn a_refusal_reaches_the_client_without_a_reason() {
    let chain = Chain::whole();
    let mut pod = chain.pod("p");
    pod["metadata"]["annotations"] = json!({"azure.workload.identity/service-account-token-expiration": "60"});
    let (status, body) = chain.call("POST", PODS, &pod);
    let message = "admission webhook \"mutation.azure-workload-identity.io\" denied the request: token expiration 60 not valid. Expected value to be \
                   between 3600 and 86400";
    assert_eq!((status, body["message"].as_str(), body.get("reason")), (400, Some(message), None));
}

#[test]
fn the_proxy_is_a_sidecar_since_1_32_and_needs_the_pods_own_network() {
    let chain = Chain::whole();
    let mut pod = chain.pod("p");
    pod["metadata"]["annotations"] = json!({"azure.workload.identity/inject-proxy-sidecar": ""});
    let admitted = review(&chain, &Profile::default(), pod.clone()).expect("admitted");
    assert_eq!(names(&admitted["spec"]["initContainers"]), ["azwi-proxy-init", "azwi-proxy"]);
    assert_eq!(admitted["spec"]["initContainers"][1]["restartPolicy"], "Always");
    pod["spec"]["hostNetwork"] = json!(true);
    assert_eq!(review(&chain, &Profile::default(), pod.clone()), Err("hostNetwork is set to true, cannot inject proxy sidecar".to_owned()));
    pod["spec"]["hostNetwork"] = json!(false);
    assert_eq!(chain.call("POST", PODS, &pod).0, 201);
    chain.lab.advance(30);
    assert_eq!(chain.summary("p").0, "Running");
}

#[test]
fn pods_without_the_label_or_before_workload_identity_are_left_alone() {
    let chain = Chain::with(|links| links.label = None);
    let pod = chain.run(&chain.pod("p"));
    assert_eq!(names(&pod["spec"]["containers"][0]["env"]), ["KEYVAULT_URL", "SECRET_NAME"]);
    assert_eq!(names(&pod["spec"]["volumes"]).len(), 1);
}
