//! Paths of this service.

use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Endpoint, Request};

/// The operation that a request asks this service for.
pub(crate) fn route(_request: &Request) -> Option<Result<Endpoint, Fault>> {
    None
}
