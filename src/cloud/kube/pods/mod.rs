//! What becomes of pods once they are stored: containers on the virtual clock, the tokens in their volumes, and the programs in them.
//!
//! Emulated: image names, pulls, starts, exits, restarts with their back-off, mounts of config maps and secrets, service-account tokens
//! with their rotation, and one program: `ghcr.io/azure/azure-workload-identity/msal-go`, which really asks for its token and its secret.
//! Every other image runs and writes nothing; a log that is read of one is noted as not emulated.
//!
//! Everything here is data ([`run`]), decided by pure functions of data and time ([`lifecycle`]). Controllers apply them.

pub(crate) mod environment;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod images;
pub(crate) mod klog;
pub(crate) mod lifecycle;
pub(crate) mod msal_go;
pub(crate) mod program;
pub(crate) mod run;
pub(crate) mod status;
#[cfg(test)]
mod tests;
pub(crate) mod transport;
pub(crate) mod volumes;
