//! Runbooks as test cases: `cargo test` trials, and one check for an ordinary `#[test]`.
//!
//! ```no_run
//! // tests/runbooks.rs, with `harness = false` in Cargo.toml
//! fn main() -> std::process::ExitCode {
//!     docent::harness::main("runbooks")
//! }
//! ```
//!
//! ```no_run
//! #[test]
//! fn the_readme_works() {
//!     docent::runbook("README.md").check();
//! }
//! ```

mod check;
mod surroundings;
mod trials;

pub use self::{
    check::{Check, runbook},
    trials::main,
};
