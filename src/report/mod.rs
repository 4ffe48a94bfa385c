//! Events → bytes. Owns all wording and every serialised shape; knows nothing of how a run is driven.

#[cfg(feature = "cli")]
pub mod diagnostics;
pub mod diff;
pub mod findings;
mod fingerprint;
pub mod json;
pub mod list;
pub mod pair;
pub mod permissions;
pub mod sarif;
pub mod score;
mod style;
pub mod terminal;
pub mod wording;
