//! What this service remembers. No HTTP, no time.

/// Nothing yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {}
