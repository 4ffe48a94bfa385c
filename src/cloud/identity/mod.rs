//! Who is calling, and what they may do: the directory, its tokens, and Azure RBAC.

pub(crate) mod authorize;
pub(crate) mod azure_rbac;
pub(crate) mod builtin_roles;
pub(crate) mod caller;
pub(crate) mod entra;
pub(crate) mod imds;
pub(crate) mod jwt;
pub(crate) mod keys;
#[cfg(test)]
mod properties;
pub(crate) mod token;
