//! Ctrl-C, as a value.

use std::sync::Arc;

use tokio::sync::watch;

/// A handle that ends the current block of every session that was launched with it, and refuses further blocks.
///
/// Clones share one state. It stays raised until [`Interrupt::clear`].
#[derive(Debug, Clone)]
pub struct Interrupt {
    raised: Arc<watch::Sender<bool>>,
}

impl Interrupt {
    /// A handle that is not raised.
    pub fn new() -> Self {
        Self { raised: Arc::new(watch::Sender::new(false)) }
    }

    /// Ends current blocks as [`super::Ending::Interrupted`] and kills what they started.
    pub fn raise(&self) {
        self.raised.send_replace(true);
    }

    /// Lets blocks run again.
    pub fn clear(&self) {
        self.raised.send_replace(false);
    }

    /// Whether it is raised.
    pub fn is_raised(&self) -> bool {
        *self.raised.borrow()
    }

    /// Waits until it is raised.
    pub(super) async fn raised(&self) {
        // The sender lives in `self`, so the wait cannot end by its absence.
        let _ = self.raised.subscribe().wait_for(|raised| *raised).await;
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}
