//! The kinds of the embedded cluster: names, verbs, and what docent does with each.

/// What docent does with objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emulation {
    /// Stored, listed, watched.
    Stored,
    /// Reads find nothing; writes are refused by name, because nothing would happen afterwards.
    ReadAsEmpty,
    /// Created to be answered, never stored.
    Review,
}

/// A kind that the API server serves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) short_names: &'static [&'static str],
    pub(crate) categories: &'static [&'static str],
    pub(crate) namespaced: bool,
    pub(crate) emulation: Emulation,
    /// `metadata.generation` counts changes of `spec`.
    pub(crate) has_generation: bool,
    /// Name, kind (`group/version/Kind` when it is another group), verbs.
    pub(crate) subresources: &'static [(&'static str, &'static str, &'static [&'static str])],
}

const ALL_VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const NAMESPACE_VERBS: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];
const REVIEW_VERBS: &[&str] = &["create"];
const STATUS_VERBS: &[&str] = &["get", "patch", "update"];

impl Resource {
    /// `deployments.apps`; plain `pods` in the core group.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    pub(crate) fn verbs(&self) -> &'static [&'static str] {
        match self.emulation {
            Emulation::Review => REVIEW_VERBS,
            // Source: discovery of a Kubernetes 1.34 server lists no deletecollection for namespaces and services before 1.34.
            _ if self.plural == "namespaces" => NAMESPACE_VERBS,
            _ => ALL_VERBS,
        }
    }

    /// The kind and verbs of a subresource.
    pub(crate) fn subresource(&self, name: &str) -> Option<(&'static str, &'static [&'static str])> {
        self.subresources.iter().find(|(known, ..)| *known == name).map(|(_, kind, verbs)| (*kind, *verbs))
    }
}

const fn core(plural: &'static str, singular: &'static str, kind: &'static str, short_names: &'static [&'static str]) -> Resource {
    Resource {
        group: "",
        version: "v1",
        plural,
        singular,
        kind,
        short_names,
        categories: &[],
        namespaced: true,
        emulation: Emulation::Stored,
        has_generation: false,
        subresources: &[],
    }
}

const fn grouped(group: &'static str, plural: &'static str, singular: &'static str, kind: &'static str) -> Resource {
    Resource { group, ..core(plural, singular, kind, &[]) }
}

const fn workload(
    group: &'static str,
    plural: &'static str,
    singular: &'static str,
    kind: &'static str,
    short: &'static [&'static str],
) -> Resource {
    Resource {
        short_names: short,
        categories: &["all"],
        emulation: Emulation::ReadAsEmpty,
        has_generation: true,
        subresources: &[("status", "", STATUS_VERBS)],
        ..grouped(group, plural, singular, kind)
    }
}

const fn review(group: &'static str, plural: &'static str, singular: &'static str, kind: &'static str, namespaced: bool) -> Resource {
    Resource { namespaced, emulation: Emulation::Review, ..grouped(group, plural, singular, kind) }
}

const fn empty(
    group: &'static str,
    plural: &'static str,
    singular: &'static str,
    kind: &'static str,
    short: &'static [&'static str],
) -> Resource {
    Resource { short_names: short, emulation: Emulation::ReadAsEmpty, ..grouped(group, plural, singular, kind) }
}

const RBAC: &str = "rbac.authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";

