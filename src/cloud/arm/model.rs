//! Subscriptions and resource groups. No HTTP.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::cloud::identity::entra::model as entra;
use crate::cloud::ids::Ids;

/// The subscription and its groups.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    subscription: Subscription,
    /// By lower-case name.
    pub(crate) groups: BTreeMap<String, Group>,
}

/// The one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tenant_id: String,
}

impl Subscription {
    /// Its id as a scope.
    pub(crate) fn scope(&self) -> String {
        format!("/subscriptions/{}", self.id)
    }
}

/// A resource group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// As first written.
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
    /// The id of the resource that manages it; empty for a group of one's own.
    pub(crate) managed_by: String,
    pub(crate) deleting: bool,
}

impl Model {
    /// One subscription without groups.
    pub(crate) fn new(ids: &Ids, directory: &entra::Model) -> Self {
        Self {
            subscription: Subscription {
                id: ids.fixed_guid("subscription"),
                name: "Docent Lab".to_owned(),
                tenant_id: directory.tenant.id.clone(),
            },
            groups: BTreeMap::new(),
        }
    }

    /// The subscription that the signed-in user owns.
    pub(crate) fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    /// A group by name, without regard to case.
    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(&name.to_lowercase())
    }
}
