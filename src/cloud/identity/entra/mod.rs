//! Microsoft Entra ID: the directory and its token service.

pub(crate) mod model;
pub(crate) mod routes;
