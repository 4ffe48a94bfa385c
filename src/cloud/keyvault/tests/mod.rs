//! Behaviour through the pipeline, one file a subject.

mod access;
mod recycle;
mod secrets;
mod vaults;
