//! Who asks an API server, and the authorizers in their order: Kubernetes RBAC, then Azure's webhook where the cluster has it.
//!
//! The order is assumed; that roles of either side are enough is documented ("Use Azure RBAC for Kubernetes authorization").

use super::azure_webhook::{self, Webhook};
use super::model::Cluster;
use super::objects::Store;
use super::rbac::{self, Decision, MASTERS};
use crate::cloud::authorization;
use crate::cloud::http::endpoint::KubeAttributes;
use crate::cloud::identity::caller::KubeUser;
use crate::cloud::state::State;

/// A user with everything that decisions about them need beside the cluster's objects.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    user: KubeUser,
    webhook: Option<Webhook>,
}

impl Asker {
    /// A user about whom only the cluster's own roles decide.
    #[cfg(test)]
    pub(crate) fn in_kubernetes(user: KubeUser) -> Asker {
        Asker { user, webhook: None }
    }

    /// A user with what the state knows about them now.
    pub(crate) fn of(state: &State, cluster: &Cluster, user: &KubeUser) -> Asker {
        let has_webhook = cluster.settings.entra.as_ref().is_some_and(|entra| entra.azure_rbac);
        let webhook =
            has_webhook.then(|| Webhook { cluster_id: cluster.settings.resource_id.clone(), grants: authorization::grants(state) });
        Asker { user: user.clone(), webhook }
    }

    pub(crate) fn user(&self) -> &KubeUser {
        &self.user
    }

    /// Whether the user needs no rule.
    pub(crate) fn is_master(&self) -> bool {
        self.user.groups.iter().any(|group| group == MASTERS)
    }

    /// Whether Azure is asked too.
    pub(crate) fn has_webhook(&self) -> bool {
        self.webhook.is_some()
    }

    /// The decision about one request: the first authorizer that allows it wins, else the reasons of all are given.
    pub(crate) fn decide(&self, store: &Store, attributes: &KubeAttributes) -> Decision {
        let own = rbac::decide(store, &self.user, attributes);
        let Some(webhook) = self.webhook.as_ref().filter(|_| !own.allowed) else { return own };
        let azure = azure_webhook::decide(webhook, &self.user, attributes);
        if azure.allowed || own.reason.is_empty() {
            return azure;
        }
        Decision { allowed: false, reason: format!("{}\n{}", own.reason, azure.reason) }
    }
}
