//! The mutating webhook of workload identity: environment, mounts and a volume with a token for pods that ask for it by a label.
//!
//! Source: Azure/azure-workload-identity, `pkg/webhook/{webhook,consts}.go` at 04d01a2f (June 2026), and `config/webhook` for when it is
//! called. Until d878231 (April 2026) volume and path had other names; the profile says which they are.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::admission::{Denial, Webhook, push};
use super::model::Cluster;
use super::objects::{namespace_of, text};
use super::pods::images::sha256;
use super::resources::{self, Resource};
use crate::cloud::profile::Profile;

/// What a pod must say to be changed.
pub(crate) const LABEL: &str = "azure.workload.identity/use";
/// The annotation of a service account with the identity's client id.
pub(crate) const CLIENT_ID: &str = "azure.workload.identity/client-id";
/// Containers that are left alone.
pub(crate) const SKIP_CONTAINERS: &str = "azure.workload.identity/skip-containers";
const TENANT_ID: &str = "azure.workload.identity/tenant-id";
const EXPIRATION: &str = "azure.workload.identity/service-account-token-expiration";
const PROXY_SIDECAR: &str = "azure.workload.identity/inject-proxy-sidecar";
const PROXY_PORT: &str = "azure.workload.identity/proxy-sidecar-port";

/// The audience of the injected token.
pub(crate) const AUDIENCE: &str = "api://AzureADTokenExchange";
const AUTHORITY: &str = "https://login.microsoftonline.com/";
const DEFAULT_EXPIRATION: i64 = 3600;
const LEAST_EXPIRATION: i64 = 3600;
const MOST_EXPIRATION: i64 = 86_400;
const TOKEN_FILE: &str = "azure-identity-token";

/// The webhook as the API server knows it.
pub(crate) const WEBHOOK: Webhook = Webhook { name: "mutation.azure-workload-identity.io", matches, review };

fn matches(cluster: &Cluster, resource: &Resource, object: &Value) -> bool {
    cluster.settings.workload_identity && (resource.group, resource.plural) == ("", "pods") && object["metadata"]["labels"][LABEL] == "true"
}

/// Where the token goes, by version of the webhook.
struct Place {
    volume: String,
    directory: &'static str,
    /// Below the directory.
    path: String,
}

fn place(profile: &Profile, pod: &Value) -> Place {
    if !profile.webhook_reserved_token_path {
        return Place { volume: TOKEN_FILE.to_owned(), directory: "/var/run/secrets/azure/tokens", path: TOKEN_FILE.to_owned() };
    }
    let prefix = text(pod, "/metadata/generateName");
    let name = if prefix.is_empty() { text(pod, "/metadata/name").to_owned() } else { format!("{prefix} (prefix)") };
    let mut volume = format!("azure-workload-identity-reserved-{}", sha256(&name));
    volume.truncate(63);
    Place { volume, directory: "/var/run/secrets/azure/wi", path: format!("token/{TOKEN_FILE}") }
}

fn refused(message: impl Into<String>) -> Denial {
    Denial { code: 400, message: message.into() }
}

/// An annotation of an object.
pub(crate) fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][name].as_str()
}

