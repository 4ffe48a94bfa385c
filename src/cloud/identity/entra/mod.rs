//! Microsoft Entra ID: the directory and its token service.
//!
//! Emulated: discovery, signing keys, instance discovery, user realm; tokens for the signed-in user by refresh token, for applications by
//! client secret, for workloads by a federated assertion. Refused by name: interactive, device-code, certificate and on-behalf-of grants.

mod errors;
pub(crate) mod model;
mod operations;
pub(crate) mod routes;
#[cfg(test)]
mod tests;
