//! Everything that the cloud remembers, in one value.

use std::sync::Arc;

use jiff::Timestamp;

use super::clock::Clock;
use super::http::authority::Authority;
use super::ids::Ids;
use super::observation::Observation;
use super::{CloudOptions, aks, arm, authorization, identity, keyvault, kube, msi};

/// The model of every service. Cloning it is a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    /// Tenant, users, service principals.
    pub(crate) directory: identity::entra::model::Model,
    /// Subscriptions, resource groups.
    pub(crate) arm: arm::model::Model,
    /// Long-running operations of every service.
    pub(crate) operations: arm::lro::Model,
    pub(crate) authorization: authorization::model::Model,
    pub(crate) msi: msi::model::Model,
    pub(crate) keyvault: keyvault::model::Model,
    pub(crate) aks: aks::model::Model,
    pub(crate) kube: kube::model::Model,
    /// The run's certificate authority, shared by snapshots.
    pub(crate) authority: Arc<Authority>,
    observations: Vec<Observation>,
    secrets: Vec<String>,
}

impl State {
    /// A tenant with one user who owns one subscription, and nothing else.
    pub(crate) fn new(options: &CloudOptions, authority: Arc<Authority>) -> Self {
        let clock = Clock::new(options.clock);
        let ids = Ids::new(options.seed);
        let directory = identity::entra::model::Model::new(&ids);
        let mut state = Self {
            arm: arm::model::Model::new(&ids, &directory),
            directory,
            operations: arm::lro::Model::default(),
            authorization: authorization::model::Model::default(),
            msi: msi::model::Model::default(),
            keyvault: keyvault::model::Model::default(),
            aks: aks::model::Model::default(),
            kube: kube::model::Model::default(),
            authority,
            observations: Vec::new(),
            secrets: Vec::new(),
            clock,
            ids,
        };
        let (user, scope) = (state.directory.signed_in_user().object_id.clone(), state.arm.subscription().scope());
        authorization::seed_owner(&mut state, &user, &scope);
        state
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Notes something for the report; a repeat of the same thing is noted once.
    pub(crate) fn observe(&mut self, observation: Observation) {
        if !self.observations.contains(&observation) {
            self.observations.push(observation);
        }
    }

    /// What was noted since the last time.
    pub(crate) fn take_observations(&mut self) -> Vec<Observation> {
        std::mem::take(&mut self.observations)
    }

    /// Remembers a secret value for masking. Empty values are not secrets.
    pub(crate) fn remember_secret(&mut self, value: &str) {
        if !value.is_empty() && !self.secrets.iter().any(|known| known == value) {
            self.secrets.push(value.to_owned());
        }
    }

    /// Every secret value issued or stored so far.
    pub(crate) fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// Brings observations and secrets of a later life along when an earlier one is restored.
    pub(crate) fn inherit_records(&mut self, later: &Self) {
        self.observations.clone_from(&later.observations);
        for secret in &later.secrets {
            self.remember_secret(secret);
        }
    }
}
