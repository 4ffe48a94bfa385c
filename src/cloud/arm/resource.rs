//! A resource as lists over all services show it.

use serde_json::{Map, Value};

/// One Azure resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `Microsoft.KeyVault/vaults`.
    pub(crate) kind: &'static str,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
}
