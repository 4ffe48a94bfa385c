//! `docent` runs the documentation: it reads a Markdown runbook, executes its shell blocks in a sandboxed bash whose state carries
//! from block to block, and judges each block's output against the output that the document shows.
//!
//! The map of the crate is `docs/ARCHITECTURE.md`.

pub mod bash;
pub mod diagnostic;
pub mod lint;
pub mod runbook;
pub mod score;

#[cfg(all(test, feature = "embedded"))]
mod fuzz;

#[cfg(feature = "embedded")]
pub mod applets;
#[cfg(feature = "embedded")]
pub mod cloud;
pub mod engine;
pub mod reexec;
pub mod report;
pub mod shell;
pub mod suite;
pub mod target;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "harness")]
pub mod harness;
#[cfg(feature = "harness")]
pub use harness::runbook;
