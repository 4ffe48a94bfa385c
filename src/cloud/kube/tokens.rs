//! Tokens of service accounts: `POST …/serviceaccounts/NAME/token`, and what the kubelet projects into a pod.
//!
//! Claims: kubernetes `pkg/serviceaccount/claims.go`; limits: `pkg/apis/authentication/validation/validation.go`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::Cluster;
use super::objects::{name_of, rfc3339, text, uid_of};
use super::resources;
use super::status::{Cause, Status};
use crate::cloud::identity::keys;

const DEFAULT_SECONDS: i64 = 3600;
const LEAST_SECONDS: i64 = 600;
const MOST_SECONDS: i64 = 1 << 32;

/// What a token is to be good for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted<'a> {
    /// Empty: the API server's own.
    pub(crate) audiences: Vec<String>,
    pub(crate) seconds: i64,
    /// The pod that it is bound to.
    pub(crate) pod: Option<&'a Value>,
}

/// A signed token of `account` and when it expires.
pub(crate) fn sign(cluster: &mut Cluster, account: &Value, wanted: &Wanted<'_>, now: Timestamp) -> (String, Timestamp) {
    let issuer = cluster.issuer();
    let audiences = if wanted.audiences.is_empty() { cluster.audiences() } else { wanted.audiences.clone() };
    let issued = now.as_second();
    let expires = issued + wanted.seconds;
    let namespace = text(account, "/metadata/namespace");
    let mut bound = json!({"namespace": namespace});
    if let Some(pod) = wanted.pod {
        let node_name = text(pod, "/spec/nodeName");
        let nodes = resources::find("", "v1", "nodes").expect("nodes are in the table");
        if let Some(node) = cluster.store.find(nodes, "", node_name) {
            bound["node"] = json!({"name": node_name, "uid": uid_of(node)});
        }
        bound["pod"] = json!({"name": name_of(pod), "uid": uid_of(pod)});
    }
    bound["serviceaccount"] = json!({"name": name_of(account), "uid": uid_of(account)});
    let claims = json!({
        "aud": audiences,
        "exp": expires,
        "iat": issued,
        "iss": issuer,
        "jti": cluster.store.draw("token").to_string(),
        "kubernetes.io": bound,
        "nbf": issued,
        "sub": format!("system:serviceaccount:{namespace}:{}", name_of(account)),
    });
    (keys::cluster().sign(&issuer, &claims), Timestamp::from_second(expires).unwrap_or(now))
}

/// Answers a `TokenRequest` for the account `name`.
pub(crate) fn request(cluster: &mut Cluster, namespace: &str, name: &str, body: &Value, now: Timestamp) -> Result<(Value, String), Status> {
    let accounts = resources::find("", "v1", "serviceaccounts").expect("service accounts are in the table");
    let account = cluster.store.find(accounts, namespace, name).cloned().ok_or_else(|| Status::not_found(accounts, name))?;
    let spec = &body["spec"];
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(DEFAULT_SECONDS);
    let problem = match seconds {
        ..LEAST_SECONDS => Some("may not specify a duration less than 10 minutes"),
        _ if seconds > MOST_SECONDS => Some("may not specify a duration larger than 2^32 seconds"),
        _ => None,
    };
    if let Some(problem) = problem {
        let cause = Cause::invalid("spec.expirationSeconds", &json!(seconds), problem);
        return Err(Status::invalid_kind("authentication.k8s.io", "TokenRequest", "", &[cause]));
    }
    let pod = bound_pod(cluster, namespace, &spec["boundObjectRef"])?;
    let audiences: Vec<String> = spec["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let wanted = Wanted { audiences: audiences.clone(), seconds, pod: pod.as_ref() };
    let (token, expires) = sign(cluster, &account, &wanted, now);
    let mut answer = json!({
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": rfc3339(now)},
        "spec": {"audiences": if audiences.is_empty() { cluster.audiences() } else { audiences }, "expirationSeconds": seconds, "boundObjectRef": null},
        "status": {"token": token, "expirationTimestamp": rfc3339(expires)},
    });
    if spec["boundObjectRef"].is_object() {
        answer["spec"]["boundObjectRef"] = spec["boundObjectRef"].clone();
    }
    Ok((answer, token))
}

fn bound_pod(cluster: &Cluster, namespace: &str, reference: &Value) -> Result<Option<Value>, Status> {
    if !reference.is_object() {
        return Ok(None);
    }
    let (kind, name) = (text(reference, "/kind"), text(reference, "/name"));
    if kind != "Pod" {
        return Err(Status::not_emulated(&format!("a service-account token bound to a {kind}")));
    }
    let pods = resources::find("", "v1", "pods").expect("pods are in the table");
    let pod = cluster.store.find(pods, namespace, name).ok_or_else(|| Status::not_found(pods, name))?;
    let uid = text(reference, "/uid");
    if !uid.is_empty() && uid != uid_of(pod) {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        return Err(Status::conflict(pods, name, &why));
    }
    Ok(Some((**pod).clone()))
}
