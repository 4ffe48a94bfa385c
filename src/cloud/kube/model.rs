//! The clusters as their API servers see them. No HTTP, no clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::objects::Store;
use super::pods::run::Kubelet;
use crate::cloud::identity::caller::KubeUser;
use crate::cloud::registry::pull::Registries;

/// Every cluster, by lower-case resource id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    clusters: BTreeMap<String, Cluster>,
}

/// What the managed cluster decides for its Kubernetes side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The managed cluster's id.
    pub(crate) resource_id: String,
    pub(crate) subscription: String,
    pub(crate) node_resource_group: String,
    pub(crate) location: String,
    /// As written; hosts compare in lower case.
    pub(crate) fqdn: String,
    /// `v1.34.5`.
    pub(crate) git_version: String,
    pub(crate) tenant_id: String,
    /// With its final slash; empty when the issuer is not published.
    pub(crate) issuer_url: String,
    /// Whether the workload-identity webhook runs.
    pub(crate) workload_identity: bool,
    /// The integration with Entra, when there is one.
    pub(crate) entra: Option<Entra>,
    pub(crate) pools: Vec<NodePool>,
}

/// How a cluster knows users of Entra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entra {
    /// Whose tokens are accepted.
    pub(crate) tenant_id: String,
    /// Object ids of the groups that may do everything.
    pub(crate) admin_groups: Vec<String>,
    /// Whether role assignments in Azure count.
    pub(crate) azure_rbac: bool,
}

/// Nodes that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodePool {
    pub(crate) name: String,
    pub(crate) count: usize,
    pub(crate) vm_size: String,
    /// `system` or `user`.
    pub(crate) mode: String,
    pub(crate) node_image: String,
    pub(crate) max_pods: u64,
}

/// One cluster.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    /// What containers wrote.
    pub(crate) logs: LogBook,
    /// What runs on the nodes.
    pub(crate) kubelet: Kubelet,
    /// Client certificates by their DER bytes.
    pub(crate) certificates: Vec<(Vec<u8>, KubeUser)>,
    /// Static tokens.
    pub(crate) tokens: Vec<(String, KubeUser)>,
    /// The registries of the subscription as the nodes see them.
    pub(crate) registries: Registries,
}

/// A container's log lines, by pod uid, container and restart count.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogBook {
    lines: BTreeMap<(String, String, u64), Vec<LogLine>>,
}

/// One line that a container wrote, without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub(crate) at: Timestamp,
    pub(crate) text: String,
}

impl LogBook {
    /// Adds a line to the log of one run of a container (`restart` counts from 0).
    pub(crate) fn append(&mut self, pod_uid: &str, container: &str, restart: u64, line: LogLine) {
        self.lines.entry((pod_uid.to_owned(), container.to_owned(), restart)).or_default().push(line);
    }

    /// The lines of one run of a container, oldest first.
    pub(crate) fn lines(&self, pod_uid: &str, container: &str, restart: u64) -> &[LogLine] {
        self.lines.get(&(pod_uid.to_owned(), container.to_owned(), restart)).map_or(&[], Vec::as_slice)
    }

    /// Forgets what a container wrote before that run: a node keeps the present run and the one before it.
    pub(crate) fn forget_before(&mut self, pod_uid: &str, container: &str, restart: u64) {
        self.lines.retain(|(uid, name, run), _| uid != pod_uid || name != container || *run >= restart);
    }

    /// Forgets what a pod wrote.
    pub(crate) fn forget(&mut self, pod_uid: &str) {
        self.lines.retain(|(uid, ..), _| uid != pod_uid);
    }
}

impl Cluster {
    /// A cluster without objects.
    pub(crate) fn new(settings: Settings) -> Cluster {
        let identity =
            Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{} {}", settings.tenant_id, settings.resource_id.to_lowercase()).as_bytes());
        Cluster {
            store: Store::new(identity),
            settings,
            logs: LogBook::default(),
            kubelet: Kubelet::default(),
            certificates: Vec::new(),
            tokens: Vec::new(),
            registries: Registries::default(),
        }
    }

    /// `34` of `v1.34.5`.
    pub(crate) fn minor(&self) -> u32 {
        self.settings.git_version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default()
    }

    /// The `iss` of service-account tokens.
    pub(crate) fn issuer(&self) -> String {
        // Assumed: without a published issuer the API server signs in its own name.
        if self.settings.issuer_url.is_empty() { format!("https://{}", self.settings.fqdn) } else { self.settings.issuer_url.clone() }
    }

    /// The audiences that the API server accepts, and gives to tokens that ask for none.
    pub(crate) fn audiences(&self) -> Vec<String> {
        // Reported for AKS clusters: the issuer and the server's own address.
        let own = format!("https://{}", self.settings.fqdn);
        if self.settings.issuer_url.is_empty() { vec![own] } else { vec![self.settings.issuer_url.clone(), own] }
    }
}

impl Model {
    /// The cluster of a managed cluster's id.
    pub(crate) fn get(&self, resource_id: &str) -> Option<&Cluster> {
        self.clusters.get(&resource_id.to_lowercase())
    }

    pub(crate) fn get_mut(&mut self, resource_id: &str) -> Option<&mut Cluster> {
        self.clusters.get_mut(&resource_id.to_lowercase())
    }

    /// The cluster whose API server has this host name (lower case).
    pub(crate) fn by_host(&self, host: &str) -> Option<&Cluster> {
        self.clusters.values().find(|cluster| cluster.settings.fqdn.eq_ignore_ascii_case(host))
    }

    pub(crate) fn by_host_mut(&mut self, host: &str) -> Option<&mut Cluster> {
        self.clusters.values_mut().find(|cluster| cluster.settings.fqdn.eq_ignore_ascii_case(host))
    }

    /// The cluster that publishes this issuer, exactly.
    pub(crate) fn by_issuer(&self, issuer: &str) -> Option<&Cluster> {
        self.clusters.values().find(|cluster| !issuer.is_empty() && cluster.settings.issuer_url == issuer)
    }

    pub(crate) fn clusters(&self) -> impl Iterator<Item = &Cluster> {
        self.clusters.values()
    }

    pub(crate) fn clusters_mut(&mut self) -> impl Iterator<Item = &mut Cluster> {
        self.clusters.values_mut()
    }

    pub(crate) fn insert(&mut self, cluster: Cluster) {
        self.clusters.insert(cluster.settings.resource_id.to_lowercase(), cluster);
    }

    pub(crate) fn remove(&mut self, resource_id: &str) {
        self.clusters.remove(&resource_id.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_kept_for_each_run_of_a_container() {
        let mut logs = LogBook::default();
        let line = |text: &str| LogLine { at: Timestamp::UNIX_EPOCH, text: text.to_owned() };
        logs.append("u", "c", 0, line("first"));
        logs.append("u", "c", 1, line("second"));
        assert_eq!(logs.lines("u", "c", 0), [line("first")]);
        assert!(logs.lines("u", "other", 0).is_empty());
        logs.forget_before("u", "c", 1);
        assert_eq!((logs.lines("u", "c", 0).len(), logs.lines("u", "c", 1).len()), (0, 1));
        logs.forget("u");
        assert!(logs.lines("u", "c", 1).is_empty());
    }
}
