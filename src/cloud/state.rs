//! Everything that the cloud remembers, in one value.

use std::sync::Arc;

use jiff::Timestamp;

use super::clock::Clock;
use super::http::authority::Authority;
use super::identity::caller::{CallerKind, EntraCaller};
use super::identity::entra::model::{ServicePrincipal, ServicePrincipalKind};
use super::identity::token::Rejection;
use super::ids::Ids;
use super::observation::Observation;
use super::trace::Trace;
use super::{Application, CloudOptions, aks, arm, authorization, identity, keyvault, kube, msi, registry};

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
    pub(crate) registries: registry::model::Model,
    pub(crate) aks: aks::model::Model,
    pub(crate) kube: kube::model::Model,
    /// The run's certificate authority, shared by snapshots.
    pub(crate) authority: Arc<Authority>,
    /// The managed identity of the machine that steps run on, by its object id; most machines have none.
    pub(crate) machine_identity: Option<String>,
    /// Who decided about the requests so far, and why.
    pub(crate) trace: Trace,
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
            registries: registry::model::Model::default(),
            aks: aks::model::Model::default(),
            kube: kube::model::Model::default(),
            authority,
            machine_identity: None,
            trace: Trace::default(),
            observations: Vec::new(),
            secrets: Vec::new(),
            clock,
            ids,
        };
        let refresh_token = state.directory.signed_in_user().refresh_token.clone();
        state.remember_secret(&refresh_token);
        let (user, scope) = (state.directory.signed_in_user().object_id.clone(), state.arm.subscription().scope());
        authorization::seed_owner(&mut state, &user, &scope);
        state
    }

    /// Adds an application with a service principal and a secret to the directory.
    pub(crate) fn register_application(&mut self, display_name: &str) -> Application {
        let (now, kind) = (self.now(), format!("application {display_name}"));
        let application = Application { app_id: self.ids.guid(&kind), object_id: self.ids.guid(&kind), secret: self.ids.hex(&kind, 20) };
        self.remember_secret(&application.secret);
        self.directory.service_principals.push(ServicePrincipal {
            object_id: application.object_id.clone(),
            app_id: application.app_id.clone(),
            display_name: display_name.to_owned(),
            kind: ServicePrincipalKind::Application,
            created: now,
            resource_id: String::new(),
            secrets: vec![application.secret.clone()],
        });
        application
    }

    /// Writes down what became of a token, and whose it is.
    pub(crate) fn note_token(&mut self, audience: &str, read: &Result<EntraCaller, Rejection>) {
        let found = match read {
            Ok(caller) => {
                let kind = if caller.kind == CallerKind::User { "user" } else { "application" };
                self.trace.caller(format!("{kind} {} (object id {})", caller.name, caller.object_id));
                format!("for {audience}: signature, issuer, time, audience and principal are right")
            }
            Err(rejection) => format!("for {audience}: {}", rejection.told()),
        };
        self.trace.note("token", found);
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
        self.trace.clone_from(&later.trace);
        for secret in &later.secrets {
            self.remember_secret(secret);
        }
    }
}
