//! Events → bytes. Owns all wording and every serialised shape; knows nothing of how a run is driven.

#[cfg(feature = "cli")]
pub mod diagnostics;
pub mod findings;
pub mod json;
pub mod list;
pub mod score;
mod style;
pub mod terminal;
pub mod wording;
