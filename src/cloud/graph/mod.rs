//! Microsoft Graph over the directory.

pub(crate) mod routes;
