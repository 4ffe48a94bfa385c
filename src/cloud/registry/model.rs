//! Registries as stored. No HTTP, no clock.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::KIND;
use crate::cloud::arm::id::resource_id;

/// Every registry, in the order of creation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    registries: Vec<Registry>,
}

/// A registry with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registry {
    pub(crate) subscription: String,
    /// The resource group, spelled as its creator spelled it.
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
    /// `Basic`, `Standard` or `Premium`.
    pub(crate) sku: String,
    pub(crate) created: Timestamp,
    /// Who made it, as `systemData` names them.
    pub(crate) created_by: String,
    pub(crate) is_of_user: bool,
    /// `repository:tag`.
    pub(crate) images: BTreeSet<String>,
}

impl Registry {
    /// The id of the resource.
    pub(crate) fn id(&self) -> String {
        resource_id(&self.subscription, &self.group, KIND, &self.name)
    }

    /// The host that clients pull from.
    pub(crate) fn login_server(&self) -> String {
        format!("{}.azurecr.io", self.name.to_lowercase())
    }
}

impl Model {
    /// All of them, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Registry> {
        self.registries.iter()
    }

    /// The registry of that name, which is unique in the world.
    pub(crate) fn named(&self, name: &str) -> Option<&Registry> {
        self.registries.iter().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The same, to change it.
    pub(crate) fn named_mut(&mut self, name: &str) -> Option<&mut Registry> {
        self.registries.iter_mut().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn insert(&mut self, registry: Registry) {
        self.registries.push(registry);
    }

    /// Takes those out that `leaves` names.
    pub(crate) fn remove_where(&mut self, mut leaves: impl FnMut(&Registry) -> bool) -> Vec<Registry> {
        let (gone, kept) = std::mem::take(&mut self.registries).into_iter().partition(|registry| leaves(registry));
        self.registries = kept;
        gone
    }
}
