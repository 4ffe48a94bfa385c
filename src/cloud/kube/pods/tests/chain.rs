//! A cloud with a cluster, an identity, a federated credential, a vault with one secret, and a service account: everything but the pod.

use http::Method;
use serde_json::{Value, json};

use crate::cloud::http::endpoint::{Reply, ReplyBody, Request};
use crate::cloud::kube;
use crate::cloud::lab::{Lab, Who};
use crate::cloud::observation::Observation;

pub(crate) const IMAGE: &str = "ghcr.io/azure/azure-workload-identity/msal-go";
pub(crate) const PODS: &str = "/api/v1/namespaces/default/pods";
const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
const SECRET: &str = "Hello\\!";

/// The links, each as it should be; a test breaks one.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    pub(crate) label: Option<&'static str>,
    pub(crate) client_id: fn(&Chain) -> Option<String>,
    pub(crate) issuer: fn(&str) -> String,
    pub(crate) subject: &'static str,
    pub(crate) audience: &'static str,
    pub(crate) role: Option<&'static str>,
    pub(crate) secret: &'static str,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            label: Some("true"),
            client_id: |chain| Some(chain.client_id.clone()),
            issuer: str::to_owned,
            subject: "system:serviceaccount:default:sa",
            audience: "api://AzureADTokenExchange",
            role: Some("Key Vault Secrets User"),
            secret: "greeting",
        }
    }
}

pub(crate) struct Chain {
    pub(crate) lab: Lab,
    pub(crate) cluster_id: String,
    pub(crate) host: String,
    token: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) principal_id: String,
    pub(crate) vault_id: String,
    links: Links,
}

impl Chain {
    /// With every link whole, an hour old.
    pub(crate) fn whole() -> Self {
        Self::with(|_| ())
    }

