//! The emulated Azure, usable alone.
//!
//! It answers HTTPS for the real host names behind a CONNECT proxy on loopback, keeps everything in one [`State`](state::State), runs on a
//! clock of its own, derives every identifier from a seed, and refuses by name what it does not emulate.
//!
//! Deliberately absent: runbooks, shells, clients. The wire is the contract.

mod actor;
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
#[cfg(test)]
mod lab;
mod msi;
mod observation;
mod profile;
#[cfg(test)]
mod refusals;
mod registry;
mod settle;
mod shared;
mod standing;
mod state;
#[cfg(test)]
mod testing;
mod trace;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};

pub use self::http::authority::AuthorityError;
pub use actor::{Actor, ActorKind, Stranger};
pub use clock::ClockMode;
pub use fault::Unsupported;
pub use http::hosts::HOSTS;
pub use observation::Observation;
pub use profile::Profile;
pub use standing::Standing;
pub use trace::{Answered, Check, Permission, Use};

use self::http::server::Server;
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
    /// No randomness for the side channel's secret.
    #[error("the system has no randomness")]
    Randomness,
}

/// A running cloud. It stops when dropped.
#[derive(Debug)]
pub struct Cloud {
    shared: Arc<Shared>,
    server: Server,
    ca_pem: String,
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

/// An application that can sign in by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its client id.
    pub app_id: String,
    /// The object id of its service principal.
    pub object_id: String,
    /// Its client secret.
    pub secret: String,
}

impl Cloud {
    /// Starts a cloud on a free loopback port. Must be called inside a Tokio runtime, which serves it until it is dropped.
    ///
    /// # Errors
    /// When there is no port or no randomness.
    pub async fn start(options: CloudOptions) -> Result<Self, CloudError> {
        Self::start_at(options, None).await
    }

    /// The same behind a listener that somebody else has made, such as one in another network namespace.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_at(options: CloudOptions, door: Option<std::net::TcpListener>) -> Result<Self, CloudError> {
        let shared = Arc::new(Shared::new(&options)?);
        let run_token = run_token()?;
        let server = Server::start(Arc::clone(&shared), &run_token, door).await.map_err(CloudError::Listen)?;
        let ca_pem = shared.authority().pem().to_owned();
        Ok(Self { shared, server, ca_pem })
    }

    /// Where the proxy listens.
    pub fn proxy_address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The URL of the side channel for the built-in clients, without a slash at the end.
    pub fn run_url(&self) -> String {
        self.server.run_url()
    }

    /// The certificate authority that signed every certificate of the emulated hosts, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Who the clients are signed in as.
    pub fn signed_in(&self) -> SignedIn {
        let state = self.shared.state();
        let (directory, subscription) = (&state.directory, state.arm.subscription());
        let user = directory.signed_in_user();
        SignedIn {
            tenant_id: directory.tenant.id.clone(),
            tenant_domain: directory.tenant.default_domain.clone(),
            subscription_id: subscription.id.clone(),
            subscription_name: subscription.name.clone(),
            user_object_id: user.object_id.clone(),
            user_principal_name: user.user_principal_name.clone(),
            refresh_token: user.refresh_token.clone(),
        }
    }

    /// Registers an application with a service principal and a client secret, as an administrator of the tenant would have done
    /// beforehand. It has no role until somebody assigns one.
    pub fn register_application(&self, display_name: &str) -> Application {
        self.shared.state().register_application(display_name)
    }

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

    /// Who decided about the requests since the last call, in order, and how many requests are left out of that because there were too many.
    pub fn take_answered(&self) -> (Vec<Answered>, usize) {
        self.shared.state().trace.take()
    }

    /// Every secret value issued or stored so far, for masking.
    pub fn secrets(&self) -> Vec<String> {
        self.secrets_from(0)
    }

    /// The same without the first `known`, which do not change.
    pub fn secrets_from(&self, known: usize) -> Vec<String> {
        self.shared.state().secrets().get(known..).unwrap_or_default().to_vec()
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

/// The secret in the side channel's path. It is not drawn from the seed: whoever knows the seed must not know the secret.
fn run_token() -> Result<String, CloudError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| CloudError::Randomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
