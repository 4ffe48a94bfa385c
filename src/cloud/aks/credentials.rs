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
