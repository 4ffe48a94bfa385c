//! The wire: listener, one pipeline, and each service's dialect of errors.

pub(crate) mod authority;
pub(crate) mod client_certificate;
pub(crate) mod dialect;
pub(crate) mod endpoint;
pub(crate) mod hosts;
pub(crate) mod pipeline;
