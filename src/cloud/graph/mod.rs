//! Microsoft Graph over the directory: `me`, users, groups, service principals, `directoryObjects/getByIds`.
//!
//! Refused by name: everything that changes the directory, and every filter but those that az sends.

pub(crate) mod routes;
mod shape;
#[cfg(test)]
mod tests;
