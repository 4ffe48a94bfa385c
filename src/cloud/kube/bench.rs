//! A cluster with Entra integration for tests, and everybody who asks it.

use http::Method;
use serde_json::{Value, json};

use crate::cloud::http::endpoint::Request;
use crate::cloud::lab::{Answer, Lab, Who, answer};

/// The server application of AKS.
pub(super) const SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// A lab with one cluster `c`.
pub(super) struct Bench {
    pub(super) lab: Lab,
    pub(super) host: String,
}

impl Bench {
    #[track_caller]
    pub(super) fn new(entra: Value, disable_local_accounts: bool) -> Bench {
        let lab = Lab::new();
        let id = lab.in_group("Microsoft.ContainerService/managedClusters/c");
        let body = json!({
            "location": "eastus",
            "properties": {
                "agentPoolProfiles": [{"name": "nodepool1", "count": 1, "mode": "System", "osType": "Linux"}],
                "dnsPrefix": "c-rg", "aadProfile": entra, "disableLocalAccounts": disable_local_accounts,
            },
            "identity": {"type": "SystemAssigned"},
        });
        let (status, answer) = lab.arm(Method::PUT, &id, &body);
        assert_eq!(status, 201, "{answer}");
        lab.advance(420);
        let (_, cluster) = lab.arm(Method::GET, &id, &Value::Null);
        let host = cluster["properties"]["fqdn"].as_str().expect("a name").to_owned();
        Bench { lab, host }
    }

    pub(super) fn cluster(&self) -> String {
        self.lab.in_group("Microsoft.ContainerService/managedClusters/c")
    }

    /// Asks the API server as somebody of Entra.
    pub(super) fn ask(&self, who: Who<'_>, method: &str, target: &str, body: &Value) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        answer(&self.lab.send(who, SERVER, method, &self.host, target, body))
    }

    pub(super) fn status(&self, who: Who<'_>, method: &str, target: &str) -> u16 {
        self.ask(who, method, target, &Value::Null).0
    }

    pub(super) fn with_token(&self, token: &str, target: &str) -> Answer {
        answer(&self.lab.cloud.shared.handle(&Request::new(Method::GET, &self.host, target).with_bearer(token)))
    }

    /// What a token review says of a token, asked with the local account.
    pub(super) fn review(&self, token: &str) -> Value {
        let local = {
            let state = self.lab.cloud.shared.state();
            state.aks.get(&self.cluster()).and_then(|cluster| cluster.credentials.clone()).expect("made").token
        };
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}});
        let request = Request::new(Method::POST, &self.host, "/apis/authentication.k8s.io/v1/tokenreviews").with_bearer(&local);
        answer(&self.lab.cloud.shared.handle(&request.with_json(&body))).1["status"].clone()
    }

    /// Asks the API server with the local account's token; it must succeed.
    #[track_caller]
    pub(super) fn as_local(&self, token: &str, method: &str, target: &str, body: &Value) -> Value {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = Request::new(method, &self.host, target).with_bearer(token).with_json(body);
        let (status, body) = answer(&self.lab.cloud.shared.handle(&request));
        assert!(matches!(status, 200 | 201), "{target}: {body}");
        body
    }

    /// Makes a group with these members and returns its id.
    pub(super) fn group(&self, name: &str, members: &[&str]) -> String {
        let body = json!({"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true});
        let group = self.lab.cloud.graph("POST", "/v1.0/groups", body).body["id"].as_str().expect("made").to_owned();
        for member in members {
            let body = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{member}")});
            assert_eq!(self.lab.cloud.graph("POST", &format!("/v1.0/groups/{group}/members/$ref"), body).status, 204);
        }
        group
    }
}

/// Entra integration, where the cluster's own roles decide.
pub(super) fn managed() -> Value {
    json!({"managed": true})
}

/// The same, where Azure's roles decide too.
pub(super) fn azure_rbac() -> Value {
    json!({"managed": true, "enableAzureRBAC": true})
}
