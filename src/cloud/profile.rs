//! Which Azure is emulated: one Azure, with a date.

/// What Azure decided differently over time, as of one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The month: `2026-11`. Printed in every report.
    pub name: &'static str,
    /// The Kubernetes minor version that a cluster gets when none is asked for.
    pub default_kubernetes: &'static str,
    /// The patch versions that a cluster of each minor version runs, newest first.
    pub kubernetes_versions: &'static [&'static str],
    /// The OIDC issuer is on without being asked from this minor version on.
    pub oidc_issuer_default_from_minor: u32,
    /// A vault created with this api-version or a later one uses Azure RBAC when the body does not say.
    pub vault_rbac_default_from_api: &'static str,
    /// Whether the workload-identity webhook mounts tokens below `/var/run/secrets/azure/wi` (from spring 2026) or at the older path.
    pub webhook_reserved_token_path: bool,
}

impl Profile {
    /// Azure as it was in November 2026.
    pub const NOVEMBER_2026: Self = Self {
        name: "2026-11",
        // Recorded in August 2026: a cluster created without a version keeps the alias "1.34".
        default_kubernetes: "1.34",
        // Assumed: the patch levels; the minor versions are those supported in 2026.
        kubernetes_versions: &["1.35.2", "1.34.5", "1.33.9", "1.32.12"],
        oidc_issuer_default_from_minor: 34,
        // Key Vault documentation: RBAC is the default for vaults created with API version 2026-02-01 and later.
        vault_rbac_default_from_api: "2026-02-01",
        // Azure/azure-workload-identity d878231 (2026-04-10) moved the mount. Assumed: AKS rolled it out by November.
        webhook_reserved_token_path: true,
    };
}

impl Default for Profile {
    fn default() -> Self {
        Self::NOVEMBER_2026
    }
}
