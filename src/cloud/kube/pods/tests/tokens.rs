//! The tokens that a pod finds in its volumes.

use serde_json::{Value, json};

use super::super::volumes;
use super::chain::{Chain, PODS};
use crate::cloud::identity::jwt::Jwt;
use crate::cloud::kube;

const API_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const AZURE_TOKEN: &str = "/var/run/secrets/azure/wi/token/azure-identity-token";

/// The token at a path of the running pod, `seconds` after its sandbox was there.
fn token(chain: &Chain, pod: &Value, path: &str) -> Option<String> {
    let mut state = chain.lab.cloud.shared.state();
    let now = state.now();
    let id = state.kube.by_host(&chain.host).expect("the cluster is up").settings.resource_id.clone();
    let cluster = state.kube.get_mut(&id).expect("the cluster is up");
    let mounted = cluster.kubelet.runs.values().find_map(|run| run.sandbox).expect("it runs");
    volumes::token_at(cluster, pod, &pod["spec"]["containers"][0], path, mounted, now)
}

#[test]
fn a_token_says_who_the_pod_is_and_is_signed_by_the_published_key() {
    let chain = Chain::whole();
    let pod = chain.run(&chain.pod("p"));
    let text = token(&chain, &pod, AZURE_TOKEN).expect("it is mounted");
    let jwt = Jwt::parse(&text).expect("a token");
    assert_eq!(jwt.verify(&kube::issuer_keys(&chain.lab.cloud.shared.state(), &chain.issuer).expect("published")), Ok(()));
    let claims = jwt.claims();
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(chain.issuer), &json!("system:serviceaccount:default:sa")));
    assert_eq!(claims["aud"], json!(["api://AzureADTokenExchange"]));
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(end, start)| end - start), Some(3600));
    let bound = &claims["kubernetes.io"];
    assert_eq!(
        (&bound["namespace"], &bound["pod"]["name"], &bound["pod"]["uid"]),
        (&json!("default"), &json!("p"), &pod["metadata"]["uid"])
    );
    assert_eq!((&bound["serviceaccount"]["name"], &bound["node"]["name"]), (&json!("sa"), &pod["spec"]["nodeName"]));
}

#[test]
fn the_token_for_the_api_server_is_another_one_and_is_accepted_there() {
    let chain = Chain::whole();
    let pod = chain.run(&chain.pod("p"));
    let text = token(&chain, &pod, API_TOKEN).expect("it is mounted");
    assert_ne!(Jwt::parse(&text).expect("a token").claims()["aud"], json!(["api://AzureADTokenExchange"]));
    let ask = |token: &str| {
        let request = crate::cloud::http::endpoint::Request::new(http::Method::GET, &chain.host, PODS).with_bearer(token);
        chain.lab.cloud.shared.handle(&request).status
    };
    assert_eq!(ask(&text), 403, "known, and without a role");
    let for_azure = token(&chain, &pod, AZURE_TOKEN).expect("it is mounted");
    assert_eq!(ask(&for_azure), 401, "made out to somebody else");
    assert_eq!(token(&chain, &pod, "/var/run/secrets/azure/wi/other"), None);
}

#[test]
fn a_file_gets_a_new_token_before_the_old_one_ends() {
    let chain = Chain::whole();
    let pod = chain.run(&chain.pod("p"));
    let issued = |chain: &Chain| {
        let text = token(chain, &pod, AZURE_TOKEN).expect("it is mounted");
        Jwt::parse(&text).and_then(|jwt| jwt.seconds("iat")).expect("a time")
    };
    let first = issued(&chain);
    chain.lab.advance(2800);
    assert_eq!(issued(&chain), first);
    chain.lab.advance(200);
    assert_eq!(issued(&chain), first + 2880);
}
