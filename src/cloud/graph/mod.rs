//! Microsoft Graph over the directory: `me`, users, groups with their members, applications with their secrets, service principals,
//! `directoryObjects/getByIds` and questions about membership.
//!
//! Refused by name: everything else, and every filter but those that az sends.

pub(crate) mod directory;
mod filter;
pub(crate) mod routes;
mod shape;
#[cfg(test)]
mod tests;
