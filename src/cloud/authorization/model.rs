//! What this service remembers. No HTTP, no time.

use crate::cloud::identity::azure_rbac::Grant;

/// Role assignments.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    /// In order of creation.
    pub(crate) assignments: Vec<Grant>,
}