    /// With links as `change` leaves them.
    pub(crate) fn with(change: impl FnOnce(&mut Links)) -> Self {
        let mut links = Links::default();
        change(&mut links);
        let lab = Lab::new();
        let cluster_id = lab.in_group("Microsoft.ContainerService/managedClusters/c");
        let (status, body) = lab.arm(Method::PUT, &cluster_id, &cluster(true));
        assert_eq!(status, 201, "{body}");
        lab.advance(600);
        let (_, body) = lab.arm(Method::GET, &cluster_id, &Value::Null);
        let property = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (host, issuer) = (property("/properties/fqdn"), property("/properties/oidcIssuerProfile/issuerURL"));
        let token = lab.cloud.shared.state().kube.by_host(&host).expect("the cluster is up").tokens[0].0.clone();
        let (client_id, principal_id) = lab.identity("web");
        let vault_id = lab.vault("kv-one");
        let chain = Self { lab, cluster_id, host, token, issuer, client_id, principal_id, vault_id, links };
        chain.federate(&(chain.links.issuer)(&chain.issuer), chain.links.subject, chain.links.audience);
        let lab = &chain.lab;
        lab.assign(&lab.user_id(), "Key Vault Secrets Officer", &chain.vault_id);
        let (status, body) =
            lab.vault_as(Who::User, Method::PUT, "kv-one", &format!("/secrets/{}", chain.links.secret), &json!({"value": SECRET}));
        assert_eq!(status, 200, "{body}");
        if let Some(role) = chain.links.role {
            lab.assign(&chain.principal_id, role, &chain.vault_id);
        }
        let annotations = match (chain.links.client_id)(&chain) {
            Some(client_id) => json!({"azure.workload.identity/client-id": client_id}),
            None => json!({}),
        };
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "sa", "annotations": annotations}});
        assert_eq!(chain.call("POST", ACCOUNTS, &account).0, 201);
        chain.lab.advance(3600);
        chain.lab.cloud.shared.state().take_observations();
        chain
    }

    /// Makes the federated credential `fic`, or changes it.
    pub(crate) fn federate(&self, issuer: &str, subject: &str, audience: &str) {
        let body = json!({"properties": {"issuer": issuer, "subject": subject, "audiences": [audience]}});
        let (status, body) = self.lab.arm(Method::PUT, &self.credential_id(), &body);
        assert!(matches!(status, 200 | 201), "{body}");
    }

    pub(crate) fn credential_id(&self) -> String {
        self.lab.in_group("Microsoft.ManagedIdentity/userAssignedIdentities/web/federatedIdentityCredentials/fic")
    }

    /// Turns the webhook off or on, and waits for it.
    pub(crate) fn set_workload_identity(&self, enabled: bool) {
        let (status, body) = self.lab.arm(Method::PUT, &self.cluster_id, &cluster(enabled));
        assert!(matches!(status, 200 | 201), "{body}");
        self.lab.advance(600);
    }

    /// Asks the API server as its administrator.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let reply = self.reply(method, target, body, "application/json");
        let body = match reply.body {
            ReplyBody::Json(body) => body,
            ReplyBody::Text { text, .. } => json!(text),
            other => panic!("not a whole answer: {other:?}"),
        };
        (reply.status, body)
    }

    pub(crate) fn reply(&self, method: &str, target: &str, body: &Value, content_type: &'static str) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = Request::new(method, &self.host, target).with_bearer(&self.token);
        if !body.is_null() {
            request = request.with_json(body);
            request.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        }
        self.lab.cloud.shared.handle(&request)
    }

    /// The pod of the runbook, with the label that the links say.
    pub(crate) fn pod(&self, name: &str) -> Value {
        let labels = self.links.label.map_or_else(|| json!({}), |label| json!({"azure.workload.identity/use": label}));
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "serviceAccountName": "sa",
                "containers": [{"name": "oidc", "image": IMAGE, "env": [
                    {"name": "KEYVAULT_URL", "value": "https://kv-one.vault.azure.net/"},
                    {"name": "SECRET_NAME", "value": "greeting"},
                ]}],
                "nodeSelector": {"kubernetes.io/os": "linux"},
            },
        })
    }

    /// Creates a pod and lets ten seconds pass, as between two steps.
    #[track_caller]
    pub(crate) fn run(&self, pod: &Value) -> Value {
        let (status, body) = self.call("POST", PODS, pod);
        assert_eq!(status, 201, "{body}");
        self.lab.advance(10);
        self.call("GET", &format!("{PODS}/{}", body["metadata"]["name"].as_str().unwrap_or_default()), &Value::Null).1
    }

    #[track_caller]
    pub(crate) fn log(&self, pod: &str) -> String {
        let (status, text) = self.call("GET", &format!("{PODS}/{pod}/log"), &Value::Null);
        assert_eq!(status, 200, "{text}");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What the report would be told since the last time.
    pub(crate) fn observations(&self) -> Vec<Observation> {
        self.lab.cloud.shared.state().take_observations()
    }

    /// `STATUS` and restarts, as `kubectl get pods` shows them.
    pub(crate) fn summary(&self, pod: &str) -> (String, i64) {
        let (_, pod) = self.call("GET", &format!("{PODS}/{pod}"), &Value::Null);
        let summary = kube::pod_status::summarize(&pod);
        (summary.reason, summary.restarts)
    }

    /// `Reason: message` of every event about a pod, with its count when it is not one.
    pub(crate) fn events(&self, pod: &str) -> Vec<String> {
        let target = format!("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3D{pod}");
        let (_, list) = self.call("GET", &target, &Value::Null);
        let mut events: Vec<Value> = list["items"].as_array().cloned().unwrap_or_default();
        events.sort_by_key(|event| event["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse::<u64>().ok()));
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        events.iter().map(|event| format!("{}: {}", text(event, "reason"), text(event, "message"))).collect()
    }
}

fn cluster(workload_identity: bool) -> Value {
    json!({
        "location": "eastus",
        "properties": {
            "agentPoolProfiles": [{"name": "nodepool1", "vmSize": "standard_d2s_v3", "osType": "Linux", "count": 1, "type": "VirtualMachineScaleSets",
                "mode": "System"}],
            "kubernetesVersion": "", "dnsPrefix": "c-rg-111111", "enableRBAC": true,
            "networkProfile": {"loadBalancerSku": "standard", "outboundType": "loadBalancer"},
            "oidcIssuerProfile": {"enabled": true},
            "securityProfile": {"workloadIdentity": {"enabled": workload_identity}},
        },
        "identity": {"type": "SystemAssigned"},
        "sku": {"name": "Base", "tier": "Free"},
    })
}
