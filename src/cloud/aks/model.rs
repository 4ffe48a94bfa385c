//! Managed clusters as the service keeps them. No HTTP, no clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Every managed cluster, by lower-case id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    clusters: BTreeMap<String, ManagedCluster>,
}

/// One managed cluster.
#[derive(Debug, Clone)]
pub(crate) struct ManagedCluster {
    /// With lower-case `resourcegroups`, as the service answers it.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) subscription: String,
    /// As the resource group is written.
    pub(crate) group: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
    /// `properties` in the order of the wire, without states and without what appears only when creation has ended.
    pub(crate) properties: Map<String, Value>,
    pub(crate) identity: Value,
    pub(crate) sku: Value,
    pub(crate) etag: String,
    /// What is going on now.
    pub(crate) operation: Option<Operation>,
    /// The kubelet's identity: `None` until creation has ended.
    pub(crate) kubelet: Option<KubeletIdentity>,
    pub(crate) credentials: Option<Credentials>,
}

/// Work on a cluster that takes a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) kind: OperationKind,
    pub(crate) ends: Timestamp,
}

/// What is done to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperationKind {
    Creating,
    Updating,
    Deleting,
}

impl OperationKind {
    /// The provisioning state meanwhile.
    pub(crate) fn state(self) -> &'static str {
        match self {
            OperationKind::Creating => "Creating",
            OperationKind::Updating => "Updating",
            OperationKind::Deleting => "Deleting",
        }
    }
}

/// The user-assigned identity that the nodes use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KubeletIdentity {
    pub(crate) resource_id: String,
    pub(crate) client_id: String,
    pub(crate) object_id: String,
}

/// The local account of a cluster: what `az aks get-credentials` hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
    pub(crate) token: String,
}

impl Model {
    pub(crate) fn get(&self, id: &str) -> Option<&ManagedCluster> {
        self.clusters.get(&key(id))
    }

    pub(crate) fn insert(&mut self, cluster: ManagedCluster) {
        self.clusters.insert(key(&cluster.id), cluster);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<ManagedCluster> {
        self.clusters.remove(&key(id))
    }

    /// By id.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &ManagedCluster> {
        self.clusters.values()
    }
}

/// Requests and answers write `resourceGroups` differently; the key does not care.
fn key(id: &str) -> String {
    id.to_lowercase()
}

/// The id of a cluster as the service writes it (recorded: lower-case `resourcegroups`).
pub(crate) fn cluster_id(subscription: &str, group: &str, name: &str) -> String {
    format!("/subscriptions/{subscription}/resourcegroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}")
}

impl ManagedCluster {
    pub(crate) fn property(&self, pointer: &str) -> Option<&Value> {
        let (first, rest) = pointer.trim_start_matches('/').split_once('/').unwrap_or((pointer.trim_start_matches('/'), ""));
        let value = self.properties.get(first)?;
        if rest.is_empty() { Some(value) } else { value.pointer(&format!("/{rest}")) }
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.property(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn is_set(&self, pointer: &str) -> bool {
        self.property(pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn fqdn(&self) -> &str {
        self.text("/fqdn")
    }

    pub(crate) fn node_resource_group(&self) -> &str {
        self.text("/nodeResourceGroup")
    }

    /// `Succeeded`, or what is going on.
    pub(crate) fn provisioning_state(&self) -> &'static str {
        self.operation.as_ref().map_or("Succeeded", |operation| operation.kind.state())
    }

    /// The resource as the service answers it.
    pub(crate) fn body(&self) -> Value {
        let mut body =
            json!({"id": self.id, "location": self.location, "name": self.name, "type": "Microsoft.ContainerService/ManagedClusters"});
        if let Some(tags) = &self.tags {
            body["tags"] = json!(tags);
        }
        body["kind"] = json!("Base");
        body["properties"] = Value::Object(self.shown_properties());
        body["identity"] = self.identity.clone();
        body["sku"] = self.sku.clone();
        if self.kubelet.is_some() {
            body["eTag"] = json!(self.etag);
        }
        body
    }

    /// Recorded: identityProfile, effectiveOutboundIPs and eTags appear only when creation has ended; `nodeLabels: {}` only before.
    fn shown_properties(&self) -> Map<String, Value> {
        let mut shown = Map::new();
        shown.insert("provisioningState".to_owned(), json!(self.provisioning_state()));
        for (name, value) in &self.properties {
            let mut value = value.clone();
            match name.as_str() {
                "agentPoolProfiles" => {
                    let pools = value.as_array_mut().map(Vec::as_mut_slice).unwrap_or_default();
                    pools.iter_mut().for_each(|pool| *pool = self.shown_pool(pool));
                }
                "networkProfile" if self.kubelet.is_some() => self.show_outbound_address(&mut value),
                _ => {}
            }
            shown.insert(name.clone(), value);
            if let ("maxAgentPools", Some(kubelet)) = (name.as_str(), &self.kubelet) {
                let identity = json!({"resourceId": kubelet.resource_id, "clientId": kubelet.client_id, "objectId": kubelet.object_id});
                shown.insert("identityProfile".to_owned(), json!({ "kubeletidentity": identity }));
            }
        }
        shown
    }

    /// A pool with its state in the place that the service gives it.
    pub(crate) fn shown_pool(&self, pool: &Value) -> Value {
        let mut shown = Map::new();
        for (name, value) in pool.as_object().into_iter().flatten() {
            if name == "powerState" {
                shown.insert("provisioningState".to_owned(), json!(self.provisioning_state()));
            }
            if name == "nodeLabels" && self.kubelet.is_some() && value.as_object().is_some_and(Map::is_empty) {
                continue;
            }
            if name == "eTag" && self.kubelet.is_none() {
                continue;
            }
            shown.insert(name.clone(), value.clone());
        }
        Value::Object(shown)
    }

    fn show_outbound_address(&self, network: &mut Value) {
        let Some(profile) = network.get_mut("loadBalancerProfile").and_then(Value::as_object_mut) else { return };
        let name = self.text("/resourceUID");
        let group = self.node_resource_group();
        let id =
            format!("/subscriptions/{}/resourceGroups/{group}/providers/Microsoft.Network/publicIPAddresses/{name}", self.subscription);
        let pool_type = profile.shift_remove("backendPoolType");
        profile.insert("effectiveOutboundIPs".to_owned(), json!([{ "id": id }]));
        if let Some(pool_type) = pool_type {
            profile.insert("backendPoolType".to_owned(), pool_type);
        }
    }
}
