//! The objects that a new cluster begins with: namespaces, nodes, the `kubernetes` service, and the default roles.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::{Cluster, NodePool};
use super::objects::{Key, rfc3339};
use super::resources;

/// Namespaces of every cluster.
pub(crate) const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// A default cluster role of `default_roles.txt`.
struct DefaultRole {
    name: &'static str,
    labels: Vec<&'static str>,
    aggregates: Option<&'static str>,
    subjects: Vec<(&'static str, &'static str)>,
    rules: Vec<Value>,
}

static DEFAULT_ROLES: LazyLock<Vec<DefaultRole>> = LazyLock::new(|| parse_roles(include_str!("default_roles.txt")));

fn parse_roles(text: &'static str) -> Vec<DefaultRole> {
    let list = |text: &str| -> Value { text.split(',').map(|word| if word == "core" { "" } else { word }).collect() };
    let mut roles: Vec<DefaultRole> = Vec::new();
    for line in text.lines() {
        let Some((word, rest)) = line.split_once(' ') else { continue };
        if word == "role" {
            roles.push(DefaultRole { name: rest, labels: Vec::new(), aggregates: None, subjects: Vec::new(), rules: Vec::new() });
        }
        let Some(role) = roles.last_mut() else { continue };
        let mut parts = rest.split('|');
        match word {
            "label" => role.labels.push(rest),
            "aggregate" => role.aggregates = Some(rest),
            "bind" => role.subjects.extend(rest.split_once(' ')),
            "rule" => {
                let (groups, kinds, verbs) = (parts.next(), parts.next(), parts.next());
                let of = |part: Option<&str>| list(part.unwrap_or_default());
                role.rules.push(json!({"apiGroups": of(groups), "resources": of(kinds), "verbs": of(verbs)}));
            }
            "paths" => {
                let (urls, verbs) = (parts.next(), parts.next());
                role.rules.push(json!({"nonResourceURLs": list(urls.unwrap_or_default()), "verbs": list(verbs.unwrap_or_default())}));
            }
            _ => {}
        }
    }
    roles
}

/// Fills an empty cluster.
pub(crate) fn fill(cluster: &mut Cluster, now: Timestamp) {
    for name in NAMESPACES {
        put(cluster, "", "namespaces", "", name, namespace(name), now);
    }
    default_roles(cluster, now);
    kubernetes_service(cluster, now);
    nodes(cluster, now);
}

/// A namespace as it is stored.
pub(crate) fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    })
}

fn put(cluster: &mut Cluster, group: &str, plural: &str, namespace: &str, name: &str, object: Value, now: Timestamp) {
    let resource = resources::find(group, "v1", plural).expect("only kinds of the table are put at the start");
    let key = Key::new(resource, namespace, name);
    if cluster.store.get(&key).is_none() {
        cluster.store.create(resource, key, object, now);
    }
}

fn default_roles(cluster: &mut Cluster, now: Timestamp) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    for role in DEFAULT_ROLES.iter() {
        let mut labels = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
        role.labels.iter().for_each(|label| labels[*label] = json!("true"));
        let annotations = json!({"rbac.authorization.kubernetes.io/autoupdate": "true"});
        let mut object = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"annotations": annotations, "labels": labels},
            "rules": role.rules,
        });
        if let Some(label) = role.aggregates {
            object["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]});
            object["rules"] = json!(aggregated(label));
        }
        put(cluster, GROUP, "clusterroles", "", role.name, object, now);
        if role.subjects.is_empty() {
            continue;
        }
        let subjects: Vec<Value> =
            role.subjects.iter().map(|(kind, name)| json!({"apiGroup": GROUP, "kind": kind, "name": name})).collect();
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"annotations": annotations, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role.name},
            "subjects": subjects,
        });
        put(cluster, GROUP, "clusterrolebindings", "", role.name, binding, now);
    }
}

