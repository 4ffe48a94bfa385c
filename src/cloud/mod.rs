//! The emulated Azure, usable alone.
//!
//! It answers HTTPS for the real host names behind a CONNECT proxy on loopback, keeps everything in one [`State`](state::State), runs on a
//! clock of its own, derives every identifier from a seed, and refuses by name what it does not emulate.
//!
//! Deliberately absent: runbooks, shells, clients. The wire is the contract.

#![expect(dead_code, reason = "the services land one after the other; remove this when the last one has")]

mod aks;
mod arm;
mod authorization;
mod clock;
mod exchange;
mod fault;
mod graph;
mod http;
mod identity;
mod ids;
mod keyvault;
mod kube;
mod msi;
mod observation;
mod profile;
mod settle;
mod shared;
mod state;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use clock::ClockMode;
pub use fault::Unsupported;
pub use http::authority::AuthorityError;
pub use observation::Observation;
pub use profile::Profile;

use shared::Shared;
use state::State;

/// How a cloud begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudOptions {
    /// Identifiers derive from it.
    pub seed: u64,
    /// How time passes.
    pub clock: ClockMode,
    /// Which Azure it is.
    pub profile: Profile,
}

/// Why a cloud could not start.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// No loopback port.
    #[error("cannot listen on loopback")]
    Listen(#[source] std::io::Error),
    /// No certificates.
    #[error("cannot make certificates")]
    Certificates(#[from] AuthorityError),
}

/// A running cloud. It stops when dropped.
#[derive(Debug)]
pub struct Cloud {
    shared: Arc<Shared>,
}

/// A state to come back to.
#[derive(Debug, Clone)]
pub struct Snapshot(State);

/// Who the clients are signed in as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// GUID of the tenant.
    pub tenant_id: String,
    /// Its default domain.
    pub tenant_domain: String,
    /// GUID of the subscription.
    pub subscription_id: String,
    /// Its display name.
    pub subscription_name: String,
    /// GUID of the user.
    pub user_object_id: String,
    /// The user's sign-in name.
    pub user_principal_name: String,
    /// A refresh token for the user.
    pub refresh_token: String,
}

impl Cloud {
    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.shared.state().now()
    }

    /// Lets `by` pass: everything that is due happens on the way, in order.
    pub fn advance(&self, by: Duration) {
        self.shared.advance(by);
    }

    /// What was noticed since the last call.
    pub fn take_observations(&self) -> Vec<Observation> {
        self.shared.state().take_observations()
    }

    /// Every secret value issued or stored so far, for masking.
    pub fn secrets(&self) -> Vec<String> {
        self.shared.state().secrets().to_vec()
    }

    /// The state as it is.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.shared.state().clone())
    }

    /// Goes back to a state. Observations and known secrets of the meantime are kept.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.shared.restore(&snapshot.0);
    }
}
