//! Values as `az` prints them: one file for each of its formats, and the query that selects what is printed. Pure.

pub(crate) mod json;
#[cfg(test)]
mod properties;
pub(crate) mod query;
pub(crate) mod table;
pub(crate) mod tsv;
pub(crate) mod yaml;