/// Every resource, in the order of discovery: core first, then groups by name. Names, verbs and categories are those of a
/// Kubernetes 1.34 server; kinds that no runbook of the corpus has used yet are left out.
static RESOURCES: &[Resource] = &[
    core("configmaps", "configmap", "ConfigMap", &["cm"]),
    core("endpoints", "endpoints", "Endpoints", &["ep"]),
    core("events", "event", "Event", &["ev"]),
    core("limitranges", "limitrange", "LimitRange", &["limits"]),
    Resource {
        namespaced: false,
        subresources: &[("finalize", "Namespace", &["update"]), ("status", "Namespace", STATUS_VERBS)],
        ..core("namespaces", "namespace", "Namespace", &["ns"])
    },
    Resource { namespaced: false, subresources: &[("status", "Node", STATUS_VERBS)], ..core("nodes", "node", "Node", &["no"]) },
    empty("", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim", &["pvc"]),
    Resource { namespaced: false, ..empty("", "persistentvolumes", "persistentvolume", "PersistentVolume", &["pv"]) },
    Resource {
        categories: &["all"],
        has_generation: true,
        subresources: &[
            ("attach", "PodAttachOptions", &["create", "get"]),
            ("binding", "Binding", &["create"]),
            ("ephemeralcontainers", "Pod", STATUS_VERBS),
            ("eviction", "policy/v1/Eviction", &["create"]),
            ("exec", "PodExecOptions", &["create", "get"]),
            ("log", "Pod", &["get"]),
            ("portforward", "PodPortForwardOptions", &["create", "get"]),
            ("proxy", "PodProxyOptions", &["create", "delete", "get", "patch", "update"]),
            ("status", "Pod", STATUS_VERBS),
        ],
        ..core("pods", "pod", "Pod", &["po"])
    },
    core("resourcequotas", "resourcequota", "ResourceQuota", &["quota"]),
    core("secrets", "secret", "Secret", &[]),
    Resource {
        subresources: &[("token", "authentication.k8s.io/v1/TokenRequest", &["create"])],
        ..core("serviceaccounts", "serviceaccount", "ServiceAccount", &["sa"])
    },
    Resource {
        categories: &["all"],
        subresources: &[("status", "Service", STATUS_VERBS)],
        ..core("services", "service", "Service", &["svc"])
    },
    workload("apps", "daemonsets", "daemonset", "DaemonSet", &["ds"]),
    workload("apps", "deployments", "deployment", "Deployment", &["deploy"]),
    workload("apps", "replicasets", "replicaset", "ReplicaSet", &["rs"]),
    workload("apps", "statefulsets", "statefulset", "StatefulSet", &["sts"]),
    review(AUTHENTICATION, "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview", false),
    review(AUTHENTICATION, "tokenreviews", "tokenreview", "TokenReview", false),
    review(AUTHORIZATION, "localsubjectaccessreviews", "localsubjectaccessreview", "LocalSubjectAccessReview", true),
    review(AUTHORIZATION, "selfsubjectaccessreviews", "selfsubjectaccessreview", "SelfSubjectAccessReview", false),
    review(AUTHORIZATION, "selfsubjectrulesreviews", "selfsubjectrulesreview", "SelfSubjectRulesReview", false),
    review(AUTHORIZATION, "subjectaccessreviews", "subjectaccessreview", "SubjectAccessReview", false),
    workload("autoscaling", "horizontalpodautoscalers", "horizontalpodautoscaler", "HorizontalPodAutoscaler", &["hpa"]),
    workload("batch", "cronjobs", "cronjob", "CronJob", &["cj"]),
    workload("batch", "jobs", "job", "Job", &[]),
    grouped("coordination.k8s.io", "leases", "lease", "Lease"),
    empty("discovery.k8s.io", "endpointslices", "endpointslice", "EndpointSlice", &[]),
    empty("networking.k8s.io", "ingresses", "ingress", "Ingress", &["ing"]),
    empty("networking.k8s.io", "networkpolicies", "networkpolicy", "NetworkPolicy", &["netpol"]),
    empty("policy", "poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget", &["pdb"]),
    Resource { namespaced: false, ..grouped(RBAC, "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding") },
    Resource { namespaced: false, ..grouped(RBAC, "clusterroles", "clusterrole", "ClusterRole") },
    grouped(RBAC, "rolebindings", "rolebinding", "RoleBinding"),
    grouped(RBAC, "roles", "role", "Role"),
    Resource { namespaced: false, ..empty("storage.k8s.io", "storageclasses", "storageclass", "StorageClass", &["sc"]) },
];

/// All resources, in the order of discovery.
pub(crate) fn all() -> &'static [Resource] {
    RESOURCES
}

/// The resource of a path.
pub(crate) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.group == group && resource.version == version && resource.plural == plural)
}

/// A resource by its plural name, in any group; the first in the order of discovery.
pub(crate) fn by_plural(plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.plural == plural)
}

/// The resource whose objects have this `apiVersion` and `kind`.
pub(crate) fn by_kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.kind == kind && resource.api_version() == api_version)
}

/// Groups other than core with their versions, in the order of discovery.
pub(crate) fn groups() -> Vec<(&'static str, &'static str)> {
    let mut groups: Vec<(&str, &str)> = Vec::new();
    for resource in RESOURCES.iter().filter(|resource| !resource.group.is_empty()) {
        if !groups.contains(&(resource.group, resource.version)) {
            groups.push((resource.group, resource.version));
        }
    }
    groups
}

/// The name in `schema.txt` of the type behind `apiVersion` and `kind`, for everything that can be a request's body.
pub(crate) fn type_of(api_version: &str, kind: &str) -> Option<&'static str> {
    match (api_version, kind) {
        ("authentication.k8s.io/v1", "TokenRequest") => return Some("TokenRequest"),
        ("v1" | "meta.k8s.io/v1", "DeleteOptions") => return Some("DeleteOptions"),
        _ => {}
    }
    by_kind(api_version, kind).map(|resource| resource.kind).filter(|kind| super::schema::fields(kind).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_kinds_can_be_decoded() {
        for resource in all().iter().filter(|resource| resource.emulation != Emulation::ReadAsEmpty) {
            assert!(type_of(&resource.api_version(), resource.kind).is_some(), "{} has no fields", resource.kind);
        }
    }

    #[test]
    fn names_are_unique_within_a_group() {
        for (index, resource) in all().iter().enumerate() {
            let twin = all()[index + 1..].iter().find(|other| other.group == resource.group && other.plural == resource.plural);
            assert!(twin.is_none(), "{} is there twice", resource.qualified());
        }
    }
}