/// The rules of every default role with this label, those of aggregating roles included.
fn aggregated(label: &str) -> Vec<Value> {
    let members = DEFAULT_ROLES.iter().filter(|role| role.labels.contains(&label));
    members.flat_map(|role| role.aggregates.map_or_else(|| role.rules.clone(), aggregated)).collect()
}

fn kubernetes_service(cluster: &mut Cluster, now: Timestamp) {
    let labels = json!({"component": "apiserver", "provider": "kubernetes"});
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"labels": labels},
        "spec": {
            "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack", "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}],
            "sessionAffinity": "None", "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    });
    put(cluster, "", "services", "default", "kubernetes", service, now);
}

/// Size, virtual CPUs and memory in GiB of the machines that runbooks ask for; Azure documentation "Sizes for virtual machines".
const SIZES: &[(&str, u64, u64)] = &[
    ("standard_b2s", 2, 4),
    ("standard_b2ms", 2, 8),
    ("standard_b4ms", 4, 16),
    ("standard_ds2_v2", 2, 7),
    ("standard_d2s_v3", 2, 8),
    ("standard_d4s_v3", 4, 16),
    ("standard_d2s_v5", 2, 8),
    ("standard_d4s_v5", 4, 16),
    ("standard_d8s_v3", 8, 32),
    ("standard_d2as_v5", 2, 8),
    ("standard_e2s_v3", 2, 16),
    ("standard_d4ds_v5", 4, 16),
];

/// Makes the nodes of every pool that are missing, and removes those of no pool.
pub(crate) fn nodes(cluster: &mut Cluster, now: Timestamp) {
    let nodes = resources::find("", "v1", "nodes").expect("nodes are in the table");
    let leases = resources::find("coordination.k8s.io", "v1", "leases").expect("leases are in the table");
    let mut wanted = Vec::new();
    let mut address = 4;
    for pool in cluster.settings.pools.clone() {
        for index in 0..pool.count {
            let name = node_name(cluster, &pool.name, index);
            let object = node(cluster, &pool, &name, address, now);
            let key = Key::new(nodes, "", &name);
            // An upgrade replaces the node's image; its name stays.
            let is_old = cluster.store.get(&key).is_some_and(|known| known["status"]["nodeInfo"] != object["status"]["nodeInfo"]);
            if is_old {
                cluster.store.update(nodes, &key, object);
            } else {
                put(cluster, "", "nodes", "", &name, object, now);
            }
            let lease = json!({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{},
                "spec":{"holderIdentity":name,"leaseDurationSeconds":40,"renewTime":format!("{}.000000Z", rfc3339(now).trim_end_matches('Z'))}});
            put(cluster, "coordination.k8s.io", "leases", "kube-node-lease", &name, lease, now);
            wanted.push(name);
            address += 1;
        }
    }
    let gone: Vec<Key> = cluster.store.list(nodes, None).map(|(key, _)| key.clone()).filter(|key| !wanted.contains(&key.name)).collect();
    for key in gone {
        cluster.store.delete(&Key::new(leases, "kube-node-lease", &key.name));
        cluster.store.delete(&key);
    }
}

/// `aks-nodepool1-12345678-vmss000000`: AKS documentation shows eight digits of the scale set and six of the instance.
fn node_name(cluster: &Cluster, pool: &str, index: usize) -> String {
    let number = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, cluster.settings.fqdn.as_bytes()).as_u128() % 100_000_000;
    format!("aks-{pool}-{number:08}-vmss{index:06}")
}

