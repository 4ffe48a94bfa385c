//! Who asks an API server, and the authorizers in their order: Kubernetes RBAC, then Azure's webhook where the cluster has it.
//!
//! The order is assumed; that roles of either side are enough is documented ("Use Azure RBAC for Kubernetes authorization").

use std::cell::RefCell;

use super::azure_webhook::{self, Webhook};
use super::model::Cluster;
use super::objects::Store;
use super::rbac::{self, Decision, MASTERS};
use crate::cloud::authorization;
use crate::cloud::http::endpoint::KubeAttributes;
use crate::cloud::identity::caller::KubeUser;
use crate::cloud::state::State;
use crate::cloud::trace::{Checks, Permission, Trace, Use};

/// The step of a request in which it is decided.
const DECISION: &str = "8 decision";

/// A user with everything that decisions about them need beside the cluster's objects.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    user: KubeUser,
    webhook: Option<Webhook>,
    /// The managed cluster's id.
    cluster_id: String,
    /// What allowed decisions have taken so far.
    taken: RefCell<Vec<Permission>>,
}

impl Asker {
    /// A user about whom only the cluster's own roles decide.
    #[cfg(test)]
    pub(crate) fn in_kubernetes(user: KubeUser) -> Asker {
        Asker { user, webhook: None, cluster_id: String::new(), taken: RefCell::default() }
    }

    /// A user with what the state knows about them now.
    pub(crate) fn of(state: &State, cluster: &Cluster, user: &KubeUser) -> Asker {
        let has_webhook = cluster.settings.entra.as_ref().is_some_and(|entra| entra.azure_rbac);
        let cluster_id = cluster.settings.resource_id.clone();
        let webhook = has_webhook.then(|| Webhook { cluster_id: cluster_id.clone(), grants: authorization::grants(state) });
        Asker { user: user.clone(), webhook, cluster_id, taken: RefCell::default() }
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
        self.decide_telling(store, attributes, &mut Checks::default())
    }

    /// The same for a question that takes nothing.
    pub(crate) fn would(&self, store: &Store, attributes: &KubeAttributes) -> bool {
        let kept = self.taken.borrow().len();
        let decision = self.decide(store, attributes);
        self.taken.borrow_mut().truncate(kept);
        decision.allowed
    }

    /// The same, and what each authorizer found.
    pub(crate) fn decide_telling(&self, store: &Store, attributes: &KubeAttributes, checks: &mut Checks) -> Decision {
        let own = rbac::decide(store, &self.user, attributes);
        let found = match (own.allowed, own.reason.as_str()) {
            (true, "") => "allowed: a member of system:masters needs no rule",
            (true, reason) => reason.strip_prefix("RBAC: ").unwrap_or(reason),
            (false, "") => "no binding gives the user a rule that allows it",
            (false, reason) => reason,
        };
        checks.note(DECISION, format!("Kubernetes RBAC: {found}"));
        if own.allowed {
            self.take_rule(store, attributes);
            return own;
        }
        let Some(webhook) = &self.webhook else { return own };
        let azure = azure_webhook::decide(webhook, &self.user, attributes);
        checks.note(DECISION, format!("Azure RBAC: {}", azure.told));
        if azure.allowed {
            let actions = azure.actions.into_iter();
            let actions = actions.map(|action| Permission::Action { scope: azure.scope.clone(), action, on_data: true });
            self.taken.borrow_mut().extend(actions);
            return Decision { allowed: true, reason: azure.reason };
        }
        if own.reason.is_empty() {
            return Decision { allowed: false, reason: azure.reason };
        }
        Decision { allowed: false, reason: format!("{}\n{}", own.reason, azure.reason) }
    }

    /// Notes that a rule of the cluster's own roles was needed, unless everybody has it who is authenticated.
    pub(crate) fn take_rule(&self, store: &Store, attributes: &KubeAttributes) {
        let anybody = KubeUser { groups: vec!["system:authenticated".to_owned()], ..KubeUser::default() };
        if rbac::decide(store, &anybody, attributes).allowed {
            return;
        }
        let KubeAttributes { verb, group, resource, subresource, namespace, path, .. } = attributes;
        let (cluster, verb) = (self.cluster_id.clone(), verb.clone());
        self.taken.borrow_mut().push(if resource.is_empty() {
            Permission::Path { cluster, path: path.clone(), verb }
        } else {
            let resource = if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") };
            Permission::Rule { cluster, namespace: namespace.clone(), group: group.clone(), resource, verb }
        });
    }

    /// Writes down what the decisions so far have taken.
    pub(crate) fn account(&self, trace: &mut Trace) {
        let object_id = self.user.extra.iter().find(|(name, _)| name == "oid").and_then(|(_, values)| values.first());
        let principal = object_id.unwrap_or(&self.user.name).clone();
        for permission in self.taken.take() {
            trace.used(&Use { principal: principal.clone(), name: self.user.name.clone(), permission });
        }
    }
}