fn review(cluster: &Cluster, profile: &Profile, pod: &mut Value) -> Result<(), Denial> {
    let accounts = resources::find("", "v1", "serviceaccounts").expect("service accounts are in the table");
    let account_name = match text(pod, "/spec/serviceAccountName") {
        "" => "default",
        name => name,
    };
    let account = cluster.store.find(accounts, namespace_of(pod), account_name);
    let account = account.ok_or_else(|| refused(format!("ServiceAccount \"{account_name}\" not found")))?.clone();
    let skipped: BTreeSet<String> =
        annotation(pod, SKIP_CONTAINERS).into_iter().flat_map(|list| list.split(';')).map(|name| name.trim().to_owned()).collect();
    let place = place(profile, pod);
    let proxy = annotation(pod, PROXY_SIDECAR).is_some();
    if proxy {
        inject_proxy(cluster, pod)?;
    }
    let expiration = expiration(pod, &account)?;
    let tenant = annotation(&account, TENANT_ID).unwrap_or(&cluster.settings.tenant_id);
    let variables = [
        ("AZURE_CLIENT_ID", annotation(&account, CLIENT_ID).unwrap_or_default().to_owned()),
        ("AZURE_TENANT_ID", tenant.to_owned()),
        ("AZURE_FEDERATED_TOKEN_FILE", format!("{}/{}", place.directory, place.path)),
        ("AZURE_AUTHORITY_HOST", AUTHORITY.to_owned()),
    ];
    for list in ["initContainers", "containers"] {
        for container in pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if skipped.contains(text(container, "/name")) {
                continue;
            }
            for (name, value) in &variables {
                let is_defined = container["env"].as_array().into_iter().flatten().any(|known| known["name"] == *name);
                if !is_defined && !value.is_empty() {
                    push(container, "env", json!({"name": name, "value": value}));
                }
            }
            let is_mounted = container["volumeMounts"].as_array().into_iter().flatten().any(|mount| mount["mountPath"] == place.directory);
            if !is_mounted {
                push(container, "volumeMounts", json!({"mountPath": place.directory, "name": place.volume, "readOnly": true}));
            }
        }
    }
    let is_projected = pod["spec"]["volumes"].as_array().into_iter().flatten().any(|volume| {
        let sources = volume.pointer("/projected/sources").and_then(Value::as_array);
        sources.into_iter().flatten().any(|source| source["serviceAccountToken"]["path"] == *place.path)
    });
    if !is_projected {
        let token = json!({"audience": AUDIENCE, "expirationSeconds": expiration, "path": place.path});
        let volume = json!({"name": place.volume, "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": token}]}});
        push(&mut pod["spec"], "volumes", volume);
    }
    Ok(())
}

/// The pod's annotation wins over the service account's.
fn expiration(pod: &Value, account: &Value) -> Result<i64, Denial> {
    let Some(said) = annotation(pod, EXPIRATION).or_else(|| annotation(account, EXPIRATION)) else { return Ok(DEFAULT_EXPIRATION) };
    // Go's strconv.ParseInt.
    let seconds: i64 = said.parse().map_err(|_| refused(format!("strconv.ParseInt: parsing {said:?}: invalid syntax")))?;
    if !(LEAST_EXPIRATION..=MOST_EXPIRATION).contains(&seconds) {
        let message =
            format!("token expiration {seconds} not valid. Expected value to be between {LEAST_EXPIRATION} and {MOST_EXPIRATION}");
        return Err(refused(message));
    }
    Ok(seconds)
}

/// The sidecar for programs that only know pod identity.
fn inject_proxy(cluster: &Cluster, pod: &mut Value) -> Result<(), Denial> {
    if pod["spec"]["hostNetwork"] == true {
        return Err(refused("hostNetwork is set to true, cannot inject proxy sidecar"));
    }
    let port = annotation(pod, PROXY_PORT).unwrap_or("8000").to_owned();
    let number: u16 = port.parse().map_err(|_| refused(format!("strconv.ParseInt: parsing {port:?}: invalid syntax")))?;
    // Assumed: the tag; the images are those of the project's releases.
    let image = |name: &str| format!("mcr.microsoft.com/oss/azure/workload-identity/{name}:v1.5.1");
    let init = json!({
        "env": [{"name": "PROXY_PORT", "value": port}],
        "image": image("proxy-init"),
        "imagePullPolicy": "IfNotPresent",
        "name": "azwi-proxy-init",
        "resources": {},
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}, "privileged": true, "runAsNonRoot": false, "runAsUser": 0},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    });
    let mut sidecar = json!({
        "args": [format!("--proxy-port={number}"), "--log-level=info"],
        "image": image("proxy"),
        "imagePullPolicy": "IfNotPresent",
        "lifecycle": {"postStart": {"exec": {"command": ["/proxy", format!("--proxy-port={number}"), "--probe"]}}},
        "name": "azwi-proxy",
        "ports": [{"containerPort": number, "protocol": "TCP"}],
        "resources": {},
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "privileged": false,
            "readOnlyRootFilesystem": true, "runAsNonRoot": true},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    });
    let native = cluster.minor() >= 32;
    if native {
        sidecar["restartPolicy"] = json!("Always");
    }
    let prepend = |pod: &mut Value, list: &str, items: Vec<Value>| {
        let present = pod["spec"].get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        let missing = items.into_iter().filter(|item| !present.iter().any(|known| known["name"] == item["name"]));
        let all: Vec<Value> = missing.chain(present.iter().cloned()).collect();
        pod["spec"][list] = json!(all);
    };
    if native {
        prepend(pod, "initContainers", vec![init, sidecar]);
    } else {
        prepend(pod, "initContainers", vec![init]);
        prepend(pod, "containers", vec![sidecar]);
    }
    Ok(())
}
