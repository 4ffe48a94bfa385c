//! The wire: listener, one pipeline, and each service's dialect of errors.

pub(crate) mod authority;
pub(crate) mod client_certificate;
pub(crate) mod dialect;
pub(crate) mod endpoint;
pub(crate) mod hosts;
pub(crate) mod pipeline;
pub(crate) mod reply_body;
pub(crate) mod run_url;
pub(crate) mod server;

#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod tests;
