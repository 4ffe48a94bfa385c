//! The kubeconfig of a cluster's local account, as the service writes it (recorded 2022): certificate, key and token, explicit port,
//! context called like the cluster.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::model::{Credentials, ManagedCluster};

/// The file as YAML.
pub(crate) fn kubeconfig(cluster: &ManagedCluster, local: &Credentials, authority_pem: &str, admin: bool) -> String {
    let kind = if admin { "clusterAdmin" } else { "clusterUser" };
    let (name, fqdn) = (&cluster.name, cluster.fqdn());
    let user = format!("{kind}_{}_{name}", cluster.group);
    let authority = STANDARD.encode(authority_pem);
    let certificate = STANDARD.encode(&local.certificate_pem);
    let key = STANDARD.encode(&local.key_pem);
    let token = &local.token;
    format!(
        "apiVersion: v1\n\
         clusters:\n\
         - cluster:\n    certificate-authority-data: {authority}\n    server: https://{fqdn}:443\n  name: {name}\n\
         contexts:\n\
         - context:\n    cluster: {name}\n    user: {user}\n  name: {name}\n\
         current-context: {name}\n\
         kind: Config\n\
         preferences: {{}}\n\
         users:\n\
         - name: {user}\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n    token: {token}\n"
    )
}

/// Azure/kubelogin, docs/book/src/concepts/aks.md: the server and the client application of AKS.
const SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const CLIENT_APP: &str = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

/// The file for users of Entra, as YAML (public report Azure/kubelogin#193): it holds no secret, only how to get one.
pub(crate) fn entra_kubeconfig(cluster: &ManagedCluster, authority_pem: &str, tenant: &str) -> String {
    let (name, fqdn) = (&cluster.name, cluster.fqdn());
    let user = format!("clusterUser_{}_{name}", cluster.group);
    let authority = STANDARD.encode(authority_pem);
    format!(
        "apiVersion: v1\n\
         clusters:\n\
         - cluster:\n    certificate-authority-data: {authority}\n    server: https://{fqdn}:443\n  name: {name}\n\
         contexts:\n\
         - context:\n    cluster: {name}\n    user: {user}\n  name: {name}\n\
         current-context: {name}\n\
         kind: Config\n\
         preferences: {{}}\n\
         users:\n\
         - name: {user}\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n      - get-token\n\
         \x20     - --environment\n      - AzurePublicCloud\n      - --server-id\n      - {SERVER_APP}\n      - --client-id\n      - {CLIENT_APP}\n\
         \x20     - --tenant-id\n      - {tenant}\n      - --login\n      - devicecode\n      command: kubelogin\n      env: null\n\
         \x20     installHint: |2\n\n        kubelogin is not installed which is required to connect to this cluster.\n\
         \x20       See https://aka.ms/aks/kubelogin for how to get it.\n      provideClusterInfo: false\n"
    )
}
