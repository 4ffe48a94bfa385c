//! Paths of Resource Manager itself.

use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Endpoint, Request};

/// The operation that a request asks Resource Manager for.
pub(crate) fn route(_request: &Request) -> Option<Result<Endpoint, Fault>> {
    None
}