fn node(cluster: &Cluster, pool: &NodePool, name: &str, address: usize, now: Timestamp) -> Value {
    let (cpus, gib) =
        SIZES.iter().find(|(size, ..)| pool.vm_size.eq_ignore_ascii_case(size)).map_or((2, 8), |(_, cpus, gib)| (*cpus, *gib));
    let memory = gib * 1024 * 1024 - 400 * 1024;
    let settings = &cluster.settings;
    let location = &settings.location;
    let labels = json!({
        "agentpool": pool.name,
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/instance-type": pool.vm_size,
        "beta.kubernetes.io/os": "linux",
        "failure-domain.beta.kubernetes.io/region": location,
        "failure-domain.beta.kubernetes.io/zone": "0",
        "kubernetes.azure.com/agentpool": pool.name,
        "kubernetes.azure.com/cluster": settings.node_resource_group,
        "kubernetes.azure.com/mode": pool.mode,
        "kubernetes.azure.com/node-image-version": pool.node_image,
        "kubernetes.azure.com/os-sku": "Ubuntu",
        "kubernetes.azure.com/role": "agent",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": pool.vm_size,
        "topology.kubernetes.io/region": location,
        "topology.kubernetes.io/zone": "0",
    });
    let time = rfc3339(now);
    let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({"type":kind,"status":status,"lastHeartbeatTime":time,"lastTransitionTime":time,"reason":reason,"message":message});
    let instance = name.rsplit_once("vmss").map_or("0", |(_, number)| number.trim_start_matches('0'));
    let scale_set = name.rsplit_once("000").map_or(name, |(set, _)| set.trim_end_matches('0'));
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"labels": labels, "annotations": {"node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/controller-managed-attach-detach": "true"}},
        "spec": {
            "podCIDR": format!("10.244.{}.0/24", address - 4),
            "podCIDRs": [format!("10.244.{}.0/24", address - 4)],
            "providerID": format!(
                "azure:///subscriptions/{}/resourceGroups/{}/providers/Microsoft.Compute/virtualMachineScaleSets/{scale_set}/virtualMachines/{}",
                settings.subscription,
                settings.node_resource_group.to_lowercase(),
                if instance.is_empty() { "0" } else { instance },
            ),
        },
        "status": {
            "addresses": [{"address": format!("10.224.0.{address}"), "type": "InternalIP"}, {"address": name, "type": "Hostname"}],
            // AKS documentation "Resource reservations": memory that the kubelet and the system keep. Assumed: the exact figures.
            "allocatable": {"cpu": format!("{}m", cpus * 1000 - 100), "ephemeral-storage": "119703055367", "hugepages-1Gi": "0", "hugepages-2Mi": "0",
                "memory": format!("{}Ki", memory * 7 / 10), "pods": pool.max_pods.to_string()},
            "capacity": {"cpu": cpus.to_string(), "ephemeral-storage": "129886128Ki", "hugepages-1Gi": "0", "hugepages-2Mi": "0",
                "memory": format!("{memory}Ki"), "pods": pool.max_pods.to_string()},
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {"architecture": "amd64", "bootID": "00000000-0000-4000-8000-000000000000", "containerRuntimeVersion": "containerd://1.7.28-1",
                "kernelVersion": "5.15.0-1096-azure", "kubeProxyVersion": "", "kubeletVersion": settings.git_version,
                "machineID": "00000000000000000000000000000000", "operatingSystem": "linux", "osImage": "Ubuntu 22.04.5 LTS",
                "systemUUID": "00000000-0000-4000-8000-000000000000"},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregated_roles_have_the_rules_of_their_members() {
        let roles = &*DEFAULT_ROLES;
        assert!(roles.len() >= 10);
        let has = |rules: &[Value], resource: &str, verb: &str| {
            rules.iter().any(|rule| {
                let contains = |name: &str, word: &str| rule[name].as_array().is_some_and(|list| list.iter().any(|item| item == word));
                contains("resources", resource) && contains("verbs", verb)
            })
        };
        let view = aggregated("rbac.authorization.k8s.io/aggregate-to-view");
        assert!(has(&view, "pods", "get") && !has(&view, "secrets", "get"));
        let admin = aggregated("rbac.authorization.k8s.io/aggregate-to-admin");
        assert!(has(&admin, "pods", "get") && has(&admin, "secrets", "get") && has(&admin, "rolebindings", "create"));
    }
}
