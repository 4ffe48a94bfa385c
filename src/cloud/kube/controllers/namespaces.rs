//! Every namespace has a service account `default` and the API server's certificate: kubernetes `serviceaccounts_controller.go` and the
//! root CA publisher.

use jiff::Timestamp;
use serde_json::json;

use super::super::model::Cluster;
use super::super::objects::{Key, text};
use super::super::resources;

pub(crate) fn settle(cluster: &mut Cluster, authority_pem: &str, now: Timestamp) -> bool {
    let kind = |plural: &str| resources::find("", "v1", plural).expect("core kinds are in the table");
    let (namespaces, accounts, maps) = (kind("namespaces"), kind("serviceaccounts"), kind("configmaps"));
    let active = cluster.store.list(namespaces, None).filter(|(_, namespace)| text(namespace, "/status/phase") == "Active");
    let names: Vec<String> = active.map(|(key, _)| key.name.clone()).collect();
    let mut changed = false;
    for namespace in names {
        let account = Key::new(accounts, &namespace, "default");
        if cluster.store.get(&account).is_none() {
            cluster.store.create(accounts, account, json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {}}), now);
            changed = true;
        }
        let map = Key::new(maps, &namespace, "kube-root-ca.crt");
        if cluster.store.get(&map).is_none() {
            let annotations =
                json!({"kubernetes.io/description": "The certificate that the API server of this cluster is to be trusted by."});
            let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": annotations}, "data": {"ca.crt": authority_pem}});
            cluster.store.create(maps, map, object, now);
            changed = true;
        }
    }
    changed
}
